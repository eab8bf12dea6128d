/// Buffered output to one descriptor that never traps and remembers why writing failed.
final class OutputBuffer: TextOutputStream {
  private let descriptor: Int32
  private let limit: Int
  private var buffer: [UInt8] = []

  /// The first failure, as an `errno`; 0 where there was none.
  ///
  /// Later text is dropped.
  private(set) var failure: Int32 = 0

  /// Output that holds back at most `limit` bytes; 0 writes at once.
  init(descriptor: Int32, limit: Int) {
    self.descriptor = descriptor
    self.limit = limit
  }

  func write(_ text: String) {
    guard failure == 0 else { return }
    buffer.append(contentsOf: text.utf8)
    if buffer.count > limit { flush() }
  }

  /// Writes out what is held back.
  func flush() {
    guard failure == 0, !buffer.isEmpty else { return }
    failure = Platform.write(buffer.span, to: descriptor)
    buffer.removeAll(keepingCapacity: true)
  }
}
