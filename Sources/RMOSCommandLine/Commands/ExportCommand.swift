import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli export`.
enum ExportCommand {
  private enum Format: String, CaseIterable {
    case tree, lines, sql
  }

  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "export", summary: "Write the database's entities as a legacy tree or as SQL",
      details:
        "Writes one file per entity, including the members that have no column in the tables. "
        + "The tree can be migrated again: into an empty database it gives the same rows, and into "
        + "the original nothing new. --format sql writes a script instead, \(Export.scriptName), "
        + "which gives an empty database the tables and their rows, without the ledger and without "
        + "members that have no column.",
      arguments: [
        .init(
          name: "DIR", help: "A directory that is empty or does not exist yet", isRequired: true)
      ],
      options: [
        program.databaseOption,
        .init(
          name: "format", value: .choice(Format.allCases.map(\.rawValue)),
          help: "One file per entity, one JSON Lines file per kind, or an SQL script "
            + "[default: tree]",
          hints: [
            "csv": "For tables: \(program) serve, then http://127.0.0.1:8000/api/rmos/stores/"
              + "joblogs?format=csv, also patterns and strip-families."
          ]),
        .init(
          name: "dialect", of: SQLDialect.self,
          help: "SQL dialect, with --format sql [default: sqlite]"),
        .init(name: "lines", help: "The same as --format lines"),
        .init(name: "compact", help: "Write JSON without white space"),
      ],
      examples: [
        .init(
          command: "\(program) export tree --db shop.db", help: "tree/patterns/….json and so on"),
        .init(
          command: "\(program) export tree --format lines",
          help: "tree/patterns/patterns.jsonl and two more"),
        .init(
          command: "\(program) export shop --format sql --dialect postgresql",
          help: "shop/\(Export.scriptName), for psql"),
      ],
      failures: "rows were left out",
      run: run)
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let directory = arguments.positionals[0]
    try OutputFile.checkCompanions(directory, arguments)
    var options = Export.Options()
    options.layout = try layout(arguments)
    options.isIndented = !arguments.has("compact")
    Signals.catchInterruptions()
    let store = try arguments.database.openForReading()
    let summary = try Export(of: store, to: directory, options: options)
      .runSynchronously { Signals.isInterrupted }
    if arguments.has("json") {
      console.printDocument(json(summary, of: store, directory: directory))
    } else {
      show(summary, of: store, directory: directory, console)
    }
    return summary.leftOut > 0 ? .failures : .success
  }

  private static func layout(_ arguments: ParsedArguments) throws -> Export.Layout {
    var format = arguments.choice("format", of: Format.self)
    if arguments.has("lines") {
      if let format, format != .lines {
        throw UsageError("--lines and --format \(format.rawValue) cannot be combined")
      }
      format = .lines
    }
    let dialect = arguments.choice("dialect", of: SQLDialect.self)
    if dialect != nil, format != .sql { throw UsageError("--dialect requires --format sql") }
    if arguments.has("compact"), format == .sql {
      throw UsageError("--compact and --format sql cannot be combined")
    }
    switch format {
    case nil, .tree: return .files
    case .lines: return .lines
    case .sql: return .sql(dialect ?? .sqlite)
    }
  }

  private static func show(
    _ summary: Export.Summary, of store: any RecordStore, directory: String, _ console: Console
  ) {
    for issue in summary.issues {
      let style: Console.Style = issue.severity == .error ? .error : .warning
      let id = issue.id.map { " \(JSONValue.string($0).text)" } ?? ""
      let what = (issue.kind?.schema.singular ?? "row") + id
      console.note(
        console.styled("\(issue.severity.rawValue):", style)
          + " " + PlainText.escaped("\(what): \(issue.message)") + " [\(issue.code)]")
    }
    if summary.issuesOmitted > 0 {
      console.note("… and \(PlainText.counted(summary.issuesOmitted, "more issue"))")
    }
    let files = PlainText.counted(summary.fileCount, "file")
    console.print("Wrote \(files) to \(PlainText.escaped(directory)):")
    for kind in store.catalog.kinds {
      console.print(
        "  "
          + PlainText.counted(
            summary.counts[kind] ?? 0, kind.schema.singular, kind.schema.plural))
    }
    if summary.leftOut > 0 {
      console.print("Left out: \(PlainText.counted(summary.leftOut, "row"))")
    }
  }

  private static func json(
    _ summary: Export.Summary, of store: any RecordStore, directory: String
  ) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", summary.leftOut == 0)
      $0.member("database", store.location)
      $0.member("directory", directory)
      $0.member("files", summary.fileCount)
      $0.member("bytes", summary.byteCount)
      $0.member("entities") {
        $0.object {
          for kind in store.catalog.kinds {
            $0.member(kind.rawValue, summary.counts[kind] ?? 0)
          }
        }
      }
      $0.member("left_out", summary.leftOut)
      $0.member("issues", each: summary.issues) { $0.issue($1) }
      $0.member("issues_omitted", summary.issuesOmitted)
    }
    return writer.text
  }
}
