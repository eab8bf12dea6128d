import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli diff`.
enum DiffCommand {
  /// The maximum number of entries shown without `--verbose`.
  private static let entriesShown = 50

  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "diff", summary: "Compare a legacy tree with the database",
      details: "Shows what is only in the source, what is only in the database and what differs, "
        + "with both values and the side that changed since the migration. Changes nothing. Exits "
        + "with status 1 if there are more differences than the limits allow.",
      arguments: [program.sourceArgument],
      options: [
        program.databaseOption,
        MappingsCommand.option,
        .init(
          name: "max-only-in-source", placeholder: "N",
          help: "Allow N entities only in the source [default: 0]"),
        .init(
          name: "max-only-in-database", placeholder: "N",
          help: "Allow N entities only in the database [default: 0]"),
        .init(
          name: "max-different", placeholder: "N", help: "Allow N entities that differ [default: 0]"
        ),
        program.allowEmptyOption,
      ],
      examples: [
        .init(
          command: "\(program) diff legacy --db shop.db", help: "See what changed on either side"),
        .init(
          command: "\(program) diff legacy --max-only-in-database 100 -q",
          help: "In CI: allow rows that were added since"),
      ],
      failures: "more differences than allowed, or no file to read",
      run: run)
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let program = arguments.program
    var limits = DiffReport.Limits()
    let range = 0...Int.max
    limits.onlyInSource = try arguments.integer("max-only-in-source", in: range) ?? 0
    limits.onlyInDatabase = try arguments.integer("max-only-in-database", in: range) ?? 0
    limits.different = try arguments.integer("max-different", in: range) ?? 0
    limits.allowsEmptySource = arguments.has("allow-empty")
    let mappings = try MappingsCommand.mappings(arguments)
    let source = arguments.positionals.first ?? program.defaultSource
    try SourceTop.check(source, program.catalog)
    Signals.catchInterruptions()
    let store = try arguments.database.openForReading()
    let isJSON = arguments.has("json")
    let showsAll = arguments.has("verbose") && !isJSON
    var options = Diff.Options()
    options.mappings = mappings
    options.maxEntries = isJSON ? 10_000 : showsAll ? 0 : entriesShown
    let diff = Diff(of: source, against: store, options: options)
    var report = try diff.runSynchronously(
      observer: showsAll ? { entry in show(entry.lines, console) } : nil,
      isCancelled: { Signals.isInterrupted })
    if isJSON {
      console.printDocument(report.json(limits: limits))
    } else if !arguments.has("quiet") {
      if showsAll {
        if report.entriesOmitted > 0 { console.print() }
        report.entriesOmitted = 0
      }
      show(report.lines(width: console.layout.width), console)
      if report.entriesOmitted > 0 { console.note("-v shows them all") }
      if report.nothingFound != nil, !limits.allowsEmptySource {
        console.note("--allow-empty accepts an empty source")
      }
    }
    if report.isWithin(limits) { return .success }
    if arguments.has("quiet"), !isJSON { console.note(PlainText.escaped(report.reason(limits))) }
    return .failures
  }

  private static func show(_ lines: [String], _ console: Console) {
    for line in lines { console.print(PlainText.escaped(line)) }
  }
}
