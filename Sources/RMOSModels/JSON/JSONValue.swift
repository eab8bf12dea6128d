/// A JSON value as a tree.
///
/// It keeps everything in a text except for white space and the spelling of escapes: numbers keep
/// their digits, and objects keep their members in order, including members with equal names.
///
/// ```swift
/// let geometry: JSONValue = ["rings": [["radius_mm": 40.5, "segments": 24]]]
/// print(geometry["rings"]?[0]?["segments"]?.int64 ?? 0)
/// ```
public enum JSONValue: Sendable, Hashable {
  /// A member of an object.
  public struct Member: Sendable, Hashable {
    /// The decoded name.
    public var name: String
    /// The value.
    public var value: JSONValue

    /// Creates a member.
    public init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }

    /// Whether names and values are equal; names are compared byte for byte.
    public static func == (left: Member, right: Member) -> Bool {
      left.name.hasSameUTF8(as: right.name) && left.value == right.value
    }
  }

  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number, as written.
  case number(JSONNumber)
  /// A decoded string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object; names may occur more than once.
  case object([Member])

  /// Whether both are the same value: strings byte for byte, numbers by their text, members in
  /// order.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left.hasSameUTF8(as: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }
}

extension JSONValue {
  /// The value of the first member named `name`; `nil` if there is none or this is not an object.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.hasSameUTF8(as: name) }?.value
  }

  /// The element at `index`; `nil` if there is none or this is not an array.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The string; `nil` for any other value.
  public var string: String? {
    if case .string(let string) = self { string } else { nil }
  }

  /// The whole number; `nil` for any other value and if it does not fit.
  public var int64: Int64? {
    if case .number(let number) = self { number.int64 } else { nil }
  }

  /// The number as a double; `nil` for any other value.
  public var double: Double? {
    if case .number(let number) = self { number.double } else { nil }
  }

  /// The Boolean value; `nil` for any other value.
  public var bool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  /// The value as compact JSON text.
  package var text: String {
    var writer = JSONWriter()
    writer.value(self)
    return writer.text
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Creates null.
  public init(nilLiteral: ()) { self = .null }
  /// Creates `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Creates a whole number.
  public init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
  /// Creates a number; null if the literal is not finite.
  public init(floatLiteral value: Double) { self = JSONNumber(value).map { .number($0) } ?? .null }
  /// Creates a string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Creates an array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// Creates an object with the members in the order of the literal.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member(name: $0.0, value: $0.1) })
  }
}

extension JSONValue: Codable {
  /// Decodes any JSON value.
  ///
  /// Decoders do not preserve the text of numbers or the order of members: a whole number that fits
  /// `Int64` gets its shortest text, any other number the shortest text of its double, and members
  /// are sorted by the bytes of their names. To preserve a text, use ``init(parsing:)``.
  public init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: Name.self) {
      let names = container.allKeys.map(\.stringValue).sorted {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
      self = .object(
        try names.map {
          Member(name: $0, value: try container.decode(JSONValue.self, forKey: Name($0)))
        })
    } else if var container = try? decoder.unkeyedContainer() {
      var elements: [JSONValue] = []
      while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
      self = .array(elements)
    } else {
      self = try JSONValue(scalar: decoder.singleValueContainer())
    }
  }

  private init(scalar container: any SingleValueDecodingContainer) throws {
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .number(JSONNumber(value))
    } else if let value = try? container.decode(Double.self), let number = JSONNumber(value) {
      self = .number(number)
    } else {
      self = .string(try container.decode(String.self))
    }
  }

  /// Encodes the value; a whole number that fits `Int64` as an integer, any other as a double.
  ///
  /// - Throws: What the encoder throws; Foundation's rejects numbers that are not finite.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var container = encoder.container(keyedBy: Name.self)
      for member in members { try container.encode(member.value, forKey: Name(member.name)) }
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .string(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .number(let number):
      var container = encoder.singleValueContainer()
      if let value = number.int64 {
        try container.encode(value)
      } else {
        try container.encode(number.double)
      }
    }
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { stringValue = String(intValue) }
  }
}

extension JSONValue {
  /// Parses a JSON text.
  ///
  /// Parsing is strict (RFC 8259): exactly one value, perhaps with white space around it, nested at
  /// most 512 levels deep. An unpaired surrogate escape is rejected, because no string can hold it.
  ///
  /// - Throws: ``ParsingError`` for the first error.
  /// - Complexity: O(n).
  public init(parsing text: String) throws(ParsingError) {
    self = try JSONValue(parsing: text, replacingLoneSurrogates: false)
  }

