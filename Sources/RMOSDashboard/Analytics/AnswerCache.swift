import RMOSStore
import RMOSSystem
import Synchronization

/// An answer about a store.
struct KeptAnswer<Value: Sendable>: Sendable {
  var value: Value
  /// When the store was read for it, ISO 8601.
  var asOf: String
  /// Differs from that of every other answer to the same question.
  var revision: Int
  /// Whether the answer is of the store's current state; if not, a newer answer is being computed.
  var isCurrent: Bool
}

/// Answers about a store that take long, kept for the questions asked last.
///
/// The same question is never worked on twice at a time: whoever asks meanwhile waits for the
/// answer, or gets the one before. After a change of the store, an answer that takes long is
/// recomputed in the background, at most for a tenth of the time, while the one before is given and
/// says so. A thread in the background keeps the cache alive, so its owner cancels the work.
final class AnswerCache<Question: Hashable & Sendable, Value: Sendable>: Sendable {
  typealias Answer = KeptAnswer<Value>

  /// Computes an answer; asks from time to time whether it is still wanted.
  typealias Computation =
    @Sendable (Question, _ isCancelled: @escaping () -> Bool) throws -> Value

  private struct Entry {
    var value: Value
    var asOf: String
    var revision: Int
    var token: String?
    /// How long it took, seconds.
    var cost: Double
    /// When computing it ended.
    var endedAt: Double
  }

  private struct State {
    var entries: RecentlyUsed<Question, Entry>
    var underWay: Set<Question> = []
    /// The failures of computing in the background, with their times, for clients that ask again.
    var failures: [Question: (error: any Error, at: Double)] = [:]
    var revisions = 0
  }

  /// What takes less time is computed while the client waits, seconds.
  private static var quick: Double { 0.02 }
  /// How long a failure is kept and repeated to clients that ask again, in seconds.
  private static var failureAge: Double { 10 }

  private let uptime: @Sendable () -> Double
  private let now: @Sendable () -> String
  private let compute: Computation
  private let state: Monitor<State>
  private let isCancelled = Atomic(false)

  /// Creates an empty cache.
  ///
  /// - Parameters:
  ///   - capacity: How many questions are remembered.
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

  /// Cancels the work in the background, and all that would follow.
  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  /// What to do about a question.
  private enum Step {
    case give(Answer)
    /// Give the answer of an earlier state, and compute a new one in the background.
    case refresh(Answer)
    case compute
    case wait
  }

  /// The answer to a question.
  ///
  /// - Parameters:
  ///   - question: The question.
  ///   - token: The store's change token, taken before; `nil` if it has none, then nothing is kept.
  /// - Returns: The answer, of an earlier state of the store if a newer one takes long.
  /// - Throws: What computing it throws.
  func answer(_ question: Question, since token: String?) throws -> Answer {
    while true {
      if let answer = try answer(question, token, inBackgroundUntil: nil) { return answer }
    }
  }

  /// The answer to a question, unless a client would have to wait too long for it.
  ///
  /// - Parameters:
  ///   - question: The question.
  ///   - token: The store's change token, as for ``answer(_:since:)``.
  ///   - patience: How long to wait.
  /// - Returns: The answer; `nil` if it is still being computed. That goes on, so the question
  ///   should be asked again.
  /// - Throws: What computing it throws.
  func answer(
    _ question: Question, since token: String?, within patience: Duration
  ) throws -> Answer? {
    // Without a token, no answer is kept, and each question would begin the work anew.
    guard token != nil else { return try answer(question, since: token) }
    return try answer(question, token, inBackgroundUntil: Deadline(after: patience))
  }

  /// The answer; with a deadline it is computed on another thread, and is `nil` once that has
  /// passed.
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

  /// Computes the answer on a thread of its own.
  ///
  /// - Returns: Whether there was one.
  private func refresh(_ question: Question, _ token: String?) -> Bool {
    do {
      try SystemThread.detached { [self] in
        do {
          _ = try computed(question, token)
          end(question)
        } catch {
          let time = uptime()
          state.withLock(waking: .all) { state in
            // Whoever asks next computes it, and hears why that fails.
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

/// A cache that keeps the values that were used last.
struct RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let capacity: Int
  private var entries: [Key: (value: Value, lastUse: Int)] = [:]
  private var uses = 0

  /// Creates an empty collection that keeps `capacity` values.
  init(capacity: Int) { self.capacity = capacity }

  /// The value of a key, which getting and setting it uses.
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
