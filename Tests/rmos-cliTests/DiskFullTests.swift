import Foundation
import RMOSStore
import Testing

/// A disk without room ends the run with status 3; what was committed is whole, and running again
/// with more room completes it.
@Suite(.waiting) struct DiskFullTests {
  private static let arguments = ["--batch-size", "40"]

  private func quietContent(_ workspace: Workspace) throws -> Content {
    let result = try Tool.run(["migrate", "legacy", "--db", "quiet.db"], in: workspace)
    #expect(result.status == 1)
    return try Content(of: workspace.file("quiet.db"))
  }

  private func expectWhole(_ database: String, in workspace: Workspace) throws {
    let content = try Content(of: workspace.file(database))
    content.expectBalance("after the failure")
    if let integrity = try workspace.integrity(database) { #expect(integrity == "ok\n") }
  }

  @Test(.enabled(if: DiskFullTests.canMount, "mounting a tmpfs is not allowed here"))
  func aFullFileSystemLeavesWholeBatches() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    let quiet = try quietContent(workspace)
    let mounted = try Tool.shell(
      "mkdir small && mount -t tmpfs -o size=1m none small", in: workspace)
    try #require(mounted.status == 0)
    defer { _ = try? Tool.shell("umount small", in: workspace) }

    let command = ["migrate", "legacy", "--db", "small/x.db"] + Self.arguments
    let full = try Tool.run(command + ["--json"], in: workspace)
    #expect(full.status == 3)
    #expect((try full.json["error"] as? [String: String])?["code"] == "store.disk-full")

    #expect(try Tool.shell("mount -o remount,size=64m small", in: workspace).status == 0)
    try expectWhole("small/x.db", in: workspace)
    let again = try Tool.run(command, in: workspace)
    #expect(again.status == 1, "\(again.errors)")
    #expect(try Content(of: workspace.file("small/x.db")) == quiet)
    #expect(try Content(of: workspace.file("small/x.db")).runs.first?.state == .completed)
  }

  @Test(.enabled(if: DiskFullTests.canMount, "mounting a tmpfs is not allowed here"))
  func ofAnAtomicRunNothingIsKept() throws {
    let workspace = try Workspace()
    #expect(try Tool.run(["sample", "legacy", "--count", "3000"], in: workspace).status == 0)
    let mounted = try Tool.shell(
      "mkdir small && mount -t tmpfs -o size=1m none small", in: workspace)
    try #require(mounted.status == 0)
    defer { _ = try? Tool.shell("umount small", in: workspace) }
    let command = ["migrate", "legacy", "--db", "small/x.db", "--atomic"]
    let result = try Tool.run(command, in: workspace)
    #expect(result.status == 3)
    #expect(
      result.output.contains("Stopped: the database failed: legacy into small/x.db; nothing was"))
    let report = try Tool.run(command + ["--json"], in: workspace)
    #expect(report.status == 3 && !report.output.contains("what was committed is kept"))
    #if os(Linux)
      #expect(!workspace.exists("small/x.db"))
    #endif
  }

  @Test func aLimitOfTheFileSizeLeavesWholeBatches() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    let quiet = try quietContent(workspace)
    let command = "migrate legacy --db x.db --batch-size 40"
    let limited = try Tool.shell(
      #"ulimit -f 400; "$CLI" \#(command) --json"#, in: workspace)
    #expect(limited.status == 3)
    let error = try #require(try limited.json["error"] as? [String: String])
    #expect(error["code"] == "store.disk-full")
    #expect(error["message"]?.contains("ulimit") == true)
    // The hint is shown only if the command line does not follow it already.
    for (option, isOffered) in [("", true), (" --no-backup", false)] {
      let result = try Tool.shell(#"ulimit -f 400; "$CLI" \#(command)\#(option)"#, in: workspace)
      #expect(result.status == 3)
      #expect(result.errors.contains("--no-backup") == isOffered)
    }
    // A new database has no backup.
    let new = try Tool.shell(
      #"ulimit -f 400; "$CLI" \#(command.replacing("x.db", with: "y.db")) -q"#, in: workspace)
    #expect(new.status == 3 && new.errors.contains("Next: fix the problem, then rmos-cli migrate"))
    #expect(!new.errors.contains("--no-backup") && new.errors.hasSuffix("with --db FILE.\n"))
    try expectWhole("x.db", in: workspace)
    #expect(try Tool.shell(#""$CLI" \#(command)"#, in: workspace).status == 1)
    #expect(try Content(of: workspace.file("x.db")) == quiet)
  }

  /// Messages do not mention files that the user did not name.
  @Test(.enabled(if: DiskFullTests.canMount, "mounting a tmpfs is not allowed here"))
  func aFileSystemThatOnlyReadsIsNamed() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let mounted = try Tool.shell(
      #"mkdir m && mount -t tmpfs none m && "$CLI" migrate legacy --db m/x.db -q "#
        + "&& mount -o remount,ro m", in: workspace)
    try #require(mounted.status == 0)
    defer { _ = try? Tool.shell("umount m", in: workspace) }
    for command in [["migrate", "legacy"], ["undo", "1"], ["init"]] {
      let result = try Tool.run(command + ["--db", "m/x.db"], in: workspace)
      #expect(result.status == 3)
      #expect(result.errors.contains("/m: Read-only file system; writing needs"))
    }
    #expect(try Tool.run(["audit", "--db", "m/x.db"], in: workspace).status == 0)
  }

  /// Whether this process may mount a file system: as root, outside of most containers.
  static let canMount: Bool = {
    guard let workspace = try? Workspace() else { return false }
    let result = try? Tool.shell(
      "mkdir m && mount -t tmpfs -o size=64k none m && umount m", in: workspace)
    return result?.status == 0
  }()
}
