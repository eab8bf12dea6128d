// What differs between systems, in one place.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// The few calls to the C library that a command-line program needs.
enum Platform {
  // MARK: Files

  /// Writes all bytes to a descriptor.
  ///
  /// - Returns: 0 or the `errno` of the failure. Wraps `write(2)`.
  static func write(_ bytes: Span<UInt8>, to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      guard var start = buffer.baseAddress else { return 0 }
      var left = buffer.count
      while left > 0 {
        #if canImport(Glibc)
          let written = Glibc.write(descriptor, start, left)
        #elseif canImport(Musl)
          let written = Musl.write(descriptor, start, left)
        #elseif canImport(Darwin)
          let written = Darwin.write(descriptor, start, left)
        #endif
        if written >= 0 {
          start += written
          left -= written
        } else if errno == EAGAIN {
          var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = pollOnce(&poll)
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }

  private static func pollOnce(_ descriptor: inout pollfd) -> Int32 { poll(&descriptor, 1, 1000) }

  static let brokenPipe = EPIPE

  /// What an `errno` means, for people.
  ///
  /// Wraps `strerror(3)`.
  static func describe(errno code: Int32) -> String {
    // A full disk all the same, to whoever has to make room.
    if code == EDQUOT { return "No space left (Disk quota exceeded)" }
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

  /// What reading a file gave.
  enum FileContent {
    case content([UInt8])
    /// The `errno`.
    case failure(Int32)
    case tooLarge
  }

  /// Reads a file of at most `limit` bytes; pipes too.
  ///
  /// Wraps `open(2)`, `read(2)`.
  static func readFile(_ path: String, limit: Int) -> FileContent {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .failure(errno) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while content.count <= limit {
      let count = read(descriptor, &buffer, buffer.count)
      if count == 0 { return .content(content) }
      if count > 0 {
        content.append(contentsOf: buffer[..<count])
      } else if errno != EINTR {
        return .failure(errno)
      }
    }
    return .tooLarge
  }

  /// Whether ``replaceFile(_:with:)`` could write there: it takes a directory that files can be
  /// made in, and what is there must let itself be written to.
  ///
  /// - Returns: 0 or the `errno` of the failure. Wraps `access(2)`.
  static func canWrite(_ path: String) -> Int32 {
    var status = stat()
    if stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR { return EISDIR }
      if access(path, W_OK) != 0 { return errno }
      if status.st_mode & S_IFMT != S_IFREG { return 0 }
    }
    return access(directory(of: resolved(path)), W_OK | X_OK) == 0 ? 0 : errno
  }

  /// Replaces a file's content as a whole: a reader sees the old text or the new one.
  ///
  /// The text goes to a file beside it that is then renamed. What is no regular file (a pipe, a
  /// terminal) is written to as it is.
  /// - Returns: 0 or the `errno` of the failure. Wraps `open(2)`, `fsync(2)`, `rename(2)`.
  static func replaceFile(_ path: String, with text: String) -> Int32 {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      return writeFile(path, text, flags: O_WRONLY, synchronize: false)
    }
    let target = resolved(path)
    let flags = O_WRONLY | O_CREAT | O_EXCL
    var temporary = target + ".tmp-\(getpid())"
    var failure = writeFile(temporary, text, flags: flags, synchronize: true)
    // A killed process left it, under a number that another process has again, as in containers.
    for number in 2...100 where failure == EEXIST {
      temporary = target + ".tmp-\(getpid())-\(number)"
      failure = writeFile(temporary, text, flags: flags, synchronize: true)
    }
    if failure == 0, rename(temporary, target) != 0 { failure = errno }
    if failure != 0, failure != EEXIST { unlink(temporary) }
    return failure
  }

  private static func writeFile(
    _ path: String, _ text: String, flags: Int32, synchronize: Bool
  ) -> Int32 {
    let descriptor = open(path, flags | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { return errno }
    var failure = write(Array(text.utf8).span, to: descriptor)
    if failure == 0, synchronize, fsync(descriptor) != 0 { failure = errno }
    if close(descriptor) != 0, failure == 0 { failure = errno }
    return failure
  }

  private static func resolved(_ path: String) -> String {
    guard let text = realpath(path, nil) else { return path }
    defer { free(text) }
    return String(cString: text)
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

  // MARK: Signals and the end

  /// How many of SIGINT and SIGTERM came.
  ///
  /// A handler may touch nothing but such an atomic.
  private static let interruptions = Atomic<Int>(0)

  /// Whether someone asked the program to stop.
  static var isInterrupted: Bool { interruptions.load(ordering: .relaxed) > 0 }

  /// From now on the first SIGINT or SIGTERM sets ``isInterrupted`` and a second one ends the
  /// process at once.
  ///
  /// A signal that the parent had ignored stays ignored; one that it had blocked, as the threads of
  /// a dispatch queue do, gets through.
  static func catchInterruptions() {
    _ = isInterrupted
    handleInterruptions { _ in
      if Platform.interruptions.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
    }
  }

  /// From now on SIGINT or SIGTERM ends the process with the status of an interruption.
  ///
  /// That is right for what leaves nothing half done. A signal that the parent had ignored stays
  /// ignored.
  static func endOnInterruption() { handleInterruptions { _ in _exit(130) } }

  /// Wraps `sigaction(2)`, `sigprocmask(2)`.
  private static func handleInterruptions(_ handler: @escaping @convention(c) (Int32) -> Void) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    for signal in [SIGINT, SIGTERM] {
      var current = sigaction()
      sigaction(signal, nil, &current)
      if ignores(current) { continue }
      var action = sigaction()
      setHandler(of: &action, handler)
      sigaction(signal, &action, nil)
    }
  }

  /// Has SIGINT and SIGTERM taken by a thread that calls `body` with how many came so far.
  ///
  /// Unlike a handler's, its code may do anything. Call it before other threads start, which inherit
  /// that the signals are blocked. A signal that the parent had ignored stays ignored. Wraps
  /// `pthread_sigmask(3)`, `pthread_create(3)`, `sigwait(3)`.
  /// - Returns: 0 or the error of making the thread.
  static func onInterruption(_ body: @escaping @Sendable (Int) -> Void) -> Int32 {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM] {
      var current = sigaction()
      sigaction(signal, nil, &current)
      if !ignores(current) { sigaddset(&signals, signal) }
    }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waiter = Unmanaged.passRetained(SignalWaiter(signals: signals, body: body))
    #if canImport(Darwin)
      var thread: pthread_t?
      let failure = pthread_create(&thread, nil, { SignalWaiter.run($0) }, waiter.toOpaque())
      if let thread { pthread_detach(thread) }
    #else
      var thread = pthread_t()
      let failure = pthread_create(
        &thread, nil, { argument in argument.flatMap { SignalWaiter.run($0) } },
        waiter.toOpaque())
      if failure == 0 { pthread_detach(thread) }
    #endif
    if failure != 0 { waiter.release() }
    return failure
  }

  /// Ends the process without waiting for anything.
  ///
  /// Wraps `_exit(2)`.
  static func endAtOnce(_ status: ExitStatus) -> Never { _exit(status.rawValue) }

  /// Lets a write to a closed pipe fail with EPIPE, and one beyond the largest size of a file with
  /// EFBIG, instead of ending the process.
  static func ignoreSignalsOfWriting() {
    for number in signalsOfWriting { signal(number, SIG_IGN) }
  }

  static let signalsOfWriting = [SIGPIPE, SIGXFSZ]

  private static func ignores(_ action: sigaction) -> Bool {
    #if canImport(Glibc)
      let handler = action.__sigaction_handler.sa_handler
    #elseif canImport(Musl)
      let handler = action.__sa_handler.sa_handler
    #elseif canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func setHandler(
    of action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void
  ) {
    #if canImport(Glibc)
      action.__sigaction_handler.sa_handler = handler
    #elseif canImport(Musl)
      action.__sa_handler.sa_handler = handler
    #elseif canImport(Darwin)
      action.__sigaction_u.__sa_handler = handler
    #endif
    action.sa_flags = SA_RESTART
  }

  /// Ends the process.
  ///
  /// Wraps `exit(3)`.
  static func end(_ status: ExitStatus) -> Never { exit(status.rawValue) }
}

/// What the thread of ``Platform/onInterruption(_:)`` does.
private final class SignalWaiter: Sendable {
  private let signals: sigset_t
  private let body: @Sendable (Int) -> Void

  init(signals: sigset_t, body: @escaping @Sendable (Int) -> Void) {
    self.signals = signals
    self.body = body
  }

  static func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let waiter = Unmanaged<SignalWaiter>.fromOpaque(argument).takeRetainedValue()
    var signals = waiter.signals
    var signal: Int32 = 0
    var count = 0
    // It fails only where there is no signal to wait for: the parent had them ignored.
    while sigwait(&signals, &signal) == 0 {
      count += 1
      waiter.body(count)
    }
    return nil
  }
}
