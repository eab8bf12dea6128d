public import RMOSModels
import RMOSSystem

/// A store's schema and raw rows, which ``StoreReader/inspection`` offers to audits.
///
/// It assumes neither that the schema is correct nor that columns hold values of their declared
/// types. With a database, every method is one statement, whatever the number of rows, in constant
/// memory. ``StoreReader/recordInspection`` is the inspection of a store without a schema.
///
/// The types here are created by stores and read by audits.
public protocol SchemaInspecting {
  /// Whether there is a schema that other applications may have changed, and not only records.
  var hasSchema: Bool { get }

  /// The SQL of the database, in which repairs are proposed; the default is SQLite's.
  var dialect: SQLDialect { get }

  /// The size of the database, in bytes; `nil` if it is unknown.
  func databaseSize() throws -> Int64?

  /// The version of the shared schema; `nil` if the store has no schema yet.
  func schemaVersion() throws -> SchemaVersion?

  /// The version of the project's own tables; `nil` if there are none.
  func ledgerVersion() throws -> Int64?

  /// The tables and views, except those of the backend itself.
  func inspectTables() throws -> [InspectedTable]

  /// Returns the statements that create the recommended indexes of a kind, in the order in which
  /// the schema of the kind declares them; the default are those for SQLite.
  func createIndexSQL(of kind: EntityKind) -> [String]

  /// The tables of the shared schema that are missing; none if the store is empty.
  func missingTables() throws -> [String]

  /// The parts of the schema that prevent rows from being written.
  func writingObstacles() throws -> [WritingObstacle]

  /// The kinds whose ids the backend does not compare byte by byte.
  func kindsWithLooseIDs() throws -> Set<EntityKind>

  /// Calls `body` with each problem that the backend's own check of the file finds.
  ///
  /// - Returns: The tables that cannot be checked, and the reasons.
  func forEachIntegrityProblem(
    _ body: (String) throws -> Void
  ) throws -> [(table: String, reason: String)]

  /// Calls `body` with each row of `table` that breaks a foreign key of the table, and the table
  /// that the key points to.
  func forEachForeignKeyProblem(
    in table: String, _ body: (InspectedKey, _ parent: String) throws -> Void
  ) throws

  /// Calls `body` with each row of `table`, in no particular order; columns that the table lacks
  /// are NULL.
  func forEachRow(
    of kind: EntityKind, in table: InspectedTable, _ body: (InspectedRow) throws -> Void
  ) throws

  /// Calls `body` with each id that is text.
  func forEachID(of kind: EntityKind, _ body: (String) throws -> Void) throws

  /// Calls `body` with each row whose reference in `field` points to no entity.
  func forEachDanglingReference(
    of kind: EntityKind, field: Int, in table: InspectedTable,
    _ body: (InspectedKey, _ reference: String) throws -> Void
  ) throws

  /// Calls `body` with each different reference in `field`, the number of rows that hold it and
  /// whether it dangles, until all are done or the deadline passes.
  ///
  /// - Returns: Whether all references were passed to `body`.
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

extension SchemaInspecting {
  /// SQLite's.
  public var dialect: SQLDialect { .sqlite }

  /// Returns the statements for SQLite.
  public func createIndexSQL(of kind: EntityKind) -> [String] { kind.schema.createIndexSQL }
}

/// A table as it is in the database.
public struct InspectedTable: Sendable {
  /// A column as declared in the database.
  public struct Column: Sendable, Hashable {
    /// The name as declared.
    package var name: String
    /// The type as declared; empty if there is none.
    package var type: String
    /// Whether it is declared NOT NULL.
    package var isNotNull: Bool
    /// Whether it is part of the primary key.
    package var isPrimaryKey: Bool
    /// Whether no two rows can have the same value: it is the whole primary key, or the whole key
    /// of a unique index of all rows.
    package var isUnique: Bool
    /// Whether a default is declared.
    package var hasDefault: Bool

