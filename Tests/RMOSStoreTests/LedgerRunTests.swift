import RMOSModels
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSStore

@Suite struct LedgerRunTests {
  /// The ledger is a table that anyone can write to.
  @Test(arguments: [
    (1.5, Duration.milliseconds(1500)), (.nan, .zero), (.infinity, .seconds(3_155_760_000)),
    (-1e300, .seconds(-3_155_760_000)),
  ])
  func anyStoredNumberIsADuration(_ seconds: Double, _ duration: Duration) {
    var run = StoreSamples.run()
    run.seconds = seconds
    run.timings.kindSeconds[.patterns] = seconds
    #expect(run.duration == duration)
    #expect(run.timings.kindDurations == [.patterns: duration])
  }

  @Test func durationsAreStoredAsSeconds() {
    var run = StoreSamples.run()
    run.duration = .milliseconds(2250)
    run.timings.kindDurations = [.joblogs: .seconds(3)]
    #expect(run.seconds == 2.25)
    #expect(run.timings.kindSeconds == [.joblogs: 3])
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

  /// What a wrapped reader forwards works: inspection, and giving up a long statement.
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
