import RMOSModels

/// The SQL of one kind of entity, for one layout.
///
/// It is a class because every entity asks for it, and copying so many texts would take longer.
final class EntityStatements: Sendable {
  let kind: EntityKind
  /// The position of the kind in the catalog.
  let position: Int
  /// What to select from.
  let source: String
  /// What to select from when all rows are read: without the indexes, if one cannot be read.
  let scanned: String
  /// Whether the database does not compare the ids byte by byte, as with COLLATE NOCASE.
  private let hasLooseIDs: Bool
  /// An expression per field, in schema order: its column or, in older schemas, its default.
  let expressions: [String]
  /// The term that orders by the bytes of the ids.
  let byID: String
  /// The terms that order by `created_at`, the newest first.
  let newestFirst: String
  /// Whether rows can be looked up by their number.
  let hasRowNumbers: Bool
  /// Values of all fields of the row numbered ?1.
  let selectByNumber: String
  /// Values of all fields of the row with id ?1.
  let selectByID: String
  /// 1 if there is a row with id ?1.
  let selectExists: String
  /// 1 if there is a row with an id from ?1 to ?2; `nil` if ids do not go by their bytes.
  let selectAny: String?
  /// Whether entities of any kind refer to entities of this kind.
  let isReferredTo: Bool
  /// The values of all fields, then the unknown members, of the row with id ?1.
  let selectForComparison: String
  /// The values of all fields of the rows with ids from ?1 to ?2, in the order of the ids; `nil` if
  /// that is not the order of their bytes.
  let selectRange: String?
  /// The ids and unknown members of entities with ids from ?1 to ?2, in the order of the ids; `nil`
  /// if the ledger does not exist.
  let selectUnknownMembers: String?
  /// Inserts a row; one parameter per field.
  let insert: String
  /// Replaces a row; one parameter per field, the first of which is the id.
  let update: String
  /// Deletes the row with id ?1.
  let delete: String
  /// Writes the provenance of a row; see ``ProvenanceColumn/replaceSQL(_:)``.
  let insertProvenance: String
  /// Keeps the row with id ?1, and its provenance, as they are before run ?2 rewrites them.
  let insertBeforeImage: String
  /// The fields that default to the time of the run.
  let runTimeFields: FieldSet
  let fieldCount: Int

  fileprivate init(_ kind: EntityKind, at position: Int, _ layout: SQLiteLayout) {
    let schema = kind.schema
    let columns = schema.fields.map(\.column)
    let table = layout.tables[kind]
    self.kind = kind
    self.position = position
    hasLooseIDs = layout.hasLooseIDs(kind)
    fieldCount = columns.count
    // A table that is yet to be created reads as an empty one.
    let nulls = columns.map { "NULL AS \($0)" }.joined(separator: ", ")
    source = table == nil ? "(SELECT \(nulls) WHERE 0)" : kind.table
    scanned = table?.hasForeignIndex == true ? "\(source) NOT INDEXED" : source
    expressions = schema.fields.map { Self.expression($0, present: table?.columns) }
    // The row number is the end of every index: with any other column after created_at, SQLite
    // would read and sort all rows of the same time, however many.
    let created = schema.position(ofMember: "created_at")
    newestFirst =
      (created == nil ? "" : "\(expressions[created ?? 0]) DESC, ")
      + (layout.hasRowNumbers(kind) ? "rowid" : "id")
    let list = expressions.joined(separator: ", ")
    let qualified = Self.qualified(expressions, of: kind, by: "t")
    hasRowNumbers = layout.hasRowNumbers(kind)
    selectByNumber = "SELECT \(list) FROM \(source) WHERE rowid = ?1"
    byID = hasLooseIDs ? "id COLLATE BINARY" : "id"
    let isThis = Self.areSame("id", "?1", isLoose: hasLooseIDs)
    selectByID = "SELECT \(list) FROM \(source) WHERE \(isThis)"
    selectExists = "SELECT 1 FROM \(source) WHERE \(isThis)"
    selectAny =
      table?.hasIDsInByteOrder == true
      ? "SELECT 1 FROM \(source) WHERE id BETWEEN ?1 AND ?2 LIMIT 1" : nil
    isReferredTo = layout.catalog.kinds.contains { other in
      other.schema.references.contains { $0.target == kind }
    }
    // A join: SQLite would copy the value of a subquery once more, however long it is.
    selectForComparison =
      layout.hasLedger
      ? "SELECT \(qualified.joined(separator: ", ")), p.unknown_json FROM \(source) t "
        + "LEFT JOIN (SELECT unknown_json "
        + "FROM migration_provenance WHERE kind = '\(kind.rawValue)' AND entity_id = ?1) p "
        + "WHERE \(Self.areSame("t.id", "?1", isLoose: hasLooseIDs))"
      : "SELECT \(list), NULL FROM \(source) WHERE \(isThis)"
    selectRange =
      selectAny == nil
      ? nil : "SELECT \(list) FROM \(source) WHERE id BETWEEN ?1 AND ?2 ORDER BY id"
    selectUnknownMembers =
      layout.hasLedger
      ? "SELECT entity_id, unknown_json FROM migration_provenance WHERE kind = '\(kind.rawValue)' "
        + "AND entity_id BETWEEN ?1 AND ?2 ORDER BY entity_id" : nil
    let parameters = columns.indices.map { "?\($0 + 1)" }
    insert =
      "INSERT INTO \(kind.table) (\(columns.joined(separator: ", "))) "
      + "VALUES (\(parameters.joined(separator: ", ")))"
    let assignments = zip(columns, parameters).dropFirst().map { "\($0) = \($1)" }
    update = "UPDATE \(kind.table) SET \(assignments.joined(separator: ", ")) WHERE \(isThis)"
    delete = "DELETE FROM \(kind.table) WHERE \(isThis)"
    insertProvenance = ProvenanceColumn.replaceSQL(kind)
    insertBeforeImage = Self.insertBeforeImage(
      kind, qualified, isThis: Self.areSame("t.id", "?1", isLoose: hasLooseIDs))
    runTimeFields = FieldSet(schema.fields) { $0.defaultsToRunTime }
  }

