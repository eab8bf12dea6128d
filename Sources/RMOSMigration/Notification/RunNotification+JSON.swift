import RMOSModels

extension RunNotification {
  /// One JSON object, on one line, that Slack (`text`), Discord (`content`, at most 2,000
  /// characters, nobody mentioned) and a program (`rmos`) can read.
  public var json: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("text", text(in: .slack))
      $0.member("content", text(in: .discord))
      $0.member("allowed_mentions") {
        $0.object { $0.member("parse") { $0.array { _ in } } }
      }
      $0.member("rmos") { write(to: &$0) }
    }
    return writer.text
  }

  private func write(to writer: inout JSONWriter) {
    let report = summary.map { MigrationReport(of: $0) }
    writer.object {
      $0.member("success", isSuccess)
      $0.member("exit_status", exitStatus)
      $0.member("message", text)
      $0.member("failure") { writer in
        guard let failure else { return writer.null() }
        writer.object {
          $0.member("code", failure.code)
          $0.member("message", failure.message)
        }
      }
      $0.member("source", source)
      $0.member("database", database)
      $0.member("host", host)
      $0.member("run", summary?.run)
      $0.member("ending", report?.run?.ending.rawValue)
      $0.member("dry_run", summary?.isDryRun)
      $0.member("started_at", summary?.startedAt)
      $0.member("seconds", summary?.seconds)
      $0.member("summary") { writer in
        if let report { writer.totals(of: report) } else { writer.null() }
      }
      $0.member("entities") { writer in
        if let report { writer.statistics(report.statistics) } else { writer.null() }
      }
      $0.member("issue_counts") { writer in
        if let report { writer.issueCounts(report.issueCounts) } else { writer.null() }
      }
      $0.member("version", RMOSVersion.current)
    }
  }
}
