// What differs between systems in running other programs.

// `environ` is a variable of the C library; nothing here changes the environment.
#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

extension Platform {
  /// The machine's name; nil where it has none.
  ///
  /// Wraps `gethostname(2)`.
  static var hostName: String? {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return nil }
    return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
  }

  /// The path of a program that PATH leads to.
  static func find(_ program: String) -> String? {
    let places = environment("PATH")?.split(separator: ":") ?? []
    return places.lazy.map { "\($0)/\(program)" }.first {
      var status = stat()
      return stat($0, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access($0, X_OK) == 0
    }
  }

  /// Lets ``run(_:_:input:environment:deadline:)`` learn how a program ended, even if our parent
  /// had the system forget that.
  static func rememberEndings() { signal(SIGCHLD, SIG_DFL) }

  /// How a program ended.
  enum Ending: Equatable {
    case exited(Int32)
    case signalled(Int32)
    case tookTooLong
    /// A signal asked us to stop while it ran.
    case interrupted
    /// The `errno`.
    case notStarted(Int32)

    /// What was wrong, for people; nil where it ended well.
    var problem: String? {
      switch self {
      case .exited(0): nil
      case .exited(let status): "ended with status \(status)"
      case .signalled(let signal): "was ended by signal \(signal)"
      case .tookTooLong: "took too long and was ended"
      case .interrupted: "was ended before its time, as this program was"
      case .notStarted(let code): "could not be started: \(Platform.describe(errno: code))"
      }
    }
  }

  /// Waits.
  ///
  /// Wraps `sleep(3)`.
  static func sleep(seconds: Int) {
    var left = UInt32(seconds)
    while left > 0 {
      #if canImport(Glibc)
        left = Glibc.sleep(left)
      #elseif canImport(Musl)
        left = Musl.sleep(left)
      #elseif canImport(Darwin)
        left = Darwin.sleep(left)
      #endif
    }
  }

  /// Runs a program to its end, with a text on its standard input and its output on our standard
  /// error.
  ///
  /// It need not read the text. `environment` comes on top of ours. After `deadline` seconds it is
  /// killed; nil: never. A signal that comes meanwhile and asks us to stop ends it too. Wraps
  /// `posix_spawn(3)`, `waitpid(2)`.
  static func run(
    _ program: String, _ arguments: [String], input: String, environment: [String: String] = [:],
    deadline: Double? = nil
  ) -> Ending {
    run(
      program, arguments, input: input, output: 2, environment: environment, deadline: deadline)
  }

  /// Runs a program to its end as ``run(_:_:input:environment:deadline:)`` does, and takes what it
  /// writes to its standard output.
  ///
  /// - Returns: How it ended, and the first `limit` bytes of its output. A `limit` of no more than
  ///   a pipe holds (16 KiB are safe) keeps it from waiting for its reader.
  static func capture(
    _ program: String, _ arguments: [String], input: String, limit: Int, deadline: Double
  ) -> (Ending, output: String) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return (.notStarted(errno), "") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    let ending = run(program, arguments, input: input, output: ends[1], deadline: deadline)
    close(ends[1])
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = read(ends[0], &buffer, limit)
    close(ends[0])
    return (ending, String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
  }

  private static func run(
    _ program: String, _ arguments: [String], input: String, output: Int32,
    environment: [String: String] = [:], deadline: Double?
  ) -> Ending {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return .notStarted(errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    let spawned = spawn(
      program, [program] + arguments, environment, input: ends[0], output: output)
    close(ends[0])
    var writer = ends[1]
    defer { if writer >= 0 { close(writer) } }
    guard case .success(let child) = spawned else {
      if case .failure(let failure) = spawned { return .notStarted(failure.code) }
      return .notStarted(EINVAL)
    }
    let start = uptime()
    let wasInterrupted = isInterrupted
    var left = Array(input.utf8)[...]
    var status: Int32 = 0
    while true {
      let ended = waitpid(child, &status, WNOHANG)
      if ended == child { break }
      if ended < 0, errno != EINTR { return .notStarted(errno) }
      if let deadline, uptime() - start > deadline {
        end(child)
        return .tookTooLong
      }
      if isInterrupted, !wasInterrupted {
        kill(child, SIGTERM)
        // Time to clean up.
        for _ in 0..<patience where waitpid(child, &status, WNOHANG) != child {
          poll(nil, 0, turn)
        }
        end(child)
        return .interrupted
      }
      let isWaiting = writer >= 0 ? pass(&left, to: writer) : false
      if writer >= 0, !isWaiting {
        close(writer)
        writer = -1
      }
      usleep(5000)
    }
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
  }

  private static func end(_ child: pid_t) {
    kill(child, SIGKILL)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
  }

  /// Writes what the pipe takes.
  ///
  /// - Returns: Whether there is more to write.
  private static func pass(_ bytes: inout ArraySlice<UInt8>, to pipe: Int32) -> Bool {
    while !bytes.isEmpty {
      #if canImport(Glibc)
        let count = bytes.withUnsafeBytes { Glibc.write(pipe, $0.baseAddress, $0.count) }
      #elseif canImport(Musl)
        let count = bytes.withUnsafeBytes { Musl.write(pipe, $0.baseAddress, $0.count) }
      #elseif canImport(Darwin)
        let count = bytes.withUnsafeBytes { Darwin.write(pipe, $0.baseAddress, $0.count) }
      #endif
      if count < 0 { return errno == EAGAIN || errno == EINTR }
      bytes.removeFirst(count)
    }
    return false
  }

  private struct SpawnFailure: Error { var code: Int32 }

  private static func spawn(
    _ program: String, _ arguments: [String], _ variables: [String: String], input: Int32,
    output: Int32
  ) -> Result<pid_t, SpawnFailure> {
    #if canImport(Darwin)
      var (actions, attributes): (posix_spawn_file_actions_t?, posix_spawnattr_t?) = (nil, nil)
    #else
      var (actions, attributes) = (posix_spawn_file_actions_t(), posix_spawnattr_t())
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    // We ignore these; other programs rely on them.
    var (broken, none) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigemptyset(&broken)
    for number in signalsOfWriting { sigaddset(&broken, number) }
    posix_spawnattr_setsigdefault(&attributes, &broken)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    #if canImport(Darwin)
      let ours: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = _NSGetEnviron()?.pointee
    #else
      let ours: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
    #endif
    var inherited: [UnsafeMutablePointer<CChar>?] = []
    var next = ours
    while let place = next, let variable = place.pointee {
      let name = String(cString: variable).prefix { $0 != "=" }
      if variables[String(name)] == nil { inherited.append(strdup(variable)) }
      next = place + 1
    }
    let vector = arguments.map { strdup($0) } + [nil]
    let environment = inherited + variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in vector + environment { free(text) } }
    var child: pid_t = 0
    let failure = posix_spawn(&child, program, &actions, &attributes, vector, environment)
    return failure == 0 ? .success(child) : .failure(SpawnFailure(code: failure))
  }
}
