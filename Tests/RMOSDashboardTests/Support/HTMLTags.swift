import Foundation

/// The tags of a page, read byte by byte: a regular expression takes seconds for a large page.
struct HTMLTag {
  /// The name, in lower case as pages have it.
  var name: String
  /// Whether it closes an element.
  var closes: Bool
  /// Whether it ends in `/>`.
  var isEmpty: Bool
  /// The attributes, in order; the value is empty if there is none.
  var attributes: [(name: String, value: String)] = []

  /// Returns the tags of a text, in order; `<` without a letter after it is text, as is the content
  /// of a style or a script.
  static func all(in text: some StringProtocol) -> [HTMLTag] {
    var tags: [HTMLTag] = []
    var cursor = HTMLCursor(text)
    // The name of the style or script element that is open.
    var open: String?
    while cursor.skip(past: "<") {
      if let open, !cursor.isAt("/\(open)") { continue }
      guard let tag = HTMLTag(after: &cursor) else { continue }
      tags.append(tag)
      let name = tag.name.lowercased()
      open = !tag.closes && (name == "style" || name == "script") ? name : nil
    }
    return tags
  }

  private static let spaces = HTMLCursor.Bytes("\t\n\u{c}\r ")
  private static let endsOfTagName = HTMLCursor.Bytes("\t\n\u{c}\r >/")
  private static let endsOfName = HTMLCursor.Bytes("\t\n\u{c}\r >/=")
  private static let endsOfValue = HTMLCursor.Bytes("\t\n\u{c}\r >")

  /// Parses the text between `<` and `>`.
  private init?(after cursor: inout HTMLCursor) {
    closes = cursor.byte == UInt8(ascii: "/")
    if closes { cursor.index += 1 }
    guard let first = cursor.byte, first | 0x20 >= 0x61, first | 0x20 <= 0x7A else { return nil }
    name = cursor.take(until: Self.endsOfTagName)
    isEmpty = false
    while let byte = cursor.byte, byte != UInt8(ascii: ">") {
      if Self.spaces.contains(byte) || byte == UInt8(ascii: "/") {
        isEmpty = byte == UInt8(ascii: "/")
        cursor.index += 1
        continue
      }
      isEmpty = false
      // A `=` in front belongs to the name (HTML, "Before attribute name state").
      let attribute = cursor.take(1) + cursor.take(until: Self.endsOfName)
      var value = ""
      if cursor.byte == UInt8(ascii: "=") {
        cursor.index += 1
        if let quote = cursor.byte, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
          cursor.index += 1
          value = cursor.take(untilPast: quote)
        } else {
          value = cursor.take(until: Self.endsOfValue)
        }
      }
      attributes.append((attribute, value))
    }
    cursor.index += 1
  }
}

/// A position in the bytes of a page, which is quick in a debug build too.
private struct HTMLCursor {
  /// A set of bytes to search for; a `Set` would hash each byte of a page.
  struct Bytes {
    private var isMember = [Bool](repeating: false, count: 256)

    init(_ text: String) { for byte in text.utf8 { isMember[Int(byte)] = true } }

    func contains(_ byte: UInt8) -> Bool { isMember[Int(byte)] }
  }

  private let bytes: [UInt8]
  var index = 0

  init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

  /// The byte at the position; `nil` at the end.
  var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

  /// Whether a text follows, ignoring case; the text must be in lower case.
  func isAt(_ text: String) -> Bool {
    String(decoding: bytes[min(index, bytes.count)...].prefix(text.utf8.count), as: UTF8.self)
      .lowercased() == text
  }

  /// Skips past the next such byte; returns `false` if there is none.
  mutating func skip(past byte: Unicode.Scalar) -> Bool {
    guard let next = bytes.position(of: UInt8(ascii: byte), from: index) else { return false }
    index = next + 1
    return true
  }

  /// Takes a number of bytes, or fewer at the end.
  mutating func take(_ count: Int) -> String { text(to: min(index + count, bytes.count)) }

  /// Takes the bytes before the first of some bytes, or all remaining ones.
  mutating func take(until ends: Bytes) -> String {
    var end = index
    while end < bytes.count, !ends.contains(bytes[end]) { end += 1 }
    return text(to: end)
  }

  /// Takes the bytes before a byte, and skips that byte.
  mutating func take(untilPast byte: UInt8) -> String {
    let text = text(to: bytes.position(of: byte, from: index) ?? bytes.count)
    index += 1
    return text
  }

  private mutating func text(to end: Int) -> String {
    guard index < end else { return "" }
    defer { index = end }
    return String(decoding: bytes[index..<end], as: UTF8.self)
  }
}

extension [UInt8] {
  /// Returns the first position of a byte from a position on; `nil` if there is none.
  fileprivate func position(of byte: UInt8, from start: Int) -> Int? {
    withUnsafeBytes { bytes -> Int? in
      guard start < bytes.count, let base = bytes.baseAddress else { return nil }
      return memchr(base + start, Int32(byte), bytes.count - start).map {
        UnsafeRawPointer($0) - base
      }
    }
  }

  /// Returns the first position of a text from a position on; `nil` if there is none.
  fileprivate func position(of text: String, from start: Int) -> Int? {
    let text = Array(text.utf8)
    var start = start
    while let found = position(of: text[0], from: start), found + text.count <= count {
      if self[found..<found + text.count] == text[...] {
        return found
      }
      start = found + 1
    }
    return nil
  }
}

extension String {
  /// The page without its styles and its script.
  var withoutLookAndScript: String {
    var bytes = Array(utf8)
    for name in ["style", "script"] {
      var start = 0
      while let begin = bytes.position(of: "<\(name)>", from: start),
        let end = bytes.position(of: "</\(name)>", from: begin)
      {
        bytes.removeSubrange(begin..<end + name.utf8.count + 3)
        start = begin
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
