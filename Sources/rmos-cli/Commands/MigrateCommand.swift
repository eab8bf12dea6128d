import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli migrate`.
enum MigrateCommand {
  static let spec = CommandSpec(
    name: "migrate", summary: "Migrate a legacy JSON tree into the database",
    details: "Reads SOURCE/{strip_families,patterns,joblogs}/**, checks every entity and writes "
      + "what is sound, with where it came from. Running it again is safe: what is there already "
      + "is skipped, and an interrupted run goes on where it stopped. rmos-cli undo takes a run "
      + "back.",
    arguments: [
      .init(
        name: "SOURCE", help: "The legacy directory [default: \(Defaults.source)]",
        value: .directory)
    ],
    options: [
      Defaults.databaseOption,
      .init(name: "dry-run", help: "Only say what would happen; write nothing at all"),
      .init(
        name: "batch-size", placeholder: "N", help: "Entities a transaction [default: 2000]"),
      .init(name: "atomic", help: "All or nothing: one failure and nothing is written"),
      .init(
        name: "on-duplicate", of: Migration.Options.DuplicatePolicy.self,
        help: "What to do with an id that the database has already: leave the row, rewrite it "
          + "where its content differs, or refuse the entity [default: skip]"),
      .init(
        name: "force",
        help: "With --on-duplicate update, also overwrite rows that were changed in the database"),
      .init(
        name: "missing-id", of: Migration.Options.MissingIDPolicy.self,
        help: "What to do with an entity without an id: derive one from its path, or refuse it "
          + "[default: derive]"),
      .init(
        name: "max-errors", placeholder: "N",
        help: "Stop once more than N entities have failed [default: never]"),
      .init(
        name: "allow-empty",
        help: "Take a source without a file to read for empty; it is a failure otherwise"),
      .init(
        name: "rejects", placeholder: "DIR",
        help: "Copy what fails to DIR, with its issues; mended, DIR migrates"),
      .init(
        name: "stats", placeholder: "FILE",
        help: "Write the counts per kind as JSON; not on a dry run"),
      .init(
        name: "no-backup",
        help: "Do not back the database up first (FILE.backup-<run>; the last 3 are kept)"),
      .init(name: "strict", help: "Exit with status 1 on warnings too"),
      .init(name: "quiet", letter: "q", help: "Show nothing but errors"),
      .init(name: "verbose", letter: "v", help: "Show every issue, as it is found, info too"),
    ] + FinishNotice.options,
    examples: [
      .init(
        command: "rmos-cli migrate legacy --db shop.db --dry-run", help: "See what would happen"),
      .init(command: "rmos-cli migrate legacy --db shop.db", help: "Do it"),
      .init(
        command: "rmos-cli migrate legacy --json > report.json",
        help: "For programs: the whole report"),
      .init(
        command:
          "rmos-cli migrate legacy -q --notify https://chat.example/hook",
        help: "For a timer: tell a chat how it went"),
    ],
    run: run)

  @Sendable private static func run(_ arguments: ParsedArguments, _ console: Console) throws
    -> ExitStatus
  {
    let options = try migrationOptions(arguments, measuresSource: console.showsProgress)
    if arguments.has("quiet"), arguments.has("verbose") {
      throw UsageError("--quiet and --verbose exclude each other")
    }
    let source = arguments.positionals.first ?? Defaults.source
    let notice = try FinishNotice(arguments, source: source, console)
    if let file = arguments["stats"] { try checkStatistics(file, source: source, arguments) }
    try Migration.validate(source: source, options: options)
    if let directory = options.rejectsDirectory {
      let database = Defaults.databasePath(arguments)
      if FileStatus.isSameFile(database.directoryPath, directory) {
        throw UsageError(
          "\(directory) is where \(database) stands; name a directory of their own for the rejects")
      }
    }
    Signals.catchInterruptions()
    let store =
      options.isDryRun
      ? try Defaults.openForRehearsal(arguments) : try Defaults.openForWriting(arguments)
    let reporter = MigrationReporter(source: source, arguments: arguments, console: console)
    notice?.summary = { reporter.summary }
    var summary: MigrationSummary
    do {
      summary = try Migration(from: source, into: store, options: options).runSynchronously(
        observer: { reporter.observe($0) }, isCancelled: { Signals.isInterrupted })
    } catch {
      // Midway, the events told how far it came.
      guard let (code, message) = Self.midway(error), var summary = reporter.summary,
        summary.statistics.total.found > 0 || summary.ending == .sourceFailed
      else { throw error }
      if store is InMemoryStore { summary.store = Defaults.databasePath(arguments) }
      if arguments.has("json") {
        notice?.failure = .init(code: code, message: message)
        console.print(MigrationReport(of: summary).json(error: (code, message)))
        return .couldNotRun
      }
      show(summary, source: source, reporter, arguments, console)
      throw error
    }
    // A rehearsal in memory speaks of the database that it stands for.
    if store is InMemoryStore { summary.store = Defaults.databasePath(arguments) }
    let statistics = options.isDryRun ? nil : arguments["stats"]
    let failure =
      statistics.flatMap { writeStatistics(summary.statistics, to: $0) } ?? rejectsError(summary)
    notice?.failure = failure.map { .init(code: $0.code, message: $0.message) }
    if arguments.has("json") {
      console.print(
        MigrationReport(of: summary).json(error: failure.map { ($0.code, $0.message) }))
      if failure != nil { return .couldNotRun }
    } else {
      show(summary, source: source, reporter, arguments, console)
      if let failure { throw failure }
    }
    return exitStatus(summary, isStrict: arguments.has("strict"))
  }

  /// The code and message of an error that may end a run midway.
  private static func midway(_ error: any Error) -> (code: String, message: String)? {
    switch error {
    case let error as StoreError: (error.code.rawValue, error.message)
    case let error as MigrationError: (error.code.rawValue, error.message)
    default: nil
    }
  }

  private static func show(
    _ summary: MigrationSummary, source: String, _ reporter: MigrationReporter,
    _ arguments: ParsedArguments, _ console: Console
  ) {
    reporter.showIssues(of: summary)
    let next = "Next: " + next(after: summary, source: source, arguments)
    if !arguments.has("quiet") {
      console.print(SummaryText.text(for: summary))
      if let passedOver = SummaryText.passedOver(Migration.passedOver(in: source)) {
        console.print(passedOver)
      }
      if let hint = hint(on: summary, arguments) { console.print(hint) }
      console.print(next)
    } else if summary.ending != .completed {
      console.note(SummaryText.verdict(summary))
      console.note(next)
    }
  }

  /// The way to overwrite the rows that were left as they are because they were edited.
  private static func hint(on summary: MigrationSummary, _ arguments: ParsedArguments) -> String? {
    guard arguments["on-duplicate"] == Migration.Options.DuplicatePolicy.update.rawValue,
      !arguments.has("force"), summary.issues.contains(where: { $0.code == .duplicateDiffers })
    else { return nil }
    return "Rows that were edited are left as they are; --force overwrites them"
  }

  private static func migrationOptions(
    _ arguments: ParsedArguments, measuresSource: Bool
  ) throws -> Migration.Options {
    var options = Migration.Options()
    options.isDryRun = arguments.has("dry-run")
    options.isAtomic = arguments.has("atomic")
    if let size = try arguments.integer("batch-size", in: 1...1_000_000) {
      options.batchSize = size
    }
    options.maxErrors = try arguments.integer("max-errors", in: 0...Int.max)
    if let policy = try arguments.choice(
      "on-duplicate", of: Migration.Options.DuplicatePolicy.self)
    {
      options.onDuplicate = policy
    }
    options.allowsEmptySource = arguments.has("allow-empty")
    options.overwritesEdits = arguments.has("force")
    if options.overwritesEdits, options.onDuplicate != .update {
      throw UsageError(
        "--force goes with --on-duplicate update only", hint: "Nothing else overwrites a row.")
    }
    if let policy = try arguments.choice("missing-id", of: Migration.Options.MissingIDPolicy.self) {
      options.missingID = policy
    }
    options.rejectsDirectory = arguments["rejects"]
    options.takesBackup = !arguments.has("no-backup")
    options.measuresSource = measuresSource && !arguments.has("quiet")
    options.observedEvents = arguments.has("verbose") ? [.information] : []
    return options
  }

  /// Better to say so now than after an hour's work; and never over the database or its source.
  private static func checkStatistics(
    _ file: String, source: String, _ arguments: ParsedArguments
  ) throws {
    if FileStatus.isSameFile(file, Defaults.databasePath(arguments)) {
      throw UsageError("\(file) is the database; name another file")
    }
    if Migration.reads(file, from: source) {
      throw UsageError("\(file) is in \(source), which is read from; name a file elsewhere")
    }
    do throws(SystemError) {
      try FileSystem.checkReplaceable(file)
    } catch {
      throw statisticsError(file, error)
    }
  }

  private static func writeStatistics(
    _ statistics: MigrationStatistics, to file: String
  ) -> CommandError? {
    do throws(SystemError) {
      try FileSystem.replaceContent(of: file, with: statistics.json + "\n")
      return nil
    } catch {
      return statisticsError(file, error)
    }
  }

  private static func statisticsError(_ file: String, _ failure: SystemError) -> CommandError {
    CommandError(
      code: "output.unwritable",
      message: "cannot write the statistics to \(file): \(failure.reason)")
  }

  /// What failed is still in the source, so the run went on.
  private static func rejectsError(_ summary: MigrationSummary) -> CommandError? {
    guard let rejects = summary.rejects, let failure = rejects.failure else { return nil }
    let all = TerminalText.counted(rejects.written + rejects.notWritten, "reject")
    return CommandError(
      code: "rejects.unwritable",
      message: "\(rejects.notWritten) of \(all) could not be written to \(rejects.directory): "
        + "\(failure); what was migrated stays, and the source still has the others: "
        + "name another directory and run again")
  }

  private static func exitStatus(_ summary: MigrationSummary, isStrict: Bool) -> ExitStatus {
    if summary.ending == .interrupted { return .interrupted }
    if !summary.isSuccess { return .failures }
    return isStrict && summary.severityCounts[.warning, default: 0] > 0 ? .failures : .success
  }

  /// What to do now.
  private static func next(
    after summary: MigrationSummary, source: String, _ arguments: ParsedArguments
  ) -> String {
    // Rejects of two runs do not mix.
    let hasRejects = (summary.rejects?.written ?? 0) > 0
    let again =
      hasRejects
      ? arguments.commandLine(without: "dry-run", "rejects")
      : arguments.commandLine(without: "dry-run")
    let goesOn =
      arguments.has("atomic")
      ? "  (begins anew; nothing was written)" : "  (goes on where it stopped)"
    let failed = summary.statistics.total.failed
    switch summary.ending {
    case .interrupted where summary.isDryRun: return arguments.commandLine()
    case .interrupted: return again + goesOn
    case .sourceFailed where summary.isDryRun:
      return "put right what the error says, then " + arguments.commandLine()
    case .storeFailed, .sourceFailed: return "put right what the error says, then " + again + goesOn
    case .rolledBack:
      return "mend the files and run it again, or go without --atomic: "
        + (hasRejects
          ? arguments.commandLine(without: "atomic", "rejects")
          : arguments.commandLine(without: "atomic"))
    case .tooManyErrors:
      return "mend the files and run it again, or raise --max-errors"
    case .completed where summary.hasFoundNothing:
      return "see whether \(TerminalText.escaped(source)) is the right directory, and mounted; "
        + "if it may be empty: " + arguments.commandLine(adding: "allow-empty")
    case .completed where summary.isDryRun:
      return again + (failed > 0 ? "  (migrates all but what fails)" : "")
    case .completed where failed > 0 && hasRejects:
      return "mend the files in \(TerminalText.escaped(arguments["rejects"] ?? "")), then "
        + "rmos-cli migrate " + TerminalText.shellWord(arguments["rejects"] ?? "")
        + Defaults.databaseWords(arguments)
    case .completed where failed > 0:
      return "mend the files and run the same again; what is migrated is skipped then"
    case .completed:
      return "rmos-cli status" + Defaults.databaseWords(arguments)
    }
  }
}
