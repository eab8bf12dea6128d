import RMOSModels
import RMOSSystem

extension SQLiteReader {
  final func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    let session = try session()
    guard session.tables.hasLedger else { return nil }
    let sql =
      "SELECT run_id, path, locator, byte_offset, byte_length, sha256, unknown_json, "
      + "\(session.tables.hasUndo ? "row_digest" : "NULL") FROM migration_provenance WHERE kind = ? AND entity_id = ?"
    return try session.connection.withStatement(sql) { statement in
      try statement.bind(kind.rawValue, at: 1)
      try statement.bind(id, at: 2)
      guard try statement.step() else { return nil }
      return statement.provenance(kind, id, at: 0)
    }
  }

  final func runs(limit: Int?) throws -> [LedgerRun] {
    try selectRuns("ORDER BY id DESC LIMIT ?", Int64(limit.map { max(0, $0) } ?? -1))
  }

  final func run(_ id: Int64) throws -> LedgerRun? {
    try selectRuns("WHERE id = ?", id).first
  }

  private func selectRuns(_ clause: String, _ parameter: Int64) throws -> [LedgerRun] {
    let session = try session()
    guard session.tables.hasLedger else { return [] }
    if let obstacle = session.layout.ledgerObstacle {
      let path = session.connection.handle.path
      throw StoreError(.unusableSchema, "\(path) cannot be read: \(obstacle)", path: path)
    }
    let sql =
      "SELECT id, command, state, started_at, heartbeat_at, finished_at, source, options_json, "
      + "tool_version, process_id, statistics_json, issue_counts_json, seconds, "
      + "timings_json, failure, \(session.tables.hasUndo ? "undone_by" : "NULL") "
      + "FROM migration_runs \(clause)"
    return try session.connection.withStatement(sql) { statement in
      try statement.bind(parameter, at: 1)
      var runs: [LedgerRun] = []
      while try statement.step() {
        var run = LedgerRun(
          id: statement.integer(at: 0), command: statement.text(at: 1) ?? "",
          startedAt: statement.text(at: 3) ?? "", source: statement.text(at: 6) ?? "",
          optionsJSON: statement.text(at: 7) ?? "{}", toolVersion: statement.text(at: 8) ?? "",
          processID: Int32(truncatingIfNeeded: statement.integer(at: 9)))
        run.state = LedgerRun.State(rawValue: statement.text(at: 2) ?? "") ?? .interrupted
        run.heartbeatAt = statement.text(at: 4) ?? run.startedAt
        run.finishedAt = statement.text(at: 5)
        run.read(
          statistics: statement.text(at: 10), issueCounts: statement.text(at: 11),
          timings: statement.text(at: 13))
        run.seconds = statement.real(at: 12)
        run.failure = statement.text(at: 14)
        if statement.type(at: 15) != .null { run.undoneBy = statement.integer(at: 15) }
        runs.append(run)
      }
      return runs
    }
  }

  final func issues(ofRun run: Int64, limit: Int?) throws -> [Issue] {
    var issues: [Issue] = []
    try forEachIssue(ofRun: run, limit: limit) { issues.append($0) }
    return issues
  }

  final func forEachIssue(ofRun run: Int64, _ body: (Issue) throws -> Void) throws {
    try forEachIssue(ofRun: run, limit: nil, body)
  }

  private func forEachIssue(
    ofRun run: Int64, limit: Int?, _ body: (Issue) throws -> Void
  ) throws {
    let session = try session()
    guard session.tables.hasLedger else { return }
    let sql =
      "SELECT severity, code, kind, entity_id, source, locator, line, column_number, "
      + "byte_offset, pointer, message FROM migration_issues WHERE run_id = ? "
      + "ORDER BY seq LIMIT ?"
    try session.connection.withStatement(sql) { statement in
      try statement.bind(run, at: 1)
      try statement.bind(Int64(limit.map { max(0, $0) } ?? -1), at: 2)
      while try statement.step() {
        let source = statement.text(at: 4)
        try body(
          Issue(
            severity: Severity(rawValue: statement.text(at: 0) ?? "") ?? .error,
            code: IssueCode(rawValue: statement.text(at: 1) ?? ""),
            kind: statement.text(at: 2).flatMap(EntityKind.init(rawValue:)),
            id: statement.text(at: 3), source: source,
            locator: statement.locator(at: 5, path: source), line: statement.count(at: 6),
            column: statement.count(at: 7), offset: statement.count(at: 8),
            pointer: statement.text(at: 9), message: statement.text(at: 10) ?? ""))
      }
    }
  }
}

extension SQLiteStatement {
  /// The provenance whose run stands in the column `first`, and the rest of it in those after.
  func provenance(_ kind: EntityKind, _ id: String, at first: Int32) -> Provenance {
    let path = text(at: first + 1) ?? ""
    return Provenance(
      kind: kind, entityID: id, run: integer(at: first), path: path,
      locator: locator(at: first + 2, path: path), byteOffset: Int(integer(at: first + 3)),
      byteLength: Int(integer(at: first + 4)),
      sha256: SHA256.Digest(bytes: blob(at: first + 5)) ?? .zero,
      unknownMembers: text(at: first + 6), rowDigest: rowDigest(at: first + 7))
  }

