public import RMOSModels
public import RMOSStore
package import RMOSSystem

/// An export of all entities of a store: as a legacy tree that migrates again, or as a script of SQL.
///
/// ```swift
/// let summary = try await Export(of: store, to: "backup-tree").run()
/// print(summary.total, "entities,", summary.leftOut, "rows left out")
/// ```
///
/// In a tree, everything that migration kept comes back: members in the schema's order, then unknown ones in
/// theirs, JSON columns token for token. A column that is NULL gives no member. Two exports of the
/// same content are the same bytes, and so are an export and the export of the store that it was
/// migrated into.
///
/// A script creates the tables of the kinds in an empty database, with exactly the rows of the store.
/// It has neither the ledger nor the members that have no column; its head says so. If a row cannot be
/// written as it is, such as text with a NUL for PostgreSQL, nothing is.
public struct Export: Sendable {
  /// How the tree is written.
  public struct Options: Sendable, Hashable {
    /// How entities are distributed over files.
    public enum Layout: Sendable, Hashable {
      /// One file per entity: `<kind>/<name>.json`, named after the id.
      case files
      /// One file per kind, one entity per line: `<kind>/<kind>.jsonl`.
      case lines
      /// One script for the shell of a database: `rmos.sql`.
      case sql(SQLDialect)
    }

    /// How entities are distributed over files.
    public var layout = Layout.files
    /// Whether a file of one entity is indented; lines are always compact.
    public var isIndented = true
    /// The maximum number of issues the summary keeps; all are counted.
    package var maxIssuesInSummary = 1000

    /// Creates the default options.
    public init() {}
  }

  /// The name of the script in the directory of an export with ``Options/Layout/sql(_:)``.
  package static let scriptName = "rmos.sql"

  private let store: any RecordStore
  private let directory: String
  private let options: Options

  /// Creates an export; nothing happens before ``run()``.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - directory: The directory to write to; must be empty if it exists.
  ///   - options: How to write the tree.
  public init(of store: any RecordStore, to directory: String, options: Options = Options()) {
    self.store = store
    self.directory = directory
    self.options = options
  }

  /// Writes the tree, on a thread of its own.
  ///
  /// Cancelling the task abandons the export.
  ///
  /// The store is read as one snapshot, in constant memory. The tree is first written into a hidden
  /// directory next to its place, `.NAME.incomplete-1`, which is renamed once it is complete and on
  /// disk: the directory is what it was, or the whole tree. A process that is killed leaves the
  /// hidden directory, and so may an export that is cancelled among many files; the next export to
  /// the same place removes it. An error leaves nothing. Nothing that exists is overwritten, but an
  /// empty directory is replaced.
  ///
  /// - Returns: What was written.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/exportNotEmpty``,
  ///   `export.unwritable`, `export.unrepresentable` or
  ///   ``MigrationError/Code/cancelled``; `StoreError`.
  public func run() async throws -> Summary {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { isCancelled in
      try runSynchronously(isCancelled: isCancelled)
    }
  }

