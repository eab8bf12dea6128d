import Foundation
public import RMOSMigration
public import RMOSModels
public import RMOSStore
import Synchronization

/// What a migration told its observer, in the terms of the contract's cases.
public struct RecordedMigration: Sendable {
  /// The outcome of each entity with the codes of its issues, in order.
  package var outcomes: [ContractCase.ExpectedOutcome] = []
  /// All issues, in order.
  public var issues: [Issue] = []
  /// The codes of the issues that belong to no entity, sorted.
  public var runIssues: [String] {
    issues.filter(\.code.concernsSource).map(\.code.rawValue).sorted()
  }
  /// The summary.
  public var summary: MigrationSummary

  /// Runs a migration of `source` into `store` and records it.
  ///
  /// - Throws: What the migration throws.
  public init(
    _ source: String, into store: any RecordStore,
    _ options: Migration.Options = Migration.Options()
  ) throws {
    var outcomes: [ContractCase.ExpectedOutcome] = []
    var issues: [Issue] = []
    var told = 0
    summary = try Migration(from: source, into: store, options: options).runSynchronously(
      observer: { event in
        switch event {
        case .issue(let issue): issues.append(issue)
        case .outcome(let outcome):
          // Issues that concern no entity come between; they have no code of an entity.
          let codes = issues[told...].filter {
            !$0.code.concernsSource && $0.source != nil
          }.map(\.code.rawValue)
          told = issues.count
          outcomes.append(
            ContractCase.ExpectedOutcome(
              source: outcome.source, locator: outcome.locator?.text, id: outcome.id,
              outcome: outcome.outcome, codes: codes.sorted()))
        case .started, .progress, .finished: break
        }
      })
    self.outcomes = outcomes
    self.issues = issues
  }
}

extension RecordedMigration {
  /// Runs a migration of a tree, which is there until it ends.
  ///
  /// - Throws: What the migration throws.
  public init(
    _ tree: SourceTree, into store: any RecordStore,
    _ options: Migration.Options = Migration.Options()
  ) throws {
    self = try withExtendedLifetime(tree) {
      try RecordedMigration(tree.path, into: store, options)
    }
  }
}

/// A clock that stands still.
extension MigrationClock {
  /// Always the same moment.
  package static func fixed(_ now: String = "2026-03-01T09:30:00Z") -> MigrationClock {
    let seconds = (try? Date(now, strategy: .iso8601))?.timeIntervalSince1970 ?? 0
    return MigrationClock(now: { .seconds(seconds) }, uptime: { .zero })
  }
}
