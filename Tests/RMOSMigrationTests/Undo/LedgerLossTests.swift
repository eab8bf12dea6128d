import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// A ledger from which another program removed something: no run is undone by halves.
@Suite struct LedgerLossTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("x.db")
  }

  /// Migrates strip families with these names, by id, with updates.
  private func migrate(_ names: KeyValuePairs<String, String>) throws {
    var options = Migration.Options()
    options.onDuplicate = .update
    options.overwritesEdits = true
    let files = names.map { ("strip_families/\($0).json", Texts.family($0, name: $1)) }
    let tree = try SourceTree(Dictionary(uniqueKeysWithValues: files))
    _ = try RecordedMigration(tree, into: SQLiteStore(path: path), options)
  }

  /// Expects that the run cannot be undone, that a dry run foresees that, and that nothing changes.
  private func expectRefusal(_ run: Int64, _ reasons: [UndoObstacle.Reason]) throws {
    let rows = "SELECT id, name FROM strip_families ORDER BY id"
    let before = try sqlite3(path, rows)
    for isDryRun in [true, false] {
      let report = try Undo(of: run, in: SQLiteStore(path: path)) { $0.isDryRun = isDryRun }
        .runSynchronously()
      #expect(!report.isSuccess && !report.hasNothingToUndo && report.run == nil)
      #expect(report.obstacles.map(\.reason) == reasons)
      #expect(report.obstacleGroups.map(\.count) == reasons.map { _ in 1 })
      let first = try #require(report.obstacles.first)
      #expect(first.reason.code == "row.unknown" && first.id == nil)
      #expect(first.message.hasPrefix("strip families: the "))
    }
    #expect(try sqlite3(path, rows) == before)
    #expect(try SQLiteStore(path: path).read { try $0.run(run)?.undoneBy } == nil)
  }

  @Test(arguments: [
    ("DELETE FROM migration_before_images", 2), ("DROP TABLE migration_before_images", 2),
    ("DELETE FROM migration_before_images WHERE entity_id = 'f'", 1),
  ])
  func updatesAreNotUndoneWithoutTheirImages(_ sql: String, _ lost: Int) throws {
    try migrate(["f": "A", "g": "A"])
    try migrate(["f": "B", "g": "B"])
    _ = try sqlite3(path, sql)
    try expectRefusal(2, [.lacksImages(ofRun: 2, rows: lost)])
    // The lost images may be of rows of the first run.
    try expectRefusal(
      1, [.lacksImages(ofRun: 2, rows: lost)] + (lost == 1 ? [.isUpdated(by: 2)] : []))
  }

  /// Without its before-image, a row looks like one that the run inserted.
  @Test func referencesToRowsThatMayBeUpdatedAreNotReported() throws {
    try migrate(["f": "A"])
    try migrate(["f": "B"])
    _ = try sqlite3(
      path,
      "DELETE FROM migration_before_images; INSERT INTO patterns (id, name, ring_count, "
        + "geometry_json, strip_family_id) VALUES ('p', 'P', 1, '{}', 'f')")
    try expectRefusal(2, [.lacksImages(ofRun: 2, rows: 1)])
  }

  @Test func aRowThatALaterRunUpdatedIsNotCalledDeleted() throws {
    for name in ["A", "B", "C"] { try migrate(["f": name, "g": name]) }
    _ = try sqlite3(path, "DELETE FROM migration_before_images WHERE run_id = 3")
    try expectRefusal(2, [.lacksImages(ofRun: 3, rows: 2)])
  }

  @Test func aRunIsNotUndoneWithoutProvenance() throws {
    try migrate(["f": "A", "g": "A"])
    _ = try sqlite3(path, "DELETE FROM migration_provenance")
    try expectRefusal(1, [.isUntraced(rows: 2)])
  }

  @Test func aServerIsNotUndoneWithoutItsChanges() throws {
    try migrate(["f": "A"])
    try SQLiteStore(path: path).write { transaction in
      var run = StoreSamples.run()
      run.command = "serve"
      run.statistics = MigrationStatistics()
      run.id = try transaction.beginRun(run)
      try transaction.write(
        StoreSamples.record(.stripFamilies, "f", ["name": .text("B")]), run: run.id)
      run.statistics[.stripFamilies].updated = 1
      try transaction.updateRun(run)
    }
    let store = try SQLiteStore(path: path)
    #expect(try Undo(of: 2, in: store) { $0.isDryRun = true }.runSynchronously().isSuccess)
    _ = try sqlite3(path, "DROP TABLE migration_changes")
    try expectRefusal(2, [.isUntraced(rows: 1)])
  }

  /// While a table is away, its rows can be neither removed nor restored, and no empty table is
  /// created in its place.
  @Test(arguments: [true, false], ["strip_families", "patterns"])
  func aRunIsNotUndoneWhileATableIsAway(_ isDryRun: Bool, _ table: String) throws {
    try migrate(["f": "A"])
    let tree = try SourceTree(["patterns/p.json": Texts.pattern("p")])
    _ = try RecordedMigration(tree, into: SQLiteStore(path: path))
    _ = try sqlite3(path, "ALTER TABLE \(table) RENAME TO away")
    let error = #expect(throws: StoreError.self) {
      try Undo(of: 1, in: SQLiteStore(path: path)) { $0.isDryRun = isDryRun }.runSynchronously()
    }
    #expect(error?.code.rawValue == "store.lost-table")
    _ = try sqlite3(path, "ALTER TABLE away RENAME TO \(table)")
    let report = try Undo(of: 1, in: SQLiteStore(path: path)).runSynchronously()
    #expect(report.isSuccess && report.counts.removed[.stripFamilies] == 1)
  }

  /// Rows that another program deleted are not lost by the ledger.
  @Test(arguments: [
    "DELETE FROM strip_families WHERE id = 'f'",
    "DELETE FROM strip_families WHERE id = 'f'; DELETE FROM migration_provenance "
      + "WHERE entity_id = 'f'",
  ])
  func whatWasDeletedIsNoLoss(_ sql: String) throws {
    try migrate(["f": "A"])
    _ = try sqlite3(path, sql)
    #expect(try Undo(of: 1, in: SQLiteStore(path: path)).runSynchronously().run == 2)
  }

  @Test func whatWasInsertedAgainIsNoLoss() throws {
    try migrate(["f": "A"])
    _ = try sqlite3(path, "DELETE FROM strip_families")
    try migrate(["f": "B"])
    try SQLiteStore(path: path).write { transaction in
      try transaction.insert(StoreSamples.record(.stripFamilies, "mine"))
    }
    let report = try Undo(of: 1, in: SQLiteStore(path: path)).runSynchronously()
    #expect(report.isSuccess && report.run == 3 && report.counts.removed[.stripFamilies] == 0)
  }
}
