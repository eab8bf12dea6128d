import RMOSModels

/// What an object at the top of a document is.
enum DocumentShape: Equatable, Sendable {
  /// One entity.
  case entity
  /// A dictionary of entities, keyed by id.
  case dictionary
  /// An object around entities; the first of the other collections in it, which are not meant, as
  /// JSON Pointers.
  case wrapper(EntitySelection, leftOut: [String] = [])
  /// A table of a kind's members by column, as data frames are serialized.
  case columns
  /// Several collections, any of which may be meant: the names of the first ones.
  case ambiguous([String])
}

/// Finds the shape of documents that are objects by their outline, in constant memory.
///
/// An object with a member of the kind is an entity. Otherwise its members decide: lists or
/// dictionaries of objects, and how much these look like entities of the kind. If the text breaks
/// off or is not JSON further on, the part before that decides, but only if it has no member of the
/// kind: a damaged entity must not be taken for a collection.
final class DocumentOutline {
  private let window: SourceWindow
  private let schema: EntitySchema
  private var matcher: MemberMatcher
  /// The names of the members that the other kinds require.
  private let requiredByOthers: [[[UInt8]]]
  private var kindNames: [[UInt8]]
  private let nameOfOne: [UInt8]

  /// The number of objects of a collection that are examined.
  private static let samples = 64
  /// How many levels down entities are looked for, to say that they are there.
  private static let deepest = 6
  /// The maximum number of collections under one member that are kept by name.
  private static let namedCollections = 64
  /// Names that a collection without elements must have to count as one.
  private static let genericNames = [
    "items", "data", "results", "records", "entries", "rows", "list", "values", "runs", "jobs",
  ].map { Array($0.utf8) }
  /// Names of members that describe the document, folded.
  private static let namesOfNotes = [
    "meta", "metadata", "info", "header", "headers", "summary", "schema", "config", "settings",
    "pagination", "paging", "links", "page", "version", "export", "source",
  ].map { Array($0.utf8) }
  /// Names of members that hold the one entity of a document.
  private static let namesOfOne = [
    "data", "result", "item", "record", "entry", "entity", "payload", "response", "value", "body",
    "job", "run", "log", "family",
  ].map { Array($0.utf8) }
  /// Names of what an answer says about the entities in it, folded.
  private static let namesOfAnswers = [
    "success", "ok", "status", "code", "message", "error", "count", "total", "limit", "offset",
  ].map { Array($0.utf8) }
  /// Further names of collections that are about how the document came to be, folded.
  private static let namesOfReports = ["errors", "warnings", "messages", "log", "logs"].map {
    Array($0.utf8)
  }

  /// What is found out about a document.
  struct Findings {
    var shape: DocumentShape
    /// Where entities may be if the document was taken for one itself.
    var held: [EntityPointer] = []
    /// Where lists and dictionaries of objects are, whatever these look like.
    var collections: [EntityPointer] = []
    /// Where the entities may be if the shape is ambiguous.
    var candidates: [EntityPointer] = []
    /// Whether the document is an object with one member, an object.
    var isOneObject = false
    /// The first members whose value is no entity and holds none.
    var unread: [String] = []
  }

  /// Creates an outline of documents of a kind; `others` are the other kinds whose entities may be
  /// in them.
  init(
    schema: EntitySchema, others: [EntityKind] = [],
    limits: SourceWindow.Limits = SourceWindow.Limits(),
    isCancelled: @escaping () -> Bool = { false }
  ) {
    window = SourceWindow(limits: limits, isCancelled: isCancelled)
    self.schema = schema
    matcher = MemberMatcher(schema: schema)
    requiredByOthers = others.map { kind in
      kind.schema.fields.filter(\.isRequired).map { Array($0.member.utf8) }
    }.filter { !$0.isEmpty }
    nameOfOne = Array(schema.singular.utf8).foldedName
    kindNames = (schema.fileNames + [schema.plural]).map { Array($0.utf8).foldedName }
  }

  /// Whether an object looks like an entity of the kind.
  private enum Likeness: Int, Comparable {
    /// No member of the kind, one member, or several.
    case none, some, clear

