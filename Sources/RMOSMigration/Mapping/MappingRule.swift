import RMOSModels

/// One rule of a mapping: which objects it takes, and what their members become.
struct MappingRule: Sendable {
  /// Which files it reads; `nil` for those in which the kind is looked for anyway.
  var files: [FileGlob]?
  /// Where in a document the entities are; `nil` if that is found without a mapping's help.
  var entities: MappingPointer?
  /// What an object must be for the rule to take it.
  var condition = MappingCondition()
  /// What becomes the entity's members, by field.
  var members: [(field: Int, source: MemberSource)] = []
}

/// A JSON Pointer (RFC 6901); as a token, `*` may go over a list or a dictionary.
struct MappingPointer: Sendable, Hashable {
  /// How deep a pointer may reach.
  static let maximumDepth = 32

  /// The pointer as it is written.
  let text: String
  /// The reference tokens, unescaped.
  let tokens: [[UInt8]]

  /// What `*` is as a token.
  static let star: [UInt8] = [UInt8(ascii: "*")]

  init(tokens: [[UInt8]]) {
    var text: [UInt8] = []
    for token in tokens {
      text.append(UInt8(ascii: "/"))
      for byte in token {
        switch byte {
        case UInt8(ascii: "~"): text += Array("~0".utf8)
        case UInt8(ascii: "/"): text += Array("~1".utf8)
        default: text.append(byte)
        }
      }
    }
    self.text = String(decoding: text, as: UTF8.self)
    self.tokens = tokens
  }

  /// How many tokens are `*`.
  var starCount: Int { tokens.count { $0 == Self.star } }

  /// Creates a pointer; `nil` if the text is none.
  init?(_ text: String) {
    self.text = text
    if text.isEmpty {
      tokens = []
      return
    }
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    var tokens: [[UInt8]] = []
    for part in text.utf8.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    {
      var token: [UInt8] = []
      var bytes = part.makeIterator()
      while let byte = bytes.next() {
        guard byte == UInt8(ascii: "~") else {
          token.append(byte)
          continue
        }
        switch bytes.next() {
        case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
        case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
        default: return nil
        }
      }
      tokens.append(token)
    }
    guard tokens.count <= Self.maximumDepth else { return nil }
    self.tokens = tokens
  }
}

/// What an object must be for a rule or a member to apply.
struct MappingCondition: Sendable {
  /// What must be there, be it null.
  var has: [MappingPointer] = []
  /// What must not be there.
  var lacks: [MappingPointer] = []
  /// What must have one of several values.
  var equals: [(pointer: MappingPointer, values: [JSONLiteral])] = []

  /// Whether anything is asked of the object.
  var isEmpty: Bool { has.isEmpty && lacks.isEmpty && equals.isEmpty }
}

/// A JSON value that a mapping states, without white space between its tokens.
struct JSONLiteral: Sendable {
  let text: [UInt8]
  let kind: JSONScanner.Kind
}

/// Where a member of an entity comes from.
struct MemberSource: Sendable {
  /// A place in the object, or the key under which it stands.
  enum Reference: Sendable {
    case pointer(MappingPointer)
    case key

    var text: String {
      switch self {
      case .pointer(let pointer): pointer.text.isEmpty ? "the whole object" : pointer.text
      case .key: "key"
      }
    }
  }

  /// Words of the source and the JSON values that stand for them.
  typealias Values = [(word: [UInt8], value: JSONLiteral)]

  indirect enum Content: Sendable {
    /// The first reference that is there and not null, perhaps converted.
    case first([Reference], values: Values, MappingConversion?)
    /// What two references give together.
    case pair(Reference, Reference, MappingConversion.Pair)
    /// The value that all elements of a list name.
    case common(MappingPointer, values: Values, MappingConversion?)
    /// How many elements a list has, or members an object.
    case count(MappingPointer)
    /// An object of several sources and, with `takesRest`, of all that is not used elsewhere.
    case object([(name: String, source: MemberSource)], takesRest: Bool)
    /// Nothing but the constant.
    case constant
  }

  /// What the object must be for the member to be there.
  var condition = MappingCondition()
  var content: Content
  /// What stands for a source that is not there.
  var constant: JSONLiteral?

  /// What to call the source in a message.
  var description: String {
    switch content {
    case .first(let references, _, _):
      "reads it from " + references.map(\.text).joined(separator: " or ")
    case .pair(let first, let second, let pair):
      "makes it of \(first.text) and \(second.text), as their \(pair.rawValue)"
    case .common(let pointer, _, _): "reads it from \(pointer.text)"
    case .count(let pointer): "counts \(pointer.text)"
    case .object(let members, let takesRest):
      "gathers it from "
        + (members.isEmpty
          ? "members not used elsewhere"
          : members.map { $0.name }.joined(separator: ", ") + (takesRest ? " and the rest" : ""))
    case .constant: "sets it"
    }
  }
}
