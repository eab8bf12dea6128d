import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// The obstacles to an undo, in groups.
@Suite struct UndoGroupTests {
  private func withStores(_ body: (any RecordStore) throws -> Void) throws {
    try TemporaryDirectory.use { directory in
      for store: any RecordStore in [
        InMemoryStore(), try SQLiteStore(path: directory.file("x.db")),
      ] {
        _ = try RecordedMigration(
          try SourceTree([
            "strip_families/f.json": Texts.family("f"),
            "patterns/p.json": Texts.pattern("p", family: "f"),
          ]), into: store)
        try body(store)
      }
    }
  }

  private func jobs(_ ids: some Sequence<Int>) throws -> SourceTree {
    try SourceTree([
      "joblogs/all.json": "["
        + ids.map { Texts.job("j\($0)", pattern: "p") }.joined(separator: ",") + "]"
    ])
  }

  @Test func rowsOfLaterRunsAreOneLineEachTheNewestFirst() throws {
    try withStores { store in
      _ = try RecordedMigration(try jobs(10..<44), into: store)
      _ = try RecordedMigration(try jobs(50..<52), into: store)
      var options = Migration.Options()
      options.onDuplicate = .update
      _ = try RecordedMigration(
        try SourceTree(["strip_families/f.json": Texts.family("f", name: "Maple")]), into: store,
        options)
      let report = try Undo(of: 1, in: store) { $0.maxObstacles = 4 }.runSynchronously()
      #expect(report.obstacleCount == 37 && report.obstacles.count == 4)
      #expect(report.runsToUndoFirst == [4, 3, 2])
      let groups = report.obstacleGroups
      #expect(groups.map(\.code) == ["row.updated", "row.referred", "row.referred"])
      #expect(groups.map(\.undoFirst) == [4, 3, 2])
      #expect(groups.map(\.count) == [1, 2, 34])
      #expect(groups.map(\.examples.count) == [1, 2, 3])
      #expect(groups.last?.message.contains("34 references from rows of run 2") == true)
      #expect(groups.last?.message.contains("undo run 2 first") == true)
      #expect(groups.last?.subjects == ["j10", "j11", "j12"].map { #"job log "\#($0)""# })
      let json = try JSONValue(parsing: report.json)
      #expect(json["undo_first"]?.text == "[4,3,2]")

      // The runs can be undone in that order.
      for run in report.runsToUndoFirst + [1] {
        #expect(try Undo(of: run, in: store).runSynchronously().isSuccess)
      }
      #expect(try StoreContent(of: store).records.isEmpty)
    }
  }

  /// Runs in between, and obstacles to undoing a later run, count too.
  @Test func allRunsToUndoFirstAreNamedAtOnce() throws {
    try withStores { store in
      var options = Migration.Options()
      options.onDuplicate = .update
      for name in ["Maple", "Koa"] {
        _ = try RecordedMigration(
          try SourceTree(["strip_families/f.json": Texts.family("f", name: name)]), into: store,
          options)
      }
      // Run 4 rewrites the first row and adds another, which run 5 rewrites.
      _ = try RecordedMigration(
        try SourceTree([
          "strip_families/f.json": Texts.family("f", name: "Ebony"),
          "strip_families/g.json": Texts.family("g", name: "Holly"),
        ]), into: store, options)
      _ = try RecordedMigration(
        try SourceTree(["strip_families/g.json": Texts.family("g", name: "Walnut")]), into: store,
        options)
      let report = try Undo(of: 2, in: store).runSynchronously()
      #expect(report.runsToUndoFirst == [5, 4, 3])
      for run in report.runsToUndoFirst + [2, 1] {
        #expect(try Undo(of: run, in: store).runSynchronously().isSuccess)
      }
      #expect(try StoreContent(of: store).records.isEmpty)
    }
  }

  private func update(_ name: String, _ store: any RecordStore) throws {
    var options = Migration.Options()
    options.onDuplicate = .update
    options.overwritesEdits = true
    _ = try RecordedMigration(
      try SourceTree(["strip_families/f.json": Texts.family("f", name: name)]), into: store,
      options)
  }

