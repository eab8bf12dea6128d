import RMOSAnalytics
import RMOSStore
import Synchronization

/// The figures of a store, kept for the filters asked for last.
///
/// Only reading the store takes long. It is done once for all filters, after a change in the
/// background.
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
  private let reports: DerivedAnswers<Question, Basis, AnalyticsReport>
  private let pairs: DerivedAnswers<Pair, Basis, Correlation>
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
    bases = AnswerCache(capacity: 1, uptime: uptime, now: now) {
      let options = Analytics.Options(today: Self.today(now))
      let snapshot = try AnalyticsSnapshot(of: store, isCancelled: $1)
      return Basis(
        snapshot: snapshot, options: options, report: try snapshot.report(options, isCancelled: $1))
    }
    reports = DerivedAnswers(capacity: Self.reportCapacity) { question, basis in
      question == Question(basis.options)
        ? basis.report : try basis.snapshot.report(question.options)
    }
    pairs = DerivedAnswers(capacity: Self.pairCapacity) {
      try $1.snapshot.correlation(of: $0.x, and: $0.y, $0.among.options.filter)
    }
    patterns = AnswerCache(capacity: Self.patternCapacity, uptime: uptime, now: now) {
      try Analytics(of: store, options: Analytics.Options(today: $0.today))
        .runSynchronously(
          pattern: String(decoding: $0.id, as: UTF8.self), isCancelled: $1)
    }
  }

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
    // The token is taken before reading: an answer may be newer than its token, but never older.
    return try reports.answer(
      Question(options), from: bases.answer(Whole(), since: store.changeToken()))
  }

  /// All figures about the jobs that pass a filter, if they are there soon.
  ///
  /// - Returns: The figures; `nil` if they are still being computed.
  func reportIfSoon(_ filter: JobFilter) throws -> Report? {
    let options = Analytics.Options(filter: filter, today: Self.today(now))
    let basis = try bases.answer(Whole(), since: store.changeToken(), within: patience)
    return try basis.map { try reports.answer(Question(options), from: $0) }
  }

  /// How two measures go together.
  func correlation(
    _ x: Measure, _ y: Measure, _ filter: JobFilter
  ) throws -> KeptAnswer<Correlation> {
    try pairs.answer(
      Pair(x: x, y: y, among: Question(Analytics.Options(filter: filter))),
      from: bases.answer(Whole(), since: store.changeToken()))
  }

  /// The figures of one pattern.
  func pattern(_ id: String) throws -> OnePattern {
    try patterns.answer(
      Pattern(id: Array(id.utf8), today: Self.today(now)), since: store.changeToken())
  }
}

/// Answers that are made from one basis, such as what was read from a store, without asking the
/// store again; kept for the questions asked last until there is a newer basis.
///
/// They are made one at a time, so that many questions at once take no more memory than one.
final class DerivedAnswers<Question: Hashable & Sendable, Basis: Sendable, Value: Sendable>:
  Sendable
{
  private struct Entry {
    var value: Value
    var revision: Int
  }

  private struct State {
    /// The revision of the newest basis, which all entries are of.
    var basis = Int.min
    var entries: RecentlyUsed<Question, Entry>
    var revisions = 0
  }

  private let compute: @Sendable (Question, Basis) throws -> Value
  private let state: Mutex<State>
  private let turn = Mutex(())

  /// Creates an empty cache.
  ///
  /// - Parameters:
  ///   - capacity: How many questions are remembered.
  ///   - compute: Makes an answer.
  init(capacity: Int, compute: @escaping @Sendable (Question, Basis) throws -> Value) {
    state = Mutex(State(entries: RecentlyUsed(capacity: capacity)))
    self.compute = compute
  }

  /// The answer to a question.
  ///
  /// - Throws: What making it throws.
  func answer(
    _ question: Question, from basis: KeptAnswer<Basis>
  ) throws -> KeptAnswer<Value> {
    let kept =
      try entry(question, basis.revision)
      ?? turn.withLock { _ in
        try entry(question, basis.revision)
          ?? keep(try compute(question, basis.value), question, basis.revision)
      }
    return KeptAnswer(
      value: kept.value, asOf: basis.asOf, revision: kept.revision, isCurrent: basis.isCurrent)
  }

  private func entry(_ question: Question, _ basis: Int) -> Entry? {
    state.withLock { basis == $0.basis ? $0.entries[question] : nil }
  }

  private func keep(_ value: Value, _ question: Question, _ basis: Int) -> Entry {
    state.withLock { state in
      state.revisions += 1
      let entry = Entry(value: value, revision: state.revisions)
      // Whoever still has an older basis keeps nothing.
      if basis < state.basis { return entry }
      if basis > state.basis {
        state.basis = basis
        state.entries.removeAll()
      }
      state.entries[question] = entry
      return entry
    }
  }
}
