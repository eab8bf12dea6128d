import RMOSModels

/// Hands deliveries from the thread that reads to the one that writes, a few at a time, and empty
/// batches back.
///
/// `@unchecked Sendable`: all state is guarded by the lock.
final class BatchChannel: @unchecked Sendable {
  private static let capacity = 2

  private let lock = WaitingLock()
  private var deliveries: [SourceReader.Delivery] = []
  private var spare: [RecordBatch] = []
  private var hasEnded = false
  private var isClosed = false

  /// Hands over a delivery, waiting for room.
  ///
  /// - Returns: An empty batch to go on with.
  /// - Throws: ``ReadFailure/stopped`` where nobody wants more.
  func send(_ delivery: SourceReader.Delivery) throws(ReadFailure) -> RecordBatch {
    let batch: RecordBatch? = lock.wait {
      if isClosed { return .some(nil) }
      guard deliveries.count < BatchChannel.capacity else { return nil }
      deliveries.append(delivery)
      return spare.popLast() ?? RecordBatch(kind: delivery.batch.kind)
    }
    guard let batch else { throw .stopped }
    return batch
  }

  /// Says that nothing more comes.
  func end() { lock.locked { hasEnded = true } }

  /// The next delivery, waiting for it; nil at the end.
  func receive() -> SourceReader.Delivery? {
    lock.wait { () -> SourceReader.Delivery?? in
      if !deliveries.isEmpty { return .some(deliveries.removeFirst()) }
      return hasEnded ? .some(nil) : nil
    }
  }

  /// Gives a batch back for use.
  func recycle(_ batch: RecordBatch) {
    lock.locked { if spare.count < BatchChannel.capacity { spare.append(batch) } }
  }

  /// Says that nothing more is wanted.
  func close() {
    lock.locked {
      isClosed = true
      deliveries.removeAll()
    }
  }
}
