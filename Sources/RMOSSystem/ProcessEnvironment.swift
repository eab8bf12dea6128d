import CLibrary

/// The process and its environment.
package enum ProcessEnvironment {
  /// The id of this process: `getpid`.
  package static var processID: Int32 { getpid() }

  /// Whether a process with an id is running on this machine: `kill`.
  package static func isRunning(process: Int32) -> Bool {
    // EPERM means that the process exists, but that this user may not send it a signal.
    process > 0 && (kill(process, 0) == 0 || errno == EPERM)
  }

  /// The effective user: `geteuid`.
  package static var user: UInt32 { geteuid() }

  /// Whether the effective user is root.
  package static var isSuperuser: Bool { user == 0 }

  /// The name of a user, for messages: `getpwuid_r`.
  package static func userName(_ user: UInt32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      guard let start = buffer.baseAddress else { return "user \(user)" }
      var entry = unsafe passwd()
      var result: UnsafeMutablePointer<passwd>?
      let failure = unsafe getpwuid_r(user, &entry, start, buffer.count, &result)
      guard failure == 0, unsafe result != nil, let name = unsafe entry.pw_name else {
        return "user \(user)"
      }
      return unsafe String(cString: name)
    }
  }

  /// The name of the machine; `nil` if it has none: `gethostname`.
  package static var hostName: String? {
    var name = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return nil }
    return unsafe name.withUnsafeBufferPointer {
      unsafe $0.baseAddress.map { unsafe String(cString: $0) }
    }
  }

  /// The value of an environment variable; `nil` if it is not set, or empty: `getenv`.
  package static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe value.pointee == 0 ? nil : String(cString: value)
  }

  /// The first argument of the process, or else value of one of the environment variables, that is
  /// not UTF-8, with its invalid bytes replaced; `nil` if all are UTF-8.
  package static func textNotUTF8(inVariables names: [String]) -> String? {
    let words = (0..<Int(CommandLine.argc)).dropFirst()
    return words.lazy.compactMap { unsafe replacingInvalidBytes(CommandLine.unsafeArgv[$0]) }.first
      ?? names.lazy.compactMap { unsafe replacingInvalidBytes(getenv($0)) }.first
  }

  /// A C string with its invalid bytes replaced; `nil` if it is UTF-8.
  private static func replacingInvalidBytes(_ text: UnsafeMutablePointer<CChar>?) -> String? {
    guard let text = unsafe text, unsafe String(validatingCString: text) == nil else { return nil }
    return unsafe String(cString: text)
  }

  /// The path of a program in the directories of PATH; `nil` if there is none.
  package static func path(ofProgram name: String) -> String? {
    let places = variable("PATH")?.split(separator: ":") ?? []
    return places.lazy.map { "\($0)/\(name)" }.first { FileSystem.isProgram($0) }
  }

  /// All variables, each `name=value`.
  static var variables: [String] {
    var variables: [String] = []
    var next = unsafe environmentVector
    while let place = unsafe next, let variable = unsafe place.pointee {
      unsafe variables.append(String(cString: variable))
      unsafe next = unsafe place + 1
    }
    return variables
  }

  /// Ends the process: `exit`.
  package static func end(_ status: Int32) -> Never { exit(status) }

  /// Ends the process at once, without running exit handlers or flushing streams: `_exit`.
  package static func endAtOnce(_ status: Int32) -> Never { _exit(status) }
}

/// How much freed memory the C library keeps for the process.
package enum ProcessMemory {
  /// Makes glibc return freed memory to the system: `mallopt`.
  ///
  /// By default, it keeps freed memory in up to eight heaps per core, so a server whose threads
  /// need much memory for a moment keeps all of it. Call this before other threads start. It has no
  /// effect with other C libraries.
  package static func keepSmall() {
    set((.heaps, 1), (.mapThreshold, 256 << 10), (.trimThreshold, 256 << 10))
  }

  /// Makes glibc return large blocks to the system as soon as they are freed: `mallopt`.
  ///
  /// By default, it does so only with blocks above a threshold that rises with each block freed, up
  /// to 32 MiB. It has no effect with other C libraries.
  package static func giveBackLargeBlocks() { set((.mapThreshold, 1 << 20)) }

  /// The options of `mallopt`: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX.
  private enum Option: Int32 {
    case trimThreshold = -1
    case mapThreshold = -3
    case heaps = -8
  }

  private static func set(_ options: (Option, Int32)...) {
    guard let set = memoryOptionSetter else { return }
    for (option, value) in options { _ = set(option.rawValue, value) }
  }
}
