import Foundation

/// A source tree in a temporary directory, built file by file and removed when the value goes.
///
/// ```swift
/// let tree = try SourceTree(["patterns/a.json": #"{"id": "p1"}"#])
/// ```
///
/// For how long it stays see ``TemporaryDirectory``.
public struct SourceTree: Sendable {
  private let directory: TemporaryDirectory

  /// The tree's absolute path.
  public var path: String { directory.path }

  /// A tree of text files, by relative path.
  ///
  /// - Throws: What the file system says.
  public init(_ files: [String: String] = [:]) throws {
    directory = try TemporaryDirectory()
    for (path, text) in files { try add(path, text) }
  }

  /// Writes a text file in UTF-8, with the directories it needs.
  ///
  /// - Throws: What the file system says.
  public func add(_ path: String, _ text: String) throws { try add(path, Array(text.utf8)) }

  /// Writes a file, with the directories it needs.
  ///
  /// - Throws: What the file system says.
  public func add(_ path: String, _ bytes: [UInt8]) throws {
    try addDirectory((path as NSString).deletingLastPathComponent)
    try Data(bytes).write(to: URL(fileURLWithPath: absolute(path)))
  }

  /// Creates a directory.
  ///
  /// - Throws: What the file system says.
  public func addDirectory(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: absolute(path), withIntermediateDirectories: true)
  }

  /// Creates a symbolic link to `target`, which is absolute or relative to the link.
  ///
  /// - Throws: What the file system says.
  public func addLink(_ path: String, to target: String) throws {
    try addDirectory((path as NSString).deletingLastPathComponent)
    try FileManager.default.createSymbolicLink(
      atPath: absolute(path), withDestinationPath: target)
  }

  /// Removes a file or directory.
  ///
  /// - Throws: What the file system says.
  public func remove(_ path: String) throws {
    try FileManager.default.removeItem(atPath: absolute(path))
  }

  /// The absolute path of something in the tree.
  public func absolute(_ path: String) -> String { path.isEmpty ? self.path : directory.file(path) }
}
