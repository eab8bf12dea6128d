import RMOSSystem

/// A directory of a check's own, removed with everything in it when the value goes.
final class TemporaryDirectory: Sendable {
  /// Its absolute path.
  let path: String

  init() throws {
    let parent = ProcessEnvironment.variable("TMPDIR") ?? "/tmp"
    path = "\(parent)/rmos-testing-\(ProcessEnvironment.processID)-\(ASCII.randomHex())"
    try FileSystem.makeDirectory(path, permissions: 0o700)
  }

  deinit {
    var allowance = Int.max
    try? FileSystem.removeTree(Array(path.utf8), allowance: &allowance, isCancelled: { false })
  }

  /// Writes a file, with the directories that it needs.
  func write(_ bytes: [UInt8], to name: String) throws {
    let file = "\(path)/\(name)"
    try FileSystem.makeDirectories(Array(file.utf8).directoryPath)
    let descriptor = try FileDescriptor(creating: file)
    defer { descriptor.close() }
    try descriptor.write(bytes)
  }

  /// Creates a directory in it.
  func makeDirectory(_ name: String) throws {
    try FileSystem.makeDirectories(Array("\(path)/\(name)".utf8))
  }
}
