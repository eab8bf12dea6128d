import RMOSModels
import RMOSSystem

/// Reads single members of JSON texts without building a tree.
///
/// The buffer for the text is reused for the next one.
@safe final class JSONMemberReader {
  private var text: UnsafeMutablePointer<UInt8>
  private var capacity = 4096
  private let containers: UnsafeMutablePointer<Bool>

  init() {
    unsafe text = .allocate(capacity: capacity)
    unsafe containers = .allocate(capacity: JSONScanner.maximumDepth)
    unsafe containers.initialize(repeating: false, count: JSONScanner.maximumDepth)
  }

  deinit {
    unsafe text.deallocate()
    unsafe containers.deallocate()
  }

  /// Calls `body` with a cursor before the value of a text.
  ///
  /// - Returns: Whether the text is JSON; if not, ignore what `body` has read.
  func read(
    _ value: Value, _ body: (inout JSONCursor) throws(JSONScanError) -> Void
  ) -> Bool {
    guard case .text(var json) = value else { return false }
    let count = json.withUTF8 { utf8 in
      if utf8.count + JSONScanner.padding > capacity {
        unsafe text.deallocate()
        capacity = 2 * (utf8.count + JSONScanner.padding)
        unsafe text = .allocate(capacity: capacity)
      }
      if let start = utf8.baseAddress { unsafe text.update(from: start, count: utf8.count) }
      unsafe (text + utf8.count).initialize(repeating: 0, count: JSONScanner.padding)
      return utf8.count
    }
    var cursor = unsafe JSONCursor(
      JSONScanner(base: text, count: count, containers: containers))
    do throws(JSONScanError) {
      cursor.scanner.skipWhiteSpace()
      try body(&cursor)
      try cursor.scanner.skipToEnd()
      return true
    } catch {
      return false
    }
  }
}

extension JSONMemberReader {
  /// Returns the value of a member of a JSON object, the first of its name, as `read` reads it;
  /// `nil` if the text is not JSON, or has no such member.
  func member<Result>(
    _ name: StaticString, of value: Value,
    _ read: (inout JSONCursor) throws(JSONScanError) -> Result?
  ) -> Result? {
    // The outer optional is `nil` until the member is read.
    var found: Result??
    let isRead = self.read(value) { (cursor) throws(JSONScanError) in
      try cursor.forEachMember { (member, value) throws(JSONScanError) in
        switch member {
        case name where found == nil: found = .some(try read(&value))
        default: try value.skip()
        }
      }
    }
    return isRead ? found ?? nil : nil
  }
}

/// A position in a JSON text, before a value.
struct JSONCursor {
  fileprivate var scanner: JSONScanner
  private var depth = 0

  fileprivate init(_ scanner: JSONScanner) { self.scanner = scanner }

  /// A member's name.
  @safe struct Name {
    private let bytes: UnsafeBufferPointer<UInt8>

    fileprivate init(_ bytes: UnsafeBufferPointer<UInt8>) { unsafe self.bytes = bytes }

    static func ~= (pattern: StaticString, name: Name) -> Bool {
      unsafe name.bytes.count == pattern.utf8CodeUnitCount
        && Memory.areEqual(
          UnsafeRawBufferPointer(name.bytes),
          UnsafeRawBufferPointer(start: pattern.utf8Start, count: pattern.utf8CodeUnitCount))
    }
  }

  /// Moves past the value.
  mutating func skip() throws(JSONScanError) { _ = try scanner.skipValue(enclosingDepth: depth) }

