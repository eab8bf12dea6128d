import RMOSModels

/// A view of the ledger, for people who query the database with another program; a SQLite store has
/// the same.
///
/// Views name the ledger's tables alone: PostgreSQL refuses to drop a column on which a view
/// depends, or to change its type, and the shared tables belong to other applications too.
struct LedgerView: Sendable {
  let name: String
  /// What a row of the view is, for its comment.
  let summary: String
  /// The query.
  let select: String

  /// All of them: the counts of runs, and where the entities of each kind came from.
  static func all(_ catalog: EntityCatalog) -> [LedgerView] {
    // Programs with kinds of their own must not replace each other's views: the counts are of the
    // kinds that all programs know, and the totals of all kinds.
    let known = EntityCatalog.rmos.kinds
    let others = catalog.kinds.filter { !known.contains($0) }
    return [runCounts(known)] + (known + others).map(origins)
  }

  /// The names of all.
  static func names(_ catalog: EntityCatalog) -> [String] { all(catalog).map(\.name) }

  /// A row for each run, with the outcomes of each kind and in all.
  private static func runCounts(_ kinds: [EntityKind]) -> LedgerView {
    let outcomes = ["found", "migrated", "updated", "skipped", "failed"]
    // Searched and not cast: a text that is not JSON would make the whole query fail.
    let counts = kinds.flatMap { kind in
      outcomes.map { outcome in
        "coalesce(substring(statistics_json FROM '\"\(kind.table)\":\\s*\\{[^{}]*"
          + "\(count(outcome))')::bigint, 0) AS \(kind.table)_\(outcome)"
      }
    }
    let totals = outcomes.map { outcome in
      "(SELECT coalesce(sum(m[1]::bigint), 0)::bigint FROM "
        + "regexp_matches(statistics_json, '\(count(outcome))', 'g') AS m) AS total_\(outcome)"
    }
    let columns =
      ["id AS run", "command", "state", "started_at", "finished_at", "seconds", "\"user\"", "host"]
      + ["source"] + totals + ["failed_new", "failed_known"] + counts
      + ["undone_by", "failure", "tool_version"]
    return LedgerView(
      name: "migration_run_counts", summary: "a row for each run, with its counts",
      select: "SELECT \(columns.joined(separator: ", ")) FROM \(LedgerTable.runs.name)")
  }

  /// The pattern of a count in the statistics of a run; more digits than a count has are none.
  private static func count(_ outcome: String) -> String {
    "\"\(outcome)\":\\s*(\\d{1,15})(?!\\d)"
  }

  /// Where each entity of a kind came from.
  private static func origins(_ kind: EntityKind) -> LedgerView {
    LedgerView(
      name: "migration_\(kind.table)_origin",
      summary: "where each row of \(kind.table) came from",
      select: "SELECT p.entity_id AS id, r.source, p.path, p.locator, p.byte_offset, "
        + "p.byte_length, encode(p.sha256, 'hex') AS sha256, p.run_id AS run, "
        + "r.started_at AS run_started_at, p.unknown_json AS kept_aside_json "
        + "FROM \(LedgerTable.provenance.name) p "
        + "LEFT JOIN \(LedgerTable.runs.name) r ON r.id = p.run_id "
        + "WHERE p.kind = '\(kind.table)'")
  }
}

// MARK: Creating them

extension LedgerView {
  /// A query for the names of those views that are missing or defined otherwise, and that the role
  /// may create.
  ///
  /// Its parameters are the schema, and the names, summaries and queries of all.
  ///
  /// What else has the name of a view is another application's.
  static let namesToCreateSQL =
    """
    SELECT v.name FROM unnest($2::text[], $3::text[], $4::text[]) AS v(name, summary, query)
    JOIN pg_namespace n ON n.nspname = $1
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = v.name
    WHERE has_schema_privilege(n.oid, 'CREATE') AND CASE
      WHEN c.relkind = 'v' THEN pg_has_role(c.relowner, 'USAGE')
        AND obj_description(c.oid, 'pg_class') IS DISTINCT FROM \(markSQL("v.summary", "v.query"))
      ELSE c.oid IS NULL AND NOT EXISTS (SELECT 1 FROM pg_type t
        WHERE t.typnamespace = n.oid AND t.typname = v.name) END
    """

  /// The comment of the view `c`, which tells whether the view has the current definition.
  ///
  /// PostgreSQL does not keep a query as it was written, so the comment has a digest of it and of
  /// what PostgreSQL made of it.
  private static func markSQL(_ summary: String, _ query: String) -> String {
    "'RMOS: ' || \(summary) || ' (definition ' || left(encode(sha256(convert_to("
      + "\(query) || pg_get_viewdef(c.oid), 'UTF8')), 'hex'), 12) || ')'"
  }

  /// Creates the view, or replaces a view that is defined otherwise; call it within a transaction.
  ///
  /// A view whose columns stay the same keeps the rights that were granted on it.
  func create(on connection: PostgresConnection) throws {
    do {
      _ = try connection.savepoint {
        try connection.execute("CREATE OR REPLACE VIEW \(name) AS \(select)")
      }
    } catch {
      guard connection.isInTransaction else { throw error }
      try connection.execute("DROP VIEW \(name); CREATE VIEW \(name) AS \(select)")
    }
    let mark = try connection.queryOnce(
      "SELECT \(Self.markSQL("$2", "$3")) FROM pg_class c WHERE c.oid = to_regclass($1)",
      [name, summary, select]
    ).first?.string(at: 0)
    try connection.execute("COMMENT ON VIEW \(name) IS \((mark ?? "").sqlLiteral)")
  }
}
