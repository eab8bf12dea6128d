/// One field of a kind: its JSON member, its column, its type and what stands in when it is absent.
public struct FieldSchema: Sendable, Hashable {
  /// What stands in for an absent (or null) member.
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
  /// What stands in for an absent member.
  public let absent: Default

  init(
    _ member: String, column: String? = nil, _ type: FieldType, required: Bool = false,
    absent: Default = .null
  ) {
    self.member = member
    self.column = column ?? member
    self.type = type
    self.isRequired = required
    self.absent = absent
  }

  /// Whether the column is declared NOT NULL.
  public var isNotNull: Bool { isRequired || absent != .null }

  /// The column's definition in CREATE TABLE.
  public var sqlDefinition: String {
    if member == "id" { return "id TEXT PRIMARY KEY" }
    var sql = "\(column) \(type.sqlType)"
    if isNotNull { sql += " NOT NULL" }
    switch absent {
    case .null: break
    case .text(let text): sql += " DEFAULT '\(text)'"
    case .runStart, .sameAs: sql += " DEFAULT CURRENT_TIMESTAMP"
    }
    return sql
  }
}
