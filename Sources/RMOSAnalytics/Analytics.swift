import RMOSModels
public import RMOSStore
import RMOSSystem
import Synchronization

/// Computes figures about the jobs, materials and patterns in a store.
///
/// Each table is read once; nothing is written.
///
/// ```swift
/// let store = try SQLiteStore(path: "rmos.db", access: .inspect)
/// let report = try await Analytics(of: store).run()
/// if let rate = report.jobs.success.percent { print("\(rate) % of the jobs succeeded") }
/// ```
///
/// An unknown figure is `nil`, never 0, and every figure gives the number of values that it is
/// based on and the number of missing ones. A value of the wrong type, in a column or within JSON,
/// counts as missing. Sums are rounded only once, so the order of the rows makes no difference.
public struct Analytics: Sendable {
  /// Which jobs count, and the bounds of some figures.
  public struct Options: Sendable, Hashable {
    /// Which jobs count.
    public var filter: JobFilter
    /// The modified z-score from which a duration is an outlier.
    ///
    /// At least 0.
    public var outlierScore: Double
    /// The number of days after which a running job is stuck.
    ///
    /// At least 0.
    public var stuckAfterDays: Int
    /// The maximum length of a list of patterns, strip families, jobs or reasons; `nil` for no
    /// limit.
    ///
    /// At least 0.
    public var listLimit: Int?
    /// The current day, in UTC; `nil` for the day of the system's clock.
    public var today: CalendarDay?

    /// Creates options.
    ///
    /// - Parameters:
    ///   - filter: Which jobs count.
    ///   - outlierScore: The modified z-score from which a duration is an outlier.
    ///   - stuckAfterDays: The number of days after which a running job is stuck.
    ///   - listLimit: The maximum length of a list of patterns, strip families, jobs or reasons;
    ///     `nil` for no limit, which takes memory for each entry.
    ///   - today: The current day, in UTC; `nil` for that of the system's clock.
    public init(
      filter: JobFilter = JobFilter(), outlierScore: Double = 3.5, stuckAfterDays: Int = 7,
      listLimit: Int? = 1000, today: CalendarDay? = nil
    ) {
      self.filter = filter
      self.outlierScore = outlierScore
      self.stuckAfterDays = stuckAfterDays
      self.listLimit = listLimit
      self.today = today
    }
  }

  private let store: any RecordStore
  private let options: Options

  /// Creates the analytics of a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - options: Which jobs count, and the bounds of some figures.
  public init(of store: any RecordStore, options: Options = Options()) {
    self.store = store
    self.options = options
  }

  /// Computes all figures from one snapshot of the store.
  ///
  /// Cancelling the task stops the work soon.
  ///
  /// - Returns: The figures.
  /// - Throws: ``AnalyticsError`` with ``AnalyticsError/Code/invalidOption``; `StoreError` if the
  ///   store cannot be read; `CancellationError` if the task is cancelled.
  /// - Complexity: O(n log n) in the number of rows. Memory: about 100 bytes per pattern and strip
  ///   family. Beyond 4,096 jobs (76 bytes each, plus their ids), 65,536 durations or measures of
  ///   rings, and 10,000 ids of patterns and strip families, the rest goes to temporary files (in
  ///   `SQLITE_TMPDIR`, `TMPDIR`, `/var/tmp` or `/tmp`).
  public func run() async throws -> AnalyticsReport {
    try await BlockingWork.run(orThrow: StoreError.noThread) { isCancelled in
      try runSynchronously(isCancelled: isCancelled)
    }
  }

  /// Computes all figures on the current thread.
  ///
  /// - Parameter isCancelled: Polled while the store is read; when it returns `true`, the work is
  ///   abandoned.
  /// - Returns: The figures.
  /// - Throws: As ``run()``.
  package func runSynchronously(
    isCancelled: @escaping () -> Bool = { false }
  ) throws -> AnalyticsReport {
    try options.check()
    return try store.snapshot(whileNot: isCancelled) { reader in
      let shop = try Shop(reading: RowReader(reader, isCancelled: isCancelled))
      return try shop.report(options, whileNot: isCancelled)
    }
  }

