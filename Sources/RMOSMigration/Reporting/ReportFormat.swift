import RMOSModels

/// A way to write a report.
///
/// ```swift
/// let report = try MigrationReport(ofRun: nil, in: store)
/// var page = ""
/// HTMLReportFormat().write(report, to: &page)
/// ```
public protocol ReportFormat: Sendable {
  /// The format's name, which is also the ending of its files: `json`.
  var fileExtension: String { get }

  /// Writes the whole report, with a line break at its end.
  func write(_ report: MigrationReport, to stream: inout some TextOutputStream)
}

/// The report for programs: what `migrate --json` prints.
///
/// An object with `timestamp`, `success`, `summary`, `entities`, `issue_counts`, `issues` (errors
/// and warnings, in order), `issues_omitted`, `not_read`, `kept_aside` and `run`; `timestamp`,
/// `not_read`, `kept_aside` and `run` are null for a report of a statistics file.
public struct JSONReportFormat: ReportFormat {
  /// Why the run could not go on, where the report is of one that an error ended.
  private var error: (code: String, message: String)?

  /// The format.
  public init() {}

  /// The format for a run that an error ended: with `error` (`code` and `message`).
  package init(errorCode: String, message: String) { error = (errorCode, message) }

  /// `json`.
  public var fileExtension: String { "json" }

  /// Writes the report; the encoding is deterministic.
  ///
  /// O(number of issues kept).
  public func write(_ report: MigrationReport, to stream: inout some TextOutputStream) {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("timestamp", report.timestamp)
      $0.member("success", report.isSuccess)
      if let error {
        $0.member("error") {
          $0.object {
            $0.member("code", error.code)
            $0.member("message", error.message)
          }
        }
      }
      $0.member("summary") { $0.totals(of: report) }
      $0.member("entities") { $0.statistics(report.statistics) }
      $0.member("issue_counts") { $0.issueCounts(report.issueCounts) }
      $0.member("issues") {
        $0.array {
          for issue in report.issues { $0.issue(issue) }
        }
      }
      $0.member("issues_omitted", report.issuesOmitted)
      $0.member("not_read") { $0.filesNotRead(report.notRead) }
      $0.member("kept_aside") { $0.keptMembers(report.keptMembers) }
      $0.member("run") { writer in
        if let run = report.run { writer.run(run) } else { writer.null() }
      }
    }
    stream.write(writer.text)
    stream.write("\n")
  }
}

extension ReportFormat where Self == JSONReportFormat {
  /// The report for programs.
  public static var json: JSONReportFormat { JSONReportFormat() }
}

extension JSONWriter {
  /// Writes the totals of a report: `total_found` and so on, and `success_rate`.
  mutating func totals(of report: MigrationReport) {
    let total = report.statistics.total
    object {
      $0.member("total_found", total.found)
      $0.member("total_migrated", total.migrated)
      $0.member("total_updated", total.updated)
      $0.member("total_skipped", total.skipped)
      $0.member("total_failed", total.failed)
      $0.member("success_rate", report.successRate)
    }
  }

  fileprivate mutating func run(_ run: MigrationReport.Run) {
    object {
      $0.member("id", run.id)
      $0.member("ending", run.ending.rawValue)
      $0.member("dry_run", run.isDryRun)
      $0.member("source", run.source)
      $0.member("database", run.database)
      $0.member("started_at", run.startedAt)
      if let finishedAt = run.finishedAt { $0.member("finished_at", finishedAt) }
      $0.member("seconds", run.seconds)
      $0.member("kind_seconds") {
        $0.object {
          for kind in EntityKind.allCases { $0.member(kind.rawValue, run.kindSeconds[kind] ?? 0) }
        }
      }
      $0.member("files_read", run.filesRead)
      $0.member("bytes_read", run.bytesRead)
      $0.member("tool_version", run.toolVersion)
      $0.member("options") { $0.storedJSON(run.optionsJSON) }
      if let failure = run.failure { $0.member("failure", failure) }
      if let backup = run.backup { $0.member("backup", backup) }
      if let rejects = run.rejects {
        $0.member("rejects") {
          $0.object {
            $0.member("directory", rejects.directory)
            $0.member("written", rejects.written)
            $0.member("not_written", rejects.notWritten)
            $0.member("failure", rejects.failure)
          }
        }
      }
    }
  }
}
