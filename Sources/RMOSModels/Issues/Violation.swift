import RMOSSystem

/// A violation of the rules by an entity, without its place.
///
/// An ``Issue`` is a violation with its place.
package enum Violation: Sendable, Hashable {
  /// An unknown member whose name resembles that of an absent field.
  package struct LookAlike: Sendable, Hashable {
    /// The name of the member.
    let name: String
    /// Whether a built-in mapping would read it.
    let canBeMapped: Bool

    fileprivate var advice: String {
      "rename it" + (canBeMapped ? MappingAdvice.anyCase.words : " if it is meant")
    }
  }

  // Violations of a field.

  /// Absent or null; `because` is the condition under which the field is required, if there is one.
  /// `other` is an unknown member with a similar name.
  case missing(because: String? = nil, other: LookAlike? = nil, severity: Severity = .error)
  /// A value of another type than expected.
  case wrongType(
    found: String, expected: String, advice: Advice? = nil, severity: Severity = .error)
  /// Text that is empty or only white space.
  case blank
  /// `{}` or `[]`.
  case empty(shape: FieldType.JSONShape, severity: Severity = .error)
  /// A number outside its range.
  case outOfRange(found: String, expected: String)
  /// A number with more digits than a double keeps.
  case rounded(found: String, stored: String)
  /// A timestamp that programs write in place of an unknown time.
  case noTime(String)
  /// Text that is not a timestamp.
  case notTimestamp(String)
  /// Text that is not one of the known values.
  case unknownValue(String, known: [String], severity: Severity = .error)
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
  /// The id, quoted, begins or ends with white space.
  case paddedID(String)
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
  case lookAlike(LookAlike)
  /// An unknown member states a unit, quoted, other than the millimeters of the fields named.
  case otherUnit(String, of: [String])

  /// The severity; if it is not an error, the value is kept unchanged.
  package var severity: Severity {
    switch self {
    case .missing(_, _, let severity), .wrongType(_, _, _, let severity),
      .empty(_, let severity), .unknownValue(_, _, let severity):
      severity
    case .blank, .outOfRange, .notTimestamp, .loneSurrogate, .notJSON, .duplicateMember,
      .idMissing, .idMismatch, .blankKey:
      .error
    case .rounded, .noTime, .endBeforeStart, .idNumber, .paddedID, .lookAlike, .stringified,
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
    case .paddedID: .idWhiteSpace
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
  ///   - field: The field that it is about.
  ///   - member: The name of the member that was read as the field; empty for a value in no member.
  ///   - inFile: Whether the entity is in a file, which a mapping may read.
  /// - Returns: The message.
  package func message(about field: FieldSchema, in member: String, inFile: Bool) -> String {
    func clause(_ advice: Advice?) -> String {
      advice?.clause(about: field, inFile: inFile) ?? ""
    }
    return switch self {
    case .missing(let because, let other, _):
      "\"\(member)\" is missing; it is required" + (because.map { " when \($0)" } ?? "")
        + (other.map { ", and \(Violation.quoted($0.name)) has a similar name: \($0.advice)" }
          ?? "")
    case .wrongType(let found, let expected, let advice, let severity):
      "\"\(member)\" is \(found); expected \(expected)" + clause(advice)
        + Violation.keeping(severity)
    case .blank:
      "\"\(member)\" must not be blank"
    case .empty(.object, let severity):
      "\"\(member)\" is an empty object; expected at least one member"
        + Violation.keeping(severity)
    case .empty(.array, let severity):
      "\"\(member)\" is an empty list; expected at least one element"
        + Violation.keeping(severity)
    case .outOfRange(let found, let expected):
      "\"\(member)\" is \(found); expected \(expected)"
    case .rounded(let found, let stored):
      "\"\(member)\" is \(found), which has more digits than a number keeps; stored as \(stored)"
    case .noTime(let text):
      "\"\(member)\" is \"\(text)\", which .NET, Go and others write where there is no time; kept as "
        + "is" + clause(.leaveOut(text))
    case .notTimestamp(let text):
      "\"\(member)\" is \"\(text)\"; expected a valid ISO 8601 date or time, such as "
        + "2025-01-15T10:30:00Z" + clause(Timestamp.advice(for: text))
    case .unknownValue(let text, let known, let severity):
      // A long list of known values would bury the suggestion.
      "\"\(member)\" is \"\(text)\""
        + (known.count > 10 && severity != .error
          ? ", which is not a known one" : "; expected one of \(known.joined(separator: ", "))")
        + (KnownValues.meant(by: text, among: known).map { " (did you mean \"\($0)\"?)" } ?? "")
        + (text.allSatisfy(\.isWhitespace) ? clause(.leaveOut(text)) : "")
        + Violation.keeping(severity)
    case .endBeforeStart(let end, let startField, let start):
      "\"\(member)\" (\(end)) is before \"\(startField)\" (\(start)); kept as is"
    case .loneSurrogate:
      "\"\(member)\" contains an unpaired surrogate escape, which is not valid Unicode; "
        + "write the character itself"
    case .notJSON(let error):
      "\"\(member)\" is not valid JSON: \(error)"
    case .duplicateMember(let name):
      "the entity has two members named \(Violation.quoted(name)); remove one"
    case .idMissing:
      "\"id\" is missing; add one, or allow ids to be derived"
    case .idDerived(let id):
      "\"id\" is missing; derived \(Violation.quoted(id)) from the entity's place"
    case .idNumber(let number):
      "\"id\" is the number \(number); its text is used as the id"
    case .paddedID(let id):
      "the id \(id) begins or ends with white space; kept as is"
    case .idMismatch(let id, let key):
      "\"id\" is \(id), but the entity's key is \(key); they must be equal"
        + (inFile ? ", unless a mapping says where the id is" : "")
    case .blankKey(let key):
      "the entity's key is \(key), which is blank; use its id as the key"
    case .idAlias(let name):
      "\"\(field.member)\" is missing; \(Violation.quoted(name)) is read as the id"
    case .columnName(let name):
      "\(Violation.quoted(name)) is read as \"\(field.member)\""
    case .stringified(let value, let count):
      (member.isEmpty ? "the entity" : "\"\(member)\"")
        + " has \(value.isReference ? value.text : Violation.quoted(value.text)) in place of an object "
        + "or a list"
        + (count > 1
          ? ", the first of \(count) such \(value.isReference ? "references" : "texts")" : "")
        + "; " + value.advice
    case .lookAlike(let other):
      "\"\(field.member)\" is missing; \(Violation.quoted(other.name)) has a similar name, but is "
        + "an unknown member; \(other.advice)"
    case .otherUnit(let unit, let fields):
      "\"\(member)\" is \(unit), but \(fields.map { "\"\($0)\"" }.joined(separator: " and ")) "
        + (fields.count == 1 ? "is" : "are") + " read as millimeters; convert what is not, or let "
        + "a mapping do it"
    }
  }

  /// What was found and what was expected, in a few words; `nil` for a violation that no record can
  /// have, since it is about how a text is written.
  package var comparison: (found: String, expected: String)? {
    switch self {
    case .missing(let because, _, _):
      ("NULL", "a value" + (because.map { ", because \($0)" } ?? ""))
    case .wrongType(let found, let expected, _, _), .outOfRange(let found, let expected):
      (found, expected)
    case .blank: ("blank text", "text that is not blank")
    case .empty(.object, _): ("{}", "at least one member")
    case .empty(.array, _): ("[]", "at least one element")
    case .noTime(let text): ("\"\(text)\"", "a time, or none")
    case .notTimestamp(let text): ("\"\(text)\"", "a valid ISO 8601 date or time")
    case .unknownValue(let text, let known, _):
      ("\"\(text)\"", "one of \(known.joined(separator: ", "))")
    case .endBeforeStart(let end, let startField, let start):
      (end, "a time not before \(startField) (\(start))")
    case .notJSON(let error): ("invalid JSON: \(error)", "JSON (RFC 8259)")
    case .paddedID(let id): (id, "an id without white space around it")
    case .rounded, .loneSurrogate, .duplicateMember, .idMissing, .idDerived, .idNumber, .idMismatch,
      .blankKey, .idAlias, .columnName, .stringified, .lookAlike, .otherUnit:
      nil
    }
  }

  private static func keeping(_ severity: Severity) -> String {
    severity == .error ? "" : "; kept as is"
  }

  /// A text from a file as a message shows it: in quotes, and cut after 60 Unicode scalars.
  package static func quoted(_ text: String) -> String { "\"\(text.shortened(to: 60))\"" }
}
