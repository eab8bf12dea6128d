import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// SQLite keeps a log for each name, so changes made under one name are lost under another.
@Suite("A database that has several names")
struct HardLinkTests {
  private let directory: TemporaryDirectory
  private let path: String
  private let second: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
    second = directory.file("second.db")
  }

  private func link() throws {
    try FileManager.default.linkItem(atPath: path, toPath: second)
  }

  private func add(_ id: String, to store: SQLiteStore) throws {
    try store.write { try $0.insert(StoreSamples.record(.patterns, id)) }
  }

  private func expectRefused(
    _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: StoreError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error?.code == .hardLinked, sourceLocation: sourceLocation)
    #expect(error?.message.contains("2 names") == true, sourceLocation: sourceLocation)
  }

  @Test(arguments: [SQLiteStore.Access.create, .readWrite, .readOnly, .inspect])
  func isRefusedByEachNameAndLeftAsItWas(_ access: SQLiteStore.Access) throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    try link()
    let before = try contents(directory.path)
    for name in [path, second] {
      expectRefused { _ = try SQLiteStore(path: name, access: access) }
      expectRefused { try SQLiteStore.check(path: name, catalog: .rmos) }
    }
    #expect(try contents(directory.path) == before)
    // Once the other name is removed, the database opens.
    try FileManager.default.removeItem(atPath: second)
    _ = try SQLiteStore(path: path, access: access)
  }

  @Test func aNameThatIsAddedEndsTheWriting() throws {
    let store = try SQLiteStore(path: path)
    try add("a", to: store)
    expectRefused {
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "b"))
        try link()
      }
    }
    expectRefused { try add("c", to: store) }
    expectRefused { _ = try store.read { try $0.count(RecordQuery(.patterns)) } }
    #expect(store.changeToken() == nil)
    // It is still the same file, so the store works again once the other name is gone.
    try FileManager.default.removeItem(atPath: second)
    try add("d", to: store)
    #expect(
      try store.read { try $0.records(RecordQuery(.patterns)).map(\.id) }.sorted() == ["a", "d"])
  }

  /// The other connection uses the same log.
  @Test func aConnectionThatClosesLeavesTheLogToOthers() throws {
    var first: SQLiteStore? = try SQLiteStore(path: path)
    try first.map { try add("a", to: $0) }
    let other = try SQLiteStore(path: path)
    #expect(try other.read { try $0.count(RecordQuery(.patterns)) } == 1)
    try link()
    first = nil
    #expect(FileManager.default.fileExists(atPath: path + "-shm"))
    try FileManager.default.removeItem(atPath: second)
    try add("b", to: other)
    let third = try SQLiteStore(path: path)
    #expect(
      try third.read { try $0.records(RecordQuery(.patterns)).map(\.id) }.sorted() == ["a", "b"])
  }
}
