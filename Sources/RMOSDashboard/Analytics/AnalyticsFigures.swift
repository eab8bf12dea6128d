import RMOSAnalytics
import RMOSStore
import Synchronization

/// The figures of a store, kept for the filters asked for last.
///
/// Only reading the store takes long. It is done once for all filters, after a change in the
/// background, until this is released.
final class AnalyticsFigures: Sendable {
  typealias Report = KeptAnswer<AnalyticsReport>
  /// The figures of one pattern; `nil` if it does not exist.
  typealias OnePattern = KeptAnswer<AnalyticsReport?>

  /// What was read of the store, with the figures about all jobs.
  struct Basis: Sendable {
    let snapshot: AnalyticsSnapshot
    let options: Analytics.Options
    let report: AnalyticsReport
  }

  /// What was made of a basis.
  struct Derived<Value: Sendable>: Sendable {
    let value: Value
    /// When the store was read for it, ISO 8601.
    let asOf: String
  }

  /// The question what is in the store.
  struct Whole: Hashable, Sendable {}

  /// A question about all jobs that pass a filter.
  struct Question: Hashable, Sendable {
    let options: Analytics.Options
    /// The filter's bytes: canonically equivalent texts are different ones.
    private let bytes: [[UInt8]]

    init(_ options: Analytics.Options) {
      self.options = options
      bytes = options.filter.parameters.map { Array($0.1.utf8) }
    }
  }

  /// A question about how two measures go together.
  struct Pair: Hashable, Sendable {
    var x: Measure
    var y: Measure
    var among: Question
  }

  /// A question about a pattern.
  struct Pattern: Hashable, Sendable {
    /// The bytes of its id: canonically equivalent ids are different ones.
    var id: [UInt8]
    var today: CalendarDay
  }

  private let store: any RecordStore
  private let now: @Sendable () -> String
  private let bases: AnswerCache<Whole, Basis>
  private let reports: AnswerCache<Question, Derived<AnalyticsReport>>
  private let pairs: AnswerCache<Pair, Derived<Correlation>>
  private let patterns: AnswerCache<Pattern, AnalyticsReport?>

  /// How many filters are remembered; a report has lists of up to 1000 entries.
  private static let (reportCapacity, pairCapacity, patternCapacity) = (16, 64, 64)

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
      let report =
        question == Question(basis.value.options)
        ? basis.value.report
        : try basis.value.snapshot.report(question.options, isCancelled: isCancelled)
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

  /// All figures about the jobs that pass a filter.
  ///
  /// - Parameters:
  ///   - filter: The filter.
  ///   - outlierScore: The z-score from which a duration is an outlier; `nil` for the usual one.
  /// - Returns: The figures.
  /// - Throws: `StoreError` if the store cannot be read.
  func report(_ filter: JobFilter, outlierScore: Double? = nil) throws -> Report {
    var options = Analytics.Options(filter: filter, today: Self.today(now))
    if let outlierScore { options.outlierScore = outlierScore }
    return try answer(Question(options), reports)
  }

  /// All figures about the jobs that pass a filter, if they are there soon.
  ///
  /// - Returns: The figures; `nil` if they are still being computed.
  func reportIfSoon(_ filter: JobFilter) throws -> Report? {
    let options = Analytics.Options(filter: filter, today: Self.today(now))
    guard let token = store.changeToken() else { return try answer(Question(options), reports) }
    guard let basis = try bases.answer(Whole(), since: token, within: patience) else { return nil }
    return try reports.answer(Question(options), since: String(basis.revision), within: patience)
      .map { answer(of: $0, isCurrent: basis.isCurrent) }
  }

  /// The answer to a question that is made of a basis; one of an earlier basis if that takes long.
  private func answer<Question, Value>(
    _ question: Question, _ answers: AnswerCache<Question, Derived<Value>>
  ) throws -> KeptAnswer<Value> {
    // The token is taken before reading: an answer may be newer than its token, but never older.
    guard let token = store.changeToken() else {
      // Nothing is kept then, and the answer reads the store itself.
      return try answer(of: answers.answer(question, since: nil), isCurrent: true)
    }
    let basis = try bases.answer(Whole(), since: token)
    return try answer(
      of: answers.answer(question, since: String(basis.revision)), isCurrent: basis.isCurrent)
  }

  private func answer<Value>(
    of derived: KeptAnswer<Derived<Value>>, isCurrent: Bool
  ) -> KeptAnswer<Value> {
    KeptAnswer(
      value: derived.value.value, asOf: derived.value.asOf, revision: derived.revision,
      isCurrent: derived.isCurrent && isCurrent)
  }

  /// How two measures go together.
  func correlation(
    _ x: Measure, _ y: Measure, _ filter: JobFilter
  ) throws -> KeptAnswer<Correlation> {
    try answer(Pair(x: x, y: y, among: Question(Analytics.Options(filter: filter))), pairs)
  }

  /// The figures of one pattern.
  func pattern(_ id: String) throws -> OnePattern {
    try patterns.answer(
      Pattern(id: Array(id.utf8), today: Self.today(now)), since: store.changeToken())
  }
}
