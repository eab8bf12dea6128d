import RMOSSystem
import Synchronization

/// Threads that call the handler, which may block, and return its responses as bytes.
final class WorkerPool: Sendable {
  /// A request to handle.
  struct Job: Sendable {
    /// The connection it came on.
    var connection: Int
    var request: ServerRequest
    var minorVersion: Int
    var keepsAlive: Bool
  }

  /// A response, ready to send.
  struct Answer: Sendable {
    var connection: Int
    var status: Int
    var bytes: [UInt8]
    var bodySize: Int
    var keepsAlive: Bool
  }

  private struct Queue {
    var jobs: [Job] = []
    var isClosed = false
  }

  private let handler: @Sendable (ServerRequest) -> ServerResponse
  private let pipe: WakePipe
  private let clock: DateClock
  private let queue = Monitor(Queue())
  private let answers = Mutex<[Answer]>([])
  /// Whether connections close after their next response.
  private let isDraining = Atomic(false)

  init(
    handler: @escaping @Sendable (ServerRequest) -> ServerResponse, pipe: WakePipe, clock: DateClock
  ) {
    self.handler = handler
    self.pipe = pipe
    self.clock = clock
  }

  /// Starts the threads.
  ///
  /// They hold the pool until ``close()``, and end by themselves after it.
  func start(_ count: Int) throws(SystemError) {
    for _ in 0..<count { try SystemThread.detached { self.work() } }
  }

  /// Queues a request; at most one per connection at a time.
  func submit(_ job: Job) {
    queue.withLock(waking: .one) { $0.jobs.append(job) }
  }

  /// Removes and returns the responses that are ready.
  func takeAnswers() -> [Answer] { answers.withLock { take(&$0) } }

  /// Makes further responses close their connections.
  func drain() { isDraining.store(true, ordering: .relaxed) }

  /// Lets the threads end.
  func close() {
    queue.withLock(waking: .all) { queue in
      queue.isClosed = true
      queue.jobs.removeAll()
    }
  }

  private func work() {
    while let job = nextJob() {
      let response = handler(job.request)
      let keepsAlive = job.keepsAlive && !isDraining.load(ordering: .relaxed)
      let writer = ResponseWriter(
        isHead: job.request.method == "HEAD", minorVersion: job.minorVersion,
        keepsAlive: keepsAlive, date: clock.text)
      let (bytes, bodySize) = writer.bytes(response)
      let isFirst = answers.withLock { answers in
        answers.append(
          Answer(
            connection: job.connection, status: response.status, bytes: bytes,
            bodySize: bodySize, keepsAlive: keepsAlive))
        return answers.count == 1
      }
      if isFirst { pipe.wake() }
    }
  }

  private func nextJob() -> Job? {
    queue.wait { queue in
      if queue.isClosed { return .done(nil) }
      return queue.jobs.isEmpty ? .wait() : .done(queue.jobs.removeFirst())
    }
  }

  private func take(_ answers: inout [Answer]) -> [Answer] {
    defer { answers = [] }
    return answers
  }
}
