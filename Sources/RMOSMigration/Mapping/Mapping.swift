public import RMOSModels

/// A declaration of how files of another shape are read as entities.
///
/// A mapping turns an object of a source into an entity, which is then checked like any other.
/// Nothing is invented and nothing is dropped: members that no rule uses are kept with the entity,
/// and so is the original value of a member that was converted.
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
  /// The description of the mapping in its text; `nil` if there is none.
  package let about: String?
  /// The text it was parsed from.
  package let text: String
  /// SHA-256 of ``text``, in hexadecimal.
  package let sha256: String
  /// Whether names that differ only in case, `_`, `-` and spaces are the same.
  let ignoresSpelling: Bool
  /// The rules of each kind, in the order in which they are tried.
  let rules: [EntityKind: [MappingRule]]

  /// Parses a mapping.
  ///
  /// - Parameters:
  ///   - text: The mapping as JSON; a byte-order mark before it is ignored.
  ///   - catalog: The kinds for which the mapping may have rules.
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

  /// The names of ``builtIn``, without parsing the mappings.
  package static var builtInNames: [String] { BuiltInMappings.names }

  /// Returns the built-in mapping with a name; `nil` if there is none.
  public static func builtIn(named name: String) -> Mapping? {
    builtIn.first { $0.name == name }
  }
}

extension Mapping {
  /// A mapping that a run was given, and what the run read with it.
  package struct Use: Sendable, Hashable {
    /// The mapping's name.
    var name: String
    /// SHA-256 of its text, in hexadecimal.
    var sha256: String
    /// The number of entities read with the mapping; `nil` if the ledger does not have it.
    package var entities: Int?
    /// Whether rules with `"skip"` left out objects.
    var hasSkipped: Bool

    /// Whether none of its rules is known to have taken an object.
    var isUnused: Bool { entities == 0 && !hasSkipped }

    /// Creates a use.
    package init(name: String, sha256: String, entities: Int?, hasSkipped: Bool = false) {
      self.name = name
      self.sha256 = sha256
      self.entities = entities
      self.hasSkipped = hasSkipped
    }

    /// Returns the mappings that a run's options name.
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

/// One rule of a mapping: the objects that it takes, and the sources of an entity's members.
struct MappingRule: Sendable {
  /// The files that the rule reads; `nil` for those that are read as the kind without a mapping.
  var files: [FileGlob]?
  /// Where the entities are in a document; `nil` if the document's shape determines that.
  var entities: EntityPointer?
  /// The condition on which the rule takes an object.
  var condition = MappingCondition()
  /// Whether the objects that the rule takes are not entities.
  var skips = false
  /// The sources of the entity's members, by field.
  var members: [(field: Int, source: MemberSource)] = []
}

/// The condition on which a rule takes an object, or a member has its source.
struct MappingCondition: Sendable {
  /// Members that must be present, even if null.
  var has: [EntityPointer] = []
  /// Members that must be absent.
  var lacks: [EntityPointer] = []
  /// Members that must have one of several values.
  var equals: [(pointer: EntityPointer, values: [JSONLiteral])] = []
}

/// A JSON value in a mapping, without white space between its tokens.
struct JSONLiteral: Sendable {
  let text: [UInt8]
  let kind: JSONScanner.Kind
}

/// The source of a member of an entity.
struct MemberSource: Sendable {
  /// A place in the object, or one of the object's keys in its document.
  enum Reference: Sendable {
    case pointer(EntityPointer)
    /// The key in the innermost dictionary.
    case key
    /// The key of the list or dictionary that the object is in, in the dictionary around that.
    case group

    /// The reference as a message names it.
    var text: String {
      switch self {
      case .pointer(let pointer): pointer.steps.isEmpty ? "the whole object" : pointer.text
      case .key: "key"
      case .group: "group"
      }
    }
  }

  indirect enum Content: Sendable {
    /// The value of the first source that gives one.
    case alternatives([MemberSource])
    /// The value of the first reference that is present and not null.
    case first([Reference], MappingConversion.Single)
    /// A value computed from those of two references.
    case pair(Reference, Reference, MappingConversion.Pair)
    /// The value that all elements of a list share.
    case common(EntityPointer, MappingConversion.Single)
    /// The number of elements of a list, or of members of an object.
    case count(EntityPointer)
    /// An object made of several sources and, with `takesRest`, of all members not used elsewhere.
    case object([(name: String, source: MemberSource)], takesRest: Bool)
    /// Only ``constant``.
    case constant
  }

  /// The condition without which the member is absent.
  var condition = MappingCondition()
  var content: Content
  /// The value if ``content`` gives none.
  var constant: JSONLiteral?

  /// Whether the source gathers the members that no other source of the rule uses.
  var takesRest: Bool {
    if case .object(_, takesRest: true) = content { true } else { false }
  }

  /// The conversion of single values; `nil` if there is none.
  var conversion: MappingConversion.Single? {
    switch content {
    case .first(_, let conversion), .common(_, let conversion): conversion
    case .alternatives(let sources): sources.lazy.compactMap(\.conversion).first
    case .pair, .count, .object, .constant: nil
    }
  }

  /// The source as a message describes it.
  var description: String {
    switch content {
    case .alternatives(let sources): sources.map(\.description).joined(separator: " or ")
    case .first(let references, let conversion):
      "reads it from " + references.map(\.text).joined(separator: " or ") + conversion.remark
    case .pair(let first, let second, let pair):
      "makes it of \(first.text) and \(second.text), as their \(pair.rawValue)"
    case .common(let pointer, let conversion): "reads it from \(pointer.text)" + conversion.remark
    case .count(let pointer): "counts \(pointer.text)"
    case .object(let members, let takesRest):
      "gathers it from "
        + (members.isEmpty
          ? takesRest ? "members not used elsewhere" : "no members"
          : members.map { $0.name }.joined(separator: ", ") + (takesRest ? " and the rest" : ""))
    case .constant: "sets it"
    }
  }
}