    static func < (left: Likeness, right: Likeness) -> Bool { left.rawValue < right.rawValue }
  }

  /// The contents of a member.
  private indirect enum Content {
    /// A value that cannot be an entity.
    case other
    /// An object that looks like an entity: with members of the kind or, if its likeness is none,
    /// with values of its own beside what it holds.
    case entity(Likeness)
    /// A list or dictionary of objects.
    case collection(Likeness)
    /// An object with several collections, lists or dictionaries: those meant and those not, the
    /// first ones by name.
    case holder(Likeness, [[UInt8]], leftOut: [[UInt8]], isNamed: Bool)
    /// Something in which entities are, but not where they are looked for: a list of lists.
    case remote(Likeness)
    /// A list or dictionary without elements.
    case empty
    /// What has all that another kind requires, as it looks to this kind.
    case ofOther(Content)

    /// The contents, whether they are another kind's or not.
    var own: Content { if case .ofOther(let content) = self { content } else { self } }
  }

  /// Which members that other kinds require an object has.
  private struct RequiredSeen {
    private let required: [[[UInt8]]]
    private var seen: [FieldSet]

    init(_ required: [[[UInt8]]]) {
      self.required = required
      seen = required.map { _ in FieldSet() }
    }

    mutating func add(_ name: [UInt8]) {
      for kind in required.indices {
        if let position = required[kind].firstIndex(of: name) { seen[kind].insert(position) }
      }
    }

    /// Whether the object has all members that another kind requires.
    var isOther: Bool { zip(required, seen).contains { $0.count == $1.count } }
  }

  /// The findings in the document so far.
  private struct Top {
    var hasRequired = false
    var hasField = false
    /// Whether there is an object where the kind has a text or number.
    var isColumns = false
    var members = 0
    var objects = 0
    /// What tells an object with a list of its parts from one around entities.
    var record = RecordSigns()
    var isWhole = false
    /// Members that look like an entity, collections and holders, by likeness.
    var entities = [0, 0, 0]
    var collections = [0, 0, 0]
    /// The names of the first of each.
    var names: [[String]] = [[], [], []]
    /// The one collection or holder of a likeness, if there is one.
    var selections: [EntitySelection?] = [nil, nil, nil]
    /// The names of the first other collections, by likeness: neither those that describe the
    /// document nor, in holders, those that are not meant.
    var others: [[String]] = [[], [], []]
    var leftOut: [String] = []
    /// Where entities may be if the object is one itself, but none that is whole.
    var held: [EntityPointer] = []
    /// Where all of a likeness are, as far as they are kept.
    var places: [[EntityPointer]] = [[], [], []]
    /// A collection without elements.
    var empty: [UInt8]?
    /// Objects at the top that describe the document.
    var notes: [(name: [UInt8], likeness: Likeness)] = []

    /// The first members whose value is no entity and holds none.
    var unread: [String] = []

    /// Notes what is not meant if other members look more like entities.
    mutating func leaveOut(_ name: [UInt8], _ likeness: Likeness) {
      let pointer = DocumentOutline.pointer([name])
      if others[likeness.rawValue].count < 4, !others[likeness.rawValue].contains(pointer) {
        others[likeness.rawValue].append(pointer)
      }
    }

    var likeness: Int? { (0..<3).last { entities[$0] + collections[$0] > 0 } }
    var onlyObjects: Bool { members > 0 && objects == members }
  }

  /// What the members of an object tell about it if none of them is known: whether it has values
  /// of its own, and a list of parts, or is around the objects in a list.
  private struct RecordSigns {
    /// The number of members that are neither objects nor lists, and do not say something about the
    /// objects around which the object may be.
    private var values = 0
    /// The most members that an object in it has, of those that were examined.
    private var width = 0
    /// Whether a collection is named as one of entities is.
    private var hasCollectionOfEntities = false

    mutating func add(value name: [UInt8]) {
      let isOfAnswer =
        DocumentOutline.describesDocument(name)
        || DocumentOutline.namesOfAnswers.contains(name.foldedName)
      if !isOfAnswer { values += 1 }
    }

    mutating func add(containerOf width: Int, isNamedAsEntities: Bool) {
      self.width = max(self.width, width)
      hasCollectionOfEntities = hasCollectionOfEntities || isNamedAsEntities
    }

