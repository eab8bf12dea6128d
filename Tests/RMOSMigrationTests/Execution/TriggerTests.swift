import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Updating and undoing beside the triggers of another application.
@Suite struct TriggerTests {
  private let directory: TemporaryDirectory
  private let path: String
  private let store: SQLiteStore

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("x.db")
    store = try SQLiteStore(path: path)
    // The tables must exist before the triggers on them.
    try store.write { _ in }
  }

  private func files(_ name: String) -> [String: String] {
    [
      "strip_families/f.json": Texts.family("f", name: name),
      "strip_families/g.json": Texts.family("g"),
      "joblogs/j.json": Texts.job("j"),
    ]
  }

  @discardableResult
  private func migrate(
    _ files: [String: String], force: Bool = false
  ) throws -> RecordedMigration {
    var options = Migration.Options()
    options.onDuplicate = .update
    options.overwritesEdits = force
    options.takesBackup = false
    return try RecordedMigration(try SourceTree(files), into: store, options)
  }

  private func undo(_ run: Int64) throws -> UndoReport {
    try Undo(of: run, in: store) { $0.takesBackup = false }.runSynchronously()
  }

  /// An undo that a trigger prevents is not recorded, and can be repeated.
  @Test(arguments: [
    ("BEFORE UPDATE ON strip_families", "RAISE(IGNORE)"),
    ("BEFORE DELETE ON joblogs", "RAISE(IGNORE)"),
    ("BEFORE DELETE ON strip_families WHEN OLD.id = 'h'", "RAISE(IGNORE)"),
    ("BEFORE DELETE ON joblogs", "RAISE(ABORT, 'no')"),
  ])
  func whatATriggerPassesOverIsNotUndone(_ event: String, _ raise: String) throws {
    try migrate(["strip_families/f.json": Texts.family("f")])
    let before = try StoreContent(of: store)
    try migrate(files("Maple").merging(["strip_families/h.json": Texts.family("h")]) { $1 })
    try sqlite3(path, "CREATE TRIGGER keep \(event) BEGIN SELECT \(raise); END")
    // Rows, ledger, provenance and before-images.
    let dump = try sqlite3(path, ".dump")
    let error = #expect(throws: StoreError.self) { try undo(2) }
    #expect(error?.code == .constraint)
    for part in ["run 2 cannot be undone", "trigger", "Nothing was changed"] {
      #expect(error?.message.contains(part) == true)
    }
    #expect(try sqlite3(path, ".dump") == dump)
    try sqlite3(path, "DROP TRIGGER keep")
    let report = try undo(2)
    #expect(report.isSuccess && report.restored == 1 && report.removed == 3)
    #expect(try StoreContent(of: store) == before)
  }

  private func changeWhatIsWritten(_ change: String) throws {
    for event in ["INSERT", "UPDATE"] {
      try sqlite3(
        path,
        "CREATE TRIGGER on_\(event) AFTER \(event) ON strip_families "
          + "BEGIN UPDATE strip_families SET \(change) WHERE id = NEW.id; END")
    }
  }

  /// A row as a trigger changes it while a run writes it counts as written by the run.
  @Test(arguments: [
    "updated_at = '2030-01-01T00:00:00Z'", "name = name || '!'", "metadata_json = x'00ff'",
    "strip_width_mm = 3",
  ])
  func whatATriggerChangesIsNoEdit(_ change: String) throws {
    try changeWhatIsWritten(change)
    try migrate(files("Ebony"))
    let changes = try migrate(files("Maple"))
    #expect(changes.summary.statistics[.stripFamilies].updated >= 1)
    #expect(!changes.issues.contains { $0.severity == .warning })
    #expect(try store.read { try $0.editState(.stripFamilies, id: "f") } == .asWritten(run: 2))
    // Restoring a row writes it, too.
    let restoring = try undo(2)
    #expect(restoring.obstacles == [] && restoring.restored >= 1)
    #expect(try store.read { try $0.editState(.stripFamilies, id: "f") } == .asWritten(run: 1))
    let removing = try undo(1)
    #expect(removing.obstacles == [] && removing.removed == 3)
    #expect(try StoreContent(of: store).records.isEmpty)
  }

  @Test func aTimeThatATriggerSetsDoesNotMakeARowDiffer() throws {
    try changeWhatIsWritten("updated_at = '2030-01-01T00:00:00Z'")
    try migrate(files("Ebony"))
    let again = try migrate(files("Ebony"))
    #expect(again.outcomes.map(\.codes) == Array(repeating: ["duplicate.identical"], count: 3))
  }

  @Test func anEditIsOneBesideATriggerToo() throws {
    try changeWhatIsWritten("updated_at = '2030-01-01T00:00:00Z'")
    try migrate(files("Ebony"))
    try sqlite3(path, "UPDATE strip_families SET name = 'edited' WHERE id = 'f'")
    let edited = UndoObstacle(kind: .stripFamilies, id: "f", .isEdited)
    #expect(try undo(1).obstacles == [edited])
    #expect(try migrate(files("Maple")).summary.statistics.total.updated == 0)
    // The undo restores the edited row, which still counts as edited.
    #expect(try migrate(files("Maple"), force: true).summary.statistics.total.updated == 1)
    #expect(try undo(3).restored == 1)
    #expect(try store.read { try $0.record(.stripFamilies, id: "f")?["name"] } == .text("edited"))
    #expect(try undo(1).obstacles == [edited])
  }
}
