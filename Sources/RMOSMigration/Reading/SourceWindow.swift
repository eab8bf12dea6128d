import RMOSModels
import RMOSSystem

/// A sliding view of one document's text as UTF-8.
///
/// Positions count from the beginning of the text and stay valid while the view slides. The view
/// keeps the text from the last ``discard(before:)`` on, so a document of any size is read in the
/// memory of its largest entity.
@safe final class SourceWindow {
  /// The sizes of chunks and entities, in bytes, which only tests change.
  struct Limits {
    /// The minimum size of one refill; 64 or more.
    var chunk = 256 << 10
    /// The maximum size of one entity.
    var entity = 64 << 20
  }

  let limits: Limits
  /// Where the text begins: after the byte-order mark.
  private(set) var start = 0
  /// Whether the view reaches the end of the text.
  private(set) var isComplete = false
  /// Whether the text ends where the rest of the source is not well-formed UTF-16.
  private(set) var endsInBadEncoding = false
  /// Why the document cannot be read as UTF-8 or UTF-16; `nil` if it can.
  private(set) var encodingComplaint: String?
  private(set) var encoding = SourceEncoding.utf8
  /// The number of bytes read from the source.
  private(set) var bytesRead = 0
  private(set) var source: (any ByteSource)?

  /// The memory of the view, which begins with up to ``alignment`` - 1 unused bytes.
  private var memory: UnsafeMutablePointer<UInt8>
  /// The view's first byte.
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// The position of the view's first byte.
  private var origin = 0
  /// The number of bytes of text in the view.
  private var count = 0
  /// The offset in the source at which the next read begins.
  private var nextOffset = 0
  private var transcoder: UTF16Transcoder?
  /// The position before which the text will not be looked at again.
  private var kept = 0
  /// A position at or before ``kept``, and its place, from which lines are counted.
  private var anchor = (position: 0, place: SourceWindow.firstPlace)
  private let containers: UnsafeMutablePointer<Bool>
  /// Whether to stop reading; polled whenever the view is refilled.
  private let isCancelled: () -> Bool

  /// The size of a line of the processor's cache: the address to which bytes are read equals their
  /// offset in the file, modulo this size.
  ///
  /// With some other distances between the two, AMD processors copy at a tenth of their speed.
  private static let alignment = 64

  private static let firstPlace = RecordBatch.SourcePlace(offset: 0, line: 1, column: 1)

  init(limits: Limits = Limits(), isCancelled: @escaping () -> Bool = { false }) {
    self.limits = limits
    self.isCancelled = isCancelled
    capacity = limits.chunk
    unsafe memory = Self.allocate(capacity)
    unsafe base = memory
    unsafe containers = .allocate(capacity: JSONScanner.maximumDepth)
    unsafe containers.initialize(repeating: false, count: JSONScanner.maximumDepth)
  }

  deinit {
    unsafe memory.deallocate()
    unsafe containers.deallocate()
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    let size = alignment + capacity + JSONScanner.padding
    return unsafe UnsafeMutableRawPointer.allocate(byteCount: size, alignment: alignment)
      .bindMemory(to: UInt8.self, capacity: size)
  }

  // MARK: Filling the view

  /// Begins to read a source.
  ///
  /// - Parameters:
  ///   - source: The bytes.
  ///   - offset: The offset at which to begin: 0, or that of the first byte of a token, from which
  ///     lines are counted then.
  /// - Throws: ``ReadFailure/system(_:)``.
  func load(_ source: any ByteSource, at offset: Int = 0) throws(ReadFailure) {
    self.source = source
    release()
    (encoding, transcoder, encodingComplaint, bytesRead) = (.utf8, nil, nil, 0)
    try begin(at: 0)
    detectEncoding()
    if offset > 0 { try begin(at: offset) }
  }

