package import RMOSModels

/// The result of a survey: the shapes of the objects in the files, and how many would migrate.
public struct SurveyReport: Sendable {
  /// The type of a value.
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

  /// A reason why objects would not migrate.
  package struct Problem: Sendable, Hashable {
    /// The code and the member of a problem.
    package struct Key: Sendable, Hashable {
      /// The issue's code.
      package var code: IssueCode
      /// The member as a JSON Pointer; empty for the object as a whole.
      var pointer: String
    }

    /// The code and the member.
    package var key: Key
    /// The number of objects that have the problem.
    var count: Int

    /// Returns the problems that objects have, the most frequent first.
    static func sorted(_ counts: [Key: Int]) -> [Problem] {
      counts.map { Problem(key: $0.key, count: $0.value) }.sorted { left, right in
        (-left.count, left.key.code.rawValue, left.key.pointer)
          < (-right.count, right.key.code.rawValue, right.key.pointer)
      }
    }
  }

  /// The result of reading the objects of a shape in one way.
  package struct Reading: Sendable, Hashable {
    /// The built-in mapping; `nil` if the objects are read without one.
    var mapping: String?
    /// The number of objects that would migrate.
    package var migrates: Int
    /// The number of these that have the id of an earlier object.
    var duplicates: Int
    /// The number of objects with members that look like fields but are not read as such.
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
    /// The number of values of each type.
    var types: [ValueType: Int]
    /// The beginning of a value, as JSON; `nil` if all are null.
    var example: String?
    /// Whether the example is cut.
    var isExampleCut: Bool
    /// The field as which the member is read, or would be by the proposal; `nil` if it is kept with
    /// the entity.
    package var field: String?
    /// The reason why the member is read as the field, or is not though it looks like one; `nil` if
    /// its name is the reason.
    package var reason: String?
  }

  /// Objects with mostly the same members.
  package struct Shape: Sendable {
    /// The kind as which the objects were read.
    package var kind: EntityKind
    /// Whether they are in a file from which entities of the kind are read without a mapping.
    package var isInPlace: Bool
    /// The kind that they look like; `nil` if they look like none.
    package var likeness: EntityKind?
    /// The members that suggest the kind.
    var evidence: [String]
    /// The number of objects.
    var count: Int
    /// The number of files that have such objects.
    var fileCount: Int
    /// The first of the files.
    var files: [String]
    /// The layouts of the files.
    var layouts: [Layout]
    /// Pointers to the objects in wrappers, with `*` for each member or element.
    package var pointers: [String]
    /// The members of the objects, in the order in which they were found.
    package var members: [Member]
    /// The number of further members.
    var membersOmitted: Int
    /// The reasons why members that look like fields are not read as such.
    package var unclear: [String]
    /// The result of reading the objects without a mapping.
    package var plain: Reading
    /// The results of reading the objects with the built-in mappings that read more objects, or
    /// more of their members, the best first.
    var mapped: [Reading]
    /// The required fields for which the objects have no member.
    package var missing: [String]

    /// The reading by which most objects and members are read.
    ///
    /// Fewer objects may migrate by it than by the plain reading, such as if it also reads a
    /// reference in another spelling, which leads nowhere.
    package var best: Reading { mapped.first ?? plain }
  }

  /// The result of reading everything that was surveyed with some mappings.
  package struct Outcome: Sendable {
    /// The number of entities that were found.
    package var found: Int
    /// The number of entities that would migrate.
    package var migrates: Int
    /// The number of these that have the id of an earlier one.
    package var duplicates: Int
    /// The number of these that have an id derived from their place.
    var derivedIDs: Int
    /// The problems that prevent the other entities from migrating, the most frequent first.
    package var problems: [Problem]

    init(_ tally: ReadingTally) {
      (found, migrates) = (tally.taken, tally.migrates)
      (duplicates, derivedIDs) = (tally.duplicates, tally.derivedIDs)
      problems = Problem.sorted(tally.problems)
    }

    /// How many entities there would be in a store.
    var stored: Int { migrates - duplicates }

    /// Whether another way of reading gives more entities, or as many with more ids of their own.
    func isWorse(than other: Outcome) -> Bool {
      (stored, -derivedIDs) < (other.stored, -other.derivedIDs)
    }
  }

