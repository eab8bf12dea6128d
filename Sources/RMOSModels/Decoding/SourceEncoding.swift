/// How offsets in scanned UTF-8 relate to the bytes of the file.
package enum SourceEncoding: Sendable, Hashable {
  /// The file is UTF-8: the same bytes.
  case utf8
  /// The file is UTF-16 and was transcoded: two or four bytes a character.
  case utf16(isBigEndian: Bool)

  /// The place in the file after passing over `text` from `place`.
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
        // A continuation byte belongs to its lead; four-byte sequences are surrogate pairs.
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

/// The line feeds of a text, counted eight bytes at a time.
struct LineCount {
  /// The number of line feeds.
  var count = 0
  /// The offset of the last line.
  var lastLine = 0

  init(of text: UnsafeBufferPointer<UInt8>) {
    let raw = UnsafeRawBufferPointer(text)
    typealias Bytes = SIMD16<UInt8>
    let (feeds, width) = (Bytes(repeating: 0x0A), Bytes.scalarCount)
    var index = 0
    while raw.count - index >= width {
      // One sum a column, before it overflows.
      var sums = Bytes()
      for _ in 0..<min((raw.count - index) / width, 255) {
        let bytes = unsafe raw.loadUnaligned(fromByteOffset: index, as: Bytes.self)
        sums &+= Bytes().replacing(with: 1, where: bytes .== feeds)
        index += width
      }
      count += Int(SIMD16<UInt16>(truncatingIfNeeded: sums).wrappedSum())
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