  /// Computes the correlation of two measures.
  ///
  /// There is a pair for each job if either measure is one of jobs, else for each pattern if either
  /// is one of patterns, else for each strip family. Only finished jobs that pass the filter count;
  /// a job's strip family is its own, else its pattern's.
  ///
  /// - Parameters:
  ///   - x: The first measure.
  ///   - y: The second measure.
  /// - Returns: The correlation.
  /// - Throws: As ``run()``.
  /// - Complexity: O(n log n) in the number of rows; 32 bytes of memory per pair.
  public func correlation(of x: Measure, and y: Measure) async throws -> Correlation {
    try await BlockingWork.run(orThrow: StoreError.noThread) { isCancelled in
      try correlationSynchronously(of: x, and: y, isCancelled: isCancelled)
    }
  }

  /// Computes the correlation of two measures on the current thread.
  package func correlationSynchronously(
    of x: Measure, and y: Measure, isCancelled: @escaping () -> Bool = { false }
  ) throws -> Correlation {
    try options.check()
    return try store.snapshot(whileNot: isCancelled) { reader in
      let rows = RowReader(reader, isCancelled: isCancelled)
      let needsJobs = x.subject == .jobs || y.subject == .jobs
      return try Shop(reading: rows, needsJobs: needsJobs)
        .correlation(of: x, and: y, options.filter)
    }
  }
}

extension RecordStore {
  /// Calls `body` with a snapshot until `isCancelled`, and again if another process changes the
  /// database file while it is read without locks.
  fileprivate func snapshot<Result>(
    whileNot isCancelled: () -> Bool, _ body: (any StoreReader) throws -> Result
  ) throws -> Result {
    try StoreError.retryingIfChanged {
      try read { reader in try reader.run(whileNot: isCancelled) { try body(reader) } }
    }
  }
}

/// Which jobs count in figures about jobs; all conditions must hold.
public struct JobFilter: Sendable, Hashable {
  /// The first day; `nil` for no limit.
  public var from: CalendarDay?
  /// The last day, not before the first; `nil` for no limit.
  public var to: CalendarDay?
  /// The job type.
  public var jobType: String?
  /// The material, trimmed and without regard to case: that of the job's strip family, else of its
  /// pattern's.
  public var material: String?
  /// The id of the pattern.
  public var patternID: String?
  /// The id of the strip family that the job itself names.
  public var stripFamilyID: String?

  /// Creates a filter.
  ///
  /// - Parameters:
  ///   - from: The first day; `nil` for no limit.
  ///   - to: The last day; `nil` for no limit.
  ///   - jobType: The job type; `nil` for any.
  ///   - material: The material; `nil` for any.
  ///   - patternID: The id of the pattern; `nil` for any.
  ///   - stripFamilyID: The id of the strip family that the job itself names; `nil` for any.
  public init(
    from: CalendarDay? = nil, to: CalendarDay? = nil, jobType: String? = nil,
    material: String? = nil, patternID: String? = nil, stripFamilyID: String? = nil
  ) {
    self.from = from
    self.to = to
    self.jobType = jobType
    self.material = material
    self.patternID = patternID
    self.stripFamilyID = stripFamilyID
  }
}

extension Analytics {
  /// Computes the figures of one pattern, its strip families and its jobs, on the current thread.
  ///
  /// - Parameters:
  ///   - id: The pattern's id.
  ///   - isCancelled: Polled while the store is read.
  /// - Returns: The report of a store that contained nothing else; `nil` if there is no such
  ///   pattern.
  /// - Throws: As ``run()``.
  /// - Complexity: O(n) in the number of the pattern's jobs, which are found by an index.
  package func runSynchronously(
    pattern id: String, isCancelled: @escaping () -> Bool = { false }
  ) throws -> AnalyticsReport? {
    try store.snapshot(whileNot: isCancelled) { reader in
      guard let pattern = try reader.record(.patterns, id: id) else { return nil }
      let rows = RowReader(of: try PatternRows(of: pattern, reader), isCancelled: isCancelled)
      return try Shop(reading: rows).report(options, whileNot: isCancelled)
    }
  }
}

/// The rows of a pattern, of its jobs, and of the strip families that they name.
private struct PatternRows: RowSource {
  private let reader: any StoreReader
  private let pattern: Record
  private let families: [Record]

