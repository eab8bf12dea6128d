import RMOSModels
import RMOSStore
import RMOSSystem

/// Passes batches from the reading thread to the writing one, a few at a time, and empty records
/// back for reuse.
///
/// `@unchecked Sendable`: all state is guarded by the monitor.
final class BatchChannel: @unchecked Sendable {
  private static let capacity = 2
  /// The interval at which a waiting receiver checks for cancellation, in seconds.
  private static let interval = Duration.milliseconds(100)

  private let monitor = Monitor()
  private var batches: [SourceBatch] = []
  private var spare: [RecordBatch] = []
  private var hasEnded = false
  private var sourceFailure: SourceFailure?
  private var isClosed = false

  /// Sends a batch, waiting for room.
  ///
  /// - Returns: Empty records to fill next.
  /// - Throws: ``ReadFailure/stopped`` if the receiver has stopped.
  func send(_ batch: SourceBatch) throws(ReadFailure) -> RecordBatch {
    let records: RecordBatch? = wait {
      if isClosed { return .some(nil) }
      guard batches.count < BatchChannel.capacity else { return nil }
      batches.append(batch)
      return spare.popLast() ?? RecordBatch(kind: batch.records.kind)
    }
    guard let records else { throw .stopped }
    return records
  }

  /// Closes the channel, with the error if the source could not be read to its end.
  func end(_ failure: SourceFailure? = nil) {
    locked {
      hasEnded = true
      sourceFailure = failure
    }
  }

  /// The error that ended reading; `nil` before the end, and if everything was read.
  var failure: SourceFailure? {
    monitor.lock()
    defer { monitor.unlock() }
    return sourceFailure
  }

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
    wait(atMost: BatchChannel.interval) {
      if !batches.isEmpty { return .batch(batches.removeFirst()) }
      if hasEnded { return .end }
      return isCancelled() ? .cancelled : nil
    }
  }

  /// Whether the receiver has stopped.
  ///
  /// For the reading side to check while it has no batch to send yet.
  var isUnwanted: Bool {
    monitor.lock()
    defer { monitor.unlock() }
    return isClosed
  }

  /// Returns records for reuse.
  func recycle(_ records: RecordBatch) {
    locked { if spare.count < BatchChannel.capacity { spare.append(records) } }
  }

  /// Stops the reading side: its next ``send(_:)`` throws.
  func close() {
    locked {
      isClosed = true
      batches.removeAll()
    }
  }

  /// Waits until the reading side has ended, at most for a number of turns of ``interval``.
  ///
  /// - Returns: Whether it has.
  func waitForEnd(turns: Int) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    var left = turns
    while !hasEnded, left > 0 {
      monitor.wait(until: Deadline(after: BatchChannel.interval))
      left -= 1
    }
    return hasEnded
  }

  /// Runs `body` under the lock, and wakes the other side.
  private func locked(_ body: () -> Void) {
    monitor.lock()
    body()
    monitor.wakeAll()
    monitor.unlock()
  }

  /// Runs `body` under the lock, and again whenever the other side has changed the state, until it
  /// returns a value.
  ///
  /// If `duration` is given, it also runs again after that time.
  private func wait<Result>(atMost duration: Duration? = nil, until body: () -> Result?) -> Result {
    monitor.lock()
    defer {
      monitor.wakeAll()
      monitor.unlock()
    }
    while true {
      if let result = body() { return result }
      monitor.wait(until: duration.map { Deadline(after: $0) } ?? .never)
    }
  }
}
