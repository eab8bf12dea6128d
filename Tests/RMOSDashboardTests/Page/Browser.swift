import Foundation
import RMOSTestSupport
import Testing

/// Chromium without a window.
enum Browser {
  /// Where it is; nil where it is not.
  static let path = ["chromium", "chromium-browser", "google-chrome", "chrome"].lazy
    .flatMap { name in
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/\(name)" }
    }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// A page after it was loaded.
  struct Page {
    /// What became of its elements.
    var dom: String
    /// What its console says.
    var complaints: [String]
  }

  /// How long opening a page may take in all, on the slowest machine, seconds.
  private static let patience = 120.0

  /// Opens an address and lets some of the page's time pass.
  static func open(_ address: String, milliseconds: Int = 1500) throws -> Page {
    let directory = try TemporaryDirectory()
    let browser = Process()
    browser.executableURL = URL(fileURLWithPath: try #require(path))
    browser.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr",
      "--user-data-dir=\(directory.file("profile"))", "--virtual-time-budget=\(milliseconds)",
      "--dump-dom", address,
    ]
    let errors = directory.file("errors")
    _ = FileManager.default.createFile(atPath: errors, contents: nil)
    let output = Pipe()
    browser.standardOutput = output
    browser.standardError = FileHandle(forWritingAtPath: errors)
    try browser.run()
    // A browser that hangs ends the test, not the whole of its run.
    let process = browser.processIdentifier
    let guardian = DispatchWorkItem { kill(process, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience, execute: guardian)
    let dom = output.fileHandleForReading.readDataToEndOfFile()
    browser.waitUntilExit()
    guardian.cancel()
    try #require(
      browser.terminationReason == .exit, "Chromium did not open \(address) in \(patience) s")
    let lines = String(decoding: try Data(contentsOf: URL(fileURLWithPath: errors)), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    return Page(
      dom: String(decoding: dom, as: UTF8.self), complaints: lines.filter { $0.contains("CONSOLE") }
    )
  }
}
