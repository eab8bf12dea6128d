import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli report`.
enum ReportCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "report", summary: "Show a report of a run, or of a statistics file",
      details: "Reports on the newest run in the ledger, on the run given by --run, or on a "
        + "statistics file written by migrate --stats. The report goes to standard output. Files are written "
        + "only with --output; in a directory they are migration_report_RUN.FORMAT, where RUN is the "
        + "run's number, or stats for a statistics file.",
      arguments: [
        .init(
          name: "STATS.json", help: "A statistics file [default: the newest run]", value: .file)
      ],
      options: [
        program.databaseOption,
        .init(name: "run", placeholder: "ID", help: "The run; \(program) runs lists them"),
        .init(
          name: "format", placeholder: "LIST", value: .list(ReportFormat.allCases.map(\.rawValue)),
          help: "text, json or html; with --output, a comma-separated list "
            + "[default: text]", olderWords: ["txt": "text"]),
        .init(
          name: "output", placeholder: "PATH", value: .file,
          help: "Write to a file in the format of its ending, such as report.html, or else to a "
            + "directory, which is created if necessary; earlier reports are replaced"),
      ],
      examples: [
        .init(command: "\(program) report --db shop.db", help: "The newest run, as text"),
        .init(
          command: "\(program) report --run 3 --format html > report.html",
          help: "Run 3, for a browser"),
        .init(
          command: "\(program) report stats.json --format json,html,text --output reports",
          help: "A statistics file, in every format"),
      ],
      run: run)
  }

  @Sendable private static func run(_ arguments: ParsedArguments, _ console: Console) throws
    -> ExitStatus
  {
    let formats = try formats(arguments)
    let id = try arguments.integer("run", in: 1...Int.max).map { Int64($0) }
    if id != nil, let file = arguments.positionals.first {
      throw UsageError(
        "--run and the statistics file \(file) cannot be combined",
        hint: "Omit one of them.")
    }
    let report: MigrationReport
    if let file = arguments.positionals.first {
      report = try self.report(ofStatistics: file, arguments)
    } else {
      let store = try arguments.database.openForReading()
      report = try StoreError.retryingIfChanged { try MigrationReport(ofRun: id, in: store) }
    }
    if let file = arguments["output"], let format = formats.first,
      OutputFile.format(of: file) != nil
    {
      if let input = arguments.positionals.first, FileStatus.isSameFile(file, input) {
        throw CommandError(
          code: "output.unwritable", message: "cannot write \(file): it is the statistics file")
      }
      try OutputFile.check(file, arguments)
      try OutputFile.replace(file, with: report.document(as: format))
      OutputFile.list([file], arguments, console)
    } else if let directory = arguments["output"] {
      try OutputFile.checkCompanions(directory, arguments)
      let files = formats.map {
        (name: report.fileName(as: $0), text: report.document(as: $0))
      }
      OutputFile.list(try OutputFile.replace(files, in: directory), arguments, console)
    } else if let format = formats.first, format != .text {
      console.printDocument(report.document(as: format))
    } else if !console.isQuiet {
      let layout = console.layout
      console.printDocument(layout.wrapsText ? report.text(width: layout.width) : report.text)
    }
    return .success
  }

  /// The requested formats; standard output takes only one.
  private static func formats(_ arguments: ParsedArguments) throws -> [ReportFormat] {
    let formats = try arguments.outputFormats(of: ReportFormat.self)
    guard arguments["output"] == nil else { return formats.isEmpty ? [.text] : formats }
    if formats.count > 1 {
      throw UsageError(
        "--format: standard output takes one format, found \(formats.count)",
        hint: "Add --output with a directory to write one file per format.")
    }
    guard arguments.has("json") else { return formats.isEmpty ? [.text] : formats }
    if let format = formats.first, format != .json {
      throw UsageError(
        "--json and --format \(format.rawValue) cannot be combined on standard output",
        hint: "Add --output to write the report to a file.")
    }
    return [.json]
  }

  // MARK: Files

  /// The maximum size of a statistics file, bytes; real ones are far smaller.
  private static let largestStatistics = 1 << 20

  private static func report(
    ofStatistics file: String, _ arguments: ParsedArguments
  ) throws -> MigrationReport {
    let program = arguments.program
    if program.isDatabase(file: file) {
      throw CommandError(
        code: MigrationError.Code.statisticsInvalid.rawValue,
        message: "\(file) is a database, not a statistics file",
        hint: "To report on its runs: \(program) report --db \(PlainText.shellWord(file))")
    }
    let content: FileSystem.Content
    do throws(SystemError) {
      content = try FileSystem.content(of: file, limit: largestStatistics)
    } catch {
      throw CommandError(
        code: "input.unreadable",
        message: "cannot read the statistics file \(file): \(error.reason)",
        // A number is probably that of a run.
        hint: file.wholeNumber.map {
          "To report on run \($0): \(program) report --run \($0)\(arguments.database.words)"
        })
    }
    guard case .bytes(let bytes) = content else {
      throw CommandError(
        code: "input.too-large",
        message: "\(file) is larger than \(PlainText.grouped(largestStatistics)) bytes, so it "
          + "is not a statistics file",
        hint: "\(program) migrate --stats FILE writes statistics.")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MigrationError(.statisticsInvalid, "\(file): the statistics are not UTF-8")
    }
    do throws(MigrationError) {
      return try MigrationReport(statisticsJSON: text, catalog: program.catalog)
    } catch {
      throw MigrationError(error.code, "\(file): \(error.message)")
    }
  }
}