  /// Begins to read at an offset, which becomes the beginning of the text.
  private func begin(at offset: Int) throws(ReadFailure) {
    (origin, count, kept, start) = (0, 0, 0, 0)
    (isComplete, endsInBadEncoding) = (false, false)
    nextOffset = offset
    if case .utf16(let isBigEndian) = encoding {
      transcoder = UTF16Transcoder(isBigEndian: isBigEndian, inputChunk: limits.chunk / 4)
    }
    anchor = (0, RecordBatch.SourcePlace(offset: offset, line: 1, column: 1))
    try ReadFailure.converting { () throws(SystemError) in try fill() }
  }

  /// Releases the memory that a large entity took; the text will not be looked at again.
  func release() {
    guard capacity > 4 * limits.chunk else { return }
    resize(to: limits.chunk, keeping: 0)
    (origin, count, kept) = (0, 0, 0)
    anchor = (0, SourceWindow.firstPlace)
  }

  /// Declares that nothing before `position` will be looked at again.
  func discard(before position: Int) { kept = max(kept, position) }

  /// Moves the anchor to ``kept``, so that no line is counted twice.
  private func moveAnchor() {
    guard anchor.position < kept else { return }
    let place = unsafe encoding.advance(anchor.place, over: bytes(anchor.position..<kept))
    anchor = (kept, place)
  }

  /// Reads on, keeping the text that is not discarded.
  ///
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if reading is cancelled.
  func refill() throws(ReadFailure) {
    if isCancelled() { throw .stopped }
    moveAnchor()
    let discarded = kept - origin
    if discarded > 0 {
      count -= discarded
      let lead = (nextOffset - count) & (Self.alignment - 1)
      let moved = unsafe memory + lead
      unsafe moved.update(from: base + discarded, count: count)
      unsafe base = moved
      origin = kept
      if capacity > 4 * limits.chunk, count < limits.chunk {
        resize(to: 2 * limits.chunk, keeping: count)
      }
    }
    try ReadFailure.converting { () throws(SystemError) in try fill() }
  }

  /// Fills the free part of the view, enlarging the view first if less than half is free.
  private func fill() throws(SystemError) {
    guard let source, !isComplete else { return }
    if capacity - count < capacity / 2 { grow() }
    if transcoder == nil {
      try read(from: source)
    } else {
      try transcode(from: source)
    }
    unsafe (base + count).initialize(repeating: 0, count: JSONScanner.padding)
  }

  private func read(from source: any ByteSource) throws(SystemError) {
    let before = count
    while count < capacity {
      let wanted = capacity - count
      let got = try unsafe source.read(into: base + count, count: wanted, at: nextOffset)
      count += got
      nextOffset += got
      bytesRead += got
      // A short read that reaches the known size needs no further call to prove the end.
      if got == 0 || got < wanted && nextOffset == source.size {
        isComplete = true
        break
      }
      if count - before >= limits.chunk { break }
    }
  }

  private func transcode(from source: any ByteSource) throws(SystemError) {
    guard var transcoder else { return }
    defer { self.transcoder = transcoder }
    // Fills all the room there is: a large entity is scanned again after each refill, which takes
    // linear time only if each refill reads as much as all before it together.
    while !isComplete, count + transcoder.outputBound <= capacity {
      let got = try transcoder.read(from: source, at: nextOffset)
      nextOffset += got
      bytesRead += got
      unsafe count += transcoder.transcode(to: base + count, isLast: got == 0)
      endsInBadEncoding = transcoder.hasFailed
      isComplete = got == 0 || transcoder.hasFailed
    }
  }

  private func grow() { resize(to: capacity * 2, keeping: count) }

  private func resize(to capacity: Int, keeping count: Int) {
    let resized = unsafe Self.allocate(capacity)
    // Later reads stay aligned.
    let start = unsafe resized + (base - memory)
    unsafe start.update(from: base, count: count)
    unsafe memory.deallocate()
    unsafe (memory, base) = (resized, start)
    self.capacity = capacity
  }

