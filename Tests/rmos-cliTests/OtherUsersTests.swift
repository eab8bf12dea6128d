import Foundation
import Testing

/// Two users of one group, and a directory for both.
enum Users {
  /// A directory that other users may enter, from where they can start the program.
  static let place: String? = {
    guard geteuid() == 0 else { return nil }
    let candidates = [FileManager.default.temporaryDirectory.path, "/var/tmp", "/dev/shm"]
    return candidates.first { place in
      Tool.succeeds("\(owner) test -x '\(place)' && \(owner) \"$CLI\" --version")
    }
  }()

  static let owner = "setpriv --reuid=3001 --regid=4000 --clear-groups"
  static let other = "setpriv --reuid=3002 --regid=4000 --clear-groups"
}

/// Several users share a database.
///
/// The tests need root, to run as several users.
@Suite(
  .waiting,
  .enabled(
    if: Users.place != nil, "not root, or no setpriv(1), or no place that all may enter"))
struct OtherUsersTests {
  private let workspace: Workspace
  private let directory: String

  init() throws {
    workspace = try Workspace()
    directory = (Users.place ?? "") + "/rmos-users-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o755])
  }

  private func removeAll() { try? FileManager.default.removeItem(atPath: directory) }

  private func shell(_ command: String) throws -> Tool.Result {
    try Tool.shell("cd '\(directory)' && \(command)", in: workspace)
  }

  /// A database of `owner` in a directory of his that his group may write to.
  private func prepare() throws {
    let pattern = #"{"id":"a","name":"Rope","ring_count":5,"geometry":{"width":9}}"#
    let result = try shell(
      """
      mkdir -p src/patterns shared && chown 3001:4000 shared && chmod 2775 shared &&
      echo '\(pattern)' > src/patterns/a.json &&
      (umask 022; \(Users.owner) "$CLI" migrate src --db shared/shop.db -q)
      """)
    #expect(result.status == 0, "\(result.errors)")
  }

  private func expectOwnerIsNotLockedOut() throws {
    let result = try shell("\(Users.owner) \"$CLI\" migrate src --db shared/shop.db")
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test(arguments: [
    ("status", 0), ("runs", 0), ("history", 0), ("audit", 0), ("diff src", 0),
    ("report --run 1", 0),
    ("export out", 0), ("backup shared/copy.db", 0), ("undo 1 --dry-run", 3),
    ("migrate src", 3), ("migrate src --dry-run", 3), ("init", 3), ("undo 1", 3),
    ("serve --port 0 --allow-writes", 3),
  ])
  func anotherUserLeavesNothing(_ command: String, _ status: Int32) throws {
    defer { removeAll() }
    try prepare()
    _ = try shell("chmod 777 .")
    let before = try shell("ls shared").output
    let result = try shell("\(Users.other) \"$CLI\" \(command) --db shared/shop.db")
    #expect(result.status == status, "\(result.errors)")
    let after = try shell("rm -f shared/copy.db; ls shared").output
    #expect(after == before)
    try expectOwnerIsNotLockedOut()
  }

  @Test(arguments: ["-wal", "-shm"])
  func aFileOfAnotherThatIsInTheWayIsNamedWithItsOwner(_ suffix: String) throws {
    defer { removeAll() }
    try prepare()
    _ = try shell("umask 077; : > shared/shop.db\(suffix); chown 3002 shared/shop.db\(suffix)")
    let result = try shell("\(Users.owner) \"$CLI\" migrate src --db shared/shop.db")
    #expect(result.status == 3)
    #expect(result.errors.contains("shop.db\(suffix) cannot be written"))
    #expect(result.errors.contains("user 3002's"))
    #expect(try shell("rm shared/shop.db\(suffix)").status == 0)
    try expectOwnerIsNotLockedOut()
  }

  @Test func aLogOfTheOwnersNeedsThePermissionsOfTheDatabase() throws {
    defer { removeAll() }
    try prepare()
    let log = "shared/shop.db-wal"
    _ = try shell(
      "chmod 664 shared/shop.db; echo log > \(log); chown 3001 \(log); chmod 600 \(log)")
    let result = try shell("\(Users.other) \"$CLI\" migrate src --db shared/shop.db")
    #expect(result.status == 3 && result.errors.contains("(chmod), or have"), "\(result.errors)")
  }

  @Test func whatRootsKilledRunLeftLocksNobodyOut() throws {
    defer { removeAll() }
    try prepare()
    _ = try shell("umask 077; : > shared/shop.db.lock")
    try expectOwnerIsNotLockedOut()
    #expect(try shell("ls shared").output == "shop.db\n")
  }

  /// A file that may not be removed is named.
  @Test func aLockThatMayNotBeRemovedIsNamedWithItsOwner() throws {
    defer { removeAll() }
    try prepare()
    _ = try shell("umask 077; : > shared/shop.db.lock; chown 0 shared; chmod 3777 shared")
    let result = try shell("\(Users.owner) \"$CLI\" migrate src --db shared/shop.db")
    #expect(result.status == 3)
    #expect(result.errors.contains("shop.db.lock: Permission denied: the file is root's"))
    let status = try shell("\(Users.owner) \"$CLI\" status --db shared/shop.db")
    #expect(status.status == 0)
  }

  @Test func rootsLockIsTheOwners() throws {
    defer { removeAll() }
    try prepare()
    // A connection that holds the database keeps the run waiting, and its lock in place.
    let result = try shell(
      """
      coproc sqlite3 -init /dev/null -batch shared/shop.db
      echo 'BEGIN IMMEDIATE; SELECT 1;' >&"${COPROC[1]}"; read -r _ <&"${COPROC[0]}"
      umask 077; "$CLI" migrate src --db shared/shop.db -q & run=$!
      until [ -s shared/shop.db.lock ]; do kill -0 $run || exit; done
      stat -c '%u %g %a' shared/shop.db.lock
      kill -9 $run; wait $run; kill -9 $COPROC_PID; ls shared
      """)
    #expect(result.output.hasPrefix("3001 4000 644\n"), "\(result.output) \(result.errors)")
    #expect(result.output.contains("shop.db.lock\n"))
    try expectOwnerIsNotLockedOut()
  }

  @Test func aDirectoryThatMayNotBeSearchedIsNotMissing() throws {
    defer { removeAll() }
    try prepare()
    _ = try shell("chmod 700 shared && chown 0 shared")
    for command in ["status", "audit", "migrate src", "migrate src --dry-run", "backup b.db"] {
      let result = try shell("\(Users.owner) \"$CLI\" \(command) --db shared/shop.db")
      #expect(result.status == 3)
      #expect(result.errors.contains("Permission denied"), "\(command): \(result.errors)")
      #expect(!result.errors.contains("there is no"))
    }
  }
}
