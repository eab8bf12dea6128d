import RMOSModels

/// The files of a source that a run did not read, and why.
public struct FilesNotRead: Sendable, Hashable {
  /// Why a file is not read.
  public enum Reason: String, Sendable, Hashable, CaseIterable {
    /// Its name does not have the extension of a format.
    case otherExtension = "ending"
    /// The name of the file, or of a directory it is in, begins with a dot.
    case hidden
    /// The file is a sync program's placeholder for a file kept elsewhere.
    case placeholder
    /// The file is outside the directories and files that entities are read from.
    case place
    /// The entry is a pipe, a socket, a device or a dangling link.
    case notAFile = "not-a-file"
    /// The file is compressed.
    case compressed
  }

  /// A file that was not read.
  public struct File: Sendable, Hashable {
    /// Its path relative to the source directory.
    public var path: String
    /// Why it is not read.
    public var reason: Reason

    /// Creates a file.
    package init(path: String, reason: Reason) {
      self.path = path
      self.reason = reason
    }
  }

  /// The maximum number of files listed by name.
  package static let namedFiles = 100

  /// The number of files.
  public var count: Int { byReason.values.reduce(0, +) }
  /// The number of files for each reason.
  public private(set) var byReason: [Reason: Int] = [:]
  /// The first hundred.
  public private(set) var files: [File] = []

  /// Creates an empty list.
  package init() {}

  /// Adds a file.
  package mutating func add(_ path: @autoclosure () -> String, _ reason: Reason) {
    byReason[reason, default: 0] += 1
    if files.count < Self.namedFiles { files.append(File(path: path(), reason: reason)) }
  }

  /// Adds the files of another list.
  package mutating func add(_ other: FilesNotRead) {
    byReason.merge(other.byReason, uniquingKeysWith: +)
    files += other.files.prefix(Self.namedFiles - files.count)
  }

  /// Reads the list from a report; unknown members are ignored.
  init(json: JSONValue?) {
    if case .object(let members)? = json?["by_reason"] {
      for member in members {
        if let reason = Reason(rawValue: member.name), let count = member.value.int64, count > 0 {
          byReason[reason] = MigrationStatistics.bounded(Int(count))
        }
      }
    }
    guard case .array(let listed)? = json?["files"] else { return }
    files = listed.prefix(Self.namedFiles).compactMap { file in
      guard let path = file["path"]?.string,
        let reason = file["reason"]?.string.flatMap(Reason.init)
      else { return nil }
      return File(path: path, reason: reason)
    }
  }
}
