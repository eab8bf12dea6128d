import RMOSSystem

/// Accepts connections, and drives each as it becomes ready, on one thread that does all I/O.
///
/// Waits in `poll` indefinitely if no connection is open, so an idle server uses no CPU time.
final class EventLoop {
  /// How many connections beyond the limit get a response; more are closed without one.
  private static let maxExcess = 64
  /// How long to accept no connections after the system has run out of descriptors.
  private static let acceptBackoff = Duration.milliseconds(100)

  private var context: Connection.Context
  private var listeners: [Descriptor]
  private let pipe: WakePipe
  /// How many times the server was asked to stop.
  private let stopRequests: () -> Int
  private var connections: [Connection] = []
  private var byNumber: [Int: Connection] = [:]
  private var lastNumber = 0
  private var acceptBackoffDeadline: Deadline?
  private var drainDeadline: Deadline?
  private var pollSet = PollSet()

  init(
    _ context: Connection.Context, listeners: [Descriptor], pipe: WakePipe,
    stopRequests: @escaping () -> Int
  ) {
    self.context = context
    self.listeners = listeners
    self.pipe = pipe
    self.stopRequests = stopRequests
  }

  /// Serves until asked to stop, then until the requests in progress are answered.
  func run() throws(SystemError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer {
      unsafe buffer.deallocate()
      for connection in connections { connection.close() }
      for listener in listeners { listener.close() }
    }
    while true {
      let polled = preparePoll()
      try pollSet.wait(nextDeadline.timeLeft)
      let now = ContinuousClock.now
      if !pollSet[0].isEmpty { pipe.drain() }
      for answer in context.pool.takeAnswers() {
        byNumber[answer.connection]?.deliver(answer, context, now: now)
      }
      for (index, connection) in connections.enumerated() {
        let events = pollSet[1 + polled + index]
        if !events.isEmpty { unsafe connection.handle(events, buffer: buffer, context, now: now) }
        if connection.deadline.hasPassed(at: now) {
          connection.expire(context, now: now)
        }
      }
      for index in 0..<polled where !pollSet[1 + index].isEmpty { accept(listeners[index], now) }
      if stopRequests() > 0, drain(now) { return }
      removeClosed()
    }
  }

  /// Fills the poll set.
  ///
  /// - Returns: How many listeners are in it.
  private func preparePoll() -> Int {
    pollSet.removeAll()
    pollSet.add(pipe.reading, .readable)
    var polled = 0
    if acceptBackoffDeadline?.hasPassed ?? true {
      acceptBackoffDeadline = nil
      for listener in listeners { pollSet.add(listener, .readable) }
      polled = listeners.count
    }
    for connection in connections { pollSet.add(connection.descriptor, connection.events) }
    return polled
  }

  /// The earliest of all deadlines.
  private var nextDeadline: Deadline {
    var earliest = min(acceptBackoffDeadline ?? .never, drainDeadline ?? .never)
    for connection in connections { earliest = min(earliest, connection.deadline) }
    return earliest
  }

  /// Accepts waiting connections, a bounded number at a time.
  private func accept(_ listener: Descriptor, _ now: ContinuousClock.Instant) {
    for _ in 0..<64 {
      var peer = SocketAddress()
      do throws(SystemError) {
        admit(try listener.accept(&peer), peer, now)
      } catch {
        if error.isAgain { return }
        if error.isConnectionGone { continue }
        // The system is out of descriptors or memory: connections wait in its queue for a moment.
        acceptBackoffDeadline = Deadline(after: EventLoop.acceptBackoff, from: now)
        return
      }
    }
  }

  private func admit(
    _ descriptor: Descriptor, _ peer: SocketAddress, _ now: ContinuousClock.Instant
  ) {
    let excess = connections.count { $0.isExcess && $0.phase != .closed }
    let regular = connections.count { !$0.isExcess && $0.phase != .closed }
    let isExcess = regular >= context.configuration.maxConnections && !makeRoom(now)
    if isExcess, excess >= EventLoop.maxExcess {
      descriptor.close()
      return
    }
    lastNumber += 1
    let connection = Connection(
      number: lastNumber, descriptor: descriptor,
      peer: context.configuration.log == nil ? "" : peer.host, isExcess: isExcess, context,
      now: now)
    connections.append(connection)
    byNumber[lastNumber] = connection
    if isExcess { connection.turnAway(context, now: now) }
  }

  /// Closes the connection that has been idle longest.
  ///
  /// - Returns: Whether there was one.
  private func makeRoom(_ now: ContinuousClock.Instant) -> Bool {
    let idle = connections.compactMap { connection in
      connection.isExcess ? nil : connection.idleStart(at: now).map { (connection, $0) }
    }
    guard let (connection, _) = idle.min(by: { $0.1 < $1.1 }) else { return false }
    connection.close()
    return true
  }

  private func removeClosed() {
    connections.removeAll { connection in
      guard connection.phase == .closed else { return false }
      byNumber[connection.number] = nil
      return true
    }
  }

  /// Stops accepting connections and closes idle ones.
  ///
  /// - Returns: Whether all connections are closed, or need not be waited for any longer.
  private func drain(_ now: ContinuousClock.Instant) -> Bool {
    let deadline =
      drainDeadline ?? Deadline(after: context.configuration.drainTimeout, from: now)
    if drainDeadline == nil {
      drainDeadline = deadline
      context.isDraining = true
      context.pool.drain()
      for listener in listeners { listener.close() }
      listeners = []
    }
    for connection in connections where connection.isIdle { connection.close() }
    removeClosed()
    return connections.isEmpty || deadline.hasPassed(at: now) || stopRequests() > 1
  }
}
