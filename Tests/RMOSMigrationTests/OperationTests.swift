import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// The shape that all operations share.
@Suite struct OperationTests {
  /// Runs `body` in a task that is already cancelled.
  private func cancelled<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async -> Result<Value, any Error> {
    await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await body()
    }.result
  }

  private func migrated() throws -> InMemoryStore {
    let store = InMemoryStore()
    _ = try Migration(from: Fixtures.exampleTree, into: store).runSynchronously()
    return store
  }

  @Test func theAsynchronousRunsGiveWhatTheBlockingOnesGive() async throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    let store = try migrated()
    let diff = Diff(of: Fixtures.exampleTree, against: store)
    #expect(try await diff.run() == diff.runSynchronously())
    let summary = try await Export(of: store, to: directory.file("a")).run()
    #expect(try summary == Export(of: store, to: directory.file("b")).runSynchronously())
    #expect(try await StoreStatus.read(from: store).total == summary.total)
    #expect(
      try await MigrationReport.read(run: 1, from: store).json
        == MigrationReport(ofRun: 1, in: store).json)
    #expect(try await Undo(of: 1, in: store).run().counts.removed.values.reduce(0, +) == 72)
    #expect(try await StoreStatus.read(from: store).total == 0)
  }

  @Test func aCancelledTaskCancelsEveryOperation() async throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    let store = try migrated()
    let before = try StoreContent(of: store)
    let target = directory.file("tree")
    let empty = InMemoryStore()
    let summary = try await cancelled {
      try await Migration(from: Fixtures.exampleTree, into: empty).run()
    }.get()
    #expect(summary.ending == .interrupted && summary.statistics.total.migrated == 0)
    let undo = await cancelled { try await Undo(of: 1, in: store).run() }
    #expect(throws: CancellationError.self) { try undo.get() }
    let export = await cancelled { try await Export(of: store, to: target).run() }
    #expect(throws: CancellationError.self) { try export.get() }
    let diff = await cancelled { try await Diff(of: Fixtures.exampleTree, against: store).run() }
    #expect(throws: CancellationError.self) { try diff.get() }
    let survey = await cancelled { try await Survey(of: Fixtures.exampleTree).run() }
    #expect(throws: CancellationError.self) { try survey.get() }
    #expect(try StoreContent(of: store) == before)
    #expect(!FileManager.default.fileExists(atPath: target))
  }

  @Test func validationRefusesWhatARunWouldAndCreatesNothing() throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    func code(
      _ source: String, _ change: (inout Migration.Options) -> Void
    ) -> MigrationError.Code? {
      var options = Migration.Options()
      change(&options)
      let validated = Result { try Migration.validate(source: source, options: options) }
      let ran = Result {
        _ = try Migration(from: source, into: InMemoryStore(), options: options).runSynchronously()
      }
      func code(_ result: Result<Void, any Error>) -> MigrationError.Code? {
        if case .failure(let error as MigrationError) = result { error.code } else { nil }
      }
      #expect(code(validated) == code(ran))
      return code(validated)
    }
    try Data().write(to: URL(fileURLWithPath: directory.file("kept")))
    #expect(code(directory.file("gone")) { _ in } == .sourceUnreadable)
    #expect(code(Fixtures.exampleTree) { $0.batchSize = 0 } == .invalidOption)
    #expect(code(Fixtures.exampleTree) { $0.maxErrors = -1 } == .invalidOption)
    #expect(code(Fixtures.exampleTree) { $0.overwritesEdits = true } == .invalidOption)
    #expect(
      code(Fixtures.exampleTree) { $0.rejectsDirectory = directory.path } == .rejectsNotEmpty)
    var options = Migration.Options()
    options.rejectsDirectory = directory.file("rejects")
    try Migration.validate(source: Fixtures.exampleTree, options: options)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["kept"])
  }

  @Test func theLedgersTimesAreThoseOfTheClock() throws {
    let store = InMemoryStore()
    var options = Migration.Options()
    options.clock = MigrationClock(now: { .seconds(1_772_357_400.75) }, uptime: { .seconds(3) })
    let summary = try Migration(from: Fixtures.exampleTree, into: store, options: options)
      .runSynchronously()
    #expect(summary.startedAt == "2026-03-01T09:30:00Z")
    #expect(summary.duration == .zero)
    #expect(MigrationClock.system.timestamp > "2026-01-01")
    #expect(MigrationClock.system.uptime() <= MigrationClock.system.uptime())
  }
}
