import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTesting
import Testing

@testable import RMOSPostgres

extension ServerTests {
  @Suite("What other applications do to the tables", .serialized)
  struct ChangedSchemaTests {
    @Test(
      "a change of a table is noticed",
      arguments: [
        "ALTER TABLE patterns RENAME COLUMN name TO title",
        "ALTER TABLE patterns DROP COLUMN name",
        "ALTER TABLE patterns ALTER COLUMN name TYPE varchar(99)",
        "ALTER TABLE patterns ALTER COLUMN metadata_json SET NOT NULL",
        "ALTER TABLE patterns ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE patterns ALTER COLUMN name SET DEFAULT ''",
        "CREATE UNIQUE INDEX one ON patterns (name)",
        "DROP INDEX idx_patterns_name",
        "CREATE TRIGGER one BEFORE INSERT ON patterns FOR EACH ROW "
          + "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ALTER TABLE joblogs DROP CONSTRAINT joblogs_pattern_id_fkey",
        "ALTER TABLE patterns ADD CHECK (ring_count > 0)",
        "CREATE RULE one AS ON INSERT TO patterns DO INSTEAD NOTHING",
        "ALTER TABLE patterns ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE patterns DISABLE TRIGGER ALL",
        "CREATE OR REPLACE VIEW migration_patterns_origin AS "
          + "SELECT * FROM migration_joblogs_origin",
      ])
    func cookie(_ sql: String) throws {
      let database = try TestDatabase()
      let store = try database.store()
      let session = try PostgresSession(
        PostgresAddress(database.url), .rmos, busyTimeout: .seconds(5))
      func cookie() throws -> String {
        try PostgresLayout.cookie(of: session.connection, .rmos, home: session.home.name)
      }
      #expect(try cookie() == session.layout.cookie)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      try database.execute("ANALYZE patterns")
      #expect(try cookie() == session.layout.cookie)
      try database.execute(sql)
      #expect(try cookie() != session.layout.cookie)
    }

    @Test("a trigger that appears between two writes is respected by the second")
    func trigger() throws {
      let database = try TestDatabase()
      let store = try database.store()
      func insert(_ id: String) throws {
        let batch = StoreSamples.batch(
          .patterns, ["1", "2"].map { .init(StoreSamples.record(.patterns, id + $0)) })
        try store.write { transaction in
          let run = try transaction.beginRun(StoreSamples.run())
          #expect(try transaction.insert(batch, at: [0, 1], run: run).isEmpty)
        }
      }
      try insert("a")
      try database.execute(
        """
        CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          NEW.name := 'shouted'; RETURN NEW; END $$;
        CREATE TRIGGER shout BEFORE INSERT ON patterns FOR EACH ROW EXECUTE FUNCTION shout()
        """)
      try insert("b")
      // The digest is that of the row as the trigger left it.
      try store.read { reader in
        let record = try #require(try reader.record(.patterns, id: "b1"))
        #expect(record["name"] == .text("shouted"))
        let provenance = try reader.provenance(.patterns, id: "b1")
        #expect(provenance?.rowDigest == RowDigest(of: record))
      }
    }

    @Test("a column that gets another type is read by the same store")
    func otherType() throws {
      let database = try TestDatabase()
      let store = try database.store()
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a", ["name": .text("A")])) }
      func name() throws -> Value? { try store.read { try $0.record(.patterns, id: "a")?["name"] } }
      #expect(try name() == .text("A"))
      try database.execute("ALTER TABLE patterns ALTER COLUMN name TYPE varchar COLLATE \"C\"")
      #expect(try name() == .text("A"))
    }

    @Test("a prepared statement whose result has another type now is prepared again")
    func preparedStatement() throws {
      let database = try TestDatabase()
      try database.execute("CREATE TABLE t (a bigint); INSERT INTO t VALUES (1)")
      let connection = try PostgresConnection(PostgresAddress(database.url))
      func value() throws -> String? { try connection.query("SELECT a FROM t").first?.text(at: 0) }
      #expect(try value() == "1")
      try database.execute("ALTER TABLE t ALTER COLUMN a TYPE numeric(5, 1)")
      #expect(try value() == "1.0")
      // In a transaction, a statement cannot be repeated after an error.
      try database.execute("ALTER TABLE t ALTER COLUMN a TYPE text")
      let error = #expect(throws: StoreError.self) {
        try connection.transaction("") { _ = try value() }
      }
      #expect(error?.code == .busy)
      #expect(try connection.transaction("") { try value() } == "1.0")
    }

