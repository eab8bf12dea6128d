import Foundation
import RMOSModels
import RMOSStore
import Testing

/// The database, its directory or its lock is moved or removed while the program runs.
@Suite(.waiting) struct MovedDatabaseTests {
  /// Shell commands that move or replace `d/x.db`; `other.db` is another database.
  enum Loss: String, CaseIterable, Sendable {
    case renamed = "mv d/x.db d/moved.db"
    case deleted = "rm d/x.db"
    case replaced = "mv d/x.db d/moved.db && mv other.db d/x.db"
    case directoryRenamed = "mv d moved"
    case directoryReplaced = "mv d moved && mkdir d && mv other.db d/x.db"
    case directoryDeleted = "rm -r d"
    case lockDeleted = "rm d/x.db.lock"
    case lockReplaced = "rm d/x.db.lock && echo 1 > d/x.db.lock"
    case linked = "ln d/x.db d/moved.db"

    var code: String { self == .linked ? "store.hard-linked" : "store.replaced" }
    var newName: String? {
      switch self {
      case .renamed, .replaced: "d/moved.db"
      case .directoryRenamed, .directoryReplaced: "moved/x.db"
      case .deleted, .directoryDeleted: nil
      case .lockDeleted, .lockReplaced, .linked: "d/x.db"
      }
    }
    var putsAnother: Bool { self == .replaced || self == .directoryReplaced }
  }

  private func prepared() throws -> Workspace {
    let workspace = try Workspace()
    try FileManager.default.createDirectory(
      atPath: workspace.file("d"), withIntermediateDirectories: false)
    // The options of the server in these tests.
    try FileManager.default.createSymbolicLink(
      atPath: workspace.file("x.db"), withDestinationPath: "d/x.db")
    #expect(try Tool.run(["init", "--db", "other.db"], in: workspace).status == 0)
    return workspace
  }

  private func ids(_ kind: EntityKind, _ name: String, in workspace: Workspace) throws -> [String] {
    let store = try SQLiteStore(path: workspace.file(name), access: .readOnly)
    return try store.read { try $0.records(RecordQuery(kind)).map(\.id) }
  }

