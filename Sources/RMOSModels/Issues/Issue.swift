/// Something wrong or unusual in an input, with its place.
///
/// ```swift
/// print("\(issue.source ?? ""):\(issue.line ?? 0): \(issue.message) [\(issue.code)]")
/// ```
///
/// To decode issues about kinds of your own, put the catalog that has them into the decoder's
/// `userInfo` under `CodingUserInfoKey.entityCatalog`; an unknown kind is an error.
public struct Issue: Sendable, Hashable, Codable {
  /// How severe it is.
  public var severity: Severity
  /// The kind of issue; stable across versions.
  public var code: IssueCode
  /// The kind of entity, if known.
  public var kind: EntityKind?
  /// The entity's id, if known.
  public var id: String?
  /// The file's path relative to the source directory.
  public var source: String?
  /// The place of the entity that it concerns, if the file holds several.
  public var locator: Locator?
  /// The 1-based line in the file.
  public var line: Int?
  /// The 1-based column, in bytes.
  public var column: Int?
  /// The 0-based offset in the bytes of the file.
  public var offset: Int?
  /// The field, as a JSON Pointer (RFC 6901) into the entity.
  public var pointer: String?
  /// A description of what was found, what was expected and, if there is one, the fix.
  public var message: String
  /// Whether the entity failed for the first time in this way; `nil` if it did not fail, or if that
  /// is unknown.
  public var isNew: Bool?

  /// Creates an issue.
  public init(
    severity: Severity, code: IssueCode, kind: EntityKind? = nil, id: String? = nil,
    source: String? = nil, locator: Locator? = nil, line: Int? = nil, column: Int? = nil,
    offset: Int? = nil, pointer: String? = nil, message: String, isNew: Bool? = nil
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
    self.isNew = isNew
  }
}

extension Issue {
  private enum CodingKeys: String, CodingKey {
    case severity, code, kind, id, source, locator, line, column, offset, pointer, message
    case isNew = "new"
  }
}

extension Issue {
  /// `path:line:column`, as far as it is known.
  package var place: String {
    var place = source ?? ""
    if let line {
      place += ":\(line)"
      if let column { place += ":\(column)" }
    }
    return place
  }

  /// "new" or "known", by ``isNew``; `nil` if that is unknown.
  package var newsMark: String? { isNew.map { $0 ? "new" : "known" } }
}

/// The severity of an issue.
public enum Severity: String, Codable, Sendable, Hashable, CaseIterable, Comparable {
  /// Worth knowing, but nothing is wrong.
  case info
  /// Unusual, but accepted.
  case warning
  /// Rejected.
  case error

  private var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    }
  }

  /// Orders by severity.
  public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
}

/// The place of an entity in a file that holds several.
public enum Locator: Hashable, Sendable, Codable {
  /// The 0-based index in a list.
  case index(Int)
  /// The key in a dictionary; in a wrapper the JSON Pointer to the entity, such as `/runs/r1`.
  case key(String)
  /// The 1-based line of a JSON Lines file.
  case line(Int)

  /// The locator as it appears in a derived id: `legacy:<path>#<text>`.
  package var text: String {
    switch self {
    case .index(let number), .line(let number): String(number)
    case .key(let key): key
    }
  }
}

extension JSONWriter {
  /// Writes an index or a line as a number, and a key as text.
  package mutating func locator(_ locator: Locator?) {
    switch locator {
    case nil: null()
    case .index(let number), .line(let number): integer(number)
    case .key(let key): string(key)
    }
  }

  /// Writes an object with the number of issues of each code, sorted by code.
  package mutating func issueCounts(_ counts: [IssueCode: Int]) {
    object {
      for (code, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        $0.member(code.rawValue, count)
      }
    }
  }

  /// Writes an issue as an object, with null for unknown values.
  ///
  /// The member `new` is written only if `tellingApart` and if it is known.
  package mutating func issue(_ issue: Issue, tellingApart: Bool = true) {
    object {
      $0.member("severity", issue.severity.rawValue)
      $0.member("code", issue.code.rawValue)
      $0.member("kind", issue.kind?.rawValue)
      $0.member("id", issue.id)
      $0.member("source", issue.source)
      $0.member("locator") { $0.locator(issue.locator) }
      $0.member("line", issue.line)
      $0.member("column", issue.column)
      $0.member("offset", issue.offset)
      $0.member("pointer", issue.pointer)
      $0.member("message", issue.message)
      if tellingApart, let isNew = issue.isNew { $0.member("new", isNew) }
    }
  }
}

/// JSON Pointer (RFC 6901).
package enum JSONPointer {
  /// The pointer to a member of the entity itself.
  package static func to(_ member: String) -> String {
    guard member.utf8.contains(where: { "~/".utf8.contains($0) }) else { return "/" + member }
    var pointer: [UInt8] = []
    append(member.utf8, to: &pointer)
    return String(decoding: pointer, as: UTF8.self)
  }

  /// Appends a step, the name of a member or the index of an element, to a pointer in UTF-8.
  package static func append(_ step: some Sequence<UInt8>, to pointer: inout [UInt8]) {
    pointer.append(UInt8(ascii: "/"))
    for byte in step {
      switch byte {
      case UInt8(ascii: "~"): pointer.append(contentsOf: "~0".utf8)
      case UInt8(ascii: "/"): pointer.append(contentsOf: "~1".utf8)
      default: pointer.append(byte)
      }
    }
  }
}
