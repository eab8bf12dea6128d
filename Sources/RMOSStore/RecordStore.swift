public import RMOSModels

/// A place that keeps entities, and the ledger of the runs that wrote them.
///
/// Two backends come with the package: ``SQLiteStore`` and ``InMemoryStore``. Both pass the same
/// conformance suite, so tests may swap one for the other.
///
/// ```swift
/// let store: any RecordStore = InMemoryStore()
/// try store.write { try $0.insert(record) }
/// let rings = try store.read { try $0.record(.patterns, id: "torres_wave_5x11")?["ring_count"] }
/// ```
public protocol RecordStore: Sendable {
  /// What the store is, for people: a path or "in memory".
  var location: String { get }

  /// Runs `body` on a consistent snapshot: writes by others do not show while it runs.
  ///
  /// The reader must not outlive `body`; using it later throws ``StoreError/Code/handleExpired``.
  /// - Throws: ``StoreError``, or what `body` throws.
  func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result

  /// Runs `body` in one transaction: all of it is kept, or, where it throws, nothing.
  ///
  /// An error of rolling back never hides the first error. Transactions do not nest.
  /// The transaction must not outlive `body`.
  /// - Throws: ``StoreError``, or what `body` throws.
  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result

  /// Runs `body` as the only writer, across processes: other writers of this project wait or are
  /// refused meanwhile. Within, ``write(_:)`` works as usual; reads by others are not hindered.
  ///
  /// The lock belongs to the operating system and dies with the process.
  /// - Throws: ``StoreError/Code/locked`` at once where another process or store holds the lock.
  func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result

  /// Establishes, before a run writes or a dry run foretells, that entities can be written at all;
  /// changes nothing.
  ///
  /// - Returns: What is worth knowing before a run: issues that concern no entity.
  /// - Throws: ``StoreError``, as writing would later.
  func checkWriting() throws -> [Issue]

  /// How a dry run learns what the store would do with entities; changes nothing.
  ///
  /// - Parameter isCancelled: Asked now and then; once true, it is given up.
  /// - Returns: How.
  /// - Throws: ``StoreError``; ``StoreError/Code/cancelled`` where it was given up.
  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal

  /// Whether someone, be it another process, is writing right now; nil where the store cannot tell.
  ///
  /// For telling a run under way from one whose process died; to write, use
  /// ``withExclusiveWriter(_:)``, which is told for certain.
  var hasWriter: Bool? { get }

  /// A text that differs from an earlier one where anything was committed in between, by whomever;
  /// nil where the store cannot tell.
  ///
  /// Take it before reading: what is read then is at least as new. Only texts of the same store
  /// value can be compared. Takes microseconds, whatever the size of the store.
  func changeToken() -> String?

  /// Prepares for a large load: where all entity tables are empty, their recommended indexes may be
  /// dropped until ``endBulkLoad()``.
  ///
  /// Call it within ``withExclusiveWriter(_:)``.
  func beginBulkLoad() throws

  /// Creates the recommended indexes that are missing and leaves the store as after a quiet load.
  /// A store that was never told of the end (a crash) does so when it is next opened for a load.
  func endBulkLoad() throws

  /// Copies the store as it is now to a place beside it that bears the number of a run, for going
  /// back to what was before that run.
  ///
  /// Call it within ``withExclusiveWriter(_:)``.
  ///
  /// - Parameters:
  ///   - run: The number that the run will have.
  ///   - isCancelled: Asked now and then; once true, the copy is given up.
  /// - Returns: The copy; nil where the store does not outlive the process.
  /// - Throws: ``StoreError``; ``StoreError/Code/cancelled`` where it was given up.
  func backUp(beforeRun run: Int64, isCancelled: () -> Bool) throws -> RunBackup?
}

extension RecordStore {
  /// Cannot tell.
  public var hasWriter: Bool? { nil }
  /// Cannot tell.
  public func changeToken() -> String? { nil }
  /// Does nothing.
  public func beginBulkLoad() throws {}
  /// Does nothing.
  public func endBulkLoad() throws {}
  /// Does nothing.
  public func backUp(beforeRun run: Int64, isCancelled: () -> Bool) throws -> RunBackup? { nil }
}

/// How a dry run learns what a store would do with entities.
public enum Rehearsal: Sendable {
  /// What the store holds tells: it takes every sound entity whose id is new and whose references
  /// are there.
  case lookUps
  /// Only the store itself can tell. This is a private copy to write to; it goes with the value.
  case copy(any RecordStore)
  /// Only the store itself can tell, and there is no copy: why, for people.
  case unforeseeable(String)
}
