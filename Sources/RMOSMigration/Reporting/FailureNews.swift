import RMOSModels
package import RMOSStore

/// How many of a run's failures are new, and how many were known.
package struct FailureNews: Sendable, Hashable {
  /// The number of failures that are new.
  package var new: Int
  /// The number of failures that were known.
  package var known: Int
  /// The earlier run with which the failures were compared; `nil` if there was none.
  package var since: Int64?

  /// Creates the news of a run.
  init(new: Int, known: Int, since: Int64?) {
    self.new = new
    self.known = known
    self.since = since
  }

  /// Creates the news of a run in the ledger; `nil` if they were not recorded.
  package init?(_ run: LedgerRun) {
    guard let new = run.failedNew, let known = run.failedKnown else { return nil }
    self.init(new: new, known: known, since: run.knownSince)
  }

  /// Whether reports tell new failures from known ones; with nothing to compare with, all are new.
  package var isToldApart: Bool { (new > 0 || known > 0) && (since != nil || known > 0) }

  /// Whether there are both known and new failures, so that each has to be marked.
  package var isMixed: Bool { new > 0 && known > 0 }

  /// "0 new since run 12"; `nil` unless ``isToldApart``.
  package var phrase: String? {
    guard isToldApart else { return nil }
    return "\(PlainText.grouped(new)) new" + (since.map { " since run \($0)" } ?? "")
  }
}

extension MigrationReport {
  /// The facts of the run, and how many of its failures are new.
  func facts(of run: Run) -> [(name: String, value: String)] {
    var facts = run.facts
    let failed = statistics.total.failed
    guard failed > 0, run.command == LedgerRun.migrateCommand else { return facts }
    let text =
      if let failureNews {
        if let since = failureNews.since {
          "\(PlainText.grouped(failureNews.new)) since run \(since), "
            + "\(PlainText.grouped(failureNews.known)) known"
        } else {
          "\(PlainText.grouped(failureNews.new)); there is no earlier run to compare with"
        }
      } else {
        "not recorded"
      }
    facts.insert(("New failures", text), at: min(2, facts.count))
    return facts
  }

  /// "new" or "known" for an issue of a failure; `nil` for other issues, and if all failures are
  /// new or all are known.
  func mark(of issue: Issue) -> String? {
    guard failureNews?.isMixed == true else { return nil }
    return issue.newsMark
  }
}

extension LedgerRun {
  /// The number of failed entities, and how many of them are new: "45 failed, 0 new since run 12".
  package var failedText: String {
    let failed = "\(PlainText.grouped(statistics.total.failed)) failed"
    return failed + (FailureNews(self)?.phrase.map { ", \($0)" } ?? "")
  }
}
