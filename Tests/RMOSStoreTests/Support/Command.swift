import Foundation
import Testing

/// A program of the system, for what other applications do to a database.
final class Command {
  private let process = Process()
  private let output = Pipe()
  private let input = Pipe()

  /// Starts a program.
  init(_ name: String, _ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.standardOutput = output
    process.standardError = output
    process.standardInput = input
    try process.run()
  }

  /// Sends a line to its standard input.
  func send(_ line: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
  }

  /// Waits for a line of its output.
  func line() -> String {
    var bytes: [UInt8] = []
    while let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Ends its standard input, waits for it and returns the rest of what it wrote.
  func finish() throws -> String {
    try input.fileHandleForWriting.close()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  /// Ends it as a crash would.
  func kill() {
    #if os(Linux)
      _ = Glibc.kill(process.processIdentifier, SIGKILL)
    #else
      _ = Darwin.kill(process.processIdentifier, SIGKILL)
    #endif
    process.waitUntilExit()
  }

  var processID: Int32 { process.processIdentifier }
}

/// What the `sqlite3` shell prints for `sql`: another application's view of a database.
func sqlite3(_ path: String, _ sql: String) throws -> String {
  try Command("sqlite3", ["-init", "/dev/null", "-bail", "-batch", path, sql]).finish()
}

/// The bytes of every file in a directory, by name.
func contents(_ directory: String) throws -> [String: Data] {
  var contents: [String: Data] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
    let url = URL(fileURLWithPath: directory + "/" + name)
    contents[name] = try FileHandle(forReadingFrom: url).readToEnd() ?? Data()
  }
  return contents
}

/// Writes a file.
func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}
