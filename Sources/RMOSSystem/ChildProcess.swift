import CLibrary

/// Runs other programs.
package enum ChildProcess {
  /// How a program ended.
  package enum Ending: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    case tookTooLong
    /// A signal asked us to stop while it ran.
    case interrupted
    case notStarted(SystemError)

    /// What was wrong, for people; `nil` if it ended well.
    package var problem: String? {
      switch self {
      case .exited(0): nil
      case .exited(let status): "ended with status \(status)"
      case .signalled(let signal): "was ended by signal \(signal)"
      case .tookTooLong: "took too long and was ended"
      case .interrupted: "was ended before its time, as this program was"
      case .notStarted(let error): "could not be started: \(error.reason)"
      }
    }
  }

  /// Lets ``run(_:_:input:environment:deadline:)`` learn how a program ended, even if our parent
  /// had the system forget that.
  package static func rememberEndings() { signal(SIGCHLD, SIG_DFL) }

  /// Runs a program to its end, with a text on its standard input and its output on our standard
  /// error: `posix_spawn`, `waitpid`.
  ///
  /// It need not read the text. `environment` comes on top of ours. After `deadline` seconds it is
  /// killed; `nil`: never. A signal that comes meanwhile and asks us to stop ends it too.
  package static func run(
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
  package static func capture(
    _ program: String, _ arguments: [String], input: String, limit: Int, deadline: Double
  ) -> (Ending, output: String) {
    let pipe: (reading: Descriptor, writing: Descriptor)
    do throws(SystemError) {
      pipe = try Descriptor.pipe(blocksWriter: true)
    } catch {
      return (.notStarted(error), "")
    }
    let ending = run(
      program, arguments, input: input, output: pipe.writing.number, environment: [:],
      deadline: deadline)
    pipe.writing.close()
    let output = (try? FileDescriptor(pipe.reading.number).read(count: limit)) ?? []
    pipe.reading.close()
    return (ending, String(decoding: output, as: UTF8.self))
  }

  private static func run(
    _ program: String, _ arguments: [String], input: String, output: Int32,
    environment: [String: String], deadline: Double?
  ) -> Ending {
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
    let limit = Deadline(after: deadline ?? .infinity)
    let wasInterrupted = Signals.isInterrupted
    var left = Array(input.utf8)[...]
    var isWriting = true
    defer { if isWriting { pipe.writing.close() } }
    var status: Int32 = 0
    while true {
      let ended = waitpid(child, &status, WNOHANG)
      if ended == child { break }
      if ended < 0, errno != EINTR { return .notStarted(.last) }
      if limit.hasPassed {
        end(child)
        return .tookTooLong
      }
      if Signals.isInterrupted, !wasInterrupted {
        kill(child, SIGTERM)
        // Time to clean up.
        for _ in 0..<Turn.patience where waitpid(child, &status, WNOHANG) != child { Turn.pass() }
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

  private static func end(_ child: pid_t) {
    kill(child, SIGKILL)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
  }

  /// Writes what the pipe takes.
  ///
  /// - Returns: Whether there is more to write.
  private static func pass(_ bytes: inout ArraySlice<UInt8>, to pipe: Descriptor) -> Bool {
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { CLibrary.write(pipe.number, $0.baseAddress, $0.count) }
      if count < 0 { return errno == EAGAIN || errno == EINTR }
      bytes.removeFirst(count)
    }
    return false
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ variables: [String: String], input: Int32,
    output: Int32
  ) throws(SystemError) -> pid_t {
    var (actions, attributes) = emptySpawnSettings
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
    for number in Signals.thoseOfWriting { sigaddset(&broken, number) }
    posix_spawnattr_setsigdefault(&attributes, &broken)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    let inherited = ProcessEnvironment.variables.filter { variable in
      variables[String(variable.prefix { $0 != "=" })] == nil
    }
    let vector = arguments.map { strdup($0) } + [nil]
    let environment =
      (inherited + variables.map { "\($0)=\($1)" }).map { strdup($0) } + [nil]
    defer { for text in vector + environment { free(text) } }
    var child: pid_t = 0
    let failure = posix_spawn(&child, program, &actions, &attributes, vector, environment)
    guard failure == 0 else { throw .code(failure) }
    return child
  }
}
