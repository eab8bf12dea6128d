import CLibPQ
import RMOSModels

/// The rows that a statement returned, in text form.
///
/// Rows and columns count from 0.
@safe final class PostgresResult {
  private let pointer: OpaquePointer

  /// Takes ownership of a result, which is cleared when the object is released.
  init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

  deinit { unsafe PQclear(pointer) }

  /// The number of rows: `PQntuples`.
  var count: Int { Int(unsafe PQntuples(pointer)) }

  /// The number of rows that the statement changed: `PQcmdTuples`.
  var changes: Int { Int(unsafe String(cString: PQcmdTuples(pointer))) ?? 0 }

  /// Whether the statement was a COPY: `PQcmdStatus`.
  var isOfCopy: Bool { unsafe String(cString: PQcmdStatus(pointer)).hasPrefix("COPY ") }

  /// The memory that the rows take: `PQresultMemorySize`.
  var memorySize: Int { Int(unsafe PQresultMemorySize(pointer)) }

  /// The rows, in order.
  var rows: some Sequence<PostgresRow> {
    (0..<Int32(count)).lazy.map { PostgresRow(result: self, number: $0) }
  }

  /// The first row; `nil` if there is none.
  var first: PostgresRow? { count > 0 ? PostgresRow(result: self, number: 0) : nil }

  /// Returns whether a value is NULL: `PQgetisnull`.
  func isNull(_ row: Int32, _ column: Int32) -> Bool {
    unsafe PQgetisnull(pointer, row, column) == 1
  }

  /// Calls `body` with the bytes of a value: `PQgetvalue`, `PQgetlength`.
  func withBytes<Result>(
    _ row: Int32, _ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let count = Int(unsafe PQgetlength(pointer, row, column))
    let bytes = unsafe UnsafeRawBufferPointer(
      start: PQgetvalue(pointer, row, column), count: count)
    return unsafe try body(bytes)
  }
}

/// A row of a result.
struct PostgresRow {
  fileprivate let result: PostgresResult
  fileprivate let number: Int32

  /// Returns whether a column is NULL.
  func isNull(at column: Int) -> Bool { result.isNull(number, Int32(column)) }

  /// Returns a column as text; `nil` for NULL.
  func text(at column: Int) -> String? {
    isNull(at: column) ? nil : string(at: column)
  }

  /// Returns a column as text; empty for NULL.
  func string(at column: Int) -> String {
    unsafe result.withBytes(number, Int32(column)) { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// Returns a column as an integer; `nil` for NULL, or if it is not an integer.
  func integer(at column: Int) -> Int64? { text(at: column).flatMap { Int64($0) } }

  /// Returns a column as an integer; 0 for NULL.
  func count(at column: Int) -> Int { Int(integer(at: column) ?? 0) }

  /// Returns a column as a double; `nil` for NULL, or if it is not a number.
  func real(at column: Int) -> Double? { text(at: column).flatMap { Double($0) } }

  /// Returns a column of type boolean; `false` for NULL.
  func isTrue(at column: Int) -> Bool { text(at: column) == "t" }

  /// Returns a column of type bytea; empty for NULL.
  func bytes(at column: Int) -> [UInt8] {
    unsafe result.withBytes(number, Int32(column)) { text in
      func digit(_ byte: UInt8) -> UInt8 { byte < 0x3A ? byte & 0xF : byte & 0xF + 9 }
      // The text is `\x` and two hexadecimal digits per byte.
      return stride(from: 2, to: text.count - 1, by: 2).map {
        unsafe digit(text[$0]) << 4 | digit(text[$0 + 1])
      }
    }
  }

  /// Calls `body` with the bytes of a column.
  func withBytes<Result>(
    at column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    unsafe try result.withBytes(number, Int32(column), body)
  }
}
