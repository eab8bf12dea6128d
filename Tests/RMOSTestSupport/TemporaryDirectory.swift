import Foundation

/// A directory that is deleted with this value.
public final class TemporaryDirectory: Sendable {
  /// Its absolute path, with characters that must not confuse anyone.
  public let path: String

  /// Creates the directory.
  public init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "rmos tests %41?#é \(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something in the directory.
  public func path(_ name: String) -> String { "\(path)/\(name)" }

  /// The names of everything in it, sorted.
  public func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}
