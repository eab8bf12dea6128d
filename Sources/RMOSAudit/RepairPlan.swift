import RMOSModels
import RMOSStore
import RMOSSystem

/// SQL that would fix what an audit found, for a person to review and apply.
///
/// An audit never applies it. The statements check their preconditions again, so an outdated plan
/// does no harm. A statement that would destroy something that migrating the same files again
/// restores is commented out, below what to do instead. Where a row was edited since a run wrote
/// it, or is gone, the plan names the file that still holds it.
package struct RepairPlan: Sendable {
  /// Statements that belong together.
  package struct Step: Sendable, Hashable {
    /// Lines that say what the step does, to how many rows, and what to do first.
    package var comment: [String]
    /// The statements, each with its semicolon; none where only a migration helps.
    package var statements: [String] = []
    /// Whether they are commented out, because they would lose what can still be restored.
    package var isCommentedOut = false
  }

  /// The steps, in the order in which they must be applied.
  package private(set) var steps: [Step] = []
  /// How many errors and warnings of each rule need a person; by code.
  package private(set) var needPerson: [(code: String, count: Int)] = []
  private let database: String
  private let dialect: SQLDialect
  private let omittedFindings: Int
  private let advice: Advice

  /// How a program phrases its advice to a person.
  package struct Advice: Sendable {
    /// Migrating a source again.
    var migrating: @Sendable (_ source: String) -> String
    /// Migrating a source again so that rows are as in its files, edited ones too.
    var restoring: @Sendable (_ source: String) -> String
    /// Undoing a run.
    var undoing: @Sendable (_ run: Int64) -> String

    package init(
      migrating: @escaping @Sendable (String) -> String,
      restoring: @escaping @Sendable (String) -> String,
      undoing: @escaping @Sendable (Int64) -> String
    ) {
      self.migrating = migrating
      self.restoring = restoring
      self.undoing = undoing
    }

    /// The words of this module, which knows no program.
    static let plain = Advice(
      migrating: { "migrate \($0) again" },
      restoring: { "migrate \($0) again, with updates that overwrite edited rows" },
      undoing: { "undo run \($0)" })
  }

  /// How many ids a comment names at most.
  private static let idsNamed = 10
  /// The longest id, in bytes of UTF-8, for which there is a statement.
  private static let longestID = 10_000

  /// Creates the plan for a report, with a program's own words if it has any.
  package init(for report: AuditReport, _ advice: Advice = .plain) {
    self.advice = advice
    database = report.database
    dialect = report.dialect
    omittedFindings = report.omittedFindings
    // Ids first: a reference may only miss its target because of the white space around its id.
    let first = [AuditRule.paddedID, .missingReference]
    for rule in first {
      if let result = report[rule] { addSteps(for: result, report) }
    }
    for result in report.results where !first.contains(result.rule) {
      addSteps(for: result, report)
    }
    addRestoration(of: report)
    for result in report.results {
      let repairable = result.findings.count { Self.hasStatement($0) || Self.isRestorable($0) }
      let rest = result.counts[.error, default: 0] + result.counts[.warning, default: 0]
      // Omitted findings are likely of the same sort; the script says how many there are.
      let count = repairable == result.findings.count ? 0 : max(0, rest - repairable)
      if count > 0 { needPerson.append((result.rule.code, count)) }
    }
  }

  // MARK: Restoration by another migration

  /// Whether a migration restores what the finding is about, with no statement.
  private static func isRestorable(_ finding: AuditFinding) -> Bool {
    finding.repair == nil && (finding.edited != nil || finding.origin?.outcome == .migrated)
  }

  /// Adds a step for rows that were edited or deleted since a run wrote them.
  private mutating func addRestoration(of report: AuditReport) {
    let findings = report.results.flatMap(\.findings).filter(Self.isRestorable)
    var byWay: [String: [AuditFinding]] = [:]
    var order: [String] = []
    for finding in findings {
      guard let origin = finding.edited ?? finding.origin else { continue }
      let way = way(to: origin)
      if byWay[way] == nil { order.append(way) }
      byWay[way, default: []].append(finding)
    }
    for way in order {
      let findings = byWay[way] ?? []
      let isEdited = findings.contains { $0.edited != nil }
      let verb = isEdited ? "edited" : "deleted"
      var comment = [
        "\(PlainText.counted(findings.count, "finding")) about rows that were "
          + "\(verb) since a run wrote them:"
      ]
      comment += Self.firsts(findings) { finding in
        let path = (finding.edited ?? finding.origin)?.path ?? ""
        let column = finding.column.map { "." + $0 } ?? ""
        return "\(finding.kind?.schema.singular ?? "row") \(finding.id ?? "")\(column): "
          + "\(finding.code) (\(path))"
      }.map { "  " + $0 }
      comment.append("  Their files may hold them as they were. To restore them: \(way)")
      if isEdited {
        comment.append(
          "  That also restores other rows of this source that were edited; a dry run lists them.")
      }
      steps.append(Step(comment: comment, isCommentedOut: true))
    }
  }

  /// Advice on how to restore an entity from its file.
  private func way(to origin: FindingOrigin) -> String {
    let way =
      switch origin.outcome {
      case .migrated: advice.migrating(origin.source)
      case .edited: advice.restoring(origin.source)
      case .failed: "fix the file, then " + advice.migrating(origin.source)
      }
    return origin.undoable.map { "\(advice.undoing($0)), or \(way)" } ?? way
  }

  /// Different texts for the first findings, and how many more there are.
  private static func firsts(
    _ findings: [AuditFinding], _ text: (AuditFinding) -> String
  ) -> [String] {
    var texts: [String] = []
    for finding in findings {
      let text = text(finding)
      if texts.contains(text) { continue }
      if texts.count == idsNamed { return texts + ["…"] }
      texts.append(text)
    }
    return texts
  }

  // MARK: Statements

  /// Whether the plan has a statement that repairs what the finding is about.
  private static func hasStatement(_ finding: AuditFinding) -> Bool {
    if case .trimID(_, let id, _) = finding.repair { return id.utf8.count <= longestID }
    return finding.repair != nil
  }

  private mutating func addSteps(for result: AuditReport.RuleResult, _ report: AuditReport) {
    var cleared: [AuditFinding.Repair: [AuditFinding]] = [:]
    var order: [AuditFinding.Repair] = []
    for finding in result.findings where Self.hasStatement(finding) {
      switch finding.repair {
      case .sql(let sql):
        steps.append(Step(comment: [finding.message], statements: [sql + ";"]))
      case .trimID(let kind, let id, let trimmed):
        steps.append(IDTrimming(kind, id, to: trimmed, finding.origin, report).step)
      case .clearReference:
        guard let repair = finding.repair else { continue }
        if cleared[repair] == nil { order.append(repair) }
        cleared[repair, default: []].append(finding)
      case nil: break
      }
    }
    for repair in order {
      guard case .clearReference(let kind, let column, let target) = repair else { continue }
      steps.append(
        clear(
          kind, column, target, cleared[repair] ?? [],
          isAll: result.findings.count == result.total))
    }
  }

  /// Sets references to missing entities to NULL: the last resort, as no migration restores them.
  private func clear(
    _ kind: EntityKind, _ column: String, _ target: EntityKind, _ findings: [AuditFinding],
    isAll: Bool
  ) -> Step {
    let comment =
      clearingComment(kind, column, target, findings, isAll: isAll) + [
        "  The statement below clears the references instead, which no migration restores.",
        "  It is commented out; remove the two dashes only if the targets are gone for good.",
      ]
    return Step(
      comment: comment,
      statements: [
        "UPDATE \(kind.table) SET \(column) = NULL WHERE \(column) IS NOT NULL AND NOT EXISTS "
          + "(SELECT 1 FROM \(target.table) WHERE \(target.table).id = "
          + "\(kind.table).\(column));"
      ], isCommentedOut: true)
  }

  /// Lines that say which references lead nowhere, and how their targets can be restored.
  private func clearingComment(
    _ kind: EntityKind, _ column: String, _ target: EntityKind, _ findings: [AuditFinding],
    isAll: Bool
  ) -> [String] {
    func named(_ findings: [AuditFinding], _ name: (AuditFinding) -> String) -> String {
      Self.firsts(findings, name).joined(separator: ", ")
    }
    let count = "\(isAll ? "" : "at least ")\(findings.count)"
    var comment = [
      "\(kind.table).\(column): \(count) referring to a missing \(target.schema.singular): "
        + named(findings) { "\($0.id ?? "row \($0.row ?? 0)") → \($0.found ?? "")" }
    ]
    for (outcome, reason) in [
      (FindingOrigin.Outcome.migrated, "migrated and deleted since"),
      (.failed, "rejected by the last migration"),
    ] {
      let known = findings.filter { $0.origin?.outcome == outcome }
      if known.isEmpty { continue }
      comment += [
        "  The targets of \(known.count) of them were \(reason): "
          + named(known) { "\($0.found ?? "") (\($0.origin?.path ?? ""))" },
        "  To restore them: " + named(known) { $0.origin.map(way) ?? "" },
      ]
    }
    let edited = findings.filter { $0.edited != nil }
    if !edited.isEmpty {
      comment += [
        "  \(edited.count) of them are in rows that were edited since a run wrote them: "
          + named(edited) { "\($0.id ?? "") (\($0.edited?.path ?? ""))" },
        "  Their files may hold other references. To restore them: "
          + named(edited) { $0.edited.map(way) ?? "" },
        "  That also restores other rows of this source that were edited; a dry run lists them.",
      ]
    }
    let unknown = findings.count { $0.origin == nil && $0.edited == nil }
    if unknown > 0 {
      comment.append(
        "  The ledger does not say which file held the targets of \(unknown) of them. If you have "
          + "that file, migrate it.")
    }
    return comment
  }
}

