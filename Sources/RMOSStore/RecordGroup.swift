public import RMOSModels

/// A group of records that have the same values in some members.
public struct RecordGroup: Sendable, Hashable {
  /// A summary of the numbers in one member.
  public struct Numbers: Sendable, Hashable {
    /// The number of numbers.
    public var count = 0
    /// Their sum.
    public var sum = 0.0
    /// The smallest; `nil` if there are none.
    public var minimum: Double?
    /// The largest; `nil` if there are none.
    public var maximum: Double?

    /// Their mean; `nil` if there are none.
    package var average: Double? { count > 0 ? sum / Double(count) : nil }

    /// Creates a summary of no numbers.
    public init() {}

    /// Adds a number.
    mutating func add(_ number: Double) {
      count += 1
      sum += number
      minimum = Swift.min(minimum ?? number, number)
      maximum = Swift.max(maximum ?? number, number)
    }
  }

  /// The key by which records are counted.
  public enum Key: Sendable, Hashable {
    /// The value of a member.
    case member(String)
    /// The texts that the JSON object in a member has under some names.
    ///
    /// A record with several texts counts under each, one without any under NULL.
    case json(member: String, names: [String])

    /// The member that the key is read from.
    public var member: String {
      switch self {
      case .member(let member), .json(let member, _): member
      }
    }

    /// The keys under which a record counts that has `value` in the member.
    func keys(of value: Value) -> [Value] {
      switch self {
      case .member: return [value]
      case .json(_, let names):
        let texts = JSONTexts(of: value, names).texts
        return texts.isEmpty ? [.null] : texts.map { .text($0) }
      }
    }
  }

  /// The shared values, in the order of the members.
  public var keys: [Value]
  /// The number of records.
  public var count: Int
  /// The summaries, in the order of the members.
  public var numbers: [Numbers]

  /// Creates a group.
  public init(keys: [Value], count: Int, numbers: [Numbers]) {
    self.keys = keys
    self.count = count
    self.numbers = numbers
  }
}

extension StoreReader {
  /// Reads all records of the kind.
  public func groups(
    _ kind: EntityKind, by members: [String], numbers: [String]
  ) throws -> [RecordGroup] {
    let query = RecordQuery(kind)
    let keyPositions = try members.map { try query.position(of: $0) }
    let numberPositions = try numbers.map { try query.position(of: $0) }
    var groups: [GroupKey: RecordGroup] = [:]
    try forEachRecord(kind) { record in
      let key = GroupKey(values: keyPositions.map { record.values[$0] })
      var group =
        groups[key]
        ?? RecordGroup(
          keys: key.values, count: 0,
          numbers: Array(repeating: RecordGroup.Numbers(), count: numberPositions.count))
      group.count += 1
      for (index, position) in numberPositions.enumerated() {
        switch record.values[position] {
        case .integer(let number): group.numbers[index].add(Double(number))
        case .real(let number): group.numbers[index].add(number)
        case .null, .text, .blob: break
        }
      }
      groups[key] = group
    }
    return groups.sorted { $0.key.precedes($1.key) }.map(\.value)
  }
}

extension StoreReader {
  /// Counts in one pass over the kind.
  public func counts(_ query: RecordQuery, by key: RecordGroup.Key) throws -> [RecordGroup] {
    let matches = try query.predicate(in: self)
    let position = try query.position(of: key.member)
    return try key.groups { count in
      try forEachRecord(query.kind) { if try matches($0) { count($0.values[position]) } }
    }
  }
}

extension RecordGroup.Key {
  /// Counts records by the key, for stores that go through the values themselves.
  ///
  /// - Parameter body: A function that calls its argument with the value of ``member`` in each
  ///   record.
  /// - Returns: The groups, in the order of their values.
  public func groups(
    counting body: (_ count: (Value) -> Void) throws -> Void
  ) rethrows -> [RecordGroup] {
    var counter = RecordCounter(self)
    try body { counter.add($0) }
    return counter.groups
  }
}

/// Counts records by a key.
struct RecordCounter {
  private let key: RecordGroup.Key
  private var counts: [GroupKey: Int] = [:]
  /// The last value, and how often it came in succession: an index yields equal values together.
  private var run: (value: Value, count: Int)?

  /// Creates a counter of no records.
  init(_ key: RecordGroup.Key) { self.key = key }

  /// Counts a record that has a value in the key's member.
  mutating func add(_ value: Value) {
    if let last = run?.value, last.isSame(as: value) {
      run?.count += 1
    } else {
      endRun()
      run = (value, 1)
    }
  }

  /// Counts a number of records with the same value.
  mutating func add(_ value: Value, count: Int) {
    endRun()
    run = (value, count)
  }

  /// Adds the values counted in succession to the counts.
  private mutating func endRun() {
    guard let (value, count) = run else { return }
    for value in key.keys(of: value) { counts[GroupKey(values: [value]), default: 0] += count }
    run = nil
  }

  /// The groups, in the order of their values.
  var groups: [RecordGroup] {
    var counter = self
    counter.endRun()
    return counter.counts.sorted { $0.key.precedes($1.key) }
      .map { RecordGroup(keys: $0.key.values, count: $0.value, numbers: []) }
  }
}

/// Values that are compared as SQL groups them: texts by their bytes, numbers by their value.
private struct GroupKey: Hashable {
  var values: [Value]

  static func == (left: GroupKey, right: GroupKey) -> Bool {
    left.values.elementsEqual(right.values) { $0.isSame(as: $1) }
  }

  func hash(into hasher: inout Hasher) {
    for value in values {
      switch value {
      case .null: hasher.combine(0)
      case .integer(let number): hasher.combine(Double(number))
      case .real(let number): hasher.combine(number)
      case .text(var text):
        text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // A byte that UTF-8 does not contain separates texts, so that "ab", "c" and "a", "bc"
        // differ.
        hasher.combine(0xFF as UInt8)
      case .blob(let bytes): hasher.combine(bytes)
      }
    }
  }

  func precedes(_ other: GroupKey) -> Bool {
    for (left, right) in zip(values, other.values) {
      if left.precedes(right) { return true }
      if right.precedes(left) { return false }
    }
    return false
  }
}

/// The texts that a JSON object has under some names: strings, and strings in lists, each once.
///
/// All stores share this code, so that they agree about escapes, members that occur twice and text
/// that is not JSON.
package struct JSONTexts: Sendable, Hashable {
  /// The texts, in the order in which they appear.
  package private(set) var texts: [String] = []
  private var keys: Set<UTF8Key> = []

  /// Finds the texts in a stored value; none if the value is not the text of a JSON object.
  package init(of value: Value, _ names: [String]) {
    guard case .text(let text) = value, let json = try? JSONValue(parsing: text) else { return }
    for name in names {
      switch json[name] {
      case .string(let text): add(text)
      case .array(let elements): for case .string(let text) in elements { add(text) }
      default: break
      }
    }
  }

  /// Whether a text is among them, byte for byte.
  package func contains(_ text: String) -> Bool { keys.contains(UTF8Key(text)) }

  private mutating func add(_ text: String) {
    if keys.insert(UTF8Key(text)).inserted { texts.append(text) }
  }
}
