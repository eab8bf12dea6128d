import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

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
  private let dayCount = BackgroundComputation()
  /// The number of entities from which the days are counted in the background for pages.
  private let many: Int
  /// How long a page waits for counts in the background.
  private let patience: Duration
  private let statistics: [ChangeCache<[UInt8]>]

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
    // The details are cached separately: the rest is cheap and always up to date.
    let details = details.entry(now) {
      MigrationStatus.Details.read(from: store, health)
    }
    let audit = audit(now.token)
    var sized = now
    sized.now = uptime()
    // A checkpoint changes the size of the file, but no data.
    sized.token = now.token.map {
      "\($0)/\(store.sizeOnDisk ?? 0)/\(details.revision)/\(details.isCurrent)/"
        + "\(audit.revision)"
    }
    let isCurrent = details.isCurrent
    return try answers.entry(sized, lifetime: lifetime) {
      let overview = try MigrationStatus.Overview.read(from: store)
      var details = details.value
      // The audit saw the same rows as the health check.
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

  /// Returns the days for a page, which waits only a moment for them.
  ///
  /// - Parameter total: The number of entities.
  /// - Returns: The days; `nil` while they are being counted.
  /// - Throws: `StoreError`.
  func entityDaysForPage(of total: Int) throws -> EntityDays? {
    let now = circumstances()
    if let known = days.known(now) { return known.value }
    // Without a token, counts cannot be cached.
    if total < many || now.token == nil { return try entityDays().value }
    // One thread counts, however many clients ask.
    _ = dayCount.start { [self] in _ = try? entityDays() }
    // If the count failed, counting again throws the error.
    return dayCount.waitUntilIdle(within: patience) ? try entityDays().value : nil
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

  /// How long an answer may be cached even if the store does not change.
  ///
  /// A process that dies changes no data, so a run in progress is checked again after a second; so
  /// is an answer that was not up to date.
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

/// Computations on another thread, one at a time, for whose ends a page can wait for a moment.
final class BackgroundComputation: Sendable {
  /// The result of starting a computation.
  enum Start {
    case begun
    /// Another computation is in progress.
    case busy
    /// The system provides no thread.
    case impossible
  }

  private let isRunning = Monitor(false)

  /// Starts `work`, unless another computation is in progress.
  func start(_ work: @escaping @Sendable () -> Void) -> Start {
    let begins = isRunning.withLock { isRunning in
      defer { isRunning = true }
      return !isRunning
    }
    guard begins else { return .busy }
    do {
      try SystemThread.detached { [self] in
        defer { end() }
        work()
      }
      return .begun
    } catch {
      end()
      return .impossible
    }
  }

  private func end() { isRunning.withLock(waking: .all) { $0 = false } }

  /// Waits until no computation is in progress.
  ///
  /// - Returns: Whether it ended in time.
  @discardableResult
  func waitUntilIdle(within patience: Duration) -> Bool {
    let deadline = Deadline(after: patience)
    return isRunning.wait { isRunning in
      isRunning && !deadline.hasPassed ? .wait(until: deadline) : .done(!isRunning)
    }
  }
}
