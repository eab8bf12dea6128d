/// Where an entity is in the source.
package struct EntityOrigin {
  /// The position of its file in ``RecordBatch/sources``.
  var source: Int
  /// The relative path of the file.
  package var path: String
  /// The entity's place among several in the file.
  package var locator: RecordBatch.EntryLocator
  /// The entity's key in a dictionary, which is its id; in the batch's arena.
  package var key: RecordBatch.TextSpan?
  /// The place of its first byte.
  package var place: RecordBatch.SourcePlace
  /// The encoding of the file.
  package var encoding: SourceEncoding
  /// Whether the decoded bytes are those of the file, so that their digest is kept; `false` if a
  /// mapping made them.
  package var isDigested = true
  /// The fields whose numbers a mapping converts from another unit or notation.
  package var convertedFields = FieldSet()

  /// Creates an origin.
  package init(
    source: Int, path: String, locator: RecordBatch.EntryLocator = .none,
    key: RecordBatch.TextSpan? = nil, place: RecordBatch.SourcePlace,
    encoding: SourceEncoding = .utf8
  ) {
    self.source = source
    self.path = path
    self.locator = locator
    self.key = key
    self.place = place
    self.encoding = encoding
  }
}

/// Decodes objects, one at a time, into the entities of a batch: checks every rule, fills in
/// defaults and copies the values that are kept.
///
/// All violations of an entity are found in one pass. Texts are decoded and JSON columns compacted
/// directly into the batch's arena; a valid entity takes no other allocation.
package final class EntityDecoder {
  /// How entities are decoded.
  package struct Options: Sendable {
    /// Whether an entity without an id gets one derived from its place.
    var derivesIDs: Bool
    /// The start of the run, ISO 8601, which is the value of an absent `created_at`.
    var runStart: String
    /// Whether entities are in files: if so, members are also read under their other names
    /// (``EntitySchema/otherNames``), and messages advise mappings, which only files are read with.
    var isInFile: Bool

    /// Creates options.
    package init(derivesIDs: Bool, runStart: String, isInFile: Bool = true) {
      self.derivesIDs = derivesIDs
      self.runStart = runStart
      self.isInFile = isInFile
    }
  }

  /// The result of decoding an object.
  package enum Form: Sendable, Hashable {
    /// An entity, appended to the batch.
    case entity
    /// An object that may hold entities instead of being one; nothing was appended.
    case undecided
  }

  /// A default value, in which a member is the position of its field.
  private enum Default {
    case text(String)
    case runStart
    case sameAs(Int)
  }

  /// The memory that one entity is decoded from and into.
  @safe private struct Workspace {
    /// The object's first byte.
    let text: UnsafePointer<UInt8>
    /// The scanner, behind the object.
    let scanner: JSONScanner
    /// The fields whose numbers a mapping converts from another unit or notation.
    let convertedFields: FieldSet
    /// The free part of the batch's arena.
    var output: RecordBatch.ArenaWriter
    var draft = Draft()
  }

  /// A violation that concerns the id or the whole object.
  private struct ObjectViolation {
    var violation: Violation
    /// Its offset from the object's start.
    let offset: Int
    /// The name of the member it is about; `nil` for the member used for `field`.
    var member: String?
    /// The field it is about.
    var field: Int
  }

  /// An unknown member whose name resembles that of an absent field.
  private struct LookAlike {
    let name: String
    /// The offset of its name.
    let offset: Int
    let field: Int
    /// Whether its value has the type of the field.
    let hasType: Bool
  }

  /// The entity being decoded, before it is appended to the batch.
  private struct Draft {
    var cells: [RecordBatch.Cell] = []
    /// For each reference field, where its value is.
    var places: [RecordBatch.SourcePlace] = []
    /// The violations that concern the id or the whole object.
    var objectViolations: [ObjectViolation] = []
    /// The number of object violations that are duplicate members.
    var duplicateCount = 0
    /// The violations of fields.
    var fieldViolations: [(field: Int, violation: Violation)] = []
    /// The fields whose value is text that should hold JSON and could not be read.
    var unreadFields = FieldSet()
    /// The members that the schema does not know, as an object in the arena.
    var unknownMembers = RecordBatch.TextSpan.empty

    /// Empties the draft, keeping its memory.
    mutating func reset() {
      for field in cells.indices { cells[field] = .null }
      objectViolations.removeAll(keepingCapacity: true)
      duplicateCount = 0
      fieldViolations.removeAll(keepingCapacity: true)
      (unreadFields, unknownMembers) = (FieldSet(), .empty)
    }

    mutating func note(_ violation: Violation?, of field: Int) {
      if let violation { fieldViolations.append((field, violation)) }
    }

    mutating func note(
      _ violation: Violation, at offset: Int, member: String? = nil, of field: Int = 0
    ) {
      objectViolations.append(
        ObjectViolation(violation: violation, offset: offset, member: member, field: field))
    }

    /// Notes a violation of a field whose value is not kept.
    mutating func fail(_ field: Int, _ violation: Violation) {
      note(violation, of: field)
      unreadFields.insert(field)
    }
  }

  private let options: Options
  private let schema: EntitySchema
  private let otherNames: [OtherName]
  /// The defaults of fields that have one, in the order in which they are given.
  private let defaults: [(field: Int, value: Default)]
  private let object: ScannedObject
  /// The fields that are in millimeters.
  private let millimeterFields: [Int]
  /// The entity being decoded.
  ///
  /// It is a value of its own so that Swift checks exclusive access to it once, and not for each of
  /// its properties.
  private var draft = Draft()

  /// Creates a decoder for entities of a kind.
  package init(kind: EntityKind, options: Options) {
    let schema = kind.schema
    self.options = options
    self.schema = schema
    otherNames = schema.otherNames
    object = ScannedObject(of: schema)
    millimeterFields = schema.fields.indices.filter { schema.fields[$0].unit == .millimeters }
    draft.cells = Array(repeating: .null, count: schema.fields.count)
    var defaults: [(field: Int, value: Default)] = schema.fields.indices.compactMap { field in
      switch schema.fields[field].defaultValue {
      case .null: nil
      case .text(let text): (field, .text(text))
      case .runStart: (field, .runStart)
      case .sameAs(let member): schema.position(ofMember: member).map { (field, .sameAs($0)) }
      }
    }
    for case .substitutable(let field, _) in schema.rules { defaults.append((field, .text("{}"))) }
    self.defaults = defaults
  }

  /// Decodes the object at the scanner's position and moves past it.
  ///
  /// - Parameters:
  ///   - scanner: A scanner at the `{` of the object.
  ///   - origin: Where the object is.
  ///   - mayHoldEntities: Whether the object may be one that holds entities.
  ///   - batch: A batch of the decoder's kind.
  /// - Returns: Whether the object is an entity.
  /// - Throws: ``JSONScanError`` if the object is not JSON; nothing is appended then.
  package func decode(
    _ scanner: inout JSONScanner, _ origin: EntityOrigin, mayHoldEntities: Bool = false,
    into batch: inout RecordBatch
  ) throws(JSONScanError) -> Form {
    let text = unsafe scanner.cursor
    // The values kept of an entity take at most as much room as its text; the constant covers
    // separators.
    let room = scanner.remaining + origin.path.utf8.count + 1024
    let form: Result<Form, JSONScanError> = batch.write(upTo: room) { output in
      let start = unsafe output.next
      do throws(JSONScanError) {
        try object.scan(&scanner, copyingTo: &output)
        if mayHoldEntities, object.mayHoldEntities {
          unsafe output.next = start
          return .success(.undecided)
        }
        var work = unsafe Workspace(
          text: text, scanner: scanner, convertedFields: origin.convertedFields, output: output)
        swap(&work.draft, &draft)
        fillCells(origin, &work)
        swap(&work.draft, &draft)
        output = work.output
        return .success(.entity)
      } catch {
        unsafe output.next = start
        return .failure(error)
      }
    }
    guard try form.get() == .entity else { return .undecided }
    unsafe append(
      UnsafeBufferPointer(start: text, count: scanner.cursor - text), origin, to: &batch)
    return .entity
  }

  /// Decodes a text that is a single entity and does not come from a file.
  ///
  /// Appends nothing if the text is JSON but not an object.
  ///
  /// - Parameters:
  ///   - text: The text, in UTF-8.
  ///   - key: The id that the entity must have, in the batch's arena; `nil` if the text must have
  ///     one.
  ///   - source: The position of its source in ``RecordBatch/sources``.
  ///   - batch: A batch of the decoder's kind.
  /// - Throws: ``JSONScanError`` if the text is not exactly one JSON value.
  package func decode(
    _ text: [UInt8], key: RecordBatch.TextSpan?, source: Int, into batch: inout RecordBatch
  ) throws(JSONScanError) {
    let before = batch.mark
    let outcome: Result<Void, JSONScanError> = unsafe text.withUnsafeBytes { bytes in
      unsafe JSONScanner.withPaddedCopy(of: bytes) { scanner in
        do throws(JSONScanError) {
          scanner.skipWhiteSpace()
          if scanner.byte == UInt8(ascii: "{") {
            let place = RecordBatch.SourcePlace(offset: scanner.position, line: 1, column: 1)
            let origin = EntityOrigin(source: source, path: "", key: key, place: place)
            _ = try decode(&scanner, origin, into: &batch)
          } else {
            _ = try scanner.skipValue(enclosingDepth: 0)
          }
          try scanner.skipToEnd()
          return .success(())
        } catch {
          return .failure(error)
        }
      }
    }
    do throws(JSONScanError) {
      try outcome.get()
    } catch {
      batch.rollBack(to: before)
      throw error
    }
  }

  // MARK: Values

  /// Fills the draft from `object`, and notes every violation.
  private func fillCells(_ origin: EntityOrigin, _ work: inout Workspace) {
    work.draft.reset()
    adoptOtherNames(origin, &work)
    for position in object.duplicates {
      let member = object.members[position]
      unsafe noteDuplicate(
        member, named: String(decoding: member.name(in: work.text), as: UTF8.self), &work)
    }
    fillID(origin, &work)
    notePadding(&work)
    for field in 1..<schema.fields.count {
      guard let member = object.given(field), !work.draft.unreadFields.contains(field) else {
        continue
      }
      fill(field, from: member, &work)
    }
    let subject = Subject(decoder: self, work: work)
    for field in 1..<schema.fields.count where schema.fields[field].isRequired {
      guard !subject.isGiven(field), !schema.hasSubstitute(for: field, in: subject) else {
        continue
      }
      work.draft.note(.missing(), of: field)
    }
    schema.checkRules(of: subject) { work.draft.note($1, of: $0) }
    noteStringified(&work)
    // An entity that a mapping has made is not mapped again.
    keepUnknownMembers(
      hasKey: origin.key != nil, canBeMapped: options.isInFile && origin.isDigested, &work)
  }

  private func fill(_ field: Int, from member: ScannedObject.Member, _ work: inout Workspace) {
    let type = schema.fields[field].type
    let isRight =
      switch type {
      case .text, .reference, .timestamp: fillText(field, type, member, &work)
      case .integer: fillInteger(field, type, member, &work)
      case .real: fillReal(field, type, member, &work)
      case .json: fillJSON(field, type, member, &work)
      }
    if !isRight {
      let advice = unsafe schema.fields[field].advice(
        insteadOf: member.kind, member.value(in: work.text),
        isConverted: work.convertedFields.contains(field))
      work.draft.note(
        .wrongType(found: found(member, work), expected: type.expectation, advice: advice),
        of: field)
    }
  }

  private func fillText(
    _ field: Int, _ type: FieldType, _ member: ScannedObject.Member, _ work: inout Workspace
  ) -> Bool {
    guard member.kind == .string || member.kind == .escapedString else { return false }
    guard let span = copyString(member, &work) else {
      work.draft.note(.loneSurrogate, of: field)
      return true
    }
    work.draft.cells[field] = .text(span)
    unsafe work.draft.note(type.check(text: work.output.text(span)), of: field)
    return true
  }

  private func fillInteger(
    _ field: Int, _ type: FieldType, _ member: ScannedObject.Member, _ work: inout Workspace
  ) -> Bool {
    guard member.kind == .number else { return false }
    switch unsafe DecimalText.integerValue(member.value(in: work.text)) {
    case .value(let number):
      work.draft.cells[field] = .integer(number)
      work.draft.note(type.check(integer: number), of: field)
      return true
    case .notIntegral:
      return false
    case .outOfRange:
      work.draft.note(
        .outOfRange(
          found: shortened(member, work), expected: "a whole number that fits 64 bits"),
        of: field)
      return true
    }
  }

  private func fillReal(
    _ field: Int, _ type: FieldType, _ member: ScannedObject.Member, _ work: inout Workspace
  ) -> Bool {
    guard member.kind == .number else { return false }
    let token = unsafe member.value(in: work.text)
    let number = unsafe DecimalText.doubleValue(token)
    // SQLite stores -0.0 as 0.0.
    work.draft.cells[field] = .real(number == 0 ? 0 : number)
    var violation = type.check(real: number, text: shortened(member, work))
    if violation == nil, number == 0 || token.count > 15,
      unsafe !DecimalText.isKept(token, as: number)
    {
      violation = .rounded(found: shortened(member, work), stored: number.description)
    }
    work.draft.note(violation, of: field)
    return true
  }

  private func fillJSON(
    _ field: Int, _ type: FieldType, _ member: ScannedObject.Member, _ work: inout Workspace
  ) -> Bool {
    if object.copy(of: field).isEmpty { copyTokens(of: member, to: field, &work) }
    let copy = object.copy(of: field)
    work.draft.cells[field] = .text(copy)
    let isEmpty = copy.length == 2
    // A field with a substitute may be empty, but not of another type.
    let mayBeEmpty =
      isEmpty && schema.fields[field].isRequired
      && schema.hasSubstitute(for: field, in: Subject(decoder: self, work: work))
    let violation = type.check(json: member.kind, isEmpty: isEmpty && !mayBeEmpty)
    if case .wrongType(_, _, _, .error) = violation { return false }
    work.draft.note(violation, of: field)
    return true
  }

  /// Copies the decoded text of a string into the arena; `nil` if it has an unpaired surrogate
  /// escape.
  private func copyString(
    _ member: ScannedObject.Member, _ work: inout Workspace
  ) -> RecordBatch.TextSpan? {
    let start = unsafe work.output.next
    let token = unsafe member.value(in: work.text)
    let inside = unsafe UnsafeBufferPointer(rebasing: token[1..<token.count - 1])
    if member.kind == .string {
      unsafe work.output.append(inside)
    } else if unsafe JSONScanner.decode(inside, to: &work.output.next) != nil {
      unsafe work.output.next = start
      return nil
    }
    return unsafe work.output.span(from: start)
  }

  // MARK: Other names

  /// Uses members under other names for absent fields, and reads JSON that is given as text.
  private func adoptOtherNames(_ origin: EntityOrigin, _ work: inout Workspace) {
    guard options.isInFile else { return }
    var adopted = FieldSet()
    var previous = -1
    for other in object.otherMembers {
      // Of several members with the same name, the first is used.
      defer { previous = other.name }
      guard other.name != previous, object.given(other.field) == nil,
        !adopted.contains(other.field)
      else { continue }
      let member = object.members[other.position]
      let name = otherNames[other.name].member
      if other.field == 0 {
        guard isID(member, under: origin.key, work) else { continue }
        work.draft.note(.idAlias(name), at: member.nameRange.lowerBound - 1, member: name)
      } else {
        work.draft.note(.columnName(name), of: other.field)
      }
      object.adopt(other)
      adopted.insert(other.field)
      if other.field > 0, member.isContainer { copyTokens(of: member, to: other.field, &work) }
    }
    for field in 1..<schema.fields.count {
      guard let member = object.given(field), member.isString,
        case .json(let shape, _, _) = schema.fields[field].type
      else { continue }
      readText(of: member, as: shape, in: field, &work)
    }
  }

  /// Whether a member under another name of the id can be used as the id.
  ///
  /// In a dictionary the key is the id, so a member with another value means something else.
  private func isID(
    _ member: ScannedObject.Member, under key: RecordBatch.TextSpan?, _ work: Workspace
  ) -> Bool {
    let token = unsafe member.value(in: work.text)
    switch member.kind {
    case .string:
      guard let key else { return true }
      return unsafe token.dropFirst().dropLast().elementsEqual(work.output.text(key))
    case .escapedString:
      guard let text = unsafe JSONScanner.text(of: token, member.kind) else { return false }
      return key.map { unsafe text.elementsEqual(work.output.text($0)) } ?? true
    case .number:
      guard unsafe isWhole(token) else { return false }
      return key.map { unsafe token.elementsEqual(work.output.text($0)) } ?? true
    default:
      return false
    }
  }

  /// Reads the text of a JSON field as JSON, in place of the text itself.
  ///
  /// Under the name of the field's column, any JSON is read. Under the member's own name, only an
  /// object or list as the field expects it; any other text stays text.
  private func readText(
    of member: ScannedObject.Member, as shape: FieldType.JSONShape, in field: Int,
    _ work: inout Workspace
  ) {
    let schema = schema.fields[field]
    let isUnderColumn = unsafe !member.name(in: work.text).elementsEqual(schema.member.utf8)
    guard isUnderColumn || schema.column == schema.member else { return }
    guard let decoded = unsafe JSONScanner.text(of: member.value(in: work.text), member.kind) else {
      if isUnderColumn { work.draft.fail(field, .loneSurrogate) }
      return
    }
    do throws(JSONScanError) {
      // The depth is 1 because the value becomes a member of the entity.
      let text = try JSONScanner.compacted(
        String(decoding: decoded, as: UTF8.self), enclosingDepth: 1)
      let kind = JSONScanner.kind(startingWith: text.utf8.first ?? 0)
      if !isUnderColumn {
        guard kind == (shape == .object ? .object : .array) else { return }
        work.draft.note(.columnName(schema.member), of: field)
      }
      let start = unsafe work.output.next
      var copy = text
      copy.withUTF8 { unsafe work.output.append($0) }
      unsafe object.setCopy(work.output.span(from: start), of: field)
      object.set(kind, of: field)
    } catch {
      if isUnderColumn {
        work.draft.fail(field, .notJSON(error: JSONDiagnosis(error, in: decoded).message))
      }
    }
  }

  /// Copies the tokens of a JSON field's value into the arena.
  private func copyTokens(
    of member: ScannedObject.Member, to field: Int, _ work: inout Workspace
  ) {
    let start = unsafe work.output.next
    unsafe work.scanner.copyValue(
      scannedAt: work.text + member.valueRange.lowerBound, to: &work.output.next)
    unsafe object.setCopy(work.output.span(from: start), of: field)
  }

  // MARK: The id

  private func fillID(_ origin: EntityOrigin, _ work: inout Workspace) {
    let type = schema.fields[0].type
    guard let member = object.given(0) else {
      guard let key = origin.key else { return }
      if unsafe type.check(text: work.output.text(key)) == nil {
        work.draft.cells[0] = .text(key)
      } else {
        work.draft.note(.blankKey(quotedKey(key, work)), at: 0)
      }
      return
    }
    var span: RecordBatch.TextSpan?
    let isNumber = unsafe member.kind == .number && isWhole(member.value(in: work.text))
    switch member.kind {
    case .string, .escapedString:
      span = copyString(member, &work)
      if span == nil { work.draft.note(.loneSurrogate, of: 0) }
    case .number where isNumber:
      let start = unsafe work.output.next
      unsafe work.output.append(member.value(in: work.text))
      span = unsafe work.output.span(from: start)
    default:
      let advice = unsafe FieldSchema.idAdvice(
        insteadOf: member.kind, member.value(in: work.text))
      work.draft.note(
        .wrongType(
          found: found(member, work), expected: "text (or a whole number)", advice: advice),
        of: 0)
    }
    if let span, let violation = unsafe type.check(text: work.output.text(span)) {
      return work.draft.note(violation, of: 0)
    }
    if isNumber {
      work.draft.note(.idNumber(shortened(member, work)), at: member.valueRange.lowerBound)
    }
    guard let key = origin.key else {
      if let span { work.draft.cells[0] = .text(span) }
      return
    }
    if let span, unsafe !work.output.text(span).elementsEqual(work.output.text(key)) {
      work.draft.note(
        .idMismatch(id: quoted(span, work), key: quotedKey(key, work)),
        at: member.valueRange.lowerBound)
    }
    // Only a key that is a valid id becomes the id.
    if unsafe type.check(text: work.output.text(key)) == nil { work.draft.cells[0] = .text(key) }
  }

  private func notePadding(_ work: inout Workspace) {
    guard case .text(let id) = work.draft.cells[0],
      unsafe !String.isPlainAtEnds(work.output.text(id)),
      unsafe String(decoding: work.output.text(id), as: UTF8.self).withoutOuterWhiteSpace != nil
    else { return }
    work.draft.note(.paddedID(quoted(id, work)), at: object.given(0)?.valueRange.lowerBound ?? 0)
  }

  /// Whether a JSON number consists of digits alone, perhaps after a minus sign.
  private func isWhole(_ number: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe number.allSatisfy { $0 == UInt8(ascii: "-") || $0 &- UInt8(ascii: "0") < 10 }
  }

  // MARK: Unknown members

  /// Writes the members that the schema does not know into the arena as one object, and notes those
  /// that appear twice.
  ///
  /// Names are compared before anything is copied, so that the memory for the names is free again
  /// when the copy needs some.
  ///
  /// - Parameters:
  ///   - hasKey: Whether the id is a key in a dictionary.
  ///   - canBeMapped: Whether a mapping may read the entity.
  ///   - work: The entity being decoded.
  private func keepUnknownMembers(hasKey: Bool, canBeMapped: Bool, _ work: inout Workspace) {
    let text = unsafe work.text
    let before = work.draft.objectViolations.count
    // The entity is refused if it has more duplicates than are reported, so nothing is kept of it.
    guard work.draft.duplicateCount < ScannedObject.duplicateLimit else { return }
    unsafe object.forEachRepeatedMember(in: text, work.scanner) { member in
      unsafe noteDuplicate(
        member, named: String(decoding: member.name(in: text), as: UTF8.self), &work)
    }
    guard work.draft.duplicateCount < ScannedObject.duplicateLimit else { return }
    let repeated = work.draft.objectViolations[before...].map(\.offset)
    var lookAlikes: [LookAlike] = []
    var unitCount = 0
    let start = unsafe work.output.next
    unsafe object.forEachUnknownMember(in: text, work.scanner) { member in
      if options.isInFile,
        let field = unsafe object.absentField(resembledBy: member, in: text),
        field > 0 || !hasKey, !repeated.contains(member.nameRange.lowerBound - 1),
        lookAlikes.count < ScannedObject.duplicateLimit
      {
        lookAlikes.append(lookAlike(member, of: field, work))
      }
      // The author of a mapping knows the units, so a mapped entity gets no warning.
      if canBeMapped, member.kind == .string, unitCount < ScannedObject.duplicateLimit,
        noteOtherUnit(member, &work)
      {
        unitCount += 1
      }
      unsafe work.output.append(work.output.next == start ? "{\"" : ",\"")
      unsafe work.output.append(
        UnsafeBufferPointer(
          start: text + member.nameRange.lowerBound, count: member.nameRange.count))
      work.output.append("\":")
      unsafe work.scanner.copyValue(
        scannedAt: text + member.valueRange.lowerBound, to: &work.output.next)
      return true
    }
    note(lookAlikes, canBeMapped: canBeMapped, &work)
    if work.draft.objectViolations.count > before + 1 {
      work.draft.objectViolations[before...].sort { $0.offset < $1.offset }
    }
    guard unsafe work.output.next > start else { return }
    work.output.append("}")
    work.draft.unknownMembers = unsafe work.output.span(from: start)
  }

  /// Notes that a member appears twice, up to the limit of an entity.
  ///
  /// - Returns: Whether the limit was not reached before.
  @discardableResult
  private func noteDuplicate(
    _ member: ScannedObject.Member, named name: String, _ work: inout Workspace
  ) -> Bool {
    guard work.draft.duplicateCount < ScannedObject.duplicateLimit else { return false }
    work.draft.duplicateCount += 1
    work.draft.note(.duplicateMember(name), at: member.nameRange.lowerBound - 1, member: name)
    return true
  }

  /// Notes texts that a program wrote in place of objects or lists.
  private func noteStringified(_ work: inout Workspace) {
    let text = unsafe UnsafeBufferPointer(
      start: work.text, count: work.scanner.cursor - work.text)
    // A field that was refused because of its type has the same advice already.
    let refused = work.draft.fieldViolations
      .filter { $0.violation.code == .fieldType && $0.violation.severity == .error }
    let refusedValues =
      refused.isEmpty
      ? []
      : object.members.filter { member in refused.contains { $0.field == member.field } }
        .map(\.valueRange.lowerBound)
    let found = unsafe StringifiedValue.first(in: text) { !refusedValues.contains($0) }
    guard let found else { return }
    let member = object.members.first {
      $0.nameRange.lowerBound <= found.offset && found.offset < $0.valueRange.upperBound
    }
    let name = member.map { unsafe String(decoding: $0.name(in: work.text), as: UTF8.self) }
    if let member, member.valueRange.lowerBound == found.offset {
      // That the field is text is no further warning.
      work.draft.fieldViolations.removeAll {
        $0.field == member.field && $0.violation.code == .fieldType
      }
    }
    work.draft.note(
      .stringified(found.value, count: found.count), at: found.offset, member: name ?? "")
  }

  private func lookAlike(
    _ member: ScannedObject.Member, of field: Int, _ work: Workspace
  ) -> LookAlike {
    let hasType =
      switch (schema.fields[field].type, member.kind) {
      case (.text, .string), (.text, .escapedString), (.timestamp, .string),
        (.reference, .string), (.reference, .escapedString), (.reference, .number),
        (.integer, .number), (.real, .number), (.json(.object, _, _), .object),
        (.json(.array, _, _), .array):
        true
      // An id that is a whole number is read as text.
      case (.text, .number): field == 0
      default: false
      }
    return LookAlike(
      name: unsafe String(decoding: member.name(in: work.text), as: UTF8.self),
      offset: member.nameRange.lowerBound - 1, field: field, hasType: hasType)
  }

  /// Notes unknown members that resemble absent fields.
  private func note(_ lookAlikes: [LookAlike], canBeMapped: Bool, _ work: inout Workspace) {
    if lookAlikes.isEmpty { return }
    func canBeRead(_ other: LookAlike) -> Bool {
      // A mapping reads neither of two members for one field.
      canBeMapped && other.hasType && object.member(of: other.field) == nil
        && lookAlikes.count { $0.field == other.field } == 1
    }
    // A mapping is advised only if no required field is missing with it.
    let isComplete = work.draft.fieldViolations.allSatisfy { field, violation in
      guard case .missing(_, _, .error) = violation else { return true }
      return lookAlikes.contains { $0.field == field && canBeRead($0) }
    }
    func advised(_ other: LookAlike) -> Violation.LookAlike {
      .init(name: other.name, canBeMapped: isComplete && canBeRead(other))
    }
    for other in lookAlikes {
      work.draft.note(
        .lookAlike(advised(other)), at: other.offset, member: other.name, of: other.field)
    }
    // The error about the missing field names the member too, for reports that show only errors. In
    // an entity that a mapping made, the error says what the mapping reads instead.
    guard canBeMapped else { return }
    for (position, (field, violation)) in work.draft.fieldViolations.enumerated() {
      guard case .missing(let because, _, .error) = violation,
        let other = lookAlikes.first(where: { $0.field == field })
      else { continue }
      work.draft.fieldViolations[position].violation = .missing(
        because: because, other: advised(other))
    }
  }

  /// Notes that an unknown member states another unit of length than the millimeter, in which
  /// fields of the entity are.
  ///
  /// - Returns: Whether it does.
  private func noteOtherUnit(_ member: ScannedObject.Member, _ work: inout Workspace) -> Bool {
    let text = unsafe work.text
    // A unit is one short word in quotes.
    guard !millimeterFields.isEmpty, member.valueRange.count <= 16, member.nameRange.count <= 32
    else { return false }
    let name = unsafe Array(member.name(in: text))
    guard FieldUnit.isStated(byName: String(decoding: name.foldedName, as: UTF8.self))
    else { return false }
    let word = unsafe String(decoding: member.value(in: text), as: UTF8.self)
      .dropFirst().dropLast()
    let fields = millimeterFields.filter { object.given($0) != nil }
    guard FieldUnit.millimeters.otherWords.contains(word.lowercased()), !fields.isEmpty else {
      return false
    }
    work.draft.note(
      .otherUnit(
        Violation.quoted(String(word)), of: fields.map { schema.fields[$0].member }),
      at: member.nameRange.lowerBound - 1, member: String(decoding: name, as: UTF8.self))
    return true
  }

  // MARK: Excerpts of the input

  private func quoted(_ span: RecordBatch.TextSpan, _ work: Workspace) -> String {
    unsafe Violation.quoted(String(decoding: work.output.text(span), as: UTF8.self))
  }

  /// A key as a message shows it, with white space other than spaces escaped.
  private func quotedKey(_ key: RecordBatch.TextSpan, _ work: Workspace) -> String {
    quoted(key, work).unicodeScalars.reduce(into: "") { result, scalar in
      result +=
        scalar != " " && scalar.properties.isWhitespace
        ? "\\u{\(String(scalar.value, radix: 16))}" : PlainText.escaped(String(scalar))
    }
  }

  /// A number as written, of a long one only the first 40 characters.
  private func shortened(_ member: ScannedObject.Member, _ work: Workspace) -> String {
    let token = unsafe member.value(in: work.text)
    return unsafe String(decoding: token.prefix(40), as: UTF8.self) + (token.count > 40 ? "…" : "")
  }

  /// A description of a value for messages, with the value itself or its beginning.
  private func found(_ member: ScannedObject.Member, _ work: Workspace) -> String {
    switch member.kind {
    case .string, .escapedString:
      let token = unsafe member.value(in: work.text)
      // The text is not cut within a character.
      var end = min(60, token.count)
      while end < token.count, unsafe token[end] & 0xC0 == 0x80 { end -= 1 }
      let shown = unsafe String(decoding: token[..<end], as: UTF8.self)
      return "the text \(shown)\(end < token.count ? "…" : "")"
    case .number: return "the number \(shortened(member, work))"
    case let kind: return kind.name
    }
  }

  /// The object being decoded, as rules across fields see it.
  private struct Subject: RuleSubject {
    let decoder: EntityDecoder
    let work: Workspace

    func isGiven(_ field: Int) -> Bool { decoder.object.given(field) != nil }

    private func bytes(of field: Int) -> UnsafeBufferPointer<UInt8>? {
      guard case .text(let span) = work.draft.cells[field] else { return nil }
      return unsafe work.output.text(span)
    }

    func holds(_ text: String, in field: Int) -> Bool {
      unsafe bytes(of: field)?.elementsEqual(text.utf8) ?? false
    }

    func text(of field: Int) -> String? {
      unsafe bytes(of: field).map { unsafe String(decoding: $0, as: UTF8.self) }
    }

    func timestamp(of field: Int) -> Timestamp? {
      unsafe bytes(of: field).flatMap { unsafe Timestamp(utf8: $0) }
    }

    func isFilled(_ field: Int) -> Bool {
      guard let member = decoder.object.given(field) else { return false }
      return member.isContainer && decoder.object.copy(of: field).length > 2
    }
  }

  // MARK: The entry

  /// Appends the entity whose cells are filled.
  private func append(
    _ text: UnsafeBufferPointer<UInt8>, _ origin: EntityOrigin, to batch: inout RecordBatch
  ) {
    var draft = Draft()
    swap(&draft, &self.draft)
    defer { swap(&draft, &self.draft) }
    var entry = RecordBatch.Entry(
      source: origin.source, locator: origin.locator, place: origin.place)
    entry.byteLength = unsafe origin.encoding.length(of: text)
    if origin.isDigested { unsafe batch.keepDigest(of: text, origin.encoding, in: &entry) }
    entry.unknownMembers = draft.unknownMembers
    if object.given(0) == nil, origin.key == nil { deriveID(origin, of: &draft, into: &batch) }
    if case .text(let id) = draft.cells[0] { entry.id = id }
    for field in draft.cells.indices where object.given(field) != nil { entry.given.insert(field) }
    fillDefaults(of: &draft, in: &batch)

    if !draft.fieldViolations.isEmpty || !draft.objectViolations.isEmpty {
      let start = batch.issues.count
      unsafe appendIssues(of: draft, text, origin, id: entry.id, to: &batch)
      entry.issues = start..<batch.issues.count
      entry.isFailed = batch.issues[start...].contains { $0.severity == .error }
    }
    draft.places.removeAll(keepingCapacity: true)
    for reference in schema.references {
      let offset = object.given(reference.field)?.valueRange.lowerBound
      draft.places.append(
        offset.map {
          unsafe origin.encoding.advance(
            origin.place, over: UnsafeBufferPointer(rebasing: text[..<$0]))
        } ?? origin.place)
    }
    batch.append(entry, cells: draft.cells, places: draft.places)
  }

  private func deriveID(
    _ origin: EntityOrigin, of draft: inout Draft, into batch: inout RecordBatch
  ) {
    guard options.derivesIDs else { return draft.note(.idMissing, at: 0) }
    var id = "legacy:\(origin.path)"
    switch origin.locator {
    case .none: break
    case .index(let number), .line(let number): id += "#\(number)"
    case .key(let span), .pointer(let span, _): id += "#\(batch.text(span))"
    }
    draft.cells[0] = .text(batch.intern(id.utf8))
    draft.note(.idDerived(id), at: 0)
    // A key in the path may end with white space.
    if id.withoutOuterWhiteSpace != nil { draft.note(.paddedID(Violation.quoted(id)), at: 0) }
  }

  private func fillDefaults(of draft: inout Draft, in batch: inout RecordBatch) {
    for (field, value) in defaults where draft.cells[field] == .null {
      switch value {
      case .text(let text): draft.cells[field] = .text(batch.intern(text.utf8))
      case .runStart: draft.cells[field] = .text(batch.intern(options.runStart.utf8))
      case .sameAs(let other): draft.cells[field] = draft.cells[other]
      }
    }
  }

  private func appendIssues(
    of draft: Draft, _ text: UnsafeBufferPointer<UInt8>, _ origin: EntityOrigin,
    id: RecordBatch.TextSpan,
    to batch: inout RecordBatch
  ) {
    var cursor = unsafe PlaceCursor(at: origin.place, origin.encoding, over: text)
    func append(_ violation: Violation, _ offset: Int, member: String, field: Int) {
      let place = cursor.place(at: offset)
      batch.issues.append(
        Issue(
          severity: violation.severity, code: violation.code, kind: schema.kind,
          id: id.isEmpty ? nil : batch.text(id), source: origin.path,
          locator: batch.locator(origin.locator), line: place.line, column: place.column,
          offset: place.offset, pointer: JSONPointer.to(member),
          message: violation.message(
            about: schema.fields[field], in: member, inFile: options.isInFile)))
    }
    func name(of field: Int) -> String {
      unsafe text.baseAddress.map { unsafe object.name(of: field, in: $0) }
        ?? schema.fields[field].member
    }
    for found in draft.objectViolations {
      append(
        found.violation, found.offset, member: found.member ?? name(of: found.field),
        field: found.field)
    }
    // In field order, independent of the order of the checks.
    for (field, violation) in draft.fieldViolations.enumerated().sorted(by: {
      ($0.element.field, $0.offset) < ($1.element.field, $1.offset)
    }).map(\.element) {
      append(
        violation, object.member(of: field)?.valueRange.lowerBound ?? 0, member: name(of: field),
        field: field)
    }
  }
}
