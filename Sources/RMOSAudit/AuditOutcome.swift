package import RMOSModels

/// The result of a full audit: its time and its verdict.
package struct AuditOutcome: Sendable, Hashable {
  /// When it began, ISO 8601 in UTC.
  package var startedAt: String
  /// When it ended, ISO 8601 in UTC.
  package var finishedAt: String
  /// How long it took.
  package var seconds: Double
  /// The verdict.
  package var verdict: Verdict
  /// The number of errors.
  var errorCount: Int
  /// The number of warnings.
  var warningCount: Int

  /// Creates the outcome of an audit.
  package init(of report: AuditReport, startedAt: String, finishedAt: String) {
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    seconds = report.duration / .seconds(1)
    verdict = report.verdict
    errorCount = report.errorCount
    warningCount = report.warningCount
  }

  /// Creates an outcome from what ``writeMembers(to:)`` wrote; `nil` if that is something else.
  package init?(_ json: JSONValue) {
    guard let startedAt = json["started_at"]?.string, let finishedAt = json["finished_at"]?.string,
      Timestamp(finishedAt) != nil, let seconds = json["seconds"]?.double,
      let verdict = json["verdict"]?.string.flatMap(Verdict.init),
      let errors = json["error_count"]?.int64, let warnings = json["warning_count"]?.int64,
      errors >= 0, warnings >= 0
    else { return nil }
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.seconds = seconds
    self.verdict = verdict
    errorCount = Int(errors)
    warningCount = Int(warnings)
  }

  /// The verdict in words: "sound, with 2 warnings".
  package var words: String {
    verdict.words(errors: errorCount, warnings: warningCount, isWhole: true)
  }

  /// Writes the members `started_at`, `finished_at`, `seconds`, `verdict`, `error_count` and
  /// `warning_count`.
  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("started_at", startedAt)
    writer.member("finished_at", finishedAt)
    writer.member("seconds", seconds)
    writer.member("verdict", verdict.rawValue)
    writer.member("error_count", errorCount)
    writer.member("warning_count", warningCount)
  }
}

extension AuditOutcome {
  /// Says in words whether something has changed since the audit.
  ///
  /// - Parameters:
  ///   - hasChanged: Whether `subject` has changed since; `nil` if that is not known.
  ///   - subject: What may have changed, such as "the database".
  /// - Returns: A clause.
  package static func sinceWords(_ hasChanged: Bool?, _ subject: String) -> String {
    switch hasChanged {
    case false?: "\(subject) has not changed since"
    case true?: "\(subject) has changed since"
    case nil: "whether \(subject) has changed since is not known"
    }
  }
}
