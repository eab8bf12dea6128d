public import RMOSModels
public import RMOSStore
import RMOSSystem

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

    /// The layout of the JSON in a file.
    public enum Style: Sendable, Hashable {
      /// No white space.
      case compact
      /// One line per member and element, indented by two spaces per level.
      case pretty
    }

    /// Which files there are.
    public var layout: Layout
    /// White space between the tokens; lines are always compact.
    public var style: Style
    /// How many issues the summary keeps; all are counted.
    public var maxIssuesInSummary = 1000

    /// Options.
    public init(layout: Layout = .files, style: Style = .pretty) {
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
  func message(writingTo directory: String) -> String {
    let advice =
      switch self {
      case .isCurrentDirectory, .busy: "name a new directory in it"
      case .wasMoved: "run it again when nobody else changes that directory"
      default: "name a directory that can be written to"
      }
    return "cannot write to \(directory): \(reason); \(advice)"
  }
}
