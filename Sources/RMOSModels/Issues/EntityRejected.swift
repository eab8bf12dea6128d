/// An entity breaks the rules of its kind, so that it is not written, or a record cannot become
/// one.
///
/// A database may hold such records: SQLite accepts any value in any column, and other programs
/// write to it too.
public struct EntityRejected: Error, Sendable, Hashable, CustomStringConvertible {
  /// Its issues, including at least one error.
  public var issues: [Issue]

  /// Creates a rejection.
  package init(issues: [Issue]) { self.issues = issues }

  /// Creates a rejection of a record.
  ///
  /// - Parameters:
  ///   - code: What is wrong.
  ///   - record: The record.
  ///   - member: The member concerned; `nil` for the whole record.
  ///   - problem: What was found and what was expected.
  init(_ code: IssueCode, _ record: Record, member: String? = nil, _ problem: String) {
    let entity = "\(record.kind.schema.singular) \(Violation.quoted(record.id))"
    self.init(issues: [
      Issue(
        severity: .error, code: code, kind: record.kind, id: record.id,
        pointer: member.map { "/\($0)" },
        message: entity + (member.map { ", \"\($0)\"" } ?? "") + ": \(problem)")
    ])
  }

  /// The messages of the errors.
  public var description: String {
    issues.filter { $0.severity == .error }.map(\.message).joined(separator: "; ")
  }
}
