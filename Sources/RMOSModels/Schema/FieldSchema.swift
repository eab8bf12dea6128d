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
  /// What the value must be.
  public let type: FieldType
  /// Whether the member must be there and not null.
  public let isRequired: Bool
  /// The value where the member is absent.
  public let defaultValue: Default

  /// Declares a field.
  ///
  /// - Parameters:
  ///   - member: The member's name in JSON.
  ///   - column: The column's name in the database; `nil` for the member's.
  ///   - type: What the value must be.
  ///   - required: Whether the member must be there and not null.
  ///   - defaultValue: The value if the member is absent.
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
  /// When the entity was changed last; `created_at` if the source does not say.
  public static let updatedAt = FieldSchema(
    "updated_at", .timestamp, default: .sameAs("created_at"))
  /// Anything else the application keeps: usually a JSON object.
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

  /// The number of fields in it.
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

/// What a field's value must be.
///
/// Source: the fields table of the RMOS interchange contract (Documentation/Input.md).
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
  /// or a space and `HH:MM[:SS[.f…]]`, and that by `Z` or `±HH:MM`.
  case timestamp
  /// A JSON value kept token for token.
  ///
  /// - Parameters:
  ///   - otherShape: How another JSON value than the expected is reported; it is kept unless that
  ///     is an error.
  ///   - empty: How an empty object or array is reported; `nil` if it is fine.
  case json(JSONShape, otherShape: Severity = .error, empty: Severity? = nil)

  /// The rule of a text field.
  public enum TextRule: Sendable, Hashable {
    /// Any text.
    case any
    /// Any text that is not blank.
    case notBlank
    /// One of the given values; any other is an error.
    case oneOf([String])
    /// Text that is not blank, usually one of some values; another is a warning.
    case usually([String])

    /// Whether white space alone (or nothing) is refused.
    var refusesBlank: Bool {
      switch self {
      case .any, .oneOf: false
      case .notBlank, .usually: true
      }
    }

    /// The values the applications know; empty where any value will do.
    package var knownValues: [String] {
      switch self {
      case .any, .notBlank: []
      case .oneOf(let values), .usually(let values): values
      }
    }

    /// How a value outside `knownValues` is reported.
    package var unknownValue: Severity {
      if case .usually = self { .warning } else { .error }
    }
  }

  /// The range of a real field.
  public enum RealRange: Sendable, Hashable {
    /// Greater than 0.
    case positive
    /// The number must be at least 0.
    case nonNegative
  }

  /// The outermost value of a JSON field.
  public enum JSONShape: String, Sendable, Hashable {
    /// A JSON object.
    case object
    /// A JSON array.
    case array
  }
}
