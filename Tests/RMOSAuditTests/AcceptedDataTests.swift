import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Migrated entities pass the audit, and migration refuses what the audit calls an error.
@Suite struct AcceptedDataTests {
  /// Audits what a migration of `source` leaves in both kinds of store.
  private func expectNoError(_ source: String) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      do {
        _ = try Migration(from: source, into: SQLiteStore(path: path)).runSynchronously()
      }
      let memory = InMemoryStore()
      _ = try Migration(from: source, into: memory).runSynchronously()

      let inFile = try Auditor(of: SQLiteStore(path: path, access: .inspect)).runSynchronously()
      let inMemory = try Auditor(of: memory).runSynchronously()
      for report in [inFile, inMemory] {
        let errors = report.findings.filter { $0.severity == .error }
        #expect(errors.isEmpty, "\(errors)")
        #expect(report[.missingProvenance]?.total == 0)
        #expect(report[.danglingProvenance]?.total == 0)
      }
      #expect(inFile.counts == inMemory.counts)
      // Both stores give the same findings.
      for rule in AuditRule.all where inMemory[rule]?.state != .notApplicable {
        #expect(inFile[rule]?.counts == inMemory[rule]?.counts, "\(rule.code)")
      }
    }
  }

  @Test(arguments: Fixtures.contractCases)
  func conformanceCasesPass(_ example: ContractCase) throws {
    try expectNoError(example.source)
  }

  @Test(arguments: 0..<12)
  func randomTreesPass(_ seed: Int) throws {
    let tree = try RandomTree(seed: UInt64(seed) + 500)
    try withExtendedLifetime(tree) { try expectNoError(tree.path) }
  }

  /// A time on the calendar's first day is kept, with a warning by migration and audit.
  @Test func aTimeThatIsNoneIsAWarningOfBoth() throws {
    let job =
      #"{"id":"j","job_type":"slice","parameters":{"a":1},"end_time":"0001-01-01T00:00:00"}"#
    let tree = try SourceTree(["joblogs/j.json": job])
    let store = InMemoryStore()
    let summary = try withExtendedLifetime(tree) {
      try Migration(from: tree.path, into: store).runSynchronously()
    }
    #expect(summary.statistics.total.migrated == 1)
    let audit = try #require(try Auditor(of: store).runSynchronously()[.fieldRange])
    #expect(audit.counts == [.warning: 1])
  }

  @Test func warningsOfMigrationAreWarningsOfTheAudit() throws {
    var warned: Set<String> = []
    for example in Fixtures.contractCases {
      let store = InMemoryStore()
      _ = try Migration(from: example.source, into: store).runSynchronously()
      for result in try Auditor(of: store).runSynchronously().results
      where result.counts[.warning] != nil {
        warned.insert(result.rule.code)
      }
    }
    let shared: [AuditRule] = [.missingField, .fieldType, .emptyField, .unknownValue, .timeOrder]
    #expect(warned.isSuperset(of: shared.map(\.code)), "\(warned)")
  }

  @Test(arguments: 1...4)
  func oldDatabasesHaveSixDanglingReferencesAndNoOtherError(_ version: Int) throws {
    let fixture = try AuditFixture(Fixtures.database(version: version))
    let before = try fixture.contents()
    let report = try fixture.audit()
    let errors = report.findings.filter { $0.severity == .error }
    #expect(errors.count == 6)
    #expect(
      errors.allSatisfy {
        $0.code == "reference.missing" && $0.kind == .joblogs && $0.column == "pattern_id"
      }, "\(errors)")
    #expect(try fixture.contents() == before)
    // SQLite's own check alone says the same.
    let declared = try fixture.audit([.foreignKey])
    #expect(declared.errorCount == 6)
  }
}