  /// A proposed mapping, and the result of reading everything that was surveyed with it.
  package struct Proposal: Sendable {
    /// The name of every proposed mapping.
    static let mappingName = "proposed"

    /// The mapping file's text.
    package var text: String
    /// The built-in mappings to give after it, for the shapes that they read.
    package var builtIn: [String]
    /// The result of reading everything with these mappings.
    package var outcome: Outcome
  }

  /// References that lead nowhere, by field.
  package struct Dangling: Sendable, Hashable {
    /// The kind of the entities that have them.
    var kind: EntityKind
    /// The member.
    var member: String
    /// The number of references.
    var count: Int
  }

  /// A failure that is not about an object: of a file, or of a value in one.
  package struct Failure: Sendable, Hashable {
    /// The issue's code.
    package var code: IssueCode
    /// The number of occurrences.
    var count: Int
    /// The first file.
    package var source: String
    /// The message of the first issue.
    var message: String
  }

  /// The path that was surveyed.
  var path: String
  /// The source directory to give to a migration of that path.
  package internal(set) var source: String
  /// The number of files read.
  public internal(set) var fileCount = 0
  /// The number of bytes of those files.
  var byteCount = 0
  /// The number of files in each encoding.
  var encodings: [String: Int] = [:]
  /// The files that were not read.
  package internal(set) var notRead = FilesNotRead()
  /// The number of objects found.
  public internal(set) var objectCount = 0
  /// The shapes, in the order in which they were met.
  package internal(set) var shapes: [Shape] = []
  /// Files that cannot be read, and values that are no objects.
  package internal(set) var failures: [Failure] = []
  /// References that lead nowhere.
  package internal(set) var dangling: [Dangling] = []
  /// Sentences about limits that were reached; objects beyond them are not shown.
  package internal(set) var bounds: [String] = []
  /// The result of reading everything with the suggested mappings; `nil` if one way of reading is
  /// best for all shapes.
  var together: Outcome?
  /// The mappings that are best for shapes, but would misread objects of others.
  var mappingsNotSuggested: Set<String> = []
  /// Whether there is a mapping to propose for some of the shapes.
  package internal(set) var canPropose = false
  /// Whether the survey is of one file, which migrations do not read because of its extension.
  package internal(set) var isOfOtherExtension = false
  /// The proposed mapping; `nil` if none was asked for, or there is nothing to propose.
  package internal(set) var proposal: Proposal?

  /// The number of objects that would migrate without a mapping, from the files where they are.
  public var migratesAsIs: Int {
    shapes.reduce(0) { $0 + ($1.isInPlace ? $1.plain.migrates : 0) }
  }
  /// The number of objects that would migrate, from the files where they are, with all of
  /// ``suggestedMappings``.
  ///
  /// They may be fewer than the best readings of the shapes together, since a mapping that is best
  /// for one shape may be worse for another.
  public var migratesAtBest: Int {
    together?.migrates
      ?? shapes.filter(\.isInPlace).reduce(0) { sum, shape in
        let isSuggested = shape.best.mapping.map { !mappingsNotSuggested.contains($0) } ?? true
        return sum + (isSuggested ? shape.best.migrates : shape.plain.migrates)
      }
  }
  /// The number of objects that would migrate but have the id of an earlier one.
  package var duplicates: Int { shapes.reduce(0) { $0 + $1.best.duplicates } }
  /// The built-in mappings with which most migrate: ``suggestedMappings``, unless fewer would than
  /// without.
  package var bestMappings: [String] { migratesAsIs > migratesAtBest ? [] : suggestedMappings }
  /// How many entities would be in a store without a proposed mapping, as the shapes were counted.
  var storedWithoutProposal: Int {
    let asIs = shapes.reduce(0) { $0 + ($1.isInPlace ? $1.plain.duplicates : 0) }
    let atBest =
      together?.duplicates ?? shapes.reduce(0) { $0 + ($1.isInPlace ? $1.best.duplicates : 0) }
    return max(migratesAsIs - asIs, migratesAtBest - atBest)
  }
  /// The text of the mapping proposed for objects that no built-in mapping reads; `nil` if none was
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
