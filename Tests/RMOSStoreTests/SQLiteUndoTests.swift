import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Tests of undoing in databases with tables of other applications.
@Suite struct SQLiteUndoTests {
  private static let obstacle = UndoObstacle(
    kind: .patterns, id: "a", .isReferredElsewhere(#"an "odd" one"#))

  @Test(arguments: [
    ("patterns(id)", [obstacle]), ("PATTERNS", [obstacle]),
    ("patterns(id) ON DELETE RESTRICT", [obstacle]), ("patterns(id) ON DELETE SET NULL", []),
  ])
  func whatOthersReferToStandsInTheWay(_ target: String, _ expected: [UndoObstacle]) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try SQLiteStore(path: path)
      let batch = StoreSamples.batch(
        .patterns, ["a", "b"].map { .init(StoreSamples.record(.patterns, $0)) })
      try store.write { transaction in
        let run = try transaction.beginRun(StoreSamples.run())
        for index in 0...1 { try transaction.insert(batch, at: index, run: run) }
      }
      _ = try sqlite3(
        path,
        #"CREATE TABLE "an ""odd"" one" ("a ""p""" TEXT REFERENCES \#(target)); "#
          + #"INSERT INTO "an ""odd"" one" VALUES ('a'), ('a'), (NULL)"#)
      var found: [UndoObstacle] = []
      try store.read { try $0.forEachUndoObstacle(ofRun: 1) { found.append($0) } }
      #expect(found == expected)
      guard expected.isEmpty else { return }
      #expect(try store.write { try $0.undo(run: 1) }.removed[.patterns] == 2)
    }
  }

  /// Returns a store with two patterns, both inserted by run 1.
  private func makeStore(_ path: String) throws -> SQLiteStore {
    let store = try SQLiteStore(path: path)
    let batch = StoreSamples.batch(
      .patterns, ["a", "b"].map { .init(StoreSamples.record(.patterns, $0)) })
    try store.write { transaction in
      let run = try transaction.beginRun(StoreSamples.run())
      let refused = try transaction.insert(batch, at: [0, 1], run: run)
      #expect(refused.isEmpty)
    }
    return store
  }

  /// The undo of the run that inserted the patterns "a" and "b" is tried, too.
  @Test(
    arguments: [
      (
        "CREATE TABLE notes (p TEXT NOT NULL REFERENCES patterns(id) ON DELETE SET NULL); "
          + "INSERT INTO notes VALUES ('a')",
        [UndoObstacle(kind: .patterns, id: "a", .isReferredElsewhere("notes"))]
      ),
      (
        "CREATE TABLE notes (n INTEGER PRIMARY KEY, p TEXT REFERENCES patterns ON DELETE CASCADE); "
          + "CREATE TABLE marks (n REFERENCES notes); INSERT INTO notes VALUES (1, 'a'), (2, 'b'); "
          + "INSERT INTO marks VALUES (2)",
        [UndoObstacle(kind: .patterns, id: "b", .isReferredElsewhere("marks"))]
      ),
      (
        "CREATE UNIQUE INDEX pair ON patterns(name, id); "
          + "CREATE TABLE notes (i TEXT, n TEXT, FOREIGN KEY (n, i) REFERENCES patterns(name, id)); "
          + "INSERT INTO notes SELECT id, name FROM patterns WHERE id = 'a'",
        [UndoObstacle(kind: .patterns, id: "a", .isReferredElsewhere("notes"))]
      ),
      (
        "ALTER TABLE patterns ADD COLUMN parent TEXT REFERENCES patterns(id); "
          + "UPDATE patterns SET parent = 'a' WHERE id = 'b'", []
      ),
      (
        "CREATE TABLE notes (f TEXT REFERENCES strip_families(id), "
          + "p TEXT REFERENCES patterns(id) ON DELETE CASCADE); INSERT INTO notes VALUES ('f', 'a')",
        []
      ),
    ] as [(String, [UndoObstacle])])
  func whatForeignKeysOfOthersRefuseIsAnObstacle(
    _ sql: String, _ expected: [UndoObstacle]
  ) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path)
      let family = StoreSamples.batch(
        .stripFamilies, [.init(StoreSamples.record(.stripFamilies, "f"))])
      try store.write { try $0.insert(family, at: 0, run: 1) }
      _ = try sqlite3(path, sql)
      var found: [UndoObstacle] = []
      try store.read { try $0.forEachUndoObstacle(ofRun: 1) { found.append($0) } }
      #expect(found == expected)
      let outcome = Result { try store.write { try $0.undo(run: 1) } }
      if expected.isEmpty {
        #expect(try outcome.get().removed[.patterns] == 2)
      } else {
        #expect(throws: StoreError.self) { try outcome.get() }
      }
    }
  }

  /// A foreign key in a column that another application has added would delete rows of ours.
  @Test func aRowThatWouldGoAlongIsInTheWay() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "mine")) }
      _ = try sqlite3(
        path,
        "ALTER TABLE patterns ADD COLUMN parent TEXT REFERENCES patterns(id) ON DELETE CASCADE; "
          + "UPDATE patterns SET parent = 'a' WHERE id <> 'a'")
      var found: [UndoObstacle] = []
      try store.read { try $0.forEachUndoObstacle(ofRun: 1) { found.append($0) } }
      #expect(
        found == [UndoObstacle(kind: .patterns, id: "a", .isReferred(by: .patterns, id: "mine"))])
    }
  }

  @Test func rowsThatGoAlongAreCountedPerTable() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try makeStore(path)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "mine")) }
      _ = try sqlite3(
        path,
        """
        CREATE TABLE notes (n INTEGER PRIMARY KEY, p TEXT REFERENCES patterns ON DELETE CASCADE,
          q TEXT REFERENCES patterns ON DELETE CASCADE);
        INSERT INTO notes VALUES (1, 'a', 'b'), (2, 'mine', NULL), (3, NULL, 'b');
        CREATE TABLE "odd "" one" (n INTEGER REFERENCES notes ON DELETE CASCADE, k PRIMARY KEY)
          WITHOUT ROWID;
        INSERT INTO "odd "" one" VALUES (1, 1), (2, 2), (1, 3);
        CREATE TABLE empty (p TEXT REFERENCES patterns ON DELETE CASCADE);
        """)
      let expected = ["notes": 2, #"odd " one"#: 2]
      #expect(try store.read { try $0.undoCounts(ofRun: 1) }.removedElsewhere == expected)
      #expect(try store.write { try $0.undo(run: 1) }.removedElsewhere == expected)
      let left = try sqlite3(
        path, #"SELECT (SELECT group_concat(n) FROM notes), (SELECT sum(k) FROM "odd "" one")"#)
      #expect(left == "2|2")
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
      func obstacles() throws -> [UndoObstacle] {
        var found: [UndoObstacle] = []
        try store.read { try $0.forEachUndoObstacle(ofRun: 1) { found.append($0) } }
        return found
      }
      #expect(
        try obstacles() == [
          UndoObstacle(kind: .patterns, id: "a", .isReferred(by: .joblogs, id: "j"))
        ])
      _ = try sqlite3(path, "DELETE FROM patterns WHERE id = 'a'")
      #expect(try obstacles().isEmpty)
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
