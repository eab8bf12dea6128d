import RMOSModels

/// What the values of one member of a shape are, gathered from object after object in bounded
/// memory.
struct MemberProfile {
  /// The maximum number of different short texts that are kept.
  static let wordsKept = 24
  /// The maximum number of bytes of an example that are kept.
  static let exampleLength = 80
  private static let spellingsKept = 8
  private static let longestWord = 32
  private static let membersLookedAt = 64

  /// The spellings of the name, in the order in which they were found.
  private(set) var spellings: [[UInt8]]
  /// The number of objects that have the member.
  private(set) var count = 0
  /// How many values are of each type.
  private(set) var types: [SurveyReport.ValueType: Int] = [:]
  /// The beginning of the first value that is not null, as JSON.
  private(set) var example: [UInt8] = []
  private(set) var isExampleCut = false
  /// How many texts hold a number with a point, or none.
  private(set) var numbersInText = 0
  /// How many texts hold a number with a comma for a point.
  private(set) var commaNumbersInText = 0
  /// How many texts are times as entities have them.
  private(set) var timestamps = 0
  /// How many numbers, or texts that are numbers, are plausible as seconds since 1970.
  private(set) var epochSeconds = 0
  /// How many values are plausible as milliseconds since 1970.
  private(set) var epochMilliseconds = 0
  /// How many texts begin as an object or a list does.
  private(set) var objectsInText = 0
  private(set) var listsInText = 0
  /// The different texts; empty once there were too many, or a long one.
  private(set) var words: [[UInt8]] = []
  private var hasOtherWords = false
  /// The members of the values that are objects.
  private(set) var members: [MemberProfile] = []

  init(named name: [UInt8]) { spellings = [name] }

  var name: String { String(decoding: spellings[0], as: UTF8.self) }
  /// The number of values other than null.
  var givenCount: Int { count - types[.null, default: 0] }
  /// Whether ``words`` are all the texts there are.
  var hasAllWords: Bool { !hasOtherWords && !words.isEmpty }

  mutating func add(spelling: UnsafeBufferPointer<UInt8>) {
    guard spellings.count < Self.spellingsKept,
      !spellings.contains(where: { unsafe $0.elementsEqual(spelling) })
    else { return }
    unsafe spellings.append(Array(spelling))
  }

  mutating func add(_ token: UnsafeBufferPointer<UInt8>, _ kind: JSONScanner.Kind) {
    count += 1
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
      unsafe (JSONScanner.decoded(inside) ?? Array(inside)).withUnsafeBufferPointer {
        unsafe addText($0)
      }
    default: break
    }
  }

  /// Adds the members of a value that is an object.
  ///
  /// - Parameters:
  ///   - object: A scanner at an object that was scanned before.
  ///   - depth: How many levels of objects are looked at.
  ///   - room: How many more members may be kept.
  mutating func addMembers(of object: JSONScanner, depth: Int, room: inout Int) {
    var position = 0
    object.forEachMember { member in
      position += 1
      if let index = index(of: member, room: &room) {
        unsafe members[index].add(member.token, member.kind)
        if member.kind == .object, depth > 1 {
          members[index].addMembers(of: member.scanner, depth: depth - 1, room: &room)
        }
      }
      // What has more members is likely to be a dictionary.
      return position < Self.membersLookedAt
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

  /// The beginning of a value without the white space between its tokens, and whether that is cut.
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
      if bytes.count == exampleLength { return (bytes, true) }
      bytes.append(byte)
    }
    return (bytes, false)
  }

  private mutating func addNumber(_ token: UnsafeBufferPointer<UInt8>) {
    guard token.count >= 9, token.count < 40, let number = unsafe Double(text(token)) else {
      return
    }
    addTime(number)
  }

  private mutating func addTime(_ number: Double) {
    if Timestamp.isLikely(seconds: number) { epochSeconds += 1 }
    if Timestamp.isLikely(seconds: number / 1e3) { epochMilliseconds += 1 }
  }

  private mutating func addText(_ content: UnsafeBufferPointer<UInt8>) {
    unsafe addWord(content)
    guard let first = unsafe content.first else { return }
    switch first {
    case UInt8(ascii: "{"): objectsInText += 1
    case UInt8(ascii: "["): listsInText += 1
    case UInt8(ascii: "/"):
      if unsafe content.starts(with: "/Date(".utf8) { epochMilliseconds += 1 }
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
      UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: " "):
      guard content.count <= 40 else { return }
      if unsafe Timestamp(utf8: content) != nil {
        timestamps += 1
        return
      }
      let trimmed = unsafe text(content).filter { $0 != " " }
      guard trimmed.utf8.allSatisfy({ "0123456789+-.,eE".utf8.contains($0) }) else { return }
      if let number = Double(trimmed), number.isFinite {
        numbersInText += 1
        addTime(number)
      } else if !trimmed.contains("."),
        Double(String(trimmed.map { $0 == "," ? "." : $0 })) != nil
      {
        commaNumbersInText += 1
      }
    default: break
    }
  }

  private mutating func addWord(_ content: UnsafeBufferPointer<UInt8>) {
    guard !hasOtherWords, !words.contains(where: { unsafe $0.elementsEqual(content) }) else {
      return
    }
    guard words.count < Self.wordsKept, content.count <= Self.longestWord else {
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
