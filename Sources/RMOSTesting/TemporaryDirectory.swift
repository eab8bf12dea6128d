import RMOSSystem

/// A temporary directory, which is removed with its content when the object is released.
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

  /// Writes a file, and creates the directories that it needs.
  func write(_ bytes: [UInt8], to name: String) throws {
    let file = "\(path)/\(name)"
    try FileSystem.makeDirectories(Array(file.utf8).directoryPath)
    let descriptor = try FileDescriptor(creating: file)
    defer { descriptor.close() }
    try descriptor.write(bytes)
  }

  /// Creates a subdirectory.
  func makeDirectory(_ name: String) throws {
    try FileSystem.makeDirectories(Array("\(path)/\(name)".utf8))
  }
}