    /// Whether the object says no less of itself than of each object in it.
    var areOfRecord: Bool { !hasCollectionOfEntities && values > 1 && values >= width }
  }

  /// Finds out what a document is.
  ///
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if reading is cancelled.
  func examine(_ source: any ByteSource) throws(ReadFailure) -> Findings {
    try window.load(source)
    var top = Top()
    let start = try window.skipWhiteSpace(from: window.start)
    guard window.has(UInt8(ascii: "{"), at: start) else { return Findings(shape: .entity) }
    top.isWhole =
      try forEachMember(of: start) { name, position throws(ReadFailure) in
        try take(name, at: position, into: &top)
      } != nil
    let collections = top.places.joined().filter { place in
      guard case .named(let name)? = place.steps.first, place.steps.last == .any else {
        return false
      }
      return !Self.describesDocument(name)
    }
    return Findings(
      shape: shape(of: top), held: top.held, collections: collections,
      candidates: Self.generalized(top.likeness.map { top.places[$0] } ?? []),
      isOneObject: top.isWhole && top.members == 1 && top.objects == 1, unread: top.unread)
  }

  /// Whether the value at an offset of a source is an entity, or holds objects that may be some.
  ///
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if reading is cancelled.
  func mayHoldEntities(_ source: any ByteSource, at offset: Int) throws(ReadFailure) -> Bool {
    try window.load(source, at: offset)
    return switch try content(at: window.start, depth: 1).content {
    case .collection, .holder, .remote, .ofOther, .entity(.clear), .entity(.none): true
    case .entity(.some), .other, .empty: false
    }
  }

  private func take(
    _ name: [UInt8], at position: Int, into top: inout Top
  ) throws(ReadFailure) -> Int? {
    let isObject = window.has(UInt8(ascii: "{"), at: position)
    let isList = window.has(UInt8(ascii: "["), at: position)
    // What the value of a field holds, such as rings, is the entity's.
    var isOwnContent = false
    switch matcher.role(of: name) {
    case .field(let field):
      top.hasField = true
      if matcher.isRequired[field] { top.hasRequired = true }
      if isObject, !matcher.isJSON[field] { top.isColumns = true }
      if case .json(let shape, _, _) = schema.fields[field].type {
        isOwnContent =
          shape == .object ? isObject : isList
      }
    case .similar: top.hasField = true
    case .unknown: break
    }
    let (found, width, end) = try content(at: position, depth: 1)
    let content = found.own
    guard end != nil || Self.mayBreakOff(content) else { return nil }
    if case .ofOther(.entity(let likeness)) = found, !Self.describesDocument(name) {
      top.leaveOut(name, likeness)
    } else if case .ofOther(.other) = found, !Self.describesDocument(name) {
      top.leaveOut(name, .none)
    }
    if case .other = found, !isOwnContent, top.unread.count < 4 {
      top.unread.append(Self.pointer([name]))
    }
    if !isOwnContent, let place = held(by: name, content), top.held.count < 4 {
      top.held.append(place)
    }
    top.members += 1
    if isObject { top.objects += 1 }
    note(name, isContainer: isObject || isList, width, in: &top.record)
    add(content, name, isObject: isObject, &top)
    return end
  }

  /// Whether contents count even if the text breaks off in them.
  private static func mayBreakOff(_ content: Content) -> Bool {
    switch content {
    case .entity, .other, .empty, .ofOther: false
    case .collection, .holder, .remote: true
    }
  }

  /// Notes what a member tells about the object that it is of.
  private func note(
    _ name: [UInt8], isContainer: Bool, _ width: Int, in signs: inout RecordSigns
  ) {
    if isContainer {
      signs.add(containerOf: width, isNamedAsEntities: isNameOfCollection(name))
    } else {
      signs.add(value: name)
    }
  }

  /// Whether a name is one that collections of entities have.
  private func isNameOfCollection(_ name: [UInt8]) -> Bool {
    let plain = name.foldedName
    return kindNames.contains(plain) || Self.genericNames.contains(plain)
  }

