import Foundation
import RMOSTestSupport
import Testing

/// The built `rmos-cli`, which runs as a separate process.
enum Tool {
  /// The result of a process.
  struct Result {
    var status: Int32
    var output: String
    var errors: String

    /// Standard output as a JSON object.
    var json: [String: Any] {
      get throws {
        let object = try JSONSerialization.jsonObject(with: Data(output.utf8))
        return try #require(object as? [String: Any], "no JSON object: \(output)")
      }
    }
  }

  /// The path of the program, which is next to the test bundle.
  static let path: String = {
    let start = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    for directory in sequence(first: start, next: { $0.deletingLastPathComponent() }).prefix(6) {
      let candidate = directory.deletingLastPathComponent().appendingPathComponent("rmos-cli")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate.path }
    }
    return Bundle.main.bundleURL.appendingPathComponent("rmos-cli").path
  }()

  /// Runs the program to its end.
  static func run(
    _ arguments: [String], in workspace: Workspace, environment: [String: String] = [:]
  ) throws -> Result {
    try execute(path, arguments, in: workspace, environment: environment)
  }

  /// Runs a shell command in which `$CLI` is the program.
  static func shell(
    _ command: String, in workspace: Workspace, environment: [String: String] = [:]
  ) throws -> Result {
    try execute("/bin/bash", ["-c", command], in: workspace, environment: environment)
  }

  /// Whether a program is installed.
  static func has(_ program: String) -> Bool {
    let places = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return places.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
  }

  /// Whether a shell command succeeds on this machine.
  static func succeeds(_ command: String) -> Bool {
    (try? shell("{ \(command); } >/dev/null 2>&1", in: Workspace()).status) == 0
  }

  private static func execute(
    _ program: String, _ arguments: [String], in workspace: Workspace,
    environment: [String: String]
  ) throws -> Result {
    let running = try RunningTool(
      arguments, program: program, in: workspace, environment: environment)
    return try running.wait()
  }
}

/// A running process.
final class RunningTool {
  private let process = Process()
  private let output: String
  private let errors: String
  /// Standard error, which nothing reads before ``wait()``.
  private let heldErrors: Pipe?

  /// Starts a program; standard output and standard error go to files, so neither can fill up.
  ///
  /// If `holdsErrors`, standard error is a pipe that is read by ``wait()`` alone: a program that
  /// has more to say than a pipe holds cannot end before.
  init(
    _ arguments: [String], program: String = Tool.path, in workspace: Workspace,
    environment: [String: String] = [:], holdsErrors: Bool = false
  ) throws {
    heldErrors = holdsErrors ? Pipe() : nil
    let name = UUID().uuidString
    output = workspace.outside("\(name).out")
    errors = workspace.outside("\(name).err")
    for file in [output, errors] { try Data().write(to: URL(fileURLWithPath: file)) }
    var variables = ProcessInfo.processInfo.environment
    variables = variables.filter { $0.key != "NO_COLOR" && !$0.key.hasPrefix("RMOS_") }
    variables["CLI"] = Tool.path
    // The state directory of the user who runs the tests must not change.
    variables["STATE_DIRECTORY"] = nil
    variables["XDG_STATE_HOME"] = workspace.outside("state")
    variables.merge(environment) { $1 }
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: workspace.path)
    process.environment = variables
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    if let heldErrors {
      process.standardError = heldErrors
    } else {
      process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    }
    try process.run()
  }

  var isRunning: Bool { process.isRunning }

  /// Whether ``hasOpen(_:)`` works on this system.
  static let seesOpenFiles = FileManager.default.fileExists(atPath: "/proc/self/fd")

  /// Whether the process has a file open.
  func hasOpen(_ path: String) -> Bool {
    let directory = "/proc/\(process.processIdentifier)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.contains {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)")) == path
    }
  }

  /// The standard output so far.
  var outputSoFar: String {
    get throws { try text(output) }
  }

  /// The standard error so far.
  var errorsSoFar: String {
    get throws { try text(errors) }
  }

  /// The number of bytes of standard error so far.
  var sizeOfErrors: Int {
    var status = stat()
    return stat(errors, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Sends a signal.
  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits until `holds` returns `true`.
  ///
  /// - Throws: `NeverHappened` if the process ends first.
  func wait(
    until what: String, every pause: Duration = .milliseconds(1), _ holds: () throws -> Bool
  ) throws {
    try eventually(what, every: pause, unless: { !isRunning }, holds)
  }

  /// Waits until `holds` returns `true`, or the process ends.
  func waitIfRunning(
    until what: String, every pause: Duration = .microseconds(100), _ holds: () throws -> Bool
  ) throws {
    try eventually(what, every: pause) { try !isRunning || holds() }
  }

  /// Stops the process with SIGSTOP, and waits until it has stopped or ended.
  func stop() throws {
    send(SIGSTOP)
    let state = "ps -o state= -p \(process.processIdentifier)"
    try waitIfRunning(until: "it stands still", every: .microseconds(500)) {
      !Tool.succeeds("\(state) | grep -q '[^TtZ]'")
    }
  }

  /// Waits for the end of the process.
  ///
  /// - Returns: The exit status, or 128 plus the number of the signal that ended the process.
  func wait() throws -> Tool.Result {
    if let heldErrors {
      let text = try heldErrors.fileHandleForReading.readToEnd() ?? Data()
      try text.write(to: URL(fileURLWithPath: errors))
    }
    process.waitUntilExit()
    let status = process.terminationStatus
    return Tool.Result(
      status: process.terminationReason == .uncaughtSignal ? 128 + status : status,
      output: try text(output), errors: try text(errors))
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
  }
}
