import RMOSModels
import RMOSTestSupport
import Testing

@testable import RMOSStore

/// Tests of lists with so many matches that they are not looked up one by one.
@Suite struct SQLiteLongListTests {
  @Test func pagesAndFacetsOfManyMatchesAreThoseOfALookAtEachRow() throws {
    let directory = try TemporaryDirectory()
    let store = try SQLiteStore(path: directory.file("long.db"))
    let memory = InMemoryStore()
    for store in [store, memory] as [any RecordStore] {
      var random = SeededGenerator(seed: 7)
      try store.write { transaction in
        for number in 0..<4200 {
          let wood = ["ebony", "maple", "holly"].randomElement(using: &random) ?? ""
          try transaction.insert(
            StoreSamples.record(
              .patterns, "p\(number * 7919 % 4200)",
              [
                "name": .text("\(Bool.random(using: &random) ? "Rope" : "rOPE") \(number % 97)"),
                "ring_count": .integer(Int64.random(in: 1...9, using: &random)),
                "metadata": number % 3 == 0 ? .null : .text("{\"materials\":[\"\(wood)\"]}"),
                "created_at": .text("2025-01-0\(number % 9 + 1)"),
              ]))
        }
      }
    }
    let rope = RecordQuery(.patterns).filter("name", contains: "ROPE")
    for order: RecordQuery.Order in [
      .id, .newestFirst, .member("name", descending: false),
      .member("ring_count", descending: true),
      .member("created_at", descending: true),
    ] {
      for offset in [0, 4111, 4190, 5000] {
        let query = rope.order(order).limit(50, offset: offset)
        let expected = try memory.read { try $0.records(query).map(\.id) }
        #expect(try store.read { try $0.records(query).map(\.id) } == expected)
      }
    }
    for key in [
      RecordGroup.Key.member("ring_count"), .json(member: "metadata", names: ["materials"]),
    ] {
      let expected = try memory.read { try $0.counts(rope, by: key) }
      #expect(try store.read { try $0.counts(rope, by: key) } == expected)
    }
    let counts = try store.read { reader in
      [try reader.count(rope), try reader.count(rope.filter("name", contains: "nowhere"))]
    }
    #expect(counts == [4200, 0])
    // A transaction sees its own changes.
    let changed = try store.write { transaction in
      let before = try transaction.count(rope)
      _ = try transaction.delete(.patterns, id: "p0")
      return [before, try transaction.count(rope)]
    }
    #expect(changed == [4200, 4199])
  }

  @Test(arguments: [-1, 0, 3])
  func aListReadInPagesHasEachRecordOnce(_ offset: Int) throws {
    let store = InMemoryStore()
    let ids = (0..<5).map { "p\($0)" }
    try store.write { transaction in
      for id in ids { try transaction.insert(StoreSamples.record(.patterns, id)) }
    }
    var found: [String] = []
    try store.read { reader in
      let query = RecordQuery(.patterns).limit(nil, offset: offset)
      try reader.forEachRecord(matching: query, pageSize: 2) { found.append($0.id) }
    }
    #expect(found == Array(ids.dropFirst(max(0, offset))))
  }

  @Test func rowNumbersOfAnySpreadAreASet() {
    for rows: [Int64] in [
      [], [0], [5, 3, 70], [.min, .max], [-100, 200], [1, 1 << 40], [.max - 1, .max],
    ] {
      let set = RowSet(rows)
      for row in rows { #expect(set.contains(row)) }
      for row: Int64 in [1, 4, 69, -99, .min + 1] where !rows.contains(row) {
        #expect(!set.contains(row))
      }
    }
  }
}
