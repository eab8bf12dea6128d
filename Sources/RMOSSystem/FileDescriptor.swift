import CLibrary

/// An open file, closed with ``close()``.
package struct FileDescriptor: Hashable, Sendable {
  package let number: Int32

  /// Creates a descriptor from the number of an open file, such as 2 for standard error.
  init(_ number: Int32) { self.number = number }

  package static let standardOutput = FileDescriptor(1)
  package static let standardError = FileDescriptor(2)

  // MARK: Opening

  /// Opens a file, which programs that this process runs do not inherit: `open`.
  init(
    opening path: some SystemPath, _ flags: Int32, permissions: mode_t = 0o666
  ) throws(SystemError) {
    number = try retrying {
      unsafe path.withCPath { unsafe open($0, flags | O_CLOEXEC, permissions) }
    }
  }

  /// Opens a file for reading, without waiting for the other end of a pipe: `open`.
  package init(reading path: some SystemPath) throws(SystemError) {
    do throws(SystemError) {
      try self.init(opening: path, O_RDONLY | O_NONBLOCK)
    } catch {
      // ENXIO is the error for a socket, and for a device that does not exist.
      throw error == .code(ENXIO) ? .notAFile : error
    }
  }

  /// Opens a file in a directory for reading, without following a link or waiting for the other end
  /// of a pipe: `openat`.
  package init(
    reading name: some SystemPath, in directory: FileDescriptor
  ) throws(SystemError) {
    number = try retrying {
      unsafe name.withCPath {
        unsafe openat(
          directory.number, $0, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, mode_t(0))
      }
    }
  }

  /// Opens a directory, or the one to which a link leads: `open`.
  package init(listing path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_RDONLY | O_DIRECTORY)
  }

  /// Opens a directory, not a link to one: `open`.
  package init(directory path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  }

  /// Creates a file that must not exist yet: `open`.
  package init(creating path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_WRONLY | O_CREAT | O_EXCL, permissions: 0o644)
  }

  /// Creates a file in a directory, where it must not exist yet, accessible only to its owner:
  /// `openat`.
  init(creating name: some SystemPath, in directory: FileDescriptor) throws(SystemError) {
    number = try retrying {
      unsafe name.withCPath {
        unsafe openat(
          directory.number, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      }
    }
  }

  /// Creates a file that must not exist yet, accessible only to its owner, whatever the umask:
  /// `open`, `fchmod`.
  init(creatingPrivate path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, permissions: 0o600)
    do throws(SystemError) {
      try setPermissions(0o600)
    } catch {
      close()
      throw error
    }
  }

  // MARK: Using

  /// The status of the file: `fstat`.
  package func status() throws(SystemError) -> FileStatus {
    var info = stat()
    try retrying { unsafe fstat(number, &info) }
    return FileStatus(info)
  }

  /// Reads at most `count` bytes, and returns their number; 0 at the end: `read`.
  func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int
  ) throws(SystemError) -> Int {
    try retrying { unsafe CLibrary.read(number, buffer, count) }
  }

  /// Reads at most `count` bytes from `offset` on, and returns their number; 0 at the end: `pread`.
  package func read(
    into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
  ) throws(SystemError) -> Int {
    try retrying { unsafe pread(number, buffer, count, off_t(offset)) }
  }

  /// Reads at most `wanted` bytes; returns none at the end: `read`.
  package func read(count wanted: Int) throws(SystemError) -> [UInt8] {
    var failure: SystemError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      do throws(SystemError) {
        count = try unsafe read(into: base, count: wanted)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Moves the position to `offset`, counted from the beginning: `lseek`.
  package func seek(to offset: Int) throws(SystemError) {
    try retrying { lseek(number, off_t(offset), SEEK_SET) }
  }

  /// Writes all bytes to a file: `write`.
  package func write(_ bytes: [UInt8]) throws(SystemError) {
    try unsafe UnsafeRawBufferPointer.of(bytes) { bytes throws(SystemError) in
      try unsafe write(bytes)
    }
  }

  /// Writes all bytes to a file: `write`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
      let pending = unsafe UnsafeRawBufferPointer(rebasing: rest)
      unsafe rest = unsafe rest.dropFirst(
        try retrying { unsafe CLibrary.write(number, pending.baseAddress, pending.count) })
    }
  }

  /// Writes all bytes to a file, pipe or terminal: `poll`, `write`.
  ///
  /// Waits for the reader as long as it takes; once ``Signals/isInterrupted``, at most a second
  /// without progress.
  /// - Throws: ``SystemError/interrupted`` if it gave up.
  package func writeToReader(_ bytes: [UInt8]) throws(SystemError) {
    // If the status is unknown, polling does no harm: a regular file is always ready.
    if (try? status())?.form == .file { return try write(bytes) }
    try unsafe UnsafeRawBufferPointer.of(bytes) { bytes throws(SystemError) in
      var rest = unsafe bytes[...]
      var patience = Turn.patience
      while unsafe !rest.isEmpty {
        // A signal that is handled ends the wait early.
        guard waits(for: .anythingButReadable, milliseconds: Turn.milliseconds) else {
          if Signals.isInterrupted { patience -= 1 }
          if patience <= 0 { throw .interrupted }
          continue
        }
        // A descriptor that is ready takes this many bytes without blocking.
        let pending = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(Self.longestWholeWrite))
        do throws(SystemError) {
          unsafe rest = unsafe rest.dropFirst(
            try retrying { unsafe CLibrary.write(number, pending.baseAddress, pending.count) })
          patience = Turn.patience
        } catch {
          guard error.isAgain else { throw error }
        }
      }
    }
  }

  /// Writes bytes if that does not block: `poll`, `write`.
  ///
  /// - Returns: Whether they were written; of more than ``longestWholeWrite`` perhaps only a part.
  package func writeWithoutWaiting(_ bytes: [UInt8]) -> Bool {
    guard waits(for: .writable, milliseconds: 0) else { return false }
    return unsafe CLibrary.write(number, bytes, bytes.count) >= 0
  }

  /// The most bytes that a pipe with room accepts in one piece.
  package static let longestWholeWrite = Int(PIPE_BUF)

  /// Waits until one of the events happens, at most for `milliseconds`, and returns whether one
  /// did: `poll`.
  func waits(for events: PollSet.Events, milliseconds: Int32) -> Bool {
    var state = pollfd(fd: number, events: events.rawValue & Int16(POLLIN | POLLOUT), revents: 0)
    return unsafe poll(&state, 1, milliseconds) == 1 && state.revents & events.rawValue != 0
  }

  /// Sets the permissions: `fchmod`.
  package func setPermissions(_ permissions: UInt32) throws(SystemError) {
    try retrying { fchmod(number, mode_t(permissions)) }
  }

  /// Waits until the content is on the disk: `fsync`.
  package func synchronize() throws(SystemError) { try retrying { fsync(number) } }

  /// Waits until everything in the file system of the file is on the disk: `syncfs`.
  ///
  /// - Returns: `false`, without waiting, if the system has no `syncfs`.
  package func synchronizeFileSystem() throws(SystemError) -> Bool {
    guard let synchronizeAll = fileSystemSynchronizer else { return false }
    try retrying { synchronizeAll(number) }
    return true
  }

  /// Closes the file: `close`.
  ///
  /// Errors are ignored; call ``synchronize()`` first to make sure that everything was written.
  package func close() { _ = CLibrary.close(number) }

  /// Closes the file, and reports errors: `close`.
  func closeChecked() throws(SystemError) {
    // `close` must not be repeated after EINTR: the number may already belong to another file.
    guard CLibrary.close(number) == 0 || errno == EINTR else { throw .last }
  }
}

