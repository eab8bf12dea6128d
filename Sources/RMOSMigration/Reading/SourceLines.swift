import RMOSSystem

/// Counts the lines before places in files of the source, for messages that refer to them.
///
/// Within a file, counting continues from the previous place if that is before the next one. The
/// total amount read is bounded.
final class SourceLines {
  private static let bufferSize = 64 << 10
  /// The number of bytes that may still be read.
  private var allowance = 1 << 30

  private let root: [UInt8]
  private var path: [UInt8] = []
  private var offset = 0
  private var line = 1
  private var buffer = [UInt8](repeating: 0, count: SourceLines.bufferSize)

  init(root: String) { self.root = Array(root.utf8) }

  /// Returns the line of a place.
  ///
  /// - Parameters:
  ///   - path: The file's relative path.
  ///   - offset: The offset of the place in the file's bytes.
  /// - Returns: The 1-based line; `nil` if it is unknown, as in UTF-16.
  func line(of path: some Sequence<UInt8>, at offset: Int) -> Int? {
    let path = Array(path)
    if path != self.path || offset < self.offset { (self.path, self.offset, line) = (path, 0, 1) }
    guard offset - self.offset <= allowance,
      let file = try? FileDescriptor(reading: root + [UInt8(ascii: "/")] + path)
    else { return nil }
    defer { file.close() }
    while self.offset < offset {
      let wanted = min(buffer.count, offset - self.offset)
      let start = self.offset
      let got = unsafe buffer.withUnsafeMutableBufferPointer { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe (try? file.read(into: base, count: wanted, at: start)) ?? 0
      }
      guard got > 0 else { return nil }
      if start == 0, got > 1, buffer[0] >= 0xFE, buffer[1] >= 0xFE { return nil }
      for byte in buffer[..<got] where byte == UInt8(ascii: "\n") { line += 1 }
      self.offset += got
      allowance -= got
    }
    return line
  }
}