  private func add(
    _ content: Content, _ name: [UInt8], isObject: Bool, _ top: inout Top
  ) {
    func add(_ likeness: Likeness, _ selection: EntitySelection?) {
      if selection == nil {
        top.entities[likeness.rawValue] += 1
      } else {
        top.collections[likeness.rawValue] += 1
      }
      if top.names[likeness.rawValue].count < 4 {
        top.names[likeness.rawValue].append(String(decoding: name, as: UTF8.self))
      }
      if let selection { top.selections[likeness.rawValue] = selection }
      if top.places[likeness.rawValue].count < Self.namedCollections {
        top.places[likeness.rawValue] +=
          selection?.pointers ?? [EntityPointer(steps: [.named(name)])]
      }
      if selection != nil, !Self.describesDocument(name) { top.leaveOut(name, likeness) }
    }
    let step = EntityPointer.Step.named(name)
    switch content {
    case .other where isObject && isNote(name, top), .empty where isObject && isNote(name, top):
      top.notes.append((name, .none))
    case .entity(let likeness) where isNote(name, top):
      top.notes.append((name, likeness))
    case .other, .ofOther: break
    case .remote(let likeness):
      if likeness > .none, top.leftOut.count < 4, !Self.describesDocument(name) {
        top.leftOut.append(Self.pointer([name]))
      }
    case .entity(let likeness): add(likeness, nil)
    case .collection(let likeness):
      add(likeness, EntitySelection(pointers: [EntityPointer(steps: [step, .any])]))
    case .holder(let likeness, let names, let leftOut, let isNamed):
      for other in leftOut where top.leftOut.count < 4 && !Self.describesDocument(other) {
        top.leftOut.append(Self.pointer([name, other]))
      }
      let pointers =
        isNamed
        ? names.map { EntityPointer(steps: [step, .named($0), .any]) }
        : [EntityPointer(steps: [step, .any, .any])]
      add(likeness, EntitySelection(pointers: pointers))
    case .empty:
      if isNameOfCollection(name) { top.empty = name }
    }
  }

  /// Whether a member at the top describes the document, by its name.
  private func isNote(_ name: [UInt8], _ top: Top) -> Bool {
    top.notes.count < Self.namedCollections && Self.isNameOfNote(name)
  }

  private static func isNameOfNote(_ name: [UInt8]) -> Bool {
    guard let first = name.first else { return false }
    return "_$@".utf8.contains(first) || Self.namesOfNotes.contains(name.foldedName)
  }

  /// Whether a collection is about the document, by its name, so that nobody misses it.
  static func describesDocument(_ name: [UInt8]) -> Bool {
    Self.isNameOfNote(name) || Self.namesOfReports.contains(name.foldedName)
  }

  /// Where a member has entities, if these are more likely meant than the object that it is of.
  private func held(by name: [UInt8], _ content: Content) -> EntityPointer? {
    guard !Self.describesDocument(name) else { return nil }
    switch content {
    case .collection(.clear): return EntityPointer(steps: [.named(name), .any])
    case .holder(.clear, let names, _, let isNamed):
      let inner = names.count == 1 && isNamed ? EntityPointer.Step.named(names[0]) : .any
      return EntityPointer(steps: [.named(name), inner, .any])
    case .other, .entity, .collection, .holder, .remote, .empty, .ofOther: return nil
    }
  }

  /// One pointer for those that only differ in their first step, as keys of a dictionary do.
  private static func generalized(_ pointers: [EntityPointer]) -> [EntityPointer] {
    guard pointers.count > 1, let rest = pointers.first?.steps.dropFirst(),
      pointers.allSatisfy({ $0.steps.dropFirst() == rest })
    else { return pointers }
    return [EntityPointer(steps: [.any] + rest)]
  }

  fileprivate static func pointer(_ steps: [[UInt8]]) -> String {
    var pointer: [UInt8] = []
    for step in steps { JSONPointer.append(step, to: &pointer) }
    return String(decoding: pointer, as: UTF8.self)
  }

  // MARK: The verdict

