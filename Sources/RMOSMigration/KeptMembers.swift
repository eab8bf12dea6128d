public import RMOSModels

/// The members that a run kept beside entities since the kinds do not declare them, by name.
public struct KeptMembers: Sendable, Hashable {
  /// A member of a kind.
  public struct Member: Sendable, Hashable {
    /// The kind.
    public var kind: EntityKind
    /// The member's name; `nil` for all that have a name beyond those that are told apart.
    public var member: String?
    /// How many entities it was kept of.
    public var count: Int

    /// Creates a member.
    package init(kind: EntityKind, member: String?, count: Int) {
      self.kind = kind
      self.member = member
      self.count = count
    }
  }

  /// How many names of a kind are told apart.
  private static let limit = 200

  /// How often each was kept, by kind and name.
  private var counts: [EntityKind: [[UInt8]: Int]] = [:]
  /// How often others were, by kind.
  private var others: [EntityKind: Int] = [:]

  /// Creates an empty list.
  package init() {}

  /// Whether nothing was kept.
  package var isEmpty: Bool { counts.isEmpty }

  /// The members, in the order of the kinds, the most frequent first.
  public var members: [Member] {
    EntityKind.allCases.flatMap { kind in
      let named = (counts[kind] ?? [:]).sorted {
        $0.value == $1.value
          ? $0.key.lexicographicallyPrecedes($1.key) : $0.value > $1.value
      }
      return named.map {
        Member(kind: kind, member: String(decoding: $0.key, as: UTF8.self), count: $0.value)
      } + (others[kind].map { [Member(kind: kind, member: nil, count: $0)] } ?? [])
    }
  }

  /// Adds the members of an object: compact JSON.
  mutating func add(_ object: ArraySlice<UInt8>, of kind: EntityKind) {
    object.withUnsafeBytes { bytes in
      JSONScanner.withPaddedCopy(of: bytes) { scanner in
        _ = scanner.skip(UInt8(ascii: "{"))
        var start = object.startIndex + 1
        while start < object.endIndex {
          guard let isEscaped = try? scanner.skipString() else { return }
          let end = object.startIndex + scanner.position
          let name = object[start + 1..<end - 1]
          let decoded = isEscaped ? name.withUnsafeBufferPointer(JSONScanner.decoded) : nil
          add(decoded ?? Array(name), 1, of: kind)
          guard scanner.skip(UInt8(ascii: ":")),
            (try? scanner.skipValue(enclosingDepth: 1)) != nil,
            scanner.skip(UInt8(ascii: ","))
          else { return }
          start = object.startIndex + scanner.position
        }
      }
    }
  }

  private mutating func add(_ name: [UInt8], _ count: Int, of kind: EntityKind) {
    if counts[kind, default: [:]][name] != nil || counts[kind, default: [:]].count < Self.limit {
      counts[kind, default: [:]][name, default: 0] += count
    } else {
      others[kind, default: 0] += count
    }
  }

  /// Adds what another list has.
  mutating func add(_ other: KeptMembers) {
    for (kind, members) in other.counts {
      for (name, count) in members.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        add(name, count, of: kind)
      }
    }
    others.merge(other.others, uniquingKeysWith: +)
  }

  /// Reads the list that a report has; what is not one of its members is left out.
  init(json: JSONValue?) {
    guard case .array(let listed)? = json else { return }
    for member in listed {
      guard let kind = member["kind"]?.string.flatMap(EntityKind.init(rawValue:)),
        let count = member["count"]?.int64, count > 0
      else { continue }
      if let name = member["member"]?.string {
        counts[kind, default: [:]][Array(name.utf8)] = Int(clamping: count)
      } else {
        others[kind] = Int(clamping: count)
      }
    }
  }
}
