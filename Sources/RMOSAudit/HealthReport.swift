public import RMOSModels
public import RMOSStore
import RMOSSystem

/// The health of a store, as far as there was time to check it, and what was not checked.
///
/// A small store is audited completely at once, a large one only on request. A store is only called
/// sound if it is known to be: an audit of the same store never contradicts the verdict.
///
/// ```swift
/// let health = try await HealthReport.read(from: store)
/// print(health.verdict, health.warnings)
/// ```
public struct HealthReport: Sendable, Hashable {
  /// How much is checked.
  public enum Effort: Sendable, Hashable {
    /// Checks a small store completely; in a large one the schema, the last run and, for about this
    /// long, the references.
    case quick(Duration)
    /// Everything, however long it takes.
    case whole
  }

  /// The errors, one sentence each.
  public package(set) var errors: [String] = []
  /// The warnings, one sentence each.
  public package(set) var warnings: [String] = []
  /// The parts that were not checked, or not completely, such as `rows`; empty if nothing was left
  /// out.
  public private(set) var notChecked: [String] = []
  /// The parts that were checked completely: those of ``aspects`` that are not in ``notChecked``.
  package var checked: [String] { Self.aspects.filter { !notChecked.contains($0) } }
  /// How many rows with a reference were checked.
  package private(set) var referencesChecked = 0
  /// How many of them refer to a missing entity.
  private(set) var referencesDangling = 0

  /// The findings behind a sentence of ``errors`` or ``warnings``, where they are of one rule.
  package struct Problem: Sendable, Hashable {
    /// The rule.
    package var code: String
    /// How many findings there are.
    package var count: Int
    /// The first of them.
    package var first: String
  }

  /// The findings behind sentences of ``errors`` and ``warnings``, by sentence.
  package private(set) var problems: [String: Problem] = [:]

  /// The number of errors beyond one per sentence.
  private var furtherErrors = 0
  /// The number of warnings beyond one per sentence.
  private var furtherWarnings = 0

  /// The number of errors; a lower bound if not everything was checked.
  var errorCount: Int { errors.count + furtherErrors }
  /// The number of warnings; a lower bound if not everything was checked.
  var warningCount: Int { warnings.count + furtherWarnings }

  /// The parts of everything that an audit checks.
  package static let aspects = ["file", "schema", "rows", "references", "provenance", "runs"]

  /// The quick check, if one was made.
  private var quick: QuickHealth?

  /// Whether everything was checked.
  package var isComplete: Bool { notChecked.isEmpty }

  /// The verdict, as an audit's.
  public var verdict: Verdict {
    Verdict(errors: errorCount, warnings: warningCount, isWhole: isComplete)
  }

  /// The verdict in words: "sound, with 2 warnings".
  package var words: String {
    verdict.words(errors: errorCount, warnings: warningCount, isWhole: isComplete)
  }

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
    self.init(try QuickHealth.read(from: store, referencesFor: limit))
    if limit == nil {
      var options = Auditor.Options()
      options.findingsPerRule = 100
      let auditor = Auditor(of: store, options: options)
      complete(with: try auditor.runSynchronously(isCancelled: isCancelled))
    }
  }

  /// Creates the report of a quick check of a large store.
  private init(_ quick: QuickHealth) {
    self.quick = quick
    errors = quick.errors
    warnings = quick.warnings
    explain(quick)
    referencesChecked = quick.references.reduce(0) { $0 + $1.checked }
    referencesDangling = quick.danglingReferences
    count(
      errors: (quick.schema + quick.runs).count { $0.severity == .error } + referencesDangling,
      warnings: 0)
    notChecked = ["file", "rows"] + (quick.isComplete ? [] : ["references"]) + ["provenance"]
  }

  /// Adds the findings behind the sentences of a quick check.
  private mutating func explain(_ quick: QuickHealth) {
    for finding in quick.schema + quick.runs {
      problems[finding.message] = Problem(code: finding.code, count: 1, first: finding.message)
    }
    for reference in quick.references where reference.dangling > 0 {
      let sentence = reference.message
      // The sentence itself says how many there are.
      problems[sentence] = Problem(
        code: AuditRule.missingReference.code, count: 1, first: sentence)
    }
  }

  /// Adds what an audit of the same state of the store found beyond the quick check.
  ///
  /// Does nothing if the report is complete, or the audit is not whole.
  package mutating func complete(with report: AuditReport) {
    guard !isComplete, report.omittedRules.isEmpty else { return }
    let findings = (quick?.schema ?? []) + (quick?.runs ?? [])
    var reported = Set(findings.map(\.code))
    errors = findings.filter { $0.severity == .error }.map(\.message)
    warnings = quick?.warnings ?? []
    if let quick, quick.isComplete {
      errors = quick.errors
      reported.insert(AuditRule.missingReference.code)
    }
    for result in report.results where !reported.contains(result.rule.code) {
      for severity in [Severity.error, .warning] {
        guard let sentence = result.sentence(severity) else { continue }
        if severity == .error { errors.append(sentence) } else { warnings.append(sentence) }
        problems[sentence] = result.problem(severity)
      }
    }
    if let dangling = report[.missingReference]?.total { referencesDangling = dangling }
    notChecked = []
    count(errors: report.errorCount, warnings: report.warningCount)
  }

  /// The size of a database in bytes, and of another store in rows, up to which an audit takes no
  /// longer than people wait for a status.
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
    if count == 1 { return first.withSubject }
    return PlainText.counted(count, severity.rawValue) + " of \(rule.code), the first: "
      + first.withSubject
  }

  /// The findings behind the sentence; `nil` if no finding was kept.
  fileprivate func problem(_ severity: Severity) -> HealthReport.Problem? {
    findings.first { $0.severity == severity }.map {
      HealthReport.Problem(
        code: rule.code, count: counts[severity, default: 0], first: $0.withSubject)
    }
  }
}

