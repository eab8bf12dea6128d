public import RMOSModels

/// A declaration of how files of another shape are read as entities.
///
/// A mapping turns an object of a source into an entity, which then passes the same rules as any
/// other. Nothing is invented and nothing dropped: members that no rule uses are kept with the
/// entity, and so is the original of a member that was converted.
///
/// ```swift
/// let text = #"{"mapping": 1, "name": "our-saw", "joblogs": [{"members": {"id": "/run_no"}}]}"#
/// let mapping = try Mapping(parsing: text)
/// var options = Migration.Options()
/// options.mappings = [mapping]
/// ```
///
/// The format is described in `Documentation/Mappings.md`, with a JSON Schema next to it.
public struct Mapping: Sendable {
  /// The name, as reports and the ledger show it.
  public let name: String
  /// What the mapping is for; `nil` if it does not say.
  package let about: String?
  /// The text it was parsed from.
  package let text: String
  /// SHA-256 of ``text``, in hexadecimal.
  package let sha256: String
  /// Whether names that differ in case, `_`, `-` and spaces alone count as the same.
  let ignoresSpelling: Bool
  /// The rules of each kind, in the order in which they are tried.
  let rules: [EntityKind: [MappingRule]]

  /// Parses a mapping.
  ///
  /// - Parameters:
  ///   - text: JSON; a byte-order mark before it is ignored.
  ///   - catalog: The kinds that it may have rules for.
  /// - Throws: `ParsingError` with the first mistake and its place.
  public init(
    parsing text: String, catalog: EntityCatalog = .rmos
  ) throws(ParsingError) {
    let content =
      text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    let parsed = try MappingParser(content, catalog).parse()
    self.text = content
    sha256 = SHA256.hash(of: content)
    name = parsed.name
    about = parsed.about
    ignoresSpelling = parsed.ignoresSpelling
    rules = parsed.rules
  }

  /// The mappings that come with the library, in the order in which they are listed.
  public static let builtIn: [Mapping] = BuiltInMappings.texts.map { text in
    do throws(ParsingError) {
      return try Mapping(parsing: text)
    } catch {
      preconditionFailure("a built-in mapping is wrong: \(error)")
    }
  }

  /// The names of ``builtIn``, known before any is parsed.
  package static var builtInNames: [String] { BuiltInMappings.names }

  /// The built-in mapping with a name; `nil` if there is none.
  package static func builtIn(named name: String) -> Mapping? {
    builtIn.first { $0.name == name }
  }
}

extension Mapping {
  /// What a run made of a mapping.
  package struct Use: Sendable, Hashable {
    /// The mapping's name.
    var name: String
    /// SHA-256 of its text, in hexadecimal.
    var sha256: String
    /// How many entities it read; `nil` if that is not known any more.
    package var entities: Int?
    /// Whether its rules left out objects.
    var hasSkipped: Bool

    /// Whether none of its rules took anything, as far as that is known.
    var isUnused: Bool { entities == 0 && !hasSkipped }

    /// Creates a use.
    package init(name: String, sha256: String, entities: Int?, hasSkipped: Bool = false) {
      self.name = name
      self.sha256 = sha256
      self.entities = entities
      self.hasSkipped = hasSkipped
    }

    /// The mappings that a run's options name.
    static func all(inOptions json: String) -> [Use] {
      guard case .array(let mappings)? = (try? JSONValue(parsing: json))?["mappings"] else {
        return []
      }
      return mappings.map { mapping in
        Use(
          name: mapping["name"]?.string ?? "", sha256: mapping["sha256"]?.string ?? "",
          entities: nil)
      }
    }
  }
}

extension SHA256 {
  fileprivate static func hash(of text: String) -> String {
    var text = text
    return text.withUTF8 { unsafe String(describing: SHA256.hash(UnsafeRawBufferPointer($0))) }
  }
}

/// One rule of a mapping: which objects it takes, and what their members become.
struct MappingRule: Sendable {
  /// Which files it reads; `nil` for those in which the kind is looked for anyway.
  var files: [FileGlob]?
  /// Where in a document the entities are; `nil` if that is found without a mapping's help.
  var entities: EntityPointer?
  /// What an object must be for the rule to take it.
  var condition = MappingCondition()
  /// Whether the objects that it takes are not entities.
  var skips = false
  /// What becomes the entity's members, by field.
  var members: [(field: Int, source: MemberSource)] = []
}

/// What an object must be for a rule or a member to apply.
struct MappingCondition: Sendable {
  /// Members that must be present, even if null.
  var has: [EntityPointer] = []
  /// Members that must be absent.
  var lacks: [EntityPointer] = []
  /// Members that must have one of several values.
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
    /// The constant `value`.
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
