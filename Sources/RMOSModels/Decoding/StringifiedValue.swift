/// A text or reference that a program wrote in place of an object or a list, losing its content.
///
/// Windows PowerShell does so below the depth that `ConvertTo-Json` is given, 2 by default;
/// JavaScript does so where an object is converted to a string. .NET, if it preserves references,
/// represents an object that it wrote before by `{"$ref":"3"}`.
package struct StringifiedValue: Sendable, Hashable {
  /// The language of the program that wrote the text.
  enum Writer: Sendable, Hashable {
    case powerShell, javaScript, dotNet
  }

  /// The text between the quotes, or a reference with its braces.
  let text: String
  let writer: Writer

  /// Whether it is a reference to an object that is elsewhere in the file.
  var isReference: Bool { writer == .dotNet }

  private init(referenceTo number: UInt32) {
    text = "{\"$ref\":\"\(number)\"}"
    writer = .dotNet
  }

  /// Recognizes such a text; `nil` for any other.
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

  /// What happened, and how to fix it: the end of a sentence.
  var advice: String {
    switch writer {
    case .powerShell:
      "PowerShell wrote it so, and what was in it may be lost: write it again with "
        + "ConvertTo-Json -Depth 100"
    case .javaScript: "JavaScript wrote it so, and what was in it is lost"
    case .dotNet:
      ".NET wrote it so, and what was in it is elsewhere, if anywhere: write it again without "
        + "ReferenceHandler.Preserve or PreserveReferencesHandling"
    }
  }

  /// Finds the strings in JSON that are such texts, and the references.
  ///
  /// - Parameters:
  ///   - json: Valid JSON, followed by ``JSONScanner/padding`` readable bytes.
  ///   - counts: Whether the text or reference at an offset counts.
  /// - Returns: The first of them, the offset where it begins, and their number; `nil` if there are
  ///   none.
  /// - Complexity: O(length), a word at a time.
  static func first(
    in json: UnsafeBufferPointer<UInt8>, where counts: (Int) -> Bool
  ) -> (value: StringifiedValue, offset: Int, count: Int)? {
    var first: (value: StringifiedValue, offset: Int)?
    var count = 0
    // The numbers of the objects in the JSON, once there is a reference.
    var objects: Set<UInt32>?
    unsafe forEachOpeningQuote(in: json) { quote in
      let found: (value: StringifiedValue, offset: Int)?
      switch unsafe json[quote + 1] {
      case UInt8(ascii: "@"), UInt8(ascii: "S"), UInt8(ascii: "["):
        found = unsafe value(in: json, at: quote).map { ($0, quote) }
      case UInt8(ascii: "$"):
        guard let (number, start) = unsafe reference(in: json, at: quote) else { return }
        let known = unsafe objects ?? numbersOfObjects(in: json)
        objects = known
        found = known.contains(number) ? nil : (StringifiedValue(referenceTo: number), start)
      default: return
      }
      guard let found, counts(found.offset) else { return }
      count += 1
      first = first ?? found
    }
    return first.map { ($0.value, $0.offset, count) }
  }

  /// Calls `body` with the position of each quote that begins a string, and of most that end one.
  @inline(__always)
  private static func forEachOpeningQuote(
    in json: UnsafeBufferPointer<UInt8>, _ body: (Int) -> Void
  ) {
    guard let base = unsafe UnsafeRawPointer(json.baseAddress) else { return }
    var offset = 0
    while offset < json.count {
      // The high bit is set in each byte that is a quote, and perhaps in the byte after one.
      let word = unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
      let other = word ^ 0x2222_2222_2222_2222
      var quotes = (other &- 0x0101_0101_0101_0101) & ~other & 0x8080_8080_8080_8080
      while quotes != 0 {
        let place = offset + quotes.trailingZeroBitCount / 8
        quotes &= quotes - 1
        guard place + 1 < json.count else { break }
        // After a backslash, it is a part of the string or its end.
        if place > 0, unsafe json[place - 1] == UInt8(ascii: "\\") { continue }
        body(place)
      }
      offset += 8
    }
  }

  /// The value whose opening quote is at an offset; `nil` if there is none.
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

  /// The number in a reference whose one member's name begins with the quote at a position, and
  /// where its brace is; `nil` if it is no reference.
  private static func reference(
    in json: UnsafeBufferPointer<UInt8>, at quote: Int
  ) -> (number: UInt32, start: Int)? {
    var start = quote - 1
    while start >= 0, unsafe JSONScanner.isWhiteSpace(json[start]) { start -= 1 }
    guard start >= 0, unsafe json[start] == UInt8(ascii: "{"),
      let (number, end) = unsafe number(ofMember: "\"$ref\"", in: json, at: quote),
      unsafe json[end...].first(where: { !JSONScanner.isWhiteSpace($0) }) == UInt8(ascii: "}")
    else { return nil }
    return (number, start)
  }

  /// The numbers that the objects in JSON have as `$id`.
  private static func numbersOfObjects(in json: UnsafeBufferPointer<UInt8>) -> Set<UInt32> {
    var numbers: Set<UInt32> = []
    unsafe forEachOpeningQuote(in: json) { quote in
      guard unsafe json[quote + 1] == UInt8(ascii: "$"),
        let (number, _) = unsafe number(ofMember: "\"$id\"", in: json, at: quote)
      else { return }
      numbers.insert(number)
    }
    return numbers
  }

  /// The number in the text that is the value of a member whose quoted name is at a position, and
  /// the position after it; `nil` if there is none.
  private static func number(
    ofMember name: String, in json: UnsafeBufferPointer<UInt8>, at quote: Int
  ) -> (number: UInt32, end: Int)? {
    guard unsafe json[quote...].starts(with: name.utf8) else { return nil }
    var rest = unsafe json[(quote + name.utf8.count)...]
    func skip(_ byte: UInt8) -> Bool {
      unsafe rest = rest.drop { JSONScanner.isWhiteSpace($0) }
      return unsafe rest.popFirst() == byte
    }
    guard skip(UInt8(ascii: ":")), skip(UInt8(ascii: "\"")) else { return nil }
    let digits = unsafe rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    unsafe rest = rest.dropFirst(digits.count)
    guard let number = unsafe UInt32(String(decoding: digits, as: UTF8.self)),
      unsafe rest.popFirst() == UInt8(ascii: "\"")
    else { return nil }
    return unsafe (number, rest.startIndex)
  }

  private static let beginnings = ["@{", "System.", "[object "]
}
