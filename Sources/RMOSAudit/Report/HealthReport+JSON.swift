package import RMOSModels

extension HealthReport {
  /// The verdict in the words of the HTTP interface.
  public enum Status: String, Sendable, Hashable, Codable {
    /// No errors, and everything was looked at.
    case healthy
    /// Errors.
    case errorsDetected = "errors_detected"
    /// No errors so far, but not everything was looked at.
    case notChecked = "not_checked"

    /// The word for a verdict.
    public init(_ verdict: AuditReport.Verdict) {
      self =
        switch verdict {
        case .sound, .warnings: .healthy
        case .errors: .errorsDetected
        case .notChecked: .notChecked
        }
    }
  }

  /// The verdict in the words of the HTTP interface.
  public var status: Status { Status(verdict) }

  /// Writes its members: `errors`, `warnings`, `status`, `verdict` (an audit's), `error_count`,
  /// `warning_count`, `complete`, `not_checked`,
  /// `references_checked` and `references_dangling`.
  package func writeMembers(to writer: inout JSONWriter) {
    func strings(_ name: String, _ texts: [String]) {
      writer.member(name) {
        $0.array {
          for text in texts { $0.string(text) }
        }
      }
    }
    strings("errors", errors)
    strings("warnings", warnings)
    writer.member("status", status.rawValue)
    writer.member("verdict", verdict.rawValue)
    writer.member("error_count", errorCount)
    writer.member("warning_count", warningCount)
    writer.member("complete", isComplete)
    strings("not_checked", notChecked)
    writer.member("references_checked", referencesChecked)
    writer.member("references_dangling", referencesDangling)
  }
}

extension HealthReport: Codable {
  private enum CodingKeys: String, CodingKey {
    case errors, warnings, status, verdict, complete
    case errorCount = "error_count"
    case warningCount = "warning_count"
    case notChecked = "not_checked"
    case referencesChecked = "references_checked"
    case referencesDangling = "references_dangling"
  }

  /// Reads what was found; the verdict follows from it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      errors: try container.decode([String].self, forKey: .errors),
      warnings: try container.decode([String].self, forKey: .warnings),
      notChecked: try container.decode([String].self, forKey: .notChecked),
      errorCount: try container.decode(Int.self, forKey: .errorCount),
      warningCount: try container.decode(Int.self, forKey: .warningCount))
    referencesChecked = try container.decode(Int.self, forKey: .referencesChecked)
    referencesDangling = try container.decode(Int.self, forKey: .referencesDangling)
  }

  /// Writes what was found and the verdict, in the shape of the HTTP interface.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(errors, forKey: .errors)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(status, forKey: .status)
    try container.encode(verdict.rawValue, forKey: .verdict)
    try container.encode(errorCount, forKey: .errorCount)
    try container.encode(warningCount, forKey: .warningCount)
    try container.encode(isComplete, forKey: .complete)
    try container.encode(notChecked, forKey: .notChecked)
    try container.encode(referencesChecked, forKey: .referencesChecked)
    try container.encode(referencesDangling, forKey: .referencesDangling)
  }
}
