import RMOSModels

/// Reads the entities of one document: a single one, a list, a dictionary, a wrapper around these
/// or, with a ``LinesReader``, one per line.
///
/// Entities are appended to the builder in order, in constant memory. Everything found becomes an
/// entry: text that cannot be parsed is an entry that failed.
final class DocumentReader {
  private let window: SourceWindow
  private let builder: SourceBatchBuilder
  private let isCancelled: () -> Bool
  /// The outline for documents of the kind that was read last.
  private var outline: (kind: EntityKind, outline: DocumentOutline)?
  private var state = State()
  private let catalog: EntityCatalog

  /// What is known of the document being read.
  private struct State {
    /// The member or element being read.
    var item: Item?
    /// The position of the document's first token, once known.
    var firstToken: Int?
    /// Whether a selection led to a collection, even an empty or a wrong one.
    var hasSelected = false
    /// Whether pointers to entities of another kind lead into the document.
    var hasOthers = false
    /// Whether it was noted that the name of a member became the id of the entity in it.
    var hasNotedName = false
    /// Where entities may be in what is read as one itself.
    var heldInItems: [EntityPointer] = []
    /// Pointers to the first values that may hold entities but that no pointer of the mapping leads
    /// to.
    var missed: [String] = []
    /// Pointers to the first values around the entities that are kept nowhere.
    var notKept: [String] = []
    /// The number of values that were examined for ``missed``.
    var examined = 0
  }

  /// The maximum number of values that are examined for ``State/missed``.
  private static let maximumExamined = 64
  /// The number of pointers that are kept for a message, one more than it names.
  private static let maximumPointers = 4

  /// A member or element.
  private struct Item {
    /// Where it begins in the text.
    let position: Int
    /// Where it begins in the file.
    let offset: Int
    /// The text with which the rest of the document, from here on, is a document of its own.
    let opening: String
  }

  init(
    catalog: EntityCatalog, limits: SourceWindow.Limits = SourceWindow.Limits(),
    into builder: SourceBatchBuilder, isCancelled: @escaping () -> Bool = { false }
  ) {
    self.catalog = catalog
    window = SourceWindow(limits: limits, isCancelled: isCancelled)
    self.builder = builder
    self.isCancelled = isCancelled
  }

  /// The number of bytes read of the document.
  var bytesRead: Int { window.bytesRead }

  /// Reads one document.
  ///
  /// - Parameters:
  ///   - source: The document's bytes.
  ///   - format: The document's format.
  ///   - selection: The values that are entities, in a document that is one value; `nil` to detect
  ///     them. A selected value that is not an object is an entry that failed.
  /// - Throws: ``ReadFailure/system(_:)``; ``ReadFailure/stopped`` if the consumer wants no more.
  func read(
    _ source: any ByteSource, as format: SourcePath.Format,
    selecting selection: EntitySelection? = nil
  ) throws(ReadFailure) {
    state = State()
    defer { window.release() }
    do throws(ReadFailure) {
      try window.load(source)
      builder.countBytes(of: window)
      if let complaint = window.encodingComplaint {
        if !builder.answersForDocument { return }
        try builder.fail(
          .inputEncoding, complaint, at: window.place(at: window.start), span: .file)
      } else {
        switch format {
        case .lines:
          var lines = LinesReader(window, into: builder)
          try lines.read()
        case .json: try readDocument(builder.isInDirectoryOfLines ? nil : selection)
        }
      }
    } catch {
      guard case .notJSON(let error) = error else { throw error }
      // The items before the current one have been read.
      try fail(error, span: state.item.map(rest) ?? .file)
    }
  }

  // MARK: Failures

  /// Appends an entry that failed because its text is not JSON.
  private func fail(
    _ error: JSONScanError, locator: RecordBatch.EntryLocator = .none, span: RejectedSpan
  ) throws(ReadFailure) {
    state.hasSelected = true
    // Every kind that reads the document meets the error, but only one of them reports it.
    if !builder.answersForDocument { return }
    let (code, message, _) = try window.describe(error, from: state.firstToken)
    try builder.fail(
      code, message, at: window.place(at: error.offset), locator: locator, span: span)
  }