  /// A stored digest.
  func rowDigest(at column: Int32) -> RowDigest? {
    guard type(at: column) == .integer else { return nil }
    return RowDigest(rawValue: UInt64(bitPattern: integer(at: column)))
  }

  fileprivate func locator(at column: Int32, path: String?) -> Locator? {
    switch type(at: column) {
    case .integer: Locator(number: Int(integer(at: column)), path: path)
    case .text: text(at: column).map(Locator.key)
    case .null, .real, .blob: nil
    }
  }

  fileprivate func count(at column: Int32) -> Int? {
    type(at: column) == .null ? nil : Int(integer(at: column))
  }
}

extension SQLiteTransaction {
  func beginRun(_ run: LedgerRun) throws -> Int64 {
    let connection = try session().connection
    let sql =
      "INSERT INTO migration_runs (command, state, started_at, heartbeat_at, finished_at, source, "
      + "options_json, tool_version, process_id, statistics_json, issue_counts_json, seconds, "
      + "timings_json, failure, undone_by) "
      + "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    return try connection.withStatement(sql) { statement in
      try statement.bind(run)
      _ = try statement.step()
      return connection.lastInsertedRow
    }
  }

  func updateRun(_ run: LedgerRun) throws {
    let connection = try session().connection
    let sql =
      "UPDATE migration_runs SET command = ?1, state = ?2, started_at = ?3, heartbeat_at = ?4, "
      + "finished_at = ?5, source = ?6, options_json = ?7, tool_version = ?8, process_id = ?9, "
      + "statistics_json = ?10, issue_counts_json = ?11, seconds = ?12, timings_json = ?13, "
      + "failure = ?14, undone_by = ?15 WHERE id = ?16"
    try connection.withStatement(sql) { statement in
      try statement.bind(run)
      try statement.bind(run.id, at: 16)
      _ = try statement.step()
    }
    guard connection.changes > 0 else { throw StoreError.noSuchRun(run.id) }
  }

  func appendIssues(_ issues: [Issue], run: Int64) throws {
    let connection = try session().connection
    let last = try connection.withStatement(
      "SELECT (SELECT max(seq) FROM migration_issues WHERE run_id = ?1) "
        + "FROM migration_runs WHERE id = ?1"
    ) { statement in
      try statement.bind(run, at: 1)
      guard try statement.step() else { throw StoreError.noSuchRun(run) }
      return statement.integer(at: 0)
    }
    let sql =
      "INSERT INTO migration_issues (run_id, seq, severity, code, kind, entity_id, source, "
      + "locator, line, column_number, byte_offset, pointer, message) "
      + "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    for (index, issue) in issues.enumerated() {
      try connection.withStatement(sql) { statement in
        try statement.bind(run, at: 1)
        try statement.bind(last + Int64(index) + 1, at: 2)
        try statement.bind(issue.severity.rawValue, at: 3)
        try statement.bind(issue.code.rawValue, at: 4)
        try statement.bind(issue.kind?.rawValue, at: 5)
        try statement.bind(issue.id, at: 6)
        try statement.bind(issue.source, at: 7)
        switch issue.locator {
        case .index(let number), .line(let number): try statement.bind(Int64(number), at: 8)
        case .key(let key): try statement.bind(key, at: 8)
        case nil: try statement.bindNull(at: 8)
        }
        for (number, parameter) in [(issue.line, 9), (issue.column, 10), (issue.offset, 11)] {
          try statement.bind(
            number.map { .integer(Int64($0)) } ?? Value.null, at: Int32(parameter))
        }
        try statement.bind(issue.pointer, at: 12)
        try statement.bind(issue.message, at: 13)
        _ = try statement.step()
      }
    }
  }
}

extension SQLiteStatement {
  fileprivate func bind(_ run: LedgerRun) throws(StoreError) {
    try bind(run.command, at: 1)
    try bind(run.state.rawValue, at: 2)
    try bind(run.startedAt, at: 3)
    try bind(run.heartbeatAt, at: 4)
    try bind(run.finishedAt, at: 5)
    try bind(run.source, at: 6)
    try bind(run.optionsJSON, at: 7)
    try bind(run.toolVersion, at: 8)
    try bind(Int64(run.processID), at: 9)
    try bind(run.statisticsJSON, at: 10)
    try bind(run.issueCountsJSON, at: 11)
    try bind(run.seconds, at: 12)
    try bind(run.timingsJSON, at: 13)
    try bind(run.failure, at: 14)
    if let undo = run.undoneBy { try bind(undo, at: 15) } else { try bindNull(at: 15) }
  }
}

extension Locator {
  /// A stored number: the line of a JSON Lines file, or the index in a list in any other.
  init(number: Int, path: String?) {
    let path = path?.lowercasedASCII ?? ""
    self = path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") ? .line(number) : .index(number)
  }
}
