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

/// How grave an issue is.
public enum Severity: String, Codable, Sendable, Hashable, CaseIterable, Comparable {
  /// Worth knowing; nothing is wrong.
  case info
  /// Odd, but kept.
  case warning
  /// Refused.
  case error

  private var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    }
  }

  /// Orders by gravity.
  public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
}

/// Where in a file an entity stands, when the file holds more than one.
public enum Locator: Hashable, Sendable {
  /// The 0-based index in a list.
  case index(Int)
  /// The key in a dictionary; in a wrapper the JSON Pointer to the entity, such as `/runs/r1`.
  case key(String)
  /// The 1-based line of a JSON Lines file.
  case line(Int)

  /// The locator as it stands in a derived id: `legacy:<path>#<text>`.
  public var text: String {
    switch self {
    case .index(let number), .line(let number): String(number)
    case .key(let key): key
    }
  }
}

extension Locator: Codable {
  /// Reads a number as a list index and a string as a key.
  ///
  /// An index and a line are both numbers in JSON; the file's ending tells them apart.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      self = .index(number)
    } else {
      self = .key(try container.decode(String.self))
    }
  }

  /// Writes the number or the key.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .index(let number), .line(let number): try container.encode(number)
    case .key(let key): try container.encode(key)
    }
  }
}

/// JSON Pointer (RFC 6901).
package enum JSONPointer {
  /// The pointer to a member at the top.
  package static func to(_ member: String) -> String {
    // By scalars: a combining mark must not hide what it stands after.
    "/"
      + member.unicodeScalars.reduce(into: "") { text, scalar in
        switch scalar {
        case "~": text += "~0"
        case "/": text += "~1"
        default: text.unicodeScalars.append(scalar)
        }
      }
  }

  /// Appends a step to a member or element to a pointer in UTF-8.
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
