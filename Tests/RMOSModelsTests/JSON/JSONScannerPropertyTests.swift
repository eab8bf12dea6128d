import RMOSTestSupport
import Testing

@testable import RMOSModels

/// Compares the scanner with an independent parser, and its functions with each other.
@Suite struct JSONScannerPropertyTests {
  private static func verdict(_ bytes: [UInt8]) -> JSONScanError? {
    bytes.withUnsafeBytes { bytes in
      do throws(JSONScanError) {
        try JSONScanner.validate(bytes)
        return nil
      } catch {
        return error
      }
    }
  }

  /// Whether the independent parser accepts the bytes.
  private static func isJSON(_ bytes: [UInt8]) -> Bool {
    JSONOracle.value(of: bytes) != nil
  }

  private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    let likely =
      Array("{}[]:,\"\\ \n\t0123456789.-+eEtfnu/".utf8) + [0, 0x1F, 0x80, 0xC3, 0xA9, 0xED]
    for _ in 0..<random.int(1...3) {
      let index = random.int(0...bytes.count)
      switch random.int(0...4) {
      case 0 where index < bytes.count: bytes.remove(at: index)
      case 1 where index < bytes.count: bytes[index] = random.pick(likely)
      case 2 where index < bytes.count: bytes[index] ^= 1 << UInt8(random.int(0...7))
      case 3: bytes.removeSubrange(index...)
      default: bytes.insert(random.pick(likely), at: index)
      }
    }
  }

  @Test(arguments: UInt64(0)..<8)
  func mutatedTextsAreJudgedAsByAnotherParser(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var accepted = 0
    for _ in 0..<1500 {
      var bytes = Array(JSONValue.random(&random, depth: 3).respelled(&random).utf8)
      Self.mutate(&bytes, &random)
      let isJSON = Self.isJSON(bytes)
      #expect((Self.verdict(bytes) == nil) == isJSON, "\(String(decoding: bytes, as: UTF8.self))")
      accepted += isJSON ? 1 : 0
    }
    #expect(100...1400 ~= accepted)
  }

  @Test(arguments: UInt64(10)..<14)
  func anErrorDependsOnlyOnWhatComesUpToIt(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<400 {
      var bytes = Array(JSONValue.random(&random, depth: 3).respelled(&random).utf8)
      Self.mutate(&bytes, &random)
      guard let error = Self.verdict(bytes), error.reason != .unexpectedEnd else { continue }
      for more in ["", "}", "\"", "]]]", "é", "\\"] {
        // An error depends on no byte that is more than five bytes after its offset.
        let seen = bytes.prefix(min(bytes.count, error.offset + 6))
        #expect(Self.verdict(Array(seen) + Array(more.utf8)) == error)
      }
    }
  }

  @Test(arguments: UInt64(20)..<24)
  func everyBeginningOfATextIsCutOffAndNothingElse(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<60 {
      let inside = JSONValue.random(&random, depth: 3).respelled(&random)
      let bytes = Array("[\(inside)]".utf8)
      for count in bytes.indices {
        #expect(
          Self.verdict(Array(bytes.prefix(count))) == JSONScanError(.unexpectedEnd, count))
      }
    }
  }

  @Test(arguments: UInt64(30)..<34)
  func theCopyIsTheTextWithoutWhiteSpaceBetweenTokens(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let text = JSONValue.random(&random).respelled(&random)
      let leading = random.int(0...3)
      let bytes = Array((String(repeating: " ", count: leading) + text + ",x").utf8)
      let copy = bytes.withUnsafeBytes { bytes in
        JSONScanner.withPaddedCopy(of: bytes) { scanner -> [UInt8] in
          scanner.skipWhiteSpace()
          let size = scanner.remaining + JSONScanner.padding
          return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            guard var output = buffer.baseAddress else { return }
            let start = output
            // The result must not depend on the previous content.
            start.initialize(repeating: 0xEE, count: size)
            guard (try? scanner.copyValue(to: &output, enclosingDepth: 0)) != nil else { return }
            count = output - start
          }
        }
      }
      #expect(String(decoding: copy, as: UTF8.self) == JSONOracle.compacted(text))
    }
  }

  @Test(arguments: ["-12.5e+3", "true", "\"aé🎸\\u00e9\"", "[1,{\"a\":[]}]", "{\"k\":null}"])
  func aValueEndsWhereItEndsWhateverFollows(_ text: String) {
    for following in ["", ",", "]", "}", " ", "\n", ":"] {
      let bytes = Array((text + following).utf8)
      let end = bytes.withUnsafeBytes { bytes in
        JSONScanner.withPaddedCopy(of: bytes) { scanner -> Int? in
          guard (try? scanner.skipValue(enclosingDepth: 0)) != nil else { return nil }
          return scanner.position
        }
      }
      #expect(end == text.utf8.count)
    }
  }

  /// The reader of JSON Lines puts a 0 where the next line begins and leaves what is behind it.
  @Test(arguments: UInt64(40)..<44)
  func whatLiesBehindTheInputDoesNotMatter(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      var bytes = Array(JSONValue.random(&random, depth: 2).respelled(&random).utf8)
      Self.mutate(&bytes, &random)
      let behind = random.pick([0x22, 0x5C, 0x80, 0xBF, 0x30, 0x7D, 0x65] as [UInt8])
      var input = bytes + [0]
      input += Array(repeating: behind, count: JSONScanner.padding)
      var flags = Array(repeating: false, count: JSONScanner.maximumDepth)
      let verdict = input.withUnsafeBufferPointer { input in
        flags.withUnsafeMutableBufferPointer { flags -> JSONScanError? in
          guard let base = input.baseAddress, let flags = flags.baseAddress else { return nil }
          var scanner = JSONScanner(base: base, count: bytes.count, containers: flags)
          do throws(JSONScanError) {
            scanner.skipWhiteSpace()
            _ = try scanner.skipValue(enclosingDepth: 0)
            scanner.skipWhiteSpace()
            return scanner.isAtEnd ? nil : scanner.unexpected(.end)
          } catch {
            return error
          }
        }
      }
      #expect(verdict == Self.verdict(bytes))
    }
  }

  // MARK: Decoding

  private func decoded(_ inside: String) -> (text: String?, badOffset: Int?) {
    let bytes = Array(inside.utf8)
    var bad: Int?
    let output = [UInt8](unsafeUninitializedCapacity: bytes.count + 1) { buffer, count in
      guard var output = buffer.baseAddress else { return }
      let start = output
      bytes.withUnsafeBufferPointer { bad = JSONScanner.decode($0, to: &output) }
      count = output - start
    }
    return (bad == nil ? String(decoding: output, as: UTF8.self) : nil, bad)
  }

  @Test(arguments: UInt64(50)..<54)
  func decodingGivesTheStringThatTheTreeParserGives(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let spelled = JSONValue.string(JSONValue.text(&random)).respelled(&random)
      guard case .string(let expected) = try JSONValue(parsing: spelled) else { continue }
      #expect(
        decoded(String(spelled.dropFirst().dropLast())).text?.utf8.elementsEqual(expected.utf8)
          == true)
    }
  }

  @Test(arguments: [
    ("\\ud800", 0), ("ab\\udc00", 2), ("\\ud800\\ud800", 0), ("\\ud83c\\udfb8\\ud83c", 12),
    ("\\ud800x", 0), ("\\ud800\\n12345", 0), ("\\uDBFF\\uDBFF\\uDFFF", 0), ("é\\ud800", 2),
    ("\\ud800\\u", 0),
  ])
  func aLoneSurrogateIsNoTextAndItsPlaceIsTold(_ inside: String, _ offset: Int) {
    #expect(decoded(inside).badOffset == offset)
  }

  @Test func allEscapesAreDecoded() {
    #expect(
      decoded(#"\"\\\/\b\f\n\r\t\u00e9\uD83C\uDFB8\u0000"#).text == "\"\\/\u{8}\u{C}\n\r\té🎸\u{0}")
    #expect(decoded("\\uD800\\uDC00").text == "\u{10000}")
    #expect(decoded("\\uDBFF\\uDFFF").text == "\u{10FFFF}")
    #expect(decoded("").text?.isEmpty == true)
  }
}
