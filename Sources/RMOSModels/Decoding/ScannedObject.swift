/// The members of one object, as spans of the scanned text, each matched with its field.
///
/// An ``EntityDecoder`` makes an entity of these members. One instance is used for object after
/// object, so that scanning allocates nothing.
final class ScannedObject {
  /// A member; the struct is small because an object may have millions of members.
  struct Member {
    private let name: RecordBatch.TextSpan
    private let value: RecordBatch.TextSpan
    fileprivate var fieldNumber: Int8
    fileprivate let nameIsEscaped: Bool
    /// The type of the value, or of the JSON in its text.
    fileprivate(set) var kind: JSONScanner.Kind

    /// Creates a member from ranges that count from the object's first byte.
    ///
    /// - Parameters:
    ///   - name: The range between the quotes of the name.
    ///   - nameIsEscaped: Whether the name has escapes.
    ///   - value: The range of the value.
    ///   - kind: The type of the value.
    ///   - field: The field that the member is for; `nil` if there is none.
    init(
      name: Range<Int>, nameIsEscaped: Bool, value: Range<Int>, kind: JSONScanner.Kind, field: Int?
    ) {
      self.name = .init(offset: name.lowerBound, length: name.count)
      self.nameIsEscaped = nameIsEscaped
      self.value = .init(offset: value.lowerBound, length: value.count)
      self.kind = kind
      fieldNumber = Int8(truncatingIfNeeded: field ?? -1)
    }

    /// The range between the quotes of the name, counted from the object's first byte.
    var nameRange: Range<Int> { name.range }
    /// The range of the value, counted from the object's first byte.
    var valueRange: Range<Int> { value.range }
    /// The field that the member is for; `nil` if there is none.
    var field: Int? { fieldNumber < 0 ? nil : Int(fieldNumber) }
    /// Whether the value is an object or a list.
    var isContainer: Bool { kind == .object || kind == .array }
    /// Whether the value is a string.
    var isString: Bool { kind == .string || kind == .escapedString }
  }

  /// A member under another name of a field.
  struct OtherMember {
    /// The position of the member in ``members``.
    let position: Int
    /// The position of its name in ``MemberMatcher/otherNames``.
    let name: Int
    /// The field.
    let field: Int
  }

  /// The maximum number of duplicate members that are remembered.
  static let duplicateLimit = 100
  /// The number of members beyond which members without a field are not listed.
  static let listLimit = 4096

  private let schema: EntitySchema
  private var content: Content
  private var names = NameTable()

  /// Creates an empty object of a kind.
  init(of schema: EntitySchema) {
    self.schema = schema
    content = Content(schema)
  }

  /// The members, in source order; beyond ``listLimit`` members, only those that are, or may be,
  /// for a field.
  var members: [Member] { content.members }
  /// The positions of the members whose field an earlier member is for.
  var duplicates: [Int] { content.duplicates }
  /// The members under other names of fields, in order of precedence.
  var otherMembers: [OtherMember] { content.otherMembers }
  /// Whether the object may be a wrapper or a dictionary of entities instead of an entity.
  var mayHoldEntities: Bool { content.mayHoldEntities }

  /// Scans the object at the scanner's position and moves past it.
  ///
  /// The values of JSON fields are copied to `output` while they are scanned, except for strings,
  /// which may hold JSON as text.
  func scan(
    _ scanner: inout JSONScanner, copyingTo output: inout RecordBatch.ArenaWriter
  ) throws(JSONScanError) {
    try content.scan(&scanner, copyingTo: &output)
  }

  /// The members and their places.
  ///
  /// It is a value so that scanning is a single access, which Swift checks once; access to the
  /// properties of a class would be checked each time.
  private struct Content {
    private(set) var matcher: MemberMatcher
    var members: [Member] = []
    /// The offset of the name of the first member that is not listed; `nil` if all are listed.
    private(set) var unlistedStart: Int?
    /// Whether the name of any member without a field has escapes.
    private(set) var hasEscapedNames = false
    var duplicates: [Int] = []
    private(set) var mayHoldEntities = false
    var otherMembers: [OtherMember] = []
    /// For each other name, the number of members that have it.
    private var otherCounts: [Int]
    /// For each field, the position in `members` of the member for it.
    var memberOfField: [Int?]
    /// For each JSON field that is given, the compacted copy of its value.
    var copies: [RecordBatch.TextSpan]