  /// Examines the first bytes for byte-order marks and unsupported encodings.
  private func detectEncoding() {
    func byte(_ index: Int) -> UInt8? { unsafe index < count ? base[index] : nil }
    switch (byte(0), byte(1), byte(2), byte(3)) {
    case (0xEF, 0xBB, 0xBF, _):
      discard(before: 3)
      start = 3
    case (0xFF, 0xFE, 0, 0), (0, 0, 0xFE, 0xFF):
      encodingComplaint = "the file is UTF-32; save it as UTF-8"
    case (0xFF, 0xFE, _, _):
      beginTranscoding(isBigEndian: false)
    case (0xFE, 0xFF, _, _):
      beginTranscoding(isBigEndian: true)
    // A length, and the type of the first element.
    case (_?, _?, 0?, 0?)
    where byte(4).map { [1, 2, 3, 4, 5, 7, 8, 16, 18, 19].contains($0) } == true:
      encodingComplaint =
        "the file is binary, not text, such as BSON; export it as JSON (bsondump does of BSON)"
    case (let first?, let second?, _, _) where (first == 0) != (second == 0):
      encodingComplaint = "the file looks like UTF-16 without a byte-order mark; save it as UTF-8"
    default: break
    }
  }

  private func beginTranscoding(isBigEndian: Bool) {
    encoding = .utf16(isBigEndian: isBigEndian)
    anchor = (0, RecordBatch.SourcePlace(offset: 2, line: 1, column: 3))
    var transcoder = UTF16Transcoder(isBigEndian: isBigEndian, inputChunk: limits.chunk / 4)
    unsafe transcoder.append(UnsafeBufferPointer(start: base + 2, count: count - 2))
    while capacity < (count - 2) * 2 + transcoder.outputBound { grow() }
    count = unsafe transcoder.transcode(to: base, isLast: isComplete)
    if transcoder.hasFailed {
      endsInBadEncoding = true
      isComplete = true
    }
    self.transcoder = transcoder
    unsafe (base + count).initialize(repeating: 0, count: JSONScanner.padding)
  }

  // MARK: Looking at the text

  /// The position after the last byte of the view.
  var end: Int { origin + count }

  /// Returns the byte at a position; `nil` if the view has none there, as after it was discarded.
  func byte(at position: Int) -> UInt8? {
    unsafe origin <= position && position < end ? base[position - origin] : nil
  }

  /// Whether the byte at `position` is `byte`; `false` if the view has none there.
  func has(_ byte: UInt8, at position: Int) -> Bool {
    unsafe origin <= position && position < end && base[position - origin] == byte
  }

  /// Whether a list begins at a position.
  func isList(at position: Int) -> Bool { has(UInt8(ascii: "["), at: position) }

  /// Whether an object begins at a position.
  func isObject(at position: Int) -> Bool { has(UInt8(ascii: "{"), at: position) }

  /// Whether a list or an object begins at a position.
  func isContainer(at position: Int) -> Bool { isList(at: position) || isObject(at: position) }

