import CLibrary

/// The process and its environment.
package enum ProcessEnvironment {
  /// `getpid`.
  package static var processID: Int32 { getpid() }

  /// The effective user: `geteuid`.
  package static var user: UInt32 { geteuid() }

  /// Whether the effective user is root.
  package static var isSuperuser: Bool { user == 0 }

  /// The name of a user, for messages: `getpwuid_r`.
  package static func userName(_ user: UInt32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      guard let start = buffer.baseAddress else { return "user \(user)" }
      var entry = passwd()
      var result: UnsafeMutablePointer<passwd>?
      let failure = getpwuid_r(user, &entry, start, buffer.count, &result)
      guard failure == 0, result != nil, let name = entry.pw_name else { return "user \(user)" }
      return String(cString: name)
    }
  }

  /// The machine's name, `nil` if it has none: `gethostname`.
  package static var hostName: String? {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return nil }
    return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
  }

  /// An environment variable, `nil` if it is not set or empty: `getenv`.
  package static func variable(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return value.pointee == 0 ? nil : String(cString: value)
  }

  /// An argument, or the value of one of the environment variables, that is not UTF-8, with invalid
  /// bytes replaced; `nil` if there is none.
  package static func textNotUTF8(inVariables names: [String]) -> String? {
    let words = (0..<Int(CommandLine.argc)).dropFirst().map { CommandLine.unsafeArgv[$0] }
    for case let text? in words + names.map({ getenv($0) })
    where String(validatingCString: text) == nil {
      return String(cString: text)
    }
    return nil
  }

  /// The path of a program that PATH leads to.
  package static func path(ofProgram name: String) -> String? {
    let places = variable("PATH")?.split(separator: ":") ?? []
    return places.lazy.map { "\($0)/\(name)" }.first { FileSystem.isProgram($0) }
  }

  /// All variables, each `name=value`.
  static var variables: [String] {
    var variables: [String] = []
    var next = environmentVector
    while let place = next, let variable = place.pointee {
      variables.append(String(cString: variable))
      next = place + 1
    }
    return variables
  }

  /// Ends the process: `exit`.
  package static func end(_ status: Int32) -> Never { exit(status) }

  /// Ends the process without waiting for anything: `_exit`.
  package static func endAtOnce(_ status: Int32) -> Never { _exit(status) }
}
