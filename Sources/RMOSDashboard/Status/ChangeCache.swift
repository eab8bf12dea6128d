import Synchronization

/// A value that is made from a store, kept until the store changes.
///
/// What is costly to make is made anew about once a second only while a migration runs, and less
/// often where it takes longer than a tenth of that. Where others change the store all the time,
/// making it may take a tenth of the time too, once a second's worth of it is used up.
final class ChangeCache<Value: Sendable & Equatable>: Sendable {
  /// A value and its number, which changes with it.
  struct Entry: Sendable {
    var value: Value
    var revision: Int
    /// Whether it is of the present state; false where it had to do though the store has changed.
    var isCurrent = true
  }

  private struct State {
    /// So that what changes now and then is always made anew.
    static var fullBudget: Double { 1 }

    var entry: Entry?
    var token: String?
    var madeAt = 0.0
    var cost = 0.0
    /// How long making it may take before what is kept must do, seconds; it grows with the time.
    var budget = Self.fullBudget
    /// Counts the changes through this interface, which are to be seen at once.
    var epoch = 0

    /// The budget as many seconds after the value was made.
    func budget(after age: Double) -> Double { min(Self.fullBudget, budget + age / 10) }
  }

  private let state = Mutex(State())
  private let uptime: @Sendable () -> Double

  init(uptime: @escaping @Sendable () -> Double) { self.uptime = uptime }

  /// The value, made anew where need be.
  ///
  /// Several threads may make it at the same time: nothing is locked meanwhile.
  /// - Parameters:
  ///   - circumstances: What holds now.
  ///   - lifetime: How long it may be kept though the store does not change, seconds.
  ///   - make: Makes it.
  /// - Returns: The value.
  /// - Throws: What `make` throws.
  func entry(
    _ circumstances: CacheCircumstances, lifetime: (Value) -> Double = { _ in .infinity },
    _ make: () throws -> Value
  ) rethrows -> Entry {
    let known = state.withLock { $0 }
    if var entry = known.entry {
      let age = circumstances.now - known.madeAt
      if known.token != nil, known.token == circumstances.token, age < lifetime(entry.value) {
        return entry
      }
      if known.cost > 0.005, age < 10 {
        entry.isCurrent = false
        if known.budget(after: age) <= 0 { return entry }
        if age < max(1, 10 * known.cost), circumstances.isBeingWritten() { return entry }
      }
    }
    let value = try make()
    let cost = uptime() - circumstances.now
    return state.withLock { state in
      let isNew = state.entry?.value != value
      let entry = Entry(value: value, revision: (state.entry?.revision ?? 0) + (isNew ? 1 : 0))
      state.entry = entry
      // What was made before a change through this interface is answered once and not kept.
      state.token = state.epoch == known.epoch ? circumstances.token : nil
      state.budget = state.budget(after: max(0, circumstances.now - state.madeAt)) - cost
      state.madeAt = circumstances.now
      state.cost = state.epoch == known.epoch ? cost : 0
      return entry
    }
  }

  /// Puts a better value in the place of the one made under a token, where that still stands.
  func replace(under token: String, _ change: (inout Value) -> Void) {
    state.withLock { state in
      guard state.token == token, var entry = state.entry else { return }
      change(&entry.value)
      entry.revision += 1
      state.entry = entry
    }
  }

  /// Lets the next request make it anew.
  func expire() { state.withLock { $0.token = nil } }

  /// Lets the next request make it anew, and keeps nothing that is being made.
  func invalidate() {
    state.withLock { state in
      state.token = nil
      state.cost = 0
      state.epoch += 1
    }
  }
}

/// What a value is made under.
struct CacheCircumstances {
  /// The store's change token, taken before the value is made.
  var token: String?
  /// Seconds since some fixed moment.
  var now: Double
  /// Whether someone writes to the store right now.
  var isBeingWritten: () -> Bool
}
