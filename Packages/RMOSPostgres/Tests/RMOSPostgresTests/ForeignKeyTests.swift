import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTesting
import Testing

@testable import RMOSPostgres

extension ServerTests {
  @Suite("Foreign keys of other applications", .serialized)
  struct ForeignKeyTests {
    /// What an undo of the run is expected to do.
    struct Case: Sendable, CustomTestStringConvertible {
      var sql: String
      var obstacles: [UndoObstacle] = []
      var removedElsewhere: [String: Int] = [:]
      /// Whether the server itself would refuse the undo.
      var isRefused = true

      init(
        _ sql: String, _ obstacles: [UndoObstacle] = [], _ removedElsewhere: [String: Int] = [:],
        isRefused: Bool = true
      ) {
        self.sql = sql
        self.obstacles = obstacles
        self.removedElsewhere = removedElsewhere
        self.isRefused = isRefused
      }

      var testDescription: String { sql }
    }

    private static func elsewhere(_ id: String, _ table: String) -> UndoObstacle {
      UndoObstacle(kind: .patterns, id: id, .isReferredElsewhere(table))
    }

    private static func pattern(_ id: String, by kind: EntityKind, _ other: String) -> UndoObstacle
    {
      UndoObstacle(kind: .patterns, id: id, .isReferred(by: kind, id: other))
    }

    /// A store in which run 1 inserted the strip family "f", the patterns "a" and "b" and the job
    /// log "j" of "a"; no run wrote the pattern "mine" and the job log "other".
    private func makeStore(_ database: TestDatabase) throws -> PostgresStore {
      let store = try database.store()
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        #expect(run == 1)
        func insert(_ kind: EntityKind, _ id: String, _ values: [String: Value] = [:]) throws {
          let batch = StoreSamples.batch(kind, [.init(StoreSamples.record(kind, id, values))])
          #expect(try transaction.insert(batch, at: [0], run: run).isEmpty)
        }
        try insert(.stripFamilies, "f")
        try insert(.patterns, "a")
        try insert(.patterns, "b")
        try insert(.joblogs, "j", ["pattern_id": .text("a")])
        try transaction.insert(StoreSamples.record(.patterns, "mine"))
        try transaction.insert(StoreSamples.record(.joblogs, "other"))
      }
      return store
    }

    private func obstacles(_ store: PostgresStore, ofRun run: Int64 = 1) throws -> [UndoObstacle] {
      var found: [UndoObstacle] = []
      try store.read { try $0.forEachUndoObstacle(ofRun: run) { found.append($0) } }
      return found
    }

