package import RMOSAudit
import RMOSMigration
import RMOSStore
import RMOSSystem
import Synchronization

/// The newest whole audit of a store, which is made again in the background after changes.
///
/// One audit runs at a time, in a thread that gives way to others: the first soon after the start,
/// the next after a change, at the earliest an interval after the last audit ended, and for at most
/// a tenth of the time; or sooner if a client asks for one. No audit begins while a migration runs:
/// its findings would be outdated when it ends. The thread keeps the audits alive, so their owner
/// cancels them.
final class BackgroundAudit: Sendable {
  /// A finished audit.
  struct Result: Sendable {
    var report: AuditReport
    var outcome: AuditOutcome
    /// The store's change token before it; `nil` if the store cannot tell.
    var token: String?
  }

  /// An audit that could not be made.
  struct Failure: Sendable, Hashable {
    /// When it ended, ISO 8601 in UTC.
    var at: String
    var code: String
    var message: String
  }

  /// The state of the audits at a moment.
  struct View: Sendable {
    /// Whether audits are made at all.
    var isOn = true
    /// The newest audit.
    var newest: Result?
    /// Whether the store has changed since ``newest``; `nil` if that is not known.
    var hasChanged: Bool?
    /// When the audit under way began, ISO 8601 in UTC.
    var underWaySince: String?
    /// Whether a client has asked for an audit that has not begun.
    var isAsked = false
    /// Why the last audit failed; `nil` if it did not.
    var failure: Failure?
    /// When the next one may begin at the earliest, ISO 8601 in UTC; `nil` before the first.
    var nextAt: String?
    /// Whether that is now or was before.
    var isNextDue = true
    /// Changes with everything else except ``hasChanged`` and ``isNextDue``.
    var revision = 0

    /// A view in which nothing is ever audited.
    static let off = View(isOn: false)
  }

  /// How audits are made; tests pass their own.
  struct Means: Sendable {
    /// How long after an audit the next one may begin.
    var interval: Duration
    /// How long after the start the first audit begins, so that the first requests have the
    /// processors to themselves.
    var delay = Duration.zero
    var clock: MigrationClock
    /// Audits the store.
    var audit = BackgroundAudit.whole
    /// Called before an audit begins; what it returns is called when the audit has come to its end.
    var observer: AuditObserver?
  }

  /// Audits a store; asks from time to time whether that is still wanted.
  typealias Auditing =
    @Sendable (any RecordStore, _ isCancelled: @escaping @Sendable () -> Bool) throws
    -> AuditReport

  /// Audits a store by all rules.
  static let whole: Auditing = { try Auditor(of: $0).runSynchronously(isCancelled: $1) }

  private struct State {
    var newest: Result?
    var failure: Failure?
    /// When the audit under way began.
    var underWaySince: String?
    /// The store's change token before the audit under way.
    var underWayToken: String?
    /// Whether a client has asked for an audit that has not begun.
    var isAsked = false
    /// The change token of the last audit, even if it failed.
    var lastToken: String?
    /// The database that was audited last, even if that failed.
    var database: String?
    /// When the next one may begin, in uptime and ISO 8601.
    var next: (uptime: Duration, text: String)?
    var revision = 0
    var hasThread = false
    var isCancelled = false
  }

  /// How often it is looked whether an audit is due.
  private static let lookInterval = Duration.seconds(5)

  private let store: any RecordStore
  private let means: Means
  private let state = Monitor(State())
  private let isCancelled = Atomic(false)

  /// Creates the background audits of a store; none begins before ``start()``.
  init(_ store: any RecordStore, _ means: Means) {
    self.store = store
    self.means = means
  }

  /// Begins to audit in the background.
  func start() {
    let begins = state.withLock { state in
      defer { state.hasThread = true }
      return !state.hasThread && !state.isCancelled
    }
    guard begins else { return }
    do {
      try SystemThread.detached { [self] in
        SystemThread.yieldToOthers()
        loop()
        state.withLock(waking: .all) { $0.hasThread = false }
      }
    } catch {
      let at = means.clock.timestamp
      state.withLock { state in
        state.hasThread = false
        state.failure = Failure(
          at: at, code: "system.no-thread", message: "cannot start a thread: \(error.reason)")
        state.revision += 1
      }
    }
  }

  /// Cancels the audit under way, and lets no other begin.
  func cancel() {
    isCancelled.store(true, ordering: .relaxed)
    state.withLock(waking: .all) { $0.isCancelled = true }
  }

  /// Asks for an audit as soon as no other and no migration is under way.
  ///
  /// One under way that began after the last change also counts.
  func ask() {
    let token = store.changeToken()
    state.withLock(waking: .all) { state in
      let isBeingMade =
        state.underWaySince != nil && token != nil && token == state.underWayToken
      guard !isBeingMade, !state.isAsked else { return }
      state.isAsked = true
      state.revision += 1
    }
  }

