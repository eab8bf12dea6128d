import RMOSModels
import RMOSSystem

/// A source, and how it is read.
struct SourceInput {
  /// The path of the source directory.
  let source: String
  /// The kinds that are read from it.
  let catalog: EntityCatalog
  /// The options for decoding entities.
  let decoding: EntityDecoder.Options
  /// The maximum number of entries in a batch.
  var batchSize = 2_000
  var access = SourceAccess.system
  /// Whether a source without files to read is an error.
  var refusesEmptySource = false
  /// The mappings for files of other shapes.
  var mappings = MappingSet.none
  /// Directories within the source that do not belong to it, such as one for rejects.
  var ignored: [String] = []
  /// The sizes of chunks and entities.
  var limits = SourceWindow.Limits()
}

/// Reads a source directory into batches, with the entities and failures in the order of the files.
///
/// Everything found becomes an entry, so that nothing is lost silently: a file that cannot be read,
/// and text that cannot be parsed, is an entry that failed. A reader works on one thread.
final class SourceReader {
  private let input: SourceInput
  private let root: [UInt8]
  private let builder: SourceBatchBuilder
  private let documents: DocumentReader
  private let isCancelled: () -> Bool
  /// The identity of the source directory when reading began.
  private var identity: FileStatus.Identity?
  private var hasFoundAnything = false
  private let mappers: MapperPool
  /// The number of files found that look like data and were not read.
  private var unreadData = 0

  /// Creates a reader, which reads nothing before ``readAll()``.
  ///
  /// - Parameters:
  ///   - input: The source, and how it is read.
  ///   - isCancelled: Polled for each file and each chunk of it; once it returns `true`, reading
  ///     stops.
  ///   - emit: Takes a full batch and returns empty records to fill next; throws
  ///     ``ReadFailure/stopped`` if the consumer wants no more.
  init(
    _ input: SourceInput, isCancelled: @escaping () -> Bool = { false },
    emit: @escaping (SourceBatch) throws(ReadFailure) -> RecordBatch
  ) {
    self.input = input
    root = Array(input.source.utf8)
    mappers = MapperPool(input.mappings)
    self.isCancelled = isCancelled
    builder = SourceBatchBuilder(batchSize: input.batchSize, options: input.decoding, emit: emit)
    documents = DocumentReader(
      catalog: input.catalog, limits: input.limits, into: builder, isCancelled: isCancelled)
  }

  /// Reads everything.
  ///
  /// - Throws: ``ReadFailure/stopped`` if the consumer wants no more or reading is cancelled;
  ///   ``ReadFailure/source(_:)`` if no more can be read, after the entries before are emitted.
  func readAll() throws(ReadFailure) {
    do throws(ReadFailure) {
      identity = try? input.access.status(of: root).identity
      let top = try listed { () throws(SystemError) in
        try SourceTop(of: root, input.catalog, input.access)
      }
      for kind in input.catalog.kinds { try read(kind, top) }
    } catch {
      if case .source = error { try builder.emitRest() }
      throw error
    }
  }

  /// Returns what `body` lists at the top of the source, without which nothing else can be read.
  private func listed<Listing>(
    _ body: () throws(SystemError) -> Listing
  ) throws(ReadFailure) -> Listing {
    do throws(SystemError) {
      return try body()
    } catch {
      if error.isAbsent { try checkIdentity() }
      throw .source(
        SourceFailure(source: input.source, reason: .unreadable(path: [UInt8(ascii: ".")], error)))
    }
  }

  private func read(_ kind: EntityKind, _ top: SourceTop) throws(ReadFailure) {
    builder.begin(kind)
    for (name, format) in top.files(of: kind) {
      if isCancelled() { throw .stopped }
      try readFile(name, format, home: kind)
    }
    let directory = Array(kind.table.utf8)
    if try readDirectory(directory, for: .originals, home: kind) {
      _ = try readDirectory(directory, for: .copies, home: kind)
    }
    try readElsewhere(top)
    // A missing directory counts as empty only if the source itself is still there.
    try checkIdentity()
    if kind == input.catalog.kinds.last { endSource(top) }
    try builder.endKind()
  }

