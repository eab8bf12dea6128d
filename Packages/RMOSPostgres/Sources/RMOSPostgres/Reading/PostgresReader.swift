import RMOSModels
import RMOSStore

/// The reader of a ``PostgresStore``, valid until its closure returns.
class PostgresReader: StoreReader {
  final let catalog: EntityCatalog
  private var current: PostgresSession?
  /// The foreign keys of other applications, once they have been read.
  var keysOfOthers: [PostgresLayout.ForeignKey]?

  init(_ session: PostgresSession) {
    catalog = session.catalog
    current = session
  }

  /// Invalidates the reader.
  final func expire() { current = nil }

  /// Returns the session; throws if the closure has returned, or the transaction was lost.
  final func session() throws(StoreError) -> PostgresSession {
    guard let current else { throw StoreError(.expiredHandle) }
    // Outside the transaction, each further statement would be committed separately.
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
    guard let (condition, parameters) = try query.sql(table, Ledger(session)) else { return [] }
    let order = " ORDER BY \(try table.terms(query))"
    guard query.isAnsweredBySQL else {
      let limit = query.limit.map { max(0, $0) } ?? .max
      var skipped = 0
      var records: [Record] = []
      if limit == 0 { return records }
      try readMatches(query, order: order) { record in
        if skipped < query.offset { skipped += 1 } else { records.append(record) }
        return records.count < limit
      }
      return records
    }
    var sql = "SELECT \(table.list) FROM \(table.source)\(condition)\(order)"
    if let limit = query.limit { sql += " LIMIT \(max(0, limit))" }
    sql += " OFFSET \(max(0, query.offset))"
    var records: [Record] = []
    try session.connection.forEachRow(sql, parameters) { records.append(query.kind.record($0)) }
    return records
  }

  /// Calls `body` with the records that match, ignoring limit and offset, until it returns `false`.
  ///
  /// Conditions that SQL does not decide are tested here, in constant memory.
  ///
  /// - Parameters:
  ///   - query: The query.
  ///   - order: The ORDER BY clause, with a space before it.
  ///   - body: Takes a record, and returns whether to go on.
  /// - Throws: What reading throws, or what `body` throws.
  private func readMatches(
    _ query: RecordQuery, order: String = "", _ body: (Record) throws -> Bool
  ) throws {
    let session = try session()
    let table = try session.statements[query.kind]
    guard let (condition, parameters) = try query.sql(table, Ledger(session)) else { return }
    let matches = try query.testedByReading.predicate(in: self)
    let sql = "SELECT \(table.list) FROM \(table.source)\(condition)\(order)"
    try session.connection.readRows(sql, parameters) { row in
      let record = query.kind.record(row)
      return try !matches(record) || body(record)
    }
  }

  final func count(_ query: RecordQuery) throws -> Int {
    let session = try session()
    let table = try session.statements[query.kind]
    guard let (condition, parameters) = try query.sql(table, Ledger(session)) else { return 0 }
    guard query.isAnsweredBySQL else {
      var count = 0
      try readMatches(query) { _ in
        count += 1
        return true
      }
      return count
    }
    return try session.connection.query(
      "SELECT count(*) FROM \(table.source)\(condition)", parameters
    ).first?.count(at: 0) ?? 0
  }

