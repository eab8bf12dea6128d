/// Finds the names of members that stand twice, in memory that is used again for each entity.
struct NameTable {
  /// Up to so many members are compared with one another, which takes no table.
  private static let few = 12

  /// For each slot of an open-addressed table the position of a member, plus 1; 0 is free.
  private var slots: [UInt32] = []
  private var mask = 0
  private var isSmall = true

  /// Forgets all names and makes room for `count`.
  mutating func reset(for count: Int) {
    isSmall = count <= NameTable.few
    if isSmall { return }
    var size = 32
    while size < count * 2 { size *= 2 }
    mask = size - 1
    if slots.count < size {
      slots = Array(repeating: 0, count: size)
    } else {
      for slot in 0..<size { slots[slot] = 0 }
    }
  }

  /// Adds the name of the member at `position`.
  ///
  /// - Parameters:
  ///   - position: Its position in `members`; those before it with a name of interest are in.
  ///   - members: The members; the ones with a field have other names.
  ///   - input: The entity's first byte.
  /// - Returns: Whether the name is new.
  mutating func insert(
    _ position: Int, of members: [EntityReader.Member], in input: UnsafePointer<UInt8>
  ) -> Bool {
    let member = members[position]
    if isSmall {
      for other in members[..<position] where other.field == nil {
        if member.hasSameName(as: other, in: input) { return false }
      }
      return true
    }
    var slot = member.nameHash(in: input) & mask
    while slots[slot] != 0 {
      if member.hasSameName(as: members[Int(slots[slot]) - 1], in: input) { return false }
      slot = (slot + 1) & mask
    }
    slots[slot] = UInt32(truncatingIfNeeded: position + 1)
    return true
  }
}

extension EntityReader.Member {
  /// What stands between the name's quotes.
  private func rawName(in input: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: input + nameOffset, count: nameLength)
  }

  /// The name with its escapes decoded; as written where the escapes are no text.
  func name(in input: UnsafePointer<UInt8>) -> [UInt8] {
    let raw = rawName(in: input)
    return nameIsEscaped ? EntityReader.decoded(raw) : Array(raw)
  }

  fileprivate func hasSameName(as other: Self, in input: UnsafePointer<UInt8>) -> Bool {
    if nameIsEscaped || other.nameIsEscaped { return name(in: input) == other.name(in: input) }
    return nameLength == other.nameLength
      && rawName(in: input).elementsEqual(other.rawName(in: input))
  }

  fileprivate func nameHash(in input: UnsafePointer<UInt8>) -> Int {
    var hasher = Hasher()
    if nameIsEscaped {
      name(in: input).withUnsafeBytes { hasher.combine(bytes: $0) }
    } else {
      hasher.combine(bytes: UnsafeRawBufferPointer(rawName(in: input)))
    }
    return hasher.finalize()
  }
}
