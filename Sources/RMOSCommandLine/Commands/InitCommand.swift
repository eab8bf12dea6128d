import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli init`.
enum InitCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "init", summary: "Create the database, or upgrade an old one",
      details:
        "Creates missing tables and changes no rows. A database that is up to date is left as "
        + "it is.",
      options: [program.databaseOption],
      examples: [.init(command: "\(program) init --db shop.db", help: "Create an empty database")]
    ) { arguments, console in
      let (before, missing) = try stateBefore(arguments.database)
      let opened = try arguments.database.open(for: .creating)
      try opened.bringUpToDate()
      let store = opened.store
      let version = try store.read { try $0.schemaVersion() }?.version
      if arguments.has("json") {
        console.printDocument(
          JSONOutput.success { writer in
            writer.member("database", store.location)
            writer.member("created", before == nil && missing.isEmpty)
            writer.member("created_tables", strings: missing)
            writer.member("previous_schema_version", before)
            writer.member("schema_version", version)
          })
        return .success
      }
      let schema = version.map { "schema version \($0)" } ?? "no schema"
      let location = PlainText.escaped(store.location)
      switch before {
      case _ where !missing.isEmpty:
        console.print(
          "Completed \(location) with the \(missing.count == 1 ? "table" : "tables") "
            + "\(missing.joined(separator: ", ")) (\(schema))")
      case nil: console.print("Created \(location) (\(schema))")
      case version: console.print("\(location) is up to date (\(schema))")
      case .some(let before):
        console.print("Upgraded \(location) from version \(before) (\(schema))")
      }
      console.printNext("\(program) migrate SOURCE --dry-run\(arguments.database.words)")
      return .success
    }
  }

  /// Returns the current schema version, `nil` if there is none, and the missing tables.
  private static func stateBefore(
    _ database: NamedDatabase
  ) throws -> (version: Int?, missing: [String]) {
    func state() throws -> (version: Int?, missing: [String]) {
      guard let store = try database.openIfPresent(for: .reading)?.store else { return (nil, []) }
      return try store.read { reader in
        let missing = try reader.inspection.missingTables()
        return (try reader.schemaVersion()?.version, missing)
      }
    }
    do {
      return try state()
    } catch let error as StoreError where [.readOnly, .cannotOpen].contains(error.code) {
      // Some databases can be read only once they were opened for writing, as one with a journal of
      // a write that was cut off.
      try database.openIfPresent(for: .changing)?.close()
      return try state()
    }
  }
}
