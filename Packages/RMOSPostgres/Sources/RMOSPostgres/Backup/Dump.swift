import CLibPQ
import RMOSStore

extension PostgresStore {
  /// Writes the tables to a file with the program `pg_dump`, which must be in `PATH` and at least
  /// as new as the server.
  ///
  /// The file is an archive in pg_dump's custom format, which `pg_restore` reads. It contains a
  /// snapshot of the schema that the store uses; others can write meanwhile. Only its owner can
  /// read the file, which gets its name once it is complete.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - replacing: Whether to replace an existing file.
  ///   - isCancelled: Polled periodically; when it returns `true`, the file is removed.
  /// - Throws: `StoreError` with `backupExists`, `cancelled`, `diskFull`, `cannotOpen` if the file
  ///   cannot be written, or `other` with the message of `pg_dump`.
  public func backUp(
    to path: String, replacing: Bool = false, isCancelled: () -> Bool = { false }
  ) throws {
    try readers.withSession { session in
      let dump = Dump(of: session)
      try dump.checkSettings()
      try dump.checkProgram()
      let file = try DumpFile(for: path, replacing: replacing)
      do {
        try dump.write(to: file, isCancelled: isCancelled)
        try file.moveIntoPlace()
      } catch {
        file.discard()
        throw error
      }
    }
  }
}

/// Runs `pg_dump`.
private struct Dump {
  private static let program = "pg_dump"
  private let schema: String
  private let connection: PostgresConnection

  init(of session: PostgresSession) {
    schema = session.home.name
    connection = session.connection
  }

  /// Refuses secrets that the program needs to connect, but that it takes neither from the
  /// environment nor in any other way that a list of processes does not show.
  func checkSettings() throws(StoreError) {
    guard let setting = connection.secretsWithoutVariable.first else { return }
    throw failure(
      "it takes \(setting) only where others can read it; connect without that, such as with a key "
        + "that only its owner can read and that needs no password")
  }

  /// Refuses a program that is missing, or older than the server: it would fail, too.
  func checkProgram() throws {
    let (status, output) = try run(["--version"], output: nil) { false }
    let version = output.split(separator: " ").lazy
      .compactMap { Int($0.prefix { $0.isNumber }) }.first
    let needed = connection.serverVersion / 10_000
    guard status == 0, let version else {
      throw failure("it does not say which version it is: \(output.trimmingSpaces)")
    }
    guard version >= needed else {
      throw failure(
        "the one in PATH is of version \(version), and the server of version \(needed); install "
          + "the client programs of PostgreSQL \(needed)")
    }
  }

  func write(to file: DumpFile, isCancelled: () -> Bool) throws {
    // In double quotes, the pattern matches only this schema. The settings of the connection are in
    // the environment, since a list of processes shows arguments to everyone.
    let (status, output) = try run(
      ["--format=custom", "--no-password", "--schema=\(SQL.quoted(schema))"],
      output: file.descriptor, isCancelled)
    if isCancelled() { throw StoreError(.cancelled) }
    guard status == 0 else {
      let reason = connection.withoutSecrets(output)
      throw failure(
        reason.isEmpty ? "it exited with status \(status)" : reason,
        reason.contains(Self.reason(ENOSPC)) ? .diskFull : .other)
    }
  }

  /// Runs the program to its end.
  ///
  /// - Returns: The exit status, and the text on standard error; without `output`, also the text on
  ///   standard output.
  private func run(
    _ arguments: [String], output: Int32?, _ isCancelled: () -> Bool
  ) throws -> (status: Int32, text: String) {
    var (reading, writing): (Int32, Int32) = (-1, -1)
    var process: pid_t = 0
    var problem = unsafe rmos_pipe(&reading, &writing)
    guard problem == 0 else { throw failure(Self.reason(problem)) }
    defer { close(reading) }
    problem = unsafe withCStrings([Self.program] + arguments) { arguments in
      unsafe withCStrings(connection.environment) { environment in
        unsafe rmos_spawn(
          &process, Self.program, arguments, environment, output ?? writing, writing)
      }
    }
    close(writing)
    guard problem == 0 else {
      throw failure(
        problem == ENOENT
          ? "it is not in PATH; install the client programs of PostgreSQL" : Self.reason(problem))
    }
    var text: [UInt8] = []
    var isStopped = false
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      var descriptor = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
      let isReady = unsafe poll(&descriptor, 1, 50) > 0
      if !isStopped, isCancelled() {
        isStopped = true
        kill(process, SIGTERM)
      }
      guard isReady else { continue }
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe read(reading, buffer.baseAddress, buffer.count)
      }
      if count == 0 || (count < 0 && rmos_errno() != EINTR) { break }
      if count > 0, text.count < Self.longestText { text += bytes.prefix(count) }
    }
    let lines = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
    return (rmos_wait(process), lines.map { String($0).trimmingSpaces }.joined(separator: " "))
  }

  private static let longestText = 2000

  private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

  private func failure(_ reason: String, _ code: StoreError.Code = .other) -> StoreError {
    StoreError(
      code, "\(connection.location) cannot be backed up with \(Self.program): \(reason)",
      path: connection.location)
  }
}

