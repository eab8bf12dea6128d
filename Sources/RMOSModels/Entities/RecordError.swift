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
