import RMOSDashboard
import RMOSModels

/// A line on standard error for each request.
enum AccessLog {
  /// Writes a line whole, as several threads may.
  ///
  /// What cannot be written is lost: a log must not stop the server.
  static func write(_ entry: HTTPServer.LogEntry) {
    _ = Platform.write(Array((line(entry) + "\n").utf8).span, to: 2)
  }

  /// The line, safe for a terminal whatever the client sent.
  static func line(_ entry: HTTPServer.LogEntry) -> String {
    let request = [entry.method, entry.target].map { TerminalText.escaped($0 ?? "-") }
    let milliseconds = TerminalText.fixed(entry.seconds * 1000, decimals: 1)
    return "\(entry.peer) \(request.joined(separator: " ")) \(entry.status) \(entry.size) bytes "
      + "\(milliseconds) ms"
  }
}
