package import RMOSModels
public import RMOSStore

/// What is known of whether a store is sound: as much as there is time to find out, with what was
/// not looked at.
///
/// A small store is audited whole at once, a large one only where that is asked for. What is not
/// known to be sound is not called so, and what an audit would say of the same store is never
/// contradicted.
///
/// ```swift
/// let health = try HealthReport(of: store)
/// print(health.words)  // sound, with 1 warning
/// ```
public struct HealthReport: Sendable, Hashable {
  /// How much is looked at.
  public enum Effort: Sendable, Hashable {
    /// A small store whole; of a large one what a ``StoreHealth`` sees in some seconds.
    case quick(seconds: Double)
    /// Everything, for as long as it takes.
    case whole
  }

  /// What is wrong, a sentence each.
  public var errors: [String] = []
  /// What may be wrong, a sentence each.
  public var warnings: [String] = []
  /// What was not looked at: `file`, `rows`, `references` (not all), `provenance`; empty where all
  /// was.
  public var notChecked: [String] = []
  /// How many rows with a reference were looked at.
  public var referencesChecked = 0
  /// How many of them refer to what is not there.
  public var referencesDangling = 0

  /// How many errors and warnings there are beyond one for each sentence.
  private var furtherErrors = 0
  private var furtherWarnings = 0

  /// How many errors an audit counts; at least as many, where not everything was looked at.
  public var errorCount: Int { errors.count + furtherErrors }
  /// How many warnings an audit counts; at least as many, where not everything was looked at.
  public var warningCount: Int { warnings.count + furtherWarnings }

  /// Whether everything was looked at.
  public var isComplete: Bool { notChecked.isEmpty }

  /// The verdict, as an audit's.
  public var verdict: AuditReport.Verdict {
    AuditReport.Verdict(errors: errorCount, warnings: warningCount, isWhole: isComplete)
  }

  /// The verdict for people: "sound, with 2 warnings".
  public var words: String { verdict.words(errors: errorCount, warnings: warningCount) }

  /// A report of what is given; of errors and warnings there may be more than sentences.
  public init(
    errors: [String] = [], warnings: [String] = [], notChecked: [String] = [],
    errorCount: Int = 0, warningCount: Int = 0
  ) {
    self.errors = errors
    self.warnings = warnings
    self.notChecked = notChecked
    count(errors: errorCount, warnings: warningCount)
  }

  private mutating func count(errors errorCount: Int, warnings warningCount: Int) {
    furtherErrors = max(0, errorCount - errors.count)
    furtherWarnings = max(0, warningCount - warnings.count)
  }

  /// Looks at a store.
  ///
  /// - Throws: `StoreError` where the store cannot be read.
  public init(of store: some RecordStore, _ effort: Effort = .quick(seconds: 0.02)) throws {
    var seconds: Double?
    if case .quick(let limit) = effort, try !store.read({ try $0.isSmall() }) { seconds = limit }
    let look = try StoreHealth(of: store, seconds: seconds)
    errors = look.errors
    warnings = (look.schema + look.runs).filter { $0.severity == .warning }.map(\.message)
    referencesChecked = look.references.reduce(0) { $0 + $1.checked }
    referencesDangling = look.danglingReferences
    guard seconds == nil else {
      count(
        errors: (look.schema + look.runs).count { $0.severity == .error } + referencesDangling,
        warnings: 0)
      notChecked = ["file", "rows"] + (look.isComplete ? [] : ["references"]) + ["provenance"]
      return
    }
    let report = try Auditor(findingsPerRule: 100).audit(store)
    let told = Set(look.schema.map(\.code) + look.runs.map(\.code))
    for result in report.results
    where !told.contains(result.rule.code) && result.rule != .missingReference {
      if let sentence = result.sentence(.error) { errors.append(sentence) }
      if let sentence = result.sentence(.warning) { warnings.append(sentence) }
    }
    count(errors: report.errorCount, warnings: report.warningCount)
  }

  /// Where an audit takes no longer than people wait for a status.
  static let (smallDatabase, smallStore) = (Int64(8) << 20, 20_000)
}

