import RMOSModels

/// All commands.
enum CommandTable {
  /// In the order of help.
  static var commands: [CommandSpec] {
    [
      MigrateCommand.spec, AuditCommand.spec, ReportCommand.spec, StatusCommand.spec,
      HistoryCommand.spec, RunsCommand.spec, ServeCommand.spec, UndoCommand.spec,
      ExportCommand.spec,
      DiffCommand.spec, BackupCommand.spec, InitCommand.spec, SampleCommand.spec,
      CompletionsCommand.spec, ManCommand.spec, HelpCommand.spec, VersionCommand.spec,
    ]
  }

  /// A command by its name.
  ///
  /// - Throws: ``UsageError``, with the nearest name where one is near.
  static func command(_ name: String) throws -> CommandSpec {
    if let spec = commands.first(where: { $0.name == name }) { return spec }
    throw UsageError(
      "unknown command “\(name)”",
      hint: Suggestion.hint(for: name, among: commands.map(\.name)) ?? "See rmos-cli help.")
  }
}