  /// Inserts several rows, up to one that is refused; a parameter per field, row by row.
  ///
  /// OR FAIL: otherwise SQLite would copy each page before changing it, to be able to take back the
  /// rows before the failing one.
  func insertGroup(of count: Int) -> String {
    let row = "(\(repeatElement("?", count: fieldCount).joined(separator: ", ")))"
    let columns = kind.schema.fields.map(\.column).joined(separator: ", ")
    return "INSERT OR FAIL INTO \(kind.table) (\(columns)) VALUES "
      + repeatElement(row, count: count).joined(separator: ", ")
  }

  /// A field's column or, if the table has none, its default.
  private static func expression(_ field: FieldSchema, present: Set<String>?) -> String {
    guard let present, !present.contains(field.column) else { return field.column }
    if case .text(let text) = field.defaultValue { return text.sqlLiteral }
    return "NULL"
  }

  /// The expressions of the fields, with the name of the table: others in a join may have columns
  /// of the same names.
  func expressions(of table: String) -> [String] {
    Self.qualified(expressions, of: kind, by: table)
  }

  private static func qualified(
    _ expressions: [String], of kind: EntityKind, by table: String
  ) -> [String] {
    zip(expressions, kind.schema.fields).map { $0 == $1.column ? "\(table).\($0)" : $0 }
  }

  private static func insertBeforeImage(
    _ kind: EntityKind, _ expressions: [String], isThis: String
  ) -> String {
    let images = LedgerTable.imageColumns(of: kind) + ProvenanceColumn.imageNames
    let origin = ProvenanceColumn.origin.map { "p.\($0.name)" }
    return "INSERT INTO migration_before_images (kind, entity_id, run_id, "
      + "\(images.joined(separator: ", "))) SELECT '\(kind.rawValue)', t.id, ?2, "
      + "\((expressions.dropFirst() + origin).joined(separator: ", ")) FROM \(kind.table) t "
      + "LEFT JOIN migration_provenance p ON p.kind = '\(kind.rawValue)' AND p.entity_id = t.id "
      + "WHERE \(isThis)"
  }

  /// The terms of an order.
  func terms(_ query: RecordQuery) throws(StoreError) -> String {
    switch query.order {
    case .id: return byID
    case .newestFirst: return newestFirst
    case .member("id", let descending): return descending ? "\(byID) DESC" : byID
    case .member(let member, let descending):
      let position = try query.position(of: member)
      // A constant would be the number of a column, or nothing to order by.
      guard expressions[position] == kind.schema.fields[position].column else { return byID }
      let column = "\(expressions[position]) COLLATE BINARY"
      return "\(column) \(descending ? "DESC" : "ASC NULLS LAST"), \(byID)"
    }
  }

  /// The condition that an id of the table is, byte by byte, another text.
  func isID(_ column: String, _ other: String) -> String {
    Self.areSame(column, other, isLoose: hasLooseIDs)
  }

  private static func areSame(_ column: String, _ other: String, isLoose: Bool) -> String {
    // The first finds the row by its index, the second is exact.
    isLoose
      ? "(\(column) = \(other) AND \(column) = \(other) COLLATE BINARY)" : "\(column) = \(other)"
  }
}

/// The SQL that fits a database, made once per connection.
struct StoreStatements {
  private let catalog: EntityCatalog
  private let kinds: [EntityStatements]
  let hasLedger: Bool
  /// Whether the ledger keeps what undoing a run takes.
  let hasUndo: Bool
  /// Whether it keeps what servers write.
  let hasChanges: Bool
  /// Whether it keeps what failed.
  let hasFailures: Bool
  /// The newest version of the ledger all of whose columns the tables have.
  let ledgerVersion: Int64
  /// The provenance of the entity of kind ?1 with id ?2.
  let selectProvenance: String

  /// Creates the statements for `layout`.
  init(_ layout: SQLiteLayout) {
    hasLedger = layout.hasLedger
    ledgerVersion = layout.readableLedgerVersion
    selectProvenance =
      "SELECT \(ProvenanceColumn.list(version: ledgerVersion)) "
      + "FROM migration_provenance WHERE kind = ? AND entity_id = ?"
    hasUndo = layout.hasLedger && ledgerVersion >= 2 && layout.hasRoomForImages
    hasChanges = layout.hasChanges
    hasFailures = layout.hasFailures
    catalog = layout.catalog
    kinds = catalog.kinds.enumerated().map { EntityStatements($1, at: $0, layout) }
  }

  /// The SQL of a kind.
  ///
  /// - Throws: ``StoreError/Code/unknownKind``.
  subscript(kind: EntityKind) -> EntityStatements {
    get throws(StoreError) {
      guard let position = catalog.position(of: kind) else {
        throw StoreError(.unknownKind(kind, catalog))
      }
      return kinds[position]
    }
  }
}

/// The statements that are looked up without their text, because one entity takes several of them.
enum StatementSlot: Int, CaseIterable {
  case exists, record, comparison, insert, insertProvenance, update, deleteProvenance, delete
  case insertBeforeImage, any, insertGroup, insertProvenanceGroup, range, unknownMembers

  /// The place of the statement for the kind of a table.
  func index(_ table: EntityStatements) -> Int {
    table.position * StatementSlot.allCases.count + rawValue
  }
}