  /// Returns the rest of a collection that broke off in an item.
  ///
  /// If the rest begins with a closing bracket, an empty list before it keeps it from being read as
  /// data.
  private func rest(from item: Item) -> RejectedSpan {
    let closes =
      window.has(UInt8(ascii: "]"), at: item.position)
      || window.has(UInt8(ascii: "}"), at: item.position)
    return .rest(offset: item.offset, opening: closes ? "[]" : item.opening)
  }

  /// Skips a member or element whose content is not looked at, and appends its failure.
  ///
  /// - Returns: The position after it; `nil` if the text ends first.
  private func skipRefused(
    from position: Int, beginning start: RecordBatch.SourcePlace,
    within containers: RejectedSpan.Containers? = nil,
    _ code: IssueCode, _ message: String, at place: RecordBatch.SourcePlace,
    locator: RecordBatch.EntryLocator = .none
  ) throws(ReadFailure) -> Int? {
    let end = try window.resynchronize(after: position)
    let offset = end.map { window.place(at: $0).offset }
    try builder.failItem(
      code, message, at: place, locator: locator,
      span: .item(offset: start.offset, end: offset, within: containers))
    return end
  }

  // MARK: Documents

  private func readDocument(_ selection: EntitySelection?) throws(ReadFailure) {
    let start = try window.skipWhiteSpace(from: window.start)
    state.firstToken = start
    let place = window.place(at: start)
    let isContainer = window.isContainer(at: start)
    if let selection, isContainer, !selection.pointers.contains(where: \.steps.isEmpty) {
      builder.isSelecting = true
      try readCollection(from: start, .selected(selection))
      builder.isSelecting = false
      if state.hasSelected { return noteRest(of: selection) }
      guard builder.isMapping, let source = window.source else { return }
      if state.hasOthers || !builder.answersForDocument { return }
      // The pointers lead nowhere, so the mapping expects another shape.
      state.notKept = []
      try window.load(source)
      return try readDocument(nil)
    }
    if !builder.answersForDocument, !isContainer { return }
    switch window.byte(at: start) {
    case nil where window.endsInBadEncoding:
      try builder.fail(.inputEncoding, SourceWindow.badUTF16, at: place, span: .file)
    case nil:
      try builder.fail(
        .inputEmpty, "the file is empty; expected an entity, a list or a dictionary", at: place,
        span: .file)
    case UInt8(ascii: "["): try readCollection(from: start, .list)
    case UInt8(ascii: "{"): try readObject(from: start)
    default:
      let advice = try window.adviceIfQuotedJSON(at: start)
      guard let (end, kind) = try window.skipValue(at: start) else {
        return try builder.fail(.inputTooLarge, window.tooLarge, at: place, span: .file)
      }
      guard try readEnd(from: end) else { return }
      try builder.fail(
        .shapeNotObject,
        "the file holds \(kind.name); expected an entity, a list or a dictionary of entities"
          + advice,
        at: place, span: .file)
    }
  }

  /// Checks that nothing but white space follows; anything else is a failure.
  ///
  /// - Parameters:
  ///   - position: Where the document ended.
  ///   - locator: The locator of the failure.
  ///   - isCollection: Whether the document's entities were read, so that only the text after them
  ///     failed.
  /// - Returns: Whether nothing else follows.
  /// - Throws: ``ReadFailure``.
  @discardableResult private func readEnd(
    from position: Int, locator: RecordBatch.EntryLocator = .none, isCollection: Bool = false
  ) throws(ReadFailure) -> Bool {
    let end = try window.skipWhiteSpace(from: position)
    if end == window.end, !window.endsInBadEncoding { return true }
    try fail(
      window.scanner(at: end).unexpected(.end), locator: locator,
      span: isCollection ? .rest(offset: window.place(at: end).offset, opening: "[]") : .file)
    return false
  }

