import Testing

@testable import RMOSSystem

@Suite struct BlockingWorkTests {
  private struct Failure: CancellableError {
    var saysCancelled = false
  }

  @Test func aTaskGetsWhatTheThreadReturnsOrThrows() async throws {
    let value = try await BlockingWork.run(orThrow: { $0 }) { isCancelled in isCancelled() ? 1 : 2 }
    #expect(value == 2)
    await #expect(throws: Failure.self) {
      _ = try await BlockingWork.run(orThrow: { $0 }) { _ -> Int in throw Failure() }
    }
  }

  @Test func cancellingTheTaskReachesTheThread() async throws {
    // The loop ends only if the thread sees the cancellation.
    let task = Task {
      try await BlockingWork.run(orThrow: { $0 }) { isCancelled in
        while !isCancelled() { SystemThread.pause(milliseconds: 1) }
        return isCancelled()
      }
    }
    task.cancel()
    #expect(try await task.value)
  }

  /// An error that is not a cancellation is thrown even if the task is cancelled.
  @Test(arguments: [true, false])
  func whatACancelledTaskThrows(_ saysCancelled: Bool) async {
    let task = Task {
      try await BlockingWork.run(orThrow: { $0 }) { isCancelled in
        while !isCancelled() { SystemThread.pause(milliseconds: 1) }
        throw Failure(saysCancelled: saysCancelled)
      }
    }
    task.cancel()
    let result = await task.result
    #expect(throws: (any Error).self) { try result.get() }
    if case .failure(let error) = result {
      #expect(error is CancellationError == saysCancelled)
    }
  }
}
