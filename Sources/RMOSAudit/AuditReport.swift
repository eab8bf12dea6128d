public import RMOSModels
package import RMOSStore

/// The result of an audit.
public struct AuditReport: Sendable, Hashable {
  /// The result of one rule.
  package struct RuleResult: Sendable, Hashable {
    /// How the check of a rule went.
    package enum State: String, Sendable, Hashable {
      /// It found no error.
      case passed
      /// It found errors.
      case failed
      /// The store has nothing that the rule is about: no schema, no ledger.
      case notApplicable = "not_applicable"
      /// The check could not be completed: `sqlite.integrity` says why, or `schema.table` reports
      /// a missing table of the ledger.
      case incomplete
    }
    /// The rule.
    package var rule: AuditRule
    /// How the check went.
    package var state: State
    /// The number of findings, by severity.
    package var counts: [Severity: Int]
    /// The worst findings, those found first; errors before warnings.
    package var findings: [AuditFinding]

    /// The number of findings.
    package var total: Int { counts.values.reduce(0, +) }
  }

  /// The store's path, or "in memory".
  package var database: String
  /// The version of the shared schema; `nil` if none is recorded.
  package var schema: Int?
  /// The kinds of entities that the store holds.
  package let catalog: EntityCatalog
  /// The number of entities of each kind; a kind whose table cannot be read is absent.
  public var counts: [EntityKind: Int]
  /// The result of each rule, in the order of ``Auditor/Options/rules``.
  package var results: [RuleResult]
  /// How long the audit took.
  package var duration: Duration
  /// The SQL of the database, for repairs.
  package var dialect: SQLDialect = .sqlite
  /// The tables of the ledger that name entities by their ids.
  package var ledgerTables: [String] = []
  /// The references to entities by foreign keys that are not in the schema of the kinds.
  package var otherReferences: [OtherReference] = []

  /// A column of a table that refers to the ids of a kind by a foreign key.
  package struct OtherReference: Sendable, Hashable {
    /// The table, as declared.
    package var table: String
    /// The table as SQL if it is in another schema.
    package var qualifiedTable: String?
    /// The column, as declared.
    package var column: String
    /// The kind.
    package var target: EntityKind
    /// Whether the column is the whole key.
    package var isWhole: Bool
  }

  /// The number of findings by severity, including those not kept.
  public var severityCounts: [Severity: Int] {
    results.reduce(into: [:]) { $0.merge($1.counts, uniquingKeysWith: +) }
  }
  /// The number of errors.
  public var errorCount: Int { severityCounts[.error, default: 0] }
  /// The number of warnings.
  public var warningCount: Int { severityCounts[.warning, default: 0] }
  /// The findings kept, rule by rule.
  public var findings: [AuditFinding] { results.flatMap(\.findings) }
  /// The number of findings omitted from ``findings``.
  public var omittedFindings: Int { results.reduce(0) { $0 + $1.total - $1.findings.count } }
  /// How many rules passed.
  package var passedChecks: Int { results.count { $0.state == .passed } }
  /// How many rules found errors or could not be completed.
  package var failedChecks: Int { results.count { $0.state == .failed || $0.state == .incomplete } }

  /// The built-in rules that were not checked although their findings count for the verdict.
  package var omittedRules: [AuditRule] {
    let checked = Set(results.map(\.rule))
    return AuditRule.all.filter { $0.severity > .info && !checked.contains($0) }
  }

  /// The verdict.
  public var verdict: Verdict {
    Verdict(errors: errorCount, warnings: warningCount, isWhole: omittedRules.isEmpty)
  }

  /// The result of a rule; `nil` if it was not checked.
  package subscript(rule: AuditRule) -> RuleResult? { results.first { $0.rule == rule } }
}
