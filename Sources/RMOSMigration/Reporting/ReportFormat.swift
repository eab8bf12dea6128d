package import RMOSModels

/// A format that reports are written in.
package enum ReportFormat: String, Sendable, CaseIterable {
  case text, json, html

  /// The extension of its files.
  package var fileExtension: String { self == .text ? "txt" : rawValue }
}

extension MigrationReport {
  /// The report for programs, as a JSON object: what `rmos-cli migrate --json` prints.
  ///
  /// It has `timestamp`, `success`, `summary`, `entities`, `issue_counts`, `issues` (errors and
  /// warnings, in order), `issues_omitted`, `issue_groups` (each problem once),
  /// `issue_groups_omitted`, `not_read`, `kept_aside`, `failed_new`, `failed_known`, `mappings` and
  /// `run`. `timestamp` and `run` are null for a report of statistics, as are `not_read`,
  /// `kept_aside`, `failed_new` and `failed_known`, which are also null if they were not recorded.
  /// The same report gives the same text.
  ///
  /// - Complexity: O(number of issues kept).
  public var json: String { json(error: nil) }

  /// The report as a self-contained HTML page, for screens and paper.
  ///
  /// It is complete without scripts; with them, a field filters the issues. All text from files is
  /// escaped, and the page's policy forbids everything that is not in it.
  ///
  /// - Complexity: O(number of issues kept).
  public var html: String { HTMLReport(self).document }

  /// The report for consoles and mail: plain text, no line wider than 80 columns.
  ///
  /// - Complexity: O(number of issues kept).
  public var text: String { TextReport(self).document }

  /// ``text`` for a terminal: no line is wider than `width` columns unless a single word is.
  package func text(width: Int) -> String { TextReport(self, width: max(width, 20)).document }

  /// The report as a document, with a line break at its end.
  package func document(as format: ReportFormat) -> String {
    switch format {
    case .text: text
    case .json: json + "\n"
    case .html: html
    }
  }

  /// The name of a file for the report: `migration_report_` with the run's number, `stats`, or
  /// `unrecorded` for a run that is not in the ledger.
  package func fileName(as format: ReportFormat) -> String {
    let subject = if let run { run.id.map { String($0) } ?? "unrecorded" } else { "stats" }
    return "migration_report_\(subject).\(format.fileExtension)"
  }

  /// The report as a JSON object, with `error` (`code` and `message`) for a run that an error
  /// ended.
  package func json(error: (code: String, message: String)?) -> String {
    let tellsApart = failureNews?.isToldApart == true
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("timestamp", run?.startedAt)
      $0.member("success", isSuccess)
      if let error {
        $0.object("error") {
          $0.member("code", error.code)
          $0.member("message", error.message)
        }
      }
      $0.member("summary") { $0.totals(statistics.total) }
      $0.member("entities") { $0.statistics(statistics) }
      $0.member("issue_counts") { $0.issueCounts(issueCounts) }
      $0.member("issues", each: issues) { $0.issue($1, tellingApart: tellsApart) }
      $0.member("issues_omitted", issuesOmitted)
      $0.member("issue_groups") { $0.issueGroups(issueGroups.groups, tellingApart: tellsApart) }
      $0.member("issue_groups_omitted", issueGroups.omitted)
      $0.member("not_read") { $0.filesNotRead(notRead) }
      $0.member("kept_aside") { $0.keptMembers(keptMembers) }
      $0.member("failed_new", failureNews?.new)
      $0.member("failed_known", failureNews?.known)
      $0.member("mappings", objects: run?.mappings ?? []) { writer, use in
        writer.member("name", use.name)
        writer.member("sha256", use.sha256)
        writer.member("entities", use.entities)
      }
      $0.member("run") { writer in
        if let run { writer.run(run, of: self) } else { writer.null() }
      }
    }
    return writer.text
  }
}

extension JSONWriter {
  /// Writes totals: `total_found` and so on, and `success_rate`.
  package mutating func totals(_ total: MigrationStatistics.Counts) {
    object {
      $0.member("total_found", total.found)
      $0.member("total_migrated", total.migrated)
      $0.member("total_updated", total.updated)
      $0.member("total_skipped", total.skipped)
      $0.member("total_failed", total.failed)
      $0.member("success_rate", total.successRate)
    }
  }

  fileprivate mutating func run(_ run: MigrationReport.Run, of report: MigrationReport) {
    object {
      $0.member("id", run.id)
      $0.member("ending", run.ending?.rawValue ?? "running")
      $0.member("dry_run", run.isDryRun)
      $0.member("source", run.source)
      $0.member("database", run.database)
      $0.member("started_at", run.startedAt)
      if let finishedAt = run.finishedAt { $0.member("finished_at", finishedAt) }
      $0.member("seconds", run.seconds)
      $0.object("kind_seconds") {
        for kind in report.statistics.catalog.kinds {
          $0.member(kind.rawValue, run.kindSeconds[kind] ?? 0)
        }
      }
      $0.member("files_read", run.filesRead)
      $0.member("bytes_read", run.bytesRead)
      $0.member("tool_version", run.toolVersion)
      $0.member("user", run.user)
      $0.member("host", run.host)
      $0.member("known_since", report.failureNews?.since)
      $0.member("options") { $0.storedJSON(run.optionsJSON) }
      if let failure = run.failure { $0.member("failure", failure) }
      if let backup = run.backup { $0.member("backup", backup) }
      if let rejects = run.rejects {
        $0.object("rejects") {
          $0.member("directory", rejects.directory)
          $0.member("written", rejects.written)
          $0.member("not_written", rejects.notWritten)
          $0.member("removed", rejects.removed)
          $0.member("failure", rejects.failure)
        }
      }
    }
  }
}