  final func counts(_ query: RecordQuery, by key: RecordGroup.Key) throws -> [RecordGroup] {
    let session = try session()
    let table = try session.statements[query.kind]
    let position = try query.position(of: key.member)
    guard query.isAnsweredBySQL else {
      return try key.groups { count in
        try readMatches(query) { record in
          count(record.values[position])
          return true
        }
      }
    }
    guard let (condition, parameters) = try query.sql(table, Ledger(session)) else { return [] }
    let (field, column) = (query.kind.schema.fields[position], table.expressions[position])
    let source = "FROM \(table.source)\(condition)"
    guard case .member = key else {
      return try key.groups { count in
        try session.connection.forEachRow("SELECT \(column) \(source)", parameters) {
          count(field.value($0, at: 0))
        }
      }
    }
    var groups: [RecordGroup] = []
    try session.connection.forEachRow(
      "SELECT \(column), count(*) \(source) GROUP BY 1 ORDER BY 1 NULLS FIRST", parameters
    ) {
      groups.append(
        RecordGroup(keys: [field.value($0, at: 0)], count: $0.count(at: 1), numbers: []))
    }
    return groups
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

/// The conditions on the ledger, whose tables may be missing.
private struct Ledger {
  private let exists: Bool
  private let hasChanges: Bool

  init(_ session: PostgresSession) {
    exists = session.statements.hasLedger
    hasChanges = session.layout.hasChanges
  }

  /// Returns the condition that runs have written the entity of a row in some way.
  func written(
    _ kind: EntityKind, _ runs: [Int64], _ writing: RecordQuery.Writing
  ) -> String {
    guard exists else { return writing == .neither ? "TRUE" : "FALSE" }
    func ids(in table: String, _ condition: String) -> String {
      "SELECT entity_id FROM \(table) WHERE kind = \(kind.table.sqlLiteral) AND (\(condition))"
    }
    let these = "= ANY ('{\(runs.map(String.init).joined(separator: ","))}'::bigint[])"
    var written = [
      ids(in: "migration_provenance", "run_id \(these)"),
      ids(in: "migration_before_images", "run_id \(these) OR from_run \(these)"),
    ]
    var changed = [ids(in: "migration_before_images", "run_id \(these)")]
    if hasChanges {
      let own = "run_id \(these) AND row_digest IS NOT NULL"
      written.append(ids(in: "migration_changes", own))
      changed.append(ids(in: "migration_changes", "\(own) AND before_json IS NOT NULL"))
    }
    func isAmong(_ lists: [String], _ isIn: Bool = true) -> String {
      "id \(isIn ? "" : "NOT ")IN (\(lists.joined(separator: " UNION ALL ")))"
    }
    return switch writing {
    case .addedOrChanged: isAmong(written)
    case .added: "(\(isAmong(written)) AND \(isAmong(changed, false)))"
    case .changed: isAmong(changed)
    case .neither: isAmong(written, false)
    }
  }
}

extension RecordQuery {
  /// Returns the WHERE clause, with a space before it, and its parameters; `nil` if no row can
  /// match.
  fileprivate func sql(
    _ table: EntityStatements, _ ledger: Ledger
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
        // No row has a value that the column cannot store.
        guard let text = try? field.parameter(value) else { return nil }
        parameters.append(text)
        parts.append("\(table.expressions[position]) = $\(parameters.count)")
      case .contains(let member, let text):
        guard let term = try contains([member], text, table, &parameters) else { return nil }
        parts.append(term)
      case .anyContains(let members, let text):
        guard let term = try contains(members, text, table, &parameters) else { return nil }
        parts.append(term)
      case .isAny(let member, let values):
        let position = try position(of: member)
        let (field, column) = (kind.schema.fields[position], table.expressions[position])
        var terms = values.contains(.null) ? ["\(column) IS NULL"] : []
        // No row has a value that the column cannot store. The values are a single parameter, an
        // array, since a statement has at most 65,535 parameters.
        let texts = values.compactMap { try? field.parameter($0) }
        if !texts.isEmpty {
          parameters.append(texts.postgresArray)
          terms.append(
            "\(column) = ANY ($\(parameters.count)::\(field.type.acceptedTypes[0])[])")
        }
        guard !terms.isEmpty else { return nil }
        parts.append("(\(terms.joined(separator: " OR ")))")
      case .jsonHas(let member, _, let text):
        let position = try position(of: member)
        guard kind.schema.fields[position].type.acceptedTypes[0] == "text", !text.utf8.contains(0)
        else { return nil }
        // A preselection: the JSON must contain the text as it is, or an escape. The predicate
        // decides.
        let column = table.expressions[position]
        parameters.append(text)
        parts.append(
          "(strpos(\(column), $\(parameters.count)) > 0 OR strpos(\(column), E'\\\\') > 0)")
      case .written(let runs, let writing):
        parts.append(ledger.written(kind, runs, writing))
      }
    }
    return (parts.isEmpty ? "" : " WHERE " + parts.joined(separator: " AND "), parameters)
  }

  /// The query with only the conditions that SQL does not decide.
  fileprivate var testedByReading: RecordQuery {
    var copy = self
    copy.conditions.removeAll { if case .jsonHas = $0 { false } else { true } }
    return copy
  }

  /// Whether SQL decides all conditions.
  fileprivate var isAnsweredBySQL: Bool {
    !conditions.contains { if case .jsonHas = $0 { true } else { false } }
  }

  /// Returns the condition that one of the members contains a text; `nil` if none can.
  private func contains(
    _ members: [String], _ text: String, _ table: EntityStatements, _ parameters: inout [String?]
  ) throws(StoreError) -> String? {
    var columns: [String] = []
    for member in members {
      let position = try position(of: member)
      if kind.schema.fields[position].type.acceptedTypes[0] == "text" {
        columns.append(table.expressions[position])
      }
    }
    guard !columns.isEmpty, !text.utf8.contains(0) else { return nil }
    // With the collation "C", lower() changes only ASCII letters; strpos() has no wildcards.
    parameters.append(text.lowercasedASCII)
    let terms = columns.map { "strpos(lower(\($0) COLLATE \"C\"), $\(parameters.count)) > 0" }
    return "(\(terms.joined(separator: " OR ")))"
  }
}

extension String {
  /// The text with the letters A to Z in lower case.
  var lowercasedASCII: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}
