import RMOSSystem

// Strings are scanned eight bytes at a time, up to the next byte that needs a closer look.

extension JSONScanner {
  /// Scans the content of a string and returns the position after its closing quote.
  @inline(__always)
  func scanString(
    from start: UnsafePointer<UInt8>, escaped: inout Bool
  ) throws(JSONScanError) -> UnsafePointer<UInt8> {
    var p = unsafe start
    while true {
      let word = unsafe UnsafeRawPointer(p).loadUnaligned(as: UInt64.self).littleEndian
      let special = JSONScanner.specialBytes(in: word)
      if special == 0 {
        unsafe p += 8
        continue
      }
      unsafe p += special.trailingZeroBitCount >> 3
      let byte = unsafe p.pointee
      if byte == UInt8(ascii: "\"") { return unsafe p + 1 }
      if byte == UInt8(ascii: "\\") {
        escaped = true
        unsafe p = try unsafe scanEscape(at: p)
      } else if byte >= 0x80 {
        unsafe p = try unsafe scanMultibyte(at: p)
      } else {
        throw unsafe p >= end
          ? JSONScanError(.unexpectedEnd, position(of: end))
          : JSONScanError(.controlCharacter(byte), position(of: p))
      }
    }
  }

  /// The high bit of the lowest byte that is a quote, a backslash, a control character or not
  /// ASCII; bits above it may be wrong.
  @inline(__always)
  private static func specialBytes(in word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* 0x22)
    let backslashes = word ^ (ones &* 0x5C)
    return
      (((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
      | ((word &- (ones &* 0x20)) & ~word) | word) & (ones &* 0x80)
  }

  /// Scans an escape and returns the position after it.
  @inline(never)
  private func scanEscape(
    at backslash: UnsafePointer<UInt8>
  ) throws(JSONScanError) -> UnsafePointer<UInt8> {
    switch unsafe backslash[1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return unsafe backslash + 2
    case UInt8(ascii: "u"):
      for index in 2..<6 where unsafe backslash[index].hexadecimalValue == nil {
        throw unsafe backslash + index >= end
          ? JSONScanError(.unexpectedEnd, position(of: end))
          : JSONScanError(.invalidEscape, position(of: backslash))
      }
      return unsafe backslash + 6
    default:
      throw unsafe backslash + 1 >= end
        ? JSONScanError(.unexpectedEnd, position(of: end))
        : JSONScanError(.invalidEscape, position(of: backslash))
    }
  }

  /// Scans one multi-byte sequence (Unicode 16, table 3-7) and returns the position after it.
  @inline(__always)
  private func scanMultibyte(
    at start: UnsafePointer<UInt8>
  ) throws(JSONScanError) -> UnsafePointer<UInt8> {
    let length = unsafe JSONScanner.lengthOfMultibyte(at: start)
    guard length > 0 else {
      // A sequence that the end of the input cuts off is not invalid, but incomplete.
      throw unsafe start + 4 > end && JSONScanner.couldGoOn(start, upTo: end)
        ? JSONScanError(.unexpectedEnd, position(of: end))
        : JSONScanError(.invalidUTF8, position(of: start))
    }
    return unsafe start + length
  }

  @inline(__always)
  private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

  /// The length of the well-formed multi-byte sequence at `p`; 0 if there is none.
  @inline(__always)
  static func lengthOfMultibyte(at p: UnsafePointer<UInt8>) -> Int {
    let first = unsafe p[0]
    switch first {
    case 0xC2...0xDF:
      return unsafe isContinuation(p[1]) ? 2 : 0
    case 0xE0...0xEF:
      let second = unsafe p[1]
      guard isContinuation(second), unsafe isContinuation(p[2]) else { return 0 }
      if first == 0xE0 && second < 0xA0 || first == 0xED && second > 0x9F { return 0 }
      return 3
    case 0xF0...0xF4:
      let second = unsafe p[1]
      guard isContinuation(second), unsafe isContinuation(p[2]), unsafe isContinuation(p[3]) else {
        return 0
      }
      if first == 0xF0 && second < 0x90 || first == 0xF4 && second > 0x8F { return 0 }
      return 4
    default:
      return 0
    }
  }

  /// Whether the bytes from `start` to `end` are the beginning of a multi-byte sequence.
  @inline(never)
  private static func couldGoOn(
    _ start: UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>
  ) -> Bool {
    let length =
      switch unsafe start.pointee {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 0
      }
    let available = unsafe end - start
    return available < length && (1..<available).allSatisfy { unsafe isContinuation(start[$0]) }
  }

  /// Decodes the content of a scanned string to UTF-8.
  ///
  /// - Parameters:
  ///   - string: The bytes between the quotes of a string that this scanner accepted.
  ///   - output: Memory for as many bytes; advanced past the decoded bytes.
  /// - Returns: The offset in `string` of an unpaired surrogate escape, which is valid JSON but not
  ///   valid Unicode; `nil` if there is none.
  package static func decode(
    _ string: UnsafeBufferPointer<UInt8>, to output: inout UnsafeMutablePointer<UInt8>
  ) -> Int? {
    var index = 0
    func unit(at index: Int) -> UInt32 {
      (index..<index + 4).reduce(0) { unsafe $0 << 4 | UInt32(string[$1].hexadecimalValue ?? 0) }
    }
    func put(_ byte: UInt8) {
      unsafe output.pointee = byte
      unsafe output += 1
    }
    while index < string.count {
      let byte = unsafe string[index]
      guard byte == UInt8(ascii: "\\") else {
        put(byte)
        index += 1
        continue
      }
      switch unsafe string[index + 1] {
      case UInt8(ascii: "b"): put(0x08)
      case UInt8(ascii: "f"): put(0x0C)
      case UInt8(ascii: "n"): put(0x0A)
      case UInt8(ascii: "r"): put(0x0D)
      case UInt8(ascii: "t"): put(0x09)
      case UInt8(ascii: "u"):
        var scalar = unit(at: index + 2)
        if scalar & 0xF800 == 0xD800 {
          guard scalar < 0xDC00, index + 12 <= string.count,
            unsafe string[index + 6] == UInt8(ascii: "\\"),
            unsafe string[index + 7] == UInt8(ascii: "u"),
            unit(at: index + 8) & 0xFC00 == 0xDC00
          else { return index }
          scalar = 0x10000 + (scalar & 0x3FF) << 10 + (unit(at: index + 8) & 0x3FF)
          index += 6
        }
        if let scalar = Unicode.Scalar(scalar) {
          for byte in String(scalar).utf8 { put(byte) }
        }
        index += 4
      case let other: put(other)
      }
      index += 2
    }
    return nil
  }

  /// The decoded content of a scanned string; `nil` if it has an unpaired surrogate escape.
  package static func decoded(_ string: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var isText = true
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: string.count + 4) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      var output = unsafe base
      isText = unsafe decode(string, to: &output) == nil
      count = unsafe output - base
    }
    return isText ? bytes : nil
  }

  /// The text that a scanned value holds; `nil` if the value is no string, or has an unpaired
  /// surrogate escape.
  package static func text(of token: UnsafeBufferPointer<UInt8>, _ kind: Kind) -> [UInt8]? {
    let inside = unsafe token.dropFirst().dropLast()
    return switch kind {
    case .string: unsafe Array(inside)
    case .escapedString: unsafe decoded(UnsafeBufferPointer(rebasing: inside))
    default: nil
    }
  }

  /// The content of a scanned string: decoded or, if it has an unpaired surrogate escape, as
  /// written.
  package static func content(
    of string: UnsafeBufferPointer<UInt8>, isEscaped: Bool
  ) -> [UInt8] {
    unsafe (isEscaped ? decoded(string) : nil) ?? Array(string)
  }
}
