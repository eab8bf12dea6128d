import Foundation
import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTesting
import Testing

@testable import RMOSPostgres

extension ServerTests {
  @Suite("Migrating into PostgreSQL", .serialized)
  struct MigrationTests {
    @Test("the content, the export and the audit are those of a SQLite store")
    func sameAsSQLite() async throws {
      let (tree, output) = (try LegacyTree(), try LegacyTree())
      try tree.fill(300)
      let database = try TestDatabase()
      let store = try database.store()
      let other = try SQLiteStore(path: output.path + "/rmos.db")
      for store in [store, other] as [any RecordStore] {
        let summary = try await Migration(from: tree.path, into: store).run()
        #expect(summary.isSuccess)
        #expect(summary.statistics.total.migrated == 600)
      }
      #expect(
        try withoutTimes(StoreContent(of: store).records)
          == withoutTimes(StoreContent(of: other).records))
      let report = try await Auditor(of: store).run()
      #expect(report.errorCount == 0 && report.warningCount == 0, "\(report.findings)")
      // Timestamps that the source does not give differ from run to run, so the records are copied
      // to compare the exports.
      let copy = try SQLiteStore(path: output.path + "/copy.db")
      try copy.write { transaction in
        try store.read { reader in
          for kind in reader.catalog.kinds {
            try reader.forEachRecord(kind) { record in
              let provenance = try reader.provenance(kind, id: record.id)
              try transaction.insert(record, provenance: provenance)
            }
          }
        }
      }
      for (store, name) in [(store as any RecordStore, "a"), (copy, "b")] {
        _ = try await Export(of: store, to: output.path + "/" + name).run()
      }
      let files = try LegacyTree.files(below: output.path + "/a")
      #expect(!files.isEmpty)
      #expect(try LegacyTree.files(below: output.path + "/b") == files)
    }

