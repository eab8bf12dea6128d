public import RMOSModels
public import RMOSStore
import RMOSSystem

/// The health of a store, as far as there was time to check it, and what was not checked.
///
/// A small store is audited whole at once, a large one only on request. What is not known to be
/// sound is not called so, and an audit of the same store never says the contrary.
///
/// ```swift
/// let health = try await HealthReport.read(from: store)
/// print(health.words)  // sound, with 1 warning
/// ```
public struct HealthReport: Sendable, Hashable {
  /// How much is checked.
  public enum Effort: Sendable, Hashable {
    /// A small store completely; of a large one its schema, its last run and, for about this long,
    /// its references.
    case quick(Duration)
    /// Everything, however long it takes.
    case whole
  }

  /// The errors, one sentence each.
  public package(set) var errors: [String] = []
  /// The warnings, one sentence each.
  public package(set) var warnings: [String] = []
  /// What was not checked: `file`, `rows`, `references` (not all), `provenance`; empty if nothing
  /// was left out.
  public private(set) var notChecked: [String] = []
  /// How many rows with a reference were checked.
  package private(set) var referencesChecked = 0
  /// How many of them refer to a missing entity.
  package private(set) var referencesDangling = 0

  /// How many errors and warnings there are beyond one for each sentence.
  private var furtherErrors = 0
  private var furtherWarnings = 0

  /// The number of errors; a lower bound if not everything was checked.
  package var errorCount: Int { errors.count + furtherErrors }
  /// The number of warnings; a lower bound if not everything was checked.
  package var warningCount: Int { warnings.count + furtherWarnings }

  /// Whether everything was checked.
  package var isComplete: Bool { notChecked.isEmpty }

  /// The verdict, as an audit's.
  public var verdict: Verdict {
    Verdict(errors: errorCount, warnings: warningCount, isWhole: isComplete)
  }

  /// The verdict in words: "sound, with 2 warnings".
  public var words: String { verdict.words(errors: errorCount, warnings: warningCount) }

  /// Creates a report; there may be more errors and warnings than sentences.
  package init(
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

  /// Reads the health of a store.
  ///
  /// Cancelling the task stops an audit soon.
  ///
  /// - Throws: `StoreError` if the store cannot be read; `StoreError.Code.cancelled` if the task is
  ///   cancelled.
  public static func read(
    from store: any RecordStore, effort: Effort = .quick(.milliseconds(20))
  ) async throws -> HealthReport {
    try await BlockingWork.run(orThrow: StoreError.noThread) { isCancelled in
      try HealthReport(of: store, effort: effort, isCancelled: isCancelled)
    }
  }

  /// Reads the health of a store on the calling thread.
  package init(
    of store: some RecordStore, effort: Effort = .quick(.milliseconds(20)),
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws {
    var limit: Duration?
    if case .quick(let time) = effort, try !store.read({ try $0.isSmall() }) { limit = time }
    let quick = try QuickHealth.read(from: store, referencesFor: limit)
    self.init(quick)
    if limit == nil {
      let auditor = Auditor(of: store, options: Auditor.Options(findingsPerRule: 100))
      add(try auditor.runSynchronously(isCancelled: isCancelled), after: quick)
    }
  }

  /// Creates the report of a quick check of a large store.
  private init(_ look: QuickHealth) {
    errors = look.errors
    warnings = (look.schema + look.runs).filter { $0.severity == .warning }.map(\.message)
    referencesChecked = look.references.reduce(0) { $0 + $1.checked }
    referencesDangling = look.danglingReferences
    count(
      errors: (look.schema + look.runs).count { $0.severity == .error } + referencesDangling,
      warnings: 0)
    notChecked = ["file", "rows"] + (look.isComplete ? [] : ["references"]) + ["provenance"]
  }

  /// Adds what an audit found beyond the quick check, which words its findings better.
  private mutating func add(_ report: AuditReport, after look: QuickHealth) {
    notChecked = []
    let reported = Set(look.schema.map(\.code) + look.runs.map(\.code))
    for result in report.results
    where !reported.contains(result.rule.code) && result.rule != .missingReference {
      if let sentence = result.sentence(.error) { errors.append(sentence) }
      if let sentence = result.sentence(.warning) { warnings.append(sentence) }
    }
    count(errors: report.errorCount, warnings: report.warningCount)
  }

  /// Up to this size an audit takes no longer than people wait for a status.
  static let (smallDatabase, smallStore) = (Int64(8) << 20, 20_000)
}

extension StoreReader {
  /// Whether a complete audit takes only a moment.
  fileprivate func isSmall() throws -> Bool {
    if let size = try inspection.databaseSize() { return size <= HealthReport.smallDatabase }
    return try catalog.kinds.reduce(0) { try $0 + count(RecordQuery($1)) }
      <= HealthReport.smallStore
  }
}

extension AuditReport.RuleResult {
  /// The findings of a severity in one sentence; `nil` if there are none.
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
  /// The verdict in the words of the HTTP API's older clients.
  private var status: String {
    switch verdict {
    case .sound, .warnings: "healthy"
    case .errors: "errors_detected"
    case .notChecked: "not_checked"
    }
  }

  /// Writes the members `errors`, `warnings`, `status`, `verdict`, `error_count`, `warning_count`,
  /// `complete`, `not_checked`, `references_checked` and `references_dangling`.
  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("errors", strings: errors)
    writer.member("warnings", strings: warnings)
    writer.member("status", status)
    writer.member("verdict", verdict.rawValue)
    writer.member("error_count", errorCount)
    writer.member("warning_count", warningCount)
    writer.member("complete", isComplete)
    writer.member("not_checked", strings: notChecked)
    writer.member("references_checked", referencesChecked)
    writer.member("references_dangling", referencesDangling)
  }
}
