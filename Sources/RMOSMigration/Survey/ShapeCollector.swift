import RMOSModels

/// Sorts objects by shape: by the names of their members, regardless of their order and spelling.
///
/// Objects most of whose members agree have one shape. Memory is bounded: objects and members
/// beyond a limit are only counted.
final class ShapeCollector {
  /// The limits that bound the memory of a survey.
  struct Limits {
    var shapes = 64
    /// The members of a shape.
    var members = 128
    /// The members of values of members, in all of a shape.
    var innerMembers = 512
    var innerDepth = 3
    var signatures = 20_000
    var files = 40
    var pointers = 64
    var ids = 2_000_000
    /// The number of objects of a shape after which a mapping that read none is tried on samples.
    var trials = 512
  }

  /// Where objects are, and how they are read.
  struct Context: Hashable {
    /// The kind as which they are read.
    var kind: EntityKind
    /// Whether they are in a file from which entities of the kind are read without a mapping.
    var isInPlace: Bool
    /// Whether a migration finds them in their document only with a mapping.
    var isSelected = false
  }

  /// A shape, and the tallies of its objects.
  struct Shape {
    let context: Context
    var members: [MemberProfile] = []
    /// The number of objects.
    var count = 0
    /// The number of objects with keys in dictionaries.
    fileprivate(set) var keyedCount = 0
    /// The number of members that are not kept.
    var membersOmitted = 0
    /// The number of members of values that may still be kept.
    fileprivate var roomForInner: Int
    /// The number of files that have objects of the shape.
    var fileCount = 0
    /// The first of those files.
    var files: [[UInt8]] = []
    /// The layouts of those files.
    var layouts: [SurveyReport.Layout] = []
    /// Pointers with `*` to the first collections in wrappers that have objects of the shape.
    var pointers: [EntityPointer] = []
    /// Where an entity is in one of the first objects, if these are lines of JSON Lines and none
    /// themselves.
    var held: EntityPointer?
    /// The tally of objects read without a mapping.
    var plain = ReadingTally()
    /// The tally of those objects without problems, which were not tried with mappings.
    var plainAndDone = ReadingTally()
    /// The tallies of objects read with each built-in mapping, by its position.
    var mapped: [Int: ReadingTally] = [:]
    /// The number of objects on which each mapping could have been tried.
    fileprivate var chances: [Int: Int] = [:]
    /// The mappings that read objects only after they were tried on samples.
    fileprivate(set) var sampled: Set<Int> = []
    /// The signs of decimal points and commas in the other objects of its files.
    fileprivate var decimalsOfOthers = DecimalSigns()
    /// The positions of members by their folded names.
    fileprivate var positions: [[UInt8]: Int] = [:]
    /// The number of the file that was added last.
    fileprivate var lastFile = -1
    /// The kind that its objects tell by their names, if they tell one.
    fileprivate var telling: KindTeller.Telling?

    fileprivate init(_ context: Context, _ limits: Limits) {
      self.context = context
      roomForInner = limits.innerMembers
    }

    var kind: EntityKind { context.kind }
    var isInPlace: Bool { context.isInPlace }

    fileprivate mutating func addContent(
      of value: JSONScanner, _ kind: JSONScanner.Kind, to member: Int, in object: ObjectIdentity,
      depth: Int
    ) {
      members[member].addContent(of: value, kind, in: object, depth: depth, room: &roomForInner)
    }

    /// The signs of decimal points and commas in the objects, and in others of their files.
    var decimals: DecimalSigns {
      members.reduce(DecimalSigns()) { $0.union($1.allDecimals) }.union(decimalsOfOthers)
    }

    /// Whether most objects are in dictionaries, whose keys are their ids.
    var isKeyed: Bool { keyedCount * 2 > count }

    /// Whether their own ids are others than the keys.
    var keysAreOtherIDs: Bool {
      isKeyed && plain.problems.contains { $0.key.code == .idMismatch }
    }

