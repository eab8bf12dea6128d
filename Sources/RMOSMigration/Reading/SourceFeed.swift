import RMOSModels

/// The batches of a source, read ahead on a thread of its own.
struct SourceFeed {
  let root: String
  let batchSize: Int
  let options: EntityDecoder.Options

  /// Calls `body` with every batch, in order, until it returns false.
  func forEachBatch(_ body: (SourceBatch) throws -> Bool) throws {
    let channel = BatchChannel()
    let (root, batchSize, options) = (root, batchSize, options)
    let thread = try SystemThread.start {
      let reader = SourceReader(root: root, batchSize: batchSize, options: options) {
        batch throws(ReadFailure) in try channel.send(batch)
      }
      // Only being stopped ends it early, which needs no telling.
      try? reader.readAll()
      channel.end()
    }
    defer {
      channel.close()
      thread.join()
    }
    while let batch = channel.receive() {
      guard try body(batch) else { return }
      channel.recycle(batch.records)
    }
  }
}