    init(_ schema: EntitySchema) {
      matcher = MemberMatcher(schema: schema)
      otherCounts = Array(repeating: 0, count: matcher.otherNames.count)
      memberOfField = Array(repeating: nil, count: schema.fields.count)
      copies = Array(repeating: .empty, count: schema.fields.count)
    }

    /// Scans an object.
    mutating func scan(
      _ scanner: inout JSONScanner, copyingTo output: inout RecordBatch.ArenaWriter
    ) throws(JSONScanError) {
      let text = unsafe scanner.cursor
      reset()
      var form = Form()
      _ = scanner.skip(UInt8(ascii: "{"))
      scanner.skipWhiteSpace()
      if scanner.skip(UInt8(ascii: "}")) { return }
      while true {
        try unsafe scanMember(of: text, &scanner, copyingTo: &output, &form)
        scanner.skipWhiteSpace()
        guard scanner.skip(UInt8(ascii: ",")) else { break }
        scanner.skipWhiteSpace()
      }
      guard scanner.skip(UInt8(ascii: "}")) else { throw scanner.unexpected(.commaOrBrace) }
      mayHoldEntities = form.mayHoldEntities
      if otherMembers.count > 1 {
        otherMembers.sort { ($0.name, $0.position) < ($1.name, $1.position) }
      }
    }

    private mutating func reset() {
      members.removeAll(keepingCapacity: true)
      duplicates.removeAll(keepingCapacity: true)
      if !otherMembers.isEmpty {
        otherMembers.removeAll(keepingCapacity: true)
        for name in otherCounts.indices { otherCounts[name] = 0 }
      }
      unlistedStart = nil
      hasEscapedNames = false
      mayHoldEntities = false
      for field in memberOfField.indices { memberOfField[field] = nil }
      matcher.restart()
    }

    private mutating func scanMember(
      of text: UnsafePointer<UInt8>, _ scanner: inout JSONScanner,
      copyingTo output: inout RecordBatch.ArenaWriter, _ form: inout Form
    ) throws(JSONScanError) {
      let name = unsafe scanner.cursor + 1
      let isEscaped = try scanner.skipString()
      let nameLength = unsafe scanner.cursor - 1 - name
      scanner.skipWhiteSpace()
      guard scanner.skip(UInt8(ascii: ":")) else { throw scanner.unexpected(.colon) }
      scanner.skipWhiteSpace()
      let field =
        unsafe isEscaped ? matchEscaped(name, nameLength) : matcher.field(named: name, nameLength)
      let value = unsafe scanner.cursor
      let kind: JSONScanner.Kind
      var copy = RecordBatch.TextSpan.empty
      if let field, matcher.isJSON[field], scanner.byte != UInt8(ascii: "\"") {
        let copyStart = unsafe output.next
        kind = try unsafe scanner.copyValue(to: &output.next, enclosingDepth: 1)
        copy = unsafe output.span(from: copyStart)
      } else {
        kind = try scanner.skipValue(enclosingDepth: 1)
      }
      form.add(kind, isField: field != nil)
      var isListed = members.count < ScannedObject.listLimit && unlistedStart == nil
      if let field {
        isListed = noteMember(ofField: field, kind, copy, &form) || isListed
      } else {
        hasEscapedNames = hasEscapedNames || isEscaped
        if let other = unsafe isEscaped
          ? matchEscapedOther(name, nameLength) : matcher.otherName(name, nameLength)
        {
          form.hasField = true
          isListed = noteMember(named: other) || isListed
        }
      }
      guard isListed else {
        if unlistedStart == nil { unlistedStart = unsafe name - text }
        return
      }
      unsafe members.append(
        Member(
          name: name - text..<name - text + nameLength, nameIsEscaped: isEscaped,
          value: value - text..<scanner.cursor - text, kind: kind, field: field))
    }

    /// Notes that the next member is for a field.
    ///
    /// - Returns: Whether the member must be listed, because it is the first for the field or is
    ///   remembered as a duplicate.
    private mutating func noteMember(
      ofField field: Int, _ kind: JSONScanner.Kind, _ copy: RecordBatch.TextSpan, _ form: inout Form
    ) -> Bool {
      if matcher.isRequired[field] { form.add(required: kind, isJSON: matcher.isJSON[field]) }
      if memberOfField[field] == nil {
        memberOfField[field] = members.count
        copies[field] = copy
      } else if duplicates.count < ScannedObject.duplicateLimit {
        duplicates.append(members.count)
      } else {
        return false
      }
      return true
    }

