import RMOSModels

/// A summary of the values that a member has in the objects of a shape, in bounded memory.
struct MemberProfile {
  /// The maximum number of different words.
  static let maximumWords = 24
  /// The maximum length of an example, in bytes.
  static let maximumExample = 80
  private static let maximumSpellings = 8
  /// The maximum length of a word, in bytes.
  private static let maximumWordLength = 32
  /// The maximum number of members of an object that are examined.
  private static let maximumMembers = 64
  private static let maximumIDs = 4_096
  /// Values that programs write where there is no time; the last ones are the first day of .NET.
  private static let wordsForNoTime = [
    "0", "-1", "0.0", "-1.0", "/Date(-62135596800000)/", "0001-01-01T00:00:00",
    "0001-01-01T00:00:00Z",
  ]
  /// The name, as in a JSON Pointer, that the only element of a list has among the members.
  private static let nameOfElement = [UInt8(ascii: "0")]

  /// The spellings of the name, in the order in which they were found.
  private(set) var spellings: [[UInt8]]
  /// Two spellings in the first object that has the member in several of them.
  private(set) var spellingsInOneObject: [[UInt8]] = []
  /// The number of objects that have the member.
  private(set) var count = 0
  /// The number of values of each type.
  private(set) var types: [SurveyReport.ValueType: Int] = [:]
  /// The beginning of the first value that is not null, as JSON.
  private(set) var example: [UInt8] = []
  private(set) var isExampleCut = false
  /// The number of texts that hold a number which a conversion reads if points are decimal points.
  private(set) var numbersInText = 0
  /// The number of those with a point.
  private(set) var pointNumbersInText = 0
  /// The number of those in which the point may separate thousands.
  private(set) var unclearPointsInText = 0
  /// The number of texts that hold a number with a comma in place of the point.
  private(set) var commaNumbersInText = 0
  /// The number of those in which the comma may separate thousands.
  private(set) var unclearCommasInText = 0
  /// The number of texts that hold a number in which thousands are certainly separated.
  private(set) var groupedNumbersInText = 0
  /// The signs of decimal points and commas in the texts.
  private(set) var decimals = DecimalSigns()
  /// How many numbers are written with a point or an exponent.
  private(set) var pointNumbers = 0
  /// The number of texts that are timestamps.
  private(set) var timestamps = 0
  /// The number of values that are likely to be seconds since 1970, as numbers or text.
  private(set) var epochSeconds = 0
  /// The number of values that are likely to be milliseconds since 1970.
  private(set) var epochMilliseconds = 0
  private(set) var emptyTexts = 0
  /// The number of values that stand for no time.
  private(set) var noTimesCount = 0
  /// The different values that stand for no time.
  private(set) var noTimes: [String] = []
  /// The number of texts that begin like an object.
  private(set) var objectsInText = 0
  /// The number of texts that begin like a list.
  private(set) var listsInText = 0
  /// The number of those whose first element begins like an object.
  private(set) var listsOfObjectsInText = 0
  /// The different texts; empty if there are too many, or a long one.
  private(set) var words: [[UInt8]] = []
  private var hasOtherWords = false
  /// The members of the values that are objects, and the only element of those that are lists.
  private(set) var members: [MemberProfile] = []
  /// Whether a list has several elements.
  private var hasLongLists = false
  /// How many lists begin with an element that is neither an object nor a list.
  private(set) var scalarLists = 0
  /// Whether different objects have the same value, if the member may be an id and memory allows.
  private(set) var repeats = false
  /// The hashes of objects by that of their value; `nil` if repetitions are not looked for.
  private var objectsByValue: [Int: Int]?

  init(named name: [UInt8]) {
    spellings = [name]
    if FieldGuess.mayBeID(named: name.foldedHeading) || name.first == UInt8(ascii: "$") {
      objectsByValue = [:]
    }
  }

