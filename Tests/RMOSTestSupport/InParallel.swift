import Foundation
import Synchronization

/// Runs `body` on `count` threads of their own and waits for all of them.
///
/// - Returns: What became of each, in order.
public func inParallel(
  _ count: Int, _ body: @escaping @Sendable (Int) throws -> Void
) -> [Result<Void, any Error>] {
  let group = DispatchGroup()
  let outcomes = Outcomes()
  for index in 0..<count {
    group.enter()
    Thread.detachNewThread {
      let outcome = Result { try body(index) }
      outcomes.values.withLock { $0[index] = outcome }
      group.leave()
    }
  }
  group.wait()
  return outcomes.values.withLock { outcomes in
    outcomes.sorted { $0.key < $1.key }.map(\.value)
  }
}

private final class Outcomes: Sendable {
  let values = Mutex<[Int: Result<Void, any Error>]>([:])
}
