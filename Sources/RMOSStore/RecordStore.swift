public import RMOSModels
import RMOSSystem

/// A store of entities, and of the ledger of the runs that wrote them.
///
/// The package has two: ``SQLiteStore`` and ``InMemoryStore``. Both pass the same conformance
/// suite, which the library RMOSTesting has for stores of other packages; its article "A store of
/// your own" shows one.
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
  /// What people call the store: a path, or "in memory".
  var location: String { get }

  /// The kinds of entities that the store holds.
  var catalog: EntityCatalog { get }

  /// The size of the store on disk, in bytes; `nil` if it is not on disk, or not known.
  var sizeOnDisk: Int? { get }

  /// Runs `body` on a consistent snapshot: writes by others do not show while it runs.
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

  /// Runs `body` as the only writer, across processes: other writers of this project wait or are
  /// refused meanwhile. ``write(_:)`` works within as usual, and others can still read.
  ///
  /// The lock belongs to the operating system and dies with the process.
  /// - Throws: ``StoreError/Code/locked`` at once if another process or store holds the lock.
  func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result

  /// Checks, before a run or a dry run, that entities can be written at all; changes nothing.
  ///
  /// - Returns: Issues of the store itself that are worth knowing before a run.
  /// - Throws: The ``StoreError`` that writing would throw.
  func checkWriting() throws -> [Issue]

  /// Returns how a dry run finds out what the store would do with entities; changes nothing.
  ///
  /// - Parameter isCancelled: Polled periodically; when it returns `true`, the work is abandoned.
  /// - Returns: The way.
  /// - Throws: ``StoreError``; ``StoreError/Code/cancelled`` if the work was abandoned.
  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal

  /// Whether a writer, in this or another process, is at work right now; `nil` if that is not
  /// known.
  ///
  /// It distinguishes a run in progress from one whose process died. To write, use
  /// ``withExclusiveWriter(_:)``, which knows for certain.
  var hasWriter: Bool? { get }

  /// Returns an opaque token that changes whenever any process commits to the store; `nil` if the
  /// store cannot tell.
  ///
  /// Take it before reading: what is read then is at least as new. Compare only tokens of the same
  /// store value. It takes microseconds, whatever the size of the store.
  func changeToken() -> String?

  /// Returns a text that names the database which the store works with now, and no other, if
  /// another can come in its place, as a file by renaming; `nil` if none can, or it is not known.
  ///
  /// What was found out about a database of another name says nothing of this one.
  func databaseMark() -> String?

  /// Runs `body`, which may load a lot: if all entity tables are empty, their recommended indexes
  /// may be missing until it ends.
  ///
  /// Call it within ``withExclusiveWriter(_:)``. ``write(_:)`` works within as usual. However
  /// `body` ends, the store is then as after an ordinary load; after a crash, it becomes so when it
  /// is next opened for a load.
  /// - Throws: What `body` throws, and only if it throws nothing, what the store throws.
  func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result

  /// Runs `body`, which may write, and lets it copy the store as it is now once it is about to
  /// change something, so that it can be restored to its state before a run.
  ///
  /// A run that changes nothing then costs no copy. A store that cannot keep the old state for
  /// later copies it before it calls `body`.
  ///
  /// Call it within ``withExclusiveWriter(_:)``; within ``write(_:)`` too, whose changes the copy
  /// does not have.
  ///
  /// - Parameters:
  ///   - run: The number that the run will have.
  ///   - isCancelled: Polled periodically while the store is copied; when it returns `true`, the
  ///     copy is abandoned.
  ///   - body: Its argument makes the copy when it is first called, and returns it from then on:
  ///     `nil` if the store does not outlive the process. Not to be called after `body` has ended.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; ``StoreError``, ``StoreError/Code/cancelled`` if the copy was
  ///   abandoned.
  func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result
}

/// How a dry run finds out what a store would do with entities.
public enum Rehearsal: Sendable {
  /// By looking up what the store holds: it accepts every valid entity whose id is new and whose
  /// references exist.
  case lookUps
  /// The run writes to this private copy, which is removed with the value.
  case copy(any RecordStore)
  /// Not at all: only the store itself can tell, and it cannot be copied. The text says why.
  case unforeseeable(String)
}

/// A store that can show one state to several threads at the same time.
protocol ConcurrentReading: RecordStore {
  /// Runs each part on one and the same state, several at a time if that is possible.
  ///
  /// The parts are begun in order. Once one throws, no further one is begun.
  /// - Throws: ``StoreError``, or what the first part that failed throws.
  func readConcurrently(_ parts: [@Sendable (any StoreReader) throws -> Void]) throws
}

extension RecordStore {
  /// Runs each part on one and the same state, several at a time if the store can.
  ///
  /// - Throws: ``StoreError``, or what the first part that failed throws.
  package func readOnOneState(_ parts: [@Sendable (any StoreReader) throws -> Void]) throws {
    if let store = self as? any ConcurrentReading { return try store.readConcurrently(parts) }
    try read { reader in
      for part in parts { try part(reader) }
    }
  }
}

extension RecordStore {
  /// Runs `body` again, a few times, if another process changed the file while it was read without
  /// locks, as where nobody else had it open.
  ///
  /// The second time it has locks, unless this user may not write next to the file.
  ///
  /// - Parameters:
  ///   - isFinal: Whether what `body` has done so far cannot be done again.
  ///   - body: Reads the store.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  package func retryingIfChanged<Result>(
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
