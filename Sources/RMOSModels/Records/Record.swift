/// One entity as stored: values aligned with the fields of its schema.
///
/// The typed structs (``Pattern``, ``StripFamily``, ``JobLog``) are created from records and
/// convert back into them; stores know only records.
public struct Record: Sendable, Hashable {
  /// The kind of entity.
  public let kind: EntityKind
  /// The values, in the order of `kind.schema.fields`; the id is the first.
  public package(set) var values: [Value]

  /// Creates a record.
  ///
  /// - Parameters:
  ///   - kind: The kind of entity.
  ///   - values: One value per field of the schema, in its order.
  /// - Precondition: `values.count == kind.schema.fields.count`.
  public init(kind: EntityKind, values: [Value]) {
    precondition(
      values.count == kind.schema.fields.count,
      "a \(kind.schema.singular) has \(kind.schema.fields.count) values")
    self.kind = kind
    self.values = values
  }

  /// The id; empty if the stored id is not text.
  public var id: String {
    if case .text(let id) = values[0] { id } else { "" }
  }

  /// The value of a member; `nil` if the schema has no such member.
  ///
  /// ```swift
  /// var renamed = record
  /// renamed["name"] = .text("Rope")
  /// ```
  ///
  /// Setting `nil` sets ``Value/null``.
  ///
  /// - Precondition: To set a member, the schema must have it.
  public subscript(member: String) -> Value? {
    get { kind.schema.position(ofMember: member).map { values[$0] } }
    set {
      guard let position = kind.schema.position(ofMember: member) else {
        preconditionFailure("\(kind.schema.plural) have no member \(member)")
      }
      values[position] = newValue ?? .null
    }
  }
}

/// A value of a column.
public enum Value: Sendable, Hashable {
  /// SQL NULL.
  case null
  /// A 64-bit integer.
  case integer(Int64)
  /// A double.
  case real(Double)
  /// UTF-8 text; JSON columns hold JSON text.
  case text(String)
  /// Bytes. No field has this type, but SQLite accepts any value in any column.
  case blob([UInt8])

  /// Whether both are the same value, texts byte for byte.
  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.integer(let left), .integer(let right)): left == right
    case (.real(let left), .real(let right)): left == right
    case (.text(let left), .text(let right)): left.hasSameUTF8(as: right)
    case (.blob(let left), .blob(let right)): left == right
    default: false
    }
  }
}

extension Value {
  /// Creates a text, or NULL.
  public init(_ text: String?) { self = text.map { .text($0) } ?? .null }
  /// Creates a number, or NULL.
  public init(_ number: Double?) { self = number.map { .real($0) } ?? .null }
  /// Creates JSON text, or NULL.
  public init(_ json: JSONText?) { self = json.map { .text($0.text) } ?? .null }

  /// The value as a message shows it.
  package var shown: String {
    switch self {
    case .null: "null"
    case .integer(let number): "the number \(number)"
    case .real(let number): "the number \(number)"
    case .text(let text): "the text \(Violation.quoted(text))"
    case .blob(let bytes): "a blob of \(PlainText.counted(bytes.count, "byte"))"
    }
  }
}
