import RMOSMigration
import RMOSModels
import RMOSStore

/// A migration's summary for people.
enum SummaryText {
  /// The verdict, a table of the kinds and a line on the issues.
  static func text(for summary: MigrationSummary) -> String {
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
    for kind in EntityKind.allCases {
      add(kind.schema.plural, summary.statistics[kind], summary.kindSeconds[kind] ?? 0)
    }
    add("total", summary.statistics.total, summary.seconds)
    return """
      \(verdict(summary))

      \(table.text)

      \(issues(summary))\(places(summary))
      """
  }

  /// Where the copies are, a line each.
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
    for (name, value) in MigrationReport(of: summary).sourceFacts {
      text += "\n\(name): \(TerminalText.escaped(value))"
    }
    return text
  }

  /// What became of the run, in a line.
  static func verdict(_ summary: MigrationSummary) -> String {
    let source = TerminalText.escaped(summary.source)
    let store = TerminalText.escaped(summary.store)
    let run = summary.run.map { " (run \($0))" } ?? ""
    let way = "\(source) into \(store)\(run)"
    switch summary.ending {
    case .completed where summary.hasFoundNothing:
      return (summary.isDryRun ? "Dry run, nothing was written; no" : "No")
        + " file to read: \(way)"
    case .completed where summary.isDryRun:
      return "Dry run, nothing was written; migrating \(way) would give:"
    case .interrupted where summary.isDryRun: return "Dry run, interrupted: \(way)"
    case .interrupted: return "Interrupted: \(way); what was committed stays"
    case .tooManyErrors where summary.isDryRun: return "Dry run, too many entities fail: \(way)"
    case .tooManyErrors:
      return "Stopped, too many entities failed: \(way); what was committed stays"
    case .rolledBack where summary.isDryRun:
      return "Dry run: nothing would be written, because an entity fails: \(way)"
    case .rolledBack: return "Nothing was written, because an entity failed: \(way)"
    case .storeFailed: return "Stopped, the database failed: \(way); what was committed stays"
    case .sourceFailed where summary.isDryRun:
      return "Dry run, stopped, the source cannot be read any further: \(way)"
    case .sourceFailed:
      return "Stopped, the source cannot be read any further: \(way); what was committed stays"
    case .completed: return "Migrated \(way)"
    }
  }

  private static func issues(_ summary: MigrationSummary) -> String {
    let counts = summary.severityCounts
    return TerminalText.counted(counts[.error, default: 0], "error") + ", "
      + TerminalText.counted(counts[.warning, default: 0], "warning") + ", "
      + TerminalText.counted(counts[.info, default: 0], "note")
  }
}
