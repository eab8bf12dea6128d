/// Finds the field to which the name of a member belongs.
///
/// Most files list their members in the same order, so the field after the last match is tried
/// first.
package struct MemberMatcher {
  /// The role of a member's name among the fields of a kind.
  package enum Role: Sendable, Hashable {
    /// The name is that of the field at a position.
    case field(Int)
    /// The name is another name of a field, or differs from one of its names only in case, `_`, `-`
    /// and spaces.
    case similar
    /// The name belongs to no field.
    case unknown
  }

  /// A name, prepared for comparisons.
  private struct Name {
    let bytes: [UInt8]
    /// The first eight bytes, zero-padded.
    let head: UInt64

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      var head: UInt64 = 0
      for index in 0..<min(bytes.count, 8) { head |= UInt64(bytes[index]) << UInt64(index * 8) }
      self.head = head
    }

    /// Whether the name is equal to one whose `head` is known to be equal.
    @inline(__always)
    func isEqual(to name: UnsafePointer<UInt8>, _ length: Int) -> Bool {
      guard bytes.count == length else { return false }
      var index = 8
      while index < length {
        if unsafe bytes[index] != name[index] { return false }
        index += 1
      }
      return true
    }
  }

  /// For each field, whether it is kept as JSON text.
  package let isJSON: [Bool]
  /// For each field, whether it is required.
  package let isRequired: [Bool]
  /// The other names of fields, in order of precedence.
  let otherNames: [OtherName]
  private let fields: [Name]
  private let others: [Name]
  /// All names in folded form, those of the fields first.
  private let folded: [Name]
  /// The field that is tried first.
  private var expected = 0

  /// Creates a matcher for the fields of a kind.
  package init(schema: EntitySchema) {
    isJSON = schema.fields.map { if case .json = $0.type { true } else { false } }
    isRequired = schema.fields.map(\.isRequired)
    otherNames = schema.otherNames
    fields = schema.fields.map { Name(Array($0.member.utf8)) }
    others = otherNames.map { Name(Array($0.member.utf8)) }
    folded = (fields + others).map { Name($0.bytes.foldedName) }
  }

  /// Begins a new object.
  mutating func restart() { expected = 0 }

  /// Finds the field with a name.
  ///
  /// - Parameters:
  ///   - name: The first byte of the name; at least eight bytes must be readable.
  ///   - length: The length of the name, in bytes.
  /// - Returns: The position of the field in the schema; `nil` if there is none.
  mutating func field(named name: UnsafePointer<UInt8>, _ length: Int) -> Int? {
    let head = unsafe Self.head(of: name, length)
    for step in 0..<fields.count {
      var candidate = expected + step
      if candidate >= fields.count { candidate -= fields.count }
      if fields[candidate].head == head, unsafe fields[candidate].isEqual(to: name, length) {
        expected = candidate + 1 == fields.count ? 0 : candidate + 1
        return candidate
      }
    }
    return nil
  }

  /// The position of a name in ``otherNames``; `nil` if it is not among them.
  ///
  /// The parameters are those of ``field(named:_:)``.
  func otherName(_ name: UnsafePointer<UInt8>, _ length: Int) -> Int? {
    let head = unsafe Self.head(of: name, length)
    return others.firstIndex { unsafe $0.head == head && $0.isEqual(to: name, length) }
  }

  /// The field with a name that differs from this one only in case, `_`, `-` and spaces; `nil` if
  /// there is none.
  ///
  /// Names that begin with two underscores, such as OData's `__metadata`, resemble no field: they
  /// belong to the program that wrote the file.
  func field(resembling name: UnsafeBufferPointer<UInt8>) -> Int? {
    if unsafe name.starts(with: "__".utf8) { return nil }
    var head: UInt64 = 0
    var length = 0
    for index in name.indices {
      guard let byte = unsafe name[index].foldedForName else { continue }
      if length < 8 { head |= UInt64(byte) << UInt64(length * 8) }
      length += 1
    }
    let position = folded.firstIndex {
      unsafe $0.head == head && $0.bytes.count == length
        && $0.bytes.elementsEqual(name.lazy.compactMap(\.foldedForName))
    }
    guard let position else { return nil }
    return position < fields.count ? position : otherNames[position - fields.count].field
  }

  /// The role of a name.
  package mutating func role(of name: [UInt8]) -> Role {
    let padded = name + [0, 0, 0, 0, 0, 0, 0, 0]
    return unsafe padded.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return .unknown }
      if let field = unsafe field(named: base, name.count) { return .field(field) }
      let resembled = unsafe field(resembling: UnsafeBufferPointer(start: base, count: name.count))
      return resembled == nil ? .unknown : .similar
    }
  }

  @inline(__always)
  private static func head(of name: UnsafePointer<UInt8>, _ length: Int) -> UInt64 {
    let head = unsafe UnsafeRawPointer(name).loadUnaligned(as: UInt64.self).littleEndian
    return length < 8 ? head & ((1 << UInt64(length * 8)) - 1) : head
  }
}

extension UInt8 {
  /// The byte of a name in lower case; `nil` for `_`, `-` and spaces.
  @inline(__always)
  fileprivate var foldedForName: UInt8? {
    switch self {
    case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "): nil
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): self | 0x20
    default: self
    }
  }
}

extension [UInt8] {
  /// The name in folded form, for lenient matching: in lower case, without `_`, `-` and spaces.
  package var foldedName: [UInt8] { compactMap(\.foldedForName) }
}
