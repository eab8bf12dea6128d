public import RMOS

/// The nightly work of a shop: migrates the day's files, and audits the database.
///
/// It works with any store: tests use an `InMemoryStore`.
public struct ShopNight: Sendable {
  /// The result of a night.
  public struct Result: Sendable {
    /// The summary of the migration.
    public var summary: MigrationSummary
    /// The report of the audit.
    public var audit: AuditReport
    /// A report of the migration, as a self-contained page.
    public var page: String

    /// Whether somebody has to look at it in the morning.
    public var needsAttention: Bool {
      summary.statistics.total.failed > 0 || audit.errorCount > 0
    }
  }

  private let source: String
  private let store: any RecordStore

  /// Creates the work of a night.
  ///
  /// - Parameters:
  ///   - source: The directory of the JSON files.
  ///   - store: The store to migrate them into.
  public init(from source: String, into store: any RecordStore) {
    self.source = source
    self.store = store
  }

  /// Does the work; if the task is cancelled, it stops after the current batch.
  ///
  /// - Parameter progress: Called now and then with the number of entities found so far.
  /// - Returns: The result.
  /// - Throws: `MigrationError` and `StoreError`, each with a stable code.
  public func run(progress: @escaping @Sendable (Int) -> Void) async throws -> Result {
    var options = Migration.Options()
    options.observedEvents = []  // only progress, not every entity and issue
    let migration = Migration(from: source, into: store, options: options)
    let summary = try await migration.run { event in
      if case .progress(let state) = event { progress(state.statistics.total.found) }
    }
    return Result(
      summary: summary, audit: try await Auditor(of: store).run(),
      page: MigrationReport(of: summary).html)
  }
}
