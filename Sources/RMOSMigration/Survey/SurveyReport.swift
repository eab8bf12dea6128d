public import RMOSModels

/// What a survey found: files, shapes of objects, and what would become of them.
public struct SurveyReport: Sendable {
  /// The outermost form of a value.
  public enum ValueType: String, Sendable, Hashable, CaseIterable {
    case text, number, boolean, null, object, list
  }

  /// How a file holds its objects.
  public enum Layout: String, Sendable, Hashable {
    /// The file is one object.
    case single
    case list
    /// An object whose members are the objects.
    case dictionary
    /// One object per line.
    case lines
    /// An object around lists or dictionaries of objects.
    case wrapper
  }

  /// A reason why objects would not migrate, with a count.
  public struct Problem: Sendable, Hashable {
    /// A code and a member.
    public struct Key: Sendable, Hashable {
      /// The issue's code.
      public var code: IssueCode
      /// The member as a JSON Pointer; empty for the object as a whole.
      public var pointer: String
    }

    /// The code and the member.
    public var key: Key
    /// How many objects have it.
    public var count: Int
  }

  /// How objects fare that are read in one way.
  public struct Reading: Sendable, Hashable {
    /// The built-in mapping; `nil` if they are read as they are.
    public var mapping: String?
    /// How many of the shape's objects would migrate.
    public var migrates: Int
    /// How many of those have the id of an earlier one.
    public var duplicates: Int
    /// How many have members that look like fields and are not read as such.
    public var lookAlikes: Int
    /// What keeps the others, the most frequent first.
    public var problems: [Problem]
  }

  /// A member of a shape.
  public struct Member: Sendable, Hashable {
    /// The name, as it was spelled first.
    public var name: String
    /// The other spellings that were met.
    public var otherSpellings: [String]
    /// In how many objects it is.
    public var count: Int
    /// How many values are of each type.
    public var types: [ValueType: Int]
    /// The beginning of a value, as JSON; `nil` if all are null.
    public var example: String?
    /// Whether the example is cut.
    public var isExampleCut: Bool
    /// The field it is read as, or would be by the proposal; `nil` if it is kept beside the entity.
    public var field: String?
    /// Why it is thought to be that field; `nil` if its name says so.
    public var reason: String?
  }

  /// Objects with mostly the same members.
  public struct Shape: Sendable {
    /// What the objects were read as.
    public var kind: EntityKind
    /// Whether they are where entities of that kind are read without a mapping.
    public var isInPlace: Bool
    /// What they look like; `nil` if they look like nothing known.
    public var likeness: EntityKind?
    /// The members that say so.
    public var evidence: [String]
    /// How many objects there are.
    public var count: Int
    /// How many files they are in.
    public var fileCount: Int
    /// The first of the files.
    public var files: [String]
    /// How the files hold them.
    public var layouts: [Layout]
    /// Where in wrappers they are, with `*` for each member or element.
    public var pointers: [String]
    /// Their members, in the order in which they were met.
    public var members: [Member]
    /// How many more members there are.
    public var membersOmitted: Int
    /// How they fare as they are.
    public var plain: Reading
    /// How they fare with the built-in mappings that make more of them migrate, the best first.
    public var mapped: [Reading]
    /// The fields that nothing in them could be placed in, and that they need.
    public var missing: [String]

    /// The reading by which most migrate; the plain one if none is better.
    public var best: Reading { mapped.first ?? plain }
  }

  /// What a proposed mapping makes of what was surveyed.
  public struct Proposal: Sendable {
    /// The name of every proposed mapping.
    package static let mappingName = "proposed"

    /// The mapping file's text.
    public var text: String
    /// The built-in mappings to give after it, for the shapes that they read.
    public var builtIn: [String]
    /// How many entities there are when files are read so.
    public var found: Int
    /// How many of them would migrate.
    public var migrates: Int
    /// What keeps the others, the most frequent first.
    public var problems: [Problem]
  }

  /// References that lead nowhere, by field.
  public struct Dangling: Sendable, Hashable {
    /// The kind of the entities that have them.
    public var kind: EntityKind
    /// The member.
    public var member: String
    /// How many there are.
    public var count: Int
  }

  /// A failure of a file or of what is in it that is no object.
  public struct Failure: Sendable, Hashable {
    /// The issue's code.
    public var code: IssueCode
    /// How often it occurs.
    public var count: Int
    /// The first place.
    public var source: String
    /// What the first issue says.
    public var message: String
  }

  /// The path that was surveyed.
  public internal(set) var path: String
  /// The source directory that a migration of it would be given.
  public internal(set) var source: String
  /// How many files were read.
  public internal(set) var fileCount = 0
  /// How many bytes they have.
  public internal(set) var byteCount = 0
  /// How many files are in each encoding.
  public internal(set) var encodings: [String: Int] = [:]
  /// The files that were not read.
  public internal(set) var notRead = FilesNotRead()
  /// How many objects were found.
  public internal(set) var objectCount = 0
  /// The shapes, in the order in which they were met.
  public internal(set) var shapes: [Shape] = []
  /// What is no object, or cannot be read.
  public internal(set) var failures: [Failure] = []
  /// References that lead nowhere.
  public internal(set) var dangling: [Dangling] = []
  /// The bounds that were met, as sentences: what is beyond them is not shown.
  public internal(set) var bounds: [String] = []
  /// Whether a mapping can be proposed for some of the shapes.
  public internal(set) var canPropose = false
  /// The proposed mapping; `nil` if none was asked for, or there is nothing to propose.
  public internal(set) var proposal: Proposal?

  /// How many objects would migrate as they are and where they are.
  public var migratesAsIs: Int {
    shapes.reduce(0) { $0 + ($1.isInPlace ? $1.plain.migrates : 0) }
  }
  /// How many would migrate where they are if each shape were read in the best way known.
  public var migratesAtBest: Int {
    shapes.reduce(0) { $0 + ($1.isInPlace ? $1.best.migrates : 0) }
  }
  /// How many objects have the id of an earlier one.
  public var duplicates: Int { shapes.reduce(0) { $0 + $1.best.duplicates } }
  /// Whether nothing that could be read was found.
  public var isEmpty: Bool { objectCount == 0 && failures.isEmpty }
  /// The built-in mappings that are the best readings of shapes.
  public var suggestedMappings: [String] {
    var names: [String] = []
    for case let name? in shapes.map(\.best.mapping) where !names.contains(name) {
      names.append(name)
    }
    return names
  }
}
