import RMOSModels
import RMOSStore

// Reading the ledger.

extension PostgresReader {
  final func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    let session = try session()
    guard session.statements.hasLedger, !id.utf8.contains(0) else { return nil }
    let row = try session.connection.query(
      "SELECT \(LedgerTable.provenance.list) FROM migration_provenance "
        + "WHERE kind = $1 AND entity_id = $2", [kind.table, id]
    ).first
    return row.map { $0.provenance(kind, id, from: ProvenanceColumn.run.rawValue) }
  }

  final func provenance(_ kind: EntityKind, ids: [String]) throws -> [Provenance?] {
    let session = try session()
    var found = [Provenance?](repeating: nil, count: ids.count)
    let positions = ids.indices.filter { !ids[$0].utf8.contains(0) }
    guard session.statements.hasLedger, !positions.isEmpty else { return found }
    // A subquery per id, as in the query for facts: a join might not use the primary key.
    let rows = try session.connection.query(
      "SELECT p.*, x.number FROM unnest($2::text[]) WITH ORDINALITY AS x(id, number), LATERAL "
        + "(SELECT \(LedgerTable.provenance.list) FROM migration_provenance "
        + "WHERE kind = $1 AND entity_id = x.id OFFSET 0) AS p",
      [kind.table, positions.map { ids[$0] }.postgresArray]
    ).rows
    for row in rows {
      let position = positions[row.count(at: ProvenanceColumn.allCases.count) - 1]
      found[position] = row.provenance(
        kind, ids[position], from: ProvenanceColumn.run.rawValue)
    }
    return found
  }

  final func runs(limit: Int?, offset: Int) throws -> [LedgerRun] {
    let clause = limit.map { " LIMIT \(max(0, $0))" } ?? ""
    return try selectRuns("ORDER BY id DESC\(clause) OFFSET \(max(0, offset))", [])
  }

  final func runningRuns() throws -> [LedgerRun] {
    try selectRuns("WHERE state = $1 ORDER BY id DESC", [LedgerRun.State.running.rawValue])
  }

  final func runCount() throws -> Int {
    let session = try session()
    guard session.statements.hasLedger else { return 0 }
    let row = try session.connection.query("SELECT count(*) FROM migration_runs", []).first
    return row?.integer(at: 0).map { Int($0) } ?? 0
  }

  final func run(_ id: Int64) throws -> LedgerRun? {
    try selectRuns("WHERE id = $1", [String(id)]).first
  }

  private func selectRuns(_ clause: String, _ parameters: [String]) throws -> [LedgerRun] {
    let session = try session()
    guard session.statements.hasLedger else { return [] }
    var runs: [LedgerRun] = []
    try session.connection.forEachRow(
      "SELECT \(session.layout.list(.runs)) FROM migration_runs \(clause)", parameters
    ) { runs.append($0.run(catalog)) }
    return runs
  }

  final func forEachIssue(
    matching query: IssueQuery, _ body: (Issue) throws -> Void
  ) throws {
    let session = try session()
    guard session.statements.hasLedger, query.code?.rawValue.utf8.contains(0) != true else {
      return
    }
    var (conditions, parameters) = (["run_id = $1"], [String(query.run)])
    func add(_ condition: String, _ parameter: String) {
      parameters.append(parameter)
      conditions.append("\(condition) $\(parameters.count)")
    }
    switch query.severity {
    // An unknown severity counts as an error.
    case .error: conditions.append("severity NOT IN ('warning', 'info')")
    case let severity?: add("severity =", severity.rawValue)
    case nil: break
    }
    if let code = query.code { add("code =", code.rawValue) }
    if let kind = query.kind { add("kind =", kind.table) }
    if let isNew = query.isNew {
      let column = session.layout.expression(IssueColumn.isNew.name, of: .issues)
      conditions.append("\(column) IS \(isNew ? "TRUE" : "FALSE")")
    }
    let clause = query.limit.map { " LIMIT \(max(0, $0))" } ?? ""
    try session.connection.forEachRow(
      "SELECT \(session.layout.list(.issues)) FROM migration_issues "
        + "WHERE \(conditions.joined(separator: " AND ")) ORDER BY seq\(clause) "
        + "OFFSET \(max(0, query.offset))", parameters
    ) { try body($0.issue(catalog)) }
  }

  final func issueCounts(ofRun run: Int64) throws -> [IssueCount] {
    let session = try session()
    guard session.statements.hasLedger else { return [] }
    let isNew = session.layout.expression(IssueColumn.isNew.name, of: .issues)
    var counts: [IssueCount] = []
    try session.connection.forEachRow(
      "SELECT severity, code, kind, \(isNew), count(*) FROM migration_issues WHERE run_id = $1 "
        + "GROUP BY 1, 2, 3, 4", [String(run)]
    ) { row in
      counts.append(
        IssueCount(
          severity: row.text(at: 0).flatMap(Severity.init(rawValue:)) ?? .error,
          code: IssueCode(rawValue: row.text(at: 1) ?? ""),
          kind: row.text(at: 2).flatMap(catalog.kind(named:)),
          isNew: row.text(at: 3).map { $0 == "t" }, count: row.count(at: 4)))
    }
    return [IssueCount](adding: counts)
  }

  final func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    let session = try session()
    guard session.layout.hasFailures, !digests.isEmpty else { return [] }
    var found: Set<Provenance.Digest> = []
    try session.connection.forEachRow(
      "SELECT digest FROM migration_failures WHERE run_id = $1 AND digest = ANY ($2::bytea[])",
      [String(run), digests.postgresArray]
    ) { row in
      if let digest = Provenance.Digest(bytes: row.bytes(at: 0)) { found.insert(digest) }
    }
    return found
  }

  final func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    for kind in catalog.kinds {
      try forEachImage(
        of: kind, "run_id = $2 ORDER BY entity_id COLLATE \"C\"", String(run)
      ) { _, image in try body(image) }
    }
  }

  /// Calls `body` with the before-images of a kind that match a condition on `$2`, and their runs.
  final func forEachImage(
    of kind: EntityKind, _ condition: String, _ parameter: String,
    _ body: (_ run: Int64, BeforeImage) throws -> Void
  ) throws {
    let session = try session()
    guard session.statements.hasLedger else { return }
    let columns = ["entity_id"] + LedgerTable.imageColumns(of: kind)
    let list = (columns + ProvenanceColumn.imageNames + ["run_id"]).joined(separator: ", ")
    try session.connection.forEachRow(
      "SELECT \(list) FROM migration_before_images WHERE kind = $1 AND \(condition)",
      [kind.table, parameter]
    ) { row in
      let record = kind.record(row)
      let provenance =
        row.isNull(at: columns.count)
        ? nil : row.provenance(kind, record.id, from: columns.count)
      let run = row.integer(at: columns.count + ProvenanceColumn.imageNames.count) ?? 0
      try body(run, BeforeImage(record: record, provenance: provenance))
    }
  }
}

