import RMOSModels
import RMOSStore

/// Inserts many entities of a batch by COPY, all or none.
struct BatchInsertion {
  private let batch: RecordBatch
  private let indices: [Int]
  private let run: Int64

  init(_ batch: RecordBatch, _ indices: [Int], run: Int64) {
    self.batch = batch
    self.indices = indices
    self.run = run
  }

  /// Inserts them, unless the server may change or refuse one of them.
  ///
  /// - Returns: Whether all were inserted; if not, none was, and each is to be tried by itself.
  func run(_ session: PostgresSession) throws -> Bool {
    guard indices.count > 1, session.layout.takesCopies(batch.kind), isPlain else { return false }
    do {
      try session.connection.savepoint { try copy(session) }
      return true
    } catch let error as StoreError where error.code == .constraint {
      return false
    }
  }

  /// Whether the columns can hold all values.
  private var isPlain: Bool {
    let types = batch.kind.schema.fields.map(\.type.acceptedTypes[0])
    return batch.withText { text in
      indices.allSatisfy { index in
        zip(types, batch.cells(at: index)).allSatisfy { type, cell in
          switch (type, cell) {
          case (_, .null), ("bigint", .integer), ("double precision", .integer): true
          case ("double precision", .real(let number)): !number.isNaN
          case ("text", .text(let span)): !text.extracting(span.range).hasNUL
          default: false
          }
        }
      }
    }
  }

  private func copy(_ session: PostgresSession) throws(StoreError) {
    let table = try session.statements[batch.kind]
    let copied = try session.connection.copy(table.copy) { rows throws(StoreError) in
      for index in indices {
        append(index, to: &rows)
        try rows.endRow()
      }
    }
    let kept = try session.connection.copy(
      "COPY migration_provenance (\(LedgerTable.provenance.list)) FROM STDIN"
    ) { rows throws(StoreError) in
      for index in indices {
        let provenance = batch.provenance(at: index, run: run)
        for column in provenance.columns(id: provenance.entityID, provenance.rowDigest) {
          rows.append(column)
        }
        try rows.endRow()
      }
    }
    guard copied == indices.count, kept == indices.count else {
      throw StoreError.ignoredRow(batch.kind)
    }
  }

  private func append(_ index: Int, to rows: inout CopyRows) {
    batch.withText { text in
      for cell in batch.cells(at: index) {
        switch cell {
        case .null: rows.append(nil)
        case .integer(let number): rows.appendPlain(String(number))
        case .real(let number): rows.appendPlain(String(number))
        case .text(let span): rows.append(text: text.extracting(span.range))
        }
      }
    }
  }
}

extension Span<UInt8> {
  fileprivate var hasNUL: Bool {
    for index in indices where self[index] == 0 { return true }
    return false
  }
}
