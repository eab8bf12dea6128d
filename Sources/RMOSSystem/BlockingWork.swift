import Synchronization

/// An error that may mean that the work was cancelled.
package protocol CancellableError: Error {
  /// Whether the error means that the work was cancelled.
  var saysCancelled: Bool { get }
}

/// Runs blocking work for callers that must not block, on a thread of its own that is cancelled
/// with the calling task.
package enum BlockingWork {
  /// Runs `body` on a new thread and suspends the task until it returns.
  ///
  /// - Parameters:
  ///   - failure: Returns the error to throw if no thread can be started.
  ///   - body: The work. Its argument returns whether the task was cancelled, and may be called
  ///     from any thread.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; `CancellationError` in place of a ``CancellableError`` that
  ///   means so, if the task was cancelled.
  package static func run<Value: Sendable>(
    orThrow failure: (SystemError) -> any Error,
    _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Value
  ) async throws -> Value {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        do throws(SystemError) {
          try SystemThread.detached {
            do {
              continuation.resume(returning: try body { cancellation.isRequested })
            } catch let error as any CancellableError
              where error.saysCancelled && cancellation.isRequested
            {
              continuation.resume(throwing: CancellationError())
            } catch {
              continuation.resume(throwing: error)
            }
          }
        } catch {
          continuation.resume(throwing: failure(error))
        }
      }
    } onCancel: {
      cancellation.request()
    }
  }

  /// A flag that one thread sets and another reads.
  private final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isRequested: Bool { flag.load(ordering: .relaxed) }
    func request() { flag.store(true, ordering: .relaxed) }
  }
}
