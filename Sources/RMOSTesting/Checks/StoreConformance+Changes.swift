import RMOSModels
import RMOSStore

extension StoreConformance {
  private static func changes(_ store: any RecordStore, _ run: Int64) throws -> [RowChange] {
    var changes: [RowChange] = []
    try store.read { try $0.forEachRowChange(ofRun: run) { changes.append($0) } }
    return changes
  }

  /// Returns a store with a pattern that run 1 wrote, and the number of a run that may change it.
  private static func migrated(_ subject: Subject) throws -> (any RecordStore, Int64) {
    let store = try subject.store()
    var entity = StoreSamples.Entity(StoreSamples.record(.patterns, "p", [:]))
    entity.unknownMembers = #"{"x":1.0}"#
    let batch = StoreSamples.batch(.patterns, [entity])
    let run = try store.write { transaction in
      let first = try transaction.beginRun(StoreSamples.run())
      try transaction.insert(batch, at: 0, run: first)
      return try transaction.beginRun(StoreSamples.run("serve"))
    }
    return (store, run)
  }

  static let changes = [
    Declaration("what a run did to a row is kept with every type of value") { subject in
      let (store, run) = try migrated(subject)
      let values: [Value] = [
        .text("j'"), .text("\u{E9}\"\\\n"), .null, .integer(.min), .integer(.max), .real(0.1),
        .real(-0.0), .real(.greatestFiniteMagnitude), .blob([0, 255]), .text(""), .null,
        .text("{}"),
      ]
      let width = EntityKind.joblogs.schema.fields.count
      let record = Record(
        kind: .joblogs,
        values: (0..<width).map { $0 < values.count ? values[$0] : .null })
      var origin = StoreSamples.Entity(StoreSamples.record(.joblogs, "j'", [:]))
      (origin.path, origin.locator) = ("joblogs/é.json", .key("k"))
      origin.unknownMembers = #"{"x":1.0}"#
      let provenance = StoreSamples.batch(.joblogs, [origin]).provenance(at: 0, run: 1)
      let kept = [
        RowChange(
          run: run, kind: .joblogs, id: "j'",
          before: BeforeImage(record: record, provenance: provenance),
          result: .written(RowDigest(rawValue: .max))),
        RowChange(run: run, kind: .joblogs, id: "k", before: nil, result: .deleted),
      ]
      try store.write { transaction in
        for change in kept.reversed() { try transaction.keep(change) }
      }
      try expect(try changes(store, run), equals: kept)
      try expect(try changes(store, run + 1), equals: [])
      try expect(try store.read { try $0.changes(of: .joblogs, id: "j'") }, equals: [kept[0]])
      try expect(try store.read { try $0.changes(of: .patterns, id: "j'") }, equals: [])
      // The second call replaces what was kept before.
      var again = kept[0]
      again.result = .deleted
      try store.write { try $0.keep(again) }
      try expect(try changes(store, run), equals: [again, kept[1]])
      try store.write { try $0.removeChanges(ofRun: run) }
      try expect(try changes(store, run), equals: [])
    },
    Declaration("a row written for a run is kept as it was before the first time") { subject in
      let (store, run) = try migrated(subject)
      let before = try store.read { reader in
        BeforeImage(
          record: try reader.record(.patterns, id: "p") ?? StoreSamples.record(.patterns, "", [:]),
          provenance: try reader.provenance(.patterns, id: "p"))
      }
      let second = StoreSamples.record(.patterns, "p", ["name": .text("third")])
      try store.write { transaction in
        try transaction.write(
          StoreSamples.record(.patterns, "p", ["name": .text("second")]), run: run)
        try transaction.write(second, run: run)
        try transaction.write(StoreSamples.record(.patterns, "new", [:]), run: run)
      }
      let stored = try store.read { try $0.record(.patterns, id: "p") }
      try expect(stored?["name"], equals: .text("third"))
      let found = try changes(store, run)
      try expect(found.map(\.id), equals: ["new", "p"])
      try expect(found.first?.before == nil)
      try expect(found.last?.before, equals: before)
      try expect(found.last?.result, equals: stored.map { .written(RowDigest(of: $0)) })
      // The provenance stays that of the first run, so the row counts as edited since.
      try expect(
        try store.read { try $0.provenance(.patterns, id: "p") }, equals: before.provenance)
      try store.write { transaction in
        try expect(try transaction.remove(.patterns, id: "p", run: run))
        try expect(try !transaction.remove(.patterns, id: "p", run: run))
      }
      try expect(try changes(store, run).last?.before, equals: before)
      try expect(try changes(store, run).last?.result, equals: .deleted)
    },
    Declaration("a row's changes are of all runs, the newest first") { subject in
      let (store, run) = try migrated(subject)
      try store.write { transaction in
        try transaction.write(
          StoreSamples.record(.patterns, "p", ["name": .text("second")]), run: run)
        let third = try transaction.beginRun(StoreSamples.run())
        let batch = StoreSamples.batch(
          .patterns, [.init(StoreSamples.record(.patterns, "p", ["name": .text("third")]))])
        try transaction.update(batch, at: 0, run: third, startedAt: "2026-04-01T00:00:00Z")
      }
      let found = try store.read { try $0.changes(of: .patterns, id: "p") }
      try expect(found.map(\.run), equals: [run + 1, run])
      try expect(found.first?.result, equals: .rewritten)
      try expect(found.first?.before?.record["name"], equals: .text("second"))
    },
    Declaration("what a run added and changed is found, also where later runs wrote it") {
      subject in
      let (store, second) = try migrated(subject)
      let (first, third) = (second - 1, second + 1)
      try store.write { transaction in
        try transaction.write(
          StoreSamples.record(.patterns, "p", ["name": .text("second")]), run: second)
        try transaction.write(StoreSamples.record(.patterns, "new", [:]), run: second)
        try transaction.insert(StoreSamples.record(.patterns, "other", [:]))
        let run = try transaction.beginRun(StoreSamples.run())
        let batch = StoreSamples.batch(
          .patterns, [.init(StoreSamples.record(.patterns, "p", ["name": .text("third")]))])
        try transaction.update(batch, at: 0, run: run, startedAt: "2026-04-01T00:00:00Z")
      }
      func expectIDs(
        _ runs: [Int64], _ writing: RecordQuery.Writing, _ ids: [String], line: UInt = #line
      ) throws {
        let query = RecordQuery(.patterns).filter(.written(byRuns: runs, writing))
        let subject = "\(runs) \(writing)"
        let found = try store.read { reader in
          (try reader.records(query).map(\.id), try reader.count(query))
        }
        try expect(found.0, equals: ids, subject, line: line)
        try expect(found.1, equals: ids.count, subject, line: line)
        let narrow = query.filter("id", contains: "E").order(.newestFirst).limit(1)
        try expect(
          Set(try store.read { try $0.records(narrow).map(\.id) }),
          equals: Set(ids.filter { $0.contains("e") }.prefix(1)), subject, line: line)
      }
      try expectIDs([first], .addedOrChanged, ["p"])
      try expectIDs([first], .added, ["p"])
      try expectIDs([first], .changed, [])
      try expectIDs([second], .addedOrChanged, ["new", "p"])
      try expectIDs([second], .added, ["new"])
      try expectIDs([second], .changed, ["p"])
      try expectIDs([second], .neither, ["other"])
      try expectIDs([third], .addedOrChanged, ["p"])
      try expectIDs([third], .added, [])
      try expectIDs([third], .changed, ["p"])
      try expectIDs([first, third], .added, [])
      try expectIDs([first, third], .addedOrChanged, ["p"])
      try expectIDs([third + 1], .addedOrChanged, [])
      for writing in RecordQuery.Writing.allCases where writing != .neither {
        try expectIDs([], writing, [])
        try store.read { reader in
          let joblogs = RecordQuery(.joblogs).filter(.written(byRuns: [first, second], writing))
          try expect(try reader.count(joblogs), equals: 0)
        }
      }
      // An undone run did nothing.
      _ = try store.write { try $0.undo(run: third) }
      try expectIDs([third], .addedOrChanged, [])
      try expectIDs([first], .added, ["p"])
      _ = try store.write { try $0.remove(.patterns, id: "new", run: second) }
      try expectIDs([second], .addedOrChanged, ["p"])
    },
  ]
}
