import RMOSModels
import RMOSSystem

// Reading and writing the rows of the ledger.

extension SQLiteReader {
  final func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    let session = try session()
    guard session.statements.hasLedger else { return nil }
    return try session.connection.withStatement(session.statements.selectProvenance) { statement in
      try statement.bind(kind.rawValue, at: 1)
      try statement.bind(id, at: 2)
      guard try statement.step() else { return nil }
      return LedgerRow<ProvenanceColumn>(statement).provenance(kind, id)
    }
  }

  final func runs(limit: Int?, offset: Int) throws -> [LedgerRun] {
    try selectRuns(
      "ORDER BY id DESC LIMIT ? OFFSET ?",
      [.integer(Int64(limit.map { max(0, $0) } ?? -1)), .integer(Int64(max(0, offset)))])
  }

  final func runningRuns() throws -> [LedgerRun] {
    try selectRuns("WHERE state = '\(LedgerRun.State.running.rawValue)' ORDER BY id DESC", [])
  }

  final func runCount() throws -> Int {
    let session = try session()
    guard session.statements.hasLedger else { return 0 }
    return Int(try session.connection.integer("SELECT count(*) FROM migration_runs") ?? 0)
  }

  final func run(_ id: Int64) throws -> LedgerRun? {
    try selectRuns("WHERE id = ?", [.integer(id)]).first
  }

  /// The runs that a clause selects.
  ///
  /// - Throws: ``StoreError/Code/unusableSchema`` if the ledger lacks columns that it always had.
  private func selectRuns(_ clause: String, _ parameters: [Value]) throws -> [LedgerRun] {
    let session = try session()
    guard session.statements.hasLedger else { return [] }
    if let obstacle = session.layout.ledgerObstacle {
      let path = session.connection.handle.path
      throw StoreError(.unusableSchema, "\(path) cannot be read: \(obstacle)", path: path)
    }
    let sql =
      "SELECT \(RunColumn.list(version: session.statements.ledgerVersion)) "
      + "FROM migration_runs \(clause)"
    return try session.connection.withStatement(sql) { statement in
      try statement.bind(parameters)
      let row = LedgerRow<RunColumn>(statement)
      var runs: [LedgerRun] = []
      while try statement.step() { runs.append(row.run(catalog)) }
      return runs
    }
  }

  final func forEachIssue(
    matching query: IssueQuery, _ body: (Issue) throws -> Void
  ) throws {
    let session = try session()
    guard session.statements.hasLedger else { return }
    let version = session.statements.ledgerVersion
    try session.connection.withStatement(query.sql(ledgerVersion: version)) { statement in
      try statement.bind(query.run, at: 1)
      try statement.bind(Int64(query.limit.map { max(0, $0) } ?? -1), at: 2)
      try statement.bind(Int64(max(0, query.offset)), at: 3)
      if let code = query.code { try statement.bind(code.rawValue, at: 4) }
      if let kind = query.kind { try statement.bind(kind.rawValue, at: 5) }
      if let isNew = query.isNew { try statement.bind(Int64(isNew ? 1 : 0), at: 6) }
      let row = LedgerRow<IssueColumn>(statement)
      while try statement.step() { try body(row.issue(catalog)) }
    }
  }

  final func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    let session = try session()
    guard session.statements.hasFailures else { return [] }
    return Set(
      try digests.filter { digest in
        try session.connection.integer(
          "SELECT 1 FROM migration_failures WHERE run_id = ?1 AND digest = ?2",
          .integer(run), .blob(digest.bytes)) != nil
      })
  }

  final func issueCounts(ofRun run: Int64) throws -> [IssueCount] {
    let session = try session()
    guard session.statements.hasLedger else { return [] }
    let isNew = IssueColumn.isNew.name(version: session.statements.ledgerVersion)
    let sql =
      "SELECT severity, code, kind, \(isNew), count(*) FROM migration_issues WHERE run_id = ? "
      + "GROUP BY 1, 2, 3, 4"
    var counts: [IssueCount] = []
    try session.connection.forEachRow(sql, .integer(run)) { row in
      counts.append(
        IssueCount(
          severity: Severity(stored: row.text(at: 0)),
          code: IssueCode(rawValue: row.text(at: 1) ?? ""),
          kind: row.text(at: 2).flatMap(catalog.kind(named:)),
          isNew: row.type(at: 3) == .null ? nil : row.integer(at: 3) != 0,
          count: Int(row.integer(at: 4))))
    }
    // Unknown severities and kinds, which other programs wrote, may be read as equal values.
    return [IssueCount](adding: counts)
  }
}

