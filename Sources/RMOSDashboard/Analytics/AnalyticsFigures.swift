import RMOSAnalytics
import RMOSStore
import Synchronization

/// The figures of a store, cached for the filters used most recently.
///
/// Only reading the store takes long, so one snapshot serves all filters. After a change it is read
/// again in the background; releasing the object cancels that.
final class AnalyticsFigures: Sendable {
  typealias Report = CachedAnswer<AnalyticsReport>
  /// The figures of one pattern; `nil` if it does not exist.
  typealias OnePattern = CachedAnswer<AnalyticsReport?>

  /// A snapshot of the store, with the figures about all jobs.
  struct Basis: Sendable {
    let snapshot: AnalyticsSnapshot
    let options: Analytics.Options
    let report: AnalyticsReport
  }

  /// A value computed from a basis.
  struct Derived<Value: Sendable>: Sendable {
    let value: Value
    /// When the basis was read, ISO 8601.
    let asOf: String
  }

  /// The question for the basis.
  struct Whole: Hashable, Sendable {}

  /// A question about the jobs that pass a filter.
  struct Question: Hashable, Sendable {
    let options: Analytics.Options
    /// The filter as bytes, since canonically equivalent texts are different filters.
    private let bytes: [[UInt8]]

    init(_ options: Analytics.Options) {
      self.options = options
      bytes = options.filter.parameters.map { Array($0.1.utf8) }
    }
  }

  /// A question about the correlation of two measures.
  struct Pair: Hashable, Sendable {
    var x: Measure
    var y: Measure
    var among: Question
  }

  /// A question about a pattern.
  struct Pattern: Hashable, Sendable {
    /// The id as bytes, since canonically equivalent ids are different ones.
    var id: [UInt8]
    var today: CalendarDay
  }

  private let store: any RecordStore
  private let now: @Sendable () -> String
  private let bases: AnswerCache<Whole, Basis>
  private let reports: AnswerCache<Question, Derived<AnalyticsReport>>
  private let pairs: AnswerCache<Pair, Derived<Correlation>>
  private let patterns: AnswerCache<Pattern, AnalyticsReport?>

  /// How many answers are cached; a report has lists of up to 1000 entries.
  private static let (reportCapacity, pairCapacity, patternCapacity) = (4, 64, 16)

  /// How long a page waits for figures before it says that they are being computed.
  private let patience: Duration

  init(
    _ store: any RecordStore, patience: Duration, uptime: @escaping @Sendable () -> Double,
    now: @escaping @Sendable () -> String
  ) {
    self.store = store
    self.now = now
    self.patience = patience
    let bases = AnswerCache<Whole, Basis>(capacity: 1, uptime: uptime, now: now) {
      let options = Analytics.Options(today: Self.today(now))
      let snapshot = try AnalyticsSnapshot(of: store, isCancelled: $1)
      return Basis(
        snapshot: snapshot, options: options, report: try snapshot.report(options, isCancelled: $1))
    }
    self.bases = bases
    reports = AnswerCache(capacity: Self.reportCapacity, uptime: uptime, now: now) {
      question, isCancelled in
      let basis = try bases.answer(Whole(), since: store.changeToken())
      var report =
        question == Question(basis.value.options)
        ? basis.value.report
        : try basis.value.snapshot.report(question.options, isCancelled: isCancelled)
      try store.read { try report.readNames(from: $0) }
      return Derived(value: report, asOf: basis.asOf)
    }
    pairs = AnswerCache(capacity: Self.pairCapacity, uptime: uptime, now: now) { pair, _ in
      let basis = try bases.answer(Whole(), since: store.changeToken())
      let correlation = try basis.value.snapshot.correlation(
        of: pair.x, and: pair.y, pair.among.options.filter)
      return Derived(value: correlation, asOf: basis.asOf)
    }
    patterns = AnswerCache(capacity: Self.patternCapacity, uptime: uptime, now: now) {
      try Analytics(of: store, options: Analytics.Options(today: $0.today))
        .runSynchronously(
          pattern: String(decoding: $0.id, as: UTF8.self), isCancelled: $1)
    }
  }

  deinit {
    bases.cancel()
    reports.cancel()
    pairs.cancel()
    patterns.cancel()
  }

  /// The current day, in UTC.
  var today: CalendarDay { Self.today(now) }

  private static func today(_ now: () -> String) -> CalendarDay {
    CalendarDay(String(now().prefix(10))) ?? .today
  }

  /// Returns all figures about the jobs that pass a filter.
  ///
  /// - Parameters:
  ///   - filter: The filter.
  ///   - outlierScore: The z-score from which a duration is an outlier; `nil` for the default.
  /// - Returns: The figures.
  /// - Throws: `StoreError` if the store cannot be read.
  func report(_ filter: JobFilter, outlierScore: Double? = nil) throws -> Report {
    var options = Analytics.Options(filter: filter, today: Self.today(now))
    if let outlierScore { options.outlierScore = outlierScore }
    return try answer(Question(options), reports)
  }

  /// Returns all figures about the jobs that pass a filter, if they are available within
  /// ``patience``.
  ///
  /// - Returns: The figures; `nil` if they are still being computed.
  func reportIfSoon(_ filter: JobFilter) throws -> Report? {
    let options = Analytics.Options(filter: filter, today: Self.today(now))
    guard let token = store.changeToken() else { return try answer(Question(options), reports) }
    guard let basis = try bases.answer(Whole(), since: token, within: patience) else { return nil }
    return try reports.answer(Question(options), since: String(basis.revision), within: patience)
      .map { answer(of: $0, isCurrent: basis.isCurrent) }
  }

  /// Returns the answer to a question, computed from a basis; from an earlier one if reading the
  /// store takes long.
  private func answer<Key, Value>(
    _ question: Key, _ answers: AnswerCache<Key, Derived<Value>>
  ) throws -> CachedAnswer<Value> {
    // The token is taken before reading: an answer may be newer than its token, but never older.
    guard let token = store.changeToken() else {
      // Without a token nothing is cached, and computing the answer reads the store.
      return try answer(of: answers.answer(question, since: nil), isCurrent: true)
    }
    let basis = try bases.answer(Whole(), since: token)
    return try answer(
      of: answers.answer(question, since: String(basis.revision)), isCurrent: basis.isCurrent)
  }

  private func answer<Value>(
    of derived: CachedAnswer<Derived<Value>>, isCurrent: Bool
  ) -> CachedAnswer<Value> {
    CachedAnswer(
      value: derived.value.value, asOf: derived.value.asOf, revision: derived.revision,
      isCurrent: derived.isCurrent && isCurrent)
  }

  /// The correlation of two measures.
  func correlation(
    _ x: Measure, _ y: Measure, _ filter: JobFilter
  ) throws -> CachedAnswer<Correlation> {
    try answer(Pair(x: x, y: y, among: Question(Analytics.Options(filter: filter))), pairs)
  }

  /// The figures of one pattern.
  func pattern(_ id: String) throws -> OnePattern {
    try patterns.answer(
      Pattern(id: Array(id.utf8), today: Self.today(now)), since: store.changeToken())
  }
}
