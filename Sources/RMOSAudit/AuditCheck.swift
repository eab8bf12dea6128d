import RMOSModels
import RMOSStore
import RMOSSystem

/// A group of built-in rules that are checked together.
protocol AuditCheck {
  /// The rules.
  var rules: [AuditRule] { get }
  /// Reports findings to the context's log.
  ///
  /// - Returns: The rules that applied to this store.
  func run(_ context: AuditContext) throws -> [AuditRule]
}

/// The state that the checks of one part of an audit share.
final class AuditContext {
  let reader: any StoreReader
  let inspector: any SchemaInspecting
  /// Whether the store has a schema and a file to check, not only records.
  let hasSchema: Bool
  /// The tables by name, in lower case.
  let tables: [String: InspectedTable]
  let schema: SchemaVersion?
  let log: AuditLog
  /// Whether a process is writing, so that the newest run may be in progress.
  let hasWriter: Bool
  /// How many rows a pass over a table saw.
  var rowCounts: [EntityKind: Int] = [:]
  private let isCancelled: () -> Bool

  init(
    _ reader: any StoreReader, _ shape: StoreShape, log: AuditLog, hasWriter: Bool,
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.reader = reader
    self.log = log
    self.hasWriter = hasWriter
    self.isCancelled = isCancelled
    inspector = reader.inspection
    hasSchema = inspector.hasSchema
    schema = shape.schema
    tables = shape.tables
  }

  /// The table of a kind; `nil` if it is missing or not a table.
  func table(_ kind: EntityKind) -> InspectedTable? {
    tables[kind.table].flatMap { $0.isTable ? $0 : nil }
  }

  /// Whether the column exists.
  func has(_ kind: EntityKind, column: String) -> Bool { table(kind)?.column(column) != nil }

  /// Whether there is a ledger with runs and provenance.
  var hasLedger: Bool {
    !hasSchema || Self.ledgerTables.allSatisfy { tables[$0]?.isTable == true }
  }

  /// Whether there is a ledger that lacks one of these tables.
  private var hasIncompleteLedger: Bool {
    !hasLedger && tables.contains { $0.value.isTable && $0.key.hasPrefix("migration_") }
  }

  private static let ledgerTables = ["migration_runs", "migration_provenance"]

  /// Returns the rules that applied for a check that lacks the ledger it needs: none.
  ///
  /// If there is only part of a ledger, `rules` are marked as incomplete.
  func withoutLedger(_ rules: [AuditRule]) -> [AuditRule] {
    if hasIncompleteLedger { log.mark(rules, .incomplete) }
    return []
  }

  /// Runs a built-in check.
  func run(_ check: some AuditCheck) throws {
    try run(check.rules) { try check.run(self) }
  }

  /// Runs a check of the caller's own.
  func run(_ checker: any AuditChecker) throws {
    try run([checker.rule]) {
      try checker.check(reader) { finding in
        if isCancelled() { throw StoreError.cancelled }
        if finding.code == checker.rule.code { log.add(finding) }
      }
      return [checker.rule]
    }
  }

  /// Runs a check if one of its rules is wanted; an error that stops it becomes a finding.
  ///
  /// - Throws: `StoreError` if the store can no longer be read at all, or the audit is cancelled.
  private func run(_ rules: [AuditRule], _ check: () throws -> [AuditRule]) throws {
    guard rules.contains(where: log.wants) else { return }
    if isCancelled() { throw StoreError.cancelled }
    do {
      log.mark(try check(), .passed)
    } catch let error as StoreError {
      // A statement that cancelling interrupted says nothing about the store.
      if isCancelled() { throw error }
      switch error.code {
      case .corrupt, .notADatabase, .unusableSchema, .other:
        log.mark(rules, .incomplete)
        // Unless `sqlite.integrity` is checked, nothing would report it.
        guard log.wants(.integrity) else { throw error }
        let codes = rules.filter(log.wants).map(\.code).joined(separator: ", ")
        log.add(
          AuditFinding(
            .error, .integrity, found: error.message,
            "the check of \(codes) could not be completed: \(error.message)"))
      default: throw error
      }
    }
  }

