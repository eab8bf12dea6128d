import RMOSMigration
import RMOSModels

/// Hints on how to resolve failures and issues, in terms of the program's options and commands.
///
/// The libraries, which other programs embed, report facts with a code and know of no options.
struct Hints {
  let program: CommandLineProgram

  /// Returns the hint for an error of a command, by its code; `nil` if there is none, or if the
  /// command line already follows it.
  func forError(_ code: String, of command: CommandSpec?, _ words: [String]) -> String? {
    let given = arguments(words, command)
    if code == "store.disk-full", command?.option("no-backup") != nil,
      given?.has("no-backup") != true
    {
      return "If there is no space for the backup, --no-backup skips it."
    }
    if code == "rejects.not-empty", let directory = given?["rejects"],
      RejectsPlace(directory).holdsRejects
    {
      let place = PlainText.shellWord(directory)
      return "Nothing was migrated. To list the files that were changed: (cd \(place) && sha256sum "
        + "-c --quiet SHA256SUMS)\nName another directory with --rejects DIR."
    }
    if code == "source.unreadable", let given, given.positionals.isEmpty,
      let argument = command?.arguments.first, !argument.isRequired
    {
      return "No \(argument.name) was given; \(program.defaultSource) is the default."
    }
    if code == "store.corrupt", command?.name == "audit" { return nil }
    // Without --run, the error means that the ledger has no run at all.
    let namesRun = words.contains { $0.hasPrefix("--run") }
    if code == "report.no-run", command?.name == "report", !namesRun { return nil }
    return hint(for: code)
  }

  /// Returns the arguments of a command line; `nil` if it is not valid.
  private func arguments(_ words: [String], _ command: CommandSpec?) -> ParsedArguments? {
    guard let command, let name = words.firstIndex(of: command.name) else { return nil }
    return try? ParsedArguments(Array(words[(name + 1)...]), for: command)
  }

  /// Returns the hint for an error that depends on its code alone.
  private func hint(for code: String) -> String? {
    switch code {
    case "store.locked": "\(program) status shows the run that is under way."
    case "store.foreign", "store.not-a-database", "store.newer-schema":
      "Name another database with --db \(program.databasePlaceholder)."
    case "store.corrupt": "\(program) audit shows what is damaged."
    case "export.unrepresentable": "Without --format sql, a tree holds those whose id is text."
    case "backup.exists": "--force replaces an earlier backup."
    case "rejects.not-empty", "rejects.in-use", "rejects.in-source", "rejects.unwritable":
      "Name another directory with --rejects DIR."
    case "report.no-run": "\(program) runs lists the runs."
    case "statistics.invalid": "\(program) migrate --stats FILE writes statistics."
    case "serve.port-in-use": "Choose another port with --port N; --port 0 takes any that is free."
    case "serve.no-address": "Name an address of this machine with --host HOST."
    case "serve.token-required": "Set a token with RMOS_TOKEN or --token TOKEN."
    default: nil
    }
  }

  /// Returns the hint for an issue of a migration, by its code; `nil` if there is none, or if the
  /// options already follow it.
  func forIssue(_ code: String, _ arguments: ParsedArguments) -> String? {
    switch code {
    case "duplicate.differs" where arguments.has("force"): nil
    case "duplicate.differs" where arguments["on-duplicate"] == "update":
      "--force also overwrites rows that were changed in the database"
    case "duplicate.differs": "--on-duplicate update rewrites rows whose content differs"
    case "id.missing" where arguments["missing-id"] == "reject":
      "--missing-id derive derives such ids from the paths of the files"
    default: nil
    }
  }

  /// Returns the hint for a group of issues of a migration: the mapping that their message names,
  /// or for several errors about the shape of the files, a survey.
  ///
  /// - Parameters:
  ///   - group: The issues.
  ///   - run: The run, if it has written rows.
  ///   - source: What it read.
  ///   - arguments: The command's.
  /// - Returns: The hint; `nil` if there is none.
  func forGroup(
    _ group: IssueGroups.Group, ofRun run: Int64?, source: String, _ arguments: ParsedArguments
  ) -> String? {
    // No option determines which of several entities with one id in the source is used.
    if group.isRepeatedInSource { return nil }
    if group.isAboutPositions {
      return "give such entities ids, and new ones a file of their own; "
        + "--missing-id reject refuses them"
    }
    if let hint = forIssue(group.code.rawValue, arguments) { return hint }
    // The message of an error lists the known values; that of a warning does not.
    if group.code == .fieldUnknownValue, group.severity == .warning {
      return "the known values are on the manual page: \(program) man"
    }
    if let name = MappingAdvice(in: group.message)?.rawValue {
      let given = arguments.all("mapping")
      if given.contains(name) { return nil }
      // With their own ids, they would be there twice.
      if let run, given.isEmpty, group.isAboutMissingIDs {
        return "first \(program) undo \(run)\(arguments.database.words), then --mapping "
          + "\(PlainText.shellWord(name)) reads them with their ids"
      }
      if given.isEmpty { return "--mapping \(PlainText.shellWord(name)) reads them" }
      // The first mapping that takes a file reads it, so a second one would not help.
      return "\(program) survey \(PlainText.shellWord(source)) --propose FILE writes a mapping "
        + "that does both"
    }
    guard [.fieldMissing, .fieldType, .fieldEmpty, .shapeNotObject].contains(group.code),
      group.severity == .error, group.count > 1
    else { return nil }
    let place = PlainText.path(group.within, in: source)
    return "\(program) survey \(PlainText.shellWord(place)) shows their shape"
  }

  /// The hints for findings of an audit, by the codes of their rules.
  var forFindings: [String: String] {
    [
      "schema.version":
        "\(program) init records the version or upgrades it; a newer one needs a newer \(program)",
      "schema.table": "\(program) init creates missing tables",
    ]
  }
}
