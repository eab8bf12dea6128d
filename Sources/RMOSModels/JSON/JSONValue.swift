/// A JSON value as a tree, for people and tests; the pipeline never builds one.
///
/// Nothing is lost against the text but white space and the spelling of escapes: numbers keep their
/// tokens, objects their members in order, equal names included.
///
/// ```swift
/// let geometry: JSONValue = ["rings": [["radius_mm": 40.5, "segments": 24]]]
/// print(geometry["rings"]?[0]?["segments"]?.int64 ?? 0)
/// ```
public enum JSONValue: Sendable, Hashable {
  /// A member of an object.
  public struct Member: Sendable, Hashable {
    /// The name, escapes resolved.
    public var name: String
    /// The value.
    public var value: JSONValue

    /// A member.
    public init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }

    /// Whether name and value are the same; names are compared byte for byte.
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
  /// A string, escapes resolved.
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
  /// The value of the first member named `name`; nil where there is none, or this is no object.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.hasSameUTF8(as: name) }?.value
  }

  /// The element at `index`; nil where there is none, or this is no array.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The string; nil for another value.
  public var string: String? {
    if case .string(let string) = self { string } else { nil }
  }

  /// The whole number; nil for another value and for one that does not fit.
  public var int64: Int64? {
    if case .number(let number) = self { number.int64 } else { nil }
  }

  /// The number as a double; nil for another value.
  public var double: Double? {
    if case .number(let number) = self { number.double } else { nil }
  }

  /// The truth value; nil for another value.
  public var bool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  /// The value as compact JSON text.
  public var text: String {
    var writer = JSONWriter()
    writer.value(self)
    return writer.text
  }
}
