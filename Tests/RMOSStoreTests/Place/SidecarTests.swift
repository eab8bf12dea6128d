import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite("What stands beside a database")
struct SidecarTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
  }

  private func fill() throws {
    let store = try SQLiteStore(path: path)
    try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
  }

  /// Leaves a log that holds changes, like a process that was killed.
  private func leaveLog() throws {
    let other = try Command("sqlite3", ["-init", "/dev/null", "-batch", path])
    try other.send("DELETE FROM patterns; SELECT 'gone';")
    #expect(other.line() == "gone")
    other.kill()
  }

  @Test(arguments: Obstacle.allCases, ["-wal", "-shm", "-journal"])
  func whatIsInTheWayIsNamed(_ obstacle: Obstacle, _ suffix: String) throws {
    try fill()
    try obstacle.create(path + suffix, in: directory)
    let before = try names
    for access in [SQLiteStore.Access.create, .readWrite, .readOnly, .inspect] {
      let error = #expect(throws: StoreError.self) {
        _ = try SQLiteStore(path: path, access: access)
      }
      #expect(error?.code == .cannotOpen)
      #expect(
        error?.message.hasPrefix("\(path)\(suffix) is \(obstacle.words)") == true,
        "\(error?.message ?? "")")
    }
    #expect(try names == before)
  }

  @Test(arguments: [0, 3, 32_768, 40_000])
  func anIndexOfGarbageIsNoHindrance(_ size: Int) throws {
    for access in [SQLiteStore.Access.readOnly, .inspect, .readWrite] {
      for name in try names { try FileManager.default.removeItem(atPath: directory.file(name)) }
      try fill()
      try leaveLog()
      var generator = SeededGenerator(seed: 11)
      try write(
        (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }, to: path + "-shm")
      let store = try SQLiteStore(path: path, access: access)
      #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 0)
    }
  }

  /// A crash before the first page is written leaves such a log, with or without an index.
  @Test(arguments: [[], [SQLiteStore.Access.readOnly], [.inspect], [.readOnly, .inspect]])
  func aLogOfNothingButItsHeaderIsNoHindrance(_ earlier: [SQLiteStore.Access]) throws {
    try fill()
    try leaveLog()
    let header = try #require(FileManager.default.contents(atPath: path + "-wal")?.prefix(32))
    _ = try sqlite3(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    try header.write(to: URL(fileURLWithPath: path + "-wal"))
    for index in [false, true] {
      try? FileManager.default.removeItem(atPath: path + "-shm")
      if index {
        // Older versions leave such an index, like any connection of a user who may write.
        let other = try Command("sqlite3", ["-readonly", "-init", "/dev/null", "-batch", path])
        try other.send("SELECT 'read' FROM (SELECT count(*) FROM patterns);")
        #expect(other.line() == "read")
        _ = try other.finish()
        #expect(try names.contains("rmos.db-shm"))
      }
      let before = try contents(directory.path)
      for access in earlier + [.inspect, .readOnly] {
        let store = try SQLiteStore(path: path, access: access)
        #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 0)
        #expect(try contents(directory.path) == before)
      }
    }
  }

  /// Without a valid index only a writer can tell what belongs to the database.
  @Test func aLogThatIsNoneIsNamed() throws {
    try fill()
    try write((0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 7) }, to: path + "-wal")
    _ = try SQLiteStore(path: path, access: .readOnly)
    let error = #expect(throws: StoreError.self) { try SQLiteStore(path: path, access: .inspect) }
    #expect(error?.message.contains("\(path)-wal") == true)
    #expect(error?.message.contains("open the database once for writing") == true)
    do { _ = try SQLiteStore(path: path) }
    #expect(try names == ["rmos.db"])
    _ = try SQLiteStore(path: path, access: .inspect)
  }

  @Test(arguments: [SQLiteStore.Access.readOnly, .inspect])
  func readingLeavesNothing(_ access: SQLiteStore.Access) throws {
    try fill()
    let before = try contents(directory.path)
    let store = try SQLiteStore(path: path, access: access)
    _ = try store.read { try $0.count(RecordQuery(.patterns)) }
    _ = store.changeToken()
    _ = store.hasWriter
    let target = try TemporaryDirectory()
    try store.backUpSynchronously(to: target.file("b.db"))
    #expect(try contents(directory.path) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: target.path) == ["b.db"])
  }

  /// An application in rollback mode, as most older ones use, may be writing at the same time.
  @Test(arguments: [SQLiteStore.Access.readOnly, .inspect])
  func aBackupLocksADatabaseWithoutALog(_ access: SQLiteStore.Access) throws {
    let path = try Fixtures.copyDatabase(version: 2, into: directory)
    let before = try names
    let store = try SQLiteStore(path: path, access: access)
    let target = try TemporaryDirectory()
    var isBlocked = false
    try store.backUpSynchronously(to: target.file("b.db")) {
      do {
        try sqlite3(path, "PRAGMA busy_timeout = 0; DELETE FROM joblogs")
      } catch {
        isBlocked = (error as? ShellFailure)?.text.contains("locked") == true
      }
      return false
    }
    #expect(isBlocked)
    #expect(try sqlite3(target.file("b.db"), "SELECT count(*) > 0 FROM joblogs") == "1")
    #expect(try names == before)
  }

  @Test(arguments: [":memory:", "file:x.db", "file:///x.db?mode=memory", "~", "~/x.db", "~ann/x"])
  func aNameThatMeansSomethingElseIsRefused(_ name: String) {
    for access in [SQLiteStore.Access.create, .readWrite, .readOnly, .inspect] {
      let error = #expect(throws: StoreError.self) {
        _ = try SQLiteStore(path: name, access: access)
      }
      #expect(error?.code == .cannotOpen)
      #expect(error?.message.contains("./\(name)") == true)
    }
    #expect(throws: StoreError.self) { try SQLiteStore.check(path: name, catalog: .rmos) }
    #expect(!FileManager.default.fileExists(atPath: name))
  }

  @Test func aBackupHasNoSuchNameEither() throws {
    try fill()
    let store = try SQLiteStore(path: path)
    let error = #expect(throws: StoreError.self) { try store.backUpSynchronously(to: "~/b.db") }
    #expect(error?.code == .cannotOpen)
  }
}
