import RMOSAnalytics
import RMOSModels
import RMOSStore

extension StoreConformance {
  /// Checks of groups and days.
  static let aggregates = [
    Declaration("records are grouped by their values") { subject in
      let store = try subject.store()
      try fill(store, subject.traits)
      let groups = try store.read {
        try $0.groups(.joblogs, by: ["status", "pattern_id"], numbers: ["duration_seconds"])
      }
      try expect(
        groups.map(\.keys),
        equals: [
          [.text("failed"), .null], [.text("pending"), .null], [.text("pending"), .text("p1")],
        ])
      try expect(groups.map(\.count), equals: [1, 2, 1])
      try expect(groups.map { $0.numbers[0].count }, equals: [1, 1, 0])
      try expect(groups[1].numbers[0].sum, equals: 4.5)
      try expect(groups[1].numbers[0].minimum, equals: 4.5)
      try expect(groups[2].numbers[0].maximum, equals: nil)
    },
    Declaration("without members to group by all are one group") { subject in
      let store = try subject.store()
      let read = { (reader: any StoreReader) in
        try reader.groups(.patterns, by: [], numbers: ["ring_count"])
      }
      try expect(try store.read(read), equals: [])
      try fill(store, subject.traits)
      let group = try store.read(read)
      try expect(group.map(\.count), equals: [3])
      try expect(group.first?.numbers.first?.average, equals: 7)
    },
    Declaration("texts that differ in their bytes are different groups") { store in
      try store.write { transaction in
        for (id, name) in [("a", "\u{E9}"), ("b", "e\u{301}"), ("c", "\u{E9}")] {
          try transaction.insert(
            StoreSamples.record(.patterns, id, ["name": .text(name)]))
        }
      }
      let groups = try store.read { try $0.groups(.patterns, by: ["name"], numbers: []) }
      try expect(groups.map(\.count), equals: [1, 2])
    },
    Declaration("groups by an unknown member are refused") { store in
      try expect(.unknownMember) {
        _ = try store.read { try $0.groups(.patterns, by: ["colour"], numbers: []) }
      }
      try expect(.unknownMember) {
        _ = try store.read { try $0.groups(.patterns, by: [], numbers: ["colour"]) }
      }
    },
    Declaration("entities count by the day of their run, others by their own") { subject in
      let store = try subject.store()
      try fill(store, subject.traits)
      let days = try store.read { try $0.entityDays() }
      var expected = EntityDays()
      expected.add(2, of: .patterns, on: "2025-06-01")
      expected.add(3, of: .joblogs, on: "2025-01-02")
      expected.add(of: .joblogs, on: nil)
      expected.add(of: .patterns, on: "2024-12-31")
      try expect(days, equals: expected)
    },
  ]

  /// Adds two patterns of a run, a pattern without a run, and job logs, one of them without a
  /// readable date.
  private static func fill(_ store: any RecordStore, _ traits: StoreTraits) throws {
    try store.write { transaction in
      let run = try transaction.beginRun(StoreSamples.run())
      let batch = StoreSamples.batch(
        .patterns,
        ["p1", "p2"].map { StoreSamples.Entity(StoreSamples.record(.patterns, $0)) })
      for index in 0..<2 { try transaction.insert(batch, at: index, run: run) }
      try transaction.insert(
        StoreSamples.record(
          .patterns, "p3", ["created_at": .text("2025-01-01T01:00:00+02:00")]))
      try transaction.insert(
        StoreSamples.record(
          .joblogs, "j1",
          [
            "pattern_id": .text("p1"),
            "duration_seconds": traits.contains(.keepsAnyType) ? .text("long") : .null,
          ]))
      try transaction.insert(
        StoreSamples.record(.joblogs, "j2", ["duration_seconds": .real(4.5)]))
      try transaction.insert(
        StoreSamples.record(
          .joblogs, "j3", ["duration_seconds": .null, "created_at": .text("some day")]))
      try transaction.insert(StoreSamples.record(.joblogs, "j4", ["status": .text("failed")]))
    }
  }
}

extension StoreConformance {
  /// Checks of figures, which are computed from the answers of the store.
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
          // The JSON of a report does not contain all of its figures.
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

  /// Inserts and returns the rows that a store accepts: not every store has columns for values of
  /// all types.
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
