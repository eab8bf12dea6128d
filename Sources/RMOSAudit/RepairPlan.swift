import RMOSModels

/// SQL that would fix what an audit found, for a person to read, change and apply.
///
/// Nothing here is ever applied by an audit. The statements test again what they rely on, so a
/// plan that has become old does no harm. What would destroy something that migrating the same files
/// again brings back is commented out, below what to do instead.
///
/// ```swift
/// let plan = RepairPlan(for: try Auditor().audit(store))
/// print(plan.sql)
/// ```
public struct RepairPlan: Sendable {
  /// One step: statements that belong together, and why.
  public struct Step: Sendable, Hashable {
    /// What it does and to how much, and what to do first; lines.
    public var comment: [String]
    /// The statements, each with its semicolon.
    public var statements: [String]
    /// Whether they are commented out: something would be lost that can still be brought back.
    public var isCommentedOut = false
  }

  /// The steps, in the order in which they must be applied.
  public private(set) var steps: [Step] = []
  /// How many findings of each rule need a person, errors and warnings; by code.
  public private(set) var needPerson: [(code: String, count: Int)] = []
  private let database: String
  private let omittedFindings: Int

  /// How many ids a comment names.
  private static let idsNamed = 10
  /// How long an id may be, in UTF-8, that a statement holds.
  private static let longestID = 10_000

  /// A plan for what a report says.
  public init(for report: AuditReport) {
    database = report.database
    omittedFindings = report.omittedFindings
    // Ids first: a reference may lead nowhere only for the white space of an id.
    for rule in [AuditRule.paddedID, .missingReference, .schemaIndex] {
      guard let result = report[rule] else { continue }
      addSteps(for: result)
    }
    for result in report.results {
      let repairable = result.findings.count { $0.repair != nil }
      let rest = result.counts[.error, default: 0] + result.counts[.warning, default: 0]
      // References are cleared as a set, those that the report only counts too.
      let isSet = result.rule == .missingReference && repairable == result.findings.count
      let count = isSet ? 0 : max(0, rest - repairable)
      if count > 0 { needPerson.append((result.rule.code, count)) }
    }
  }

  private mutating func addSteps(for result: AuditReport.RuleResult) {
    var cleared: [AuditFinding.Repair: [AuditFinding]] = [:]
    var order: [AuditFinding.Repair] = []
    for finding in result.findings {
      switch finding.repair {
      case .createIndex(let sql):
        steps.append(Step(comment: [finding.message], statements: [sql + ";"]))
      case .trimID(let kind, let id, let trimmed):
        guard id.utf8.count <= Self.longestID else { continue }
        steps.append(Self.trim(kind, id, trimmed, finding.origin))
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
        Self.clear(
          kind, column, target, cleared[repair] ?? [],
          isAll: result.findings.count == result.total))
    }
  }

  /// Sets references that lead nowhere to NULL: the last resort, for no migration sets them again.
  private static func clear(
    _ kind: EntityKind, _ column: String, _ target: EntityKind, _ findings: [AuditFinding],
    isAll: Bool
  ) -> Step {
    func named(_ findings: [AuditFinding], _ name: (AuditFinding) -> String) -> String {
      var names: [String] = []
      for finding in findings where !names.contains(name(finding)) {
        if names.count == idsNamed { return names.joined(separator: ", ") + ", …" }
        names.append(name(finding))
      }
      return names.joined(separator: ", ")
    }
    let count = "\(isAll ? "" : "at least ")\(findings.count)"
    var comment = [
      "\(kind.table).\(column): \(count) that lead to no \(target.schema.singular): "
        + named(findings) { "\($0.id ?? "row \($0.row ?? 0)") → \($0.found ?? "")" }
    ]
    for (outcome, story) in [
      (EntityOrigin.Outcome.migrated, "was migrated and has been deleted since"),
      (.failed, "was left out of the last migration; once its file is fixed it comes"),
    ] {
      let known = findings.filter { $0.origin?.outcome == outcome }
      if known.isEmpty { continue }
      comment += [
        "  What \(known.count) of them lead to \(story): "
          + named(known) { "\($0.found ?? "") (\($0.origin?.path ?? ""))" },
        "  Migrate again, which brings it \(outcome == .migrated ? "back" : "in"): "
          + named(known) { $0.origin?.source ?? "" },
      ]
    }
    if findings.contains(where: { $0.origin == nil }) {
      comment.append(
        "  For \(findings.count { $0.origin == nil }) of them it is not known which file holds what "
          + "they refer to. If you have that file, migrate it.")
    }
    comment += [
      "  The statement below clears the references instead, and no migration sets them again.",
      "  It is commented out; remove the two dashes only if what they lead to is gone for good.",
    ]
    return Step(
      comment: comment,
      statements: [
        "UPDATE \(kind.table) SET \(column) = NULL WHERE \(column) IS NOT NULL AND NOT EXISTS "
          + "(SELECT 1 FROM \(target.table) WHERE \(target.table).id = "
          + "\(kind.table).\(column));"
      ], isCommentedOut: true)
  }

