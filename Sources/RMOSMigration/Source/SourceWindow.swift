import RMOSModels
import RMOSSystem

/// A sliding view of one file's text as UTF-8.
///
/// What is kept begins at the last ``mark(_:)``, so a file of any size is read in the memory of its
/// largest entity. Positions are offsets into the view and move when it is refilled.
final class SourceWindow {
  /// How a file is cut, bytes.
  ///
  /// Only tests have a reason to change it.
  struct Limits {
    /// How much one refill reads at least; 64 or more.
    var chunk = 256 << 10
    /// The most that one entity may have.
    var entity = 64 << 20
  }

  let limits: Limits
  private(set) var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// How many bytes of text the view holds.
  private(set) var count = 0
  /// Whether the view reaches to the end of the file's text.
  private(set) var isComplete = false
  /// Whether the text ends because what follows cannot be decoded.
  private(set) var endsInBadEncoding = false
  /// Why the file does not count as UTF-8 or UTF-16 at all.
  private(set) var encodingComplaint: String?
  private(set) var encoding = SourceEncoding.utf8
  /// Bytes read from the file.
  private(set) var bytesRead = 0

  private let access: SourceAccess
  private var file: FileDescriptor?
  private var path: [UInt8] = []
  /// Whether reading is to be given up; asked whenever the view is refilled.
  private let isCancelled: () -> Bool
  /// The file's size when it was opened, bytes.
  private var size = 0
  private var transcoder: UTF16Transcoder?
  private var marked = 0
  private let containers = UnsafeMutablePointer<Bool>.allocate(
    capacity: JSONScanner.maximumDepth)
  private var markedPlace = RecordBatch.SourcePlace(offset: 0, line: 1, column: 1)

  init(
    limits: Limits = Limits(), access: SourceAccess = .system,
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.limits = limits
    self.access = access
    self.isCancelled = isCancelled
    capacity = limits.chunk
    base = .allocate(capacity: capacity + JSONScanner.padding)
    containers.initialize(repeating: false, count: JSONScanner.maximumDepth)
  }

  deinit {
    file?.close()
    base.deallocate()
    containers.deallocate()
  }

  /// A scanner over the view, or over its beginning up to `end`, where a 0 must stand.
  func scanner(at position: Int, upTo end: Int? = nil) -> JSONScanner {
    JSONScanner(
      base: base, count: end ?? count, position: position, containers: containers)
  }

  /// Opens a file; one that was open before is closed.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - offset: Where to begin, in the file's bytes: the beginning, or the first byte of some
  ///     token.
  /// - Throws: ``ReadFailure/system(_:)``.
  func open(_ path: [UInt8], at offset: Int = 0) throws(ReadFailure) {
    file?.close()
    file = nil
    count = 0
    isComplete = false
    endsInBadEncoding = false
    encodingComplaint = nil
    encoding = .utf8
    transcoder = nil
    bytesRead = 0
    marked = 0
    markedPlace = RecordBatch.SourcePlace(offset: 0, line: 1, column: 1)
    self.path = path
    try ReadFailure.converting { () throws(SystemError) in
      try access.willCall(.open, path)
      let handle = try FileDescriptor(reading: path)
      file = handle
      let status = try handle.status()
      guard status.form == .file else { throw .notAFile }
      size = status.size
      try fill()
    }
    detectEncoding()
    if offset > 0 { try moveOn(to: offset) }
  }

  /// Goes on to a place further down, which becomes the beginning.
  private func moveOn(to offset: Int) throws(ReadFailure) {
    guard let file else { return }
    let encoding = encoding
    try ReadFailure.converting { () throws(SystemError) in
      try file.seek(to: offset)
      (count, bytesRead, isComplete, endsInBadEncoding) = (0, offset, false, false)
      if case .utf16(let isBigEndian) = encoding {
        transcoder = UTF16Transcoder(isBigEndian: isBigEndian, inputChunk: limits.chunk / 4)
      }
      try fill()
    }
    marked = 0
    // Lines are not counted: nobody asks for them here.
    markedPlace = RecordBatch.SourcePlace(offset: offset, line: 1, column: 1)
  }

