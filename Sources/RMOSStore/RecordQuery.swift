public import RMOSModels
import RMOSSystem

/// A query for records of one kind.
///
/// ```swift
/// let wide = RecordQuery(.stripFamilies).filter("material_type", is: .text("Ebony")).limit(20)
/// ```
public struct RecordQuery: Sendable, Hashable {
  /// One condition on a field.
  public enum Condition: Sendable, Hashable {
    /// The field equals the value.
    case equals(member: String, value: Value)
    /// The text field contains the text. ASCII case is ignored; `%` and `_` have no special meaning.
    case contains(member: String, text: String)
  }
  /// The order of the records.
  public enum Order: Sendable, Hashable {
    /// Byte order of the id.
    case id
    /// Newest `created_at` first (as text); equally old ones in the order in which they were added.
    case newestFirst
  }

  /// The kind.
  public var kind: EntityKind
  /// The conditions; all must hold.
  public var conditions: [Condition] = []
  /// The order.
  public var order: Order = .id
  /// The most records to return; `nil` for all.
  public var limit: Int?
  /// The number of records to skip first.
  public var offset: Int = 0

  /// Creates a query for all records of a kind, in byte order of the id.
  public init(_ kind: EntityKind) { self.kind = kind }

  /// Returns the query with the condition that a member equals a value.
  public func filter(_ member: String, is value: Value) -> RecordQuery {
    var copy = self
    copy.conditions.append(.equals(member: member, value: value))
    return copy
  }
  /// Returns the query with the condition that a member contains a text.
  public func filter(_ member: String, contains text: String) -> RecordQuery {
    var copy = self
    copy.conditions.append(.contains(member: member, text: text))
    return copy
  }
  /// Returns the query with another order.
  public func order(_ order: Order) -> RecordQuery {
    var copy = self
    copy.order = order
    return copy
  }
  /// Returns the query with a limit.
  public func limit(_ limit: Int?, offset: Int = 0) -> RecordQuery {
    var copy = self
    copy.limit = limit
    copy.offset = offset
    return copy
  }
}

// For stores that look at each record themselves.
extension RecordQuery {
  /// Returns whether a record of the kind matches the conditions, as a function.
  ///
  /// - Throws: ``StoreError/Code/unknownMember``.
  public func predicate() throws(StoreError) -> (Record) -> Bool {
    var tests: [(Record) -> Bool] = []
    for condition in conditions { tests.append(try test(condition)) }
    return { record in tests.allSatisfy { $0(record) } }
  }

  /// Returns the records that match, in the query's order and within its limit.
  ///
  /// - Parameter records: All records of the kind, in the order in which they were added.
  /// - Returns: Those that match.
  /// - Throws: ``StoreError/Code/unknownMember``.
  /// - Complexity: O(n log n)
  public func select(from records: some Sequence<Record>) throws(StoreError) -> [Record] {
    let matches = try predicate()
    var selected = records.filter(matches)
    switch order {
    case .id: selected.sort { $0.values[0].precedes($1.values[0]) }
    case .newestFirst:
      if let position = kind.schema.position(ofMember: "created_at") {
        // Stable: equally old ones stay in the order in which they were added.
        selected.sort { $1.values[position].precedes($0.values[position]) }
      }
    }
    let rest = selected.dropFirst(max(0, offset))
    return Array(rest.prefix(limit.map { max(0, $0) } ?? rest.count))
  }

  /// Returns the position of a member in the schema.
  ///
  /// - Throws: ``StoreError/Code/unknownMember``.
  public func position(of member: String) throws(StoreError) -> Int {
    if let position = kind.schema.position(ofMember: member) { return position }
    let members = kind.schema.fields.map(\.member).joined(separator: ", ")
    throw StoreError(
      .unknownMember, "a \(kind.schema.singular) has no member \"\(member)\"; it has \(members)")
  }

  private func test(_ condition: Condition) throws(StoreError) -> (Record) -> Bool {
    switch condition {
    case .equals(let member, let value):
      let position = try position(of: member)
      let sought = kind.schema.fields[position].type.stored(value)
      return { $0.values[position].isSame(as: sought) }
    case .contains(let member, let text):
      let position = try position(of: member)
      let sought = Array(text.lowercasedASCII.utf8)
      return { record in
        guard case .text(let text) = record.values[position] else { return false }
        return Array(text.lowercasedASCII.utf8).containsSubsequence(sought)
      }
    }
  }
}

extension [UInt8] {
  fileprivate func containsSubsequence(_ sought: [UInt8]) -> Bool {
    guard !sought.isEmpty else { return true }
    guard count >= sought.count else { return false }
    return (0...count - sought.count).contains { start in
      self[start..<start + sought.count].elementsEqual(sought)
    }
  }
}
