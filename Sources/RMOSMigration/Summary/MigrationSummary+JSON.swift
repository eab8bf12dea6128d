import RMOSModels

extension MigrationSummary {
  /// The report of the run as a JSON object: `timestamp`, `success`, `summary`, `entities`,
  /// `issue_counts`, `issues` (errors and warnings, in order), `issues_omitted` and `run`.
  ///
  /// The encoding is deterministic. O(number of issues kept).
  public var json: String { json(error: nil) }

  /// The report of a run that an error ended: as ``json``, with `error` (`code` and `message`).
  public func json(errorCode: String, message: String) -> String {
    json(error: (errorCode, message))
  }

  private func json(error: (code: String, message: String)?) -> String {
    var writer = JSONWriter(style: .pretty)
    let total = statistics.total
    writer.object {
      $0.member("timestamp", startedAt)
      $0.member("success", isSuccess)
      if let error {
        $0.member("error") {
          $0.object {
            $0.member("code", error.code)
            $0.member("message", error.message)
          }
        }
      }
      $0.member("summary") {
        $0.object {
          $0.member("total_found", total.found)
          $0.member("total_migrated", total.migrated)
          $0.member("total_updated", total.updated)
          $0.member("total_skipped", total.skipped)
          $0.member("total_failed", total.failed)
          $0.member("success_rate", successRate)
        }
      }
      $0.member("entities") { $0.statistics(statistics) }
      $0.member("issue_counts") { $0.issueCounts(issueCounts) }
      $0.member("issues") {
        $0.array {
          for issue in issues { $0.issue(issue) }
        }
      }
      $0.member("issues_omitted", issuesOmitted)
      $0.member("run") { writeRun(&$0) }
    }
    return writer.text
  }

  private func writeRun(_ writer: inout JSONWriter) {
    writer.object {
      $0.member("id", run)
      $0.member("ending", ending.name)
      $0.member("dry_run", isDryRun)
      $0.member("source", source)
      $0.member("database", store)
      $0.member("started_at", startedAt)
      $0.member("seconds", seconds)
      $0.member("kind_seconds") {
        $0.object {
          for kind in EntityKind.allCases { $0.member(kind.rawValue, kindSeconds[kind] ?? 0) }
        }
      }
      $0.member("files_read", filesRead)
      $0.member("bytes_read", bytesRead)
      $0.member("tool_version", RMOSVersion.current)
      $0.member("options") { $0.storedJSON(optionsJSON) }
    }
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
    case .storeFailed: "store_failed"
    }
  }
}
