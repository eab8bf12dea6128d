import RMOSTestSupport
import Testing

/// Runs tests on threads that wait for them; see `WaitingThreads`.
struct WaitingTrait: SuiteTrait, TestTrait, TestScoping {
  var threads: WaitingThreads
  var isRecursive: Bool { true }

  // The suite as well: between its tests it would queue behind those that compute.
  func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? { self }

  func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(threads) { try await function() }
  }
}

extension Trait where Self == WaitingTrait {
  /// What the tests do most is wait.
  static var waiting: Self { Self(threads: .shared) }
  /// The same, of the suites that take longest.
  static var waitingLongest: Self { Self(threads: .longest) }
}
