import RMOSModels
import RMOSSystem

/// Reads a source directory into batches: files in order, entities in position, failures in place.
///
/// Everything found becomes an entry, so that nothing is passed over: what cannot be read or parsed
/// is an entry that failed. Runs on one thread.
final class SourceReader {
  private let source: String
  private let root: [UInt8]
  private let access: SourceAccess
  private let builder: SourceBatchBuilder
  private let documents: DocumentReader
  /// Whether it is an error if there is nothing to read.
  private let refusesEmptySource: Bool
  private let isCancelled: () -> Bool
  /// The source directory as it was when the reading began.
  private var identity: FileStatus.Identity?
  /// Whether there was anything to read, be it unreadable.
  private var hasFoundAnything = false

  /// Creates a reader; nothing is read before ``readAll()``.
  ///
  /// - Parameters:
  ///   - source: The source directory.
  ///   - batchSize: How many entries a batch has at most.
  ///   - options: How entities are decoded.
  ///   - limits: How documents are cut.
  ///   - access: How the source is read.
  ///   - refusesEmptySource: Whether it is an error if there is nothing to read.
  ///   - isCancelled: Asked for each file and whenever more of one is read; once true, reading is
  ///     given up.
  ///   - emit: Takes a full batch and gives empty records to go on with; throws
  ///     ``ReadFailure/stopped`` if nobody wants more.
  init(
    _ source: String, batchSize: Int, options: EntityDecoder.Options,
    limits: SourceWindow.Limits = SourceWindow.Limits(), access: SourceAccess = .system,
    refusesEmptySource: Bool = false, isCancelled: @escaping () -> Bool = { false },
    emit: @escaping (SourceBatch) throws(ReadFailure) -> RecordBatch
  ) {
    self.source = source
    root = Array(source.utf8)
    self.access = access
    self.refusesEmptySource = refusesEmptySource
    self.isCancelled = isCancelled
    builder = SourceBatchBuilder(batchSize: batchSize, options: options, emit: emit)
    documents = DocumentReader(limits: limits, into: builder, isCancelled: isCancelled)
  }

  /// Reads everything.
  ///
  /// - Throws: ``ReadFailure/stopped`` if nobody wants more or reading is cancelled;
  ///   ``ReadFailure/source(_:)`` if no more can be read, once what was read before is emitted.
  func readAll() throws(ReadFailure) {
    do throws(ReadFailure) {
      identity = try? access.status(of: root).identity
      for kind in EntityKind.allCases { try read(kind) }
    } catch {
      if case .source = error { try builder.emitRest() }
      throw error
    }
  }

  private func read(_ kind: EntityKind) throws(ReadFailure) {
    builder.begin(kind)
    var walker = SourceWalker(
      root: root, directory: kind.table, access: access, isCancelled: isCancelled)
    while let item = walker.next() {
      switch item {
      case .file(let path, let format):
        hasFoundAnything = true
        builder.begin(file: path)
        try readFile(path, at: walker.absolute(path), format)
      case .unreadable(let path, let error):
        if isCancelled() { throw .stopped }
        hasFoundAnything = true
        builder.begin(file: path)
        try fail(path, error)
      case .loop(let path, let isAncestor):
        noteLoop(SourcePath.text(path), isAncestor: isAncestor)
      }
    }
    if isCancelled() { throw .stopped }
    // A directory that is not there holds nothing, unless the source itself is gone.
    try checkIdentity()
    if kind == EntityKind.allCases.last, refusesEmptySource, !hasFoundAnything {
      builder.note(nothingFound)
    }
    try builder.endKind()
  }

  private func readFile(
    _ path: [UInt8], at absolutePath: [UInt8], _ format: SourcePath.Format
  ) throws(ReadFailure) {
    var bytes = 0
    do throws(ReadFailure) {
      let file = try ReadFailure.converting { () throws(SystemError) in
        try FileByteSource(absolutePath, access)
      }
      defer {
        bytes = documents.bytesRead
        file.close()
      }
      try documents.read(file, as: format)
    } catch {
      guard case .system(let error) = error else { throw error }
      try fail(path, error)
    }
    builder.endFile(bytes: bytes)
  }

  /// Appends an entry that failed because the file or directory may not be read, or is not there
  /// any more.
  ///
  /// - Throws: ``ReadFailure/source(_:)`` if the error says nothing of it.
  private func fail(_ path: [UInt8], _ error: SystemError) throws(ReadFailure) {
    guard error.concernsOneFile else {
      throw .source(SourceFailure(source: source, reason: .unreadable(path: path, error)))
    }
    if error.isAbsent { try checkIdentity() }
    try builder.fail(
      .inputUnreadable,
      error.isAbsent
        ? "was deleted or moved while the source was being read; run again"
        : "cannot be read: \(error.reason); fix that, or remove it from the source",
      at: nil, span: .nothing)
  }

  /// Checks that the source directory is still the one that is being read, as it is not once a
  /// share is unmounted.
  private func checkIdentity() throws(ReadFailure) {
    do throws(SystemError) {
      // There is none where it was gone before the reading began.
      if try access.status(of: root).identity == identity { return }
    } catch {
      guard error.isAbsent else {
        throw .source(SourceFailure(source: source, reason: .unreadable(path: [0x2E], error)))
      }
    }
    throw .source(SourceFailure(source: source, reason: .replaced))
  }

  private var nothingFound: Issue {
    let tables = EntityKind.allCases.map(\.table)
    let name = SourcePath.text(Array(root.split(separator: UInt8(ascii: "/")).last ?? []))
    let there = tables.filter { (try? access.status(of: root + Array("/\($0)".utf8))) != nil }
    let found =
      if tables.contains(name), there.isEmpty {
        "that is itself a directory of \(name), so the one above it may be meant"
      } else if there.isEmpty {
        "none of these directories is there"
      } else {
        there.map { $0 + "/" }.joined(separator: ", ") + (there.count == 1 ? " holds" : " hold")
          + " none"
      }
    return Issue(
      severity: .error, code: .inputNothingFound,
      message: "there is no file to read in \(source): expected files ending in .json, .jsonl or "
        + ".ndjson in \(tables.map { $0 + "/" }.joined(separator: ", ")); \(found). Check that the "
        + "path is right and that its file system is mounted")
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