  /// Reads a document that is an object: an entity, a dictionary of entities or a wrapper.
  private func readObject(from start: Int) throws(ReadFailure) {
    let place = window.place(at: start)
    let before = builder.mark
    var found: DocumentOutline.Findings?
    do throws(ReadFailure) {
      var result = try readEntity(at: start, place, mayHoldEntities: true)
      if case .undecided = result {
        found = try examine()
        if found?.shape == .entity { result = try readEntity(at: start, place) }
      }
      switch result {
      case .entity(let end):
        // Text after the entity makes the whole file invalid.
        let rest = try window.skipWhiteSpace(from: end)
        if rest < window.end || window.endsInBadEncoding {
          throw .notJSON(window.scanner(at: rest).unexpected(.end))
        }
        // Before the batch is passed on, so that only one of the two takes much memory at a time.
        window.release()
        if let error = builder.firstErrorOfLastEntry(since: before) {
          if found == nil { found = try examine() }
          if let table = found?.table {
            explain(issueAt: error, as: table)
          } else if builder.lastEntryLacksMember {
            explain(issueAt: error, holding: found?.held ?? [])
          }
        }
        return try builder.emitIfFull()
      case .tooLarge:
        return try builder.fail(.inputTooLarge, window.tooLarge, at: place, span: .file)
      case .undecided: break
      }
    } catch {
      guard case .notJSON(let syntaxError) = error else { throw error }
      // Nothing of the document was emitted yet: only entries of collections are emitted earlier.
      builder.rollBack(to: before)
      let found = try examine()
      guard found.shape != .entity, let source = window.source else {
        return try fail(syntaxError, span: .file)
      }
      try window.load(source)
      return try readContent(found, from: window.skipWhiteSpace(from: window.start), place)
    }
    if let found { try readContent(found, from: start, place) }
  }

  /// Says that a document which was read as an entity, and failed, is a table.
  private func explain(issueAt position: Int, as table: DocumentOutline.Table) {
    let what =
      switch table {
      case .rows(let place):
        "a table whose rows, in \(Violation.quoted(place)), are lists of values"
      case .columns: "a table that has a list of values for each column"
      }
    builder.explain(
      issueAt: position,
      "; the file looks like \(what): write one object per row, with the columns as its members "
        + "(pandas: orient=\"records\")")
  }

  /// Adds to an issue of a document, or a member of it, that was read as one entity where else
  /// entities may be.
  private func explain(
    issueAt position: Int, holding held: [EntityPointer], in what: String = "the file"
  ) {
    guard !held.isEmpty else { return }
    let kind = builder.kind.schema
    builder.explain(
      issueAt: position,
      "; \(what) is read as one \(kind.singular), because it has a member of one; if the "
        + "\(kind.plural) are those at \(Self.text(of: held.map(\.text))), say so in a mapping as \"entities\""
    )
  }

  /// Reads a document that is an object and not an entity.
  private func readContent(
    _ found: DocumentOutline.Findings, from start: Int, _ place: RecordBatch.SourcePlace
  ) throws(ReadFailure) {
    state.heldInItems = found.held
    try findPlacesOfOthers()
    switch found.shape {
    case .entity, .dictionary: try readCollection(from: start, .dictionary)
    case .wrapper(let selection, let leftOut):
      defer { noteWrapper(selection, leftOut) }
      try readCollection(from: start, .selected(selection))
    case .ambiguous(let names) where names.count > 1 && Set(names).count == 1:
      try builder.fail(
        .jsonDuplicateKey,
        "the file has several members named \(Violation.quoted(names[0])); merge them into one",
        at: place, span: .file)
    case .ambiguous(let names):
      try builder.fail(
        .shapeAmbiguous,
        "the file holds several collections that may be meant (\(Self.text(of: names))"
          + "); split it into a file each, or say in a mapping where the entities are",
        at: place, span: .file)
    case .columns:
      try builder.fail(
        .shapeNotObject,
        "the file holds a column-oriented table (the pandas default); write one object per row "
          + "(orient=\"records\")", at: place, span: .file)
    }
  }

  /// Returns the first of some names, for messages.
  private static func text(of names: [String]) -> String {
    names.prefix(3).map { Violation.quoted($0) }.joined(separator: ", ")
      + (names.count > 3 ? " and others" : "")
  }

