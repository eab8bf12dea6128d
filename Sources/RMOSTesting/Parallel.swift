import RMOSSystem
import Synchronization

/// Runs `body` on `count` threads of their own, and waits for all of them.
///
/// - Throws: The first error of the first thread that has one.
func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  let outcomes = Outcomes()
  var threads: [SystemThread] = []
  defer { for thread in threads { thread.join() } }
  for index in 0..<count {
    threads.append(
      try SystemThread {
        let outcome = Result { try body(index) }
        outcomes.values.withLock { $0[index] = outcome }
      })
  }
  for thread in threads { thread.join() }
  threads = []
  for (_, outcome) in outcomes.values.withLock({ $0.sorted { $0.key < $1.key } }) {
    try outcome.get()
  }
}

private final class Outcomes: Sendable {
  let values = Mutex<[Int: Result<Void, any Error>]>([:])
}
