import RMOSModels
import RMOSSystem
import Synchronization

/// The columns of lists in memory, each kind's built once per state of the database, in the
/// background.
///
/// What is not there, or is of another state, is read by SQL, which gives the same answers.
final class SQLiteListCache: Sendable {
  private struct State {
    /// The state of the database that the columns are of.
    var token: String?
    /// The kinds that were looked at in that state; `nil` for a kind without columns.
    var kinds: [EntityKind: ListColumns?] = [:]
    /// The kinds with columns, the one used last at the end.
    var order: [EntityKind] = []
    var isBuilding = false
    /// When columns may be built again, so that frequent changes do not keep a core busy.
    var next = ContinuousClock.Instant.now
    var isClosed = false

    mutating func keep(_ columns: ListColumns?, of kind: EntityKind, limit: Int) {
      kinds[kind] = .some(columns)
      guard let columns else { return }
      order.removeAll { $0 == kind }
      makeRoom(for: columns.size, limit: limit)
      order.append(kind)
    }

    /// Forgets columns that with `size` bytes more take too much memory, those used last the last.
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
  /// After columns were built, this many times as long passes before they are built of a newer
  /// state.
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

  /// What a read that begins now may use.
  func access() -> Access { Access(cache: self, token: watch.token()) }

  /// Ends the use of the cache.
  func close() {
    state.withLock { state in
      state = State()
      state.isClosed = true
    }
  }

  /// The cache as one read sees it.
  struct Access {
    fileprivate let cache: SQLiteListCache
    /// The state of the database before the snapshot was taken.
    fileprivate let token: String?

    /// The columns of a kind in the state that the snapshot is of; `nil` if there are none, which
    /// begin to be built if `builds`.
    func columns(of kind: EntityKind, builds: Bool) -> ListColumns? {
      // Unchanged, it is the state of the snapshot too, which was taken in between.
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
        // What is built while others write is out of date at once.
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
    // A kind that cannot be read is not tried again in this state of the database.
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
    /// There is a newer state by now, or the cache is closed.
    case outdated
  }

  private func read(_ kind: EntityKind, of token: String) throws -> Built {
    try readers.read { session in
      guard watch.token() == token else { return .outdated }
      let columns = try session.connection.run(until: { state.withLock { $0.isClosed } }) {
        // Columns under construction count too, so that the limit is never exceeded.
        Built.built(
          try ListColumns(kind, session, fewest: fewest, limit: limit) { size in
            state.withLock { $0.makeRoom(for: size, limit: limit) }
          })
      }
      return columns ?? .outdated
    }
  }
}
