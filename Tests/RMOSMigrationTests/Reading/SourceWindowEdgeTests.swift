import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// Reading does not depend on where the edges of the window are.
@Suite struct SourceWindowEdgeTests {
  struct Sample: CustomTestStringConvertible, Sendable {
    var name: String
    var isLines = false
    var text: String
    var testDescription: String { name }
  }

  private static let a =
    #"{"id": "a", "name": "é🎸", "ring_count": -12.50e1, "geometry": {"x": [1]}}"#
  private static let b =
    #"{"\u0069d": "b", "name": "\ud83c\udfb8", "strip_family_id": "f", "z": [ true , null ] }"#

  static let samples = [
    Sample(name: "one", text: "\(a)\n"),
    Sample(name: "one and more", text: "\(a) x"),
    Sample(name: "list", text: "[\(a), \(b) ,\n 12.5 , \"s\\\"]\", [[{}]], \(a)]\r\n"),
    Sample(name: "list that breaks off", text: "[\(a), \(b), {\"id\": tru }, \(a)]"),
    Sample(name: "list that ends early", text: "[\(a),\n\(b), 123"),
    Sample(name: "list with more", text: "[\(a)] , []"),
    Sample(
      name: "too deep",
      text: "[\(a), {\"x\": \(String(repeating: "[", count: 520)) \"]\" ], \(b)]"),
    Sample(name: "dictionary", text: #"{"k\u00e9y": \#(a), "b" :\#(b),"c":{}}"#),
    Sample(name: "dictionary that breaks off", text: #"{"x": \#(a), "y": \#(b), "z": {"a"; 1}}"#),
    Sample(name: "dictionary with a bad key", text: #"{"x": \#(a), "y": \#(b), z: {}}"#),
    Sample(name: "dictionary that ends early", text: #"{"x": \#(a), "y": \#(b), "z": {"#),
    Sample(name: "dictionary with more", text: #"{"x": \#(a), "y": \#(b)} 1"#),
    Sample(
      name: "dictionary with a lone surrogate", text: #"{"\ud800": \#(a), "y": \#(b), "": {}}"#),
    Sample(name: "number", text: "-1234567890.123e-45"),
    Sample(name: "number that ends early", text: "-12.5e+"),
    Sample(name: "control character", text: "[\(a), {\"id\": \"a\u{1}\"}]"),
    Sample(name: "lines", isLines: true, text: "\(a)\n\n\(b)\r\n12\n\"x\n{}\n\(a)"),
    Sample(name: "lines to the end", isLines: true, text: "\(b)\n  \(a)\n"),
    Sample(name: "lines with more", isLines: true, text: "\(b) x\n{\n\(a),\n[\(a)]\n"),
  ]

  /// Reads a document alone, with a window that no larger document has enlarged.
  private func read(
    _ sample: Sample, padding: Int, _ encoding: TextEncoding, chunk: Int?, batchSize: Int = 1000
  ) throws -> SourceReading {
    let text = String(repeating: " ", count: padding) + sample.text
    var limits = SourceWindow.Limits()
    if let chunk { limits.chunk = chunk }
    return try SourceReading(
      encoding.bytes(of: text), as: sample.isLines ? .lines : .json, limits: limits,
      batchSize: batchSize)
  }

  @Test(arguments: samples)
  func everyByteMayFallOnAnEdge(_ sample: Sample) throws {
    let plain = try read(sample, padding: 0, .utf8, chunk: nil)
    #expect(!plain.found.isEmpty)
    for padding in 0..<64 {
      let whole = try read(sample, padding: padding, .utf8, chunk: nil)
      let pieces = try read(sample, padding: padding, .utf8, chunk: 64)
      #expect(pieces.found == whole.found, "padding \(padding)")
      #expect(whole.content == plain.content, "padding \(padding)")
      #expect(pieces.bytes <= padding + sample.text.utf8.count)
    }
  }

  @Test(arguments: samples, TextEncoding.allCases)
  func anEncodingMakesNoDifference(_ sample: Sample, _ encoding: TextEncoding) throws {
    let plain = try read(sample, padding: 0, .utf8, chunk: nil)
    for padding in stride(from: 0, to: 64, by: 7) {
      let whole = try read(sample, padding: padding, encoding, chunk: nil)
      let pieces = try read(sample, padding: padding, encoding, chunk: 64)
      #expect(pieces.found == whole.found, "padding \(padding)")
      #expect(whole.content == plain.content, "padding \(padding)")
      #expect(whole.found.map(\.line) == plain.found.map(\.line))
    }
  }

  /// Places, lengths and digests are those of the bytes of the file.
  @Test(arguments: TextEncoding.allCases, [64, 100, 256 << 10])
  func placesLengthsAndDigestsAreThoseOfTheFile(_ encoding: TextEncoding, _ chunk: Int) throws {
    let sample = Sample(name: "", text: "\n [\(Self.a),\n é".dropLast(1) + "\(Self.b)]")
    let reading = try read(sample, padding: 5, encoding, chunk: chunk)
    let file = encoding.bytes(of: "     " + sample.text)
    try #require(reading.found.count == 2)
    for (found, text) in zip(reading.found, [Self.a, Self.b]) {
      let expected = Array(
        encoding.bytes(of: text).dropFirst(encoding.bytes(of: "").count))
      let start = found.origin.byteOffset
      #expect(Array(file[start..<start + found.origin.byteLength]) == expected)
      #expect(found.origin.sha256 == expected.withUnsafeBytes { SHA256.hash($0) })
      #expect(found.line == (text == Self.a ? 2 : 3))
    }
    let width = encoding == .utf8 || encoding == .utf8WithMark ? 1 : 2
    #expect(reading.found.map(\.column) == [1 + 2 * width, 1 + width])
    let reference = try #require(reading.found[1].referencePlaces.first)
    let value = Array(encoding.bytes(of: "\"f\"").dropFirst(encoding.bytes(of: "").count))
    #expect(Array(file[reference.offset...].prefix(value.count)) == value)
  }

  @Test(arguments: UInt64(70)..<73, [64, 77, 300])
  func treesReadAlikeWithWindowsOfAnySize(_ seed: UInt64, _ chunk: Int) throws {
    let tree = try RandomTree(seed: seed)
    let whole = try SourceReading(tree.source)
    let pieces = try SourceReading(
      tree.source, limits: SourceWindow.Limits(chunk: chunk), batchSize: 1 + chunk % 5)
    #expect(pieces.found == whole.found)
    #expect(pieces.notices == whole.notices)
    // After a list breaks off, the rest of the file need not be read.
    #expect(pieces.bytes <= whole.bytes)
  }

  /// Entities before, across and after the edge of a window of the default size.
  @Test(arguments: samples)
  func theWindowOfARealRunHasTheSameEdges(_ sample: Sample) throws {
    let plain = try read(sample, padding: 0, .utf8, chunk: nil)
    let chunk = SourceWindow.Limits().chunk
    for padding in [
      chunk - sample.text.utf8.count, chunk - 90, chunk - 1, chunk, 300 << 10,
    ] {
      #expect(try read(sample, padding: padding, .utf8, chunk: nil).content == plain.content)
    }
  }

  // MARK: Batches

  @Test(arguments: [64, 256, 64 << 10], [1, 7, 100, 1000])
  func aDictionaryThatBreaksOffLateIsReadOnce(_ chunk: Int, _ batchSize: Int) throws {
    for ending in [", bad: {}}", ", \"x\" {}}", ", \"x\": {\"id\": }}", ", ", "} x", ", \"x\": 1}"]
    {
      let tree = try SourceTree()
      try tree.add("strip_families/0.jsonl", (0..<5).map { Texts.family("l\($0)") + "\n" }.joined())
      let entries = (0..<100).map { "\"f\($0)\": " + Texts.family("f\($0)") }
      try tree.add("strip_families/a.json", "{" + entries.joined(separator: ", ") + ending)
      try tree.add("strip_families/b.json", Texts.family("last"))
      let reading = try SourceReading(
        tree, limits: SourceWindow.Limits(chunk: chunk), batchSize: batchSize)
      // With a number beside the entities, the document is a wrapper.
      let isWhole = ending == ", \"x\": 1}"
      let inside = (0..<100).map { "f\($0)" }
      #expect(
        reading.found.filter { !$0.isFailed }.map(\.id)
          == (0..<5).map { "l\($0)" } + inside + ["last"])
      #expect(reading.found.count { $0.isFailed } == (isWhole ? 0 : 1))
      #expect(reading.batches.allSatisfy { $0 <= batchSize })
    }
  }

  @Test(arguments: [1, 3, 10])
  func batchesAreFilledAndNothingIsLostBetweenThem(_ batchSize: Int) throws {
    let tree = try SourceTree([
      "strip_families/a.json":
        "[\((0..<25).map { Texts.family("a\($0)") }.joined(separator: ","))]",
      "strip_families/b.jsonl": (0..<25).map { Texts.family("b\($0)") + "\n" }.joined(),
      "strip_families/c.json": "[1, 2, 3, 4, 5]", "patterns/d.json": Texts.pattern("d"),
    ])
    let reading = try SourceReading(tree, batchSize: batchSize)
    #expect(reading.found == (try SourceReading(tree)).found)
    #expect(reading.found.count == 56)
    // The last batch of each kind may be short, and is emitted even if it is empty.
    #expect(reading.batches.count { $0 < batchSize } <= 3)
    #expect(reading.batches.allSatisfy { $0 <= batchSize })
  }
}
