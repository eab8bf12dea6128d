public import RMOS

/// What a shop does at night: bring the day's files over, and check the database.
///
/// It knows nothing of SQLite: tests give it an `InMemoryStore`.
public struct ShopNight: Sendable {
  /// What came of it.
  public struct Result: Sendable {
    /// What came over.
    public var summary: MigrationSummary
    /// What the audit found.
    public var audit: AuditReport
    /// A report of the run, as a page that needs no network.
    public var page: String

    /// Whether anybody has to look at it in the morning.
    public var needsAttention: Bool {
      summary.statistics.total.failed > 0 || audit.errorCount > 0
    }
  }

  private let source: String
  private let store: any RecordStore

  /// A night's work.
  ///
  /// - Parameters:
  ///   - source: The directory that holds the JSON files.
  ///   - store: Where they go.
  public init(from source: String, into store: any RecordStore) {
    self.source = source
    self.store = store
  }

  /// Does the work; where the task is cancelled, it stops after the current batch.
  ///
  /// - Parameter progress: Told how many entities were found so far, now and then.
  /// - Returns: What came of it.
  /// - Throws: `MigrationError` and `StoreError`, each with a stable code.
  public func run(progress: @escaping @Sendable (Int) -> Void) async throws -> Result {
    var options = Migration.Options()
    options.observedEvents = []  // neither every entity nor every note: progress is enough
    let migration = Migration(from: source, into: store, options: options)
    let summary = try await migration.run { event in
      if case .progress(let state) = event { progress(state.statistics.total.found) }
    }
    return Result(
      summary: summary, audit: try await Auditor(of: store).run(),
      page: MigrationReport(of: summary).html)
  }
}
