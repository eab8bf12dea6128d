import RMOSModels

/// The shape of an object at the top of a document.
enum DocumentShape: Equatable, Sendable {
  /// One entity.
  case entity
  /// A dictionary of entities, keyed by id.
  case dictionary
  /// An object around entities, and JSON Pointers to the first of the collections in it that are
  /// not read.
  case wrapper(EntitySelection, leftOut: [String] = [])
  /// A table of a kind's members by column, as data frames are serialized.
  case columns
  /// An object with several collections, any of which may be meant: the names of the first ones.
  case ambiguous([String])
}

/// Determines the shape of documents that are objects, in constant memory.
///
/// An object with a member of the kind is an entity. Otherwise the lists and dictionaries of
/// objects in it decide, by how much these look like entities of the kind. If the text breaks off
/// or is not JSON further on, the part before that decides, but only if it has no member of the
/// kind: a damaged entity must not be taken for a collection.
final class DocumentOutline {
  private let window: SourceWindow
  private let schema: EntitySchema
  private var matcher: MemberMatcher
  /// For each other kind, the names of the members that it requires.
  private let requiredByOthers: [[[UInt8]]]
  /// The folded names of files and collections of the kind.
  private let kindNames: [[UInt8]]
  /// The folded name of one entity of the kind.
  private let singularName: [UInt8]
  /// Whether collections that are too deep to be read count too, as in a survey.
  private let countsDeepCollections: Bool

  /// The number of objects of a collection that are examined.
  private static let samples = 64
  /// The number of levels in which entities are looked for.
  private static let maximumDepth = 6
  /// The maximum number of collections under one member that are kept by name.
  private static let namedCollections = 64
  /// Names of collections of any kind, by which collections without elements are recognized.
  private static let genericNames = [
    "items", "data", "results", "records", "entries", "rows", "list", "values", "runs", "jobs",
  ].map { Array($0.utf8) }
  /// Folded names of members that describe the document.
  private static let namesOfNotes = [
    "meta", "metadata", "info", "header", "headers", "summary", "schema", "config", "settings",
    "pagination", "paging", "links", "page", "version", "export", "source",
  ].map { Array($0.utf8) }
  /// Folded names of members that hold the rows of a table.
  private static let namesOfRows = ["data", "rows", "values", "records"].map { Array($0.utf8) }
  /// Folded names of members that hold the only entity of a document.
  static let namesOfOne = [
    "data", "result", "item", "record", "entry", "entity", "payload", "response", "value", "body",
    "job", "run", "log", "family", "fields", "attributes", "properties", "doc", "document", "row",
    "rowtojson", "node", "content", "source",
  ].map { Array($0.utf8) }
  /// Folded names of members that the answer to a request has beside its entities.
  private static let namesOfAnswers = [
    "success", "ok", "status", "code", "message", "error", "count", "total", "limit", "offset",
  ].map { Array($0.utf8) }
  /// Folded names of collections that report how the document was created.
  private static let namesOfReports = ["errors", "warnings", "messages", "log", "logs"].map {
    Array($0.utf8)
  }

  /// A table that is written as lists.
  enum Table {
    /// Rows that are lists, under a member.
    case rows(String)
    /// A list of values for each column.
    case columns
  }

  /// The shape of a document, and the places of entities in it.
  struct Findings {
    var shape: DocumentShape
    /// Whether the document is an object.
    var isObject = true
    /// Where entities may be if the document, or a member of it, was taken for an entity.
    var held: [EntityPointer] = []
    /// The table that the document is; `nil` if it is none.
    var table: Table?
    /// Where lists and dictionaries of objects are, of whatever kind.
    var collections: [EntityPointer] = []
    /// Where entities may be if the shape is ambiguous.
    var candidates: [EntityPointer] = []
    /// Whether the document has one member, which is an object.
    var isOneObject = false
  }

  /// Creates an outline for documents of a kind, which may also hold entities of other `kinds`.
  init(
    for kind: EntityKind, among kinds: [EntityKind] = [],
    limits: SourceWindow.Limits = SourceWindow.Limits(), countsDeepCollections: Bool = false,
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.countsDeepCollections = countsDeepCollections
    window = SourceWindow(limits: limits, isCancelled: isCancelled)
    schema = kind.schema
    matcher = MemberMatcher(schema: schema)
    requiredByOthers = kinds.filter { $0 != kind }.map { other in
      other.schema.fields.filter(\.isRequired).map { Array($0.member.utf8) }
    }.filter { !$0.isEmpty }
    singularName = Array(schema.singular.utf8).foldedName
    kindNames = (schema.fileNames + [schema.plural]).map { Array($0.utf8).foldedName }
  }

