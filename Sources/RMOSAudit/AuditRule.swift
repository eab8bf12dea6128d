public import RMOSModels
import RMOSStore

/// One thing an audit looks for.
///
/// ```swift
/// let rules = Auditor.allRules.filter { $0.code != "provenance.missing" }
/// let report = try Auditor(rules: rules).audit(store)
/// ```
public struct AuditRule: Sendable, Hashable, Identifiable {
  /// A stable name, such as `reference.missing`; where migration has the rule too, its issue code.
  public let code: String
  /// How grave the gravest of its findings are.
  public let severity: Severity
  /// One line: what it looks for, and why.
  public let summary: String

  /// The code.
  public var id: String { code }

  private init(_ code: String, _ severity: Severity, _ summary: String) {
    self.init(code: code, severity: severity, summary: summary)
  }

  /// A rule of your own, for an ``AuditRuleChecker``.
  ///
  /// - Parameters:
  ///   - code: A stable name that no other rule has, such as `shop.name-length`.
  ///   - severity: How grave the gravest of its findings are.
  ///   - summary: One line: what it looks for, and why.
  public init(code: String, severity: Severity, summary: String) {
    self.code = code
    self.severity = severity
    self.summary = summary
  }

  /// The rule with a code among ``Auditor/allRules``, nil where there is none.
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
    "sqlite.foreign-key", .error, "SQLite's own foreign_key_check: every declared key is kept")
  /// The schema's version is known.
  public static let schemaVersion = AuditRule(
    "schema.version", .error,
    "The schema's version is recorded and one that is known (\(SchemaVersion.supportedText))")
  /// The tables are there.
  public static let schemaTable = AuditRule(
    "schema.table", .error, "The tables that every RMOS application expects are there")
  /// The columns are there, with their types.
  public static let schemaColumn = AuditRule(
    "schema.column", .error,
    "The columns are there, of their type and NOT NULL: a wrong type changes what SQLite stores")
  /// The recommended indexes are there.
  public static let schemaIndex = AuditRule(
    "schema.index", .warning, "The recommended indexes are there: without them searches are slow")
}

// Rows. The checks are those of migration.
extension AuditRule {
  /// Ids are there.
  public static let blankID = AuditRule(
    "id.blank", .error, "Every row has an id: nothing can refer to one without")
  /// Ids do not begin or end with white space.
  public static let paddedID = AuditRule(
    "id.white-space", .warning, "Ids neither begin nor end with white space, which no eye sees")
  /// Ids are told apart by more than case and white space.
  public static let nearDuplicateID = AuditRule(
    "id.near-duplicate", .warning,
    "No two ids of a kind are the same but for case and white space: likely one thing twice")
  /// Required fields are filled.
  public static let missingField = AuditRule(
    "field.missing", .error, "Required fields are not NULL, and a completed job has its end")
  /// Values are stored as their type.
  public static let fieldType = AuditRule(
    "field.type", .error, "Values are of their type: SQLite accepts anything in any column")
  /// Text is UTF-8.
  public static let fieldEncoding = AuditRule(
    "field.encoding", .error, "Text is UTF-8: other bytes are shown and exported wrongly")
  /// Names are not blank, lists and objects not empty.
  public static let emptyField = AuditRule(
    "field.empty", .error, "Names are not blank; lists and objects that need content have some")
  /// Numbers are in range.
  public static let fieldRange = AuditRule(
    "field.range", .error, "Numbers are in range: widths above 0, at least one ring")
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
  /// References lead to an entity.
  public static let missingReference = AuditRule(
    "reference.missing", .error, "References lead to an entity, declared as foreign keys or not")
}

// The ledger.
extension AuditRule {
  /// Provenance leads to an entity and a run.
  public static let danglingProvenance = AuditRule(
    "provenance.dangling", .warning, "Provenance belongs to an entity and a run that are there")
  /// Rows have provenance.
  public static let missingProvenance = AuditRule(
    "provenance.missing", .info, "Where a ledger is, rows say which file they came from")
  /// Runs have ended.
  public static let staleRun = AuditRule(
    "run.stale", .warning, "No run is marked as running whose process has died")
  /// The newest migration left nothing out.
  public static let failedRun = AuditRule(
    "run.failed", .warning,
    "The newest migration came to its end and left no entity out: else something is missing here")
}

extension AuditRule {
  /// All rules, in the order of reports.
  static let all: [AuditRule] = [
    .integrity, .foreignKey, .schemaVersion, .schemaTable, .schemaColumn, .schemaIndex,
    .blankID, .paddedID, .nearDuplicateID, .missingField, .fieldType, .fieldEncoding,
    .emptyField, .fieldRange, .fieldFormat, .unknownValue, .jsonSyntax, .timeOrder,
    .missingReference, .danglingProvenance, .missingProvenance, .staleRun, .failedRun,
  ]
}
