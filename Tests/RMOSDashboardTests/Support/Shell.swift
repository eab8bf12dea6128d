import Foundation

/// Changes a database as another application would: with the `sqlite3` shell.
func sqlite(_ path: String, _ sql: String) throws {
  struct Failure: Error { var text: String }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["sqlite3", path, sql]
  let errors = Pipe()
  process.standardError = errors
  try process.run()
  let text = String(
    decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  guard process.terminationStatus == 0 else { throw Failure(text: text) }
}
