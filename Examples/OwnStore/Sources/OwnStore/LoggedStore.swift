import RMOS
import RMOSStoreWrapper

/// A store that logs changes and forwards everything to another store.
package struct LoggedStore: StoreWrapper {
  package let base: any RecordStore
  private let log: @Sendable (String) -> Void

  package init(_ base: any RecordStore, log: @escaping @Sendable (String) -> Void) {
    (self.base, self.log) = (base, log)
  }

  package func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    do {
      let result = try base.write { try body(LoggedTransaction($0, log)) }
      log("commit")
      return result
    } catch {
      log("rollback: \(error)")
      throw error
    }
  }
}

/// A transaction of a ``LoggedStore``.
private final class LoggedTransaction: StoreTransactionWrapper {
  let transaction: any StoreTransaction
  private let log: (String) -> Void

  init(_ transaction: any StoreTransaction, _ log: @escaping (String) -> Void) {
    (self.transaction, self.log) = (transaction, log)
  }

  func insert(_ record: Record, provenance: Provenance?) throws {
    log("insert \(record.kind.schema.singular) \(record.id)")
    try transaction.insert(record, provenance: provenance)
  }

  func insert(
    _ batch: RecordBatch, at indices: [Int], run: Int64
  ) throws -> [Int: StoreError] {
    let refusals = try transaction.insert(batch, at: indices, run: run)
    for index in indices where refusals[index] == nil {
      log("insert \(batch.kind.schema.singular) \(batch.record(at: index).id) in run \(run)")
    }
    return refusals
  }

  func update(_ record: Record) throws -> Bool {
    log("update \(record.kind.schema.singular) \(record.id)")
    return try transaction.update(record)
  }

  func rewrite(_ record: Record, provenance: Provenance) throws {
    log("rewrite \(record.kind.schema.singular) \(record.id) in run \(provenance.run)")
    try transaction.rewrite(record, provenance: provenance)
  }

  func delete(_ kind: EntityKind, id: String) throws -> Bool {
    log("delete \(kind.schema.singular) \(id)")
    return try transaction.delete(kind, id: id)
  }

  func undo(run: Int64) throws -> UndoCounts {
    log("undo run \(run)")
    return try transaction.undo(run: run)
  }
}
