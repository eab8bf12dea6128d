/// What is wrong with a value: the fact, without the prose.
package enum Violation: Sendable, Hashable {
  /// Absent or null. `because` names what demands it, where that is another field.
  case missing(because: String?)
  /// Another type than expected. `isKept` where the value is stored all the same.
  case wrongType(found: String, expected: String, isKept: Bool)
  /// Text of nothing but white space.
  case blank
  /// `{}` or `[]`; `expected` names what should be in it.
  case empty(shape: FieldType.JSONRule.Shape, isKept: Bool)
  /// A number outside its range.
  case outOfRange(found: String, expected: String)
  /// Text that is no timestamp.
  case notTimestamp(found: String)
  /// Text that is none of the known values.
  case unknownValue(found: String, known: [String], isKept: Bool)
  /// An end before its start.
  case endBeforeStart(end: String, startField: String, start: String)
  /// A string whose escapes are no text.
  case loneSurrogate
  /// Stored text that should be JSON and is not.
  case notJSON(offence: String)

  /// The code it is reported under.
  package var code: IssueCode {
    switch self {
    case .missing: .fieldMissing
    case .wrongType: .fieldType
    case .blank, .empty: .fieldEmpty
    case .outOfRange: .fieldRange
    case .notTimestamp: .fieldFormat
    case .unknownValue: .fieldUnknownValue
    case .endBeforeStart: .timeOrder
    case .loneSurrogate, .notJSON: .jsonSyntax
    }
  }

  /// What was found, what was expected and the way out, for the field named `field`.
  package func message(field: String) -> String {
    switch self {
    case .missing(nil):
      "'\(field)' is missing; every entity of this kind needs it"
    case .missing(let because?):
      "'\(field)' is missing; \(because) needs it"
    case .wrongType(let found, let expected, let isKept):
      "'\(field)' is \(found); expected \(expected)" + (isKept ? "; kept as it is" : "")
    case .blank:
      "'\(field)' is blank; expected some text"
    case .empty(.object, let isKept):
      "'\(field)' is an empty object; expected members in it" + (isKept ? "; kept as it is" : "")
    case .empty(.array, let isKept):
      "'\(field)' is an empty list; expected at least one element"
        + (isKept ? "; kept as it is" : "")
    case .outOfRange(let found, let expected):
      "'\(field)' is \(found); expected \(expected)"
    case .notTimestamp(let found):
      "'\(field)' is \(found); expected an ISO 8601 date or time that exists, such as "
        + "2025-01-15T10:30:00Z"
    case .unknownValue(let found, let known, let isKept):
      "'\(field)' is \(found); expected one of \(known.joined(separator: ", "))"
        + Violation.suggestion(for: found, among: known) + (isKept ? "; kept as it is" : "")
    case .endBeforeStart(let end, let startField, let start):
      "'\(field)' (\(end)) is before '\(startField)' (\(start)); kept as it is"
    case .loneSurrogate:
      "'\(field)' holds an escaped surrogate without its partner, which is no text; "
        + "write the character itself"
    case .notJSON(let offence):
      "'\(field)' is not JSON: \(offence)"
    }
  }

  /// What was found, in a few words.
  package var found: String {
    switch self {
    case .missing: "NULL"
    case .wrongType(let found, _, _), .outOfRange(let found, _), .notTimestamp(let found),
      .unknownValue(let found, _, _):
      found
    case .blank: "blank text"
    case .empty(.object, _): "{}"
    case .empty(.array, _): "[]"
    case .endBeforeStart(let end, _, _): end
    case .loneSurrogate: "a surrogate without its partner"
    case .notJSON(let offence): "no JSON: \(offence)"
    }
  }

  /// What should be there, in a few words.
  package var expected: String {
    switch self {
    case .missing(nil): "a value"
    case .missing(let because?): "a value, because \(because)"
    case .wrongType(_, let expected, _), .outOfRange(_, let expected): expected
    case .blank: "some text"
    case .empty(.object, _): "members in the object"
    case .empty(.array, _): "at least one element"
    case .notTimestamp: "an ISO 8601 date or time that exists"
    case .unknownValue(_, let known, _): "one of \(known.joined(separator: ", "))"
    case .endBeforeStart(_, let startField, let start): "not before \(startField) (\(start))"
    case .loneSurrogate, .notJSON: "JSON (RFC 8259)"
    }
  }

  /// A known value that differs by case and white space only.
  private static func suggestion(for found: String, among known: [String]) -> String {
    let plain = found.lowercased().filter { !$0.isWhitespace && $0 != "\"" }
    return known.contains(plain) ? " (did you mean \(plain)?)" : ""
  }

  /// A text from a file as a message shows it: quoted, cut after 60 Unicode scalars.
  package static func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(60)
    return "\"\(String(shown))\(shown.endIndex == text.endIndex ? "" : "…")\""
  }
}

/// A violation and how it counts.
package struct Finding: Sendable, Hashable {
  /// The position of the field in the schema.
  package var field: Int
  package var severity: Severity
  package var violation: Violation

  package init(field: Int, severity: Severity, violation: Violation) {
    self.field = field
    self.severity = severity
    self.violation = violation
  }
}
