import RMOSStore
import RMOSSystem
import Synchronization

/// A cached answer about a store.
struct CachedAnswer<Value: Sendable>: Sendable {
  var value: Value
  /// When the store was read for it, ISO 8601.
  var asOf: String
  /// Differs from that of every other answer to the same question.
  var revision: Int
  /// Whether the answer is of the store's current state; if not, a newer answer is being computed.
  var isCurrent: Bool
}

/// Answers about a store that take long to compute, cached for the most recent questions.
///
/// A question is never computed twice at a time: other threads wait for the answer, or get the
/// previous one. After a change of the store, an answer that takes long is recomputed in the
/// background, for at most a tenth of the time; meanwhile the previous one is returned, marked as
/// not current. The background thread keeps the cache alive, so the owner must cancel it.
final class AnswerCache<Question: Hashable & Sendable, Value: Sendable>: Sendable {
  typealias Answer = CachedAnswer<Value>

  /// Computes an answer; checks from time to time whether it is cancelled.
  typealias Computation =
    @Sendable (Question, _ isCancelled: @escaping () -> Bool) throws -> Value

  private struct Entry {
    var value: Value
    var asOf: String
    var revision: Int
    var token: String?
    /// How long computing the value took, seconds.
    var cost: Double
    /// The uptime when computing it ended.
    var endedAt: Double
  }

  private struct State {
    var entries: RecentlyUsed<Question, Entry>
    var underWay: Set<Question> = []
    /// The failures in the background, with their times, which are thrown when clients ask again.
    var failures: [Question: (error: any Error, at: Double)] = [:]
    var revisions = 0
  }

  /// An answer that takes no longer is recomputed while the client waits, seconds.
  private static var quick: Double { 0.02 }
  /// How long a failure is kept for the next client that asks, seconds.
  private static var failureAge: Double { 10 }

  private let uptime: @Sendable () -> Double
  private let now: @Sendable () -> String
  private let compute: Computation
  private let state: Monitor<State>
  private let isCancelled = Atomic(false)

  /// Creates an empty cache.
  ///
  /// - Parameters:
  ///   - capacity: The maximum number of cached answers.
  ///   - uptime: Seconds since some fixed moment.
  ///   - now: The current time, ISO 8601.
  ///   - compute: Computes an answer.
  init(
    capacity: Int, uptime: @escaping @Sendable () -> Double,
    now: @escaping @Sendable () -> String, compute: @escaping Computation
  ) {
    state = Monitor(State(entries: RecentlyUsed(capacity: capacity)))
    self.uptime = uptime
    self.now = now
    self.compute = compute
  }

  /// Cancels all computations, present and future.
  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  /// The next step towards an answer.
  private enum Step {
    case give(Answer)
    /// Give the answer of an earlier state, and compute a new one in the background.
    case refresh(Answer)
    case compute
    case wait
  }

  /// Returns the answer to a question.
  ///
  /// - Parameters:
  ///   - question: The question.
  ///   - token: The store's change token, taken before the call; `nil` if the store has none, in
  ///     which case the answer is not cached.
  /// - Returns: The answer, of an earlier state of the store if a newer one takes long.
  /// - Throws: The error of computing it.
  func answer(_ question: Question, since token: String?) throws -> Answer {
    while true {
      if let answer = try answer(question, token, inBackgroundUntil: nil) { return answer }
    }
  }

  /// Returns the answer to a question, if it is available soon.
  ///
  /// - Parameters:
  ///   - question: The question.
  ///   - token: The store's change token, as for ``answer(_:since:)``.
  ///   - patience: How long to wait.
  /// - Returns: The answer; `nil` if it is still being computed in the background, in which case
  ///   the client should ask again.
  /// - Throws: The error of computing it.
  func answer(
    _ question: Question, since token: String?, within patience: Duration
  ) throws -> Answer? {
    // Without a token no answer is cached, so asking again would start over.
    guard token != nil else { return try answer(question, since: token) }
    return try answer(question, token, inBackgroundUntil: Deadline(after: patience))
  }