    /// Notes that the next member has another name of a field.
    ///
    /// - Returns: Whether the member must be listed, because no more members of that name came
    ///   before than are remembered.
    private mutating func noteMember(named other: Int) -> Bool {
      otherCounts[other] += 1
      guard otherCounts[other] <= 1 + ScannedObject.duplicateLimit else { return false }
      otherMembers.append(
        OtherMember(position: members.count, name: other, field: matcher.otherNames[other].field))
      return true
    }

    /// The properties of an object that distinguish an entity from an object that holds entities.
    private struct Form {
      var onlyObjects = true
      var hasContainer = false
      var hasField = false
      var hasRequired = false
      /// Whether a required text or number is an object instead, as in a table stored by columns.
      var mayBeColumns = false

      mutating func add(_ kind: JSONScanner.Kind, isField: Bool) {
        onlyObjects = onlyObjects && kind == .object
        hasContainer = hasContainer || kind == .object || kind == .array
        hasField = hasField || isField
      }

      mutating func add(required kind: JSONScanner.Kind, isJSON: Bool) {
        hasRequired = true
        if kind == .object, !isJSON { mayBeColumns = true }
      }

      var mayHoldEntities: Bool {
        guard hasContainer else { return false }
        return hasField ? onlyObjects && (!hasRequired || mayBeColumns) : true
      }
    }

    private mutating func matchEscaped(_ name: UnsafePointer<UInt8>, _ length: Int) -> Int? {
      unsafe withDecoded(name, length) { unsafe matcher.field(named: $0, $1) }
    }

    private func matchEscapedOther(_ name: UnsafePointer<UInt8>, _ length: Int) -> Int? {
      unsafe withDecoded(name, length) { unsafe matcher.otherName($0, $1) }
    }