/// A file that gets its name once it is complete.
private final class DumpFile {
  let descriptor: Int32
  private let path: String
  private let temporaryPath: String
  private let isReplacing: Bool

  /// Creates it in the same directory under a temporary name.
  init(for path: String, replacing: Bool) throws(StoreError) {
    if !replacing, unsafe access(path, F_OK) == 0 { throw Self.exists(path) }
    var number = 0
    while true {
      // A killed process with the same process id may have left such a file.
      let name = "\(path).incomplete-\(getpid())" + (number == 0 ? "" : "-\(number)")
      let descriptor = unsafe rmos_create(name)
      if descriptor == -EEXIST, number < 100 {
        number += 1
        continue
      }
      guard descriptor >= 0 else { throw Self.failure(path, -descriptor) }
      self.descriptor = descriptor
      self.path = path
      temporaryPath = name
      isReplacing = replacing
      return
    }
  }

  deinit { close(descriptor) }

  func moveIntoPlace() throws(StoreError) {
    guard fsync(descriptor) == 0 else { throw Self.failure(path, rmos_errno()) }
    if isReplacing {
      try renameIntoPlace()
    } else if unsafe link(temporaryPath, path) == 0 {
      // Unlike rename, link does not replace an existing file.
      unsafe unlink(temporaryPath)
    } else if rmos_errno() == EEXIST {
      throw Self.exists(path)
    } else {
      // Some file systems have no hard links. An empty file of our own reserves the name, and
      // rename replaces it.
      let placeholder = unsafe rmos_create(path)
      guard placeholder >= 0 else {
        throw placeholder == -EEXIST ? Self.exists(path) : Self.failure(path, -placeholder)
      }
      close(placeholder)
      do throws(StoreError) {
        try renameIntoPlace()
      } catch {
        unsafe unlink(path)
        throw error
      }
    }
    // The name must be on the disk, too.
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = end.map { String(path[...$0]) } ?? "."
    let problem = unsafe rmos_synchronize_directory(directory)
    guard problem == 0 else { throw Self.failure(path, problem) }
  }

  private func renameIntoPlace() throws(StoreError) {
    guard unsafe rename(temporaryPath, path) == 0 else { throw Self.failure(path, rmos_errno()) }
  }

  func discard() { unsafe unlink(temporaryPath) }

  private static func exists(_ path: String) -> StoreError {
    StoreError(.backupExists, "the backup \(path) exists already", path: path)
  }

  private static func failure(_ path: String, _ code: Int32) -> StoreError {
    StoreError(
      code == ENOSPC || code == EDQUOT ? .diskFull : .cannotOpen,
      "the backup \(path) cannot be written: \(unsafe String(cString: strerror(code)))",
      path: path)
  }
}

extension PostgresConnection {
  /// The environment, as `NAME=value`, of a program that connects with the settings of this
  /// connection.
  ///
  /// They include those of a service file, so the program does not read that again.
  fileprivate var environment: [String] {
    var variables: [String: String] = [:]
    var next = unsafe rmos_environment()
    while let variable = unsafe next?.pointee {
      let text = unsafe String(cString: variable)
      variables[String(text.prefix { $0 != "=" })] = text
      unsafe next = unsafe next?.advanced(by: 1)
    }
    variables["PGSERVICE"] = nil
    for (name, value) in parameters { variables[name] = "\(name)=\(value)" }
    // The messages are searched for words, so they must be in English.
    variables["LC_ALL"] = "LC_ALL=C"
    return variables.values.sorted()
  }
}
