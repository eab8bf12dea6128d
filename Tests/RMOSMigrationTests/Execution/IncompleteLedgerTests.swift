import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// A database whose ledger has lost a table.
@Suite struct IncompleteLedgerTests {
  private static let tables = [
    "migration_runs", "migration_provenance", "migration_issues", "migration_before_images",
  ]

  private let directory: TemporaryDirectory
  private let path: String
  private let tree: SourceTree

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
    tree = try SourceTree()
    try tree.add("strip_families/f.json", Texts.family("f", more: #", "shelf": 7"#))
    try tree.add("patterns/p.json", Texts.pattern("p", family: "f"))
    _ = try RecordedMigration(tree, into: SQLiteStore(path: path))
  }

  private func lose(_ table: String) throws {
    _ = try sqlite3(path, "DROP TABLE \(table)")
  }

  @Test(arguments: tables.filter { $0 != "migration_provenance" })
  func theOthersAreStillRead(_ table: String) throws {
    try lose(table)
    let store = try SQLiteStore(path: path, access: .readOnly)
    var options = Export.Options()
    options.layout = .lines
    let exported = directory.file("exported")
    _ = try Export(of: store, to: exported, options: options).runSynchronously()
    let families = try String(
      contentsOfFile: "\(exported)/strip_families/strip_families.jsonl", encoding: .utf8)
    #expect(families.contains(#""shelf":7"#))
    try store.read { reader throws in
      #expect(try reader.provenance(.patterns, id: "p")?.path == "patterns/p.json")
      #expect(try reader.runs(limit: nil).count == (table == "migration_runs" ? 0 : 1))
      #expect(try reader.inspection.missingTables() == [table])
    }
  }

  @Test(arguments: tables)
  func aDryRunPredictsTheRunThatCompletesIt(_ table: String) throws {
    try lose(table)
    var options = Migration.Options()
    options.onDuplicate = .update
    options.isDryRun = true
    let store = try SQLiteStore(path: path, access: .readOnly)
    let foreseen = try RecordedMigration(tree, into: store, options)
    options.isDryRun = false
    let real = try RecordedMigration(tree, into: SQLiteStore(path: path), options)
    #expect(foreseen.summary.statistics == real.summary.statistics)
    #expect(foreseen.issues == real.issues)
    #expect(foreseen.issues.contains { $0.code == .storeIncomplete })
    // A store that was opened before sees the table that the run created.
    try store.read { reader throws in
      #expect(try reader.inspection.missingTables() == [])
      #expect(try reader.run(real.summary.run ?? 0) != nil)
    }
  }

  @Test func theRunsOfALostTableKeepTheirNumbers() throws {
    try lose("migration_runs")
    let store = try SQLiteStore(path: path)
    #expect(try RecordedMigration(tree, into: store).summary.run == 2)
    #expect(try Undo(of: 2, in: store).runSynchronously().counts.removed[.patterns] ?? 0 == 0)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 1)
  }
}
