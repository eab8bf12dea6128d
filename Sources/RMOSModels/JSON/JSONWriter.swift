/// Writes JSON text, without Foundation.
///
/// The same calls give the same text. Strings are escaped as RFC 8259 asks and no further;
/// characters beyond ASCII stand for themselves.
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
/// Within an object write only members, elsewhere only values. Several values outside of any
/// container become several JSON texts, each on a line of its own.
public struct JSONWriter: Sendable {
  /// How the text is laid out.
  public enum Style: Sendable, Hashable {
    /// No white space.
    case compact
    /// A line for each member and element, two spaces a level.
    case pretty
  }

  private let style: Style
  private var bytes: [UInt8] = []
  private var depth = 0
  /// Whether the current container has an element already.
  private var needsComma = false
  /// Whether a name was written whose value comes next.
  private var isAfterName = false

  /// A writer of an empty text.
  public init(style: Style = .compact) { self.style = style }

  /// What was written so far.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// What was written so far, as UTF-8.
  public var utf8: [UInt8] { bytes }

  /// Empties the text, keeping its memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    depth = 0
    needsComma = false
    isAfterName = false
  }
}

// Containers and members.
extension JSONWriter {
  /// Writes an object whose members `body` writes.
  public mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
    try container("{", "}", body)
  }

  /// Writes an array whose elements `body` writes.
  public mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
    try container("[", "]", body)
  }

  /// Writes a member whose value `body` writes: exactly one.
  public mutating func member(
    _ name: String, _ body: (inout JSONWriter) throws -> Void
  ) rethrows {
    self.name(name)
    try body(&self)
  }

  /// Writes a member that is a string, or null.
  public mutating func member(_ name: String, _ value: String?) {
    self.name(name)
    if let value { string(value) } else { null() }
  }

  /// Writes a member that is a whole number, or null.
  public mutating func member(_ name: String, _ value: (some BinaryInteger)?) {
    self.name(name)
    if let value { integer(value) } else { null() }
  }

  /// Writes a member that is a number, or null.
  public mutating func member(_ name: String, _ value: Double?) {
    self.name(name)
    if let value { number(value) } else { null() }
  }

  /// Writes a member that is a truth value, or null.
  public mutating func member(_ name: String, _ value: Bool?) {
    self.name(name)
    if let value { bool(value) } else { null() }
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
  public mutating func string(_ value: String) {
    beginValue()
    appendQuoted(value)
  }

  /// Writes a whole number.
  public mutating func integer(_ value: some BinaryInteger) { raw(String(value)) }

  /// Writes the shortest text that reads back as `value`; null for one that is not finite.
  public mutating func number(_ value: Double) {
    raw(value.isFinite ? value.description : "null")
  }

  /// Writes a truth value.
  public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

  /// Writes null.
  public mutating func null() { raw("null") }

  /// Writes JSON text as it is.
  public mutating func json(_ value: JSONText) { raw(value.text) }

  /// Writes a value in the writer's style.
  public mutating func value(_ value: JSONValue) {
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
    bytes.append(contentsOf: text.utf8)
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
    var text = text
    text.withUTF8 { utf8 in
      // What needs no escape goes over in runs: byte by byte takes several times as long.
      var start = 0
      for (index, byte) in utf8.enumerated()
      where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(contentsOf: utf8[start..<index])
        appendEscaped(byte)
        start = index + 1
      }
      bytes.append(contentsOf: utf8[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func appendEscaped(_ byte: UInt8) {
    switch byte {
    case 0x08: bytes.append(contentsOf: "\\b".utf8)
    case 0x09: bytes.append(contentsOf: "\\t".utf8)
    case 0x0A: bytes.append(contentsOf: "\\n".utf8)
    case 0x0C: bytes.append(contentsOf: "\\f".utf8)
    case 0x0D: bytes.append(contentsOf: "\\r".utf8)
    case 0..<0x20:
      bytes.append(contentsOf: byte < 0x10 ? "\\u000".utf8 : "\\u00".utf8)
      bytes.append(contentsOf: String(byte, radix: 16).utf8)
    default:
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    }
  }
}
