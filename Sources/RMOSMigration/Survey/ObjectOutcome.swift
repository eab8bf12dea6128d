import RMOSModels

/// The outcome of reading an object.
struct ObjectOutcome {
  /// The codes and members of its errors.
  var problems: Set<SurveyReport.Problem.Key> = []
  /// Whether an earlier entity has its id.
  var isRepeated = false
  /// Whether it has a member that looks like a field but is not read as such.
  var hasLookAlike = false
  /// Whether its id is derived from its place.
  var hasDerivedID = false
  /// The members with references to what no mapping finds, either.
  var dangling: [String] = []
  var id: IDTable.Key?
}

/// The outcomes of reading objects of a shape in one way.
struct ReadingTally {
  /// The number of objects that were read.
  var taken = 0
  /// The number of objects that would migrate.
  var migrates = 0
  /// The number of these that have the id of an earlier entity.
  var duplicates = 0
  /// The number of objects that would migrate with an id derived from their place.
  var derivedIDs = 0
  /// The number of objects that are valid by themselves, though references may lead nowhere.
  var reads = 0
  /// The number of objects with members that look like fields but are not read as such.
  var lookAlikes = 0
  /// The numbers of objects with each problem.
  var problems: [SurveyReport.Problem.Key: Int] = [:]

  /// The maximum number of different problems that are counted.
  private static let maximumProblems = 40

  mutating func add(_ outcome: ObjectOutcome) {
    taken += 1
    if outcome.problems.isEmpty {
      migrates += 1
      if outcome.isRepeated { duplicates += 1 }
      if outcome.hasDerivedID { derivedIDs += 1 }
    }
    if outcome.problems.allSatisfy({ $0.code == .referenceMissing }) { reads += 1 }
    if outcome.hasLookAlike { lookAlikes += 1 }
    for problem in outcome.problems
    where problems[problem] != nil || problems.count < Self.maximumProblems {
      problems[problem, default: 0] += 1
    }
  }
}

/// The ids of the entities that would be in the store after a migration.
final class SurveyedIDs {
  /// The maximum number of ids of a kind.
  private let limit: Int
  private var tables: [EntityKind: IDTable] = [:]
  /// The ids of entities that migrate only with a mapping.
  private var mapped: [EntityKind: IDTable] = [:]
  /// Whether ids are missing because of the limit, so that references are not checked.
  private(set) var isFull: Bool

  init(limit: Int) {
    self.limit = limit
    isFull = limit == 0
  }

  private func contains(_ kind: EntityKind, _ key: IDTable.Key, asItIs: Bool) -> Bool {
    tables[kind]?[key] != nil || !asItIs && mapped[kind]?[key] != nil
  }

  /// Adds the id of an entity, which migrates as it is or with a mapping.
  func insert(_ key: IDTable.Key, _ kind: EntityKind, asItIs: Bool = true) {
    guard (tables[kind]?.count ?? 0) + (mapped[kind]?.count ?? 0) < limit else {
      isFull = true
      return
    }
    if asItIs {
      tables[kind, default: IDTable()].insert(key)
    } else {
      mapped[kind, default: IDTable()].insert(key)
    }
  }

  /// Predicts the outcome of migrating the entity at a position of a batch, together with the
  /// others that migrate as they are, or also with those that need a mapping.
  func outcome(
    of records: RecordBatch, at index: Int, asItIs: Bool = false
  ) -> ObjectOutcome {
    var outcome = ObjectOutcome()
    let entry = records.entries[index]
    for issue in records.issues[entry.issues] {
      if issue.severity == .error {
        outcome.problems.insert(.init(code: issue.code, pointer: issue.pointer ?? ""))
      } else if issue.code == .fieldLookAlike {
        outcome.hasLookAlike = true
      } else if issue.code == .idDerived {
        outcome.hasDerivedID = true
      }
    }
    if !isFull {
      let missing = records.danglingReferences(at: index) { kind, id in
        contains(kind, IDTable.Key(id), asItIs: asItIs)
      }
      func member(_ position: Int) -> String {
        records.kind.schema.fields[records.references[position].field].member
      }
      for position in missing {
        outcome.problems.insert(
          .init(code: .referenceMissing, pointer: JSONPointer.to(member(position))))
      }
      if !missing.isEmpty {
        outcome.dangling = records.danglingReferences(at: index) { kind, id in
          contains(kind, IDTable.Key(id), asItIs: false)
        }.map { member($0) }
      }
    }
    guard !entry.id.isEmpty else { return outcome }
    let key = records.idKey(at: index)
    outcome.id = key
    outcome.isRepeated = contains(records.kind, key, asItIs: asItIs)
    return outcome
  }
}
