public import RMOSModels

/// The members that a run kept with entities because their kinds do not declare them, by name.
public struct KeptMembers: Sendable, Hashable {
  /// A member of a kind.
  public struct Member: Sendable, Hashable {
    /// The kind.
    public var kind: EntityKind
    /// The member's name; `nil` for all names beyond the limit together.
    public var member: String?
    /// The number of entities it was kept with.
    public var count: Int

    /// Creates a member.
    package init(kind: EntityKind, member: String?, count: Int) {
      self.kind = kind
      self.member = member
      self.count = count
    }
  }

  /// The maximum number of names counted separately, per kind.
  private static let limit = 200

  /// The members that were kept of one kind.
  private struct OfKind: Sendable, Hashable {
    var kind: EntityKind
    /// How often each was kept, by name.
    var counts: [[UInt8]: Int] = [:]
    /// How often the names beyond the limit were kept, all together.
    var others = 0
  }

  /// The members by kind, in the order of migration.
  private var kinds: [OfKind] = []

  /// Creates an empty list.
  init() {}

  /// Whether nothing was kept.
  public var isEmpty: Bool { kinds.isEmpty }

  /// The members, in the order of the kinds, the most frequent first.
  public var members: [Member] {
    kinds.flatMap { kept in
      let named = kept.counts.sorted {
        $0.value == $1.value
          ? $0.key.lexicographicallyPrecedes($1.key) : $0.value > $1.value
      }
      let members = named.map {
        Member(kind: kept.kind, member: String(decoding: $0.key, as: UTF8.self), count: $0.value)
      }
      let others = Member(kind: kept.kind, member: nil, count: kept.others)
      return members + (kept.others > 0 ? [others] : [])
    }
  }

  /// Counts the members of an object.
  ///
  /// The object is valid, compact JSON. It may be as large as an entity, so only the names are
  /// copied.
  mutating func add(_ object: ArraySlice<UInt8>, of kind: EntityKind) {
    var position = object.startIndex
    var depth = 0
    // In valid JSON, quotes, brackets and colons are enough to find the names.
    while position < object.endIndex {
      switch object[position] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        let start = position + 1
        var isEscaped = false
        position = start
        while position < object.endIndex, object[position] != UInt8(ascii: "\"") {
          if object[position] == UInt8(ascii: "\\") {
            isEscaped = true
            position += 1
          }
          position += 1
        }
        let next = position + 1
        if depth == 1, next < object.endIndex, object[next] == UInt8(ascii: ":") {
          let name = object[start..<position]
          let decoded = unsafe isEscaped ? name.withUnsafeBufferPointer(JSONScanner.decoded) : nil
          add(decoded ?? Array(name), 1, of: kind)
        }
      default: break
      }
      position += 1
    }
  }

  /// The position of a kind in ``kinds``, to which it is added if it is not there.
  private mutating func position(of kind: EntityKind) -> Int {
    if let position = kinds.firstIndex(where: { $0.kind == kind }) { return position }
    kinds.append(OfKind(kind: kind))
    return kinds.count - 1
  }

  private mutating func add(_ name: [UInt8], _ count: Int, of kind: EntityKind) {
    let position = position(of: kind)
    if kinds[position].counts[name] != nil || kinds[position].counts.count < Self.limit {
      kinds[position].counts[name, default: 0] += count
    } else {
      kinds[position].others += count
    }
  }

  /// Adds the counts of another list.
  mutating func add(_ other: KeptMembers) {
    for kept in other.kinds {
      // In a fixed order, so that the same names are within the limit on every run.
      for (name, count) in kept.counts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        add(name, count, of: kept.kind)
      }
      kinds[position(of: kept.kind)].others += kept.others
    }
  }

  /// Reads the list in a report; malformed elements are left out.
  init(json: JSONValue?, _ catalog: EntityCatalog) {
    guard case .array(let listed)? = json else { return }
    for member in listed {
      guard let kind = member["kind"]?.string.flatMap(catalog.kind(named:)),
        let count = member["count"]?.int64, count > 0
      else { continue }
      if let name = member["member"]?.string {
        kinds[position(of: kind)].counts[Array(name.utf8)] = MigrationStatistics.bounded(Int(count))
      } else {
        kinds[position(of: kind)].others = MigrationStatistics.bounded(Int(count))
      }
    }
  }
}