    /// Creates a column, which is unique if it is in the primary key, unless `isUnique` says
    /// otherwise.
    public init(
      name: String, type: String, isNotNull: Bool, isPrimaryKey: Bool, isUnique: Bool? = nil,
      hasDefault: Bool
    ) {
      self.name = name
      self.type = type
      self.isNotNull = isNotNull
      self.isPrimaryKey = isPrimaryKey
      self.isUnique = isUnique ?? isPrimaryKey
      self.hasDefault = hasDefault
    }
  }

  /// An index: its name, its key as in CREATE INDEX (`name`, `created_at DESC`), and whether it
  /// covers only some rows.
  package typealias Index = (name: String, columns: String, isPartial: Bool)

  /// A foreign key's column and the table it points to.
  package typealias ForeignKey = (column: String, table: String)

  /// The name as declared.
  package var name: String
  /// Whether it is a table, not a view.
  package var isTable: Bool
  /// Whether a module of SQLite, such as full-text search, keeps the rows of the table.
  package var isVirtual = false
  /// Whether rows have a row number.
  package var hasRowID: Bool
  /// The columns, in order.
  package var columns: [Column]
  /// The indexes.
  package var indexes: [Index]
  /// The foreign keys.
  package var foreignKeys: [ForeignKey]
  /// The name with its schema, as SQL, if the table is not in the store's schema; then `name` has
  /// the schema, too.
  ///
  /// Such a table is needed only if it has ``keysToIDs``.
  public var qualifiedName: String?
  /// The foreign keys that point to a column `id`: the column that does, the table that it points
  /// to, and whether that column is the whole key.
  public var keysToIDs: [(column: String, table: String, isWhole: Bool)] = []

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - name: The name as declared.
  ///   - isTable: Whether it is a table, not a view.
  ///   - isVirtual: Whether a module of the backend keeps the rows of the table.
  ///   - hasRowID: Whether rows have a row number.
  ///   - columns: The columns, in order.
  ///   - indexes: The indexes: name, key as in CREATE INDEX, and whether it covers only some rows.
  ///   - foreignKeys: The foreign keys: column, and the table it points to.
  public init(
    name: String, isTable: Bool, isVirtual: Bool = false, hasRowID: Bool, columns: [Column],
    indexes: [(name: String, columns: String, isPartial: Bool)],
    foreignKeys: [(column: String, table: String)]
  ) {
    self.name = name
    self.isTable = isTable
    self.isVirtual = isVirtual
    self.hasRowID = hasRowID
    self.columns = columns
    self.indexes = indexes
    self.foreignKeys = foreignKeys
  }

  /// The column with a name, regardless of case, as in SQL; `nil` if there is none.
  public func column(_ name: String) -> Column? {
    let name = name.lowercasedASCII
    return columns.first { $0.name.lowercasedASCII == name }
  }
}

/// The key of a row: its id if that is text, and its row number if rows have one.
public struct InspectedKey: Sendable, Hashable {
  /// The id; `nil` if it is not text.
  package var id: String?
  /// The row's number; `nil` if rows have none.
  package var rowID: Int64?

  /// Creates a key.
  public init(id: String?, rowID: Int64?) {
    self.id = id
    self.rowID = rowID
  }
}

/// A row as it is stored.
public struct InspectedRow: Sendable {
  /// The key of the row.
  package var key: InspectedKey
  /// The values of the row, whatever their types.
  package var record: Record
  /// The positions of the fields whose text is not UTF-8; in the record, it has replacement
  /// characters.
  package var invalidText: [Int]

  /// Creates a row.
  public init(key: InspectedKey, record: Record, invalidText: [Int] = []) {
    self.key = key
    self.record = record
    self.invalidText = invalidText
  }
}

/// A provenance whose entity or run does not exist.
public struct DanglingProvenance: Sendable, Hashable {
  /// The kind, as stored.
  package var kind: String
  /// The entity's id.
  package var entityID: String
  /// The run.
  package var run: Int64
  /// Whether its entity exists.
  package var hasEntity: Bool
  /// Whether its run exists.
  var hasRun: Bool

