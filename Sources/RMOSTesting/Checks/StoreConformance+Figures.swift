import RMOSAnalytics
import RMOSModels
import RMOSStore

extension StoreConformance {
  /// Figures are computed from what a store says of its rows.
  static let figures = [
    Declaration("the figures of random rows are those of a store in memory") { subject in
      for (seed, jobs) in [(1, 3), (2, 40), (3, 40), (4, 200)] as [(UInt64, Int)] {
        let (store, memory) = (try subject.store(), InMemoryStore())
        for record in try acceptedRecords(of: RandomShop(seed: seed, jobs: jobs), by: store) {
          try memory.write { try $0.insert(record) }
        }
        for filter in filters {
          let options = Analytics.Options(filter: filter, today: CalendarDay("2026-01-01"))
          let report = try Analytics(of: store, options: options).runSynchronously()
          let expected = try Analytics(of: memory, options: options).runSynchronously()
          try expect(report.json, equals: expected.json, "seed \(seed), \(filter)")
          // Not all that a report says is in its JSON.
          try expect(report == expected, "seed \(seed), \(filter): the reports differ")
        }
        for (x, y) in zip(Measure.allCases, Measure.allCases.dropFirst()) {
          try expect(
            try Analytics(of: store).correlationSynchronously(of: x, and: y),
            equals: try Analytics(of: memory).correlationSynchronously(of: x, and: y),
            "seed \(seed)")
        }
      }
    }
  ]

  private static let filters = [
    JobFilter(), JobFilter(from: CalendarDay("2025-01-16"), to: CalendarDay("2025-12-31")),
    JobFilter(jobType: "e\u{301}"), JobFilter(material: " strasse"),
    JobFilter(patternID: "pat-1"), JobFilter(stripFamilyID: "fam-0"),
  ]

  /// Inserts the rows that a store takes: not every store has columns for values of all types.
  private static func acceptedRecords(
    of shop: RandomShop, by store: any RecordStore
  ) throws -> [Record] {
    let accepted = try store.write { transaction in
      try shop.records.filter { record in
        do {
          try transaction.insert(record)
          return true
        } catch let error as StoreError where error.code == .constraint {
          return false
        }
      }
    }
    for kind in EntityCatalog.rmos.kinds {
      try expect(accepted.contains { $0.kind == kind }, "no row of \(kind.table) was accepted")
    }
    return accepted
  }
}