  private func shape(of top: Top) -> DocumentShape {
    var top = top
    if top.hasField {
      guard top.onlyObjects, top.isWhole else { return .entity }
      guard top.hasRequired else { return .dictionary }
      return top.isColumns && top.members > 1 ? .columns : .entity
    }
    // An object that looks no less like an entity than its siblings is an entity, whatever its
    // name.
    let most = (0..<3).last { top.entities[$0] > 0 } ?? 0
    let notes = top.notes.filter { $0.likeness.rawValue < max(1, most) }
    for note in top.notes where note.likeness.rawValue >= max(1, most) {
      top.entities[note.likeness.rawValue] += 1
    }
    guard let likeness = top.likeness else {
      if let empty = top.empty, top.isWhole, top.members > notes.count {
        return .wrapper(
          EntitySelection(pointers: [EntityPointer(steps: [.named(empty), .any])]),
          leftOut: top.leftOut)
      }
      return top.onlyObjects ? .dictionary : .entity
    }
    // A list in an entity damaged before its first member of the kind is not a collection.
    if !top.isWhole, !top.onlyObjects, likeness < Likeness.clear.rawValue { return .entity }
    if let envelope = envelope(of: top, likeness) { return envelope }
    if top.entities[likeness] > 0, likeness > 0 {
      if top.onlyObjects, notes.isEmpty { return .dictionary }
      guard top.collections[likeness] == 0 else { return .ambiguous(top.names[likeness]) }
      return .wrapper(
        EntitySelection(
          pointers: [EntityPointer(steps: [.any])], onlyObjects: true,
          excluded: notes.map(\.name)), leftOut: leftOut(of: top, below: likeness))
    }
    if likeness == 0 {
      // What holds nothing but one collection is around it, whatever that is of.
      if top.onlyObjects, top.members - notes.count != 1 || top.collections[0] == 0 {
        return .dictionary
      }
      if top.record.areOfRecord || top.collections[0] == 0 && top.entities[0] == 1 {
        return .entity
      }
    }
    guard top.collections[likeness] == 1, let selection = top.selections[likeness] else {
      return .ambiguous(top.names[likeness])
    }
    return .wrapper(selection, leftOut: leftOut(of: top, below: likeness))
  }

  /// One entity under a name that says so, such as `{"success": true, "pattern": {…}}`: the answer
  /// to a request, whose name is no id.
  private func envelope(of top: Top, _ likeness: Int) -> DocumentShape? {
    guard likeness > 0, top.entities[likeness] == 1, top.collections[likeness] == 0,
      top.objects - top.notes.count == 1, let name = top.names[likeness].first
    else { return nil }
    let plain = Array(name.utf8).foldedName
    guard plain == nameOfOne || kindNames.contains(plain) || Self.namesOfOne.contains(plain)
    else { return nil }
    let pointer = EntityPointer(steps: [.named(Array(name.utf8))])
    return .wrapper(
      EntitySelection(pointers: [pointer]), leftOut: leftOut(of: top, below: likeness))
  }

  /// The collections that are not meant, since others look more like entities.
  private func leftOut(of top: Top, below likeness: Int) -> [String] {
    top.leftOut + top.others[..<likeness].joined()
  }

  // MARK: Members and their values

  /// Calls `body` with each member's name and the position of its value.
  ///
  /// - Parameters:
  ///   - start: The position of the object.
  ///   - body: Returns the position after the value; `nil` if there is no more to see.
  /// - Returns: The position after the object; `nil` if it breaks off or `body` returned `nil`.
  /// - Throws: ``ReadFailure``.
  private func forEachMember(
    of start: Int, _ body: ([UInt8], Int) throws(ReadFailure) -> Int?
  ) throws(ReadFailure) -> Int? {
    do throws(ReadFailure) {
      var position = try window.skipWhiteSpace(from: start + 1)
      if window.has(UInt8(ascii: "}"), at: position) { return position + 1 }
      while true {
        let name = try window.readName(at: position)
        position = try window.skipWhiteSpace(from: name.end)
        guard window.byte(at: position) != nil, let end = try body(name.text ?? [], position)
        else { return nil }
        position = try window.skipWhiteSpace(from: end)
        if window.has(UInt8(ascii: "}"), at: position) { return position + 1 }
        guard window.has(UInt8(ascii: ","), at: position) else { return nil }
        position = try window.skipWhiteSpace(from: position + 1)
      }
    } catch {
      guard case .notJSON = error else { throw error }
      return nil
    }
  }

