public import RMOSModels

extension Value {
  /// Whether both values are equal in SQL, in which 1 equals 1.0.
  func isSame(as other: Value) -> Bool {
    switch (self, other) {
    // Compared as integers, because not every integer is exact as a `Double`.
    case (.integer(let left), .real(let right)), (.real(let right), .integer(let left)):
      Int64(exactly: right) == left
    default: self == other
    }
  }

  /// Whether the value comes before another in the order of SQL: NULL, numbers, texts by their
  /// bytes, blobs.
  package func precedes(_ other: Value) -> Bool {
    switch (self, other) {
    case (.text(let left), .text(let right)): left.precedesInUTF8(right)
    case (.blob(let left), .blob(let right)): left.lexicographicallyPrecedes(right)
    case (.integer(let left), .integer(let right)): left < right
    case (.integer(let left), .real(let right)):
      Int64(exactly: right.rounded(.up)).map { left < $0 } ?? (right > 0)
    case (.real(let left), .integer(let right)):
      Int64(exactly: left.rounded(.down)).map { $0 < right } ?? (left < 0)
    case (.real(let left), .real(let right)): left < right
    default: rank < other.rank
    }
  }

  private var rank: Int {
    switch self {
    case .null: 0
    case .integer, .real: 1
    case .text: 2
    case .blob: 3
    }
  }
}

/// The affinity of a column, by which SQLite converts values that are stored in it.
///
/// See "Datatypes In SQLite", section 3, in SQLite's documentation.
package enum ColumnAffinity: Sendable {
  case text, numeric, integer, real, blob

  /// The affinity of a column that is declared with a type.
  package init(declaredAs type: String) {
    let type = type.uppercased()
    if type.contains("INT") {
      self = .integer
    } else if ["CHAR", "CLOB", "TEXT"].contains(where: { type.contains($0) }) {
      self = .text
    } else if type.isEmpty || type.contains("BLOB") {
      self = .blob
    } else if ["REAL", "FLOA", "DOUB"].contains(where: { type.contains($0) }) {
      self = .real
    } else {
      self = .numeric
    }
  }

  /// Whether a column of this affinity keeps a text as text, and a number as a number.
  func keepsForm(of value: Value) -> Bool {
    switch (value, stored(value)) {
    case (.text, .integer), (.text, .real), (.integer, .text), (.real, .text): false
    default: true
    }
  }

  /// The value as a column of this affinity keeps it.
  func stored(_ value: Value) -> Value {
    switch (self, value) {
    case (_, .real(let number)) where number.isNaN: .null
    case (.text, .integer(let number)): .text(String(number))
    case (.text, .real(let number)): .text(String(number))
    case (.integer, .real(let number)), (.numeric, .real(let number)):
      Int64(exactly: number).map(Value.integer) ?? value
    case (.real, .integer(let number)): .real(Double(number))
    case (.integer, .text(let text)), (.numeric, .text(let text)):
      if let number = Int64(Self.trimmed(text)) {
        .integer(number)
      } else {
        Self.number(text).map { stored(.real($0)) } ?? value
      }
    case (.real, .text(let text)): Self.number(text).map(Value.real) ?? value
    default: value
    }
  }

  /// A text without the white space that SQL allows around a number.
  private static func trimmed(_ text: String) -> Substring {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
    let bytes = text.utf8.drop(while: isSpace)
    let end = bytes.lastIndex { !isSpace($0) }.map(bytes.index(after:))
    return Substring(bytes[..<(end ?? bytes.startIndex)])
  }

  /// The number that SQL reads in a text; `nil` if there is none.
  private static func number(_ text: String) -> Double? {
    let text = trimmed(text)
    // `Double` also reads hexadecimal numbers, "inf" and "nan".
    let isDecimal = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "+"), UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    return isDecimal ? Double(text) : nil
  }
}

extension FieldType {
  /// Returns the value as a column of this type keeps it.
  ///
  /// For example, a column of integers keeps a whole number as an integer, and text that is a
  /// number as that number. A value that cannot be converted stays as it is.
  public func stored(_ value: Value) -> Value { affinity.stored(value) }

  /// The affinity of the field's column.
  private var affinity: ColumnAffinity {
    switch self {
    case .text, .reference, .timestamp, .json: .text
    case .integer: .integer
    case .real: .real
    }
  }
}

extension Record {
  /// The record with each value as its column keeps it; see ``FieldType/stored(_:)``.
  public var asStored: Record {
    var record = self
    for (position, field) in kind.schema.fields.enumerated() {
      record.values[position] = field.type.stored(values[position])
    }
    return record
  }
}
