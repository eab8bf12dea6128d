import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Tests of undoing in databases with tables of other applications.
@Suite struct SQLiteUndoTests {
  private static func elsewhere(_ id: String, _ table: String) -> UndoObstacle {
    UndoObstacle(kind: .patterns, id: id, .isReferredElsewhere(table))
  }

  /// Returns a store in which run 1 inserted the strip family "f" and the patterns "a" and "b"; no
  /// run wrote the other patterns.
  private func makeStore(_ path: String, others: [String] = []) throws -> SQLiteStore {
    let store = try SQLiteStore(path: path)
    try store.write { transaction in
      let run = try transaction.beginRun(StoreSamples.run())
      for (kind, ids) in [(EntityKind.stripFamilies, ["f"]), (.patterns, ["a", "b"])] {
        let batch = StoreSamples.batch(kind, ids.map { .init(StoreSamples.record(kind, $0)) })
        #expect(try transaction.insert(batch, at: Array(ids.indices), run: run).isEmpty)
      }
      for id in others { try transaction.insert(StoreSamples.record(.patterns, id)) }
    }
    return store
  }

  private func obstacles(_ store: SQLiteStore, ofRun run: Int64 = 1) throws -> [UndoObstacle] {
    var found: [UndoObstacle] = []
    try store.read { try $0.forEachUndoObstacle(ofRun: run) { found.append($0) } }
    return found
  }

