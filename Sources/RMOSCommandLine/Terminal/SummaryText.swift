import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// A migration's summary for people.
enum SummaryText {
  /// The verdict, a table of the kinds and a line on the issues.
  ///
  /// With `isVerbose`, all files that were not read and members kept aside are named.
  static func text(for summary: MigrationSummary, isVerbose: Bool = false) -> String {
    let hasUpdates = summary.statistics.total.updated > 0
    var table = TextTable(
      [""],
      numbers: ["found", "migrated"] + (hasUpdates ? ["updated"] : [])
        + ["skipped", "failed", "seconds", "per second"])
    func add(_ label: String, _ counts: MigrationStatistics.Counts, _ seconds: Double) {
      let numbers =
        [counts.found, counts.migrated] + (hasUpdates ? [counts.updated] : [])
        + [counts.skipped, counts.failed]
      let rate = seconds > 0 ? TerminalText.grouped(Int(Double(counts.found) / seconds)) : "-"
      table.add(
        [label] + numbers.map { TerminalText.grouped($0) }
          + [TerminalText.fixed(seconds, decimals: 2), counts.found == 0 ? "-" : rate])
    }
    for kind in summary.statistics.catalog.kinds {
      add(kind.schema.plural, summary.statistics[kind], summary.kindDurations[kind]?.seconds ?? 0)
    }
    add("total", summary.statistics.total, summary.duration.seconds)
    return """
      \(verdict(summary))

      \(table.text)

      \(issues(summary))\(places(summary))\(notes(summary, isVerbose: isVerbose))
      """
  }

  /// Where the rejects and the backup are, a line each.
  private static func places(_ summary: MigrationSummary) -> String {
    var text = ""
    if let rejects = summary.rejects, rejects.written > 0 {
      text +=
        "\nRejects: \(TerminalText.grouped(rejects.written)) in "
        + TerminalText.escaped(rejects.directory)
    }
    if let backup = summary.backup {
      text += "\nBackup:  \(TerminalText.escaped(backup.path)) (from before this run)"
    }
    return text
  }

  /// What to say of the source apart from its entities; nothing if nothing is odd.
  private static func notes(_ summary: MigrationSummary, isVerbose: Bool) -> String {
    MigrationReport(of: summary).sourceFacts(isWhole: isVerbose).map { name, value in
      "\n" + TextLayout.wrapped(value, after: name + ": ", hanging: 2).joined(separator: "\n")
    }.joined()
  }

  /// The outcome of the run, in a line.
  static func verdict(_ summary: MigrationSummary) -> String {
    let source = TerminalText.escaped(summary.source)
    let store = TerminalText.escaped(summary.store)
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
    let note =
      summary.ending.keepsCommitted && !summary.isDryRun ? "; what was committed is kept" : ""
    return "\(summary.ending.phrase(isDryRun: summary.isDryRun)): \(way)\(note)"
  }

  private static func issues(_ summary: MigrationSummary) -> String {
    let counts = summary.severityCounts
    return TerminalText.counted(counts[.error, default: 0], "error") + ", "
      + TerminalText.counted(counts[.warning, default: 0], "warning") + ", "
      + TerminalText.counted(counts[.info, default: 0], "note")
  }
}
