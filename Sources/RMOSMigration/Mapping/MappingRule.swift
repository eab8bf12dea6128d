import RMOSModels

/// One rule of a mapping: which objects it takes, and what their members become.
struct MappingRule: Sendable {
  /// Which files it reads; `nil` for those in which the kind is looked for anyway.
  var files: [FileGlob]?
  /// Where in a document the entities are; `nil` if that is found without a mapping's help.
  var entities: EntityPointer?
  /// What an object must be for the rule to take it.
  var condition = MappingCondition()
  /// What becomes the entity's members, by field.
  var members: [(field: Int, source: MemberSource)] = []
}

/// What an object must be for a rule or a member to apply.
struct MappingCondition: Sendable {
  /// What must be there, be it null.
  var has: [EntityPointer] = []
  /// What must not be there.
  var lacks: [EntityPointer] = []
  /// What must have one of several values.
  var equals: [(pointer: EntityPointer, values: [JSONLiteral])] = []
}

/// A JSON value that a mapping states, without white space between its tokens.
struct JSONLiteral: Sendable {
  let text: [UInt8]
  let kind: JSONScanner.Kind
}

/// Where a member of an entity comes from.
struct MemberSource: Sendable {
  /// A place in the object, or the object's key in its dictionary.
  enum Reference: Sendable {
    case pointer(EntityPointer)
    case key

    var text: String {
      switch self {
      case .pointer(let pointer): pointer.steps.isEmpty ? "the whole object" : pointer.text
      case .key: "key"
      }
    }
  }

  /// Words of the source and the JSON values that replace them.
  typealias Values = [(word: [UInt8], value: JSONLiteral)]

  indirect enum Content: Sendable {
    /// The first reference that is there and not null, perhaps converted.
    case first([Reference], values: Values, MappingConversion?)
    /// What two references give together.
    case pair(Reference, Reference, MappingConversion.Pair)
    /// The value that all elements of a list name.
    case common(EntityPointer, values: Values, MappingConversion?)
    /// How many elements a list has, or members an object.
    case count(EntityPointer)
    /// An object of several sources and, with `takesRest`, of all that is not used elsewhere.
    case object([(name: String, source: MemberSource)], takesRest: Bool)
    /// Nothing but the constant.
    case constant
  }

  /// What the object must be for the member to be there.
  var condition = MappingCondition()
  var content: Content
  /// The value if the source is absent.
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
