import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// `rmos-cli init`.
enum InitCommand {
  static let spec = CommandSpec(
    name: "init", summary: "Create the database, or upgrade an old one",
    details: "Creates the tables where they are missing and changes no row. "
      + "A database that is up to date is left as it is.",
    options: [Defaults.databaseOption],
    examples: [.init(command: "rmos-cli init --db shop.db", help: "An empty database")]
  ) { arguments, console in
    let path = Defaults.databasePath(arguments)
    let before = try versionBefore(path)
    let store = try Defaults.openForWriting(arguments)
    try store.bringUpToDate()
    let version = try store.read { try $0.schemaVersion() }?.version
    if arguments.has("json") {
      console.print(
        JSONOutput.success { writer in
          writer.member("database", store.location)
          writer.member("created", before == nil)
          writer.member("previous_schema_version", before)
          writer.member("schema_version", version)
        })
      return .success
    }
    let schema = version.map { "schema version \($0)" } ?? "no schema"
    let location = TerminalText.escaped(store.location)
    switch before {
    case nil: console.print("Created \(location) (\(schema))")
    case version: console.print("\(location) is up to date (\(schema))")
    case .some(let before): console.print("Upgraded \(location) from version \(before) (\(schema))")
    }
    console.print(
      "Next: rmos-cli migrate SOURCE --dry-run\(Defaults.databaseWords(arguments))")
    return .success
  }

  /// The schema's version before; nil where there is no database yet.
  private static func versionBefore(_ path: String) throws -> Int? {
    guard let size = FileStatus.size(of: path), size > 0 else { return nil }
    return try SQLiteStore(path: path, access: .readOnly).read { try $0.schemaVersion() }?.version
  }
}
