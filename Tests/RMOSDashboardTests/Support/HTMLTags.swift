import Foundation

/// The tags of a page, read byte by byte: a regular expression takes seconds for a large page.
struct HTMLTag {
  /// Its name, in lower case as pages have it.
  var name: String
  /// Whether it closes an element.
  var closes: Bool
  /// Whether it ends in `/>`.
  var isEmpty: Bool
  /// The attributes, in order; the value is empty if there is none.
  var attributes: [(name: String, value: String)] = []

  /// The tags of a text, in order; `<` without a letter after it is text, and so is everything in a
  /// style or a script.
  static func all(in text: some StringProtocol) -> [HTMLTag] {
    var tags: [HTMLTag] = []
    var bytes = Array(text.utf8)[...]
    while let start = bytes.position(of: "<") {
      bytes = bytes[(start + 1)...]
      if let last = tags.last, !last.closes, ["style", "script"].contains(last.name.lowercased()),
        !String(decoding: bytes.prefix(last.name.utf8.count + 1), as: UTF8.self).lowercased()
          .hasPrefix("/" + last.name.lowercased())
      {
        continue
      }
      if let tag = HTMLTag(after: &bytes) { tags.append(tag) }
    }
    return tags
  }

  private static let spaces: Set<UInt8> = [0x09, 0x0A, 0x0C, 0x0D, 0x20]
  private static let endsOfTagName = spaces.union(">/".utf8)
  private static let endsOfName = spaces.union(">/=".utf8)
  private static let endsOfValue = spaces.union(">".utf8)

  /// Reads what is between `<` and `>`.
  private init?(after bytes: inout ArraySlice<UInt8>) {
    func take(until ends: Set<UInt8>) -> String {
      var end = bytes.startIndex
      while end < bytes.endIndex, !ends.contains(bytes[end]) { end += 1 }
      defer { bytes = bytes[end...] }
      return String(decoding: bytes[..<end], as: UTF8.self)
    }

    closes = bytes.first == UInt8(ascii: "/")
    if closes { bytes = bytes.dropFirst() }
    guard let first = bytes.first, 0x61...0x7A ~= first | 0x20 else { return nil }
    name = take(until: Self.endsOfTagName)
    isEmpty = false
    while let byte = bytes.first, byte != UInt8(ascii: ">") {
      if Self.spaces.contains(byte) || byte == UInt8(ascii: "/") {
        isEmpty = byte == UInt8(ascii: "/")
        bytes = bytes.dropFirst()
        continue
      }
      isEmpty = false
      // A `=` in front belongs to the name (HTML, "Before attribute name state").
      bytes = bytes.dropFirst()
      let rest = take(until: Self.endsOfName)
      let attribute = String(decoding: [byte], as: UTF8.self) + rest
      var value = ""
      if bytes.first == UInt8(ascii: "=") {
        bytes = bytes.dropFirst()
        if let quote = bytes.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
          bytes = bytes.dropFirst()
          let end = bytes.position(of: Unicode.Scalar(quote)) ?? bytes.endIndex
          value = String(decoding: bytes[..<end], as: UTF8.self)
          bytes = bytes[end...].dropFirst()
        } else {
          value = take(until: Self.endsOfValue)
        }
      }
      attributes.append((attribute, value))
    }
    bytes = bytes.dropFirst()
  }
}

extension ArraySlice<UInt8> {
  /// Where a byte is first; `nil` if it is not there.
  ///
  /// This is quick in a debug build too.
  fileprivate func position(of byte: Unicode.Scalar) -> Int? {
    withUnsafeBytes { bytes -> Int? in
      guard let start = bytes.baseAddress else { return nil }
      return memchr(start, Int32(byte.value), bytes.count).map {
        startIndex + (UnsafeRawPointer($0) - start)
      }
    }
  }
}
