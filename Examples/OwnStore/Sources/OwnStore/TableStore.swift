import RMOS
import Synchronization

/// A small store whose content is a single value; a transaction works on a copy.
package final class TableStore: RecordStore {
  package let location = "tables in memory"
  package let catalog = EntityCatalog.rmos
  private let tables = Mutex(Tables())
  private let gate = WriterGate(location: "the tables")

  package init() {}

  package func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    let reader = TableReader(tables.withLock { $0 }, catalog)
    defer { reader.tables = nil }
    return try body(reader)
  }

  package func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try gate.transaction(timeout: .seconds(5)) {
      let transaction = TableTransaction(tables.withLock { $0 }, catalog)
      defer { transaction.tables = nil }
      let result = try body(transaction)
      if let changed = transaction.tables { tables.withLock { $0 = changed } }
      return result
    }
  }

  package func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try gate.exclusively(body)
  }

  // There is no disk and no other process, so nothing can be backed up or watched.
  package var sizeOnDisk: Int? { nil }
  package var hasWriter: Bool? { nil }
  package func changeToken() -> String? { nil }
  package func databaseMark() -> String? { nil }
  package func checkWriting() throws -> [Issue] { [] }
  package func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }
  package func withBulkLoad<Result>(_ body: () throws -> Result) throws -> Result { try body() }
  package func withBackup<Result>(
    beforeRun run: Int64, isCancelled: @escaping () -> Bool,
    _ body: (@escaping () throws -> RunBackup?) throws -> Result
  ) throws -> Result {
    try body { nil }
  }
}

/// The content of the store.
struct Tables: Sendable {
  struct Row: Sendable {
    var record: Record
    var provenance: Provenance?
    /// Larger than that of every row that was inserted before.
    var number: Int
  }

  /// The rows of each kind, by the bytes of the id: `String` treats some different ids as equal.
  var rows: [EntityKind: [[UInt8]: Row]] = [:]
  var runs: [LedgerRun] = []
  var issues: [Int64: [Issue]] = [:]
  /// The rows that each run rewrote, as they were before.
  var images: [Int64: [EntityKind: [[UInt8]: BeforeImage]]] = [:]
  /// The digests of the entities that failed in each run.
  var failures: [Int64: Set<Provenance.Digest>] = [:]
  /// The changes of rows that each run made in other ways.
  var changes: [Int64: [EntityKind: [[UInt8]: RowChange]]] = [:]
  var lastNumber = 0

  subscript(kind: EntityKind, id: String) -> Row? {
    get { rows[kind]?[Array(id.utf8)] }
    set { rows[kind, default: [:]][Array(id.utf8)] = newValue }
  }

  /// Returns a record as it is stored, and throws if the schema does not allow it; references that
  /// are the same as in `old` are not looked up.
  func checked(_ record: Record, replacing old: Record? = nil) throws -> Record {
    let (stored, schema, id) = (record.asStored, record.kind.schema, try record.requiredID())
    for (value, field) in zip(stored.values, schema.fields) where field.isNotNull {
      if value == .null {
        throw StoreError(.invalid(record.kind, id: id, "\(field.column) must not be null"))
      }
    }
    for key in schema.foreignKeys where stored.values[key.field] != old?.values[key.field] {
      switch stored.values[key.field] {
      case .null: continue
      case .text(let target) where self[key.target, target] != nil: continue
      default: throw StoreError(.brokenForeignKey(record.kind, id: id))
      }
    }
    return stored
  }

  /// Returns whether another entity refers to this one by a foreign key.
  func isReferenced(_ kind: EntityKind, _ id: String) -> Bool {
    rows.contains { other, rows in
      other.schema.foreignKeys.contains { key in
        key.target == kind && rows.values.contains { $0.record.values[key.field] == .text(id) }
      }
    }
  }
}
