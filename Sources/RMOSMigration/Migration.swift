public import RMOSModels
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
/// and stops the run with what was committed intact. Running again continues where it stopped.
public struct Migration: Sendable {
  package let source: String
  /// The store written to (or, in a dry run, only read).
  package let store: any RecordStore
  package let options: Options

  /// Creates a migration; nothing happens before ``run(observer:)``.
  ///
  /// - Parameters:
  ///   - source: The source directory.
  ///   - store: The store to write to.
  ///   - options: How to run it.
  public init(
    from source: String, into store: any RecordStore, options: Options = Options()
  ) {
    self.source = source
    self.store = store
    self.options = options
  }

  /// Checks the source and the options, so that a program can fail before it creates a store.
  ///
  /// Creates nothing. ``run(observer:)`` checks the same.
  ///
  /// ```swift
  /// try Migration.validate(source: "legacy", options: options)
  /// let summary = try await Migration(from: "legacy", into: store, options: options).run()
  /// ```
  ///
  /// - Parameters:
  ///   - source: The source directory.
  ///   - options: The options.
  ///   - catalog: The kinds that are read.
  /// - Throws: ``MigrationError`` with `option.invalid`,
  ///   ``MigrationError/Code/sourceUnreadable`` or a code of ``Options/rejectsDirectory``.
  public static func validate(
    source: String, options: Options = Options(), catalog: EntityCatalog = .rmos
  ) throws(MigrationError) {
    try validate(source: source, options: options, catalog: catalog, readsRejects: true)
  }

  /// Checks the same for a run that follows at once.
  ///
  /// Unless `readsRejects`, earlier rejects are known by their names alone; the run reads them too.
  package static func validate(
    source: String, options: Options, catalog: EntityCatalog, readsRejects: Bool
  ) throws(MigrationError) {
    try options.check()
    try checkSource(source, catalog)
    if let directory = options.rejectsDirectory {
      try checkRejects(directory, source: source, catalog, readsThem: readsRejects)
    }
  }

  /// Runs the migration on a thread of its own.
  ///
  /// Cancelling the task ends the current batch cleanly and returns the summary so far.
  ///
  /// - Parameter observer: A closure called with each event, on the migration's thread.
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
  ///   - observer: A closure called with each event.
  ///   - isCancelled: Called on this thread between entities and while it waits for input; once it
  ///     returns `true`, the batch ends cleanly.
  /// - Returns: What the run did.
  /// - Throws: ``MigrationError`` or `StoreError`.
  package func runSynchronously(
    observer: ((MigrationEvent) -> Void)? = nil,
    isCancelled: @escaping () -> Bool = { false }
  ) throws -> MigrationSummary {
    try MigrationRun(migration: self, observer: observer, isCancelled: isCancelled).run()
  }
}
