import RMOSDashboard
import RMOSHTTP
import RMOSModels
import RMOSSystem
import Synchronization

/// A line on standard error for each request.
///
/// A log must not stop the server: what nobody reads is lost, and counted.
final class AccessLog: Sendable {
  /// How many lines were lost since the last one that was written.
  private let lost = Mutex(0)

  /// Writes a line whole, as several threads may.
  func write(_ entry: HTTPServer.LogEntry) {
    let line = Self.line(entry) + "\n"
    lost.withLock { lost in
      let isWritten =
        Self.tell(of: &lost) && FileDescriptor.standardError.writeWithoutWaiting(Array(line.utf8))
      if !isWritten { lost += 1 }
    }
  }

  /// Says how many lines were lost at the end, if any.
  func finish() { lost.withLock { _ = Self.tell(of: &$0) } }

  private static func tell(of lost: inout Int) -> Bool {
    if lost == 0 { return true }
    let line = "… \(TerminalText.counted(lost, "line")) lost, as nobody read them\n"
    guard FileDescriptor.standardError.writeWithoutWaiting(Array(line.utf8)) else { return false }
    lost = 0
    return true
  }

  /// The line, safe for a terminal whatever the client sent, and not too long for a pipe.
  private static func line(_ entry: HTTPServer.LogEntry) -> String {
    let milliseconds = TerminalText.fixed(entry.seconds * 1000, decimals: 1)
    let end = " \(entry.status) \(entry.size) bytes \(milliseconds) ms"
    let request = [entry.method, entry.target].map { TerminalText.escaped($0 ?? "-") }
    let start = "\(entry.peer) \(request.joined(separator: " "))"
    // With the line break.
    let room = FileDescriptor.longestWholeWrite - end.utf8.count - 1
    if start.utf8.count <= room { return start + end }
    // A character that is cut in two is shown as broken, in as many bytes as "…" at most.
    return String(decoding: start.utf8.prefix(room - 6), as: UTF8.self) + "…" + end
  }
}
