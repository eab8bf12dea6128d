import CLibrary

/// An open file, closed with ``close()``.
package struct FileDescriptor: Hashable, Sendable {
  package let number: Int32

  /// One that is open already, such as 2 for standard error.
  package init(_ number: Int32) { self.number = number }

  package static let standardOutput = FileDescriptor(1)
  package static let standardError = FileDescriptor(2)

  // MARK: Opening

  init(
    opening path: some SystemPath, _ flags: Int32, permissions: mode_t = 0o666
  ) throws(SystemError) {
    number = try retrying { path.withCPath { open($0, flags | O_CLOEXEC, permissions) } }
  }

  /// Opens a file for reading; never waits for the other end of a pipe: `open`.
  package init(reading path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_RDONLY | O_NONBLOCK)
  }

  /// Opens a file or pipe for reading, waiting for a pipe's other end: `open`.
  package init(waitingToRead path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_RDONLY)
  }

  /// Opens what is there for writing: `open`.
  package init(writing path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_WRONLY)
  }

  /// Creates a file that must not be there yet: `open`.
  package init(creating path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_WRONLY | O_CREAT | O_EXCL, permissions: 0o644)
  }

  /// Creates a file that must not be there yet for its owner alone, whatever the umask: `open`,
  /// `fchmod`.
  package init(creatingPrivate path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, permissions: 0o600)
    guard fchmod(number, 0o600) == 0 else {
      let error = SystemError.last
      close()
      throw error
    }
  }

  // MARK: Using

  /// `fstat`.
  package func status() throws(SystemError) -> FileStatus {
    var info = stat()
    try retrying { fstat(number, &info) }
    return FileStatus(info)
  }

  /// Reads at most `count` bytes; 0 at the end: `read`.
  package func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int
  ) throws(SystemError) -> Int {
    try retrying { CLibrary.read(number, buffer, count) }
  }

  /// The next bytes, at most `count`; none at the end: `read`.
  package func read(count wanted: Int) throws(SystemError) -> [UInt8] {
    var failure: SystemError?
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      do throws(SystemError) {
        count = try read(into: base, count: wanted)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Goes on at a place from the beginning: `lseek`.
  package func seek(to offset: Int) throws(SystemError) {
    try retrying { lseek(number, off_t(offset), SEEK_SET) }
  }

  /// Writes all bytes, waiting for room where the descriptor does not do so itself: `write`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let pending = UnsafeRawBufferPointer(rebasing: rest)
      do throws(SystemError) {
        rest = rest.dropFirst(
          try retrying { CLibrary.write(number, pending.baseAddress, pending.count) })
      } catch {
        guard error.isAgain else { throw error }
        _ = waits(for: .writable, milliseconds: 1000)
      }
    }
  }

  /// Writes all bytes.
  package func write(_ bytes: [UInt8]) throws(SystemError) {
    try UnsafeRawBufferPointer.of(bytes, write)
  }

  /// Writes bytes if that needs no waiting: `poll`, `write`.
  ///
  /// - Returns: Whether they are written; more than ``longestWholeWrite`` may be in part.
  package func writeWithoutWaiting(_ bytes: [UInt8]) -> Bool {
    guard waits(for: .writable, milliseconds: 0) else { return false }
    return CLibrary.write(number, bytes, bytes.count) >= 0
  }

  /// The most bytes that a pipe with room takes whole.
  package static let longestWholeWrite = Int(PIPE_BUF)

  private func waits(for events: PollSet.Events, milliseconds: Int32) -> Bool {
    var state = pollfd(fd: number, events: events.rawValue, revents: 0)
    return poll(&state, 1, milliseconds) == 1 && state.revents & events.rawValue != 0
  }

  /// Waits until the content is on the disk: `fsync`.
  package func synchronize() throws(SystemError) { try retrying { fsync(number) } }

  /// `close`; whoever needs to know that what was written arrived calls ``synchronize()`` before.
  package func close() { _ = CLibrary.close(number) }

  /// `close`, with what it reports.
  func closeChecked() throws(SystemError) {
    // Not again where it was interrupted: the number may be another file's by then.
    guard CLibrary.close(number) == 0 || errno == EINTR else { throw .last }
  }
}

// MARK: Locks

extension FileDescriptor {
  /// Opens a file for locking, creating it for its owner alone: `open`.
  package init(lockFile path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, permissions: 0o600)
  }

  /// Takes a lock that dies with the process, without waiting: `flock`.
  ///
  /// - Returns: Whether it was free.
  package func tryLock(shared: Bool = false) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try retrying { flock(number, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }
      return true
    } catch {
      guard error == .wouldBlock else { throw error }
      return false
    }
  }

  /// Replaces a small file's content: `ftruncate`, `pwrite`.
  package func replaceContent(with text: String) {
    var text = text
    text.withUTF8 { bytes in
      if ftruncate(number, 0) == 0 { _ = pwrite(number, bytes.baseAddress, bytes.count, 0) }
    }
  }

  /// The first bytes of a small file: `pread`.
  package func beginning() -> String {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
      let count = pread(number, buffer.baseAddress, buffer.count, 0)
      return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
  }
}
