import Foundation

/// Threads for tests that wait, for a process or a browser.
///
/// Such a test takes a thread from those that compute, of which there are as many as cores; and if
/// its suite is serialized, its tests come to an end alone, after all others.
public final class WaitingThreads: TaskExecutor, @unchecked Sendable {
  /// The threads of most tests.
  public static let shared = WaitingThreads(count: 8)
  /// Threads for the suites that take longest, which therefore wait for no other: a serialized
  /// suite waits anew before each of its tests.
  public static let longest = WaitingThreads(count: 6)

  private let condition = NSCondition()
  private var jobs: [UnownedJob] = []

  private init(count: Int) {
    for _ in 0..<count {
      Thread { [unowned self] in
        while true { next().runSynchronously(on: asUnownedTaskExecutor()) }
      }.start()
    }
  }

  /// Has one of the threads run a job, after those that came before it.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.withLock { jobs.append(job) }
    condition.signal()
  }

  private func next() -> UnownedJob {
    condition.withLock {
      while jobs.isEmpty { condition.wait() }
      return jobs.removeFirst()
    }
  }
}