  init(of pattern: Record, _ reader: any StoreReader) throws {
    self.reader = reader
    self.pattern = pattern
    var ids: Set<[UInt8]> = []
    var families: [Record] = []
    func add(_ value: Value?) throws {
      guard let id = value?.text, ids.insert(Array(id.utf8)).inserted,
        let family = try reader.record(.stripFamilies, id: id)
      else { return }
      families.append(family)
    }
    try add(pattern["strip_family_id"])
    try Self.forEachJob(of: pattern, reader) { try add($0["strip_family_id"]) }
    self.families = families
  }

  private static func forEachJob(
    of pattern: Record, _ reader: any StoreReader, _ body: (Record) throws -> Void
  ) throws {
    try reader.forEachRecord(
      matching: RecordQuery(.joblogs).filter("pattern_id", is: .text(pattern.id)).order(.id), body)
  }

  func count(_ kind: EntityKind) throws -> Int {
    switch kind {
    case .patterns: 1
    case .stripFamilies: families.count
    default: 0
    }
  }

  func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    func row(_ record: Record) throws { try body(members.map { record[$0] ?? .null }) }
    switch kind {
    case .patterns: try row(pattern)
    case .stripFamilies: for family in families { try row(family) }
    case .joblogs: try Self.forEachJob(of: pattern, reader, row)
    default: break
    }
  }
}

/// The content of a store that figures need, read once, so that reports with other filters can be
/// made without reading the store again.
///
/// 1,000,000 rows take about 10 MB of memory, for patterns and strip families; the jobs and the ids
/// are in temporary files.
// Sendable because only the thread that holds `turn` uses `shop`, which computes figures lazily.
package final class AnalyticsSnapshot: @unchecked Sendable {
  private let shop: Shop
  private let turn = Mutex(())

  /// Reads a store.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - isCancelled: Polled while the store is read; when it returns `true`, the work is
  ///     abandoned.
  /// - Throws: As ``Analytics/run()``.
  package init(of store: any RecordStore, isCancelled: @escaping () -> Bool = { false }) throws {
    shop = try store.snapshot(whileNot: isCancelled) { reader in
      try Shop(reading: RowReader(reader, isCancelled: isCancelled))
    }
  }

  /// Computes all figures, as ``Analytics/run()`` does.
  ///
  /// - Parameters:
  ///   - options: Which jobs count, and the bounds of some figures.
  ///   - isCancelled: Polled; when it returns `true`, the work is abandoned.
  /// - Returns: The figures.
  /// - Throws: `StoreError` if a temporary file cannot be read; `StoreError.Code.cancelled` if the
  ///   work is abandoned.
  package func report(
    _ options: Analytics.Options, isCancelled: () -> Bool = { false }
  ) throws -> AnalyticsReport {
    try turn.withLock { _ in try shop.report(options, whileNot: isCancelled) }
  }

  /// Computes the correlation of two measures, as ``Analytics/correlation(of:and:)`` does.
  ///
  /// - Throws: `StoreError` if a temporary file cannot be read.
  package func correlation(
    of x: Measure, and y: Measure, _ filter: JobFilter
  ) throws -> Correlation {
    try turn.withLock { _ in try shop.correlation(of: x, and: y, filter) }
  }
}

/// A day of the calendar, in the years 0001 to 9999.
///
/// ```swift
/// let first = CalendarDay("2025-01-01")
/// let none = CalendarDay("2025-02-30")  // nil
/// ```
public struct CalendarDay: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The number of days since 0000-03-01.
  package let number: Int

  /// Creates a day from text of the form `YYYY-MM-DD`; `nil` if there is no such day.
  public init?(_ text: String) {
    guard let timestamp = Timestamp(text), timestamp.time == nil else { return nil }
    number = timestamp.dayNumber
  }

  /// Creates the day with a number.
  init(number: Int) { self.number = number }

  /// The current day in UTC.
  package static var today: CalendarDay { CalendarDay(number: UTCTime.now.date.dayNumber) }

  /// The day in the form `YYYY-MM-DD`.
  public var description: String { CivilDate(dayNumber: number).text }

  /// Returns whether one day is before another.
  public static func < (left: CalendarDay, right: CalendarDay) -> Bool {
    left.number < right.number
  }
}
