import RMOSModels

/// SQL that would mend what an audit found, for a person to read, change and apply.
///
/// Nothing here is ever applied by an audit. The statements test again what they rely on, so a
/// plan that has become old does no harm.
///
/// ```swift
/// let plan = RepairPlan(for: try Auditor().audit(store))
/// print(plan.sql)
/// ```
public struct RepairPlan: Sendable {
  /// One step: statements that belong together, and why.
  public struct Step: Sendable, Hashable {
    /// What it does and to how much.
    public var comment: String
    /// The statements, each with its semicolon.
    public var statements: [String]
  }

  /// The steps, in the order in which they must be applied.
  public private(set) var steps: [Step] = []
  /// How many findings of each rule need a person, errors and warnings; by code.
  public private(set) var needPerson: [(code: String, count: Int)] = []
  private let database: String
  private let omittedFindings: Int

  /// How many ids a comment names.
  private static let idsNamed = 10

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
      // References are mended as a set, those that the report only counts too.
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
        steps.append(Step(comment: finding.message, statements: [sql + ";"]))
      case .trimID(let kind, let id, let trimmed):
        steps.append(Self.trim(kind, id, trimmed))
      case .clearReference:
        guard let repair = finding.repair else { continue }
        if cleared[repair] == nil { order.append(repair) }
        cleared[repair, default: []].append(finding)
      case nil: break
      }
    }
    for repair in order {
      guard case .clearReference(let kind, let column, let target) = repair else { continue }
      let findings = cleared[repair] ?? []
      let isAll = result.findings.count == result.total
      let names = findings.prefix(Self.idsNamed).map { finding in
        "\(finding.id ?? "row \(finding.row ?? 0)") → \(finding.found ?? "")"
      }
      steps.append(
        Step(
          comment: "\(kind.table).\(column): \(isAll ? "" : "at least ")\(findings.count) that "
            + "lead to no \(target.schema.singular): \(names.joined(separator: ", "))"
            + (findings.count > Self.idsNamed ? ", …" : ""),
          statements: [
            "UPDATE \(kind.table) SET \(column) = NULL WHERE \(column) IS NOT NULL AND NOT EXISTS "
              + "(SELECT 1 FROM \(target.table) WHERE \(target.table).id = "
              + "\(kind.table).\(column));"
          ]))
    }
  }

  /// Renames an entity and all that refers to it, unless the name is taken.
  private static func trim(_ kind: EntityKind, _ id: String, _ trimmed: String) -> Step {
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
    return Step(
      comment: "\(kind.schema.singular) \(old): white space around the id, unless \(new) is taken",
      statements: statements)
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
    return parts.joined(separator: " || ")
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
      lines.append("-- There is nothing that could be mended without a person.")
      return lines.joined(separator: "\n") + "\n"
    }
    lines += ["", "BEGIN IMMEDIATE;", "PRAGMA defer_foreign_keys = ON;"]
    for step in steps {
      lines += ["", "-- " + PlainText.escaped(step.comment)] + step.statements
    }
    return (lines + ["", "COMMIT;"]).joined(separator: "\n") + "\n"
  }
}
