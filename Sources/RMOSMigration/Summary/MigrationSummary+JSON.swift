import RMOSModels

extension MigrationSummary {
  /// The report of the run as a JSON object: `timestamp`, `success`, `summary`, `entities`,
  /// `issue_counts`, `issues` (errors and warnings, in order), `issues_omitted` and `run`.
  ///
  /// The encoding is deterministic. O(number of issues kept).
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    let total = statistics.total
    writer.beginObject()
    writer.member("timestamp", startedAt)
    writer.member("success", isSuccess)
    writer.key("summary")
    writer.beginObject()
    writer.member("total_found", total.found)
    writer.member("total_migrated", total.migrated)
    writer.member("total_updated", total.updated)
    writer.member("total_skipped", total.skipped)
    writer.member("total_failed", total.failed)
    writer.member("success_rate", successRate)
    writer.endObject()
    writer.key("entities")
    writer.statistics(statistics)
    writer.key("issue_counts")
    writer.issueCounts(issueCounts)
    writer.key("issues")
    writer.beginArray()
    for issue in issues { writer.issue(issue) }
    writer.endArray()
    writer.member("issues_omitted", issuesOmitted)
    writer.key("run")
    writeRun(&writer)
    writer.endObject()
    return writer.text
  }

  private func writeRun(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", run.map(Int.init))
    writer.member("ending", ending.name)
    writer.member("dry_run", isDryRun)
    writer.member("source", source)
    writer.member("database", store)
    writer.member("started_at", startedAt)
    writer.member("seconds", seconds)
    writer.key("kind_seconds")
    writer.beginObject()
    for kind in EntityKind.allCases { writer.member(kind.rawValue, kindSeconds[kind] ?? 0) }
    writer.endObject()
    writer.member("files_read", filesRead)
    writer.member("bytes_read", bytesRead)
    writer.member("tool_version", RMOSVersion.current)
    writer.key("options")
    writer.raw(optionsJSON)
    writer.endObject()
  }
}

extension MigrationSummary.Ending {
  /// The ending's name in reports, in the style of their other names.
  fileprivate var name: String {
    switch self {
    case .completed: "completed"
    case .interrupted: "interrupted"
    case .tooManyErrors: "too_many_errors"
    case .rolledBack: "rolled_back"
    }
  }
}
