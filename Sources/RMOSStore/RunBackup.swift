import RMOSModels

/// A copy of a store in its state before a run.
public struct RunBackup: Sendable, Hashable {
  /// The path of the copy.
  public let path: String
  /// The run it was taken before.
  package let run: Int64
  private let actions: Actions

  /// The functions of the store for its backup, which do not affect whether two backups are equal.
  private struct Actions: Sendable, Hashable {
    let discard: @Sendable () -> Void
    let removeOlder: @Sendable () -> Void

    static func == (left: Actions, right: Actions) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
  }

  /// Creates the description of a backup that a store has taken.
  ///
  /// - Parameters:
  ///   - path: The path of the copy.
  ///   - run: The run it was taken before.
  ///   - discard: Removes the copy; called if the run changed nothing.
  ///   - removeOlder: Removes all but the last few of the store's backups up to this one; called
  ///     when the run has succeeded.
  public init(
    path: String, run: Int64, discard: @escaping @Sendable () -> Void,
    removeOlder: @escaping @Sendable () -> Void
  ) {
    self.path = path
    self.run = run
    actions = Actions(discard: discard, removeOlder: removeOlder)
  }

  /// Backs up a store, unless it has no entities, for the run that is about to begin.
  ///
  /// Call it within `withExclusiveWriter`, before the first write of the run.
  ///
  /// - Returns: The backup; `nil` if the store has no entities.
  /// - Throws: ``StoreError``; ``StoreError/Code/cancelled`` if the copy was abandoned.
  package static func take(
    of store: any RecordStore, isCancelled: () -> Bool = { false }
  ) throws -> RunBackup? {
    try withoutActuallyEscaping(isCancelled) { isCancelled in
      try onDemand(of: store, isCancelled: isCancelled) { take in try take() }
    }
  }

  /// Runs `body`, and lets it back up a store when it is about to change something.
  ///
  /// It calls `RecordStore.withBackup(beforeRun:isCancelled:_:)` with the number of the next run,
  /// unless the store has no entities; then the argument of `body` returns `nil`.
  package static func onDemand<Result>(
    of store: any RecordStore, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    guard let next = try nextRun(of: store) else { return try body { nil } }
    return try store.withBackup(beforeRun: next, isCancelled: isCancelled, body)
  }

  /// The number of the next run of a store; `nil` if the store has no entities.
  private static func nextRun(of store: any RecordStore) throws -> Int64? {
    try store.read { reader in
      let hasRows = try reader.catalog.kinds.contains { kind in
        try !reader.records(RecordQuery(kind).limit(1)).isEmpty
      }
      guard hasRows else { return nil }
      let last = try reader.runs(limit: 1).first?.id ?? 0
      return last == .max ? last : last + 1
    }
  }

  /// Removes the backup, because the run changed nothing.
  package func discard() { actions.discard() }

  /// Removes all but the last few of the store's backups up to this one.
  package func removeOlder() { actions.removeOlder() }
}
