import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTesting
import Testing

@testable import RMOSPostgres

extension ServerTests {
  @Suite("The views for people who query the database with another program", .serialized)
  struct LedgerViewTests {
    private static let names =
      "migration_joblogs_origin migration_patterns_origin migration_run_counts "
      + "migration_strip_families_origin"
    private let database: TestDatabase
    private let tree: LegacyTree

    init() throws {
      (database, tree) = (try TestDatabase(), try LegacyTree())
      try tree.fill(4)
    }

    private func migrate() async throws -> MigrationSummary {
      try await Migration(from: tree.path, into: try database.store()).run()
    }

    private func views() throws -> String? {
      try database.text(
        "SELECT string_agg(viewname, ' ' ORDER BY viewname) FROM pg_views "
          + "WHERE schemaname = '\(database.schema)'")
    }

    /// Returns a text that changes when a view is created or replaced.
    private func identity(_ view: String) throws -> String? {
      try database.text(
        "SELECT oid::text || ':' || xmin FROM pg_class "
          + "WHERE oid = '\(database.schema).\(view)'::regclass")
    }

    @Test("the counts of a run are a row")
    func counts() async throws {
      try tree.write(#"[{"id": "p"}, 7]"#, to: "patterns/bad.json")
      let summary = try await migrate()
      #expect(try views() == Self.names)
      let total = summary.statistics.total
      #expect(total.failed == 2)
      #expect(
        try database.text(
          "SELECT concat_ws('|', run, state, total_found, total_migrated, total_failed, "
            + "patterns_found, patterns_failed, joblogs_migrated, strip_families_found, host) "
            + "FROM migration_run_counts")
          == "1|completed|\(total.found)|\(total.migrated)|2|6|2|4|0|"
          + (try database.text("SELECT host FROM migration_runs") ?? "?"))
    }

    @Test(
      "counts that are not those of a run count as none",
      arguments: [
        "{", "", #"{"patterns":{"found":-3}}"#, #"{"patterns":{"found":99999999999999999999}}"#,
        #"{"patterns":{"note":"found"},"joblogs":{"x":{"found":7}}}"#,
      ])
    func strangeCounts(_ statistics: String) async throws {
      _ = try await migrate()
      try database.execute("UPDATE migration_runs SET statistics_json = \(statistics.sqlLiteral)")
      #expect(
        try database.text("SELECT patterns_found + joblogs_found FROM migration_run_counts") == "0")
    }

