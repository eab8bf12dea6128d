import RMOSModels

/// Reads a source directory into batches: files in order, entities in position, failures in place.
///
/// Everything found becomes an entry, so that nothing is passed over: what cannot be read or parsed
/// is an entry that failed. Runs on one thread.
final class SourceReader {
  private let root: [UInt8]
  private let builder: SourceBatchBuilder
  private let documents: DocumentReader

  /// Creates a reader; nothing is read before ``readAll()``.
  ///
  /// - Parameters:
  ///   - root: The source directory.
  ///   - batchSize: How many entries a batch has at most.
  ///   - options: How entities are decoded.
  ///   - limits: How documents are cut.
  ///   - isCancelled: Asked whenever more of a file is read; once true, reading is given up.
  ///   - emit: Takes a full batch and gives empty records to go on with; throws
  ///     ``ReadFailure/stopped`` if nobody wants more.
  init(
    root: String, batchSize: Int, options: EntityDecoder.Options,
    limits: SourceWindow.Limits = SourceWindow.Limits(),
    isCancelled: @escaping () -> Bool = { false },
    emit: @escaping (SourceBatch) throws(ReadFailure) -> RecordBatch
  ) {
    self.root = Array(root.utf8)
    builder = SourceBatchBuilder(batchSize: batchSize, options: options, emit: emit)
    documents = DocumentReader(limits: limits, into: builder, isCancelled: isCancelled)
  }

  /// Reads everything.
  ///
  /// - Throws: ``ReadFailure/stopped`` if nobody wants more, or reading is cancelled.
  func readAll() throws(ReadFailure) {
    for kind in EntityKind.allCases {
      builder.begin(kind)
      var walker = SourceWalker(root: root, directory: kind.table)
      while let item = walker.next() {
        switch item {
        case .file(let path, let format):
          builder.begin(file: path)
          try readFile(walker.absolute(path), format)
        case .unreadable(let path, let error):
          builder.begin(file: path)
          try builder.failUnreadable(error)
        case .loop(let path, let isAncestor):
          noteLoop(SourcePath.text(path), isAncestor: isAncestor)
        }
      }
      try builder.endKind()
    }
  }

  private func readFile(_ path: [UInt8], _ format: SourcePath.Format) throws(ReadFailure) {
    var bytes = 0
    do throws(ReadFailure) {
      let file = try ReadFailure.converting { () throws(SystemError) in try FileByteSource(path) }
      defer {
        bytes = documents.bytesRead
        file.close()
      }
      try documents.read(file, as: format)
    } catch {
      guard case .system(let error) = error else { throw error }
      try builder.failUnreadable(error)
    }
    builder.endFile(bytes: bytes)
  }

  private func noteLoop(_ path: String, isAncestor: Bool) {
    let why =
      isAncestor
      ? "leads back to a directory it stands in" : "leads to a directory that was read already"
    builder.note(
      Issue(
        severity: .warning, code: .inputLoop, kind: builder.kind, source: path,
        message: "the link \(why); it is not followed, and nothing is lost by that"))
  }
}