  /// Returns the pointers of a selection, for messages.
  private static func text(of selection: EntitySelection) -> String {
    let texts = selection.pointers.prefix(3).map { Violation.quoted($0.text) }
    let more = selection.pointers.count - texts.count
    return texts.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  /// Says what was not read of a document in which a mapping selects the entities.
  private func noteRest(of selection: EntitySelection) {
    if !state.missed.isEmpty {
      builder.note(
        .warning, .shapeWrapper,
        "the mapping reads other entities of the file, but not those at "
          + "\(Self.text(of: state.missed)); add a rule for them if they are meant" + notKept)
    } else if !state.notKept.isEmpty {
      builder.note(
        .info, .shapeWrapper,
        "the mapping reads the entities of the file at \(Self.text(of: selection))" + notKept)
    }
  }

  /// Says where the entities of a wrapper were read, and what was not read.
  private func noteWrapper(_ selection: EntitySelection, _ leftOut: [String]) {
    let read = "the file is an object around entities, read at \(Self.text(of: selection))"
    if !leftOut.isEmpty {
      builder.note(
        .warning, .shapeWrapper,
        read + ", but not at \(Self.text(of: leftOut)); move what is there to a file of its own, "
          + "or say in a mapping where the entities are" + notKept)
    } else if builder.answersForDocument {
      // Once a file, though several kinds may read it.
      builder.note(.info, .shapeWrapper, read + notKept)
    }
  }

  /// The end of a message that names the values which are kept nowhere.
  private var notKept: String {
    state.notKept.isEmpty ? "" : "; not kept: \(Self.text(of: state.notKept))"
  }

  /// Determines where other kinds find entities, if they read what this kind leaves or the reverse.
  private func findPlacesOfOthers() throws(ReadFailure) {
    for sharer in builder.sharing?.sharers ?? [] where sharer.isWithoutRules {
      switch try examine(by: newOutline(for: sharer.kind)).shape {
      case .dictionary:
        builder.foundByOthers[sharer.kind] = EntitySelection(pointers: [
          EntityPointer(steps: [.any])
        ])
      case .wrapper(let selection, _): builder.foundByOthers[sharer.kind] = selection
      case .entity, .ambiguous, .columns: continue
      }
    }
  }

  /// Determines what the document is by its outline.
  private func examine() throws(ReadFailure) -> DocumentOutline.Findings {
    try examine(by: outlineOfKind())
  }

  private func examine(by outline: DocumentOutline) throws(ReadFailure) -> DocumentOutline.Findings
  {
    guard let source = window.source else { return DocumentOutline.Findings(shape: .entity) }
    var found = try outline.examine(source)
    // Rejects of entities from dictionaries are objects with one member, whose name is the id.
    if builder.isInDirectoryOfFile, found.isOneObject { found.shape = .dictionary }
    return found
  }

  private func outlineOfKind() -> DocumentOutline {
    if let outline, outline.kind == builder.kind { return outline.outline }
    let new = newOutline(for: builder.kind)
    outline = (builder.kind, new)
    return new
  }

  private func newOutline(for kind: EntityKind) -> DocumentOutline {
    DocumentOutline(
      for: kind, among: catalog.kinds, limits: window.limits, isCancelled: isCancelled)
  }

  /// The result of reading an object.
  private enum ObjectResult {
    /// The object is an entity of the batch, and ends before the position.
    case entity(end: Int)
    /// The object may hold entities; nothing was read.
    case undecided
    case tooLarge
  }

  /// Reads an object into the batch.
  private func readEntity(
    at position: Int, _ place: RecordBatch.SourcePlace,
    locator: RecordBatch.EntryLocator = .none, key: RecordBatch.TextSpan? = nil,
    mayHoldEntities: Bool = false
  ) throws(ReadFailure) -> ObjectResult {
    while true {
      let failure: JSONScanError
      do throws(JSONScanError) {
        var scanner = window.scanner(at: position)
        let before = builder.mark
        let form = try builder.append(
          &scanner, locator: locator, key: key, place: place, encoding: window.encoding,
          mayHoldEntities: mayHoldEntities)
        if form == .undecided { return .undecided }
        let end = scanner.position
        if end - position <= window.limits.entity { return .entity(end: end) }
        builder.rollBack(to: before)
        return .tooLarge
      } catch {
        failure = error
      }
      guard failure.reason == .unexpectedEnd, !window.isComplete else { throw .notJSON(failure) }
      // An object of more than half a chunk may hold entities, which must be streamed.
      if mayHoldEntities, window.end - position > window.limits.chunk / 2 { return .undecided }
      guard try window.readsOn(after: failure, from: position) else { return .tooLarge }
    }
  }

  // MARK: Collections

  /// The place of a value in the document.
  private struct Place {
    /// The JSON Pointer to the value.
    var pointer: [UInt8] = []
    /// The same pointer with `*` for the steps that a `*` matches.
    var general = ""

    /// Returns the place of a member or element of the value.
    func appending(_ name: [UInt8], isAny: Bool) -> Place {
      var place = self
      JSONPointer.append(name, to: &place.pointer)
      place.general += isAny ? "/*" : JSONPointer.to(String(decoding: name, as: UTF8.self))
      return place
    }
  }

  /// A container on the way to entities.
  private struct Level {
    /// The remaining steps from here, by pointer.
    var pointers: [ArraySlice<EntityPointer.Step>]
    /// Whether values that are not objects are skipped.
    var onlyObjects = false
    /// The names of members that are skipped.
    var excluded: [[UInt8]] = []
    /// The key in the nearest enclosing dictionary whose members a `*` matches.
    var key: [UInt8]?
    /// The place of the container; `nil` if locators are bare keys and indexes.
    var place: Place?
    /// The members that a pointer names and that have been read.
    var named: [[UInt8]] = []
    /// The containers on the way to an item, this one included.
    var containers: RejectedSpan.Containers
    /// The text with which the rest of the document, from an item on that no pointer leads to, is a
    /// document of its own.
    var openingAside: String

    /// A document that is a list of entities.
    static let list = Level(
      pointers: [[.any]], containers: none.around(list: true), openingAside: "[")
    /// A document that is a dictionary of entities.
    static let dictionary = Level(
      pointers: [[.any]], containers: none.around(list: false), openingAside: "{")
    private static let none = RejectedSpan.Containers(opening: "", closing: "")

    /// Creates the level of a document whose entities are given by a selection.
    static func selected(_ selection: EntitySelection) -> Level {
      Level(
        pointers: selection.pointers.map { $0.steps[...] }, onlyObjects: selection.onlyObjects,
        excluded: selection.excluded, place: Place(), containers: none, openingAside: "")
    }

    /// Returns the role of the item with a name or index.
    func next(_ name: some Collection<UInt8>, isContainer: Bool, isObject: Bool) -> Next {
      if onlyObjects, !isObject { return .aside }
      if excluded.contains(where: { $0.elementsEqual(name) }) { return .aside }
      var rest: [ArraySlice<EntityPointer.Step>] = []
      for steps in pointers where steps.first?.matches(name) == true {
        if steps.count == 1 { return .entity(isKeyed: steps.first == .any) }
        rest.append(steps.dropFirst())
      }
      return rest.isEmpty || !isContainer ? .aside : .level(rest)
    }
  }

  /// The role of an item of a container.
  private enum Next {
    /// An entity; `isKeyed` if a `*` matches its name, which then may be its id.
    case entity(isKeyed: Bool)
    /// A container on the way to entities.
    case level([ArraySlice<EntityPointer.Step>])
    /// A value that is not read.
    case aside
  }

  /// Reads a document that is a container of entities.
  private func readCollection(from start: Int, _ level: Level) throws(ReadFailure) {
    var level = level
    let isList = window.isList(at: start)
    if level.place != nil {
      level.containers = level.containers.around(list: isList)
      // With an empty collection before it, the rest is read as a wrapper and not as an entity.
      level.openingAside = isList ? "[" : "{\"\(builder.kind.table)\":[],"
    }
    guard let (end, count) = try readItems(from: start, level) else { return }
    state.item = nil
    let isPlainList = isList && level.place == nil
    try readEnd(
      from: end, locator: isPlainList ? .index(count) : .none, isCollection: true)
  }

  /// Reads the items of a container.
  ///
  /// - Returns: The position after the container, and the number of items; `nil` if the container
  ///   breaks off, which is then a failure in the batch.
  private func readItems(
    from start: Int, _ level: Level
  ) throws(ReadFailure) -> (end: Int, count: Int)? {
    if level.pointers.contains(where: { $0.allSatisfy { $0 == .any } }) { state.hasSelected = true }
    let isList = window.isList(at: start)
    let closing = isList ? UInt8(ascii: "]") : UInt8(ascii: "}")
    var level = level
    var position = try window.skipWhiteSpace(from: start + 1)
    var count = 0
    if window.has(closing, at: position) { return (position + 1, 0) }
    while true {
      let end =
        try isList
        ? readElement(count, at: position, level) : readMember(count, at: position, &level)
      guard let end else { return nil }
      count += 1
      position = try window.skipWhiteSpace(from: end)
      if window.has(closing, at: position) { return (position + 1, count) }
      guard window.has(UInt8(ascii: ","), at: position) else {
        let broken = item(at: position, level.containers.opening)
        try fail(
          window.scanner(at: position).unexpected(isList ? .commaOrBracket : .commaOrBrace),
          locator: isList ? locator(ofElement: count, level) : .none, span: rest(from: broken))
        return nil
      }
      position = try window.skipWhiteSpace(from: position + 1)
    }
  }

  private func item(at position: Int, _ opening: String) -> Item {
    Item(position: position, offset: window.place(at: position).offset, opening: opening)
  }

  private func locator(ofElement index: Int, _ level: Level) -> RecordBatch.EntryLocator {
    guard level.place != nil else { return .index(index) }
    return locator(of: String(index).utf8, key: nil, level)
  }

  private func locator(
    of step: some Sequence<UInt8>, key: RecordBatch.TextSpan?, _ level: Level
  ) -> RecordBatch.EntryLocator {
    var pointer = level.place?.pointer ?? []
    JSONPointer.append(step, to: &pointer)
    return .pointer(builder.intern(pointer), key: key)
  }

  /// Reads the element of a list at an index.
  ///
  /// - Returns: The position after the element; `nil` if the list breaks off in it.
  private func readElement(
    _ index: Int, at position: Int, _ level: Level
  ) throws(ReadFailure) -> Int? {
    state.item = item(at: position, level.containers.opening)
    if level.place == nil {
      return try readEntityItem(at: position, locator: .index(index), key: nil)
    }
    let name = Array(String(index).utf8)
    noteOthers(name, level)
    switch next(name, at: position, level) {
    case .entity:
      builder.collectionKey = level.key
      return try readEntityItem(
        at: position, locator: locator(ofElement: index, level), key: nil)
    case .level(let pointers):
      return try readLevel(name, opening: "", pointers, key: level.key, at: position, level)
    case .aside:
      state.item = item(at: position, level.openingAside)
      try noteAside(name, isElement: true, at: position, level)
      return try window.skipLongValue(at: position)
    }
  }

  /// The number of the first members of an object whose names are looked at, if they become ids.
  private static let namesExamined = 64

  /// Reads the member of an object at a position among the members: its name and its value.
  ///
  /// - Returns: The position after the member; `nil` if the object breaks off within it.
  private func readMember(
    _ number: Int, at start: Int, _ level: inout Level
  ) throws(ReadFailure) -> Int? {
    let place = window.place(at: start)
    state.item = Item(position: start, offset: place.offset, opening: level.containers.opening)
    let name = try window.readName(at: start)
    let position = try window.skipWhiteSpace(from: name.end)
    guard let text = name.text else {
      guard level.place == nil else { return try window.skipLongValue(at: position) }
      return try skipRefused(
        from: position, beginning: place, within: level.containers, .jsonSyntax,
        "the key holds an escaped surrogate without its partner, which is not valid text; "
          + "write the character itself", at: place)
    }
    if level.place == nil {
      let key = builder.intern(text)
      return try readEntityItem(
        at: position, locator: .key(key), key: key, named: number < Self.namesExamined ? text : nil)
    }
    noteOthers(text, level)
    // Without a mapping, the outline decides whether members at the top can be read.
    if builder.isMapping || level.place?.pointer.isEmpty == false,
      level.pointers.contains(where: { $0.first == .named(text) })
    {
      if level.named.contains(text) {
        if !reports(level) { return try window.skipLongValue(at: position) }
        let name = Violation.quoted(String(decoding: text, as: UTF8.self))
        return try skipRefused(
          from: position, beginning: place, within: level.containers, .jsonDuplicateKey,
          "several members are named \(name); merge them into one", at: place,
          locator: locator(of: text, key: nil, level))
      }
      level.named.append(text)
    }
    switch next(text, at: position, level) {
    case .entity(let isKeyed):
      builder.collectionKey = level.key
      let key = isKeyed ? builder.intern(text) : nil
      return try readEntityItem(
        at: position, locator: locator(of: text, key: key, level), key: key,
        named: isKeyed && number < Self.namesExamined ? text : nil)
    case .level(let pointers):
      var writer = JSONWriter()
      writer.string(String(decoding: text, as: UTF8.self))
      let isAny = level.pointers.contains { $0.first == .any }
      return try readLevel(
        text, opening: writer.text + ":", pointers, key: isAny ? text : level.key, at: position,
        level)
    case .aside:
      state.item = Item(position: start, offset: place.offset, opening: level.openingAside)
      try noteAside(text, at: position, level)
      return try window.skipLongValue(at: position)
    }
  }

  /// Records a value that no pointer leads to, so that it is kept nowhere, unless it is empty.
  private func noteAside(
    _ name: [UInt8], isElement: Bool = false, at position: Int, _ level: Level
  ) throws(ReadFailure) {
    if state.notKept.count == Self.maximumPointers, !builder.isMapping { return }
    if window.has(UInt8(ascii: "n"), at: position) { return }
    let place = (level.place ?? Place()).appending(name, isAny: isElement)
    let isKnown = state.notKept.contains(place.general) || state.missed.contains(place.general)
    if isKnown || !reports(level) { return }
    let isOfOthers = builder.sharing?.sharers.contains { sharer in
      sharer.pointers.contains { $0.leads(through: place.pointer) }
    }
    if isOfOthers == true { return }
    var mayHoldEntities = false
    if window.isContainer(at: position) {
      guard state.examined < Self.maximumExamined, let source = window.source else { return }
      state.examined += 1
      guard
        let mayHold = try outlineOfKind().mayHoldEntities(
          source, at: window.place(at: position).offset, ofAnyShape: builder.isMapping)
      else { return }
      mayHoldEntities = mayHold && !DocumentOutline.describesDocument(name)
    }
    if !mayHoldEntities {
      if state.notKept.count < Self.maximumPointers { state.notKept.append(place.general) }
    } else if builder.isMapping, state.missed.count < Self.maximumPointers {
      state.missed.append(place.general)
    }
  }

  /// Whether this kind, of those that read through a container, reports what none of them reads.
  private func reports(_ level: Level) -> Bool {
    guard let sharing = builder.sharing else { return true }
    guard let pointer = level.place?.pointer, !pointer.isEmpty else {
      return sharing.answersForDocument
    }
    return !sharing.sharers.contains { sharer in
      sharer.takesPrecedence
        && (sharer.isWithoutRules || sharer.pointers.contains { $0.leads(through: pointer) })
    }
  }

  /// Records whether an item at the top is on the way to entities of another kind.
  private func noteOthers(_ name: [UInt8], _ level: Level) {
    guard let sharing = builder.sharing, level.place?.pointer.isEmpty == true, !state.hasOthers
    else {
      return
    }
    state.hasOthers = sharing.concerns(name)
  }

  private func next(_ name: [UInt8], at position: Int, _ level: Level) -> Next {
    let isObject = window.isObject(at: position)
    return level.next(
      name, isContainer: isObject || window.isList(at: position), isObject: isObject)
  }

  /// Reads a container on the way to entities.
  private func readLevel(
    _ name: [UInt8], opening: String, _ pointers: [ArraySlice<EntityPointer.Step>],
    key: [UInt8]?, at position: Int, _ level: Level
  ) throws(ReadFailure) -> Int? {
    let containers = level.containers.around(opening, list: window.isList(at: position))
    let isAny = level.pointers.contains { $0.first == .any }
    let next = Level(
      pointers: pointers, key: key, place: (level.place ?? Place()).appending(name, isAny: isAny),
      containers: containers, openingAside: containers.opening)
    return try readItems(from: position, next)?.end
  }

  /// Notes that the entity just read has no id but the name of its member, if that is a name for an
  /// entity rather than one of it.
  private func noteName(_ name: [UInt8]) {
    guard !state.hasNotedName, !builder.lastEntryHasOwnID, !builder.isInDirectoryOfFile,
      outlineOfKind().isNameOfOne(name)
    else { return }
    state.hasNotedName = true
    let name = String(decoding: name, as: UTF8.self)
    builder.note(
      .warning, .shapeWrapper,
      "an entity without an id has the name of its member, \(Violation.quoted(name)), as its id, "
        + "which another may have too; give it an id, or say in a mapping where the entities are")
  }

  /// Says where entities may be in an entity of a dictionary or wrapper that failed.
  private func explainLastEntry(
    since mark: RecordBatch.Mark, _ locator: RecordBatch.EntryLocator
  ) {
    guard let error = builder.firstErrorOfLastEntry(since: mark), builder.lastEntryLacksMember
    else { return }
    let place = builder.pointer(of: locator)
    explain(
      issueAt: error, holding: state.heldInItems.filter { $0.text.hasPrefix(place + "/") },
      in: "what \(Violation.quoted(place)) holds")
  }

  /// Says what to do about a list in place of an entity: a row of a table, or a list of entities.
  private func advice(forListAt position: Int, to end: Int) -> String {
    let first = unsafe window.bytes(position + 1..<end).first { !" \t\r\n".utf8.contains($0) }
    return switch first {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "]"):
      "; put the entities into one list, without nested lists"
    default:
      "; if it is the row of a table, write one object per row, with the columns as its members"
    }
  }

