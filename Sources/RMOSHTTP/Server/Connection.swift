import RMOSSystem

/// A client's connection: its input, its pending output, its timeouts.
///
/// A state machine that ``EventLoop`` drives. One request is answered at a time; pipelined requests
/// wait in the socket or in the parser.
final class Connection {
  /// The state of the connection.
  enum Phase {
    /// Waiting for a request, or for the rest of one.
    case reading
    /// Waiting for the handler to make a response or the next part of one.
    case answering
    /// The last response is being sent.
    case closing
    /// Discarding input after the last response, so that the system does not reset the connection
    /// before the client has read it.
    case lingering
    case closed
  }

  /// The purpose of the deadline.
  private enum Timer { case none, head, body, idle, write, linger }

  /// The state that all connections share.
  struct Context {
    var configuration: HTTPServer.Configuration
    var policy: AccessPolicy
    var pool: WorkerPool
    var clock: DateClock
    /// Whether connections close after their next response.
    var isDraining = false
  }

  let number: Int
  let descriptor: Descriptor
  /// Whether the connection exceeds the limit of connections, and is only refused.
  let isExcess: Bool
  private let peer: String
  private(set) var phase = Phase.reading
  private var parser: RequestParser
  private var head: RequestHead?
  private var output: [UInt8] = []
  private var sent = 0
  private var hasInputEnded = false
  private var hasServed = false
  private var timer = Timer.none
  private(set) var deadline = Deadline.never
  /// When the timer started.
  private var timerStart: ContinuousClock.Instant
  /// The value of `sent` when the write timer started.
  private var sentAtTimer = 0
  private var answeringSince = ContinuousClock.now
  private let log: (@Sendable (HTTPServer.LogEntry) -> Void)?
  /// The entry of a response that is still being sent.
  private var unsentEntry: HTTPServer.LogEntry?
  /// The response being sent, if its body is made part by part.
  private var partial: Partial?

  /// A response whose body is made part by part.
  private struct Partial {
    let rest: ResponseParts
    let status: Int
    let isChunked: Bool
    let keepsAlive: Bool
    /// The size of the body so far.
    var size: Int
    /// Whether the handler is making the next part.
    var isAsked = false
  }

  init(
    number: Int, descriptor: Descriptor, peer: String, isExcess: Bool, _ context: Context,
    now: ContinuousClock.Instant
  ) {
    self.number = number
    self.descriptor = descriptor
    self.peer = peer
    self.isExcess = isExcess
    let configuration = context.configuration
    timerStart = now
    log = configuration.log
    parser = RequestParser(
      limits: .init(head: configuration.maxHeadSize, body: configuration.maxBodySize))
    set(.head, configuration.headTimeout, now)
  }

  /// The events of the socket to wait for.
  var events: PollSet.Events {
    switch phase {
    case .closed: []
    case _ where sent < output.count: .writable
    case .reading, .lingering: .readable
    case .answering, .closing: []
    }
  }

  /// Whether closing the connection would lose no part of a request or response.
  var isIdle: Bool {
    phase == .reading && sent == output.count && parser.isBetweenRequests
  }

  /// When the connection became idle; `nil` if it must not be closed to make room for another.
  ///
  /// A client that has just connected is given time to send a request. One whose last response has
  /// been sent may take that time to close the connection, but not the place of another.
  func idleStart(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    if phase == .lingering { return timerStart }
    return isIdle && (hasServed || now - timerStart >= Self.graceTime) ? timerStart : nil
  }

  /// How long a client may take to send its first byte before it counts as idle.
  private static let graceTime = Duration.seconds(1)

  // MARK: Events

  /// Handles events of the socket.
  ///
  /// - Parameters:
  ///   - events: The events.
  ///   - buffer: A buffer to read into.
  ///   - context: The state that all connections share.
  ///   - now: The time.
  func handle(
    _ events: PollSet.Events, buffer: UnsafeMutableRawBufferPointer, _ context: Context,
    now: ContinuousClock.Instant
  ) {
    if phase == .closed { return }
    if events.contains(.writable) {
      drive(context, now)
    } else if !self.events.contains(.readable) {
      // The client is gone while the handler works or output waits.
      if !events.isDisjoint(with: .gone) { close() }
    } else if !events.isEmpty {
      unsafe receive(buffer, context, now)
    }
  }