extension PostgresRow {
  fileprivate func run(_ catalog: EntityCatalog) -> LedgerRun {
    func text(_ column: RunColumn) -> String? { self.text(at: column.rawValue) }
    var run = LedgerRun(
      id: integer(at: RunColumn.id.rawValue) ?? 0, command: text(.command) ?? "",
      startedAt: text(.startedAt) ?? "", source: text(.source) ?? "",
      optionsJSON: text(.options) ?? "{}", toolVersion: text(.toolVersion) ?? "",
      processID: Int32(truncatingIfNeeded: integer(at: RunColumn.processID.rawValue) ?? 0),
      catalog: catalog)
    run.state = LedgerRun.State(rawValue: text(.state) ?? "") ?? .interrupted
    run.heartbeatAt = text(.heartbeatAt) ?? run.startedAt
    run.finishedAt = text(.finishedAt)
    run.user = text(.user)
    run.host = text(.host)
    run.failedNew = integer(at: RunColumn.failedNew.rawValue).map { Int($0) }
    run.failedKnown = integer(at: RunColumn.failedKnown.rawValue).map { Int($0) }
    run.knownSince = integer(at: RunColumn.knownSince.rawValue)
    run.storedParts = (text(.statistics), text(.issueCounts), text(.timings))
    run.seconds = real(at: RunColumn.seconds.rawValue) ?? 0
    run.failure = text(.failure)
    run.undoneBy = integer(at: RunColumn.undoneBy.rawValue)
    return run
  }

  fileprivate func issue(_ catalog: EntityCatalog) -> Issue {
    func text(_ column: IssueColumn) -> String? { self.text(at: column.rawValue) }
    func number(_ column: IssueColumn) -> Int? { integer(at: column.rawValue).map { Int($0) } }
    let source = text(.source)
    return Issue(
      severity: Severity(rawValue: text(.severity) ?? "") ?? .error,
      code: IssueCode(rawValue: text(.code) ?? ""),
      kind: text(.kind).flatMap(catalog.kind(named:)), id: text(.entityID), source: source,
      locator: text(.locator).flatMap { Locator(stored: $0, path: source) }, line: number(.line),
      column: number(.columnNumber), offset: number(.byteOffset), pointer: text(.pointer),
      message: text(.message) ?? "",
      isNew: text(.isNew) == nil ? nil : isTrue(at: IssueColumn.isNew.rawValue))
  }

  /// Returns the provenance of the entity with `id`; the columns of ``ProvenanceColumn/origin``
  /// begin at `first`.
  fileprivate func provenance(_ kind: EntityKind, _ id: String, from first: Int) -> Provenance {
    func column(_ column: ProvenanceColumn) -> Int {
      first + column.rawValue - ProvenanceColumn.run.rawValue
    }
    let path = string(at: column(.path))
    return Provenance(
      kind: kind, entityID: id, run: integer(at: column(.run)) ?? 0, path: path,
      locator: text(at: column(.locator)).flatMap { Locator(stored: $0, path: path) },
      byteOffset: count(at: column(.byteOffset)), byteLength: count(at: column(.byteLength)),
      sha256: Provenance.Digest(bytes: bytes(at: column(.sha256))) ?? .zero,
      unknownMembers: text(at: column(.unknownMembers)),
      rowDigest: integer(at: column(.rowDigest)).map {
        RowDigest(rawValue: UInt64(bitPattern: $0))
      })
  }
}

extension Locator {
  /// The text of the column: a number, or a key as a JSON string, in which NUL is escaped.
  var stored: String {
    switch self {
    case .index(let number), .line(let number): String(number)
    case .key(let key): JSONText(.string(key)).text
    }
  }

  /// Parses ``stored``; a number is a line in a JSON Lines file, and an index in any other file.
  fileprivate init?(stored: String, path: String?) {
    if let number = Int(stored) {
      self.init(number: number, path: path)
    } else if let value = try? JSONValue(parsing: stored), case .string(let key) = value {
      self = .key(key)
    } else {
      return nil
    }
  }
}
