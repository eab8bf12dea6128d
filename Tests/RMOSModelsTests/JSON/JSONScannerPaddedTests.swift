import RMOSModels
import Testing

@Suite struct JSONScannerPaddedTests {
  /// Checking in place and checking a copy must not differ, whatever stands behind the padding's 0.
  @Test(arguments: ["{}", " [1, 2] ", "[1, 2", "\"é", "\"\u{1F3B8}\"", "12", "[1]x", "", "tru"])
  func inPlaceIsAsInACopy(_ text: String) {
    let bytes = Array(text.utf8)
    let padding = [0] + [UInt8](repeating: UInt8(ascii: "]"), count: JSONScanner.padding - 1)
    let copied = failure { try bytes.withUnsafeBytes { try JSONScanner.validate($0) } }
    let inPlace = failure {
      try (bytes + padding).withUnsafeBufferPointer { buffer in
        let base = try #require(buffer.baseAddress)
        try JSONScanner.validate(padded: base, count: bytes.count)
      }
    }
    #expect(inPlace == copied)
    #expect((copied == nil) == ["{}", " [1, 2] ", "\"\u{1F3B8}\"", "12"].contains(text))
  }

  private func failure(_ body: () throws -> Void) -> JSONScanError? {
    do {
      try body()
      return nil
    } catch {
      return error as? JSONScanError
    }
  }
}