  private func receive(
    _ buffer: UnsafeMutableRawBufferPointer, _ context: Context, _ now: ContinuousClock.Instant
  ) {
    do throws(SystemError) {
      guard let count = try unsafe descriptor.read(into: buffer) else { return }
      if phase == .lingering {
        if count == 0 { close() }
        return
      }
      if count == 0 { hasInputEnded = true }
      unsafe parser.append(buffer[..<count])
      drive(context, now)
    } catch {
      close()
    }
  }

  /// Sends the handler's response, or the next part of it.
  func deliver(_ answer: WorkerPool.Answer, _ context: Context, now: ContinuousClock.Instant) {
    guard phase == .answering else { return }
    switch answer.content {
    case .response(let status, let bytes, let bodySize, let keepsAlive, let rest):
      append(bytes)
      if let rest {
        partial = Partial(
          rest: rest, status: status, isChunked: head?.minorVersion != 0, keepsAlive: keepsAlive,
          size: bodySize)
      } else {
        finish(status, bodySize, keepsAlive: keepsAlive, context, now)
      }
    case .part(let bytes):
      guard var partial else { return }
      partial.isAsked = false
      partial.size += bytes?.count ?? 0
      self.partial = partial
      if partial.isChunked {
        // An empty chunk would end the body, so it is sent for the end alone.
        if bytes?.isEmpty != true { append(ResponseWriter.chunk(bytes ?? [])) }
      } else {
        append(bytes ?? [])
      }
      if bytes == nil {
        self.partial = nil
        finish(partial.status, partial.size, keepsAlive: partial.keepsAlive, context, now)
      }
    case .broken:
      // The last chunk is missing, so the client knows that the body is incomplete.
      return close()
    }
    drive(context, now)
  }

  /// Awaits the next request, or the end of the connection, after a whole response.
  private func finish(
    _ status: Int, _ bodySize: Int, keepsAlive: Bool, _ context: Context,
    _ now: ContinuousClock.Instant
  ) {
    unsentEntry = entry(status, bodySize, now - answeringSince)
    phase = keepsAlive && !context.isDraining ? .reading : .closing
    head = nil
    hasServed = true
  }

  /// Refuses the connection because there are too many.
  func turnAway(_ context: Context, now: ContinuousClock.Instant) {
    refuse(
      HTTPRefusal(
        503, "the server has too many connections; try again later",
        fields: [HeaderField("Retry-After", "1")]),
      context)
    drive(context, now)
  }

  /// Handles a deadline that has passed.
  func expire(_ context: Context, now: ContinuousClock.Instant) {
    switch timer {
    case .head where parser.isBetweenRequests, .idle, .write, .linger, .none: close()
    case .head:
      refuse(HTTPRefusal(408, "the head of the request did not arrive in time"), context)
      drive(context, now)
    case .body:
      refuse(HTTPRefusal(408, "the body of the request did not arrive in time"), context)
      drive(context, now)
    }
  }

  func close() {
    guard phase != .closed else { return }
    logAbandoned()
    phase = .closed
    descriptor.close()
  }

  // MARK: Sending and parsing

  /// Adds bytes to the output; usually there are no others, so they are not copied.
  private func append(_ bytes: [UInt8]) {
    if output.isEmpty { output = bytes } else { output += bytes }
  }

  /// Sends and parses as far as possible.
  private func drive(_ context: Context, _ now: ContinuousClock.Instant) {
    while flush(context, now), phase == .reading, advance(context, now) {}
    // The next part is made only when the previous one has been sent.
    if phase == .answering, sent == output.count, let rest = partial?.rest,
      partial?.isAsked == false
    {
      partial?.isAsked = true
      context.pool.submit(WorkerPool.Job(connection: number, task: .part(rest)))
    }
  }

