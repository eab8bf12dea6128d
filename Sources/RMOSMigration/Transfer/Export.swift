public import RMOSModels
public import RMOSStore
package import RMOSSystem

/// The way back: all entities of a store as a legacy tree that migrates again.
///
/// ```swift
/// let summary = try Export(of: store).write(to: "backup-tree")
/// print(summary.total, "entities in", summary.fileCount, "files")
/// ```
///
/// What migration kept comes back: members in the schema's order, then those that the schema does
/// not know in theirs, JSON columns token for token. A column that is NULL gives no member. Two
/// exports of the same content are the same bytes, and so are an export and the export of the store
/// that it was migrated into.
public struct Export: Sendable {
  /// How the tree is written.
  public struct Options: Sendable, Hashable {
    /// Which files there are.
    public enum Layout: Sendable, Hashable {
      /// One file an entity: `<kind>/<name>.json`, named after the id.
      case files
      /// One file a kind, one entity a line: `<kind>/<kind>.jsonl`.
      case lines
    }

    /// Which files there are.
    public var layout: Layout
    /// White space between the tokens; lines are always compact.
    public var style: JSONWriter.Style
    /// How many issues the summary keeps; all are counted.
    public var maxIssuesInSummary = 1000

    /// Options.
    public init(layout: Layout = .files, style: JSONWriter.Style = .pretty) {
      self.layout = layout
      self.style = style
    }
  }

  private let store: any RecordStore

  /// An export; nothing happens before ``write(to:options:isCancelled:)``.
  public init(of store: any RecordStore) { self.store = store }

  /// Writes the tree into `directory`, which is created if it is not there.
  ///
  /// The store is read as one snapshot, in constant memory. All is first written into a hidden
  /// directory beside it, `.NAME.incomplete-1`, which takes its place by one rename once it is
  /// whole and on the disk: `directory` is what it was, or the whole tree. A process that is killed
  /// leaves the hidden directory, and so may one that is cancelled among many files; the next
  /// export to the same place removes it. An error leaves nothing. Nothing that exists is written
  /// over, but an empty directory is replaced.
  ///
  /// - Parameters:
  ///   - directory: Where to; must be empty where it exists.
  ///   - options: How the tree is written.
  ///   - isCancelled: Asked now and then; once true, the export is given up.
  /// - Returns: What was written.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/exportNotEmpty``,
  ///   ``MigrationError/Code/exportUnwritable`` or ``MigrationError/Code/cancelled``; `StoreError`.
  public func write(
    to directory: String, options: Options = Options(), isCancelled: () -> Bool = { false }
  ) throws -> Summary {
    do {
      return try withoutActuallyEscaping(isCancelled) { isCancelled in
        let staging = try StagedDirectory(for: Array(directory.utf8), isCancelled: isCancelled)
        defer { staging.close() }
        do {
          let summary = try store.read { reader in
            var writer = ExportWriter(reader, into: staging, options)
            for kind in EntityKind.allCases { try writer.write(kind, isCancelled) }
            return writer.summary
          }
          try staging.publish(isDurable: true)
          return summary
        } catch {
          staging.remove()
          throw error
        }
      }
    } catch let error as SystemError {
      switch error {
      case .cancelled: throw ExportWriter.cancelled
      case .notEmpty:
        throw MigrationError(
          .exportNotEmpty,
          "\(directory) is not empty (hidden files count); name a new directory, or empty this one "
            + "first")
      default: throw MigrationError(.exportUnwritable, error.message(writingTo: directory))
      }
    }
  }
}

extension SystemError {
  /// Why a directory cannot be written as a whole, and what to do.
  package func message(writingTo directory: String) -> String {
    let advice =
      switch self {
      case .isCurrentDirectory, .busy: "name a new directory in it"
      case .wasMoved: "run it again when nobody else changes that directory"
      default: "name a directory that can be written to"
      }
    return "cannot write to \(directory): \(reason); \(advice)"
  }
}

extension Export {
  /// What an export wrote.
  public struct Summary: Sendable, Hashable {
    /// How many entities of each kind were written.
    public internal(set) var counts: [EntityKind: Int] = [:]
    /// How many files.
    public internal(set) var fileCount = 0
    /// How many bytes.
    public internal(set) var byteCount = 0
    /// Rows that could not be written (errors) or not exactly (warnings), in order, the first
    /// ``Export/Options/maxIssuesInSummary``.
    ///
    /// Migration writes no such row; other programs can.
    public internal(set) var issues: [Issue] = []
    /// How many issues ``issues`` leaves out.
    public internal(set) var issuesOmitted = 0
    /// How many rows could not be written.
    public internal(set) var leftOut = 0

