import RMOSSystem
import Synchronization

extension SQLiteStore: ConcurrentReading {
  package func readConcurrently(
    _ parts: [@Sendable (any StoreReader) throws -> Void]
  ) throws {
    let queue = PartQueue(parts)
    if parts.count > 1 {
      let isDone: Void? = try readers.readTwice { first, second in
        let thread = try? SystemThread { queue.work(on: second) }
        queue.work(on: first)
        thread?.join()
      }
      if isDone != nil { return try queue.finish() }
    }
    try readers.read { queue.work(on: $0) }
    try queue.finish()
  }
}

/// Parts of a read that threads take one after the other.
private final class PartQueue: Sendable {
  private struct State {
    var next = 0
    var failure: (position: Int, error: any Error)?
  }

  private let parts: [@Sendable (any StoreReader) throws -> Void]
  private let state = Mutex(State())

  init(_ parts: [@Sendable (any StoreReader) throws -> Void]) { self.parts = parts }

  /// Runs parts until none is left.
  func work(on session: SQLiteSession) {
    let reader = SQLiteReader(session)
    defer { reader.expire() }
    while let position = take() {
      do {
        try parts[position](reader)
      } catch {
        state.withLock { state in
          guard position < state.failure?.position ?? .max else { return }
          state.failure = (position, error)
        }
      }
    }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.failure == nil, state.next < parts.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  /// Throws what the first part that failed threw.
  func finish() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure.error }
  }
}
