import RMOSModels
import RMOSSystem
import Synchronization

/// A cache of the columns of lists, which are built in the background, once per kind and state of
/// the database.
///
/// Queries for which there are no columns of the right state are answered by SQL, with the same
/// results.
final class SQLiteListCache: Sendable {
  private struct State {
    /// The change token of the state of the database that the columns are of.
    var token: String?
    /// The columns of the kinds that were tried in that state; `nil` if a kind has none.
    var kinds: [EntityKind: ListColumns?] = [:]
    /// The kinds with columns, the most recently used at the end.
    var order: [EntityKind] = []
    var isBuilding = false
    /// When columns may be built again, so that frequent changes do not keep a core busy.
    var next = ContinuousClock.Instant.now
    var isClosed = false

    /// Stores the columns of a kind, and removes others if they take too much memory.
    mutating func keep(_ columns: ListColumns?, of kind: EntityKind, limit: Int) {
      kinds[kind] = .some(columns)
      guard let columns else { return }
      order.removeAll { $0 == kind }
      makeRoom(for: columns.size, limit: limit)
      order.append(kind)
    }

    /// Removes the least recently used columns, so that `size` more bytes do not exceed the limit.
    mutating func makeRoom(for size: Int, limit: Int) {
      var size = size
      for other in order.reversed() {
        size += (kinds[other] ?? nil)?.size ?? 0
        guard size > limit else { continue }
        kinds[other] = nil
        order.removeAll { $0 == other }
      }
    }
  }

  private let readers: SQLiteReaderPool
  private let watch: SQLiteChangeWatch
  private let isBeingWritten: @Sendable () -> Bool
  /// The memory that the columns may take, in bytes.
  private let limit: Int
  private let state = Mutex(State())
  /// The least number of rows for which columns are built.
  private let fewest: Int
  /// If the database changed while columns were built, the time before they are built again, as a
  /// multiple of the time that it took.
  private static let rest = 9

  init(
    _ readers: SQLiteReaderPool, _ watch: SQLiteChangeWatch, limit: Int, fewest: Int = 10_000,
    isBeingWritten: @escaping @Sendable () -> Bool
  ) {
    self.readers = readers
    self.watch = watch
    self.limit = limit
    self.fewest = fewest
    self.isBeingWritten = isBeingWritten
  }

  /// Whether columns are being built in the background.
  var isBuilding: Bool { state.withLock(\.isBuilding) }

  /// The access to the cache for a read that begins now.
  func access() -> Access { Access(cache: self, token: watch.token()) }

  /// Empties the cache, and stops building columns.
  func close() {
    state.withLock { state in
      state = State()
      state.isClosed = true
    }
  }

  /// The access to the cache by one read.
  struct Access {
    fileprivate let cache: SQLiteListCache
    /// The change token before the snapshot of the read was taken.
    fileprivate let token: String?

    /// The columns of a kind in the state of the snapshot; `nil` if there are none, in which case
    /// building them begins if `builds`.
    func columns(of kind: EntityKind, builds: Bool) -> ListColumns? {
      // If the token has not changed since before the snapshot, it is also that of the snapshot.
      guard let token, cache.watch.token() == token else { return nil }
      return cache.columns(of: kind, token, builds)
    }
  }

  private func columns(of kind: EntityKind, _ token: String, _ builds: Bool) -> ListColumns? {
    let known: ListColumns?? = state.withLock { state in
      guard state.token == token, let known = state.kinds[kind] else { return nil }
      if state.order.last != kind, known != nil {
        state.order.removeAll { $0 == kind }
        state.order.append(kind)
      }
      return .some(known)
    }
    if let known { return known }
    if builds { build(kind) }
    return nil
  }

  private func build(_ kind: EntityKind) {
    let begins = state.withLock { state in
      guard !state.isBuilding, !state.isClosed, state.next <= .now else { return false }
      state.isBuilding = true
      return true
    }
    guard begins else { return }
    do throws(SystemError) {
      try SystemThread.detached { [self] in
        SystemThread.yieldToOthers()
        // Columns that are built while a process writes would be outdated at once.
        if !isBeingWritten() { buildNow(kind) }
        state.withLock { $0.isBuilding = false }
      }
    } catch {
      state.withLock { $0.isBuilding = false }
    }
  }

  /// Builds the columns of a kind, on this thread.
  func buildNow(_ kind: EntityKind) {
    let start = ContinuousClock.now
    guard let token = watch.token() else { return }
    // After an error, the kind is not tried again in this state of the database.
    let built = (try? read(kind, of: token)) ?? .built(nil)
    guard case .built(let columns) = built else { return }
    state.withLock { state in
      guard !state.isClosed else { return }
      if state.token != token {
        state.token = token
        state.kinds = [:]
        state.order = []
      }
      state.keep(columns, of: kind, limit: limit)
      if watch.token() != token { state.next = .now + (.now - start) * Self.rest }
    }
  }

  private enum Built {
    case built(ListColumns?)
    /// The database has changed, or the cache is closed.
    case outdated
  }

  private func read(_ kind: EntityKind, of token: String) throws -> Built {
    try readers.read { session in
      guard watch.token() == token else { return .outdated }
      let columns = try session.connection.run(until: { state.withLock { $0.isClosed } }) {
        // The columns being built count, too, so that the limit is not exceeded.
        Built.built(
          try ListColumns(kind, session, fewest: fewest, limit: limit) { size in
            state.withLock { $0.makeRoom(for: size, limit: limit) }
          })
      }
      return columns ?? .outdated
    }
  }
}
