public import RMOSStore

/// A check of your own, made by an ``Auditor`` after its built-in rules.
///
/// ```swift
/// struct NameLength: AuditChecker {
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
/// var options = Auditor.Options()
/// options.checkers = [NameLength()]
/// let report = try await Auditor(of: store, options: options).run()
/// ```
public protocol AuditChecker: Sendable {
  /// What it looks for. No other rule may have its code.
  var rule: AuditRule { get }

  /// Reads the store and reports what breaks the rule.
  ///
  /// - Parameters:
  ///   - reader: The snapshot that the whole audit reads; valid until the method returns.
  ///   - report: Takes a finding of ``rule``; findings of other rules are ignored. Throws if the
  ///     audit is cancelled.
  /// - Throws: What the reader and `report` throw. An error of a damaged file is reported as a
  ///   finding and does not end the audit.
  func check(_ reader: any StoreReader, report: (AuditFinding) throws -> Void) throws
}
