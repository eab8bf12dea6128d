import RMOSModels
public import RMOSStore
import Synchronization

/// A store that fails on demand: the transaction that inserts (or rewrites) the `failingInsert`-th entity throws
/// as a full disk would, and so does every one after it until ``repair()``.
public final class FailingStore: StoreWrapper {
  /// The wrapped store.
  public let base: any RecordStore
  private let state: Mutex<(inserts: Int, isBroken: Bool)>
  private let failingInsert: Int

  /// Wraps a store.
  public init(_ base: any RecordStore, failingInsert: Int) {
    self.base = base
    self.failingInsert = failingInsert
    state = Mutex((0, true))
  }

  /// Lets everything succeed from now on.
  public func repair() { state.withLock { $0.isBroken = false } }

  /// How many entities were to be inserted or rewritten so far.
  public var insertCount: Int { state.withLock { $0.inserts } }

  /// Writes the wrapped store, counting inserts.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try base.write { transaction in
      try body(FailingTransaction(transaction, countInsert: countInsert))
    }
  }

  private func countInsert() throws {
    let fails = state.withLock { state in
      state.inserts += 1
      return state.isBroken && state.inserts >= failingInsert
    }
    if fails { throw StoreError(.diskFull, "no space is left; free some and run again") }
  }
}

private final class FailingTransaction: StoreTransactionWrapper {
  let transaction: any StoreTransaction
  private let countInsert: () throws -> Void

  init(_ transaction: any StoreTransaction, countInsert: @escaping () throws -> Void) {
    self.transaction = transaction
    self.countInsert = countInsert
  }

  func insert(_ record: Record, provenance: Provenance?) throws {
    try countInsert()
    try transaction.insert(record, provenance: provenance)
  }
  func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError] {
    var refusals: [Int: StoreError] = [:]
    for index in indices {
      try countInsert()
      refusals[index] = try transaction.insert(batch, at: [index], run: run)[index]
    }
    return refusals
  }
  func rewrite(_ record: Record, provenance: Provenance) throws {
    try countInsert()
    try transaction.rewrite(record, provenance: provenance)
  }
}