extension IssueQuery {
  /// The statement that selects the columns of the issues: `?1` is the run, `?2` the limit, `?3`
  /// the offset, `?4` the code, `?5` the kind and `?6` whether they are new.
  ///
  /// It reads in the order of the primary key, so nothing is sorted, and it ends with the page.
  func sql(ledgerVersion version: Int64) -> String {
    var conditions = ["run_id = ?1"]
    switch severity {
    // As ``Severity/init(stored:)`` reads it.
    case .error: conditions.append("severity NOT IN ('warning', 'info')")
    case .warning, .info: conditions.append("severity = '\(severity?.rawValue ?? "")'")
    case nil: break
    }
    if code != nil { conditions.append("code = ?4") }
    if kind != nil { conditions.append("kind = ?5") }
    if isNew != nil {
      conditions.append("(\(IssueColumn.isNew.name(version: version)) <> 0) = ?6")
    }
    return "SELECT \(IssueColumn.list(version: version)) FROM migration_issues "
      + "WHERE \(conditions.joined(separator: " AND ")) ORDER BY seq LIMIT ?2 OFFSET ?3"
  }
}

extension Severity {
  /// Creates a severity from its stored text; an unknown text counts as an error.
  fileprivate init(stored text: String?) { self = text.flatMap(Severity.init(rawValue:)) ?? .error }
}

extension SQLiteTransaction {
  func beginRun(_ run: LedgerRun) throws -> Int64 {
    let connection = try session().connection
    return try connection.withStatement(RunColumn.insertSQL) { statement in
      try LedgerRow(statement).bind(run, id: nil)
      do throws(StoreError) {
        _ = try statement.step()
      } catch {
        // SQLite's error for the lack of a number is that for the lack of space.
        guard error.sqliteResult == .full, try connection.lastRunNumber == .max else { throw error }
        throw StoreError(
          .unusableSchema,
          "\(connection.handle.path) cannot be written to: no number is left for a run, because "
            + "migration_runs has, or had, a run numbered \(Int64.max), which another program wrote; "
            + "delete that run, and the row named migration_runs from sqlite_sequence",
          path: connection.handle.path)
      }
      return connection.lastInsertedRow
    }
  }

  func updateRun(_ run: LedgerRun) throws {
    let connection = try session().connection
    try connection.withStatement(RunColumn.updateSQL(key: .id)) { statement in
      try LedgerRow(statement).bind(run, id: run.id)
      _ = try statement.step()
    }
    guard connection.changes > 0 else { throw StoreError(.noSuchRun(run.id)) }
  }

  func appendIssues(_ issues: [Issue], run: Int64) throws {
    let connection = try session().connection
    let last = try connection.withStatement(
      "SELECT (SELECT max(seq) FROM migration_issues WHERE run_id = ?1) "
        + "FROM migration_runs WHERE id = ?1"
    ) { statement in
      try statement.bind(run, at: 1)
      guard try statement.step() else { throw StoreError(.noSuchRun(run)) }
      return statement.integer(at: 0)
    }
    let sql = IssueColumn.insertSQL
    for (index, issue) in issues.enumerated() {
      try connection.withStatement(sql) { statement in
        try LedgerRow(statement).bind(issue, run: run, sequence: last + Int64(index) + 1)
        _ = try statement.step()
      }
    }
  }
}

extension SQLiteConnection {
  /// The highest number that a run has, or had.
  fileprivate var lastRunNumber: Int64? {
    get throws {
      try integer(
        "SELECT max(n) FROM (SELECT max(id) AS n FROM migration_runs UNION ALL "
          + "SELECT seq FROM sqlite_sequence WHERE name = 'migration_runs')")
    }
  }
}

extension SQLiteTransaction {
  func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws {
    let connection = try session().connection
    for digest in digests {
      try connection.run(
        "INSERT OR IGNORE INTO migration_failures (run_id, digest) VALUES (?1, ?2)",
        .integer(run), .blob(digest.bytes))
    }
  }

  func removeFailures(ofRun run: Int64) throws {
    try deleteRows(of: .failures, ofRun: run)
  }