    /// How many entities were written.
    public var total: Int { counts.values.reduce(0, +) }

    mutating func add(_ issue: Issue, keeping limit: Int) {
      if issue.severity == .error { leftOut += 1 }
      if issues.count < limit { issues.append(issue) } else { issuesOmitted += 1 }
    }
  }
}

extension IssueCode {
  /// A row that no file can say, as one without an id; an export leaves it out.
  public static let exportLeftOut = IssueCode(rawValue: "export.left-out")
  /// A value that JSON or the schema cannot say; an export writes what comes nearest.
  public static let exportInexact = IssueCode(rawValue: "export.inexact")
}

/// Writes the entities of one snapshot into the staging directory of an export.
struct ExportWriter {
  private static let bufferLimit = 64 << 10

  static var cancelled: MigrationError {
    MigrationError(.cancelled, "the export was cancelled; the directory is what it was before")
  }

  private let reader: any StoreReader
  private let staging: StagedDirectory
  private let options: Export.Options
  private(set) var summary = Export.Summary()

  init(_ reader: any StoreReader, into staging: StagedDirectory, _ options: Export.Options) {
    self.reader = reader
    self.staging = staging
    self.options = options
  }

  /// Writes all entities of a kind.
  mutating func write(_ kind: EntityKind, _ isCancelled: () -> Bool) throws {
    let directory = staging.path + Array("/\(kind.table)/".utf8)
    try FileSystem.makeDirectory(directory)
    summary.counts[kind] = 0
    var lines = LinesFile(path: directory + Array("\(kind.table).jsonl".utf8))
    defer { lines.close() }
    var seen = 0
    try reader.forEachRecord(kind) { record in
      if seen % 64 == 0, isCancelled() { throw ExportWriter.cancelled }
      seen += 1
      guard case .text(let id) = record.values[0] else {
        return note(
          .error, .exportLeftOut, record, nil,
          "has \(record.values[0] == .null ? "no id" : "an id that is no text"), so no file can "
            + "stand for it; left out")
      }
      let unknown = try reader.provenance(kind, id: id)?.unknownMembers
      let entity = EntityText(record, unknownMembers: unknown)
      let isWritten =
        switch options.layout {
        case .lines: try lines.append(entity.utf8)
        case .files: try write(entity, id: id, in: directory)
        }
      guard isWritten else {
        return note(
          .error, .exportLeftOut, record, nil,
          "has an id that is the same text as another's once its broken UTF-8 is mended; left out")
      }
      for remark in entity.remarks {
        note(.warning, .exportInexact, record, remark.member, remark.text)
      }
      summary.counts[kind, default: 0] += 1
    }
    guard lines.isOpen else { return }
    try lines.flush()
    summary.fileCount += 1
    summary.byteCount += lines.byteCount
  }

  /// Writes an entity into a file of its own; false where its name is taken.
  private mutating func write(
    _ entity: EntityText, id: String, in directory: [UInt8]
  ) throws -> Bool {
    var bytes = options.style == .pretty ? JSONLayout.pretty(entity.utf8) : entity.utf8
    bytes.append(UInt8(ascii: "\n"))
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor(creating: directory + Array(ExportFileName.name(for: id).utf8))
    } catch {
      if error == .exists { return false }
      throw error
    }
    defer { file.close() }
    try file.write(bytes)
    summary.fileCount += 1
    summary.byteCount += bytes.count
    return true
  }

  private mutating func note(
    _ severity: Severity, _ code: IssueCode, _ record: Record, _ member: String?, _ text: String
  ) {
    let id = record.id.isEmpty ? nil : record.id
    summary.add(
      Issue(
        severity: severity, code: code, kind: record.kind, id: id,
        pointer: member.map { JSONPointer.to($0) }, message: text),
      keeping: options.maxIssuesInSummary)
  }

  /// A file of one entity a line, created with its first.
  private struct LinesFile {
    let path: [UInt8]
    private var handle: FileDescriptor?
    private var buffer: [UInt8] = []
    private(set) var byteCount = 0

    init(path: [UInt8]) { self.path = path }

    var isOpen: Bool { handle != nil }

    mutating func append(_ line: [UInt8]) throws(SystemError) -> Bool {
      if handle == nil { handle = try FileDescriptor(creating: path) }
      buffer += line
      buffer.append(UInt8(ascii: "\n"))
      byteCount += line.count + 1
      if buffer.count >= ExportWriter.bufferLimit { try flush() }
      return true
    }

    mutating func flush() throws(SystemError) {
      try handle?.write(buffer)
      buffer.removeAll(keepingCapacity: true)
    }

    func close() { handle?.close() }
  }
}