// MARK: Locks

extension FileDescriptor {
  /// Opens a file for a shared lock, without waiting and without following a link: `open`.
  package init(lookingAt path: some SystemPath) throws(SystemError) {
    try self.init(opening: path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
  }

  /// Opens an existing lock file, for writing if possible: `open`.
  ///
  /// A lock does not need write permission. Does not wait, and does not follow a link.
  package static func openingLockFile(
    _ path: some SystemPath
  ) throws(SystemError) -> (file: FileDescriptor, isWritable: Bool) {
    do throws(SystemError) {
      let file = try FileDescriptor(
        opening: path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
      return (file, true)
    } catch {
      guard error.isRefusal || error == .code(EROFS) else { throw error }
      return (try FileDescriptor(lookingAt: path), false)
    }
  }

  /// Creates a lock file that every user who may open `model` may open too: `open`, `fchown`,
  /// `fchmod`.
  package init(creatingLockFile path: some SystemPath, like model: FileStatus?) throws(SystemError)
  {
    try self.init(opening: path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, permissions: 0o600)
    guard let model else { return }
    // Only root can change the owner; others can only choose one of their own groups.
    _ = fchown(number, ProcessEnvironment.isSuperuser ? model.owner : uid_t.max, model.group)
    _ = fchmod(number, mode_t(model.permissions & 0o666 | 0o600))
  }

  /// Takes a lock that ends with the process, without waiting: `flock`.
  ///
  /// - Returns: Whether the lock was free.
  package func tryLock(shared: Bool = false) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try retrying { flock(number, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }
      return true
    } catch {
      guard error == .wouldBlock else { throw error }
      return false
    }
  }

  /// Releases a lock: `flock`.
  ///
  /// Closing the file would not: a child process that was just forked shares the lock until it runs
  /// its program.
  func unlock() { _ = flock(number, LOCK_UN) }

  /// Replaces the content of a small file, ignoring errors: `ftruncate`, `pwrite`.
  package func replaceContent(with text: String) {
    var text = text
    text.withUTF8 { bytes in
      if ftruncate(number, 0) == 0 { _ = unsafe pwrite(number, bytes.baseAddress, bytes.count, 0) }
    }
  }

  /// The first 64 bytes of the file as text: `pread`.
  package func beginning() -> String {
    unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
      let count = unsafe pread(number, buffer.baseAddress, buffer.count, 0)
      return unsafe String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
  }
}

// MARK: Leases

extension FileDescriptor {
  /// Opens a file that neither another process nor this one has open, by a lease: `open`, `fcntl`.
  ///
  /// Any later `open` of the file waits until this descriptor is closed, or until the system breaks
  /// the lease.
  ///
  /// - Returns: `nil` if the file is open elsewhere, or if that is unknown: only Linux has leases,
  ///   and not on every file system.
  package static func opening(unshared path: some SystemPath) -> FileDescriptor? {
    guard let commands = leaseCommands,
      let file = try? FileDescriptor(opening: path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    else { return nil }
    // The system reports a waiting `open` by a signal: SIGIO, which would end the process, unless
    // another is chosen. SIGURG is ignored by default.
    guard fcntl(file.number, commands.setSignal, SIGURG) == 0, file.takeLease(commands.set) else {
      // The descriptor is leaked on purpose: if this process has the file open elsewhere, closing
      // any descriptor of it would release the POSIX locks of the process.
      return nil
    }
    return file
  }

  /// Tries for a moment: a child process of this program that was just forked has all its files
  /// open until it runs its own program.
  private func takeLease(_ command: Int32) -> Bool {
    let deadline = Deadline(after: .milliseconds(50))
    while fcntl(number, command, Int32(F_WRLCK)) != 0 {
      guard errno == EAGAIN, !deadline.hasPassed else { return false }
      SystemThread.pause(milliseconds: 1)
    }
    return true
  }

  /// Whether the lease of ``opening(unshared:)`` still holds, so that no `open` of the file is
  /// waiting: `fcntl`.
  package var isStillUnshared: Bool {
    leaseCommands.map { fcntl(number, $0.get) == Int32(F_WRLCK) } ?? false
  }
}

// MARK: Terminals

extension FileDescriptor {
  /// Whether the descriptor is a terminal: `isatty`.
  package var isTerminal: Bool { isatty(number) == 1 }

  /// The width of the terminal in columns; 80 if it is unknown: `ioctl`.
  package var terminalWidth: Int {
    var size = winsize()
    guard unsafe ioctl(number, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Opens those of descriptors 0 to 2 that are closed, so that no file opened later gets one of
  /// these numbers and receives output meant for the terminal.
  ///
  /// Using them fails: standard input cannot be read, the others cannot be written.
  package static func occupyStandardDescriptors() {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) == -1 {
      _ = unsafe open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}
