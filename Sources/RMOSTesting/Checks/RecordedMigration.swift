package import RMOSMigration
package import RMOSModels
package import RMOSStore

/// What a migration reported to its observer, in the terms of the contract's cases.
package struct RecordedMigration: Sendable {
  /// The outcome of each entity with the codes of its issues, in order.
  package var outcomes: [ContractCase.ExpectedOutcome] = []
  /// All issues, in order.
  package var issues: [Issue] = []
  /// The codes of the issues that belong to no entity, sorted.
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
          // Issues that concern no entity come between; they have no code of an entity.
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
