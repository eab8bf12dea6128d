public import RMOSStore
import RMOSSystem

/// A migration of a legacy JSON tree into a store.
///
/// ```swift
/// let store = try SQLiteStore(path: "rmos.db")
/// let summary = try await Migration(from: "legacy", into: store).run()
/// print(summary.statistics.total.migrated)
/// ```
///
/// Entities are read in a fixed order (strip families, patterns, job logs; within a kind byte order
/// of the relative path, then position), so the same tree gives the same outcomes on every run.
/// A failed entity is left out and the rest goes on; a failure of the store rolls its batch back
/// and stops the run with what was committed intact. Running again goes on where it stopped.
public struct Migration: Sendable {
  /// The source directory.
  public let source: String
  /// The store written to (or, in a dry run, only read).
  public let store: any RecordStore
  /// How to go about it.
  public let options: MigrationOptions

  /// A migration; nothing happens before ``run(observer:)``.
  public init(
    from source: String, into store: any RecordStore, options: MigrationOptions = MigrationOptions()
  ) {
    self.source = source
    self.store = store
    self.options = options
  }

  /// Runs the migration on a thread of its own.
  ///
  /// Cancelling the task ends the current batch cleanly and returns the summary so far.
  ///
  /// - Parameter observer: Told of every event, on the migration's thread.
  /// - Returns: What the run did.
  /// - Throws: ``MigrationError`` or `StoreError`.
  public func run(
    observer: (@Sendable (MigrationEvent) -> Void)? = nil
  ) async throws -> MigrationSummary {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { isCancelled in
      try runSynchronously(observer: observer, isCancelled: isCancelled)
    }
  }

  /// Runs the migration on the calling thread, with a second one that reads ahead.
  ///
  /// - Parameters:
  ///   - observer: Told of every event.
  ///   - isCancelled: Asked on this thread between entities and while it waits for what is read;
  ///     once true, the batch ends cleanly.
  /// - Returns: What the run did.
  /// - Throws: ``MigrationError`` or `StoreError`.
  public func runSynchronously(
    observer: ((MigrationEvent) -> Void)? = nil,
    isCancelled: @escaping () -> Bool = { false }
  ) throws -> MigrationSummary {
    try MigrationRun(migration: self, observer: observer, isCancelled: isCancelled).run()
  }
}
