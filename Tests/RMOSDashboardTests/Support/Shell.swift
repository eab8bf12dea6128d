import Foundation

/// Runs a shell command with arguments.
func shell(_ command: String, _ arguments: String...) throws {
  struct Failure: Error { var text: String }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["bash", "-o", "pipefail", "-c", command, "-"] + arguments
  let errors = Pipe()
  process.standardError = errors
  try process.run()
  let text = String(
    decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  guard process.terminationStatus == 0 else { throw Failure(text: text) }
}
