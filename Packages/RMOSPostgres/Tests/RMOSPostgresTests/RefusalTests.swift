import RMOSModels
import RMOSPostgres
import RMOSStore
import RMOSTesting
import Testing

extension ServerTests {
  @Suite("Refusals and lost connections", .serialized)
  struct RefusalTests {
    @Test(
      "tables of other applications are refused by name",
      arguments: [
        (
          "CREATE TABLE patterns (id text PRIMARY KEY, created_at timestamptz)",
          StoreError.Code.unusableSchema, "patterns.created_at is timestamp with time zone"
        ),
        (
          "CREATE TABLE patterns (id text PRIMARY KEY, ring_count integer)", .unusableSchema,
          "patterns.ring_count is integer"
        ),
        (
          "CREATE TABLE joblogs (id text PRIMARY KEY, parameters_json jsonb)", .unusableSchema,
          "joblogs.parameters_json is jsonb"
        ),
        ("CREATE TABLE invoices (id integer)", .foreignDatabase, "invoices"),
        (
          "CREATE TABLE schema_version (version integer, script text)", .foreignDatabase, "script"
        ),
        ("CREATE TABLE patterns (name text)", .foreignDatabase, "patterns has no column id"),
        (
          "CREATE TABLE schema_version (version bigint); INSERT INTO schema_version VALUES (9)",
          .newerSchema, "9"
        ),
      ])
    func otherTables(_ sql: String, _ code: StoreError.Code, _ name: String) throws {
      let database = try TestDatabase()
      try database.execute(sql)
      for access in [PostgresStore.Access.create, .readWrite, .readOnly] {
        let error = storeError { try database.store(access: access) }
        #expect(error?.code == code)
        #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
      }
      // An audit looks at it anyway, and nothing was created.
      let store = try database.store(access: .inspect)
      try store.read { _ = try $0.inspection.inspectTables() }
      #expect(try database.text("SELECT to_regclass('migration_runs')::text") == nil)
    }

    @Test("a table of another application with a name of the ledger does not make a schema ours")
    func foreignLedger() throws {
      let database = try TestDatabase()
      try database.execute(
        "CREATE TABLE migration_runs (id bigint, name text); CREATE TABLE invoices (id integer)")
      for access in [PostgresStore.Access.create, .readWrite, .readOnly] {
        let error = storeError { try database.store(access: access) }
        #expect(error?.code == .foreignDatabase)
        #expect(error?.message.contains("but invoices") == true, "\(error?.message ?? "")")
      }
    }

    @Test("a ledger that lacks what cannot be added is refused by name")
    func brokenLedger() throws {
      let database = try TestDatabase()
      _ = try database.store()
      try database.execute("ALTER TABLE migration_runs DROP COLUMN started_at CASCADE")
      let error = storeError {
        try database.store().write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      }
      let message = error?.message ?? ""
      #expect(message.contains("migration_runs lacks started_at"), "\(message)")
      // It may be another application's.
      #expect(message.contains("rename it") && !message.contains("drop"), "\(message)")
    }

    @Test("a password is in no message", arguments: ["s3cr3t%40x", "pa@ss", "p/w", "se cret"])
    func passwords(_ password: String) throws {
      for url in [
        "postgresql://rmos:\(password)@127.0.0.1:1/shop",
        "postgresql://rmos:\(password)@/shop?port=x",
        "postgresql://rmos@127.0.0.1:1/shop?password=\(password)&connect_timeout=2",
        "postgresql://127.0.0.1:1?user=rmos&password=\(password)",
        "host=127.0.0.1 port=1 password='\(password)'", password,
      ] {
        let error = storeError { try PostgresStore(url: url) }
        #expect(error?.code == .cannotOpen)
        for secret in [password, "s3cr3t@x", "ss@127"] {
          #expect(error?.message.contains(secret) == false, "\(error?.message ?? "")")
          #expect(error?.path?.contains(secret) != true)
        }
      }
    }

    @Test("of two writers on two connections one is refused, until the other's session ends")
    func twoWriters() throws {
      let database = try TestDatabase()
      let (one, two) = (try database.store(), try database.store(busyTimeout: .milliseconds(50)))
      let error = storeError {
        try one.withExclusiveWriter {
          try one.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
          let refusals = [
            storeError { try two.withExclusiveWriter {} }, storeError { try two.write { _ in } },
          ]
          #expect(refusals.map { $0?.code } == [.locked, .locked])
          #expect(two.hasWriter == true)
          Killer(database).endWriters()
          // The lock ended with the session; nothing more is written without it.
          try two.write { try $0.insert(StoreSamples.record(.patterns, "b")) }
          try one.write { try $0.insert(StoreSamples.record(.patterns, "c")) }
        }
      }
      #expect(error?.code == .inputOutput)
      #expect(try two.read { try $0.records(RecordQuery(.patterns)).map(\.id) } == ["a", "b"])
      try one.write { try $0.insert(StoreSamples.record(.patterns, "d")) }
      #expect(one.hasWriter == false)
    }

