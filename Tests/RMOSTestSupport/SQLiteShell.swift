import Foundation

/// Why the `sqlite3` shell ended with an error.
public struct ShellFailure: Error {
  /// What it said.
  public var text: String

  /// A failure.
  public init(text: String) { self.text = text }
}

/// What the `sqlite3` shell prints for `sql`: another application at a database.
///
/// - Throws: ``ShellFailure`` where it ends with an error.
@discardableResult
public func sqlite3(_ path: String, _ sql: String) throws -> String {
  let process = Process()
  let (input, output) = (Pipe(), Pipe())
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["sqlite3", "-init", "/dev/null", "-bail", "-batch", path]
  process.standardInput = input
  process.standardOutput = output
  process.standardError = output
  try process.run()
  try input.fileHandleForWriting.write(contentsOf: Data(sql.utf8))
  try input.fileHandleForWriting.close()
  let data = try output.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  let text = String(decoding: data, as: UTF8.self)
  guard process.terminationStatus == 0 else { throw ShellFailure(text: text) }
  return text
}