  /// Parses a JSON text, and replaces unpaired surrogate escapes by U+FFFD if asked to.
  init(parsing text: String, replacingLoneSurrogates: Bool) throws(ParsingError) {
    var text = text
    let result = text.withUTF8 { bytes in
      unsafe JSONTreeBuilder.value(of: bytes, replacingLoneSurrogates: replacingLoneSurrogates)
    }
    self = try result.get()
  }
}

/// Builds a tree from a text that the scanner has accepted, without recursion.
@safe private struct JSONTreeBuilder {
  /// An array or object whose end has not been reached.
  private struct Container {
    let isObject: Bool
    var elements: [JSONValue] = []
    var members: [JSONValue.Member] = []
    /// The name of the member whose value comes next.
    var name: String?

    var value: JSONValue { isObject ? .object(members) : .array(elements) }

    mutating func append(_ value: JSONValue) {
      if let name {
        members.append(JSONValue.Member(name: name, value: value))
        self.name = nil
      } else {
        elements.append(value)
      }
    }
  }

  private let text: UnsafeBufferPointer<UInt8>
  private let replacesLoneSurrogates: Bool

  static func value(
    of text: UnsafeBufferPointer<UInt8>, replacingLoneSurrogates: Bool
  ) -> Result<JSONValue, ParsingError> {
    unsafe JSONScanner.withPaddedCopy(of: UnsafeRawBufferPointer(text)) { scanner in
      do throws(JSONScanError) {
        var check = scanner
        check.skipWhiteSpace()
        _ = try check.skipValue(enclosingDepth: 0)
        try check.skipToEnd()
        let builder = unsafe JSONTreeBuilder(
          text: text, replacesLoneSurrogates: replacingLoneSurrogates)
        return .success(try builder.value(&scanner))
      } catch {
        return unsafe .failure(ParsingError(error, in: text))
      }
    }
  }

  private func value(_ scanner: inout JSONScanner) throws(JSONScanError) -> JSONValue {
    var open: [Container] = []
    while true {
      scanner.skipWhiteSpace()
      let value: JSONValue
      switch scanner.byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open.append(Container(isObject: scanner.byte == UInt8(ascii: "{")))
        _ = scanner.skip(scanner.byte)
        continue
      case UInt8(ascii: ","):
        _ = scanner.skip(UInt8(ascii: ","))
        continue
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        _ = scanner.skip(scanner.byte)
        value = open.removeLast().value
      case UInt8(ascii: "\""):
        let string = try string(&scanner)
        if let last = open.indices.last, open[last].isObject, open[last].name == nil {
          open[last].name = string
          scanner.skipWhiteSpace()
          _ = scanner.skip(UInt8(ascii: ":"))
          continue
        }
        value = .string(string)
      default:
        value = try scalar(&scanner)
      }
      guard let last = open.indices.last else { return value }
      open[last].append(value)
    }
  }

  private func scalar(_ scanner: inout JSONScanner) throws(JSONScanError) -> JSONValue {
    let start = scanner.position
    return switch try scanner.skipValue(enclosingDepth: 0) {
    case .true: .bool(true)
    case .false: .bool(false)
    case .null: .null
    default:
      unsafe .number(
        JSONNumber(
          unchecked: String(decoding: text[start..<scanner.position], as: UTF8.self)))
    }
  }

  private func string(_ scanner: inout JSONScanner) throws(JSONScanError) -> String {
    let start = scanner.position + 1
    let isEscaped = try scanner.skipString()
    var rest = unsafe text[start..<scanner.position - 1]
    guard isEscaped else { return unsafe String(decoding: rest, as: UTF8.self) }
    var failure: JSONScanError?
    // No decoded escape is longer than the escape, and neither is the replacement character.
    let decoded = unsafe [UInt8](unsafeUninitializedCapacity: rest.count + 4) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      var output = unsafe start
      while let loneSurrogate = unsafe JSONScanner.decode(
        UnsafeBufferPointer(rebasing: rest), to: &output)
      {
        let place = unsafe rest.startIndex + loneSurrogate
        guard replacesLoneSurrogates else {
          failure = JSONScanError(.loneSurrogate, place)
          break
        }
        for byte in "\u{FFFD}".utf8 {
          unsafe output.pointee = byte
          unsafe output += 1
        }
        // A \u escape is six bytes long.
        unsafe rest = rest[(place + 6)...]
      }
      count = unsafe start.distance(to: output)
    }
    if let failure { throw failure }
    return String(decoding: decoded, as: UTF8.self)
  }
}
