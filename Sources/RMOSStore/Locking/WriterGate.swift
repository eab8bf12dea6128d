import RMOSSystem

/// Lets one thread of this process at a time write to a store.
///
/// Each store has a gate, so that its transactions are serialized and do not nest. A thread may
/// hold the gate for one transaction, or exclusively for many. Other threads wait for a transaction
/// without limit, and for an exclusive section until a timeout.
public final class WriterGate: Sendable {
  private struct State {
    var owner: UInt?
    var exclusiveDepth = 0
    var isInTransaction = false
  }

  private let monitor = Monitor(State())
  private let location: String

  /// Creates a gate; messages name `location`.
  public init(location: String) { self.location = location }

  /// Runs `body` while no other thread is within the gate.
  ///
  /// `timeout` is how long to wait for an exclusive section of another thread.
  /// - Throws: `store.nested-transaction`, ``StoreError/Code/locked``, or what `body` throws.
  public func transaction<Result>(timeout: Duration, _ body: () throws -> Result) throws -> Result {
    try enter(timeout: timeout) { state in
      guard !state.isInTransaction else { throw nestedError }
      state.isInTransaction = true
    }
    defer { leave { $0.isInTransaction = false } }
    return try body()
  }

  /// Runs `body`, which may run transactions and further exclusive sections, while no other thread
  /// is within the gate.
  ///
  /// - Throws: ``StoreError/Code/locked`` at once if another thread is in an exclusive section;
  ///   `store.nested-transaction`, or what `body` throws.
  public func exclusively<Result>(_ body: () throws -> Result) throws -> Result {
    try enter(timeout: .zero) { state in
      guard !state.isInTransaction else { throw nestedError }
      state.exclusiveDepth += 1
    }
    defer { leave { $0.exclusiveDepth -= 1 } }
    return try body()
  }

  /// Whether the calling thread is within the gate.
  var isHeld: Bool {
    let thread = SystemThread.current
    return monitor.withLock { $0.owner == thread }
  }

  private func enter(timeout: Duration, _ change: (inout State) throws -> Void) throws {
    let thread = SystemThread.current
    let deadline = Deadline(after: timeout)
    try monitor.wait { (state) -> Monitor<State>.Look<Void> in
      if let owner = state.owner, owner != thread {
        guard state.exclusiveDepth > 0 else { return .wait() }
        guard deadline.hasPassed else { return .wait(until: deadline) }
        throw StoreError(
          .locked,
          "\(location) is being written by another thread of this process; wait for it to end",
          path: location)
      }
      try change(&state)
      state.owner = thread
      return .done(())
    }
  }

  private func leave(_ change: (inout State) -> Void) {
    monitor.withLock(waking: .all) { state in
      change(&state)
      if state.exclusiveDepth == 0, !state.isInTransaction { state.owner = nil }
    }
  }

  private var nestedError: StoreError {
    StoreError(
      .nested,
      "a transaction on \(location) was started within a transaction; use the outer one",
      path: location)
  }
}
