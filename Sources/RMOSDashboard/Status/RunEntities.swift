import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// The entities of a kind that a run added, changed, or left as they were, as the ledger knows them.
struct RunEntities {
  let run: LedgerRun
  /// The outcome; `nil` for all that the run wrote.
  let outcome: Outcome?
  /// What selects them.
  let conditions: [RecordQuery.Condition]

  /// The outcomes that leave an entity in the store.
  static let outcomes: [Outcome] = [.migrated, .updated, .skipped]

  /// Creates the selection; `nil` if the ledger does not have the run.
  init?(ofRun id: Int64, _ outcome: Outcome?, in reader: any StoreReader) throws {
    guard let run = try reader.run(id) else { return nil }
    self.run = run
    self.outcome = outcome
    conditions =
      switch outcome {
      case .migrated: [.written(byRuns: [id], .added)]
      case .updated: [.written(byRuns: [id], .changed)]
      case .skipped:
        [
          .written(byRuns: try Self.earlierRuns(run, in: reader), .addedOrChanged),
          .written(byRuns: [id], .neither),
        ]
      case nil, .failed: [.written(byRuns: [id], .addedOrChanged)]
      }
  }

  /// The runs over the same source before a run.
  private static func earlierRuns(
    _ run: LedgerRun, in reader: any StoreReader
  ) throws -> [Int64] {
    try reader.runs(limit: nil)
      .filter { $0.id < run.id && $0.isMigration && $0.hasSameSource(as: run) }
      .map(\.id)
  }

  /// How many the run counted of a kind.
  func counted(_ kind: EntityKind) -> Int {
    let counts = run.statistics[kind]
    return outcome.map { counts[$0] } ?? counts.migrated + counts.updated
  }

  /// What they are called in a list: "written by run 3".
  var label: String { "\(verb) by run \(run.id)" }

  private var verb: String {
    switch outcome {
    case .migrated: run.isMigration ? "migrated" : "created"
    case .updated: run.isMigration ? "updated" : "changed"
    case .skipped: "skipped"
    case nil, .failed: "written"
    }
  }

  /// What the list shows, and why it need not have as many as the run counted.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - total: How many the whole list has; `nil` if it is narrowed further.
  /// - Returns: The note; `nil` if there is nothing to say.
  func note(_ kind: EntityKind, total: Int?) -> HTML? {
    let link: HTML = "<a href=\"\(PageLink.run(run.id))\">Run \(run.id)</a>"
    let count = counted(kind)
    let all = PlainText.counted(count, kind.schema.singular, kind.schema.plural)
    if outcome == .skipped {
      return """
        \(link) skipped \(all): it left them as they were. The ledger does not record which. Listed \
        are those that earlier runs over the same source wrote.
        """
    }
    guard let total else { return nil }
    if total == count {
      return count == 0 ? nil : "\(link) \(verb) \(all), shown as they are now."
    }
    if let undoneBy = run.undoneBy {
      return """
        \(link) had \(verb) \(all), and was undone by <a href="\(PageLink.run(undoneBy))">run \
        \(undoneBy)</a>.
        """
    }
    let rest =
      run.isMigration
      ? "What was deleted since is not listed."
      : "What was deleted since is not listed, and what was changed several times only once."
    return "\(link) counted \(all) as \(verb). \(rest)"
  }
}

extension PageLink {
  /// The URL of a list of what a run did to the entities of a kind.
  static func list(_ kind: EntityKind, ofRun run: Int64, _ outcome: Outcome) -> String {
    "/\(kind.pathName)?run=\(run)&outcome=\(outcome.rawValue)"
  }

  /// The URL of what an outcome of a run counts, of a kind or of all of them.
  static func counted(_ outcome: Outcome, of kind: EntityKind?, by run: LedgerRun) -> String {
    if outcome == .failed {
      let filter = kind.map { "&kind=\($0.rawValue)" } ?? ""
      return "\(PageLink.run(run.id))?severity=error\(filter)#issues"
    }
    if let kind { return list(kind, ofRun: run.id, outcome) }
    // No list has several kinds.
    let kinds = run.statistics.catalog.kinds.filter { run.statistics[$0][outcome] > 0 }
    return kinds.count == 1
      ? list(kinds[0], ofRun: run.id, outcome) : "\(PageLink.run(run.id))#outcomes"
  }
}
