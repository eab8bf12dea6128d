import RMOSModels
import RMOSStore
import RMOSSystem

/// What applies if the command line does not say otherwise.
enum Defaults {
  /// The source directory.
  static let source = "data/rmos_legacy"
  /// The database if neither `--db` nor `RMOS_DB_PATH` names one.
  static let database = "data/rmos.db"

  /// The option that names the database.
  static let databaseOption = CommandSpec.Option(
    name: "db", placeholder: "FILE",
    help: "The database [default: RMOS_DB_PATH, or else \(database)]")

  /// The path of the database.
  static func databasePath(_ arguments: ParsedArguments) -> String {
    arguments["db"] ?? ProcessEnvironment.variable("RMOS_DB_PATH") ?? database
  }

  /// The words that make another command line use the same database.
  static func databaseWords(_ arguments: ParsedArguments) -> String {
    arguments["db"].map { " --db " + TerminalText.shellWord($0) } ?? ""
  }

  /// Opens the database for writing, and creates it if necessary; for the default path, its
  /// directory too.
  static func openForWriting(_ arguments: ParsedArguments) throws -> SQLiteStore {
    let path = databasePath(arguments)
    try SQLiteStore.checkName(path)
    if path == database {
      do throws(SystemError) {
        try FileSystem.makeDirectories("data", permissions: 0o777)
      } catch {
        throw CommandError(
          code: "store.cannot-open",
          message: "cannot create the directory data for \(path): \(error.reason)",
          hint: "Name another database with --db FILE.")
      }
    }
    return try SQLiteStore(path: path, access: .create)
  }

  /// Opens the store of a dry run: the database, read-only, or an empty store in memory if there is
  /// no database yet.
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

  /// Opens the database for reading; it must exist.
  static func openForReading(_ arguments: ParsedArguments) throws -> SQLiteStore {
    try openExisting(arguments, .readOnly)
  }

  /// Opens the database, which must exist; `busyTimeout` is how long to wait for other writers, in
  /// seconds, and `followsPath` whether to go on with a database that replaces it.
  static func openExisting(
    _ arguments: ParsedArguments, _ access: SQLiteStore.Access, busyTimeout: Duration = .seconds(5),
    followsPath: Bool = false
  ) throws -> SQLiteStore {
    let path = databasePath(arguments)
    try SQLiteStore.checkName(path)
    guard FileStatus.exists(path) else {
      throw CommandError(
        code: "store.cannot-open",
        message: "there is no database at \(path)",
        hint: "rmos-cli migrate and rmos-cli init create one; --db FILE names another.")
    }
    return try SQLiteStore(
      path: path, access: access, busyTimeout: busyTimeout, followsPath: followsPath)
  }
}
