import RMOSStore
import Synchronization

/// A value computed from a store, cached until the store changes.
///
/// While a migration runs, an expensive value is recomputed about once a second, or less often if
/// that takes longer than a tenth of a second. If other programs change the store all the time,
/// recomputing takes at most a tenth of the time too, after an initial budget of a second.
final class ChangeCache<Value: Sendable & Equatable>: Sendable {
  /// A value, with a revision that changes with it.
  struct Entry: Sendable {
    var value: Value
    var revision: Int
    /// Whether the value is up to date; `false` if it was reused although the store has changed.
    var isCurrent = true
  }

  private struct State {
    /// The maximum of ``budget``, so large that a value that changes rarely is always recomputed.
    static var fullBudget: Double { 1 }

    var entry: Entry?
    var token: String?
    var madeAt = 0.0
    var cost = 0.0
    /// How long recomputing may take before the cached value is reused, seconds; grows over time.
    var budget = Self.fullBudget
    /// Counts the changes made through the API, which must be visible at once.
    var epoch = 0

    /// The budget a number of seconds after the value was computed.
    func budget(after age: Double) -> Double { min(Self.fullBudget, budget + age / 10) }
  }

  private let state = Mutex(State())
  /// Held while the value is computed, so that many clients who ask at once take the time and the
  /// memory of one.
  private let turn = Mutex(())
  private let uptime: @Sendable () -> Double

  init(uptime: @escaping @Sendable () -> Double) { self.uptime = uptime }

  /// The value, if it need not be recomputed.
  func known(_ circumstances: CacheCircumstances) -> Entry? {
    Self.reusable(state.withLock { $0 }, circumstances) { _ in .infinity }
  }

  private static func reusable(
    _ known: State, _ circumstances: CacheCircumstances, _ lifetime: (Value) -> Double
  ) -> Entry? {
    guard var entry = known.entry else { return nil }
    let age = circumstances.now - known.madeAt
    if known.token != nil, known.token == circumstances.token, age < lifetime(entry.value) {
      return entry
    }
    guard known.cost > 0.005, age < 10 else { return nil }
    entry.isCurrent = false
    if known.budget(after: age) <= 0 { return entry }
    return age < max(1, 10 * known.cost) && circumstances.isBeingWritten() ? entry : nil
  }

  /// Returns the value, recomputed if necessary.
  ///
  /// One thread computes it at a time; others wait.
  ///
  /// - Parameters:
  ///   - circumstances: The current circumstances.
  ///   - lifetime: How long a value may be cached even if the store does not change, seconds.
  ///   - make: Computes the value.
  /// - Returns: The value.
  /// - Throws: The error of `make`.
  func entry(
    _ circumstances: CacheCircumstances, lifetime: (Value) -> Double = { _ in .infinity },
    _ make: () throws -> Value
  ) rethrows -> Entry {
    func known() -> State { state.withLock { $0 } }
    if let entry = Self.reusable(known(), circumstances, lifetime) { return entry }
    return try turn.withLock { _ in
      // Another thread may have computed it meanwhile.
      let known = known()
      if let entry = Self.reusable(known, circumstances, lifetime) { return entry }
      let start = uptime()
      let value = try make()
      let cost = uptime() - start
      return state.withLock { state in
        let isNew = state.entry?.value != value
        let entry = Entry(value: value, revision: (state.entry?.revision ?? 0) + (isNew ? 1 : 0))
        state.entry = entry
        // A value computed before a change through the API is returned once and not cached.
        state.token = state.epoch == known.epoch ? circumstances.token : nil
        state.budget = state.budget(after: max(0, circumstances.now - state.madeAt)) - cost
        state.madeAt = circumstances.now
        state.cost = state.epoch == known.epoch ? cost : 0
        return entry
      }
    }
  }

  /// Makes the next call recompute the value, and keeps values in computation from being cached.
  func invalidate() {
    state.withLock { state in
      state.token = nil
      state.cost = 0
      state.epoch += 1
    }
  }
}

extension RecordStore {
  /// Checks that the store can be read, since cached values would hide that it cannot.
  ///
  /// A store whose file was removed or replaced by something else has no change token.
  ///
  /// - Throws: `StoreError` if the store cannot be read; not if it is only busy.
  func checkPresence() throws {
    guard changeToken() == nil else { return }
    do {
      try read { _ in }
    } catch let error as StoreError where error.code == .busy {}
  }
}

/// The state of the store when a cached value is asked for.
struct CacheCircumstances {
  /// The store's change token, taken before the value is computed.
  var token: String?
  /// Seconds since some fixed moment.
  var now: Double
  /// Whether a process is writing to the store.
  var isBeingWritten: () -> Bool
}