    @Test("a store reads and writes again once its sessions have been ended")
    func reconnects() throws {
      let database = try TestDatabase()
      let store = try database.store()
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      let killer = Killer(database)
      killer.endAll()
      #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 1)
      killer.endAll()
      try store.write { try $0.insert(StoreSamples.record(.patterns, "b")) }
      #expect(store.sizeOnDisk != nil && store.changeToken() != nil)
      let error = storeError {
        try store.read { reader in
          killer.endAll()
          _ = try reader.count(RecordQuery(.patterns))
        }
      }
      #expect(error?.code == .inputOutput)
      let lost = storeError {
        try store.write { transaction in
          try transaction.insert(StoreSamples.record(.patterns, "c"))
          killer.endAll()
          try transaction.insert(StoreSamples.record(.patterns, "d"))
        }
      }
      #expect(lost?.code == .inputOutput)
      #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 2)
    }

    @Test("read-only transactions are reported before a run")
    func readOnly() throws {
      let database = try TestDatabase()
      try database.store().close()
      let store = try PostgresStore(
        url: database.url + "%20-cdefault_transaction_read_only%3Don")
      for write in [
        { _ = try store.checkWriting() },
        { try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) } },
      ] {
        #expect(storeError(from: write)?.code == .readOnly)
      }
      let reader = try database.store(access: .readOnly)
      let refusal = storeError { try reader.write { _ in } }
      #expect(refusal?.code == .readOnly)
      #expect(try reader.read { try $0.count(RecordQuery(.patterns)) } == 0)
    }

    @Test("numbers and texts read back as they were")
    func values() throws {
      let database = try TestDatabase()
      let store = try database.store()
      let numbers = [
        0.1, -0.0, .leastNonzeroMagnitude, 1.7976931348623157e308, 1 / 3, 1e22,
        123_456_789.000000001, .infinity,
      ]
      let texts = ["\\N", "a\tb\nc\rd\\e\u{8}", "\\.", "", "'\"$1 %", "黒檀 Pérola e\u{301}"]
      try store.write { transaction in
        for (index, number) in numbers.enumerated() {
          try transaction.insert(
            StoreSamples.record(.joblogs, "n\(index)", ["duration_seconds": .real(number)]))
        }
        let run = try transaction.beginRun(StoreSamples.run())
        let records = texts.enumerated().map { index, text in
          StoreSamples.record(
            .patterns, "t\(index)", ["name": .text(text), "ring_count": .integer(.min + 1)])
        }
        let batch = StoreSamples.batch(.patterns, records.map { .init($0) })
        #expect(try transaction.insert(batch, at: Array(records.indices), run: run).isEmpty)
      }
      try store.read { reader in
        for (index, number) in numbers.enumerated() {
          guard
            case .real(let found)? = try reader.record(.joblogs, id: "n\(index)")?[
              "duration_seconds"]
          else { throw UnexpectedResult("no number") }
          #expect(found.bitPattern == number.bitPattern)
        }
        for (index, text) in texts.enumerated() {
          #expect(try reader.record(.patterns, id: "t\(index)")?["name"] == .text(text))
        }
        #expect(try reader.record(.patterns, id: "t0")?["ring_count"] == .integer(.min + 1))
      }
    }

    @Test("an entity that the server refuses leaves the others of its batch")
    func refusedInBatch() throws {
      let database = try TestDatabase()
      let store = try database.store()
      // Longer than an entry of an index may be, and not compressible.
      var generator = SystemRandomNumberGenerator()
      let long = String(
        (0..<9000).map { _ in
          Character(Unicode.Scalar(UInt8.random(in: 33...126, using: &generator)))
        })
      let records = ["a", long, "c"].map { StoreSamples.record(.patterns, $0) }
      let batch = StoreSamples.batch(.patterns, records.map { .init($0) })
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        let refusals = try transaction.insert(batch, at: [0, 1, 2], run: run)
        #expect(refusals.keys.sorted() == [1])
        #expect(refusals[1]?.code == .constraint)
      }
      #expect(try store.read { try $0.records(RecordQuery(.patterns)).map(\.id) } == ["a", "c"])
    }
  }
}

/// Returns the store error that `body` throws; `nil` if it throws none, or another error.
private func storeError<Result>(from body: () throws -> Result) -> StoreError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? StoreError
  }
}
