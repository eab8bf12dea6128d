import RMOSModels
public import RMOSStore

/// Checks a store by rules and changes nothing.
///
/// The rows are checked by the very rules that migration reads files by: what migration accepts
/// gives no error here. Rules about the schema and the file apply where the store has those. One
/// pass a table, in constant memory.
///
/// ```swift
/// let store = try SQLiteStore(path: "rmos.db", access: .inspect)
/// let report = try Auditor().audit(store)
/// for finding in report.findings { print(finding.code, finding.id ?? "", finding.message) }
/// ```
public struct Auditor: Sendable {
  /// Every rule there is, in the order of reports.
  public static var allRules: [AuditRule] { AuditRule.all }

  /// The rules to check.
  public var rules: [AuditRule]
  /// Checks of your own, made after those of ``rules``.
  public var checkers: [any AuditRuleChecker]
  /// How many findings a rule keeps; further ones are only counted.
  public var findingsPerRule: Int

  /// An audit by some rules.
  ///
  /// - Parameters:
  ///   - rules: The rules to check.
  ///   - checkers: Checks of your own.
  ///   - findingsPerRule: How many findings each keeps; further ones are only counted.
  public init(
    rules: [AuditRule] = allRules, checkers: [any AuditRuleChecker] = [],
    findingsPerRule: Int = 1000
  ) {
    self.rules = rules
    self.checkers = checkers
    self.findingsPerRule = max(0, findingsPerRule)
  }

  /// Checks the store as it is at this moment.
  ///
  /// A table or file that is damaged, or not as it should be, is a finding. Backends that are not
  /// SQLite answer a look-up per reference and one per row for its provenance.
  ///
  /// - Parameter store: The store; to look at a database whatever its state, open it with access
  ///   `inspect`.
  /// - Returns: The findings.
  /// - Throws: `StoreError` where nothing can be read, or another process got in the way.
  /// - Complexity: O(n log n) in the rows; 8 bytes of memory a row of the largest table, for
  ///   `id.near-duplicate`.
  public func audit(_ store: some RecordStore) throws -> AuditReport {
    let clock = ContinuousClock()
    let start = clock.now
    let log = AuditLog(
      rules: AuditRule.all.filter(Set(rules).contains) + checkers.map(\.rule),
      limit: findingsPerRule)
    // Asked first: a run that ends after that shows as ended.
    let hasWriter = store.hasWriter ?? true
    var schema: SchemaVersion?
    let counts = try store.read { reader in
      let context = try AuditContext(reader, log: log, hasWriter: hasWriter)
      schema = context.schema
      let checks: [any AuditCheck] = [
        IntegrityCheck(), SchemaCheck(), RowCheck(), ReferenceCheck(), ForeignKeyCheck(),
        ProvenanceCheck(), RunCheck(),
      ]
      for check in checks { try context.run(check) }
      for checker in checkers { try context.run(CheckerAdapter(checker: checker)) }
      return try context.counts()
    }
    return AuditReport(
      database: store.location, schema: schema?.version, counts: counts,
      results: log.results(), seconds: (clock.now - start) / .seconds(1))
  }
}
