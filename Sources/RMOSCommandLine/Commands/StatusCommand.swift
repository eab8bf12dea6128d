import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli status`.
enum StatusCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "status",
      summary: "Show the database's contents, last run and health",
      details:
        "Opens the database read-only and changes nothing. Up to 8 MiB, a database gets a full "
        + "audit; a larger one gets a quick check of the schema, the last run and references, and a "
        + "list of what was not checked. Also shows the verdict and time of your last full audit, "
        + "and whether the file has changed since.",
      options: [program.databaseOption],
      examples: [
        .init(command: "\(program) status --db shop.db", help: "Counts, health and the last run")
      ]
    ) { arguments, console in
      let store = try arguments.database.openForReading()
      let (status, health) = try StoreError.retryingIfChanged {
        (try StoreStatus(of: store), try HealthReport(of: store))
      }
      let audit = arguments.database.auditRecord(of: store).read()
      if arguments.has("json") {
        var writer = JSONWriter(style: .pretty)
        writer.object {
          status.writeMembers(to: &$0)
          $0.member("health") { writer in
            writer.object { health.writeMembers(to: &$0) }
          }
          $0.member("last_audit") { writer in
            guard let audit else { return writer.null() }
            writer.object { audit.writeMembers(to: &$0) }
          }
        }
        console.printDocument(writer.text)
      } else {
        StatusText(
          program: program, status: status, health: health, audit: audit,
          databaseWords: arguments.database.words,
          console: console
        ).show()
      }
      return .success
    }
  }
}

/// The text of a database's status.
private struct StatusText {
  let program: CommandLineProgram
  let status: StoreStatus
  let health: HealthReport
  let audit: AuditRecord?
  let databaseWords: String
  let console: Console

  func show() {
    showContents()
    console.print()
    showHealth()
    console.print()
    showRuns()
  }

  private func line(_ label: String, _ text: String) {
    console.print(
      PlainText.padded(label, to: 17, left: false), PlainText.escaped(text))
  }

  private func showContents() {
    line("Database", status.location)
    if let size = status.sizeInBytes { line("Size", PlainText.grouped(size) + " bytes") }
    if let schema = status.schema {
      line(
        "Schema version",
        "\(schema.version)" + (schema.appliedAt.map { ", applied \($0)" } ?? ""))
    }
    console.print()
    // Tables that are missing or unreadable have no count.
    let numbers = status.catalog.kinds.map { kind -> (String, String) in
      let isMissing = status.missingTables.contains(kind.table)
      let number = status.counts[kind].map(PlainText.grouped)
      return (kind.schema.plural, number ?? (isMissing ? "-" : "unreadable"))
    }
    let total = PlainText.grouped(status.total)
    for (label, number) in numbers + [("total", total)] {
      line(
        label.prefix(1).uppercased() + label.dropFirst(),
        PlainText.padded(number, to: total.count, left: true))
    }
    if !status.missingTables.isEmpty {
      line("Missing tables", "\(status.missingTables.joined(separator: ", "))")
    }
  }

  private func showHealth() {
    line("Health", health.words)
    for error in health.errors { line("", "error: \(error)") }
    for warning in health.warnings { line("", "warning: \(warning)") }
    if !health.isComplete {
      line("", "checked: \(health.checked.joined(separator: ", "))")
      line("", "not checked: \(health.notChecked.joined(separator: ", "))")
    }
    if let audit {
      line("Last audit", audit.words)
    } else if !health.isComplete {
      line("Last audit", "none recorded")
    }
    if !health.errors.isEmpty || !health.isComplete {
      console.printNext("\(program) audit\(databaseWords)")
    }
  }

  private func showRuns() {
    if let run = status.currentRun {
      line("Running", "\(describe(run)), process \(run.processID), last active \(run.heartbeatAt)")
      line("", counts(run))
    }
    guard let run = status.lastRun else {
      if status.currentRun == nil {
        line("Last run", "none")
        // If there are errors, the next step above is an audit.
        if health.errors.isEmpty {
          console.printNext("\(program) migrate SOURCE --dry-run\(databaseWords)")
        }
      }
      return
    }
    line(
      "Last run",
      "\(describe(run)), \(run.state.rawValue) after "
        + "\(PlainText.fixed(run.seconds, decimals: 2)) s"
        + (run.hasFoundNothing ? ", found nothing" : "")
        + (run.undoneBy.map { ", undone by run \($0)" } ?? ""))
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
    if run.state == .interrupted, run.isMigration, status.currentRun == nil {
      console.printNext(
        "\(program) migrate \(PlainText.shellWord(run.source))\(databaseWords)"
          + " (resumes where it stopped)")
    }
  }

  private func describe(_ run: LedgerRun) -> String {
    "run \(run.id), \(run.command), started \(run.startedAt)"
  }

  private func counts(_ run: LedgerRun) -> String {
    if let undo = run.undo {
      return "undid run \(undo.run): \(PlainText.grouped(undo.removed)) removed, "
        + "\(PlainText.grouped(undo.restored)) restored"
    }
    return run.statistics.total.words(failed: run.failedText)
  }
}
