import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem
import Synchronization

/// The responses about the store as a whole, cached until it changes.
final class StatusCache: Sendable {
  /// The status and its JSON.
  struct Answer: Sendable, Equatable {
    var status: MigrationStatus
    var body: [UInt8]
    /// Whether all parts are up to date.
    var isCurrent: Bool
  }

  private let store: any RecordStore
  private let health: HealthCheck
  private let audit: @Sendable (_ token: String?) -> BackgroundAudit.View
  private let uptime: @Sendable () -> Double
  private let answers: ChangeCache<Answer>
  private let details: ChangeCache<MigrationStatus.Details>
  private let days: ChangeCache<EntityDays>
  private let isCountingDays = Monitor(false)
  /// From this many entities on, a page does not wait until their days are counted.
  private let many: Int
  /// How long it waits all the same.
  private let patience: Duration
  private let statistics: [ChangeCache<[UInt8]>]
  /// How long the quick health check may take.
  private static let healthTime = Duration.milliseconds(20)

  init(
    _ store: any RecordStore, health: HealthCheck = .standard,
    audit: @escaping @Sendable (_ token: String?) -> BackgroundAudit.View,
    many: Int = 20_000, patience: Duration = .milliseconds(10),
    uptime: @escaping @Sendable () -> Double
  ) {
    self.store = store
    self.many = many
    self.patience = patience
    self.health = health
    self.audit = audit
    self.uptime = uptime
    answers = ChangeCache(uptime: uptime)
    details = ChangeCache(uptime: uptime)
    days = ChangeCache(uptime: uptime)
    statistics = store.catalog.kinds.map { _ in ChangeCache(uptime: uptime) }
  }

  /// The status and its revision.
  func status() throws -> ChangeCache<Answer>.Entry {
    let now = circumstances()
    // Cached separately: the rest is cheap and always up to date.
    let details = details.entry(now) {
      MigrationStatus.Details.read(from: store, .quick(Self.healthTime), health)
    }
    let audit = audit(now.token)
    var sized = now
    sized.now = uptime()
    // A checkpoint changes the size of the file, but no data.
    sized.token = now.token.map {
      "\($0)/\(StoreStatus.size(of: store) ?? 0)/\(details.revision)/\(details.isCurrent)/"
        + "\(audit.revision)"
    }
    let isCurrent = details.isCurrent
    return try answers.entry(sized, lifetime: lifetime) {
      let overview = try MigrationStatus.Overview.read(from: store)
      var details = details.value
      // The audit is of the rows that the quick check saw.
      if isCurrent, audit.hasChanged == false, let newest = audit.newest {
        details.health.complete(with: newest.report)
      }
      let status = MigrationStatus(overview, details, audit)
      var writer = JSONWriter()
      writer.status(status)
      return Answer(
        status: status, body: writer.utf8 + [0x0A], isCurrent: isCurrent)
    }
  }

  /// The days and their revision.
  func entityDays() throws -> ChangeCache<EntityDays>.Entry {
    try days.entry(circumstances()) { try store.entityDays() }
  }

  /// The days, unless counting them takes longer than a page should; they are being counted then,
  /// and there is none yet.
  ///
  /// - Parameter total: How many entities there are.
  /// - Returns: The days; `nil` while they are being counted.
  /// - Throws: `StoreError`.
  func entityDaysForPage(of total: Int) throws -> EntityDays? {
    let now = circumstances()
    if let known = days.known(now) { return known.value }
    // Without a token, nothing would tell whether a count is still of the current state.
    if total < many || now.token == nil { return try entityDays().value }
    // One thread counts, whoever asks.
    let begins = isCountingDays.withLock { isCounting in
      defer { isCounting = true }
      return !isCounting
    }
    if begins {
      do {
        try SystemThread.detached { [self] in
          _ = try? entityDays()
          isCountingDays.withLock(waking: .all) { $0 = false }
        }
      } catch {
        isCountingDays.withLock(waking: .all) { $0 = false }
      }
    }
    let deadline = Deadline(after: patience)
    let isOver = isCountingDays.wait { isCounting in
      isCounting && !deadline.hasPassed ? .wait(until: deadline) : .done(!isCounting)
    }
    // Again, if that failed, to know why.
    return isOver ? try entityDays().value : nil
  }

  /// The JSON of the figures about a kind, and its revision.
  func statistics(_ kind: EntityKind) throws -> ChangeCache<[UInt8]>.Entry {
    guard let position = store.catalog.position(of: kind) else {
      preconditionFailure("\(kind) is not in the store's catalog")
    }
    return try statistics[position].entry(circumstances()) {
      let statistics = try store.read { try EntityStatistics(kind, $0) }
      var writer = JSONWriter()
      writer.object {
        $0.member("success", true)
        $0.member("statistics") { writer in writer.object { statistics.write(to: &$0) } }
      }
      return writer.utf8 + [0x0A]
    }
  }

