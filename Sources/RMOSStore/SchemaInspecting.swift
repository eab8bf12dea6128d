package import RMOSModels
import RMOSSystem

/// A store's schema and raw rows, as ``StoreReader/inspection`` offers them to audits.
///
/// The value is opaque: a store that wraps another forwards it.
public struct SchemaInspection {
  package let inspector: any SchemaInspecting

  package init(_ inspector: any SchemaInspecting) { self.inspector = inspector }
}

/// What the reader of a backend with a schema of its own offers an audit beyond its records.
///
/// It assumes neither that the schema is the right one nor that columns hold what they are declared
/// to. Every method is one statement, whatever the number of rows, in constant memory.
package protocol SchemaInspecting {
  /// The size of the database, in bytes.
  func databaseSize() throws -> Int64

  /// The version of the project's own tables; `nil` if there are none.
  func ledgerVersion() throws -> Int64?

  /// The tables and views, except the backend's own.
  func inspectTables() throws -> [InspectedTable]

  /// The tables of the shared schema that are missing; none if the store is empty.
  func missingTables() throws -> [String]

  /// What in the schema prevents rows from being written.
  func writingObstacles() throws -> [WritingObstacle]

  /// The kinds whose ids the backend does not compare byte by byte.
  func kindsWithLooseIDs() throws -> Set<EntityKind>

  /// Calls `body` with each problem the backend's own check of the file finds, all of them.
  ///
  /// - Returns: The tables that cannot be checked, and why.
  func forEachIntegrityProblem(
    _ body: (String) throws -> Void
  ) throws -> [(table: String, reason: String)]

  /// Calls `body` with each row of `table` that breaks a foreign key the table declares.
  func forEachForeignKeyProblem(
    in table: String, _ body: (ForeignKeyProblem) throws -> Void
  ) throws

  /// Calls `body` with each row of `table`, in no particular order; a column it lacks reads as NULL.
  func forEachRow(
    of kind: EntityKind, in table: InspectedTable, _ body: (InspectedRow) throws -> Void
  ) throws

  /// Calls `body` with each text id.
  func forEachID(of kind: EntityKind, _ body: (String) throws -> Void) throws

  /// Calls `body` with each row whose reference in `field` points to no entity.
  func forEachDanglingReference(
    of kind: EntityKind, field: Int, in table: InspectedTable,
    _ body: (InspectedKey, _ reference: String) throws -> Void
  ) throws

  /// Calls `body` with each different reference in `field`, how many rows hold it and whether it
  /// points to an entity, until there are no more or the deadline passes.
  ///
  /// - Returns: Whether there are no more.
  func forEachReference(
    of kind: EntityKind, field: Int, until deadline: ContinuousClock.Instant,
    _ body: (_ reference: String, _ rows: Int, _ isDangling: Bool) throws -> Void
  ) throws -> Bool

  /// Calls `body` with each provenance whose entity or run is missing, or whose kind is unknown.
  func forEachDanglingProvenance(_ body: (DanglingProvenance) throws -> Void) throws

  /// Calls `body` with each entity that has no provenance.
  func forEachIDWithoutProvenance(
    of kind: EntityKind, _ body: (String) throws -> Void
  ) throws
}

/// A table as it is.
package struct InspectedTable: Sendable, Hashable {
  /// A column.
  package struct Column: Sendable, Hashable {
    /// As declared.
    package var name: String
    /// As declared; empty if there is none.
    package var type: String
    package var isNotNull: Bool
    package var isPrimaryKey: Bool
    package var hasDefault: Bool

    package init(
      name: String, type: String, isNotNull: Bool, isPrimaryKey: Bool, hasDefault: Bool
    ) {
      self.name = name
      self.type = type
      self.isNotNull = isNotNull
      self.isPrimaryKey = isPrimaryKey
      self.hasDefault = hasDefault
    }
  }

  /// An index.
  package struct Index: Sendable, Hashable {
    package var name: String
    /// The key, as in CREATE INDEX: `name`, `created_at DESC`.
    package var columns: String
    /// Whether it covers only some rows.
    package var isPartial: Bool
  }

  /// A foreign key's column and the table it points to.
  package struct ForeignKey: Sendable, Hashable {
    package var column: String
    package var table: String
  }

  package var name: String
  /// Whether it is a table, not a view.
  package var isTable: Bool
  /// Whether another library keeps its rows, such as that of full-text search.
  package var isVirtual = false
  /// Whether rows have a row number.
  package var hasRowID: Bool
  package var columns: [Column]
  package var indexes: [Index]
  package var foreignKeys: [ForeignKey]

  package init(
    name: String, isTable: Bool, isVirtual: Bool = false, hasRowID: Bool, columns: [Column],
    indexes: [Index], foreignKeys: [ForeignKey]
  ) {
    self.name = name
    self.isTable = isTable
    self.isVirtual = isVirtual
    self.hasRowID = hasRowID
    self.columns = columns
    self.indexes = indexes
    self.foreignKeys = foreignKeys
  }

  /// A column by its name; case does not count, as in SQL.
  package func column(_ name: String) -> Column? {
    let name = name.lowercasedASCII
    return columns.first { $0.name.lowercasedASCII == name }
  }
}

/// Which row: its id if that is text, and its number if rows have one.
package struct InspectedKey: Sendable, Hashable {
  package var id: String?
  package var rowID: Int64?

  package init(id: String?, rowID: Int64?) {
    self.id = id
    self.rowID = rowID
  }
}

/// A row as it is stored.
package struct InspectedRow: Sendable {
  package var key: InspectedKey
  package var record: Record
  /// The fields whose text is not UTF-8, as bits; the record holds it with replacement characters.
  package var invalidText: FieldSet

  package init(key: InspectedKey, record: Record, invalidText: FieldSet = []) {
    self.key = key
    self.record = record
    self.invalidText = invalidText
  }
}

/// A row that breaks a declared foreign key.
package struct ForeignKeyProblem: Sendable, Hashable {
  package var table: String
  package var rowID: Int64?
  /// The table the key points to.
  package var parent: String
}

/// A provenance without an entity or a run.
package struct DanglingProvenance: Sendable, Hashable {
  /// The kind, as stored.
  package var kind: String
  package var entityID: String
  package var run: Int64
  /// Whether its entity exists.
  package var hasEntity: Bool
  /// Whether its run exists.
  package var hasRun: Bool

  package init(kind: String, entityID: String, run: Int64, hasEntity: Bool, hasRun: Bool) {
    self.kind = kind
    self.entityID = entityID
    self.run = run
    self.hasEntity = hasEntity
    self.hasRun = hasRun
  }
}

/// Something in a database's schema that prevents rows from being written.
package struct WritingObstacle: Sendable, Hashable {
  /// Where it is.
  package enum Place: Sendable, Hashable {
    /// `PRAGMA user_version`.
    case version
    /// A table, its columns or its name, which an audit looks at anyway.
    case table
    /// A trigger, index or constraint, which shows only when a statement is compiled.
    case statement
  }

  package var place: Place
  /// The table that cannot be written to, if it is a single one.
  package var table: String?
  /// What was found, in short.
  package var found: String
  /// What was found, and how to fix it.
  package var message: String

  init(_ place: Place, table: String? = nil, found: String, _ message: String) {
    self.place = place
    self.table = table
    self.found = found
    self.message = message
  }
}
