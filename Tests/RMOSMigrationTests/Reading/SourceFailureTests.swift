import Foundation
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSSystem
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSMigration

/// Sources that cannot be read to their end, so that the rest of their content is unknown.
@Suite struct SourceFailureTests {
  /// Errors that are not about the file of the call.
  private static let general: [Int32] = [
    EMFILE, ENFILE, ENOMEM, ENOBUFS, EIO, ESTALE, ETIMEDOUT, ENOTCONN, EHOSTDOWN, EHOSTUNREACH,
    ENETDOWN, ENETUNREACH, ECONNRESET, EAGAIN, ENODEV,
  ]
  private static let ofOneFile: [Int32] = [EACCES, EPERM, ELOOP, ENAMETOOLONG]

  private func tree() throws -> SourceTree {
    try SourceTree([
      "strip_families/f.json": Texts.family("f"),
      "patterns/a.json": "[\(Texts.pattern("a")),\(Texts.pattern("b"))]",
      "patterns/sub/c.json": Texts.pattern("c"),
      "patterns/z.json": Texts.pattern("z"),
      "joblogs/j.json": Texts.job("j"),
    ])
  }

  /// Returns an access for which each `call` on a path with an ending fails.
  private func failing(
    _ call: SourceAccess.Call, _ ending: String, _ code: Int32
  ) -> SourceAccess {
    SourceAccess { made, path throws(SystemError) in
      if made == call, String(decoding: path, as: UTF8.self).hasSuffix(ending) {
        throw SystemError.code(code)
      }
    }
  }

  /// The error, issues and summary of a run that is expected to throw.
  private struct Stopped {
    var error: MigrationError?
    var issues: [RMOSModels.Issue] = []
    var summary: MigrationSummary?

    init(_ tree: SourceTree, _ store: any RecordStore, _ options: Migration.Options) {
      var told: [RMOSModels.Issue] = []
      var finished: MigrationSummary?
      do {
        _ = try Migration(from: tree.path, into: store, options: options).runSynchronously(
          observer: { event in
            switch event {
            case .issue(let issue): told.append(issue)
            case .finished(let summary): finished = summary
            default: break
            }
          })
      } catch {
        self.error = error as? MigrationError
      }
      (issues, summary) = (told, finished)
    }
  }

  private func withStores(_ body: (any RecordStore) throws -> Void) throws {
    try TemporaryDirectory.use { directory in
      try body(InMemoryStore())
      try body(try SQLiteStore(path: directory.file("x.db")))
    }
  }

  /// Warnings about entities that are only skipped are written together with a later batch, or at
  /// the end, whatever ends the run.
  @Test func theLedgerHasTheWarningsOfSkippedEntities() throws {
    let tree = try tree()
    let odd = Texts.job("k").replacing("\"slice\"", with: "\"odd\"")
    try tree.add("joblogs/a.jsonl", "\(odd)\n\(Texts.job("l"))\n\(odd)\n")
    try withStores { store in
      var options = Migration.Options()
      options.batchSize = 1
      func issues(ofRun run: Int64) throws -> [String] {
        try store.read { reader in
          let issues = try reader.issues(ofRun: run)
          let counted = try reader.run(run)?.issueCounts.filter { code, _ in
            issues.contains { $0.code == code }
          }
          #expect(counted?.values.reduce(0, +) == issues.count)
          return issues.map(\.code.rawValue)
        }
      }
      let first = Stopped(tree, store, options)
      #expect(first.error == nil && first.summary?.run == 1)
      let expected = try issues(ofRun: 1)
      #expect(expected.count { $0 == "field.unknown-value" } == 2)
      #expect(Stopped(tree, store, options).error == nil)
      #expect(try issues(ofRun: 2) == expected)
      options.access = failing(.open, "joblogs/j.json", EIO)
      #expect(Stopped(tree, store, options).error != nil)
      #expect(try issues(ofRun: 3) == expected + ["source.unreadable"])
    }
  }

  /// A store that notices only after a commit that its file was replaced.
  private final class LateStore: StoreWrapper {
    let base: any RecordStore
    private let commits = Mutex(0)
    /// The number of the commit after which it fails.
    private let last: Int

    init(base: any RecordStore, last: Int) {
      self.base = base
      self.last = last
    }

