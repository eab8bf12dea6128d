import RMOSModels

extension SQLiteTransaction {
  func undo(run: Int64) throws -> UndoCounts {
    let connection = try session().connection
    func execute(_ sql: String) throws -> Int {
      do {
        return try connection.withStatement(sql) { statement in
          try statement.bind(run, at: 1)
          _ = try statement.step()
          return connection.changes
        }
      } catch var error as StoreError where error.code == .constraint {
        error.message =
          "run \(run) cannot be undone: \(error.message); look for a trigger or a constraint of "
          + "another application. Nothing was changed"
        throw error
      }
    }
    var counts = UndoCounts()
    // What is restored first: it may refer to what goes, until it is.
    for kind in EntityKind.allCases {
      let assignments = zip(
        kind.schema.fields.dropFirst(), SQLiteSchema.beforeImageColumns(of: kind)
      ).map { "\($0.column) = i.\($1)" }
      counts.restored[kind] = try execute(
        "UPDATE \(kind.table) SET \(assignments.joined(separator: ", ")) "
          + "FROM migration_before_images i WHERE i.kind = '\(kind.rawValue)' AND i.run_id = ?1 "
          + "AND i.entity_id = \(kind.table).id")
    }
    _ = try execute(
      "INSERT OR REPLACE INTO migration_provenance (kind, entity_id, run_id, path, locator, "
        + "byte_offset, byte_length, sha256, unknown_json, row_digest) "
        + "SELECT kind, entity_id, \(SQLiteSchema.provenanceColumns) "
        + "FROM migration_before_images WHERE run_id = ?1 AND from_run IS NOT NULL")
    _ = try execute(
      "DELETE FROM migration_provenance WHERE (kind, entity_id) IN "
        + "(SELECT kind, entity_id FROM migration_before_images "
        + "WHERE run_id = ?1 AND from_run IS NULL)")
    _ = try execute("DELETE FROM migration_before_images WHERE run_id = ?1")
    // What the run wrote last is now what it inserted; what refers to others goes before them.
    for kind in EntityKind.allCases.reversed() {
      counts.removed[kind] = try execute(
        "DELETE FROM \(kind.table) WHERE id IN (SELECT entity_id FROM migration_provenance "
          + "WHERE kind = '\(kind.rawValue)' AND run_id = ?1)")
    }
    _ = try execute("DELETE FROM migration_provenance WHERE run_id = ?1")
    return counts
  }
}
