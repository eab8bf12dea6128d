import RMOSModels
import RMOSStore
import RMOSSystem

/// The database that a command line names.
struct NamedDatabase {
  /// The database that the environment names, for command lines that name none.
  fileprivate static var ofEnvironment: String? { ProcessEnvironment.variable("RMOS_DB_PATH") }

  private let program: CommandLineProgram
  private let opener: (any StoreOpener)?
  /// The location as given, which may hold a password.
  private let location: String
  /// The words that name the same database on another command line, after a space; empty if this
  /// command line does not name it.
  let words: String

  /// Creates the database that the arguments or the environment name.
  fileprivate init(_ arguments: ParsedArguments) {
    program = arguments.program
    let given = arguments["db"]
    let place = given ?? Self.ofEnvironment ?? program.defaultDatabase
    location = place ?? ""
    opener = place.flatMap(program.opener)
    words =
      given.map { [program] location in
        // After a space, a location that begins with a hyphen would be an option.
        (location.hasPrefix("-") ? " --db=" : " --db ")
          + PlainText.shellWord(program.shown(location))
      } ?? ""
  }

  /// The location for people, without a password.
  var shown: String { opener?.shown(location) ?? "" }

  /// The file that holds the database; `nil` if it is not in a file.
  var file: String? { opener?.file(of: location) }

  /// Whether a path leads to the database's file.
  func isFile(_ path: String) -> Bool {
    file.map { FileStatus.isSameFile(path, $0) } ?? false
  }

  /// Whether a path leads to a file that accompanies the database, a log of SQLite or the lock, or
  /// to something below a directory with the name of one.
  func isCompanionFile(_ path: String) -> Bool {
    guard let file else { return false }
    let companions = [file, (try? file.resolved()) ?? file].flatMap { file in
      ["-wal", "-shm", "-journal", ".lock"].map { file + $0 }
    }
    if companions.contains(where: { FileStatus.isSameFile(path, $0) }) { return true }
    let directory = path.directoryPath
    return directory != path && !["", ".", "/"].contains(directory) && isCompanionFile(directory)
  }

  /// Whether the database's file is in a directory.
  func isIn(directory: String) -> Bool {
    file.map { FileStatus.isSameFile($0.directoryPath, directory) } ?? false
  }

  /// Opens the store, which must exist unless `purpose` creates it.
  func open(for purpose: StorePurpose) throws -> OpenedStore {
    if let store = try openIfPresent(for: purpose) { return store }
    let hint =
      purpose == .inspecting
      ? "Name another database with --db \(program.databasePlaceholder)."
      : "\(program) migrate and \(program) init create one; "
        + "--db \(program.databasePlaceholder) names another."
    throw CommandError(
      code: "store.cannot-open", message: "there is no database at \(shown)", hint: hint)
  }

  /// Opens the store; `nil` if there is no database and `purpose` does not create it.
  func openIfPresent(for purpose: StorePurpose) throws -> OpenedStore? {
    guard let opener else {
      throw UsageError(
        "no database is named", hint: "Name it with --db \(program.databasePlaceholder).")
    }
    return try opener.open(location, catalog: program.catalog, for: purpose)
  }

  /// Opens the store for reading.
  func openForReading() throws -> any RecordStore { try open(for: .reading).store }

  /// Opens the store for a dry run; an empty store in memory if there is no database yet.
  func openForRehearsal() throws -> any RecordStore {
    try openIfPresent(for: .rehearsing)?.store ?? InMemoryStore(catalog: program.catalog)
  }
}

extension ParsedArguments {
  /// The database that the command line names.
  ///
  /// - Precondition: The command declares ``CommandLineProgram/databaseOption``.
  var database: NamedDatabase { NamedDatabase(self) }
}

extension CommandLineProgram {
  /// The option that names the database.
  var databaseOption: CommandSpec.Option {
    let rest = defaultDatabase.map { ", or else \($0)" } ?? ""
    return .init(
      name: "db", placeholder: databasePlaceholder, value: .database,
      help: "The database [default: RMOS_DB_PATH\(rest)]")
  }

  /// The placeholder of `--db`.
  var databasePlaceholder: String { openers.map(\.placeholder).joined(separator: "|") }

  /// The database if neither a command line nor the environment names one.
  var defaultDatabase: String? { openers.lazy.compactMap(\.defaultLocation).first }

  /// Returns the opener of a database; `nil` if none accepts the location.
  func opener(of location: String) -> (any StoreOpener)? {
    openers.first { $0.opens(location) }
  }

  /// Returns a word of a command line without a database's password, so that it may be shown.
  func shown(_ word: String) -> String {
    let value = Self.value(of: word)
    return word.dropLast(value.count) + (opener(of: value)?.shown(value) ?? value)
  }

  /// Returns the part of a word that may name a database: the value of `--option=value`, or the
  /// word.
  private static func value(of word: String) -> String {
    let parts = word.split(separator: "=", maxSplits: 1)
    return String(word.hasPrefix("--") && parts.count == 2 ? parts[1] : word[...])
  }

  /// Returns the texts with passwords that messages may quote from a command line, and what to show
  /// instead.
  func secrets(in words: [String]) -> [(text: String, shown: String)] {
    (words + [NamedDatabase.ofEnvironment].compactMap(\.self))
      .map(Self.value).map { ($0, shown($0)) }.filter { $0 != $1 }
  }

  /// Whether a path leads to a database.
  func isDatabase(file: String) -> Bool {
    guard let size = FileStatus.size(of: file), size > 0 else { return false }
    let opened = try? opener(of: file)?.open(file, catalog: catalog, for: .reading)
    return opened != nil
  }
}
