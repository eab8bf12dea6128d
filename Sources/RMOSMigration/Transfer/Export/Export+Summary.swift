public import RMOSModels

extension Export {
  /// What an export wrote.
  public struct Summary: Sendable, Hashable {
    /// How many entities of each kind were written.
    public internal(set) var counts: [EntityKind: Int] = [:]
    /// How many files.
    public internal(set) var fileCount = 0
    /// How many bytes.
    public internal(set) var byteCount = 0
    /// Rows that could not be written (errors) or not exactly (warnings), in order, the first
    /// ``Export/Options/maxIssuesInSummary``.
    ///
    /// Migration writes no such row; other programs can.
    public internal(set) var issues: [Issue] = []
    /// How many issues ``issues`` leaves out.
    public internal(set) var issuesOmitted = 0
    /// How many rows could not be written.
    public internal(set) var leftOut = 0

    /// How many entities were written.
    public var total: Int { counts.values.reduce(0, +) }

    mutating func add(_ issue: Issue, keeping limit: Int) {
      if issue.severity == .error { leftOut += 1 }
      if issues.count < limit { issues.append(issue) } else { issuesOmitted += 1 }
    }
  }
}

extension IssueCode {
  /// A row that no file can say, as one without an id; an export leaves it out.
  public static let exportLeftOut = IssueCode(rawValue: "export.left-out")
  /// A value that JSON or the schema cannot say; an export writes what comes nearest.
  public static let exportInexact = IssueCode(rawValue: "export.inexact")
}
