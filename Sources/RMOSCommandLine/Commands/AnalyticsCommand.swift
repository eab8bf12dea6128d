import RMOSAnalytics
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli analytics`.
enum AnalyticsCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "analytics", summary: "Show statistics about jobs, materials and patterns",
      details: "Computes success, durations, failures, waste, stock, complexity and more, from all "
        + "rows. Unknown values are shown as a dash, never as 0. Filters apply to jobs. Opens the "
        + "database read-only and changes nothing.",
      arguments: [
        .init(
          name: "PART", help: "Only the figures about patterns, materials or jobs [default: all]",
          value: .choice(AnalyticsReport.Part.allCases.reversed().map(\.rawValue)))
      ],
      options: [
        program.databaseOption,
        .init(name: "from", placeholder: "DAY", help: "Only jobs from this day on, YYYY-MM-DD"),
        .init(name: "to", placeholder: "DAY", help: "Only jobs up to this day"),
        .init(name: "job-type", placeholder: "TYPE", help: "Only jobs of this type"),
        .init(
          name: "material", placeholder: "NAME",
          help: "Only jobs with this material; case is ignored"),
        .init(name: "pattern", placeholder: "ID", help: "Only jobs of this pattern"),
        .init(name: "family", placeholder: "ID", help: "Only jobs with this strip family"),
        .init(
          name: "outlier-score", placeholder: "Z",
          help: "The modified z-score from which a duration is unusual [default: 3.5]"),
        .init(
          name: "stuck-days", placeholder: "N",
          help: "How many days a job may run before it counts as stuck [default: 7]"),
        .init(
          name: "limit", placeholder: "N",
          help: "The maximum length of a list, such as the list of patterns [default: 1000]"),
        .init(name: "format", of: FigureFormat.self, help: "The format [default: text]"),
        .init(
          name: "table", placeholder: "NAME",
          value: .name(
            AnalyticsReport.tableNames, of: "table", listedBy: "\(program) analytics --list-tables"),
          help: "Only this table, as text or CSV"),
        .init(
          name: "output", placeholder: "PATH", value: .file,
          help: "Write to a file instead of standard output, in the format of its ending; with "
            + "csv, to a file per table in a directory, unless --table names one"),
        .init(name: "list-tables", help: "List the tables and exit"),
      ],
      notes: ["verbose": "also show how each figure is computed"],
      examples: [
        .init(command: "\(program) analytics jobs --db shop.db", help: "Statistics about jobs"),
        .init(
          command: "\(program) analytics --material Ebony --from 2025-01-01",
          help: "Jobs with ebony since the beginning of 2025"),
        .init(
          command: "\(program) analytics --format html --output shop.html",
          help: "All figures as a page with charts"),
        .init(
          command: "\(program) analytics --format csv --table failures_by_blade",
          help: "One table for a spreadsheet"),
      ],
      run: run)
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let format = try arguments.outputFormat(of: FigureFormat.self)
    let options = try options(arguments)
    let parts =
      arguments.positionals.first.flatMap { AnalyticsReport.Part(rawValue: $0) }.map { [$0] }
      ?? AnalyticsReport.Part.allCases
    let names = parts.flatMap { AnalyticsReport.tableNames(of: $0) }
    if arguments.has("list-tables") {
      if arguments.has("json") {
        console.printDocument(JSONOutput.success { $0.member("tables", strings: names) })
      } else {
        console.printDocument(names.joined(separator: "\n"))
      }
      return .success
    }
    try checkTable(among: names, format, arguments)
    let isDirectory = format == .csv && arguments["table"] == nil
    if let file = arguments["output"], !isDirectory { try OutputFile.check(file, arguments) }
    Signals.catchInterruptions()
    let store = try arguments.database.openForReading()
    let report = try Analytics(of: store, options: options).runSynchronously(
      isCancelled: { Signals.isInterrupted })
    if report.jobs.total == 0 { try refuseUnknown(report, in: store, arguments) }
    var tables = report.tables(parts)
    if let name = arguments["table"] { tables = tables.filter { $0.name == name } }
    let output = FigureOutput(arguments, console)
    switch format {
    case .text: try output.write(text(report, tables, output, arguments), as: format)
    case .json:
      var writer = JSONWriter(style: .pretty)
      writer.report(report, parts: parts)
      try output.write(writer.text + "\n", as: format)
    case .html: try output.write(report.html(parts, of: arguments.database.shown), as: format)
    case .csv:
      if isDirectory, let directory = arguments["output"] {
        try output.write(tables.map { ("\($0.name).csv", $0.csv) }, into: directory)
      } else if let table = tables.first {
        try output.write(table.csv, as: format)
      }
      // CSV has no place for a note about omitted rows.
      for table in tables where table.omitted > 0 && arguments["limit"] == nil {
        console.warn(
          "\(table.name) lacks \(PlainText.counted(table.omitted, "row")); "
            + "--limit \(table.rows.count + table.omitted) writes them all")
      }
    }
    return .success
  }

  /// Checks that `--table`, the format and the output can be combined.
  private static func checkTable(
    among names: [String], _ format: FigureFormat, _ arguments: ParsedArguments
  ) throws {
    if let table = arguments["table"] {
      if format == .json || format == .html {
        throw UsageError("--table is for --format text and csv")
      }
      if let part = arguments.positionals.first, !names.contains(table) {
        throw UsageError(
          "the table \(table) is not about \(part)",
          hint: "Leave out \(part), or name one of its tables; "
            + "\(arguments.program) analytics \(part) --list-tables lists them.")
      }
    } else if format == .csv {
      let file = arguments["output"]
      if file.map({ OutputFile.format(of: $0) != nil }) ?? true {
        throw UsageError(
          "--format csv: \(file ?? "standard output") takes one table",
          hint: "Name one with --table, or a directory with --output to write a file per table.")
      }
    }
  }

  private static func options(_ arguments: ParsedArguments) throws -> Analytics.Options {
    func day(_ option: String) throws -> CalendarDay? {
      guard let text = arguments[option] else { return nil }
      guard let day = CalendarDay(text) else {
        throw UsageError(#"--\#(option): expected a day such as 2025-01-31, found "\#(text)""#)
      }
      return day
    }
    let filter = JobFilter(
      from: try day("from"), to: try day("to"), jobType: arguments["job-type"],
      material: arguments["material"], patternID: arguments["pattern"],
      stripFamilyID: arguments["family"])
    if let from = filter.from, let to = filter.to, to < from {
      throw UsageError("--to \(to) is before --from \(from)")
    }
    var options = Analytics.Options(filter: filter)
    if let score = try arguments.number("outlier-score", allowsZero: false) {
      options.outlierScore = score
    }
    if let days = try arguments.integer("stuck-days", in: 0...1_000_000) {
      options.stuckAfterDays = days
    }
    if let limit = try arguments.integer("limit", in: 1...Int.max) { options.listLimit = limit }
    return options
  }

  /// Refuses a filter by a name that the database does not have: figures that are all 0 would hide
  /// the mistake.
  private static func refuseUnknown(
    _ report: AnalyticsReport, in store: any RecordStore, _ arguments: ParsedArguments
  ) throws {
    let filter = report.filter
    func missing(_ noun: String, _ name: String, _ known: [String]) -> CommandError {
      CommandError(
        code: "filter.unknown",
        message: #"there is no \#(noun) "\#(name)" in \#(arguments.database.shown)"#,
        hint: Suggestion.hint(for: name, among: known))
    }
    for (kind, id) in [
      (EntityKind.patterns, filter.patternID), (.stripFamilies, filter.stripFamilyID),
    ] {
      guard let id, try !store.read({ try $0.contains(kind, id: id) }) else { continue }
      throw try CutListCommand.missing(id, of: kind, in: store, arguments)
    }
    if let name = filter.material, report.omitted["materials.stock"] == nil,
      !report.materials.knows(name)
    {
      throw missing("strip family of the material", name, report.materials.stock.map(\.material))
    }
    if let name = filter.jobType {
      let types = try store.read {
        try $0.counts(RecordQuery(.joblogs), by: .member("job_type")).compactMap {
          $0.keys.first?.text
        }
      }
      if !types.contains(name) { throw missing("job of the type", name, types) }
    }
  }

  private static func text(
    _ report: AnalyticsReport, _ tables: [FigureTable], _ output: FigureOutput,
    _ arguments: ParsedArguments
  ) -> String {
    let isLong = arguments.has("verbose") || arguments["table"] != nil
    let style = output.style(rows: isLong ? .max : 10)
    var sections: [String] = []
    let conditions = report.filter.words
    if !conditions.isEmpty {
      let text = "Jobs " + PlainText.escaped(conditions.joined(separator: ", ")) + "."
      sections += [PlainText.wrapped(text, width: style.width).joined(separator: "\n")]
    }
    for table in tables where !table.rows.isEmpty || arguments["table"] != nil {
      var lines = [table.title]
      if arguments.has("verbose") {
        lines += PlainText.wrapped(PlainText.escaped(table.note), width: style.width)
      }
      lines.append(table.rows.isEmpty ? "None." : table.text(style))
      sections.append(lines.joined(separator: "\n"))
    }
    return sections.joined(separator: "\n\n") + "\n"
  }
}
