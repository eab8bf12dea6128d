import RMOSModels

/// Sorts objects by shape: by the members that they have, whatever order and spelling those have.
///
/// Objects whose members mostly agree are of one shape. Memory is bounded: what exceeds a limit is
/// only counted.
final class ShapeCollector {
  /// The limits that bound the memory of a survey.
  struct Limits {
    var shapes = 64
    var members = 128
    /// The members of members, of all that a shape has.
    var innerMembers = 512
    var innerDepth = 3
    var signatures = 20_000
    var files = 40
    var problems = 40
    var ids = 2_000_000
    /// After how many objects of a shape a mapping that reads none is tried on samples alone.
    var trials = 512
  }

  /// How objects came to be read.
  struct Context: Hashable {
    /// The kind as which they are read.
    var kind: EntityKind
    /// Whether they are where entities of the kind are read.
    var isInPlace: Bool
    /// Whether a migration looks for entities there only if a mapping says so.
    var isSelected = false
  }

  /// A shape, and the tallies of its objects.
  struct Shape {
    let context: Context
    var members: [MemberProfile] = []
    var count = 0
    /// How many of its objects have keys in dictionaries.
    fileprivate(set) var keyedCount = 0
    /// How many members were left out since there are too many.
    var membersOmitted = 0
    /// How many members of members may still be kept.
    fileprivate var roomForInner: Int
    /// The files it is in, the first of them, and where in the first it was found.
    var fileCount = 0
    var files: [[UInt8]] = []
    var layouts: [SurveyReport.Layout] = []
    /// The collections it is in, as pointers with `*`; in wrappers only.
    var pointers: [String] = []
    /// The tallies of objects read without a mapping, and with each mapping.
    var plain = ReadingTally()
    /// The tally of objects without problems, which were not tried with mappings.
    var plainAndDone = ReadingTally()
    var mapped: [Int: ReadingTally] = [:]
    /// How many objects each mapping could have been tried on.
    fileprivate var chances: [Int: Int] = [:]
    /// The mappings that turned out to read some after they were tried on samples alone.
    fileprivate(set) var sampled: Set<Int> = []
    fileprivate var positions: [[UInt8]: Int] = [:]
    fileprivate var lastFile = -1

    fileprivate init(_ context: Context, _ limits: Limits) {
      self.context = context
      roomForInner = limits.innerMembers
    }

    var kind: EntityKind { context.kind }
    var isInPlace: Bool { context.isInPlace }

    fileprivate mutating func addContent(
      of value: JSONScanner, _ kind: JSONScanner.Kind, to member: Int, in object: Int, depth: Int
    ) {
      members[member].addContent(of: value, kind, in: object, depth: depth, room: &roomForInner)
    }

    /// Whether its objects are in dictionaries, whose keys are their ids.
    var isKeyed: Bool { keyedCount * 2 > count }

    /// The member to which names lead; `nil` if no object has it.
    func profile(named names: [[UInt8]]) -> MemberProfile? {
      var (members, found) = (members, MemberProfile?.none)
      for name in names {
        found = members.first { $0.spellings.contains(name) }
        guard let found else { return nil }
        members = found.members
      }
      return found
    }

    /// The member at a path: its position among the members, then among those of that member.
    func profile(at path: [Int]) -> MemberProfile {
      path.dropFirst().reduce(members[path[0]]) { $0.members[$1] }
    }

    /// The names that lead to a member, in each spelling.
    func names(along path: [Int]) -> [[[UInt8]]] {
      path.indices.reduce([[]]) { names, index in
        names.flatMap { before in
          profile(at: Array(path[...index])).spellings.map { before + [$0] }
        }
      }
    }

    /// The name of a member for people; a JSON Pointer if it is within another.
    func name(at path: [Int]) -> String {
      guard path.count > 1 else { return members[path[0]].name }
      var pointer: [UInt8] = []
      for name in names(along: path)[0] { JSONPointer.append(name, to: &pointer) }
      return String(decoding: pointer, as: UTF8.self)
    }

    /// The members that most of its objects have.
    fileprivate var core: Set<[UInt8]> {
      Set(positions.filter { members[$0.value].count * 2 >= count }.map(\.key))
    }
  }

  private struct Signature {
    let shape: Int
    /// The members, in the order in which an object of the shape has them.
    let members: [Int?]
  }

