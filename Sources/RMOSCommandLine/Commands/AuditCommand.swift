import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli audit`.
enum AuditCommand {
  private enum Format: String, OutputFormat {
    case text, json, html
  }

  private static func ruleCode(_ program: CommandLineProgram) -> ValueSpec {
    .name(AuditRule.all.map(\.code), of: "rule", listedBy: "\(program) audit --list-rules")
  }

  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "audit", summary: "Check the database against the rules of migration",
      details: "Opens the database read-only, whatever its state, and changes nothing. "
        + "--repair-plan proposes repairs; they are never applied. The verdict of a full audit is "
        + "saved in the user's state directory, where \(program) status reads it.",
      options: [
        program.databaseOption,
        .init(
          name: "rule", placeholder: "CODE", value: ruleCode(program),
          help: "Check only this rule; repeatable",
          isRepeatable: true),
        .init(
          name: "skip", placeholder: "CODE", value: ruleCode(program),
          help: "Skip this rule; repeatable",
          isRepeatable: true),
        .init(name: "strict", help: "Exit with status 1 on warnings too"),
        .init(
          name: "accept", placeholder: "CODE", value: ruleCode(program),
          help: "Do not count warnings of this rule for the exit status; repeatable",
          isRepeatable: true),
        .init(
          name: "max-errors", placeholder: "N",
          help: "Allow N errors before exiting with status 1 [default: 0]"),
        .init(
          name: "max-warnings", placeholder: "N",
          help: "Allow N warnings before exiting with status 1 [default: any number]"),
        .init(
          name: "format", of: Format.self, help: "The format of the report [default: text]"),
        .init(
          name: "output", placeholder: "FILE",
          help: "Write the report to a file instead of standard output, in the format of its "
            + "ending"),
        .init(
          name: "repair-plan", placeholder: "FILE",
          help: "Write SQL that would fix what can be fixed"
        ),
        .init(
          name: "badge", placeholder: "FILE",
          help: "Write the verdict as a status badge (Shields endpoint JSON)"),
        .init(name: "list-rules", help: "List the rules and exit"),
      ],
      examples: [
        .init(command: "\(program) audit --db shop.db", help: "Check everything"),
        .init(
          command: "\(program) audit --rule reference.missing --repair-plan repair.sql",
          help: "Find job logs that refer to missing rows, and write SQL to fix them"),
        .init(
          command: "\(program) audit --strict --format html --output audit.html",
          help: "In CI: write a page, and exit with status 1 on warnings too"),
      ],
      failures: "more errors or warnings than allowed",
      run: run)
  }

  /// The commands that the repair plan proposes.
  private static func advice(_ arguments: ParsedArguments) -> RepairPlan.Advice {
    let (program, database) = (arguments.program, arguments.database.words)
    let migrate: @Sendable (String) -> String = {
      "\(program) migrate \(PlainText.shellWord($0))\(database)"
    }
    return RepairPlan.Advice(
      migrating: migrate, restoring: { migrate($0) + " --on-duplicate update --force" },
      undoing: { "\(program) undo \($0)\(database)" })
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let format = try arguments.outputFormat(of: Format.self)
    let rules = try chosenRules(arguments)
    let maxErrors = try arguments.integer("max-errors", in: 0...Int.max) ?? 0
    var maxWarnings = try arguments.integer("max-warnings", in: 0...Int.max)
    if arguments.has("strict") {
      if maxWarnings != nil { throw UsageError("--strict and --max-warnings cannot be combined") }
      maxWarnings = 0
    }
    if arguments.has("list-rules") {
      if format == .json {
        console.printDocument(listJSON(rules))
      } else {
        console.printList(Self.list(rules))
      }
      return .success
    }
    let files = ["output", "repair-plan", "badge"].compactMap { arguments[$0] }
    try OutputFile.check(files, arguments)
    Signals.catchInterruptions()
    let store = try arguments.database.open(for: .inspecting).store
    let record = arguments.database.auditRecord(of: store)
    let (state, startedAt) = (record.state(), UTCTime.now.iso8601)
    var options = Auditor.Options()
    options.rules = rules
    let report = try Auditor(of: store, options: options).runSynchronously(
      isCancelled: { Signals.isInterrupted })
    let outcome = AuditOutcome(of: report, startedAt: startedAt, finishedAt: UTCTime.now.iso8601)
    do throws(CommandError) {
      try record.write(report, outcome, state: state)
    } catch {
      if !console.isQuiet {
        console.warn("the verdict cannot be saved for the command status: \(error.message)")
      }
    }
    if let file = arguments["repair-plan"] {
      try OutputFile.replace(file, with: RepairPlan(for: report, advice(arguments)).sql)
    }
    if let file = arguments["badge"] { try OutputFile.replace(file, with: report.badge + "\n") }
    try write(report, as: format, files, arguments, console)
    let warnings = report.warningCount - accepted(of: report, arguments)
    if report.errorCount <= maxErrors, maxWarnings.map({ warnings <= $0 }) ?? true {
      return .success
    }
    if console.isQuiet, !arguments.has("json") {
      let findings = format == .text && arguments["output"] == nil ? report.errorText : nil
      console.note([report.verdictLine, findings].compactMap(\.self).joined(separator: "\n"))
    }
    return .failures
  }

  /// The number of warnings of the rules that `--accept` names.
  private static func accepted(of report: AuditReport, _ arguments: ParsedArguments) -> Int {
    let codes = Set(arguments.all("accept"))
    return report.results.filter { codes.contains($0.rule.code) }
      .reduce(0) { $0 + $1.counts[.warning, default: 0] }
  }

  /// Prints the report, or writes it to the file of `--output`.
  private static func write(
    _ report: AuditReport, as format: Format, _ files: [String], _ arguments: ParsedArguments,
    _ console: Console
  ) throws {
    let text =
      switch format {
      case .text:
        report.text(
          width: console.layout.width, findingsShown: arguments.has("verbose") ? .max : 10,
          hints: arguments.program.hints.forFindings)
      case .json: report.json
      case .html: report.html
      }
    if let file = arguments["output"] {
      try OutputFile.replace(file, with: text + (text.hasSuffix("\n") ? "" : "\n"))
      if arguments.has("json") {
        console.printDocument(JSONOutput.files(files, isSuccess: report.errorCount == 0))
      } else if !files.contains(where: OutputFile.isStandardOutput) {
        console.print(report.verdictLine)
        OutputFile.list(files, arguments, console)
      }
    } else if format == .text {
      console.print(text)
      let accepted = accepted(of: report, arguments)
      if accepted > 0 { console.print("Accepted: \(PlainText.counted(accepted, "warning"))") }
      OutputFile.list(files, arguments, console)
      if arguments["repair-plan"] == nil, !RepairPlan(for: report).steps.isEmpty {
        console.printNext(arguments.commandLine(adding: "repair-plan", "repair.sql"))
      }
    } else {
      console.printDocument(text)
    }
  }

  private static func chosenRules(_ arguments: ParsedArguments) throws -> [AuditRule] {
    let chosen = arguments.all("rule").compactMap { AuditRule(code: $0) }
    let skipped = Set(arguments.all("skip").compactMap { AuditRule(code: $0) })
    let rest = AuditRule.all.filter {
      (chosen.isEmpty || chosen.contains($0)) && !skipped.contains($0)
    }
    if rest.isEmpty { throw UsageError("--rule and --skip leave no rules to check") }
    return rest
  }

  private static func listJSON(_ rules: [AuditRule]) -> String {
    JSONOutput.success {
      $0.member("rules", objects: rules) { writer, rule in
        writer.member("code", rule.code)
        writer.member("severity", rule.severity.rawValue)
        writer.member("summary", rule.summary)
      }
    }
  }

  /// The rules, one per line.
  private static func list(_ rules: [AuditRule]) -> TextTable {
    var table = TextTable(["rule", "severity", "why"], numbers: [])
    for rule in rules { table.add([rule.code, rule.severity.rawValue, rule.summary]) }
    return table
  }
}
