import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Testing

/// The backup before a run's first write.
@Suite struct RunBackupTests {
  private let work: TemporaryDirectory
  private let tree: SourceTree

  init() throws {
    work = try TemporaryDirectory()
    tree = try SourceTree()
  }

  /// Migrates a tree with patterns of these numbers.
  @discardableResult
  private func migrate(
    _ patterns: ClosedRange<Int>, _ change: (inout Migration.Options) -> Void = { _ in }
  ) throws -> MigrationSummary {
    let entities = patterns.map {
      #"{"id": "p\#($0)", "name": "n", "ring_count": \#($0), "geometry": {"a": 1}}"#
    }
    try tree.add("patterns/a.json", "[" + entities.joined(separator: ",") + "]")
    var options = Migration.Options()
    options.clock = .fixed()
    change(&options)
    let store = try SQLiteStore(path: work.file("rmos.db"))
    return try Migration(from: tree.path, into: store, options: options).runSynchronously()
  }

  private var backups: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: work.path)
        .filter { $0.contains("backup") }.sorted()
    }
  }

  private func content(_ name: String) throws -> StoreContent {
    try StoreContent(of: SQLiteStore(path: work.file(name), access: .readOnly))
  }

  @Test func theBackupIsTheDatabaseFromBeforeTheRun() throws {
    #expect(try migrate(1...2).backup == nil)
    #expect(try backups.isEmpty)
    let before = try content("rmos.db")
    let summary = try migrate(1...3)
    #expect(summary.run == 2 && summary.backup?.run == 2)
    #expect(summary.backup?.path == work.file("rmos.db.backup-2"))
    #expect(try backups == ["rmos.db.backup-2"])
    #expect(try content("rmos.db.backup-2") == before)
    let runs = try SQLiteStore(path: work.file("rmos.db.backup-2"), access: .readOnly).read {
      try $0.runs(limit: nil)
    }
    #expect(runs.map(\.id) == [1] && runs.map(\.state) == [.completed])
    let attributes = try FileManager.default.attributesOfItem(
      atPath: work.file("rmos.db.backup-2"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test(arguments: 1...4, [false, true])
  func theBackupOfAnOlderDatabaseIsOfItsVersion(_ version: Int, _ isAtomic: Bool) throws {
    let path = try Fixtures.copyDatabase(version: version, into: work)
    func state(_ path: String) throws -> (StoreContent, Int?) {
      let store = try SQLiteStore(path: path, access: .readOnly)
      return (try StoreContent(of: store), try store.read { try $0.schemaVersion()?.version })
    }
    let before = try state(path)
    var options = Migration.Options()
    options.isAtomic = isAtomic
    let store = try SQLiteStore(path: path, access: .readWrite)
    try tree.add("patterns/bad.json", "[]{")
    let failed = try Migration(from: tree.path, into: store, options: options).runSynchronously()
    #expect(failed.backup == nil)
    if isAtomic { #expect(try state(path) == before, "all or nothing") }
    try tree.add("patterns/bad.json", #"{"id":"a","name":"n","ring_count":1,"geometry":{"a":1}}"#)
    let summary = try Migration(from: tree.path, into: store, options: options).runSynchronously()
    let backup = try #require(summary.backup)
    let kept = try state(backup.path)
    #expect(kept.0.records == before.0.records)
    if isAtomic { #expect(kept == before) }
  }

  /// A store whose writes fail from the start.
  private struct BrokenStore: StoreWrapper {
    let base: any RecordStore
    let code: StoreError.Code

    func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
      throw StoreError(code, "fails")
    }
  }

  /// As when another application holds its transaction open each time a timer starts a run.
  @Test func aRunThatCannotBeginLeavesNone() throws {
    try migrate(1...1)
    let base = try SQLiteStore(path: work.file("rmos.db"))
    for code in [StoreError.Code.busy, .locked, .readOnly, .diskFull, .inputOutput] {
      for isAtomic in [false, true] {
        var options = Migration.Options()
        options.isAtomic = isAtomic
        let migration = Migration(
          from: tree.path, into: BrokenStore(base: base, code: code), options: options)
        #expect(throws: StoreError.self) { try migration.runSynchronously() }
        #expect(try backups.isEmpty)
      }
    }
  }

  /// An older database, which the run would upgrade, is not copied either.
  @Test func aRunOverAnOlderDatabaseThatCannotBeginLeavesNone() throws {
    let path = try Fixtures.copyDatabase(version: 2, into: work)
    try tree.add("patterns/a.json", #"{"id":"a","name":"n","ring_count":1,"geometry":{"a":1}}"#)
    let store = try SQLiteStore(path: path, access: .readWrite, busyTimeout: .milliseconds(20))
    for code in [StoreError.Code.busy, .diskFull] {
      let broken = BrokenStore(base: store, code: code)
      #expect(throws: StoreError.self) {
        try Migration(from: tree.path, into: broken).runSynchronously()
      }
      #expect(try backups.isEmpty)
    }
    #expect(try Migration(from: tree.path, into: store).runSynchronously().backup != nil)
    #expect(try backups.count == 1)
  }

  @Test func aRunThatChangesNothingLeavesNone() throws {
    try migrate(1...2)
    #expect(try migrate(1...2).backup == nil)
    #expect(try migrate(0...2) { $0.isAtomic = true }.ending == .rolledBack)
    #expect(try migrate(1...3) { $0.isDryRun = true }.backup == nil)
    #expect(try migrate(1...3) { $0.takesBackup = false }.backup == nil)
    #expect(try backups.isEmpty)
    let summary = try migrate(1...4) { $0.isAtomic = true }
    #expect(summary.backup?.path == work.file("rmos.db.backup-\(summary.run ?? 0)"))
    #expect(try backups.count == 1)
  }

  @Test func theLastThreeAreKeptAndNothingElseIsTouched() throws {
    let others = [
      "rmos.db.backup-1.txt", "rmos.db.backup-01", "rmos.db.backup-99", "rmos.db.backup-x",
      "rmos.db.backup-", "xrmos.db.backup-1", "rmos.db.backup-2-1",
    ]
    for name in others { try Data("kept".utf8).write(to: URL(fileURLWithPath: work.file(name))) }
    // The incomplete backup that a killed process left behind.
    let left = work.file("rmos.db.backup-3.incomplete-7")
    try Data().write(to: URL(fileURLWithPath: left))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: left)
    for last in 1...7 {
      try migrate(1...last)
      guard last == 3 else { continue }
      // The second backup of a run, from before the database was restored.
      try FileManager.default.copyItem(
        atPath: work.file("rmos.db.backup-3"), toPath: work.file("rmos.db.backup-3-2"))
    }
    #expect(
      try Set(backups)
        == Set(others + ["rmos.db.backup-5", "rmos.db.backup-6", "rmos.db.backup-7"]))
    for name in others {
      #expect(FileManager.default.contents(atPath: work.file(name)) == Data("kept".utf8))
    }
  }

  /// A name does not make a backup.
  @Test func aFileOfTheUserThatIsNamedLikeABackupIsKept() throws {
    try migrate(1...1)
    let store = try SQLiteStore(path: work.file("rmos.db"))
    for (number, name) in ["rmos.db.backup-2", "rmos.db.backup-5-2"].enumerated() {
      // A database with a later run than the name says, and one of another application.
      try store.backUpSynchronously(to: work.file(name))
      _ = try sqlite3(
        work.file(name),
        number == 0
          ? "UPDATE migration_runs SET id = 9"
          : "DROP TABLE patterns; DROP TABLE schema_version; CREATE TABLE albums (id);")
    }
    store.close()
    try Data("kept".utf8).write(to: URL(fileURLWithPath: work.file("rmos.db.backup-3")))
    try Data("kept".utf8).write(
      to: URL(fileURLWithPath: work.file("rmos.db.backup-3.incomplete-x")))
    // A copy that the user made.
    try FileManager.default.copyItem(
      atPath: work.file("rmos.db"), toPath: work.file("rmos.db.backup-2-2"))
    let before = try backups
    for last in 2...8 { try migrate(1...last) }
    #expect(
      try Set(backups)
        == Set(before + ["rmos.db.backup-6", "rmos.db.backup-7", "rmos.db.backup-8"]))
  }

  @Test func aNameThatIsTakenIsLeftAlone() throws {
    try migrate(1...1)
    try Data("kept".utf8).write(to: URL(fileURLWithPath: work.file("rmos.db.backup-2")))
    #expect(try migrate(1...2).backup?.path == work.file("rmos.db.backup-2-2"))
    #expect(
      FileManager.default.contents(atPath: work.file("rmos.db.backup-2")) == Data("kept".utf8))
  }

  /// A store that fails to commit changes of patterns.
  private struct FailingStore: StoreWrapper {
    let base: any RecordStore
    let code: StoreError.Code

    func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
      try base.write { transaction in
        let before = try transaction.count(RecordQuery(.patterns))
        let result = try body(transaction)
        guard try transaction.count(RecordQuery(.patterns)) == before else {
          throw StoreError(code, "fails")
        }
        return result
      }
    }
  }

  @Test func theBackupStaysIfItIsUnknownWhetherSomethingWasChanged() throws {
    try migrate(1...1)
    let base = try SQLiteStore(path: work.file("rmos.db"))
    try tree.add(
      "patterns/a.json", #"{"id": "p2", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#)
    for code in [StoreError.Code.busy, .locked, .readOnly, .diskFull, .inputOutput] {
      let migration = Migration(from: tree.path, into: FailingStore(base: base, code: code))
      #expect(throws: StoreError.self) { try migration.runSynchronously() }
      #expect(try backups.isEmpty == (code != .inputOutput), "\(code)")
    }
  }

  /// A run that only skips and fails copies nothing, so the copy is made late; it still has the
  /// state before the run.
  @Test(arguments: [false, true])
  func theBackupIsMadeBeforeTheFirstChangeOfTheStateBeforeTheRun(_ updates: Bool) throws {
    try migrate(1...5)
    let before = try content("rmos.db")
    let skipped = (1...4).map {
      #"{"id": "p\#($0)", "name": "n", "ring_count": \#($0), "geometry": {"a": 1}}"#
    }
    let change =
      updates
      ? #"{"id": "p5", "name": "other", "ring_count": 5, "geometry": {"a": 1}}"#
      : #"{"id": "p6", "name": "n", "ring_count": 5, "geometry": {"a": 1}}"#
    try tree.add(
      "patterns/a.json",
      "[" + (skipped + [#"{"id": "bad"}"#, change]).joined(separator: ",") + "]")
    var options = Migration.Options()
    options.batchSize = 1
    options.onDuplicate = updates ? .update : .skip
    let store = try SQLiteStore(path: work.file("rmos.db"))
    var backupsAfter: [Int: Int] = [:]
    let summary = try Migration(from: tree.path, into: store, options: options)
      .runSynchronously { event in
        guard case .progress(let progress) = event else { return }
        backupsAfter[progress.statistics.total.found] = (try? backups.count) ?? -1
      }
    #expect(backupsAfter == [0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 1])
    #expect(summary.backup?.path == work.file("rmos.db.backup-2"))
    #expect(try content("rmos.db.backup-2") == before)
    let runs = try SQLiteStore(path: work.file("rmos.db.backup-2"), access: .readOnly).read {
      try $0.runs(limit: nil)
    }
    #expect(runs.map(\.id) == [1])
  }

  /// Another application can write before the backup is made, without changing its content.
  @Test func anApplicationThatWritesMeanwhileIsNotInTheBackup() throws {
    try migrate(1...2)
    let before = try content("rmos.db")
    try tree.add(
      "patterns/a.json",
      #"[{"id": "p1", "name": "n", "ring_count": 1, "geometry": {"a": 1}},"#
        + #"{"id": "p9", "name": "n", "ring_count": 9, "geometry": {"a": 1}}]"#)
    var options = Migration.Options()
    options.batchSize = 1
    let store = try SQLiteStore(path: work.file("rmos.db"))
    let path = work.file("rmos.db")
    var writes = 0
    _ = try Migration(from: tree.path, into: store, options: options).runSynchronously { event in
      guard case .progress = event, writes == 0 else { return }
      writes += 1
      _ = try? sqlite3(
        path, "UPDATE patterns SET name = 'edited' WHERE id = 'p2'; PRAGMA wal_checkpoint;")
    }
    #expect(writes == 1)
    #expect(try content("rmos.db.backup-2") == before)
    let names = try store.read { try $0.records(RecordQuery(.patterns)) }
    #expect(names.contains { $0.values.contains(.text("edited")) })
  }

  @Test func aDatabaseWithARollbackJournalIsCopiedAtOnce() throws {
    try migrate(1...2)
    try sqlite3(work.file("rmos.db"), "PRAGMA journal_mode = DELETE;")
    let before = try content("rmos.db")
    let summary = try migrate(1...3)
    #expect(summary.statistics.total.migrated == 1)
    #expect(try content("rmos.db.backup-\(summary.run ?? 0)") == before)
  }

  @Test func aRunWithoutChangesLeavesNoneOfADatabaseWithARollbackJournal() throws {
    try migrate(1...2)
    for isAtomic in [false, true] {
      try sqlite3(work.file("rmos.db"), "PRAGMA journal_mode = DELETE;")
      let summary = try migrate(1...2) { $0.isAtomic = isAtomic }
      #expect(summary.isSuccess && summary.backup == nil)
      #expect(try sqlite3(work.file("rmos.db"), "PRAGMA journal_mode") == "wal")
      #expect(try backups.isEmpty)
    }
  }

  /// Not even its journal mode changes, though the run opened it for writing.
  @Test(arguments: 0...4)
  func anAtomicRunThatIsRolledBackLeavesTheFileAsItWas(_ version: Int) throws {
    try migrate(1...2)
    try sqlite3(work.file("rmos.db"), "PRAGMA journal_mode = DELETE;")
    let path =
      version == 0
      ? work.file("rmos.db") : try Fixtures.copyDatabase(version: version, into: work)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    try tree.add("patterns/a.json", #"[{"id":"n","name":"n","ring_count":1,"geometry":{"a":1}}]"#)
    try tree.add("patterns/bad.json", "[]{")
    var options = Migration.Options()
    options.isAtomic = true
    let store = try SQLiteStore(path: path, access: .readWrite)
    let failed = try Migration(from: tree.path, into: store, options: options).runSynchronously()
    #expect(failed.ending == .rolledBack && failed.backup == nil)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try backups.isEmpty)
    // The store can still be written to, and has a log then.
    try tree.add("patterns/bad.json", "[]")
    let summary = try Migration(from: tree.path, into: store, options: options).runSynchronously()
    #expect(summary.isSuccess && summary.backup != nil)
    #expect(try sqlite3(path, "PRAGMA journal_mode") == "wal")
  }

  @Test func aBackupThatFailsStopsTheRunBeforeAnythingIsChanged() throws {
    try migrate(1...1)
    let before = try content("rmos.db").records
    // Directories take the names of the file that would be written first.
    let name = "rmos.db.backup-2.incomplete-\(ProcessInfo.processInfo.processIdentifier)"
    for taken in [name] + (2...100).map({ "\(name)-\($0)" }) {
      try FileManager.default.createDirectory(
        atPath: work.file(taken), withIntermediateDirectories: true)
    }
    let error = #expect(throws: StoreError.self) { try migrate(1...2) }
    #expect(error?.message.contains("run without a backup") == true)
    #expect(try content("rmos.db").records == before)
    let store = try SQLiteStore(path: work.file("rmos.db"), access: .readOnly)
    let run = try #require(try store.read { try $0.runs(limit: 1) }.first)
    #expect(run.state == .failed && run.failure?.contains("run without a backup") == true)
    // A caller that continues after the failure still gets no change without a backup.
    let writer = try SQLiteStore(path: work.file("rmos.db"))
    try writer.withExclusiveWriter {
      try writer.withBackup(beforeRun: 2, isCancelled: { false }) { take in
        for _ in 1...2 { #expect(throws: StoreError.self) { try take() } }
      }
    }
    writer.close()
    #expect(run.statistics.total.migrated == 0)
    #expect(try migrate(1...2) { $0.takesBackup = false }.statistics.total.migrated == 1)
  }

  @Test func aRunCancelledMeanwhileWritesNothing() throws {
    try migrate(1...1)
    let store = try SQLiteStore(path: work.file("rmos.db"))
    for atomic in [false, true] {
      var options = Migration.Options()
      options.isAtomic = atomic
      let summary = try Migration(from: tree.path, into: store, options: options)
        .runSynchronously(isCancelled: { true })
      #expect(summary.ending == .interrupted && summary.run == nil)
    }
    #expect(try store.read { try $0.runs(limit: nil) }.count == 1)
    #expect(try backups.isEmpty)
  }

  @Test(arguments: [false, true])
  func aRunCancelledWhileItIsCopiedChangesNothing(_ isAtomic: Bool) throws {
    try migrate(1...1)
    let before = try content("rmos.db").records
    try tree.add(
      "patterns/a.json", #"{"id": "p2", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#)
    let (store, path) = (try SQLiteStore(path: work.file("rmos.db")), work.path)
    var options = Migration.Options()
    options.isAtomic = isAtomic
    // The copy has begun.
    let summary = try Migration(from: tree.path, into: store, options: options)
      .runSynchronously(isCancelled: {
        let names = try? FileManager.default.contentsOfDirectory(atPath: path)
        return names?.contains { $0.contains(".incomplete-") } ?? false
      })
    #expect(summary.ending == .interrupted && summary.statistics.total.migrated == 0)
    #expect(try content("rmos.db").records == before)
    #expect(try backups.isEmpty)
    let runs = try store.read { try $0.runs(limit: nil) }
    #expect(runs.map(\.state) == (isAtomic ? [.completed] : [.interrupted, .completed]))
  }

  @Test func aDatabaseBehindALinkIsBackedUpBesideItself() throws {
    try migrate(1...1)
    try FileManager.default.createDirectory(
      atPath: work.file("links"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: work.file("links/l.db"), withDestinationPath: work.file("rmos.db"))
    let store = try SQLiteStore(path: work.file("links/l.db"))
    try tree.add(
      "patterns/b.json", #"{"id": "q", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#)
    let summary = try Migration(from: tree.path, into: store).runSynchronously()
    #expect(summary.backup?.path == work.file("rmos.db.backup-2"))
    #expect(try backups == ["rmos.db.backup-2"])
  }
}
