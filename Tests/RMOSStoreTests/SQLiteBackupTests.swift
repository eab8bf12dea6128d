import Foundation
import RMOSModels
import RMOSStore
import RMOSSystem
import RMOSTestSupport
import Synchronization
import Testing

/// Tests of `SQLiteStore.backUp(to:)`.
@Suite struct SQLiteBackupTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func family(_ id: String) -> Record { StoreSamples.record(.stripFamilies, id) }

  private func filled(_ name: String = "rmos.db", _ ids: ClosedRange<Int> = 1...3) throws
    -> SQLiteStore
  {
    let store = try SQLiteStore(path: directory.file(name))
    try store.write { transaction in
      for id in ids { try transaction.insert(family("f\(id)")) }
    }
    return store
  }

  private func ids(_ name: String) throws -> [String] {
    let store = try SQLiteStore(path: directory.file(name), access: .readOnly)
    return try store.read { try $0.records(RecordQuery(.stripFamilies)).map(\.id) }
  }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
  }

  @Test func aBackupIsTheDatabaseInOneFileForItsOwnerAlone() throws {
    let store = try filled()
    try store.backUpSynchronously(to: directory.file("b.db"))
    #expect(try names.filter { $0.hasPrefix("b.db") } == ["b.db"])
    #expect(try ids("b.db") == ["f1", "f2", "f3"])
    let attributes = try FileManager.default.attributesOfItem(atPath: directory.file("b.db"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    // The copy can be written to.
    let copy = try SQLiteStore(path: directory.file("b.db"), access: .readWrite)
    try copy.write { try $0.insert(family("f4")) }
    #expect(try ids("rmos.db").count == 3)
  }

  @Test func aDatabaseWithAnEmptyLogIsCopiedByteForByte() throws {
    try filled().close()
    let store = try SQLiteStore(path: directory.file("rmos.db"), access: .readWrite)
    let content = try Data(contentsOf: URL(fileURLWithPath: directory.file("rmos.db")))
    try store.backUpSynchronously(to: directory.file("b.db"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file("b.db"))) == content)
    // Rows that are only in the log are copied too.
    try store.write { try $0.insert(family("f4")) }
    try store.backUpSynchronously(to: directory.file("c.db"))
    #expect(try ids("c.db") == ["f1", "f2", "f3", "f4"])
    #expect(try ids("b.db") == ["f1", "f2", "f3"])
  }

  @Test(arguments: [SQLiteStore.Access.readOnly, .inspect, .readWrite])
  func aBackupIsTakenThroughAnyAccess(_ access: SQLiteStore.Access) throws {
    _ = try filled()
    let store = try SQLiteStore(path: directory.file("rmos.db"), access: access)
    try store.backUpSynchronously(to: directory.file("b.db"))
    #expect(try ids("b.db").count == 3)
    withExtendedLifetime(store) {}
  }

  /// A file that nobody has open is read without locks, so a concurrent write must be noticed
  /// before the copy gets its name.
  @Test func aBackupIsOneStateThoughOthersWriteMeanwhile() throws {
    try filled().close()
    let path = directory.file("rmos.db")
    let store = try SQLiteStore(path: path, access: .readOnly)
    var looks = 0
    try store.backUpSynchronously(to: directory.file("b.db")) {
      looks += 1
      if looks == 1 {
        #expect((try? filled("rmos.db", 1_000...1_400).close()) != nil)
      }
      return false
    }
    #expect(looks > 1)
    #expect(try ids("b.db") == ids("rmos.db"))
    #expect(try sqlite3(directory.file("b.db"), "PRAGMA integrity_check") == "ok")
  }

  @Test func aFileThatIsThereIsOnlyReplacedOnDemand() throws {
    let store = try filled()
    try Data("kept".utf8).write(to: URL(fileURLWithPath: directory.file("b.db")))
    let error = #expect(throws: StoreError.self) {
      try store.backUpSynchronously(to: directory.file("b.db"))
    }
    #expect(error?.code == .backupExists)
    #expect(FileManager.default.contents(atPath: directory.file("b.db")) == Data("kept".utf8))
    try store.backUpSynchronously(to: directory.file("b.db"), replacing: true)
    #expect(try ids("b.db").count == 3)
  }

  @Test(arguments: [Obstacle.pipe, .localSocket, .directory])
  func onlyARegularFileIsReplaced(_ obstacle: Obstacle) throws {
    let store = try filled()
    let (node, link) = (directory.file("node"), directory.file("link"))
    try obstacle.create(node, in: directory)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: node)
    let before = try FileStatus(ofLink: node)
    for path in [node, link] {
      let error = #expect(throws: StoreError.self) {
        try store.backUpSynchronously(to: path, replacing: true)
      }
      #expect(error?.code == .cannotOpen)
      #expect(error?.message.hasPrefix("\(path) is \(obstacle.words)") == true)
    }
    #expect(try FileStatus(ofLink: node).identity == before.identity && FileStatus.isLink(link))
    #expect(try names.filter { !$0.hasPrefix("rmos.db") } == ["link", "node"])
  }

  @Test func theFileThatALinkLeadsToIsReplaced() throws {
    let store = try filled()
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: directory.file("backups"), withIntermediateDirectories: false)
    let (link, file) = (directory.file("link"), directory.file("backups/b.db"))
    try manager.createSymbolicLink(atPath: link, withDestinationPath: "backups/b.db")
    for _ in 0..<2 {
      let refusal = #expect(throws: StoreError.self) { try store.backUpSynchronously(to: link) }
      #expect(refusal?.code == .backupExists)
      try store.backUpSynchronously(to: link, replacing: true)
      #expect(FileStatus.isLink(link) && !FileStatus.isLink(file))
      #expect(try ids("backups/b.db") == ["f1", "f2", "f3"])
    }
    #expect(try manager.contentsOfDirectory(atPath: directory.file("backups")) == ["b.db"])
    // Nor does a link hide that the file belongs to a database in use.
    let (other, log) = (try filled("other.db"), directory.file("log"))
    try manager.createSymbolicLink(atPath: log, withDestinationPath: "other.db-wal")
    for path in ["other.db", "other.db-wal"] {
      try manager.removeItem(atPath: log)
      try manager.createSymbolicLink(atPath: log, withDestinationPath: path)
      let error = #expect(throws: StoreError.self) {
        try store.backUpSynchronously(to: log, replacing: true)
      }
      #expect(error?.code == .cannotOpen)
    }
    withExtendedLifetime(other) {}
  }

  @Test func aBackupNeverGoesOverADatabaseInUse() throws {
    let store = try filled()
    for name in ["rmos.db", "other.db"] {
      let other = try filled("other.db", name == "rmos.db" ? 1...1 : 2...2)
      let error = #expect(throws: StoreError.self) {
        try store.backUpSynchronously(to: directory.file(name), replacing: true)
      }
      // The code is not `backupExists`, which would suggest replacing the file.
      #expect(error?.code == .cannotOpen)
      withExtendedLifetime(other) {}
    }
    #expect(try ids("rmos.db").count == 3)
  }

  @Test func aBackupThatCannotBeWrittenSaysWhere() throws {
    let store = try filled()
    for path in ["", directory.path, directory.file("nowhere/b.db")] {
      let error = #expect(throws: StoreError.self) { try store.backUpSynchronously(to: path) }
      #expect(error?.code == .cannotOpen)
      #expect(path.isEmpty || error?.message.contains(path) == true)
    }
  }

  /// Process ids repeat: in containers often every process has the id 1.
  @Test func whatAKilledProcessLeftIsNoHindrance() throws {
    let store = try filled()
    let left = "b.db.incomplete-\(ProcessInfo.processInfo.processIdentifier)"
    try Data().write(to: URL(fileURLWithPath: directory.file(left)))
    try store.backUpSynchronously(to: directory.file("b.db"))
    #expect(try ids("b.db").count == 3)
    #expect(try names.filter { $0.contains("incomplete") } == [left])
  }

  @Test func aBackupGivenUpLeavesNothing() throws {
    let store = try filled()
    let before = try names
    let error = #expect(throws: StoreError.self) {
      try store.backUpSynchronously(to: directory.file("b.db"), isCancelled: { true })
    }
    #expect(error?.code == .cancelled)
    #expect(try names == before)
  }

  @Test func cancellingTheTaskAbandonsTheBackup() async throws {
    let store = try filled()
    let before = try names
    let path = directory.file("b.db")
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await store.backUp(to: path)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try names == before)
    try await store.backUp(to: path)
    #expect(try ids("b.db") == ["f1", "f2", "f3"])
  }

  /// A way in which the file of a backup disappears while it is written.
  enum Loss: CaseIterable, Sendable {
    case directoryRenamed, directoryReplaced, directoryDeleted, fileRenamed, fileReplaced
  }

  @Test(arguments: Loss.allCases)
  func aBackupThatIsMovedWhileItIsWrittenIsNone(_ loss: Loss) throws {
    let store = try filled()
    let manager = FileManager.default
    let (place, moved) = (directory.file("backups"), directory.file("moved"))
    try manager.createDirectory(atPath: place, withIntermediateDirectories: false)
    var isDone = false
    let error = #expect(throws: StoreError.self) {
      try store.backUpSynchronously(to: place + "/b.db") {
        guard !isDone else { return false }
        isDone = true
        let file = (try? manager.contentsOfDirectory(atPath: place).first) ?? ""
        switch loss {
        case .directoryRenamed: try? manager.moveItem(atPath: place, toPath: moved)
        case .directoryReplaced:
          try? manager.moveItem(atPath: place, toPath: moved)
          try? manager.createDirectory(atPath: place, withIntermediateDirectories: false)
        case .directoryDeleted: try? manager.removeItem(atPath: place)
        case .fileRenamed: try? manager.moveItem(atPath: place + "/" + file, toPath: moved)
        case .fileReplaced:
          try? manager.moveItem(atPath: place + "/" + file, toPath: moved)
          try? Data("other".utf8).write(to: URL(fileURLWithPath: place + "/" + file))
        }
        return false
      }
    }
    #expect(isDone && error?.code == .replaced, "\(error?.message ?? "")")
    // No temporary file is left, neither in the old place nor in the new one.
    for left in [place, moved] {
      let names = try? manager.contentsOfDirectory(atPath: left)
      switch loss {
      case .fileReplaced where left == place: #expect(names?.count == 1)
      default: #expect(names?.isEmpty != false, "\(names ?? [])")
      }
    }
  }

  @Test func aBackupThatSucceedsHasOneNameAndThatAlone() throws {
    let store = try filled()
    for replacing in [false, true] {
      try store.backUpSynchronously(to: directory.file("b.db"), replacing: replacing)
      let attributes = try FileManager.default.attributesOfItem(atPath: directory.file("b.db"))
      #expect(attributes[.referenceCount] as? Int == 1)
      #expect(try !names.contains { $0.contains("incomplete") })
    }
  }

  /// Without its log, the file is read without locks, and the copy must get its name only once it
  /// is clear that it need not be repeated.
  @Test func aBackupIsTakenOnceWhileOthersOpenAndCloseTheDatabase() throws {
    let path = directory.file("rmos.db")
    try filled().close()
    let hasEnded = Mutex(false)
    let results = inParallel(2) { worker in
      if worker == 0 {
        defer { hasEnded.withLock { $0 = true } }
        for number in 0..<60 {
          let store = try SQLiteStore(path: path, access: .readOnly)
          try store.backUpSynchronously(to: directory.file("b\(number).db"))
        }
      } else {
        var number = 10
        while !hasEnded.withLock({ $0 }) {
          number += 1
          try filled("rmos.db", number...number).close()
        }
      }
    }
    for result in results { try result.get() }
    #expect(try names.filter { $0.contains("incomplete") }.isEmpty)
  }

  /// Every transaction writes two rows, so an odd number of rows would be a torn state.
  @Test func aBackupIsOneStateWhileOthersWrite() throws {
    let path = directory.file("rmos.db")
    let store = try filled("rmos.db", 1...2)
    let pairs = 300
    let hasEnded = Mutex(false)
    let counts = Mutex<[Int]>([])
    @Sendable func write() throws {
      defer { hasEnded.withLock { $0 = true } }
      let writer = try SQLiteStore(path: path, access: .readWrite)
      for pair in 2...pairs {
        try writer.write { transaction in
          for id in [pair * 2 - 1, pair * 2] {
            let strips = "[\"" + String(repeating: "x", count: 4000) + "\"]"
            try transaction.insert(
              StoreSamples.record(.stripFamilies, "f\(id)", ["strips": .text(strips)]))
          }
        }
      }
    }
    @Sendable func backUp() throws {
      var isLast = false
      repeat {
        isLast = hasEnded.withLock { $0 }
        let name = "b\(counts.withLock { $0.count }).db"
        try store.backUpSynchronously(to: directory.file(name))
        let count = try ids(name).count
        counts.withLock { $0.append(count) }
      } while !isLast
    }
    // Threads instead of tasks, because tasks may have to wait for other tests.
    for result in inParallel(2, { try $0 == 0 ? write() : backUp() }) { try result.get() }
    let seen = counts.withLock { $0 }
    #expect(seen.allSatisfy { $0.isMultiple(of: 2) && $0 > 0 }, "\(seen)")
    #expect(seen == seen.sorted())
    #expect(seen.last == pairs * 2)
  }
}
