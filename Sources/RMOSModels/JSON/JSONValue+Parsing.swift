extension JSONValue {
  /// Reads a JSON text.
  ///
  /// Strict RFC 8259: one value, white space around it, nothing else; at most 512 containers deep;
  /// an escaped lone surrogate is refused, as no string can hold it.
  ///
  /// - Throws: The first violation with its place.
  /// - Complexity: O(n).
  public init(parsing text: String) throws(JSONParsingError) {
    self = try JSONValue(parsing: text, replacingLoneSurrogates: false)
  }

  /// Reads a JSON text; an escaped lone surrogate may read as U+FFFD.
  init(parsing text: String, replacingLoneSurrogates: Bool) throws(JSONParsingError) {
    var text = text
    let result = text.withUTF8 { bytes in
      Result { () throws(JSONParsingError) in
        var parser = JSONValueParser(
          bytes: bytes, replacesLoneSurrogates: replacingLoneSurrogates)
        return try parser.document()
      }
    }
    self = try result.get()
  }

  /// Reads a JSON text from its UTF-8 bytes, without a byte-order mark.
  ///
  /// - Throws: The first violation with its place.
  /// - Complexity: O(n).
  public init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(JSONParsingError) {
    var utf8 = UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var valid = 0
    validation: while true {
      switch utf8.parseScalar(from: &iterator) {
      case .valid(let scalar): valid += scalar.count
      case .emptyInput: break validation
      case .error: throw JSONParsingError(at: valid, of: bytes, "the bytes are not UTF-8")
      }
    }
    var parser = JSONValueParser(bytes: bytes, replacesLoneSurrogates: false)
    self = try parser.document()
  }
}

/// A recursive reader over valid UTF-8; the depth limit bounds the recursion.
private struct JSONValueParser {
  let bytes: UnsafeBufferPointer<UInt8>
  let replacesLoneSurrogates: Bool
  var position = 0
  var depth = 0

  init(bytes: UnsafeBufferPointer<UInt8>, replacesLoneSurrogates: Bool) {
    self.bytes = bytes
    self.replacesLoneSurrogates = replacesLoneSurrogates
  }

  mutating func document() throws(JSONParsingError) -> JSONValue {
    let value = try value()
    skipSpace()
    if position < bytes.count { throw unexpected("the end") }
    return value
  }

  private func unexpected(_ expected: String) -> JSONParsingError {
    guard position < bytes.count else {
      return JSONParsingError(at: position, of: bytes, "expected \(expected), found the end")
    }
    let byte = bytes[position]
    let found =
      0x21...0x7E ~= byte
      ? "“\(Unicode.Scalar(byte))”" : "the byte 0x" + String(byte, radix: 16, uppercase: true)
    return JSONParsingError(at: position, of: bytes, "expected \(expected), found \(found)")
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let end = position + word.utf8CodeUnitCount
    let characters = UnsafeBufferPointer(
      start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard end <= bytes.count, bytes[position..<end].elementsEqual(characters) else { return false }
    position = end
    return true
  }

  private mutating func value() throws(JSONParsingError) -> JSONValue {
    skipSpace()
    guard position < bytes.count else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"):
      try enter()
      defer { depth -= 1 }
      return .object(try members())
    case UInt8(ascii: "["):
      try enter()
      defer { depth -= 1 }
      return .array(try elements())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), 0x30...0x39: return .number(try number())
    default: break
    }
    if takeWord("true") { return .bool(true) }
    if takeWord("false") { return .bool(false) }
    if takeWord("null") { return .null }
    throw unexpected("a value")
  }

  private mutating func enter() throws(JSONParsingError) {
    if depth == JSONScanner.maximumDepth {
      throw JSONParsingError(
        at: position, of: bytes, "nested deeper than \(JSONScanner.maximumDepth)")
    }
    position += 1
    depth += 1
  }

  private mutating func elements() throws(JSONParsingError) -> [JSONValue] {
    skipSpace()
    if take("]") { return [] }
    var elements: [JSONValue] = []
    while true {
      elements.append(try value())
      skipSpace()
      if take("]") { return elements }
      if !take(",") { throw unexpected("“,” or “]”") }
    }
  }

  private mutating func members() throws(JSONParsingError) -> [JSONValue.Member] {
    skipSpace()
    if take("}") { return [] }
    var members: [JSONValue.Member] = []
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw unexpected("a member name in double quotes")
      }
      let name = try string()
      skipSpace()
      if !take(":") { throw unexpected("“:”") }
      members.append(JSONValue.Member(name: name, value: try value()))
      skipSpace()
      if take("}") { return members }
      if !take(",") { throw unexpected("“,” or “}”") }
    }
  }

  private mutating func number() throws(JSONParsingError) -> JSONNumber {
    let start = position
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    return JSONNumber(unchecked: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func digits() throws(JSONParsingError) {
    let start = position
    while position < bytes.count, 0x30...0x39 ~= bytes[position] { position += 1 }
    if position == start { throw unexpected("a digit") }
  }

  private mutating func string() throws(JSONParsingError) -> String {
    position += 1
    var start = position
    var text: [UInt8] = []
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        defer { position += 1 }
        if text.isEmpty { return String(decoding: bytes[start..<position], as: UTF8.self) }
        text.append(contentsOf: bytes[start..<position])
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        text.append(contentsOf: bytes[start..<position])
        text.append(contentsOf: String(try escape()).utf8)
        start = position
      case 0..<0x20: throw unexpected("an escape such as \\n instead of a control character")
      default: position += 1
      }
    }
    throw unexpected("“\"” at the end of the string")
  }

  private mutating func escape() throws(JSONParsingError) -> Unicode.Scalar {
    let start = position
    position += 1
    guard position < bytes.count else { throw unexpected("an escape") }
    let character = bytes[position]
    position += 1
    switch character {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return Unicode.Scalar(character)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let code = try hexadecimal()
      if let scalar = Unicode.Scalar(code) { return scalar }
      if let scalar = try secondHalf(of: code) { return scalar }
      if replacesLoneSurrogates { return "\u{FFFD}" }
      throw JSONParsingError(at: start, of: bytes, "an escaped surrogate without its other half")
    default:
      position -= 1
      throw unexpected("one of \" \\ / b f n r t u after the backslash")
    }
  }

  /// Reads the second half of an escaped surrogate pair, if it is next.
  private mutating func secondHalf(
    of code: UInt32
  ) throws(JSONParsingError) -> Unicode.Scalar? {
    let start = position
    guard code < 0xDC00, take("\\"), take("u") else {
      position = start
      return nil
    }
    let low = try hexadecimal()
    guard 0xDC00..<0xE000 ~= low else {
      position = start
      return nil
    }
    return Unicode.Scalar(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
  }

  private mutating func hexadecimal() throws(JSONParsingError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      else { throw unexpected("a hexadecimal digit") }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
