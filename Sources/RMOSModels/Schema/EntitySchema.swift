/// The declaration of a kind of entity: the one table that reading, validation, SQL, audit and
/// export follow.
///
/// A new kind is a new case of ``EntityKind``, one value of this type and, for people, a typed
/// struct beside ``Pattern``.
public struct EntitySchema: Sendable {
  /// A rule that looks at more than one field.
  ///
  /// It is declared by the names of the fields, and kept with their positions in ``fields``.
  public enum Rule<Field: Sendable & Hashable>: Sendable, Hashable {
    /// `field` may be absent or empty where `substitute` is given; it is then stored as `{}`.
    case substitutable(field: Field, substitute: Field)
    /// `field` must be given where the text field `condition` equals `value`.
    case requiredWhen(field: Field, condition: Field, value: String, severity: Severity)
    /// The timestamp `later` should not be before `earlier`; if it is, that is a warning.
    case ordered(earlier: Field, later: Field)
  }

  /// A field that refers to another kind.
  public struct Reference: Sendable, Hashable {
    /// Its position in ``EntitySchema/fields``.
    public let field: Int
    /// The kind it refers to.
    public let target: EntityKind
  }

  /// The kind declared.
  public let kind: EntityKind
  /// One entity of the kind in a sentence: "strip family".
  public let singular: String
  /// Several entities of the kind in a sentence: "strip families".
  public let plural: String
  /// The fields, in column order; `id` is the first.
  public let fields: [FieldSchema]
  /// The rules across fields; a field is its position in ``fields``.
  public let rules: [Rule<Int>]
  /// Name and columns of the recommended indexes.
  public let indexes: [(name: String, columns: String)]
  /// The fields that refer to other kinds, in field order.
  public let references: [Reference]
  /// The references that the database declares as foreign keys.
  package let foreignKeys: [Reference]
  /// The names under which a source may have the kind's entities and files, beside its own.
  public let sourceNames: SourceNames

  init(
    kind: EntityKind, singular: String, plural: String, fields: [FieldSchema],
    rules: [Rule<String>] = [], indexes: [(name: String, columns: String)],
    foreignKeys: [String] = [], sourceNames: SourceNames = SourceNames()
  ) {
    precondition(
      fields.count <= FieldSet.capacity, "a kind has at most \(FieldSet.capacity) fields")
    func position(_ member: String) -> Int {
      guard let position = fields.firstIndex(where: { $0.member == member }) else {
        preconditionFailure("\(kind.rawValue) declares no field named \(member)")
      }
      return position
    }
    self.kind = kind
    self.singular = singular
    self.plural = plural
    self.fields = fields
    self.rules = rules.map { $0.mapFields(position) }
    self.indexes = indexes
    self.sourceNames = sourceNames
    references = fields.indices.compactMap { field in
      guard case .reference(let target) = fields[field].type else { return nil }
      return Reference(field: field, target: target)
    }
    let keys = foreignKeys.map(position)
    self.foreignKeys = references.filter { keys.contains($0.field) }
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
}

extension EntitySchema.Rule {
  /// The rule with other names for its fields.
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
