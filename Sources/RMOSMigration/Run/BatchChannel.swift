import RMOSModels
import RMOSStore
import RMOSSystem

/// Hands deliveries from the thread that reads to the one that writes, a few at a time, and empty
/// batches back.
///
/// `@unchecked Sendable`: all state is guarded by the monitor.
final class BatchChannel: @unchecked Sendable {
  private static let capacity = 2

  private let monitor = Monitor()
  private var deliveries: [SourceReader.Delivery] = []
  private var spare: [RecordBatch] = []
  private var hasEnded = false
  private var sourceFailure: SourceFailure?
  private var isClosed = false

  /// Hands over a delivery, waiting for room.
  ///
  /// - Returns: An empty batch to go on with.
  /// - Throws: ``ReadFailure/stopped`` where nobody wants more.
  func send(_ delivery: SourceReader.Delivery) throws(ReadFailure) -> RecordBatch {
    let batch: RecordBatch? = wait {
      if isClosed { return .some(nil) }
      guard deliveries.count < BatchChannel.capacity else { return nil }
      deliveries.append(delivery)
      return spare.popLast() ?? RecordBatch(kind: delivery.batch.kind)
    }
    guard let batch else { throw .stopped }
    return batch
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

  /// The next delivery, waiting for it; nil at the end.
  func receive() -> SourceReader.Delivery? {
    wait { () -> SourceReader.Delivery?? in
      if !deliveries.isEmpty { return .some(deliveries.removeFirst()) }
      return hasEnded ? .some(nil) : nil
    }
  }

  /// Gives a batch back for use.
  func recycle(_ batch: RecordBatch) {
    locked { if spare.count < BatchChannel.capacity { spare.append(batch) } }
  }

  /// Says that nothing more is wanted.
  func close() {
    locked {
      isClosed = true
      deliveries.removeAll()
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
      monitor.wait()
    }
  }
}
