/// Finds the field a member name belongs to.
///
/// Files of one shop list their members in one order, so the field after the last match is tried
/// first; then all are.
package struct MemberMatcher {
  /// The role of a member's name among the fields of a kind.
  package enum Role: Sendable, Hashable {
    /// The own name of the field at a position.
    case field(Int)
    /// Another name of a field, or a name that differs from a field's only in case, `_`, `-` and
    /// spaces.
    case similar
    /// The name is not known.
    case unknown
  }

  /// A name in the form in which names are compared.
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
  /// The alternative names of fields, in order of precedence.
  let otherNames: [OtherName]
  private let fields: [Name]
  private let others: [Name]
  /// All names in lower case without separators, those of the fields first.
  private let plain: [Name]
  private var expected = 0

  package init(schema: EntitySchema) {
    isJSON = schema.fields.map { if case .json = $0.type { true } else { false } }
    isRequired = schema.fields.map(\.isRequired)
    otherNames = schema.otherNames
    fields = schema.fields.map { Name(Array($0.member.utf8)) }
    others = otherNames.map { Name(Array($0.member.utf8)) }
    plain = (fields + others).map { Name($0.bytes.compactMap(Self.plain)) }
  }

  /// Begins a new object.
  mutating func restart() { expected = 0 }

  /// The position of the field with a name; `nil` if there is none.
  ///
  /// - Parameters:
  ///   - name: At least eight bytes must be readable.
  ///   - length: The name's length, bytes.
  /// - Returns: The position in the schema.
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

  /// The position in ``otherNames`` of a name that is no field's own; `nil` if it is not there.
  ///
  /// - Parameters: As for ``field(named:_:)``.
  func otherName(_ name: UnsafePointer<UInt8>, _ length: Int) -> Int? {
    let head = unsafe Self.head(of: name, length)
    return others.firstIndex { unsafe $0.head == head && $0.isEqual(to: name, length) }
  }

  /// The field, one of whose names differs from this one only in case, `_`, `-` and spaces.
  ///
  /// Names that begin with two underscores, such as OData's `__metadata`, are those of the program
  /// that wrote the file.
  func field(resembling name: UnsafeBufferPointer<UInt8>) -> Int? {
    if unsafe name.starts(with: "__".utf8) { return nil }
    var head: UInt64 = 0
    var length = 0
    for index in name.indices {
      guard let byte = unsafe Self.plain(name[index]) else { continue }
      if length < 8 { head |= UInt64(byte) << UInt64(length * 8) }
      length += 1
    }
    let position = plain.firstIndex {
      unsafe $0.head == head && $0.bytes.count == length
        && $0.bytes.elementsEqual(name.lazy.compactMap(Self.plain))
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

  /// A byte in lower case; `nil` for a separator of words.
  @inline(__always)
  private static func plain(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "): nil
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
    default: byte
    }
  }
}