  /// Whether it is the only element of a list.
  var isElement: Bool { spellings[0] == Self.nameOfElement }
  var name: String { String(decoding: spellings[0], as: UTF8.self) }
  /// The name in folded form, as that of a column in a spreadsheet.
  var foldedHeading: [UInt8] { spellings[0].foldedHeading }
  /// The number of values other than null.
  var givenCount: Int { count - types[.null, default: 0] }
  /// Whether ``words`` are all the texts there are.
  var hasAllWords: Bool { !hasOtherWords && !words.isEmpty }
  /// The element of the lists, if all values are lists with at most one; `nil` otherwise.
  var onlyElement: MemberProfile? {
    guard !hasLongLists, types[.list] == givenCount, members.count == 1 else { return nil }
    return members[0]
  }
  /// The same without the values of a type, and what is in them.
  func without(_ type: SurveyReport.ValueType) -> MemberProfile {
    var others = self
    others.count -= others.types.removeValue(forKey: type) ?? 0
    others.members = []
    return others
  }
  /// The signs of decimal points and commas in the texts, and in the members of the values.
  var allDecimals: DecimalSigns {
    members.reduce(decimals) { $0.union($1.allDecimals) }
  }
  /// Some of the values, for people.
  var sample: String {
    if hasAllWords {
      return words.prefix(3).map { Violation.quoted(String(decoding: $0, as: UTF8.self)) }
        .joined(separator: ", ")
    }
    let text = String(decoding: example, as: UTF8.self)
    return text.count > 40 ? text.prefix(40) + "…" : text
  }

  /// Whether the values seem to be those of another member.
  func hasSameValues(as other: MemberProfile) -> Bool {
    (count, types, example, words) == (other.count, other.types, other.example, other.words)
  }

  /// Records that an object has the member in two spellings.
  mutating func add(_ spelling: [UInt8], and other: [UInt8]) {
    if spellingsInOneObject.isEmpty { spellingsInOneObject = [spelling, other] }
  }

  mutating func add(spelling: UnsafeBufferPointer<UInt8>) {
    guard spellings.count < Self.maximumSpellings,
      !spellings.contains(where: { unsafe $0.elementsEqual(spelling) })
    else { return }
    unsafe spellings.append(Array(spelling))
  }

  /// Adds a value.
  ///
  /// - Parameters:
  ///   - token: The value.
  ///   - kind: Its kind.
  ///   - object: The object that has the value.
  mutating func add(
    _ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind, of object: ObjectIdentity
  ) {
    count += 1
    if kind != .null, objectsByValue != nil { unsafe checkRepetition(of: token, in: object) }
    let type = SurveyReport.ValueType(kind)
    types[type, default: 0] += 1
    if type != .null, example.isEmpty {
      (example, isExampleCut) = unsafe Self.beginning(of: token)
    }
    switch kind {
    case .number: unsafe addNumber(token)
    case .string: unsafe addText(UnsafeBufferPointer(rebasing: token.dropFirst().dropLast()))
    case .escapedString:
      let inside = unsafe UnsafeBufferPointer(rebasing: token.dropFirst().dropLast())
      unsafe JSONScanner.content(of: inside, isEscaped: true).withUnsafeBufferPointer {
        unsafe addText($0)
      }
    default: break
    }
  }

  /// Checks whether another object has the value.
  private mutating func checkRepetition(
    of value: UnsafeBufferPointer<UInt8>, in object: ObjectIdentity
  ) {
    var hasher = Hasher()
    unsafe hasher.combine(bytes: UnsafeRawBufferPointer(value))
    let key = hasher.finalize()
    if let other = objectsByValue?[key] {
      // A copy of an object has the same id.
      guard other != object.hash else { return }
      repeats = true
      objectsByValue = nil
    } else if let objectsByValue, objectsByValue.count < Self.maximumIDs {
      self.objectsByValue?[key] = object.hash
    }
  }

