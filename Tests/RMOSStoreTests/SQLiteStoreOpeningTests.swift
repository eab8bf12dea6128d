import Foundation
import RMOSModels
import RMOSTestSupport
import Testing

@testable import RMOSStore

@Suite("Opening a database")
struct SQLiteStoreOpeningTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
  }

  private func expect(
    _ code: StoreError.Code, _ path: String, _ access: SQLiteStore.Access = .create,
    mentions: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: StoreError.self, sourceLocation: sourceLocation) {
      _ = try SQLiteStore(path: path, access: access)
    }
    #expect(error?.code == code, "\(error?.message ?? "")", sourceLocation: sourceLocation)
    #expect(
      mentions.isEmpty || error?.message.contains(mentions) == true, "\(error?.message ?? "")",
      sourceLocation: sourceLocation)
  }

  @Test func createsTheFileAndLeavesNothingBesideIt() throws {
    do {
      let store = try SQLiteStore(path: path)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      #expect(store.location == path)
    }
    #expect(try names() == ["rmos.db"])
    #expect(try sqlite3(path, "PRAGMA journal_mode; PRAGMA user_version") == "wal\n3")
    #expect(try sqlite3(path, "SELECT version FROM schema_version") == "2")
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
  }

  @Test func openingAgainChangesNothing() throws {
    _ = try SQLiteStore(path: path)
    let before = try contents(directory.path)
    _ = try SQLiteStore(path: path)
    _ = try SQLiteStore(path: path, access: .readWrite)
    #expect(try contents(directory.path) == before)
  }

  /// SQLite would overwrite such a database when the other database is opened.
  @Test(arguments: ["-wal", "-shm", "-journal"])
  func noDatabaseTakesTheNameOfTheLogOfAnother(_ log: String) throws {
    expect(.cannotOpen, path + log, mentions: "a log that SQLite keeps of \(path);")
    expect(.cannotOpen, path + log, .readOnly, mentions: "a log that SQLite keeps of \(path);")
    let error = #expect(throws: StoreError.self) {
      try SQLiteStore(path: path).backUpSynchronously(to: directory.file("b.db\(log)"))
    }
    #expect(error?.code == .cannotOpen)
    #expect(try names() == ["rmos.db"])
  }

  @Test func whatIsNotThereIsNotOpened() throws {
    expect(.cannotOpen, path, .readWrite, mentions: path)
    expect(.cannotOpen, path, .readOnly, mentions: path)
    #expect(try names().isEmpty)
  }

  @Test func aMissingDirectoryIsNamed() {
    for access in [SQLiteStore.Access.create, .readWrite, .readOnly] {
      expect(.cannotOpen, directory.file("no/rmos.db"), access, mentions: directory.file("no"))
    }
    expect(.cannotOpen, directory.path, mentions: "directory")
    expect(.cannotOpen, directory.path + "/", mentions: "directory")
    expect(.cannotOpen, "")
    expect(.cannotOpen, "a\u{0}b")
    expect(.cannotOpen, "/dev/null")
  }

  @Test func whatStandsInTheWayOfADirectoryIsNamed() throws {
    try write([], to: directory.file("plain"))
    expect(.cannotOpen, directory.file("plain/rmos.db"), mentions: "Not a directory")
  }

  @Test func aLinkIsFollowedAndOneThatLeadsNowhereIsRefused() throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: directory.file("dangling"), withDestinationPath: "no/x")
    expect(.cannotOpen, directory.file("dangling"))
    try manager.createDirectory(atPath: directory.file("real"), withIntermediateDirectories: false)
    try manager.createSymbolicLink(atPath: path, withDestinationPath: "real/rmos.db")
    _ = try SQLiteStore(path: directory.file("real/rmos.db"))
    let store = try SQLiteStore(path: path)
    let other = try SQLiteStore(path: directory.file("real/rmos.db"), busyTimeout: .zero)
    try store.withExclusiveWriter {
      let error = #expect(throws: StoreError.self) { try other.withExclusiveWriter {} }
      #expect(error?.code == .locked)
    }
  }

  @Test(arguments: [
    "it's", "per%20cent", "question?mode=memory", "hash#", "é🎸", "file:x", ":memory:", "-v", " ",
  ])
  func anyNameIsAName(_ name: String) throws {
    let path = directory.file(name)
    do {
      let store = try SQLiteStore(path: path)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
    }
    #expect(try names() == [name])
    let store = try SQLiteStore(path: path, access: .readOnly)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 1)
  }

  @Test func aCreationThatFailsLeavesNothingBehind() throws {
    // The name is short enough, but the names of the files beside it are not.
    expect(.cannotOpen, directory.file(String(repeating: "x", count: 253)))
    #expect(try names().isEmpty)
  }

  @Test(arguments: [
    Array("this is a text file, and not a short one either".utf8), Array("short".utf8), [0],
    Array("SQLite format 3\u{0}".utf8) + [UInt8](repeating: 255, count: 4080),
    (0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ $0 >> 3) },
  ])
  func whatIsNoDatabaseIsRefusedAndLeftAlone(_ bytes: [UInt8]) throws {
    try write(bytes, to: path)
    for access in [SQLiteStore.Access.create, .readWrite, .readOnly] {
      expect(.notADatabase, path, access, mentions: path)
    }
    #expect(try contents(directory.path) == ["rmos.db": Data(bytes)])
  }

  @Test func anEmptyFileCountsAsNew() throws {
    for access in [SQLiteStore.Access.create, .readWrite] {
      try write([], to: path)
      let store = try SQLiteStore(path: path, access: access)
      #expect(try store.read { try $0.schemaVersion()?.version } == 2)
    }
    try write([], to: path)
    let store = try SQLiteStore(path: path, access: .readOnly)
    try store.read { reader throws in
      #expect(try reader.schemaVersion() == nil)
      for kind in EntityCatalog.rmos.kinds {
        #expect(try reader.count(RecordQuery(kind).filter("id", is: .text("a"))) == 0)
        #expect(try reader.records(RecordQuery(kind).order(.newestFirst)) == [])
        #expect(try reader.record(kind, id: "a") == nil)
        #expect(try reader.provenance(kind, id: "a") == nil)
      }
      #expect(try reader.runs(limit: nil) == [])
      #expect(try reader.issues(ofRun: 1, limit: nil) == [])
    }
    #expect(try contents(directory.path)["rmos.db"] == Data())
  }

  @Test(arguments: [
    ("CREATE TABLE albums (id)", StoreError.Code.foreignDatabase, "albums"),
    ("CREATE TABLE patterns (id)", .foreignDatabase, "patterns"),
    (
      "CREATE TABLE schema_version (version INTEGER, applied_at);"
        + "INSERT INTO schema_version VALUES (5, '')", .newerSchema, "5"
    ),
    (
      "CREATE TABLE schema_version (version INTEGER, applied_at);"
        + "INSERT INTO schema_version VALUES (0, '')", .foreignDatabase, "0"
    ),
    ("CREATE TABLE t (a); DROP TABLE t; PRAGMA user_version = 3", .foreignDatabase, "3"),
  ])
  func whatIsNotOursIsRefusedAndLeftAlone(
    _ sql: String, _ code: StoreError.Code, _ mention: String
  ) throws {
    _ = try sqlite3(path, sql)
    let before = try contents(directory.path)
    expect(code, path, .create, mentions: mention)
    expect(code, path, .readWrite, mentions: mention)
    #expect(try contents(directory.path) == before)
  }

  @Test func aNewerLedgerIsRefused() throws {
    _ = try SQLiteStore(path: path)
    _ = try sqlite3(path, "PRAGMA user_version = 4")
    expect(.newerSchema, path, .create, mentions: "4")
    expect(.newerSchema, path, .readOnly, mentions: "4")
  }

  @Test func aDatabaseCutShortIsAnErrorAndNoCrash() throws {
    do {
      let store = try SQLiteStore(path: path)
      try store.write { transaction throws in
        for number in 0..<500 {
          try transaction.insert(StoreSamples.record(.patterns, "p\(number)"))
        }
      }
    }
    let whole = try contents(directory.path)["rmos.db"] ?? Data()
    for length in stride(from: 1, to: whole.count, by: 4095) {
      try write(whole.prefix(length), to: path)
      do {
        let store = try SQLiteStore(path: path, access: .readOnly)
        let count = try store.read { reader throws in
          var count = 0
          try reader.forEachRecord(.patterns) { _ in count += 1 }
          return count
        }
        #expect(count == 500)
      } catch let error as StoreError {
        #expect([.corrupt, .notADatabase].contains(error.code), "\(error)")
      }
    }
  }

  @Test func aStoreOpenForReadingRefusesToWrite() throws {
    _ = try SQLiteStore(path: path)
    let store = try SQLiteStore(path: path, access: .readOnly)
    for write in [
      { try store.write { _ in } }, { try store.withExclusiveWriter {} },
      { try store.beginBulkLoad() }, { try store.endBulkLoad() },
    ] {
      let error = #expect(throws: StoreError.self) { try write() }
      #expect(error?.code == .readOnly)
    }
  }

  @Test func aLibraryTooOldIsNamed() throws {
    try SQLiteConnection.checkLibrary(3_033_000)
    for (version, name) in [(3_032_003 as Int32, "3.32.3"), (3_007_017, "3.7.17")] {
      let error = #expect(throws: StoreError.self) { try SQLiteConnection.checkLibrary(version) }
      #expect(error?.message.contains("SQLite is \(name), and 3.33 or newer") == true)
    }
  }

  @Test func aPathThatCannotBeReachedIsNoAbsentDatabase() {
    let path = directory.file(String(repeating: "x", count: 300) + ".db")
    for access in [SQLiteStore.Access.create, .readOnly] {
      expect(.cannotOpen, path, access, mentions: "cannot be reached")
    }
    #expect(throws: StoreError.self) { try SQLiteStore.check(path: path, catalog: .rmos) }
  }
}
