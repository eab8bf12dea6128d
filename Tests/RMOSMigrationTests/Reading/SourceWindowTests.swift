import Foundation
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

@Suite struct SourceWindowTests {
  private let tree: SourceTree

  init() throws { tree = try SourceTree() }

  /// Creates a window on a source, of which 64 bytes are read at a time.
  private func window(_ bytes: some ByteSource, chunk: Int = 64) throws -> SourceWindow {
    let window = SourceWindow(limits: SourceWindow.Limits(chunk: chunk))
    try window.load(bytes)
    return window
  }

  /// Creates a window on a file with the given bytes.
  private func windowOnFile(_ bytes: [UInt8]) throws -> SourceWindow {
    try tree.add("t/a", bytes)
    return try window(try FileByteSource(Array(tree.absolute("t/a").utf8)))
  }

  private func window(_ text: String) throws -> SourceWindow { try window(Array(text.utf8)) }

  private func text(_ window: SourceWindow, _ range: Range<Int>) -> String {
    String(decoding: window.bytes(range), as: UTF8.self)
  }

  /// The beginning of an item that broke off may have been discarded.
  @Test func discardedBytesAreNotLookedAt() throws {
    let window = try window(String(repeating: "]", count: 300))
    #expect(window.has(UInt8(ascii: "]"), at: 10) && window.byte(at: 10) == UInt8(ascii: "]"))
    window.discard(before: 60)
    try window.refill()
    for position in [0, 10, 59, window.end] {
      #expect(!window.has(UInt8(ascii: "]"), at: position) && window.byte(at: position) == nil)
    }
    #expect(window.has(UInt8(ascii: "]"), at: 60))
  }

  @Test(arguments: 0..<70)
  func whiteSpaceOfAnyLengthIsPassedOver(_ before: Int) throws {
    for spaces in [0, 1, 63, 64, 65, 127, 128, 129, 1000] {
      let window = try window(
        String(repeating: "x", count: before) + String(repeating: " ", count: spaces) + "yz")
      var position = before
      while position > window.end { try window.refill() }
      position = try window.skipWhiteSpace(from: position)
      #expect(text(window, position..<window.end).first == "y")
      #expect(window.place(at: position).offset == before + spaces)
    }
  }

  @Test(arguments: [
    #"{"a": [1, "}", {"b": "\\\"]"}]}"#, "[[[]], {}]", #""x\\""#, #""\"{[,""#, "12.5", "tru",
    "[1, {]}",
  ])
  func resynchronizingEndsAfterTheValue(_ value: String) throws {
    for before in 0..<66 {
      for after in [", 1]", "]", "}", ",", ""] {
        let window = try window(String(repeating: " ", count: before) + value + after)
        let start = try window.skipWhiteSpace(from: 0)
        window.discard(before: start)
        let end = try window.resynchronize(after: start)
        // Only a byte after it ends a value without brackets and quotes.
        let isOpen = after.isEmpty && !"]}\"".contains(value.suffix(1))
        if isOpen {
          #expect(end == nil)
        } else {
          let end = try #require(end)
          #expect(window.place(at: end).offset == before + value.utf8.count)
        }
      }
    }
  }

  @Test(arguments: ["[[]", "{\"a\": \"}", "\"x", "\"x\\\"", "[\"]"])
  func resynchronizingFindsNoEndWhereThereIsNone(_ text: String) throws {
    for before in 0..<70 {
      let window = try window(String(repeating: " ", count: before) + text)
      let start = try window.skipWhiteSpace(from: 0)
      window.discard(before: start)
      #expect(try window.resynchronize(after: start) == nil)
    }
  }

  @Test func linesEndAtLineFeedsWhereverTheyAre() throws {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<60 {
      let lines = (0..<random.int(1...8)).map { _ in
        String(repeating: "é", count: random.pick([0, 0, 1, 10, 31, 32, 33, 64, 100]))
      }
      let window = try window(lines.joined(separator: "\n"))
      var position = 0
      for (index, line) in lines.enumerated() {
        window.discard(before: position)
        let place = window.place(at: position)
        #expect(place.line == index + 1 && place.column == 1)
        let (range, isTooLong) = try window.line(at: position)
        #expect(text(window, range) == line && !isTooLong)
        #expect((range.upperBound == window.end) == (index == lines.count - 1))
        position = range.upperBound + 1
      }
    }
  }

