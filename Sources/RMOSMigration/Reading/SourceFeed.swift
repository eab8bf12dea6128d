import RMOSModels
import RMOSStore
import RMOSSystem
import Synchronization

/// The batches of a source, which are read ahead on a separate thread.
final class SourceFeed {
  let input: SourceInput
  private let channel = BatchChannel()
  private var thread: SystemThread?

  init(_ input: SourceInput) { self.input = input }

  /// How a run through the batches ended.
  enum Ending {
    /// All batches were consumed, or `body` returned `false`.
    case done
    /// The reader was cancelled while it waited for the next batch.
    case cancelled
  }

  /// Begins to read ahead, unless that has begun; ``stop()`` must be called afterwards.
  func start() throws {
    if thread != nil { return }
    let (input, channel) = (input, channel)
    thread = try SystemThread.start { Self.read(input, into: channel) }
  }

  /// Stops reading, and waits until that has ended.
  func stop() {
    guard let thread else { return }
    self.thread = nil
    channel.close()
    // The reading thread may be blocked by a network share that does not answer.
    if channel.waitForEnd(atMost: .seconds(5)) { thread.join() } else { thread.detach() }
  }

  /// Calls `body` with each batch, in order, until it returns `false`; call it once.
  ///
  /// - Throws: ``SourceFailure`` if the source cannot be read to its end, after the last batch that
  ///   was read; any error that `body` throws.
  func forEachBatch(
    isCancelled: () -> Bool, _ body: (SourceBatch) throws -> Bool
  ) throws -> Ending {
    try start()
    defer { stop() }
    while true {
      switch channel.receive(isCancelled: isCancelled) {
      case .cancelled: return .cancelled
      case .end:
        if let failure = channel.failure { throw failure }
        return .done
      case .batch(let batch):
        guard try body(batch) else { return .done }
        channel.recycle(batch.records)
      }
    }
  }

  private static func read(_ input: SourceInput, into channel: BatchChannel) {
    let reader = SourceReader(input, isCancelled: { channel.isUnwanted }) {
      batch throws(ReadFailure) in try channel.send(batch)
    }
    do throws(ReadFailure) {
      try reader.readAll()
      channel.end()
    } catch {
      // That reading was stopped is no failure.
      if case .source(let failure) = error { channel.end(failure) } else { channel.end() }
    }
  }
}

/// Passes batches from the reading thread to the writing thread, and empty records back for reuse.
final class BatchChannel: Sendable {
  /// The maximum number of batches that wait to be received.
  private static let capacity = 2
  /// The interval at which a waiting receiver checks for cancellation.
  private static let interval = Duration.milliseconds(100)

  private struct State {
    var batches: [SourceBatch] = []
    var spare: [RecordBatch] = []
    var hasEnded = false
    var sourceFailure: SourceFailure?
  }

  private let monitor = Monitor(State())
  /// Whether the receiver has stopped; it changes under the lock of the monitor.
  private let isClosed = Atomic(false)

  /// Sends a batch, waiting for room.
  ///
  /// - Returns: Empty records to fill next.
  /// - Throws: ``ReadFailure/stopped`` if the receiver has stopped.
  func send(_ batch: SourceBatch) throws(ReadFailure) -> RecordBatch {
    let records: RecordBatch? = monitor.wait(waking: .all) { state in
      if isUnwanted { return .done(nil) }
      guard state.batches.count < BatchChannel.capacity else { return .wait() }
      state.batches.append(batch)
      return .done(state.spare.popLast() ?? RecordBatch(kind: batch.records.kind))
    }
    guard let records else { throw .stopped }
    return records
  }

  /// Ends the batches, with the error if the source could not be read to its end.
  func end(_ failure: SourceFailure? = nil) {
    monitor.withLock(waking: .all) { state in
      state.hasEnded = true
      state.sourceFailure = failure
    }
  }

  /// The error that ended reading; `nil` before the end, and if everything was read.
  var failure: SourceFailure? { monitor.withLock { $0.sourceFailure } }

  /// The result of waiting for a batch.
  enum Received {
    case batch(SourceBatch)
    /// There are no more batches.
    case end
    /// Waiting was cancelled.
    case cancelled
  }

  /// Waits for the next batch, until `isCancelled` returns `true`.
  func receive(isCancelled: () -> Bool) -> Received {
    while true {
      let deadline = Deadline(after: BatchChannel.interval)
      let received: Received? = monitor.wait(waking: .all) { state in
        if !state.batches.isEmpty { return .done(.batch(state.batches.removeFirst())) }
        if state.hasEnded { return .done(.end) }
        return deadline.hasPassed ? .done(nil) : .wait(until: deadline)
      }
      if let received { return received }
      // The caller's code must not run while the monitor is locked.
      if isCancelled() { return .cancelled }
    }
  }

  /// Whether the receiver has stopped, which the reading side checks for each file.
  var isUnwanted: Bool { isClosed.load(ordering: .relaxed) }

  /// Keeps records for reuse, unless a large entity has made them large.
  func recycle(_ records: RecordBatch) {
    guard records.reservedText <= 4 * SourceBatchBuilder.arenaLimit else { return }
    monitor.withLock { state in
      if state.spare.count < BatchChannel.capacity { state.spare.append(records) }
    }
  }

  /// Stops the reading side: its next ``send(_:)`` throws.
  func close() {
    monitor.withLock(waking: .all) { state in
      isClosed.store(true, ordering: .relaxed)
      state.batches.removeAll()
    }
  }

  /// Waits until the reading side has ended.
  ///
  /// - Returns: Whether it ended in time.
  func waitForEnd(atMost duration: Duration) -> Bool {
    let deadline = Deadline(after: duration)
    return monitor.wait { state in
      state.hasEnded || deadline.hasPassed ? .done(state.hasEnded) : .wait(until: deadline)
    }
  }
}
