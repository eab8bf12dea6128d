/// Ends another thread's wait in ``PollSet``.
final class WakePipe: Sendable {
  /// Readable once woken.
  let reading: Descriptor
  private let writing: Descriptor

  init() throws(Platform.SystemError) { (reading, writing) = try Descriptor.pipe() }

  deinit {
    reading.close()
    writing.close()
  }

  /// Wakes; a signal handler may call it.
  func wake() { writing.wake() }

  /// Forgets that it was woken.
  func drain() {
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      // Fewer bytes than there is room for means that none are left.
      while let count = try? reading.read(into: buffer), count == buffer.count {}
    }
  }
}
