import RMOSAudit
package import RMOSMigration
package import RMOSModels
import RMOSSamples
package import RMOSStore

extension StoreConformance {
  /// Checks of whole runs on samples.
  static let migrations = [
    Declaration("a sample migrates, is audited and undone as in memory") { subject in
      try withSample(brokenPercent: 20) { source in
        let (store, memory) = (try subject.store(), InMemoryStore())
        let found = try migrate(source, into: store)
        try expect(found.outcomes, equals: migrate(source, into: memory).outcomes)
        let content = try StoreContent(of: store)
        try expect(content, equals: StoreContent(of: memory))
        try expectPassesAudit(store)

        let again = try migrate(source, into: store)
        try expect(again.summary.statistics.total.migrated, equals: 0)
        try expect(try StoreContent(of: store), equals: content)

        let undone = try Undo(of: 1, in: store).runSynchronously()
        try expect(undone.obstacleCount, equals: 0)
        try expect(try StoreContent(of: store).records.isEmpty)
      }
    },
    Declaration("a run that updates is undone to what was there") { subject in
      try withSample(seed: 1) { first in
        try withSample(seed: 2) { second in
          let store = try subject.store()
          _ = try migrate(first, into: store)
          let before = try StoreContent(of: store)
          var options = Migration.Options()
          options.onDuplicate = .update
          options.isDryRun = true
          let rehearsed = try migrate(second, into: store, options)
          options.isDryRun = false
          let done = try migrate(second, into: store, options)
          try expect(done.outcomes, equals: rehearsed.outcomes)
          try expect(done.summary.statistics.total.updated > 0)
          let undone = try Undo(of: 2, in: store).runSynchronously()
          try expect(undone.obstacleCount, equals: 0)
          try expect(try StoreContent(of: store), equals: before)
          try expectPassesAudit(store)
        }
      }
    },
    Declaration("an atomic run with a failure writes nothing") { subject in
      try withSample(brokenPercent: 20) { source in
        let store = try subject.store()
        try store.write { try $0.insert(StoreSamples.record(.patterns, "before")) }
        let before = try StoreContent(of: store)
        var options = Migration.Options()
        options.isAtomic = true
        let done = try migrate(source, into: store, options)
        try expect(done.summary.statistics.total.failed > 0)
        try expect(try StoreContent(of: store), equals: before)
      }
    },
    Declaration("a run that the store cuts off anywhere can be run again") { subject in
      try withSample { source in
        let quiet = try subject.store()
        var options = Migration.Options()
        options.batchSize = 7
        options.takesBackup = false
        let counting = FaultyStore(quiet, failingAt: nil)
        _ = try migrate(source, into: counting, options)
        let expected = try StoreContent(of: quiet)
        for (moment, code) in moments(counting.counts) {
          let store = try subject.store()
          let faulty = FaultyStore(store, failingAt: moment, with: code)
          try expect(code) { _ = try migrate(source, into: faulty, options) }
          faulty.repair()
          let content = try StoreContent(of: store)
          try expect(
            content.records.count == content.provenance.count,
            "\(moment): a row was committed without its provenance")
          _ = try migrate(source, into: faulty, options)
          try expect(
            try StoreContent(of: store) == expected,
            "\(moment), \(code): the second run did not give what a quiet one does")
        }
      }
    },
    Declaration("an undo that the store cuts off anywhere changes nothing") { subject in
      try withSample { source in
        let store = try subject.store()
        _ = try migrate(source, into: store)
        let before = try StoreContent(of: store)
        for moment in [FaultyStore.Moment.call(1), .call(4), .beforeCommit(1)] {
          let faulty = FaultyStore(store, failingAt: moment, with: .inputOutput)
          try expect(.inputOutput) { _ = try Undo(of: 1, in: faulty).runSynchronously() }
          try expect(try StoreContent(of: store), equals: before)
        }
        try expect(try Undo(of: 1, in: store).runSynchronously().obstacleCount, equals: 0)
        try expect(try StoreContent(of: store).records, equals: [])
      }
    },
  ]

  /// Returns about twenty moments of a run, each with an error.
  private static func moments(
    _ counts: FaultyStore.Counts
  ) -> [(FaultyStore.Moment, StoreError.Code)] {
    func spread(_ count: Int) -> [Int] {
      let step = max(1, count / 5)
      return Array(stride(from: 1, through: count, by: step))
    }
    return spread(counts.calls).map { (.call($0), .inputOutput) }
      + spread(counts.entities).map { (.entity($0), .diskFull) }
      + spread(counts.commits).map { (.beforeCommit($0), .diskFull) }
      + spread(counts.commits).map { (.afterCommit($0), .inputOutput) }
  }

  private static func withSample(
    brokenPercent: Int = 0, seed: UInt64 = 1, _ body: (String) throws -> Void
  ) throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    let source = directory.path + "/legacy"
    _ = try SampleTree(count: 60, brokenPercent: brokenPercent, seed: seed).write(to: source)
    try body(source)
  }

  static func migrate(
    _ source: String, into store: any RecordStore,
    _ options: Migration.Options = Migration.Options()
  ) throws -> RecordedMigration {
    var options = options
    // The time of the run replaces timestamps that the source does not give; two runs must not
    // differ in it.
    options.clock = MigrationClock(now: { .seconds(1_772_357_400) }, uptime: { .zero })
    return try RecordedMigration(source, into: store, options)
  }

  /// Expects an audit to find no error.
  static func expectPassesAudit(
    _ store: any RecordStore, file: StaticString = #fileID, line: UInt = #line
  ) throws {
    let report = try Auditor(of: store).runSynchronously()
    let errors = report.findings.filter { $0.severity == .error }
    try expect(errors.map(\.message), equals: [], "audit", file: file, line: line)
  }
}

/// The outcomes and issues of a migration, in the form of the contract's cases.
package struct RecordedMigration: Sendable {
  /// The outcome of each entity with the codes of its issues, in order.
  package var outcomes: [ContractCase.ExpectedOutcome] = []
  /// All issues, in order.
  package var issues: [Issue] = []
  /// The codes of the issues that do not belong to an entity, sorted.
  package var runIssues: [String] {
    issues.filter(\.code.concernsSource).map(\.code.rawValue).sorted()
  }
  /// The summary.
  package var summary: MigrationSummary

  /// Runs a migration of `source` into `store` and records it.
  ///
  /// - Throws: What the migration throws.
  package init(
    _ source: String, into store: any RecordStore,
    _ options: Migration.Options = Migration.Options()
  ) throws {
    var outcomes: [ContractCase.ExpectedOutcome] = []
    var issues: [Issue] = []
    var reported = 0
    summary = try Migration(from: source, into: store, options: options).runSynchronously(
      observer: { event in
        switch event {
        case .issue(let issue): issues.append(issue)
        case .outcome(let outcome, _, let id, let source, let locator):
          // Between the issues of entities there may be some that do not belong to one.
          let codes = issues[reported...].filter {
            !$0.code.concernsSource && $0.source != nil
          }.map(\.code.rawValue)
          reported = issues.count
          outcomes.append(
            ContractCase.ExpectedOutcome(
              source: source, locator: locator?.text, id: id, outcome: outcome,
              codes: codes.sorted()))
        case .started, .progress, .finished: break
        }
      })
    self.outcomes = outcomes
    self.issues = issues
  }
}