  /// Checks which obstacles are foreseen and that SQLite refuses the undo because of them or, if
  /// there are none, that the undo does what is foreseen.
  private func check(
    _ sql: String, _ expected: [UndoObstacle], removedElsewhere: [String: Int] = [:]
  ) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path, others: ["mine"])
      _ = try sqlite3(path, sql)
      #expect(try obstacles(store) == expected)
      let foreseen = try store.read { try $0.undoCounts(ofRun: 1) }
      let outcome = Result { try store.write { try $0.undo(run: 1) } }
      if expected.isEmpty {
        #expect(foreseen.removedElsewhere == removedElsewhere)
        #expect(foreseen.removed == [.stripFamilies: 1, .patterns: 2, .joblogs: 0])
        #expect(try outcome.get() == foreseen)
        #expect(try sqlite3(path, "SELECT id FROM patterns") == "mine")
      } else {
        #expect(throws: StoreError.self) { try outcome.get() }
      }
    }
  }

  @Test(
    arguments: [
      (
        #"CREATE TABLE "an ""odd"" one" ("a ""p""" REFERENCES patterns(id)); "#
          + #"INSERT INTO "an ""odd"" one" VALUES ('a'), ('a'), (NULL)"#,
        [elsewhere("a", #"an "odd" one"#)]
      ),
      (
        "CREATE TABLE notes (p REFERENCES PATTERNS); INSERT INTO notes VALUES ('a')",
        [elsewhere("a", "notes")]
      ),
      (
        "CREATE TABLE notes (p REFERENCES patterns(id) ON DELETE RESTRICT); "
          + "INSERT INTO notes VALUES ('a')", [elsewhere("a", "notes")]
      ),
      (
        "CREATE TABLE notes (p REFERENCES patterns(id) ON DELETE SET NULL); "
          + "INSERT INTO notes VALUES ('a')", []
      ),
      (
        "CREATE TABLE notes (p TEXT NOT NULL REFERENCES patterns(id) ON DELETE SET NULL); "
          + "INSERT INTO notes VALUES ('a')", [elsewhere("a", "notes")]
      ),
      (
        "CREATE UNIQUE INDEX pair ON patterns(name, id); "
          + "CREATE TABLE notes (i TEXT, n TEXT, FOREIGN KEY (n, i) REFERENCES patterns(name, id)); "
          + "INSERT INTO notes SELECT id, name FROM patterns WHERE id = 'a'",
        [elsewhere("a", "notes")]
      ),
      (
        "ALTER TABLE patterns ADD COLUMN parent TEXT REFERENCES patterns(id); "
          + "UPDATE patterns SET parent = 'a' WHERE id = 'b'", []
      ),
    ] as [(String, [UndoObstacle])])
  func whatForeignKeysOfOthersRefuseIsAnObstacle(
    _ sql: String, _ expected: [UndoObstacle]
  ) throws {
    try check(sql, expected)
  }

  private static let notes =
    "CREATE TABLE notes (n INTEGER PRIMARY KEY, p TEXT REFERENCES patterns ON DELETE CASCADE, "
    + "parent INTEGER REFERENCES notes ON DELETE CASCADE); "
    + "INSERT INTO notes VALUES (1, 'a', NULL), (2, 'b', NULL), (3, 'mine', NULL); "

  @Test(
    arguments: [
      (notes, [], ["notes": 2]),
      (
        notes + "CREATE TABLE marks (n REFERENCES notes); INSERT INTO marks VALUES (2)",
        [elsewhere("b", "marks")], [:]
      ),
      // A row that goes with another no longer refers.
      (
        notes + "CREATE TABLE marks (n REFERENCES notes, p REFERENCES patterns ON DELETE CASCADE); "
          + "INSERT INTO marks VALUES (1, 'a')", [], ["notes": 2, "marks": 1]
      ),
      (
        "CREATE TABLE notes (f TEXT REFERENCES strip_families(id), "
          + "p TEXT REFERENCES patterns(id) ON DELETE CASCADE); INSERT INTO notes VALUES ('f', 'a')",
        [], ["notes": 1]
      ),
      // A row that two keys delete counts once.
      (
        notes + #"CREATE TABLE "odd "" one" (n REFERENCES notes ON DELETE CASCADE, k, "#
          + #"p REFERENCES patterns ON DELETE CASCADE, PRIMARY KEY (k, n)) WITHOUT ROWID; "#
          + #"INSERT INTO "odd "" one" VALUES (1, 1, 'b'), (2, '1', NULL), (3, 2, NULL); "#
          + "CREATE TABLE empty (p TEXT REFERENCES patterns ON DELETE CASCADE)",
        [], ["notes": 2, #"odd " one"#: 2]
      ),
      // Rows that only rows of their table delete, also in a circle.
      (
        notes + "INSERT INTO notes SELECT value, NULL, value - 1 FROM "
          + "(WITH RECURSIVE n(value) AS (VALUES (5) UNION SELECT value + 1 FROM n WHERE value < 30) "
          + "SELECT value FROM n) ORDER BY 1; UPDATE notes SET parent = 1 WHERE n = 5; "
          + "UPDATE notes SET parent = 30 WHERE n = 1", [], ["notes": 28]
      ),
      (
        notes + "INSERT INTO notes VALUES (4, NULL, 1); CREATE TABLE marks (n REFERENCES notes); "
          + "INSERT INTO marks VALUES (4)", [elsewhere("a", "marks")], [:]
      ),
    ] as [(String, [UndoObstacle], [String: Int])])
  func rowsThatCascadesDeleteAreCounted(
    _ sql: String, _ expected: [UndoObstacle], _ removedElsewhere: [String: Int]
  ) throws {
    try check(sql, expected, removedElsewhere: removedElsewhere)
  }

  @Test(arguments: [("'mine'", true), ("'b'", false), ("('no' || 'ne')", false), ("NULL", true)])
  func aDefaultThatADeletionSetsMustBeThere(_ value: String, _ isAllowed: Bool) throws {
    try check(
      "CREATE TABLE notes (p TEXT DEFAULT \(value) REFERENCES patterns ON DELETE SET DEFAULT); "
        + "INSERT INTO notes VALUES ('a')", isAllowed ? [] : [Self.elsewhere("a", "notes")])
  }

  /// RESTRICT refuses a deletion even if the same statement deletes the referring row.
  @Test(arguments: [(" ON DELETE RESTRICT", [elsewhere("a", "marks")]), ("", [])])
  func aDeletionThatIsRefusedAtOnceIsForeseen(_ action: String, _ expected: [UndoObstacle]) throws {
    try check(
      "CREATE TABLE notes (n INTEGER PRIMARY KEY, p REFERENCES patterns(id) ON DELETE CASCADE); "
        + "CREATE TABLE marks (p REFERENCES patterns(id)\(action), "
        + "n REFERENCES notes(n) ON DELETE CASCADE); "
        + "INSERT INTO notes VALUES (1, 'a'); INSERT INTO marks VALUES ('a', 1)",
      expected, removedElsewhere: ["notes": 1, "marks": 1])
    try check(
      "ALTER TABLE patterns ADD COLUMN parent TEXT REFERENCES patterns(id)\(action); "
        + "UPDATE patterns SET parent = 'a' WHERE id = 'b'",
      expected.isEmpty
        ? [] : [UndoObstacle(kind: .patterns, id: "a", .isReferred(by: .patterns, id: "b"))])
  }

  /// A foreign key in a column that another application has added would delete or change a row of
  /// an entity.
  @Test(arguments: ["CASCADE", "SET NULL", "SET DEFAULT"])
  func anEntityThatWouldBeDeletedOrChangedIsInTheWay(_ action: String) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path, others: ["mine"])
      _ = try sqlite3(
        path,
        "ALTER TABLE patterns ADD COLUMN parent TEXT REFERENCES patterns(id) ON DELETE \(action); "
          + "UPDATE patterns SET parent = 'a' WHERE id <> 'a'")
      #expect(
        try obstacles(store) == [
          UndoObstacle(kind: .patterns, id: "a", .isReferred(by: .patterns, id: "mine"))
        ])
      _ = try sqlite3(path, "UPDATE patterns SET parent = NULL WHERE id = 'mine'")
      #expect(try obstacles(store).isEmpty)
      // "b" is deleted with "a", but counts.
      #expect(try store.write { try $0.undo(run: 1) }.removed[.patterns] == 2)
    }
  }

  @Test(arguments: [
    ("", [elsewhere("a", "notes")]), (" ON UPDATE SET NULL", []), (" ON UPDATE CASCADE", []),
  ])
  func aNameThatAForeignKeyOfOthersPointsToIsNotRestored(
    _ action: String, _ expected: [UndoObstacle]
  ) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path)
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        for id in ["a", "b"] {
          var origin = try #require(try transaction.provenance(.patterns, id: id))
          origin.run = run
          // Only the name of "a" is changed.
          let changes = id == "a" ? ["name": Value.text("new")] : ["ring_count": .integer(9)]
          try transaction.rewrite(
            StoreSamples.record(.patterns, id, changes), provenance: origin)
        }
      }
      _ = try sqlite3(
        path,
        "CREATE UNIQUE INDEX named ON patterns(name); "
          + "CREATE TABLE notes (n TEXT REFERENCES patterns(name)\(action)); "
          + "INSERT INTO notes SELECT name FROM patterns")
      #expect(try obstacles(store, ofRun: 2) == expected)
      let outcome = Result { try store.write { try $0.undo(run: 2) } }
      if expected.isEmpty {
        #expect(try outcome.get().restored[.patterns] == 2)
      } else {
        #expect(throws: StoreError.self) { try outcome.get() }
      }
    }
  }

  /// The provenance of a row is still there after another application deleted the row.
  @Test func aReferenceToARowThatIsGoneIsNotInTheWay() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path)
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.joblogs, "j", ["pattern_id": .text("a")]))
      }
      #expect(
        try obstacles(store) == [
          UndoObstacle(kind: .patterns, id: "a", .isReferred(by: .joblogs, id: "j"))
        ])
      _ = try sqlite3(path, "DELETE FROM patterns WHERE id = 'a'")
      #expect(try obstacles(store).isEmpty)
      #expect(try store.write { try $0.undo(run: 1) }.removed[.patterns] == 1)
    }
  }

  /// Restoring a row restores the columns that other applications added.
  @Test func theColumnsOfOthersComeBackWithARowThatAServerDeleted() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      _ = try makeStore(path)
      _ = try sqlite3(
        path,
        #"""
        ALTER TABLE patterns ADD COLUMN rating INTEGER DEFAULT 1;
        ALTER TABLE patterns ADD COLUMN "a ""b""" REAL;
        ALTER TABLE patterns ADD COLUMN twice INTEGER AS (rating * 2);
        UPDATE patterns SET rating = 5, "a ""b""" = 0.1 WHERE id = 'a';
        """#)
      let all = "SELECT * FROM patterns ORDER BY id"
      let before = try sqlite3(path, all)
      let store = try SQLiteStore(path: path)
      try store.write { transaction in
        #expect(try transaction.remove(.patterns, id: "a", run: 2))
        let change = try #require(try transaction.changes(of: .patterns, id: "a").first)
        #expect(change.before?.otherColumns == ["rating": .integer(5), #"a "b""#: .real(0.1)])
      }
      #expect(try sqlite3(path, all) != before)
      _ = try store.write { try $0.revertChanges(ofRun: 2) }
      #expect(try sqlite3(path, all) == before)
    }
  }

  @Test(arguments: ["CASCADE", "SET NULL"])
  func whatOthersHaveDeletedWithARowIs(_ action: String) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path)
      _ = try sqlite3(
        path,
        "CREATE TABLE notes (pattern TEXT REFERENCES patterns(id) ON DELETE \(action)); "
          + "INSERT INTO notes VALUES ('a'), ('b'), (NULL)")
      #expect(try store.write { try $0.undo(run: 1) }.removed[.patterns] == 2)
      let left = try sqlite3(path, "SELECT count(*), count(pattern) FROM notes")
      #expect(left == (action == "CASCADE" ? "1|0" : "3|0"))
    }
  }

  @Test
  func rowsOfOthersStay() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path)
      // The number of rows is the same as after the run, but not their ids.
      _ = try sqlite3(path, "UPDATE patterns SET id = 'c' WHERE id = 'a'")
      #expect(try store.write { try $0.undo(run: 1) }.removed[.patterns] == 1)
      #expect(try sqlite3(path, "SELECT id FROM patterns") == "c")
    }
  }

  @Test
  func foreignKeysAreEnforcedAfterwards() throws {
    try TemporaryDirectory.use { directory in
      let store = try makeStore(directory.file("x.db"))
      let dangling = StoreSamples.record(.joblogs, "new", ["pattern_id": .text("a")])
      try store.write { transaction in
        let removed = try transaction.undo(run: 1).removed[.patterns]
        #expect(removed == 2)
        #expect(throws: StoreError.self) {
          try transaction.insert(dangling, provenance: nil)
        }
      }
      #expect(throws: StoreError.self) {
        try store.write { try $0.insert(dangling, provenance: nil) }
      }
    }
  }
}
