import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli migrate`.
enum MigrateCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "migrate", summary: "Migrate a legacy JSON tree into the database",
      details: "Reads SOURCE/{strip_families,patterns,joblogs}/**, checks every entity and writes "
        + "the valid ones, each with its provenance. Running it again is safe: existing entities are "
        + "skipped, and an interrupted run resumes where it stopped. \(program) undo reverts a run.",
      arguments: [program.sourceArgument],
      options: [
        program.databaseOption,
        MappingsCommand.option,
        .init(name: "dry-run", help: "Show what would happen; write nothing at all"),
        .init(
          name: "batch-size", placeholder: "N", help: "Entities per transaction [default: 2000]"),
        .init(name: "atomic", help: "All or nothing: write nothing if any entity fails"),
        .init(
          name: "on-duplicate", of: Migration.Options.DuplicatePolicy.self,
          help: "If the id is already in the database: keep the row, rewrite it if its content "
            + "differs, or reject the entity [default: skip]"),
        .init(
          name: "force",
          help: "With --on-duplicate update, also overwrite rows that were changed in the database"),
        .init(
          name: "missing-id", of: Migration.Options.MissingIDPolicy.self,
          help: "If an entity has no id: derive one from its path, or reject it "
            + "[default: derive]"),
        .init(
          name: "max-errors", placeholder: "N",
          help: "Stop when more than N entities have failed [default: never]"),
        .init(
          name: "fail-on", of: Migration.Options.FailurePolicy.self,
          help: "Exit with status 1 if any entity fails, or only on failures that are new since "
            + "the last run over SOURCE [default: any]"),
        program.allowEmptyOption,
        .init(
          name: "rejects", placeholder: "DIR",
          help: "Copy failed entities and their issues to DIR, replacing earlier copies; fix them "
            + "there, then migrate DIR"),
        .init(
          name: "stats", placeholder: "FILE",
          help: "Write the counts per kind as JSON; not in a dry run"),
        .init(
          name: "no-backup",
          help: "Do not back up the database first (FILE.backup-<run>; the last 3 are kept)"),
        .init(name: "strict", help: "Exit with status 1 on warnings too"),
        .init(
          name: "accept", placeholder: "CODE",
          value: .name(IssueMeanings.codes, of: "issue code", listedBy: "\(program) man"),
          help: "Do not count warnings with this code for --strict; repeatable",
          isRepeatable: true),
      ] + FinishNotice.options,
      notes: ["verbose": "also show each issue as it is found, including notes"],
      examples: [
        .init(
          command: "\(program) migrate legacy --db shop.db --dry-run", help: "See what would happen"
        ),
        .init(command: "\(program) migrate legacy --db shop.db", help: "Migrate"),
        .init(
          command: "\(program) migrate legacy --mapping saw-runs",
          help: "Read files of another shape: \(program) mappings lists which"),
        .init(
          command: "\(program) migrate legacy --json > report.json",
          help: "For programs: the whole report"),
        .init(
          command:
            "\(program) migrate legacy -q --notify https://chat.example/hook",
          help: "On a schedule: post the result to a chat"),
        .init(
          command: "\(program) migrate legacy -q --fail-on new",
          help: "On a schedule: do not report known failures"),
      ],
      failures: "failed entities, no file to read, or with --strict warnings",
      run: run)
  }

  @Sendable private static func run(_ arguments: ParsedArguments, _ console: Console) throws
    -> ExitStatus
  {
    let options = try migrationOptions(arguments, measuresSource: console.showsProgress)
    let program = arguments.program
    let source = arguments.positionals.first ?? program.defaultSource
    let notice = try FinishNotice(arguments, source: source, console)
    if let file = arguments["stats"] { try checkStatistics(file, source: source, arguments) }
    // A run that is refused must not leave a new database behind, so the rejects are read in
    // advance; if the database exists, reading them once, in the run, is enough.
    let isNew = arguments.database.file.map { (try? FileStatus(of: $0)) == nil } ?? false
    try Migration.validate(
      source: source, options: options, catalog: program.catalog,
      readsRejects: isNew && !options.isDryRun)
    if let directory = options.rejectsDirectory {
      try OutputFile.checkCompanions(directory, arguments)
      if arguments.database.isIn(directory: directory) {
        throw UsageError(
          "\(directory) contains the database \(arguments.database.shown); name another directory "
            + "for the rejects")
      }
    }
    Signals.catchInterruptions()
    do {
      return try migrate(from: source, options, notice, arguments, console)
    } catch {
      throw isNew ? ofNewDatabase(error, program) : error
    }
  }

  /// Runs the migration, and shows its summary.
  private static func migrate(
    from source: String, _ options: Migration.Options, _ notice: FinishNotice?,
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let opened = options.isDryRun ? nil : try arguments.database.open(for: .creating)
    let store = try opened?.store ?? arguments.database.openForRehearsal()
    let reporter = MigrationReporter(source: source, arguments: arguments, console: console)
    notice?.summary = { reporter.summary }
    defer { if reporter.summary?.run == nil { opened?.discard() } }
    var summary: MigrationSummary
    do {
      summary = try Migration(from: source, into: store, options: options).runSynchronously(
        observer: { reporter.observe($0) }, isCancelled: { Signals.isInterrupted })
    } catch {
      // The reporter's summary tells how far the run got.
      guard let (code, message) = midway(error), var summary = reporter.summary,
        summary.statistics.total.found > 0 || [.sourceFailed, .stopped].contains(summary.ending)
      else { throw error }
      summary.store = arguments.database.shown
      if arguments.has("json") {
        notice?.failure = .init(code: code, message: message)
        console.printDocument(MigrationReport(of: summary).json(error: (code, message)))
        return .couldNotRun
      }
      show(summary, source: source, reporter, arguments, console)
      throw error
    }
    // A dry run for a database that does not exist yet uses a store in memory.
    summary.store = arguments.database.shown
    let statistics = options.isDryRun ? nil : arguments["stats"]
    let failure =
      statistics.flatMap { writeStatistics(summary.statistics, to: $0) } ?? rejectsError(summary)
    notice?.failure = failure.map { .init(code: $0.code, message: $0.message) }
    if arguments.has("json") {
      console.printDocument(
        MigrationReport(of: summary).json(error: failure.map { ($0.code, $0.message) }))
      if failure != nil { return .couldNotRun }
    } else {
      show(summary, source: source, reporter, arguments, console)
      if let failure { throw failure }
    }
    return exitStatus(summary, arguments, console)
  }

  /// Returns the error of a run into a new database.
  ///
  /// If the disk is full, the usual hint at `--no-backup` would not help: a new database has no
  /// backup.
  private static func ofNewDatabase(
    _ error: any Error, _ program: CommandLineProgram
  ) -> any Error {
    guard let error = error as? StoreError, error.code == .diskFull else { return error }
    return CommandError(
      code: error.code.rawValue, message: error.message,
      hint: "A database elsewhere is named with --db \(program.databasePlaceholder).")
  }

  /// Returns the code and message of an error that can end a run midway; `nil` for other errors.
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
    let next = next(after: summary, source: source, arguments)
    SummaryText(summary, isVerbose: arguments.has("verbose")).show(on: console)
    let accepted = accepted(of: summary, arguments)
    if accepted > 0 { console.print("Accepted: \(PlainText.counted(accepted, "warning"))") }
    for step in next { console.printNext(step) }
    if arguments.has("quiet"), summary.ending != .completed {
      console.note(SummaryText.verdict(summary))
      for step in next { console.noteNext(step) }
    }
  }

  private static func migrationOptions(
    _ arguments: ParsedArguments, measuresSource: Bool
  ) throws -> Migration.Options {
    var options = Migration.Options()
    options.mappings = try MappingsCommand.mappings(arguments)
    options.isDryRun = arguments.has("dry-run")
    options.isAtomic = arguments.has("atomic")
    if let size = try arguments.integer("batch-size", in: 1...1_000_000) {
      options.batchSize = size
    }
    options.maxErrors = try arguments.integer("max-errors", in: 0...Int.max)
    if let policy = arguments.choice(
      "on-duplicate", of: Migration.Options.DuplicatePolicy.self)
    {
      options.onDuplicate = policy
    }
    if let policy = arguments.choice("fail-on", of: Migration.Options.FailurePolicy.self) {
      options.failOn = policy
    }
    options.allowsEmptySource = arguments.has("allow-empty")
    options.overwritesEdits = arguments.has("force")
    if options.overwritesEdits, options.onDuplicate != .update {
      throw UsageError(
        "--force requires --on-duplicate update", hint: "Nothing else overwrites rows.")
    }
    if let policy = arguments.choice("missing-id", of: Migration.Options.MissingIDPolicy.self) {
      options.missingID = policy
    }
    options.rejectsDirectory = arguments["rejects"]
    options.takesBackup = !arguments.has("no-backup")
    options.measuresSource = measuresSource && !arguments.has("quiet")
    options.observedEvents = arguments.has("verbose") ? [.information] : []
    return options
  }

  /// Checks, before the run, that the statistics file can be written, and that it is neither the
  /// database nor in the source.
  private static func checkStatistics(
    _ file: String, source: String, _ arguments: ParsedArguments
  ) throws {
    try OutputFile.checkName(file, arguments)
    // A mapping may read files anywhere in the source.
    let isRead =
      arguments.all("mapping").isEmpty
      ? SourceTop.reads(file, from: source, arguments.program.catalog)
      : SourceTop.contains(file, in: source)
    if isRead {
      throw UsageError("\(file) is in the source \(source); name a file elsewhere")
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

  /// Returns the error if rejects could not be written; the run continued, since the source still
  /// has them.
  private static func rejectsError(_ summary: MigrationSummary) -> CommandError? {
    guard let rejects = summary.rejects, let failure = rejects.failure else { return nil }
    if rejects.notWritten == 0 {
      return CommandError(
        code: "rejects.unwritable",
        message: "the earlier rejects in \(rejects.directory) could not be removed: \(failure)")
    }
    let all = PlainText.counted(rejects.written + rejects.notWritten, "reject")
    return CommandError(
      code: "rejects.unwritable",
      message: "\(rejects.notWritten) of \(all) could not be written to \(rejects.directory): "
        + "\(failure); what was migrated is kept, and the source still has the others")
  }

  private static func exitStatus(
    _ summary: MigrationSummary, _ arguments: ParsedArguments, _ console: Console
  ) -> ExitStatus {
    if summary.ending == .interrupted { return .interrupted }
    if !summary.isAcceptable { return .failures }
    let warnings = summary.severityCounts[.warning, default: 0] - accepted(of: summary, arguments)
    guard arguments.has("strict"), warnings > 0 else { return .success }
    if !arguments.has("json") {
      console.note(
        "Exit status 1 because of --strict: "
          + PlainText.counted(
            warnings, arguments.all("accept").isEmpty ? "warning" : "other warning")
      )
    }
    return .failures
  }

  /// Returns the number of warnings with codes that `--accept` names.
  private static func accepted(
    of summary: MigrationSummary, _ arguments: ParsedArguments
  ) -> Int {
    let codes = Set(arguments.all("accept"))
    return summary.issueGroups.groups.reduce(0) { count, group in
      let isAccepted = group.severity == .warning && codes.contains(group.code.rawValue)
      return isAccepted ? count + group.count : count
    }
  }

  /// Returns the next steps.
  private static func next(
    after summary: MigrationSummary, source: String, _ arguments: ParsedArguments
  ) -> [String] {
    let step = nextStep(after: summary, source: source, arguments)
    if let removal = removalOfRejects(after: summary, source) { return [removal, step] }
    guard summary.statistics.total.failed > 0, !summary.isDryRun else { return [step] }
    var steps = [step]
    if summary.run != nil {
      steps.append(
        "\(arguments.program) report\(arguments.database.words)  (lists what failed, and why)")
    }
    if summary.ending == .completed, arguments["rejects"] == nil {
      let line = arguments.commandLine(adding: "rejects", "rejects")
      steps.append(line + "  (copies what fails, to be fixed and migrated there)")
    }
    return steps
  }

  /// Returns the next step if the source has files, but none in the directories that are read.
  private static func correction(
    of source: String, _ summary: MigrationSummary, _ arguments: ParsedArguments
  ) -> String? {
    func command(_ source: String) -> String {
      "\(arguments.program) migrate \(PlainText.shellWord(source))"
        + MappingsCommand.words(arguments) + arguments.database.words
        + (summary.isDryRun ? " --dry-run" : "")
    }
    switch SourceTop.meaning(of: source, arguments.program.catalog) {
    case .renamed(let directories, let meant)?:
      let names = directories.map {
        "\(PlainText.shellWord($0.from)) to \(PlainText.shellWord($0.to))"
      }
      return "rename \(names.joined(separator: ", ")), then "
        + (meant.map(command) ?? arguments.commandLine())
    case .sources(let sources)?:
      let more = sources.count > 1 ? "  (and so on: \(sources.count) sources are there)" : ""
      return command(sources[0]) + more
    case nil: return nil
    }
  }

  /// Returns the command that removes the source, if it is a directory of rejects that are now all
  /// in the database, so that the next run can write its rejects there.
  private static func removalOfRejects(after summary: MigrationSummary, _ source: String) -> String?
  {
    let leftOut: [IssueCode] = [.duplicateDiffers, .inputNotRead, .mappingSkipped]
    guard summary.isSuccess, !summary.isDryRun, summary.statistics.total.found > 0,
      leftOut.allSatisfy({ summary.issueCounts[$0] == nil }), RejectsPlace(source).holdsRejects
    else { return nil }
    return "rm -r \(PlainText.shellWord(source))"
      + "  (all of it is in the database; a run refuses to write its rejects beside edited files)"
  }

  private static func nextStep(
    after summary: MigrationSummary, source: String, _ arguments: ParsedArguments
  ) -> String {
    let hasRejects = (summary.rejects?.written ?? 0) > 0
    let again = arguments.commandLine(without: "dry-run")
    let note =
      arguments.has("atomic")
      ? "  (starts over; nothing was written)" : "  (resumes where it stopped)"
    let (failed, found) = (summary.statistics.total.failed, summary.statistics.total.found)
    switch summary.ending {
    case .interrupted where summary.isDryRun: return arguments.commandLine()
    case .interrupted: return again + note
    case .sourceFailed where summary.isDryRun, .stopped where summary.isDryRun:
      return "fix the problem, then " + arguments.commandLine()
    case .storeFailed, .sourceFailed, .stopped:
      return "fix the problem, then " + again + note
    case .rolledBack:
      return "fix the files and run it again, or omit --atomic: "
        + arguments.commandLine(without: "atomic")
    case .tooManyErrors:
      return "fix the files and run it again, or raise --max-errors"
    case .completed where summary.hasFoundNothing && summary.notRead.count > 0:
      return correction(of: source, summary, arguments)
        ?? "move the files, or name another source: \(arguments.program) survey "
        + PlainText.shellWord(source)
    case .completed where summary.hasFoundNothing:
      return "check that \(PlainText.escaped(source)) is the right directory and is mounted; "
        + "if it may be empty: " + arguments.commandLine(adding: "allow-empty")
    case .completed
    where summary.isDryRun && failed > 0 && failed == found && !arguments.all("mapping").isEmpty:
      return "complete the mapping or fix the files, then " + arguments.commandLine()
    case .completed where summary.isDryRun && failed > 0 && failed == found:
      return "\(arguments.program) survey " + PlainText.shellWord(source)
        + "  (shows what shape the files have)"
    case .completed where summary.isDryRun:
      return again + (failed > 0 ? "  (migrates everything except what fails)" : "")
    case .completed where failed > 0 && hasRejects:
      return "fix the files in \(PlainText.escaped(arguments["rejects"] ?? "")), then "
        + "\(arguments.program) migrate " + PlainText.shellWord(arguments["rejects"] ?? "")
        + MappingsCommand.words(arguments)
        + arguments.database.words
    case .completed where failed > 0:
      return "fix the files and run the same command again; it skips what is migrated"
    case .completed:
      return "\(arguments.program) status" + arguments.database.words
    }
  }
}
