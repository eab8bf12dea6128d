/// Reads the values of a record by member name, with the type each should have.
struct RecordFields {
  private let record: Record

  /// - Throws: ``RecordError`` where the record is of another kind.
  init(_ record: Record, of kind: EntityKind) throws(RecordError) {
    guard record.kind == kind else {
      throw RecordError(
        .kind, record, "found a \(record.kind.schema.singular), expected a \(kind.schema.singular)")
    }
    self.record = record
  }

  func text(_ member: String) throws(RecordError) -> String {
    guard let text = try optionalText(member) else { throw missing(member, "text") }
    return text
  }

  func optionalText(_ member: String) throws(RecordError) -> String? {
    switch record[member] {
    case .text(let text): return text
    case .null: return nil
    case let other: throw mistyped(member, other, "text")
    }
  }

  func integer(_ member: String) throws(RecordError) -> Int64 {
    switch record[member] {
    case .integer(let number): return number
    case let other: throw mistyped(member, other, "a whole number")
    }
  }

  func real(_ member: String) throws(RecordError) -> Double {
    guard let number = try optionalReal(member) else { throw missing(member, "a number") }
    return number
  }

  func optionalReal(_ member: String) throws(RecordError) -> Double? {
    switch record[member] {
    case .real(let number): return number
    case .null: return nil
    case let other: throw mistyped(member, other, "a number")
    }
  }

  func json(_ member: String) throws(RecordError) -> JSONText {
    guard let json = try optionalJSON(member) else { throw missing(member, "JSON text") }
    return json
  }

  func optionalJSON(_ member: String) throws(RecordError) -> JSONText? {
    guard let text = try optionalText(member) else { return nil }
    do {
      return try JSONText(verbatim: text)
    } catch {
      throw RecordError(.invalidJSON, record, member: member, "found no JSON: \(error)")
    }
  }

  func value<Closed: RawRepresentable & CaseIterable>(
    _ member: String, of type: Closed.Type
  ) throws(RecordError) -> Closed where Closed.RawValue == String {
    let text = try text(member)
    if let value = Closed(rawValue: text) { return value }
    let known = Closed.allCases.map(\.rawValue).joined(separator: ", ")
    throw RecordError(
      .unknownValue, record, member: member,
      "found \(Violation.quoted(text)), expected one of \(known)")
  }

  private func missing(_ member: String, _ expected: String) -> RecordError {
    mistyped(member, .null, expected)
  }

  private func mistyped(_ member: String, _ value: Value?, _ expected: String) -> RecordError {
    let found =
      switch value {
      case .null?: "nothing"
      case .integer(let number)?: "the whole number \(number)"
      case .real(let number)?: "the number \(number)"
      case .text(let text)?: "the text \(Violation.quoted(text))"
      case .blob(let bytes)?: "a blob of \(bytes.count) bytes"
      case nil: "no such field"
      }
    return RecordError(.type, record, member: member, "found \(found), expected \(expected)")
  }
}

extension Value {
  /// A text, or NULL.
  init(_ text: String?) { self = text.map { .text($0) } ?? .null }
  /// A double, or NULL.
  init(_ number: Double?) { self = number.map { .real($0) } ?? .null }
  /// JSON text, or NULL.
  init(_ json: JSONText?) { self = json.map { .text($0.text) } ?? .null }
}
