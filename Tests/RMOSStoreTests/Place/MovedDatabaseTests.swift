import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite("A database that is moved while in use")
struct MovedDatabaseTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("d/rmos.db")
    try FileManager.default.createDirectory(
      atPath: directory.file("d"), withIntermediateDirectories: false)
    let other = try SQLiteStore(path: directory.file("other.db"))
    try other.write { try $0.insert(StoreSamples.record(.patterns, "other")) }
    other.close()
  }

  private func add(_ id: String, to store: SQLiteStore) throws {
    try store.write { try $0.insert(StoreSamples.record(.patterns, id)) }
  }

  private func expectReplaced(
    _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: StoreError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error?.code == .replaced, "\(error?.message ?? "")", sourceLocation: sourceLocation)
    #expect(error?.message.contains(path) == true, sourceLocation: sourceLocation)
  }

  /// Expects the committed rows in the moved file, and the other database unchanged and without
  /// logs.
  private func expectSettled(_ displacement: Displacement, _ ids: String) throws {
    let manager = FileManager.default
    if let name = displacement.newName {
      let moved = directory.file(name)
      #expect(try sqlite3(moved, "PRAGMA integrity_check") == "ok")
      #expect(try sqlite3(moved, "SELECT group_concat(id) FROM patterns") == ids)
    }
    #expect(manager.fileExists(atPath: path) == displacement.putsAnother)
    for suffix in ["-wal", "-shm", "-journal", ".lock"] {
      #expect(!manager.fileExists(atPath: path + suffix), "\(suffix)")
    }
    guard displacement.putsAnother else { return }
    #expect(try sqlite3(path, "SELECT group_concat(id) FROM patterns") == "other")
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
  }

  @Test func aDirectoryInItsPlaceIsNamed() throws {
    try SQLiteStore(path: path).close()
    let store = try SQLiteStore(path: path, access: .readOnly, followsPath: true)
    func ids() throws -> [String] {
      try store.read { try $0.records(RecordQuery(.patterns)).map(\.id) }
    }
    #expect(try ids() == [])
    let manager = FileManager.default
    try manager.removeItem(atPath: path)
    try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
    let error = #expect(throws: StoreError.self) { try ids() }
    #expect(error?.code == .replaced)
    #expect(error?.message.contains("a directory is there now") == true)
    try manager.removeItem(atPath: path)
    try manager.moveItem(atPath: directory.file("other.db"), toPath: path)
    #expect(try ids() == ["other"])
  }

  @Test(arguments: Displacement.allCases)
  func nothingIsCommittedAfterIt(_ displacement: Displacement) throws {
    let store = try SQLiteStore(path: path)
    try add("a", to: store)
    expectReplaced {
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "b"))
        try displacement.perform(in: directory)
      }
    }
    try expectSettled(displacement, "a")
    expectReplaced { try add("c", to: store) }
    expectReplaced { try store.withExclusiveWriter {} }
    expectReplaced { try store.beginBulkLoad() }
    try expectSettled(displacement, "a")
  }

  @Test(arguments: Displacement.allCases)
  func noBatchFollowsIt(_ displacement: Displacement) throws {
    let store = try SQLiteStore(path: path)
    expectReplaced {
      try store.withExclusiveWriter {
        try add("a", to: store)
        try displacement.perform(in: directory)
        expectReplaced { try add("b", to: store) }
        // As a caller that writes again to record how the run ended.
        expectReplaced { try add("c", to: store) }
      }
    }
    try expectSettled(displacement, "a")
  }

  @Test(arguments: Displacement.allCases)
  func itIsNoticedAtTheEnd(_ displacement: Displacement) throws {
    let store = try SQLiteStore(path: path)
    expectReplaced {
      try store.withExclusiveWriter {
        try add("a", to: store)
        try displacement.perform(in: directory)
      }
    }
    try expectSettled(displacement, "a")
  }

  @Test(arguments: Displacement.allCases, [false, true])
  func aStoreThatOnlyEndsLeavesNoLog(_ displacement: Displacement, _ isClosed: Bool) throws {
    do {
      let store = try SQLiteStore(path: path)
      try add("a", to: store)
      _ = store.changeToken()
      try displacement.perform(in: directory)
      if isClosed { store.close() }
    }
    try expectSettled(displacement, "a")
  }

  @Test(arguments: Displacement.allCases, [SQLiteStore.Access.create, .readOnly])
  func theFirstChangeTokenIsNotOfAnother(
    _ displacement: Displacement, _ access: SQLiteStore.Access
  ) throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    let store = try SQLiteStore(path: path, access: access)
    try displacement.perform(in: directory)
    #expect(store.changeToken() == nil)
    store.close()
    if access == .create { try expectSettled(displacement, "a") }
  }

  @Test(arguments: Displacement.allCases)
  func readsDoNotGoOnWithIt(_ displacement: Displacement) throws {
    let writer = try SQLiteStore(path: path)
    try add("a", to: writer)
    let reader = try SQLiteStore(path: path, access: .readOnly)
    for store in [writer, reader] {
      #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 1)
      #expect(store.changeToken() != nil)
    }
    try displacement.perform(in: directory)
    for store in [writer, reader] {
      expectReplaced { _ = try store.read { try $0.count(RecordQuery(.patterns)) } }
      expectReplaced { _ = try store.read { try $0.count(RecordQuery(.patterns)) } }
    }
    #expect(writer.changeToken() == nil)
    try expectSettled(displacement, "a")
  }

  /// Examples are a copy that a nightly job replaces, and a backup that is restored.
  @Test(arguments: Displacement.allCases, [SQLiteStore.Access.readOnly, .inspect])
  func aReaderMayFollowThePath(_ displacement: Displacement, _ access: SQLiteStore.Access) throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    let reader = try SQLiteStore(path: path, access: access, followsPath: true)
    func ids() throws -> [String] {
      try reader.read { try $0.records(RecordQuery(.patterns)).map(\.id) }
    }
    #expect(try ids() == ["a"])
    let token = reader.changeToken()
    try displacement.perform(in: directory)
    #expect(reader.changeToken() != token)
    if displacement.putsAnother {
      #expect(try ids() == ["other"])
      #expect(reader.changeToken() != nil)
    } else {
      // The message must not speak of writing, because this only reads.
      let error = #expect(throws: StoreError.self) { try ids() }
      #expect(error?.code == .replaced)
      #expect(
        error?.message.hasSuffix(". Once a database is there again, reading continues") == true)
      // Once there is a database at the path again, it is read.
      try FileManager.default.createDirectory(
        atPath: directory.file("d"), withIntermediateDirectories: true)
      try FileManager.default.moveItem(atPath: directory.file("other.db"), toPath: path)
      #expect(try ids() == ["other"])
    }
  }

  @Test func whatFollowsMustBeADatabaseOfRMOS() throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    let reader = try SQLiteStore(path: path, access: .readOnly, followsPath: true)
    try FileManager.default.removeItem(atPath: path)
    _ = try sqlite3(path, "CREATE TABLE albums (id)")
    let error = #expect(throws: StoreError.self) {
      try reader.read { _ = try $0.count(RecordQuery(.patterns)) }
    }
    #expect(error?.code == .foreignDatabase)
  }

  @Test func aFileThatIsPutBackIsNotWrittenOn() throws {
    let store = try SQLiteStore(path: path)
    try add("a", to: store)
    try Displacement.renamed.perform(in: directory)
    expectReplaced { try add("b", to: store) }
    try FileManager.default.moveItem(atPath: directory.file("d/moved.db"), toPath: path)
    expectReplaced { try add("b", to: store) }
    #expect(try sqlite3(path, "SELECT group_concat(id) FROM patterns") == "a")
    let again = try SQLiteStore(path: path)
    try add("b", to: again)
    #expect(try sqlite3(path, "SELECT group_concat(id) FROM patterns") == "a,b")
  }

  @Test func aLogThatIsTakenAwayEndsTheWriting() throws {
    let store = try SQLiteStore(path: path)
    try add("a", to: store)
    try FileManager.default.removeItem(atPath: path + "-wal")
    expectReplaced { try add("b", to: store) }
    #expect(try sqlite3(path, "SELECT group_concat(id) FROM patterns") == "a")
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
  }

  /// A reader prevents a checkpoint, so the log still holds changes and must be kept.
  @Test func aLogThatCannotBeEmptiedIsSetAside() throws {
    let store = try SQLiteStore(path: path, busyTimeout: .zero)
    try add("a", to: store)
    let reader = try Command("sqlite3", ["-init", "/dev/null", "-batch", path])
    try reader.send("BEGIN; SELECT count(*) FROM patterns;")
    #expect(reader.line() == "1")
    try add("b", to: store)
    try Displacement.replaced.perform(in: directory)
    let error = #expect(throws: StoreError.self) { try add("c", to: store) }
    let remnants = try FileManager.default.contentsOfDirectory(atPath: directory.file("d"))
      .filter { $0.hasPrefix("rmos.db-wal.of-") }
    let remnant = try #require(remnants.first)
    #expect(error?.message.contains(remnant) == true)
    #expect(try sqlite3(path, "SELECT group_concat(id) FROM patterns") == "other")
    reader.kill()
    try FileManager.default.moveItem(
      atPath: directory.file("d/" + remnant), toPath: directory.file("d/moved.db-wal"))
    #expect(
      try sqlite3(directory.file("d/moved.db"), "SELECT group_concat(id) FROM patterns") == "a,b")
  }

  @Test func aDatabaseThatWasBeingCreatedIsLeftAloneWhereItWasReplaced() throws {
    let store = try SQLiteStore(path: path)
    try Displacement.replaced.perform(in: directory)
    expectReplaced { try store.write { _ in } }
    try expectSettled(.replaced, "")
  }

  @Test func aClosedStoreWritesNoMore() throws {
    let store = try SQLiteStore(path: path)
    try add("a", to: store)
    store.close()
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: directory.file("d")) == ["rmos.db"])
    let error = #expect(throws: StoreError.self) { try add("b", to: store) }
    #expect(error?.message.contains("closed") == true)
  }
}
