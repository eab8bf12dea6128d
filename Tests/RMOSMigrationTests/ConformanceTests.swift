import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Every case of the contract by example, through both stores.
@Suite struct ConformanceTests {
  enum Backend: String, CaseIterable, Sendable {
    case sqlite, inMemory

    func store(in directory: TemporaryDirectory) throws -> any RecordStore {
      switch self {
      case .sqlite: try SQLiteStore(path: directory.file("rmos.db"))
      case .inMemory: InMemoryStore()
      }
    }
  }

  @Test func theCasesAreThere() {
    #expect(Fixtures.conformanceCases.count >= 35)
  }

  @Test(arguments: Fixtures.conformanceCases, Backend.allCases)
  func caseHolds(_ example: ConformanceCase, _ backend: Backend) throws {
    try TemporaryDirectory.use { directory in
      let store = try backend.store(in: directory)
      var dry = Migration.Options()
      dry.isDryRun = true

      let rehearsed = try RecordedMigration(example.source, into: store, dry)
      #expect(try StoreContent(of: store).records.isEmpty)
      try check(rehearsed, example, example.outcomes)

      let migrated = try RecordedMigration(example.source, into: store)
      try check(migrated, example, example.outcomes)
      #expect(migrated.issues == rehearsed.issues)
      let report = try MigrationReport(ofRun: nil, in: store)
      #expect(report.isSuccess == migrated.summary.isSuccess)
      #expect(report.issueCounts == migrated.summary.issueCounts)
      for row in example.rows { try check(row, in: store) }

      let content = try StoreContent(of: store)
      let again = example.outcomes.map { outcome in
        var expected = outcome
        if outcome.outcome == .migrated {
          expected.outcome = .skipped
          expected.codes = (expected.codes + ["duplicate.identical"]).sorted()
        }
        return expected
      }
      let rehearsedAgain = try RecordedMigration(example.source, into: store, dry)
      let second = try RecordedMigration(example.source, into: store)
      #expect(second.outcomes == again)
      #expect(rehearsedAgain.outcomes == again)
      #expect(rehearsedAgain.issues == second.issues)
      #expect(second.runIssues == example.runIssues)
      #expect(try StoreContent(of: store) == content)
    }
  }

  private func check(
    _ recorded: RecordedMigration, _ example: ConformanceCase,
    _ outcomes: [ConformanceCase.ExpectedOutcome]
  ) throws {
    #expect(recorded.outcomes == outcomes)
    #expect(recorded.runIssues == example.runIssues)
    #expect(recorded.summary.statistics == example.statistics)
    let hasErrors = recorded.issues.contains { $0.severity == .error }
    #expect(recorded.summary.isSuccess == !hasErrors)
    #expect(MigrationReport(of: recorded.summary).isSuccess == !hasErrors)
  }

  private func check(
    _ row: ConformanceCase.ExpectedRow, in store: any RecordStore
  ) throws {
    let record = try #require(try store.read { try $0.record(row.kind, id: row.id) })
    for (column, value) in row.columns {
      let position = try #require(row.kind.schema.position(ofColumn: column))
      #expect(record.values[position] == value, "\(row.id).\(column)")
    }
  }
}
