// What differs between systems in writing to a log.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Platform {
  /// The most bytes that a pipe with room takes whole.
  static let longestLogLine = Int(PIPE_BUF)

  /// Writes a line of at most ``longestLogLine`` bytes, if that needs no waiting.
  ///
  /// Wraps `poll(2)`, `write(2)`.
  /// - Returns: Whether it is written.
  static func writeWithoutWaiting(_ line: String, to descriptor: Int32) -> Bool {
    var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&state, 1, 0) == 1, state.revents & Int16(POLLOUT) != 0 else { return false }
    let bytes = Array(line.utf8)
    #if canImport(Glibc)
      return Glibc.write(descriptor, bytes, bytes.count) >= 0
    #elseif canImport(Musl)
      return Musl.write(descriptor, bytes, bytes.count) >= 0
    #elseif canImport(Darwin)
      return Darwin.write(descriptor, bytes, bytes.count) >= 0
    #endif
  }
}
