import RMOSSystem

/// A computation on a thread of its own, one at a time, that a page waits for a moment.
final class BackgroundComputation: Sendable {
  /// What came of starting it.
  enum Start {
    case begun
    /// Another is under way.
    case busy
    /// The system gives no thread.
    case impossible
  }

  private let isRunning = Monitor(false)

  /// Runs `work`, unless another is under way.
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

  /// Waits until none is under way, so that the next can begin.
  ///
  /// - Returns: Whether that came to be in time.
  func isOver(within patience: Duration) -> Bool {
    let deadline = Deadline(after: patience)
    return isRunning.wait { isRunning in
      isRunning && !deadline.hasPassed ? .wait(until: deadline) : .done(!isRunning)
    }
  }
}
