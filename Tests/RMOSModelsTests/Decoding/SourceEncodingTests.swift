import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct SourceEncodingTests {
  private func text(_ random: inout SeededGenerator) -> String {
    let pieces = [
      "a", "\n", "\r\n", "é", "€", "🎸", "e\u{301}", "\n\n", "abcdefghijk", "\u{10FFFF}",
    ]
    return (0..<random.int(0...20)).map { _ in random.pick(pieces) }.joined()
  }

  @Test(arguments: UInt64(0)..<4)
  func placesAreThoseOfAByteByByteCount(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let start = RecordBatch.SourcePlace(offset: 10, line: 3, column: 5)
    for _ in 0..<300 {
      let text = text(&random)
      let width = text.utf16.count * 2
      let lastLine =
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        .last.map { String(String.UnicodeScalarView($0)) } ?? ""
      let feeds = text.unicodeScalars.count { $0 == "\n" }
      var copy = text
      copy.withUTF8 { bytes in
        let plain = SourceEncoding.utf8.advance(start, over: bytes)
        #expect(plain.offset == 10 + bytes.count && plain.line == 3 + feeds)
        #expect(plain.column == (feeds == 0 ? 5 : 1) + lastLine.utf8.count)
        for isBigEndian in [false, true] {
          let wide = SourceEncoding.utf16(isBigEndian: isBigEndian).advance(start, over: bytes)
          #expect(wide.offset == 10 + width && wide.line == 3 + feeds)
          #expect(wide.column == (feeds == 0 ? 5 : 1) + lastLine.utf16.count * 2)
        }
      }
    }
  }

  @Test(arguments: UInt64(10)..<12)
  func advancingInPiecesIsAdvancingAtOnce(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let start = RecordBatch.SourcePlace(offset: 0, line: 1, column: 1)
    for _ in 0..<100 {
      let text = text(&random)
      let cut = text.unicodeScalars.index(
        text.unicodeScalars.startIndex, offsetBy: random.int(0...text.unicodeScalars.count))
      var (head, tail, whole) = (String(text[..<cut]), String(text[cut...]), text)
      for encoding in [SourceEncoding.utf8, .utf16(isBigEndian: true)] {
        let half = head.withUTF8 { encoding.advance(start, over: $0) }
        let end = tail.withUTF8 { encoding.advance(half, over: $0) }
        #expect(end == whole.withUTF8 { encoding.advance(start, over: $0) })
      }
    }
  }

  @Test func theDigestIsThatOfTheFilesBytes() {
    var text = "{\"a\": \"é🎸\"}"
    let units = Array(text.utf16)
    let little = units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let big = units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    text.withUTF8 { bytes in
      #expect(SourceEncoding.utf8.digest(of: bytes) == SHA256.hash(UnsafeRawBufferPointer(bytes)))
      #expect(
        SourceEncoding.utf16(isBigEndian: false).digest(of: bytes)
          == little.withUnsafeBytes { SHA256.hash($0) })
      #expect(
        SourceEncoding.utf16(isBigEndian: true).digest(of: bytes)
          == big.withUnsafeBytes { SHA256.hash($0) })
    }
  }

  @Test(arguments: 0...50)
  func lineFeedsAreCountedWhereverTheyStand(_ length: Int) {
    for feed in 0..<max(length, 1) {
      // Bytes that differ from a line feed in few bits must not count.
      for other in [0x8A, 0x0B, 0x09, 0x0D, 0x4A, 0x00] as [UInt8] {
        var bytes = Array(repeating: other, count: length)
        if feed < length { bytes[feed] = 0x0A }
        let lines = bytes.withUnsafeBufferPointer { LineCount(of: $0) }
        #expect(lines.count == (length == 0 ? 0 : 1))
        #expect(lines.lastLine == (length == 0 ? 0 : feed + 1))
      }
    }
  }
  @Test(arguments: [4079, 4080, 4081, 10_000])
  func manyLineFeedsAreCounted(_ length: Int) {
    let bytes = Array(repeating: 0x0A as UInt8, count: length) + [0x20]
    let lines = bytes.withUnsafeBufferPointer { LineCount(of: $0) }
    #expect(lines.count == length)
    #expect(lines.lastLine == length)
  }
}