  /// Reads a value that should be an entity; `name` is that of its member, if that is to be looked
  /// at.
  ///
  /// - Returns: The position after the value; `nil` if the collection breaks off in it, which is
  ///   then a failure in the batch.
  private func readEntityItem(
    at position: Int, locator: RecordBatch.EntryLocator, key: RecordBatch.TextSpan?,
    named name: [UInt8]? = nil
  ) throws(ReadFailure) -> Int? {
    let place = window.place(at: position)
    let before = builder.mark
    state.hasSelected = true
    do throws(ReadFailure) {
      if window.isObject(at: position) {
        if case .entity(let end) = try readEntity(
          at: position, place, locator: locator, key: key)
        {
          if let name, builder.mark.entryCount > before.entryCount { noteName(name) }
          if !state.heldInItems.isEmpty { explainLastEntry(since: before, locator) }
          try builder.emitIfFull()
          return end
        }
      } else {
        let advice = try window.adviceIfQuotedJSON(at: position)
        if let (end, kind) = try window.skipValue(at: position) {
          let hint = kind == .array ? self.advice(forListAt: position, to: end) : advice
          try builder.failItem(
            .shapeNotObject, "is \(kind.name); expected an entity, which is an object\(hint)",
            at: place, locator: locator,
            span: .item(offset: place.offset, end: window.place(at: end).offset))
          return end
        }
      }
      return try skipRefused(
        from: position, beginning: place, .inputTooLarge, window.tooLarge, at: place,
        locator: locator)
    } catch {
      guard case .notJSON(let syntaxError) = error else { throw error }
      guard syntaxError.reason == .tooDeep else {
        try fail(syntaxError, locator: locator, span: state.item.map(rest) ?? .file)
        return nil
      }
      // The brackets of a value that is too deep still tell where it ends.
      let (code, message, _) = try window.describe(syntaxError, from: state.firstToken)
      return try skipRefused(
        from: position, beginning: place, code, message,
        at: window.place(at: syntaxError.offset), locator: locator)
    }
  }
}
