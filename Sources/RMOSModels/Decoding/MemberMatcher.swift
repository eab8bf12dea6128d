/// Finds the field a member name belongs to.
///
/// Files of one shop list their members in one order, so the field after the last match is tried
/// first; then all are.
struct MemberMatcher {
  /// For each field, whether it is kept as JSON text.
  let isJSON: [Bool]
  /// For each field, whether it is required.
  let isRequired: [Bool]
  private let names: [[UInt8]]
  /// The first eight bytes of each name, zero-padded.
  private let heads: [UInt64]
  private var expected = 0

  init(schema: EntitySchema) {
    isJSON = schema.fields.map { if case .json = $0.type { true } else { false } }
    isRequired = schema.fields.map(\.isRequired)
    names = schema.fields.map { Array($0.member.utf8) }
    heads = names.map { name in
      name.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64($1.offset * 8) }
    }
  }

  /// Begins a new object.
  mutating func restart() { expected = 0 }

  /// The position of the field named so, nil where there is none.
  ///
  /// - Parameters:
  ///   - name: At least eight bytes must be readable.
  ///   - length: The name's length, bytes.
  /// - Returns: The position in the schema.
  mutating func field(named name: UnsafePointer<UInt8>, _ length: Int) -> Int? {
    var head = UnsafeRawPointer(name).loadUnaligned(as: UInt64.self).littleEndian
    if length < 8 { head &= (1 << UInt64(length * 8)) - 1 }
    for step in 0..<names.count {
      var candidate = expected + step
      if candidate >= names.count { candidate -= names.count }
      if heads[candidate] == head, names[candidate].count == length,
        matches(names[candidate], name, length)
      {
        expected = candidate + 1 == names.count ? 0 : candidate + 1
        return candidate
      }
    }
    return nil
  }

  @inline(__always)
  private func matches(_ candidate: [UInt8], _ name: UnsafePointer<UInt8>, _ length: Int) -> Bool {
    var index = 8
    while index < length {
      if candidate[index] != name[index] { return false }
      index += 1
    }
    return true
  }
}
