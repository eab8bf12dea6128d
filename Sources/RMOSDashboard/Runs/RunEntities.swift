import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// A figure that a run counts: an outcome of the entities in its source.
enum RunFigure: String, CaseIterable {
  case found, migrated, updated, skipped, failed

  /// The figure of an outcome.
  init(_ outcome: Outcome) {
    self =
      switch outcome {
      case .migrated: .migrated
      case .updated: .updated
      case .skipped: .skipped
      case .failed: .failed
      }
  }
}

extension MigrationStatistics.Counts {
  subscript(figure: RunFigure) -> Int {
    switch figure {
    case .found: found
    case .migrated: migrated
    case .updated: updated
    case .skipped: skipped
    case .failed: failed
    }
  }
}

/// The entities that a run found in its source, added, changed, or left unchanged, as far as the
/// ledger records them.
struct RunEntities {
  let run: LedgerRun
  /// The figure whose entities are listed; `nil` for all entities that the run wrote.
  let figure: RunFigure?
  /// The conditions that select the entities.
  let conditions: [RecordQuery.Condition]

  /// The figures whose entities are in the store.
  static let figures: [RunFigure] = [.found, .migrated, .updated, .skipped]

  /// Creates the selection; `nil` if the ledger does not have the run.
  init?(ofRun id: Int64, _ figure: RunFigure?, in reader: any StoreReader) throws {
    guard let run = try reader.run(id) else { return nil }
    self.run = run
    self.figure = figure
    conditions =
      switch figure {
      case .found:
        [.written(byRuns: try Self.earlierRuns(run, in: reader) + [id], .addedOrChanged)]
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

  /// The number of entities of a kind that the run counted.
  func counted(_ kind: EntityKind) -> Int {
    let counts = run.statistics[kind]
    return figure.map { counts[$0] } ?? counts.migrated + counts.updated
  }

  /// The label of the filter in a list: "written by run 3".
  var label: String { "\(verb) by run \(run.id)" }

  private var verb: String {
    switch figure {
    case .found: "found"
    case .migrated: run.isMigration ? "migrated" : "created"
    case .updated: run.isMigration ? "updated" : "changed"
    case .skipped: "skipped"
    case nil, .failed: "written"
    }
  }

  /// Returns a note about what the list shows, and why its length may differ from the run's figure.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - total: The number of entities in the list; `nil` if it has other filters too.
  /// - Returns: The note; `nil` if none is needed.
  func note(_ kind: EntityKind, total: Int?) -> HTML? {
    let link: HTML = "<a href=\"\(PageLink.run(run.id))\">Run \(run.id)</a>"
    let count = counted(kind)
    let all = PlainText.counted(count, kind.schema.singular, kind.schema.plural)
    let isEmpty = total == 0
    if figure == .found {
      let counts = run.statistics[kind]
      let failed: HTML =
        counts.failed == 0
        ? ""
        : """
         Those that <a href="\(PageLink.counted(.failed, of: kind, by: run))">failed</a> are not in \
        the database.
        """
      return """
        \(link) found \(all): \(PlainText.grouped(counts.migrated)) migrated, \
        \(PlainText.grouped(counts.updated)) updated, \(PlainText.grouped(counts.skipped)) \
        skipped, \(PlainText.grouped(counts.failed)) failed. Listed are those that it and earlier \
        runs over the same source wrote\(isEmpty ? "; none of them is there" : "" as HTML).\(failed)
        """
    }
    if figure == .skipped {
      return """
        \(link) skipped \(all): it left them as they were. The ledger does not record which. Listed \
        are those that earlier runs over the same source wrote\
        \(isEmpty ? "; none of them is there" : "" as HTML).
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
      ? "Entities deleted since are not listed."
      : "Entities deleted since are not listed; those changed several times are listed once."
    return "\(link) counted \(all) as \(verb). \(rest)"
  }
}

/// The links from the figures of a run to lists of the entities that they count.
struct RunFigureLinks {
  private let run: LedgerRun
  /// For each figure, the kinds whose list would be empty; `nil` if they were not looked up.
  private let unlisted: [RunFigure: Set<EntityKind>]?

  /// Creates the links without reading the store: a figure whose list may be empty leads to the
  /// run's page.
  init(of run: LedgerRun) {
    self.run = run
    unlisted = nil
  }

  /// Creates the links, leaving out those to empty lists.
  init(of run: LedgerRun, in reader: any StoreReader) throws {
    self.run = run
    var unlisted: [RunFigure: Set<EntityKind>] = [:]
    for figure in [RunFigure.found, .skipped] where run.isMigration {
      for kind in run.statistics.catalog.kinds
      where run.statistics[kind][figure] > 0 && Self.isUncertain(figure, kind, run) {
        guard let entities = try RunEntities(ofRun: run.id, figure, in: reader) else { continue }
        var query = RecordQuery(kind).order(.id).limit(1)
        query.conditions = entities.conditions
        if try reader.records(query).isEmpty { unlisted[figure, default: []].insert(kind) }
      }
    }
    self.unlisted = unlisted
  }

  /// Whether the list of a figure may be empty: the run wrote none of its entities, and those that
  /// other programs, or runs over other sources, wrote are not listed.
  private static func isUncertain(
    _ figure: RunFigure, _ kind: EntityKind, _ run: LedgerRun
  ) -> Bool {
    let counts = run.statistics[kind]
    return figure == .skipped || figure == .found && counts.migrated + counts.updated == 0
  }

  /// The URL to which a figure leads, of a kind or of all of them; `nil` if its list is empty.
  func link(_ figure: RunFigure, _ kind: EntityKind?) -> String? {
    let kinds =
      kind.map { [$0] }
      ?? run.statistics.catalog.kinds.filter { run.statistics[$0][figure] > 0 }
    if kinds.count == 1, Self.isUncertain(figure, kinds[0], run) {
      guard let unlisted else { return "\(PageLink.run(run.id))#outcomes" }
      if unlisted[figure]?.contains(kinds[0]) == true { return nil }
    }
    return PageLink.counted(figure, of: kind, by: run)
  }
}

extension PageLink {
  /// The URL of the entities that a figure of a run counts, of a kind or of all of them.
  static func counted(_ figure: RunFigure, of kind: EntityKind?, by run: LedgerRun) -> String {
    if figure == .failed {
      let filter = kind.map { "&kind=\($0.rawValue)" } ?? ""
      return "\(PageLink.run(run.id))?severity=error\(filter)#issues"
    }
    // A list has one kind only.
    let kinds =
      kind.map { [$0] }
      ?? run.statistics.catalog.kinds.filter { run.statistics[$0][figure] > 0 }
    return kinds.count == 1
      ? "/\(kinds[0].pathName)?run=\(run.id)&outcome=\(figure.rawValue)"
      : "\(PageLink.run(run.id))#outcomes"
  }
}
