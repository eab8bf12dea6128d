extension JSONScanError {
  /// What was found and what was expected, for people.
  public var message: String {
    switch reason {
    case .unexpectedEnd:
      "ends within a value; the rest is missing"
    case .unexpected(let byte, let expected):
      "found \(JSONScanError.shown(byte)), expected \(expected.rawValue)"
    case .controlCharacter(let byte):
      "\(JSONScanError.shown(byte)) stands in a string as it is; write it as an escape such as \\n"
    case .invalidEscape:
      "a backslash begins no escape here; write \\\\ for a backslash"
    case .invalidUTF8:
      "not UTF-8"
    case .tooDeep:
      "nests deeper than \(JSONScanner.maximumDepth)"
    }
  }

  private static func shown(_ byte: UInt8) -> String {
    0x21...0x7E ~= byte
      ? "'\(Character(Unicode.Scalar(byte)))'"
      : "the byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
