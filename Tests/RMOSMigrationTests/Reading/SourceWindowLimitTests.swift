import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// An entity may have as many bytes as the limit, and others are read beside one that has more.
@Suite struct SourceWindowLimitTests {
  private static let limit = 2048

  /// An entity of exactly `size` bytes.
  private func entity(_ id: String, size: Int) -> String {
    let bare = Texts.family(id, name: "")
    return Texts.family(id, name: String(repeating: "n", count: size - bare.utf8.count))
  }

  private func read(
    _ text: String, as format: SourcePath.Format = .json, chunk: Int
  ) throws -> [String] {
    try SourceReading(
      Array(text.utf8), of: .stripFamilies, as: format,
      limits: SourceWindow.Limits(chunk: chunk, entity: Self.limit)
    ).summaries
  }

  @Test(arguments: [64, 1000, 4096, 256 << 10])
  func theLimitIsExactInEveryLayout(_ chunk: Int) throws {
    let (full, over) = (entity("full", size: Self.limit), entity("over", size: Self.limit + 1))
    let (small, long) = (Texts.family("z"), entity("long", size: 3 * Self.limit + 7))
    #expect(try read(full, chunk: chunk) == ["- full"])
    #expect(try read(" \(over)", chunk: chunk) == ["- - input.too-large"])
    #expect(try read(long, chunk: chunk) == ["- - input.too-large"])
    #expect(
      try read("[\(full),\(over), \(long),\(small)]", chunk: chunk)
        == ["0 full", "1 - input.too-large", "2 - input.too-large", "3 z"])
    #expect(
      try read(
        #"{"full": \#(full), "over": \#(over), "long": \#(long), "z": \#(small)}"#, chunk: chunk)
        == ["full full", "over - input.too-large", "long - input.too-large", "z z"])
    #expect(
      try read("\(full)\r\n\(over)\n\(long)\n\(small)\n", as: .lines, chunk: chunk)
        == ["1 full", "2 - input.too-large", "3 - input.too-large", "4 z"])
    #expect(
      try read("\(small)\n\(long)", as: .lines, chunk: chunk)
        == ["1 z", "2 - input.too-large"])
  }

  @Test(arguments: [64, 1000])
  func otherValuesThatAreTooLargeFailAloneToo(_ chunk: Int) throws {
    let text = String(repeating: "x]", count: 3 * Self.limit)
    let digits = String(repeating: "7", count: 6 * Self.limit)
    let small = Texts.family("z")
    for value in ["\"\(text)\"", digits, "[\"\(text)\"]", "[\(digits), {}]"] {
      #expect(
        try read("[\(value), \(small)]", chunk: chunk)
          == ["0 - input.too-large", "1 z"])
      #expect(
        try read("[\(small),\(value) ]", chunk: chunk)
          == ["0 z", "1 - input.too-large"])
      #expect(
        try read("\(value)\n\(small)", as: .lines, chunk: chunk).last == "2 z")
    }
    for value in ["\"\(text)\"", digits] {
      #expect(
        try read(value, chunk: chunk) == ["- - input.too-large"])
    }
  }

  @Test func aListOfAnySizeIsNoEntity() throws {
    let list = (0..<100).map { Texts.family("f\($0)") }.joined(separator: ",")
    let summaries = try read("[\(list)]", chunk: 64)
    #expect(summaries == (0..<100).map { "\($0) f\($0)" })
  }

  @Test(arguments: [TextEncoding.littleEndian, .bigEndian])
  func theLimitHoldsInUTF16(_ encoding: TextEncoding) throws {
    let text = "[\(entity("over", size: Self.limit + 1)), \(entity("full", size: Self.limit))]"
    let reading = try SourceReading(
      encoding.bytes(of: text), of: .stripFamilies,
      limits: SourceWindow.Limits(chunk: 64, entity: Self.limit))
    #expect(reading.summaries == ["0 - input.too-large", "1 full"])
  }

  @Test func aRunHoldsTheLimitOfTheContract() throws {
    #expect(SourceWindow.Limits().entity == 64 << 20)
    // Text beside an entity does not count.
    let document = Array("{}".utf8) + Array(repeating: 0x20, count: 1 << 20)
    let limits = SourceWindow.Limits(chunk: 1 << 10, entity: 1 << 10)
    #expect(
      try SourceReading(document, limits: limits).summaries.first?.contains("too-large") == false)
  }
}
