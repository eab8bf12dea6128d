import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// A migration's summary for people.
struct SummaryText {
  private let summary: MigrationSummary
  private let isVerbose: Bool

  /// Creates the text of a summary; with `isVerbose`, it names all files that were not read and all
  /// members that were kept without a column.
  init(_ summary: MigrationSummary, isVerbose: Bool = false) {
    self.summary = summary
    self.isVerbose = isVerbose
  }

  /// Prints the verdict, a table of the kinds, the number of issues, and facts about the source.
  func show(on console: Console) {
    console.print(Self.verdict(summary))
    console.print()
    console.print(table)
    console.print()
    if let news { console.print(news) }
    console.print(issues)
    showPlaces(on: console)
    for fact in MigrationReport(of: summary).sourceFacts(isWhole: isVerbose) {
      let lines = PlainText.wrapped(
        PlainText.escaped(fact.text), width: console.layout.width, after: fact.name + ": ",
        hanging: 2, breaksWords: true)
      for line in lines { console.print(line) }
    }
  }

  private var table: TextTable {
    let hasUpdates = summary.statistics.total.updated > 0
    let kinds = summary.statistics.catalog.kinds
    let seconds = kinds.map { summary.kindDurations[$0]?.seconds ?? 0 }
    // The rate of a run shorter than this would not be meaningful.
    let hasRates = summary.duration.seconds >= 0.5
    var table = TextTable(
      [""],
      numbers: ["found", "migrated"] + (hasUpdates ? ["updated"] : [])
        + ["skipped", "failed", "seconds"] + (hasRates ? ["per second"] : []))
    func add(_ label: String, _ counts: MigrationStatistics.Counts, _ seconds: Double) {
      let numbers =
        [counts.found, counts.migrated] + (hasUpdates ? [counts.updated] : [])
        + [counts.skipped, counts.failed]
      let rate =
        counts.found > 0 && seconds >= 0.05
        ? PlainText.grouped(Int(Double(counts.found) / seconds)) : "-"
      table.add(
        [label] + numbers.map { PlainText.grouped($0) }
          + [PlainText.fixed(seconds, decimals: 2)] + (hasRates ? [rate] : []))
    }
    for (kind, seconds) in zip(kinds, seconds) {
      add(kind.schema.plural, summary.statistics[kind], seconds)
    }
    add("total", summary.statistics.total, summary.duration.seconds)
    return table
  }

  /// Prints where the rejects and the backup are.
  private func showPlaces(on console: Console) {
    if let rejects = summary.rejects, rejects.written + rejects.removed > 0 {
      let removed =
        rejects.removed > 0 ? " (\(PlainText.grouped(rejects.removed)) earlier removed)" : ""
      console.print(
        "Rejects: ",
        (rejects.written == 0 ? "none" : PlainText.grouped(rejects.written)) + " in "
          + PlainText.escaped(rejects.directory) + removed)
    }
    if let backup = summary.backup {
      console.print("Backup:  ", PlainText.escaped(backup.path) + " (from before this run)")
    }
  }

  /// Returns the outcome of the run in a line.
  static func verdict(_ summary: MigrationSummary) -> String {
    let source = PlainText.escaped(summary.source)
    let store = PlainText.escaped(summary.store)
    let run = summary.run.map { " (run \($0))" } ?? ""
    let way = "\(source) into \(store)\(run)"
    if summary.ending == .completed {
      if summary.hasFoundNothing {
        return (summary.isDryRun ? "Dry run, nothing was written; no" : "No")
          + " files to read: \(way)"
      }
      return summary.isDryRun
        ? "Dry run, nothing was written; migrating \(way) would give:" : "Migrated \(way)"
    }
    let note = summary.ending.note(isDryRun: summary.isDryRun, run: summary.run)
    return "\(summary.ending.phrase(isDryRun: summary.isDryRun)): \(way)\(note)"
  }

  /// "45 failed, 0 new since run 12"; `nil` if there is no run to compare with.
  private var news: String? {
    summary.failureNews.phrase.map {
      "\(PlainText.grouped(summary.statistics.total.failed)) failed, \($0)"
    }
  }

  private var issues: String {
    let counts = summary.severityCounts
    return PlainText.counted(counts[.error, default: 0], "error") + ", "
      + PlainText.counted(counts[.warning, default: 0], "warning") + ", "
      + PlainText.counted(counts[.info, default: 0], "note")
  }
}

extension MigrationStatistics.Counts {
  /// Returns the counts in words, with `words` for the failed ones if given; updated ones only if
  /// there are any.
  func words(failed words: String? = nil) -> String {
    var counts = [(found, "found"), (migrated, "migrated")]
    if updated > 0 { counts.append((updated, "updated")) }
    counts.append((skipped, "skipped"))
    let texts = counts.map { "\(PlainText.grouped($0.0)) \($0.1)" }
    return (texts + [words ?? "\(PlainText.grouped(failed)) failed"]).joined(separator: ", ")
  }
}
