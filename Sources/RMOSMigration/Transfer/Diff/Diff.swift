public import RMOSStore

/// Compares a legacy tree with a store: what is only in one of them, and what differs.
///
/// ```swift
/// let report = try Diff(source: "legacy", store: store).run()
/// print(report.total.different, "differ")
/// ```
///
/// Nothing is written. The source is read as a migration reads it, as a stream; of its ids a table
/// of 20 bytes each is kept, of one kind at a time. The store is read as one snapshot.
public struct Diff: Sendable {
  private let source: String
  private let store: any RecordStore
  private let maxEntries: Int
  /// How the source is read; tests make it fail.
  var access = SourceAccess.system

  /// A comparison; nothing happens before ``run(observer:isCancelled:)``.
  ///
  /// - Parameters:
  ///   - source: The source directory.
  ///   - store: The store.
  ///   - maxEntries: How many entries the report keeps; all are counted, and an observer sees all.
  public init(source: String, store: any RecordStore, maxEntries: Int = 10_000) {
    self.source = source
    self.store = store
    self.maxEntries = maxEntries
  }

  /// Compares.
  ///
  /// - Parameters:
  ///   - observer: Told of every entry, in order.
  ///   - isCancelled: Asked now and then; once true, the comparison is given up.
  /// - Returns: Counts and entries: per kind first what the source holds, in the order of
  ///   migration, then what only the store holds, in byte order of the id.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/sourceUnreadable`` or
  ///   ``MigrationError/Code/cancelled``; `StoreError`.
  public func run(
    observer: ((DiffReport.Entry) -> Void)? = nil, isCancelled: () -> Bool = { false }
  ) throws -> DiffReport {
    try Migration.checkSource(source)
    return try store.read { reader in
      try withoutActuallyEscaping(isCancelled) { isCancelled in
        let run = DiffRun(
          reader, DiffReport(source: source, database: store.location), maxEntries: maxEntries,
          access: access, observer: observer, isCancelled: isCancelled)
        try run.read(source)
        return run.report
      }
    }
  }
}
