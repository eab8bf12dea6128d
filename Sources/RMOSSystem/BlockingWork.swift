import Synchronization

/// An error that may say that the work was cancelled.
package protocol CancellableError: Error {
  var saysCancelled: Bool { get }
}

/// Work that blocks, for callers that must not: done on a thread of its own and cancelled with the
/// task that waits for it.
package enum BlockingWork {
  /// Runs `body` on a new thread and suspends the task until it returns.
  ///
  /// - Parameters:
  ///   - failure: The error to throw if the system gives no thread.
  ///   - body: The work. Its argument tells whether the task was cancelled, and may be called from
  ///     any thread.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; `CancellationError` if that says that it was cancelled with the
  ///   task.
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

  /// A request made on one thread and seen on others.
  private final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isRequested: Bool { flag.load(ordering: .relaxed) }
    func request() { flag.store(true, ordering: .relaxed) }
  }
}