  private struct Member {
    let name: Range<Int>
    let isEscaped: Bool
    let value: Range<Int>
    let kind: JSONScanner.Kind
  }

  let limits: Limits
  private(set) var shapes: [Shape] = []
  /// How many objects have a shape that is not kept.
  private(set) var objectsOmitted = 0
  private var signatures: [Int: Signature] = [:]
  private var found: [Member] = []

  init(limits: Limits = Limits()) { self.limits = limits }

  /// Adds an object.
  ///
  /// - Parameters:
  ///   - object: A scanner at an object that was scanned before.
  ///   - context: How it came to be read.
  ///   - file: The number and path of the object's file.
  ///   - layout: How the file is laid out.
  ///   - pointer: The collection in a wrapper that holds the object.
  ///   - isKeyed: Whether the object has a key in a dictionary.
  /// - Returns: The position of its shape; `nil` if there are too many.
  func add(
    _ object: JSONScanner, in context: Context,
    file: (number: Int, path: [UInt8]), layout: SurveyReport.Layout, pointer: String?,
    isKeyed: Bool
  ) -> Int? {
    let base = unsafe object.cursor
    var hasher = Hasher()
    hasher.combine(context)
    scan(object, into: &hasher)
    let key = hasher.finalize()
    let signature: Signature
    if let known = signatures[key], known.members.count == found.count {
      signature = known
    } else {
      guard let new = unsafe self.signature(base, context) else {
        objectsOmitted += 1
        return nil
      }
      signature = new
      if signatures.count < limits.signatures { signatures[key] = new }
    }
    let position = signature.shape
    shapes[position].count += 1
    if isKeyed { shapes[position].keyedCount += 1 }
    let identity = unsafe identity(base)
    for (member, index) in zip(found, signature.members) {
      guard let index else { continue }
      let token = unsafe UnsafeBufferPointer(
        start: base + member.value.lowerBound, count: member.value.count)
      unsafe shapes[position].members[index].add(token, member.kind, of: identity)
      if member.kind == .object || member.kind == .array {
        var scanner = object
        unsafe scanner.cursor = base + member.value.lowerBound
        shapes[position].addContent(
          of: scanner, member.kind, to: index, in: identity, depth: limits.innerDepth)
      }
    }
    note(file, layout, pointer, in: position)
    return position
  }

  /// What tells an object, whose members are ``found``, from others with other members.
  private func identity(_ base: UnsafePointer<UInt8>) -> Int {
    var hasher = Hasher()
    let end = found.last?.value.upperBound ?? 0
    unsafe hasher.combine(bytes: UnsafeRawBufferPointer(start: base, count: end))
    return hasher.finalize()
  }

  /// Whether a mapping is to be tried on the object of a shape that was added last.
  ///
  /// One that has read none of many is tried on every 64th, so that ten mappings do not cost ten
  /// readings.
  func tries(_ mapping: Int, on shape: Int) -> Bool {
    let chance = shapes[shape].chances[mapping, default: 0]
    shapes[shape].chances[mapping] = chance + 1
    return chance < limits.trials
      || shapes[shape].mapped[mapping, default: ReadingTally()].reads > 0
      || chance % 64 == 0
  }

  /// Counts how an object fared by a mapping.
  func tally(_ shape: Int, _ mapping: Int, _ outcome: ObjectOutcome) {
    let hadRead = shapes[shape].mapped[mapping, default: ReadingTally()].reads > 0
    shapes[shape].mapped[mapping, default: ReadingTally()].add(outcome, limit: limits.problems)
    let reads = shapes[shape].mapped[mapping, default: ReadingTally()].reads > 0
    if reads, !hadRead, shapes[shape].chances[mapping, default: 0] > limits.trials {
      shapes[shape].sampled.insert(mapping)
    }
  }

  /// Changes how objects of a shape fared.
  func tally(_ shape: Int, _ change: (inout Shape) -> Void) { change(&shapes[shape]) }

  private func note(
    _ file: (number: Int, path: [UInt8]), _ layout: SurveyReport.Layout, _ pointer: String?,
    in shape: Int
  ) {
    if shapes[shape].lastFile != file.number {
      shapes[shape].lastFile = file.number
      shapes[shape].fileCount += 1
      if shapes[shape].files.count < limits.files { shapes[shape].files.append(file.path) }
    }
    if !shapes[shape].layouts.contains(layout) { shapes[shape].layouts.append(layout) }
    if let pointer, shapes[shape].pointers.count < 4, !shapes[shape].pointers.contains(pointer) {
      shapes[shape].pointers.append(pointer)
    }
  }

