package import RMOSModels

/// What a survey found: files, shapes of objects, and how much of them would migrate.
public struct SurveyReport: Sendable {
  /// The outermost form of a value.
  enum ValueType: String, Sendable, Hashable, CaseIterable {
    case text, number, boolean, null, object, list
  }

  /// How a file holds its objects.
  package enum Layout: String, Sendable, Hashable {
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
  package struct Problem: Sendable, Hashable {
    /// A code and a member.
    package struct Key: Sendable, Hashable {
      /// The issue's code.
      package var code: IssueCode
      /// The member as a JSON Pointer; empty for the object as a whole.
      var pointer: String
    }

    /// The code and the member.
    package var key: Key
    /// How many objects have it.
    var count: Int
  }

  /// How objects fare that are read in one way.
  package struct Reading: Sendable, Hashable {
    /// The built-in mapping; `nil` if the objects are read without one.
    var mapping: String?
    /// How many of the shape's objects would migrate.
    package var migrates: Int
    /// How many of these objects have the id of an earlier one.
    var duplicates: Int
    /// How many have members that look like fields and are not read as such.
    var lookAlikes: Int
    /// The problems that prevent the other objects from migrating, the most frequent first.
    package var problems: [Problem]
  }

  /// A member of a shape.
  package struct Member: Sendable, Hashable {
    /// The name, in its first spelling; a JSON Pointer if it is within another member.
    package var name: String
    /// The other spellings that were met.
    var otherSpellings: [String]
    /// The number of objects that have the member.
    var count: Int
    /// How many values are of each type.
    var types: [ValueType: Int]
    /// The beginning of a value, as JSON; `nil` if all are null.
    var example: String?
    /// Whether the example is cut.
    var isExampleCut: Bool
    /// The field it is read as, or would be by the proposal; `nil` if it is kept with the entity.
    package var field: String?
    /// The reason why the member is read as the field, or why it is not though it looks like one;
    /// `nil` if its name says it all.
    package var reason: String?
  }

  /// Objects with mostly the same members.
  package struct Shape: Sendable {
    /// The kind as which the objects were read.
    package var kind: EntityKind
    /// Whether they are where entities of that kind are read without a mapping.
    package var isInPlace: Bool
    /// What they look like; `nil` if they look like nothing known.
    package var likeness: EntityKind?
    /// The members that suggest the kind.
    var evidence: [String]
    /// The number of objects.
    var count: Int
    /// How many files they are in.
    var fileCount: Int
    /// The first of the files.
    var files: [String]
    /// How the files hold them.
    var layouts: [Layout]
    /// Where in wrappers they are, with `*` for each member or element.
    package var pointers: [String]
    /// The members of the objects, in the order in which they were found.
    package var members: [Member]
    /// How many more members there are.
    var membersOmitted: Int
    /// What looks like a field and is not read as one, with the reasons.
    package var unclear: [String]
    /// The result of reading the objects without a mapping.
    package var plain: Reading
    /// The results of reading the objects with the built-in mappings that read more objects, or
    /// more of their members, the best first.
    var mapped: [Reading]
    /// The required fields for which the objects have no member.
    package var missing: [String]

    /// The reading by which most is read; the plain one if none is better.
    ///
    /// Fewer may migrate by it: a reference in another spelling is read, and may lead nowhere.
    package var best: Reading { mapped.first ?? plain }
  }

  /// The result of reading everything that was surveyed through some mappings.
  package struct Outcome: Sendable {
    /// How many entities there are when files are read so.
    package var found = 0
    /// How many of them would migrate.
    package var migrates = 0
    /// How many of these have the id of an earlier one.
    package var duplicates = 0
    /// The problems that prevent the other objects from migrating, the most frequent first.
    package var problems: [Problem] = []
  }

  /// The result of reading everything that was surveyed through a proposed mapping.
  package struct Proposal: Sendable {
    /// The name of every proposed mapping.
    static let mappingName = "proposed"

    /// The mapping file's text.
    package var text: String
    /// The built-in mappings to give after it, for the shapes that they read.
    package var builtIn: [String]
    /// What becomes of everything when it is read with them.
    package var outcome: Outcome
  }

  /// References that lead nowhere, by field.
  package struct Dangling: Sendable, Hashable {
    /// The kind of the entities that have them.
    var kind: EntityKind
    /// The member.
    var member: String
    /// How many there are.
    var count: Int
  }

  /// A failure of a file or of what is in it that is no object.
  package struct Failure: Sendable, Hashable {
    /// The issue's code.
    package var code: IssueCode
    /// How often it occurs.
    var count: Int
    /// The first place.
    package var source: String
    /// The message of the first issue.
    var message: String
  }

  /// The path that was surveyed.
  var path: String
  /// The source directory that a migration of it would be given.
  package internal(set) var source: String
  /// The number of files read.
  public internal(set) var fileCount = 0
  /// How many bytes they have.
  var byteCount = 0
  /// How many files are in each encoding.
  var encodings: [String: Int] = [:]
  /// The files that were not read.
  package internal(set) var notRead = FilesNotRead()
  /// The number of objects found.
  public internal(set) var objectCount = 0
  /// The shapes, in the order in which they were met.
  package internal(set) var shapes: [Shape] = []
  /// What is no object, or cannot be read.
  package internal(set) var failures: [Failure] = []
  /// References that lead nowhere.
  package internal(set) var dangling: [Dangling] = []
  /// Sentences about limits that were reached; objects beyond them are not shown.
  package internal(set) var bounds: [String] = []
  /// What becomes of everything with the suggested mappings; `nil` if all shapes are read best in
  /// one way.
  var together: Outcome?
  /// The mappings that are best for shapes, but would misread objects of others.
  var mappingsNotSuggested: Set<String> = []
  /// Whether a mapping can be proposed for some of the shapes.
  package internal(set) var canPropose = false
  /// Whether it is of one file, which migrations do not read because of its extension.
  package internal(set) var isOfOtherExtension = false
  /// The proposed mapping; `nil` if none was asked for, or there is nothing to propose.
  package internal(set) var proposal: Proposal?

  /// How many objects would migrate unchanged, from the place where they are.
  public var migratesAsIs: Int {
    shapes.reduce(0) { $0 + ($1.isInPlace ? $1.plain.migrates : 0) }
  }
  /// How many would migrate where they are with all of ``suggestedMappings``.
  ///
  /// Fewer than the shapes' best readings say, where a mapping that one shape needs reads another
  /// worse.
  public var migratesAtBest: Int {
    together?.migrates
      ?? shapes.filter(\.isInPlace).reduce(0) { sum, shape in
        let isSuggested = shape.best.mapping.map { !mappingsNotSuggested.contains($0) } ?? true
        return sum + (isSuggested ? shape.best.migrates : shape.plain.migrates)
      }
  }
  /// How many objects have the id of an earlier one.
  package var duplicates: Int { shapes.reduce(0) { $0 + $1.best.duplicates } }
  /// The text of the mapping file proposed for what no built-in mapping reads; `nil` if none was
  /// asked for, or there is nothing to propose.
  public var proposedMapping: String? { proposal?.text }
  /// The built-in mappings that are the best readings of shapes.
  public var suggestedMappings: [String] {
    var names: [String] = []
    for case let name? in shapes.map(\.best.mapping)
    where !names.contains(name) && !mappingsNotSuggested.contains(name) {
      names.append(name)
    }
    return names
  }
}
