import RMOSModels
import RMOSStore

// Values of the server: text, and 64-bit integers and doubles in text form.

extension FieldSchema {
  /// Returns a value in text form for the column; `nil` for NULL.
  ///
  /// - Throws: ``StoreError/Code/constraint`` if the column cannot store it.
  func parameter(_ value: Value) throws(StoreError) -> String? {
    switch (type.acceptedTypes[0], type.stored(value)) {
    case (_, .null): return nil
    case ("text", .text(let text)):
      guard !text.utf8.contains(0) else { throw PostgresConnection.nulInText }
      return text
    case ("bigint", .integer(let number)): return String(number)
    // The description is the shortest text that reads back as the same number.
    case ("double precision", .real(let number)): return String(number)
    case (let expected, .blob(let bytes)): throw refusal("a blob of \(bytes.count) bytes", expected)
    case (let expected, let other): throw refusal(other.shortText, expected)
    }
  }

  private func refusal(_ found: String, _ expected: String) -> StoreError {
    StoreError(.constraint, "\(column) is \(expected), which cannot hold \(found)")
  }

  /// Returns the value of the column in a row.
  func value(_ row: PostgresRow, at column: Int) -> Value {
    guard let text = row.text(at: column) else { return .null }
    switch type {
    case .text, .reference, .timestamp, .json: return .text(text)
    case .integer:
      return Int64(text).map(Value.integer) ?? Double(text).map(Value.real) ?? .text(text)
    case .real: return Double(text).map(Value.real) ?? .text(text)
    }
  }
}

extension Value {
  fileprivate var shortText: String {
    switch self {
    case .null: "NULL"
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .text(let text): "the text \"\(text.prefix(40))\""
    case .blob: "a blob"
    }
  }
}

extension EntityKind {
  /// Returns the record in a row, in which the fields begin at column `first`.
  func record(_ row: PostgresRow, from first: Int = 0) -> Record {
    Record(
      kind: self,
      values: schema.fields.enumerated().map { $1.value(row, at: first + $0) })
  }
}

extension Record {
  /// Returns the values in text form for the columns.
  ///
  /// - Throws: ``StoreError/Code/constraint`` if a column cannot store its value.
  func parameters() throws(StoreError) -> [String?] {
    var parameters: [String?] = []
    for (field, value) in zip(kind.schema.fields, values) {
      parameters.append(try field.parameter(value))
    }
    return parameters
  }
}
