import Foundation
import Testing

/// A running `rmos-cli serve`, with its URL.
final class Serving {
  let workspace: Workspace
  let tool: RunningTool
  let url: String

  init(
    _ arguments: [String] = [], in workspace: Workspace, environment: [String: String] = [:],
    limits: String? = nil
  ) throws {
    self.workspace = workspace
    let words = ["serve", "--db", "x.db", "--port", "0"] + arguments
    let tool: RunningTool
    if let limits {
      tool = try RunningTool(
        ["-c", "\(limits); exec \"$CLI\" \"$@\"", "-"] + words, program: "/bin/bash",
        in: workspace, environment: environment)
    } else {
      tool = try RunningTool(words, in: workspace, environment: environment)
    }
    self.tool = tool
    try tool.waitIfRunning(until: "it says its address", every: .milliseconds(5)) {
      try tool.outputSoFar.contains("\n")
    }
    let line = try tool.outputSoFar
    url = line.firstMatch(of: /http:\/\/[^ ,\n]+/).map { String($0.output) } ?? ""
    let errors = try tool.errorsSoFar
    try #require(!url.isEmpty, "\(line) \(errors)")
  }

  deinit { tool.send(SIGKILL) }

  /// The status, fields and body of a response to curl.
  func curl(_ path: String, _ arguments: [String] = []) throws -> String {
    let words = (["-q", "-sS", "-i", "-g", "--noproxy", "*", "-m", "60"] + arguments)
      .map { "'\($0)'" }.joined(separator: " ")
    let result = try Tool.shell("curl \(words) '\(url)\(path)'", in: workspace)
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  /// Ends the server as a service manager does.
  func stop(_ signal: Int32 = SIGTERM) throws -> Tool.Result {
    tool.send(signal)
    return try tool.wait()
  }

  /// The JSON of a response, with its status.
  func json(
    _ path: String, _ arguments: [String] = []
  ) throws -> (status: Int, json: [String: Any]) {
    let answer = try curl(path, arguments)
    let parts = answer.components(separatedBy: "\r\n\r\n")
    let status = parts.dropLast().last?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    let object = try JSONSerialization.jsonObject(with: Data((parts.last ?? "").utf8))
    return (try #require(status), try #require(object as? [String: Any]))
  }

  /// A workspace with a database of one entity of each kind.
  static func workspace() throws -> Workspace {
    try PreparedWorkspace.migrated.get().copy()
  }
}
