import Testing

@testable import RMOSModels

/// Tests of the grammar of RFC 8259.
@Suite struct JSONScannerGrammarTests {
  static let accepted: [String] = [
    // Values at the top, and white space around them.
    "0", "-0", "1", "-1", "10", "123456789012345678901234567890", "true", "false", "null",
    "\"\"", "\"a\"", "[]", "{}", " 1", "1 ", "\t\r\n 1 \n\r\t", "\n[]\n", "[ ]", "{ }", "[\n]",
    // Numbers.
    "0.0", "-0.0", "0.5", "1.25", "-1.25", "0e0", "0E0", "0e+0", "0e-0", "1e5", "1E5", "1e+5",
    "1E-5", "1.5e10", "-1.5E-10", "1e00", "1e005", "0.000", "1e400", "1e-400", "-9.99e-999",
    "9223372036854775808", "[-0]", "[0]", "[1e1]", "{\"a\":-0.1e-1}",
    // Strings.
    "\"\\\"\"", "\"\\\\\"", "\"\\/\"", "\"/\"", "\"\\b\\f\\n\\r\\t\"", "\"\\u0000\"",
    "\"\\u0041\"", "\"\\uABCD\"", "\"\\uabcd\"", "\"\\uD83C\\uDFB8\"", "\"\\ud800\"",
    "\"\\uDC00\\uD800\"", "\"\\uD800\\u0041\"", "\"\\\\u0041\"", "\"\u{7F}\"", "\"\u{80}\"",
    "\"é\"", "\"\u{7FF}\"", "\"\u{800}\"", "\"\u{D7FF}\"", "\"\u{E000}\"", "\"\u{FEFF}\"",
    "\"\u{FFFF}\"", "\"\u{10000}\"", "\"🎸\"", "\"\u{10FFFF}\"", "\"\u{2028}\u{2029}\"",
    "\"12345678\"", "\"1234567\\n\"", "\"123456é\"", "\"'\"", "\"// no comment\"",
    "\"[{]},:\"", "\"e\u{301}\"", "\"\u{0085}\u{00A0}\"",
    // Arrays and objects.
    "[1]", "[1,2]", "[ 1 , 2 ]", "[[]]", "[[],[]]", "[[[[1]]]]", "[{}]", "[{},[]]",
    "[null,true,false]", "[\"\",\"\"]", "{\"\":0}", "{\"a\":1}", "{ \"a\" : 1 }", "{\"a\":{}}",
    "{\"a\":[]}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":{\"c\":[1]}}}",
    "{\"\\u0061\":1}", "{\"\\\"\":1}", "{\"é\":null}", "{\n\"a\"\n:\n1\n,\n\"b\"\n:\n2\n}",
    "[1\t,\r2\n]", "{\"a\\u0000b\":0}",
  ]

  /// Texts that are not JSON, with the offset of the error.
  static let refused: [(text: String, offset: Int)] = [
    // No value, and more than one.
    ("", 0), (" ", 1), ("\n\n", 2), ("1 2", 2), ("1,", 1), ("[],", 2), ("{}{}", 2), ("[][]", 2),
    ("nulll", 4), ("true false", 5), ("\"a\"\"b\"", 3), ("1]", 1), ("]", 0), ("}", 0), (",", 0),
    (":", 0), ("\u{FEFF}1", 0), ("\u{A0}1", 0), ("\u{C}1", 0), ("\u{B}1", 0), ("1\u{0}", 1),
    ("\u{0}", 0), ("[1]x", 3), ("[1]#", 3), ("\u{85}1", 0), ("\u{2028}1", 0),
    // Literals.
    ("t", 1), ("tru", 3), ("trux", 0), ("True", 0), ("TRUE", 0), ("fals", 4), ("falsy", 0),
    ("n", 1), ("nul", 3), ("nil", 0), ("None", 0), ("undefined", 0), ("NaN", 0), ("Infinity", 0),
    ("-Infinity", 1), ("nan", 0), ("inf", 0), ("[tru]", 1), ("[nulll]", 5), ("true1", 4),
    // Numbers.
    ("+1", 0), ("-", 1), ("--1", 1), ("-a", 1), ("01", 1), ("-01", 2), ("00", 1), ("0x1", 1),
    ("1.", 2), (".5", 0), ("-.5", 1), ("1.e1", 2), ("1.a", 2), ("1e", 2), ("1e+", 3), ("1E-", 3),
    ("1e1.5", 3), ("1ea", 2), ("1.2.3", 3), ("1_000", 1), ("1 000", 2), ("1,5", 1), ("[1.]", 3),
    ("[01]", 2), ("[-]", 2), ("[1e]", 3), ("0.e1", 2), ("1eE2", 2), ("1e+-2", 3), ("１", 0),
    // Strings.
    ("\"", 1), ("\"a", 2), ("\"\\", 2), ("\"\\\"", 3), ("'a'", 0), ("a", 0), ("\"\\x\"", 1),
    ("\"\\a\"", 1), ("\"\\'\"", 1), ("\"\\0\"", 1), ("\"\\u\"", 1), ("\"\\u1\"", 1),
    ("\"\\u12\"", 1), ("\"\\u123\"", 1), ("\"\\u123g\"", 1), ("\"\\u 123\"", 1), ("\"\\U0041\"", 1),
    ("\"\\u00", 5), ("\"\\ud83c\\", 8), ("\"a\nb\"", 2), ("\"\t\"", 1), ("\"\u{0}\"", 1),
    ("\"\u{1F}\"", 1), ("\"1234567\u{1}\"", 8), ("\"12345678\r\"", 9), ("\"\\\n\"", 1),
    ("“a”", 0), ("\"\\é\"", 1), ("\"\\u+041\"", 1),
    // Arrays.
    ("[", 1), ("[1", 2), ("[1,", 3), ("[1,]", 3), ("[,1]", 1), ("[,]", 1), ("[1,,2]", 3),
    ("[1 2]", 3), ("[1}", 2), ("[[]", 3), ("[]]", 2), ("[1;2]", 2), ("[\"a\":1]", 4),
    ("[/**/]", 1), ("[1]//", 3), ("[...]", 1), ("[\"a\" \"b\"]", 5), ("[1\u{0},2]", 2),
    // Objects.
    ("{", 1), ("{\"a\"", 4), ("{\"a\":", 5), ("{\"a\":1", 6), ("{\"a\":1,", 7), ("{\"a\":1,}", 7),
    ("{,}", 1), ("{\"a\"}", 4), ("{\"a\" 1}", 5), ("{\"a\",1}", 4), ("{\"a\"::1}", 5),
    ("{a:1}", 1), ("{'a':1}", 1), ("{1:1}", 1), ("{null:1}", 1), ("{[]:1}", 1), ("{\"a\":}", 5),
    ("{\"a\":1 \"b\":2}", 7), ("{\"a\":1;\"b\":2}", 6), ("{\"a\":1]", 6), ("{]", 1),
    ("{\"a\":1,,}", 7),
    ("{\"a\":1}}", 7), ("{/*c*/}", 1), ("{\"a\":1 // c\n}", 7), ("{\"a\":#1}", 5), ("{\"a\"=1}", 4),
    ("{\"a\\\":1}", 8), ("{\"\\uZZZZ\":1}", 2), ("{{}:1}", 1), ("{:1}", 1),
  ]

  /// Bytes within a string that are not UTF-8.
  static let malformed: [[UInt8]] = [
    [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2, 0x41], [0xC3, 0x28], [0xE0, 0x80, 0x80],
    [0xE0, 0x9F, 0xBF], [0xE2, 0x82, 0x41], [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80],
    [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
    [0xF0, 0x9F, 0x8E, 0x41], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88],
    [0xFC], [0xFE], [0xFF], [0xE9], [0xC3],
  ]

  private func verdict(_ bytes: [UInt8]) -> JSONScanError? {
    bytes.withUnsafeBytes { bytes in
      do throws(JSONScanError) {
        try JSONScanner.validate(bytes)
        return nil
      } catch {
        return error
      }
    }
  }

  @Test(arguments: accepted)
  func whatTheGrammarAllowsIsAccepted(_ text: String) {
    #expect(verdict(Array(text.utf8)) == nil)
  }

  @Test(arguments: refused)
  func whatTheGrammarDoesNotAllowIsRefusedAtItsPlace(_ text: String, _ offset: Int) {
    #expect(verdict(Array(text.utf8))?.offset == offset)
  }

  @Test(arguments: refused)
  func onlyWhatMoreBytesCouldMendEndsUnexpectedly(_ text: String, _ offset: Int) {
    let isCutOff = verdict(Array(text.utf8))?.reason == .unexpectedEnd
    #expect(isCutOff == (offset == text.utf8.count))
  }

  @Test(arguments: malformed, 0...9)
  func bytesThatAreNotUTF8AreRefusedWhereTheyBegin(_ bytes: [UInt8], _ before: Int) {
    let text = [0x22] + Array(repeating: 0x61, count: before) + bytes + [0x22]
    #expect(verdict(text) == JSONScanError(.invalidUTF8, before + 1))
  }

  @Test func everyScalarIsAcceptedInAStringAsItIsOrRefusedAsAControl() {
    for value in UInt32(0)...0x10FFFF {
      // All scalars below U+0900, and every 61st above.
      guard value < 0x900 || value % 61 == 0, let scalar = Unicode.Scalar(value) else { continue }
      let verdict = verdict(Array("\"\(scalar)\"".utf8))
      switch value {
      case 0x22: #expect(verdict?.offset == 2)
      case 0x5C: #expect(verdict?.reason == .unexpectedEnd)
      case ..<0x20: #expect(verdict?.reason == .controlCharacter(UInt8(value)))
      default: #expect(verdict == nil, "U+\(String(value, radix: 16))")
      }
    }
  }

  @Test(arguments: [
    ("[", "]", "1"), ("[", "]", ""), ("{\"a\":", "}", "1"), ("[{\"a\":", "}]", "1"),
  ])
  func nestingEndsAt512(_ open: String, _ close: String, _ core: String) {
    let width = open.utf8.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
    for depth in [511, 512, 513, 514] {
      let levels = (depth + width - 1) / width
      let text =
        String(repeating: open, count: levels) + core + String(repeating: close, count: levels)
      let error = verdict(Array(text.utf8))
      #expect(error?.reason == (levels * width <= 512 ? nil : .tooDeep), "\(depth)")
      if let error {
        let before = text.utf8.prefix(error.offset).count {
          $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{")
        }
        #expect(before == 512)
      }
    }
  }

  @Test func theMessageNamesWhatWasFoundAndExpected() {
    let messages = [
      "[1 2]": #"found "2", expected "," or "]""#,
      "{1:1}": #"found "1", expected a member name in double quotes"#,
      "\"\u{1}\"": #"found the byte 0x01 in a string; write it as an escape, such as \n"#,
      "[": "the JSON ends within a value; the rest is missing",
      "\"\\x\"": #"found a backslash that begins no valid escape; write \\ for a backslash"#,
      "\u{0}": "found the byte 0x00, expected a value",
      "{\"a\" 1}": #"found "1", expected ":""#, "-x": #"found "x", expected a digit"#,
      "1 \"": "found a double quote, expected the end of the text",
      "{\"a\":1]": #"found "]", expected "," or "}""#,
    ]
    for (text, message) in messages {
      #expect(verdict(Array(text.utf8))?.message == message, "\(text)")
    }
  }
}