  /// Creates a dangling provenance.
  public init(kind: String, entityID: String, run: Int64, hasEntity: Bool, hasRun: Bool) {
    self.kind = kind
    self.entityID = entityID
    self.run = run
    self.hasEntity = hasEntity
    self.hasRun = hasRun
  }
}

/// A part of a database's schema that prevents rows from being written.
public struct WritingObstacle: Sendable, Hashable {
  /// The part of the schema in which an obstacle is.
  public enum Place: Sendable, Hashable {
    /// The version of the project's own tables: in SQLite, `PRAGMA user_version`.
    case version
    /// A table, its columns or its name, which an audit examines anyway.
    case table
    /// A trigger, index or constraint, which is only noticed when a statement is compiled.
    case statement
  }

  /// The part of the schema in which the obstacle is.
  package var place: Place
  /// The table that cannot be written to; `nil` if it is not a single one.
  package var table: String?
  /// The obstacle in a few words.
  package var found: String
  /// A description of the obstacle and of how to remove it.
  public var message: String

  /// Creates an obstacle.
  public init(_ place: Place, table: String? = nil, found: String, _ message: String) {
    self.place = place
    self.table = table
    self.found = found
    self.message = message
  }
}

extension Issue {
  /// Returns the issues that describe what a migration adds to a store's schema.
  ///
  /// - Parameters:
  ///   - location: The location of the store.
  ///   - version: The version of its schema; `nil` if it has none.
  ///   - tables: The tables that it lacks.
  ///   - columns: The columns that its tables lack, each as `table.column`.
  /// - Returns: A warning about the tables and columns that the version has; about columns that
  ///   only newer versions have, a note.
  public static func incompleteStore(
    _ location: String, version: SchemaVersion?, tables: [String], columns: [String]
  ) -> [Issue] {
    func list(_ names: [String], _ noun: String) -> String? {
      if names.isEmpty { return nil }
      return "the \(noun)\(names.count == 1 ? "" : "s") \(names.joined(separator: ", "))"
    }
    let isOlder = version.map { $0.version < SchemaVersion.created } ?? false
    let lost = [list(tables, "table"), isOlder ? nil : list(columns, "column")].compactMap(\.self)
    var issues: [Issue] = []
    if !lost.isEmpty {
      issues.append(
        Issue(
          severity: .warning, code: .storeIncomplete,
          message:
            "\(location) lacks \(lost.joined(separator: " and ")), which a migration creates; "
            + "if \(tables.isEmpty ? "values" : "rows") are missing, look for a backup"))
    }
    if isOlder, let version, let added = list(columns, "column") {
      issues.append(
        Issue(
          severity: .info, code: .storeIncomplete,
          message: "\(location) has schema version \(version.version); a migration upgrades it to "
            + "\(SchemaVersion.created), which adds \(added)"))
    }
    return issues
  }
}

/// A version of the shared schema, as a store records it.
public struct SchemaVersion: Sendable, Hashable {
  /// The number; 1 to 4 are supported.
  public var version: Int
  /// When it was applied, as stored.
  public var appliedAt: String?

  /// Creates a version.
  public init(version: Int, appliedAt: String?) {
    self.version = version
    self.appliedAt = appliedAt
  }
}

extension SchemaVersion {
  /// The versions of the shared schema that this version of RMOS works with.
  public static let supported = 1...4
  /// The supported versions, as messages show them.
  package static let supportedText = "\(supported.lowerBound) to \(supported.upperBound)"
  /// The version that new databases get and older ones are upgraded to; newer versions belong to
  /// other applications.
  public static let created = 2
  /// The versions of the ledger's tables.
  ///
  /// Version 2 added row digests, undone runs and before-images; version 3 added the user and
  /// machine of a run, and which failures were new.
  package static let ledger: ClosedRange<Int64> = 1...3
}

/// The SQL of a database, in which a script is written.
public enum SQLDialect: String, Sendable, Hashable, CaseIterable {
  /// SQLite's, for its shell, `sqlite3`.
  case sqlite
  /// PostgreSQL's, for its shell, `psql`.
  case postgresql
}
