import RMOSModels

/// A private copy of a database, on which a dry run does what the run would do.
///
/// A temporary database of SQLite: no file that anyone else can open, and gone with the value, or
/// with the process. May be used from several threads, one after the other.
final class SQLiteRehearsal: RecordStore {
  /// The database's, of which it is a copy.
  let location: String
  private let path: String
  private let connection: SQLiteConnection
  private let gate: WriterGate

  /// The largest database that is copied, bytes.
  static let sizeLimit: Int64 = 1 << 30

  /// Copies what `source` is connected to.
  ///
  /// - Throws: ``StoreError/Code/cancelled``, or what SQLite reports.
  init(
    of source: SQLiteConnection, location: String, isCancelled: () -> Bool
  ) throws {
    self.location = location
    path = source.handle.path
    gate = WriterGate(location: location)
    connection = try SQLiteConnection(path: "", mode: .create, busyTimeout: 0, shownAs: path)
    // Nobody needs it to survive anything.
    try connection.execute("PRAGMA synchronous = OFF")
    try source.copyContent(to: connection, isCancelled: isCancelled)
    try connection.execute("PRAGMA foreign_keys = ON")
  }

  func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    try gate.transaction(timeout: 0) {
      try explainingLackOfRoom {
        try connection.readTransaction { _ in
          let reader = SQLiteReader(try SQLiteSession(connection))
          defer { reader.expire() }
          return try body(reader)
        }
      }
    }
  }

  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    try gate.transaction(timeout: 0) {
      try explainingLackOfRoom {
        try connection.writeTransaction {
          var session = try SQLiteSession(connection)
          if !session.layout.isComplete {
            try SQLiteSchema.complete(connection, path: path)
            connection.forgetStatements()
            session = try SQLiteSession(connection)
          }
          let transaction = SQLiteTransaction(session)
          defer { transaction.expire() }
          return try body(transaction)
        }
      }
    }
  }

  func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    try gate.exclusively(body)
  }

  func checkWriting() throws -> [Issue] { [] }

  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }

  /// What is full is not the disk that the database is on.
  private func explainingLackOfRoom<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as StoreError
      where [.diskFull, .inputOutput, .cannotOpen].contains(error.code)
    {
      throw StoreError(
        error.code,
        "the private copy of \(location) on which it is tried cannot be written; make room for it "
          + "among temporary files, or name another directory for those (SQLITE_TMPDIR)",
        path: path, sqliteCode: error.sqliteCode)
    }
  }
}
