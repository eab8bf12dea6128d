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
