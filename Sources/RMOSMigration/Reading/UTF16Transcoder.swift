import RMOSSystem

/// Transcodes UTF-16 to UTF-8 in pieces.
struct UTF16Transcoder {
  /// The size of one read, in bytes; 16 or more.
  private let inputChunk: Int
  /// The maximum output of one read and half a surrogate pair left from the one before: two bytes
  /// become at most three.
  var outputBound: Int { inputChunk * 2 }

  private let isBigEndian: Bool
  /// The bytes that are read but not transcoded yet.
  private var input: [UInt8] = []
  /// Whether the input that is not transcoded is malformed.
  private(set) var hasFailed = false

  init(isBigEndian: Bool, inputChunk: Int) {
    self.isBigEndian = isBigEndian
    self.inputChunk = inputChunk
  }

  mutating func append(_ bytes: some Sequence<UInt8>) { input.append(contentsOf: bytes) }

  /// Reads on from `offset`.
  ///
  /// - Returns: The number of bytes read; 0 at the end.
  mutating func read(
    from source: any ByteSource, at offset: Int
  ) throws(SystemError) -> Int {
    let kept = input.count
    input += [UInt8](repeating: 0, count: inputChunk)
    let inputChunk = inputChunk
    let got = try unsafe input.withUnsafeMutableBufferPointer {
      buffer throws(SystemError) -> Int in
      guard let base = buffer.baseAddress else { return 0 }
      return try unsafe source.read(into: base + kept, count: inputChunk, at: offset)
    }
    input.removeLast(inputChunk - got)
    return got
  }

  /// Transcodes the input, up to half a unit or surrogate pair at its end, which is malformed if
  /// `isLast`.
  ///
  /// - Returns: The number of bytes written.
  mutating func transcode(to output: UnsafeMutablePointer<UInt8>, isLast: Bool) -> Int {
    var out = unsafe output
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
        unsafe out[0] = UInt8(scalar)
        unsafe out += 1
      case 0x80..<0x800:
        unsafe out[0] = UInt8(0xC0 | scalar >> 6)
        unsafe out[1] = UInt8(0x80 | scalar & 0x3F)
        unsafe out += 2
      case 0x800..<0x10000:
        unsafe out[0] = UInt8(0xE0 | scalar >> 12)
        unsafe out[1] = UInt8(0x80 | scalar >> 6 & 0x3F)
        unsafe out[2] = UInt8(0x80 | scalar & 0x3F)
        unsafe out += 3
      default:
        unsafe out[0] = UInt8(0xF0 | scalar >> 18)
        unsafe out[1] = UInt8(0x80 | scalar >> 12 & 0x3F)
        unsafe out[2] = UInt8(0x80 | scalar >> 6 & 0x3F)
        unsafe out[3] = UInt8(0x80 | scalar & 0x3F)
        unsafe out += 4
      }
      index += length
    }
    input.removeFirst(index)
    if isLast, !input.isEmpty { hasFailed = true }
    return unsafe out - output
  }
}
