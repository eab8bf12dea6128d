import RMOSModels
import RMOSSystem

/// Reads a source directory into batches: files in order, entities in position, failures in place.
///
/// Everything found becomes an entry, so that nothing is passed over: what cannot be read or parsed
/// is an entry that failed. Runs on one thread.
final class SourceReader {
  /// A batch and what was read for it.
  struct Delivery: Sendable {
    var batch: RecordBatch
    /// Issues that concern no entity, each with the number of entries before it.
    var remarks: [(position: Int, issue: Issue)] = []
    /// Bytes read since the delivery before.
    var bytes = 0
    /// Files read since the delivery before.
    var files = 0
    /// Whether the kind has no more entries.
    var endsKind = false
    /// For each entry that failed before it was an entity, by position: what of its file it is.
    var remains: [Int: Remains] = [:]
    /// The paths that are not UTF-8, by position in the batch's sources.
    var rawPaths: [Int: [UInt8]] = [:]
  }

  /// What of a file stands for an entry that is no entity.
  enum Remains: Sendable, Hashable {
    /// Nothing: it cannot be read.
    case nothing
    /// All of it.
    case file
    /// One item of several, as offsets in the file's bytes; nil stands for the end of the file.
    /// Where `isMember`, with its name.
    case item(offset: Int, end: Int?, isMember: Bool = false)
    /// Everything from an offset on, which `opening` makes a text of its own.
    case rest(offset: Int, opening: String)
  }

  /// A batch is delivered when its arena holds so much, however few its entries.
  static let arenaLimit = 2 << 20

  let window: SourceWindow
  var current: Delivery
  var entities: EntityReader
  var kind: EntityKind
  /// The file being read: its relative path, as bytes and as text, and its position in the batch.
  var path: [UInt8] = []
  var pathText = ""
  var walker: SourceWalker
  /// The member of a dictionary that is being read: where it begins in the file.
  var memberOffset: Int?
  private var sourcePosition: Int?

  let source: String
  let access: SourceAccess
  private let root: [UInt8]
  /// The source directory as it was when the reading began.
  private var identity: FileStatus.Identity?
  /// Whether there was anything to read, be it unreadable.
  private var hasFoundAnything = false
  /// Whether it is an error if there is nothing to read.
  private let refusesEmptySource: Bool
  private let batchSize: Int
  private let readerOptions: EntityReader.Options
  /// Whether reading is to be given up; asked for each file and whenever more of one is read.
  let isCancelled: () -> Bool
  /// Takes a full delivery and gives an empty batch to go on with.
  ///
  /// It throws ``ReadFailure/stopped`` where nobody wants more.
  private let deliver: (Delivery) throws(ReadFailure) -> RecordBatch

  init(
    root: String, batchSize: Int, options: EntityReader.Options,
    limits: SourceWindow.Limits = SourceWindow.Limits(), access: SourceAccess = .system,
    refusesEmptySource: Bool = false, isCancelled: @escaping () -> Bool = { false },
    deliver: @escaping (Delivery) throws(ReadFailure) -> RecordBatch
  ) {
    source = root
    self.root = Array(root.utf8)
    self.access = access
    self.refusesEmptySource = refusesEmptySource
    window = SourceWindow(limits: limits, access: access, isCancelled: isCancelled)
    self.batchSize = batchSize
    self.readerOptions = options
    self.isCancelled = isCancelled
    self.deliver = deliver
    kind = .stripFamilies
    current = Delivery(batch: RecordBatch(kind: .stripFamilies))
    entities = EntityReader(kind: .stripFamilies, options: options)
    walker = SourceWalker(root: self.root)
  }

  /// Reads everything.
  ///
  /// - Throws: ``ReadFailure/stopped`` where nobody wants more or reading is cancelled;
  ///   ``ReadFailure/source(_:)`` where no more can be read, once what was read before is delivered.
  func readAll() throws(ReadFailure) {
    do throws(ReadFailure) {
      identity = try? access.status(of: root).identity
      try readKinds()
    } catch {
      guard case .source = error else { throw error }
      if current.batch.count > 0 || !current.remarks.isEmpty { try deliverCurrent() }
      throw error
    }
  }

