import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli backup`.
enum BackupCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "backup", summary: "Copy the database to a file, even while it is in use",
      details:
        "Writes the database as it is now to FILE: one complete file that only its owner can "
        + "read. Other programs can write to the database meanwhile.",
      arguments: [.init(name: "FILE", help: "The file; it must not exist yet", isRequired: true)],
      options: [
        program.databaseOption,
        .init(name: "force", help: "Replace FILE if it exists"),
      ],
      examples: [
        .init(command: "\(program) backup shop-2026-03-01.db --db shop.db", help: "A dated copy")
      ]
    ) { arguments, console in
      let file = arguments.positionals[0]
      try OutputFile.checkCompanions(file, arguments)
      Signals.catchInterruptions()
      let opened = try arguments.database.open(for: .reading)
      try opened.backUp(file, arguments.has("force")) { Signals.isInterrupted }
      let size = FileStatus.size(of: file)
      if arguments.has("json") {
        console.printDocument(
          JSONOutput.success { writer in
            writer.member("database", opened.store.location)
            writer.member("backup", file)
            writer.member("bytes", size)
          })
      } else {
        let bytes = size.map { " (\(PlainText.grouped($0)) bytes)" } ?? ""
        console.print(
          "Backed up \(PlainText.escaped(opened.store.location)) to \(PlainText.escaped(file))\(bytes)"
        )
      }
      return .success
    }
  }
}
