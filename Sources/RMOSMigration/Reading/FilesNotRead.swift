import RMOSModels

/// The files of a source that a run did not read, and why.
public struct FilesNotRead: Sendable, Hashable {
  /// Why a file is not read.
  package enum Reason: String, Sendable, Hashable, CaseIterable {
    /// Its name does not end as one of the formats does.
    case ending
    /// Its name, or that of a directory it is in, begins with a dot.
    case hidden
    /// A sync program left it in place of a file that is elsewhere.
    case placeholder
    /// It is outside the directories and files that entities are read from.
    case place
    /// It is a pipe, a socket, a device or a link that leads nowhere.
    case notAFile = "not-a-file"
    /// It is compressed.
    case compressed
  }

  /// One of the files.
  package struct File: Sendable, Hashable {
    /// Its path relative to the source directory.
    package var path: String
    /// Why it is not read.
    package var reason: Reason

    /// Creates a file.
    package init(path: String, reason: Reason) {
      self.path = path
      self.reason = reason
    }
  }

  /// How many files are named at most.
  package static let namedFiles = 100

  /// How many files there are.
  public var count: Int {
    byReason.values.reduce(0) { $0.addingReportingOverflow($1).partialValue }
  }
  /// How many there are for each reason.
  package private(set) var byReason: [Reason: Int] = [:]
  /// The first hundred.
  package private(set) var files: [File] = []

  /// Creates an empty list.
  package init() {}

  /// Adds a file.
  package mutating func add(_ path: @autoclosure () -> String, _ reason: Reason) {
    byReason[reason, default: 0] += 1
    if files.count < Self.namedFiles { files.append(File(path: path(), reason: reason)) }
  }

  /// Adds what another list has.
  package mutating func add(_ other: FilesNotRead) {
    byReason.merge(other.byReason, uniquingKeysWith: +)
    files += other.files.prefix(Self.namedFiles - files.count)
  }

  /// Reads the list that a report has; what is not one of its members is left out.
  init(json: JSONValue?) {
    if case .object(let members)? = json?["by_reason"] {
      for member in members {
        if let reason = Reason(rawValue: member.name), let count = member.value.int64, count > 0 {
          byReason[reason] = Int(clamping: count)
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
