import Foundation
import RMOSStore
import RMOSTestSupport
import Testing

/// SIGKILL at any moment, then the same command again: the content is that of an uninterrupted run.
@Suite(.waitingLongest) struct KillTests {
  private static let arguments = ["migrate", "legacy", "--db", "x.db", "--batch-size", "40", "-v"]
  /// The number of kills before a run may complete.
  private static let killsPerDatabase = 3
  private static let databases = 4

  @Test func killedRunsAreCompletedByRunningAgain() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree(isOdd: true, familyCount: 150, patternCount: 450, jobCount: 900)
    let quietRun = try Tool.run(Self.arguments, in: workspace)
    #expect(quietRun.status == 1)
    let quiet = try Content(of: workspace.file("x.db"))
    quiet.expectBalance("quiet run")

    var random = SeededGenerator(seed: 2025)
    let kills = Self.databases * Self.killsPerDatabase
    for database in 0..<Self.databases {
      for file in workspace.listing where file.hasPrefix("x.db") {
        try FileManager.default.removeItem(atPath: workspace.file(file))
      }
      try workspace.writeEndlessFile()
      for kill in 0..<Self.killsPerDatabase {
        // Spread over the run: each of the twelve kills comes in its own share of what is reported.
        let share = Double(database * Self.killsPerDatabase + kill)
        let moment = (share + .random(in: 0..<1, using: &random)) / Double(kills)
        let reported = 10_000 + Int(moment * Double(quietRun.errors.utf8.count - 20_000))
        let tool = try RunningTool(Self.arguments, in: workspace)
        try tool.wait(until: "so much is reported", every: .microseconds(200)) {
          tool.sizeOfErrors >= reported
        }
        tool.send(SIGKILL)
        #expect(try tool.wait().status == 128 + SIGKILL)
        try Content(of: workspace.file("x.db")).expectBalance("database \(database), kill \(kill)")
      }
      try workspace.removeEndlessFile()
      #expect(try Tool.run(Self.arguments, in: workspace).status == 1)
      let content = try Content(of: workspace.file("x.db"))
      #expect(content == quiet, "database \(database)")
      content.expectBalance("database \(database), completed")
      let killed = Array(repeating: LedgerRun.State.interrupted, count: Self.killsPerDatabase)
      #expect(content.runs.map(\.state) == [.completed] + killed)
      if let integrity = try workspace.integrity("x.db") { #expect(integrity == "ok\n") }
      #expect(!workspace.exists("x.db-wal"))
      #expect(!workspace.exists("x.db.lock"))
    }
  }
}
