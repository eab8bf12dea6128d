import Foundation
import RMOSStore
import Testing

/// `backup`, and the backup before a migration.
@Suite(.waiting) struct BackupCommandTests {
  private func migrated() throws -> Workspace {
    try PreparedWorkspace.migrated.get().copy()
  }

  @Test func aBackupIsSummedUp() throws {
    let workspace = try migrated()
    let result = try Tool.shell("umask 0; $CLI backup b.db --db x.db", in: workspace)
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(result.output.wholeMatch(of: /Backed up x\.db to b\.db \([\d,]+ bytes\)\n/) != nil)
    #expect(try Content(of: workspace.file("b.db")) == Content(of: workspace.file("x.db")))
    #expect(try Tool.shell("stat -c %a b.db || stat -f %Lp b.db", in: workspace).output == "600\n")
    #expect(workspace.listing.filter { !$0.hasPrefix("legacy") } == ["b.db", "x.db"])
  }

  @Test func aFileThatIsThereIsRefusedUnlessForced() throws {
    let workspace = try migrated()
    try workspace.write("kept", to: "b.db")
    let refused = try Tool.run(["backup", "b.db", "--db", "x.db", "--json"], in: workspace)
    #expect(refused.status == 3)
    #expect((try refused.json["error"] as? [String: String])?["code"] == "backup.exists")
    #expect(try workspace.text("b.db") == "kept")
    let forced = try Tool.run(
      ["backup", "b.db", "--db", "x.db", "--force", "--json"], in: workspace)
    #expect(forced.status == 0)
    let json = try forced.json
    #expect(json["success"] as? Bool == true)
    #expect(json["database"] as? String == "x.db" && json["backup"] as? String == "b.db")
    #expect((json["bytes"] as? Int ?? 0) > 0)
    let itself = try Tool.run(["backup", "x.db", "--db", "x.db", "--force"], in: workspace)
    #expect(itself.status == 3 && itself.errors.contains("is the database itself"))
  }

  @Test func onlyARegularFileIsReplaced() throws {
    let workspace = try migrated()
    let script = """
      mkfifo pipe && ln -s pipe link && : >b.db && ln -s b.db alias
      for name in pipe link alias; do $CLI backup $name --db x.db --force; echo $?; done
      test -p pipe && test -L link && test -L alias && test -s b.db
      """
    let result = try Tool.shell(script, in: workspace)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("3\n3\nBacked up x.db to alias "))
    #expect(result.errors.contains("pipe is a named pipe, not a regular file; name another file"))
  }

  @Test func aBackupNeedsADatabaseAndAFile() throws {
    let workspace = try Workspace()
    #expect(try Tool.run(["backup", "b.db", "--db", "x.db"], in: workspace).status == 3)
    #expect(try Tool.run(["backup"], in: workspace).status == 2)
    #expect(workspace.listing.isEmpty)
  }

  @Test func backupsTakenWhileAMigrationWritesAreConsistent() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let tool = try RunningTool(
      ["migrate", "legacy", "--db", "x.db", "--batch-size", "20", "-q"], in: workspace)
    var number = 0
    while tool.isRunning && number < 10 || number == 0 {
      let result = try Tool.run(["backup", "b\(number).db", "--db", "x.db"], in: workspace)
      #expect(result.status == 0, "\(result.errors)")
      number += 1
    }
    #expect(try tool.wait().status == 1)
    for backup in 0..<number {
      try Content(of: workspace.file("b\(backup).db")).expectBalance("backup \(backup)")
      if let integrity = try workspace.integrity("b\(backup).db") { #expect(integrity == "ok\n") }
    }
  }

  @Test func aMigrationSaysWhereItsBackupIs() throws {
    let workspace = try migrated()
    let before = try Content(of: workspace.file("x.db"))
    try workspace.writeOddJobLog()
    let result = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    #expect(result.output.contains("\nBackup:  x.db.backup-2 (from before this run)\n"))
    #expect(try Content(of: workspace.file("x.db.backup-2")) == before)
    try workspace.write(
      #"{"id": "j3", "job_type": "slice", "parameters": {"a": 1}}"#, to: "legacy/joblogs/j3.json")
    let json = try Tool.run(["migrate", "legacy", "--db", "x.db", "--json"], in: workspace).json
    #expect((json["run"] as? [String: Any])?["backup"] as? String == "x.db.backup-3")
    try workspace.write(
      #"{"id": "j4", "job_type": "slice", "parameters": {"a": 1}}"#, to: "legacy/joblogs/j4.json")
    let without = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "--no-backup"], in: workspace)
    #expect(without.status == 0 && !without.output.contains("Backup"))
    #expect(
      workspace.listing.filter { $0.contains("backup") } == ["x.db.backup-2", "x.db.backup-3"])
  }

  @Test func aBackupPutBackIsTheDatabaseFromBefore() throws {
    let workspace = try migrated()
    let before = try Content(of: workspace.file("x.db"))
    try workspace.writeOddJobLog()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let restored = try Tool.shell("rm -f x.db-wal x.db-shm; cp x.db.backup-2 x.db", in: workspace)
    #expect(restored.status == 0)
    #expect(try Content(of: workspace.file("x.db")) == before)
    #expect(try Tool.run(["audit", "--db", "x.db"], in: workspace).status == 0)
  }
}
