public import RMOSModels
import Synchronization

/// A source tree for property tests: sound entities whose content is known, between odd and broken
/// ones, in every layout and encoding.
///
/// Sound entities must be migrated with exactly ``KnownEntity/values``, whatever stands around
/// them. What becomes of the others is for the properties to hold against each other: a rehearsal
/// and the run, one store and the other, the first run and the second.
public struct RandomTree: Sendable {
  /// A sound entity.
  public struct KnownEntity: Sendable, Hashable {
    /// Its kind.
    public var kind: EntityKind
    /// Its id.
    public var id: String
    /// What the columns must hold, by member, for the members the source gives.
    public var values: [String: Value]
  }

  /// The tree.
  public let source: SourceTree
  /// The sound entities.
  public let known: [KnownEntity]

  /// The tree's absolute path.
  public var path: String { source.path }

  private struct Key: Hashable {
    var seed: UInt64
    var fileCount: Int
  }

  /// What was made before: several properties are tested with the same trees.
  private static let contents = Mutex<[Key: RandomTreeContent]>([:])

  /// Writes a tree.
  ///
  /// - Parameters:
  ///   - seed: Another seed gives another tree.
  ///   - fileCount: About how many files each kind has.
  /// - Throws: What the file system says.
  public init(seed: UInt64, fileCount: Int = 12) throws {
    let key = Key(seed: seed, fileCount: fileCount)
    let content =
      Self.contents.withLock { $0[key] } ?? RandomTreeContent(seed: seed, fileCount: fileCount)
    Self.contents.withLock { $0[key] = content }
    source = try SourceTree()
    known = content.known
    for item in content.items {
      switch item {
      case .file(let path, let bytes): try source.add(path, bytes)
      case .directory(let path): try source.addDirectory(path)
      case .link(let path, let target): try source.addLink(path, to: target)
      }
    }
  }
}

/// What a random tree holds.
private struct RandomTreeContent: Sendable {
  /// What is to be written, in order.
  enum Item: Sendable {
    case file(String, [UInt8])
    case directory(String)
    case link(String, to: String)
  }

  private(set) var items: [Item] = []
  private(set) var known: [RandomTree.KnownEntity] = []
  private var tokens: RandomTokens
  private var soundIDs: [EntityKind: [String]] = [:]

  init(seed: UInt64, fileCount: Int) {
    tokens = RandomTokens(seed: seed)
    for kind in EntityCatalog.rmos.kinds {
      for number in 0..<fileCount {
        let directory = tokens.random.pick([
          "", "", "a/", "a/b/", "é/", "e\u{301}/", "with space/", "B/", "deep/er/and/deeper/",
        ])
        let path = "\(kind.rawValue)/\(directory)\(tokens.random.pick(["f", "F", "ß"]))\(number)"
        if tokens.random.chance(50) {
          addSoundFile(kind, path, number)
        } else {
          addDoubtfulFile(kind, path)
        }
      }
      addWhatIsNoInput(kind)
    }
  }

  /// A layout of files.
  private enum Layout: CaseIterable {
    case single, list, dictionary, lines
  }

  private mutating func addSoundFile(_ kind: EntityKind, _ path: String, _ file: Int) {
    let layout = tokens.random.pick(Layout.allCases)
    // Ids that look alike, and that Swift's == equates, are two all the same.
    let hasTwins = tokens.random.chance(20)
    var entities: [(id: String, tokens: [String])] = []
    for number in 0..<(layout == .single ? 1 : tokens.random.int(1...6)) {
      var id = "sound-\(file)-\(number)"
      if hasTwins {
        id = "sound-\(file)-\(number / 2)-" + (number.isMultiple(of: 2) ? "\u{E9}" : "e\u{301}")
      }
      id +=
        hasTwins
        ? ""
        : tokens.random.pick(["", "", "", "é", "e\u{301}", "/../x", "\"q\"", "\u{1}", "A", "a"])
      let entity = RandomEntity(sound: kind, id: id, targets: soundIDs, &tokens)
      entities.append((id, entity.tokens(&tokens)))
      known.append(RandomTree.KnownEntity(kind: kind, id: id, values: entity.expected))
      // A second copy says the same with other white space.
      if layout != .single, layout != .dictionary, tokens.random.chance(10) {
        entities.append((id, entity.tokens(&tokens)))
      }
    }
    for entity in entities { soundIDs[kind, default: []].append(entity.id) }
    add(text(of: entities, layout), path, layout)
  }

