/// A kind of entity: strip families, patterns and job logs, or one that a program adds.
///
/// A kind has the name of its table, and is declared by its ``schema``. Two kinds are equal if
/// their names are. An ``EntityCatalog`` has the kinds that a store holds, in their order.
///
/// A kind is encoded as its name. To decode one that is not built in, put the catalog into the
/// decoder's `userInfo` under `CodingUserInfoKey.entityCatalog`.
public struct EntityKind: Sendable {
  /// The declaration that drives reading, validation, SQL and lists for this kind.
  public let schema: EntitySchema

  /// Creates the kind that a schema declares.
  public init(_ schema: EntitySchema) { self.schema = schema }

  /// The name of the kind: that of its table and of its source directory.
  package var rawValue: String { schema.table }

  /// The table and the source directory of this kind.
  public var table: String { schema.table }
}

extension EntityKind {
  /// Wood strips in stock, cut from one material to one cross section.
  public static let stripFamilies = EntityKind(.stripFamilies)
  /// Rosette designs cut from strip families.
  public static let patterns = EntityKind(.patterns)
  /// The jobs of machines, each with its pattern and strip family.
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
  /// Decodes a name, and finds its kind in the decoder's catalog, or among the built-in kinds.
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

  /// Encodes the name.
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

/// The kinds of entities that a store holds, in the order of migration.
///
/// Kinds to which a kind refers come before it. A program adds kinds of its own to those of RMOS
/// and passes the catalog to its store, from which all code that works on the store gets the kinds:
///
/// ```swift
/// let blades = EntityKind(
///   EntitySchema(
///     table: "blades", singular: "blade", plural: "blades",
///     fields: [
///       .id, FieldSchema("name", .text(.notBlank), required: true), .createdAt, .updatedAt,
///     ],
///     presentation: .init(title: .name("name"))))
/// let catalog = EntityCatalog.rmos.adding(blades)
/// let store = try SQLiteStore(path: "data/rmos.db", catalog: catalog)
/// ```
public struct EntityCatalog: Sendable, Hashable {
  /// The kinds, in the order of migration.
  public let kinds: [EntityKind]
  /// The kinds, in the order in which pages and reports show them.
  package let displayOrder: [EntityKind]

  /// Strip families, patterns and job logs.
  public static let rmos = EntityCatalog(
    [.stripFamilies, .patterns, .joblogs], displayOrder: [.patterns, .stripFamilies, .joblogs])

  /// Creates a catalog of kinds.
  ///
  /// - Parameter kinds: The kinds, in the order of migration.
  /// - Precondition: No two kinds have the same name, and each kind comes after the kinds to which
  ///   it refers.
  public init(_ kinds: [EntityKind]) { self.init(kinds, displayOrder: kinds) }

  private init(_ kinds: [EntityKind], displayOrder: [EntityKind]) {
    for (position, kind) in kinds.enumerated() {
      precondition(
        !kinds[..<position].contains {
          $0 == kind || $0.schema.pathName == kind.schema.pathName
        },
        "the catalog has two kinds named \(kind)")
      for reference in kind.schema.references {
        precondition(
          kinds[..<position].contains(reference.target),
          "\(kind) refers to \(reference.target), which must come before it in the catalog")
      }
    }
    self.kinds = kinds
    self.displayOrder = displayOrder
  }

  /// Returns the catalog with another kind at the end.
  ///
  /// - Precondition: The catalog has no kind of that name, and has all kinds to which it refers.
  public func adding(_ kind: EntityKind) -> EntityCatalog {
    EntityCatalog(kinds + [kind], displayOrder: displayOrder + [kind])
  }

  /// The kind with a name; `nil` if the catalog has none.
  public func kind(named name: String) -> EntityKind? { kinds.first { $0.rawValue == name } }

  /// The kind with a name in paths, such as `strip-families`; `nil` if the catalog has none.
  package func kind(pathName: String) -> EntityKind? {
    kinds.first { $0.schema.pathName == pathName }
  }

  /// Whether the catalog has a kind.
  package func contains(_ kind: EntityKind) -> Bool { position(of: kind) != nil }

  /// The position of a kind in ``kinds``; `nil` if the catalog does not have it.
  ///
  /// - Complexity: O(n) in the number of kinds, which is faster than hashing for so few.
  package func position(of kind: EntityKind) -> Int? {
    // In most cases the catalog has the same declaration, and names need not be compared.
    kinds.firstIndex { $0.schema === kind.schema } ?? kinds.firstIndex(of: kind)
  }
}
