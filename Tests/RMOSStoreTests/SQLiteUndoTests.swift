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
}
