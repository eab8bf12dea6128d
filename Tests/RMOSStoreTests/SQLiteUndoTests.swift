import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Undoing beside tables of other applications.
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

  /// A store in which run 1 inserted two patterns, and all that there are.
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
      // As many as the run inserted, but not the same.
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
