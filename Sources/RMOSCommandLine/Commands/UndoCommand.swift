import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli undo`.
enum UndoCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "undo", summary: "Revert a run: remove its rows, restore what it updated",
      details:
        "Works in one transaction, after which the tables are what they were before the run. "
        + "If rows were changed since, or others refer to them, nothing is changed and the obstacles "
        + "are listed, such as a later run that has to be undone first. An undo is itself a run in "
        + "the ledger; migrating again brings the rows back.",
      arguments: [
        .init(name: "RUN", help: "The run's number; \(program) runs lists them", isRequired: true)
      ],
      options: [
        program.databaseOption,
        .init(name: "dry-run", help: "Show what would happen; write nothing at all"),
        .init(
          name: "no-backup",
          help: "Do not back up the database first (FILE.backup-<run>; the last 3 are kept)"),
      ],
      examples: [
        .init(
          command: "\(program) undo 3 --db shop.db --dry-run",
          help: "See what undoing run 3 would do"),
        .init(command: "\(program) undo 3 --db shop.db", help: "Undo it"),
      ],
      failures: "obstacles, and nothing was changed",
      run: run)
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let program = arguments.program
    let word = arguments.positionals[0]
    guard let run = word.wholeNumber, run >= 1 else {
      throw UsageError(
        #"RUN: expected the number of a run, found "\#(word)""#,
        hint: "\(program) runs lists the runs.")
    }
    let isDryRun = arguments.has("dry-run")
    Signals.catchInterruptions()
    if !isDryRun { try refuseMissing(run, arguments) }
    let store = try arguments.database.open(for: isDryRun ? .reading : .changing).store
    let report: UndoReport
    do {
      var options = Undo.Options()
      options.isDryRun = isDryRun
      options.takesBackup = !arguments.has("no-backup")
      report = try Undo(of: run, in: store, options: options)
        .runSynchronously { Signals.isInterrupted }
    } catch let error as StoreError where error.code == .cancelled {
      throw CommandError(
        code: error.code.rawValue,
        message: "nothing was changed in \(store.location); to undo run \(run), run the same "
          + "command again: \(arguments.commandLine())",
        status: .interrupted)
    }
    if arguments.has("json") {
      console.printDocument(report.json)
    } else if report.isSuccess {
      show(report, arguments, console)
    } else {
      refuse(report, arguments, console)
    }
    return report.isSuccess ? .success : .failures
  }

  /// Refuses a run that does not exist, before the database is opened for writing, which upgrades
  /// it.
  private static func refuseMissing(_ run: Int64, _ arguments: ParsedArguments) throws {
    // If the database cannot be opened read-only, opening it for writing reports why.
    guard let store = try? arguments.database.openForReading(),
      let found = try? store.read({ try $0.run(run) != nil }), !found
    else { return }
    // The dry run throws the error for a missing run.
    var options = Undo.Options()
    options.isDryRun = true
    _ = try Undo(of: run, in: store, options: options).runSynchronously()
  }

  private static func show(
    _ report: UndoReport, _ arguments: ParsedArguments, _ console: Console
  ) {
    let database = PlainText.escaped(report.database)
    if report.hasNothingToUndo {
      console.print(
        "Run \(report.undoneRun) changed nothing in \(database), so there is nothing to undo")
      return
    }
    if let run = report.run {
      console.print("Undid run \(report.undoneRun) in \(database) (run \(run))")
    } else {
      console.print(
        "Dry run, nothing was written; undoing run \(report.undoneRun) in \(database) would give:")
    }
    var table = TextTable([""], numbers: ["removed", "restored"])
    func add(_ label: String, _ removed: Int, _ restored: Int) {
      table.add([label, PlainText.grouped(removed), PlainText.grouped(restored)])
    }
    for kind in report.catalog.kinds {
      add(
        kind.schema.plural, report.counts.removed[kind] ?? 0, report.counts.restored[kind] ?? 0)
    }
    add("total", report.removed, report.restored)
    console.print()
    console.print(table)
    console.print()
    let others = report.counts.removedElsewhere.sorted { $0.key < $1.key }
    for (table, count) in others {
      console.print(
        "Also removed, by ON DELETE CASCADE: \(PlainText.counted(count, "row")) of the table "
          + "\(PlainText.escaped(Violation.quoted(table))) of another application")
    }
    if let backup = report.backup {
      console.print("Backup:  ", PlainText.escaped(backup.path) + " (from before the undo)")
    }
    console.printNext(
      report.isDryRun
        ? arguments.commandLine(without: "dry-run")
        : "\(arguments.program) status" + arguments.database.words)
  }

  private static func refuse(
    _ report: UndoReport, _ arguments: ParsedArguments, _ console: Console
  ) {
    let number = PlainText.counted(report.obstacleCount, "obstacle")
    let verdict = "Nothing was changed: \(number) to undoing run \(report.undoneRun)"
    if arguments.has("quiet") {
      console.note(
        ([verdict] + report.obstacleGroups.map { "  " + line(of: $0) })
          .joined(separator: "\n"))
      return
    }
    console.print(verdict)
    for group in report.obstacleGroups { console.print("  " + line(of: group)) }
    if arguments.has("verbose") {
      console.print()
      for obstacle in report.obstacles {
        console.print(
          "  " + PlainText.escaped(obstacle.message) + " [\(obstacle.reason.code)]")
      }
      let rest = report.obstacleCount - report.obstacles.count
      if rest > 0 { console.print("  … and \(PlainText.grouped(rest)) more") }
    } else if report.obstacleGroups.contains(where: { $0.count > $0.examples.count }) {
      console.print("-v lists them all")
    }
    var next = report.runsToUndoFirst.map { run in
      "\(arguments.program) undo \(run)\(arguments.database.words)"
    }
    guard !next.isEmpty else { return }
    // If later runs are not the only obstacles, the others have to be resolved first.
    if report.obstacleGroups.allSatisfy({ $0.undoFirst != nil }) {
      next.append(arguments.commandLine(without: "verbose"))
    }
    console.printNext(next.joined(separator: ", then "))
  }

  /// A group of obstacles, with its first three subjects.
  private static func line(of group: UndoObstacleGroup) -> String {
    let subjects = group.subjects.joined(separator: ", ")
    let more = group.count > group.examples.count ? ", …" : ""
    return PlainText.escaped(
      group.message + (subjects.isEmpty ? "" : " (\(subjects)\(more))")) + " [\(group.code)]"
  }
}