  /// Counts the rows of a kind, if they can be read and no check has counted them.
  func countRows(of kind: EntityKind) throws {
    guard rowCounts[kind] == nil, table(kind) != nil else { return }
    do {
      rowCounts[kind] = try reader.count(RecordQuery(kind))
    } catch let error as StoreError where [.corrupt, .other].contains(error.code) {
      // Reported by the rules that read the rows, if they were wanted.
    }
  }
}

/// The schema of a store, as all parts of an audit see it.
struct StoreShape: Sendable {
  let schema: SchemaVersion?
  let dialect: SQLDialect
  /// The tables by name, in lower case.
  let tables: [String: InspectedTable]

  init(_ reader: any StoreReader) throws {
    let inspector = reader.inspection
    schema = try inspector.schemaVersion()
    dialect = inspector.dialect
    tables = try inspector.inspectTables().reduce(into: [:]) { $0[$1.name.lowercased()] = $1 }
  }
}

/// Runs the parts of an audit, on any threads, and puts their findings together in order.
final class AuditCollector: Sendable {
  private struct State {
    var shape: StoreShape?
    /// The findings of the parts that have ended, by position.
    var findings: [Int: AuditLog.Findings] = [:]
    var counts: [EntityKind: Int] = [:]
  }

  private let rules: [AuditRule]
  private let limit: Int
  private let hasWriter: Bool
  private let isCancelled: @Sendable () -> Bool
  // Not a `Mutex`, which the thread sanitizer does not recognize.
  private let state = Monitor(State())

  init(
    rules: [AuditRule], limit: Int, hasWriter: Bool, isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.rules = rules
    self.limit = limit
    self.hasWriter = hasWriter
    self.isCancelled = isCancelled
  }

  /// Runs a part of the audit.
  func run(
    _ part: (AuditContext) throws -> Void, at position: Int, _ reader: any StoreReader
  ) throws {
    try reader.run(whileNot: isCancelled) {
      let shape = try state.withLock { $0.shape } ?? StoreShape(reader)
      let log = AuditLog(rules: rules, limit: limit)
      let context = AuditContext(
        reader, shape, log: log, hasWriter: hasWriter, isCancelled: isCancelled)
      try part(context)
      let (findings, counts) = (log.all, context.rowCounts)
      state.withLock { state in
        state.shape = shape
        state.findings[position] = findings
        state.counts.merge(counts) { $1 }
      }
    }
  }

  /// The version of the schema.
  var schema: SchemaVersion? { state.withLock { $0.shape?.schema } }

  /// The SQL of the database.
  var dialect: SQLDialect { state.withLock { $0.shape?.dialect } ?? .sqlite }

  /// The tables of the ledger that name entities by their ids.
  var ledgerTables: [String] {
    let tables = state.withLock { $0.shape?.tables } ?? [:]
    return ["migration_provenance", "migration_before_images", "migration_changes"].filter {
      tables[$0]?.isTable == true && tables[$0]?.column("entity_id") != nil
    }
  }

  /// The references to entities by foreign keys that are not in the schema of the kinds.
  func otherReferences(_ catalog: EntityCatalog) -> [AuditReport.OtherReference] {
    let tables = state.withLock { $0.shape?.tables } ?? [:]
    var found: [AuditReport.OtherReference] = []
    for (name, table) in tables.sorted(by: { $0.key < $1.key }) {
      let schema = catalog.kinds.first { $0.table == name }?.schema
      for key in table.keysToIDs {
        guard let target = catalog.kinds.first(where: { $0.table == key.table.lowercasedASCII })
        else { continue }
        let isOfSchema = schema?.references.contains { reference in
          reference.target == target
            && schema?.fields[reference.field].column == key.column.lowercasedASCII
        }
        if isOfSchema == true { continue }
        found.append(
          .init(
            table: table.name, qualifiedTable: table.qualifiedName, column: key.column,
            target: target, isWhole: key.isWhole))
      }
    }
    return found
  }

