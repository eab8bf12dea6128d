import Synchronization

/// Answers that are made from one basis, such as what was read from a store, without asking the store
/// again; kept for the questions asked last until there is a newer basis.
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
