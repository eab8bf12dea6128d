import RMOSModels
import RMOSStore
import RMOSTesting
import Testing

@testable import RMOSPostgres

extension ServerTests {
  @Suite("Queries", .serialized)
  struct QueryTests {
    @Test("a sum that no double can hold is infinite, as in other stores")
    func sums() throws {
      let database = try TestDatabase()
      let stores: [any RecordStore] = [try database.store(), InMemoryStore()]
      let sums: [(status: String, numbers: [Double])] = [
        ("completed", [1.5e308, 1.5e308, 2]), ("failed", [-1.5e308, -1.5e308]),
        ("pending", [1e308, -0.75e308, 0.5, 1e290]), ("running", [.infinity, 1]),
      ]
      var found: [[RecordGroup]] = []
      for store in stores {
        try store.write { transaction in
          for (status, numbers) in sums {
            for (position, number) in numbers.enumerated() {
              try transaction.insert(
                StoreSamples.record(
                  .joblogs, "\(status)\(position)",
                  ["status": .text(status), "duration_seconds": .real(number)]))
            }
          }
        }
        found.append(
          try store.read {
            try $0.groups(.joblogs, by: ["status"], numbers: ["duration_seconds"])
          })
      }
      #expect(found[0] == found[1])
      #expect(
        found[0].map(\.numbers[0].sum) == [.infinity, -.infinity, 0.25e308 + 1e290, .infinity])
    }

    @Test("a condition takes more values than a statement has parameters")
    func manyValues() throws {
      let database = try TestDatabase()
      let store = try database.store()
      try store.write { transaction in
        for (id, rings) in [("a", 1), ("b", 70_000), ("c", 80_001)] as [(String, Int64)] {
          try transaction.insert(
            StoreSamples.record(.patterns, id, ["ring_count": .integer(rings)]))
        }
        try transaction.insert(StoreSamples.record(.patterns, "\"\\,", ["metadata": .null]))
      }
      func ids(_ member: String, _ values: [Value]) throws -> [String] {
        try store.read {
          try $0.records(RecordQuery(.patterns, where: [.isAny(member: member, of: values)]))
            .map(\.id)
        }
      }
      let numbers = (0...80_000).map { Value.integer($0) }
      #expect(try ids("ring_count", numbers) == ["\"\\,", "a", "b"])
      let texts = (0...70_000).map { Value.text("\($0)") }
      #expect(try ids("id", texts + [.text("c"), .text("\"\\,"), .text("a\0")]) == ["\"\\,", "c"])
      #expect(try ids("metadata", texts + [.null]) == ["\"\\,"])
    }

    @Test("a statement that libpq refuses does not count as a lost connection")
    func refusedByLibrary() throws {
      let database = try TestDatabase()
      let connection = try PostgresConnection(PostgresAddress(database.url))
      let error = #expect(throws: StoreError.self) {
        try connection.queryOnce("SELECT 1", Array(repeating: "1", count: 70_000))
      }
      #expect(error?.code == .other)
      #expect(error?.message.contains("number of parameters") == true, "\(error?.message ?? "")")
      #expect(try connection.execute("SELECT 1")?.first?.text(at: 0) == "1")
    }

    @Test("no more rows are fetched than are wanted")
    func enoughRows() throws {
      let database = try TestDatabase()
      try database.execute("CREATE SEQUENCE fetched")
      let connection = try PostgresConnection(PostgresAddress(database.url))
      var count = 0
      try connection.transaction("") {
        try connection.readRows("SELECT nextval('fetched') FROM generate_series(1, 100000)") { _ in
          count += 1
          return count < 3
        }
      }
      #expect(count == 3)
      let fetched = Int(try database.text("SELECT last_value FROM fetched") ?? "") ?? .max
      #expect(fetched < 100)
    }

    @Test("what JSON has is listed, limited and counted")
    func json() throws {
      let database = try TestDatabase()
      let store = try database.store()
      try store.write { transaction in
        for number in 0..<100 {
          let material = number % 10 == 3 ? "ebony" : "not ebony"
          try transaction.insert(
            StoreSamples.record(
              .patterns, "p\(number + 100)",
              ["metadata": .text(#"{"material":"\#(material)"}"#)]))
        }
      }
      let condition = RecordQuery.Condition.jsonHas(
        member: "metadata", names: ["material"], text: "ebony")
      try store.read { reader throws in
        for (limit, offset, found) in [(2, 0, ["p103", "p113"]), (2, 9, ["p193"]), (0, 0, [])] {
          let query = RecordQuery(.patterns, where: [condition], limit: limit, offset: offset)
          #expect(try reader.records(query).map(\.id) == found)
          #expect(try reader.count(query) == 10)
          #expect(try reader.counts(query, by: .member("ring_count")).map(\.count) == [10])
        }
      }
    }

    @Test("a query is asked again only if an idle session was lost")
    func askedAgain() throws {
      let database = try TestDatabase()
      let store = try database.store()
      let killer = Killer(database)
      for (isLost, expected) in [(false, 1), (true, 2)] {
        if isLost { killer.endAll() }
        var count = 0
        let text = try store.readers.ask { session in
          count += 1
          return try session.connection.query("SELECT 7").first?.text(at: 0)
        }
        #expect(text == "7" && count == expected)
      }
      let error = #expect(throws: StoreError.self) {
        try store.readers.ask { try $0.connection.execute("SELECT nothing") }
      }
      #expect(error?.code == .other)
    }
  }
}