    @Test("a foreign key to a table of the same name in another schema is audited there")
    func otherSchema() async throws {
      let database = try TestDatabase()
      let store = try database.store()
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a", ["name": .text("A")])) }
      let other = "\(database.schema)_before_run_9"
      try database.execute(
        """
        CREATE SCHEMA \(other);
        CREATE TABLE \(other).patterns (id text COLLATE "C" PRIMARY KEY);
        CREATE TABLE \(other)."Only there" ("A key" text COLLATE "C" PRIMARY KEY);
        INSERT INTO \(other).patterns VALUES ('a');
        INSERT INTO \(other)."Only there" VALUES ('A');
        ALTER TABLE patterns ADD FOREIGN KEY (id) REFERENCES \(other).patterns,
          ADD FOREIGN KEY (name) REFERENCES \(other)."Only there"
        """)
      #expect(try await brokenKeys(store) == [])
      // With this setting, the server does not check foreign keys.
      try database.execute(
        "SET session_replication_role = replica; DELETE FROM \(other).patterns")
      let found = try await brokenKeys(store)
      #expect(found.count == 1 && found[0].contains("\(other).patterns"), "\(found)")
    }

    /// Returns the messages of an audit about foreign keys.
    private func brokenKeys(_ store: PostgresStore) async throws -> [String] {
      try await Auditor(of: store).run().findings.filter { $0.code == "sqlite.foreign-key" }
        .map(\.message)
    }