  /// Reads entities of the current kind from other kinds' files, where a mapping says so.
  private func readElsewhere(_ top: SourceTop) throws(ReadFailure) {
    let kind = builder.kind
    guard !input.mappings.isEmpty else { return }
    for (name, format) in top.inputs {
      if isCancelled() { throw .stopped }
      let home = SourceTop.home(of: name, input.catalog)
      if home != kind { try readFile(name, format, home: home) }
    }
    let tables = input.catalog.kinds.map { Array($0.table.utf8) }
    // The directory of a kind is reported when the kind is read.
    for (name, error) in top.broken where !tables.contains(name) && reports(name, home: nil) {
      try failEntry(name, error)
    }
    let directories = try listed { () throws(SystemError) in
      try top.openDirectories(passingOver: input.ignored)
    }
    for name in directories where !name.elementsEqual(kind.table.utf8) {
      guard input.mappings.mayRead(name, as: kind) else { continue }
      let home = input.catalog.kinds.first { name.elementsEqual($0.table.utf8) }
      if try readDirectory(name, for: .originals, home: home) {
        _ = try readDirectory(name, for: .copies, home: home)
      }
    }
  }

  /// Reads the originals or the copies in a directory at the top of the source.
  ///
  /// - Parameters:
  ///   - directory: The name of the directory.
  ///   - purpose: Whether to read originals or copies.
  ///   - home: The kind whose directory it is, if any.
  /// - Returns: Whether copies were skipped.
  /// - Throws: ``ReadFailure``.
  private func readDirectory(
    _ directory: [UInt8], for purpose: SourceWalker.Purpose, home: EntityKind?
  ) throws(ReadFailure) -> Bool {
    var walker = SourceWalker(
      root: root, directory: directory, for: purpose, access: input.access, isCancelled: isCancelled
    )
    // With mappings, files may be skipped, which would be read ahead in vain; and the failures that
    // a test causes must come in order.
    let prefetcher =
      input.mappings.isEmpty && input.access.isSystem ? FilePrefetcher(root: root) : nil
    defer { prefetcher?.close() }
    var items: ArraySlice<SourceWalker.Item> = []
    while let item = nextItem(of: &walker, &items, prefetcher) {
      switch item {
      case .file(let path, let format):
        try readFile(path, format, home: home, prefetcher)
      case .copy(let path, let format, let original):
        try readFile(path, format, home: home, copyOf: original)
      // Others are counted by the walk of their own kind, or of what no kind reads.
      case .unread(let path, let file): if home == builder.kind { note(path, file) }
      case .unreadable(let path, let error):
        if reports(path, home: home) { try failEntry(path, error) }
      case .loop(let path, let isAncestor):
        if reports(path, home: home) {
          noteLoop(SourcePath.text(path), isAncestor: isAncestor)
        }
      }
    }
    if isCancelled() { throw .stopped }
    return walker.hasCopies
  }

  /// Whether problems with a path are reported while the current kind is read: in the directory of
  /// a kind with that kind, elsewhere with the first kind that a mapping may read from there.
  private func reports(_ path: [UInt8], home: EntityKind?) -> Bool {
    let kind = home ?? input.catalog.kinds.first { input.mappings.mayRead(path, as: $0) }
    return kind == builder.kind
  }

  /// Appends an entry that failed because a directory or link cannot be read.
  private func failEntry(_ path: [UInt8], _ error: SystemError) throws(ReadFailure) {
    if isCancelled() { throw .stopped }
    hasFoundAnything = true
    builder.begin(file: path)
    try fail(path, error)
  }

  /// The number of items that are found at once when fewer are left: enough that several threads
  /// have work, are not woken often, and get ahead while the thread that writes is idle.
  private static let itemsAhead = 64 * FilePrefetcher.groupSize

