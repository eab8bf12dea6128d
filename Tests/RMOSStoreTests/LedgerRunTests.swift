import RMOSModels
import RMOSStoreWrapper
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSStore

@Suite struct LedgerRunTests {
  /// Other applications may have written any number into the ledger.
  @Test(arguments: [(Int.max, 1_000_000_000_000), (.min, 0), (7, 7)])
  func anyStoredNumberIsACount(_ number: Int, _ count: Int) {
    var run = StoreSamples.run()
    (run.failedNew, run.failedKnown) = (number, number)
    run.storedParts = (nil, #"{"field.type":\#(number)}"#, nil)
    #expect(run.failedNew == count && run.failedKnown == count)
    #expect(run.issueCounts == [.fieldType: count])
    run.storedParts = (nil, nil, nil)
    #expect(run.issueCounts.isEmpty)
  }

  @Test func laterRunsAreReadPageByPage() throws {
    let store = InMemoryStore()
    let ids = try store.write { transaction in
      try (0..<40).map { _ in try transaction.beginRun(StoreSamples.run()) }
    }
    try store.read { reader in
      for id in [0] + ids {
        let later = try reader.runs(after: id).map(\.id)
        #expect(later == ids.filter { $0 > id }.reversed())
      }
    }
  }

  /// A ledger of version 2 names the user only for servers, and does not record new failures.
  @Test func whatAnOlderLedgerDoesNotSayIsNotRecorded() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("rmos.db")
    let issue = Issue(severity: .error, code: .fieldMissing, message: "m")
    do {
      let store = try SQLiteStore(path: path)
      try store.write { transaction in
        var migration = StoreSamples.run()
        migration.statistics[.patterns].failed = 1
        let run = try transaction.beginRun(migration)
        try transaction.appendIssues([issue], run: run)
        var server = StoreSamples.run("serve")
        server.optionsJSON = #"{"user":"luthier","host":"bench","session":"s"}"#
        _ = try transaction.beginRun(server)
      }
    }
    let columns = ["user", "host", "failed_new", "failed_known", "known_since"]
    _ = try sqlite3(
      path,
      "DROP VIEW migration_run_counts; "
        + columns.map { "ALTER TABLE migration_runs DROP COLUMN \($0);" }.joined()
        + "ALTER TABLE migration_issues DROP COLUMN is_new; DROP TABLE migration_failures; "
        + "PRAGMA user_version = 2")
    func check(_ reader: any StoreReader) throws {
      let runs = try reader.runs(limit: nil)
      #expect(runs.map(\.user) == ["luthier", nil] && runs.map(\.host) == ["bench", nil])
      for run in runs {
        #expect(run.failedNew == nil && run.failedKnown == nil && run.knownSince == nil)
      }
      let (issues, failures) = (
        try reader.issues(ofRun: 1), try reader.failures(ofRun: 1, among: [.zero])
      )
      #expect(issues == [issue] && failures.isEmpty)
    }
    try SQLiteStore(path: path, access: .readOnly).read(check)
    #expect(try sqlite3(path, "PRAGMA user_version") == "2")
    let store = try SQLiteStore(path: path)
    try store.read(check)
    var run = StoreSamples.run()
    (run.user, run.failedNew) = ("o'hara", 0)
    let id = try store.write { transaction in
      try check(transaction)
      try transaction.keepFailures([.zero], run: 1)
      return try transaction.beginRun(run)
    }
    run.id = id
    #expect(try store.read { try $0.run(id) } == run)
    #expect(try store.read { try $0.failures(ofRun: 1, among: [.zero]) } == [.zero])
    #expect(try sqlite3(path, "PRAGMA user_version") == "3")
  }

  @Test func aBackupDoesWhatItsStoreSaid() {
    let calls = Mutex<[String]>([])
    let backup = RunBackup(
      path: "b", run: 3, discard: { calls.withLock { $0.append("discard") } },
      removeOlder: { calls.withLock { $0.append("removeOlder") } })
    #expect(backup == RunBackup(path: "b", run: 3, discard: {}, removeOlder: {}))
    backup.discard()
    backup.removeOlder()
    #expect(calls.withLock { $0 } == ["discard", "removeOlder"])
  }

  /// Inspecting and cancelling work through a wrapper that does not declare them.
  @Test func aWrapperLosesNothing() throws {
    let directory = try TemporaryDirectory()
    let base = try SQLiteStore(path: directory.file("rmos.db"))
    try base.write { transaction in
      for number in 0..<3000 {
        try transaction.insert(StoreSamples.record(.patterns, "p\(number)"))
      }
    }
    let store = FaultyStore(base, failingAt: nil)
    #expect(store.sizeOnDisk == base.sizeOnDisk && store.sizeOnDisk != nil)
    #expect(store.hasWriter == false)
    #expect(store.changeToken() == base.changeToken())
    var polls = 0
    let error = #expect(throws: StoreError.self) {
      try store.write { transaction in
        #expect(transaction.inspection.hasSchema)
        try transaction.run(whileNot: {
          polls += 1
          return polls > 2
        }) {
          _ = try transaction.count(RecordQuery(.patterns).filter("name", contains: "nowhere"))
        }
      }
    }
    #expect(error?.code == .cancelled)
    #expect(polls == 3)
  }
}
