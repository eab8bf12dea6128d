import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Synchronization
import Testing

@Suite("Cancelling an audit")
struct AuditCancellationTests {
  /// A store with many patterns, of either backend.
  private func store(_ directory: TemporaryDirectory, inMemory: Bool) throws -> any RecordStore {
    let store: any RecordStore =
      inMemory ? InMemoryStore() : try SQLiteStore(path: directory.file("rmos.db"))
    try store.write { transaction in
      for number in 0..<3000 {
        try transaction.insert(
          StoreSamples.record(.patterns, "p\(number)", ["name": .text("é \(number)")]))
      }
    }
    return store
  }

  @Test("It stops at whatever point it is asked to, also within a check", arguments: [true, false])
  func atAnyPoint(_ inMemory: Bool) throws {
    try TemporaryDirectory.use { directory in
      let store = try store(directory, inMemory: inMemory)
      let asked = Mutex(0)
      _ = try Auditor(of: store).runSynchronously(isCancelled: {
        asked.withLock { $0 += 1 }
        return false
      })
      let total = asked.withLock { $0 }
      // Called more often than once per check, so that a long check does not run to its end.
      #expect(total > 40)
      for limit in stride(from: 0, to: total, by: max(1, total / 10)) {
        let left = Mutex(limit)
        let error = #expect(throws: StoreError.self) {
          try Auditor(of: store).runSynchronously(isCancelled: {
            left.withLock { left in
              left -= 1
              return left < 0
            }
          })
        }
        #expect(error?.code == .cancelled)
      }
    }
  }

  @Test("It stops with its task, in the middle of a check of one's own", arguments: [true, false])
  func withItsTask(_ inMemory: Bool) async throws {
    struct Endless: AuditChecker {
      let rule = AuditRule(code: "shop.endless", severity: .info, summary: "Finds without end")
      let hasBegun: AsyncStream<Void>.Continuation

      func check(_ reader: any StoreReader, report: (AuditFinding) throws -> Void) throws {
        hasBegun.yield()
        while true { try report(AuditFinding(of: rule, message: "again")) }
      }
    }
    let directory = try TemporaryDirectory()
    let store = try store(directory, inMemory: inMemory)
    let (begun, continuation) = AsyncStream<Void>.makeStream()
    let task = Task {
      try await Auditor(of: store) { $0.checkers = [Endless(hasBegun: continuation)] }.run()
    }
    for await _ in begun { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("Asynchronously it finds the same")
  func asynchronously() async throws {
    let fixture = try AuditFixture(Fixtures.database(version: 1))
    let report = try await Auditor(of: fixture.store()).run()
    #expect(try report.results == fixture.audit().results)
    #expect(report.duration > .zero)
  }
}
