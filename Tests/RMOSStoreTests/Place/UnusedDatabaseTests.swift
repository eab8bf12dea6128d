import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Tests of the removal of a database that a run created and wrote nothing to.
@Suite struct UnusedDatabaseTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
  }

  private func expectKept(_ count: Int) throws {
    #expect(try names.first == "rmos.db")
    let store = try SQLiteStore(path: path, access: .readWrite)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == count)
  }

  @Test func itIsRemovedIfNobodyHasItOpen() throws {
    #if os(Linux)
      // It is kept if a child process that another test has just forked has it open.
      let isRemoved = try (1...20).contains { attempt in
        let others = try names
        try SQLiteStore(path: directory.file("\(attempt).db")).closeRemovingUnused()
        return try names == others
      }
      #expect(isRemoved)
    #else
      try SQLiteStore(path: path).closeRemovingUnused()
      // Only Linux tells a program whether others have the file open.
      try expectKept(0)
    #endif
  }

  @Test func itStaysIfItHasRows() throws {
    let store = try SQLiteStore(path: path)
    _ = try sqlite3(
      path,
      "INSERT INTO patterns (id, name, ring_count, geometry_json) VALUES ('a', 'n', 1, '{}')")
    store.closeRemovingUnused()
    try expectKept(1)
  }

  private static let insertion =
    "INSERT INTO patterns (id, name, ring_count, geometry_json) VALUES ('a', 'n', 1, '{}');"

  /// An application that had opened the file would go on in the deleted file without noticing.
  @Test(arguments: [
    // Before its first read a connection has no lock.
    ("SELECT 'open';", "\(insertion) SELECT 'done';"),
    ("SELECT 'open' FROM (SELECT count(*) FROM patterns);", "\(insertion) SELECT 'done';"),
    ("BEGIN; \(insertion) SELECT 'open';", "COMMIT; SELECT 'done';"),
    (
      "BEGIN; SELECT 'open' FROM (SELECT count(*) FROM patterns);",
      "COMMIT; \(insertion) SELECT 'done';"
    ),
  ])
  func itStaysIfAnotherProgramHasItOpen(_ before: String, _ after: String) throws {
    let store = try SQLiteStore(path: path)
    let other = try Command("sqlite3", ["-init", "/dev/null", "-batch", path])
    try other.send(before)
    #expect(other.line() == "open")
    store.closeRemovingUnused()
    try other.send(after)
    #expect(other.line() == "done")
    _ = try other.finish()
    try expectKept(1)
  }

  @Test func itStaysIfThisProgramHasItOpenElsewhere() throws {
    let store = try SQLiteStore(path: path)
    let other = try SQLiteStore(path: path)
    store.closeRemovingUnused()
    try other.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
    other.close()
    try expectKept(1)
  }
}
