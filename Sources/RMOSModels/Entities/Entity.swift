/// An entity as a typed value: ``StripFamily``, ``Pattern`` or ``JobLog``.
///
/// For people's code. The stores hold ``Record``s; an entity is made from one and turns into one
/// without loss: for every record it can be made from, `Self(record: r).record == r`.
/// In `Codable` formats the keys are the member names of the JSON files, such as `ring_count`.
public protocol Entity: Codable, Hashable, Identifiable, Sendable where ID == String {
  /// The kind whose records these are.
  static var kind: EntityKind { get }

  /// The id, unique within the kind.
  var id: String { get set }

  /// The record that holds the same values.
  var record: Record { get }

  /// The entity a record holds.
  ///
  /// - Throws: ``RecordError`` where a value is not what the schema declares.
  init(record: Record) throws(RecordError)
}

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

/// Why a record is no entity of a type.
///
/// A database may hold what migration would refuse: SQLite takes any value in any column, and
/// other programs write to it too.
public struct RecordError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable name for the failure.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String
    /// A code of one's own.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The code's text.
    public var description: String { rawValue }

    /// The record is of another kind.
    public static let kind = Code(rawValue: "record.kind")
    /// A value has the wrong type, or is missing.
    public static let type = Code(rawValue: "record.type")
    /// A text is none of the values the type knows.
    public static let unknownValue = Code(rawValue: "record.unknown-value")
    /// A JSON column holds something else.
    public static let invalidJSON = Code(rawValue: "record.invalid-json")
  }

  /// What kind of failure.
  public var code: Code
  /// The record's kind.
  public var kind: EntityKind
  /// The record's id; empty where the stored id is no text.
  public var id: String
  /// The member concerned; nil where it is the whole record.
  public var member: String?
  /// What was found and what was expected.
  public var message: String

  init(_ code: Code, _ record: Record, member: String? = nil, _ message: String) {
    self.code = code
    self.kind = record.kind
    self.id = record.id
    self.member = member
    self.message = message
  }

  /// The entity, the member and the message.
  public var description: String {
    let entity = "\(kind.schema.singular) \(Violation.quoted(id))"
    return member.map { "\(entity), '\($0)': \(message)" } ?? "\(entity): \(message)"
  }
}
