/// A field of a kind: its JSON member, its column, its type and its default value.
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
  /// The type of the value.
  public let type: FieldType
  /// Whether the member must be present and not null.
  public let isRequired: Bool
  /// The value if the member is absent or null.
  public let defaultValue: Default

  /// Declares a field.
  ///
  /// - Parameters:
  ///   - member: The member's name in JSON.
  ///   - column: The column's name in the database; `nil` for the member's.
  ///   - type: The type of the value.
  ///   - required: Whether the member must be present and not null.
  ///   - defaultValue: The value if the member is absent or null.
  public init(
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

extension FieldSchema {
  /// The id, which every kind has.
  public static let id = FieldSchema("id", .text(.notBlank))
  /// When the entity was created; the start of the run if the source does not say.
  public static let createdAt = FieldSchema("created_at", .timestamp, default: .runStart)
  /// When the entity was last changed; the value of `created_at` if the source does not say.
  public static let updatedAt = FieldSchema(
    "updated_at", .timestamp, default: .sameAs("created_at"))
  /// Other data that applications keep with the entity; usually a JSON object.
  public static let metadata = FieldSchema(
    "metadata", column: "metadata_json",
    .json(.object, otherShape: .warning))
}

/// A set of fields of one kind, by their positions in its schema.
package struct FieldSet: Sendable, Hashable {
  /// The maximum number of fields of a kind.
  package static let capacity = UInt64.bitWidth

  private var bits: UInt64 = 0

  /// Creates an empty set.
  package init() {}

  /// Creates a set of the fields that satisfy a condition.
  package init(_ fields: [FieldSchema], where isIncluded: (FieldSchema) -> Bool) {
    for (position, field) in fields.enumerated() where isIncluded(field) { insert(position) }
  }

  /// The number of fields in the set.
  package var count: Int { bits.nonzeroBitCount }

  /// Whether the field at a position is in the set.
  @inline(__always)
  package func contains(_ field: Int) -> Bool {
    field < FieldSet.capacity && bits & 1 << UInt64(field) != 0
  }

  /// Adds the field at a position.
  ///
  /// - Precondition: `field < FieldSet.capacity`
  @inline(__always)
  package mutating func insert(_ field: Int) {
    precondition(field < FieldSet.capacity, "a kind has at most \(FieldSet.capacity) fields")
    bits |= 1 << UInt64(field)
  }
}

/// The type of a field's value.
///
/// `Documentation/Input.md` lists the types of the built-in kinds.
public enum FieldType: Sendable, Hashable {
  /// Text, under the given rule.
  case text(TextRule)
  /// The id of an entity of another kind.
  case reference(EntityKind)
  /// A whole number that fits `Int64`, at least `minimum`.
  case integer(minimum: Int64)
  /// A finite number in `range`.
  case real(RealRange)
  /// An ISO 8601 date, or date and time, kept as written: `YYYY-MM-DD`, optionally followed by `T`
  /// or a space and `HH:MM[:SS[.f…]]`, which may be followed by `Z` or `±HH:MM`.
  case timestamp
  /// A JSON value, kept token for token.
  ///
  /// - Parameters:
  ///   - otherShape: The severity of a value of another shape, which is kept unless that is an
  ///     error.
  ///   - empty: The severity of an empty object or array; `nil` if it is valid.
  case json(JSONShape, otherShape: Severity = .error, empty: Severity? = nil)

  /// The rule of a text field.
  public enum TextRule: Sendable, Hashable {
    /// Any text.
    case any
    /// Any text that is not blank.
    case notBlank
    /// One of the given values; any other is an error.
    case oneOf([String])
    /// Text that is not blank, usually one of the given values; any other is a warning.
    case usually([String])

    /// Whether empty text and text of white space alone are refused.
    var refusesBlank: Bool {
      switch self {
      case .any, .oneOf: false
      case .notBlank, .usually: true
      }
    }

    /// The known values; empty if all values are equal.
    package var knownValues: [String] {
      switch self {
      case .any, .notBlank: []
      case .oneOf(let values), .usually(let values): values
      }
    }

    /// The severity of a value that is not among ``knownValues``.
    package var unknownValue: Severity {
      if case .usually = self { .warning } else { .error }
    }
  }

  /// The range of a real field.
  public enum RealRange: Sendable, Hashable {
    /// Greater than 0.
    case positive
    /// At least 0.
    case nonNegative
  }

  /// The type that the value of a JSON field has.
  public enum JSONShape: String, Sendable, Hashable {
    /// A JSON object.
    case object
    /// A JSON array.
    case array
  }
}