  /// Returns the next item of a walk; `items` are those found ahead, whose files are read ahead.
  private func nextItem(
    of walker: inout SourceWalker, _ items: inout ArraySlice<SourceWalker.Item>,
    _ prefetcher: FilePrefetcher?
  ) -> SourceWalker.Item? {
    guard let prefetcher else { return walker.next() }
    if isCancelled() { return nil }
    if items.count < Self.itemsAhead {
      var paths: [[UInt8]] = []
      for _ in 0..<Self.itemsAhead {
        guard let item = walker.next() else { break }
        if case .file(let path, _) = item { paths.append(path) }
        items.append(item)
      }
      if !paths.isEmpty { prefetcher.add(paths) }
    }
    return items.popFirst()
  }

  /// Reports the files outside the kinds' directories once everything is read.
  private func endSource(_ top: SourceTop) {
    top.forEachFileOutside(
      passingOver: input.ignored.compactMap { try? FileStatus(of: Array($0.utf8)).identity },
      isCancelled: isCancelled
    ) { path, file in
      let isReported =
        file.isBroken && input.catalog.kinds.contains { input.mappings.mayRead(path, as: $0) }
      if isReported { return }
      if file.reason == .place, input.mappings.reads(path) {
        if SourcePath.isNamedAsFile(path[...]) { return }
        // The extension, and not the place, keeps it from being read.
        return note(path, UnreadFile(name: path.split(separator: UInt8(ascii: "/")).last ?? []))
      }
      note(path, file)
    }
    if unreadData > FilesNotRead.namedFiles, hasFoundAnything || !isDirectoryOfKind {
      builder.note(
        Issue(
          severity: .warning, code: .inputNotRead,
          message: "\(unreadData - FilesNotRead.namedFiles) more files that look like data are not "
            + "read"))
    }
    if input.refusesEmptySource, !hasFoundAnything { builder.note(nothingFound) }
  }

  /// Reads a file, unless its entities are of other kinds.
  private func readFile(
    _ path: [UInt8], _ format: SourcePath.Format, home: EntityKind?,
    copyOf original: [UInt8]? = nil, _ prefetcher: FilePrefetcher? = nil
  ) throws(ReadFailure) {
    let reading =
      input.mappings.isEmpty ? .plain : mappers.reading(of: path, as: builder.kind, at: home)
    if case .not = reading { return }
    builder.begin(file: path, mappedBy: reading.mapper)
    hasFoundAnything = true
    if let original { noteCopy(of: SourcePath.text(original)) }
    var bytes = 0
    do throws(ReadFailure) {
      let file = try ReadFailure.converting { () throws(SystemError) in
        try open(path, prefetcher)
      }
      defer {
        bytes = documents.bytesRead
        file.close()
      }
      try documents.read(file, as: format, selecting: reading.mapper?.selection)
      if file.hasChanged {
        builder.note(
          .warning, .inputChanged,
          "changed while it was being read, so that what was read may be of two states; run again "
            + "once nothing writes to it")
      }
    } catch {
      guard case .system(let error) = error else { throw error }
      if builder.answersForDocument || !error.concernsOneFile { try fail(path, error) }
    }
    builder.endFile(bytes: bytes)
  }

  /// Opens a file, unless its content was read ahead.
  private func open(
    _ path: [UInt8], _ prefetcher: FilePrefetcher?
  ) throws(SystemError) -> any ByteSource {
    if let content = prefetcher?.take() { return content }
    return try FileByteSource(root + [UInt8(ascii: "/")] + path, input.access)
  }

  /// Appends an entry that failed because its file or directory cannot be read.
  ///
  /// - Throws: ``ReadFailure/source(_:)`` if the error is not about one file.
  private func fail(_ path: [UInt8], _ error: SystemError) throws(ReadFailure) {
    guard error.concernsOneFile else {
      throw .source(SourceFailure(source: input.source, reason: .unreadable(path: path, error)))
    }
    if error.isAbsent { try checkIdentity() }
    let isAtTop = !path.contains(UInt8(ascii: "/"))
    let fact =
      if isAtTop, error == .notADirectory {
        "is a file; expected a directory, or a link to one, which Git may check out as a file; fix "
          + "that, or remove it from the source"
      } else if error.isAbsent {
        "was deleted or moved while the source was being read; run again"
      } else {
        "cannot be read: \(error.reason); fix that, or remove it from the source"
      }
    try builder.fail(.inputUnreadable, fact, at: nil, span: .nothing)
  }