  private mutating func addDoubtfulFile(_ kind: EntityKind, _ path: String) {
    let layout = tokens.random.pick(Layout.allCases)
    var entities: [(id: String, tokens: [String])] = []
    for _ in 0..<(layout == .single ? 1 : tokens.random.int(0...6)) {
      let id = "doubtful-\(tokens.random.int(0...9))"
      var entity = RandomEntity(sound: kind, id: id, targets: soundIDs, &tokens)
      entity.spoil(&tokens)
      let isNoObject = tokens.random.chance(5)
      entities.append((id, isNoObject ? tokens.value() : entity.tokens(&tokens)))
    }
    if layout == .dictionary, tokens.random.chance(30), !entities.isEmpty {
      entities[0].id = tokens.random.pick(["", "name", "other", entities[entities.count - 1].id])
    }
    var text = text(of: entities, layout)
    switch tokens.random.int(0...9) {
    case 0:
      text = String(text.unicodeScalars.prefix(tokens.random.int(0...text.unicodeScalars.count)))
    case 1: text += tokens.random.pick(["x", "{}", "]", "\u{0}", "// end", ","])
    case 2: text = text.split(separator: ",").joined(separator: tokens.random.pick([",,", ""]))
    case 3: text = tokens.random.pick(["", " \n", "null", "7", "\"text\"", "[", "{", "[]", "{}"])
    default: break
    }
    add(text, path, layout, mayBreakEncoding: true)
  }

  private mutating func text(
    of entities: [(id: String, tokens: [String])], _ layout: Layout
  ) -> String {
    switch layout {
    case .single: return tokens.spaced(entities[0].tokens)
    case .list: return tokens.spaced(tokens.list("[", "]", entities.map(\.tokens)))
    case .dictionary:
      let items = entities.map { [tokens.quoted($0.id), ":"] + $0.tokens }
      return tokens.spaced(tokens.list("{", "}", items))
    case .lines:
      var text = ""
      for entity in entities {
        if tokens.random.chance(15) { text += tokens.random.pick(["\n", "  \r\n"]) }
        text += tokens.spaced(entity.tokens, isOneLine: true) + tokens.random.pick(["\n", "\r\n"])
      }
      return tokens.random.chance(20) ? String(text.dropLast()) : text
    }
  }

  private mutating func add(
    _ text: String, _ path: String, _ layout: Layout, mayBreakEncoding: Bool = false
  ) {
    let endings = layout == .lines ? [".jsonl", ".ndjson", ".JSONL"] : [".json", ".json", ".Json"]
    var bytes: [UInt8]
    switch tokens.random.int(0...9) {
    case 0: bytes = [0xEF, 0xBB, 0xBF] + Array(text.utf8)
    case 1: bytes = [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    case 2: bytes = [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    default: bytes = Array(text.utf8)
    }
    if mayBreakEncoding, tokens.random.chance(15), !bytes.isEmpty {
      let index = tokens.random.int(0...bytes.count - 1)
      switch tokens.random.int(0...2) {
      case 0: bytes.remove(at: index)
      case 1: bytes.insert(tokens.random.pick([0xE9, 0xFF, 0xC0, 0xED, 0x00]), at: index)
      default: bytes[index] = UInt8(tokens.random.int(0...255))
      }
    }
    items.append(.file(path + tokens.random.pick(endings), bytes))
  }

  /// Hidden files, other endings, empty directories, and links that go round.
  private mutating func addWhatIsNoInput(_ kind: EntityKind) {
    for name in [".hidden.json", ".git/config.json", "notes.txt"] {
      items.append(.file("\(kind.rawValue)/\(name)", Array("{".utf8)))
    }
    items.append(.directory("\(kind.rawValue)/empty.json"))
    if tokens.random.chance(30) { items.append(.link("\(kind.rawValue)/loop", to: ".")) }
    if tokens.random.chance(30) {
      items.append(.link("\(kind.rawValue)/gone.json", to: "nowhere"))
    }
  }
}
