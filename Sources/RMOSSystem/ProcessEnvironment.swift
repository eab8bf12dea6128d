import CLibrary

/// The process and its environment.
package enum ProcessEnvironment {
  /// `getpid`.
  package static var processID: Int32 { getpid() }

  /// Whether a process of this machine runs: `kill`.
  package static func isRunning(process: Int32) -> Bool {
    // EPERM means that the process exists, but may not be sent a signal.
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

  /// The machine's name, `nil` if it has none: `gethostname`.
  package static var hostName: String? {
    var name = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return nil }
    return unsafe name.withUnsafeBufferPointer {
      unsafe $0.baseAddress.map { unsafe String(cString: $0) }
    }
  }

  /// An environment variable, `nil` if it is not set or empty: `getenv`.
  package static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe value.pointee == 0 ? nil : String(cString: value)
  }

  /// An argument, or the value of one of the environment variables, that is not UTF-8, with invalid
  /// bytes replaced; `nil` if there is none.
  package static func textNotUTF8(inVariables names: [String]) -> String? {
    let words = (0..<Int(CommandLine.argc)).dropFirst()
    return words.lazy.compactMap { unsafe replacingInvalidBytes(CommandLine.unsafeArgv[$0]) }.first
      ?? names.lazy.compactMap { unsafe replacingInvalidBytes(getenv($0)) }.first
  }

  /// A text with its invalid bytes replaced; `nil` if it has none.
  private static func replacingInvalidBytes(_ text: UnsafeMutablePointer<CChar>?) -> String? {
    guard let text = unsafe text, unsafe String(validatingCString: text) == nil else { return nil }
    return unsafe String(cString: text)
  }

  /// The path of a program that PATH leads to.
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

  /// Ends the process without waiting for anything: `_exit`.
  package static func endAtOnce(_ status: Int32) -> Never { _exit(status) }
}

/// The memory that the C library keeps for the process.
package enum ProcessMemory {
  /// Makes the process give back what it no longer uses: `mallopt`.
  ///
  /// By default, glibc keeps what was freed in up to eight heaps per core. A server whose many
  /// threads need much memory for a moment keeps all of it then. Call it before there are other
  /// threads. Does nothing with other C libraries.
  package static func keepSmall() {
    set((.heaps, 1), (.mapThreshold, 256 << 10), (.trimThreshold, 256 << 10))
  }

  /// Makes the process give back large blocks as soon as they are freed: `mallopt`.
  ///
  /// By default, glibc raises the size from which a block gets pages of its own with each that is
  /// freed, up to 32 MiB, and keeps what is smaller. Does nothing with other C libraries.
  package static func giveBackLargeBlocks() { set((.mapThreshold, 1 << 20)) }

  /// The options of `mallopt`.
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