  /// Sends as much of the output as the socket takes.
  ///
  /// - Returns: Whether nothing is left to send and the connection is still open.
  private func flush(_ context: Context, _ now: ContinuousClock.Instant) -> Bool {
    while sent < output.count {
      do throws(SystemError) {
        let count = try descriptor.send(output, from: sent)
        sent += count
        if count == 0 {
          if timer != .write || sent - sentAtTimer >= 64 << 10 {
            timer = .none
            sentAtTimer = sent
            set(.write, context.configuration.writeTimeout, now)
          }
          return false
        }
      } catch {
        close()
        return false
      }
    }
    output = []
    sent = 0
    sentAtTimer = 0
    if let entry = unsentEntry {
      unsentEntry = nil
      log?(entry)
    }
    if timer == .write { clearTimer() }
    if phase == .closing {
      descriptor.endSending()
      phase = .lingering
      set(.linger, context.configuration.lingerTimeout, now)
      if hasInputEnded { close() }
    }
    return phase != .closed
  }

  /// Handles the next event of the parser.
  ///
  /// - Returns: Whether there may be another, or output to send.
  private func advance(_ context: Context, _ now: ContinuousClock.Instant) -> Bool {
    switch parser.next() {
    case .needsMore:
      if hasInputEnded {
        close()
      } else if parser.isInBody {
        set(.body, context.configuration.bodyTimeout, now)
      } else if parser.isBetweenRequests, hasServed {
        set(.idle, context.configuration.idleTimeout, now)
      } else {
        set(.head, context.configuration.headTimeout, now)
      }
      return false
    case .head(let head):
      self.head = head
      if let refusal = context.policy.refusal(head) {
        refuse(refusal, context)
      } else if head.expectsContinue, !parser.hasPendingBytes {
        append(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
      }
      return true
    case .end(let body):
      clearTimer()
      return dispatch(body, context, now)
    case .refused(let refusal):
      refuse(refusal, context)
      return true
    }
  }

  private func dispatch(_ body: [UInt8], _ context: Context, _ now: ContinuousClock.Instant) -> Bool
  {
    guard let head else { return false }
    phase = .answering
    answeringSince = now
    context.pool.submit(
      WorkerPool.Job(
        connection: number,
        task: .answer(
          ServerRequest(
            method: head.method, target: head.target, fields: head.fields, body: body),
          minorVersion: head.minorVersion, keepsAlive: head.keepsAlive)))
    return false
  }

  private func refuse(_ refusal: HTTPRefusal, _ context: Context) {
    let isHead = (head?.method ?? parser.requestLine?.method) == "HEAD"
    let writer = ResponseWriter(isHead: isHead, keepsAlive: false, date: context.clock.text)
    let response =
      head.map { refusal.response(to: $0.fields, forPage: context.configuration.isPage($0.target)) }
      ?? refusal.response
    let (bytes, bodySize) = writer.bytes(response)
    append(bytes)
    unsentEntry = entry(refusal.status, bodySize, .zero)
    phase = .closing
  }

  private func entry(_ status: Int, _ size: Int, _ duration: Duration) -> HTTPServer.LogEntry {
    let line = head.map { ($0.method, $0.target) } ?? parser.requestLine
    return HTTPServer.LogEntry(
      peer: peer, method: line?.0, target: line?.1, status: status, size: size, duration: duration)
  }

  /// Logs a response that the client does not receive, or not completely.
  private func logAbandoned() {
    var abandoned = unsentEntry
    if phase == .answering {
      abandoned = entry(
        partial?.status ?? HTTPServer.LogEntry.clientClosed, partial?.size ?? 0,
        ContinuousClock.now - answeringSince)
    }
    abandoned?.isWhole = false
    if let abandoned { log?(abandoned) }
  }

  /// Starts a timer, unless one of the same kind is running.
  private func set(_ timer: Timer, _ timeout: Duration, _ now: ContinuousClock.Instant) {
    guard self.timer != timer else { return }
    self.timer = timer
    timerStart = now
    deadline = Deadline(after: timeout, from: now)
  }

  private func clearTimer() {
    timer = .none
    deadline = .never
  }
}
