import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Databases that the older applications wrote.
///
/// They hold 8 strip families, 7 patterns and 12 job logs, 6 of which refer to missing patterns.
@Suite struct OldDatabaseTests {
  @Test(arguments: 1...4)
  func theExampleCompletesADatabaseOfAnyVersion(_ version: Int) throws {
    try TemporaryDirectory.use { directory in
      let path = try Fixtures.copyDatabase(version: version, into: directory)
      var dry = Migration.Options()
      dry.isDryRun = true
      // The database as it is, opened without a trace.
      let before = try StoreContent(of: SQLiteStore(path: path, access: .readOnly))
      let rehearsed = try RecordedMigration(
        Fixtures.exampleTree, into: SQLiteStore(path: path, access: .readOnly), dry)

      let store = try SQLiteStore(path: path, access: .readWrite)
      let migrated = try RecordedMigration(Fixtures.exampleTree, into: store)
      #expect(migrated.outcomes == rehearsed.outcomes)
      #expect(migrated.issues == rehearsed.issues)
      let statistics = migrated.summary.statistics
      #expect(statistics[.stripFamilies].skipped == 8)
      #expect(statistics[.patterns].skipped == 7)
      #expect(statistics[.patterns].migrated == 17)
      #expect(statistics[.joblogs].skipped == 12)
      #expect(statistics[.joblogs].migrated == 28)
      #expect(statistics.total.failed == 0)

      // The rows that were there are unchanged.
      let after = try StoreContent(of: store)
      #expect(Set(after.records).isSuperset(of: before.records))
      #expect(after.records.count == 72)
      let expected = version == 1 ? 2 : version
      #expect(try store.read { try $0.schemaVersion() }?.version == expected)

      let again = try RecordedMigration(Fixtures.exampleTree, into: store)
      #expect(again.summary.statistics.total.skipped == 72)
      #expect(try StoreContent(of: store) == after)
    }
  }

  /// A dry run says what the run adds to the schema.
  @Test(arguments: [
    (1, "", Severity.info, ["patterns.pattern_type", "patterns.rosette_geometry"]),
    (
      2,
      "ALTER TABLE patterns DROP COLUMN rosette_geometry; ALTER TABLE joblogs DROP COLUMN results_json",
      .warning, ["patterns.rosette_geometry", "joblogs.results_json"]
    ),
  ])
  func columnsThatARunAddsAreForeseen(
    _ version: Int, _ sql: String, _ severity: Severity, _ columns: [String]
  ) throws {
    try TemporaryDirectory.use { directory in
      let path = try Fixtures.copyDatabase(version: version, into: directory)
      if !sql.isEmpty { _ = try sqlite3(path, sql) }
      var options = Migration.Options()
      options.isDryRun = true
      let store = try SQLiteStore(path: path, access: .readOnly)
      let foreseen = try RecordedMigration(Fixtures.exampleTree, into: store, options)
      let issues = foreseen.issues.filter { $0.code == .storeIncomplete }
      #expect(issues.map(\.severity) == [severity])
      for column in columns {
        #expect(issues.first?.message.contains(column) == true, "\(issues)")
      }
      let opened = try SQLiteStore(path: path, access: .readWrite)
      let real = try RecordedMigration(Fixtures.exampleTree, into: opened)
      #expect(real.issues == foreseen.issues)
      let again = try RecordedMigration(Fixtures.exampleTree, into: opened)
      #expect(!again.issues.contains { $0.code == .storeIncomplete })
    }
  }

  /// The older application serializes JSON its own way; that alone is no difference.
  @Test func jsonWrittenByTheOlderApplicationIsTheSameData() throws {
    try TemporaryDirectory.use { directory in
      let path = try Fixtures.copyDatabase(version: 2, into: directory)
      let store = try SQLiteStore(path: path, access: .readWrite)
      let recorded = try RecordedMigration(Fixtures.exampleTree, into: store)
      let differing = recorded.issues.filter { $0.code == .duplicateDiffers }
      #expect(!differing.isEmpty)
      for issue in differing {
        // Only times, which that application set itself, and members unknown to it may differ.
        for member in ["geometry", "metadata", "strips", "parameters", "results", "name"] {
          #expect(!issue.message.contains("\"\(member)\""), "\(issue.message)")
        }
      }
    }
  }
}
