import RMOSSystem

/// The declaration of a kind of entity, which drives reading, validation, SQL, audit, export, the
/// HTTP interface and its pages.
///
/// A new kind is one value of this type and, for typed access, a struct that conforms to
/// ``Entity``:
///
/// ```swift
/// struct Blade {
///   static let kind = EntityKind(
///     EntitySchema(
///       table: "blades", singular: "blade", plural: "blades",
///       fields: [
///         .id,
///         FieldSchema("name", .text(.notBlank), required: true),
///         FieldSchema("kerf_mm", .real(.positive), required: true),
///         FieldSchema("pattern_id", .reference(.patterns)),
///         .createdAt, .updatedAt, .metadata,
///       ]))
/// }
/// ```
///
/// An ``EntityCatalog`` makes the kind known to a store.
public final class EntitySchema: Sendable {
  /// A rule that involves more than one field.
  ///
  /// Fields are identified by their names in a declaration, and by their positions in ``fields`` in
  /// the schema.
  public enum Rule<Field: Sendable & Hashable>: Sendable, Hashable {
    /// `field` may be absent or empty where `substitute` is given; it is then stored as `{}`.
    case substitutable(field: Field, substitute: Field)
    /// `field` must be given where the text field `condition` equals `value`.
    case requiredWhen(field: Field, condition: Field, value: String, severity: Severity)
    /// A timestamp `later` that is before `earlier` is a warning.
    case ordered(earlier: Field, later: Field)
  }

  /// The table's name; also the name of the directory that holds the kind's files.
  package let table: String
  /// The name of an entity of the kind in a sentence, such as "strip family".
  public let singular: String
  /// Several entities of the kind in a sentence: "strip families".
  public let plural: String
  /// The fields, in column order; `id` is the first.
  public let fields: [FieldSchema]
  /// The rules that involve more than one field.
  package let rules: [Rule<Int>]
  /// The names and columns of the recommended indexes.
  public let indexes: [(name: String, columns: String)]
  /// The fields that refer to other kinds: the position in ``fields``, in ascending order, and the
  /// kind.
  public let references: [(field: Int, target: EntityKind)]
  /// The references that the database declares as foreign keys.
  public let foreignKeys: [(field: Int, target: EntityKind)]
  /// Members that are read as `id` if an entity has none, in order of precedence.
  let otherIDNames: [String]
  /// Names of files at the top of a source besides the table's name, without their extensions.
  let otherFileNames: [String]
  /// How the kind appears over HTTP and on pages.
  package let presentation: Presentation

  /// Declares a kind.
  ///
  /// Names of tables, members, columns and indexes consist of lower-case letters, digits and `_`. A
  /// table or column cannot have a name that SQL reserves, such as `order`; a member can, if its
  /// column has another name.
  ///
  /// - Parameters:
  ///   - table: The table's name; also the name of the directory that holds the kind's files.
  ///   - singular: One entity of the kind in a sentence, such as "strip family".
  ///   - plural: Several entities of the kind in a sentence.
  ///   - fields: The fields, in column order: ``FieldSchema/id`` first, with
  ///     ``FieldSchema/createdAt`` and ``FieldSchema/updatedAt`` among them; at most 64.
  ///   - rules: The rules that look at more than one field.
  ///   - indexes: The names and columns of the recommended indexes.
  ///   - foreignKeys: The members whose references the database checks as well.
  ///   - otherIDNames: Members that are read as `id` if an entity has none, in order of precedence.
  ///   - otherFileNames: Names of files at the top of a source besides that of the table, without
  ///     their endings.
  ///   - presentation: How the kind appears over HTTP and on pages.
  /// - Precondition: The names are valid and unique, and every member that is named is that of a
  ///   field.
  public init(
    table: String, singular: String, plural: String, fields: [FieldSchema],
    rules: [Rule<String>] = [], indexes: [(name: String, columns: String)] = [],
    foreignKeys: [String] = [], otherIDNames: [String] = [], otherFileNames: [String] = [],
    presentation: Presentation = Presentation()
  ) {
    precondition(
      fields.count <= FieldSet.capacity, "a kind has at most \(FieldSet.capacity) fields")
    precondition(
      Self.isName(table) && !Self.isReserved(table) && !Self.isKeyword(table),
      "\(table) cannot be the name of a table")
    precondition(fields.first?.member == "id", "the first field of \(table) must be id")
    for (position, field) in fields.enumerated() {
      precondition(
        Self.isName(field.member) && Self.isName(field.column) && !Self.isKeyword(field.column),
        "\(table) cannot have a field named \(field.member), \(field.column)")
      precondition(
        !fields[..<position].contains {
          $0.member == field.member || $0.column == field.column
        },
        "\(table) declares \(field.member) twice")
    }
    for index in indexes {
      precondition(Self.isName(index.name), "\(index.name) cannot be the name of an index")
    }
    func position(_ member: String) -> Int {
      guard let position = fields.firstIndex(where: { $0.member == member }) else {
        preconditionFailure("\(table) declares no field named \(member)")
      }
      return position
    }
    for member in ["created_at", "updated_at"] + presentation.members { _ = position(member) }
    for case .sameAs(let member) in fields.map(\.defaultValue) { _ = position(member) }
    self.table = table
    self.singular = singular
    self.plural = plural
    self.fields = fields
    self.rules = rules.map { $0.mapFields(position) }
    self.indexes = indexes
    self.presentation = presentation
    self.otherIDNames = otherIDNames
    self.otherFileNames = otherFileNames
    references = fields.indices.compactMap { field in
      guard case .reference(let target) = fields[field].type else { return nil }
      return (field, target)
    }
    let keys = foreignKeys.map(position)
    self.foreignKeys = references.filter { keys.contains($0.field) }
  }

