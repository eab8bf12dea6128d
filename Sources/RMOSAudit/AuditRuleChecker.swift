import RMOSModels
public import RMOSStore

/// A check of your own, that an ``Auditor`` makes beside its rules.
///
/// ```swift
/// struct NameLength: AuditRuleChecker {
///   let rule = AuditRule(
///     code: "shop.name-length", severity: .warning,
///     summary: "Names fit on a label: longer ones are cut off when printed")
///
///   func check(_ reader: any StoreReader, report: (AuditFinding) throws -> Void) throws {
///     try reader.forEachRecord(.patterns) { record in
///       guard case .text(let name) = record["name"], name.count > 40 else { return }
///       try report(
///         AuditFinding(
///           of: rule, in: record, member: "name", expected: "at most 40 characters",
///           message: "the name has \(name.count) characters, more than fit on a label"))
///     }
///   }
/// }
///
/// let report = try Auditor(checkers: [NameLength()]).audit(store)
/// ```
public protocol AuditRuleChecker: Sendable {
  /// What it looks for. Its code must be no other rule's.
  var rule: AuditRule { get }

  /// Looks at the store and reports what breaks the rule.
  ///
  /// - Parameters:
  ///   - reader: The snapshot that the whole audit sees; valid until the method returns.
  ///   - report: Takes a finding of ``rule``; those of other rules are passed over.
  /// - Throws: What the reader throws: a damaged file is told as such and does not end the audit.
  func check(_ reader: any StoreReader, report: (AuditFinding) throws -> Void) throws
}

/// Makes a check of one's own one of the audit's.
struct CheckerAdapter: AuditCheck {
  let checker: any AuditRuleChecker

  var rules: [AuditRule] { [checker.rule] }

  func run(_ context: AuditContext) throws -> [AuditRule] {
    try checker.check(context.reader) { finding in
      if finding.code == checker.rule.code { context.log.add(finding) }
    }
    return rules
  }
}