  /// Reads on, keeping what follows the last mark.
  ///
  /// - Returns: By how much positions move down.
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` where reading is cancelled.
  func refill() throws(ReadFailure) -> Int {
    if isCancelled() { throw .stopped }
    let moved = marked
    if moved > 0 {
      base.update(from: base + moved, count: count - moved)
      count -= moved
      marked = 0
    }
    try ReadFailure.converting { () throws(SystemError) in try fill() }
    return moved
  }

  /// Fills the view's free room, making some where less than half is free.
  private func fill() throws(SystemError) {
    guard let file, !isComplete else { return }
    try access.willCall(.read, path)
    if capacity - count < capacity / 2 { grow() }
    if transcoder == nil {
      let before = count
      while count < capacity {
        let wanted = capacity - count
        let got = try file.read(into: base + count, count: wanted)
        count += got
        // A short read that reaches the known size needs no further call to prove the end.
        if got == 0 || got < wanted && bytesRead + count - before == size {
          isComplete = true
          break
        }
        if count - before >= limits.chunk { break }
      }
      bytesRead += count - before
    } else {
      try transcode(from: file)
    }
    (base + count).initialize(repeating: 0, count: JSONScanner.padding)
  }

  private func grow() {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + JSONScanner.padding)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
    capacity *= 2
  }

  private func transcode(from file: FileDescriptor) throws(SystemError) {
    guard var transcoder else { return }
    defer { self.transcoder = transcoder }
    // As much as there is room for: a large entity is scanned anew after each refill, which only
    // stays linear if each brings as much as all before.
    while !isComplete, count + transcoder.outputBound <= capacity {
      let (got, hasEnded) = try transcoder.read(from: file)
      bytesRead += got
      count += transcoder.transcode(to: base + count, isLast: hasEnded)
      if transcoder.hasFailed {
        endsInBadEncoding = true
        isComplete = true
      } else if hasEnded {
        isComplete = true
      }
    }
  }

  /// Looks at the first bytes: marks, and signs of encodings that are not taken.
  private func detectEncoding() {
    let head = (0..<4).map { $0 < count ? base[$0] : 1 }
    if head[0] == 0xEF, head[1] == 0xBB, head[2] == 0xBF {
      mark(3)
    } else if head == [0xFF, 0xFE, 0, 0] || head == [0, 0, 0xFE, 0xFF] {
      encodingComplaint = "the file is UTF-32; save it as UTF-8"
    } else if head[0] == 0xFF, head[1] == 0xFE {
      beginTranscoding(isBigEndian: false)
    } else if head[0] == 0xFE, head[1] == 0xFF {
      beginTranscoding(isBigEndian: true)
    } else if count >= 2, (head[0] == 0) != (head[1] == 0) {
      encodingComplaint = "the file looks like UTF-16 without a byte-order mark; save it as UTF-8"
    }
  }

  private func beginTranscoding(isBigEndian: Bool) {
    encoding = .utf16(isBigEndian: isBigEndian)
    markedPlace = RecordBatch.SourcePlace(offset: 2, line: 1, column: 3)
    var transcoder = UTF16Transcoder(isBigEndian: isBigEndian, inputChunk: limits.chunk / 4)
    let raw = Array(UnsafeBufferPointer(start: base + 2, count: count - 2))
    let wasComplete = isComplete
    count = 0
    while capacity < raw.count * 2 + transcoder.outputBound { grow() }
    transcoder.append(raw)
    count = transcoder.transcode(to: base, isLast: wasComplete)
    if transcoder.hasFailed {
      endsInBadEncoding = true
      isComplete = true
    }
    self.transcoder = transcoder
    (base + count).initialize(repeating: 0, count: JSONScanner.padding)
  }

  // MARK: Places

  /// Declares that nothing before `position` will be looked at again.
  func mark(_ position: Int) {
    markedPlace = place(at: position)
    marked = position
  }

  /// The place in the file of a position at or after the mark.
  func place(at position: Int) -> RecordBatch.SourcePlace {
    encoding.advance(
      markedPlace, over: UnsafeBufferPointer(start: base + marked, count: position - marked))
  }

  /// Where the text begins: after the byte-order mark.
  var beginning: Int { marked }
}

/// UTF-16 to UTF-8, a piece at a time.
struct UTF16Transcoder {
  /// How much one read takes, bytes; 16 or more.
  private let inputChunk: Int
  /// The most that one read can become, with the part of a pair that was left: two bytes become
  /// three at most.
  var outputBound: Int { inputChunk * 2 }

  private let isBigEndian: Bool
  /// Bytes read and not yet transcoded.
  private var input: [UInt8] = []
  /// Whether the input is not well-formed UTF-16 from where the output ends.
  private(set) var hasFailed = false

  init(isBigEndian: Bool, inputChunk: Int) {
    self.isBigEndian = isBigEndian
    self.inputChunk = inputChunk
  }

  mutating func append(_ bytes: [UInt8]) { input += bytes }

  /// Reads on.
  ///
  /// Returns how much was read, and whether the file has ended.
  mutating func read(from file: FileDescriptor) throws(SystemError) -> (count: Int, hasEnded: Bool)
  {
    let bytes = try file.read(count: inputChunk)
    input += bytes
    return (bytes.count, bytes.isEmpty)
  }

  /// Transcodes what can be; a pair or unit cut in two waits for more unless `isLast`.
  ///
  /// - Returns: How many bytes were written.
  mutating func transcode(to output: UnsafeMutablePointer<UInt8>, isLast: Bool) -> Int {
    var out = output
    var index = 0
    func unit(_ index: Int) -> UInt16 {
      let (first, second) = (UInt16(input[index]), UInt16(input[index + 1]))
      return isBigEndian ? first << 8 | second : second << 8 | first
    }
    while index + 2 <= input.count {
      let lead = unit(index)
      var scalar = UInt32(lead)
      var length = 2
      if lead & 0xF800 == 0xD800 {
        guard lead < 0xDC00 else {
          hasFailed = true
          break
        }
        guard index + 4 <= input.count else { break }
        let trail = unit(index + 2)
        guard trail & 0xFC00 == 0xDC00 else {
          hasFailed = true
          break
        }
        scalar = 0x10000 + UInt32(lead & 0x3FF) << 10 + UInt32(trail & 0x3FF)
        length = 4
      }
      switch scalar {
      case 0..<0x80:
        out[0] = UInt8(scalar)
        out += 1
      case 0x80..<0x800:
        out[0] = UInt8(0xC0 | scalar >> 6)
        out[1] = UInt8(0x80 | scalar & 0x3F)
        out += 2
      case 0x800..<0x10000:
        out[0] = UInt8(0xE0 | scalar >> 12)
        out[1] = UInt8(0x80 | scalar >> 6 & 0x3F)
        out[2] = UInt8(0x80 | scalar & 0x3F)
        out += 3
      default:
        out[0] = UInt8(0xF0 | scalar >> 18)
        out[1] = UInt8(0x80 | scalar >> 12 & 0x3F)
        out[2] = UInt8(0x80 | scalar >> 6 & 0x3F)
        out[3] = UInt8(0x80 | scalar & 0x3F)
        out += 4
      }
      index += length
    }
    input.removeFirst(index)
    if isLast, !input.isEmpty { hasFailed = true }
    return out - output
  }
}
