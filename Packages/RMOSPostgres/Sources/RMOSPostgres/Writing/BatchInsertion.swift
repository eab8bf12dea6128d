import RMOSModels
import RMOSStore

/// Inserts entities of a batch by COPY: all of them or none.
struct BatchInsertion {
  private let batch: RecordBatch
  private let indices: [Int]
  private let records: [Record]
  private let run: Int64

  init(_ batch: RecordBatch, _ indices: [Int], run: Int64) {
    self.batch = batch
    self.indices = indices
    records = indices.map { batch.record(at: $0) }
    self.run = run
  }

  /// Inserts the entities, unless the server might change one of them, or refuses one.
  ///
  /// - Returns: Whether all entities were inserted. If not, none was, and the caller inserts them
  ///   one by one.
  func run(_ session: PostgresSession) throws(StoreError) -> Bool {
    guard indices.count > 1, session.layout.takesCopies(batch.kind), isPlain else { return false }
    do throws(StoreError) {
      try copy(session)
      return true
    } catch  where error.code == .constraint {
      return false
    }
  }

  /// Whether the columns can store all values.
  private var isPlain: Bool {
    let types = batch.kind.schema.fields.map(\.type.acceptedTypes[0])
    return records.allSatisfy { record in
      zip(types, record.values).allSatisfy { type, value in
        switch (type, value) {
        case (_, .null), ("bigint", .integer), ("double precision", .integer): true
        case ("double precision", .real(let number)): !number.isNaN
        case ("text", .text(let text)): !text.utf8.contains(0)
        default: false
        }
      }
    }
  }

  private func copy(_ session: PostgresSession) throws(StoreError) {
    let table = try session.statements[batch.kind]
    let provenance = "COPY migration_provenance (\(LedgerTable.provenance.list)) FROM STDIN"
    let counts = try session.connection.copy(
      [(table.copy, appendEntities), (provenance, appendProvenance)], isSavepoint: true)
    guard counts.allSatisfy({ $0 == indices.count }) else {
      // Some rows were inserted and some ignored, so they cannot be inserted one by one.
      throw StoreError(.other, StoreError.ignoredRow(batch.kind).message)
    }
  }

  private func appendEntities(to rows: inout CopyRows) throws(StoreError) {
    for record in records {
      for value in record.values {
        switch value {
        case .null, .blob: rows.append(nil)
        case .integer(let number): rows.appendPlain(String(number))
        case .real(let number): rows.appendPlain(String(number))
        case .text(let text): rows.append(text)
        }
      }
      try rows.endRow()
    }
  }

  private func appendProvenance(to rows: inout CopyRows) throws(StoreError) {
    for index in indices {
      let provenance = batch.provenance(at: index, run: run)
      rows.appendPlain(provenance.kind.table)
      rows.append(provenance.entityID)
      rows.appendPlain(String(run))
      rows.append(provenance.path)
      rows.append(provenance.locator?.stored)
      rows.appendPlain(String(provenance.byteOffset))
      rows.appendPlain(String(provenance.byteLength))
      rows.append(bytes: provenance.sha256.bytes)
      rows.append(provenance.unknownMembers)
      rows.append(provenance.rowDigest.map { String(Int64(bitPattern: $0.rawValue)) })
      try rows.endRow()
    }
  }
}
