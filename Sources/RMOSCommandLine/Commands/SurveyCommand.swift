import RMOSMigration
import RMOSModels
import RMOSSystem

/// `rmos-cli survey`.
enum SurveyCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "survey", summary: "Inspect files of any shape and how much would migrate",
      details: "Shows which objects a file or a tree holds, what they look like, how many would "
        + "migrate as they are or with a built-in mapping, and what prevents the others. Changes "
        + "nothing. Exits with status 0 if PATH could be read, whatever was found; to know what "
        + "would fail, use migrate --dry-run.",
      arguments: [
        .init(
          name: "PATH", help: "A file or a directory [default: \(program.defaultSource)]",
          value: .file)
      ],
      options: [
        .init(
          name: "propose", placeholder: "FILE",
          help: "Write a mapping for what no built-in mapping reads, each guess with its reason"),
        .init(
          name: "force", help: "Replace FILE if it exists"),
      ],
      examples: [
        .init(command: "\(program) survey old-shop", help: "See what the files contain"),
        .init(
          command: "\(program) survey old-shop --propose shop.json",
          help: "Start a mapping for what no built-in one reads"),
      ],
      run: run)
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let program = arguments.program
    let path = arguments.positionals.first ?? program.defaultSource
    let file = arguments["propose"]
    if let file {
      try check(file, for: path, program.catalog, replaces: arguments.has("force"))
    }
    Signals.catchInterruptions()
    var options = Survey.Options()
    options.catalog = program.catalog
    options.proposesMapping = file != nil
    let report = try Survey(of: path, options: options)
      .runSynchronously(isCancelled: { Signals.isInterrupted })
    if let file, let proposal = report.proposal {
      try writing(file) { () throws(SystemError) in
        try FileSystem.replaceContent(of: file, with: proposal.text)
      }
    }
    if arguments.has("json") {
      console.printDocument(report.json)
    } else {
      let lines = report.lines(
        width: console.layout.width, showsAll: arguments.has("verbose"))
      for line in lines { console.print(line) }
      showNext(report, file, path, program, console)
    }
    return .success
  }

  /// Checks that a proposal may be written; without `--force`, only to a new file, since users edit
  /// proposals.
  private static func check(
    _ file: String, for path: String, _ catalog: EntityCatalog, replaces: Bool
  ) throws {
    if SourceTop.reads(file, from: path, catalog) {
      throw UsageError("\(file) is in the source \(path); name a file elsewhere")
    }
    try writing(file) { () throws(SystemError) in try FileSystem.checkReplaceable(file) }
    guard !replaces, let status = try? FileStatus(of: file), status.form == .file, status.size > 0
    else { return }
    throw CommandError(
      code: "proposal.exists", message: "\(file) is there already",
      hint: "Name another file, or replace it with --force.")
  }

  /// Runs `work`, and converts its error.
  private static func writing(
    _ file: String, _ work: () throws(SystemError) -> Void
  ) throws(CommandError) {
    do {
      try work()
    } catch {
      throw CommandError(
        code: "proposal.unwritable", message: "cannot write \(file): \(error.reason)",
        hint: "Name another file with --propose.")
    }
  }

  /// Prints the next step.
  private static func showNext(
    _ report: SurveyReport, _ file: String?, _ path: String, _ program: CommandLineProgram,
    _ console: Console
  ) {
    if report.isOfOtherExtension {
      return console.printNext(
        "rename \(PlainText.escaped(path)) so that it ends in .json, .jsonl or .ndjson, then "
          + "\(program) survey again")
    }
    let source = PlainText.shellWord(report.source)
    func migrate(_ mappings: [String]) {
      console.printNext(
        "\(program) migrate \(source)"
          + mappings.map { " --mapping " + PlainText.shellWord($0) }.joined() + " --dry-run")
    }
    if let file {
      if let proposal = report.proposal {
        let wrote = "Wrote \(PlainText.escaped(file)); "
        console.print(
          proposal.outcome.migrates == 0 && proposal.outcome.found > 0
            ? wrote + "nothing migrates with it yet, so complete it first."
            : wrote + "check the reasons in it, and correct what is wrong.")
        migrate([file] + proposal.builtIn)
      } else {
        console.print("Nothing to propose: \(PlainText.escaped(file)) was not written.")
        if max(report.migratesAsIs, report.migratesAtBest) > 0 { migrate(report.bestMappings) }
      }
    } else if report.canPropose {
      let path = PlainText.shellWord(path)
      console.printNext("\(program) survey \(path) --propose mapping.json")
    } else if report.objectCount > 0 {
      migrate(report.bestMappings)
    }
  }
}
