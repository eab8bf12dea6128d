import CLibrary

/// Text encodings that consist of ASCII only.
package enum ASCII {
  static let lowerHexDigits = Array("0123456789abcdef".utf8)
  /// The hexadecimal digits in upper case, by their values.
  package static let upperHexDigits = Array("0123456789ABCDEF".utf8)

  /// The bytes as hexadecimal digits, two each, in lower case.
  package static func hex(_ bytes: some Sequence<UInt8>) -> String {
    var digits: [UInt8] = []
    for byte in bytes {
      digits.append(lowerHexDigits[Int(byte >> 4)])
      digits.append(lowerHexDigits[Int(byte & 15)])
    }
    return String(decoding: digits, as: UTF8.self)
  }

  /// Eight random bytes as hexadecimal digits.
  package static func randomHex() -> String {
    hex((0..<8).map { _ in UInt8.random(in: .min ... .max) })
  }
}

// Comparisons instead of ranges: in a debug build a range costs function calls for each byte.
extension UInt8 {
  /// The byte with A to Z in lower case.
  package var lowercasedASCII: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }

  package var isASCIIDigit: Bool { self >= 0x30 && self <= 0x39 }

  package var isASCIILetter: Bool { self | 0x20 >= 0x61 && self | 0x20 <= 0x7A }

  /// Whether the byte is a visible character or a space.
  package var isPrintableASCII: Bool { self >= 0x20 && self <= 0x7E }

  /// Whether the byte is unreserved in URLs (RFC 3986, 2.3): a letter, a digit, or one of `-._~`.
  var isUnreserved: Bool {
    isASCIILetter || isASCIIDigit || self == 0x2D || self == 0x2E || self == 0x5F || self == 0x7E
  }

  /// The value of a hexadecimal digit in either case; `nil` for any other byte.
  package var hexadecimalValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension String {
  /// Whether all bytes of the text satisfy a condition.
  ///
  /// In a debug build this takes a tenth of the time of `utf8.allSatisfy`.
  package func allBytesSatisfy(_ holds: (UInt8) -> Bool) -> Bool {
    var text = self
    return text.withUTF8 { bytes in
      var index = 0
      while index < bytes.count, unsafe holds(bytes[index]) { index += 1 }
      return index == bytes.count
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether all bytes are ASCII; compared eight at a time.
  package var isASCII: Bool {
    let bytes = UnsafeRawBufferPointer(self)
    var index = 0
    while index + 8 <= bytes.count {
      let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if word & 0x8080_8080_8080_8080 != 0 { return false }
      index += 8
    }
    while index < bytes.count {
      if unsafe bytes[index] >= 0x80 { return false }
      index += 1
    }
    return true
  }
}

extension String {
  /// The first 120 Unicode scalars of the text, followed by `…` if it has more.
  package var shortened: String { shortened(to: 120) }

  /// Returns the first `limit` Unicode scalars of the text, followed by `…` if it has more.
  ///
  /// - Complexity: O(`limit`), whatever the length of the text.
  package func shortened(to limit: Int) -> String {
    let shown = unicodeScalars.prefix(limit)
    return shown.endIndex == endIndex ? self : String(shown) + "…"
  }
}

extension StringProtocol {
  /// The text with A to Z in lower case.
  package var lowercasedASCII: String {
    var text = String(self)
    return text.withUTF8 { bytes in
      unsafe String(unsafeUninitializedCapacity: bytes.count) { buffer in
        guard let source = bytes.baseAddress, let target = buffer.baseAddress else { return 0 }
        var index = 0
        while index < bytes.count {
          unsafe target[index] = source[index].lowercasedASCII
          index += 1
        }
        return bytes.count
      }
    }
  }

  /// Whether the texts differ at most in the case of ASCII letters.
  package func isEqualIgnoringASCIICase(_ other: some StringProtocol) -> Bool {
    utf8.elementsEqual(other.utf8) { $0.lowercasedASCII == $1.lowercasedASCII }
  }
}

// MARK: Percent encoding

extension String {
  /// The text with all bytes percent-encoded except for unreserved characters (RFC 3986, 2.3) and
  /// those in `kept`.
  package func percentEncoded(keeping kept: String = "") -> String {
    ASCII.percentEncoded(utf8, keeping: kept)
  }

  /// The text with all bytes percent-encoded except for unreserved characters (RFC 3986, 2.3).
  package var percentEncoded: String { percentEncoded() }
}

extension ASCII {
  /// The bytes percent-encoded, except for unreserved characters (RFC 3986, 2.3) and those in
  /// `kept`.
  package static func percentEncoded(
    _ bytes: some Sequence<UInt8>, keeping kept: String = ""
  ) -> String {
    let (bytes, kept) = (Array(bytes), Array(kept.utf8))
    var encoded: [UInt8] = []
    encoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte.isUnreserved || !kept.isEmpty && kept.contains(byte) {
        encoded.append(byte)
      } else {
        encoded.append(0x25)  // %
        encoded.append(upperHexDigits[Int(byte >> 4)])
        encoded.append(upperHexDigits[Int(byte & 15)])
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// Returns the decoded bytes; `nil` if a percent sign is not followed by two hexadecimal digits.
  package static func percentDecoded(_ encoded: some Collection<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(encoded.count)
    var rest = encoded[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst()?.hexadecimalValue,
        let low = rest.popFirst()?.hexadecimalValue
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}

// MARK: Base64

/// Base64 (RFC 4648, 4).
package enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Returns the bytes as text, with padding.
  package static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for digit in 0..<4 {
        text.append(
          digit <= group.count
            ? digits[bits >> (18 - 6 * digit) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Returns the bytes of a text, whose padding is optional; `nil` if the text is not Base64.
  package static func decode(_ text: String) -> [UInt8]? {
    let digits = text.utf8.prefix { $0 != UInt8(ascii: "=") }
    let padding = text.utf8.dropFirst(digits.count)
    guard padding.count <= 2, padding.allSatisfy({ $0 == UInt8(ascii: "=") }),
      digits.count % 4 != 1
    else { return nil }
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for digit in digits {
      guard let value = self.digits.firstIndex(of: digit) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}

/// The memory functions of the C library.
package enum Memory {
  /// Allocates numbers that are 0, for access in random order, to be freed with ``release(_:)``;
  /// `nil` if there is not enough memory: `calloc`, `madvise`.
  ///
  /// Pages take up memory only once they are written to. Large ones are asked for, so that there
  /// are fewer faults.
  package static func zeroes(count: Int) -> UnsafeMutableBufferPointer<UInt64>? {
    let size = count * MemoryLayout<UInt64>.stride
    guard let start = unsafe calloc(size, 1) else { return nil }
    if let largePagesAdvice {
      let pageSize = Int(getpagesize())
      let lead = -Int(bitPattern: start) & (pageSize - 1)
      if lead < size { unsafe madvise(start + lead, size - lead, largePagesAdvice) }
    }
    return unsafe UnsafeMutableBufferPointer(
      start: start.bindMemory(to: UInt64.self, capacity: count), count: count)
  }

  /// Frees what ``zeroes(count:)`` allocated: `free`.
  package static func release(_ numbers: UnsafeMutableBufferPointer<UInt64>) {
    unsafe free(numbers.baseAddress)
  }

  /// Whether two buffers of equal length hold the same bytes: `memcmp`.
  package static func areEqual(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Bool {
    guard let a = left.baseAddress, let b = right.baseAddress else { return true }
    return unsafe memcmp(a, b, left.count) == 0
  }

  /// Compares two buffers in lexicographic order: `memcmp`.
  ///
  /// - Returns: A negative number if `left` is less than `right`, 0 if they are equal, else a
  ///   positive number.
  package static func compare(
    _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
  ) -> Int {
    if let a = left.baseAddress, let b = right.baseAddress {
      let order = unsafe memcmp(a, b, min(left.count, right.count))
      if order != 0 { return Int(order) }
    }
    return left.count - right.count
  }
}

/// A search for a sequence of bytes, by Horspool's algorithm.
package struct ByteSearch: Sendable {
  /// The bytes to search for, in lower case if the search ignores case.
  package let sought: [UInt8]
  private let ignoresCase: Bool
  /// For each byte, how far to advance if it is found where the last byte sought should be.
  private let skips: [UInt8]

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - sought: The bytes to search for.
  ///   - ignoresCase: Whether to ignore the case of ASCII letters.
  package init(_ sought: some Sequence<UInt8>, ignoringASCIICase ignoresCase: Bool = false) {
    let sought = sought.map { ignoresCase ? $0.lowercasedASCII : $0 }
    var skips = [UInt8](repeating: UInt8(clamping: sought.count), count: 256)
    for (index, byte) in sought.dropLast().enumerated() {
      let skip = UInt8(clamping: sought.count - 1 - index)
      skips[Int(byte)] = skip
      if ignoresCase, byte.isASCIILetter { skips[Int(byte ^ 0x20)] = skip }
    }
    self.sought = sought
    self.ignoresCase = ignoresCase
    self.skips = skips
  }

  /// The position of the first occurrence in `bytes` from `start` on; `nil` if there is none.
  package func position(in bytes: UnsafeRawBufferPointer, from start: Int = 0) -> Int? {
    let length = sought.count
    guard length > 0 else { return start }
    return unsafe skips.withUnsafeBufferPointer { skips in
      unsafe sought.withUnsafeBufferPointer { sought in
        let last = unsafe sought[length - 1]
        var end = start + length
        while end <= bytes.count {
          let byte = unsafe bytes[end - 1]
          if byte == last || ignoresCase && byte.lowercasedASCII == last {
            var index = length - 1
            while index > 0 {
              let byte = unsafe bytes[end - length + index - 1]
              let other = unsafe sought[index - 1]
              guard byte == other || ignoresCase && byte.lowercasedASCII == other else { break }
              index -= 1
            }
            if index == 0 { return end - length }
          }
          end += unsafe Int(skips[Int(byte)])
        }
        return nil
      }
    }
  }

  /// Whether the bytes sought occur in `bytes`.
  package func isFound(in bytes: UnsafeRawBufferPointer) -> Bool {
    unsafe position(in: bytes) != nil
  }
}
