import RMOSModels

/// A view of the ledger, for queries by other programs; a SQLite store has the same views.
///
/// Views use only tables of the ledger: PostgreSQL does not allow dropping a column on which a view
/// depends, or changing its type, and other applications may do that to the shared tables.
struct LedgerView: Sendable {
  let name: String
  /// A description of a row, for the comment on the view.
  let summary: String
  /// The query.
  let select: String

  /// Returns all views: the counts of runs, and the origins of the entities of each kind.
  static func all(_ catalog: EntityCatalog) -> [LedgerView] {
    // Programs with other kinds must not replace each other's views, so there are counts only for
    // the kinds that all programs know; the totals include all kinds.
    let known = EntityCatalog.rmos.kinds
    let others = catalog.kinds.filter { !known.contains($0) }
    return [runCounts(known)] + (known + others).map(origins)
  }

  /// Returns the names of all views.
  static func names(_ catalog: EntityCatalog) -> [String] { all(catalog).map(\.name) }

  /// Returns the view with a row for each run, with the outcomes of each kind and the totals.
  private static func runCounts(_ kinds: [EntityKind]) -> LedgerView {
    let outcomes = ["found", "migrated", "updated", "skipped", "failed"]
    // Regular expressions, since casting a text that is not JSON would make the whole query fail.
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

  /// Returns the regular expression for a count in the statistics of a run, of at most 15 digits.
  private static func count(_ outcome: String) -> String {
    "\"\(outcome)\":\\s*(\\d{1,15})(?!\\d)"
  }

  /// Returns the view with the origin of each entity of a kind.
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

// MARK: Creating views

extension LedgerView {
  /// A query for the names of the views that are missing, or have another definition, and that the
  /// role may create.
  ///
  /// Its parameters are the schema, and the names, summaries and queries of all views. Tables and
  /// types with the name of a view belong to another application, and so do views without the mark.
  static let namesToCreateSQL =
    """
    SELECT v.name FROM unnest($2::text[], $3::text[], $4::text[]) AS v(name, summary, query)
    JOIN pg_namespace n ON n.nspname = $1
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = v.name
    WHERE has_schema_privilege(n.oid, 'CREATE') AND CASE
      WHEN c.relkind = 'v' THEN pg_has_role(c.relowner, 'USAGE')
        AND obj_description(c.oid, 'pg_class') LIKE 'RMOS: %'
        AND obj_description(c.oid, 'pg_class') IS DISTINCT FROM \(markSQL("v.summary", "v.query"))
      ELSE c.oid IS NULL AND NOT EXISTS (SELECT 1 FROM pg_type t
        WHERE t.typnamespace = n.oid AND t.typname = v.name) END
    """

  /// Returns the SQL for the comment on the view `c`, which identifies its definition.
  ///
  /// PostgreSQL does not keep the original text of a query, so the comment has a digest of that
  /// text and of the one that PostgreSQL returns.
  private static func markSQL(_ summary: String, _ query: String) -> String {
    "'RMOS: ' || \(summary) || ' (definition ' || left(encode(sha256(convert_to("
      + "\(query) || pg_get_viewdef(c.oid), 'UTF8')), 'hex'), 12) || ')'"
  }

  /// Creates the view, or replaces one with another definition; must be called within a
  /// transaction.
  ///
  /// A view whose columns stay the same keeps its privileges.
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