  /// Cancels the audit under way, and waits for a moment until its thread has ended.
  func stop() {
    cancel()
    let deadline = Deadline(after: .seconds(5))
    state.wait { state in
      !state.hasThread || deadline.hasPassed ? .done(()) : .wait(until: deadline)
    }
  }

  private func loop() {
    let begin = Deadline(after: means.delay)
    var isOver = state.wait { state in
      let isReady = state.isAsked || begin.hasPassed
      return state.isCancelled || isReady ? .done(state.isCancelled) : .wait(until: begin)
    }
    while !isOver {
      let hasBegun = auditIfDue()
      let (next, isAsked) = state.withLock { ($0.next?.uptime ?? .zero, $0.isAsked) }
      let pause = isAsked ? .zero : next - means.clock.uptime()
      let deadline = Deadline(after: max(pause, Self.lookInterval))
      // An audit that was asked for and could not begin waits for the end of a migration.
      let hasWaited = isAsked && !hasBegun
      isOver = state.wait { state in
        if state.isCancelled { return .done(true) }
        if state.isAsked, !hasWaited { return .done(false) }
        return deadline.hasPassed ? .done(false) : .wait(until: deadline)
      }
    }
  }

  /// Forgets what was found in another database than the one that is there now, which is audited
  /// at once.
  private func forgetReplaced() {
    guard let mark = store.databaseMark() else { return }
    let isReplaced = state.withLock { state in
      guard let database = state.database, database != mark else { return false }
      state.database = nil
      state.newest = nil
      state.failure = nil
      state.lastToken = nil
      state.next = nil
      state.revision += 1
      return true
    }
    // Who waits for the next audit looks again.
    if isReplaced { state.withLock(waking: .all) { $0.isAsked = true } }
  }

  /// Audits the store in this thread, if it is time.
  ///
  /// - Returns: Whether it was.
  @discardableResult
  func auditIfDue() -> Bool {
    forgetReplaced()
    let start = means.clock.uptime()
    // The token is taken before reading: the findings may be newer than the token, but never
    // older.
    let token = store.changeToken()
    let isDue = state.withLock { state in
      if state.isAsked { return true }
      guard let next = state.next else { return true }
      let isChanged = token == nil || token != state.lastToken || state.failure != nil
      return isChanged && next.uptime <= start
    }
    guard isDue, store.hasWriter != true else { return false }
    let startedAt = means.clock.timestamp
    let begins = state.withLock { state in
      guard state.underWaySince == nil, !state.isCancelled else { return false }
      state.underWaySince = startedAt
      state.underWayToken = token
      state.isAsked = false
      state.revision += 1
      return true
    }
    guard begins else { return false }
    make(token, start, startedAt)
    return true
  }

  private func make(_ token: String?, _ start: Duration, _ startedAt: String) {
    // Taken before reading, as the token.
    let database = store.databaseMark()
    let report = means.observer?()
    var result: Result?
    var failure: Failure?
    do {
      let found = try means.audit(store) { [self] in isCancelled.load(ordering: .relaxed) }
      let outcome = AuditOutcome(
        of: found, startedAt: startedAt, finishedAt: means.clock.timestamp)
      result = Result(report: found, outcome: outcome, token: token)
      report?(found, outcome)
    } catch let error as StoreError {
      failure = Failure(
        at: means.clock.timestamp, code: error.code.rawValue, message: error.message)
    } catch {
      failure = Failure(at: means.clock.timestamp, code: "internal", message: "\(error)")
    }
    let end = means.clock.uptime()
    let pause = max(means.interval, (end - start) * 9)
    let nextText = MigrationClock.timestamp(means.clock.now() + pause)
    state.withLock { state in
      state.underWaySince = nil
      state.revision += 1
      if state.isCancelled { return }
      if let result { state.newest = result }
      state.failure = failure
      state.lastToken = token
      state.database = database
      state.next = (end + pause, nextText)
    }
  }

  /// The current view of the audits.
  func view() -> View { view(since: store.changeToken()) }

  /// The view of the state of the store that a change token names.
  func view(since token: String?) -> View {
    forgetReplaced()
    let uptime = means.clock.uptime()
    return state.withLock { state in
      var view = View()
      view.newest = state.newest
      view.hasChanged = state.newest.flatMap { newest in
        guard let token, let known = newest.token else { return nil }
        return token != known
      }
      view.underWaySince = state.underWaySince
      view.isAsked = state.isAsked
      view.failure = state.failure
      view.nextAt = state.next?.text
      view.isNextDue = state.next.map { $0.uptime <= uptime } ?? true
      view.revision = state.revision
      return view
    }
  }
}

/// Called before an audit begins in the background; what it returns is called when the audit has
/// come to its end.
package typealias AuditObserver = @Sendable () -> @Sendable (AuditReport, AuditOutcome) -> Void
