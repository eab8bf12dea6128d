package import RMOSAudit
import RMOSMigration
import RMOSStore
import RMOSSystem
import Synchronization

/// Audits of a whole store in the background, of which the newest is kept.
///
/// One audit runs at a time, on a thread of low priority: the first soon after the start, the next
/// after a change, but not before an interval has passed since the previous one, and for at most a
/// tenth of the time; or sooner if a client asks for one. None begins while a migration runs, whose
/// changes would outdate the findings. The thread keeps the object alive, so the owner must cancel
/// it.
final class BackgroundAudit: Sendable {
  /// A finished audit.
  struct Result: Sendable {
    var report: AuditReport
    var outcome: AuditOutcome
    /// The store's change token before it; `nil` if the store cannot tell.
    var token: String?
  }

  /// An audit that failed.
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
    /// When the audit in progress began, ISO 8601 in UTC; `nil` if none is.
    var underWaySince: String?
    /// Whether a client has asked for an audit that has not begun.
    var isAsked = false
    /// Why the last audit failed; `nil` if it did not.
    var failure: Failure?
    /// When the next one may begin at the earliest, ISO 8601 in UTC; `nil` before the first.
    var nextAt: String?
    /// Whether ``nextAt`` has passed.
    var isNextDue = true
    /// A number that changes with the other properties, except ``hasChanged`` and ``isNextDue``.
    var revision = 0

    /// The view if there are no audits.
    static let off = View(isOn: false)
  }

  /// How and when audits are made; tests substitute their own.
  struct Settings: Sendable {
    /// How long after an audit the next one may begin.
    var interval: Duration
    /// How long after the start the first audit begins, so that it does not slow down the first
    /// requests.
    var delay = Duration.zero
    var clock: MigrationClock
    /// Audits the store.
    var audit = BackgroundAudit.whole
    /// Called before each audit.
    var observer: AuditObserver?
  }

  /// Audits a store; checks from time to time whether it is cancelled.
  typealias Auditing =
    @Sendable (any RecordStore, _ isCancelled: @escaping @Sendable () -> Bool) throws
    -> AuditReport

  /// Audits a store by all rules.
  static let whole: Auditing = { try Auditor(of: $0).runSynchronously(isCancelled: $1) }

  private struct State {
    var newest: Result?
    var failure: Failure?
    /// When the audit in progress began.
    var underWaySince: String?
    /// The store's change token before the audit in progress.
    var underWayToken: String?
    /// Whether a client has asked for an audit that has not begun.
    var isAsked = false
    /// The change token before the last audit, even if it failed.
    var lastToken: String?
    /// The mark of the database that was audited last, even if the audit failed.
    var database: String?
    /// When the next one may begin, in uptime and ISO 8601.
    var next: (uptime: Duration, text: String)?
    var revision = 0
    var hasThread = false
    var isCancelled = false
  }

  /// How often the thread checks whether an audit is due.
  private static let checkInterval = Duration.seconds(5)

  private let store: any RecordStore
  private let settings: Settings
  private let state = Monitor(State())
  private let isCancelled = Atomic(false)

  /// Creates the background audits of a store; none begins before ``start()``.
  init(_ store: any RecordStore, _ settings: Settings) {
    self.store = store
    self.settings = settings
  }

  /// Begins to audit in the background.
  func start() {
    let begins = state.withLock { state in
      if state.hasThread || state.isCancelled { return false }
      state.hasThread = true
      return true
    }
    guard begins else { return }
    do {
      try SystemThread.detached { [self] in
        SystemThread.yieldToOthers()
        loop()
        state.withLock(waking: .all) { $0.hasThread = false }
      }
    } catch {
      let at = settings.clock.timestamp
      state.withLock { state in
        state.hasThread = false
        state.failure = Failure(
          at: at, code: "system.no-thread", message: "cannot start a thread: \(error.reason)")
        state.revision += 1
      }
    }
  }

  /// Cancels the audit in progress, and lets no other begin.
  func cancel() {
    isCancelled.store(true, ordering: .relaxed)
    state.withLock(waking: .all) { $0.isCancelled = true }
  }

  /// Asks for an audit as soon as neither another audit nor a migration is in progress.
  ///
  /// An audit in progress that began after the last change satisfies the request.
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

  /// Cancels the audit in progress, and waits up to 5 seconds for the end of the thread.
  func stop() {
    cancel()
    let deadline = Deadline(after: .seconds(5))
    state.wait { state in
      !state.hasThread || deadline.hasPassed ? .done(()) : .wait(until: deadline)
    }
  }

  private func loop() {
    let begin = Deadline(after: settings.delay)
    var isOver = state.wait { state in
      let isReady = state.isAsked || begin.hasPassed
      return state.isCancelled || isReady ? .done(state.isCancelled) : .wait(until: begin)
    }
    while !isOver {
      let hasBegun = auditIfDue()
      let (next, isAsked) = state.withLock { ($0.next?.uptime ?? .zero, $0.isAsked) }
      let pause = isAsked ? .zero : next - settings.clock.uptime()
      let deadline = Deadline(after: max(pause, Self.checkInterval))
      // A requested audit that could not begin waits for the end of a migration.
      let hasWaited = isAsked && !hasBegun
      isOver = state.wait { state in
        if state.isCancelled { return .done(true) }
        if state.isAsked, !hasWaited { return .done(false) }
        return deadline.hasPassed ? .done(false) : .wait(until: deadline)
      }
    }
  }

  /// If the database was replaced by another one, forgets the findings, and has the new one audited
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
    // Wakes the thread, which waits until the next audit is due.
    if isReplaced { state.withLock(waking: .all) { $0.isAsked = true } }
  }

  /// Audits the store on this thread, if an audit is due.
  ///
  /// - Returns: Whether an audit was made.
  @discardableResult
  func auditIfDue() -> Bool {
    forgetReplaced()
    let start = settings.clock.uptime()
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
    let startedAt = settings.clock.timestamp
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
    // The mark is taken before reading, like the token.
    let database = store.databaseMark()
    let report = settings.observer?()
    var result: Result?
    var failure: Failure?
    do {
      let found = try settings.audit(store) { [self] in isCancelled.load(ordering: .relaxed) }
      let outcome = AuditOutcome(
        of: found, startedAt: startedAt, finishedAt: settings.clock.timestamp)
      result = Result(report: found, outcome: outcome, token: token)
      report?(found, outcome)
    } catch let error as StoreError {
      failure = Failure(
        at: settings.clock.timestamp, code: error.code.rawValue, message: error.message)
    } catch {
      failure = Failure(at: settings.clock.timestamp, code: "internal", message: "\(error)")
    }
    let end = settings.clock.uptime()
    let pause = max(settings.interval, (end - start) * 9)
    let nextText = MigrationClock.timestamp(settings.clock.now() + pause)
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

  /// The view of the audits, given the store's change token.
  func view(since token: String?) -> View {
    forgetReplaced()
    let uptime = settings.clock.uptime()
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

/// A function that is called before each audit in the background, and returns one that is called
/// after it, unless the audit failed.
package typealias AuditObserver = @Sendable () -> @Sendable (AuditReport, AuditOutcome) -> Void
