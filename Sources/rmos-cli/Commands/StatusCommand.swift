import RMOSMigration
import RMOSModels
import RMOSStore

/// `rmos-cli status`.
enum StatusCommand {
  static let spec = CommandSpec(
    name: "status", summary: "Show what the database holds and how the runs went",
    details: "Opens the database for reading only and changes nothing.",
    options: [Defaults.databaseOption],
    examples: [.init(command: "rmos-cli status --db shop.db", help: "Counts and the last run")]
  ) { arguments, console in
    let status = try StoreStatus(of: try Defaults.openForReading(arguments))
    if arguments.has("json") {
      console.print(status.json)
    } else {
      show(status, Defaults.databaseWords(arguments), console)
    }
    return .success
  }

  private static func show(_ status: StoreStatus, _ databaseWords: String, _ console: Console) {
    func line(_ label: String, _ text: String) {
      console.print(
        TerminalText.padded(label, to: 17, left: false) + TerminalText.escaped(text))
    }
    line("Database", status.location)
    if let size = status.sizeInBytes { line("Size", TerminalText.grouped(size) + " bytes") }
    if let schema = status.schema {
      line(
        "Schema version",
        "\(schema.version)" + (schema.appliedAt.map { ", applied \($0)" } ?? ""))
    }
    console.print()
    let numbers = EntityKind.allCases.map { ($0.schema.plural, status.counts[$0] ?? 0) }
    let width = TerminalText.grouped(status.total).count
    for (label, number) in numbers + [("total", status.total)] {
      line(
        label.prefix(1).uppercased() + label.dropFirst(),
        TerminalText.padded(TerminalText.grouped(number), to: width, left: true))
    }
    console.print()
    if let run = status.currentRun {
      line("Under way", "\(describe(run)), process \(run.processID), last sign \(run.heartbeatAt)")
      line("", counts(run))
    }
    guard let run = status.lastRun else {
      if status.currentRun == nil {
        line("Last run", "none")
        console.print("Next: rmos-cli migrate SOURCE --dry-run\(databaseWords)")
      }
      return
    }
    line(
      "Last run",
      "\(describe(run)), \(run.state.rawValue) after "
        + "\(TerminalText.fixed(run.seconds, decimals: 2)) s")
    line("", counts(run))
    line("", "from \(run.source)")
    if let failure = run.failure { line("", "failed: \(failure)") }
    if !status.interruptedRuns.isEmpty {
      line(
        "Interrupted",
        "run "
          + status.interruptedRuns.prefix(10).map { String($0.id) }.joined(separator: ", ")
          + (status.interruptedRuns.count > 10 ? ", …" : ""))
    }
    if run.state == .interrupted, status.currentRun == nil {
      console.print(
        "Next: rmos-cli migrate \(TerminalText.shellWord(run.source))\(databaseWords)"
          + " (goes on where it stopped)")
    }
  }

  private static func describe(_ run: LedgerRun) -> String {
    "run \(run.id), \(run.command), started \(run.startedAt)"
  }

  private static func counts(_ run: LedgerRun) -> String {
    let total = run.statistics.total
    return [
      (total.found, "found"), (total.migrated, "migrated"), (total.updated, "updated"),
      (total.skipped, "skipped"), (total.failed, "failed"),
    ].filter { $0.1 != "updated" || $0.0 > 0 }
      .map { "\(TerminalText.grouped($0.0)) \($0.1)" }.joined(separator: ", ")
  }
}
