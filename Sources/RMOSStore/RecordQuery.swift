public import RMOSModels

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

extension RecordQuery {
  /// The position of a member in the schema.
  ///
  /// - Throws: ``StoreError/Code/unknownMember``.
  func position(of member: String) throws(StoreError) -> Int {
    if let position = kind.schema.position(ofMember: member) { return position }
    let members = kind.schema.fields.map(\.member).joined(separator: ", ")
    throw StoreError(
      .unknownMember, "a \(kind.schema.singular) has no member \"\(member)\"; it has \(members)")
  }
}
