import RMOSTestSupport
import Testing

/// Runs tests that wait for other threads on threads of their own; see `WaitingThreads`.
struct WaitingTrait: SuiteTrait, TestTrait, TestScoping {
  var threads: WaitingThreads
  var isRecursive: Bool { true }

  // The suite runs there too: otherwise it would queue behind computing tests between its own.
  func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? { self }

  func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(threads) { try await function() }
  }
}

extension Trait where Self == WaitingTrait {
  /// For tests that mostly wait.
  static var waiting: Self { Self(threads: .shared) }
  /// For suites that mostly wait, and take longest.
  static var waitingLongest: Self { Self(threads: .longest) }
}
