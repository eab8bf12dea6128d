/// Writes JSON text, without Foundation.
///
/// Strings are escaped as RFC 8259 requires. Characters that could control a terminal or reorder
/// text on the screen are escaped as well, also in JSON text that is passed through: DEL, the C1
/// controls, bidirectional controls, line and paragraph separators. The result is the same JSON,
/// and safe to print. All other characters are written as they are.
///
/// ```swift
/// var writer = JSONWriter(style: .pretty)
/// writer.object {
///   $0.member("found", 3)
///   $0.member("rate") { $0.number(66.7) }
///   $0.member("codes") { $0.array { $0.string("id.derived") } }
/// }
/// print(writer.text)
/// ```
///
/// Write members in an object, and values everywhere else. Values outside of any container become
/// separate JSON texts, one per line. The same calls always write the same text.
package struct JSONWriter: Sendable {
  /// The layout of the text.
  package enum Style: Sendable, Hashable {
    /// No white space.
    case compact
    /// One line per member and element, indented by two spaces per level.
    case pretty
  }

  /// The characters that are escaped beyond those that JSON requires.
  package enum Escaping: Sendable, Hashable {
    /// Characters that could control a terminal or reorder text on the screen.
    case inert
    /// No other characters: JSON text keeps its tokens byte for byte.
    case minimal
  }

  private let style: Style
  private let escaping: Escaping
  private var bytes: [UInt8] = []
  private var depth = 0
  /// Whether the current container has an element or member.
  private var needsComma = false
  /// Whether a name was written, whose value comes next.
  private var isAfterName = false

  /// Creates a writer.
  package init(style: Style = .compact, escaping: Escaping = .inert) {
    self.style = style
    self.escaping = escaping
  }

  /// The text written so far.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The text written so far, as UTF-8.
  package var utf8: [UInt8] { bytes }

  /// Removes and returns the text written since the last call, as UTF-8.
  ///
  /// Further calls of the writer continue that text.
  package mutating func take() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes
  }
}

// Containers and members.
extension JSONWriter {
  /// Writes an object whose members `body` writes.
  package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
    try container("{", "}", body)
  }

  /// Writes an array whose elements `body` writes.
  package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
    try container("[", "]", body)
  }

  /// Writes an array; `body` writes one value for each element.
  package mutating func array<Elements: Sequence>(
    of elements: Elements, _ body: (inout JSONWriter, Elements.Element) throws -> Void
  ) rethrows {
    try array { writer in
      for element in elements { try body(&writer, element) }
    }
  }

  /// Writes an array of objects; `body` writes the members for each element.
  package mutating func array<Elements: Sequence>(
    ofObjects elements: Elements, _ body: (inout JSONWriter, Elements.Element) throws -> Void
  ) rethrows {
    try array(of: elements) { writer, element in
      try writer.object { try body(&$0, element) }
    }
  }

  /// Writes a member whose value, exactly one, `body` writes.
  package mutating func member(
    _ name: String, _ body: (inout JSONWriter) throws -> Void
  ) rethrows {
    self.name(name)
    try body(&self)
  }

  /// Writes a member that is an object, whose members `body` writes.
  package mutating func object(
    _ name: String, _ body: (inout JSONWriter) throws -> Void
  ) rethrows {
    try member(name) { try $0.object(body) }
  }

  /// Writes a member that is a string, or null.
  package mutating func member(_ name: String, _ value: String?) {
    self.name(name)
    if let value { string(value) } else { null() }
  }

  /// Writes a member that is a whole number, or null.
  package mutating func member(_ name: String, _ value: (some BinaryInteger)?) {
    self.name(name)
    if let value { integer(value) } else { null() }
  }

  /// Writes a member that is a number, or null.
  package mutating func member(_ name: String, _ value: Double?) {
    self.name(name)
    if let value { number(value) } else { null() }
  }

  /// Writes a member that is a Boolean value, or null.
  package mutating func member(_ name: String, _ value: Bool?) {
    self.name(name)
    if let value { bool(value) } else { null() }
  }

  /// Writes a member that is an array of strings.
  package mutating func member(_ name: String, strings: some Sequence<String>) {
    member(name) { $0.array(of: strings) { $0.string($1) } }
  }

  /// Writes a member that is an array; `body` writes one value for each element.
  package mutating func member<Elements: Sequence>(
    _ name: String, each elements: Elements,
    _ body: (inout JSONWriter, Elements.Element) throws -> Void
  ) rethrows {
    try member(name) { try $0.array(of: elements, body) }
  }

  /// Writes a member that is an array of objects; `body` writes the members for each element.
  package mutating func member<Elements: Sequence>(
    _ name: String, objects elements: Elements,
    _ body: (inout JSONWriter, Elements.Element) throws -> Void
  ) rethrows {
    try member(name) { try $0.array(ofObjects: elements, body) }
  }

  private mutating func name(_ name: String) {
    beginValue()
    appendQuoted(name)
    bytes.append(UInt8(ascii: ":"))
    if style == .pretty { bytes.append(UInt8(ascii: " ")) }
    isAfterName = true
  }

  private mutating func container(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) throws -> Void
  ) rethrows {
    beginValue()
    bytes.append(UInt8(ascii: open))
    depth += 1
    needsComma = false
    try body(&self)
    depth -= 1
    if needsComma { breakLine() }
    bytes.append(UInt8(ascii: close))
    needsComma = true
    isAfterName = false
  }
}

