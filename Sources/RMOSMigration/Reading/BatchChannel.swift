import RMOSModels
import RMOSStore

/// Hands batches from the thread that reads to the one that writes, a few at a time, and empty
/// records back.
///
/// `@unchecked Sendable`: all state is guarded by the monitor.
final class BatchChannel: @unchecked Sendable {
  private static let capacity = 2

  private let monitor = Monitor()
  private var batches: [SourceBatch] = []
  private var spare: [RecordBatch] = []
  private var hasEnded = false
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

  /// Says that nothing more comes.
  func end() { locked { hasEnded = true } }

  /// The next batch, waiting for it; nil at the end.
  func receive() -> SourceBatch? {
    wait { () -> SourceBatch?? in
      if !batches.isEmpty { return .some(batches.removeFirst()) }
      return hasEnded ? .some(nil) : nil
    }
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

  /// Runs `body` alone; others that wait look again after it.
  private func locked(_ body: () -> Void) {
    monitor.lock()
    body()
    monitor.wakeAll()
    monitor.unlock()
  }

  /// Runs `body` alone, and again after others have, until it returns something.
  private func wait<Result>(until body: () -> Result?) -> Result {
    monitor.lock()
    defer {
      monitor.wakeAll()
      monitor.unlock()
    }
    while true {
      if let result = body() { return result }
      monitor.wait(seconds: nil)
    }
  }
}
