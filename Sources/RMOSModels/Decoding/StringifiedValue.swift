/// A text that a program wrote in place of an object or a list, whose content is lost with that.
///
/// Windows PowerShell does so below the depth that `ConvertTo-Json` is told to go to, which is 2
/// unless it is given; JavaScript where an object is joined to a text.
package struct StringifiedValue: Sendable, Hashable {
  /// What wrote the text.
  enum Writer: Sendable, Hashable {
    case powerShell, javaScript
  }

  /// The text as it is between its quotes.
  let text: String
  let writer: Writer

  /// Recognizes such a text; `nil` if it is another.
  init?(_ text: String) {
    self.text = text
    if text.hasPrefix("[object "), text.hasSuffix("]") {
      writer = .javaScript
      return
    }
    let isOfType =
      text.hasPrefix("System.") && !text.contains(" ")
      && (text.hasSuffix("[]") || text.hasPrefix("System.Collections.")
        || text.hasPrefix("System.Management.Automation."))
    let isOfMembers =
      text.hasPrefix("@{") && text.hasSuffix("}") && (text == "@{}" || text.contains("="))
    guard isOfType || isOfMembers else { return nil }
    writer = .powerShell
  }

  /// What happened and what to do.
  var advice: String {
    switch writer {
    case .powerShell:
      "PowerShell wrote it so, and what was in it may be lost: write the file again with "
        + "ConvertTo-Json -Depth 100"
    case .javaScript: "JavaScript wrote it so, and what was in it is lost"
    }
  }

  /// Finds the strings in JSON that are such texts.
  ///
  /// - Parameters:
  ///   - json: Valid JSON, followed by ``JSONScanner/padding`` readable bytes.
  ///   - counts: Whether a string counts whose opening quote is at a position.
  /// - Returns: The first and the position of its opening quote, and how many there are; `nil` if
  ///   there are none.
  /// - Complexity: O(length), a word at a time.
  static func first(
    in json: UnsafeBufferPointer<UInt8>, where counts: (Int) -> Bool
  ) -> (value: StringifiedValue, offset: Int, count: Int)? {
    guard let base = unsafe UnsafeRawPointer(json.baseAddress) else { return nil }
    var first: (value: StringifiedValue, offset: Int)?
    var (offset, count) = (0, 0)
    while offset < json.count {
      // One bit is set in each byte that is a quote; a byte that follows one may have it too.
      let word = unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
      let other = word ^ 0x2222_2222_2222_2222
      var quotes = (other &- 0x0101_0101_0101_0101) & ~other & 0x8080_8080_8080_8080
      while quotes != 0 {
        let place = offset + quotes.trailingZeroBitCount / 8
        quotes &= quotes - 1
        guard place + 1 < json.count else { break }
        switch unsafe json[place + 1] {
        case UInt8(ascii: "@"), UInt8(ascii: "S"), UInt8(ascii: "["):
          guard let value = unsafe value(in: json, at: place), counts(place) else { continue }
          count += 1
          if first == nil { first = (value, place) }
        default: continue
        }
      }
      offset += 8
    }
    return first.map { ($0.value, $0.offset, count) }
  }

  private static func value(
    in json: UnsafeBufferPointer<UInt8>, at quote: Int
  ) -> StringifiedValue? {
    guard unsafe json[quote] == UInt8(ascii: "\"") else { return nil }
    let rest = unsafe UnsafeBufferPointer(rebasing: json[(quote + 1)...])
    guard beginnings.contains(where: { unsafe rest.starts(with: $0.utf8) }) else {
      return nil
    }
    var end = 0
    while end < rest.count, unsafe rest[end] != UInt8(ascii: "\"") {
      unsafe end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    return unsafe StringifiedValue(String(decoding: rest.prefix(end), as: UTF8.self))
  }

  private static let beginnings = ["@{", "System.", "[object "]
}
