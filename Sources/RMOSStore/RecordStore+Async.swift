import RMOSSystem

extension RecordStore {
  /// Runs ``read(_:)`` on a thread of its own; the task is suspended meanwhile.
  ///
  /// For code that must not block, such as the main actor and everything else that runs on Swift's
  /// threads.
  ///
  /// ```swift
  /// let patterns = try await store.asyncRead { try $0.entities(Pattern.self, limit: 50) }
  /// ```
  ///
  /// - Throws: `CancellationError` if the task is cancelled while something long is read; what
  ///   ``read(_:)`` throws.
  public func asyncRead<Result: Sendable>(
    _ body: @escaping @Sendable (any StoreReader) throws -> Result
  ) async throws -> Result {
    try await BlockingWork.run(orThrow: StoreError.noThread) { isCancelled in
      try read { reader in try reader.withCancellation(isCancelled) { try body(reader) } }
    }
  }

  /// Runs ``write(_:)`` on a thread of its own; the task is suspended meanwhile, also while another
  /// writer is at work.
  ///
  /// ```swift
  /// try await store.asyncWrite { try $0.create(pattern) }
  /// ```
  ///
  /// - Throws: `CancellationError` if the task is cancelled before the transaction is committed and
  ///   something long is read in it; nothing is changed then. What ``write(_:)`` throws.
  public func asyncWrite<Result: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
  ) async throws -> Result {
    try await BlockingWork.run(orThrow: StoreError.noThread) { isCancelled in
      try write { transaction in
        try transaction.withCancellation(isCancelled) { try body(transaction) }
      }
    }
  }
}

extension StoreError: CancellableError {
  package var saysCancelled: Bool { code == .cancelled }
}
