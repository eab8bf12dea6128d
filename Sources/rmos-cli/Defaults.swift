import RMOSModels
import RMOSStore
import RMOSSystem

/// What holds where the command line says nothing.
enum Defaults {
  /// The source directory.
  static let source = "data/rmos_legacy"
  /// The database, where neither `--db` nor `RMOS_DB_PATH` names one.
  static let database = "data/rmos.db"

  /// The option that names the database.
  static let databaseOption = CommandSpec.Option(
    name: "db", placeholder: "FILE",
    help: "The database [default: RMOS_DB_PATH, else \(database)]")

  /// The path of the database for a command line.
  static func databasePath(_ arguments: ParsedArguments) -> String {
    arguments["db"] ?? ProcessEnvironment.variable("RMOS_DB_PATH") ?? database
  }

  /// The words that make another command use the same database.
  static func databaseWords(_ arguments: ParsedArguments) -> String {
    arguments["db"].map { " --db " + TerminalText.shellWord($0) } ?? ""
  }

  /// Opens the database for writing, creating it where it is absent, and, for the default path,
  /// its directory too.
  static func openForWriting(_ arguments: ParsedArguments) throws -> SQLiteStore {
    let path = databasePath(arguments)
    try SQLiteStore.checkName(path)
    if path == database {
      do throws(SystemError) {
        try FileSystem.makeDirectories("data", permissions: 0o777)
      } catch {
        throw CommandError(
          code: "store.cannot-open",
          message: "cannot create the directory data for \(path): "
            + "\(error.reason); name another place with --db FILE")
      }
    }
    return try SQLiteStore(path: path, access: .create)
  }

  /// The store of a dry run: one that cannot be written to, or an empty one in memory where the
  /// database is yet to be created.
  static func openForRehearsal(_ arguments: ParsedArguments) throws -> any RecordStore {
    let path = databasePath(arguments)
    try SQLiteStore.checkName(path)
    if let size = FileStatus.size(of: path), size > 0 {
      return try SQLiteStore(path: path, access: .readOnly)
    }
    // The directory of the default path is created with the database.
    if path != database || FileStatus.exists("data") { try SQLiteStore.check(path: path) }
    return InMemoryStore()
  }

  /// Opens the database for reading; it must be there.
  static func openForReading(_ arguments: ParsedArguments) throws -> SQLiteStore {
    try openExisting(arguments, .readOnly)
  }

  /// Opens the database, which must be there; `busyTimeout` is how long to wait for other writers,
  /// seconds, and `followsPath` says whether to go on with a database that takes its place.
  static func openExisting(
    _ arguments: ParsedArguments, _ access: SQLiteStore.Access, busyTimeout: Duration = .seconds(5),
    followsPath: Bool = false
  ) throws -> SQLiteStore {
    let path = databasePath(arguments)
    try SQLiteStore.checkName(path)
    guard FileStatus.exists(path) else {
      throw CommandError(
        code: "store.cannot-open",
        message: "there is no database at \(path); rmos-cli migrate or rmos-cli init creates one, "
          + "--db FILE names another")
    }
    return try SQLiteStore(
      path: path, access: access, busyTimeout: busyTimeout, followsPath: followsPath)
  }
}