  @Test(arguments: ["", "a", "café", "a\\u0062", "\\ud83c\\udfb8", "x y"])
  func namesAreReadWithTheirColonAtAnyEdge(_ name: String) throws {
    for before in 0..<70 {
      let window = try window(String(repeating: " ", count: before) + "\"\(name)\" \n : 1")
      let start = try window.skipWhiteSpace(from: 0)
      window.discard(before: start)
      let (end, decoded) = try window.readName(at: start)
      let expected = try JSONValue(parsing: "\"\(name)\"")
      #expect(decoded.map { .string(String(decoding: $0, as: UTF8.self)) } == expected)
      let value = try window.skipWhiteSpace(from: end)
      #expect(text(window, value..<window.end) == "1")
    }
  }

  // MARK: Encodings

  @Test(arguments: [TextEncoding.littleEndian, .bigEndian], [64, 68, 100, 4096])
  func utf16IsReadAsTheTextItIs(_ encoding: TextEncoding, _ chunk: Int) throws {
    for shift in 0..<40 {
      let expected =
        String(repeating: "x", count: shift) + String(repeating: "é🎸€\u{FFFD}z", count: 60)
      let window = try window(encoding.bytes(of: expected), chunk: chunk)
      while !window.isComplete { try window.refill() }
      #expect(text(window, 0..<window.end) == expected)
      #expect(!window.endsInBadEncoding)
      #expect(window.place(at: window.end).offset == encoding.bytes(of: expected).count)
    }
  }

  @Test(arguments: [TextEncoding.littleEndian, .bigEndian])
  func utf16ThatIsNotWellFormedEndsWhereItShows(_ encoding: TextEncoding) throws {
    func unit(_ value: UInt16) -> [UInt8] {
      let bytes = [UInt8(value & 0xFF), UInt8(value >> 8)]
      return encoding == .littleEndian ? bytes : bytes.reversed()
    }
    for length in [0, 1, 5, 30, 31, 32, 33, 100] {
      let good = String(repeating: "é", count: length)
      for bad in [
        unit(0xD800), unit(0xDC00), unit(0xD800) + unit(0x41), unit(0xD800) + unit(0xD800), [0x41],
        unit(0xDBFF) + [0xDC], unit(0xDC00) + unit(0xD800),
      ] {
        let window = try window(encoding.bytes(of: good) + bad)
        while !window.isComplete { try window.refill() }
        #expect(text(window, 0..<window.end) == good)
        #expect(window.endsInBadEncoding)
        #expect(window.place(at: window.end).offset == 2 + length * 2)
      }
    }
  }

  /// Each refill reads at least as much as the view has: otherwise the time for a large entity,
  /// which is scanned again after each refill, would be quadratic.
  @Test(arguments: TextEncoding.allCases)
  func theViewGrowsByAFactor(_ encoding: TextEncoding) throws {
    let window = try window(
      encoding.bytes(of: "\"" + String(repeating: "x", count: 200_000) + "\""))
    var refills = 0
    while !window.isComplete {
      try window.refill()
      refills += 1
    }
    #expect(refills < 40)
  }

  @Test func encodingsThatAreNotTakenAreNamed() throws {
    for (bytes, part) in [
      ([0xFF, 0xFE, 0, 0, 0x31, 0, 0, 0], "UTF-32"), ([0, 0, 0xFE, 0xFF, 0, 0, 0, 0x31], "UTF-32"),
      ([0x31, 0], "without a byte-order mark"), ([0, 0x31], "without a byte-order mark"),
    ] as [([UInt8], String)] {
      #expect(try window(bytes).encodingComplaint?.contains(part) == true)
    }
    for bytes in [[], [0x31], [0xFF], [0xFE], [0xEF, 0xBB], [0xFF, 0xFE], [0xFE, 0xFF], [0, 0]]
      as [[UInt8]]
    {
      #expect(try window(bytes).encodingComplaint == nil)
    }
  }