  /// Returns the answer; if there is a deadline, computes it on another thread, and returns `nil`
  /// once it has passed.
  private func answer(
    _ question: Question, _ token: String?, inBackgroundUntil deadline: Deadline?
  ) throws -> Answer? {
    while true {
      if deadline != nil, let failure = takeFailure(question) { throw failure }
      switch step(question, token) {
      case .give(let answer): return answer
      case .refresh(let answer):
        if !refresh(question, token) { end(question) }
        return answer
      case .compute:
        guard deadline != nil, refresh(question, token) else {
          defer { end(question) }
          return try computed(question, token)
        }
      case .wait: break
      }
      let hasEnded = state.wait { state in
        if !state.underWay.contains(question) { return .done(true) }
        let deadline = deadline ?? .never
        return deadline.hasPassed ? .done(false) : .wait(until: deadline)
      }
      if !hasEnded { return nil }
    }
  }

  private func takeFailure(_ question: Question) -> (any Error)? {
    let time = uptime()
    return state.withLock { state in
      guard let failure = state.failures.removeValue(forKey: question),
        time - failure.at < Self.failureAge
      else { return nil }
      return failure.error
    }
  }

  private func step(_ question: Question, _ token: String?) -> Step {
    let time = uptime()
    return state.withLock { state in
      guard let token, let entry = state.entries[question] else {
        return state.underWay.insert(question).inserted ? .compute : .wait
      }
      let isCurrent = entry.token == token
      let answer = Answer(
        value: entry.value, asOf: entry.asOf, revision: entry.revision, isCurrent: isCurrent)
      if isCurrent { return .give(answer) }
      let isUnderWay = state.underWay.contains(question)
      guard entry.cost > Self.quick else {
        if isUnderWay { return .wait }
        state.underWay.insert(question)
        return .compute
      }
      guard !isUnderWay, time >= entry.endedAt + 9 * entry.cost else { return .give(answer) }
      state.underWay.insert(question)
      return .refresh(answer)
    }
  }

  /// Computes the answer on another thread.
  ///
  /// - Returns: Whether the thread could be started.
  private func refresh(_ question: Question, _ token: String?) -> Bool {
    do {
      try SystemThread.detached { [self] in
        do {
          _ = try computed(question, token)
          end(question)
        } catch {
          let time = uptime()
          state.withLock(waking: .all) { state in
            // The next client that asks gets the error, or computes the answer.
            state.entries[question] = nil
            state.failures = state.failures.filter { time - $0.value.at < Self.failureAge }
            state.failures[question] = (error, time)
            state.underWay.remove(question)
          }
        }
      }
      return true
    } catch {
      return false
    }
  }

  private func computed(_ question: Question, _ token: String?) throws -> Answer {
    let (start, asOf) = (uptime(), now())
    let value = try compute(question) { [self] in isCancelled.load(ordering: .relaxed) }
    let end = uptime()
    return state.withLock { state in
      state.revisions += 1
      let answer = Answer(
        value: value, asOf: asOf, revision: state.revisions, isCurrent: true)
      guard token != nil else { return answer }
      state.entries[question] = Entry(
        value: value, asOf: asOf, revision: state.revisions, token: token, cost: end - start,
        endedAt: end)
      return answer
    }
  }

  private func end(_ question: Question) {
    state.withLock(waking: .all) { _ = $0.underWay.remove(question) }
  }
}

/// A cache of the most recently used values.
struct RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let capacity: Int
  private var entries: [Key: (value: Value, lastUse: Int)] = [:]
  private var uses = 0

  /// Creates an empty cache for up to `capacity` values.
  init(capacity: Int) { self.capacity = capacity }

  /// The value of a key; getting and setting it counts as a use.
  subscript(key: Key) -> Value? {
    mutating get {
      uses += 1
      entries[key]?.lastUse = uses
      return entries[key]?.value
    }
    set {
      uses += 1
      entries[key] = newValue.map { ($0, uses) }
      if entries.count > capacity,
        let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
      {
        entries[oldest.key] = nil
      }
    }
  }
}
