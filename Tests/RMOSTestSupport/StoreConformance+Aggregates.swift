import RMOSModels
import RMOSStore

extension StoreConformance {
  /// Groups, days and change tokens.
  static let aggregates: [StoreConformance] = [
    StoreConformance("records are grouped by their values") { store in
      try fill(store)
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
    StoreConformance("without members to group by all are one group") { store in
      let read = { (reader: any StoreReader) in
        try reader.groups(.patterns, by: [], numbers: ["ring_count"])
      }
      try expect(try store.read(read), equals: [])
      try fill(store)
      let group = try store.read(read)
      try expect(group.map(\.count), equals: [3])
      try expect(group.first?.numbers.first?.average, equals: 7)
    },
    StoreConformance("texts that differ in their bytes are different groups") { store in
      try store.write { transaction in
        for (id, name) in [("a", "\u{E9}"), ("b", "e\u{301}"), ("c", "\u{E9}")] {
          try transaction.insert(
            StoreSamples.record(.patterns, id, ["name": .text(name)]))
        }
      }
      let groups = try store.read { try $0.groups(.patterns, by: ["name"], numbers: []) }
      try expect(groups.map(\.count), equals: [1, 2])
    },
    StoreConformance("groups by an unknown member are refused") { store in
      try expect(.unknownMember) {
        _ = try store.read { try $0.groups(.patterns, by: ["colour"], numbers: []) }
      }
      try expect(.unknownMember) {
        _ = try store.read { try $0.groups(.patterns, by: [], numbers: ["colour"]) }
      }
    },
    StoreConformance("entities count by the day of their run, others by their own") { store in
      try fill(store)
      let days = try store.read { try $0.entityDays() }
      var expected = EntityDays()
      expected.add(2, of: .patterns, on: "2025-06-01")
      expected.add(3, of: .joblogs, on: "2025-01-02")
      expected.add(of: .joblogs, on: nil)
      expected.add(of: .patterns, on: "2024-12-31")
      try expect(days, equals: expected)
    },
    StoreConformance("a store of one's own counts the same from its records") { store in
      try fill(store)
      let plain = FailingStore(store, failingInsert: .max)
      for (kind, members, numbers) in [
        (EntityKind.patterns, ["strip_family_id"], ["ring_count"]),
        (.joblogs, ["status", "job_type"], ["duration_seconds"]), (.patterns, [], []),
        (.joblogs, ["duration_seconds"], []),
      ] {
        let read = { (reader: any StoreReader) in
          try reader.groups(kind, by: members, numbers: numbers)
        }
        // Its transactions have only what a store must have.
        try expect(try plain.write(read), equals: try store.read(read))
      }
      let days = { (reader: any StoreReader) in try reader.entityDays() }
      try expect(try plain.write(days), equals: try store.read(days))
    },
    StoreConformance("the change token tells commits apart, and nothing else") { store in
      guard let first = store.changeToken() else { return }
      try expect(store.changeToken(), equals: first)
      _ = try store.read { try $0.count(RecordQuery(.patterns)) }
      try expect(store.changeToken(), equals: first)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      let second = store.changeToken()
      try expect(second != first && second != nil)
      try? store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "b"))
        throw Abandon(number: 1)
      }
      try expect(store.changeToken(), equals: second)
      _ = try store.write { try $0.delete(.patterns, id: "a") }
      try expect(store.changeToken() != second)
    },
  ]

  /// Two patterns of a run, one of nobody, and job logs of which one has no readable date.
  private static func fill(_ store: any RecordStore) throws {
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
          ["pattern_id": .text("p1"), "duration_seconds": .text("long")]))
      try transaction.insert(
        StoreSamples.record(.joblogs, "j2", ["duration_seconds": .real(4.5)]))
      try transaction.insert(
        StoreSamples.record(
          .joblogs, "j3", ["duration_seconds": .null, "created_at": .text("some day")]))
      try transaction.insert(StoreSamples.record(.joblogs, "j4", ["status": .text("failed")]))
    }
  }
}
