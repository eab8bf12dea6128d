import RMOSModels
import RMOSStore
import RMOSSystem

/// The database that a command line names.
struct NamedDatabase {
  /// What the environment names, for command lines that name no database.
  fileprivate static var ofEnvironment: String? { ProcessEnvironment.variable("RMOS_DB_PATH") }

  private let program: CommandLineProgram
  private let opener: (any StoreOpener)?
  /// The location as given, which may hold a password.
  private let location: String
  /// The words that make another command line use the same database.
  let words: String

  /// Creates what the words of a command line name.
  fileprivate init(_ arguments: ParsedArguments) {
    program = arguments.program
    let given = arguments["db"]
    let place = given ?? Self.ofEnvironment ?? program.defaultDatabase
    location = place ?? ""
    opener = place.flatMap(program.opener)
    words =
      given.map { [program] location in
        // What begins with a hyphen would be taken for an option.
        (location.hasPrefix("-") ? " --db=" : " --db ")
          + PlainText.shellWord(program.shown(location))
      } ?? ""
  }

  /// Its name for people.
  var shown: String { opener?.shown(location) ?? "" }

  /// Its file; `nil` if it is not in a file.
  var file: String? { opener?.file(of: location) }

  /// Whether a path leads to the database's file.
  func isFile(_ path: String) -> Bool {
    file.map { FileStatus.isSameFile(path, $0) } ?? false
  }

  /// Whether a path leads to a file that belongs to the database: a log of SQLite's, or the lock.
  func isBesideIt(_ path: String) -> Bool {
    guard let file else { return false }
    return ["-wal", "-shm", "-journal", ".lock"].contains { suffix in
      [file, (try? file.resolved()) ?? file].contains { FileStatus.isSameFile(path, $0 + suffix) }
    }
  }

  /// Whether the database's file is in a directory.
  func isIn(directory: String) -> Bool {
    file.map { FileStatus.isSameFile($0.directoryPath, directory) } ?? false
  }

  /// Opens the store; it must exist unless `purpose` creates it.
  func open(for purpose: StorePurpose) throws -> OpenedStore {
    if let store = try openIfPresent(for: purpose) { return store }
    let wayOut =
      purpose == .inspecting
      ? "Name another database with --db \(program.databasePlaceholder)."
      : "\(program) migrate and \(program) init create one; "
        + "--db \(program.databasePlaceholder) names another."
    throw CommandError(
      code: "store.cannot-open", message: "there is no database at \(shown)", hint: wayOut)
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

  /// Opens what a dry run begins with; an empty store in memory if there is no database yet.
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

  /// What `--db` takes.
  var databasePlaceholder: String { openers.map(\.placeholder).joined(separator: "|") }

  /// The database if nothing names one.
  var defaultDatabase: String? { openers.lazy.compactMap(\.defaultLocation).first }

  /// The opener of a database.
  func opener(of location: String) -> (any StoreOpener)? {
    openers.first { $0.opens(location) }
  }

  /// A word of a command line as it may be shown: without a database's password.
  func shown(_ word: String) -> String {
    let value = Self.value(of: word)
    return word.dropLast(value.count) + (opener(of: value)?.shown(value) ?? value)
  }

  /// What may name a database in a word: in `--option=value`, the value.
  private static func value(of word: String) -> String {
    let parts = word.split(separator: "=", maxSplits: 1)
    return String(word.hasPrefix("--") && parts.count == 2 ? parts[1] : word[...])
  }

  /// What messages may quote of the words of a command line but must not show, and what they show
  /// instead.
  func secrets(in words: [String]) -> [(text: String, shown: String)] {
    (words + [NamedDatabase.ofEnvironment].compactMap(\.self))
      .map(Self.value).map { ($0, shown($0)) }.filter { $0 != $1 }
  }

  /// Whether a path is that of a database.
  func isDatabase(file: String) -> Bool {
    guard let size = FileStatus.size(of: file), size > 0 else { return false }
    let opened = try? opener(of: file)?.open(file, catalog: catalog, for: .reading)
    return opened != nil
  }
}
