/// An entity as a typed value: ``StripFamily``, ``Pattern`` or ``JobLog``.
///
/// Stores hold ``Record``s. An entity is created from a record and returns it without loss:
/// `Self(record: r).record == r` for every record that `init(record:)` accepts.
///
/// Entities are `Codable` by their schema: the keys are the member names of the JSON files, such as
/// `ring_count`. Decoders do not preserve the text of JSON members, so an entity that was encoded
/// and decoded may differ from the original in it; see ``JSONValue/init(from:)``.
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
  /// An absent member has its default value, as in a migration. There is no run here whose start
  /// could be the default of `created_at`, so that member is required.
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

/// The name of a member as a coding key.
private struct MemberKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Record {
  /// Decodes the members of a kind, and fills in their defaults.
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
            debugDescription: Violation.missing().message(
              about: field, in: field.member, inFile: false)))
      }
    }
    self.init(kind: kind, values: values)
  }
}

// What implementations of ``Entity/init(record:)`` call.
extension Record {
  /// Checks that the record is of a kind.
  ///
  /// - Throws: ``EntityRejected`` if it is of another.
  public func requireKind(_ kind: EntityKind) throws(EntityRejected) {
    guard self.kind != kind else { return }
    throw EntityRejected(
      .fieldType, self,
      "found a \(self.kind.schema.singular), expected a \(kind.schema.singular)")
  }

  /// The value of a member: `String`, `Int64`, `Double`, ``JSONText``, an enumeration of texts, or
  /// one of these as an optional.
  ///
  /// - Throws: ``EntityRejected`` if the record holds something else.
  public func value<Result: Decodable>(_ member: String) throws(EntityRejected) -> Result {
    guard let value = self[member] else {
      throw EntityRejected(
        .fieldType, self, member: member, "a \(kind.schema.singular) has no such member")
    }
    let decoder = ValueDecoder(value: value)
    do {
      return try decoder.decode(Result.self)
    } catch let mismatch as ValueDecoder.Mismatch {
      throw EntityRejected(
        value == .null ? .fieldMissing : .fieldType, self, member: member,
        "found \(value.shown), expected \(mismatch.expected)")
    } catch let error as ParsingError {
      throw EntityRejected(.jsonSyntax, self, member: member, "not valid JSON: \(error)")
    } catch {
      let found = Violation.quoted((try? decoder.decode(String.self)) ?? "")
      throw EntityRejected(
        .fieldUnknownValue, self, member: member,
        "found \(found), expected one of \(known(member).joined(separator: ", "))")
    }
  }

  /// The known values of a text member; none if any text will do.
  private func known(_ member: String) -> [String] {
    let schema = kind.schema
    guard let position = schema.position(ofMember: member),
      case .text(let rule) = schema.fields[position].type
    else { return [] }
    return rule.knownValues
  }
}

/// Decodes one value as the type of a property.
private struct ValueDecoder: Decoder, SingleValueDecodingContainer {
  /// The value cannot be decoded as the type.
  struct Mismatch: Error {
    var expected: String
  }

  let value: Value
  /// The type that is decoding itself from this decoder; `nil` at first.
  var asking: Any.Type?
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    throw Mismatch(expected: "one value")
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw Mismatch(expected: "one value")
  }

  func decodeNil() -> Bool { value == .null }

  func decode<Result: Decodable>(_ type: Result.Type) throws -> Result {
    let found: Any? =
      switch value {
      case .null: nil
      // A whole number is a number too.
      case .integer(let number): type is Double.Type ? Double(number) as Any : number
      case .real(let number): number
      case .text(let text): type is JSONText.Type ? try JSONText(verbatim: text) : text
      case .blob(let bytes): bytes
      }
    if let result = found as? Result { return result }
    // A number or text of the wrong type would ask for itself endlessly; JSON is not decoded piece
    // by piece.
    if asking == type || type is JSONText.Type { throw Mismatch(expected: Self.name(type)) }
    return try Result(from: ValueDecoder(value: value, asking: type))
  }

  private static func name(_ type: Any.Type) -> String {
    switch type {
    case is Int64.Type: "a whole number"
    case is Double.Type: "a number"
    case is JSONText.Type: "JSON text"
    default: "text"
    }
  }
}
