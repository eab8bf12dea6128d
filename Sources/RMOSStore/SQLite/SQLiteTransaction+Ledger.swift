import RMOSModels

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