    private func withDecoded(
      _ name: UnsafePointer<UInt8>, _ length: Int, _ body: (UnsafePointer<UInt8>, Int) -> Int?
    ) -> Int? {
      var bytes = unsafe JSONScanner.content(
        of: UnsafeBufferPointer(start: name, count: length), isEscaped: true)
      let count = bytes.count
      // The matcher reads eight bytes at once, perhaps beyond the end.
      bytes.append(contentsOf: repeatElement(0, count: 8))
      return unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe bytes.baseAddress.flatMap { unsafe body($0, count) }
      }
    }
  }

  // MARK: Members

  /// The member used for a field, which may be null; `nil` if there is none.
  func member(of field: Int) -> Member? { content.memberOfField[field].map { content.members[$0] } }

  /// The member used for a field, whose value may be invalid; `nil` if it is absent or null.
  func given(_ field: Int) -> Member? {
    guard let position = content.memberOfField[field], content.members[position].kind != .null
    else { return nil }
    return content.members[position]
  }

  /// The compacted copy of a JSON field's value.
  func copy(of field: Int) -> RecordBatch.TextSpan { content.copies[field] }

  /// Sets the compacted copy of a JSON field's value.
  func setCopy(_ copy: RecordBatch.TextSpan, of field: Int) { content.copies[field] = copy }

  /// Uses a member under another name for its field.
  ///
  /// Further members with the same name count as duplicates.
  func adopt(_ other: OtherMember) {
    content.memberOfField[other.field] = other.position
    content.copies[other.field] = .empty
    content.members[other.position].fieldNumber = Int8(truncatingIfNeeded: other.field)
    for next in content.otherMembers
    where next.name == other.name && next.position != other.position {
      content.members[next.position].fieldNumber = Int8(truncatingIfNeeded: other.field)
      if content.duplicates.count < ScannedObject.duplicateLimit {
        content.duplicates.append(next.position)
      }
    }
  }

  /// Changes the kind of the member used for a field to that of the JSON in its text.
  func set(_ kind: JSONScanner.Kind, of field: Int) {
    if let position = content.memberOfField[field] { content.members[position].kind = kind }
  }

  /// The name of the member used for a field; the field's own if there is none.
  func name(of field: Int, in text: UnsafePointer<UInt8>) -> String {
    guard let member = member(of: field) else { return schema.fields[field].member }
    return unsafe String(decoding: member.name(in: text), as: UTF8.self)
  }

  /// The absent field that has a name which a member's name resembles; `nil` if there is none.
  func absentField(resembledBy member: Member, in text: UnsafePointer<UInt8>) -> Int? {
    guard member.kind != .null, content.memberOfField.contains(where: { $0 == nil }) else {
      return nil
    }
    let field =
      unsafe member.nameIsEscaped
      ? member.name(in: text).withUnsafeBufferPointer {
        unsafe content.matcher.field(resembling: $0)
      }
      : unsafe content.matcher.field(
        resembling: UnsafeBufferPointer(
          start: text + member.nameRange.lowerBound, count: member.nameRange.count))
    return field.flatMap { given($0) == nil ? $0 : nil }
  }

  /// Calls `body` with each member without a field whose name an earlier such member has, until
  /// `body` returns `false`.
  ///
  /// - Complexity: O(n) in the length of the object's text.
  func forEachRepeatedMember(
    in text: UnsafePointer<UInt8>, _ scanner: JSONScanner, _ body: (Member) -> Bool
  ) {
    let count = members.count { $0.field == nil }
    if count == 0 { return }
    if content.unlistedStart == nil, count <= NameTable.few {
      for (position, member) in members.enumerated() where member.field == nil {
        let isRepeated = content.members[..<position].contains {
          unsafe $0.field == nil && $0.hasSameName(as: member, in: text)
        }
        if isRepeated, !body(member) { return }
      }
      return
    }
    names.reset(for: count, hasEscapedNames: content.hasEscapedNames)
    unsafe forEachUnknownMember(in: text, scanner) { member in
      unsafe names.insert(member, in: text) || body(member)
    }
    names.shrink()
  }

  /// Calls `body` with each member without a field, in source order, until it returns `false`.
  ///
  /// - Parameters:
  ///   - text: The object's first byte.
  ///   - scanner: The scanner that scanned the object.
  ///   - body: The function to call.
  func forEachUnknownMember(
    in text: UnsafePointer<UInt8>, _ scanner: JSONScanner, _ body: (Member) -> Bool
  ) {
    guard let start = content.unlistedStart else {
      for member in members where member.field == nil {
        guard body(member) else { return }
      }
      return
    }
    var next = 0
    while next < members.count, content.members[next].nameRange.lowerBound < start {
      if content.members[next].field == nil, !body(content.members[next]) { return }
      next += 1
    }
    var scanner = scanner
    unsafe scanner.cursor = text + start - 1
    // The scanner does not throw, since it has accepted the object before.
    while let member = try? unsafe scanner.nextMember(of: text) {
      var field: Int?
      if next < members.count,
        content.members[next].nameRange.lowerBound == member.nameRange.lowerBound
      {
        field = content.members[next].field
        next += 1
      }
      if field == nil, !body(member) { return }
      scanner.skipWhiteSpace()
      guard scanner.skip(UInt8(ascii: ",")) else { return }
      scanner.skipWhiteSpace()
    }
  }
}

extension JSONScanner {
  /// Scans a member, without a field, of the object that begins at `text`.
  fileprivate mutating func nextMember(
    of text: UnsafePointer<UInt8>
  ) throws(JSONScanError) -> ScannedObject.Member {
    let name = unsafe cursor + 1 - text
    let isEscaped = try skipString()
    let nameEnd = unsafe cursor - 1 - text
    skipWhiteSpace()
    _ = skip(UInt8(ascii: ":"))
    skipWhiteSpace()
    let value = unsafe cursor - text
    let kind = try skipValue(enclosingDepth: 1)
    return unsafe ScannedObject.Member(
      name: name..<nameEnd, nameIsEscaped: isEscaped, value: value..<cursor - text, kind: kind,
      field: nil)
  }
}

extension ScannedObject.Member {
  /// The text between the name's quotes.
  private func rawName(in text: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    unsafe UnsafeBufferPointer(start: text + nameRange.lowerBound, count: nameRange.count)
  }

  /// The name with its escapes decoded; as written if it has an unpaired surrogate escape.
  func name(in text: UnsafePointer<UInt8>) -> [UInt8] {
    unsafe JSONScanner.content(of: rawName(in: text), isEscaped: nameIsEscaped)
  }

