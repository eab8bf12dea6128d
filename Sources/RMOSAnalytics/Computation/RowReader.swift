import RMOSModels
import RMOSStore

/// A source of rows: a store, or a part of it.
protocol RowSource {
  /// Returns the number of records of a kind, or an estimate.
  func count(_ kind: EntityKind) throws -> Int
  /// Calls `body` with the values of `members` in every record.
  func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws
}

/// All rows of a store.
private struct AllRows: RowSource {
  let reader: any StoreReader

  func count(_ kind: EntityKind) throws -> Int { try reader.count(RecordQuery(kind)) }

  func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    try reader.forEachRow(kind, members: members, body)
  }
}

/// Reads columns of the rows of a source until it is cancelled.
struct RowReader {
  private let source: any RowSource
  private let isCancelled: () -> Bool

  init(_ reader: any StoreReader, isCancelled: @escaping () -> Bool) {
    self.init(of: AllRows(reader: reader), isCancelled: isCancelled)
  }

  init(of source: any RowSource, isCancelled: @escaping () -> Bool) {
    self.source = source
    self.isCancelled = isCancelled
  }

  /// Returns the number of records of a kind, or an estimate.
  func count(_ kind: EntityKind) throws -> Int { try source.count(kind) }

  /// Calls `body` with the values of `members` in every record.
  func forEach(
    _ kind: EntityKind, _ members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    var countdown = 1024
    try source.forEachRow(kind, members: members) { values in
      countdown -= 1
      if countdown == 0 {
        countdown = 1024
        if isCancelled() { throw StoreError.cancelled }
      }
      try body(values)
    }
  }
}

extension Value {
  /// The value if it is a number and finite.
  var finiteNumber: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number): number.isFinite ? number : nil
    case .null, .text, .blob: nil
    }
  }

  /// The value if it is a number, finite and not negative.
  package var measure: Double? { finiteNumber.flatMap { $0 >= 0 ? $0 : nil } }

  /// Returns the value if it is a whole number and not less than `minimum`.
  package func wholeNumber(from minimum: Int64) -> Int64? {
    let number: Int64? =
      switch self {
      case .integer(let number): number
      case .real(let number): Int64(exactly: number)
      case .null, .text, .blob: nil
      }
    return number.flatMap { $0 >= minimum ? $0 : nil }
  }

  /// The value if it is text.
  package var text: String? {
    if case .text(let text) = self { text } else { nil }
  }
}