    /// Returns the member to which names lead; `nil` if no object has it.
    func profile(named names: [[UInt8]]) -> MemberProfile? {
      var (members, found) = (members, MemberProfile?.none)
      for name in names {
        found = members.first { $0.spellings.contains(name) }
        guard let found else { return nil }
        members = found.members
      }
      return found
    }

    /// Returns the member at a path: a position among the members, then among those of that member.
    func profile(at path: [Int]) -> MemberProfile {
      path.dropFirst().reduce(members[path[0]]) { $0.members[$1] }
    }

    /// Returns the names that lead to a member, in each combination of spellings.
    func names(along path: [Int]) -> [[[UInt8]]] {
      path.indices.reduce([[]]) { names, index in
        names.flatMap { before in
          profile(at: Array(path[...index])).spellings.map { before + [$0] }
        }
      }
    }

    /// Returns the name of a member for people; a JSON Pointer if the member is within another.
    func name(at path: [Int]) -> String {
      guard path.count > 1 else { return members[path[0]].name }
      return EntityPointer(steps: names(along: path)[0].map { .named($0) }).text
    }

    /// Whether at least half of the objects have a member.
    fileprivate func isCore(_ member: Int) -> Bool { members[member].count * 2 >= count }
  }

  /// The shape of all objects with the same names in the same order.
  private struct Signature {
    /// The position of its shape.
    let shape: Int
    /// The positions of the members, in the order of the objects; `nil` for those not kept.
    let members: [Int?]
  }

  /// A member of the object that is added.
  private struct Member {
    let name: Range<Int>
    let isEscaped: Bool
    let value: Range<Int>
    let kind: JSONScanner.Kind
  }

  let limits: Limits
  private let teller: KindTeller
  /// The members that hold the entities in envelopes.
  private var holders: Set<[UInt8]> = []
  /// What objects tell by their own members, by a hash of those.
  private var tellings: [Int: KindTeller.Telling?] = [:]
  private(set) var shapes: [Shape] = []
  /// The number of objects whose shape is not kept.
  private(set) var objectsOmitted = 0
  private var signatures: [Int: Signature] = [:]
  /// The members of the object that is added.
  private var found: [Member] = []

  init(_ teller: KindTeller, limits: Limits = Limits()) {
    self.teller = teller
    self.limits = limits
  }

