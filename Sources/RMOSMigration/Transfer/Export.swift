public import RMOSModels
public import RMOSStore
package import RMOSSystem

/// An export of all entities of a store: as a legacy tree that migrates again, or as an SQL script.
///
/// ```swift
/// let summary = try await Export(of: store, to: "backup-tree").run()
/// print(summary.total, "entities,", summary.leftOut, "rows left out")
/// ```
///
/// In a tree, everything that migration kept comes back: members in the schema's order, then
/// unknown ones in theirs, JSON columns token for token. A column that is NULL gives no member. Two
/// exports of the same content are the same bytes, and so are an export and the export of the store
/// that it was migrated into.
///
/// A script creates the tables of the kinds in an empty database, with exactly the rows of the
/// store. It has neither the ledger nor the members that have no column; its head says so. If a row
/// cannot be written exactly, such as text with a NUL for PostgreSQL, nothing is written.
public struct Export: Sendable {
  /// How entities are distributed over files.
  public enum Layout: Sendable, Hashable {
    /// One file per entity: `<kind>/<name>.json`, named after the id.
    case files
    /// One file per kind, one entity per line: `<kind>/<kind>.jsonl`.
    case lines
    /// One script for the shell of a database: `rmos.sql`.
    case sql(SQLDialect)
  }

  /// How the tree is written.
  public struct Options: Sendable {
    /// How entities are distributed over files.
    public var layout = Layout.files
    /// Whether a file of one entity is indented; lines are always compact.
    public var isIndented = true
    /// About how many entities are read at once for a file of lines.
    package var entitiesPerPiece = 2000

    /// Creates the default options.
    public init() {}
  }

  /// The name of the script in the directory of an export with ``Layout/sql(_:)``.
  package static let scriptName = "rmos.sql"

  private let store: any RecordStore
  private let directory: String
  private let options: Options

  /// Creates an export; nothing happens before ``run()``.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - directory: The directory to write to; must be empty if it exists.
  ///   - options: How to write it.
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
  /// disk, so the directory is either unchanged or the whole tree. A process that is killed leaves
  /// the hidden directory behind, as may an export of many files that is cancelled; the next export
  /// to the same place removes it. An error leaves nothing behind. Nothing that exists is
  /// overwritten, but an empty directory is replaced.
  ///
  /// - Returns: What was written.
  /// - Throws: ``MigrationError`` with ``MigrationError/Code/exportNotEmpty``,
  ///   ``MigrationError/Code/exportUnwritable`` or ``MigrationError/Code/exportUnrepresentable``;
  ///   `StoreError`; `CancellationError` if the task was cancelled.
  public func run() async throws -> Summary {
    try await BlockingWork.run(orThrow: MigrationError.noThread) { isCancelled in
      try runSynchronously(isCancelled: isCancelled)
    }
  }

  /// Writes the tree on the calling thread, and on another if the store can show one state to both.
  ///
  /// - Parameter isCancelled: Polled periodically on both threads; once it returns `true`, the
  ///   export is abandoned.
  /// - Returns: As ``run()``.
  /// - Throws: As ``run()``.
  package func runSynchronously(
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Summary {
    try StoreError.retryingIfChanged { try runOnce(isCancelled: isCancelled) }
  }

  private func runOnce(isCancelled: @escaping @Sendable () -> Bool) throws -> Summary {
    do {
      let staging = try StagedDirectory(for: Array(directory.utf8), isCancelled: isCancelled)
      defer { staging.close() }
      let summary: Summary
      let doubt: SystemError?
      do {
        summary =
          switch options.layout {
          case .files: try FilesExport.run(store, into: staging.path, options, isCancelled)
          case .lines: try LinesExport.run(store, into: staging.path, options, isCancelled)
          case .sql(let dialect):
            try store.read { reader in
              let script = try SQLScript(of: reader, dialect) {
                if isCancelled() { throw Self.cancelled }
              }
              return try script.write(into: staging.path)
            }
          }
        doubt = try staging.publish(durableFiles: summary.fileCount)
      } catch {
        staging.remove()
        throw error
      }
      guard let doubt else { return summary }
      throw MigrationError(
        .exportUnwritable,
        "\(directory) is complete, but may not survive a power failure: \(doubt.reason); check the "
          + "disk")
    } catch let error as SystemError {
      switch error {
      case .cancelled: throw Self.cancelled
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

extension Export {
  static var cancelled: MigrationError {
    MigrationError(.cancelled, "the export was cancelled; the directory is what it was before")
  }
}

extension SystemError {
  /// Why a directory cannot be written, and how to fix it.
  package func message(writingTo directory: String) -> String {
    let advice =
      switch self {
      case .isCurrentDirectory, .busy: "name a new directory in it"
      case .wasMoved: "run it again when no other program changes that directory"
      case _ where isOutOfSpace: "free some space, or name a directory elsewhere"
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
    /// The first thousand issues, in order: rows that were left out (errors) or could not be
    /// written exactly (warnings).
    ///
    /// Migration writes no such row; other programs may.
    public internal(set) var issues: [Issue] = []
    /// The number of issues omitted from ``issues``.
    package internal(set) var issuesOmitted = 0
    /// The number of rows that could not be written.
    public internal(set) var leftOut = 0

    /// The number of entities written.
    public var total: Int { counts.values.reduce(0, +) }

    /// The maximum number of issues that are kept; all are counted.
    private static let maximumIssues = 1000

    /// Notes that an entity whose id is not text was left out.
    mutating func noteMissingID(of entity: borrowing StoredEntity) {
      let found = if case .null = entity.values[0] { "no id" } else { "an id that is not text" }
      noteLeftOut(entity.kind, entity.id, "has \(found), so no file can represent it; left out")
    }

    /// Notes that an entity was left out, and why.
    mutating func noteLeftOut(_ kind: EntityKind, _ id: String?, _ text: String) {
      leftOut += 1
      add(.error, .exportLeftOut, kind, id, text)
    }

    /// Notes the values that the text of an entity does not represent exactly.
    mutating func note(_ remarks: [EntityWriter.Remark], on kind: EntityKind, _ id: String?) {
      for remark in remarks {
        add(.warning, .exportInexact, kind, id, member: remark.member, remark.text)
      }
    }

    private mutating func add(
      _ severity: Severity, _ code: IssueCode, _ kind: EntityKind, _ id: String?,
      member: String? = nil, _ message: String
    ) {
      guard issues.count < Self.maximumIssues else { return issuesOmitted += 1 }
      issues.append(
        Issue(
          severity: severity, code: code, kind: kind, id: id?.isEmpty == true ? nil : id,
          pointer: member.map { JSONPointer.to($0) }, message: message))
    }

    /// Adds the summary of the next piece.
    mutating func add(_ next: Summary) {
      for (kind, count) in next.counts { counts[kind, default: 0] += count }
      fileCount += next.fileCount
      byteCount += next.byteCount
      let kept = next.issues.prefix(Self.maximumIssues - issues.count)
      issues += kept
      issuesOmitted += next.issues.count - kept.count + next.issuesOmitted
      leftOut += next.leftOut
    }
  }
}

extension IssueCode {
  /// A row that no file can represent, such as one without an id; an export leaves it out.
  static let exportLeftOut = IssueCode(rawValue: "export.left-out")
  /// A value that JSON or the schema cannot represent; an export writes the closest one.
  package static let exportInexact = IssueCode(rawValue: "export.inexact")
}
