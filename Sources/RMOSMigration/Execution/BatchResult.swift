import RMOSModels
import RMOSStore

/// What became of a batch.
struct BatchResult {
  /// What became of one entity, and which of ``BatchResult/issues`` are about it.
  struct EntityResult {
    var outcome: Outcome
    var issues: Range<Int>
  }

  private(set) var statistics = MigrationStatistics()
  private(set) var issueCounts: [IssueCode: Int] = [:]
  /// The issues, in order; between those of the entities stand those that concern none.
  private(set) var issues: [Issue] = []
  /// How many issues of severity info were counted and not reported.
  private(set) var unreportedInformation = 0
  /// The entities that were gone through, in order.
  private(set) var outcomes: [EntityResult] = []
  /// Why the run is to end after this batch.
  var ending: MigrationSummary.Ending?

  /// Adds an issue that concerns no entity.
  mutating func add(notice: Issue) { add(notice) }

  /// Adds what became of the next entity.
  mutating func add(
    _ outcome: Outcome, of kind: EntityKind, _ issues: some Sequence<Issue>, counted: IssueCode?
  ) {
    let start = self.issues.count
    for issue in issues { add(issue) }
    if let counted {
      issueCounts[counted, default: 0] += 1
      unreportedInformation += 1
    }
    statistics.add(outcome, of: kind)
    outcomes.append(EntityResult(outcome: outcome, issues: start..<self.issues.count))
  }

  private mutating func add(_ issue: Issue) {
    issues.append(issue)
    issueCounts[issue.code, default: 0] += 1
  }

  /// The entities that failed, by position in the batch, each with what was reported of it.
  var failures: [(index: Int, issues: ArraySlice<Issue>)] {
    outcomes.indices.compactMap { index in
      outcomes[index].outcome == .failed ? (index, issues[outcomes[index].issues]) : nil
    }
  }

  /// Reports the issues and outcomes that an observer wants, in order.
  func report(
    to observer: (MigrationEvent) -> Void, _ batch: RecordBatch,
    _ events: MigrationOptions.ObservedEvents
  ) {
    func report(_ range: Range<Int>) {
      for issue in issues[range] where issue.severity != .info || events.contains(.information) {
        observer(.issue(issue))
      }
    }
    guard events.contains(.outcomes) else { return report(issues.indices) }
    var next = 0
    for (index, result) in outcomes.enumerated() {
      report(next..<result.issues.upperBound)
      next = result.issues.upperBound
      observer(
        .outcome(
          EntityOutcome(
            kind: batch.kind, id: batch.id(at: index),
            source: batch.sources[batch.entries[index].source], locator: batch.locator(at: index),
            outcome: result.outcome)))
    }
    report(next..<issues.count)
  }
}
