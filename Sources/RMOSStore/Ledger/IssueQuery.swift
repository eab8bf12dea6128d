public import RMOSModels

/// A query for the issues of a run, in the order in which they were reported.
///
/// ```swift
/// var query = IssueQuery(run: 12)
/// query.severity = .error
/// query.limit = 50
/// ```
public struct IssueQuery: Sendable, Hashable {
  /// The run.
  public var run: Int64
  /// The severity; `nil` for any.
  public var severity: Severity?
  /// The code; `nil` for any.
  public var code: IssueCode?
  /// The kind of entity; `nil` for any.
  public var kind: EntityKind?
  /// Whether the failure that the issue belongs to must be new or known; `nil` for any issue.
  public var isNew: Bool?
  /// The most issues to return; `nil` for all.
  public var limit: Int?
  /// The number of issues to skip first.
  public var offset = 0

  /// Creates a query for all issues of a run.
  public init(run: Int64) { self.run = run }

  /// Returns the issues that match, for stores that go through all issues themselves.
  ///
  /// - Parameter issues: All issues of the run, in order.
  /// - Returns: Those that match, within the query's limit.
  public func select(from issues: some Sequence<Issue>) -> [Issue] {
    let sought = issues.lazy.filter { issue in matches(issue) }
    return Array(sought.dropFirst(max(0, offset)).prefix(max(0, limit ?? .max)))
  }

  /// Whether an issue of the run matches.
  package func matches(_ issue: Issue) -> Bool {
    matches(issue.severity, issue.code, issue.kind, issue.isNew)
  }

  /// Whether the issues that were counted together match.
  func matches(_ count: IssueCount) -> Bool {
    matches(count.severity, count.code, count.kind, count.isNew)
  }

  private func matches(
    _ severity: Severity, _ code: IssueCode, _ kind: EntityKind?, _ isNew: Bool?
  ) -> Bool {
    (self.severity ?? severity) == severity && (self.code ?? code) == code
      && (self.kind == nil || self.kind == kind) && (self.isNew == nil || self.isNew == isNew)
  }
}

/// The number of issues of a run that have the same severity, code, kind and newness.
public struct IssueCount: Sendable, Hashable {
  /// The severity.
  public var severity: Severity
  /// The code.
  public var code: IssueCode
  /// The kind of entity; `nil` if the issues have none.
  public var kind: EntityKind?
  /// Whether the failures that the issues belong to were new; `nil` if they belong to none, or if
  /// that is unknown.
  public var isNew: Bool?
  /// The number of issues.
  public var count: Int

  /// Creates a count.
  public init(
    severity: Severity, code: IssueCode, kind: EntityKind?, isNew: Bool? = nil, count: Int
  ) {
    self.severity = severity
    self.code = code
    self.kind = kind
    self.isNew = isNew
    self.count = count
  }
}

extension [IssueCount] {
  /// Creates the sums of the counts of equal groups, sorted by severity, the most severe first, by
  /// code and kind in byte order, no kind first, and then new, known and unknown.
  public init(adding counts: some Sequence<IssueCount>) {
    var sums: [IssueCount: Int] = [:]
    for var count in counts {
      let number = count.count
      count.count = 0
      sums[count, default: 0] += number
    }
    self = sums.map { key, sum in
      var count = key
      count.count = sum
      return count
    }
    sort { left, right in
      if left.severity != right.severity { return left.severity > right.severity }
      if left.code != right.code {
        return left.code.rawValue.utf8.lexicographicallyPrecedes(right.code.rawValue.utf8)
      }
      let kinds = (left.kind?.rawValue ?? "", right.kind?.rawValue ?? "")
      if kinds.0 != kinds.1 { return kinds.0.utf8.lexicographicallyPrecedes(kinds.1.utf8) }
      func rank(_ isNew: Bool?) -> Int { isNew.map { $0 ? 0 : 1 } ?? 2 }
      return rank(left.isNew) < rank(right.isNew)
    }
  }

  /// The number of issues that match a query, ignoring its limit and offset.
  package func total(_ query: IssueQuery) -> Int {
    reduce(0) { $0 + (query.matches($1) ? $1.count : 0) }
  }
}