  /// How many rows there are of each kind that can be read.
  var counts: [EntityKind: Int] { state.withLock { $0.counts } }

  /// The result of each rule.
  func results() -> [AuditReport.RuleResult] {
    let log = AuditLog(rules: rules, limit: limit)
    let findings = state.withLock { $0.findings }
    for (_, findings) in findings.sorted(by: { $0.key < $1.key }) { log.add(findings) }
    return log.results()
  }
}

/// Collects findings: counts all, and keeps of each rule the worst, those found first.
final class AuditLog {
  /// The findings of one rule, counted and kept.
  struct Entry: Sendable {
    var counts: [Severity: Int] = [:]
    /// The findings kept: of each severity, up to the limit for all findings.
    var findings: [Severity: [AuditFinding]] = [:]
    var state = AuditReport.RuleResult.State.notApplicable
  }

  private let limit: Int
  private let rules: [AuditRule]
  /// The entries by rule code; only rules that were asked for.
  private var entries: Findings = [:]

  /// The entries by rule code.
  typealias Findings = [String: Entry]

  /// Creates a log for rules, which are in the order of reports.
  init(rules: [AuditRule], limit: Int) {
    self.limit = limit
    self.rules = rules
    for rule in rules { entries[rule.code] = Entry() }
  }

  /// Whether a rule is to be checked.
  func wants(_ rule: AuditRule) -> Bool { entries[rule.code] != nil }

  /// Whether the next finding of a rule and severity is kept, not only counted.
  func keeps(_ rule: AuditRule, _ severity: Severity) -> Bool {
    entries[rule.code].map { $0.findings[severity, default: []].count < limit } ?? false
  }

  /// Adds a finding if its rule is wanted.
  func add(_ finding: AuditFinding) {
    guard entries[finding.code] != nil else { return }
    entries[finding.code]?.counts[finding.severity, default: 0] += 1
    entries[finding.code]?.keep(CollectionOfOne(finding), finding.severity, limit: limit)
  }

  /// The findings so far.
  var all: Findings { entries }

  /// Adds the findings of another part of the audit.
  func add(_ findings: Findings) {
    for (code, found) in findings {
      guard var entry = entries[code] else { continue }
      entry.counts.merge(found.counts, uniquingKeysWith: +)
      for (severity, findings) in found.findings {
        entry.keep(findings, severity, limit: limit)
      }
      if entry.state != .incomplete, found.state != .notApplicable { entry.state = found.state }
      entries[code] = entry
    }
  }

  /// Records how the check of rules went.
  func mark(_ rules: [AuditRule], _ state: AuditReport.RuleResult.State) {
    for rule in rules where entries[rule.code]?.state != .incomplete {
      entries[rule.code]?.state = state
    }
  }

  /// The result of each rule.
  func results() -> [AuditReport.RuleResult] {
    rules.compactMap { rule in
      guard let entry = entries[rule.code] else { return nil }
      var state = entry.state
      if state != .incomplete, entry.counts[.error, default: 0] > 0 { state = .failed }
      return AuditReport.RuleResult(
        rule: rule, state: state, counts: entry.counts, findings: entry.worst(limit))
    }
  }
}

extension AuditLog.Entry {
  /// Keeps findings of a severity while there is room.
  fileprivate mutating func keep(
    _ more: some Collection<AuditFinding>, _ severity: Severity, limit: Int
  ) {
    let room = limit - findings[severity, default: []].count
    findings[severity, default: []] += more.prefix(max(0, room))
  }

  /// The worst findings; findings of one severity are in the order in which they were found.
  fileprivate func worst(_ limit: Int) -> [AuditFinding] {
    Array(
      Severity.allCases.sorted(by: >).flatMap { findings[$0, default: []] }.prefix(limit))
  }
}
