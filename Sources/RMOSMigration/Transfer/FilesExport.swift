import RMOSModels
import RMOSStore
import RMOSSystem

/// An export of one file per entity.
enum FilesExport {
  /// Writes the files into an empty directory.
  ///
  /// All entities are read before the first file is created, which takes much longer: while a
  /// database without a log is read, other applications cannot commit.
  static func run(
    _ store: any RecordStore, into directory: [UInt8], _ options: Export.Options,
    _ isCancelled: () -> Bool
  ) throws -> Export.Summary {
    var summary = Export.Summary()
    var texts = TextSpool()
    try store.read { reader in
      for kind in reader.catalog.kinds {
        summary.counts[kind] = 0
        var writer = EntityWriter(kind)
        var seen = 0
        try reader.forEachEntity(kind) { entity in
          if seen % 64 == 0, isCancelled() { throw Export.cancelled }
          seen += 1
          guard let id = entity.id else { return summary.noteMissingID(of: entity) }
          writer.removeAll()
          let remarks = writer.append(entity)
          try unsafe texts.append(
            EntityText(kind: kind, id: id, remarks: remarks), writer.withBytes { unsafe Array($0) })
        }
      }
    }
    let kinds = store.catalog.kinds
    for kind in kinds { try FileSystem.makeDirectory(directory + Array("/\(kind.table)/".utf8)) }
    var seen = 0
    try texts.forEach(kinds) { entity, text in
      if seen % 64 == 0, isCancelled() { throw Export.cancelled }
      seen += 1
      var bytes = text
      if options.isIndented {
        let pretty = JSONLayout.pretty(bytes)
        // An entity that would be too large to migrate if it were indented stays compact.
        if pretty.count <= SourceWindow.Limits().entity { bytes = pretty }
      }
      bytes.append(UInt8(ascii: "\n"))
      let path = "/\(entity.kind.table)/"
      guard
        try write(
          bytes, to: directory + Array(path.utf8) + Array(ExportFileName.name(for: entity.id).utf8))
      else {
        return summary.noteLeftOut(
          entity.kind, entity.id,
          "has an id that equals another once its invalid UTF-8 is repaired; left out")
      }
      summary.note(entity.remarks, on: entity.kind, entity.id)
      summary.counts[entity.kind, default: 0] += 1
      summary.fileCount += 1
      summary.byteCount += bytes.count
    }
    return summary
  }

  /// Writes a file; returns `false` if a file of that name exists.
  private static func write(_ bytes: [UInt8], to path: [UInt8]) throws(SystemError) -> Bool {
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor(creating: path)
    } catch {
      if error == .exists { return false }
      throw error
    }
    defer { file.close() }
    try file.write(bytes)
    return true
  }
}

/// What is known of an entity beside its text.
private struct EntityText {
  let kind: EntityKind
  let id: String
  /// What the text does not represent exactly.
  let remarks: [EntityWriter.Remark]
}

/// The texts of entities, in the order in which they were read: a few in memory, more in a
/// temporary file.
private struct TextSpool {
  private static let mostBytes = 1 << 20

  /// The bytes that are not in the file yet.
  private var pending: [UInt8] = []
  private var file: TemporaryFile?
  /// The size of the file.
  private var size = 0

  mutating func append(_ entity: EntityText, _ text: [UInt8]) throws(SystemError) {
    append(Array(entity.kind.rawValue.utf8))
    append(Array(entity.id.utf8))
    append(text)
    append(entity.remarks.count)
    for remark in entity.remarks {
      append(remark.member == nil ? 0 : 1)
      append(Array((remark.member ?? "").utf8))
      append(Array(remark.text.utf8))
    }
    if pending.count < Self.mostBytes { return }
    let file: TemporaryFile
    if let known = self.file { file = known } else { file = try TemporaryFile() }
    self.file = file
    try file.append(pending)
    size += pending.count
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func append(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) {
      pending.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  private mutating func append(_ bytes: [UInt8]) {
    append(bytes.count)
    pending += bytes
  }

  /// Calls `body` with each entity and its text.
  func forEach(
    _ kinds: [EntityKind], _ body: (EntityText, [UInt8]) throws -> Void
  ) throws {
    var offset = 0
    func bytes(_ count: Int) throws(SystemError) -> [UInt8] {
      defer { offset += count }
      if offset < size, let file { return try file.bytes(count, at: offset) }
      return Array(pending[(offset - size)..<(offset - size + count)])
    }
    func number() throws(SystemError) -> Int {
      try bytes(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    func text() throws(SystemError) -> String {
      String(decoding: try bytes(try number()), as: UTF8.self)
    }
    while offset < size + pending.count {
      let name = try text()
      guard let kind = kinds.first(where: { $0.rawValue == name }) else { return }
      let (id, content) = (try text(), try bytes(try number()))
      var remarks: [EntityWriter.Remark] = []
      for _ in 0..<(try number()) {
        let (hasMember, member) = (try number() == 1, try text())
        remarks.append((hasMember ? member : nil, try text()))
      }
      try body(EntityText(kind: kind, id: id, remarks: remarks), content)
    }
  }
}

/// Indents JSON text without changing its tokens.
private enum JSONLayout {
  /// The maximum indentation, in levels, so that the text cannot grow without bounds.
  private static let deepestIndentation = 40

  /// The text with a line for each member and element and two spaces per level, like
  /// `JSONWriter(style: .pretty)`.
  ///
  /// - Parameter compact: Valid JSON without white space between its tokens.
  /// - Returns: The same tokens with white space between them.
  /// - Complexity: O(n).
  static func pretty(_ compact: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(compact.count * 2)
    var depth = 0
    var index = 0
    func breakLine() {
      let indentation = min(depth, deepestIndentation)
      result.append(UInt8(ascii: "\n"))
      result.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation * 2))
    }
    while index < compact.count {
      let byte = compact[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        let end = endOfString(compact, from: index)
        result.append(contentsOf: compact[index - 1..<end])
        index = end
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        result.append(byte)
        // In ASCII, the code of a closing bracket or brace is that of the opening one plus 2.
        if index < compact.count, compact[index] == byte + 2 {
          result.append(byte + 2)
          index += 1
        } else {
          depth += 1
          breakLine()
        }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth = max(0, depth - 1)
        breakLine()
        result.append(byte)
      case UInt8(ascii: ","):
        result.append(byte)
        breakLine()
      case UInt8(ascii: ":"):
        result.append(byte)
        result.append(UInt8(ascii: " "))
      default:
        result.append(byte)
      }
    }
    return result
  }

  /// The position after the quote that ends a string.
  private static func endOfString(_ text: [UInt8], from start: Int) -> Int {
    var index = start
    while index < text.count, text[index] != UInt8(ascii: "\"") {
      index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index + 1, text.count)
  }
}