  /// Expects that no log is left in the place of the database, and that a database there is sound.
  private func expectNoLog(_ loss: Loss, in workspace: Workspace) throws {
    for suffix in ["-wal", "-shm", "-journal"] { #expect(!workspace.exists("d/x.db\(suffix)")) }
    guard loss.putsAnother else { return }
    if let integrity = try workspace.integrity("d/x.db") { #expect(integrity == "ok\n") }
    #expect(try ids(.patterns, "d/x.db", in: workspace).isEmpty)
  }

  private func code(_ result: Tool.Result) throws -> String? {
    (try result.json["error"] as? [String: Any])?["code"] as? String
  }

  /// Every entity is reported, in more words than a pipe holds, so the run cannot end before they
  /// are read; and each is a batch.
  @Test(arguments: Loss.allCases)
  func aMigrationStops(_ loss: Loss) throws {
    let workspace = try prepared()
    let words = String(repeating: "odd ", count: 60)
    let lines = (0..<400).map { number in
      #"{"id":"j\#(number)","job_type":"\#(words)\#(number)","parameters":{"n":1}}"#
    }
    try workspace.write(lines.joined(separator: "\n"), to: "legacy/joblogs/all.jsonl")
    let tool = try RunningTool(
      ["migrate", "legacy", "--db", "d/x.db", "--batch-size", "1", "-v", "--json"], in: workspace,
      holdsErrors: true)
    var committed = 0
    while committed == 0, tool.isRunning {
      committed = (try? ids(.joblogs, "d/x.db", in: workspace).count) ?? 0
    }
    // It does not move while files are: of several, it would write one again that is gone already.
    try tool.stop()
    #expect(try Tool.shell(loss.rawValue, in: workspace).status == 0)
    tool.send(SIGCONT)
    let result = try tool.wait()
    #expect(result.status == 3)
    #expect(try code(result) == loss.code)
    if loss != .linked { try expectNoLog(loss, in: workspace) }
    guard let name = loss.newName else { return }
    if loss == .linked { _ = try Tool.shell("rm d/moved.db", in: workspace) }
    // All committed rows exist, and no run counts as completed.
    let content = try Content(of: workspace.file(name))
    content.expectBalance("\(loss)")
    let count = content.records[.joblogs]?.count ?? 0
    #expect(count >= committed && count < lines.count)
    #expect(content.runs.map(\.state) != [.completed])
    if let integrity = try workspace.integrity(name) { #expect(integrity == "ok\n") }
    // After the database is moved back, the next run completes the migration.
    let again = try Tool.run(["migrate", "legacy", "--db", name, "-q"], in: workspace)
    #expect(again.status == 0)
    #expect(try ids(.joblogs, name, in: workspace).count == lines.count)
  }

  /// Another application holds the database while the undo, which has it open already, waits.
  @Test(.enabled(if: Tool.has("sqlite3"), "sqlite3 is not installed"), arguments: Loss.allCases)
  func anUndoStops(_ loss: Loss) throws {
    let workspace = try prepared()
    try workspace.writeSmallTree()
    let migrated = try Tool.run(["migrate", "legacy", "--db", "d/x.db"], in: workspace)
    #expect(migrated.status == 0)
    let other = Process()
    let (input, output) = (Pipe(), Pipe())
    other.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    other.arguments = ["sqlite3", "-init", "/dev/null", "-batch", workspace.file("d/x.db")]
    (other.standardInput, other.standardOutput) = (input, output)
    try other.run()
    try input.fileHandleForWriting.write(contentsOf: Data("BEGIN IMMEDIATE; SELECT 1;\n".utf8))
    #expect(try output.fileHandleForReading.read(upToCount: 2) == Data("1\n".utf8))
    let tool = try RunningTool(
      ["undo", "1", "--db", "d/x.db", "--no-backup", "--json"], in: workspace)
    // Its number is in the lock file once the lock counts; before that, a lock that vanishes is
    // just acquired again.
    func holdsLock() -> Bool {
      (try? String(contentsOfFile: workspace.file("d/x.db.lock"), encoding: .utf8))?
        .hasSuffix("\n") == true
    }
    try tool.wait(until: "it holds the lock", holdsLock)
    // It waits for the other five seconds at most, however long all this takes.
    try tool.stop()
    #expect(try Tool.shell(loss.rawValue, in: workspace).status == 0)
    // Killed as in a crash, so that it does not close the database properly.
    kill(other.processIdentifier, SIGKILL)
    other.waitUntilExit()
    tool.send(SIGCONT)
    let result = try tool.wait()
    #expect(result.status == 3)
    #expect(try code(result) == loss.code)
    if loss != .linked { try expectNoLog(loss, in: workspace) }
    guard let name = loss.newName else { return }
    if loss == .linked { _ = try Tool.shell("rm d/moved.db", in: workspace) }
    #expect(try ids(.patterns, name, in: workspace) == ["p1"])
    #expect(try Content(of: workspace.file(name)).runs.count == 1)
  }

  /// Creates a pattern, again while the database is busy: then the answer says to come back in a
  /// second, and how often that is depends on the machine.
  private func create(_ id: String, _ serving: Serving) throws -> String {
    let json = #"{"id":"\#(id)","name":"Rope","ring_count":3,"geometry":{"w":9}}"#
    let words = ["-X", "POST", "-H", "Content-Type: application/json", "-d", json]
    while true {
      let answer = try serving.curl("api/rmos/stores/patterns", words)
      if !answer.contains("Retry-After: 1\r\n") { return answer }
    }
  }

  private static let losses = Loss.allCases.filter {
    // A server holds the lock only during a write.
    $0 != .lockDeleted && $0 != .lockReplaced
  }

  @Test(.enabled(if: Tool.has("curl"), "curl is not installed"), arguments: losses, [true, false])
  func aServerClaimsNothing(_ loss: Loss, _ allowsWrites: Bool) throws {
    let workspace = try prepared()
    try workspace.writeSmallTree()
    let migrated = try Tool.run(["migrate", "legacy", "--db", "d/x.db"], in: workspace)
    #expect(migrated.status == 0)
    let serving = try Serving(allowsWrites ? ["--allow-writes"] : [], in: workspace)
    let api = "api/rmos/stores/"
    if allowsWrites { #expect(try create("before", serving).contains("HTTP/1.1 201 ")) }
    for path in ["patterns", "migration/status", "patterns/p1"] {
      #expect(try serving.json(api + path).status == 200)
    }
    #expect(try Tool.shell(loss.rawValue, in: workspace).status == 0)
    if allowsWrites { #expect(try create("after", serving).contains("HTTP/1.1 503 ")) }
    let follows = !allowsWrites && loss.putsAnother
    for path in ["patterns", "migration/status"] {
      let answer = try serving.json(api + path)
      #expect(answer.status == (follows ? 200 : 503), "\(path)")
      if follows, path == "patterns" { #expect(answer.json["total"] as? Int == 0) }
    }
    #expect(try serving.json(api + "patterns/p1").status == (follows ? 404 : 503))
    #expect(try serving.curl("").contains("HTTP/1.1 \(follows ? 200 : 503) "))
    #expect(try serving.stop().status == 0)
    try expectNoLog(loss, in: workspace)
    guard let name = loss.newName else { return }
    if loss == .linked { _ = try Tool.shell("rm d/moved.db", in: workspace) }
    let expected = allowsWrites ? ["before", "p1"] : ["p1"]
    #expect(try ids(.patterns, name, in: workspace).sorted() == expected)
  }

  /// The server gets no request between the loss of the database and its end.
  @Test(.enabled(if: Tool.has("curl"), "curl is not installed"))
  func aServerThatEndsLeavesNoLog() throws {
    for loss in [Loss.renamed, .replaced, .directoryReplaced] {
      let workspace = try prepared()
      #expect(try Tool.run(["init", "--db", "d/x.db"], in: workspace).status == 0)
      let serving = try Serving(["--allow-writes"], in: workspace)
      #expect(try create("p", serving).contains("HTTP/1.1 201 "))
      #expect(try Tool.shell(loss.rawValue, in: workspace).status == 0)
      #expect(try serving.stop().status == 0)
      try expectNoLog(loss, in: workspace)
      #expect(try ids(.patterns, try #require(loss.newName), in: workspace) == ["p"])
    }
  }
}