    func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
      let result = try base.write(body)
      let count = commits.withLock { count in
        count += 1
        return count
      }
      if count < last { return result }
      var error = StoreError(.replaced, "the file was replaced")
      error.isAfterCommit = true
      throw error
    }
  }

  /// The summary agrees with what was committed.
  @Test(arguments: 2...4)
  func aBatchCountsIfAnErrorIsFoundAfterItsCommit(_ last: Int) throws {
    let base = InMemoryStore()
    var options = Migration.Options()
    options.batchSize = 1
    let run = Stopped(try tree(), LateStore(base: base, last: last), options)
    #expect(run.summary?.ending == .storeFailed)
    let migrated = try #require(run.summary?.statistics.total.migrated)
    #expect(migrated > 0 && migrated < 5)
    #expect(try StoreContent(of: base).records.count == migrated)
  }

  @Test(arguments: general)
  func theRunStopsAndKeepsCommittedEntities(_ code: Int32) throws {
    for (call, ending) in [
      (SourceAccess.Call.open, "patterns/z.json"), (.read, "patterns/z.json"),
      (.list, "patterns/sub"), (.status, "patterns/sub"),
    ] {
      try withStores { store in
        let tree = try tree()
        var options = Migration.Options()
        options.access = failing(call, ending, code)
        options.isDryRun = true
        let dry = Stopped(tree, store, options)
        #expect(dry.error?.code == .sourceUnreadable)
        #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 0)

        options.isDryRun = false
        let stopped = Stopped(tree, store, options)
        let error = try #require(stopped.error)
        #expect(error.code == .sourceUnreadable && error.message.contains(ending))
        #expect(stopped.issues == dry.issues)
        let issue = try #require(stopped.issues.first)
        #expect(stopped.issues.count == 1 && issue.code == .sourceUnreadable)
        #expect(issue.source == ending && issue.kind == nil)
        let summary = try #require(stopped.summary)
        #expect(summary.ending == .sourceFailed && !summary.isSuccess)
        #expect(summary.statistics == dry.summary?.statistics)
        #expect(summary.statistics.total.failed == 0)
        #expect(summary.statistics[.stripFamilies].migrated == 1)
        // The entities before the failure are migrated, though their batch was not full.
        #expect(summary.statistics[.patterns].migrated == (ending.hasSuffix("z.json") ? 3 : 2))
        #expect(summary.statistics[.joblogs].found == 0)
        let stored = try store.read { try $0.count(RecordQuery(.patterns)) }
        #expect(stored == summary.statistics[.patterns].migrated)

        let ledger = try #require(try store.read { try $0.run(1) })
        #expect(ledger.state == .failed && ledger.failure == error.message)
        let report = try MigrationReport(ofRun: 1, in: store)
        #expect(report.run?.ending == .sourceFailed && report.issues == [issue])
        #expect(!report.isSuccess && report.run?.ending == .sourceFailed)

        // The next run migrates the rest.
        let again = try RecordedMigration(tree, into: store)
        #expect(again.summary.isSuccess)
        #expect(again.summary.statistics.total.migrated == 6 - summary.statistics.total.migrated)
      }
    }
  }

  /// A run may have to stop for lack of a thread, or since the source is too large for a dry run.
  @Test(arguments: [MigrationError.Code.noThread, .sourceTooLarge], [false, true])
  func aRunThatCannotGoOnSaysSo(_ code: MigrationError.Code, _ isAtomic: Bool) throws {
    let reason = MigrationError(code, "it cannot go on")
    for isDryRun in [true, false] {
      var options = Migration.Options()
      (options.isDryRun, options.isAtomic) = (isDryRun, isAtomic)
      let store = InMemoryStore()
      let stopped = Stopped(try tree(), StoppingStore(base: store, reason: reason), options)
      #expect(stopped.error == reason)
      #expect(stopped.issues.map(\.code.rawValue) == [code.rawValue])
      let summary = try #require(stopped.summary)
      #expect(summary.ending == .stopped && !summary.isSuccess)
      let runs = try store.read { try $0.runs(limit: nil) }
      guard !isDryRun, !isAtomic else {
        #expect(runs.isEmpty)
        continue
      }
      #expect(runs.map(\.state) == [.failed] && runs[0].failure == reason.message)
      let report = try MigrationReport(ofRun: 1, in: store)
      #expect(report.issues == stopped.issues && !report.isSuccess)
      if code == .noThread { #expect(report.run?.ending == .stopped) }
    }
  }

  /// A store that throws an error which is due to neither the store nor the source.
  private struct StoppingStore: StoreWrapper {
    let base: any RecordStore
    let reason: MigrationError

    func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }

    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
      try base.read { try body(Reader(reader: $0, reason: reason)) }
    }

    func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
      try base.write { try body(Transaction(transaction: $0, reason: reason)) }
    }

    final class Reader: StoreReaderWrapper {
      let reader: any StoreReader
      let reason: MigrationError

      init(reader: any StoreReader, reason: MigrationError) {
        (self.reader, self.reason) = (reader, reason)
      }

      func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
        throw reason
      }
    }

    final class Transaction: StoreTransactionWrapper {
      let transaction: any StoreTransaction
      let reason: MigrationError

      init(transaction: any StoreTransaction, reason: MigrationError) {
        (self.transaction, self.reason) = (transaction, reason)
      }

      func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
        throw reason
      }
    }
  }

  @Test func anAtomicRunLeavesNothing() throws {
    for isDryRun in [false, true] {
      try withStores { store in
        var options = Migration.Options()
        options.isAtomic = true
        options.isDryRun = isDryRun
        options.access = failing(.read, "joblogs/j.json", EIO)
        let stopped = Stopped(try tree(), store, options)
        #expect(stopped.error?.code == .sourceUnreadable)
        #expect(stopped.summary?.ending == .sourceFailed && stopped.summary?.run == nil)
        #expect(stopped.summary?.statistics.total.migrated == 0)
        #expect(try StoreContent(of: store).records.isEmpty)
        #expect(try store.read { try $0.runs(limit: nil) }.isEmpty)
      }
    }
  }

  @Test(arguments: ofOneFile)
  func anErrorOfOneFileIsOneFailure(_ code: Int32) throws {
    for (call, ending) in [
      (SourceAccess.Call.open, "patterns/z.json"), (.list, "patterns/sub"),
    ] {
      var options = Migration.Options()
      options.access = failing(call, ending, code)
      let run = try RecordedMigration(try tree(), into: InMemoryStore(), options)
      #expect(run.summary.ending == .completed && run.summary.statistics.total.failed == 1)
      #expect(run.issues.map(\.code) == [.inputUnreadable])
      #expect(run.issues.first?.source == ending)
    }
  }

  /// An error in the middle of a file keeps the entities before it.
  @Test func anErrorWithinAFileKeepsWhatCameBefore() throws {
    let count = 20_000
    let text = "[" + (0..<count).map { Texts.job("j\($0)") }.joined(separator: ",") + "]"
    let tree = try SourceTree(["joblogs/all.json": text])
    let fails = Countdown(3)
    var options = Migration.Options()
    options.access = SourceAccess { call, _ throws(SystemError) in
      if call == .read, fails.isOver() { throw SystemError.code(ESTALE) }
    }
    let store = InMemoryStore()
    let stopped = Stopped(tree, store, options)
    let migrated = try #require(stopped.summary).statistics[.joblogs].migrated
    #expect(migrated > 0 && migrated < count)
    #expect(stopped.error?.code == .sourceUnreadable)
    #expect(stopped.summary?.statistics.total.failed == 0)
    #expect(try store.read { try $0.count(RecordQuery(.joblogs)) } == migrated)
    #expect(try RecordedMigration(tree, into: store).summary.isSuccess)
    #expect(try store.read { try $0.count(RecordQuery(.joblogs)) } == count)
  }

  @Test func aDeletedFileIsOneFailure() throws {
    let tree = try tree()
    var options = Migration.Options()
    let file = tree.absolute("patterns/z.json")
    options.access = SourceAccess { call, path throws(SystemError) in
      if call == .open, path == Array(file.utf8) {
        try? FileManager.default.removeItem(atPath: file)
      }
    }
    let run = try RecordedMigration(tree, into: InMemoryStore(), options)
    #expect(run.summary.ending == .completed && run.summary.statistics.total.failed == 1)
    #expect(run.issues.map(\.code) == [.inputUnreadable])
    #expect(run.issues.first?.message.contains("deleted or moved") == true)
  }

  /// The source may be unmounted or replaced by another directory while it is read.
  @Test(arguments: [false, true], ["strip_families", "patterns/z.json", "joblogs"])
  func aSourceThatIsGoneStopsTheRun(_ hasSuccessor: Bool, _ moment: String) throws {
    try TemporaryDirectory.use { directory in
      let tree = try SourceTree()
      for (path, text) in [
        ("strip_families/f.json", Texts.family("f")), ("patterns/z.json", Texts.pattern("z")),
        ("joblogs/j.json", Texts.job("j")),
      ] { try tree.add("in/" + path, text) }
      let (source, aside) = (tree.absolute("in"), tree.absolute("aside"))
      var options = Migration.Options()
      options.access = SourceAccess { call, path throws(SystemError) in
        guard call == .open || call == .status,
          String(decoding: path, as: UTF8.self).hasSuffix("in/" + moment)
        else { return }
        try? FileManager.default.moveItem(atPath: source, toPath: aside)
        if hasSuccessor {
          try? FileManager.default.createDirectory(
            atPath: source, withIntermediateDirectories: true)
        }
      }
      let store = InMemoryStore()
      let error = #expect(throws: MigrationError.self) {
        try Migration(from: source, into: store, options: options).runSynchronously()
      }
      withExtendedLifetime(tree) {}
      #expect(error?.code == .sourceChanged)
      let run = try #require(try store.read { try $0.run(1) })
      #expect(run.state == .failed && run.statistics.total.failed == 0)
      #expect(try MigrationReport(ofRun: 1, in: store).run?.ending == .sourceFailed)
    }
  }

  /// A program may rewrite a file in place, or append to it, while it is read.
  @Test(arguments: [true, false])
  func aFileThatChangesWhileItIsReadIsAWarning(_ isInPlace: Bool) throws {
    func text(_ name: String) -> String {
      let entities = (0..<9000).map {
        Texts.pattern("p\($0)").replacing("Rope", with: name)
      }
      return "[" + entities.joined(separator: ",\n") + "]"
    }
    let tree = try SourceTree(["patterns/all.json": text("Olds")])
    let added = Data((isInPlace ? text("News") : "\n").utf8)
    let reads = Mutex(0)
    var options = Migration.Options()
    options.access = SourceAccess { call, path throws(SystemError) in
      guard call == .read, String(decoding: path, as: UTF8.self).hasSuffix("all.json") else {
        return
      }
      guard
        reads.withLock({
          $0 += 1; return $0
        }) == 3,
        let file = FileHandle(forUpdatingAtPath: tree.absolute("patterns/all.json"))
      else { return }
      if !isInPlace { _ = try? file.seekToEnd() }
      try? file.write(contentsOf: added)
      try? file.close()
    }
    let run = try RecordedMigration(tree, into: InMemoryStore(), options)
    #expect(run.summary.ending == .completed && run.summary.statistics.total.migrated == 9000)
    #expect(run.issues.map(\.code) == [.inputChanged])
    #expect(run.issues.first?.source == "patterns/all.json")
    #expect(run.issues.first?.severity == .warning)
  }

  @Test(arguments: [SourceAccess.Call.open, .read])
  func aDiffStopsToo(_ call: SourceAccess.Call) throws {
    let tree = try tree()
    var options = Diff.Options()
    options.access = failing(call, "patterns/z.json", ETIMEDOUT)
    let diff = Diff(of: tree.path, against: InMemoryStore(), options: options)
    let error = #expect(throws: MigrationError.self) { try diff.runSynchronously() }
    #expect(error?.code == .sourceUnreadable)
    #expect(error?.message.contains("patterns/z.json") == true)
    withExtendedLifetime(tree) {}
  }

  /// A dry run reads an entity again to compare it with one of the same id.
  @Test func aDryRunStopsIfItCannotReadAnEntityAgain() throws {
    let tree = try SourceTree([
      "patterns/a.json": Texts.pattern("p"), "patterns/b.json": Texts.pattern("p"),
    ])
    let opened = Countdown(1)
    var options = Migration.Options()
    options.isDryRun = true
    options.access = SourceAccess { call, path throws(SystemError) in
      if call == .open, path.suffix(6) == Array("a.json".utf8), opened.isOver() {
        throw SystemError.code(EIO)
      }
    }
    let stopped = Stopped(tree, InMemoryStore(), options)
    #expect(stopped.error?.code == .sourceUnreadable)
    #expect(stopped.summary?.ending == .sourceFailed)
  }
}

/// A countdown of calls on any thread.
private final class Countdown: @unchecked Sendable {
  private let lock = NSLock()
  private var left: Int

  init(_ count: Int) { left = count }

  /// Whether it was called more often than `count` times.
  func isOver() -> Bool {
    lock.lock()
    defer { lock.unlock() }
    left -= 1
    return left < 0
  }
}