  /// Checks that the source directory is the one at which reading began: a share may have been
  /// unmounted.
  private func checkIdentity() throws(ReadFailure) {
    do throws(SystemError) {
      // `identity` is `nil`, and so not equal, if there was no directory when reading began.
      if try input.access.status(of: root).identity == identity { return }
    } catch {
      guard error.isAbsent else {
        throw .source(
          SourceFailure(source: input.source, reason: .unreadable(path: [UInt8(ascii: ".")], error))
        )
      }
    }
    throw .source(SourceFailure(source: input.source, reason: .replaced))
  }

  /// The name of the source directory.
  private var rootName: String {
    SourcePath.text(Array(root.split(separator: UInt8(ascii: "/")).last ?? []))
  }

  private var isDirectoryOfKind: Bool { input.catalog.kinds.contains { $0.table == rootName } }

  private var nothingFound: Issue {
    let tables = input.catalog.kinds.map(\.table)
    let there = tables.filter { (try? input.access.status(of: root + Array("/\($0)".utf8))) != nil }
    let found =
      if isDirectoryOfKind, there.isEmpty {
        "that is itself a directory of \(rootName), so the one above it may be meant"
      } else if there.isEmpty {
        "none of these directories is there"
      } else {
        there.map { $0 + "/" }.joined(separator: ", ") + (there.count == 1 ? " holds" : " hold")
          + " none"
      }
    return Issue(
      severity: .error, code: .inputNothingFound,
      message:
        "there is no file to read in \(input.source): expected files ending in .json, .jsonl or "
        + ".ndjson in \(tables.map { $0 + "/" }.joined(separator: ", ")); \(found). Check that the "
        + "path is right and that its file system is mounted")
  }

  private func noteLoop(_ path: String, isAncestor: Bool) {
    let why =
      isAncestor
      ? "leads back to a directory that contains it" : "leads to a directory that was read already"
    builder.note(
      Issue(
        severity: .warning, code: .inputLoop, kind: builder.kind, source: path,
        message: "the link \(why), so it is not followed; its target is read once anyway"))
  }

  private func noteCopy(of original: String) {
    builder.note(
      .warning, .inputCopy,
      "looks like a copy of \(Violation.quoted(original)); entities in both are taken from the "
        + "original. Merge the others into it and delete the copy")
  }

  /// Counts a file that is not read, with a warning if it looks like data.
  private func note(_ path: [UInt8], _ file: UnreadFile) {
    builder.skip(path, file.reason)
    guard file.looksLikeData else { return }
    unreadData += 1
    // If the source is the directory of a kind, one message says so instead.
    guard unreadData <= FilesNotRead.namedFiles, hasFoundAnything || !isDirectoryOfKind else {
      return
    }
    builder.note(
      Issue(
        severity: .warning, code: .inputNotRead, source: SourcePath.text(path),
        message: message(of: file, path)))
  }

  private func message(of file: UnreadFile, _ path: [UInt8]) -> String {
    switch file.reason {
    case .place:
      let parts = path.split(separator: UInt8(ascii: "/"))
      if let first = parts.first, parts.count > 1,
        let table = SourceTop.kindMeant(by: first, input.catalog)
      {
        let name = SourcePath.text(Array(first))
        return "not read, since it is in \(Violation.quoted(name + "/")); rename that to "
          + Violation.quoted(table + "/")
      }
      let tables = input.catalog.kinds.map { $0.table + "/" }.joined(separator: ", ")
      return "not read, since it is outside \(tables); move it there, or name it in a mapping"
    case .compressed: return "not read, since it is compressed; unpack it"
    case .placeholder:
      return "not read, since it is a placeholder of a sync program for a file that is not here; "
        + "have the program download the file"
    case .otherExtension, .hidden, .notAFile:
      return "not read because of its extension; expected .json, .jsonl or .ndjson. Convert it "
        + "to JSON if necessary, and rename it"
    }
  }
}