    private func check(_ expected: Case, _ database: TestDatabase, _ store: PostgresStore) throws {
      #expect(try obstacles(store) == expected.obstacles)
      let foreseen = try store.read { try $0.undoCounts(ofRun: 1) }
      let outcome = Result { try store.write { try $0.undo(run: 1) } }
      if expected.obstacles.isEmpty {
        #expect(foreseen.removedElsewhere == expected.removedElsewhere)
        #expect(foreseen.removed == [.stripFamilies: 1, .patterns: 2, .joblogs: 1])
        #expect(try outcome.get() == foreseen)
        #expect(
          try database.text(
            "SELECT (SELECT string_agg(id, ' ') FROM patterns) || ' ' "
              + "|| (SELECT string_agg(id, ' ') FROM joblogs)") == "mine other")
      } else if expected.isRefused {
        #expect(throws: StoreError.self) { try outcome.get() }
      }
    }

    @Test(
      "a dry run and the run agree on the rows that refer to those of the run",
      arguments: [
        Case(
          "CREATE TABLE notes (p text REFERENCES patterns); "
            + "INSERT INTO notes VALUES ('a'), ('a'), (NULL), ('mine')", [elsewhere("a", "notes")]),
        Case(
          "CREATE TABLE \"or \"\"ders\" (\"P q\" text REFERENCES patterns ON DELETE RESTRICT "
            + "DEFERRABLE INITIALLY DEFERRED); INSERT INTO \"or \"\"ders\" VALUES ('b')",
          [elsewhere("b", "or \"ders")]),
        Case(
          "CREATE TABLE notes (p text REFERENCES patterns DEFERRABLE INITIALLY DEFERRED); "
            + "INSERT INTO notes VALUES ('b')", [elsewhere("b", "notes")]),
        Case(
          "CREATE TABLE notes (p text REFERENCES patterns ON DELETE SET NULL); "
            + "INSERT INTO notes VALUES ('a')"),
        Case(
          "CREATE TABLE notes (p text NOT NULL REFERENCES patterns ON DELETE SET NULL); "
            + "INSERT INTO notes VALUES ('a')", [elsewhere("a", "notes")]),
        Case(
          "CREATE DOMAIN key AS text NOT NULL; "
            + "CREATE TABLE notes (p key REFERENCES patterns ON DELETE SET NULL); "
            + "INSERT INTO notes VALUES ('a')", [elsewhere("a", "notes")]),
        // The collations differ, and neither is the default.
        Case(
          "CREATE TABLE notes (p varchar(9) COLLATE \"POSIX\" REFERENCES patterns); "
            + "INSERT INTO notes VALUES ('a')", [elsewhere("a", "notes")]),
        Case(
          "ALTER TABLE patterns ADD UNIQUE (id, ring_count); "
            + "CREATE TABLE notes (n int, p text, FOREIGN KEY (n, p) "
            + "REFERENCES patterns (ring_count, id)); "
            + "INSERT INTO notes SELECT ring_count, id FROM patterns WHERE id = 'a'; "
            + "INSERT INTO notes VALUES (NULL, 'b')", [elsewhere("a", "notes")]),
        Case(
          "CREATE TABLE notes (f text REFERENCES strip_families, "
            + "p text REFERENCES patterns ON DELETE CASCADE); INSERT INTO notes VALUES ('f', 'a')",
          [], ["notes": 1]),
        // Patterns are removed after job logs.
        Case(
          "CREATE TABLE notes (j text REFERENCES joblogs, "
            + "p text REFERENCES patterns ON DELETE CASCADE); INSERT INTO notes VALUES ('j', 'a')",
          [UndoObstacle(kind: .joblogs, id: "j", .isReferredElsewhere("notes"))]),
        // Tables that inherit from another do not have its key.
        Case(
          "CREATE TABLE notes (p text REFERENCES patterns); CREATE TABLE more () INHERITS (notes); "
            + "INSERT INTO more VALUES ('a')"),
      ])
    func references(_ expected: Case) throws {
      let database = try TestDatabase()
      let store = try makeStore(database)
      try database.execute(expected.sql)
      try check(expected, database, store)
    }

    private static let notes =
      "CREATE TABLE notes (n int PRIMARY KEY, p text REFERENCES patterns ON DELETE CASCADE); "
      + "INSERT INTO notes VALUES (1, 'a'), (2, 'b'), (3, 'mine'), (4, NULL); "

    @Test(
      "a dry run and the run agree on the rows that are deleted along",
      arguments: [
        Case(notes, [], ["notes": 2]),
        Case(
          notes + "CREATE TABLE marks (n int REFERENCES notes); INSERT INTO marks VALUES (2), (3)",
          [elsewhere("b", "marks")]),
        Case(
          notes + "CREATE TABLE marks (n int NOT NULL REFERENCES notes ON DELETE SET NULL); "
            + "INSERT INTO marks VALUES (1)", [elsewhere("a", "marks")]),
        Case(
          notes
            + "CREATE TABLE \"ma rks\" (n int REFERENCES notes ON DELETE CASCADE, m int UNIQUE); "
            + "CREATE TABLE lines (m int REFERENCES \"ma rks\" (m) ON DELETE CASCADE); "
            + "INSERT INTO \"ma rks\" VALUES (1, 1), (1, 2), (3, 3), (NULL, 4); "
            + "INSERT INTO lines VALUES (1), (2), (2), (3), (4)",
          [], ["notes": 2, "ma rks": 2, "lines": 3]),
        Case(
          notes
            + "CREATE TABLE marks (n int REFERENCES notes ON DELETE CASCADE, m int PRIMARY KEY); "
            + "CREATE TABLE lines (m int REFERENCES marks ON DELETE CASCADE); "
            + "INSERT INTO marks VALUES (1, 1), (3, 3); INSERT INTO lines VALUES (1), (1), (3); "
            + "CREATE INDEX ON marks (n); CREATE INDEX ON lines (m)",
          [], ["notes": 2, "marks": 1, "lines": 2]),
        // A row that two keys delete counts once.
        Case(
          notes + "CREATE TABLE marks (n int REFERENCES notes ON DELETE CASCADE, "
            + "p text REFERENCES patterns ON DELETE CASCADE); INSERT INTO marks VALUES (1, 'b')",
          [], ["notes": 2, "marks": 1]),
        // Rows that only rows of their table delete, also in a circle.
        Case(
          notes + "ALTER TABLE notes ADD parent int REFERENCES notes ON DELETE CASCADE; "
            + "INSERT INTO notes SELECT n, NULL, n - 1 FROM generate_series(5, 30) n; "
            + "UPDATE notes SET parent = 1 WHERE n = 5; UPDATE notes SET parent = 30 WHERE n = 1",
          [], ["notes": 28]),
        // The rows of a level are deleted before those that refuse it are looked for.
        Case(
          notes + "CREATE TABLE marks (n int REFERENCES notes, "
            + "p text REFERENCES patterns ON DELETE CASCADE); INSERT INTO marks VALUES (1, 'a')",
          [], ["notes": 2, "marks": 1]),
        Case(
          notes + "CREATE TABLE marks (n int REFERENCES notes ON DELETE CASCADE, "
            + "p text REFERENCES patterns); INSERT INTO marks VALUES (1, 'a')",
          [elsewhere("a", "marks")]),
        Case(
          notes + "ALTER TABLE notes ADD parent int REFERENCES notes ON DELETE RESTRICT; "
            + "UPDATE notes SET parent = 1 WHERE n = 2", [], ["notes": 2]),
        Case(
          notes + "ALTER TABLE notes ADD parent int REFERENCES notes; "
            + "UPDATE notes SET parent = 1 WHERE n = 4", [elsewhere("a", "notes")]),
        // The keys of partitions repeat that of their table.
        Case(
          "CREATE TABLE notes (n int, p text REFERENCES patterns ON DELETE CASCADE, PRIMARY KEY (n)) "
            + "PARTITION BY LIST (n); CREATE TABLE notes_1 PARTITION OF notes FOR VALUES IN (1); "
            + "CREATE TABLE notes_2 PARTITION OF notes DEFAULT; "
            + "INSERT INTO notes VALUES (1, 'a'), (2, 'b'), (3, 'mine'); "
            + "CREATE TABLE marks (n int REFERENCES notes ON DELETE CASCADE); "
            + "INSERT INTO marks VALUES (1), (2), (3)", [], ["notes": 2, "marks": 2]),
        Case(
          "CREATE TABLE notes (n int PRIMARY KEY, p text REFERENCES patterns ON DELETE CASCADE) "
            + "PARTITION BY LIST (n); CREATE TABLE notes_1 PARTITION OF notes FOR VALUES IN (1); "
            + "INSERT INTO notes VALUES (1, 'a'); "
            + "CREATE TABLE marks (n int REFERENCES notes_1); INSERT INTO marks VALUES (1)",
          [elsewhere("a", "marks")]),
      ])
    func cascades(_ expected: Case) throws {
      let database = try TestDatabase()
      let store = try makeStore(database)
      try database.execute(expected.sql)
      try check(expected, database, store)
    }

    @Test(
      "a default that a deletion sets must be there",
      arguments: [("'mine'", true), ("'b'", false), ("'none'", false), ("NULL", true)])
    func defaults(_ value: String, _ isAllowed: Bool) throws {
      let database = try TestDatabase()
      let store = try makeStore(database)
      try database.execute(
        "CREATE TABLE notes (p text DEFAULT \(value) REFERENCES patterns ON DELETE SET DEFAULT); "
          + "INSERT INTO notes VALUES ('a')")
      try check(Case("", isAllowed ? [] : [Self.elsewhere("a", "notes")]), database, store)
    }

    @Test(
      "rows of entities that would be deleted or changed are in the way",
      arguments: [
        Case(
          "ALTER TABLE patterns ADD parent text REFERENCES patterns ON DELETE CASCADE; "
            + "UPDATE patterns SET parent = 'a' WHERE id <> 'a'",
          [pattern("a", by: .patterns, "mine")], isRefused: false),
        Case(
          "ALTER TABLE patterns ADD parent text REFERENCES patterns ON DELETE CASCADE; "
            + "UPDATE patterns SET parent = 'a' WHERE id = 'b'"),
        Case(
          "ALTER TABLE patterns ADD parent text REFERENCES patterns; "
            + "UPDATE patterns SET parent = 'a' WHERE id = 'b'"),
        Case(
          "ALTER TABLE patterns ADD parent text REFERENCES patterns; "
            + "UPDATE patterns SET parent = 'a' WHERE id = 'mine'",
          [pattern("a", by: .patterns, "mine")]),
        Case(
          "ALTER TABLE patterns ADD parent text REFERENCES patterns ON DELETE SET NULL; "
            + "UPDATE patterns SET parent = 'a' WHERE id <> 'a'",
          [pattern("a", by: .patterns, "mine")], isRefused: false),
        // A member of the entity would change.
        Case(
          "ALTER TABLE patterns ADD FOREIGN KEY (metadata_json) REFERENCES patterns "
            + "ON DELETE SET NULL NOT VALID; "
            + "UPDATE patterns SET metadata_json = 'a' WHERE id = 'mine'",
          [pattern("a", by: .patterns, "mine")], isRefused: false),
        // Another table is in between.
        Case(
          "CREATE TABLE notes (n int PRIMARY KEY, p text REFERENCES patterns ON DELETE CASCADE); "
            + "INSERT INTO notes VALUES (1, 'b'); "
            + "ALTER TABLE joblogs ADD note int REFERENCES notes ON DELETE CASCADE; "
            + "UPDATE joblogs SET note = 1", [pattern("b", by: .joblogs, "other")],
          isRefused: false),
        // The strip family is deleted with a pattern, before its own turn.
        Case(
          "ALTER TABLE strip_families ADD best text REFERENCES patterns ON DELETE CASCADE; "
            + "UPDATE strip_families SET best = 'a'; "
            + "CREATE TABLE notes (f text REFERENCES strip_families ON DELETE CASCADE); "
            + "INSERT INTO notes VALUES ('f')", [], ["notes": 1]),
        Case(
          "ALTER TABLE strip_families ADD best text REFERENCES patterns; "
            + "UPDATE strip_families SET best = 'a'", [pattern("a", by: .stripFamilies, "f")]),
      ])
    func entities(_ expected: Case) throws {
      let database = try TestDatabase()
      let store = try makeStore(database)
      try database.execute(expected.sql)
      try check(expected, database, store)
    }

    @Test(
      "a name that a foreign key of another application points to is not restored",
      arguments: [("", false), ("ON UPDATE SET NULL", true), ("ON UPDATE CASCADE", true)])
    func restoration(_ action: String, _ isAllowed: Bool) throws {
      let database = try TestDatabase()
      let store = try makeStore(database)
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        for id in ["a", "b"] {
          var origin = try #require(try transaction.provenance(.patterns, id: id))
          origin.run = run
          // Only the name of "a" is changed.
          let changes = id == "a" ? ["name": Value.text("new")] : ["ring_count": .integer(9)]
          try transaction.rewrite(StoreSamples.record(.patterns, id, changes), provenance: origin)
        }
      }
      try database.execute(
        """
        ALTER TABLE patterns ADD UNIQUE (name);
        CREATE TABLE notes (n text REFERENCES patterns (name) \(action));
        INSERT INTO notes SELECT name FROM patterns
        """)
      #expect(try obstacles(store, ofRun: 2) == (isAllowed ? [] : [Self.elsewhere("a", "notes")]))
      try withOwner(database) { store, role in
        try database.execute("REVOKE ALL ON notes FROM \(role)")
        let unknown = UndoObstacle(kind: .patterns, .mayBeReferredElsewhere("notes"))
        #expect(try obstacles(store, ofRun: 2) == (isAllowed ? [] : [unknown]))
      }
      let outcome = Result { try store.write { try $0.undo(run: 2) } }
      if isAllowed {
        #expect(try outcome.get().restored[.patterns] == 2)
      } else {
        #expect(throws: StoreError.self) { try outcome.get() }
      }
    }

    @Test("tables of other schemas are named with them")
    func otherSchemas() throws {
      let database = try TestDatabase()
      let store = try makeStore(database)
      let other = "\(database.schema)_before_run_1"
      try database.execute(
        """
        CREATE SCHEMA \(other);
        CREATE TABLE \(other).patterns (p text REFERENCES patterns ON DELETE CASCADE);
        CREATE TABLE \(other)."N" (p text REFERENCES patterns);
        INSERT INTO \(other).patterns VALUES ('a'), ('b');
        INSERT INTO \(other)."N" VALUES ('a')
        """)
      #expect(try obstacles(store) == [Self.elsewhere("a", "\(other).\"N\"")])
      try store.read { reader throws in
        let expected = ["\(other).patterns": 1, "\(other).\"N\"": 1]
        #expect(try reader.otherReferrers(to: .patterns, id: "a") == expected)
      }
      try database.execute("TRUNCATE \(other).\"N\"")
      try check(Case("", [], ["\(other).patterns": 2]), database, store)
    }

    @Test("rows below a trigger are removed together, and a rule is noticed")
    func triggersAndRules() throws {
      let database = try TestDatabase()
      let store = try makeStore(database)
      try database.execute(
        """
        ALTER TABLE patterns ADD parent text REFERENCES patterns;
        UPDATE patterns SET parent = CASE id WHEN 'a' THEN 'b' WHEN 'b' THEN 'a' END;
        CREATE TRIGGER none BEFORE UPDATE ON patterns FOR EACH ROW
          EXECUTE FUNCTION suppress_redundant_updates_trigger();
        CREATE RULE keep AS ON DELETE TO patterns DO INSTEAD NOTHING
        """)
      let error = #expect(throws: StoreError.self) { try store.write { try $0.undo(run: 1) } }
      #expect(error?.message.contains("ignores rows of patterns") == true)
      try database.execute("DROP RULE keep ON patterns")
      try check(Case(""), database, store)
    }

    /// The store as a role sees it that owns the tables of the store, but no others.
    private func withOwner(
      _ database: TestDatabase, _ body: (PostgresStore, _ role: String) throws -> Void
    ) throws {
      let role = "owner_of_\(database.schema)"
      let server = try #require(TestServer.url)
      try database.execute(
        """
        CREATE ROLE \(role) LOGIN; GRANT USAGE, CREATE ON SCHEMA \(database.schema) TO \(role);
        GRANT ALL ON ALL TABLES IN SCHEMA \(database.schema) TO \(role)
        """)
      defer { _ = try? TestDatabase.execute("DROP OWNED BY \(role); DROP ROLE \(role)", server) }
      let url = database.url.replacing("//postgres@", with: "//\(role)@")
      try #require(url != database.url)
      let store = try PostgresStore(url: url)
      try body(store, role)
      store.close()
    }

    @Test("a table that may not be read is in the way")
    func unreadableTable() async throws {
      let database = try TestDatabase()
      _ = try makeStore(database)
      try withOwner(database) { store, role in
        try database.execute(
          Self.notes + "CREATE TABLE marks (n int REFERENCES notes ON DELETE CASCADE); "
            + "CREATE TABLE other (f text REFERENCES strip_families)")
        let others: [UndoObstacle] = [
          UndoObstacle(kind: .stripFamilies, .mayBeReferredElsewhere("other")),
          UndoObstacle(kind: .patterns, .mayBeReferredElsewhere("notes")),
        ]
        #expect(try obstacles(store) == others)
        try store.write { transaction throws in
          let error = #expect(throws: StoreError.self) {
            try transaction.remove(.patterns, id: "b", run: 1)
          }
          #expect(error?.code == .constraint)
          #expect(error?.message.contains("table notes") == true, "\(error?.message ?? "")")
          #expect(error?.message.contains("SELECT") == true)
        }
        // Row security hides rows, too.
        try database.execute(
          """
          GRANT SELECT ON notes, marks, other TO \(role); DROP TABLE other;
          ALTER TABLE marks ENABLE ROW LEVEL SECURITY
          """)
        #expect(
          try obstacles(store) == [UndoObstacle(kind: .patterns, .mayBeReferredElsewhere("marks"))])
        try database.execute("ALTER TABLE marks DISABLE ROW LEVEL SECURITY")
        try check(Case("", [], ["notes": 2]), database, store)
      }
    }

    @Test("an audit leaves out a table that may not be read, and compares other collations")
    func audit() throws {
      let database = try TestDatabase()
      _ = try makeStore(database)
      try withOwner(database) { store, role in
        try database.execute(
          """
          CREATE TABLE secret (p text REFERENCES patterns); INSERT INTO secret VALUES ('a');
          CREATE TABLE notes (p text COLLATE "POSIX" REFERENCES patterns);
          INSERT INTO notes VALUES ('a'); GRANT SELECT ON notes TO \(role)
          """)
        var problems = 0
        try store.read { reader in
          for table in ["secret", "notes", "patterns"] {
            try reader.inspection.forEachForeignKeyProblem(in: table) { _, _ in problems += 1 }
          }
        }
        #expect(problems == 0)
      }
    }
  }
}
