public import RMOSModels
import RMOSSystem

/// A store of entities, and of the ledger of the runs that wrote them.
///
/// The package has two: ``SQLiteStore`` and ``InMemoryStore``. Both pass the conformance suite in
/// the library RMOSTesting, which stores of other packages can use; its article "A store of your
/// own" shows one.
///
/// ```swift
/// let store: any RecordStore = InMemoryStore()
/// try store.write { try $0.insert(record) }
/// let rings = try store.read { try $0.record(.patterns, id: "torres_wave_5x11")?["ring_count"] }
/// ```
///
/// No requirement has a default. For a store that wraps another, the library RMOSStoreWrapper has a
/// protocol that forwards everything.
public protocol RecordStore: Sendable {
  /// The name of the store in messages: a path, or "in memory".
  var location: String { get }

  /// The kinds of entities that the store holds.
  var catalog: EntityCatalog { get }

  /// The size of the store on disk, in bytes; `nil` if it is not on disk, or if that is unknown.
  var sizeOnDisk: Int? { get }

  /// Runs `body` on a consistent snapshot, in which concurrent writes are not visible.
  ///
  /// The reader must not outlive `body`; using it later throws `store.handle-expired`.
  /// - Throws: ``StoreError``, or what `body` throws.
  func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result

  /// Runs `body` in one transaction, which is committed when `body` returns and rolled back when it
  /// throws.
  ///
  /// An error while rolling back never hides the first error. Transactions do not nest. The
  /// transaction must not outlive `body`.
  /// - Throws: ``StoreError``, or what `body` throws.
  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result

  /// Runs `body` as the only writer across processes.
  ///
  /// Until it returns, other writers of this project wait or are refused, but readers are not.
  /// ``write(_:)`` works within `body` as usual. The lock belongs to the operating system and ends
  /// with the process.
  /// - Throws: ``StoreError/Code/locked`` at once if another process or store holds the lock.
  func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result

  /// Checks, before a run or a dry run, that entities can be written; changes nothing.
  ///
  /// - Returns: Issues of the store itself that the user should know before a run.
  /// - Throws: The ``StoreError`` that writing would throw.
  func checkWriting() throws -> [Issue]

  /// Returns the way in which a dry run predicts what the store would do with entities; changes
  /// nothing.
  ///
  /// - Parameter isCancelled: Polled periodically; when it returns `true`, the work is abandoned.
  /// - Returns: The way to predict.
  /// - Throws: ``StoreError``; ``StoreError/Code/cancelled`` if the work was abandoned.
  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal

  /// Whether a process, this or another, is writing right now; `nil` if that is unknown.
  ///
  /// It distinguishes a run in progress from one whose process died. Do not use it to decide
  /// whether to write: only ``withExclusiveWriter(_:)`` excludes other writers.
  var hasWriter: Bool? { get }

  /// Returns an opaque token that changes whenever any process commits to the store; `nil` if the
  /// store cannot tell.
  ///
  /// Take the token before reading, so that the data read are at least as new. Compare only tokens
  /// of the same store value. It takes microseconds, whatever the size of the store.
  func changeToken() -> String?

  /// Returns a text that identifies the database with which the store works now; `nil` if no other
  /// can take its place, or if that is unknown.
  ///
  /// If the text changes, as when another file was renamed to the store's path, all that is known
  /// about the previous database is invalid.
  func databaseMark() -> String?

  /// Runs `body`, which may insert many entities: if all entity tables are empty, their recommended
  /// indexes may be missing until it ends.
  ///
  /// Call it within ``withExclusiveWriter(_:)``. ``write(_:)`` works within `body` as usual. When
  /// `body` has returned or thrown, the indexes exist again; after a crash, at the latest after the
  /// next bulk load.
  /// - Throws: What `body` throws, and only if it throws nothing, what the store throws.
  func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result

  /// Runs `body`, which may write, and lets it make a copy of the store in its current state, so
  /// that the store can be restored to the state before a run.
  ///
  /// `body` makes the copy when it is about to change something, so a run that changes nothing
  /// costs no copy. A store that cannot preserve the state until then is copied before `body` is
  /// called.
  ///
  /// Call it within ``withExclusiveWriter(_:)``. `body` may make the copy within ``write(_:)``; the
  /// copy does not have the changes of that transaction.
  ///
  /// - Parameters:
  ///   - run: The number that the run will have.
  ///   - isCancelled: Polled periodically while the store is copied; when it returns `true`, the
  ///     copy is abandoned.
  ///   - body: The function to run. Its argument makes the copy when it is first called, and
  ///     returns the same copy afterwards; it returns `nil` if the store does not outlive the
  ///     process. It must not be called after `body` has ended.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; ``StoreError``, ``StoreError/Code/cancelled`` if the copy was
  ///   abandoned.
  func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result
}

