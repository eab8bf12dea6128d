import Foundation
import Testing

/// The built `rmos-postgres`, with a temporary directory and database.
///
/// `Scripts/postgres.sh run` starts the server, and sets RMOS_POSTGRES_URL.
final class Shop {
  /// The URL of the server's first database; `nil` if there is no server.
  static let server = ProcessInfo.processInfo.environment["RMOS_POSTGRES_URL"]

  /// The exit status and the output of a command.
  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  let directory: URL
  /// The name of the database.
  let name = "shop_" + UUID().uuidString.lowercased().replacing("-", with: "")
  let url: String
  private let server: String

  /// Creates a directory, and a database on a server.
  init(on server: String? = nil) throws {
    let server = try #require(server ?? Self.server)
    self.server = server
    directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "rmos-postgres-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    url = server.replacing("/postgres?", with: "/\(name)?")
    try #require(url != server)
    try sql("CREATE DATABASE \(name)", on: server)
  }

  deinit {
    _ = try? sql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)", on: server)
    try? FileManager.default.removeItem(at: directory)
  }

  /// The built program is next to the test bundle.
  static let program: String = {
    let start = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    for directory in sequence(first: start, next: { $0.deletingLastPathComponent() }).prefix(6) {
      let candidate = directory.deletingLastPathComponent().appendingPathComponent("rmos-postgres")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate.path }
    }
    return "rmos-postgres"
  }()

  /// Starts a shell command in the directory, in which `$CLI` is the program and `$URL` the
  /// database.
  func start(_ command: String) throws -> (process: Process, output: URL, errors: URL) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(
      [
        "CLI": Self.program, "URL": url, "RMOS_DB_PATH": url,
        // Not the state directory of the user who runs the tests.
        "STATE_DIRECTORY": "", "XDG_STATE_HOME": directory.path + "/.state",
      ]
    ) { $1 }
    let files = ["out", "err"].map { directory.appendingPathComponent(".\($0)-\(UUID())") }
    for file in files { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return (process, files[0], files[1])
  }

  /// Runs a shell command to its end.
  @discardableResult
  func run(_ command: String) throws -> Result {
    let (process, output, errors) = try start(command)
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Runs a statement with psql, and returns its output.
  @discardableResult
  func sql(_ statement: String, on url: String? = nil) throws -> String {
    let file = directory.appendingPathComponent(".\(UUID()).sql")
    try Data(statement.utf8).write(to: file)
    let result = try run(
      "psql -X -q -A -t -v ON_ERROR_STOP=1 -d '\(url ?? self.url)' -f '\(file.path)'")
    try #require(result.status == 0, "\(result.errors)")
    return result.output
  }

  /// Writes a generated tree, `legacy`.
  func writeSample(_ count: Int, broken: Int = 0) throws {
    let result = try run("$CLI sample legacy --count \(count) --broken \(broken)")
    try #require(result.status == 0, "\(result.errors)")
  }

  /// Returns the rows of all entities, without the order of insertion.
  func content() throws -> String {
    try sql(
      """
      SELECT row_to_json(t)::jsonb - 'row_order' FROM strip_families t ORDER BY id;
      SELECT row_to_json(t)::jsonb - 'row_order' FROM patterns t ORDER BY id;
      SELECT row_to_json(t)::jsonb - 'row_order' FROM joblogs t ORDER BY id;
      """)
  }
}
