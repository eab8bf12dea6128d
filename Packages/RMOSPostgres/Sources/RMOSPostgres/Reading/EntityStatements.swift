import RMOSModels
import RMOSStore

/// The SQL for one kind of entity in one layout.
final class EntityStatements: Sendable {
  let kind: EntityKind
  /// An expression per field, in schema order: its column or, in older schemas, its default.
  let expressions: [String]
  /// The select list for all fields.
  let list: String
  /// The terms that order by `created_at`, the newest first.
  let newestFirst: String
  /// Selects all fields of the row with id $1.
  let selectByID: String
  /// Selects a row if the id $1 exists.
  let selectExists: String
  /// Inserts a row; one parameter per field.
  let insert: String
  /// Replaces a row; one parameter per field, the first of which is the id.
  let update: String
  /// Deletes the row with id $1.
  let delete: String
  /// Inserts rows by COPY; one column per field.
  let copy: String
  /// Keeps the row with id $1, and its provenance, before run $2 rewrites them.
  let insertBeforeImage: String
  private let exists: Bool

  init(_ kind: EntityKind, _ layout: PostgresLayout) {
    let schema = kind.schema
    let present = layout.columnNames(kind)
    self.kind = kind
    exists = present != nil
    let expressions = schema.fields.map { field in
      if present?.contains(field.column) != false { return field.column }
      if case .text(let text) = field.defaultValue { return text.sqlLiteral }
      return "NULL::\(field.type.acceptedTypes[0])"
    }
    self.expressions = expressions
    list = expressions.joined(separator: ", ")
    let created = schema.position(ofMember: "created_at")
    newestFirst =
      (created.map { "\(expressions[$0]) COLLATE \"C\" DESC NULLS LAST, " } ?? "")
      + (layout.hasRowOrder(kind) ? EntitySchema.rowOrder : "id COLLATE \"C\"")
    let source = Self.source(kind, exists: exists)
    selectByID = "SELECT \(list) FROM \(source) WHERE id = $1"
    selectExists = "SELECT 1 FROM \(source) WHERE id = $1"
    let columns = schema.fields.map(\.column)
    insert =
      "INSERT INTO \(kind.table) (\(columns.joined(separator: ", "))) "
      + "VALUES (\(SQL.parameters(columns.count)))"
    let assignments = columns.enumerated().dropFirst().map { "\($1) = $\($0 + 1)" }
    update = "UPDATE \(kind.table) SET \(assignments.joined(separator: ", ")) WHERE id = $1"
    delete = "DELETE FROM \(kind.table) WHERE id = $1"
    copy = "COPY \(kind.table) (\(columns.joined(separator: ", "))) FROM STDIN"
    let images = LedgerTable.imageColumns(of: kind) + ProvenanceColumn.imageNames
    let values = expressions.dropFirst().map { "\($0)::text" }
    let origin = ProvenanceColumn.origin.map { "p.\($0.name)" }
    insertBeforeImage =
      "INSERT INTO migration_before_images (kind, entity_id, run_id, "
      + "\(images.joined(separator: ", "))) SELECT '\(kind.table)', t.id, $2, "
      + "\((values + origin).joined(separator: ", ")) FROM \(kind.table) t "
      + "LEFT JOIN migration_provenance p ON p.kind = '\(kind.table)' AND p.entity_id = t.id "
      + "WHERE t.id = $1 ON CONFLICT DO NOTHING"
  }

  /// Returns the ORDER BY terms of a query.
  func terms(_ query: RecordQuery) throws(StoreError) -> String {
    switch query.order {
    case .id: return "id COLLATE \"C\""
    case .newestFirst: return newestFirst
    case .member(let member, let descending):
      let position = try query.position(of: member)
      let isText = kind.schema.fields[position].type.acceptedTypes[0] == "text"
      let column = expressions[position] + (isText ? " COLLATE \"C\"" : "")
      return "\(column) \(descending ? "DESC" : "ASC") NULLS LAST, id COLLATE \"C\""
    }
  }

  /// Returns the FROM item for the table with an alias; a missing table reads as an empty one.
  func source(_ alias: String) -> String {
    "\(Self.table(kind, exists: exists)) AS \(alias)"
  }

  /// The FROM item for the table under its own name.
  var source: String { Self.source(kind, exists: exists) }

  private static func source(_ kind: EntityKind, exists: Bool) -> String {
    exists ? kind.table : "\(table(kind, exists: false)) AS \(kind.table)"
  }

  private static func table(_ kind: EntityKind, exists: Bool) -> String {
    if exists { return kind.table }
    let nulls = kind.schema.fields.map { "NULL::\($0.type.acceptedTypes[0]) AS \($0.column)" }
    return "(SELECT \(nulls.joined(separator: ", ")) WHERE false)"
  }

  /// Returns the expressions of all fields for a table with an alias.
  func expressions(_ alias: String) -> [String] {
    zip(kind.schema.fields, expressions).map { $0.column == $1 ? "\(alias).\($1)" : $1 }
  }
}

/// The SQL for all kinds, created once per layout.
struct StoreStatements: Sendable {
  private let catalog: EntityCatalog
  private let kinds: [EntityStatements]
  let hasLedger: Bool

  /// Creates the statements for `layout`.
  init(_ layout: PostgresLayout) {
    catalog = layout.catalog
    kinds = catalog.kinds.map { EntityStatements($0, layout) }
    hasLedger = layout.hasReadableLedger
  }

  /// The SQL of a kind.
  ///
  /// - Throws: ``StoreError/Code/unknownKind``.
  subscript(kind: EntityKind) -> EntityStatements {
    get throws(StoreError) {
      guard let position = catalog.kinds.firstIndex(of: kind) else {
        throw StoreError(.unknownKind(kind, catalog))
      }
      return kinds[position]
    }
  }
}