// Values.
extension JSONWriter {
  /// Writes a string.
  package mutating func string(_ value: String) {
    beginValue()
    appendQuoted(value)
  }

  /// Writes a whole number.
  package mutating func integer(_ value: some BinaryInteger) { raw(String(value)) }

  /// Writes the shortest text that reads back as `value`; null if it is not finite.
  package mutating func number(_ value: Double) {
    raw(value.isFinite ? value.description : "null")
  }

  /// Writes a Boolean value.
  mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

  /// Writes null.
  package mutating func null() { raw("null") }

  /// Writes JSON text as it is, except for characters that the writer escapes.
  package mutating func json(_ value: JSONText) { raw(value.text) }

  /// Writes a value in the writer's style.
  package mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .number(let number): raw(number.text)
    case .string(let value): string(value)
    case .array(let elements):
      array { writer in
        for element in elements { writer.value(element) }
      }
    case .object(let members):
      object { writer in
        for member in members { writer.member(member.name) { $0.value(member.value) } }
      }
    }
  }

  /// Writes text that is known to be one valid JSON value.
  package mutating func raw(_ text: String) {
    beginValue()
    // In valid JSON, characters to be escaped occur only in strings, and not after a backslash.
    append(text) { _ in false }
  }

  private mutating func beginValue() {
    if isAfterName {
      isAfterName = false
      return
    }
    if depth > 0 {
      if needsComma { bytes.append(UInt8(ascii: ",")) }
      breakLine()
    } else if needsComma {
      bytes.append(UInt8(ascii: "\n"))
    }
    needsComma = true
  }

  private mutating func breakLine() {
    guard style == .pretty else { return }
    bytes.append(UInt8(ascii: "\n"))
    for _ in 0..<depth * 2 { bytes.append(UInt8(ascii: " ")) }
  }

  private mutating func appendQuoted(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    append(text) { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends text, escaping the bytes for which `mustEscape` is true and, unless
  /// ``Escaping/minimal``, characters that control the display.
  private mutating func append(_ text: String, _ mustEscape: (UInt8) -> Bool) {
    var text = text
    text.withUTF8 { utf8 in
      // Bytes that need no escape are copied in runs, which is several times as fast as one by one.
      var start = 0
      var index = 0
      while index < utf8.count {
        let byte = unsafe utf8[index]
        if byte < 0x7F {
          if mustEscape(byte) {
            unsafe bytes.append(contentsOf: utf8[start..<index])
            appendEscaped(byte)
            start = index + 1
          }
        } else if escaping == .inert, let scalar = unsafe Self.displayControl(in: utf8, at: index) {
          unsafe bytes.append(contentsOf: utf8[start..<index])
          appendEscaped(scalar)
          index += UTF8.width(scalar) - 1
          start = index + 1
        }
        index += 1
      }
      unsafe bytes.append(contentsOf: utf8[start...])
    }
  }

  private mutating func appendEscaped(_ byte: UInt8) {
    switch byte {
    case 0x08: bytes.append(contentsOf: "\\b".utf8)
    case 0x09: bytes.append(contentsOf: "\\t".utf8)
    case 0x0A: bytes.append(contentsOf: "\\n".utf8)
    case 0x0C: bytes.append(contentsOf: "\\f".utf8)
    case 0x0D: bytes.append(contentsOf: "\\r".utf8)
    case 0..<0x20: appendEscaped(Unicode.Scalar(byte))
    default:
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    }
  }

  private mutating func appendEscaped(_ scalar: Unicode.Scalar) {
    let digits = String(scalar.value, radix: 16)
    bytes.append(contentsOf: "\\u".utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
    bytes.append(contentsOf: digits.utf8)
  }

  /// The scalar that begins at `index` if it could control a terminal or reorder text on the
  /// screen; `nil` for any other, and for ASCII controls before DEL, which JSON does not contain.
  private static func displayControl(
    in utf8: UnsafeBufferPointer<UInt8>, at index: Int
  ) -> Unicode.Scalar? {
    func byte(_ offset: Int) -> UInt8 {
      unsafe index + offset < utf8.count ? utf8[index + offset] : 0
    }
    switch unsafe utf8[index] {
    case 0x7F: return "\u{7F}"
    // U+0080…U+009F
    case 0xC2 where 0x80...0x9F ~= byte(1): return Unicode.Scalar(byte(1))
    case 0xD8 where byte(1) == 0x9C: return "\u{61C}"
    // U+200E, U+200F, U+2028…U+202E
    case 0xE2 where byte(1) == 0x80:
      guard 0x8E...0x8F ~= byte(2) || 0xA8...0xAE ~= byte(2) else { return nil }
      return Unicode.Scalar(0x2000 + UInt16(byte(2) & 0x3F))
    // U+2066…U+2069
    case 0xE2 where byte(1) == 0x81 && 0xA6...0xA9 ~= byte(2):
      return Unicode.Scalar(0x2040 + UInt16(byte(2) & 0x3F))
    default: return nil
    }
  }
}