  /// Scans the members of an object into ``found``.
  private func scan(_ object: JSONScanner, into hasher: inout Hasher) {
    let base = unsafe object.cursor
    found.removeAll(keepingCapacity: true)
    object.forEachMember { member in
      unsafe hasher.combine(bytes: UnsafeRawBufferPointer(member.name))
      hasher.combine(0 as UInt8)
      let value = unsafe member.scanner.cursor - base
      guard let name = unsafe member.name.baseAddress.map({ unsafe $0 - base }) else {
        return false
      }
      unsafe found.append(
        Member(
          name: name..<name + member.name.count, isEscaped: member.isEscaped,
          value: value..<value + member.token.count, kind: member.kind))
      return true
    }
  }

  /// Finds the shape of the object whose members are ``found``, or begins a new one.
  private func signature(
    _ base: UnsafePointer<UInt8>, _ context: Context
  ) -> Signature? {
    let names = found.map { member -> [UInt8] in
      let bytes = unsafe UnsafeBufferPointer(
        start: base + member.name.lowerBound, count: member.name.count)
      return unsafe member.isEscaped ? JSONScanner.decoded(bytes) ?? Array(bytes) : Array(bytes)
    }
    let folded = names.map(\.foldedName)
    guard let shape = shape(of: Set(folded), context) else { return nil }
    let indexes = zip(names, folded).map { name, key -> Int? in
      if let index = shapes[shape].positions[key] {
        unsafe name.withUnsafeBufferPointer {
          unsafe shapes[shape].members[index].add(spelling: $0)
        }
        return index
      }
      guard shapes[shape].members.count < limits.members else {
        shapes[shape].membersOmitted += 1
        return nil
      }
      let index = shapes[shape].members.count
      shapes[shape].positions[key] = index
      shapes[shape].members.append(MemberProfile(named: name))
      return index
    }
    return Signature(shape: shape, members: indexes)
  }

  private func shape(of names: Set<[UInt8]>, _ context: Context) -> Int? {
    var best: (shape: Int, overlap: Double)?
    for (position, shape) in shapes.enumerated()
    where shape.context == context {
      let core = shape.core
      let common = Double(core.intersection(names).count)
      let overlap = core.isEmpty && names.isEmpty ? 1 : common / Double(max(core.count, 1))
      let own = Double(names.count { shape.positions[$0] != nil })
      let known = names.isEmpty ? 1 : own / Double(names.count)
      guard overlap >= 0.5, known >= 0.5 || common >= 4 else { continue }
      if overlap + known > best?.overlap ?? 0 { best = (position, overlap + known) }
    }
    if let best { return best.shape }
    guard shapes.count < limits.shapes else { return nil }
    shapes.append(Shape(context, limits))
    return shapes.count - 1
  }
}

/// How objects of a shape fare when they are read in one way.
struct ReadingTally {
  /// How many were read so.
  var taken = 0
  /// How many of them would be in the store afterwards, and of those, how many by an earlier entity
  /// of the same id.
  var migrates = 0
  var duplicates = 0
  /// How many objects are valid by themselves; their references may lead nowhere.
  var reads = 0
  /// How many have members that look like fields and are not read as such.
  var lookAlikes = 0
  /// The problems of the other objects, by code and member.
  var problems: [SurveyReport.Problem.Key: Int] = [:]

  mutating func add(_ outcome: ObjectOutcome, limit: Int) {
    taken += 1
    if outcome.problems.isEmpty {
      migrates += 1
      if outcome.isRepeated { duplicates += 1 }
    }
    if outcome.problems.allSatisfy({ $0.code == .referenceMissing }) { reads += 1 }
    if outcome.hasLookAlike { lookAlikes += 1 }
    for problem in outcome.problems where problems[problem] != nil || problems.count < limit {
      problems[problem, default: 0] += 1
    }
  }
}

/// What would become of an object.
struct ObjectOutcome {
  /// The errors it has, each code and member once.
  var problems: Set<SurveyReport.Problem.Key> = []
  /// Whether an earlier entity has its id.
  var isRepeated = false
  var hasLookAlike = false
  var id: IDTable.Key?
}