    @Test("the origin of each entity is readable")
    func origins() async throws {
      _ = try await migrate()
      try database.store().read { reader in
        for kind in EntityCatalog.rmos.kinds {
          #expect(
            try database.text("SELECT count(*) FROM migration_\(kind.table)_origin")
              == "\(try reader.count(RecordQuery(kind)))")
          for record in try reader.records(RecordQuery(kind)) {
            let origin = try #require(try reader.provenance(kind, id: record.id))
            let row = try database.text(
              "SELECT concat_ws('|', o.source, o.path, o.sha256, o.run, o.kept_aside_json) "
                + "FROM \(kind.table) e JOIN migration_\(kind.table)_origin o USING (id) "
                + "WHERE e.id = \(record.id.sqlLiteral)")
            let expected = [
              tree.path, origin.path, "\(origin.sha256)", "1", origin.unknownMembers,
            ]
            #expect(row == expected.compactMap { $0 }.joined(separator: "|"))
          }
        }
      }
    }

    @Test("other applications can change the shared tables")
    func otherApplications() async throws {
      _ = try await migrate()
      try database.execute(
        """
        BEGIN;
        CREATE TABLE new_joblogs AS TABLE joblogs;
        DROP TABLE joblogs;
        ALTER TABLE new_joblogs RENAME TO joblogs;
        ALTER TABLE patterns ALTER COLUMN name TYPE varchar, DROP COLUMN metadata_json;
        COMMIT
        """)
      #expect(
        try database.text(
          "SELECT count(*) FROM migration_joblogs_origin JOIN joblogs USING (id)")
          == "4")
    }

    @Test("a database without them gets them with the next write, and only then")
    func olderDatabases() async throws {
      _ = try await migrate()
      for view in Self.names.split(separator: " ") { try database.execute("DROP VIEW \(view)") }
      _ = try database.store(access: .readOnly).read { try $0.count(RecordQuery(.patterns)) }
      _ = try database.store().read { try $0.count(RecordQuery(.patterns)) }
      #expect(try views() == nil)
      try database.store().bringUpToDate()
      #expect(try views() == Self.names)
    }

    @Test("a view with another definition is created again; the others stay as they are")
    func definedOtherwise() async throws {
      _ = try await migrate()
      let sql = "SELECT pg_get_viewdef('\(database.schema).migration_run_counts'::regclass)"
      let before = try database.text(sql)
      let identity = try identity("migration_joblogs_origin")
      try database.execute(
        """
        DROP VIEW migration_run_counts; CREATE VIEW migration_run_counts AS SELECT 1 AS run;
        COMMENT ON VIEW migration_run_counts IS 'RMOS: an earlier one (definition 0123456789ab)';
        DROP VIEW migration_patterns_origin
        """)
      _ = try await migrate()
      #expect(try database.text(sql) == before && views() == Self.names)
      // A view with the same columns is replaced, and keeps its privileges.
      try database.execute(
        """
        CREATE OR REPLACE VIEW migration_strip_families_origin AS
          SELECT id, source, path, locator, byte_offset, byte_length, 'none' AS sha256, run,
            run_started_at, kept_aside_json FROM migration_joblogs_origin;
        GRANT SELECT ON migration_strip_families_origin TO pg_monitor
        """)
      try database.store().bringUpToDate()
      #expect(try database.text("SELECT count(*) FROM migration_strip_families_origin") == "0")
      #expect(
        try database.text(
          "SELECT has_table_privilege('pg_monitor', "
            + "'\(database.schema).migration_strip_families_origin', 'SELECT')") == "t")
      #expect(try self.identity("migration_joblogs_origin") == identity)
    }

    @Test("other objects with their names stay, and so does a view on which another depends")
    func namesOfOthers() async throws {
      _ = try await migrate()
      try database.execute(
        """
        DROP VIEW migration_run_counts; CREATE TABLE migration_run_counts (a int);
        DROP VIEW migration_patterns_origin; CREATE TYPE migration_patterns_origin AS (a int);
        DROP VIEW migration_joblogs_origin; CREATE VIEW migration_joblogs_origin AS SELECT 7 AS a;
        CREATE VIEW mine AS SELECT a FROM migration_joblogs_origin;
        DROP VIEW migration_strip_families_origin;
        CREATE VIEW migration_strip_families_origin AS SELECT 8 AS a
        """)
      let summary = try await migrate()
      #expect(summary.isSuccess && summary.statistics.total.skipped == 8)
      #expect(try database.text("SELECT count(*) FROM migration_run_counts") == "0")
      #expect(try database.text("SELECT a FROM mine") == "7")
      #expect(try database.text("SELECT a::text FROM migration_strip_families_origin") == "8")
      let store = try database.store()
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      #expect(try store.read { try $0.contains(.patterns, id: "a") })
    }

    @Test("a role that may only change rows works without them")
    func fewRights() async throws {
      _ = try await migrate()
      let role = "writer_\(database.schema)"
      try database.execute(
        """
        DROP VIEW migration_run_counts;
        CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA \(database.schema) TO \(role);
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(database.schema) TO \(role)
        """)
      defer { _ = try? database.execute("DROP OWNED BY \(role); DROP ROLE \(role)") }
      let store = try PostgresStore(url: database.url.replacing("postgres@", with: "\(role)@"))
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
      #expect(try views()?.contains("run_counts") == false)
    }

    @Test("a ledger that was dropped is created again with them")
    func droppedLedger() async throws {
      _ = try await migrate()
      let tables = LedgerTable.allNames.joined(separator: ", ")
      try database.execute("DROP TABLE \(tables) CASCADE")
      #expect(try views() == nil)
      let again = try await migrate()
      #expect(again.run == 1 && again.isSuccess)
      #expect(try views() == Self.names)
    }
  }
}