  /// Empties the cache, so that a change made through the API is visible at once.
  func invalidate() {
    answers.invalidate()
    details.invalidate()
    days.invalidate()
    for cache in statistics { cache.invalidate() }
  }

  /// A process that dies changes no data, so a run in progress is checked again after a while; and
  /// so is a response from an earlier state.
  private func lifetime(_ answer: Answer) -> Double {
    answer.status.currentRun == nil && answer.isCurrent ? .infinity : 1
  }

  private func circumstances() -> CacheCircumstances {
    let store = store
    return CacheCircumstances(
      token: store.changeToken(), now: uptime(),
      isBeingWritten: { store.hasWriter ?? false })
  }
}

/// The numbers of entities in lists and their facets, counted once per state of the store.
///
/// Of many entities, counting is most of the work of a list: it takes a scan of an index, or, for
/// what stands in no index, of the table.
final class EntityTotals: Sendable {
  private struct Question: Hashable {
    var kind: EntityKind
    var conditions: [RecordQuery.Condition]
    var key: RecordGroup.Key?
  }

  private struct Answers {
    var token: String?
    var counts: [Question: Int] = [:]
    var facets: [Question: FacetCounts] = [:]
    /// Whether a thread is counting.
    var isCounting = false

    /// Forgets what was counted in another state, or when it is much.
    mutating func prepare(_ token: String) {
      if self.token != token || counts.count + facets.count >= 64 {
        self = Answers(token: token, isCounting: isCounting)
      }
    }
  }

  private let store: any RecordStore
  private let answers = Monitor(Answers())
  /// From this many entities on, facets are counted in the background.
  private let many: Int
  /// How long a page waits for such counts.
  private let patience: Duration

  init(
    _ store: any RecordStore, many: Int = 20_000, patience: Duration = .milliseconds(25)
  ) {
    self.store = store
    self.many = many
    self.patience = patience
  }

  /// Counts the records of a query, whatever its limit.
  ///
  /// - Parameters:
  ///   - query: The query.
  ///   - reader: The snapshot.
  ///   - token: The store's change token, taken before the snapshot.
  /// - Returns: The number of records.
  /// - Throws: `StoreError` if the store cannot be read.
  func count(
    _ query: RecordQuery, in reader: any StoreReader, since token: String?
  ) throws -> Int {
    // If the token has not changed, the snapshot is of the state that it names.
    guard let token, store.changeToken() == token else { return try reader.count(query) }
    let question = Question(kind: query.kind, conditions: query.conditions)
    if let count = answers.withLock({ $0.token == token ? $0.counts[question] : nil }) {
      return count
    }
    let count = try reader.count(query)
    answers.withLock {
      $0.prepare(token)
      $0.counts[question] = count
    }
    return count
  }

  /// Counts the records of a query by a key; `nil` if that takes a while and is being done.
  func counts(
    _ query: RecordQuery, by key: RecordGroup.Key, in reader: any StoreReader, since token: String?
  ) throws -> FacetCounts? {
    guard let token, store.changeToken() == token else {
      return FacetCounts(try reader.counts(query, by: key))
    }
    let question = Question(kind: query.kind, conditions: query.conditions, key: key)
    if let known = answers.withLock({ $0.token == token ? $0.facets[question] : nil }) {
      return known
    }
    if try count(query, in: reader, since: token) >= many {
      switch begin(question, query, key) {
      case .impossible: break
      case .busy: return nil
      case .begun: return wait(for: question, token)
      }
    }
    let counts = FacetCounts(try reader.counts(query, by: key))
    keep(counts, question, token)
    return counts
  }

  private func keep(_ counts: FacetCounts, _ question: Question, _ token: String) {
    answers.withLock {
      $0.prepare(token)
      $0.facets[question] = counts
    }
  }

  private enum Beginning { case begun, busy, impossible }

  /// Counts on a thread of its own, one at a time.
  private func begin(
    _ question: Question, _ query: RecordQuery, _ key: RecordGroup.Key
  ) -> Beginning {
    let begins = answers.withLock { answers in
      defer { answers.isCounting = true }
      return !answers.isCounting
    }
    guard begins else { return .busy }
    do {
      try SystemThread.detached { [self] in
        defer { answers.withLock(waking: .all) { $0.isCounting = false } }
        guard let token = store.changeToken(),
          let groups = try? store.read({ try $0.counts(query, by: key) }),
          store.changeToken() == token
        else { return }
        keep(FacetCounts(groups), question, token)
      }
      return .begun
    } catch {
      answers.withLock(waking: .all) { $0.isCounting = false }
      return .impossible
    }
  }

  /// Waits a moment for what is being counted.
  private func wait(for question: Question, _ token: String) -> FacetCounts? {
    let deadline = Deadline(after: patience)
    return answers.wait { answers in
      // Until the thread has ended, so that the next can begin.
      guard !answers.isCounting || deadline.hasPassed else { return .wait(until: deadline) }
      return .done(answers.token == token ? answers.facets[question] : nil)
    }
  }
}