  /// Renames an entity and all that refers to it, unless the name is taken.
  private static func trim(
    _ kind: EntityKind, _ id: String, _ trimmed: String, _ origin: EntityOrigin?
  ) -> Step {
    let (old, new) = (quoted(id), quoted(trimmed))
    let isFree = "NOT EXISTS (SELECT 1 FROM \(kind.table) WHERE id = \(new))"
    var statements: [String] = []
    for other in EntityKind.allCases {
      for reference in other.schema.references where reference.target == kind {
        let column = other.schema.fields[reference.field].column
        statements.append(
          "UPDATE \(other.table) SET \(column) = \(new) WHERE \(column) = \(old) AND \(isFree);")
      }
    }
    statements.append("UPDATE \(kind.table) SET id = \(new) WHERE id = \(old) AND \(isFree);")
    var comment = [
      "\(kind.schema.singular) \(old): white space around the id, unless \(new) is taken"
    ]
    if let origin {
      comment += [
        "  Its file has it so: \(origin.path), of \(origin.source). Fix the id there first: migrating "
          + "the file as it is adds the \(kind.schema.singular) a second time.",
        "  The statements are commented out; remove the dashes once the file is fixed.",
      ]
    }
    return Step(comment: comment, statements: statements, isCommentedOut: origin != nil)
  }

  /// A text as SQL; what could deceive a reader, or end the script, by its number.
  private static func quoted(_ text: String) -> String {
    var parts: [String] = []
    var plain = ""
    for scalar in text.unicodeScalars {
      if PlainText.isSteering(scalar) {
        if !plain.isEmpty { parts.append("'\(plain)'") }
        plain = ""
        parts.append("char(\(scalar.value))")
      } else {
        plain += scalar == "'" ? "''" : String(scalar)
      }
    }
    if !plain.isEmpty || parts.isEmpty { parts.append("'\(plain)'") }
    return joined(parts[...])
  }

  /// Parts put together, as a tree that is no deeper than it must be: SQLite takes a thousand levels.
  private static func joined(_ parts: ArraySlice<String>) -> String {
    if parts.count <= 8 { return parts.joined(separator: " || ") }
    let middle = parts.startIndex + parts.count / 2
    return "(\(joined(parts[..<middle]))) || (\(joined(parts[middle...])))"
  }
}

extension RepairPlan {
  /// The plan as a script for SQLite: one transaction, a comment for each step.
  public var sql: String {
    var lines = [
      "-- Repairs proposed for \(PlainText.escaped(database)).",
      "-- Nothing has been changed. Make a backup, read every statement, delete what you do not",
      "-- want, then apply it with: sqlite3 -bail DATABASE < THIS-FILE",
    ]
    for (code, count) in needPerson {
      lines.append("-- Needs a person: \(code), \(count) finding\(count == 1 ? "" : "s").")
    }
    if omittedFindings > 0 {
      lines.append(
        "-- The report left out \(omittedFindings) findings; audit again when this is applied.")
    }
    if steps.isEmpty {
      lines.append("-- There is nothing that could be fixed without a person.")
      return lines.joined(separator: "\n") + "\n"
    }
    if steps.allSatisfy(\.isCommentedOut) {
      lines.append("-- As it stands it changes nothing: every step needs a decision.")
    }
    lines += ["", "BEGIN IMMEDIATE;", "PRAGMA defer_foreign_keys = ON;"]
    for step in steps {
      lines.append("")
      lines += step.comment.map { "-- " + PlainText.escaped($0) }
      lines += step.statements.map { step.isCommentedOut ? "-- " + $0 : $0 }
    }
    return (lines + ["", "COMMIT;"]).joined(separator: "\n") + "\n"
  }
}