  /// What is found out about a value: its contents, the most members that an object in it has, and
  /// the position after it; `nil` if it breaks off.
  private typealias Value = (content: Content, width: Int, end: Int?)

  private func content(at position: Int, depth: Int) throws(ReadFailure) -> Value {
    switch window.byte(at: position) {
    case UInt8(ascii: "["): try list(at: position, depth: depth)
    case UInt8(ascii: "{"): try object(at: position, depth: depth)
    default: (.other, 0, try window.resynchronize(after: position))
    }
  }

  private func list(at start: Int, depth: Int) throws(ReadFailure) -> Value {
    var position = try window.skipWhiteSpace(from: start + 1)
    if window.has(UInt8(ascii: "]"), at: position) { return (.empty, 0, position + 1) }
    var width = 0
    var likeness: Likeness?
    var ofInner: Likeness?
    var isOther = false
    var content: Content {
      let found: Content =
        likeness.map { .collection($0) } ?? ofInner.map { .remote($0) } ?? .other
      return isOther && likeness != .clear ? .ofOther(found) : found
    }
    for _ in 0..<Self.samples {
      guard window.byte(at: position) != nil else { break }
      let isObject = window.has(UInt8(ascii: "{"), at: position)
      var found: Likeness?
      let end: Int?
      if isObject {
        let object = try self.likeness(at: position)
        (found, end) = (object.likeness, object.end)
        isOther = isOther || object.isOther
        width = max(width, object.members)
      } else if depth < Self.deepest, window.has(UInt8(ascii: "["), at: position) {
        let inner = try list(at: position, depth: depth + 1)
        (width, end) = (max(width, inner.width), inner.end)
        switch inner.content.own {
        case .collection(let inner), .remote(let inner): ofInner = max(ofInner ?? .none, inner)
        case .other, .entity, .holder, .empty, .ofOther: break
        }
      } else {
        end = try window.resynchronize(after: position)
      }
      guard let end else { return (content, width, nil) }
      if let found { likeness = max(likeness ?? .none, found) }
      position = try window.skipWhiteSpace(from: end)
      if window.has(UInt8(ascii: "]"), at: position) { return (content, width, position + 1) }
      guard window.has(UInt8(ascii: ","), at: position) else { break }
      position = try window.skipWhiteSpace(from: position + 1)
      if likeness == .clear { break }
    }
    let end = try window.resynchronize(after: position, depth: 1)
    return (content, width, end)
  }

  /// How much an object looks like an entity, whether it has all that another kind requires, the
  /// number of its members, and the position after it; `nil` if it breaks off.
  private func likeness(
    at start: Int
  ) throws(ReadFailure) -> (likeness: Likeness?, isOther: Bool, members: Int, end: Int?) {
    var (fields, members) = (0, 0)
    var seen = RequiredSeen(requiredByOthers)
    let end = try forEachMember(of: start) { name, position throws(ReadFailure) in
      if matcher.role(of: name) != .unknown { fields += 1 }
      members += 1
      seen.add(name)
      return try window.resynchronize(after: position)
    }
    return (Likeness(rawValue: min(fields, 2)), seen.isOther, members, end)
  }

  /// What an object under a member holds.
  private struct Object {
    var fields = 0
    var members = 0
    var lists = 0
    var objects = 0
    /// The most members that an object in it has, and whether it looks like a record.
    var width = 0
    var record = RecordSigns()
    /// The likeness of its objects.
    var likeness = Likeness.none
    /// The members that other kinds require, and whether its objects have them.
    var seen: RequiredSeen
    var holdsOthers = false
    /// Members with entities that are not read where the collections are: those that are one, and
    /// those with some further down.
    var leftOut: [[UInt8]] = []
    /// The first collections in it, and how many there are.
    var collections: [(name: [UInt8], likeness: Likeness)] = []
    var collectionCount = 0
    var hasListOfObjects = false
    /// The likeness of the objects in the collections.
    var inner = Likeness.none