  /// A reference to a row that a later run updated is in the way once that run is undone.
  @Test func whatRefersToARowThatWasUpdatedIsNamedAtOnce() throws {
    try withStores { store in
      #expect(try Undo(of: 1, in: store).runSynchronously().isSuccess)
      try update("Maple", store)
      try update("Koa", store)
      _ = try RecordedMigration(
        try SourceTree(["patterns/q.json": Texts.pattern("q", family: "f")]), into: store)
      let report = try Undo(of: 3, in: store).runSynchronously()
      #expect(report.runsToUndoFirst == [5, 4])
      #expect(report.obstacleGroups.map(\.code) == ["row.referred", "row.updated"])
      #expect(report.obstacleGroups.map(\.undoFirst) == [5, 4])
      for run in report.runsToUndoFirst + [3] {
        #expect(try Undo(of: run, in: store).runSynchronously().isSuccess)
      }
      #expect(try StoreContent(of: store).records.isEmpty)
    }
  }

  /// Undoing a later run restores the edit that it overwrote, which no undo removes.
  @Test func anEditBelowALaterRunIsNamedAtOnce() throws {
    try withStores { store in
      let edited = StoreSamples.record(.stripFamilies, "f", ["name": .text("mine")])
      let isThere = try store.write { try $0.update(edited) }
      #expect(isThere)
      try update("Maple", store)
      try update("Koa", store)
      let report = try Undo(of: 1, in: store).runSynchronously()
      #expect(report.runsToUndoFirst == [3, 2])
      #expect(report.obstacleGroups.map(\.code) == ["row.updated", "row.edited"])
      #expect(report.obstacleGroups.map(\.undoFirst) == [3, nil])
      for run in report.runsToUndoFirst {
        #expect(try Undo(of: run, in: store).runSynchronously().isSuccess)
      }
      let rest = try Undo(of: 1, in: store).runSynchronously()
      #expect(rest.obstacleGroups.map(\.code) == ["row.edited"])
    }
  }

  @Test func aRowThatWasInsertedAgainBelowALaterRunIsNamedAtOnce() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try SQLiteStore(path: path)
      try update("Ebony", store)
      try update("Maple", store)
      _ = try sqlite3(path, "DELETE FROM strip_families")
      try update("Koa", store)
      try update("Holly", store)
      // The first run only inserted a row that is gone, the second has to restore it.
      #expect(try Undo(of: 1, in: store).runSynchronously().runsToUndoFirst == [4])
      let report = try Undo(of: 2, in: store).runSynchronously()
      #expect(report.obstacles.map(\.reason) == [.isUpdated(by: 4), .isReplaced(by: 3)])
      #expect(report.runsToUndoFirst == [4])
      #expect(try Undo(of: 4, in: store).runSynchronously().isSuccess)
      #expect(
        try Undo(of: 2, in: store).runSynchronously().obstacles.map(\.reason)
          == [.isReplaced(by: 3)])
      #expect(try Undo(of: 1, in: store).runSynchronously().isSuccess)
    }
  }

  @Test func rowsThatNoRunWroteAreALineOfTheirOwn() throws {
    try withStores { store in
      _ = try RecordedMigration(try jobs(0..<2), into: store)
      try store.write { transaction in
        for number in 0..<5 {
          try transaction.insert(
            StoreSamples.record(.joblogs, "mine\(number)", ["pattern_id": .text("p")]))
        }
      }
      let report = try Undo(of: 1, in: store).runSynchronously()
      #expect(report.obstacleGroups.map(\.undoFirst) == [2, nil])
      #expect(report.obstacleGroups.map(\.count) == [2, 5])
      #expect(report.obstacleGroups.last?.message.contains("a backup from before") == true)
    }
  }

  /// The reference may be the edit, and its run cannot be undone while the row is edited.
  @Test func aRowOfALaterRunThatWasChangedSinceDoesNotPointToThatRun() throws {
    try withStores { store in
      _ = try RecordedMigration(
        try SourceTree(["joblogs/j.json": Texts.job("j")]), into: store)
      try store.write { transaction in
        var record = try #require(try transaction.record(.joblogs, id: "j"))
        let field = try #require(EntityKind.joblogs.schema.position(ofColumn: "pattern_id"))
        record.values[field] = .text("p")
        #expect(try transaction.update(record))
      }
      let report = try Undo(of: 1, in: store).runSynchronously()
      #expect(report.obstacleGroups.map(\.code) == ["row.referred"])
      #expect(report.runsToUndoFirst.isEmpty)
    }
  }

  @Test func theRunItselfIsAGroupOfOne() throws {
    try withStores { store in
      #expect(try Undo(of: 1, in: store).runSynchronously().isSuccess)
      let again = try Undo(of: 1, in: store).runSynchronously()
      #expect(again.obstacleGroups.map(\.code) == ["run.undone"])
      #expect(again.obstacleGroups.first?.message == again.obstacles.first?.message)
      #expect(again.obstacleGroups.first?.subjects == [])
    }
  }

  @Test func aRunThatChangedNothingIsNotUndone() throws {
    try withStores { store in
      let tree = try SourceTree(["strip_families/f.json": Texts.family("f")])
      _ = try RecordedMigration(tree, into: store)
      let runs = try store.read { try $0.runs(limit: nil) }
      for isDryRun in [true, false] {
        let report = try Undo(of: 2, in: store) { $0.isDryRun = isDryRun }.runSynchronously()
        #expect(report.isSuccess && report.hasNothingToUndo)
        #expect(report.run == nil && report.backup == nil && report.removed == 0)
        let json = try JSONValue(parsing: report.json)
        #expect(json["nothing_to_undo"] == .bool(true) && json["success"] == .bool(true))
      }
      #expect(try store.read { try $0.runs(limit: nil) } == runs)
    }
  }

  /// Although its rows are gone already, the undo is recorded in the ledger.
  @Test func aRunWhoseRowsAreGoneIsUndone() throws {
    try withStores { store in
      try store.write { transaction in
        _ = try transaction.delete(.patterns, id: "p")
        _ = try transaction.delete(.stripFamilies, id: "f")
      }
      let report = try Undo(of: 1, in: store).runSynchronously()
      #expect(report.isSuccess && !report.hasNothingToUndo && report.run == 2)
      #expect(report.backup == nil)
    }
  }
}

