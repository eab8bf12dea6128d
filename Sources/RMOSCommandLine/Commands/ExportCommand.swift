import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli export`.
enum ExportCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "export", summary: "Write the database's entities as a legacy tree",
      details:
        "Writes one file per entity, including the members that have no column in the tables. "
        + "The tree can be migrated again: into an empty database it gives the same rows, and into "
        + "the original nothing new.",
      arguments: [
        .init(
          name: "DIR", help: "A directory that is empty or does not exist yet", isRequired: true)
      ],
      options: [
        program.databaseOption,
        .init(
          name: "lines", help: "Write one JSON Lines file per kind instead of one file per entity"),
        .init(name: "compact", help: "Write JSON without white space"),
      ],
      examples: [
        .init(
          command: "\(program) export tree --db shop.db", help: "tree/patterns/….json and so on"),
        .init(
          command: "\(program) export tree --lines",
          help: "tree/patterns/patterns.jsonl and two more"),
      ]
    ) { arguments, console in
      let directory = arguments.positionals[0]
      var options = Export.Options()
      options.layout = arguments.has("lines") ? .lines : .files
      options.isIndented = !arguments.has("compact")
      Signals.catchInterruptions()
      let store = try arguments.database.openForReading()
      let summary: Export.Summary
      do {
        summary = try Export(of: store, to: directory, options: options)
          .runSynchronously { Signals.isInterrupted }
      } catch let error as MigrationError where error.code == .cancelled {
        return console.interrupted(by: error, asJSON: arguments.has("json"))
      }
      if arguments.has("json") {
        console.print(json(summary, of: store, directory: directory))
      } else {
        show(summary, of: store, directory: directory, console)
      }
      return summary.leftOut > 0 ? .failures : .success
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
          + " " + TerminalText.escaped("\(what): \(issue.message)") + " [\(issue.code)]")
    }
    if summary.issuesOmitted > 0 {
      console.note("… and \(TerminalText.counted(summary.issuesOmitted, "more issue"))")
    }
    let files = TerminalText.counted(summary.fileCount, "file")
    console.print("Wrote \(files) to \(TerminalText.escaped(directory)):")
    for kind in store.catalog.kinds {
      console.print(
        "  "
          + TerminalText.counted(
            summary.counts[kind] ?? 0, kind.schema.singular, kind.schema.plural))
    }
    if summary.leftOut > 0 {
      console.print("Left out: \(TerminalText.counted(summary.leftOut, "row"))")
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
      $0.member("issues") {
        $0.array {
          for issue in summary.issues { $0.issue(issue) }
        }
      }
      $0.member("issues_omitted", summary.issuesOmitted)
    }
    return writer.text
  }
}