extension AuditFinding {
  /// The message, after the entity that it is about.
  fileprivate var withSubject: String {
    guard let kind else { return message }
    let subject =
      id.map { "the \(kind.schema.singular) \(Violation.quoted($0))" }
      ?? "a \(kind.schema.singular)"
    return "\(subject): \(message)"
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
  /// `complete`, `checked`, `not_checked`, `references_checked` and `references_dangling`.
  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("errors", strings: errors)
    writer.member("warnings", strings: warnings)
    writer.member("status", status)
    writer.member("verdict", verdict.rawValue)
    writer.member("error_count", errorCount)
    writer.member("warning_count", warningCount)
    writer.member("complete", isComplete)
    writer.member("checked", strings: checked)
    writer.member("not_checked", strings: notChecked)
    writer.member("references_checked", referencesChecked)
    writer.member("references_dangling", referencesDangling)
  }
}

/// A quick check of a store: its schema, its last run, and whether its references point to
/// something.
///
/// Schema and runs are checked completely; references in order of the ids they name, for as long as
/// time allows.
package struct QuickHealth: Sendable, Hashable {
  /// The references in one field.
  package struct References: Sendable, Hashable {
    /// The kind whose rows refer.
    package var kind: EntityKind
    /// The member that refers, such as `pattern_id`.
    package var member: String
    /// The kind to which the field refers.
    var target: EntityKind
    /// How many rows with a reference were checked.
    package var checked = 0
    /// How many of them refer to a missing entity.
    var dangling = 0
    /// The first missing id that is referred to, in byte order.
    var firstMissing: String?
    /// Whether all rows were checked.
    var isComplete = true
  }

  /// The findings about the schema.
  package var schema: [AuditFinding] = []
  /// The findings about runs.
  var runs: [AuditFinding] = []
  /// Each field that refers to another kind.
  package var references: [References] = []

  /// Whether all references were checked.
  package var isComplete: Bool { references.allSatisfy(\.isComplete) }

  /// How many of the rows checked refer to a missing entity.
  package var danglingReferences: Int { references.reduce(0) { $0 + $1.dangling } }

  /// The errors, one sentence each.
  package var errors: [String] {
    (schema + runs).filter { $0.severity == .error }.map(\.message)
      + references.filter { $0.dangling > 0 }.map(\.message)
  }

  /// The warnings, one sentence each.
  package var warnings: [String] {
    (schema + runs).filter { $0.severity == .warning }.map(\.message)
  }

  /// Checks a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - limit: About how long to check references; `nil` for as long as it takes.
  /// - Returns: The findings and the references checked.
  /// - Throws: `StoreError` if the store cannot be read.
  /// - Complexity: O(n log n) in the rows, within the time; constant memory.
  package static func read(
    from store: some RecordStore, referencesFor limit: Duration?
  ) throws -> QuickHealth {
    // Asked before reading, so that a run that ends in between is read as ended.
    let hasWriter = store.hasWriter ?? true
    return try store.read { reader in
      var health = QuickHealth()
      let log = AuditLog(
        rules: SchemaCheck().rules + RunCheck().rules + IntegrityCheck().rules, limit: 100)
      let context = AuditContext(
        reader, try StoreShape(reader), log: log, hasWriter: hasWriter)
      try context.run(SchemaCheck())
      try context.run(RunCheck())
      let results = log.results()
      let ofRuns = Set(RunCheck().rules)
      health.runs = results.filter { ofRuns.contains($0.rule) }.flatMap(\.findings)
      health.schema = results.filter { !ofRuns.contains($0.rule) }.flatMap(\.findings)
      try health.checkReferences(context, limit)
      return health
    }
  }

  private mutating func checkReferences(_ context: AuditContext, _ limit: Duration?) throws {
    let fields = context.reader.catalog.kinds.flatMap { kind in
      kind.schema.references.map { (kind: kind, reference: $0) }
    }
    let end = limit.map { ContinuousClock.now + max(.zero, $0) }
    for (index, (kind, reference)) in fields.enumerated() {
      let (position, target) = (reference.field, reference.target)
      let field = kind.schema.fields[position]
      guard context.has(kind, column: field.column), context.has(target, column: "id")
      else { continue }
      var references = References(kind: kind, member: field.member, target: target)
      // An equal share of the time left, so that every field gets some.
      let now = ContinuousClock.now
      let deadline = end.map { now + ($0 - now) / (fields.count - index) }
      references.isComplete = try context.inspector.forEachReference(
        of: kind, field: position, until: deadline ?? now + .seconds(1_000_000)
      ) { reference, rows, isDangling in
        references.checked += rows
        guard isDangling else { return }
        references.dangling += rows
        if let first = references.firstMissing,
          !reference.utf8.lexicographicallyPrecedes(first.utf8)
        {
          return
        }
        references.firstMissing = reference
      }
      self.references.append(references)
    }
  }
}

extension QuickHealth.References {
  /// The missing references in one sentence.
  var message: String {
    let subject =
      dangling == 1
      ? "1 \(kind.schema.singular) refers"
      : "\(PlainText.grouped(dangling)) \(kind.schema.plural) refer"
    let first = firstMissing.map { ", the first \(Violation.quoted($0))" } ?? ""
    return "\(subject) through \"\(member)\" to missing \(target.schema.plural)\(first)"
  }
}
