import RMOSSystem

/// One header field.
public struct HeaderField: Sendable, Hashable {
  /// The name; case does not count.
  public var name: String
  /// The value, without the white space around it.
  public var value: String

  /// A field.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension HeaderField {
  /// Whether it has the name; case does not count.
  package func isNamed(_ name: String) -> Bool { self.name.isEqualIgnoringASCIICase(name) }
}

extension [HeaderField] {
  /// The value of the first field with a name, nil where there is none; case does not count.
  package func value(of name: String) -> String? {
    first { $0.isNamed(name) }?.value
  }
}
