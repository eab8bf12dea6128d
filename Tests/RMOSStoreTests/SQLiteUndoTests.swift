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
