import Foundation

/// A directory of a test's own, removed with everything in it when the value goes.
///
/// Keep it in a property of the suite, or work within ``use(_:)``: a local may go right after its
/// last use.
public final class TemporaryDirectory: Sendable {
  /// The directory's absolute path, without a slash at the end.
  public let path: String

  /// Where temporary directories are: in memory if there is room for them and `TMPDIR` names no
  /// other place, since most tests would wait for the disk otherwise.
  public static let parent: String = {
    let (memory, files) = ("/dev/shm", FileManager.default)
    let attributes = try? files.attributesOfFileSystem(forPath: memory)
    let room = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value ?? 0
    guard room > 1 << 30, files.isWritableFile(atPath: memory),
      ProcessInfo.processInfo.environment["TMPDIR"] == nil
    else { return files.temporaryDirectory.path }
    return memory
  }()

  /// Creates an empty directory.
  ///
  /// - Throws: What the file system says.
  public init() throws {
    let url = URL(fileURLWithPath: Self.parent)
      .appendingPathComponent("rmos-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.resolvingSymlinksInPath().path
  }

  deinit {
    if (try? FileManager.default.removeItem(atPath: path)) != nil { return }
    // Tests may have taken permissions away.
    if let names = FileManager.default.enumerator(atPath: path) {
      for case let name as String in names {
        let item = file(name)
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: item, isDirectory: &isDirectory),
          isDirectory.boolValue
        {
          try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: item)
        }
      }
    }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The path of a file in the directory.
  public func file(_ name: String) -> String { path + "/" + name }

  /// Runs `body` with a directory that is there until it returns.
  ///
  /// - Throws: What `body` throws.
  public static func use<Result>(
    _ body: (TemporaryDirectory) throws -> Result
  ) throws -> Result {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    return try body(directory)
  }

  /// Runs `body` with a directory that is there until it returns.
  ///
  /// - Throws: What `body` throws.
  public static func use<Result>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TemporaryDirectory) async throws -> Result
  ) async throws -> Result {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    return try await body(directory)
  }
}