  private func readKinds() throws(ReadFailure) {
    for kind in EntityKind.allCases {
      self.kind = kind
      current.batch.reset(kind: kind)
      entities = EntityReader(kind: kind, options: readerOptions)
      walker = SourceWalker(
        root: root, directory: kind.table, access: access, isCancelled: isCancelled)
      while let item = walker.next() {
        switch item {
        case .file(let path, let format):
          begin(path)
          try readFile(format)
          current.bytes += window.bytesRead
          current.files += 1
        case .unreadable(let path, let error):
          if isCancelled() { throw .stopped }
          begin(path)
          try fail(error)
        case .loop(let path, let isAncestor):
          remarkLoop(SourcePath.text(path), isAncestor: isAncestor)
        }
      }
      if isCancelled() { throw .stopped }
      // A directory that is not there holds nothing, unless the source itself is gone.
      try checkIdentity()
      if kind == EntityKind.allCases.last, refusesEmptySource, !hasFoundAnything {
        current.remarks.append((current.batch.count, nothingFound))
      }
      current.endsKind = true
      try deliverCurrent()
    }
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

  private func remarkLoop(_ path: String, isAncestor: Bool) {
    let why =
      isAncestor
      ? "leads back to a directory it stands in" : "leads to a directory that was read already"
    current.remarks.append(
      (
        current.batch.count,
        Issue(
          severity: .warning, code: .inputLoop, kind: kind, source: path,
          message: "the link \(why); it is not followed, and nothing is lost by that")
      ))
  }

  private func begin(_ path: [UInt8]) {
    self.path = path
    pathText = SourcePath.text(path)
    sourcePosition = nil
    memberOffset = nil
    hasFoundAnything = true
  }

  // MARK: Entries

  /// The file's position in the current batch.
  var sourceNumber: Int {
    if let sourcePosition { return sourcePosition }
    let position = current.batch.addSource(pathText)
    sourcePosition = position
    if !pathText.utf8.elementsEqual(path) { current.rawPaths[position] = path }
    return position
  }

  /// Delivers the batch where it is full.
  ///
  /// To be called between entities.
  func deliverIfFull() throws(ReadFailure) {
    if current.batch.count >= batchSize || current.batch.used >= SourceReader.arenaLimit {
      try deliverCurrent()
    }
  }

  private func deliverCurrent() throws(ReadFailure) {
    sourcePosition = nil
    var next = try deliver(current)
    next.reset(kind: kind)
    current = Delivery(batch: next)
  }

  /// Appends an entry that failed.
  func fail(
    _ code: IssueCode, at place: RecordBatch.SourcePlace?,
    locator: RecordBatch.EntryLocator = .none, leaving remains: Remains, _ message: String
  ) throws(ReadFailure) {
    let start = RecordBatch.SourcePlace(offset: 0, line: 1, column: 1)
    var entry = RecordBatch.Entry(source: sourceNumber, locator: locator, place: place ?? start)
    let index = current.batch.issues.count
    current.batch.issues.append(
      Issue(
        severity: .error, code: code, kind: kind, source: pathText,
        locator: current.batch.locator(locator), line: place?.line, column: place?.column,
        offset: place?.offset, message: message))
    entry.issues = index..<index + 1
    entry.isFailed = true
    current.remains[current.batch.count] = remains
    current.batch.append(failed: entry)
    try deliverIfFull()
  }

  /// Appends an entry that failed because the file or directory may not be read, or is not there
  /// any more.
  ///
  /// - Throws: ``ReadFailure/source(_:)`` where the error says nothing of it.
  func fail(_ error: SystemError) throws(ReadFailure) {
    guard error.concernsOneFile else {
      throw .source(SourceFailure(source: source, reason: .unreadable(path: path, error)))
    }
    if error.isAbsent { try checkIdentity() }
    try fail(
      .inputUnreadable, at: nil, leaving: .nothing,
      error.isAbsent
        ? "was deleted or moved while the source was being read; run again"
        : "cannot be read: \(error.reason); fix that, or remove it from the source")
  }

  /// Appends an entry that failed because its text is not JSON.
  ///
  /// `place` is that of the error, where the window has moved on since.
  func fail(
    _ error: JSONScanError, at place: RecordBatch.SourcePlace? = nil,
    locator: RecordBatch.EntryLocator = .none, leaving remains: Remains
  ) throws(ReadFailure) {
    let (code, message) = describe(error)
    try fail(
      code, at: place ?? window.place(at: error.offset), locator: locator, leaving: remains,
      message)
  }

  /// The code and message for a text that is not JSON; the window must not have moved on.
  func describe(_ error: JSONScanError) -> (code: IssueCode, message: String) {
    switch error.reason {
    case .unexpectedEnd where window.endsInBadEncoding:
      return (.inputEncoding, SourceReader.badUTF16)
    case .invalidUTF8:
      return badUTF8(window.base[error.offset])
    case .unexpected(let byte, _) where byte >= 0x80 && !isUTF8(at: error.offset):
      return badUTF8(byte)
    case .tooDeep:
      return (.jsonDepth, "nests deeper than \(JSONScanner.maximumDepth); flatten it")
    case .unexpected(UInt8(ascii: "{"), .end):
      return (
        .jsonSyntax,
        error.message + "; put several entities in a list, or one a line in a file ending in .jsonl"
      )
    default:
      return (.jsonSyntax, error.message)
    }
  }

  private func badUTF8(_ byte: UInt8) -> (code: IssueCode, message: String) {
    let byte = String(byte, radix: 16, uppercase: true)
    return (.inputEncoding, "the byte 0x\(byte) is not UTF-8 here; save the file as UTF-8")
  }

  /// Whether a character stands at an offset of the view.
  private func isUTF8(at offset: Int) -> Bool {
    var bytes = UnsafeBufferPointer(
      start: window.base + offset, count: max(0, min(4, window.count - offset))
    ).makeIterator()
    var decoder = UTF8()
    if case .scalarValue = decoder.decode(&bytes) { return true }
    return false
  }

  static let badUTF16 = "is not well-formed UTF-16 from here on; save the file as UTF-8"
}
