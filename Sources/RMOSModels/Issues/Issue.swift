/// One thing found wrong or odd about an input, with its place.
///
/// ```swift
/// print("\(issue.source ?? ""):\(issue.line ?? 0): \(issue.message) [\(issue.code)]")
/// ```
public struct Issue: Sendable, Hashable, Codable {
  /// How grave it is.
  public var severity: Severity
  /// What it is; stable across versions.
  public var code: IssueCode
  /// The kind of entity, where known.
  public var kind: EntityKind?
  /// The entity's id, where known.
  public var id: String?
  /// The file's path relative to the source directory.
  public var source: String?
  /// Which of the file's entities, when it holds several.
  public var locator: Locator?
  /// 1-based line in the file.
  public var line: Int?
  /// 1-based column in bytes.
  public var column: Int?
  /// 0-based offset in the file's bytes.
  public var offset: Int?
  /// The field, as a JSON Pointer (RFC 6901) into the entity.
  public var pointer: String?
  /// What was found, what was expected and, where there is one, the fix.
  public var message: String

  /// An issue.
  public init(
    severity: Severity, code: IssueCode, kind: EntityKind? = nil, id: String? = nil,
    source: String? = nil, locator: Locator? = nil, line: Int? = nil, column: Int? = nil,
    offset: Int? = nil, pointer: String? = nil, message: String
  ) {
    self.severity = severity
    self.code = code
    self.kind = kind
    self.id = id
    self.source = source
    self.locator = locator
    self.line = line
    self.column = column
    self.offset = offset
    self.pointer = pointer
    self.message = message
  }
}
