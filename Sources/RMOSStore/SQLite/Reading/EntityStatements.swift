import RMOSModels

/// The SQL for one kind of entity and the layout of a database.
///
/// It is a class because it is passed along for every entity, and copying so many strings would
/// take time.
final class EntityStatements: Sendable {
  let kind: EntityKind
  /// The position of the kind in the catalog.
  let position: Int
  /// The table for FROM clauses or, if it does not exist, an empty subquery.
  let source: String
  /// The `source` for statements that read all rows, which must not use indexes if this process
  /// lacks the collation of one.
  let scanned: String
  /// Whether the database does not compare the ids byte by byte, as with COLLATE NOCASE.
  private let hasLooseIDs: Bool
  /// Whether the encoding of the database is UTF-8.
  let isUTF8: Bool
  /// An expression for each field, in schema order: its column or, in an older schema, its default.
  let expressions: [String]
  /// The term that orders by the bytes of the ids.
  let byID: String
  /// The terms that order by `created_at`, the newest first.
  let newestFirst: String
  /// Whether rows have numbers, by which they can be looked up.
  let hasRowNumbers: Bool
  /// Selects the values of all fields of the row with number ?1.
  let selectByNumber: String
  /// Selects the values of all fields of the row with id ?1.
  let selectByID: String
  /// Selects 1 if there is a row with id ?1.
  let selectExists: String
  /// Selects 1 if there is a row with an id from ?1 to ?2; `nil` if ids are not in byte order.
  let selectAny: String?
  /// Whether entities of any kind refer to entities of this kind.
  let isReferredTo: Bool
  /// Selects the values of all fields, then the unknown members, of the row with id ?1.
  let selectForComparison: String
  /// Selects the values of all fields of the rows with ids from ?1 to ?2, in the order of the ids;
  /// `nil` if ids are not in byte order.
  let selectRange: String?
  /// Selects the ids and unknown members of entities with ids from ?1 to ?2, in the order of the
  /// ids; `nil` if there is no ledger.
  let selectUnknownMembers: String?
  /// Inserts a row; there is one parameter per field.
  let insert: String
  /// Updates a row; there is one parameter per field, and the first is the id.
  let update: String
  /// The beginning of statements that update rows: see ``EntityTable/update``.
  let updateVerb: String
  /// Deletes the row with id ?1.
  let delete: String
  /// Writes the provenance of a row; see ``ProvenanceColumn/replaceSQL(_:)``.
  let insertProvenance: String
  /// Inserts a before-image of the row with id ?1 and its provenance for run ?2.
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
    isUTF8 = layout.isUTF8
    fieldCount = columns.count
    let nulls = columns.map { "NULL AS \($0)" }.joined(separator: ", ")
    source = table == nil ? "(SELECT \(nulls) WHERE 0)" : kind.table
    scanned = table?.hasForeignIndex == true ? "\(source) NOT INDEXED" : source
    expressions = schema.fields.map { Self.expression($0, present: table?.columns) }
    // Every index ends in the row number. With any other column after created_at, SQLite would have
    // to read and sort all rows with the same time.
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
    // A join, because SQLite would copy the value of a scalar subquery once more.
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
      "\(table?.insertInto ?? "INSERT INTO") \(kind.table) (\(columns.joined(separator: ", "))) "
      + "VALUES (\(parameters.joined(separator: ", ")))"
    let assignments = zip(columns, parameters).dropFirst().map { "\($0) = \($1)" }
    updateVerb = table?.update ?? "UPDATE"
    update =
      "\(updateVerb) \(kind.table) SET \(assignments.joined(separator: ", ")) WHERE \(isThis)"
    delete = "DELETE FROM \(kind.table) WHERE \(isThis)"
    insertProvenance = ProvenanceColumn.replaceSQL(kind)
    insertBeforeImage = Self.insertBeforeImage(
      kind, qualified, isThis: Self.areSame("t.id", "?1", isLoose: hasLooseIDs))
    runTimeFields = FieldSet(schema.fields) { $0.defaultsToRunTime }
  }

  /// The statement that inserts several rows, up to the first that is refused; the parameters are
  /// the fields of each row.
  ///
  /// OR FAIL keeps the rows before the one that fails. Otherwise SQLite would copy each page before
  /// changing it, to be able to roll the statement back.
  func insertGroup(of count: Int) -> String {
    let row = "(\(repeatElement("?", count: fieldCount).joined(separator: ", ")))"
    let columns = kind.schema.fields.map(\.column).joined(separator: ", ")
    return "INSERT OR FAIL INTO \(kind.table) (\(columns)) VALUES "
      + repeatElement(row, count: count).joined(separator: ", ")
  }

  /// The column of a field or, if the table lacks it, the default value.
  private static func expression(_ field: FieldSchema, present: Set<String>?) -> String {
    guard let present, !present.contains(field.column) else { return field.column }
    if case .text(let text) = field.defaultValue { return text.sqlLiteral }
    return "NULL"
  }

  /// The ``expressions``, qualified with the name of the table for use in a join.
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

  /// The terms of ORDER BY for a query.
  func terms(_ query: RecordQuery) throws(StoreError) -> String {
    switch query.order {
    case .id: return byID
    case .newestFirst: return newestFirst
    case .member("id", let descending): return descending ? "\(byID) DESC" : byID
    case .member(let member, let descending):
      let position = try query.position(of: member)
      // A column that the table lacks has the same value in all rows. As a term, that constant
      // might be taken for the number of a column.
      guard expressions[position] == kind.schema.fields[position].column else { return byID }
      let column = "\(expressions[position]) COLLATE BINARY"
      return "\(column) \(descending ? "DESC" : "ASC NULLS LAST"), \(byID)"
    }
  }

  /// The condition that an id in the table is byte for byte equal to another text.
  func isID(_ column: String, _ other: String) -> String {
    Self.areSame(column, other, isLoose: hasLooseIDs)
  }

  private static func areSame(_ column: String, _ other: String, isLoose: Bool) -> String {
    // The first comparison can use the index, the second one is exact.
    isLoose
      ? "(\(column) = \(other) AND \(column) = \(other) COLLATE BINARY)" : "\(column) = \(other)"
  }
}

/// The SQL for the layout of a database, created once per connection.
struct StoreStatements {
  private let catalog: EntityCatalog
  private let kinds: [EntityStatements]
  let hasLedger: Bool
  /// Whether the ledger keeps the before-images that undoing a run needs.
  let hasUndo: Bool
  /// Whether the ledger keeps the changes of single rows by servers.
  let hasChanges: Bool
  /// Whether the ledger keeps the digests of entities that failed.
  let hasFailures: Bool
  /// The newest version of the ledger of which the tables have all columns.
  let ledgerVersion: Int64
  /// Selects the provenance of the entity of kind ?1 with id ?2.
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

/// The statements that are looked up by a number instead of their text, because they run for each
/// entity.
enum StatementSlot: Int, CaseIterable {
  case exists, record, comparison, insert, insertProvenance, update, deleteProvenance, delete
  case insertBeforeImage, any, insertGroup, insertProvenanceGroup, range, unknownMembers

  /// The number of the statement for the kind of a table.
  func index(_ table: EntityStatements) -> Int {
    table.position * StatementSlot.allCases.count + rawValue
  }
}