  /// Adds an object.
  ///
  /// - Parameters:
  ///   - object: A scanner at an object that was scanned before.
  ///   - context: Where the object is, and how it is read.
  ///   - file: The number and path of the object's file.
  ///   - layout: The layout of the file.
  ///   - pointer: The pointer to the object's collection in a wrapper.
  ///   - isKeyed: Whether the object has a key in a dictionary.
  /// - Returns: The position of the object's shape; `nil` if the shape is not kept.
  func add(
    _ object: JSONScanner, in context: Context,
    file: (number: Int, path: [UInt8]), layout: SurveyReport.Layout,
    pointer: EntityPointer?, isKeyed: Bool
  ) -> Int? {
    let base = unsafe object.cursor
    var hasher = Hasher()
    hasher.combine(context)
    scan(object, into: &hasher)
    let telling = unsafe telling(of: object, base, hasher.finalize())
    hasher.combine(telling)
    let held = telling == nil ? unsafe held(in: object, base) : nil
    hasher.combine(held?.names)
    let key = hasher.finalize()
    let signature: Signature
    if let known = signatures[key], known.members.count == found.count {
      signature = known
    } else {
      guard let new = unsafe self.signature(base, context, telling, held) else {
        objectsOmitted += 1
        return nil
      }
      signature = new
      if signatures.count < limits.signatures { signatures[key] = new }
    }
    let position = signature.shape
    shapes[position].count += 1
    if isKeyed { shapes[position].keyedCount += 1 }
    let identity = unsafe ObjectIdentity(
      of: UnsafeRawBufferPointer(start: base, count: found.last?.value.upperBound ?? 0))
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

  /// Whether a mapping is to be tried on the last object of a shape.
  ///
  /// A mapping that has read none of ``Limits/trials`` objects is tried on every 64th, so that ten
  /// mappings do not take ten times as long.
  func tries(_ mapping: Int, on shape: Int) -> Bool {
    let chance = shapes[shape].chances[mapping, default: 0]
    shapes[shape].chances[mapping] = chance + 1
    return chance < limits.trials
      || shapes[shape].mapped[mapping, default: ReadingTally()].reads > 0
      || chance % 64 == 0
  }

  /// Counts the outcome of reading an object with a mapping.
  func tally(_ shape: Int, _ mapping: Int, _ outcome: ObjectOutcome) {
    let hadRead = shapes[shape].mapped[mapping, default: ReadingTally()].reads > 0
    shapes[shape].mapped[mapping, default: ReadingTally()].add(outcome)
    let reads = shapes[shape].mapped[mapping, default: ReadingTally()].reads > 0
    if reads, !hadRead, shapes[shape].chances[mapping, default: 0] > limits.trials {
      shapes[shape].sampled.insert(mapping)
    }
  }

  /// Changes the tallies of a shape.
  func tally(_ shape: Int, _ change: (inout Shape) -> Void) { change(&shapes[shape]) }

  /// Gives each shape the signs of decimals in the others of its files, at the end.
  func end() {
    let decimals = shapes.map(\.decimals)
    for position in shapes.indices {
      for (other, signs) in zip(shapes, decimals)
      where other.files.contains(where: { shapes[position].files.contains($0) }) {
        shapes[position].decimalsOfOthers = shapes[position].decimalsOfOthers.union(signs)
      }
    }
  }

  /// Records where an object of a shape is.
  private func note(
    _ file: (number: Int, path: [UInt8]), _ layout: SurveyReport.Layout,
    _ pointer: EntityPointer?, in shape: Int
  ) {
    if shapes[shape].lastFile != file.number {
      shapes[shape].lastFile = file.number
      shapes[shape].fileCount += 1
      if shapes[shape].files.count < limits.files { shapes[shape].files.append(file.path) }
    }
    if !shapes[shape].layouts.contains(layout) { shapes[shape].layouts.append(layout) }
    if let pointer, shapes[shape].pointers.count < limits.pointers,
      !shapes[shape].pointers.contains(pointer)
    {
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
    _ base: UnsafePointer<UInt8>, _ context: Context, _ telling: KindTeller.Telling?,
    _ held: Held?
  ) -> Signature? {
    let names = found.map { unsafe name(of: $0, base) }
    let folded = names.map(\.foldedName)
    guard let shape = shape(of: Set(folded), context, telling, held) else { return nil }
    if shapes[shape].telling == nil { shapes[shape].telling = telling }
    if let holder = telling?.holder { holders.insert(holder) }
    var own: [[UInt8]: [UInt8]] = [:]
    let indexes = zip(names, folded).map { name, key -> Int? in
      let earlier = own.updateValue(name, forKey: key)
      if let index = shapes[shape].positions[key] {
        if let earlier, earlier != name { shapes[shape].members[index].add(earlier, and: name) }
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

  private func name(of member: Member, _ base: UnsafePointer<UInt8>) -> [UInt8] {
    let bytes = unsafe UnsafeBufferPointer(
      start: base + member.name.lowerBound, count: member.name.count)
    return unsafe JSONScanner.content(of: bytes, isEscaped: member.isEscaped)
  }

  /// What the object whose members are ``found`` tells by their names or, if these tell nothing and
  /// are few, by those in one of them.
  private func telling(
    of object: JSONScanner, _ base: UnsafePointer<UInt8>, _ hash: Int
  ) -> KindTeller.Telling? {
    let own: KindTeller.Telling?
    if let known = tellings[hash] {
      own = known
    } else {
      let kind = teller.kind(of: found.map { unsafe name(of: $0, base).foldedHeading })
      own = kind.map { KindTeller.Telling(kind: $0) }
      if tellings.count < limits.signatures { tellings[hash] = .some(own) }
    }
    if own != nil || found.count > KindTeller.mostAround { return own }
    for member in found where member.kind == .object {
      if let kind = unsafe teller.kind(of: names(in: member, of: object, base)) {
        return unsafe KindTeller.Telling(kind: kind, holder: name(of: member, base))
      }
    }
    return nil
  }

  /// The object in a member that holds the entity in envelopes.
  private struct Held {
    let holder: [UInt8]
    /// The folded names of its members.
    let names: [[UInt8]]
  }

  /// Returns the object that ``found`` holds in a member that holds entities in others; `nil` if
  /// there is none.
  private func held(in object: JSONScanner, _ base: UnsafePointer<UInt8>) -> Held? {
    guard !holders.isEmpty, found.count <= KindTeller.mostAround else { return nil }
    for member in found where member.kind == .object {
      let name = unsafe name(of: member, base)
      guard holders.contains(name) else { continue }
      return unsafe Held(holder: name, names: names(in: member, of: object, base))
    }
    return nil
  }

  /// Returns the folded names of the members in a member that is an object.
  private func names(
    in member: Member, of object: JSONScanner, _ base: UnsafePointer<UInt8>
  ) -> [[UInt8]] {
    var (scanner, names) = (object, [[UInt8]]())
    unsafe scanner.cursor = base + member.value.lowerBound
    scanner.forEachMember { inner in
      names.append(inner.decodedName.foldedHeading)
      return names.count < limits.members
    }
    return names
  }

  /// Whether an object that tells no kind has most members that a shape has in its envelopes.
  private func fits(_ held: Held?, in shape: Shape) -> Bool {
    guard let holder = shape.telling?.holder, let held, held.holder == holder,
      let profile = shape.profile(named: [holder])
    else { return true }
    let core = profile.members.filter { $0.count * 2 >= shape.count }
    return core.count { held.names.contains($0.foldedHeading) } * 2 >= core.count
  }

  /// Whether an object may be of a shape, regardless of the names of its members.
  private func mayBelong(
    _ context: Context, _ telling: KindTeller.Telling?, _ held: Held?, to shape: Shape
  ) -> Bool {
    shape.context == context
      && (telling == nil || shape.telling == nil || shape.telling == telling)
      && (telling != nil || fits(held, in: shape))
      // An envelope of another object than those is not of their shape.
      && (shape.telling != nil || telling?.holder == nil)
  }

  /// Returns the shape of objects with some folded names, which may be new; `nil` if there are too
  /// many shapes.
  private func shape(
    of names: Set<[UInt8]>, _ context: Context, _ telling: KindTeller.Telling?, _ held: Held?
  ) -> Int? {
    var best: (shape: Int, overlap: Double)?
    // Shapes are not copied, since objects that have none are compared with all of them.
    for position in shapes.indices {
      let own = names.compactMap { shapes[position].positions[$0] }
      let common = Double(own.count { shapes[position].isCore($0) })
      guard common > 0 || names.isEmpty, mayBelong(context, telling, held, to: shapes[position])
      else { continue }
      let core = shapes[position].members.indices.count { shapes[position].isCore($0) }
      let overlap = core == 0 && names.isEmpty ? 1 : common / Double(max(core, 1))
      let known = names.isEmpty ? 1 : Double(own.count) / Double(names.count)
      guard overlap >= 0.5, known >= 0.5 || common >= 4 else { continue }
      if overlap + known > best?.overlap ?? 0 { best = (position, overlap + known) }
    }
    if let best { return best.shape }
    guard shapes.count < limits.shapes else { return nil }
    shapes.append(Shape(context, limits))
    return shapes.count - 1
  }
}
