/// One header field.
public struct HTTPField: Sendable, Hashable {
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

extension [HTTPField] {
  /// The value of the first field with a name, nil where there is none; case does not count.
  func value(of name: String) -> String? {
    first {
      $0.name.utf8.elementsEqual(name.utf8, by: { $0.lowercasedASCII == $1.lowercasedASCII })
    }?
    .value
  }
}

extension UInt8 {
  /// The byte with A to Z in lower case.
  var lowercasedASCII: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }
}