/// The messages of obstacles, one by one and in groups, name the remedy.
@Suite struct UndoObstacleTests {
  static let reasons: [(UndoObstacle.Reason, [String])] = [
    (.isRunning, ["under way", "stop it"]), (.isUndone(by: 7), ["run 7"]),
    (.isUndo, ["migrate the source again"]), (.isEdited, ["changed in the database", "delete"]),
    (.isUnknown, ["no digest", "delete"]), (.isUpdated(by: 7), ["updated by run 7", "undo"]),
    (.isDeleted, ["deleted since"]), (.isReplaced(by: 7), ["of run 7|from run 7"]),
    (.isReplaced(by: nil), ["not from a migration"]),
    (.isReferred(by: .joblogs, id: "j1"), ["would be removed", "change or delete"]),
    (.isReferredElsewhere("orders"), [#""orders""#, "another application"]),
    (.misses(.stripFamilies, id: "f1"), ["no longer exist", "insert"]),
    (.lacksImages(ofRun: 7, rows: 3), ["3 rows", "run 7", "missing", "backup"]),
    (.isUntraced(rows: 3), ["3 rows", "no longer says", "backup"]),
  ]

  @Test(arguments: reasons)
  func theMessagesNameTheReasonAndTheWayOut(
    _ reason: UndoObstacle.Reason, _ words: [String]
  ) {
    let obstacle = UndoObstacle(kind: .patterns, id: "p1", reason)
    var groups = UndoObstacleGroups()
    groups.add(obstacle, undoFirst: nil)
    let one = groups.sorted
    groups.add(obstacle, undoFirst: nil)
    let two = groups.sorted
    #expect(one.count == 1 && two.count == 1 && two[0].count == 2)
    #expect(two[0].code == reason.code)
    #expect(obstacle.message.hasPrefix(#"the pattern "p1" "#))
    for text in [obstacle.message, one[0].message, two[0].message] {
      for word in words {
        let choices = word.split(separator: "|")
        #expect(choices.contains { text.contains($0) }, "\(word) is not in: \(text)")
      }
    }
  }

  @Test func groupsOfOneRemedyAreInTheOrderOfTheirSize() {
    var groups = UndoObstacleGroups()
    for (count, reason) in [(1, UndoObstacle.Reason.isEdited), (3, .isUnknown), (1, .isDeleted)] {
      for number in 0..<count {
        groups.add(UndoObstacle(kind: .patterns, id: "p\(number)", reason), undoFirst: nil)
      }
    }
    #expect(groups.sorted.map(\.code) == ["row.unknown", "row.edited", "row.deleted"])
    #expect(UndoObstacleGroup(code: "row.edited").message.isEmpty)
  }
}
