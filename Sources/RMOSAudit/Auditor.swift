import RMOSModels
public import RMOSStore
import RMOSSystem

/// Checks a store by rules and changes nothing.
///
/// The rows are checked by the rules that migration reads files by: what migration accepts gives no
/// error here. Rules about the schema and the file apply to stores that have those. One pass per
/// table, in constant memory.
///
/// ```swift
/// let store = try SQLiteStore(path: "rmos.db", access: .inspect)
/// let report = try await Auditor(of: store).run()
/// for finding in report.findings { print(finding.code, finding.id ?? "", finding.message) }
/// ```
public struct Auditor: Sendable {
  /// The rules to check, and how many findings to keep.
  public struct Options: Sendable {
    /// The built-in rules to check; by default all of them, in the order of reports.
    public var rules = AuditRule.all
    /// Checks of your own, made after those of ``rules``.
    public var checkers: [any AuditChecker] = []
    /// How many findings are kept per rule; further ones are only counted.
    ///
    /// A negative number keeps none.
    public var findingsPerRule = 1000

    /// Creates the default options.
    public init() {}
  }

  private let store: any RecordStore
  private let options: Options

  /// Creates an audit; nothing happens before ``run()``.
  ///
  /// - Parameters:
  ///   - store: The store; to check a database whatever its state, open it with access `inspect`.
  ///   - options: What to check, and how much to keep.
  public init(of store: any RecordStore, options: Options = Options()) {
    self.store = store
    self.options = options
  }

  /// Checks the store as it is at this moment.
  ///
  /// A table or file that is damaged, or has the wrong shape, is a finding. In stores other than
  /// SQLite, each reference costs a look-up, and each row one or two for its provenance.
  ///
  /// Cancelling the task stops the audit soon, also in the middle of a long check.
  ///
  /// - Throws: `StoreError` if nothing can be read, or another process interferes; what one of
  ///   ``Options/checkers`` throws; `CancellationError` if the task is cancelled.
  /// - Complexity: O(n log n) in the rows; 8 bytes of memory per row of the largest table, for
  ///   `id.near-duplicate`.
  public func run() async throws -> AuditReport {
    try await BlockingWork.run(orThrow: StoreError.noThread) { isCancelled in
      try runSynchronously(isCancelled: isCancelled)
    }
  }

  /// Checks the store on the current thread.
  ///
  /// - Parameter isCancelled: Polled while the store is read; when it returns `true`, the audit is
  ///   abandoned.
  /// - Returns: The report.
  /// - Throws: As ``run()``.
  package func runSynchronously(
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> AuditReport {
    try StoreError.retryingIfChanged { try runOnce(isCancelled: isCancelled) }
  }

  private func runOnce(isCancelled: @escaping @Sendable () -> Bool) throws -> AuditReport {
    let clock = ContinuousClock()
    let start = clock.now
    let collector = AuditCollector(
      rules: AuditRule.all.filter(Set(options.rules).contains) + options.checkers.map(\.rule),
      limit: max(0, options.findingsPerRule),
      // Asked before reading, so that a run that ends in between is read as ended.
      hasWriter: store.hasWriter ?? true, isCancelled: isCancelled)
    try store.readOnOneState(
      parts.enumerated().map { position, part in
        { reader in try collector.run(part, at: position, reader) }
      })
    return AuditReport(
      database: store.location, schema: collector.schema?.version, catalog: store.catalog,
      counts: collector.counts, results: collector.results(), duration: clock.now - start,
      dialect: collector.dialect, ledgerTables: collector.ledgerTables,
      otherReferences: collector.otherReferences(store.catalog))
  }

  /// The parts of an audit, in the order of reports; parts may run at the same time.
  private var parts: [@Sendable (AuditContext) throws -> Void] {
    var parts: [@Sendable (AuditContext) throws -> Void] = [
      { try $0.run(IntegrityCheck()) }, { try $0.run(SchemaCheck()) },
    ]
    parts += store.catalog.kinds.map { kind in
      {
        try $0.run(RowCheck(kind: kind))
        try $0.countRows(of: kind)
      }
    }
    parts += [
      { try $0.run(ReferenceCheck()) }, { try $0.run(ForeignKeyCheck()) },
      { try $0.run(ProvenanceCheck()) }, { try $0.run(RunCheck()) },
    ]
    parts.append { [checkers = options.checkers] context in
      for checker in checkers { try context.run(checker) }
    }
    return parts
  }
}
