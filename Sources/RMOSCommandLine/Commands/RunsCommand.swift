import RMOSMigration
import RMOSModels
import RMOSStore

/// `rmos-cli runs`.
enum RunsCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "runs", summary: "List the runs in the ledger, newest first",
      details: "",
      options: [
        program.databaseOption,
        .init(name: "limit", placeholder: "N", help: "Show at most N runs [default: 20]"),
      ],
      examples: [.init(command: "\(program) runs --limit 5", help: "The last five runs")]
    ) { arguments, console in
      let limit = try arguments.integer("limit", in: 1...1_000_000) ?? 20
      let store = try arguments.database.openForReading()
      let found = try StoreError.retryingIfChanged {
        try CurrentRun.found(in: store) { reader in
          (runs: try reader.runs(limit: limit), total: try reader.runCount())
        }
      }
      let runs = found.answer.runs.map(found.current.settled)
      if arguments.has("json") {
        console.printDocument(
          JSONOutput.success {
            $0.member("database", store.location)
            $0.member("runs", each: runs) { $0.run($1) }
            $0.member("total", found.answer.total)
          })
      } else if runs.isEmpty {
        console.print("No runs yet.")
        console.printNext("\(program) migrate SOURCE --dry-run\(arguments.database.words)")
      } else {
        let hasUpdates = runs.contains { $0.statistics.total.updated > 0 }
        let hasNews = runs.contains { FailureNews($0)?.isToldApart == true }
        var table = TextTable(
          ["run", "command", "state", "started", "source"],
          numbers: ["seconds", "found", "migrated"] + (hasUpdates ? ["updated"] : [])
            + ["skipped", "failed"] + (hasNews ? ["new"] : []))
        for run in runs { table.add(row(run, hasUpdates: hasUpdates, hasNews: hasNews)) }
        console.print(table)
        let more = found.answer.total - runs.count
        if more > 0 {
          console.print("\(PlainText.counted(more, "earlier run")); --limit N shows more.")
        }
      }
      return .success
    }
  }

  private static func row(_ run: LedgerRun, hasUpdates: Bool, hasNews: Bool) -> [String] {
    let total = run.statistics.total
    let counts =
      [total.found, total.migrated] + (hasUpdates ? [total.updated] : [])
      + [total.skipped, total.failed]
    let undone = run.undoneBy.map { ", undone by \($0)" } ?? ""
    return [
      String(run.id), run.command, run.stateText + undone, run.startedAt, run.source,
      PlainText.fixed(run.seconds, decimals: 2),
    ] + counts.map { PlainText.grouped($0) }
      + (hasNews ? [FailureNews(run).map { PlainText.grouped($0.new) } ?? "-"] : [])
  }
}
