import RMOSModels

/// A view of the ledger, for people who open the database with another program.
///
/// Views name the ledger's tables alone. One that names a shared table would be in the way of other
/// applications: whenever a table is renamed, as when one is rebuilt, SQLite checks every view, and
/// fails if a table is missing at that moment.
struct LedgerView: Sendable {
  let name: String
  /// The statement that creates it, which SQLite keeps as it is written.
  let createSQL: String

  private init(_ name: String, _ select: String) {
    self.name = name
    createSQL = "CREATE VIEW \(name) AS \(select)"
  }

  /// All of them: the counts of runs, and where the entities of each kind came from.
  static func all(_ catalog: EntityCatalog) -> [LedgerView] {
    // Programs with kinds of their own must not replace each other's: the counts are of those that all
    // know, and the totals of all.
    let known = EntityCatalog.rmos.kinds
    let others = catalog.kinds.filter { !known.contains($0) }
    return [runCounts(known)] + (known + others).map(origins)
  }

  /// A row for each run, with the outcomes of each kind and in all.
  private static func runCounts(_ kinds: [EntityKind]) -> LedgerView {
    let outcomes = ["found", "migrated", "updated", "skipped", "failed"]
    let counts = kinds.flatMap { kind in
      outcomes.map { outcome in
        "coalesce(json_extract(counts, '$.\(kind.rawValue).\(outcome)'), 0) "
          + "AS \(kind.table)_\(outcome)"
      }
    }
    let totals = outcomes.map { outcome in
      "(SELECT coalesce(sum(json_extract(value, '$.\(outcome)')), 0) FROM json_each(counts)) "
        + "AS total_\(outcome)"
    }
    let columns =
      ["id AS run", "command", "state", "started_at", "finished_at", "seconds", "user", "host"]
      + ["source"] + totals + ["failed_new", "failed_known"] + counts
      + ["undone_by", "failure", "tool_version"]
    return LedgerView(
      "migration_run_counts",
      "SELECT \(columns.joined(separator: ", ")) FROM (SELECT *, CASE WHEN "
        + "json_valid(statistics_json) THEN statistics_json ELSE '{}' END AS counts "
        + "FROM \(LedgerTable.runs.name))")
  }

  /// Where each entity of a kind came from.
  private static func origins(_ kind: EntityKind) -> LedgerView {
    LedgerView(
      "migration_\(kind.table)_origin",
      "SELECT p.entity_id AS id, r.source, p.path, p.locator, p.byte_offset, p.byte_length, "
        + "lower(hex(p.sha256)) AS sha256, p.run_id AS run, r.started_at AS run_started_at, "
        + "p.unknown_json AS kept_aside_json FROM \(LedgerTable.provenance.name) p "
        + "LEFT JOIN \(LedgerTable.runs.name) r ON r.id = p.run_id "
        + "WHERE p.kind = '\(kind.rawValue)'")
  }
}
