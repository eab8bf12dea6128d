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
  /// For each field that is kept as JSON and given, the compacted copy of its value.
  var copies: [RecordBatch.TextSpan]
  /// The names of the members that the schema does not know.
  var names = NameTable()
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

  /// One member of the object, as scanned; small, since an entity may have millions.
  struct Member {
    private let name: RecordBatch.TextSpan
    private let value: RecordBatch.TextSpan
    private let fieldNumber: Int8
    let nameIsEscaped: Bool
    let kind: JSONScanner.Kind

    /// - Parameters:
    ///   - name: What stands between the name's quotes, counted from the entity's start.
    ///   - nameIsEscaped: Whether that holds escapes.
    ///   - value: Where the value stands, likewise.
    ///   - kind: What the value is.
    ///   - field: The field it gives; nil where the schema has none.
    init(
      name: Range<Int>, nameIsEscaped: Bool, value: Range<Int>, kind: JSONScanner.Kind, field: Int?
    ) {
      self.name = .init(offset: name.lowerBound, length: name.count)
      self.nameIsEscaped = nameIsEscaped
      self.value = .init(offset: value.lowerBound, length: value.count)
      self.kind = kind
      fieldNumber = Int8(truncatingIfNeeded: field ?? -1)
    }

    var nameOffset: Int { name.range.lowerBound }
    var nameLength: Int { name.range.count }
    var valueOffset: Int { value.range.lowerBound }
    var valueEnd: Int { value.range.upperBound }
    var field: Int? { fieldNumber < 0 ? nil : Int(fieldNumber) }
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
    copies = Array(repeating: .empty, count: kind.schema.fields.count)
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
          copies[field] = copy
        }
      }
      members.append(
        Member(
          name: nameStart - input..<nameStart - input + nameLength, nameIsEscaped: isEscaped,
          value: valueStart - input..<scanner.cursor - input, kind: kind, field: field))
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
    var bytes = EntityReader.decoded(UnsafeBufferPointer(start: name, count: length))
    let count = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: 8))
    return bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.flatMap { matcher.field(named: $0, count) }
    }
  }

  /// A name with its escapes decoded; as written where the escapes are no text.
  static func decoded(_ name: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var isText = true
    let decoded = [UInt8](unsafeUninitializedCapacity: name.count + 4) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      var output = base
      isText = JSONScanner.decode(name, to: &output) == nil
      count = output - base
    }
    return isText ? decoded : Array(name)
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
