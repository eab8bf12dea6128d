/// Reads one entity at a time from scanned JSON into a batch: matches members with fields, checks
/// every rule and copies what is kept.
///
/// All violations of an entity are found in one go. Texts are decoded and JSON columns compacted
/// straight into the batch's arena; nothing else is allocated for an entity that is right.
package final class EntityReader {
  /// How entities are read.
  package struct Options: Sendable {
    /// Whether an entity without an id gets one derived from its place.
    package var derivesIDs: Bool
    /// What an absent `created_at` becomes: the start of the run, ISO 8601.
    package var runStart: String

    package init(derivesIDs: Bool, runStart: String) {
      self.derivesIDs = derivesIDs
      self.runStart = runStart
    }
  }

  /// Where an entity stands.
  package struct Context {
    /// Position of the file in the batch.
    package var source: Int
    /// The file's relative path.
    package var path: String
    /// Which of the file's entities it is.
    package var locator: RecordBatch.EntryLocator = .none
    /// The id a dictionary gives it; in the batch's arena.
    package var key: RecordBatch.TextSpan?
    /// The place of its first byte.
    package var place: RecordBatch.SourcePlace
    /// The file's encoding.
    package var encoding: SourceEncoding
    /// Whether the object may turn out to be a dictionary of entities.
    package var mayBeDictionary = false

    package init(
      source: Int, path: String, place: RecordBatch.SourcePlace, encoding: SourceEncoding
    ) {
      self.source = source
      self.path = path
      self.place = place
      self.encoding = encoding
    }
  }

  /// What an object turned out to be.
  package enum Result: Sendable, Hashable {
    /// An entity, appended to the batch.
    case entity
    /// A dictionary of entities; nothing was appended.
    case dictionary
  }

  let options: Options
  let schema: EntitySchema
  /// The fields that something stands in for when they are absent.
  let standIns: [(field: Int, standIn: FieldSchema.Default)]
  private var matcher: MemberMatcher
  /// The members of the current object, in source order.
  var members: [Member] = []
  /// For each field, the position in `members` of the member that gives it.
  var memberOfField: [Int?]
  var cells: [RecordBatch.Cell]
  /// For each reference field, where its value stands.
  var places: [RecordBatch.SourcePlace] = []
  var findings: [Finding] = []
  /// What is wrong with the id or the object as a whole.
  var remarks: [Remark] = []
  /// The members the schema does not know, as an object in the arena.
  var unknownMembers = RecordBatch.TextSpan.empty

  /// The memory one entity is read from and written to.
  struct Workspace {
    /// The entity's first byte.
    let input: UnsafePointer<UInt8>
    /// The arena's first byte.
    let arena: UnsafeMutablePointer<UInt8>
    /// The next free byte of the arena.
    var output: UnsafeMutablePointer<UInt8>

    /// What was written since `start`.
    func span(from start: UnsafeMutablePointer<UInt8>) -> RecordBatch.TextSpan {
      RecordBatch.TextSpan(offset: start - arena, length: output - start)
    }
  }

  /// One member of the object, as scanned.
  struct Member {
    /// What stands between the name's quotes: offset from the entity's start, and length.
    var nameOffset: Int
    var nameLength: Int
    var nameIsEscaped: Bool
    /// The value: offsets from the entity's start.
    var valueOffset: Int
    var valueEnd: Int
    var kind: JSONScanner.Kind
    /// The field it gives; nil where the schema has none.
    var field: Int?
    /// The compacted copy of a JSON field's value.
    var copy: RecordBatch.TextSpan = .empty
  }

  /// Something wrong with the object itself.
  struct Remark {
    var severity: Severity
    var code: IssueCode
    /// Offset from the entity's start.
    var offset: Int
    var pointer: String?
    var message: String
  }

  package init(kind: EntityKind, options: Options) {
    self.options = options
    schema = kind.schema
    matcher = MemberMatcher(schema: kind.schema)
    standIns = kind.schema.fields.indices.compactMap { field in
      let absent = kind.schema.fields[field].absent
      return absent == .null ? nil : (field, absent)
    }
    memberOfField = Array(repeating: nil, count: kind.schema.fields.count)
    cells = Array(repeating: .null, count: kind.schema.fields.count)
  }

  /// Reads the object at the scanner's position and passes over it.
  ///
  /// - Parameters:
  ///   - scanner: Stands at the object's `{`.
  ///   - context: Where the object stands.
  ///   - batch: Of the reader's kind.
  /// - Returns: What the object turned out to be.
  /// - Throws: Where the object is not JSON; nothing is appended then.
  package func read(
    _ scanner: inout JSONScanner, _ context: Context, into batch: inout RecordBatch
  ) throws(JSONScanError) -> Result {
    let start = scanner.position
    // Nothing that is kept of an entity is longer than the entity; the constant covers separators.
    batch.reserve(scanner.count - start + context.path.utf8.count + 1024)
    let used = batch.used
    var end = used
    let outcome: Swift.Result<Result, JSONScanError> = batch.arena.withUnsafeMutableBufferPointer {
      buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("room was reserved") }
      var work = Workspace(input: scanner.base + start, arena: base, output: base + used)
      do throws(JSONScanError) {
        let isDictionary = try scanMembers(&scanner, &work)
        if context.mayBeDictionary, isDictionary { return .success(.dictionary) }
        fillCells(context, &work)
        end = work.output - base
        return .success(.entity)
      } catch {
        return .failure(error)
      }
    }
    guard try outcome.get() == .entity else { return .dictionary }
    batch.used = end
    append(context, scanner.base + start, length: scanner.position - start, to: &batch)
    return .entity
  }

  // MARK: Scanning

  /// Scans the members.
  ///
  /// Returns whether the object has the form of a dictionary of entities.
  private func scanMembers(
    _ scanner: inout JSONScanner, _ work: inout Workspace
  ) throws(JSONScanError) -> Bool {
    let input = work.input
    members.removeAll(keepingCapacity: true)
    findings.removeAll(keepingCapacity: true)
    remarks.removeAll(keepingCapacity: true)
    for field in memberOfField.indices { memberOfField[field] = nil }
    matcher.restart()
    var onlyObjects = true
    var hasRequired = false

    _ = scanner.skip(UInt8(ascii: "{"))
    scanner.skipWhiteSpace()
    if scanner.skip(UInt8(ascii: "}")) { return false }
    while true {
      let nameStart = scanner.cursor + 1
      let isEscaped = try scanner.skipString()
      let nameLength = scanner.cursor - 1 - nameStart
      scanner.skipWhiteSpace()
      guard scanner.skip(UInt8(ascii: ":")) else { throw scanner.unexpected(.colon) }
      scanner.skipWhiteSpace()
      let field =
        isEscaped
        ? matchEscaped(nameStart, nameLength) : matcher.field(named: nameStart, nameLength)
      let valueStart = scanner.cursor
      let kind: JSONScanner.Kind
      var copy = RecordBatch.TextSpan.empty
      if let field, matcher.isJSON[field] {
        let copyStart = work.output
        kind = try scanner.copyValue(to: &work.output, enclosingDepth: 1)
        copy = work.span(from: copyStart)
      } else {
        kind = try scanner.skipValue(enclosingDepth: 1)
      }
      onlyObjects = onlyObjects && kind == .object
      if let field {
        hasRequired = hasRequired || matcher.isRequired[field]
        if memberOfField[field] != nil {
          remarkDuplicate(schema.fields[field].member, at: nameStart - 1 - input)
        } else {
          memberOfField[field] = members.count
        }
      }
      members.append(
        Member(
          nameOffset: nameStart - input, nameLength: nameLength, nameIsEscaped: isEscaped,
          valueOffset: valueStart - input, valueEnd: scanner.cursor - input, kind: kind,
          field: field, copy: copy))
      scanner.skipWhiteSpace()
      if scanner.skip(UInt8(ascii: ",")) {
        scanner.skipWhiteSpace()
        continue
      }
      guard scanner.skip(UInt8(ascii: "}")) else { throw scanner.unexpected(.commaOrBrace) }
      return onlyObjects && !hasRequired
    }
  }

  private func matchEscaped(_ name: UnsafePointer<UInt8>, _ length: Int) -> Int? {
    var bytes = decodedName(name, length)
    let count = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: 8))
    return bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.flatMap { matcher.field(named: $0, count) }
    }
  }

  /// A name with its escapes decoded; as written where the escapes are no text.
  func decodedName(_ name: UnsafePointer<UInt8>, _ length: Int) -> [UInt8] {
    let raw = UnsafeBufferPointer(start: name, count: length)
    var isText = true
    let decoded = [UInt8](unsafeUninitializedCapacity: length + 4) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      var output = base
      isText = JSONScanner.decode(raw, to: &output) == nil
      count = output - base
    }
    return isText ? decoded : Array(raw)
  }

  /// A member's name as text.
  func name(of member: Member, in input: UnsafePointer<UInt8>) -> String {
    String(decoding: decodedName(input + member.nameOffset, member.nameLength), as: UTF8.self)
  }

  /// How many members that stand twice are told of one entity.
  static let duplicateLimit = 100

  /// Remarks that a member stands twice.
  func remarkDuplicate(_ name: String, at offset: Int) {
    guard remarks.count < EntityReader.duplicateLimit else { return }
    remarks.append(
      Remark(
        severity: .error, code: .jsonDuplicateKey, offset: offset, pointer: JSONPointer.to(name),
        message: "\(Violation.quoted(name)) stands twice in the entity, so it is open which one "
          + "counts; keep one"))
  }
}
