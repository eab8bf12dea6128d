// What differs between systems, in one place.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The few calls to the C library that a command-line program needs.
enum Platform {
  // MARK: Files

  /// Writes all bytes to a descriptor.
  ///
  /// Waits for who reads them as long as that takes; once ``isInterrupted``, no longer than
  /// ``patience`` without getting rid of any. Wraps `poll(2)`, `write(2)`.
  /// - Returns: 0 or the `errno` of the failure; ``interrupted`` where it gave up.
  static func write(_ bytes: Span<UInt8>, to descriptor: Int32) -> Int32 {
    var status = stat()
    let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    return bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      var turnsLeft = patience
      while !rest.isEmpty {
        if !isFile {
          var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          // The handler of a signal ends the wait too.
          if poll(&state, 1, turn) <= 0 {
            if isInterrupted { turnsLeft -= 1 }
            if turnsLeft <= 0 { return interrupted }
            continue
          }
        }
        // What is ready takes so much without waiting.
        let pending = UnsafeRawBufferPointer(
          rebasing: isFile ? rest : rest.prefix(longestLogLine))
        #if canImport(Glibc)
          let written = Glibc.write(descriptor, pending.baseAddress, pending.count)
        #elseif canImport(Musl)
          let written = Musl.write(descriptor, pending.baseAddress, pending.count)
        #elseif canImport(Darwin)
          let written = Darwin.write(descriptor, pending.baseAddress, pending.count)
        #endif
        if written >= 0 {
          rest = rest.dropFirst(written)
          turnsLeft = patience
        } else if errno != EINTR && errno != EAGAIN {
          return errno
        }
      }
      return 0
    }
  }

  /// How long one turn of a wait that a signal may end takes, milliseconds.
  static let turn: Int32 = 100
  /// For how many turns one who is asked to stop waits for others.
  static let patience = 10

  static let interrupted = EINTR
  static let brokenPipe = EPIPE

  /// What an `errno` means, for people.
  ///
  /// Wraps `strerror(3)`.
  static func describe(errno code: Int32) -> String {
    switch code {
    // A full disk all the same, to whoever has to make room.
    case EDQUOT: return "No space left (Disk quota exceeded)"
    case foreignLink:
      return "it is, or leads over, a link or pipe of another user in a directory that anyone may "
        + "write to"
    case wasMoved: return "it was removed, renamed or replaced meanwhile"
    case noPeer: return "it is a pipe, and nobody is at its other end"
    default: break
    }
    return strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }

  /// Makes sure that descriptors 0 to 2 are open, so that no file opened later gets one of their
  /// numbers and receives what is meant for the terminal.
  static func occupyStandardDescriptors() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
  }

  /// Whether something is at the path; true too where that is kept from us.
  ///
  /// Wraps `stat(2)`.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 || errno != ENOENT && errno != ENOTDIR
  }

  /// Whether two paths lead to the same file, be it there or not yet.
  ///
  /// Wraps `stat(2)`.
  static func isSameFile(_ left: String, _ right: String) -> Bool {
    var (one, other) = (stat(), stat())
    switch (stat(left, &one) == 0, stat(right, &other) == 0) {
    case (true, true): return one.st_dev == other.st_dev && one.st_ino == other.st_ino
    case (false, false):
      let slash = UInt8(ascii: "/")
      guard let name = left.utf8.split(separator: slash).last,
        let otherName = right.utf8.split(separator: slash).last, name.elementsEqual(otherName),
        exists(directory(of: left))
      else { return false }
      return isSameFile(directory(of: left), directory(of: right))
    default: return false
    }
  }

  /// The size of a file in bytes; nil where there is none.
  ///
  /// Wraps `stat(2)`.
  static func fileSize(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  /// Creates a directory, and says nothing where it is there already.
  ///
  /// Wraps `mkdir(2)`.
  ///
  /// - Returns: 0 or the `errno` of the failure.
  static func makeDirectory(_ path: String) -> Int32 {
    mkdir(path, 0o777) == 0 || errno == EEXIST ? 0 : errno
  }

  /// Creates a directory and those above it, and says nothing where they are there already.
  ///
  /// - Returns: 0 or the `errno` of the failure.
  static func makeDirectories(_ path: String) -> Int32 {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR ? 0 : ENOTDIR }
    var failure = makeDirectory(path)
    let parent = directory(of: path)
    if failure == ENOENT, parent != path, parent != "." {
      failure = makeDirectories(parent)
      if failure == 0 { failure = makeDirectory(path) }
    }
    return failure
  }

  static func directory(of path: String) -> String {
    // Cut at bytes: a character may be made of a slash and a combining mark.
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(decoding: path.utf8[..<slash], as: UTF8.self)
  }

  // MARK: Environment and terminal

  /// An environment variable; nil where it is not set or empty.
  ///
  /// Wraps `getenv(3)`.
  static func environment(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return value.pointee == 0 ? nil : String(cString: value)
  }

  /// A word of the command line, or the value of one of the environment variables, that is not
  /// UTF-8, with its broken bytes replaced; nil where there is none.
  static func textNotUTF8(inEnvironment names: [String]) -> String? {
    let words = (0..<Int(CommandLine.argc)).dropFirst().map { CommandLine.unsafeArgv[$0] }
    for case let text? in words + names.map({ getenv($0) })
    where String(validatingCString: text) == nil {
      return String(cString: text)
    }
    return nil
  }

  /// Wraps `isatty(3)`.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// The width of the terminal in columns; 80 where it does not say.
  ///
  /// Wraps `ioctl(2)`.
  static func terminalWidth(_ descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Seconds of the monotonic clock.
  ///
  /// Wraps `clock_gettime(2)`.
  static func uptime() -> Double {
    var spec = timespec()
    clock_gettime(CLOCK_MONOTONIC, &spec)
    return Double(spec.tv_sec) + Double(spec.tv_nsec) / 1e9
  }

  /// Ends the process.
  ///
  /// Wraps `exit(3)`.
  static func end(_ status: ExitStatus) -> Never { exit(status.rawValue) }
}
