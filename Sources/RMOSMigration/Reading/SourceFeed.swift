import RMOSModels
import RMOSSystem

/// The batches of a source, read ahead on a separate thread.
struct SourceFeed {
  let source: String
  let catalog: EntityCatalog
  let batchSize: Int
  let options: EntityDecoder.Options
  let access: SourceAccess
  /// Whether it is an error if there is nothing to read.
  let refusesEmptySource: Bool
  /// How files of other shapes are read.
  let mappings: MappingSet
  /// Directories within the source that do not belong to it.
  let ignored: [String]

  /// How a run through the batches ended.
  enum Ending {
    /// All batches were consumed, or `body` returned `false`.
    case done
    /// The reader was cancelled while it waited for the next batch.
    case cancelled
  }

  /// Calls `body` with each batch, in order, until it returns `false`.
  ///
  /// - Throws: ``SourceFailure`` if the source cannot be read to its end, after what was read; what
  ///   `body` throws.
  func forEachBatch(
    isCancelled: () -> Bool, _ body: (SourceBatch) throws -> Bool
  ) throws -> Ending {
    let channel = BatchChannel()
    let feed = self
    let thread = try SystemThread.start { feed.read(into: channel) }
    defer {
      channel.close()
      // A network share that does not answer must not block forever.
      if channel.waitForEnd(turns: 50) { thread.join() } else { thread.detach() }
    }
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

  private func read(into channel: BatchChannel) {
    let reader = SourceReader(
      source, catalog: catalog, batchSize: batchSize, options: options, access: access,
      refusesEmptySource: refusesEmptySource, mappings: mappings, ignoring: ignored,
      isCancelled: { channel.isUnwanted }
    ) { batch throws(ReadFailure) in try channel.send(batch) }
    do throws(ReadFailure) {
      try reader.readAll()
      channel.end()
    } catch {
      // Stopping is not a failure to report.
      if case .source(let failure) = error { channel.end(failure) } else { channel.end() }
    }
  }
}
