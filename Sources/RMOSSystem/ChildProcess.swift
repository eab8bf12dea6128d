import CLibrary

/// Runs other programs.
package enum ChildProcess {
  /// How a program ended.
  package enum Ending: Equatable, Sendable {
    /// It exited with this status.
    case exited(Int32)
    /// This signal killed it.
    case signalled(Int32)
    /// It was killed because it exceeded the timeout.
    case tookTooLong
    /// It was stopped because a signal asked this process to stop.
    case interrupted
    /// It could not be started.
    case notStarted(SystemError)
    /// It was started, but its exit status is not available.
    case unknown(SystemError)

    /// A description of the failure; `nil` if it succeeded.
    package var problem: String? {
      switch self {
      case .exited(0): nil
      case .exited(let status): "exited with status \(status)"
      case .signalled(let signal): "was killed by signal \(signal)"
      case .tookTooLong: "took too long and was stopped"
      case .interrupted: "was stopped because this program was interrupted"
      case .notStarted(let error): "could not be started: \(error.reason)"
      case .unknown(let error): "was started; how it ended is not known: \(error.reason)"
      }
    }
  }

  /// Makes exit statuses available to ``run(_:_:input:environment:timeout:)`` even if the parent
  /// process ignored SIGCHLD.
  package static func rememberEndings() { signal(SIGCHLD, SIG_DFL) }

  /// Runs a program and waits until it ends: `posix_spawn`, `waitpid`.
  ///
  /// A signal that asks this process to stop stops the program too. This process must ignore
  /// SIGPIPE, which would end it when the program closes its input early; see
  /// ``Signals/ignoreWriteSignals()``.
  ///
  /// - Parameters:
  ///   - program: The path of the program.
  ///   - arguments: Its arguments, without its name.
  ///   - input: The text on its standard input, which it need not read. Its standard output goes to
  ///     the standard error of this process.
  ///   - environment: Variables added to those of this process.
  ///   - timeout: How long it may run before it is killed; `nil` for no limit.
  /// - Returns: How it ended.
  package static func run(
    _ program: String, _ arguments: [String], input: String, environment: [String: String] = [:],
    timeout: Duration? = nil
  ) -> Ending {
    run(
      program, arguments, input: input, output: 2, environment: environment, timeout: timeout)
  }

  /// Runs a program as ``run(_:_:input:environment:timeout:)`` does, and captures its standard
  /// output.
  ///
  /// The output is read once the program has ended: a program that writes more than a pipe holds
  /// (16 KiB on some systems) blocks until it is killed.
  ///
  /// - Returns: How it ended, and the first `limit` bytes of its output.
  package static func capture(
    _ program: String, _ arguments: [String], input: String, limit: Int, timeout: Duration
  ) -> (Ending, output: String) {
    let pipe: (reading: Descriptor, writing: Descriptor)
    do throws(SystemError) {
      pipe = try Descriptor.pipe(blocksWriter: true)
    } catch {
      return (.notStarted(error), "")
    }
    let ending = run(
      program, arguments, input: input, output: pipe.writing.number, environment: [:],
      timeout: timeout)
    pipe.writing.close()
    let output = (try? FileDescriptor(pipe.reading.number).read(count: limit)) ?? []
    pipe.reading.close()
    return (ending, String(decoding: output, as: UTF8.self))
  }

  private static func run(
    _ program: String, _ arguments: [String], input: String, output: Int32,
    environment: [String: String], timeout: Duration?
  ) -> Ending {
    // Read before the program starts, so that a signal that arrives meanwhile stops it too.
    let wasInterrupted = Signals.isInterrupted
    let pipe: (reading: Descriptor, writing: Descriptor)
    let child: pid_t
    do throws(SystemError) {
      pipe = try Descriptor.pipe(blocksReader: true)
    } catch {
      return .notStarted(error)
    }
    do throws(SystemError) {
      defer { pipe.reading.close() }
      child = try spawn(
        program, [program] + arguments, environment, input: pipe.reading.number,
        output: output)
    } catch {
      pipe.writing.close()
      return .notStarted(error)
    }
    let deadline = timeout.map { Deadline(after: $0) } ?? .never
    var left = Array(input.utf8)[...]
    var isWriting = true
    defer { if isWriting { pipe.writing.close() } }
    var status: Int32 = 0
    while true {
      let ended = unsafe waitpid(child, &status, WNOHANG)
      if ended == child { break }
      if ended < 0, errno != EINTR { return .unknown(.last) }
      if deadline.hasPassed {
        end(child)
        return .tookTooLong
      }
      if Signals.isInterrupted, !wasInterrupted {
        kill(child, SIGTERM)
        // The program gets time to clean up.
        for _ in 0..<Turn.patience {
          // Once it was waited for, its number may belong to another process, which must not be
          // killed.
          if unsafe waitpid(child, &status, WNOHANG) == child { return .interrupted }
          Turn.pass()
        }
        end(child)
        return .interrupted
      }
      if isWriting, !pass(&left, to: pipe.writing) {
        pipe.writing.close()
        isWriting = false
      }
      SystemThread.pause(milliseconds: 5)
    }
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
  }

  /// Kills a process and waits for its end: `kill`, `waitpid`.
  private static func end(_ child: pid_t) {
    kill(child, SIGKILL)
    var status: Int32 = 0
    while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
  }

  /// Writes as much as the pipe accepts, and removes it from `bytes`.
  ///
  /// - Returns: Whether there is more to write, and the reader has not closed the pipe.
  private static func pass(_ bytes: inout ArraySlice<UInt8>, to pipe: Descriptor) -> Bool {
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe CLibrary.write(pipe.number, $0.baseAddress, $0.count)
      }
      if count < 0 { return errno == EAGAIN || errno == EINTR }
      bytes.removeFirst(count)
    }
    return false
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ variables: [String: String], input: Int32,
    output: Int32
  ) throws(SystemError) -> pid_t {
    var (actions, attributes) = unsafe emptySpawnSettings
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    // This process ignores these signals, but other programs rely on them.
    var (broken, none) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&none)
    unsafe sigemptyset(&broken)
    for number in Signals.writeSignals { unsafe sigaddset(&broken, number) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &broken)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    let inherited = ProcessEnvironment.variables.filter { variable in
      variables[String(variable.prefix { $0 != "=" })] == nil
    }
    let vector = unsafe copies(of: arguments)
    let environment = unsafe copies(of: inherited + variables.map { "\($0)=\($1)" })
    defer { unsafe (vector + environment).forEach { unsafe free($0) } }
    var child: pid_t = 0
    let failure = unsafe posix_spawn(&child, program, &actions, &attributes, vector, environment)
    guard failure == 0 else { throw .code(failure) }
    return child
  }

  /// Copies of the texts as C strings, which the caller frees, followed by `nil`: `strdup`.
  private static func copies(of texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    unsafe texts.map { unsafe strdup($0) } + [nil]
  }
}
