import RMOSSystem

/// Buffered output to one descriptor that never traps and remembers why writing failed.
final class OutputBuffer: TextOutputStream {
  private let descriptor: FileDescriptor
  private let limit: Int
  private var buffer: [UInt8] = []

  /// The first failure, `nil` if there was none.
  ///
  /// Later text is dropped.
  private(set) var failure: SystemError?

  /// Output that holds back at most `limit` bytes; 0 writes at once.
  init(descriptor: FileDescriptor, limit: Int) {
    self.descriptor = descriptor
    self.limit = limit
  }

  func write(_ text: String) {
    guard failure == nil else { return }
    buffer.append(contentsOf: text.utf8)
    if buffer.count > limit { flush() }
  }

  /// Writes out what is held back.
  func flush() {
    guard failure == nil, !buffer.isEmpty else { return }
    do throws(SystemError) {
      try descriptor.writeToReader(buffer)
    } catch {
      failure = error
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
