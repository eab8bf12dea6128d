import RMOSModels
import RMOSSystem

/// Writes the entities of a sample tree into files of every layout.
struct SampleWriter {
  let entities: SampleEntities
  let directory: [UInt8]
  var summary = SampleTree.Summary()

  init(entities: SampleEntities, directory: [UInt8]) {
    self.entities = entities
    self.directory = directory
  }

  /// How a file holds its entities.
  private enum Layout: CaseIterable {
    case list, dictionary, lines

    /// Its share of a kind's entities, in per cent of those before which it ends; what comes before
    /// the first has a file an entity.
    var range: Range<Int> {
      switch self {
      case .list: 60..<75
      case .dictionary: 75..<85
      case .lines: 85..<100
      }
    }
    var fileName: String {
      switch self {
      case .list: "catalogue.json"
      case .dictionary: "by_id.json"
      case .lines: "archive/log.jsonl"
      }
    }
  }

  /// Writes all entities of a kind.
  mutating func write(_ kind: EntityKind, _ isCancelled: () -> Bool) throws(SystemError) {
    let count = entities.count(of: kind)
    summary.entityCounts[kind] = count
    // A handful of entities is better seen one by one.
    let singles = count < 10 ? count : count * 60 / 100
    for index in 0..<singles {
      try Self.check(isCancelled, index)
      try writeSingle(kind, index)
    }
    guard singles < count else { return }
    for layout in Layout.allCases {
      let range = count * layout.range.lowerBound / 100..<count * layout.range.upperBound / 100
      try writeShared(layout, kind, range, isCancelled)
    }
  }

  private static func check(_ isCancelled: () -> Bool, _ index: Int) throws(SystemError) {
    if index % 64 == 0, isCancelled() { throw .cancelled }
  }

  /// Writes an entity into a file of its own.
  private mutating func writeSingle(_ kind: EntityKind, _ index: Int) throws(SystemError) {
    var random = entities.random(kind, index)
    let flaw = entities.flaw(of: kind, index)
    if flaw != nil { summary.brokenCount += 1 }
    let source = flaw.flatMap {
      $0.needsSoundEntity ? entities.original(of: kind, from: index, for: $0) : nil
    }
    var members = entities.members(kind, source ?? index)
    flaw?.apply(to: &members, of: kind.schema, &random)
    var writer = JSONWriter(style: .pretty)
    writer.value(.object(members))
    var content = writer.utf8 + [UInt8(ascii: "\n")]
    if let flaw {
      content = flaw.fileContent(content, id: entities.id(kind, index), &random)
    }
    let name = "\(entities.group(kind, index))/\(entities.id(kind, index)).json"
    var file = try SampleFile(directory, "\(kind.table)/\(name)")
    defer { file.close() }
    try file.append(content)
    try finish(&file)
  }

  /// Writes entities into one file; those whose flaw needs a file of its own go there.
  private mutating func writeShared(
    _ layout: Layout, _ kind: EntityKind, _ range: Range<Int>, _ isCancelled: () -> Bool
  ) throws(SystemError) {
    var file: SampleFile?
    defer { file?.close() }
    for index in range {
      try Self.check(isCancelled, index)
      let flaw = entities.flaw(of: kind, index)
      if let flaw, flaw.needsOwnFile {
        try writeSingle(kind, index)
        continue
      }
      var members = entities.members(kind, index)
      if let flaw {
        var random = entities.random(kind, index)
        flaw.apply(to: &members, of: kind.schema, &random)
        summary.brokenCount += 1
      }
      var text = ""
      switch layout {
      case .list: text = file == nil ? "[\n  " : ",\n  "
      case .dictionary:
        // The key is the id; some files say it twice.
        if index.isMultiple(of: 2) { members.removeAll { $0.name == "id" } }
        text =
          (file == nil ? "{\n  " : ",\n  ")
          + JSONValue.string(entities.id(kind, index)).text + ": "
      case .lines: break
      }
      text += JSONValue.object(members).text + (layout == .lines ? "\n" : "")
      if file == nil { file = try SampleFile(directory, "\(kind.table)/\(layout.fileName)") }
      try file?.append(Array(text.utf8))
    }
    guard var open = file else { return }
    switch layout {
    case .list: try open.append(Array("\n]\n".utf8))
    case .dictionary: try open.append(Array("\n}\n".utf8))
    case .lines: break
    }
    try finish(&open)
  }

  private mutating func finish(_ file: inout SampleFile) throws(SystemError) {
    try file.flush()
    summary.fileCount += 1
    summary.byteCount += file.byteCount
  }
}

/// A new file, written through a buffer.
struct SampleFile {
  private let handle: FileDescriptor
  private var buffer: [UInt8] = []
  private(set) var byteCount = 0

  /// Creates the file, and the directories it needs.
  init(_ directory: [UInt8], _ name: String) throws(SystemError) {
    let path = directory + [UInt8(ascii: "/")] + Array(name.utf8)
    do throws(SystemError) {
      handle = try FileDescriptor(creating: path)
    } catch {
      guard error == .notFound else { throw error }
      try FileSystem.makeDirectories(path.directoryPath)
      handle = try FileDescriptor(creating: path)
    }
  }

  mutating func append(_ bytes: [UInt8]) throws(SystemError) {
    buffer += bytes
    byteCount += bytes.count
    if buffer.count >= 64 << 10 { try flush() }
  }

  mutating func flush() throws(SystemError) {
    try handle.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  func close() { handle.close() }
}
