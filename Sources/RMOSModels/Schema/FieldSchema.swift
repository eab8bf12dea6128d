/// One field of a kind: its JSON member, its column, its type and its default value.
public struct FieldSchema: Sendable, Hashable {
  /// The value of a field whose member is absent or null.
  public enum Default: Sendable, Hashable {
    /// SQL NULL.
    case null
    /// A fixed text.
    case text(String)
    /// The start of the run that migrates the entity.
    case runStart
    /// The value of another member of the same entity.
    case sameAs(String)
  }

  /// The member's name in JSON.
  public let member: String
  /// The column's name in the database.
  public let column: String
  /// What the value must be.
  public let type: FieldType
  /// Whether the member must be there and not null.
  public let isRequired: Bool
  /// The value where the member is absent.
  public let defaultValue: Default

  init(
    _ member: String, column: String? = nil, _ type: FieldType, required: Bool = false,
    default defaultValue: Default = .null
  ) {
    self.member = member
    self.column = column ?? member
    self.type = type
    self.isRequired = required
    self.defaultValue = defaultValue
  }

  /// Whether the column is declared NOT NULL.
  public var isNotNull: Bool { isRequired || defaultValue != .null }

  /// Whether the default value depends on the run that migrates the entity.
  package var defaultsToRunTime: Bool {
    switch defaultValue {
    case .runStart, .sameAs: true
    case .null, .text: false
    }
  }
}
