public import RMOSModels

/// What an audit found.
public struct AuditReport: Sendable {
  /// The outcome of one rule.
  public struct RuleResult: Sendable, Hashable {
    /// Where a rule stands.
    public enum State: String, Sendable, Hashable {
      /// Nothing found that is an error.
      case passed
      /// Errors found.
      case failed
      /// There is nothing here that it could look at: no schema, no ledger.
      case notApplicable = "not_applicable"
      /// The check broke off, which `sqlite.integrity` reports.
      case incomplete
    }
    /// The rule.
    public var rule: AuditRule
    /// Where it stands.
    public var state: State
    /// How often it found something, by severity.
    public var counts: [Severity: Int]
    /// The first findings.
    public var findings: [AuditFinding]

    /// How often it found something.
    public var total: Int { counts.values.reduce(0, +) }
  }

  /// The gravest thing said in one word.
  public enum Verdict: String, Sendable, Hashable {
    /// No errors and no warnings.
    case sound
    /// Warnings, and no errors.
    case warnings
    /// Errors.
    case errors
    /// No errors, but not everything was looked at that could hold some.
    case notChecked = "not_checked"
  }

  /// The store's path, or "in memory".
  public var database: String
  /// The version of the shared schema, where one is recorded.
  public var schema: Int?
  /// How many entities there are of each kind; none where the table cannot be read.
  public var counts: [EntityKind: Int]
  /// What each rule found, in the order of ``Auditor/allRules``.
  public var results: [RuleResult]
  /// Wall time, seconds.
  public var seconds: Double

  /// How often something was found, by severity; those not kept count too.
  public var severityCounts: [Severity: Int] {
    results.reduce(into: [:]) { $0.merge($1.counts, uniquingKeysWith: +) }
  }
  /// How many errors were found.
  public var errorCount: Int { severityCounts[.error, default: 0] }
  /// How many warnings were found.
  public var warningCount: Int { severityCounts[.warning, default: 0] }
  /// The findings kept, rule by rule.
  public var findings: [AuditFinding] { results.flatMap(\.findings) }
  /// How many findings were only counted.
  public var omittedFindings: Int { results.reduce(0) { $0 + $1.total - $1.findings.count } }
  /// How many rules passed.
  public var passedChecks: Int { results.count { $0.state == .passed } }
  /// How many rules found errors or broke off.
  public var failedChecks: Int { results.count { $0.state == .failed || $0.state == .incomplete } }

  /// The rules that were not asked for though what they find counts for the verdict.
  public var omittedRules: [AuditRule] {
    let checked = Set(results.map(\.rule))
    return AuditRule.all.filter { $0.severity > .info && !checked.contains($0) }
  }

  /// The verdict.
  public var verdict: Verdict {
    Verdict(errors: errorCount, warnings: warningCount, isWhole: omittedRules.isEmpty)
  }

  /// The result of a rule, nil where it was not asked for.
  public subscript(rule: AuditRule) -> RuleResult? { results.first { $0.rule == rule } }
}

extension AuditReport.Verdict {
  /// The verdict on what was found; `isWhole` if all was looked at that could hold errors.
  init(errors: Int, warnings: Int, isWhole: Bool) {
    self = errors > 0 ? .errors : !isWhole ? .notChecked : warnings > 0 ? .warnings : .sound
  }

  /// The verdict for people, the same words wherever it is said: "sound, with 2 warnings".
  package func words(errors: Int, warnings: Int) -> String {
    let warned = PlainText.counted(warnings, "warning")
    return switch self {
    case .sound: "sound"
    case .warnings: "sound, with \(warned)"
    case .errors: "not sound: \(PlainText.counted(errors, "error")), \(warned)"
    case .notChecked: warnings > 0 ? "not fully checked, with \(warned)" : "not fully checked"
    }
  }
}
