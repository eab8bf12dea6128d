import RMOSSystem

/// A violation of the rules by an entity, without its place; ``message(field:)`` describes it.
///
/// An ``Issue`` is a violation with its place.
package enum Violation: Sendable, Hashable {
  /// An unknown member whose name resembles that of an absent field.
  package struct LookAlike: Sendable, Hashable {
    /// The name of the member.
    package let name: String
    /// Whether a built-in mapping would read it.
    package let canBeMapped: Bool

    /// The end of a message about the absent field.
    fileprivate var message: String {
      "\(Violation.quoted(name)) has a similar name: rename it"
        + (canBeMapped ? Violation.mappingAdvice : " if it is meant")
    }
  }

  // Violations of a field.

  /// Absent or null; `because` is the condition under which the field is required, if there is one.
  /// `other` is an unknown member with a similar name.
  case missing(because: String? = nil, other: LookAlike? = nil, severity: Severity = .error)
  /// A value of another type than expected.
  case wrongType(found: String, expected: String, severity: Severity = .error)
  /// Text that is empty or only white space.
  case blank
  /// `{}` or `[]`.
  case empty(shape: FieldType.JSONShape, severity: Severity = .error)
  /// A number outside its range.
  case outOfRange(found: String, expected: String)
  /// A number with more digits than a double keeps.
  case rounded(found: String, stored: String)
  /// A timestamp that programs write in place of an unknown time.
  case noTime(found: String)
  /// Text that is not a timestamp.
  case notTimestamp(found: String)
  /// Text that is not one of the known values.
  case unknownValue(found: String, known: [String], severity: Severity = .error)
  /// An end before its start.
  case endBeforeStart(end: String, startField: String, start: String)
  /// A string with an unpaired surrogate escape.
  case loneSurrogate
  /// Text that should be JSON and is not.
  case notJSON(error: String)

  // Violations of the entity as a whole, or of its id.

  /// Two members with the same name.
  case duplicateMember(String)
  /// No id, and ids are not derived.
  case idMissing
  /// No id; this one was derived.
  case idDerived(String)
  /// The id is a number.
  case idNumber(String)
  /// The id differs from the key in the dictionary; both are quoted.
  case idMismatch(id: String, key: String)
  /// The key in the dictionary, quoted, is blank and cannot be the id.
  case blankKey(String)
  /// No `id`; another member was read as the id.
  case idAlias(String)
  /// The field was read under its column's name.
  case columnName(String)
  /// Texts or references in place of objects or lists: the first of them, and their number.
  case stringified(StringifiedValue, count: Int)
  /// The field is absent, and an unknown member has a similar name.
  case lookAlike(String, canBeMapped: Bool)
  /// An unknown member states a unit, quoted, other than the millimeters of the fields named.
  case otherUnit(String, of: [String])

  /// The severity; if it is not an error, the value is kept unchanged.
  package var severity: Severity {
    switch self {
    case .missing(_, _, let severity), .wrongType(_, _, let severity), .empty(_, let severity),
      .unknownValue(_, _, let severity):
      severity
    case .blank, .outOfRange, .notTimestamp, .loneSurrogate, .notJSON, .duplicateMember,
      .idMissing, .idMismatch, .blankKey:
      .error
    case .rounded, .noTime, .endBeforeStart, .idNumber, .lookAlike, .stringified,
      .otherUnit:
      .warning
    case .idDerived, .idAlias, .columnName: .info
    }
  }

  /// The code of its issue.
  package var code: IssueCode {
    switch self {
    case .missing: .fieldMissing
    case .wrongType, .stringified: .fieldType
    case .blank, .empty, .blankKey: .fieldEmpty
    case .outOfRange, .rounded, .noTime: .fieldRange
    case .notTimestamp: .fieldFormat
    case .unknownValue: .fieldUnknownValue
    case .endBeforeStart: .timeOrder
    case .loneSurrogate, .notJSON: .jsonSyntax
    case .duplicateMember: .jsonDuplicateKey
    case .idMissing: .idMissing
    case .idDerived: .idDerived
    case .idNumber: .idNumber
    case .idMismatch: .idMismatch
    case .idAlias: .idAlias
    case .columnName: .fieldColumnName
    case .lookAlike: .fieldLookAlike
    case .otherUnit: .fieldUnit
    }
  }

  /// Describes what was found, what was expected and how to fix it.
  ///
  /// - Parameters:
  ///   - field: The name of the field.
  ///   - inFile: Whether the entity is in a file, which a mapping may read.
  /// - Returns: The message.
  package func message(field: String, inFile: Bool) -> String {
    switch self {
    case .missing(let because, let other, _):
      "\"\(field)\" is missing; it is required" + (because.map { " when \($0)" } ?? "")
        + (other.map { ", and \($0.message)" } ?? "")
    case .wrongType(let found, let expected, let severity):
      "\"\(field)\" is \(found); expected \(expected)" + Violation.keeping(severity)
    case .blank:
      "\"\(field)\" must not be blank"
    case .empty(.object, let severity):
      "\"\(field)\" is an empty object; expected at least one member"
        + Violation.keeping(severity)
    case .empty(.array, let severity):
      "\"\(field)\" is an empty list; expected at least one element"
        + Violation.keeping(severity)
    case .outOfRange(let found, let expected):
      "\"\(field)\" is \(found); expected \(expected)"
    case .rounded(let found, let stored):
      "\"\(field)\" is \(found), which has more digits than a number keeps; stored as \(stored)"
    case .noTime(let found):
      "\"\(field)\" is \(found)" + Violation.noTimeAdvice(found, inFile)
    case .notTimestamp(let found):
      "\"\(field)\" is \(found); expected a valid ISO 8601 date or time, such as "
        + "2025-01-15T10:30:00Z" + Violation.timeAdvice(found, inFile)
    case .unknownValue(let found, let known, let severity):
      // A long list of known values would bury the suggestion.
      "\"\(field)\" is \(found)"
        + (known.count > 10 && severity != .error
          ? ", which is not a known one" : "; expected one of \(known.joined(separator: ", "))")
        + Violation.suggestion(for: found, among: known, severity, inFile)
    case .endBeforeStart(let end, let startField, let start):
      "\"\(field)\" (\(end)) is before \"\(startField)\" (\(start)); kept as is"
    case .loneSurrogate:
      "\"\(field)\" contains an unpaired surrogate escape, which is not valid Unicode; "
        + "write the character itself"
    case .notJSON(let error):
      "\"\(field)\" is not valid JSON: \(error)"
    case .duplicateMember(let name):
      "the entity has two members named \(Violation.quoted(name)); remove one"
    case .idMissing:
      "\"id\" is missing; add one, or allow ids to be derived"
    case .idDerived(let id):
      "\"id\" is missing; derived \(Violation.quoted(id)) from the entity's place"
    case .idNumber(let number):
      "\"id\" is the number \(number); its text is used as the id"
    case .idMismatch(let id, let key):
      "\"id\" is \(id), but the entity's key is \(key); they must be equal, unless a "
        + "mapping says where the id is"
    case .blankKey(let key):
      "the entity's key is \(key), which is blank; use its id as the key"
    case .idAlias(let name):
      "\"\(field)\" is missing; \(Violation.quoted(name)) is read as the id"
    case .columnName(let name):
      "\(Violation.quoted(name)) is read as \"\(field)\""
    case .stringified(let value, let count):
      (field.isEmpty ? "the entity" : "\"\(field)\"")
        + " has \(value.isReference ? value.text : Violation.quoted(value.text)) in place of an object "
        + "or a list"
        + (count > 1
          ? ", the first of \(count) such \(value.isReference ? "references" : "texts")" : "")
        + "; " + value.advice(inFile: inFile)
    case .lookAlike(let name, let canBeMapped):
      "\"\(field)\" is missing; \(Violation.quoted(name)) has a similar name, but is an unknown "
        + "member; rename it" + (canBeMapped ? Self.mappingAdvice : " if it is meant")
    case .otherUnit(let unit, let fields):
      "\"\(field)\" is \(unit), but \(fields.map { "\"\($0)\"" }.joined(separator: " and ")) "
        + (fields.count == 1 ? "is" : "are") + " read as millimeters; convert what is not, or let "
        + "a mapping do it"
    }
  }

  private static let mappingAdvice = ", or read the source \(MappingAdvice.anyCase.words)"

  /// The value or state that was found, in a few words.
  package var found: String {
    switch self {
    case .missing: "NULL"
    case .wrongType(let found, _, _), .outOfRange(let found, _), .rounded(let found, _),
      .noTime(let found), .notTimestamp(let found), .unknownValue(let found, _, _):
      found
    case .blank: "blank text"
    case .empty(.object, _): "{}"
    case .empty(.array, _): "[]"
    case .endBeforeStart(let end, _, _): end
    case .loneSurrogate: "an unpaired surrogate escape"
    case .notJSON(let error): "invalid JSON: \(error)"
    case .duplicateMember(let name): "two members named \(Violation.quoted(name))"
    case .idMissing, .idDerived: "no id"
    case .idNumber(let number): "the number \(number)"
    case .idMismatch(let id, _): id
    case .stringified(let value, _): Violation.quoted(value.text)
    case .blankKey(let key): key
    case .otherUnit(let unit, _): unit
    case .idAlias(let name), .columnName(let name), .lookAlike(let name, _):
      "a member \(Violation.quoted(name))"
    }
  }

  /// The value or state that was expected, in a few words.
  package var expected: String {
    switch self {
    case .missing(nil, _, _): "a value"
    case .missing(let because?, _, _): "a value, because \(because)"
    case .wrongType(_, let expected, _), .outOfRange(_, let expected): expected
    case .blank: "text that is not blank"
    case .empty(.object, _): "at least one member"
    case .empty(.array, _): "at least one element"
    case .rounded: "a number of at most 15 digits"
    case .noTime: "a time, or none"
    case .notTimestamp: "a valid ISO 8601 date or time"
    case .unknownValue(_, let known, _): "one of \(known.joined(separator: ", "))"
    case .endBeforeStart(_, let startField, let start): "a time not before \(startField) (\(start))"
    case .loneSurrogate, .notJSON: "JSON (RFC 8259)"
    case .duplicateMember: "one member"
    case .idMissing, .idDerived, .idNumber, .blankKey: "an id that is text"
    case .idMismatch(_, let key): key
    case .stringified: "an object or a list"
    case .otherUnit: "\"mm\""
    case .idAlias, .columnName, .lookAlike: "the member's own name"
    }
  }

  private static func keeping(_ severity: Severity) -> String {
    severity == .error ? "" : "; kept as is"
  }

  /// The text between the quotes that ``quoted(_:)`` has added.
  private static func unquoted(_ quoted: String) -> String {
    String(quoted.dropFirst().dropLast())
  }

  /// Advice about a text that stands for an absent value.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - inFile: Whether it is in a file, which a mapping may read.
  ///   - condition: When the advice applies.
  /// - Returns: The end of a sentence.
  package static func adviceForAbsence(
    writtenAs text: String, inFile: Bool, if condition: String = "if there is none"
  ) -> String {
    "\(condition), leave the member out"
      + (inFile
        ? ", write null, or let a mapping read it with \"values\": {\(quoted(text)): null}"
        : " or write null")
  }

  private static func timeAdvice(_ quoted: String, _ inFile: Bool) -> String {
    Timestamp.advice(for: unquoted(quoted), inFile: inFile).map { "; " + $0 } ?? ""
  }

  private static func noTimeAdvice(_ quoted: String, _ inFile: Bool) -> String {
    "; kept as is, but " + Timestamp.adviceForNoTime(writtenAs: unquoted(quoted), inFile: inFile)
  }

  /// The known value that was probably meant, or advice about a blank one.
  private static func suggestion(
    for found: String, among known: [String], _ severity: Severity, _ inFile: Bool
  ) -> String {
    let text = unquoted(found)
    if severity == .error, text.allSatisfy(\.isWhitespace) {
      return "; " + adviceForAbsence(writtenAs: text, inFile: inFile)
    }
    let meant = KnownValues.meant(by: text, among: known)
    return (meant.map { " (did you mean \"\($0)\"?)" } ?? "") + keeping(severity)
  }

  /// A text from a file as a message shows it: in quotes, and cut after 60 Unicode scalars.
  package static func quoted(_ text: String) -> String { "\"\(text.shortened(to: 60))\"" }
}

/// A built-in mapping that messages advise; the raw value is its name.
package enum MappingAdvice: String, CaseIterable {
  case epoch
  case anyCase = "any-case"

  /// The phrase by which a message advises the mapping.
  package var words: String { "with the mapping \"\(rawValue)\"" }

  /// The mapping that a message advises; `nil` if it advises none.
  package init?(in message: String) {
    guard let advised = Self.allCases.first(where: { message.contains($0.words) }) else {
      return nil
    }
    self = advised
  }
}
