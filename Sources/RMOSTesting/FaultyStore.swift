import RMOSModels
public import RMOSStore
public import RMOSStoreWrapper
import Synchronization

/// A store that fails on demand, as if the disk were full or a connection lost.
///
/// ```swift
/// let faulty = FaultyStore(store, failingAt: .beforeCommit(3), with: .diskFull)
/// let summary = try? await Migration(from: "data/rmos_legacy", into: faulty).run()
/// faulty.repair()
/// ```
///
/// From the given moment on, it fails every time until ``repair()`` is called.
public final class FaultyStore: StoreWrapper {
  /// The moment at which a store begins to fail; everything is counted from 1.
  public enum Moment: Sendable, Hashable {
    /// At the nth call of a member of a reader or a transaction.
    case call(Int)
    /// Before the nth entity is inserted, rewritten or restored.
    case entity(Int)
    /// Before the nth transaction is committed; it is rolled back.
    case beforeCommit(Int)
    /// After the nth transaction is committed, as if the answer of a server did not arrive.
    case afterCommit(Int)
  }

  /// Counts of calls.
  public struct Counts: Sendable, Hashable {
    /// The calls of members of readers and transactions.
    public internal(set) var calls = 0
    /// The entities to be inserted, rewritten or restored.
    public internal(set) var entities = 0
    /// The transactions to be committed.
    public internal(set) var commits = 0
  }

  /// The wrapped store.
  public let base: any RecordStore
  private let faults: Faults

  /// Wraps a store.
  ///
  /// - Parameters:
  ///   - base: The store.
  ///   - moment: When it begins to fail; `nil` for never.
  ///   - code: The code of the error.
  public init(
    _ base: any RecordStore, failingAt moment: Moment?, with code: StoreError.Code = .diskFull
  ) {
    self.base = base
    faults = Faults(moment, code)
  }

  /// Makes all further calls succeed.
  public func repair() { faults.repair() }

  /// The calls of the store so far.
  public var counts: Counts { faults.counts }

  /// Reads ``base``.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    try base.read { try body(FaultyReader($0, faults)) }
  }

  /// Writes to ``base``.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    let result = try base.write { transaction in
      let result = try body(FaultyTransaction(transaction, faults))
      try faults.beginCommit()
      return result
    }
    try faults.endCommit()
    return result
  }
}

/// The counts of a ``FaultyStore``, and the moment at which it fails.
final class Faults: Sendable {
  private struct State {
    var moment: FaultyStore.Moment?
    var counts = FaultyStore.Counts()
  }

  private let state: Mutex<State>
  private let code: StoreError.Code

  init(_ moment: FaultyStore.Moment?, _ code: StoreError.Code) {
    state = Mutex(State(moment: moment))
    self.code = code
  }

  var counts: FaultyStore.Counts { state.withLock { $0.counts } }

  func repair() { state.withLock { $0.moment = nil } }

  func call() throws(StoreError) {
    try fail(
      if: state.withLock { state in
        state.counts.calls += 1
        if case .call(let first)? = state.moment { return state.counts.calls >= first }
        return false
      })
  }

  func entity() throws(StoreError) {
    try call()
    try fail(
      if: state.withLock { state in
        state.counts.entities += 1
        if case .entity(let first)? = state.moment { return state.counts.entities >= first }
        return false
      })
  }

  func beginCommit() throws(StoreError) {
    try fail(
      if: state.withLock { state in
        state.counts.commits += 1
        if case .beforeCommit(let first)? = state.moment { return state.counts.commits >= first }
        return false
      })
  }

  func endCommit() throws(StoreError) {
    try fail(
      if: state.withLock { state in
        if case .afterCommit(let first)? = state.moment { return state.counts.commits >= first }
        return false
      })
  }

  private func fail(if isDue: Bool) throws(StoreError) {
    if isDue { throw StoreError(code, "the store fails on demand") }
  }
}

/// A reader that counts its calls.
private class FaultyReader: StoreReaderWrapper {
  final let reader: any StoreReader
  final let faults: Faults

  init(_ reader: any StoreReader, _ faults: Faults) {
    self.reader = reader
    self.faults = faults
  }

  final func willCall() throws { try faults.call() }
}

/// A transaction that counts its calls and its entities.
private final class FaultyTransaction: FaultyReader, StoreTransactionWrapper {
  let transaction: any StoreTransaction

  init(_ transaction: any StoreTransaction, _ faults: Faults) {
    self.transaction = transaction
    super.init(transaction, faults)
  }

  func insert(_ record: Record, provenance: Provenance?) throws {
    try faults.entity()
    try transaction.insert(record, provenance: provenance)
  }
  func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError] {
    for _ in indices { try faults.entity() }
    return try transaction.insert(batch, at: indices, run: run)
  }
  func rewrite(_ record: Record, provenance: Provenance) throws {
    try faults.entity()
    try transaction.rewrite(record, provenance: provenance)
  }
  func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    try faults.entity()
    return try transaction.restore(image, run: run)
  }
}
