import RMOSMigration
import RMOSModels
import RMOSStore

extension StoreConformance {
  /// Each case of the contract, dry and real, twice.
  static let contract: [Declaration] = {
    do {
      return try ContractCase.all().map { example in
        Declaration("\(example.name): \(example.why)", subject: { try check(example, $0) })
      }
    } catch {
      return [Declaration("the cases can be read", subject: { _ in throw error })]
    }
  }()

  private static func check(_ example: ContractCase, _ subject: Subject) throws {
    let store = try subject.store()
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    for file in example.files { try directory.write(file.bytes, to: "source/\(file.path)") }
    let source = directory.path + "/source"
    if example.files.isEmpty { try directory.makeDirectory("source") }
    var dry = Migration.Options()
    dry.isDryRun = true

    let rehearsed = try migrate(source, into: store, dry)
    try expect(try StoreContent(of: store).records, equals: [], "after the dry run")
    try expectRun(rehearsed, example)
    let migrated = try migrate(source, into: store)
    try expectRun(migrated, example)
    try expect(migrated.issues, equals: rehearsed.issues)
    let report = try MigrationReport(ofRun: nil, in: store)
    try expect(report.isSuccess, equals: migrated.summary.isSuccess)
    try expect(report.issueCounts, equals: migrated.summary.issueCounts)
    for row in example.rows { try expectRow(row, store) }
    try expectPassesAudit(store)

    let content = try StoreContent(of: store)
    let again = example.outcomes.map { outcome in
      var expected = outcome
      if outcome.outcome == .migrated {
        expected.outcome = .skipped
        expected.codes = (expected.codes + ["duplicate.identical"]).sorted()
      }
      return expected
    }
    let rehearsedAgain = try migrate(source, into: store, dry)
    let second = try migrate(source, into: store)
    try expect(second.outcomes, equals: again)
    try expect(rehearsedAgain.outcomes, equals: again)
    try expect(rehearsedAgain.issues, equals: second.issues)
    try expect(second.runIssues, equals: example.runIssues)
    try expect(try StoreContent(of: store), equals: content)
  }

  private static func expectRun(_ run: RecordedMigration, _ example: ContractCase) throws {
    try expect(run.outcomes, equals: example.outcomes)
    try expect(run.runIssues, equals: example.runIssues)
    try expect(run.summary.statistics, equals: example.statistics)
    let hasErrors = run.issues.contains { $0.severity == .error }
    try expect(run.summary.isSuccess, equals: !hasErrors)
    try expect(MigrationReport(of: run.summary).isSuccess, equals: !hasErrors)
  }

  private static func expectRow(_ row: ContractCase.ExpectedRow, _ store: any RecordStore) throws {
    let record = try store.read { try $0.record(row.kind, id: row.id) }
    for (column, value) in row.columns {
      let found = row.kind.schema.position(ofColumn: column).flatMap { record?.values[$0] }
      try expect(found, equals: value, "\(row.id).\(column)")
    }
  }
}
