import Foundation
import RMOSDashboard
import RMOSTestSupport
import Synchronization
import Testing

/// Headless Chromium.
enum Browser {
  /// The path of the program; `nil` if it is not installed.
  static let path = ["chromium", "chromium-browser", "google-chrome", "chrome"].lazy
    .flatMap { name in
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/\(name)" }
    }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// A loaded page.
  struct Page {
    /// The elements after loading.
    var dom: String
    /// The messages on the console.
    var complaints: [String]
  }

  /// The timeout for opening a page on a slow machine, seconds.
  private static let patience = 120.0

  /// Opens an address, and lets some virtual time pass.
  static func open(_ address: String, milliseconds: Int = 1500) throws -> Page {
    let directory = try TemporaryDirectory()
    return try run(["--dump-dom"], address, milliseconds, in: directory)
  }

  /// Prints a page, and returns the number of sheets.
  static func sheets(_ address: String) throws -> Int {
    let directory = try TemporaryDirectory()
    let file = directory.file("page.pdf")
    _ = try run(["--print-to-pdf=\(file)", "--no-pdf-header-footer"], address, 1500, in: directory)
    let document = try Data(contentsOf: URL(fileURLWithPath: file))
    return String(decoding: document, as: Unicode.ASCII.self).matches(of: /\/Type \/Page\b/).count
  }

  private static func run(
    _ arguments: [String], _ address: String, _ milliseconds: Int, in directory: TemporaryDirectory
  ) throws -> Page {
    let browser = Process()
    browser.executableURL = URL(fileURLWithPath: try #require(path))
    browser.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr",
      "--user-data-dir=\(directory.file("profile"))", "--virtual-time-budget=\(milliseconds)",
    ]
    browser.arguments? += arguments + [address]
    let errors = directory.file("errors")
    _ = FileManager.default.createFile(atPath: errors, contents: nil)
    let output = Pipe()
    browser.standardOutput = output
    browser.standardError = FileHandle(forWritingAtPath: errors)
    try browser.run()
    // A browser that hangs fails the test instead of blocking all tests.
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

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A minimal server for a browser in tests: reads the head of a request, responds and closes.
final class PageServer: Sendable {
  /// The port of the server.
  let port: UInt16
  private let listener: Int32
  private let log = Log()

  private final class Log: Sendable {
    let targets = Mutex<[String]>([])
  }

  /// The targets of the requests, in order.
  var targets: [String] { log.targets.withLock { $0 } }

  /// Listens on a free port of the loopback interface, and responds with `answer`.
  init(_ answer: @escaping @Sendable (ServerRequest) -> ServerResponse) throws {
    #if canImport(Glibc)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    listener = socket(AF_INET, stream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (listener, length) = (self.listener, size)
    let isBound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) == 0 }
    }
    guard isBound, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
    _ = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
    }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [log] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        Thread.detachNewThread {
          defer { close(connection) }
          guard let request = Self.request(from: connection) else { return }
          log.targets.withLock { $0.append(request.target) }
          Self.send(answer(request), to: connection)
        }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private static func request(from connection: Int32) -> ServerRequest? {
    var head: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
      let count = read(connection, &buffer, buffer.count)
      guard count > 0 else { return nil }
      head += buffer[..<count]
    }
    let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count == 3 else { return nil }
    let fields = lines.dropFirst().prefix { !$0.isEmpty }.compactMap { line -> HeaderField? in
      let sides = line.split(separator: ":", maxSplits: 1)
      guard sides.count == 2 else { return nil }
      return HeaderField(String(sides[0]), sides[1].trimmingCharacters(in: .whitespaces))
    }
    return ServerRequest(method: String(words[0]), target: String(words[1]), fields: fields)
  }

  private static func send(_ response: ServerResponse, to connection: Int32) {
    var text = "HTTP/1.1 \(response.status) Answer\r\nConnection: close\r\n"
    for field in response.fields { text += "\(field.name): \(field.value)\r\n" }
    text += "Content-Length: \(response.body.count)\r\n\r\n"
    let bytes = Array(text.utf8) + response.body
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      start += count
    }
  }
}