  /// Deletes the rows of a table of the ledger that belong to a run.
  private func deleteRows(of table: LedgerTable, ofRun run: Int64) throws {
    try session().connection.run("DELETE FROM \(table.name) WHERE run_id = ?1", .integer(run))
  }
}

extension LedgerRow<RunColumn> {
  fileprivate func run(_ catalog: EntityCatalog) -> LedgerRun {
    var run = LedgerRun(
      id: integer(.id), command: text(.command) ?? "", startedAt: text(.startedAt) ?? "",
      source: text(.source) ?? "", optionsJSON: text(.options) ?? "{}",
      toolVersion: text(.toolVersion) ?? "",
      processID: Int32(truncatingIfNeeded: integer(.processID)), catalog: catalog)
    run.state = LedgerRun.State(rawValue: text(.state) ?? "") ?? .interrupted
    run.heartbeatAt = text(.heartbeatAt) ?? run.startedAt
    run.finishedAt = text(.finishedAt)
    run.user = text(.user)
    run.host = text(.host)
    run.failedNew = optionalInteger(.failedNew).map { Int($0) }
    run.failedKnown = optionalInteger(.failedKnown).map { Int($0) }
    run.knownSince = optionalInteger(.knownSince)
    run.storedParts = (text(.statistics), text(.issueCounts), text(.timings))
    run.seconds = real(.seconds)
    run.failure = text(.failure)
    run.undoneBy = optionalInteger(.undoneBy)
    return run
  }

  fileprivate func bind(_ run: LedgerRun, id: Int64?) throws(StoreError) {
    try bind(id, to: .id)
    try bind(run.command, to: .command)
    try bind(run.state.rawValue, to: .state)
    try bind(run.startedAt, to: .startedAt)
    try bind(run.heartbeatAt, to: .heartbeatAt)
    try bind(run.finishedAt, to: .finishedAt)
    try bind(run.source, to: .source)
    try bind(run.optionsJSON, to: .options)
    try bind(run.toolVersion, to: .toolVersion)
    try bind(Int64(run.processID), to: .processID)
    let parts = run.storedParts
    try bind(parts.statistics, to: .statistics)
    try bind(parts.issueCounts, to: .issueCounts)
    try bind(run.seconds, to: .seconds)
    try bind(parts.timings, to: .timings)
    try bind(run.failure, to: .failure)
    try bind(run.undoneBy, to: .undoneBy)
    try bind(run.user, to: .user)
    try bind(run.host, to: .host)
    try bind(run.failedNew.map { Int64($0) }, to: .failedNew)
    try bind(run.failedKnown.map { Int64($0) }, to: .failedKnown)
    try bind(run.knownSince, to: .knownSince)
  }
}

extension LedgerRow<IssueColumn> {
  fileprivate func issue(_ catalog: EntityCatalog) -> Issue {
    let source = text(.source)
    func number(_ column: IssueColumn) -> Int? { optionalInteger(column).map { Int($0) } }
    return Issue(
      severity: Severity(stored: text(.severity)),
      code: IssueCode(rawValue: text(.code) ?? ""),
      kind: text(.kind).flatMap(catalog.kind(named:)), id: text(.entityID), source: source,
      locator: locator(.locator, path: source), line: number(.line),
      column: number(.columnNumber), offset: number(.byteOffset), pointer: text(.pointer),
      message: text(.message) ?? "", isNew: number(.isNew).map { $0 != 0 })
  }

  fileprivate func bind(_ issue: Issue, run: Int64, sequence: Int64) throws(StoreError) {
    try bind(run, to: .run)
    try bind(sequence, to: .sequence)
    try bind(issue.severity.rawValue, to: .severity)
    try bind(issue.code.rawValue, to: .code)
    try bind(issue.kind?.rawValue, to: .kind)
    try bind(issue.id, to: .entityID)
    try bind(issue.source, to: .source)
    try bind(issue.locator, to: .locator)
    try bind(issue.line.map { Int64($0) }, to: .line)
    try bind(issue.column.map { Int64($0) }, to: .columnNumber)
    try bind(issue.offset.map { Int64($0) }, to: .byteOffset)
    try bind(issue.pointer, to: .pointer)
    try bind(issue.message, to: .message)
    try bind(issue.isNew.map { $0 ? 1 : 0 }, to: .isNew)
  }
}

