import RMOSSystem
import Synchronization

/// Threads that call the handler, which may block, and serialize its responses.
///
/// Some of them handle only postponed requests, such as downloads of long tables, so that there are
/// always threads left for short ones.
final class WorkerPool: Sendable {
  /// Work for a connection.
  struct Job: Sendable {
    /// The kind of work.
    enum Task: Sendable {
      /// Handle a request.
      case answer(ServerRequest, minorVersion: Int, keepsAlive: Bool)
      /// Make the next part of a response's body.
      case part(ResponseParts)
    }

    /// The number of the connection.
    var connection: Int
    var task: Task
  }

  /// A response, or the next part of its body, ready to send.
  struct Answer: Sendable {
    var connection: Int
    var content: Content

    /// The kind of answer.
    enum Content: Sendable {
      case response(
        status: Int, bytes: [UInt8], bodySize: Int, keepsAlive: Bool, rest: ResponseParts?)
      /// The next part of the body; `nil` after the last.
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
  /// The requests that the handler has postponed.
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
  /// They keep the pool alive until ``close()``, and end after it.
  ///
  /// - Parameters:
  ///   - count: The number of threads for requests.
  ///   - longCount: The number of threads for requests that the handler has postponed.
  /// - Throws: `SystemError` if the system provides no thread.
  func start(_ count: Int, long longCount: Int) throws(SystemError) {
    for _ in 0..<count { try SystemThread.detached { self.work(on: self.queue) } }
    for _ in 0..<longCount { try SystemThread.detached { self.work(on: self.longQueue) } }
  }

  /// Queues a job; each connection has at most one at a time.
  func submit(_ job: Job) {
    queue.withLock(waking: .one) { $0.jobs.append(job) }
  }

  /// Removes and returns the responses that are ready.
  func takeAnswers() -> [Answer] {
    answers.withLock { answers in
      defer { answers = [] }
      return answers
    }
  }

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
        // Clients reject other statuses as malformed; 1xx would promise another response.
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
    // HTTP/1.0 has no chunks: the end of the connection ends the body.
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
}
