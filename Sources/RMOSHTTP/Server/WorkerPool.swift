import RMOSSystem
import Synchronization

/// Threads that call the handler, which may block, and return its responses as bytes.
///
/// Some are only for what takes long, such as a download of a long table, so that however many
/// clients ask for such, there are threads left for pages.
final class WorkerPool: Sendable {
  /// Work for a connection.
  struct Job: Sendable {
    /// What to do.
    enum Task: Sendable {
      /// To handle a request.
      case answer(ServerRequest, minorVersion: Int, keepsAlive: Bool)
      /// To make the next part of a response's body.
      case part(ResponseParts)
    }

    /// The connection it is for.
    var connection: Int
    var task: Task
  }

  /// A response, or the next part of its body, ready to send.
  struct Answer: Sendable {
    var connection: Int
    var content: Content

    /// What is ready.
    enum Content: Sendable {
      case response(
        status: Int, bytes: [UInt8], bodySize: Int, keepsAlive: Bool, rest: ResponseParts?)
      /// `nil` for the end of the body.
      case part([UInt8]?)
      /// The next part could not be made.
      case broken
    }
  }

  private struct Queue {
    var jobs: [Job] = []
    var isClosed = false
  }

  private let handler: @Sendable (ServerRequest) -> ServerResponse
  private let pipe: WakePipe
  private let clock: DateClock
  private let queue = Monitor(Queue())
  /// What the handler has postponed.
  private let longQueue = Monitor(Queue())
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
  ///
  /// - Parameters:
  ///   - count: How many requests are handled at once.
  ///   - longCount: How many of those that the handler postpones are handled at once besides.
  /// - Throws: `SystemError` if the system provides no thread.
  func start(_ count: Int, long longCount: Int) throws(SystemError) {
    for _ in 0..<count { try SystemThread.detached { self.work(on: self.queue) } }
    for _ in 0..<longCount { try SystemThread.detached { self.work(on: self.longQueue) } }
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
    for queue in [queue, longQueue] {
      queue.withLock(waking: .all) { queue in
        queue.isClosed = true
        queue.jobs.removeAll()
      }
    }
  }

  private func work(on queue: Monitor<Queue>) {
    while let job = nextJob(of: queue) {
      let content: Answer.Content
      switch job.task {
      case .answer(var request, let minorVersion, let keepsAlive):
        request.takesParts = true
        request.mayBePostponed = queue === self.queue
        var response = handler(request)
        // Clients take another number for no HTTP at all.
        if !(200...599 ~= response.status) {
          response =
            HTTPRefusal(500, "the server made a response of status \(response.status)").response
        }
        if response.isPostponed, request.mayBePostponed {
          longQueue.withLock(waking: .one) { queue in
            if !queue.isClosed { queue.jobs.append(job) }
          }
          continue
        }
        content = answer(
          request, response, minorVersion: minorVersion, keepsAlive: keepsAlive)
      case .part(let parts):
        do {
          content = .part(try parts.next())
        } catch {
          content = .broken
        }
      }
      let isFirst = answers.withLock { answers in
        answers.append(Answer(connection: job.connection, content: content))
        return answers.count == 1
      }
      if isFirst { pipe.wake() }
    }
  }

  private func answer(
    _ request: ServerRequest, _ response: ServerResponse, minorVersion: Int, keepsAlive: Bool
  ) -> Answer.Content {
    // HTTP/1.0 knows no chunks: the end of the connection ends the body.
    let keepsAlive =
      keepsAlive && !isDraining.load(ordering: .relaxed)
      && (response.rest == nil || minorVersion > 0)
    let writer = ResponseWriter(
      isHead: request.method == "HEAD", minorVersion: minorVersion, keepsAlive: keepsAlive,
      date: clock.text)
    let (bytes, bodySize) = writer.bytes(response)
    return .response(
      status: response.status, bytes: bytes, bodySize: bodySize, keepsAlive: keepsAlive,
      rest: writer.isHead ? nil : response.rest)
  }

  private func nextJob(of queue: Monitor<Queue>) -> Job? {
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
