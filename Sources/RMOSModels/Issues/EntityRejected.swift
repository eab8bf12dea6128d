/// An error for an entity that breaks the rules of its kind, or for a record that cannot be
/// converted into a typed entity.
///
/// A database may hold such records, since SQLite accepts any value in any column, and other
/// programs write to it too.
public struct EntityRejected: Error, Sendable, Hashable, CustomStringConvertible {
  /// The issues of the entity, including at least one error.
  public var issues: [Issue]

  /// Creates a rejection.
  package init(issues: [Issue]) { self.issues = issues }

  /// Creates a rejection of a record.
  ///
  /// - Parameters:
  ///   - code: What is wrong.
  ///   - record: The record.
  ///   - member: The member concerned; `nil` for the whole record.
  ///   - problem: A description of what was found and what was expected.
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
