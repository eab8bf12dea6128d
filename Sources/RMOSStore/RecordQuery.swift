public import RMOSModels
import RMOSSystem

/// A query for records of one kind.
///
/// ```swift
/// let ebony = RecordQuery(
///   .stripFamilies, where: [.equals(member: "material_type", value: .text("Ebony"))], limit: 20)
/// ```
public struct RecordQuery: Sendable, Hashable {
  /// A condition on a field.
  public enum Condition: Sendable, Hashable {
    /// The field equals the value.
    case equals(member: String, value: Value)
    /// The text field contains the text.
    ///
    /// ASCII case is ignored; `%` and `_` have no special meaning.
    case contains(member: String, text: String)
    /// At least one of the text fields contains the text, as in ``contains(member:text:)``.
    case anyContains(members: [String], text: String)
    /// The field equals one of the values.
    ///
    /// With more than 32,766 values in all conditions of a query, ``SQLiteStore`` throws an error.
    case isAny(member: String, of: [Value])
    /// The JSON object in the field has the text under one of the names, as the value of a member
    /// or as an element of a list there.
    case jsonHas(member: String, names: [String], text: String)
    /// Some runs have written the entity in the given way, according to the ledger.
    ///
    /// Runs that are undone do not count.
    case written(byRuns: [Int64], Writing)
  }
  /// The way in which runs have written an entity that is in the store.
  public enum Writing: Sendable, Hashable, CaseIterable {
    /// One of the runs wrote the row, whether or not it existed before.
    case addedOrChanged
    /// One of the runs wrote the row, and none of them changed an existing row.
    case added
    /// One of the runs changed an existing row.
    case changed
    /// None of the runs wrote the row.
    case neither
  }
  /// The order of the records.
  public enum Order: Sendable, Hashable {
    /// Byte order of the id.
    case id
    /// Descending order of `created_at` (as text); records with equal values are in the order in
    /// which they were added.
    case newestFirst
    /// The order of the values of a member: numbers, then texts in byte order, then bytes; reversed
    /// if `descending`.
    ///
    /// In both cases records without a value come last, and records with equal values are in byte
    /// order of the id.
    case member(String, descending: Bool)
  }

  /// The kind.
  public var kind: EntityKind
  /// The conditions; all must hold.
  public var conditions: [Condition]
  /// The order.
  public var order: Order
  /// The most records to return; `nil` for all, and a negative number for none.
  public var limit: Int?
  /// The number of records to skip first; a negative number skips none.
  public var offset: Int

  /// Creates a query, by default for all records of a kind in byte order of the id.
  public init(
    _ kind: EntityKind, where conditions: [Condition] = [], order: Order = .id, limit: Int? = nil,
    offset: Int = 0
  ) {
    self.kind = kind
    self.conditions = conditions
    self.order = order
    self.limit = limit
    self.offset = offset
  }

  /// Returns the query with the additional condition that a member equals a value.
  package func filter(_ member: String, is value: Value) -> RecordQuery {
    filter(.equals(member: member, value: value))
  }
  /// Returns the query with the additional condition that a member contains a text.
  package func filter(_ member: String, contains text: String) -> RecordQuery {
    filter(.contains(member: member, text: text))
  }
  /// Returns the query with an additional condition.
  package func filter(_ condition: Condition) -> RecordQuery {
    var copy = self
    copy.conditions.append(condition)
    return copy
  }
  /// Returns the query with another order.
  package func order(_ order: Order) -> RecordQuery {
    var copy = self
    copy.order = order
    return copy
  }
  /// Returns the query with a limit.
  package func limit(_ limit: Int?, offset: Int = 0) -> RecordQuery {
    var copy = self
    copy.limit = limit
    copy.offset = offset
    return copy
  }
}

extension RecordQuery.Condition {
  /// Whether both are the same condition; texts are compared byte for byte.
  public static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.equals(let a, let value), .equals(let b, let other)): a == b && value == other
    case (.contains(let a, let text), .contains(let b, let other)):
      a == b && text.hasSameUTF8(as: other)
    case (.anyContains(let a, let text), .anyContains(let b, let other)):
      a == b && text.hasSameUTF8(as: other)
    case (.isAny(let a, let values), .isAny(let b, let others)): a == b && values == others
    case (.jsonHas(let a, let names, let text), .jsonHas(let b, let others, let other)):
      a == b && text.hasSameUTF8(as: other)
        && names.elementsEqual(others) { $0.hasSameUTF8(as: $1) }
    case (.written(let a, let writing), .written(let b, let other)): a == b && writing == other
    default: false
    }
  }
}

