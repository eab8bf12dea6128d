import Foundation
import Testing

@testable import RMOSSystem

@Suite struct ASCIITests {
  @Test("Base64 is what Foundation takes it for, and nothing else is")
  func base64() {
    for length in 0...20 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + length) }
      #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
    #expect(Base64.decode("YQ") == [0x61])
    for text in ["a", "ab=c", "ab===", "a b=", "ab-_"] { #expect(Base64.decode(text) == nil) }
  }

  @Test func bytesHaveHexadecimalDigits() {
    #expect(ASCII.hex([0, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
    for byte in UInt8.min ... .max {
      let scalar = Character(Unicode.Scalar(byte))
      #expect(byte.hexadecimalValue.map(Int.init) == (byte < 0x80 ? scalar.hexDigitValue : nil))
    }
  }

  @Test func onlyASCIILettersChangeTheirCase() {
    #expect("ÀÉaBcZ[@".lowercasedASCII == "ÀÉabcz[@")
    #expect("Content-Length".isEqualIgnoringASCIICase("CONTENT-length"))
    #expect(!"É".isEqualIgnoringASCIICase("é"))
    #expect(!"a".isEqualIgnoringASCIICase("ab"))
  }

  @Test func bytesThatAreNotASCIIAreSeenWhereverTheyStand() {
    for length in 0...20 {
      let bytes = [UInt8](repeating: 0x7F, count: length)
      #expect(bytes.withUnsafeBufferPointer(\.isASCII))
      #expect(String(decoding: bytes, as: UTF8.self).allBytesSatisfy { $0 == 0x7F })
      for place in bytes.indices {
        var bytes = bytes
        bytes[place] = 0x80
        #expect(!bytes.withUnsafeBufferPointer(\.isASCII))
        bytes[place] = 0x20
        #expect(!String(decoding: bytes, as: UTF8.self).allBytesSatisfy { $0 == 0x7F })
      }
    }
  }

  @Test func whatIsPercentEncodedComesBack() {
    let bytes = Array(UInt8.min ... .max)
    let encoded = ASCII.percentEncoded(bytes)
    #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    #expect(ASCII.percentDecoded(encoded.utf8) == bytes)
    #expect("a/b c~é".percentEncoded == "a%2Fb%20c~%C3%A9")
    #expect("a/b c".percentEncoded(keeping: "/") == "a/b%20c")
    for text in ["%", "a%2", "%G0", "%0G"] { #expect(ASCII.percentDecoded(text.utf8) == nil) }
  }
}
