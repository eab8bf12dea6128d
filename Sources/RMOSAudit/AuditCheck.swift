import RMOSModels
import RMOSStore

/// A group of rules that are checked together.
protocol AuditCheck {
  /// The rules.
  var rules: [AuditRule] { get }
  /// Reports what it finds to the context's log.
  ///
  /// - Returns: The rules that had something to look at.
  func run(_ context: AuditContext) throws -> [AuditRule]
}

/// What the checks of one audit share.
final class AuditContext {
  let reader: any StoreReader
  /// The same reader where the store has a schema.
  let inspector: (any SchemaInspecting)?
  /// The tables by name, in lower case; empty where there is no schema.
  let tables: [String: InspectedTable]
  let schema: SchemaVersion?
  let log: AuditLog
  /// Whether a process is writing, so that the newest run may be under way.
  let hasWriter: Bool
  /// How many rows a pass over a table saw.
  var rowCounts: [EntityKind: Int] = [:]

  init(_ reader: any StoreReader, log: AuditLog, hasWriter: Bool) throws {
    self.reader = reader
    self.log = log
    self.hasWriter = hasWriter
    inspector = reader.inspection?.inspector
    schema = try reader.schemaVersion()
    tables = try (inspector?.inspectTables() ?? []).reduce(into: [:]) {
      $0[$1.name.lowercased()] = $1
    }
  }

  /// The table of a kind, nil where it is not there or the store has no schema.
  func table(_ kind: EntityKind) -> InspectedTable? {
    tables[kind.table].flatMap { $0.isTable ? $0 : nil }
  }

  /// Whether the rows of a kind can be read.
  func isReadable(_ kind: EntityKind) -> Bool { inspector == nil || table(kind) != nil }

  /// Whether the column is there.
  func has(_ kind: EntityKind, column: String) -> Bool {
    inspector == nil || table(kind)?.column(column) != nil
  }

  /// Whether there are tables of the project's own.
  var hasLedger: Bool {
    inspector == nil
      || (tables["migration_runs"]?.isTable == true
        && tables["migration_provenance"]?.isTable == true)
  }

  /// Runs a check where one of its rules is asked for; what keeps it from its end is a finding.
  ///
  /// - Throws: Where the store cannot be read at all any more.
  func run(_ check: any AuditCheck) throws {
    guard check.rules.contains(where: log.wants) else { return }
    do {
      log.mark(try check.run(self), .passed)
    } catch let error as StoreError {
      switch error.code {
      case .corrupt, .notADatabase, .unusableSchema, .other:
        log.mark(check.rules, .incomplete)
        // Without the rule that it belongs to it must not go unsaid.
        guard log.wants(.integrity) else { throw error }
        let codes = check.rules.filter(log.wants).map(\.code).joined(separator: ", ")
        log.add(
          AuditFinding(
            .error, .integrity, found: error.message,
            "the check of \(codes) broke off: \(error.message)"))
      default: throw error
      }
    }
  }

  /// How many rows there are of each kind that can be read.
  func counts() throws -> [EntityKind: Int] {
    var counts = rowCounts
    for kind in EntityKind.allCases where counts[kind] == nil && isReadable(kind) {
      do {
        counts[kind] = try reader.count(RecordQuery(kind))
      } catch let error as StoreError where [.corrupt, .other].contains(error.code) {
        // Reported by the rules that read the rows, where they were asked for.
        continue
      }
    }
    return counts
  }
}

/// Collects what the checks find: counts all, keeps the first of each rule.
final class AuditLog {
  private struct Entry {
    var counts: [Severity: Int] = [:]
    var findings: [AuditFinding] = []
    var state = AuditReport.RuleResult.State.notApplicable
  }

  private let limit: Int
  private let rules: [AuditRule]
  /// By code; only of the rules asked for.
  private var entries: [String: Entry] = [:]

  /// A log of the rules asked for, which are in the order of reports.
  init(rules: [AuditRule], limit: Int) {
    self.limit = limit
    self.rules = rules
    for rule in rules { entries[rule.code] = Entry() }
  }

  /// Whether a rule is asked for.
  func wants(_ rule: AuditRule) -> Bool { entries[rule.code] != nil }

  /// Whether the next finding of a rule is kept, not only counted.
  func keeps(_ rule: AuditRule) -> Bool {
    entries[rule.code].map { $0.findings.count < limit } ?? false
  }

  /// Takes a finding in, unless its rule is not asked for.
  func add(_ finding: AuditFinding) {
    guard let kept = entries[finding.code]?.findings.count else { return }
    entries[finding.code]?.counts[finding.severity, default: 0] += 1
    if kept < limit { entries[finding.code]?.findings.append(finding) }
  }

  /// Notes that the rules had something to look at.
  func mark(_ rules: [AuditRule], _ state: AuditReport.RuleResult.State) {
    for rule in rules where entries[rule.code]?.state != .incomplete {
      entries[rule.code]?.state = state
    }
  }

  /// What each rule asked for found.
  func results() -> [AuditReport.RuleResult] {
    rules.compactMap { rule in
      guard let entry = entries[rule.code] else { return nil }
      var state = entry.state
      if state != .incomplete, entry.counts[.error, default: 0] > 0 { state = .failed }
      return AuditReport.RuleResult(
        rule: rule, state: state, counts: entry.counts, findings: entry.findings)
    }
  }
}
