/// An entity as a typed value: ``StripFamily``, ``Pattern`` or ``JobLog``.
///
/// Stores hold ``Record``s. An entity is created from a record and gives it back without loss:
/// `Self(record: r).record == r` for every record that `init(record:)` accepts.
///
/// Entities are `Codable` by their schema: the keys are the member names of the JSON files, such as
/// `ring_count`.
public protocol Entity: Codable, Hashable, Identifiable, Sendable where ID == String {
  /// The kind of the entity.
  static var kind: EntityKind { get }

  /// The id, unique within the kind.
  var id: String { get set }

  /// The record that holds the same values.
  var record: Record { get }

  /// Creates an entity from its record.
  ///
  /// - Throws: ``EntityRejected`` if a value is not what the schema declares.
  init(record: Record) throws(EntityRejected)
}

// MARK: Codable

extension Entity {
  /// Decodes the members that the schema declares.
  ///
  /// An absent member has its default value, as in a migration. The start of a run is none, so
  /// `created_at` is required.
  ///
  /// - Throws: `DecodingError` if a required member is absent or a value is not what the schema
  ///   declares.
  public init(from decoder: any Decoder) throws {
    let record = try Record(of: Self.kind, from: decoder)
    do throws(EntityRejected) {
      try self.init(record: record)
    } catch {
      let member = error.issues.first?.pointer.map { MemberKey(String($0.dropFirst())) }
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath + (member.map { [$0] } ?? []),
          debugDescription: error.description, underlyingError: error))
    }
  }

  /// Encodes the members that have a value, in the order of the schema.
  public func encode(to encoder: any Encoder) throws {
    let record = record
    var container = encoder.container(keyedBy: MemberKey.self)
    for (field, value) in zip(record.kind.schema.fields, record.values) {
      let key = MemberKey(field.member)
      switch (field.type, value) {
      case (.json, .text(let text)):
        try container.encode(JSONText(verbatim: text), forKey: key)
      case (_, .text(let text)): try container.encode(text, forKey: key)
      case (_, .integer(let number)): try container.encode(number, forKey: key)
      case (_, .real(let number)): try container.encode(number, forKey: key)
      case (_, .blob(let bytes)): try container.encode(bytes, forKey: key)
      case (_, .null): break
      }
    }
  }
}

/// A member's name as a key.
private struct MemberKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Record {
  fileprivate init(of kind: EntityKind, from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: MemberKey.self)
    let schema = kind.schema
    var values: [Value] = try schema.fields.map { field in
      let key = MemberKey(field.member)
      return switch field.type {
      case .text, .reference, .timestamp:
        Value(try container.decodeIfPresent(String.self, forKey: key))
      case .integer:
        try container.decodeIfPresent(Int64.self, forKey: key).map { .integer($0) } ?? .null
      case .real: Value(try container.decodeIfPresent(Double.self, forKey: key))
      case .json: Value(try container.decodeIfPresent(JSONText.self, forKey: key))
      }
    }
    for case .substitutable(let field, let substitute) in schema.rules
    where values[field] == .null && values[substitute] != .null {
      values[field] = .text("{}")
    }
    for (position, field) in schema.fields.enumerated() where values[position] == .null {
      switch field.defaultValue {
      case .text(let text): values[position] = .text(text)
      case .sameAs(let member):
        if let other = schema.position(ofMember: member) { values[position] = values[other] }
      case .null, .runStart: break
      }
      if values[position] == .null, position == 0 || field.isNotNull {
        let key = MemberKey(field.member)
        throw DecodingError.keyNotFound(
          key,
          .init(
            codingPath: container.codingPath,
            debugDescription: Violation.missing().message(field: field.member)))
      }
    }
    self.init(kind: kind, values: values)
  }
}

/// Reads the values of a record by member name, with the type each should have.
///
/// For ``Entity/init(record:)``:
///
/// ```swift
/// func name(of record: Record) throws(EntityRejected) -> String {
///   let fields = try RecordFields(record, of: .patterns)
///   return try fields.text("name")
/// }
/// ```
public struct RecordFields {
  private let record: Record

  /// Begins to read a record.
  ///
  /// - Throws: ``EntityRejected`` if the record is of another kind.
  public init(_ record: Record, of kind: EntityKind) throws(EntityRejected) {
    guard record.kind == kind else {
      throw EntityRejected(
        .fieldType, record,
        "found a \(record.kind.schema.singular), expected a \(kind.schema.singular)")
    }
    self.record = record
  }

  /// The text of a member.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func text(_ member: String) throws(EntityRejected) -> String {
    guard let text = try optionalText(member) else { throw missing(member, "text") }
    return text
  }

  /// The text of a member; `nil` if it has none.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func optionalText(_ member: String) throws(EntityRejected) -> String? {
    switch record[member] {
    case .text(let text): return text
    case .null: return nil
    case let other: throw mistyped(member, other, "text")
    }
  }

  /// The whole number of a member.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func integer(_ member: String) throws(EntityRejected) -> Int64 {
    switch record[member] {
    case .integer(let number): return number
    case let other: throw mistyped(member, other, "a whole number")
    }
  }

  /// The number of a member.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func real(_ member: String) throws(EntityRejected) -> Double {
    guard let number = try optionalReal(member) else { throw missing(member, "a number") }
    return number
  }

  /// The number of a member; `nil` if it has none.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func optionalReal(_ member: String) throws(EntityRejected) -> Double? {
    switch record[member] {
    case .real(let number): return number
    case .null: return nil
    case let other: throw mistyped(member, other, "a number")
    }
  }

  /// The JSON of a member.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func json(_ member: String) throws(EntityRejected) -> JSONText {
    guard let json = try optionalJSON(member) else { throw missing(member, "JSON text") }
    return json
  }

  /// The JSON of a member; `nil` if it has none.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func optionalJSON(_ member: String) throws(EntityRejected) -> JSONText? {
    guard let text = try optionalText(member) else { return nil }
    do {
      return try JSONText(verbatim: text)
    } catch {
      throw EntityRejected(.jsonSyntax, record, member: member, "not valid JSON: \(error)")
    }
  }

  /// The value of a member whose text is one of those a type knows.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func value<Closed: RawRepresentable & CaseIterable>(
    _ member: String, of type: Closed.Type
  ) throws(EntityRejected) -> Closed where Closed.RawValue == String {
    let text = try text(member)
    if let value = Closed(rawValue: text) { return value }
    let known = Closed.allCases.map(\.rawValue).joined(separator: ", ")
    throw EntityRejected(
      .fieldUnknownValue, record, member: member,
      "found \(Violation.quoted(text)), expected one of \(known)")
  }

  private func missing(_ member: String, _ expected: String) -> EntityRejected {
    mistyped(member, .null, expected)
  }

  private func mistyped(_ member: String, _ value: Value?, _ expected: String) -> EntityRejected {
    EntityRejected(
      value == .null ? .fieldMissing : .fieldType, record, member: member,
      "found \(value?.shown ?? "no such member"), expected \(expected)")
  }
}

extension Value {
  /// Creates a text, or NULL.
  init(_ text: String?) { self = text.map { .text($0) } ?? .null }
  /// Creates a number, or NULL.
  init(_ number: Double?) { self = number.map { .real($0) } ?? .null }
  /// Creates JSON text, or NULL.
  init(_ json: JSONText?) { self = json.map { .text($0.text) } ?? .null }
}