  /// Returns a piece of the text, which is valid until the view slides.
  func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    assert(origin <= range.lowerBound && range.upperBound <= end)
    return unsafe UnsafeBufferPointer(start: base + (range.lowerBound - origin), count: range.count)
  }

  /// Whether a whole UTF-8 character begins at a position.
  func isUTF8(at position: Int) -> Bool {
    var bytes = unsafe bytes(position..<max(position, min(position + 4, end))).makeIterator()
    var decoder = UTF8()
    if case .scalarValue = unsafe decoder.decode(&bytes) { return true }
    return false
  }

  /// Returns the place in the source of a position that is not discarded.
  func place(at position: Int) -> RecordBatch.SourcePlace {
    moveAnchor()
    return unsafe encoding.advance(anchor.place, over: bytes(anchor.position..<position))
  }

  /// Copies the text around a position that is not discarded, reading on as needed.
  ///
  /// - Returns: At most the given numbers of bytes before and after the position, and the position
  ///   in this copy.
  func excerpt(
    around position: Int, before: Int, after: Int
  ) throws(ReadFailure) -> (bytes: [UInt8], position: Int) {
    while end - position < after, !isComplete { try refill() }
    let start = max(origin, position - before)
    return unsafe (Array(bytes(start..<min(end, position + after))), position - start)
  }

  /// Returns a scanner over the view, which is valid until the view slides.
  func scanner(at position: Int) -> JSONScanner {
    unsafe JSONScanner(
      base: base, count: count, origin: origin, position: position, containers: containers)
  }

  /// Runs `body` with a scanner over a part of the view, as if that were the whole text.
  func withScanner<Result>(
    over range: Range<Int>, _ body: (inout JSONScanner) -> Result
  ) -> Result {
    // A scanner needs a 0 after its input, so it replaces the byte that follows for the time being.
    let terminator = unsafe base + (range.upperBound - origin)
    let replaced = unsafe terminator.pointee
    unsafe terminator.pointee = 0
    defer { unsafe terminator.pointee = replaced }
    var scanner = unsafe JSONScanner(
      base: base, count: range.upperBound - origin, origin: origin, position: range.lowerBound,
      containers: containers)
    return body(&scanner)
  }

  // MARK: Tokens that may reach beyond the view

  /// Reads on if that may change how a scan from `position` ends, and discards the text before it.
  ///
  /// - Parameters:
  ///   - failure: How the scan ended.
  ///   - position: Where the scan began.
  /// - Returns: Whether to scan again; `false` also if the scan exceeded the size of an entity.
  /// - Throws: ``ReadFailure``.
  func readsOn(after failure: JSONScanError, from position: Int) throws(ReadFailure) -> Bool {
    guard failure.reason == .unexpectedEnd, !isComplete, !isTooLarge(from: position) else {
      return false
    }
    discard(before: position)
    try refill()
    return true
  }

  /// Whether the text from `position` to the end of the view exceeds the size of an entity.
  func isTooLarge(from position: Int) -> Bool { end - position > limits.entity }

  /// Returns the position of the next byte that is not white space, or the end of the text, reading
  /// on as needed; everything before it is discarded.
  func skipWhiteSpace(from position: Int) throws(ReadFailure) -> Int {
    var position = position
    while true {
      var scanner = scanner(at: position)
      scanner.skipWhiteSpace()
      position = scanner.position
      discard(before: position)
      if position < end || isComplete { return position }
      try refill()
    }
  }

  /// Skips any value, with all checks.
  ///
  /// - Returns: The position after the value, and its kind; `nil` if it is larger than an entity
  ///   may be.
  func skipValue(
    at position: Int
  ) throws(ReadFailure) -> (end: Int, kind: JSONScanner.Kind)? {
    while true {
      var scanner = scanner(at: position)
      var failure: JSONScanError
      do throws(JSONScanError) {
        let kind = try scanner.skipValue(enclosingDepth: 0)
        // A number at the edge of the view may continue.
        if !scanner.isAtEnd || isComplete { return (scanner.position, kind) }
        failure = scanner.unexpected(.end)
      } catch {
        failure = error
      }
      if try readsOn(after: failure, from: position) { continue }
      guard failure.reason == .unexpectedEnd, !isComplete else { throw .notJSON(failure) }
      return nil
    }
  }

  /// Skips a value of any size, with all checks, in the memory of its largest token.
  ///
  /// - Parameters:
  ///   - position: Where the value begins.
  ///   - depth: The number of containers around it.
  /// - Returns: The position after the value.
  /// - Throws: ``ReadFailure``.
  func skipLongValue(at position: Int, depth: Int = 0) throws(ReadFailure) -> Int {
    var scanner = scanner(at: position)
    do throws(JSONScanError) {
      _ = try scanner.skipValue(enclosingDepth: depth)
      if !scanner.isAtEnd || isComplete { return scanner.position }
    } catch {
      guard error.reason == .unexpectedEnd, !isComplete else { throw .notJSON(error) }
    }
    let isList = isList(at: position)
    guard isList || isObject(at: position) else {
      guard let (end, _) = try skipValue(at: position) else {
        // A token larger than an entity may be.
        throw .notJSON(self.scanner(at: self.end).unexpected(.end))
      }
      return end
    }
    guard depth < JSONScanner.maximumDepth else {
      throw .notJSON(JSONScanError(.tooDeep, position))
    }
    let closing = isList ? UInt8(ascii: "]") : UInt8(ascii: "}")
    var position = try skipWhiteSpace(from: position + 1)
    if has(closing, at: position) { return position + 1 }
    while true {
      if !isList { position = try skipWhiteSpace(from: readName(at: position).end) }
      position = try skipLongValue(at: position, depth: depth + 1)
      position = try skipWhiteSpace(from: position)
      if has(closing, at: position) { return position + 1 }
      guard has(UInt8(ascii: ","), at: position) else {
        throw .notJSON(
          self.scanner(at: position).unexpected(isList ? .commaOrBracket : .commaOrBrace))
      }
      position = try skipWhiteSpace(from: position + 1)
    }
  }

  /// Reads a member's name and its colon.
  ///
  /// - Returns: The position after the colon, and the name; `nil` if the name is not valid text.
  func readName(at position: Int) throws(ReadFailure) -> (end: Int, text: [UInt8]?) {
    while true {
      var scanner = scanner(at: position)
      do throws(JSONScanError) {
        let isEscaped = try scanner.skipString()
        let inside = unsafe bytes(position + 1..<scanner.position - 1)
        scanner.skipWhiteSpace()
        guard scanner.skip(UInt8(ascii: ":")) else { throw scanner.unexpected(.colon) }
        return unsafe (scanner.position, isEscaped ? JSONScanner.decoded(inside) : Array(inside))
      } catch {
        guard try readsOn(after: error, from: position) else { throw .notJSON(error) }
      }
    }
  }

  /// Skips a value by its brackets and quotes alone, in constant memory, so that the text after a
  /// value that is refused can be read.
  ///
  /// - Parameters:
  ///   - position: Where the value begins.
  ///   - depth: The number of enclosing containers to skip as well.
  /// - Returns: The position after the value; `nil` if the text ends first.
  /// - Throws: ``ReadFailure``.
  func resynchronize(after position: Int, depth: Int = 0) throws(ReadFailure) -> Int? {
    var position = position
    var depth = depth
    var inString = false
    var isEscaped = false
    while true {
      while position < end {
        let byte = unsafe base[position - origin]
        position += 1
        if isEscaped {
          isEscaped = false
          continue
        }
        switch byte {
        case UInt8(ascii: "\\"): isEscaped = inString
        case UInt8(ascii: "\""): inString.toggle()
        case UInt8(ascii: "{"), UInt8(ascii: "["): if !inString { depth += 1 }
        case UInt8(ascii: "}"), UInt8(ascii: "]"): if !inString { depth -= 1 }
        // A number or literal ends before the comma or bracket that follows it.
        case UInt8(ascii: ","): if depth == 0, !inString { return position - 1 }
        default: continue
        }
        if depth == 0, !inString { return position }
        if depth < 0 { return position - 1 }
      }
      guard !isComplete else { return nil }
      discard(before: position)
      try refill()
    }
  }

  /// Finds the line that begins at `position`, up to its line feed or the end of the text.
  ///
  /// - Returns: The line, and whether it is longer than an entity with some white space may be, in
  ///   which case its beginning is discarded.
  func line(at position: Int) throws(ReadFailure) -> (range: Range<Int>, isTooLong: Bool) {
    var (lineStart, reached) = (position, position)
    var isTooLong = false
    discard(before: position)
    while true {
      let rest = unsafe bytes(reached..<end)
      if let feed = unsafe rest.firstIndex(of: UInt8(ascii: "\n")) {
        return (lineStart..<reached + feed, isTooLong)
      }
      reached = end
      if isComplete { return (lineStart..<reached, isTooLong) }
      if reached - lineStart > limits.entity + limits.chunk { isTooLong = true }
      if isTooLong {
        discard(before: reached)
        lineStart = reached
      }
      try refill()
    }
  }
}