  /// Adds the members of a value that is an object, or the element of a list with one.
  ///
  /// - Parameters:
  ///   - value: A scanner at a value that was scanned before.
  ///   - kind: The value's kind.
  ///   - object: The object that has the value.
  ///   - depth: The number of levels of containers to examine.
  ///   - room: The number of members that may still be kept.
  mutating func addContent(
    of value: JSONScanner, _ kind: JSONScanner.Kind, in object: ObjectIdentity, depth: Int,
    room: inout Int
  ) {
    switch kind {
    case .object: addMembers(of: value, in: object, depth: depth, room: &room)
    case .array: addElement(of: value, in: object, depth: depth, room: &room)
    default: break
    }
  }

  private mutating func addElement(
    of list: JSONScanner, in object: ObjectIdentity, depth: Int, room: inout Int
  ) {
    var scanner = list
    _ = scanner.skip(UInt8(ascii: "["))
    scanner.skipWhiteSpace()
    if scanner.skip(UInt8(ascii: "]")) { return }
    let value = scanner
    guard let kind = try? scanner.skipValue(enclosingDepth: 1) else { return }
    let token = unsafe UnsafeBufferPointer(
      start: value.cursor, count: scanner.cursor - value.cursor)
    if kind != .object, kind != .array { scalarLists += 1 }
    if hasLongLists { return }
    scanner.skipWhiteSpace()
    guard scanner.skip(UInt8(ascii: "]")) else {
      hasLongLists = true
      return
    }
    if members.isEmpty, room > 0 {
      room -= 1
      members.append(MemberProfile(named: Self.nameOfElement))
    }
    guard members.first?.spellings[0] == Self.nameOfElement else { return }
    unsafe members[0].add(token, kind, of: object)
    if depth > 1 {
      members[0].addContent(of: value, kind, in: object, depth: depth - 1, room: &room)
    }
  }

  private mutating func addMembers(
    of value: JSONScanner, in object: ObjectIdentity, depth: Int, room: inout Int
  ) {
    var position = 0
    value.forEachMember { member in
      position += 1
      if let index = index(of: member, room: &room) {
        unsafe members[index].add(member.token, member.kind, of: object)
        if depth > 1 {
          members[index].addContent(
            of: member.scanner, member.kind, in: object, depth: depth - 1, room: &room)
        }
      }
      // An object with more members is likely to be a dictionary.
      return position < Self.maximumMembers
    }
  }

  private mutating func index(of member: JSONScanner.AcceptedMember, room: inout Int) -> Int? {
    if !member.isEscaped,
      let known = members.firstIndex(where: { unsafe member.name.elementsEqual($0.spellings[0]) })
    {
      return known
    }
    let name = member.decodedName
    if member.isEscaped, let known = members.firstIndex(where: { $0.spellings[0] == name }) {
      return known
    }
    guard room > 0 else { return nil }
    room -= 1
    members.append(MemberProfile(named: name))
    return members.count - 1
  }

  /// Returns the beginning of a value without white space between tokens, and whether it is cut.
  private static func beginning(
    of token: UnsafeBufferPointer<UInt8>
  ) -> (bytes: [UInt8], isCut: Bool) {
    var bytes: [UInt8] = []
    var (isInText, isEscaped) = (false, false)
    for index in token.indices {
      let byte = unsafe token[index]
      if isInText {
        if byte == UInt8(ascii: "\""), !isEscaped { isInText = false }
        isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
      } else if byte <= 0x20 {
        continue
      } else if byte == UInt8(ascii: "\"") {
        (isInText, isEscaped) = (true, false)
      }
      if bytes.count == maximumExample { return (bytes, true) }
      bytes.append(byte)
    }
    return (bytes, false)
  }

  private mutating func addNumber(_ token: UnsafeBufferPointer<UInt8>) {
    if unsafe token.contains(where: { ".eE".utf8.contains($0) }) { pointNumbers += 1 }
    if unsafe addNoTime(token) { return }
    guard token.count >= 9, token.count < 40, let number = unsafe Double(text(token)) else {
      return
    }
    addTime(number)
  }

