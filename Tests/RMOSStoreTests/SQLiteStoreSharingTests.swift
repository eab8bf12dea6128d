import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Synchronization
import Testing

@Suite("A database that others use too")
struct SQLiteStoreSharingTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  private var lockPath: String { path + ".lock" }

  private func add(_ id: String, to store: SQLiteStore) throws {
    try store.write { try $0.insert(StoreSamples.record(.patterns, id)) }
  }

  private func count(_ store: SQLiteStore) throws -> Int {
    try store.read { try $0.count(RecordQuery(.patterns)) }
  }

  @Test func twoStoresExcludeEachOther() throws {
    let first = try SQLiteStore(path: path, busyTimeout: .zero)
    let second = try SQLiteStore(path: path, busyTimeout: .zero)
    try first.withExclusiveWriter {
      #expect(first.hasWriter == true && second.hasWriter == true)
      let exclusive = #expect(throws: StoreError.self) { try second.withExclusiveWriter {} }
      #expect(exclusive?.code == .locked)
      let write = #expect(throws: StoreError.self) { try add("a", to: second) }
      #expect(write?.code == .locked)
      #expect(write?.message.contains("\(ProcessInfo.processInfo.processIdentifier)") == true)
      try add("b", to: first)
      #expect(try count(second) == 1)
    }
    #expect(first.hasWriter == false && second.hasWriter == false)
    try add("c", to: second)
    #expect(try count(first) == 2)
  }

  @Test(arguments: [
    Duration(secondsComponent: .max, attosecondsComponent: 0), .seconds(1e15), .nanoseconds(-1),
    .seconds(-1), Duration(secondsComponent: .min, attosecondsComponent: 0),
  ])
  func anyTimeoutWillDo(_ timeout: Duration) throws {
    let store = try SQLiteStore(path: path, busyTimeout: timeout)
    let entered = DispatchSemaphore(value: 0)
    let outcomes = inParallel(2) { thread in
      if thread == 0 {
        try store.withExclusiveWriter {
          entered.signal()
          for number in 0..<20 { try self.add("\(number)", to: store) }
        }
      } else {
        entered.wait()
        try self.add("last", to: store)
      }
    }
    // Only stores that do not wait may find the database locked.
    for outcome in outcomes {
      guard case .failure(let error) = outcome else { continue }
      #expect(timeout <= .zero && (error as? StoreError)?.code == .locked)
    }
    #expect(try count(store) > 0)
  }

  @Test func aWriteWaitsForTheOtherStoreToEnd() throws {
    let first = try SQLiteStore(path: path)
    let second = try SQLiteStore(path: path, busyTimeout: .seconds(60))
    let entered = DispatchSemaphore(value: 0)
    let outcomes = inParallel(2) { thread in
      if thread == 0 {
        try first.withExclusiveWriter {
          entered.signal()
          for number in 0..<20 {
            try first.write { try $0.insert(StoreSamples.record(.patterns, "\(number)")) }
          }
        }
      } else {
        entered.wait()
        try second.write { transaction throws in
          let count = try transaction.count(RecordQuery(.patterns))
          #expect(count == 20)
        }
      }
    }
    for outcome in outcomes { try outcome.get() }
  }

  @Test func aThreadOfTheSameStoreIsRefusedWhenItsPatienceEnds() throws {
    let store = try SQLiteStore(path: path, busyTimeout: .zero)
    try store.withExclusiveWriter {
      for outcome in inParallel(2, { _ in try store.write { _ in } }) {
        #expect { try outcome.get() } throws: { ($0 as? StoreError)?.code == .locked }
      }
    }
  }

  @Test(arguments: 1...6)
  func manyMayCreateItAtTheSameMoment(_ round: Int) throws {
    let path = path
    let outcomes = inParallel(6) { thread in
      let store = try SQLiteStore(path: path, busyTimeout: .seconds(60))
      try store.write { try $0.insert(StoreSamples.record(.patterns, "\(thread)")) }
    }
    for outcome in outcomes { try outcome.get() }
    #expect(try count(try SQLiteStore(path: path)) == 6)
    #expect(try sqlite3(path, "SELECT version FROM schema_version") == "2")
  }

  /// Every user who may write to the database must be able to lock it.
  @Test(arguments: [0o600, 0o660, 0o644, 0o666])
  func theLockIsAsTheDatabaseAndGoneAfterwards(_ permissions: Int) throws {
    let store = try SQLiteStore(path: path)
    try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
    try store.withExclusiveWriter {
      let attributes = try FileManager.default.attributesOfItem(atPath: lockPath)
      #expect(attributes[.posixPermissions] as? Int == permissions)
      let text = try String(contentsOfFile: lockPath, encoding: .utf8)
      #expect(text == "\(ProcessInfo.processInfo.processIdentifier)\n")
    }
    #expect(!FileManager.default.fileExists(atPath: lockPath))
  }

  @Test func aLockFileThatACrashLeftBehindDoesNotHinder() throws {
    let store = try SQLiteStore(path: path, busyTimeout: .zero)
    try write(Array("99999\n".utf8), to: lockPath)
    #expect(store.hasWriter == false)
    try store.withExclusiveWriter { try add("a", to: store) }
    try write(Array("99999\n".utf8), to: lockPath)
    try add("b", to: store)
    #expect(try count(store) == 2)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")))
  func theLockOfAnotherProcessCountsAndDiesWithIt() throws {
    let store = try SQLiteStore(path: path, busyTimeout: .zero)
    try write(Array("4711\n".utf8), to: lockPath)
    let holder = try Command("flock", ["--no-fork", lockPath, "sh", "-c", "echo held; exec cat"])
    #expect(holder.line() == "held")
    #expect(store.hasWriter == true)
    let error = #expect(throws: StoreError.self) { try store.withExclusiveWriter {} }
    #expect(error?.code == .locked)
    #expect(error?.message.contains("process 4711") == true)
    #expect(throws: StoreError.self) { try add("a", to: store) }
    holder.kill()
    #expect(store.hasWriter == false)
    try store.withExclusiveWriter { try add("a", to: store) }
  }

  @Test func anApplicationThatWritesKeepsUsWaiting() throws {
    let store = try SQLiteStore(path: path, busyTimeout: .zero)
    let other = try Command("sqlite3", ["-init", "/dev/null", "-batch", path])
    try other.send("BEGIN IMMEDIATE;\nSELECT 'begun';")
    #expect(other.line() == "begun")
    let error = #expect(throws: StoreError.self) { try add("a", to: store) }
    #expect(error?.code == .busy)
    #expect(try count(store) == 0)
    try other.send("COMMIT;\nSELECT 'done';")
    #expect(other.line() == "done")
    try add("a", to: store)
    _ = try other.finish()
  }

  @Test func aReaderOfAnotherStoreSeesWhatIsCommitted() throws {
    let writer = try SQLiteStore(path: path)
    try add("a", to: writer)
    let reader = try SQLiteStore(path: path, access: .readOnly)
    #expect(try count(reader) == 1)
    try add("b", to: writer)
    #expect(try count(reader) == 2)
  }

  @Test func whatChangesBetweenTwoReadsShows() throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    let reader = try SQLiteStore(path: path, access: .readOnly)
    #expect(try count(reader) == 1)
    do { try add("b", to: try SQLiteStore(path: path)) }
    #expect(try count(reader) == 2)
    let writer = try SQLiteStore(path: path)
    try add("c", to: writer)
    #expect(try count(reader) == 3)
  }

  @Test func whatChangesUnderALockFreeReadIsReported() throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    let reader = try SQLiteStore(path: path, access: .readOnly)
    let error = #expect(throws: StoreError.self) {
      try reader.read { _ in
        do { try add("b", to: try SQLiteStore(path: path)) }
      }
    }
    #expect(error?.code == .busy)
    #expect(try count(reader) == 2)
  }

  @Test func whatACrashLeftHalfWrittenIsBroughtInOrderOnlyByAWriter() throws {
    let path = try Fixtures.copyDatabase(version: 2, into: directory)
    let other = try Command("sqlite3", ["-init", "/dev/null", "-batch", path])
    // With a small cache SQLite writes to the database file before the commit.
    try other.send(
      "PRAGMA cache_size = 2; BEGIN; DELETE FROM joblogs;"
        + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        + "INSERT INTO patterns (id, name, ring_count, geometry_json) "
        + "SELECT 'p' || i, hex(zeroblob(100)), 1, '{}' FROM n; SELECT 'spilled';")
    #expect(other.line() == "spilled")
    other.kill()
    #expect(FileManager.default.fileExists(atPath: path + "-journal"))
    let before = try contents(directory.path)
    let error = #expect(throws: StoreError.self) {
      _ = try SQLiteStore(path: path, access: .readOnly)
    }
    #expect(error?.code == .readOnly)
    let message = error?.message ?? ""
    #expect(message.contains("\(path)-journal") && message.contains("migration"), "\(message)")
    #expect(try contents(directory.path) == before)
    let store = try SQLiteStore(path: path, access: .readWrite)
    try store.read { reader throws in
      #expect(try reader.count(RecordQuery(.patterns)) == 7)
      #expect(try reader.count(RecordQuery(.joblogs)) == 12)
    }
  }

  /// A program that keeps others out has the index of the log in its memory.
  @Test func aLogWhoseIndexAnotherProgramKeepsToItselfIsSaidToBeInUse() throws {
    try add("a", to: try SQLiteStore(path: path))
    let other = try Command("sqlite3", ["-init", "/dev/null", "-batch", path])
    try other.send(
      "PRAGMA locking_mode = EXCLUSIVE; DELETE FROM patterns; SELECT 'deleted';")
    #expect(other.line() == "exclusive")
    #expect(other.line() == "deleted")
    let error = #expect(throws: StoreError.self) {
      _ = try SQLiteStore(path: path, access: .inspect)
    }
    #expect(error?.code == .busy)
    #expect(error?.message.contains("EXCLUSIVE") == true)
    // The log of a program that was killed is another matter.
    other.kill()
    let left = #expect(throws: StoreError.self) {
      _ = try SQLiteStore(path: path, access: .inspect)
    }
    #expect(left?.code == .cannotOpen)
    #expect(left?.message.contains("open it once for writing") == true)
  }

  // MARK: Applications without a write-ahead log

  private static let journals = ["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF"]

  /// Starts an application within a transaction that has already changed the database file.
  private func spill(_ journal: String, _ path: String) throws -> Command {
    let other = try Command("sqlite3", ["-init", "/dev/null", "-batch", path])
    try other.send(
      "PRAGMA journal_mode = \(journal); PRAGMA cache_size = 2; BEGIN IMMEDIATE;"
        + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        + "INSERT INTO patterns (id, name, ring_count, geometry_json) "
        + "SELECT 'p' || i, hex(zeroblob(100)), 1, '{}' FROM n; SELECT 'spilled';")
    #expect(other.line() == journal.lowercased())
    #expect(other.line() == "spilled")
    return other
  }

  @Test(arguments: journals, [SQLiteStore.Access.readOnly, .inspect])
  func whatIsNotCommittedIsNotRead(_ journal: String, _ access: SQLiteStore.Access) throws {
    let path = try Fixtures.copyDatabase(version: 2, into: directory)
    let store = try SQLiteStore(path: path, access: access, busyTimeout: .milliseconds(50))
    let before = try count(store)
    let token = try #require(store.changeToken())
    #expect(store.changeToken() == token)
    let other = try spill(journal, path)
    for attempt in [
      { _ = try count(store) },
      { _ = try SQLiteStore(path: path, access: access, busyTimeout: .milliseconds(50)) },
      { try store.backUpSynchronously(to: directory.file("b.db")) },
    ] {
      let error = #expect(throws: StoreError.self) { try attempt() }
      #expect(error?.code == .busy, "\(error?.message ?? "")")
      #expect(error?.message.contains("in use by another application") == true)
    }
    #expect(store.changeToken() == nil)
    try other.send("COMMIT; SELECT 'done';")
    #expect(other.line() == "done")
    #expect(try count(store) == before + 5000)
    #expect(try #require(store.changeToken()) != token)
    _ = try other.finish()
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(Set(names).isSubset(of: ["version2.db", "version2.db-journal"]))
  }

  @Test(arguments: [SQLiteStore.Access.readOnly, .inspect])
  func whoeverReadsWithoutALogIsNotOvertaken(_ access: SQLiteStore.Access) throws {
    let path = try Fixtures.copyDatabase(version: 2, into: directory)
    let store = try SQLiteStore(path: path, access: access)
    try store.read { reader in
      let before = try reader.count(RecordQuery(.joblogs))
      let failure = #expect(throws: ShellFailure.self) {
        try sqlite3(path, "PRAGMA busy_timeout = 0; DELETE FROM joblogs")
      }
      #expect(failure?.text.contains("locked") == true)
      #expect(try reader.count(RecordQuery(.joblogs)) == before)
    }
    // The store has no lock between reads.
    #expect(try sqlite3(path, "DELETE FROM joblogs; SELECT changes() > 0") == "1")
    #expect(try store.read { try $0.count(RecordQuery(.joblogs)) } == 0)
  }

  @Test(arguments: [SQLiteStore.Access.readOnly, .inspect])
  func aReaderNoticesThatTheDatabaseKeepsALogNow(_ access: SQLiteStore.Access) throws {
    let path = try Fixtures.copyDatabase(version: 2, into: directory)
    let store = try SQLiteStore(path: path, access: access)
    let (before, token) = (try count(store), store.changeToken())
    do { try add("a", to: try SQLiteStore(path: path)) }
    #expect(store.changeToken() != token)
    #expect(try count(store) == before + 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["version2.db"])
    _ = try sqlite3(path, "PRAGMA journal_mode = DELETE; DELETE FROM patterns WHERE id = 'a'")
    #expect(try count(store) == before)
  }

  /// An application that closes the database after each write leaves no log that could be locked.
  @Test(arguments: [SQLiteStore.Access.readOnly, .inspect])
  func aReadThatWasOvertakenIsRepeatedUnderALock(_ access: SQLiteStore.Access) throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    let store = try SQLiteStore(path: path, access: access)
    var attempts = 0
    let counts = try StoreError.retryingIfChanged {
      attempts += 1
      return try store.read { reader in
        let before = try reader.count(RecordQuery(.patterns))
        do { try add("b\(attempts)", to: try SQLiteStore(path: path)) }
        return (before, try reader.count(RecordQuery(.patterns)))
      }
    }
    #expect(attempts == 2 && counts == (2, 2))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["rmos.db"])
  }

  /// An operation may read several times, and on two connections at once.
  @Test func everyReadAfterOneThatWasOvertakenIsUnderALock() throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    let store = try SQLiteStore(path: path, access: .readOnly)
    let path = path
    let overtake: @Sendable (String) throws -> Void = { id in
      let other = try SQLiteStore(path: path)
      try other.write { try $0.insert(StoreSamples.record(.patterns, id)) }
      other.close()
    }
    var attempts = 0
    let counts = try StoreError.retryingIfChanged { [self] in
      attempts += 1
      let first = try count(store)
      let counts = Mutex([first])
      let attempt = attempts
      try store.readOnOneState(
        (0..<2).map { part in
          { reader in
            if part == 0 { try overtake("b\(attempt)") }
            let count = try reader.count(RecordQuery(.patterns))
            counts.withLock { $0.append(count) }
          }
        })
      return counts.withLock { $0 }
    }
    #expect(attempts == 2 && counts == [2, 2, 2])
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["rmos.db"])
  }

  /// The last connection that closes a database holds it for itself, and removes the index of the
  /// log before the log.
  @Test(arguments: [SQLiteStore.Access.readOnly, .inspect])
  func aReaderWaitsForAnotherThatClosesTheDatabase(_ access: SQLiteStore.Access) throws {
    do { try add("a", to: try SQLiteStore(path: path)) }
    let other = try Command("sqlite3", ["-init", "/dev/null", "-batch", path])
    try other.send(
      "PRAGMA locking_mode = EXCLUSIVE; DELETE FROM joblogs; SELECT 'held';\n"
        + ".shell sleep 0.3\n.quit")
    #expect(other.line() == "exclusive")
    #expect(other.line() == "held")
    let store = try SQLiteStore(path: path, access: access, busyTimeout: .seconds(60))
    #expect(try count(store) == 1)
    _ = try other.finish()
  }
}
