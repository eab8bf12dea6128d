import Foundation
import RMOSStore
import RMOSTestSupport
import Testing

/// SIGKILL at any moment, then the same command again: the content is that of one quiet run.
@Suite(.serialized) struct KillTests {
  private static let arguments = ["migrate", "legacy", "--db", "x.db", "--batch-size", "40", "-q"]
  /// Kills a database survives before its run may complete.
  private static let killsPerDatabase = 3
  private static let databases = 4

  @Test func killedRunsAreCompletedByRunningAgain() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    let start = Date()
    #expect(try Tool.run(Self.arguments, in: workspace).status == 1)
    let duration = Date().timeIntervalSince(start)
    let quiet = try Content(of: workspace.file("x.db"))
    quiet.expectBalance("quiet run")

    var random = SeededGenerator(seed: 2025)
    var interrupted = 0
    for database in 0..<Self.databases {
      for file in workspace.listing where file.hasPrefix("x.db") {
        try FileManager.default.removeItem(atPath: workspace.file(file))
      }
      for kill in 0..<Self.killsPerDatabase {
        // Spread over the run: each kill of the twelve has its share of the duration.
        let share = Double(database * Self.killsPerDatabase + kill)
        let moment =
          (share + .random(in: 0..<1, using: &random))
          / Double(Self.databases * Self.killsPerDatabase)
        let tool = try RunningTool(Self.arguments, in: workspace)
        usleep(UInt32(moment * duration * 1e6))
        tool.send(SIGKILL)
        _ = try tool.wait()
        if workspace.exists("x.db"), try workspace.hasSchema("x.db") {
          try Content(of: workspace.file("x.db")).expectBalance(
            "database \(database), kill \(kill)")
        }
      }
      #expect(try Tool.run(Self.arguments, in: workspace).status == 1)
      let content = try Content(of: workspace.file("x.db"))
      #expect(content == quiet, "database \(database)")
      content.expectBalance("database \(database), completed")
      #expect(content.runs.first?.state == .completed)
      // Some kills came too early or too late to hit a run.
      let states = content.runs.map(\.state)
      #expect(states.allSatisfy { $0 == .completed || $0 == .interrupted })
      interrupted += states.count { $0 == .interrupted }
      if let integrity = try workspace.integrity("x.db") { #expect(integrity == "ok\n") }
      #expect(!workspace.exists("x.db-wal"))
      #expect(!workspace.exists("x.db.lock"))
    }
    #expect(interrupted > 0)
  }
}

extension Workspace {
  /// Whether a killed run came as far as creating the tables.
  fileprivate func hasSchema(_ name: String) throws -> Bool {
    guard let store = try? SQLiteStore(path: file(name), access: .readOnly) else { return false }
    return try store.read { try $0.schemaVersion() != nil }
  }
}