  /// The kind that the schema declares.
  package var kind: EntityKind { EntityKind(self) }

  /// Whether a name consists of lower-case letters, digits and `_`, so that it needs no quotes in
  /// SQL, unless it is a keyword, and no escapes in a path.
  private static func isName(_ name: String) -> Bool {
    func isSmallLetter(_ byte: UInt8) -> Bool { byte.isASCIILetter && byte.lowercasedASCII == byte }
    return name.utf8.first.map(isSmallLetter) ?? false
      && name.utf8.allSatisfy { isSmallLetter($0) || $0.isASCIIDigit || $0 == UInt8(ascii: "_") }
  }

  /// Whether SQLite or the ledger may have a table of that name.
  private static func isReserved(_ table: String) -> Bool {
    table.hasPrefix("sqlite_") || table.hasPrefix("migration_") || table == "schema_version"
  }

  /// Whether a name is a keyword of SQLite that would need quotes.
  ///
  /// See https://sqlite.org/lang_keywords.html
  private static func isKeyword(_ name: String) -> Bool { keywords.contains(name) }

  private static let keywords = Set(
    """
    add all alter and as autoincrement between case cast check collate commit constraint create
    current_date current_time current_timestamp default deferrable delete distinct drop else
    escape except exists foreign from group having if in index insert intersect into is isnull
    join limit not nothing notnull null on or order primary raise references returning rowid
    select set table then to transaction union unique update using values when where
    """.split(whereSeparator: \.isWhitespace).map { String($0) })

  /// The position of a field by its member name.
  public func position(ofMember member: String) -> Int? {
    fields.firstIndex { $0.member == member }
  }

  /// The position of a field by its column name.
  package func position(ofColumn column: String) -> Int? {
    fields.firstIndex { $0.column == column }
  }
}

extension EntitySchema.Rule {
  /// The rule with `transform` applied to its fields.
  fileprivate func mapFields<Other>(_ transform: (Field) -> Other) -> EntitySchema.Rule<Other> {
    switch self {
    case .substitutable(let field, let substitute):
      .substitutable(field: transform(field), substitute: transform(substitute))
    case .requiredWhen(let field, let condition, let value, let severity):
      .requiredWhen(
        field: transform(field), condition: transform(condition), value: value,
        severity: severity)
    case .ordered(let earlier, let later):
      .ordered(earlier: transform(earlier), later: transform(later))
    }
  }
}

/// An alternative name of a field.
package struct OtherName: Sendable, Hashable {
  /// The name.
  package let member: String
  /// The position of the field in its schema.
  package let field: Int
}

extension EntitySchema {
  /// The other names of the kind's fields, in order of precedence: those of the id, then the
  /// columns of JSON fields.
  package var otherNames: [OtherName] {
    otherIDNames.map { OtherName(member: $0, field: 0) }
      + fields.enumerated().compactMap { position, field in
        guard case .json = field.type, field.column != field.member else { return nil }
        return OtherName(member: field.column, field: position)
      }
  }

  /// The names that files of the kind have at the top of a source, without their endings.
  package var fileNames: [String] { [table] + otherFileNames }
}
