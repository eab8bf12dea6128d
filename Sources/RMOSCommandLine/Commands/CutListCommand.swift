import RMOSAnalytics
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli cut-list`.
enum CutListCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "cut-list", summary: "Show what to cut for rosettes of a pattern",
      details:
        "Counts tiles, lengths and sticks, ring by ring or color by color, and compares them "
        + "with the stock. Also lists what the geometry does not specify. Opens the database "
        + "read-only and changes nothing.",
      arguments: [.init(name: "PATTERN", help: "The id of the pattern", isRequired: true)],
      options: [
        program.databaseOption,
        .init(name: "count", placeholder: "N", help: "How many rosettes; required"),
        .init(
          name: "scrap", placeholder: "PERCENT",
          help: "Allowance for scrap, in percent [default: 0]"),
        .init(
          name: "stick-mm", placeholder: "LENGTH",
          help: "Stick length; needed to count sticks"),
        .init(
          name: "kerf-mm", placeholder: "WIDTH",
          help: "Width of the saw cut (kerf) [default: 0]"),
        .init(
          name: "format", of: FigureFormat.self,
          help: "The format; html is a page to print for the workshop [default: text]"),
        .init(
          name: "table", of: Table.self,
          help: "Only this table, as text or CSV [default for csv: pieces]"),
        .init(
          name: "output", placeholder: "FILE",
          help: "Write to a file instead of standard output, in the format of its "
            + "ending"),
      ],
      examples: [
        .init(
          command: "\(program) cut-list torres_wave_5x11 --count 12 --scrap 10 --kerf-mm 0.6",
          help: "Twelve rosettes, with a tenth for scrap"),
        .init(
          command:
            "\(program) cut-list torres_wave_5x11 --count 12 --format html --output cut.html",
          help: "The same as a page to print"),
      ],
      run: run)
  }

  /// The tables of a cut list.
  private enum Table: String, CaseIterable {
    case pieces, stock
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let format = try arguments.outputFormat(of: FigureFormat.self)
    let table = arguments.choice("table", of: Table.self)
    if table != nil, format == .json || format == .html {
      throw UsageError("--table is for --format text and csv")
    }
    guard let count = try arguments.integer("count", in: 1...1_000_000) else {
      throw UsageError("--count is missing", hint: "Say how many rosettes, such as --count 12.")
    }
    let options = CutList.Options(
      count: count,
      scrapPercent: try arguments.number("scrap", allowsZero: true) ?? 0,
      stickMM: try arguments.number("stick-mm", allowsZero: false),
      kerfMM: try arguments.number("kerf-mm", allowsZero: true) ?? 0)
    let id = arguments.positionals.first ?? ""
    if let file = arguments["output"] { try OutputFile.check(file, arguments) }
    let store = try arguments.database.openForReading()
    guard let list = try CutList(ofPattern: id, in: store, options: options) else {
      throw try missing(id, of: .patterns, in: store, arguments)
    }
    let output = FigureOutput(arguments, console)
    func chosen(_ table: Table) -> FigureTable? {
      list.tables.first { $0.name == table.rawValue }
    }
    switch format {
    case .text:
      let style = output.style(rows: .max)
      let text = table.map { chosen($0)?.text(style) ?? "" } ?? list.text(style)
      try output.write(text + "\n", as: format)
    case .json: try output.write(list.json + "\n", as: format)
    case .csv:
      try output.write(chosen(table ?? .pieces)?.csv ?? "", as: format)
      if table == nil, !list.stock.isEmpty, !console.isQuiet {
        console.note("The stock, and what is short of it, is another table: --table stock.")
      }
    case .html: try output.write(list.html, as: format)
    }
    return .success
  }

  /// Returns the error for an id that is not in the database.
  static func missing(
    _ id: String, of kind: EntityKind, in store: any RecordStore, _ arguments: ParsedArguments
  ) throws -> CommandError {
    let similar = try store.read { reader in
      try SimilarID.first(like: id, of: kind) { try reader.contains(kind, id: $0) }
    }
    let noun = kind.schema.singular
    return CommandError(
      code: noun.replacing(" ", with: "-") + ".missing",
      message: #"there is no \#(noun) "\#(id)" in \#(arguments.database.shown)"#,
      hint: similar.map { #"Did you mean "\#($0.id)"?"# }
        ?? "\(arguments.program) analytics patterns shows which there are.")
  }
}
