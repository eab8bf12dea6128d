#if canImport(RMOSModels)
  @testable import RMOSModels
#endif

/// A simple recursive parser of JSON that shares no code with the scanner.
///
/// An escaped lone surrogate reads as U+FFFD.
struct JSONOracle {
  /// The text is not JSON.
  private struct Refusal: Error {}

  /// Returns the value of a text; `nil` if it is not JSON in UTF-8.
  static func value(of bytes: [UInt8]) -> JSONValue? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    return bytes.withUnsafeBufferPointer { bytes in
      var parser = JSONOracle(bytes: bytes)
      return try? parser.document()
    }
  }

  /// Returns a JSON text without the white space between its tokens.
  static func compacted(_ text: String) -> String {
    var bytes: [UInt8] = []
    var isInString = false
    var isEscaped = false
    for byte in text.utf8 {
      if isInString {
        isInString = isEscaped || byte != UInt8(ascii: "\"")
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      } else if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
        continue
      } else {
        isInString = byte == UInt8(ascii: "\"")
      }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private mutating func document() throws(Refusal) -> JSONValue {
    let value = try value()
    skipSpace()
    if position < bytes.count { throw Refusal() }
    return value
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

  private mutating func value() throws(Refusal) -> JSONValue {
    skipSpace()
    guard position < bytes.count else { throw Refusal() }
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
    throw Refusal()
  }

  private mutating func enter() throws(Refusal) {
    if depth == JSONScanner.maximumDepth {
      throw Refusal()
    }
    position += 1
    depth += 1
  }

  private mutating func elements() throws(Refusal) -> [JSONValue] {
    skipSpace()
    if take("]") { return [] }
    var elements: [JSONValue] = []
    while true {
      elements.append(try value())
      skipSpace()
      if take("]") { return elements }
      if !take(",") { throw Refusal() }
    }
  }

  private mutating func members() throws(Refusal) -> [JSONValue.Member] {
    skipSpace()
    if take("}") { return [] }
    var members: [JSONValue.Member] = []
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw Refusal()
      }
      let name = try string()
      skipSpace()
      if !take(":") { throw Refusal() }
      members.append(JSONValue.Member(name: name, value: try value()))
      skipSpace()
      if take("}") { return members }
      if !take(",") { throw Refusal() }
    }
  }

  private mutating func number() throws(Refusal) -> JSONNumber {
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

  private mutating func digits() throws(Refusal) {
    let start = position
    while position < bytes.count, 0x30...0x39 ~= bytes[position] { position += 1 }
    if position == start { throw Refusal() }
  }

  private mutating func string() throws(Refusal) -> String {
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
      case 0..<0x20: throw Refusal()
      default: position += 1
      }
    }
    throw Refusal()
  }

  private mutating func escape() throws(Refusal) -> Unicode.Scalar {
    position += 1
    guard position < bytes.count else { throw Refusal() }
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
      return "\u{FFFD}"
    default:
      position -= 1
      throw Refusal()
    }
  }

  /// Reads the second half of an escaped surrogate pair, if it is next.
  private mutating func secondHalf(
    of code: UInt32
  ) throws(Refusal) -> Unicode.Scalar? {
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

  private mutating func hexadecimal() throws(Refusal) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      else { throw Refusal() }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