extension LedgerRow<ProvenanceColumn> {
  /// The provenance of the entity with `id`; only the columns of ``ProvenanceColumn/origin`` are
  /// read.
  func provenance(_ kind: EntityKind, _ id: String) -> Provenance {
    let path = text(.path) ?? ""
    return Provenance(
      kind: kind, entityID: id, run: integer(.run), path: path,
      locator: locator(.locator, path: path), byteOffset: Int(integer(.byteOffset)),
      byteLength: Int(integer(.byteLength)), sha256: SHA256.Digest(bytes: blob(.sha256)) ?? .zero,
      unknownMembers: text(.unknownMembers), rowDigest: rowDigest(.rowDigest))
  }
}

extension SQLiteStatement {
  /// A stored row digest; `nil` if there is none.
  func rowDigest(at column: Int32) -> RowDigest? {
    guard type(at: column) == .integer else { return nil }
    return RowDigest(rawValue: UInt64(bitPattern: integer(at: column)))
  }
}

// Reading and writing the changes of single rows by servers.

extension SQLiteReader {
  final func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    let session = try session()
    guard session.statements.hasChanges else { return }
    for kind in catalog.kinds {
      try session.connection.forEachRow(
        "SELECT entity_id, row_digest, before_json FROM migration_changes "
          + "WHERE kind = ?1 AND run_id = ?2 ORDER BY entity_id",
        .text(kind.rawValue), .integer(run)
      ) { try body(try $0.change(kind, $0.text(at: 0) ?? "", run: run, first: 1)) }
    }
  }

  final func changes(of kind: EntityKind, id: String) throws -> [RowChange] {
    let session = try session()
    var changes: [RowChange] = []
    if session.statements.hasChanges {
      try session.connection.forEachRow(
        "SELECT run_id, row_digest, before_json FROM migration_changes "
          + "WHERE kind = ?1 AND entity_id = ?2", .text(kind.rawValue), .text(id)
      ) { changes.append(try $0.change(kind, id, run: $0.integer(at: 0), first: 1)) }
    }
    changes += try images(of: kind, id: id).map { run, image in
      RowChange(run: run, kind: kind, id: id, before: image, result: .rewritten)
    }
    return changes.sorted { $0.run > $1.run }
  }
}

extension SQLiteTransaction {
  func keep(_ change: RowChange) throws {
    let (digest, before) = change.stored
    try session().connection.run(
      "INSERT OR REPLACE INTO migration_changes (kind, entity_id, run_id, row_digest, before_json) "
        + "VALUES (?1, ?2, ?3, ?4, ?5)",
      .text(change.kind.rawValue), .text(change.id), .integer(change.run),
      digest.map(Value.integer) ?? .null, before.map(Value.text) ?? .null)
  }

  func removeChanges(ofRun run: Int64) throws { try deleteRows(of: .changes, ofRun: run) }
}

extension SQLiteStatement {
  /// A change whose digest and before-image are the columns `first` and `first + 1`.
  fileprivate func change(
    _ kind: EntityKind, _ id: String, run: Int64, first: Int32
  ) throws(StoreError) -> RowChange {
    try RowChange(
      run: run, kind: kind, id: id,
      stored: (type(at: first) == .integer ? integer(at: first) : nil, text(at: first + 1)))
  }
}

// Reading and writing columns that other applications have added, which are kept when a server
// deletes a row.

extension SQLiteReader {
  final func otherColumns(of kind: EntityKind, id: String) throws -> [String: Value] {
    let session = try session()
    let names = try otherColumnNames(of: kind, session)
    guard !names.isEmpty else { return [:] }
    return try select(names.map(\.sqlName), ofRow: id, kind, session) { statement in
      var values: [String: Value] = [:]
      for (position, name) in names.enumerated() {
        values[name] = statement.value(at: Int32(position))
      }
      return values
    } ?? [:]
  }

  /// Reads expressions of a row, in which parameters from `?2` on are those that `bind` binds.
  ///
  /// - Returns: What `body` returns for the row; `nil` if it does not exist.
  private func select<Result>(
    _ expressions: [String], ofRow id: String, _ kind: EntityKind, _ session: SQLiteSession,
    bind: (SQLiteStatement) throws -> Void = { _ in }, _ body: (SQLiteStatement) throws -> Result
  ) throws -> Result? {
    let isThis = try session.statements[kind].isID("id", "?1")
    return try session.connection.withStatement(
      "SELECT \(expressions.joined(separator: ", ")) FROM \(kind.table) WHERE \(isThis)"
    ) { statement in
      try statement.bind(id, at: 1)
      try bind(statement)
      return try statement.step() ? try body(statement) : nil
    }
  }