  /// How much an object looks like an entity of the kind: it has no member of the kind, one member,
  /// or several.
  private enum Likeness: Int, Comparable, CaseIterable {
    case none, some, clear

    /// Creates the likeness of an object with a number of members of the kind.
    init(fields: Int) { self = fields == 0 ? .none : fields == 1 ? .some : .clear }

    static func < (left: Likeness, right: Likeness) -> Bool { left.rawValue < right.rawValue }
  }

  /// The content of a member.
  private indirect enum Content {
    /// A value that is no entity and holds none.
    case other
    /// An object that looks like an entity: it has members of the kind or, if its likeness is none,
    /// values of its own beside the containers in it.
    case entity(Likeness)
    /// A list or dictionary of objects.
    case collection(Likeness)
    /// An object with nothing but an entity, under a name for one.
    case envelope(Likeness, [UInt8])
    /// An object with collections: the steps to the entities of those that are meant, and the names
    /// of those that are not.
    case holder(Likeness, [[EntityPointer.Step]], leftOut: [[UInt8]])
    /// A value that holds entities where they are not read, such as a list of lists.
    case remote(Likeness)
    /// A list or dictionary without elements.
    case empty
    /// A value with objects that have all members which another kind requires; the content is what
    /// it would be for this kind.
    case ofOther(Content)

    /// The content for this kind.
    var own: Content { if case .ofOther(let content) = self { content } else { self } }

    /// Whether entities are where they are not read.
    var isRemote: Bool { if case .remote = self { true } else { false } }
  }

  /// The members of an object that other kinds require.
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