    mutating func add(_ name: [UInt8], _ likeness: Likeness, isList: Bool) {
      collectionCount += 1
      if collections.count < DocumentOutline.namedCollections {
        collections.append((name, likeness))
      }
      hasListOfObjects = hasListOfObjects || isList
      inner = max(inner, likeness)
    }

    mutating func leaveOut(_ name: [UInt8]) {
      if leftOut.count < 4 { leftOut.append(name) }
    }

    var isLikeEntity: Likeness { fields == 0 ? .none : fields == 1 ? .some : .clear }
  }

  private func object(at start: Int, depth: Int) throws(ReadFailure) -> Value {
    var object = Object(seen: RequiredSeen(requiredByOthers))
    let end = try forEachMember(of: start) { name, position throws(ReadFailure) in
      if matcher.role(of: name) != .unknown { object.fields += 1 }
      object.seen.add(name)
      let isObject = window.has(UInt8(ascii: "{"), at: position)
      let isList = window.has(UInt8(ascii: "["), at: position)
      // The outline is enough for an object that looks like an entity, and for a long dictionary.
      let isKnown =
        depth > Self.deepest || object.fields > 1
        || (object.objects > Self.samples && object.lists == 0)
      let (content, width, end) =
        isKnown
        ? (.other, 0, try window.resynchronize(after: position))
        : try self.content(at: position, depth: depth + 1)
      object.width = max(object.width, width)
      note(name, isContainer: isObject || isList, width, in: &object.record)
      object.members += end == nil ? 0 : 1
      if end != nil {
        object.objects += isObject ? 1 : 0
        object.lists += isList ? 1 : 0
      }
      if case .ofOther = content { object.holdsOthers = true }
      switch content {
      case .entity(let likeness) where end != nil,
        .ofOther(.entity(let likeness)) where end != nil:
        object.likeness = max(object.likeness, likeness)
        if likeness == .clear { object.leaveOut(name) }
      case .collection(let likeness): object.add(name, likeness, isList: isList)
      // Beside what looks like this kind, it is not meant.
      case .ofOther(.collection): object.add(name, .none, isList: isList)
      case .holder(let likeness, _, _, _) where likeness > .none,
        .remote(let likeness) where likeness > .none:
        object.leaveOut(name)
      case .other, .entity, .holder, .remote, .empty, .ofOther: break
      }
      return end
    }
    return (
      content(of: object, isWhole: end != nil), max(object.width, object.members), end
    )
  }

  private func content(of object: Object, isWhole: Bool) -> Content {
    let content = ownContent(of: object, isWhole: isWhole)
    switch content {
    case .entity(.clear): return content
    case .entity, .other: return object.seen.isOther ? .ofOther(content) : content
    case .collection(let likeness) where likeness < .clear:
      return object.seen.isOther || object.holdsOthers ? .ofOther(content) : content
    case .collection, .holder, .remote, .empty, .ofOther: return content
    }
  }

  /// The contents of an object, whether they are another kind's or not.
  private func ownContent(of object: Object, isWhole: Bool) -> Content {
    if object.fields > 0 { return .entity(object.isLikeEntity) }
    if object.members == 0, isWhole { return .empty }
    if isWhole, object.hasListOfObjects, object.inner == .none, object.likeness == .none,
      object.record.areOfRecord
    {
      return .entity(.none)
    }
    // Lists, or dictionaries unless what is in the outer one looks more like entities.
    if object.hasListOfObjects || object.inner > object.likeness {
      let isNamed = object.collectionCount <= Self.namedCollections
      func isMeant(_ likeness: Likeness) -> Bool { object.inner == .none || likeness > .none }
      guard isNamed else {
        return .holder(object.inner, [], leftOut: object.leftOut, isNamed: false)
      }
      return .holder(
        object.inner, object.collections.filter { isMeant($0.likeness) }.map(\.name),
        leftOut: object.collections.filter { !isMeant($0.likeness) }.map(\.name) + object.leftOut,
        isNamed: true)
    }
    let holdsOnlyObjects = object.objects == object.members && object.objects > 0
    if holdsOnlyObjects { return .collection(object.likeness) }
    return object.leftOut.isEmpty ? .other : .remote(.clear)
  }
}