  /// The value's tokens.
  func value(in text: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    unsafe UnsafeBufferPointer(start: text + valueRange.lowerBound, count: valueRange.count)
  }

  fileprivate func hasSameName(as other: Self, in text: UnsafePointer<UInt8>) -> Bool {
    if nameIsEscaped || other.nameIsEscaped { return unsafe name(in: text) == other.name(in: text) }
    return unsafe nameRange.count == other.nameRange.count
      && rawName(in: text).elementsEqual(other.rawName(in: text))
  }

  fileprivate func nameHash(in text: UnsafePointer<UInt8>) -> Int {
    var hasher = Hasher()
    if nameIsEscaped {
      unsafe name(in: text).withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    } else {
      unsafe hasher.combine(bytes: UnsafeRawBufferPointer(rawName(in: text)))
    }
    return hasher.finalize()
  }

  /// Creates a member of which only the name is known, from the offset of the name.
  fileprivate init(nameAt offset: Int, in text: UnsafePointer<UInt8>) {
    var end = offset
    var isEscaped = false
    while unsafe text[end] != UInt8(ascii: "\"") {
      if unsafe text[end] == UInt8(ascii: "\\") {
        isEscaped = true
        end += 1
      }
      end += 1
    }
    self.init(
      name: offset..<end, nameIsEscaped: isEscaped, value: end..<end, kind: .null, field: nil)
  }
}

/// Finds names that appear more than once, in memory that is reused for each object.
///
/// It takes four bytes per slot, and at least two slots per different name.
private struct NameTable {
  /// The number of members up to which comparing names pairwise is faster.
  static let few = 12
  /// The number of slots beyond which the memory is not kept for the next object.
  private static let keptSlots = 1 << 16

  /// The slots of an open-addressed hash table: the offset of a name, or 0 if the slot is free.
  private var slots: [UInt32] = []
  private var mask = 0
  private var count = 0
  private var hasEscapedNames = false

  /// Removes all names, and makes room for `count`.
  mutating func reset(for count: Int, hasEscapedNames: Bool) {
    self.hasEscapedNames = hasEscapedNames
    self.count = 0
    var size = 32
    while size < count * 2 { size *= 2 }
    mask = size - 1
    if slots.count < size {
      slots = Array(repeating: 0, count: size)
    } else {
      for slot in 0..<size { slots[slot] = 0 }
    }
  }

  /// Frees the memory if an object with very many members made it large.
  mutating func shrink() {
    if slots.count > NameTable.keptSlots { slots = [] }
  }

  /// Adds a member's name.
  ///
  /// - Parameters:
  ///   - member: The member.
  ///   - text: The object's first byte.
  /// - Returns: Whether the name is new.
  mutating func insert(_ member: ScannedObject.Member, in text: UnsafePointer<UInt8>) -> Bool {
    if count * 2 > mask { unsafe grow(in: text) }
    var slot = unsafe member.nameHash(in: text) & mask
    while slots[slot] != 0 {
      if unsafe isName(at: Int(slots[slot]), of: member, in: text) { return false }
      slot = (slot + 1) & mask
    }
    slots[slot] = UInt32(truncatingIfNeeded: member.nameRange.lowerBound)
    count += 1
    return true
  }

  /// Whether the name at an offset is that of a member.
  private func isName(
    at offset: Int, of member: ScannedObject.Member, in text: UnsafePointer<UInt8>
  ) -> Bool {
    if hasEscapedNames {
      return unsafe member.hasSameName(as: .init(nameAt: offset, in: text), in: text)
    }
    let name = member.nameRange
    for index in 0..<name.count {
      if unsafe text[offset + index] != text[name.lowerBound + index] { return false }
    }
    return unsafe text[offset + name.count] == UInt8(ascii: "\"")
  }

  private mutating func grow(in text: UnsafePointer<UInt8>) {
    let old = slots[...mask]
    let size = (mask + 1) * 2
    mask = size - 1
    slots = Array(repeating: 0, count: size)
    for offset in old where offset != 0 {
      let name = unsafe ScannedObject.Member(nameAt: Int(offset), in: text)
      var slot = unsafe name.nameHash(in: text) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = offset
    }
  }
}
