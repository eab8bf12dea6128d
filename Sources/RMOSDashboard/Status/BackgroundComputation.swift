import RMOSSystem

/// Computations on another thread, one at a time, for whose ends a page can wait for a moment.
final class BackgroundComputation: Sendable {
  /// The result of starting a computation.
  enum Start {
    case begun
    /// Another computation is in progress.
    case busy
    /// The system provides no thread.
    case impossible
  }

  private let isRunning = Monitor(false)

  /// Starts `work`, unless another computation is in progress.
  func start(_ work: @escaping @Sendable () -> Void) -> Start {
    let begins = isRunning.withLock { isRunning in
      defer { isRunning = true }
      return !isRunning
    }
    guard begins else { return .busy }
    do {
      try SystemThread.detached { [self] in
        defer { end() }
        work()
      }
      return .begun
    } catch {
      end()
      return .impossible
    }
  }

  private func end() { isRunning.withLock(waking: .all) { $0 = false } }

  /// Waits until no computation is in progress.
  ///
  /// - Returns: Whether it ended in time.
  @discardableResult
  func waitUntilIdle(within patience: Duration) -> Bool {
    let deadline = Deadline(after: patience)
    return isRunning.wait { isRunning in
      isRunning && !deadline.hasPassed ? .wait(until: deadline) : .done(!isRunning)
    }
  }
}
