import RMOSModels
import RMOSStore
import RMOSSystem

/// Hands batches from the thread that reads to the one that writes, a few at a time, and empty
/// records back.
///
/// `@unchecked Sendable`: all state is guarded by the monitor.
final class BatchChannel: @unchecked Sendable {
  private static let capacity = 2
  /// How often who waits for a delivery looks whether it is to go on, seconds.
  private static let interval = Duration.milliseconds(100)

  private let monitor = Monitor()
  private var batches: [SourceBatch] = []
  private var spare: [RecordBatch] = []
  private var hasEnded = false
  private var sourceFailure: SourceFailure?
  private var isClosed = false

  /// Hands over a batch, waiting for room.
  ///
  /// - Returns: Empty records to go on with.
  /// - Throws: ``ReadFailure/stopped`` where nobody wants more.
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

  /// Says that nothing more comes, and why, where the source could not be read to its end.
  func end(_ failure: SourceFailure? = nil) {
    locked {
      hasEnded = true
      sourceFailure = failure
    }
  }

  /// Why nothing more comes; `nil` before the end, and where everything was read.
  var failure: SourceFailure? {
    monitor.lock()
    defer { monitor.unlock() }
    return sourceFailure
  }

  /// What became of waiting for a batch.
  enum Received {
    case batch(SourceBatch)
    /// Nothing more comes.
    case end
    /// It was given up.
    case cancelled
  }

  /// The next batch, waiting for it until `isCancelled` says otherwise.
  func receive(isCancelled: () -> Bool) -> Received {
    wait(atMost: BatchChannel.interval) {
      if !batches.isEmpty { return .batch(batches.removeFirst()) }
      if hasEnded { return .end }
      return isCancelled() ? .cancelled : nil
    }
  }

  /// Whether nothing more is wanted.
  ///
  /// For the reading side to ask while it has nothing to hand over yet.
  var isUnwanted: Bool {
    monitor.lock()
    defer { monitor.unlock() }
    return isClosed
  }

  /// Gives records back for use.
  func recycle(_ records: RecordBatch) {
    locked { if spare.count < BatchChannel.capacity { spare.append(records) } }
  }

  /// Says that nothing more is wanted.
  func close() {
    locked {
      isClosed = true
      batches.removeAll()
    }
  }

  /// Waits until the reading side has ended, for so many turns of ``interval`` at most.
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

  /// Runs `body` alone; others that wait look again after it.
  private func locked(_ body: () -> Void) {
    monitor.lock()
    body()
    monitor.wakeAll()
    monitor.unlock()
  }

  /// Runs `body` alone, and again after others have, until it returns something.
  ///
  /// If `duration` is given, also after that time.
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
