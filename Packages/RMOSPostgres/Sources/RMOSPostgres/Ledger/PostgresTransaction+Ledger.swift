import RMOSModels
import RMOSStore

// Writing the ledger.

extension PostgresTransaction {
  func beginRun(_ run: LedgerRun) throws -> Int64 {
    let columns = LedgerTable.runs.columns.dropFirst().joined(separator: ", ")
    let values = run.columns
    // Not a sequence, so that the next number is known and there are no gaps. If the table of runs
    // was lost, numbers in the provenance are not used again: undoing a run removes all rows with
    // its number.
    let row = try session().connection.query(
      "INSERT INTO migration_runs (id, \(columns)) SELECT coalesce(max(id), "
        + "(SELECT max(run_id) FROM migration_provenance), 0) + 1, "
        + "\(RunColumn.typedParameters) FROM migration_runs "
        + "RETURNING id", Array(values.dropFirst())
    ).first
    guard let id = row?.integer(at: 0) else {
      throw StoreError(.other, "the ledger gave the run no number")
    }
    return id
  }

  func updateRun(_ run: LedgerRun) throws {
    let assignments = RunColumn.allCases.dropFirst().map { "\($0.name) = $\($0.rawValue + 1)" }
    let result = try session().connection.query(
      "UPDATE migration_runs SET \(assignments.joined(separator: ", ")) WHERE id = $1", run.columns)
    guard result.changes > 0 else { throw StoreError(.noSuchRun(run.id)) }
  }

  func appendIssues(_ issues: [Issue], run: Int64) throws {
    let connection = try session().connection
    let row = try connection.query(
      "SELECT (SELECT max(seq) FROM migration_issues WHERE run_id = $1) "
        + "FROM migration_runs WHERE id = $1", [String(run)]
    ).first
    guard let row else { throw StoreError(.noSuchRun(run)) }
    let last = row.integer(at: 0) ?? 0
    if issues.isEmpty { return }
    _ = try connection.copy([
      (
        "COPY migration_issues (\(LedgerTable.issues.list)) FROM STDIN",
        { rows throws(StoreError) in
          for (index, issue) in issues.enumerated() {
            for column in issue.columns(run: run, sequence: last + Int64(index) + 1) {
              rows.append(column?.withoutNUL)
            }
            try rows.endRow()
          }
        }
      )
    ])
  }
}

extension PostgresTransaction {
  func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws {
    if digests.isEmpty { return }
    try session().connection.query(
      "INSERT INTO migration_failures (run_id, digest) SELECT $1::bigint, unnest($2::bytea[]) "
        + "ON CONFLICT DO NOTHING", [String(run), digests.postgresArray])
  }

  func removeFailures(ofRun run: Int64) throws {
    try session().connection.query(
      "DELETE FROM migration_failures WHERE run_id = $1", [String(run)])
  }
}

extension [Provenance.Digest] {
  /// The text form of an array of bytea.
  var postgresArray: String { map { "\\x\($0)" }.postgresArray }
}

extension LedgerRun {
  /// The values for the columns of ``RunColumn``, in text form.
  fileprivate var columns: [String?] {
    let parts = storedParts
    return [
      String(id), command, state.rawValue, startedAt, heartbeatAt, finishedAt, source, optionsJSON,
      toolVersion, String(processID), parts.statistics, parts.issueCounts, String(seconds),
      parts.timings, failure, undoneBy.map { String($0) }, user, host,
      failedNew.map { String($0) }, failedKnown.map { String($0) },
      knownSince.map { String($0) },
    ].map { $0?.withoutNUL }
  }
}

extension RunColumn {
  /// Parameters for all columns except the id, with their types, which a SELECT does not imply.
  fileprivate static let typedParameters = allCases.dropFirst().map { column in
    switch column {
    case .processID, .undoneBy, .failedNew, .failedKnown, .knownSince: "$\(column.rawValue)::bigint"
    case .seconds: "$\(column.rawValue)::double precision"
    default: "$\(column.rawValue)::text"
    }
  }.joined(separator: ", ")
}

extension Issue {
  /// Returns the values for the columns of ``IssueColumn``, in text form.
  fileprivate func columns(run: Int64, sequence: Int64) -> [String?] {
    [
      String(run), String(sequence), severity.rawValue, code.rawValue, kind?.table, id, source,
      locator?.stored, line.map { String($0) }, column.map { String($0) },
      offset.map { String($0) }, pointer, message, isNew.map { $0 ? "t" : "f" },
    ]
  }
}

extension String {
  /// The text with the symbol for NUL (U+2400) in place of NUL, which PostgreSQL cannot store.
  fileprivate var withoutNUL: String {
    utf8.contains(0) ? replacing("\u{0}", with: "\u{2400}") : self
  }
}