    @Test("a foreign key of two columns is one")
    func twoColumns() async throws {
      let database = try TestDatabase()
      let store = try database.store()
      let tree = try LegacyTree()
      try tree.fill(3)
      let run = try #require(try await Migration(from: tree.path, into: store).run().run)
      try database.execute(
        """
        ALTER TABLE patterns ADD CONSTRAINT pair UNIQUE (id, ring_count);
        CREATE TABLE notes (pattern text COLLATE "C", rings bigint,
          FOREIGN KEY (pattern, rings) REFERENCES patterns (id, ring_count));
        INSERT INTO notes VALUES ('p1', NULL), ('p2', 3)
        """)
      // The first note references no pattern, so it is no obstacle.
      let obstacles = try store.read { reader in
        var obstacles: [UndoObstacle] = []
        try reader.forEachUndoObstacle(ofRun: run) { obstacles.append($0) }
        return obstacles
      }
      #expect(
        obstacles == [UndoObstacle(kind: .patterns, id: "p2", .isReferredElsewhere("notes"))])
      try database.execute(
        """
        DROP TABLE notes;
        CREATE TABLE marks (id text COLLATE "C", number bigint, PRIMARY KEY (id, number));
        INSERT INTO marks VALUES ('p0', 1), ('p1', 2), ('p2', 3);
        ALTER TABLE patterns DROP CONSTRAINT pair,
          ADD FOREIGN KEY (id, ring_count) REFERENCES marks (id, number)
        """)
      guard case .unforeseeable(let reason) = try store.rehearsal(isCancelled: { false }) else {
        throw UnexpectedResult("the rehearsal foresees a foreign key of two columns")
      }
      #expect(reason.contains("patterns.id, patterns.ring_count"), "\(reason)")
      #expect(try await brokenKeys(store) == [])
      try database.execute(
        "SET session_replication_role = replica; UPDATE marks SET number = 9 WHERE id = 'p1'")
      #expect(try await brokenKeys(store).count == 1)
    }

    @Test("what other applications keep comes back with a row that a server deleted")
    func otherColumns() async throws {
      let database = try TestDatabase()
      let store = try database.store()
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      try database.execute(
        """
        ALTER TABLE patterns ADD COLUMN "Rating" numeric(3, 1) DEFAULT 1,
          ADD COLUMN mark bigint GENERATED ALWAYS AS IDENTITY;
        UPDATE patterns SET "Rating" = 4.5
        """)
      let run = try store.write { transaction in
        var run = StoreSamples.run()
        run.command = "serve"
        run.statistics = MigrationStatistics()
        let id = try transaction.beginRun(run)
        #expect(try transaction.otherColumns(of: .patterns, id: "a") == ["Rating": .text("4.5")])
        #expect(try transaction.remove(.patterns, id: "a", run: id))
        return id
      }
      #expect(try await Undo(of: run, in: store).run().isSuccess)
      #expect(try database.text("SELECT \"Rating\"::text FROM patterns WHERE id = 'a'") == "4.5")
    }

    @Test(
      "a row to which a table of another application refers is not removed",
      arguments: ["", "ON DELETE CASCADE", "ON DELETE SET NULL"])
    func otherReferrers(action: String) throws {
      let database = try TestDatabase()
      let store = try database.store()
      try store.write { transaction in
        for id in ["a", "b"] { try transaction.insert(StoreSamples.record(.patterns, id)) }
        try transaction.insert(StoreSamples.record(.joblogs, "j", ["pattern_id": .text("a")]))
      }
      try database.execute(
        """
        CREATE TABLE "or ders" ("Pattern" text REFERENCES patterns (id) \(action));
        INSERT INTO "or ders" VALUES ('a'), (NULL)
        """)
      try store.write { transaction throws in
        #expect(try transaction.otherReferrers(to: .patterns, id: "a") == ["or ders": 1])
        #expect(try transaction.otherReferrers(to: .patterns, id: "b") == [:])
        let error = #expect(throws: StoreError.self) {
          try transaction.remove(.patterns, id: "a", run: 1)
        }
        #expect(error?.message.contains("1 row of the table or ders") == true)
      }
      #expect(try database.text("SELECT \"Pattern\" FROM \"or ders\" LIMIT 1") == "a")
    }

    @Test("a reference to a row that is gone is not in the way of an undo")
    func goneReference() throws {
      let database = try TestDatabase()
      let store = try database.store()
      let batch = StoreSamples.batch(
        .stripFamilies, [.init(StoreSamples.record(.stripFamilies, "f"))])
      let run = try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        #expect(try transaction.insert(batch, at: [0], run: run).isEmpty)
        try transaction.insert(
          StoreSamples.record(.patterns, "p", ["strip_family_id": .text("f")]))
        return run
      }
      func obstacles() throws -> Int {
        var count = 0
        try store.read { try $0.forEachUndoObstacle(ofRun: run) { _ in count += 1 } }
        return count
      }
      #expect(try obstacles() == 1)
      try database.execute("DELETE FROM strip_families")
      #expect(try obstacles() == 0)
    }

    @Test("a ledger that lost tables is read where nothing can be written")
    func readOnly() async throws {
      let database = try TestDatabase()
      let tree = try LegacyTree()
      try tree.write(
        #"{"id": "p", "name": "Rope", "ring_count": 3, "geometry": {"a": 1}, "shelf": 7}"#,
        to: "patterns/p.json")
      _ = try await Migration(from: tree.path, into: try database.store()).run()
      try database.execute("DROP TABLE migration_runs, migration_before_images CASCADE")
      let store = try PostgresStore(
        url: database.url + "%20-cdefault_transaction_read_only%3Don", access: .readOnly)
      try store.read { reader throws in
        #expect(try reader.provenance(.patterns, id: "p")?.unknownMembers == #"{"shelf":7}"#)
        #expect(try reader.runs(limit: nil, offset: 0).isEmpty && reader.runCount() == 0)
        #expect(try reader.changes(of: .patterns, id: "p").isEmpty)
        var query = RecordQuery(.patterns)
        query.conditions = [.written(byRuns: [1], .addedOrChanged)]
        #expect(try reader.records(query).map(\.id) == ["p"])
      }
      // Another session creates the missing tables.
      _ = try await Migration(from: tree.path, into: try database.store()).run()
      #expect(try store.read { try $0.runCount() } == 1)
    }
  }
}
