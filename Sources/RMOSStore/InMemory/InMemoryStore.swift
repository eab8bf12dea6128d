public import RMOSModels
import Synchronization

/// Entities in memory: for tests, previews and dry experiments.
///
/// It keeps the rules of the shared schema (keys, NOT NULL, foreign keys, conversion to column
/// types), so it accepts and refuses what ``SQLiteStore`` does. Reading and writing take O(1) per
/// entity by id; a transaction that writes first copies the tables it touches, and queries sort
/// all entities of their kind.
public final class InMemoryStore: RecordStore {
  private let state = Mutex(InMemoryState())
  private let mark = ChangeMark()
  private let gate = WriterGate(location: "the store")

  /// An empty store.
  public init() {}

  /// "in memory".
  public var location: String { "in memory" }

  /// Runs `body` on a snapshot; no lock is held meanwhile.
  public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    let reader = InMemoryReader(snapshot)
    defer { _ = reader.expire() }
    return try body(reader)
  }

  /// Runs `body` on a copy of the state, which takes the state's place where `body` succeeds.
  ///
  /// Waits at most five seconds for a thread within ``withExclusiveWriter(_:)``.
  public func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try gate.transaction(timeout: 5) {
      let transaction = InMemoryTransaction(snapshot)
      defer { _ = transaction.expire() }
      let result = try body(transaction)
      if var changed = transaction.expire() {
        changed.version += 1
        state.withLock { $0 = changed }
      }
      return result
    }
  }

  /// Runs `body` as the only writer; the lock is the calling thread's.
  public func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try gate.exclusively(body)
  }

  /// It can always be written to.
  public func checkWriting() throws -> [Issue] { [] }

  /// Looking things up tells all.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }

  /// Counts the transactions that were kept.
  public func changeToken() -> String? { "\(mark.text)-\(state.withLock { $0.version })" }

  private var snapshot: InMemoryState { state.withLock { $0 } }
}