extension StoreReader {
  /// Whether a whole audit takes only a moment.
  fileprivate func isSmall() throws -> Bool {
    if let inspector = inspection?.inspector {
      return try inspector.databaseSize() <= HealthReport.smallDatabase
    }
    return try EntityKind.allCases.reduce(0) { try $0 + count(RecordQuery($1)) }
      <= HealthReport.smallStore
  }
}

extension AuditReport.RuleResult {
  /// What was found of a severity in one sentence; `nil` if nothing was.
  fileprivate func sentence(_ severity: Severity) -> String? {
    guard let count = counts[severity], count > 0 else { return nil }
    guard let first = findings.first(where: { $0.severity == severity }) else {
      return PlainText.counted(count, severity.rawValue) + " of \(rule.code)"
    }
    let subject =
      first.kind.map { kind in
        (first.id.map { "the \(kind.schema.singular) \(Violation.quoted($0))" }
          ?? "a \(kind.schema.singular)") + ": "
      } ?? ""
    if count == 1 { return subject + first.message }
    return PlainText.counted(count, severity.rawValue) + " of \(rule.code), the first: \(subject)"
      + first.message
  }
}

extension HealthReport {
  /// The verdict in the words of the HTTP interface.
  public enum Status: String, Sendable, Hashable, Codable {
    /// No errors, and everything was looked at.
    case healthy
    /// Errors.
    case errorsDetected = "errors_detected"
    /// No errors so far, but not everything was looked at.
    case notChecked = "not_checked"

    /// The word for a verdict.
    public init(_ verdict: AuditReport.Verdict) {
      self =
        switch verdict {
        case .sound, .warnings: .healthy
        case .errors: .errorsDetected
        case .notChecked: .notChecked
        }
    }
  }

  /// The verdict in the words of the HTTP interface.
  public var status: Status { Status(verdict) }

  /// Writes its members: `errors`, `warnings`, `status`, `verdict` (an audit's), `error_count`,
  /// `warning_count`, `complete`, `not_checked`,
  /// `references_checked` and `references_dangling`.
  package func writeMembers(to writer: inout JSONWriter) {
    func strings(_ name: String, _ texts: [String]) {
      writer.member(name) {
        $0.array {
          for text in texts { $0.string(text) }
        }
      }
    }
    strings("errors", errors)
    strings("warnings", warnings)
    writer.member("status", status.rawValue)
    writer.member("verdict", verdict.rawValue)
    writer.member("error_count", errorCount)
    writer.member("warning_count", warningCount)
    writer.member("complete", isComplete)
    strings("not_checked", notChecked)
    writer.member("references_checked", referencesChecked)
    writer.member("references_dangling", referencesDangling)
  }
}

extension HealthReport: Codable {
  private enum CodingKeys: String, CodingKey {
    case errors, warnings, status, verdict, complete
    case errorCount = "error_count"
    case warningCount = "warning_count"
    case notChecked = "not_checked"
    case referencesChecked = "references_checked"
    case referencesDangling = "references_dangling"
  }

  /// Reads what was found; the verdict follows from it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      errors: try container.decode([String].self, forKey: .errors),
      warnings: try container.decode([String].self, forKey: .warnings),
      notChecked: try container.decode([String].self, forKey: .notChecked),
      errorCount: try container.decode(Int.self, forKey: .errorCount),
      warningCount: try container.decode(Int.self, forKey: .warningCount))
    referencesChecked = try container.decode(Int.self, forKey: .referencesChecked)
    referencesDangling = try container.decode(Int.self, forKey: .referencesDangling)
  }

  /// Writes what was found and the verdict, in the shape of the HTTP interface.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(errors, forKey: .errors)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(status, forKey: .status)
    try container.encode(verdict.rawValue, forKey: .verdict)
    try container.encode(errorCount, forKey: .errorCount)
    try container.encode(warningCount, forKey: .warningCount)
    try container.encode(isComplete, forKey: .complete)
    try container.encode(notChecked, forKey: .notChecked)
    try container.encode(referencesChecked, forKey: .referencesChecked)
    try container.encode(referencesDangling, forKey: .referencesDangling)
  }
}
