import Foundation

/// A program of the system, for what other applications do to a database.
public final class Command {
  private let process = Process()
  private let output = Pipe()
  private let input = Pipe()

  /// Starts a program.
  public init(_ name: String, _ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.standardOutput = output
    process.standardError = output
    process.standardInput = input
    try process.run()
  }

  /// Sends a line to its standard input.
  public func send(_ line: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
  }

  /// Waits for a line of its output.
  public func line() -> String {
    var bytes: [UInt8] = []
    while let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Ends its standard input, waits for it and returns the rest of what it wrote, without the
  /// newline at its end.
  public func finish() throws -> String {
    try input.fileHandleForWriting.close()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  /// Whether it ended without an error; ask after ``finish()``.
  public var succeeded: Bool { process.terminationStatus == 0 }

  /// Ends it as a crash would.
  public func kill() {
    #if os(Linux)
      _ = Glibc.kill(process.processIdentifier, SIGKILL)
    #else
      _ = Darwin.kill(process.processIdentifier, SIGKILL)
    #endif
    process.waitUntilExit()
  }
}

/// Why the `sqlite3` shell ended with an error.
public struct ShellFailure: Error {
  /// What it said.
  public let text: String
}

/// What the `sqlite3` shell prints for `sql`: another application at a database.
///
/// - Throws: ``ShellFailure`` where it ends with an error.
@discardableResult
public func sqlite3(_ path: String, _ sql: String) throws -> String {
  let shell = try Command("sqlite3", ["-init", "/dev/null", "-bail", "-batch", path])
  try shell.send(sql)
  let text = try shell.finish()
  guard shell.succeeded else { throw ShellFailure(text: text) }
  return text
}
