import RMOSMigration
import RMOSModels

/// The way out of failures and issues, in terms of the program's options and commands.
///
/// The libraries state facts with a code, for whoever embeds them. Only here do codes meet options.
struct Hints {
  let program: CommandLineProgram

  /// What to do about an error of a command, by its code, where the words given so far leave
  /// something to do.
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
    // Without a number, there is no run at all.
    let namesRun = words.contains { $0.hasPrefix("--run") }
    if code == "report.no-run", command?.name == "report", !namesRun { return nil }
    return wayOut(of: code)
  }

  /// The arguments of a command line, if it can be understood.
  private func arguments(_ words: [String], _ command: CommandSpec?) -> ParsedArguments? {
    guard let command, let name = words.firstIndex(of: command.name) else { return nil }
    return try? ParsedArguments(Array(words[(name + 1)...]), for: command)
  }

  /// What to do about an error by its code alone.
  private func wayOut(of code: String) -> String? {
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

  /// What to do about an issue of a migration, by its code, where the options given so far leave
  /// something to do.
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

  /// What to do about issues of a migration that are wrong in one way: the mapping that their
  /// message names, or else, for many, a look at what they have.
  func forGroup(
    _ group: IssueGroups.Group, source: String, _ arguments: ParsedArguments
  ) -> String? {
    // No option changes which of several entities of the source counts.
    if group.isRepeatedInSource { return nil }
    if group.isAboutPositions {
      return "give such entities ids, and new ones a file of their own; "
        + "--missing-id reject refuses them"
    }
    if let hint = forIssue(group.code.rawValue, arguments) { return hint }
    // The message of an error has them; a warning comes every time.
    if group.code == .fieldUnknownValue, group.severity == .warning {
      return "the known values are on the manual page: \(program) man"
    }
    if let name = MappingAdvice(in: group.message)?.rawValue {
      let given = arguments.all("mapping")
      if given.contains(name) { return nil }
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

  /// What to do about findings of an audit, by the code of their rule.
  var forFindings: [String: String] {
    [
      "schema.version":
        "\(program) init records the version or upgrades it; a newer one needs a newer \(program)",
      "schema.table": "\(program) init creates missing tables",
    ]
  }
}
