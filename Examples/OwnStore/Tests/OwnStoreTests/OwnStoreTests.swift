import OwnStore
import RMOS
import RMOSTesting
import Synchronization
import Testing

@Suite struct OwnStoreTests {
  /// All required checks, and those for two abilities of a store in memory.
  static let checks = StoreConformance.checks(for: [.keepsNUL, .keepsAnyType])

  @Test(arguments: checks)
  func theTableStoreConforms(_ check: StoreConformance) throws {
    try check.run { _ in TableStore() }
  }

  @Test(arguments: checks)
  func aWrapperConforms(_ check: StoreConformance) throws {
    try check.run { _ in LoggedStore(TableStore()) { _ in } }
  }

  @Test func aWrapperLogsEachCall() throws {
    let log = Log()
    let store = LoggedStore(TableStore()) { line in log.lines.withLock { $0.append(line) } }
    try store.write { try $0.insert(StoreSamples.record(.patterns, "p")) }
    _ = try? store.write { transaction in
      _ = try transaction.delete(.patterns, id: "p")
      throw CancellationError()
    }
    #expect(
      log.lines.withLock { $0 } == [
        "insert pattern p", "commit", "delete pattern p", "rollback: CancellationError()",
      ])
  }

  @Test func aWrapperLogsEveryRowThatAMigrationWritesAndItsUndo() async throws {
    let source = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let log = Log()
    let store = LoggedStore(TableStore()) { line in log.lines.withLock { $0.append(line) } }
    let summary = try await Migration(from: "/\(source)/rmos_legacy", into: store).run()
    let run = try #require(summary.run)
    _ = try await Undo(of: run, in: store).run()
    let lines = log.lines.withLock { $0.filter { $0 != "commit" } }
    #expect(lines.count { $0.hasSuffix(" in run \(run)") } == 72)
    #expect(lines.count == 73 && lines.last == "undo run \(run)")
  }

  private final class Log: Sendable {
    let lines = Mutex<[String]>([])
  }
}
