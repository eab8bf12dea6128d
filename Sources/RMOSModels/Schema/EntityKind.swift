/// A kind of entity: strip families, patterns and job logs, or one that a program adds.
///
/// A kind is named by its table and known by its declaration, its ``schema``. Two kinds are equal
/// if their names are. Which kinds a store holds, and in which order, is its ``EntityCatalog``.
///
/// As `Codable`, a kind is its name. To decode one that is not built in, put the catalog into
/// the decoder's `userInfo` under `CodingUserInfoKey.entityCatalog`.
public struct EntityKind: Sendable {
  /// The declaration that drives reading, validation, SQL and lists for this kind.
  public let schema: EntitySchema

  /// Creates the kind that a schema declares.
  public init(_ schema: EntitySchema) { self.schema = schema }

  /// The kind's name: that of its table and of its source directory.
  package var rawValue: String { schema.table }

  /// The table and the source directory of this kind.
  public var table: String { schema.table }
}

extension EntityKind {
  /// Wood strips in stock, cut from one material to one cross section.
  public static let stripFamilies = EntityKind(.stripFamilies)
  /// Rosette designs cut from strip families.
  public static let patterns = EntityKind(.patterns)
  /// What a machine did, on which pattern and strip family.
  public static let joblogs = EntityKind(.joblogs)
}

extension EntityKind: Hashable {
  /// Whether two kinds have the same name.
  @inline(__always)
  public static func == (left: EntityKind, right: EntityKind) -> Bool {
    left.schema === right.schema || left.schema.table == right.schema.table
  }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(schema.table) }
}

extension EntityKind: CustomStringConvertible {
  /// The name.
  public var description: String { rawValue }
}

extension EntityKind: Codable {
  /// Finds the kind with a name in the decoder's catalog, or among the built-in kinds.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    let catalog = decoder.userInfo[.entityCatalog] as? EntityCatalog ?? .rmos
    guard let kind = catalog.kind(named: name) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(Violation.quoted(name)) is not a kind of entity")
    }
    self = kind
  }

  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

extension CodingUserInfoKey {
  /// The catalog whose kinds a decoder knows; ``EntityCatalog/rmos`` by default.
  public static let entityCatalog: CodingUserInfoKey = {
    guard let key = CodingUserInfoKey(rawValue: "rmos.entity-catalog") else {
      preconditionFailure("every text is a key")
    }
    return key
  }()
}
