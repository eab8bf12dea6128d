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
        == #""\"\\/\b\t\n\f\r\u0000\u0001\u0010\u001f"# + "\u{7F}\u{2028}<é🎸\"")
    for code in UInt32(0)...0x2FF {
      guard let scalar = Unicode.Scalar(code) else { continue }
      let text = write(.compact) { $0.string(String(scalar)) }
      #expect(try JSONValue(parsing: text).string?.unicodeScalars.first == scalar)
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func stringsReadBackWhereverTheirEscapesStand(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let scalars = "a\"\\\n\0\u{1F}é🎸/".unicodeScalars
    var string = ""
    for _ in 0..<Int.random(in: 0..<40, using: &random) {
      if let scalar = scalars.randomElement(using: &random) { string.unicodeScalars.append(scalar) }
    }
    // A bridged or sliced string has its bytes elsewhere.
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

  @Test func anEmptiedWriterStartsAnew() {
    var writer = JSONWriter()
    writer.integer(1)
    writer.removeAll()
    writer.array { $0.integer(2) }
    #expect(writer.text == "[2]" && writer.utf8 == Array("[2]".utf8))
  }
}