  /// The names of the columns that other applications have added, except for generated ones.
  fileprivate final func otherColumnNames(
    of kind: EntityKind, _ session: SQLiteSession
  ) throws -> [String] {
    let known = Set(kind.schema.fields.map(\.column))
    guard let present = session.layout.tables[kind]?.columns, !present.isSubset(of: known) else {
      return []
    }
    return try session.connection.texts(
      "SELECT name FROM pragma_table_info(?1)", .text(kind.table)
    ).filter { !known.contains($0.lowercasedASCII) }
  }
}

extension SQLiteTransaction {
  func setOtherColumns(_ values: [String: Value], of kind: EntityKind, id: String) throws {
    let session = try enforcingSession()
    let names = try otherColumnNames(of: kind, session).filter { values[$0] != nil }
    let assignments = names.enumerated().map { "\($1.sqlName) = ?\($0 + 2)" }
    try update(assignments, ofRow: id, kind, session) { statement in
      for (position, name) in names.enumerated() {
        try statement.bind(values[name] ?? .null, at: Int32(position) + 2)
      }
    }
  }

  /// Updates columns of a row by assignments, in which parameters from `?2` on are those that
  /// `bind` binds.
  private func update(
    _ assignments: [String], ofRow id: String, _ kind: EntityKind, _ session: SQLiteSession,
    bind: (SQLiteStatement) throws -> Void = { _ in }
  ) throws {
    guard !assignments.isEmpty else { return }
    let table = try session.statements[kind]
    try session.connection.withStatement(
      "\(table.updateVerb) \(kind.table) SET \(assignments.joined(separator: ", ")) "
        + "WHERE \(table.isID("id", "?1"))"
    ) { statement in
      try statement.bind(id, at: 1)
      try bind(statement)
      _ = try statement.step()
    }
  }
}

// Texts that are not Unicode, which only other applications write.

extension SQLiteReader {
  final func malformedTexts(of kind: EntityKind, id: String) throws -> [String: [UInt8]] {
    let session = try session()
    let names = try textColumnNames(of: kind, session)
    guard !names.isEmpty else { return [:] }
    let texts = try select(names.map(\.sqlName), ofRow: id, kind, session) { statement in
      names.indices.map { column in
        statement.type(at: Int32(column)) == .text ? statement.text(at: Int32(column)) : nil
      }
    }
    guard let texts, texts.contains(where: { $0 != nil }) else { return [:] }
    // Compared by SQLite in the encoding of the database: from UTF-16, a lone half of a surrogate
    // pair reads as some other character.
    let bytes = names.enumerated().map { position, name in
      "CASE WHEN CAST(\(name.sqlName) AS BLOB) <> CAST(?\(position + 2) AS BLOB) "
        + "THEN CAST(\(name.sqlName) AS BLOB) END"
    }
    return try select(bytes, ofRow: id, kind, session) { statement in
      for (position, text) in texts.enumerated() {
        try statement.bind(text, at: Int32(position) + 2)
      }
    } _: { statement in
      var malformed: [String: [UInt8]] = [:]
      for (position, name) in names.enumerated()
      where statement.type(at: Int32(position)) != .null {
        malformed[name] = statement.blob(at: Int32(position))
      }
      return malformed
    } ?? [:]
  }

  /// The names of the columns that can be set, other than the id.
  fileprivate final func textColumnNames(
    of kind: EntityKind, _ session: SQLiteSession
  ) throws -> [String] {
    guard let present = session.layout.tables[kind]?.columns else { return [] }
    return try kind.schema.fields.dropFirst().map(\.column).filter(present.contains)
      + otherColumnNames(of: kind, session)
  }
}

extension SQLiteTransaction {
  func setMalformedTexts(
    _ texts: [String: [UInt8]], of kind: EntityKind, id: String
  ) throws {
    let session = try enforcingSession()
    let names = try textColumnNames(of: kind, session).filter { texts[$0] != nil }
    // As literals: SQLite takes the bytes of a parameter for UTF-8, also in a database in UTF-16.
    let assignments = names.map { name in
      "\(name.sqlName) = CAST(x'\(ASCII.hex(texts[name] ?? []))' AS TEXT)"
    }
    try update(assignments, ofRow: id, kind, session)
  }
}
