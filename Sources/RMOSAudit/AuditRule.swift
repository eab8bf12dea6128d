public import RMOSModels
public import RMOSStore

/// Something an audit checks.
///
/// ```swift
/// var options = Auditor.Options()
/// options.rules.removeAll { $0 == .missingProvenance }
/// let report = try await Auditor(of: store, options: options).run()
/// ```
public struct AuditRule: Sendable, Hashable {
  /// A stable name, such as `reference.missing`; the issue code if migration has the same rule.
  public let code: String
  /// The severity of its most severe findings.
  public let severity: Severity
  /// One line: what the rule looks for, and why.
  public let summary: String

  private init(_ code: String, _ severity: Severity, _ summary: String) {
    self.init(code: code, severity: severity, summary: summary)
  }

  /// Creates a rule of your own, for an ``AuditChecker``.
  ///
  /// - Parameters:
  ///   - code: A stable name that no other rule has, such as `shop.name-length`.
  ///   - severity: The severity of its most severe findings.
  ///   - summary: One line: what it looks for, and why.
  public init(code: String, severity: Severity, summary: String) {
    self.code = code
    self.severity = severity
    self.summary = summary
  }

  /// Creates the built-in rule with a code; `nil` if there is none.
  public init?(code: String) {
    guard let rule = AuditRule.all.first(where: { $0.code == code }) else { return nil }
    self = rule
  }
}

// The file and its schema.
extension AuditRule {
  /// The file can be read throughout.
  public static let integrity = AuditRule(
    "sqlite.integrity", .error, "SQLite's own integrity_check: pages, trees and indexes are whole")
  /// Declared foreign keys hold.
  public static let foreignKey = AuditRule(
    "sqlite.foreign-key", .error, "SQLite's own foreign_key_check: every declared key is satisfied")
  /// The schema's version is known.
  public static let schemaVersion = AuditRule(
    "schema.version", .error,
    "The schema's version is recorded and known (\(SchemaVersion.supportedText))")
  /// The tables exist.
  public static let schemaTable = AuditRule(
    "schema.table", .error, "The tables that every RMOS application expects exist")
  /// The columns exist, with their types.
  public static let schemaColumn = AuditRule(
    "schema.column", .error,
    "The columns exist, with their type and NOT NULL: a wrong type changes what SQLite stores")
  /// The recommended indexes exist.
  public static let schemaIndex = AuditRule(
    "schema.index", .warning, "The recommended indexes exist: without them searches are slow")
}

// Rows. The checks are those of migration.
extension AuditRule {
  /// Ids exist.
  public static let blankID = AuditRule(
    "id.blank", .error, "Every row has an id: nothing can refer to one without")
  /// Ids do not begin or end with white space.
  public static let paddedID = AuditRule(
    "id.white-space", .warning, "Ids neither begin nor end with white space, which is invisible")
  /// Ids differ by more than case, white space and the composition of characters.
  public static let nearDuplicateID = AuditRule(
    "id.near-duplicate", .warning,
    "No two ids of a kind differ only by case, white space and the composition of characters: "
      + "likely one thing twice")
  /// Required fields are filled.
  public static let missingField = AuditRule(
    "field.missing", .error, "Required fields are not NULL, and a completed job has its end time")
  /// Values are stored as their type.
  public static let fieldType = AuditRule(
    "field.type", .error, "Values are of their type: SQLite accepts anything in any column")
  /// Text is UTF-8.
  public static let fieldEncoding = AuditRule(
    "field.encoding", .error, "Text is UTF-8: other bytes are shown and exported wrongly")
  /// Names are not blank, lists and objects not empty.
  public static let emptyField = AuditRule(
    "field.empty", .error, "Names are not blank; lists and objects that need content have some")
  /// Numbers and times are in range.
  public static let fieldRange = AuditRule(
    "field.range", .error,
    "Numbers are in range: widths above 0, at least one ring; and no time is the calendar's first")
  /// Timestamps are ISO 8601.
  public static let fieldFormat = AuditRule(
    "field.format", .error, "Timestamps are ISO 8601 and name a moment that exists")
  /// Status and job type are known.
  public static let unknownValue = AuditRule(
    "field.unknown-value", .error, "Status (an error) and job type (a warning) are known values")
  /// JSON columns hold JSON.
  public static let jsonSyntax = AuditRule(
    "json.syntax", .error, "JSON columns hold strict JSON (RFC 8259)")
  /// Jobs end after they start.
  public static let timeOrder = AuditRule(
    "time.order", .warning, "No job ends before it starts")
  /// References point to an entity.
  public static let missingReference = AuditRule(
    "reference.missing", .error,
    "Every reference points to an existing entity, declared as a foreign key or not")
}

// The ledger.
extension AuditRule {
  /// Provenance belongs to an entity and a run.
  public static let danglingProvenance = AuditRule(
    "provenance.dangling", .warning, "Provenance belongs to an entity and a run that exist")
  /// Rows have provenance.
  public static let missingProvenance = AuditRule(
    "provenance.missing", .info, "If there is a ledger, it says which file each row came from")
  /// Runs have ended.
  public static let staleRun = AuditRule(
    "run.stale", .warning, "No run is marked as running whose process has died")
  /// The newest migration of each source was complete.
  public static let failedRun = AuditRule(
    "run.failed", .warning,
    "The newest migration of each source completed without failed entities: otherwise data is "
      + "missing")
}

extension AuditRule {
  /// All built-in rules, in the order of reports.
  public static let all: [AuditRule] = [
    .integrity, .foreignKey, .schemaVersion, .schemaTable, .schemaColumn, .schemaIndex,
    .blankID, .paddedID, .nearDuplicateID, .missingField, .fieldType, .fieldEncoding,
    .emptyField, .fieldRange, .fieldFormat, .unknownValue, .jsonSyntax, .timeOrder,
    .missingReference, .danglingProvenance, .missingProvenance, .staleRun, .failedRun,
  ]
}

/// A check of your own, made by an ``Auditor`` after its built-in rules.
///
/// ```swift
/// struct NameLength: AuditChecker {
///   let rule = AuditRule(
///     code: "shop.name-length", severity: .warning,
///     summary: "Names fit on a label: longer ones are cut off when printed")
///
///   func check(_ reader: any StoreReader, report: (AuditFinding) throws -> Void) throws {
///     try reader.forEachRecord(.patterns) { record in
///       guard case .text(let name) = record["name"], name.count > 40 else { return }
///       try report(
///         AuditFinding(
///           of: rule, in: record, member: "name", expected: "at most 40 characters",
///           message: "the name has \(name.count) characters, more than fit on a label"))
///     }
///   }
/// }
///
/// var options = Auditor.Options()
/// options.checkers = [NameLength()]
/// let report = try await Auditor(of: store, options: options).run()
/// ```
public protocol AuditChecker: Sendable {
  /// What it looks for. No other rule may have its code.
  var rule: AuditRule { get }

  /// Reads the store and reports what breaks the rule.
  ///
  /// - Parameters:
  ///   - reader: The snapshot that the whole audit reads; valid until the method returns.
  ///   - report: Takes a finding of ``rule``; findings of other rules are ignored. Throws if the
  ///     audit is cancelled.
  /// - Throws: What the reader and `report` throw. An error of a damaged file is reported as a
  ///   finding and does not end the audit.
  func check(_ reader: any StoreReader, report: (AuditFinding) throws -> Void) throws
}
