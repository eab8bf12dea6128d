import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Columns that another application declared with another type, by which SQLite converts values.
@Suite struct ColumnTypeTests {
  private static func patterns(
    _ id: String = "TEXT", name: String = "TEXT", rings: String = "INT"
  ) -> String {
    "DROP TABLE patterns; CREATE TABLE patterns (id \(id) PRIMARY KEY, name \(name) NOT NULL, "
      + "ring_count \(rings) NOT NULL, geometry_json JSON NOT NULL, strip_family_id TEXT, "
      + "created_at DATETIME, updated_at TIMESTAMP, metadata_json JSON, pattern_type VARCHAR(9), "
      + "rosette_geometry)"
  }

  private func migrate(
    _ source: [String: String], _ schema: String,
    _ check: (RecordedMigration, String) throws -> Void
  ) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      _ = try SQLiteStore(path: path)
      _ = try sqlite3(path, schema)
      let tree = try SourceTree(source)
      var options = Migration.Options()
      options.isDryRun = true
      let foreseen = try RecordedMigration(tree, into: SQLiteStore(path: path), options)
      options.isDryRun = false
      let real = try RecordedMigration(tree, into: SQLiteStore(path: path), options)
      #expect(foreseen.outcomes == real.outcomes && foreseen.issues == real.issues)
      try check(real, path)
      let again = try RecordedMigration(tree, into: SQLiteStore(path: path), options)
      #expect(again.summary.statistics.total.skipped == real.summary.statistics.total.migrated)
      #expect(!again.issues.contains { $0.code == .duplicateDiffers })
    }
  }

  private func pattern(_ id: String, name: String = "Rope", more: String = "") -> String {
    #"{"id": "\#(id)", "name": "\#(name)", "ring_count": 3, "geometry": {"a": 1}, "#
      + #""created_at": "2025-01-15"\#(more)}"# + "\n"
  }

  @Test func aTextThatWouldBecomeANumberIsRefused() throws {
    let names = ["007", "1e5", " 12 ", "-0.5", "12 mm", "0x10", "inf", "Rope"]
    let lines = names.enumerated().map { pattern("p\($0)", name: $1) }.joined()
    try migrate(["patterns/p.jsonl": lines], Self.patterns(name: "NUMERIC")) { run, path throws in
      #expect(run.summary.statistics[.patterns].failed == 4)
      #expect(
        run.issues.map(\.code) == Array(repeating: .storeRejected, count: 4)
          && run.issues.allSatisfy { $0.message.contains("declared as NUMERIC; declare it") })
      let kept = try sqlite3(path, "SELECT group_concat(name, '|') FROM patterns ORDER BY id")
      #expect(kept == "12 mm|0x10|inf|Rope")
    }
  }

  @Test func anIdKeepsItsZeros() throws {
    let lines = pattern("01") + pattern("1") + pattern("a")
    try migrate(["patterns/p.jsonl": lines], Self.patterns("NUMERIC")) { run, path throws in
      #expect(run.summary.statistics[.patterns].failed == 2)
      #expect(try sqlite3(path, "SELECT quote(id) FROM patterns") == "'a'")
    }
  }

  @Test func aNumberThatWouldBecomeTextIsRefused() throws {
    try migrate(["patterns/p.jsonl": pattern("p")], Self.patterns(rings: "TEXT")) { run, _ throws in
      #expect(run.issues.map(\.code) == [.storeRejected])
    }
  }

  /// Times and objects are no numbers to SQLite, so these types do no harm.
  @Test func whatIsKeptAsItIsMigrates() throws {
    let lines =
      pattern("p", more: #", "metadata": {"b": 2}"#) + pattern("q", more: #", "metadata": 5"#)
    try migrate(["patterns/p.jsonl": lines], Self.patterns()) { run, path throws in
      #expect(run.summary.statistics[.patterns].migrated == 1)
      #expect(try sqlite3(path, "SELECT id, metadata_json FROM patterns") == #"p|{"b":2}"#)
    }
  }
}