  /// Writes the tree on the calling thread.
  ///
  /// - Parameter isCancelled: Polled periodically; once it returns `true`, the export is abandoned.
  /// - Returns: As ``run()``.
  /// - Throws: As ``run()``.
  package func runSynchronously(isCancelled: () -> Bool = { false }) throws -> Summary {
    do {
      return try withoutActuallyEscaping(isCancelled) { isCancelled in
        let staging = try StagedDirectory(for: Array(directory.utf8), isCancelled: isCancelled)
        defer { staging.close() }
        do {
          let summary = try store.read { reader in
            var writer = ExportWriter(reader, into: staging, options)
            if case .sql(let dialect) = options.layout {
              try writer.writeScript(dialect, isCancelled)
            } else {
              for kind in reader.catalog.kinds { try writer.write(kind, isCancelled) }
            }
            return writer.summary
          }
          try staging.publish(durableFiles: summary.fileCount)
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
  /// Why a directory cannot be written, and how to fix it.
  package func message(writingTo directory: String) -> String {
    let advice =
      switch self {
      case .isCurrentDirectory, .busy: "name a new directory in it"
      case .wasMoved: "run it again when no other program changes that directory"
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
    /// The number of files.
    package internal(set) var fileCount = 0
    /// The number of bytes.
    package internal(set) var byteCount = 0
    /// Rows that could not be written (errors) or not exactly (warnings), in order: the first
    /// thousand.
    ///
    /// Migration writes no such row; other programs can.
    public internal(set) var issues: [Issue] = []
    /// The number of issues omitted from ``issues``.
    package internal(set) var issuesOmitted = 0
    /// The number of rows that could not be written.
    public internal(set) var leftOut = 0

    /// The number of entities written.
    public var total: Int { counts.values.reduce(0, +) }

    mutating func add(_ issue: Issue, keeping limit: Int) {
      if issue.severity == .error { leftOut += 1 }
      if issues.count < limit { issues.append(issue) } else { issuesOmitted += 1 }
    }
  }
}

extension IssueCode {
  /// A row that no file can represent, such as one without an id; an export leaves it out.
  package static let exportLeftOut = IssueCode(rawValue: "export.left-out")
  /// A value that JSON or the schema cannot represent; an export writes the closest one.
  package static let exportInexact = IssueCode(rawValue: "export.inexact")
}

/// Writes the entities of one snapshot into the staging directory of an export.
private struct ExportWriter {
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

  /// Writes all entities as a script.
  mutating func writeScript(_ dialect: SQLDialect, _ isCancelled: () -> Bool) throws {
    try withoutActuallyEscaping(isCancelled) { isCancelled in
      let script = try SQLScript(of: reader, dialect) {
        if isCancelled() { throw ExportWriter.cancelled }
      }
      try script.write(into: staging.path, &summary)
    }
  }

  /// Writes all entities of a kind.
  mutating func write(_ kind: EntityKind, _ isCancelled: () -> Bool) throws {
    let directory = staging.path + Array("/\(kind.table)/".utf8)
    try FileSystem.makeDirectory(directory)
    summary.counts[kind] = 0
    var lines = ExportFile(path: directory + Array("\(kind.table).jsonl".utf8))
    defer { lines.close() }
    var seen = 0
    try reader.forEachRecord(kind) { record in
      if seen % 64 == 0, isCancelled() { throw ExportWriter.cancelled }
      seen += 1
      guard case .text(let id) = record.values[0] else {
        return note(
          .error, .exportLeftOut, record, nil,
          "has \(record.values[0] == .null ? "no id" : "an id that is not text"), so no file can "
            + "represent it; left out")
      }
      let unknown = try reader.provenance(kind, id: id)?.unknownMembers
      let entity = EntityText(record, unknownMembers: unknown)
      let isWritten =
        options.layout == .files
        ? try write(entity, id: id, in: directory) : try lines.append(line: entity.utf8)
      guard isWritten else {
        return note(
          .error, .exportLeftOut, record, nil,
          "has an id that equals another once its invalid UTF-8 is repaired; left out")
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

  /// Writes an entity into its own file; returns `false` if the name is taken.
  private mutating func write(
    _ entity: EntityText, id: String, in directory: [UInt8]
  ) throws -> Bool {
    var bytes = options.isIndented ? JSONLayout.pretty(entity.utf8) : entity.utf8
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
}

/// A file of an export, created with its first bytes.
struct ExportFile {
  private static let bufferLimit = 64 << 10

  let path: [UInt8]
  private var handle: FileDescriptor?
  private var buffer: [UInt8] = []
  private(set) var byteCount = 0

  init(path: [UInt8]) { self.path = path }

  var isOpen: Bool { handle != nil }

  mutating func append(_ bytes: some Collection<UInt8>) throws(SystemError) {
    if handle == nil { handle = try FileDescriptor(creating: path) }
    buffer += bytes
    byteCount += bytes.count
    if buffer.count >= Self.bufferLimit { try flush() }
  }

  mutating func append(line: [UInt8]) throws(SystemError) -> Bool {
    try append(line)
    try append(CollectionOfOne(UInt8(ascii: "\n")))
    return true
  }

  mutating func append(lines: [String]) throws(SystemError) {
    for line in lines { try append((line + "\n").utf8) }
  }

  mutating func flush() throws(SystemError) {
    try handle?.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  func close() { handle?.close() }
}
