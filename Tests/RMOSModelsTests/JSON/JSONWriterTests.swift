import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct JSONWriterTests {
  private func write(_ style: JSONWriter.Style, _ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter(style: style)
    body(&writer)
    return writer.text
  }

  private func sample(_ writer: inout JSONWriter) {
    writer.object {
      $0.member("count", 3)
      $0.member("big", UInt64.max)
      $0.member("none", nil as String?)
      $0.member("name", "Ébène")
      $0.member("rate", 66.5)
      $0.member("ok", true)
      $0.member("list") {
        $0.array {
          $0.null()
          $0.object { _ in }
          $0.array { _ in }
          $0.string("x")
        }
      }
      $0.member("kept") { $0.raw("[1.0]") }
    }
  }

  @Test func compactTextHasNoWhiteSpace() {
    #expect(
      write(.compact, sample)
        == #"{"count":3,"big":18446744073709551615,"none":null,"name":"Ébène","rate":66.5,"#
        + #""ok":true,"list":[null,{},[],"x"],"kept":[1.0]}"#)
  }

  @Test func prettyTextIsIndentedByTwo() {
    #expect(
      write(.pretty, sample) == """
        {
          "count": 3,
          "big": 18446744073709551615,
          "none": null,
          "name": "Ébène",
          "rate": 66.5,
          "ok": true,
          "list": [
            null,
            {},
            [],
            "x"
          ],
          "kept": [1.0]
        }
        """)
  }

  @Test func stringsAreEscapedAsTheStandardAsks() throws {
    #expect(
      write(.compact) { $0.string("\"\\/\u{8}\u{9}\n\u{C}\r\0\u{1}\u{10}\u{1F}\u{7F}\u{2028}<é🎸") }
        == #""\"\\/\b\t\n\f\r\u0000\u0001\u0010\u001f\u007f\u2028<é🎸""#)
    for code in UInt32(0)...0x2FF {
      guard let scalar = Unicode.Scalar(code) else { continue }
      let text = write(.compact) { $0.string(String(scalar)) }
      #expect(try JSONValue(parsing: text).string?.unicodeScalars.first == scalar)
    }
  }

  /// DEL, the C1 controls, bidirectional controls, line and paragraph separators.
  private static let steering: Set<Unicode.Scalar> = Set(
    [0x7F...0x9F, 0x61C...0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069]
      .joined().compactMap { Unicode.Scalar(UInt32($0)) })

  /// Returns random text in which controls and their neighbors are frequent.
  private static func text(_ random: inout SeededGenerator) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<random.int(0...40) {
      let value =
        switch random.int(0...4) {
        case 0: random.int(0...0x7F)
        case 1: random.int(0x80...0xFF)
        case 2: random.int(0x600...0x63F)
        case 3: random.int(0x2000...0x207F)
        default: random.int(0...0x10FFFF)
        }
      if let scalar = Unicode.Scalar(UInt32(value)) { text.append(scalar) }
    }
    return String(text)
  }

  /// Names, values and raw JSON keep their meaning, and hold no unescaped controls.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func whatIsWrittenIsInertAndTheSame(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let texts = (0..<4).map { _ in Self.text(&random) }
    func write(_ escaping: JSONWriter.Escaping, passing raw: String) -> String {
      var writer = JSONWriter(style: random.chance(50) ? .pretty : .compact, escaping: escaping)
      writer.object {
        $0.member(texts[0], texts[1])
        $0.member("kept " + texts[2]) { $0.raw(raw) }
      }
      return writer.text
    }
    let tree = JSONValue.object([
      .init(name: texts[2], value: .array([.string(texts[3]), .bool(true)]))
    ])
    var tokens = JSONWriter(escaping: .minimal)
    tokens.value(tree)
    let (inert, minimal) = (
      write(.inert, passing: tokens.text), write(.minimal, passing: tokens.text)
    )
    #expect(!inert.unicodeScalars.contains(where: Self.steering.contains))
    let parsed = try JSONValue(parsing: inert)
    #expect(try parsed == JSONValue(parsing: minimal))
    #expect(
      parsed
        == .object([
          .init(name: texts[0], value: .string(texts[1])),
          .init(name: "kept " + texts[2], value: tree),
        ]))
    // With minimal escaping, raw JSON is unchanged.
    #expect(minimal.contains(tokens.text))
    #expect(!JSONValue.string(texts[3]).text.unicodeScalars.contains(where: Self.steering.contains))
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func stringsReadBackWhereverTheirEscapesStand(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let scalars = "a\"\\\n\0\u{1F}é🎸/".unicodeScalars
    var string = ""
    for _ in 0..<Int.random(in: 0..<40, using: &random) {
      if let scalar = scalars.randomElement(using: &random) { string.unicodeScalars.append(scalar) }
    }
    // Bridged and sliced strings store their bytes differently.
    for string in [string, String(string.dropFirst()), String(Substring("x" + string).dropFirst())]
    {
      let value = try JSONValue(parsing: write(.compact) { $0.string(string) })
      #expect(value.string?.utf8.elementsEqual(string.utf8) == true)
    }
  }

  @Test func numbersReadBackAndNonFiniteOnesAreNull() throws {
    for value in [0.1, -0.0, 1e300, .leastNonzeroMagnitude, 1e16, 123456789.125, 1e21] {
      let text = write(.compact) { $0.number(value) }
      #expect(try JSONValue(parsing: text).double?.bitPattern == value.bitPattern)
    }
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(write(.compact) { $0.number(value) } == "null")
    }
    #expect(write(.compact) { $0.integer(Int64.min) } == "-9223372036854775808")
  }

  @Test func valuesOutsideOfContainersStandOnLinesOfTheirOwn() {
    let text = write(.compact) { writer in
      for number in 1...2 { writer.object { $0.member("n", number) } }
      writer.null()
    }
    #expect(text == "{\"n\":1}\n{\"n\":2}\nnull")
  }
}