  /// Moves past the value, and calls `body` for each member if it is an object.
  ///
  /// `body` takes the name of the member, and must move past its value.
  mutating func forEachMember(
    _ body: (Name, inout JSONCursor) throws(JSONScanError) -> Void
  ) throws(JSONScanError) {
    guard scanner.byte == UInt8(ascii: "{"), depth < JSONScanner.maximumDepth else {
      return try skip()
    }
    unsafe scanner.cursor += 1
    depth += 1
    scanner.skipWhiteSpace()
    if !scanner.skip(UInt8(ascii: "}")) {
      repeat {
        scanner.skipWhiteSpace()
        let start = unsafe scanner.cursor + 1
        let isEscaped = try scanner.skipString()
        let name = unsafe UnsafeBufferPointer(start: start, count: scanner.cursor - start - 1)
        scanner.skipWhiteSpace()
        guard scanner.skip(UInt8(ascii: ":")) else { throw scanner.unexpected(.colon) }
        scanner.skipWhiteSpace()
        if isEscaped, let decoded = unsafe JSONScanner.decoded(name) {
          let result: Result<Void, JSONScanError> = unsafe decoded.withUnsafeBufferPointer {
            decoded in
            Result { () throws(JSONScanError) in try unsafe body(Name(decoded), &self) }
          }
          try result.get()
        } else {
          try unsafe body(Name(name), &self)
        }
        scanner.skipWhiteSpace()
      } while scanner.skip(UInt8(ascii: ","))
      guard scanner.skip(UInt8(ascii: "}")) else { throw scanner.unexpected(.commaOrBrace) }
    }
    depth -= 1
  }

  /// Moves past the value, and calls `body` for each element if it is an array.
  ///
  /// `body` must move past the element.
  ///
  /// - Returns: Whether it is an array.
  mutating func forEachElement(
    _ body: (inout JSONCursor) throws(JSONScanError) -> Void
  ) throws(JSONScanError) -> Bool {
    guard scanner.byte == UInt8(ascii: "["), depth < JSONScanner.maximumDepth else {
      try skip()
      return false
    }
    unsafe scanner.cursor += 1
    depth += 1
    scanner.skipWhiteSpace()
    if !scanner.skip(UInt8(ascii: "]")) {
      repeat {
        scanner.skipWhiteSpace()
        try body(&self)
        scanner.skipWhiteSpace()
      } while scanner.skip(UInt8(ascii: ","))
      guard scanner.skip(UInt8(ascii: "]")) else { throw scanner.unexpected(.commaOrBracket) }
    }
    depth -= 1
    return true
  }

  /// Moves past the value.
  ///
  /// - Returns: The value if it is a number, and finite as a double.
  mutating func number() throws(JSONScanError) -> Double? {
    let start = unsafe scanner.cursor
    guard try scanner.skipValue(enclosingDepth: depth) == .number else { return nil }
    let number = unsafe DecimalText.doubleValue(
      UnsafeBufferPointer(start: start, count: scanner.cursor - start))
    return number.isFinite ? number : nil
  }

  /// Moves past the value.
  ///
  /// - Returns: The value if it is a number, finite and not negative.
  mutating func measure() throws(JSONScanError) -> Double? {
    guard let number = try number(), number >= 0 else { return nil }
    return number
  }

  /// Moves past the value.
  ///
  /// - Returns: The number of elements of an array; otherwise as ``measure()``.
  mutating func numberOrCount() throws(JSONScanError) -> Double? {
    guard scanner.byte == UInt8(ascii: "[") else { return try measure() }
    var count = 0
    _ = try forEachElement { (element) throws(JSONScanError) in
      count += 1
      try element.skip()
    }
    return Double(count)
  }

  /// Moves past the value.
  ///
  /// - Returns: The value without surrounding white space, if it is a string and not blank.
  mutating func text() throws(JSONScanError) -> String? {
    let start = unsafe scanner.cursor + 1
    switch try scanner.skipValue(enclosingDepth: depth) {
    case .string:
      let bytes = unsafe UnsafeBufferPointer(start: start, count: scanner.cursor - start - 1)
      return unsafe String(decoding: bytes, as: UTF8.self).trimmed
    case .escapedString:
      let bytes = unsafe UnsafeBufferPointer(start: start, count: scanner.cursor - start - 1)
      return unsafe JSONScanner.decoded(bytes).flatMap {
        String(decoding: $0, as: UTF8.self).trimmed
      }
    default: return nil
    }
  }
}

extension String {
  /// The text without surrounding white space; `nil` if it is blank.
  var trimmed: String? {
    func isPlain(_ byte: UInt8?) -> Bool { byte.map { 0x21...0x7E ~= $0 } ?? false }
    if isPlain(utf8.first), isPlain(utf8.last) { return self }
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return nil }
    return String(self[first...last])
  }
}
