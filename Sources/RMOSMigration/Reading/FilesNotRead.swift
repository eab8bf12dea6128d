import RMOSModels
import RMOSSystem

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
    /// The path of the file relative to the source directory.
    public var path: String
    /// Why the file is not read.
    public var reason: Reason

    /// Creates a file.
    package init(path: String, reason: Reason) {
      self.path = path
      self.reason = reason
    }
  }

  /// The maximum number of files listed by name.
  static let namedFiles = 100

  /// The number of files.
  public var count: Int { byReason.values.reduce(0, +) }
  /// The number of files for each reason.
  public private(set) var byReason: [Reason: Int] = [:]
  /// The first hundred of the files.
  public private(set) var files: [File] = []

  /// Creates an empty list.
  init() {}

  /// Adds a file.
  package mutating func add(_ path: @autoclosure () -> String, _ reason: Reason) {
    byReason[reason, default: 0] += 1
    if files.count < Self.namedFiles { files.append(File(path: path(), reason: reason)) }
  }

  /// Adds the files of another list.
  mutating func add(_ other: FilesNotRead) {
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

/// A file that is not read.
struct UnreadFile: Hashable {
  var reason: FilesNotRead.Reason
  /// Whether the file looks like data that was meant to be read.
  var looksLikeData = false
  /// Whether it is a link to what is not there, or what cannot be examined.
  var isBroken = false

  /// Endings that sync programs give to placeholders for files kept elsewhere.
  private static let placeholders = [
    ".icloud", ".cloud", ".cloudf", ".dropbox", ".onedrive", ".placeholder",
  ]
  private static let compressions = [
    ".gz", ".zip", ".bz2", ".xz", ".zst", ".lz4", ".7z", ".rar", ".tgz", ".tar", ".br", ".z",
  ]
  /// Endings of formats close to JSON, or of JSON under another name.
  private static let nearJSON = [
    ".json.txt", ".jsonl.txt", ".ndjson.txt", ".jsonc", ".json5", ".hjson", ".jsonlines", ".ldjson",
    ".geojson",
  ]
  private static let json = [".json", ".jsonl", ".ndjson"]

  init(_ reason: FilesNotRead.Reason, looksLikeData: Bool = false, isBroken: Bool = false) {
    self.reason = reason
    self.looksLikeData = looksLikeData
    self.isBroken = isBroken
  }

  /// Judges a file without the extension of a format, or a hidden file, by its name.
  init(name: some Collection<UInt8>) {
    let name = String(decoding: name, as: UTF8.self).lowercased()
    func stem(_ endings: [String]) -> Substring? {
      endings.first { name.hasSuffix($0) }.map { name.dropLast($0.count) }
    }
    func isData(_ stem: Substring) -> Bool {
      let stem = Self.withoutAddition(stem)
      return Self.json.contains { stem.hasSuffix($0) }
    }
    if let stem = stem(Self.placeholders) {
      self.init(.placeholder, looksLikeData: isData(stem))
    } else if name.hasPrefix(".") {
      self.init(.hidden)
    } else if let stem = stem(Self.compressions) {
      self.init(.compressed, looksLikeData: isData(stem))
    } else {
      self.init(.otherExtension, looksLikeData: stem(Self.nearJSON) != nil || isData(name[...]))
    }
  }

  /// Returns a name without white space at its end, and without the number or time that log
  /// rotation appends, such as `.1` or `-20231101T1030`.
  private static func withoutAddition(_ name: Substring) -> Substring {
    var stem = name
    while let last = stem.last,
      last.isASCII && last.isNumber || last.isWhitespace || "-_.:t".contains(last)
    {
      stem.removeLast()
    }
    return stem
  }
}