    /// Whether the object has all members that one of the other kinds requires.
    var isOther: Bool { zip(required, seen).contains { $0.count == $1.count } }
  }

  /// The members of the document with the same likeness.
  private struct Group {
    /// The number of members that look like an entity.
    var entities = 0
    /// The number of collections and holders.
    var collections = 0
    /// The names of the first of both.
    var names: [String] = []
    /// The entities of the last collection or holder.
    var selection: EntitySelection?
    /// Pointers to the first members that are not meant if others look more like entities; not to
    /// those that describe the document.
    var others: [String] = []
    /// Where the entities are; as many as are kept.
    var places: [EntityPointer] = []
  }

  /// The members of the document that were examined so far.
  private struct Top {
    /// Whether there is a member that the kind requires.
    var hasRequired = false
    /// Whether there is a member of the kind.
    var hasField = false
    /// Whether a member that the kind has as text or a number is an object.
    var isColumns = false
    /// The number of members.
    var members = 0
    /// The number of members that are objects.
    var objects = 0
    /// The number of lists, and the first member with a name of rows that is a list of lists.
    var lists = 0
    var rows: [UInt8]?
    var record = RecordSigns()
    /// Whether the document was examined to its end.
    var isWhole = false
    /// The groups of members, by likeness.
    private(set) var groups = Likeness.allCases.map { _ in Group() }
    /// Pointers to the first members that are not meant in any case.
    var leftOut: [String] = []
    /// Pointers to the first collections that are too deep to be read.
    var remote: [String] = []
    /// Where entities may be if the object was taken for an entity.
    var held: [EntityPointer] = []
    /// The first members that look like an entity and hold some that do so more clearly, and where.
    var inEntities: [(name: String, place: EntityPointer)] = []
    /// Where lists and dictionaries of objects are; as many as are kept.
    var collections: [EntityPointer] = []
    /// The name of a collection without elements.
    var empty: [UInt8]?
    /// Objects that describe the document.
    var notes: [(name: [UInt8], likeness: Likeness)] = []

    subscript(likeness: Likeness) -> Group {
      get { groups[likeness.rawValue] }
      set { groups[likeness.rawValue] = newValue }
    }

    /// Records a member that is not meant if others look more like entities.
    mutating func leaveOut(_ name: [UInt8], _ likeness: Likeness) {
      let pointer = DocumentOutline.pointer([name])
      if !self[likeness].others.contains(pointer) { self[likeness].others.appendOfFirst(pointer) }
    }

    /// The greatest likeness of a member; `nil` if none looks like an entity or a collection.
    var likeness: Likeness? {
      Likeness.allCases.last { self[$0].entities + self[$0].collections > 0 }
    }

    /// Those of ``inEntities`` that are where the only collection has its entities, but under
    /// another member.
    var rivals: [(name: String, place: EntityPointer)] {
      guard let likeness, let selection = self[likeness].selection else { return [] }
      return inEntities.filter { inner in
        selection.pointers.contains { $0.steps.dropFirst() == inner.place.steps.dropFirst() }
      }
    }

    var onlyObjects: Bool { members > 0 && objects == members }

    /// The table that the object is.
    var table: Table? {
      if hasField { return isWhole && members > 1 && lists == members ? .columns : nil }
      return rows.map { .rows(DocumentOutline.pointer([$0])) }
    }
  }

  /// The signs by which an object without members of the kind is taken for an entity with a list of
  /// parts, or for a wrapper around a list of entities.
  private struct RecordSigns {
    /// The number of members that are neither objects nor lists, and do not describe a document.
    private var values = 0
    /// The maximum number of members of the objects in it, of those that were examined.
    private var width = 0
    /// Whether a collection has a name that collections of entities have.
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

    /// Whether the object has at least as many values of its own as each object in it has members.
    var areOfRecord: Bool { !hasCollectionOfEntities && values > 1 && values >= width }
  }

  /// Determines what a document is.
  ///
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if reading is cancelled.
  func examine(_ source: any ByteSource) throws(ReadFailure) -> Findings {
    try window.load(source)
    var top = Top()
    let start = try window.skipWhiteSpace(from: window.start)
    guard window.isObject(at: start) else { return Findings(shape: .entity, isObject: false) }
    top.isWhole =
      try forEachMember(of: start) { name, position throws(ReadFailure) in
        try take(name, at: position, into: &top)
      } != nil
    return Findings(
      shape: shape(of: top), held: top.held, table: top.table, collections: top.collections,
      candidates: Self.generalized(
        Self.meant(of: (top.likeness.map { top[$0].places } ?? []) + top.rivals.map(\.place))),
      isOneObject: top.isWhole && top.members == 1 && top.objects == 1)
  }

  /// Returns the places that are not in members which describe the document, if there are any.
  private static func meant(of places: [EntityPointer]) -> [EntityPointer] {
    let meant = places.filter { place in
      if case .named(let name)? = place.steps.first { !describesDocument(name) } else { true }
    }
    return meant.isEmpty ? places : meant
  }

  /// Determines whether a value may be an entity, or hold entities.
  ///
  /// - Parameters:
  ///   - source: The source.
  ///   - offset: The offset of the value.
  ///   - ofAnyShape: Whether entities may have no members of the kind, as with a mapping.
  /// - Returns: Whether it may; `nil` if it is a list or dictionary without elements.
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if reading is cancelled.
  func mayHoldEntities(
    _ source: any ByteSource, at offset: Int, ofAnyShape: Bool
  ) throws(ReadFailure) -> Bool? {
    try window.load(source, at: offset)
    let value = try value(at: window.start, depth: 1)
    return switch value.content {
    case .collection, .envelope, .holder, .remote, .ofOther, .entity(.clear), .entity(.none): true
    case .entity(.some): value.way != nil || ofAnyShape && value.holdsListOfObjects
    case .other: false
    case .empty: nil
    }
  }

  /// Examines a member of the document.
  ///
  /// - Returns: The position after its value; `nil` if the text breaks off in it.
  private func take(
    _ name: [UInt8], at position: Int, into top: inout Top
  ) throws(ReadFailure) -> Int? {
    let isObject = window.isObject(at: position)
    let isList = window.isList(at: position)
    let isOwnContent = noteField(name, isObject: isObject, isList: isList, &top)
    let value = try self.value(at: position, depth: 1)
    let content = value.content.own
    guard value.end != nil || Self.mayBreakOff(content) else { return nil }
    if case .ofOther(.entity(let likeness)) = value.content, !Self.describesDocument(name) {
      top.leaveOut(name, likeness)
    } else if case .ofOther(.other) = value.content, !Self.describesDocument(name) {
      top.leaveOut(name, .none)
    }
    for way in value.remote {
      top.remote.appendOfFirst(EntityPointer(steps: [.named(name)] + way.dropLast()).text)
    }
    if !isOwnContent, let place = held(by: name, content) { top.held.appendOfFirst(place) }
    if !Self.describesDocument(name), top.collections.count < Self.namedCollections {
      top.collections += value.ways.map { EntityPointer(steps: [.named(name)] + $0) }
    }
    if case .entity(let likeness) = content, let way = value.way {
      let place = EntityPointer(steps: [.named(name)] + way)
      if way.last == .any { top.held.appendOfFirst(place) }
      if likeness < .clear, !Self.describesDocument(name) {
        top.inEntities.appendOfFirst((String(decoding: name, as: UTF8.self), place))
      }
    }
    top.members += 1
    if isObject { top.objects += 1 }
    if isList {
      top.lists += 1
      if top.rows == nil, value.beginsWithList, Self.namesOfRows.contains(name.foldedName) {
        top.rows = name
      }
    }
    note(name, isContainer: isObject || isList, value.width, in: &top.record)
    add(content, name, isObject: isObject, &top)
    return value.end
  }

  /// Records whether a member of the document is one of the kind.
  ///
  /// - Returns: Whether its value is the object or list that the kind has there, such as rings, in
  ///   which objects are no entities.
  private func noteField(
    _ name: [UInt8], isObject: Bool, isList: Bool, _ top: inout Top
  ) -> Bool {
    let role = matcher.role(of: name)
    if role != .unknown { top.hasField = true }
    if case .field(let field) = role {
      if matcher.isRequired[field] { top.hasRequired = true }
      if isObject, !matcher.isJSON[field] { top.isColumns = true }
    }
    return isOwnContent(role, isObject: isObject, isList: isList)
  }

  /// Whether a value is the object or list that the kind has in a member, such as rings, in which
  /// objects are no entities.
  private func isOwnContent(
    _ role: MemberMatcher.Role, isObject: Bool, isList: Bool
  ) -> Bool {
    guard case .field(let field) = role,
      case .json(let shape, _, _) = schema.fields[field].type
    else { return false }
    return shape == .object ? isObject : isList
  }

  /// Whether content counts even if the text breaks off in it.
  private static func mayBreakOff(_ content: Content) -> Bool {
    switch content {
    case .entity, .envelope, .other, .empty, .ofOther: false
    case .collection, .holder, .remote: true
    }
  }

  /// Records a member among the signs of its object.
  private func note(
    _ name: [UInt8], isContainer: Bool, _ width: Int, in signs: inout RecordSigns
  ) {
    if isContainer {
      signs.add(containerOf: width, isNamedAsEntities: isNameOfCollection(name))
    } else {
      signs.add(value: name)
    }
  }

  /// Whether collections of entities have a name.
  private func isNameOfCollection(_ name: [UInt8]) -> Bool {
    let plain = name.foldedName
    return kindNames.contains(plain) || Self.genericNames.contains(plain)
  }

  /// Adds the content of a member to the findings.
  private func add(
    _ content: Content, _ name: [UInt8], isObject: Bool, _ top: inout Top
  ) {
    func add(_ likeness: Likeness, _ selection: EntitySelection?) {
      top[likeness].names.appendOfFirst(String(decoding: name, as: UTF8.self))
      if top[likeness].places.count < Self.namedCollections {
        top[likeness].places += selection?.pointers ?? [EntityPointer(steps: [.named(name)])]
      }
      guard let selection else {
        top[likeness].entities += 1
        return
      }
      top[likeness].collections += 1
      top[likeness].selection = selection
      if !Self.describesDocument(name) { top.leaveOut(name, likeness) }
    }
    let step = EntityPointer.Step.named(name)
    switch content {
    case .other where isObject && isNote(name, top), .empty where isObject && isNote(name, top):
      top.notes.append((name, .none))
    case .entity(let likeness) where isNote(name, top):
      top.notes.append((name, likeness))
    case .other, .ofOther: break
    case .remote(let likeness):
      if likeness > .none, !Self.describesDocument(name) {
        top.leftOut.appendOfFirst(Self.pointer([name]))
      }
    case .entity(let likeness): add(likeness, nil)
    case .collection(let likeness):
      add(likeness, EntitySelection(pointers: [EntityPointer(steps: [step, .any])]))
    case .envelope(let likeness, let inner):
      add(likeness, EntitySelection(pointers: [EntityPointer(steps: [step, .named(inner)])]))
    case .holder(let likeness, let ways, let leftOut):
      for other in leftOut where !Self.describesDocument(other) {
        top.leftOut.appendOfFirst(Self.pointer([name, other]))
      }
      add(likeness, EntitySelection(pointers: ways.map { EntityPointer(steps: [step] + $0) }))
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

  /// Whether a collection describes the document, by its name, so that it is left out silently.
  static func describesDocument(_ name: [UInt8]) -> Bool {
    Self.isNameOfNote(name) || Self.namesOfReports.contains(name.foldedName)
  }

  /// Returns where a member holds entities, if they are more likely meant than the object around
  /// them; `nil` if it holds none.
  private func held(by name: [UInt8], _ content: Content) -> EntityPointer? {
    guard !Self.describesDocument(name) else { return nil }
    switch content {
    case .collection(.clear): return EntityPointer(steps: [.named(name), .any])
    case .envelope(.clear, let inner): return EntityPointer(steps: [.named(name), .named(inner)])
    case .holder(.clear, let ways, _):
      let way = ways.count == 1 ? ways[0] : [.any, .any]
      return EntityPointer(steps: [.named(name)] + way)
    case .other, .entity, .collection, .envelope, .holder, .remote, .empty, .ofOther: return nil
    }
  }

  /// Replaces pointers that differ only in their first step, such as a key, by one.
  static func generalized(_ pointers: [EntityPointer]) -> [EntityPointer] {
    guard pointers.count > 1, let rest = pointers.first?.steps.dropFirst(),
      pointers.allSatisfy({ $0.steps.dropFirst() == rest })
    else { return pointers }
    return [EntityPointer(steps: [.any] + rest)]
  }

  fileprivate static func pointer(_ steps: [[UInt8]]) -> String {
    EntityPointer(steps: steps.map { .named($0) }).text
  }

  // MARK: The verdict

  /// Returns the shape of the document, whose members are all examined.
  private func shape(of top: Top) -> DocumentShape {
    var top = top
    if top.hasField {
      guard top.onlyObjects, top.isWhole else { return .entity }
      guard top.hasRequired else { return .dictionary }
      return top.isColumns && top.members > 1 ? .columns : .entity
    }
    // An object that looks as much like an entity as its siblings is one, whatever its name.
    let most = Likeness.allCases.last { top[$0].entities > 0 }
    let least = max(most ?? .some, .some)
    let notes = top.notes.filter { $0.likeness < least }
    for note in top.notes where note.likeness >= least {
      top[note.likeness].entities += 1
      top[note.likeness].names.appendOfFirst(String(decoding: note.name, as: UTF8.self))
    }
    guard let likeness = top.likeness else {
      if top.isWhole, top.objects == 1, !top.remote.isEmpty { return .ambiguous(top.remote) }
      if let empty = top.empty, top.isWhole, top.members > notes.count {
        return .wrapper(
          EntitySelection(pointers: [EntityPointer(steps: [.named(empty), .any])]),
          leftOut: top.leftOut)
      }
      return top.onlyObjects ? .dictionary : .entity
    }
    // A list in an entity damaged before its first member of the kind is not a collection.
    if !top.isWhole, !top.onlyObjects, likeness < .clear { return .entity }
    if let envelope = envelope(of: top, likeness, beside: notes.count) { return envelope }
    let group = top[likeness]
    if group.entities > 0, likeness > .none {
      if top.onlyObjects, notes.isEmpty { return .dictionary }
      guard group.collections == 0 else { return .ambiguous(group.names) }
      return .wrapper(
        EntitySelection(
          pointers: [EntityPointer(steps: [.any])], onlyObjects: true,
          excluded: notes.map(\.name)), leftOut: leftOut(of: top, below: likeness))
    }
    if likeness == .none {
      // An object that holds one collection and nothing else is a wrapper around it.
      if top.onlyObjects, top.members - notes.count != 1 || group.collections == 0 {
        return .dictionary
      }
      if top.record.areOfRecord || group.collections == 0 && group.entities == 1 {
        return .entity
      }
    }
    guard group.collections == 1, let selection = group.selection else {
      return .ambiguous(group.names)
    }
    let rivals = top.rivals
    guard rivals.isEmpty else { return .ambiguous(group.names + rivals.map(\.name)) }
    return .wrapper(
      selection, leftOut: leftOut(of: top, below: likeness) + top.inEntities.map(\.place.text))
  }

  /// Returns the shape of an answer to a request with one entity, such as
  /// `{"success": true, "pattern": {…}}`, in which the name of the entity is no id; `nil` for other
  /// documents.
  private func envelope(
    of top: Top, _ likeness: Likeness, beside notes: Int
  ) -> DocumentShape? {
    let group = top[likeness]
    guard likeness > .none, group.entities == 1, group.collections == 0,
      top.objects - notes == 1, let name = group.names.first, isNameOfOne(Array(name.utf8))
    else { return nil }
    let pointer = EntityPointer(steps: [.named(Array(name.utf8))])
    return .wrapper(
      EntitySelection(pointers: [pointer]), leftOut: leftOut(of: top, below: likeness))
  }

  /// Whether a name says that an entity is under it, so that it is hardly an id.
  func isNameOfOne(_ name: [UInt8]) -> Bool {
    let plain = name.foldedName
    return plain == singularName || kindNames.contains(plain) || Self.namesOfOne.contains(plain)
  }

  /// Returns the collections that are not meant, since others look more like entities.
  private func leftOut(of top: Top, below likeness: Likeness) -> [String] {
    top.leftOut + top.groups.prefix(likeness.rawValue).flatMap(\.others)
  }

  // MARK: Members and their values

  /// Calls `body` with each member's name and the position of its value.
  ///
  /// - Parameters:
  ///   - start: The position of the object.
  ///   - body: Returns the position after the value; `nil` to end.
  /// - Returns: The position after the object; `nil` if it breaks off, or `body` returns `nil`.
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

  /// A value that was examined.
  private struct Value {
    var content = Content.other
    /// The maximum number of members of an object in it.
    var width = 0
    /// The position after it; `nil` if it breaks off.
    let end: Int?
    /// The steps to the first entities in it that clearly are some, if it is an object.
    var way: [EntityPointer.Step]?
    /// The steps to the entities of the collections in it, or of itself.
    var ways: [[EntityPointer.Step]] = []
    /// The steps to the entities of the first collections in it that are too deep to be read; none
    /// unless these count.
    var remote: [[EntityPointer.Step]] = []
    /// Whether it is a list that begins with a list.
    var beginsWithList = false
    /// Whether it is an object with a list of objects.
    var holdsListOfObjects = false

    /// The steps from the value to the first entities in it, or itself, that clearly are some.
    var wayToClear: [EntityPointer.Step]? {
      switch content.own {
      case .entity(.clear): []
      case .collection(.clear): [.any]
      case .envelope(.clear, let inner): [.named(inner)]
      case .other, .entity, .collection, .envelope, .holder, .remote, .empty, .ofOther: way
      }
    }
  }

  private func value(at position: Int, depth: Int) throws(ReadFailure) -> Value {
    switch window.byte(at: position) {
    case UInt8(ascii: "["): try list(at: position, depth: depth)
    case UInt8(ascii: "{"): try object(at: position, depth: depth)
    default: Value(end: try window.resynchronize(after: position))
    }
  }

  private func list(at start: Int, depth: Int) throws(ReadFailure) -> Value {
    var position = try window.skipWhiteSpace(from: start + 1)
    if window.has(UInt8(ascii: "]"), at: position) {
      return Value(content: .empty, end: position + 1)
    }
    let beginsWithList = window.isList(at: position)
    var width = 0
    var likeness: Likeness?
    var ofInner: Likeness?
    var isOther = false
    func value(endingAt end: Int?) -> Value {
      let found: Content =
        likeness.map { .collection($0) } ?? ofInner.map { .remote($0) } ?? .other
      return Value(
        content: isOther && likeness != .clear ? .ofOther(found) : found, width: width, end: end,
        ways: likeness == nil ? [] : [[.any]], beginsWithList: beginsWithList)
    }
    for _ in 0..<Self.samples {
      guard window.byte(at: position) != nil else { break }
      let isObject = window.isObject(at: position)
      var found: Likeness?
      let end: Int?
      if isObject {
        let object = try self.likeness(at: position)
        (found, end) = (object.likeness, object.end)
        isOther = isOther || object.isOther
        width = max(width, object.members)
      } else if depth < Self.maximumDepth, window.isList(at: position) {
        let inner = try list(at: position, depth: depth + 1)
        (width, end) = (max(width, inner.width), inner.end)
        switch inner.content.own {
        case .collection(let inner), .remote(let inner): ofInner = max(ofInner ?? .none, inner)
        case .other, .entity, .envelope, .holder, .empty, .ofOther: break
        }
      } else {
        end = try window.resynchronize(after: position)
      }
      guard let end else { return value(endingAt: nil) }
      if let found { likeness = max(likeness ?? .none, found) }
      position = try window.skipWhiteSpace(from: end)
      if window.has(UInt8(ascii: "]"), at: position) { return value(endingAt: position + 1) }
      guard window.has(UInt8(ascii: ","), at: position) else { break }
      position = try window.skipWhiteSpace(from: position + 1)
      if likeness == .clear { break }
    }
    return value(endingAt: try window.resynchronize(after: position, depth: 1))
  }

  /// Returns how much an object looks like an entity, whether it has all members that another kind
  /// requires, the number of its members, and the position after it; `nil` if it breaks off.
  private func likeness(
    at start: Int
  ) throws(ReadFailure) -> (likeness: Likeness, isOther: Bool, members: Int, end: Int?) {
    var (fields, members) = (0, 0)
    var seen = RequiredSeen(requiredByOthers)
    let end = try forEachMember(of: start) { name, position throws(ReadFailure) in
      if matcher.role(of: name) != .unknown { fields += 1 }
      members += 1
      seen.add(name)
      return try window.resynchronize(after: position)
    }
    return (Likeness(fields: fields), seen.isOther, members, end)
  }

  /// An object under a member of the document.
  private struct Object {
    /// The number of members of the kind.
    var fields = 0
    /// The number of members, and of those that are lists and objects.
    var members = 0
    var lists = 0
    var objects = 0
    /// The maximum number of members of an object in it.
    var width = 0
    var record = RecordSigns()
    /// The greatest likeness of its members that are objects.
    var likeness = Likeness.none
    var seen: RequiredSeen
    /// Whether a value in it is of another kind.
    var holdsOthers = false
    /// The first members that are entities, or hold some where they are not read.
    var leftOut: [[UInt8]] = []
    /// The steps to the entities of the first collections in it that are too deep to be read, and
    /// the number of members that have such collections, if these count.
    var remote: [[EntityPointer.Step]] = []
    var remoteCount = 0
    /// The name of the last entity in it.
    var nameOfEntity: [UInt8] = []
    /// The first collections in it, with the steps to their entities, and the number of all.
    var collections: [(way: [EntityPointer.Step], name: [UInt8], likeness: Likeness)] = []
    var collectionCount = 0
    /// The steps to the first entities in it that clearly are some.
    var way: [EntityPointer.Step]?
    var hasListOfObjects = false
    /// The greatest likeness of the objects in the collections.
    var inner = Likeness.none

    mutating func add(
      _ name: [UInt8], _ likeness: Likeness, isList: Bool, _ step: EntityPointer.Step = .any
    ) {
      collectionCount += 1
      if collections.count < DocumentOutline.namedCollections {
        collections.append(([.named(name), step], name, likeness))
      }
      hasListOfObjects = hasListOfObjects || isList
      inner = max(inner, likeness)
    }

    mutating func add(remote ways: [[EntityPointer.Step]], in name: [UInt8]) {
      remoteCount += 1
      for way in ways { remote.appendOfFirst([.named(name)] + way) }
    }
  }

  private func object(at start: Int, depth: Int) throws(ReadFailure) -> Value {
    var object = Object(seen: RequiredSeen(requiredByOthers))
    let end = try forEachMember(of: start) { name, position throws(ReadFailure) in
      let role = matcher.role(of: name)
      if role != .unknown { object.fields += 1 }
      object.seen.add(name)
      let isObject = window.isObject(at: position)
      let isList = window.isList(at: position)
      // An object that looks like an entity, and a long dictionary, need no closer look.
      let isKnown =
        depth > Self.maximumDepth || object.fields > 1
        || (object.objects > Self.samples && object.lists == 0)
      let value =
        isKnown
        ? Value(end: try window.resynchronize(after: position))
        : try self.value(at: position, depth: depth + 1)
      let isWhole = value.end != nil
      object.width = max(object.width, value.width)
      note(name, isContainer: isObject || isList, value.width, in: &object.record)
      if isWhole {
        object.members += 1
        object.objects += isObject ? 1 : 0
        object.lists += isList ? 1 : 0
      }
      if case .ofOther = value.content { object.holdsOthers = true }
      if object.way == nil, !isOwnContent(role, isObject: isObject, isList: isList),
        !Self.describesDocument(name)
      {
        object.way = value.wayToClear.map { [.named(name)] + $0 }
      }
      switch value.content {
      case .entity(let likeness) where isWhole, .ofOther(.entity(let likeness)) where isWhole:
        object.likeness = max(object.likeness, likeness)
        object.nameOfEntity = name
        if likeness == .clear || value.way != nil { object.leftOut.appendOfFirst(name) }
      case .collection(let likeness): object.add(name, likeness, isList: isList)
      case .envelope(let likeness, let inner):
        object.add(name, likeness, isList: false, .named(inner))
      // A collection of another kind counts only if none looks like this kind.
      case .ofOther(.collection): object.add(name, .none, isList: isList)
      case .ofOther(.envelope(_, let inner)):
        object.add(name, .none, isList: false, .named(inner))
      case .holder(let likeness, let ways, _) where likeness > .none:
        object.leftOut.appendOfFirst(name)
        if countsDeepCollections { object.add(remote: ways, in: name) }
      case .remote(let likeness) where likeness > .none:
        object.leftOut.appendOfFirst(name)
        if countsDeepCollections { object.add(remote: value.remote, in: name) }
      case .other, .entity, .holder, .remote, .empty, .ofOther: break
      }
      return value.end
    }
    let content = content(of: object, isWhole: end != nil)
    var ways: [[EntityPointer.Step]] = []
    switch content.own {
    case .collection: ways = [[.any]]
    case .holder(_, let meant, _):
      let all = object.collections.map(\.way).filter { $0.last == .any }
      ways = object.collectionCount > all.count ? meant : all
    case .entity(.some): ways = object.way.map { [$0] } ?? []
    case .other, .entity, .envelope, .remote, .empty, .ofOther: break
    }
    return Value(
      content: content, width: max(object.width, object.members), end: end, way: object.way,
      ways: ways, remote: content.isRemote ? object.remote : [],
      holdsListOfObjects: object.hasListOfObjects)
  }

  /// Returns the content that an object is, of this kind or another.
  private func content(of object: Object, isWhole: Bool) -> Content {
    let content = ownContent(of: object, isWhole: isWhole)
    switch content {
    case .entity(.clear): return content
    case .entity, .other: return object.seen.isOther ? .ofOther(content) : content
    case .collection(let likeness) where likeness < .clear,
      .envelope(let likeness, _) where likeness < .clear:
      return object.seen.isOther || object.holdsOthers ? .ofOther(content) : content
    case .collection, .envelope, .holder, .remote, .empty, .ofOther: return content
    }
  }

  /// Returns the content that an object is for this kind.
  private func ownContent(of object: Object, isWhole: Bool) -> Content {
    if object.fields > 0 { return .entity(Likeness(fields: object.fields)) }
    if object.members == 0, isWhole { return .empty }
    if isWhole, object.hasListOfObjects, object.inner == .none, object.likeness == .none,
      object.record.areOfRecord
    {
      return .entity(.none)
    }
    // Lists, or dictionaries whose objects look more like entities than the object's members do.
    if object.hasListOfObjects || object.inner > object.likeness {
      guard object.collectionCount <= Self.namedCollections else {
        return .holder(object.inner, [[.any, .any]], leftOut: object.leftOut)
      }
      func isMeant(_ likeness: Likeness) -> Bool { object.inner == .none || likeness > .none }
      return .holder(
        object.inner, object.collections.filter { isMeant($0.likeness) }.map(\.way),
        leftOut: object.collections.filter { !isMeant($0.likeness) }.map(\.name) + object.leftOut)
    }
    let holdsOnlyObjects = object.objects == object.members && object.objects > 0
    if holdsOnlyObjects, isWhole, object.members == 1, object.likeness > .none,
      isNameOfOne(object.nameOfEntity)
    {
      return .envelope(object.likeness, object.nameOfEntity)
    }
    // Objects around collections are no entities.
    if holdsOnlyObjects, object.remoteCount < object.objects {
      return .collection(object.likeness)
    }
    return object.leftOut.isEmpty ? .other : .remote(.clear)
  }
}

extension Array {
  /// Appends an element if it is one of the first four, of which messages name three.
  fileprivate mutating func appendOfFirst(_ element: @autoclosure () -> Element) {
    if count < 4 { append(element()) }
  }
}
