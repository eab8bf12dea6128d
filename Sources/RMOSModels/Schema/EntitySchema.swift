/// The declaration of a kind of entity: the one table that reading, validation, SQL, audit and
/// export follow.
///
/// A new kind is a new case of ``EntityKind``, one value of this type and, for people, a typed
/// struct beside ``Pattern``.
public struct EntitySchema: Sendable {
  /// A rule that looks at more than one field.
  ///
  /// Fields are positions in ``fields``.
  public enum Rule: Sendable, Hashable {
    /// `field` may be absent or empty where `substitute` is given; it is then stored as `{}`.
    case substitutable(field: Int, substitute: Int)
    /// `field` must be given where the text field `condition` equals `value`.
    case requiredWhen(field: Int, condition: Int, value: String, severity: Severity)
    /// The timestamp `later` should not be before `earlier`; if it is, that is a warning.
    case ordered(earlier: Int, later: Int)
  }

  /// The kind declared.
  public let kind: EntityKind
  /// One entity of the kind in a sentence: "strip family".
  public let singular: String
  /// Several entities of the kind in a sentence: "strip families".
  public let plural: String
  /// The fields, in column order; `id` is the first.
  public let fields: [FieldSchema]
  /// The rules across fields.
  public let rules: [Rule]
  /// Name and columns of the recommended indexes.
  public let indexes: [(name: String, columns: String)]
  /// Positions of the fields that refer to other kinds.
  public let references: [Int]
  /// The reference fields that the database declares as foreign keys.
  package let foreignKeys: [Int]

  init(
    kind: EntityKind, singular: String, plural: String, fields: [FieldSchema],
    rules: [Rule] = [], indexes: [(name: String, columns: String)], foreignKeys: [String] = []
  ) {
    self.kind = kind
    self.singular = singular
    self.plural = plural
    self.fields = fields
    self.rules = rules
    self.indexes = indexes
    self.references = fields.indices.filter {
      if case .reference = fields[$0].type { true } else { false }
    }
    self.foreignKeys = fields.indices.filter { foreignKeys.contains(fields[$0].member) }
  }

  /// The table's name; also the name of the directory the kind's files stand in.
  public var table: String { kind.table }

  /// The position of a field by its member name.
  public func position(ofMember member: String) -> Int? {
    fields.firstIndex { $0.member == member }
  }

  /// The position of a field by its column name.
  public func position(ofColumn column: String) -> Int? {
    fields.firstIndex { $0.column == column }
  }

  /// The CREATE TABLE statement of the shared schema.
  public var createTableSQL: String {
    var parts = fields.map(\.sqlDefinition)
    for position in foreignKeys {
      if case .reference(let target) = fields[position].type {
        parts.append("FOREIGN KEY (\(fields[position].column)) REFERENCES \(target.table)(id)")
      }
    }
    return "CREATE TABLE IF NOT EXISTS \(table) (\(parts.joined(separator: ", ")))"
  }

  /// The CREATE INDEX statements of the recommended indexes.
  public var createIndexSQL: [String] {
    indexes.map { "CREATE INDEX IF NOT EXISTS \($0.name) ON \(table)(\($0.columns))" }
  }
}