// Matching and ordering for stores that go through the records themselves.
extension RecordQuery {
  /// Returns a function that tests whether a record of the kind matches the conditions.
  ///
  /// - Parameter reader: The reader of the records, which is asked for their provenance.
  /// - Returns: The function, which throws what `reader` throws.
  /// - Throws: ``StoreError/Code/unknownMember``.
  public func predicate(
    in reader: any StoreReader
  ) throws(StoreError) -> (Record) throws -> Bool {
    let tests = try tests(conditions, reader)
    return { record in try tests.allSatisfy { try $0(record) } }
  }

  /// Returns the records that match, in the query's order and within its limit.
  ///
  /// - Parameters:
  ///   - records: All records of the kind, in the order in which they were added.
  ///   - reader: The reader of the records, which is asked for their provenance.
  /// - Returns: Those that match.
  /// - Throws: ``StoreError/Code/unknownMember``, or what reading throws.
  /// - Complexity: O(n log n)
  public func select(
    from records: some Sequence<Record>, in reader: any StoreReader
  ) throws -> [Record] {
    var selected = try records.filter(try predicate(in: reader))
    switch order {
    case .id: selected.sort { $0.values[0].precedes($1.values[0]) }
    case .member(let member, let descending):
      let position = try position(of: member)
      selected.sort {
        SortKey(value: $0.values[position], id: $0.values[0])
          .precedes(SortKey(value: $1.values[position], id: $1.values[0]), descending)
      }
    case .newestFirst:
      if let position = kind.schema.position(ofMember: "created_at") {
        // The sort is stable, so records with equal values stay in the order in which they were
        // added.
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

  private typealias Test = (Record) throws -> Bool

  private func test(
    _ condition: Condition, _ reader: any StoreReader
  ) throws(StoreError) -> Test {
    switch condition {
    case .equals(let member, let value):
      let position = try position(of: member)
      // NaN is stored as NULL, and equals no value.
      if case .real(let number) = value, number.isNaN { return { _ in false } }
      let sought = kind.schema.fields[position].type.stored(value)
      return { $0.values[position].isSame(as: sought) }
    case .contains(let member, let text):
      return try test(.anyContains(members: [member], text: text), reader)
    case .anyContains(let members, let text):
      let positions = try positions(of: members)
      let search = ByteSearch(text.utf8, ignoringASCIICase: true)
      return { record in
        positions.contains { position in
          guard case .text(var text) = record.values[position] else { return false }
          return text.withUTF8 { unsafe search.isFound(in: UnsafeRawBufferPointer($0)) }
        }
      }
    case .isAny(let member, let values):
      let tests = try self.tests(values.map { .equals(member: member, value: $0) }, reader)
      return { record in try tests.contains { try $0(record) } }
    case .jsonHas(let member, let names, let text):
      let position = try position(of: member)
      return { JSONTexts(of: $0.values[position], names).contains(text) }
    case .written(let runs, let writing):
      let runs = Set(runs)
      return { try writing.matches($0, by: runs, in: reader) }
    }
  }

  private func tests(
    _ conditions: [Condition], _ reader: any StoreReader
  ) throws(StoreError) -> [Test] {
    var tests: [Test] = []
    for condition in conditions { tests.append(try test(condition, reader)) }
    return tests
  }

  private func positions(of members: [String]) throws(StoreError) -> [Int] {
    var positions: [Int] = []
    for member in members { positions.append(try position(of: member)) }
    return positions
  }
}

extension RecordQuery.Writing {
  /// Whether some runs have written an entity in this way, according to the ledger.
  fileprivate func matches(
    _ record: Record, by runs: Set<Int64>, in reader: any StoreReader
  ) throws -> Bool {
    let changes = try reader.changes(of: record.kind, id: record.id)
    let own = changes.filter { runs.contains($0.run) && $0.result != .deleted }
    let isChanged = own.contains { $0.before != nil }
    func isWritten() throws -> Bool {
      if !own.isEmpty { return true }
      // If another run has rewritten the row since, the before-image names the previous writer.
      let origins =
        [try reader.provenance(record.kind, id: record.id)]
        + changes.filter { $0.result == .rewritten }.map { $0.before?.provenance }
      return origins.contains { $0.map { runs.contains($0.run) } ?? false }
    }
    switch self {
    case .addedOrChanged: return try isWritten()
    case .added: return try !isChanged && isWritten()
    case .changed: return isChanged
    case .neither: return try !isWritten()
    }
  }
}

/// The values that an order by a member compares.
private struct SortKey {
  var value: Value
  var id: Value

  /// Whether a record with the key comes before one with another.
  func precedes(_ other: SortKey, _ descending: Bool) -> Bool {
    switch (value, other.value) {
    case (.null, .null): break
    case (.null, _): return false
    case (_, .null): return true
    default:
      if value.precedes(other.value) { return !descending }
      if other.value.precedes(value) { return descending }
    }
    return id.precedes(other.id)
  }
}