    @Test(
      "a ledger that lost a table is read as far as it goes",
      arguments: [
        "migration_runs", "migration_issues", "migration_before_images", "migration_provenance",
        "migration_version",
      ])
    func lostTable(_ table: String) async throws {
      let tree = try LegacyTree()
      try tree.write(
        #"{"id": "p", "name": "Rope", "ring_count": 3, "geometry": {"a": 1}, "shelf": 7}"#,
        to: "patterns/p.json")
      let database = try TestDatabase()
      _ = try await Migration(from: tree.path, into: try database.store()).run()
      try database.execute("DROP TABLE \(table) CASCADE")
      let reading = try database.store(access: .readOnly)
      try reading.read { reader throws in
        let kept = try reader.provenance(.patterns, id: "p")?.unknownMembers
        #expect(kept == (table == "migration_provenance" ? nil : #"{"shelf":7}"#))
        #expect(
          try reader.runs(limit: nil, offset: 0).count == (table == "migration_runs" ? 0 : 1))
        #expect(try reader.inspection.missingTables() == [table])
      }
      var options = Migration.Options()
      options.isDryRun = true
      let foreseen = try await Migration(from: tree.path, into: reading, options: options).run()
      let store = try database.store()
      let real = try await Migration(from: tree.path, into: store).run()
      #expect(foreseen.statistics == real.statistics && foreseen.issues == real.issues)
      #expect(real.run == 2)
      #expect(try reading.read { try $0.inspection.missingTables() }.isEmpty)
      #expect(try reading.read { try $0.run(2) } != nil)
    }

    @Test("an entity with NUL is refused alone")
    func nul() async throws {
      let tree = try LegacyTree()
      try tree.fill(20)
      for (name, member) in [("name", "name"), ("id", "id")] {
        try tree.write(
          #"{"id": "nul-\#(name)\#(member == "id" ? #"\u0000"# : "")", "#
            + #""name": "a\#(member == "name" ? #"\u0000"# : "")b", "ring_count": 1, "#
            + #""geometry": {"a": "\u0000"}}"#, to: "patterns/nul-\(name).json")
      }
      let database = try TestDatabase()
      let store = try database.store()
      let summary = try await Migration(from: tree.path, into: store).run()
      #expect(summary.statistics[.patterns].failed == 2)
      #expect(summary.statistics.total.migrated == 40)
      #expect(summary.issueCounts[.storeRejected] == 2)
      let run = try #require(summary.run)
      let issues = try store.read { try $0.issues(matching: IssueQuery(run: run)) }
      #expect(issues.filter { $0.code == .storeRejected }.allSatisfy { $0.message.contains("NUL") })
      #expect(issues.compactMap(\.id).contains("nul-id\u{2400}"))
    }

    @Test("a run whose session is ended stops, and running again completes it")
    func endedSession() async throws {
      let tree = try LegacyTree()
      try tree.fill(400)
      let database = try TestDatabase()
      let store = try database.store()
      var options = Migration.Options()
      options.batchSize = 50
      let killer = Killer(database)
      await #expect(throws: StoreError.self) {
        _ = try await Migration(from: tree.path, into: store, options: options).run { event in
          if case .progress(let progress) = event, progress.statistics.total.found >= 300 {
            killer.endWriters()
          }
        }
      }
      let found = try store.read { try $0.count(RecordQuery(.patterns)) }
      #expect(found > 0 && found.isMultiple(of: 50))
      #expect(store.hasWriter == false)
      let summary = try await Migration(from: tree.path, into: store, options: options).run()
      #expect(summary.isSuccess)
      let quiet = InMemoryStore()
      _ = try await Migration(from: tree.path, into: quiet).run()
      #expect(
        try withoutTimes(StoreContent(of: store).records)
          == withoutTimes(StoreContent(of: quiet).records))
      #expect(try await Auditor(of: store).run().errorCount == 0)
    }

    @Test("the recommended indexes are there after a load, and after one that failed")
    func indexes() async throws {
      let tree = try LegacyTree()
      try tree.fill(5)
      let database = try TestDatabase()
      let store = try database.store()
      struct Abandon: Error {}
      for fails in [true, false] {
        do {
          try store.withExclusiveWriter {
            try store.withBulkLoad {
              let count = try database.indexCount
              #expect(count == 0)
              if fails { throw Abandon() }
              try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
            }
          }
        } catch is Abandon {}
        #expect(try database.indexCount == 7)
      }
      try store.withExclusiveWriter {
        let count = try store.withBulkLoad { try database.indexCount }
        #expect(count == 7)
      }
      try database.execute("DROP INDEX idx_patterns_name")
      try store.bringUpToDate()
      #expect(try database.indexCount == 7)
    }

    @Test("a lock of another application does not undo a load, nor what the user asked for")
    func lockedTable() throws {
      let database = try TestDatabase()
      let store = try database.store(busyTimeout: .milliseconds(100))
      let other = try PostgresConnection(PostgresAddress(database.url))
      try store.withExclusiveWriter {
        try store.withBulkLoad {
          try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
          try other.execute("BEGIN; LOCK TABLE patterns IN SHARE ROW EXCLUSIVE MODE")
        }
        #expect(try database.indexCount == 0)
        // The index is not created, and the user is told.
        let error = #expect(throws: StoreError.self) { try store.bringUpToDate() }
        #expect(error?.code == .busy)
        try other.execute("ROLLBACK")
        try store.withBulkLoad {}
        #expect(try database.indexCount == 7)
        // The indexes are not dropped.
        try store.write { _ = try $0.delete(.patterns, id: "a") }
        try other.execute("BEGIN; LOCK TABLE patterns IN ROW SHARE MODE")
        let count = try store.withBulkLoad { try database.indexCount }
        #expect(count == 7)
        // The statistics are not updated.
        try other.execute("ROLLBACK")
        try store.withBulkLoad {
          #expect(try database.indexCount == 0)
          try other.execute(
            "BEGIN; LOCK TABLE migration_provenance IN SHARE UPDATE EXCLUSIVE MODE")
        }
        #expect(try database.indexCount == 7)
      }
    }

    @Test("the tables of an older ledger are read, and completed by the next run")
    func olderLedger() async throws {
      let tree = try LegacyTree()
      try tree.fill(5)
      let database = try TestDatabase()
      _ = try await Migration(from: tree.path, into: try database.store()).run()
      try database.execute(
        """
        DROP TABLE migration_failures;
        DROP VIEW migration_run_counts;
        ALTER TABLE migration_runs DROP COLUMN "user", DROP COLUMN host,
          DROP COLUMN failed_new, DROP COLUMN failed_known, DROP COLUMN known_since;
        ALTER TABLE migration_issues DROP COLUMN is_new;
        UPDATE migration_version SET version = 2
        """)
      let reading = try database.store(access: .readOnly)
      let run = try #require(try reading.read { try $0.runs(limit: nil, offset: 0) }.first)
      #expect(run.user == nil && run.host == nil && run.failedNew == nil)
      #expect(try reading.read { try $0.failures(ofRun: run.id, among: [.zero]) }.isEmpty)
      try tree.write("{}", to: "patterns/new.json")
      let store = try database.store()
      let summary = try await Migration(from: tree.path, into: store).run()
      #expect(summary.statistics.total.skipped == 10 && summary.statistics.total.failed == 1)
      let runs = try store.read { try $0.runs(limit: nil, offset: 0) }
      #expect(runs.map { $0.host == nil } == [false, true])
      #expect(try database.text("SELECT max(version)::text FROM migration_version") == "3")
    }

    @Test("what a run changed can be undone, also below a trigger")
    func undo() async throws {
      let tree = try LegacyTree()
      try tree.fill(30)
      for hasTrigger in [false, true] {
        let database = try TestDatabase()
        let store = try database.store()
        if hasTrigger {
          try database.execute(
            """
            CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF NEW.id = 'p7' THEN RAISE EXCEPTION 'no seven'; END IF;
              NEW.name := upper(NEW.name); RETURN NEW; END $$;
            CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON patterns
              FOR EACH ROW EXECUTE FUNCTION shout()
            """)
          guard case .unforeseeable(let reason) = try store.rehearsal(isCancelled: { false }) else {
            throw UnexpectedResult("the rehearsal foresees a trigger")
          }
          #expect(reason.contains("shout"))
        }
        let first = try await Migration(from: tree.path, into: store).run()
        // The pattern that the trigger refuses, and the job that refers to it.
        #expect(first.statistics.total.failed == (hasTrigger ? 2 : 0))
        let before = try StoreContent(of: store)
        try tree.write(
          #"{"id": "p1", "name": "Changed", "ring_count": 2, "geometry": {"a": 1}}"#,
          to: "patterns/p1.json")
        try tree.write(
          #"{"id": "new", "name": "New", "ring_count": 2, "geometry": {"a": 1}}"#,
          to: "patterns/new.json")
        var options = Migration.Options()
        options.onDuplicate = .update
        let second = try await Migration(from: tree.path, into: store, options: options).run()
        // The rows that the trigger changed differ from the source.
        #expect(second.statistics.total.updated == (hasTrigger ? 29 : 1))
        #expect(second.statistics.total.migrated == 1)
        _ = try await Undo(of: try #require(second.run), in: store).run()
        #expect(try StoreContent(of: store).records == before.records)
        #expect(try StoreContent(of: store).provenance == before.provenance)
        try tree.fill(30)
        try FileManager.default.removeItem(atPath: tree.path + "/patterns/new.json")
      }
    }

    @Test("a backup holds what was there, and the oldest are dropped")
    func backups() async throws {
      let database = try TestDatabase()
      let store = try database.store()
      let tree = try LegacyTree()
      for run in 1...6 {
        try tree.fill(run)
        let summary = try await Migration(from: tree.path, into: store).run()
        #expect((summary.backup == nil) == (run == 1))
      }
      let schemas = try database.text(
        "SELECT string_agg(right(nspname, 1), '' ORDER BY nspname) FROM pg_namespace "
          + "WHERE nspname LIKE '\(database.schema)\\_before\\_run\\_%'")
      #expect(schemas == "456")
      #expect(
        try database.text("SELECT count(*) FROM \(database.schema)_before_run_6.patterns") == "5")
    }

    @Test("the documented statements restore all tables from a backup")
    func restore() async throws {
      let database = try TestDatabase()
      let store = try database.store()
      let tree = try LegacyTree()
      try tree.fill(3)
      try tree.write(#"{"id": "bad"}"#, to: "patterns/bad.json")
      _ = try await Migration(from: tree.path, into: store).run()
      let tables = PostgresLayout.names(.rmos).filter { !$0.contains("version") }
      func dump(_ schema: String) throws -> [String] {
        try tables.map { table in
          let rows = try database.text(
            "SELECT string_agg(t::text, '' ORDER BY t::text) FROM \(schema).\(table) t")
          return "\(table): \(rows ?? "")"
        }
      }
      let before = try dump(database.schema)
      try tree.fill(7)
      try tree.write(#"{"id": "worse"}"#, to: "patterns/worse.json")
      _ = try await Migration(from: tree.path, into: store).run()
      #expect(try dump(database.schema) != before)

      let page = try String(
        contentsOf: URL(fileURLWithPath: #filePath + "/../../../../../Documentation/Postgres.md")
          .standardized, encoding: .utf8)
      let start = try #require(page.range(of: "BEGIN;"))
      let end = try #require(page.range(of: "COMMIT;", range: start.upperBound..<page.endIndex))
      let script = String(page[start.lowerBound..<end.upperBound])
        .replacing("rmos_before_run_12.", with: "\(database.schema)_before_run_2.")
        .replacing("rmos.", with: database.schema + ".")
      try database.execute(script)
      #expect(try dump(database.schema) == before)
      let again = try await Migration(from: tree.path, into: store).run()
      #expect(again.statistics.total.migrated == 8 && again.run == 2)
    }

    /// Returns the records without timestamps that are the time of the run.
    private func withoutTimes(_ records: [Record]) -> [Record] {
      records.map { record in
        var record = record
        for field in record.kind.schema.fields
        where field.member.hasSuffix("ed_at")
          && record[field.member] != .text("2025-01-02 03:04")
        {
          record[field.member] = .null
        }
        return record
      }
    }
  }
}

/// The error for a result that a test does not expect.
struct UnexpectedResult: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension TestDatabase {
  /// The number of recommended indexes.
  var indexCount: Int {
    get throws {
      let count = try text(
        "SELECT count(*) FROM pg_indexes WHERE schemaname = '\(schema)' AND indexname LIKE 'idx%'")
      return Int(count ?? "") ?? -1
    }
  }
}

/// Ends sessions, as an administrator or a crash would.
final class Killer: Sendable {
  private let url: String
  private let schema: String

  init(_ database: TestDatabase) {
    url = database.url
    schema = database.schema
  }

  func endWriters() {
    _ = try? TestDatabase.execute(
      "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_namespace n ON n.oid = l.objid "
        + "WHERE l.locktype = 'advisory' AND n.nspname = '\(schema)'", url)
  }

  func endAll() {
    _ = try? TestDatabase.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rmos' "
        + "AND pid <> pg_backend_pid()", url)
  }
}