extension RepairPlan {
  /// The plan as a script for the database's shell: one transaction, each step with a comment.
  package var sql: String {
    var lines = [
      "-- Repairs proposed for \(PlainText.escaped(database)).",
      "-- Nothing has been changed. Make a backup, read every statement, delete those you do not",
      "-- want, then apply the rest with: "
        + (dialect == .sqlite ? "sqlite3 -bail DATABASE < THIS-FILE" : "psql -X -f THIS-FILE URL"),
      "-- Then do what the comments propose, and audit again, before you remove any dashes.",
    ]
    for (code, count) in needPerson {
      lines.append("-- Needs a person: \(code), \(PlainText.counted(count, "finding")).")
    }
    if omittedFindings > 0 {
      lines.append(
        "-- The report omitted \(PlainText.counted(omittedFindings, "finding")); audit again after "
          + "applying this.")
    }
    if steps.isEmpty {
      lines.append("-- Nothing can be fixed without a person.")
      return lines.joined(separator: "\n") + "\n"
    }
    if steps.allSatisfy(\.isCommentedOut) {
      lines.append("-- As it is, it changes nothing: every step needs a decision.")
    }
    lines.append("")
    switch dialect {
    case .sqlite: lines += ["BEGIN IMMEDIATE;", "PRAGMA defer_foreign_keys = ON;"]
    case .postgresql: lines += [#"\set ON_ERROR_STOP on"#, "BEGIN;"]
    }
    for step in steps {
      lines.append("")
      lines += step.comment.map { "-- " + PlainText.escaped($0) }
      lines += step.statements.map { step.isCommentedOut ? "-- " + $0 : $0 }
    }
    return (lines + ["", "COMMIT;"]).joined(separator: "\n") + "\n"
  }
}
