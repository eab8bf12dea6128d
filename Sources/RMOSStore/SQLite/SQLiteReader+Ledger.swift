import RMOSModels

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