/// The way in which a dry run predicts what a store would do with entities.
public enum Rehearsal: Sendable {
  /// By looking up rows: the store accepts every valid entity whose id is new and whose references
  /// exist.
  case lookUps
  /// By writing to this private copy, which is removed with the value.
  case copy(any RecordStore)
  /// The outcome cannot be predicted, because it depends on the database itself, which cannot be
  /// copied. The text is the reason.
  case unforeseeable(String)
}

/// A store that can show one state to several threads at the same time.
protocol ConcurrentReading: RecordStore {
  /// Runs all parts on the same state of the store, several at a time if possible.
  ///
  /// The parts begin in order. Once one has thrown, no other begins.
  /// - Throws: ``StoreError``, or what the first part that failed throws.
  func readConcurrently(_ parts: [@Sendable (any StoreReader) throws -> Void]) throws
}

extension RecordStore {
  /// Runs all parts on the same state of the store, several at a time if the store can.
  ///
  /// - Throws: ``StoreError``, or what the first part that failed throws.
  package func readOnOneState(_ parts: [@Sendable (any StoreReader) throws -> Void]) throws {
    if let store = self as? any ConcurrentReading { return try store.readConcurrently(parts) }
    try read { reader in
      for part in parts { try part(reader) }
    }
  }
}

extension StoreError {
  /// Runs `body`, and repeats it up to three times if another process changes the database file
  /// while it is read without locks.
  ///
  /// A file is read without locks if no other process seemed to be using it. Repetitions use locks
  /// if this user may create files next to it.
  ///
  /// - Parameters:
  ///   - isFinal: Whether the effects of `body` so far do not allow it to be repeated.
  ///   - body: A function that reads the store.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  package static func retryingIfChanged<Result>(
    unless isFinal: @autoclosure () -> Bool = false, _ body: () throws -> Result
  ) throws -> Result {
    for _ in 0..<3 {
      do {
        return try body()
      } catch let error as StoreError where error.isOfChangedFile {
        if isFinal() { throw error }
      }
    }
    return try body()
  }
}

extension RecordStore {
  /// Runs ``read(_:)`` on a thread of its own; the task is suspended meanwhile.
  ///
  /// It is for code that must not block, such as the main actor and all other code that runs on the
  /// threads of Swift concurrency.
  ///
  /// ```swift
  /// let patterns = try await store.asyncRead { try $0.entities(Pattern.self, limit: 50) }
  /// ```
  ///
  /// - Throws: `CancellationError` if the task is cancelled before `body` is called, or during a
  ///   long read in it; what ``read(_:)`` throws.
  public func asyncRead<Result: Sendable>(
    _ body: @escaping @Sendable (any StoreReader) throws -> Result
  ) async throws -> Result {
    try await BlockingWork.run(orThrow: StoreError.noThread) { isCancelled in
      try read { reader in
        guard !isCancelled() else { throw StoreError.cancelled }
        return try reader.withCancellation(isCancelled) { try body(reader) }
      }
    }
  }

  /// Runs ``write(_:)`` on a thread of its own; the task is suspended meanwhile, including the time
  /// spent waiting for another writer.
  ///
  /// ```swift
  /// try await store.asyncWrite { try $0.create(pattern) }
  /// ```
  ///
  /// If the task is cancelled before `body` has returned, the transaction is rolled back. The wait
  /// for another writer is not cut short.
  ///
  /// - Throws: `CancellationError` if the task was cancelled and nothing was written; what
  ///   ``write(_:)`` throws.
  public func asyncWrite<Result: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
  ) async throws -> Result {
    try await BlockingWork.run(orThrow: StoreError.noThread) { isCancelled in
      try write { transaction in
        try transaction.run(whileNot: isCancelled) { try body(transaction) }
      }
    }
  }
}

extension StoreError: CancellableError {
  /// Whether the error means that the work was cancelled.
  package var saysCancelled: Bool { code == .cancelled }
}