  // MARK: Files that change

  @Test(arguments: [0, 1, 63, 64, 65, 500])
  func aFileThatShrinksEndsEarly(_ size: Int) throws {
    let window = try windowOnFile(Array(repeating: 0x20, count: 1000))
    let file = try Foundation.FileHandle(
      forUpdating: URL(fileURLWithPath: tree.absolute("t/a")))
    try file.truncate(atOffset: UInt64(size))
    #expect(try window.skipWhiteSpace(from: 0) == window.end)
    #expect(window.isComplete && window.place(at: window.end).offset == max(64, size))
  }

  @Test func aFileThatGrowsIsReadToSomeEnd() throws {
    let window = try windowOnFile(Array(repeating: 0x20, count: 100))
    let file = try Foundation.FileHandle(
      forUpdating: URL(fileURLWithPath: tree.absolute("t/a")))
    try file.seekToEnd()
    try file.write(contentsOf: Data(repeating: 0x20, count: 5000))
    #expect(try window.skipWhiteSpace(from: 0) == window.end)
    #expect(window.isComplete && window.place(at: window.end).offset >= 100)
  }

  @Test func aWindowIsUsedDocumentAfterDocument() throws {
    let window = try window("abc")
    for _ in 0..<2 {
      try window.load(TextEncoding.bigEndian.bytes(of: "[é"))
      #expect(text(window, 0..<window.end) == "[é" && window.encoding != .utf8)
      try window.load(Array(repeating: 0x20, count: 5000) + [0x31])
      _ = try window.skipWhiteSpace(from: 0)
      #expect(window.place(at: window.end).offset == 5001)
      try window.load(Array("abc".utf8))
      #expect(text(window, 0..<window.end) == "abc" && window.encoding == .utf8)
    }
  }

  @Test func onlyRegularFilesAreSources() throws {
    #expect(throws: SystemError.self) { try FileByteSource(Array(tree.absolute("none").utf8)) }
    #expect(throws: SystemError.self) { try FileByteSource(Array(tree.path.utf8)) }
  }

  @Test func aWindowThatIsCancelledReadsNoFurther() throws {
    var isCancelled = false
    let window = SourceWindow(
      limits: SourceWindow.Limits(chunk: 64), isCancelled: { isCancelled })
    try window.load(Array(repeating: 0x20, count: 1000))
    isCancelled = true
    #expect(throws: ReadFailure.self) { try window.skipWhiteSpace(from: 0) }
    #expect(window.bytesRead < 1000)
  }

  // MARK: Reading again

  @Test(arguments: TextEncoding.allCases, [false, true])
  func anEntityIsReadAgainAsItWas(_ encoding: TextEncoding, _ isLines: Bool) throws {
    let texts = (0..<40).map {
      Texts.family("f\($0)", name: "é🎸", more: #", "x\u0079": [ \#($0) ]"#)
    }
    let path = isLines ? "strip_families/a.jsonl" : "strip_families/a.json"
    let body = isLines ? texts.joined(separator: "\n") : "[ " + texts.joined(separator: ",") + "]"
    try tree.add(path, encoding.bytes(of: body))
    let reading = try SourceReading(tree)
    #expect(reading.found.count == 40)
    let options = EntityDecoder.Options(derivesIDs: true, runStart: "2026-03-01")
    let rereader = EntityRereader(
      of: SourceInput(source: tree.path, catalog: .rmos, decoding: options))
    for found in reading.found.shuffled() {
      let batch = try rereader.read(
        .stripFamilies, path: Array(path.utf8), offset: found.origin.byteOffset,
        id: Array(found.id?.utf8 ?? "".utf8))
      #expect(batch.record(at: 0).values == found.values)
      #expect(batch.provenance(at: 0, run: 0).unknownMembers == found.origin.unknownMembers)
      #expect(batch.provenance(at: 0, run: 0).sha256 == found.origin.sha256)
    }
    try tree.add(path, "{")
    let failure = #expect(throws: SourceFailure.self) {
      try rereader.read(.stripFamilies, path: Array(path.utf8), offset: 4, id: [0x61])
    }
    #expect(failure?.error.code == .sourceChanged)
  }
}
