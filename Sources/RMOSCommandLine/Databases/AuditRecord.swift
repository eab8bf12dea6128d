import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSSystem

/// The last audit of a whole database, kept in the user's state directory, since an audit must not
/// write to the database or its directory.
///
/// There is one file per database, which `audit` and `serve` write and `status` reads. Each user,
/// or each state directory, has its own.
struct AuditRecord: Sendable {
  /// The outcome of the audit.
  let outcome: AuditOutcome
  /// The state of the database's files before the audit; `nil` if the database is not in a file.
  private let state: String?
  /// The database's state now.
  private let current: String?

  /// Whether the database's file has changed since the audit; `nil` if that is not known.
  var hasChanged: Bool? {
    guard let state, let current else { return nil }
    return state != current
  }

  /// "2026-11-28 10:00, sound; its file has changed since".
  var words: String {
    let time = outcome.finishedAt.prefix(16).replacing("T", with: " ")
    let subject = state == nil ? "the database" : "its file"
    return "\(time) UTC, \(outcome.words); \(AuditOutcome.sinceWords(hasChanged, subject))"
  }

  /// Writes the members of ``outcome`` and `changed_since`.
  func writeMembers(to writer: inout JSONWriter) {
    outcome.writeMembers(to: &writer)
    writer.member("changed_since", hasChanged)
  }
}

extension AuditRecord {
  /// The place where the record of a database is kept.
  struct Place: Sendable {
    /// The identity of the database: its path without links, or its address without a password.
    private let database: String
    private let file: String?
    /// The mark of a database that is not in a file, by which it differs from one that had its
    /// address before; `nil` if it has none.
    private let mark: String?
    private let directory: String?

    /// Creates the place for a database.
    ///
    /// - Parameters:
    ///   - location: The database's location for people, without a password.
    ///   - file: The database's file; `nil` if it is not in a file.
    ///   - store: The store in the database.
    init(location: String, file: String?, _ store: any RecordStore) {
      let path = file.map { (try? $0.resolved()) ?? $0 }
      mark = file == nil ? store.databaseMark() : nil
      self.file = path
      database = path ?? location
      directory = Self.directory
    }

    /// The directory of all records; `nil` if the environment names none.
    ///
    /// Relative paths are ignored, as the specification of XDG_STATE_HOME demands.
    private static var directory: String? {
      func absolute(_ name: String) -> String? {
        // With its invalid bytes replaced, the variable would name another directory.
        ProcessEnvironment.variable(name).flatMap {
          $0.hasPrefix("/") && !$0.unicodeScalars.contains("\u{FFFD}") ? $0 : nil
        }
      }
      // systemd may set several directories, separated by colons.
      if let own = absolute("STATE_DIRECTORY")?.split(separator: ":").first {
        return "\(own)/audits"
      }
      if let state = absolute("XDG_STATE_HOME") { return "\(state)/rmos/audits" }
      return absolute("HOME").map { "\($0)/.local/state/rmos/audits" }
    }

    /// The record's path; `nil` if there is no state directory.
    private var path: String? {
      let name = SHA256.hash(Array(database.utf8)).description.prefix(32)
      return directory.map { "\($0)/\(name).json" }
    }

    /// Returns the state of the database's files, to be taken before an audit reads them; `nil` if
    /// the database is not in a file.
    func state() -> String? {
      guard let file else { return nil }
      return [file, file + "-wal"].map { path in
        guard let status = try? FileStatus(of: path) else { return "none" }
        // An empty log has no transactions, like one that does not exist.
        return status.size == 0 ? "none" : status.state.text
      }.joined(separator: " ")
    }

    /// Returns the record; `nil` if there is none that can be read.
    func read() -> AuditRecord? {
      guard let path, case .bytes(let bytes)? = try? FileSystem.content(of: path, limit: 1 << 16),
        let json = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self)),
        // The file's name is a digest, so its content has to name the database.
        json["database"]?.string == database, json["mark"]?.string == mark,
        let outcome = AuditOutcome(json)
      else { return nil }
      return AuditRecord(outcome: outcome, state: json["state"]?.string, current: state())
    }

    /// Replaces the record, unless the audit left out rules.
    ///
    /// - Parameters:
    ///   - report: The report.
    ///   - outcome: Its outcome.
    ///   - state: The state of the database before the audit.
    /// - Throws: `CommandError` if the record cannot be written.
    func write(_ report: AuditReport, _ outcome: AuditOutcome, state: String?) throws(CommandError)
    {
      guard report.omittedRules.isEmpty else { return }
      guard let path else {
        throw CommandError(
          code: "audit.no-state-directory",
          message: "there is no state directory; set XDG_STATE_HOME or HOME to an absolute path")
      }
      var writer = JSONWriter(style: .pretty)
      writer.object {
        $0.member("database", database)
        $0.member("mark", mark)
        $0.member("state", state)
        outcome.writeMembers(to: &$0)
        $0.member("counts") { writer in
          writer.object {
            for kind in report.catalog.kinds { $0.member(kind.rawValue, report.counts[kind]) }
          }
        }
        $0.member("tool_version", RMOSVersion.current)
      }
      do throws(SystemError) {
        // The specification of XDG_STATE_HOME demands these permissions for new directories.
        try FileSystem.makeDirectories(path.directoryPath, permissions: 0o700)
        try FileSystem.replaceContent(of: path, with: writer.text + "\n")
      } catch {
        throw CommandError(
          code: "output.unwritable", message: "cannot write \(path): \(error.reason)")
      }
    }
  }
}

extension NamedDatabase {
  /// The place where the record of the last audit of a store in it is kept.
  func auditRecord(of store: any RecordStore) -> AuditRecord.Place {
    AuditRecord.Place(location: shown, file: file, store)
  }
}