  private mutating func addTime(_ number: Double) {
    if Timestamp.isLikely(seconds: number) { epochSeconds += 1 }
    if Timestamp.isLikely(seconds: number / 1e3) { epochMilliseconds += 1 }
  }

  /// Counts a value that stands for no time; `false` if it does not.
  private mutating func addNoTime(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    guard
      let text = Self.wordsForNoTime.first(where: { unsafe value.elementsEqual($0.utf8) })
    else { return false }
    noTimesCount += 1
    if !noTimes.contains(text) { noTimes.append(text) }
    return true
  }

  private mutating func addText(_ content: UnsafeBufferPointer<UInt8>) {
    unsafe addWord(content)
    guard let first = unsafe content.first else {
      emptyTexts += 1
      return
    }
    let isNoTime = unsafe addNoTime(content)
    switch first {
    // What Python prints begins like JSON too.
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard unsafe JSONScanner.isValid(UnsafeRawBufferPointer(content)) else { return }
      guard first == UInt8(ascii: "[") else {
        objectsInText += 1
        return
      }
      listsInText += 1
      let element = unsafe content.dropFirst().first { !" \t\r\n".utf8.contains($0) }
      if element == UInt8(ascii: "{") { listsOfObjectsInText += 1 }
    case UInt8(ascii: "/"):
      if unsafe !isNoTime && content.starts(with: "/Date(".utf8) { epochMilliseconds += 1 }
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: " "):
      guard content.count <= 40 else { return }
      if unsafe Timestamp(utf8: content) != nil {
        if !isNoTime { timestamps += 1 }
        return
      }
      var trimmed = unsafe text(content)
      while trimmed.first == " " { trimmed.removeFirst() }
      while trimmed.last == " " { trimmed.removeLast() }
      guard trimmed.utf8.allSatisfy({ "0123456789+-.,eE".utf8.contains($0) }) else { return }
      addNumber(inText: trimmed)
    default: break
    }
  }

  private mutating func addNumber(inText text: String) {
    guard let notation = NumberNotation(of: text) else { return }
    decimals.add(text, notation)
    switch notation {
    case .whole, .point, .unclearPoint:
      numbersInText += 1
      if notation != .whole { pointNumbersInText += 1 }
      if notation == .unclearPoint { unclearPointsInText += 1 }
      if let number = Double(text) { addTime(number) }
    case .comma, .unclearComma:
      commaNumbersInText += 1
      if notation == .unclearComma { unclearCommasInText += 1 }
    case .groupedByPoints, .groupedByCommas: groupedNumbersInText += 1
    }
  }

  private mutating func addWord(_ content: UnsafeBufferPointer<UInt8>) {
    guard !hasOtherWords, !words.contains(where: { unsafe $0.elementsEqual(content) }) else {
      return
    }
    guard words.count < Self.maximumWords, content.count <= Self.maximumWordLength else {
      hasOtherWords = true
      words = []
      return
    }
    unsafe words.append(Array(content))
  }

  private func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    unsafe String(decoding: bytes, as: UTF8.self)
  }
}

extension SurveyReport.ValueType {
  fileprivate init(_ kind: JSONScanner.Kind) {
    self =
      switch kind {
      case .string, .escapedString: .text
      case .number: .number
      case .true, .false: .boolean
      case .null: .null
      case .object: .object
      case .array: .list
      }
  }
}

/// The object that is surveyed, as its members see it.
@safe struct ObjectIdentity {
  private let bytes: UnsafeRawBufferPointer

  /// Creates the identity of an object, which must stay where it is as long as that is used.
  init(of bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  /// A hash that copies of the object share; it takes as long as the object is.
  var hash: Int {
    var hasher = Hasher()
    unsafe hasher.combine(bytes: bytes)
    return hasher.finalize()
  }
}

extension [UInt8] {
  /// The name in folded form, without the punctuation that headings of columns have, such as
  /// `Width (mm)`, and attributes in XML, such as `@id`.
  var foldedHeading: [UInt8] { foldedName.filter { !"()[]<>.,:;/#*?@".utf8.contains($0) } }
}
