import RMOSModels
import RMOSStore

/// The reading side of a ``PostgresStore``, valid within one closure.
class PostgresReader: StoreReader {
  final let catalog: EntityCatalog
  private var current: PostgresSession?

  init(_ session: PostgresSession) {
    catalog = session.catalog
    current = session
  }

  /// Invalidates the reader.
  final func expire() { current = nil }

  /// The session; throws if the closure has ended.
  final func session() throws(StoreError) -> PostgresSession {
    guard let current else { throw StoreError.expiredHandle }
    // Otherwise each statement that follows would be committed on its own.
    guard current.connection.isInTransaction else { throw current.connection.lostTransaction }
    return current
  }

  final var inspection: any SchemaInspecting { PostgresInspection(self) }

  final func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try session().connection.run(whileNot: isCancelled, body)
  }

  final func record(_ kind: EntityKind, id: String) throws -> Record? {
    let session = try session()
    let table = try session.statements[kind]
    guard !id.utf8.contains(0) else { return nil }
    return try session.connection.query(table.selectByID, [id]).first.map { kind.record($0) }
  }

  final func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool {
    let session = try session()
    let table = try session.statements[kind]
    let id = unsafe id.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    guard !id.utf8.contains(0) else { return false }
    return try session.connection.query(table.selectExists, [id]).first != nil
  }

  final func records(_ query: RecordQuery) throws -> [Record] {
    let session = try session()
    let table = try session.statements[query.kind]
    guard let (condition, parameters) = try query.sql(table) else { return [] }
    let order = query.order == .id ? "id COLLATE \"C\"" : table.newestFirst
    var sql = "SELECT \(table.list) FROM \(table.source)\(condition) ORDER BY \(order)"
    if let limit = query.limit { sql += " LIMIT \(max(0, limit))" }
    sql += " OFFSET \(max(0, query.offset))"
    var records: [Record] = []
    try session.connection.forEachRow(sql, parameters) { records.append(query.kind.record($0)) }
    return records
  }

  final func count(_ query: RecordQuery) throws -> Int {
    let session = try session()
    let table = try session.statements[query.kind]
    guard let (condition, parameters) = try query.sql(table) else { return 0 }
    return try session.connection.query(
      "SELECT count(*) FROM \(table.source)\(condition)", parameters
    ).first?.count(at: 0) ?? 0
  }

  final func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    let session = try session()
    let table = try session.statements[kind]
    try session.connection.forEachRow(
      "SELECT \(table.list) FROM \(table.source) ORDER BY id COLLATE \"C\""
    ) { try body(kind.record($0)) }
  }
}

extension PostgresReader {
  final func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    let session = try session()
    let table = try session.statements[kind]
    let query = RecordQuery(kind)
    let positions = try members.map { try query.position(of: $0) }
    let fields = positions.map { kind.schema.fields[$0] }
    let list =
      positions.isEmpty ? "NULL" : positions.map { table.expressions[$0] }.joined(separator: ", ")
    try session.connection.forEachRow("SELECT \(list) FROM \(table.source)") { row in
      try body(fields.enumerated().map { $1.value(row, at: $0) })
    }
  }
}

extension RecordQuery {
  /// The WHERE clause (with a space before it) and its parameters; `nil` if nothing can match.
  fileprivate func sql(
    _ table: EntityStatements
  ) throws(StoreError) -> (String, [String?])? {
    var parts: [String] = []
    var parameters: [String?] = []
    for condition in conditions {
      switch condition {
      case .equals(let member, let value):
        let position = try position(of: member)
        let field = kind.schema.fields[position]
        if case .null = value {
          parts.append("\(table.expressions[position]) IS NULL")
          continue
        }
        // What the column cannot hold, no row has.
        guard let text = try? field.parameter(value) else { return nil }
        parameters.append(text)
        parts.append("\(table.expressions[position]) = $\(parameters.count)")
      case .contains(let member, let text):
        let position = try position(of: member)
        guard kind.schema.fields[position].type.acceptedTypes[0] == "text", !text.utf8.contains(0)
        else { return nil }
        // lower() in the collation "C" changes ASCII alone; strpos() knows no wild cards.
        parameters.append(text.lowercasedASCII)
        parts.append(
          "strpos(lower(\(table.expressions[position]) COLLATE \"C\"), $\(parameters.count)) > 0")
      }
    }
    return (parts.isEmpty ? "" : " WHERE " + parts.joined(separator: " AND "), parameters)
  }
}

extension String {
  /// The text with the letters A to Z in lower case.
  var lowercasedASCII: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}
