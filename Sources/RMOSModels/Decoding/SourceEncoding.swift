/// The encoding of a file, which relates offsets in the scanned UTF-8 to bytes of the file.
package enum SourceEncoding: Sendable, Hashable {
  /// UTF-8; the scanned bytes are those of the file.
  case utf8
  /// UTF-16, transcoded for scanning; a character has two or four bytes in the file.
  case utf16(isBigEndian: Bool)

  /// The place in the file that is reached from `place` by advancing over `text`.
  package func advance(
    _ place: RecordBatch.SourcePlace, over text: UnsafeBufferPointer<UInt8>
  ) -> RecordBatch.SourcePlace {
    let lines = unsafe LineCount(of: text)
    let bytes = unsafe length(of: text)
    var result = place
    result.offset += bytes
    if lines.count == 0 {
      result.column += bytes
    } else {
      result.line += lines.count
      result.column = unsafe 1 + length(of: UnsafeBufferPointer(rebasing: text[lines.lastLine...]))
    }
    return result
  }

  /// The number of bytes that `text` occupies in the file.
  package func length(of text: UnsafeBufferPointer<UInt8>) -> Int {
    switch self {
    case .utf8: text.count
    case .utf16:
      unsafe text.reduce(0) { sum, byte in
        // A continuation byte belongs to its lead byte; a sequence of four is a surrogate pair.
        byte & 0xC0 == 0x80 ? sum : sum + (byte >= 0xF0 ? 4 : 2)
      }
    }
  }

  /// The SHA-256 of the bytes of the file that `text` was decoded from.
  package func digest(of text: UnsafeBufferPointer<UInt8>) -> SHA256.Digest {
    switch self {
    case .utf8:
      return unsafe SHA256.hash(UnsafeRawBufferPointer(text))
    case .utf16(let isBigEndian):
      var hash = SHA256()
      for unit in unsafe String(decoding: text, as: UTF8.self).utf16 {
        unsafe withUnsafeBytes(of: isBigEndian ? unit.bigEndian : unit.littleEndian) {
          unsafe hash.update($0)
        }
      }
      return hash.finalize()
    }
  }
}

/// Finds the places in a file of offsets in a part of its text.
///
/// Lines are counted from the previous place on, so that a large entity with many issues is not
/// read from its beginning for each of them.
@safe package struct PlaceCursor {
  private let start: RecordBatch.SourcePlace
  private let encoding: SourceEncoding
  private let text: UnsafeBufferPointer<UInt8>
  private var reached = 0
  private var place: RecordBatch.SourcePlace

  /// Creates a cursor over a text that begins at a place and stays valid.
  package init(
    at start: RecordBatch.SourcePlace, _ encoding: SourceEncoding,
    over text: UnsafeBufferPointer<UInt8>
  ) {
    self.start = start
    self.encoding = encoding
    unsafe self.text = text
    place = start
  }

  /// Returns the place of an offset in the text.
  package mutating func place(at offset: Int) -> RecordBatch.SourcePlace {
    if offset < reached { (reached, place) = (0, start) }
    place = unsafe encoding.advance(
      place, over: UnsafeBufferPointer(rebasing: text[reached..<offset]))
    reached = offset
    return place
  }
}

/// The number of line feeds in a text, counted eight bytes at a time.
struct LineCount {
  /// The number of line feeds.
  var count = 0
  /// The offset at which the last line begins.
  var lastLine = 0

  init(of text: UnsafeBufferPointer<UInt8>) {
    // Vectors would be faster, but a debug build takes a microsecond for each operation on them,
    // and a population count is slow on the baseline processor.
    let lows: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let feeds: UInt64 = 0x0A0A_0A0A_0A0A_0A0A
    let everyOther: UInt64 = 0x00FF_00FF_00FF_00FF
    let raw = UnsafeRawBufferPointer(text)
    var index = 0
    while index + 8 <= raw.count {
      // Each byte of `sums` counts the line feeds at its position, in as many words as it can
      // count.
      var sums: UInt64 = 0
      let end = min(index + 255 * 8, raw.count & ~7)
      while index < end {
        let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ feeds
        // Adds 1 to the sum of each byte of `word` that is 0.
        sums &+= (~(((word & lows) &+ lows) | word | lows)) >> 7
        index += 8
      }
      let pairs = (sums & everyOther) &+ (sums >> 8 & everyOther)
      count += Int(truncatingIfNeeded: (pairs &* 0x0001_0001_0001_0001) >> 48)
    }
    while index < raw.count {
      if unsafe raw[index] == 0x0A { count += 1 }
      index += 1
    }
    guard count > 0 else { return }
    lastLine = raw.count
    while unsafe raw[lastLine - 1] != 0x0A { lastLine -= 1 }
  }
}
