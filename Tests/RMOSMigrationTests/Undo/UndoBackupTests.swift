import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// The backup before an undo, and cancelled undos.
@Suite struct UndoBackupTests {
  private let work: TemporaryDirectory

  init() throws {
    work = try TemporaryDirectory()
    _ = try migrate(["a", "b"])
    _ = try migrate(["c"])
  }

  private func migrate(_ ids: [String]) throws -> MigrationSummary {
    let tree = try SourceTree()
    for id in ids { try tree.add("patterns/\(id).json", Texts.pattern(id)) }
    var options = Migration.Options()
    options.takesBackup = false
    return try Migration(from: tree.path, into: try store(), options: options).runSynchronously()
  }

  private func store() throws -> SQLiteStore { try SQLiteStore(path: work.file("x.db")) }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: work.path).sorted() }
  }

  private func content(_ name: String) throws -> StoreContent {
    try StoreContent(of: SQLiteStore(path: work.file(name), access: .readOnly))
  }

  @Test func theBackupIsTheDatabaseFromBeforeTheUndo() throws {
    let before = try content("x.db")
    let report = try Undo(of: 2, in: store()).runSynchronously()
    #expect(report.run == 3 && report.backup?.run == 3 && report.removed == 1)
    #expect(report.backup?.path == work.file("x.db.backup-3"))
    #expect(try JSONValue(parsing: report.json)["backup"] == .string(work.file("x.db.backup-3")))
    #expect(try names == ["x.db", "x.db.backup-3"])
    #expect(try content("x.db.backup-3") == before)
    let runs = try SQLiteStore(path: work.file("x.db.backup-3"), access: .readOnly).read {
      try $0.runs(limit: nil)
    }
    #expect(runs.map(\.id) == [2, 1] && runs.allSatisfy { $0.undoneBy == nil })
    let rights = try FileManager.default.attributesOfItem(atPath: work.file("x.db.backup-3"))
    #expect(rights[.posixPermissions] as? Int == 0o600)
  }

  /// Not even its journal mode changes, though the undo opened it for writing.
  @Test func anUndoWithObstaclesLeavesTheFileAsItWas() throws {
    let path = work.file("x.db")
    _ = try sqlite3(
      path, "PRAGMA journal_mode = DELETE; UPDATE patterns SET name = 'x' WHERE id = 'c'")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(try Undo(of: 2, in: store()).runSynchronously().obstacleCount == 1)
    #expect(throws: MigrationError.self) { try Undo(of: 99, in: store()).runSynchronously() }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try Undo(of: 1, in: store()).runSynchronously().removed == 2)
    #expect(try sqlite3(path, "PRAGMA journal_mode") == "wal")
    #expect(try names == ["x.db", "x.db.backup-3"])
  }

  @Test func anUndoThatChangesNoRowLeavesNone() throws {
    #expect(try migrate(["a"]).run == 3)
    let idle = try Undo(of: 3, in: store()).runSynchronously()
    #expect(idle.hasNothingToUndo && idle.run == nil && idle.backup == nil)
    #expect(try Undo(of: 2, in: store()) { $0.takesBackup = false }.runSynchronously().run == 4)
    let isUndone = try Undo(of: 2, in: store()).runSynchronously()
    #expect(!isUndone.isSuccess && isUndone.backup == nil)
    #expect(try Undo(of: 1, in: store()) { $0.isDryRun = true }.runSynchronously().backup == nil)
    #expect(throws: MigrationError.self) { try Undo(of: 99, in: store()).runSynchronously() }
    #expect(try names == ["x.db"])
    #expect(
      try Undo(of: 1, in: store()) { $0.takesBackup = false }.runSynchronously().backup == nil)
    #expect(try names == ["x.db"])
  }

  @Test func theLastThreeOfRunsAndUndosTogetherAreKept() throws {
    for number in 4...9 {
      let tree = try SourceTree(["patterns/n.json": Texts.pattern("n")])
      let store = try store()
      let run = try #require(
        try withExtendedLifetime(tree) {
          try Migration(from: tree.path, into: store).runSynchronously().run
        })
      #expect(run == Int64(2 * number - 5))
      #expect(try Undo(of: run, in: store).runSynchronously().isSuccess)
    }
    #expect(
      try names.filter { $0.contains("backup") }
        == ["x.db.backup-12", "x.db.backup-13", "x.db.backup-14"])
  }

  @Test func aBackupThatFailsStopsTheUndoBeforeAnythingIsWritten() throws {
    let before = try content("x.db")
    // Directories take the names of the file that would be written first.
    let name = "x.db.backup-3.incomplete-\(ProcessInfo.processInfo.processIdentifier)"
    for taken in [name] + (2...100).map({ "\(name)-\($0)" }) {
      try FileManager.default.createDirectory(
        atPath: work.file(taken), withIntermediateDirectories: true)
    }
    let error = #expect(throws: StoreError.self) { try Undo(of: 2, in: store()).runSynchronously() }
    #expect(error?.message.contains("run without a backup") == true)
    #expect(try content("x.db") == before)
    #expect(try store().read { try $0.runs(limit: nil) }.map(\.undoneBy) == [nil, nil])
    #expect(try Undo(of: 2, in: store()) { $0.takesBackup = false }.runSynchronously().isSuccess)
  }

  /// Cancelled at any moment: before, during the backup, during the statements.
  @Test func anUndoGivenUpChangesNothing() throws {
    _ = try migrate((0..<400).map { "m\($0)" })
    let before = try content("x.db")
    var isComplete = false
    var asked = 0
    for patience in 0..<10_000 where !isComplete {
      asked = 0
      let store = try store()
      do {
        let report = try Undo(of: 3, in: store).runSynchronously {
          asked += 1
          return asked > patience
        }
        isComplete = true
        #expect(report.removed == 400)
      } catch let error as StoreError {
        #expect(error.code == .cancelled)
        #expect(try content("x.db") == before)
        #expect(try names.filter { $0.contains("backup") } == [])
        // The store can still be written to.
        #expect(try store.write { try $0.runs(limit: 1).first?.undoneBy } == nil)
      }
    }
    #expect(isComplete && asked > 8)
    #expect(try names.filter { $0.contains("backup") } == ["x.db.backup-4"])
  }

  @Test func aRehearsalIsGivenUpToo() throws {
    let error = #expect(throws: StoreError.self) {
      try Undo(of: 2, in: store()) { $0.isDryRun = true }.runSynchronously { true }
    }
    #expect(error?.code == .cancelled)
    let memory = InMemoryStore()
    #expect(throws: StoreError.self) { try Undo(of: 1, in: memory).runSynchronously { true } }
  }
}
