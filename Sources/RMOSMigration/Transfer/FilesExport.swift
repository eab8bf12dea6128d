import RMOSModels
import RMOSStore
import RMOSSystem

/// An export of one file per entity.
enum FilesExport {
  /// Writes the files into an empty directory.
  static func run(
    _ store: any RecordStore, into directory: [UInt8], _ options: Export.Options,
    _ isCancelled: () -> Bool
  ) throws -> Export.Summary {
    var summary = Export.Summary()
    try store.read { reader in
      for kind in reader.catalog.kinds {
        let directory = directory + Array("/\(kind.table)/".utf8)
        try FileSystem.makeDirectory(directory)
        summary.counts[kind] = 0
        var writer = EntityWriter(kind)
        var seen = 0
        try reader.forEachEntity(kind) { entity in
          if seen % 64 == 0, isCancelled() { throw Export.cancelled }
          seen += 1
          let limit = options.maxIssuesInSummary
          guard let id = entity.id else {
            return summary.noteMissingID(of: entity, keeping: limit)
          }
          writer.removeAll()
          let remarks = writer.append(entity)
          var bytes = unsafe writer.withBytes { unsafe Array($0) }
          if options.isIndented {
            let pretty = JSONLayout.pretty(bytes)
            // An entity that would be too large to migrate if it were indented stays compact.
            if pretty.count <= SourceWindow.Limits().entity { bytes = pretty }
          }
          bytes.append(UInt8(ascii: "\n"))
          guard try write(bytes, to: directory + Array(ExportFileName.name(for: id).utf8)) else {
            return summary.noteLeftOut(
              entity, "has an id that equals another once its invalid UTF-8 is repaired; left out",
              keeping: limit)
          }
          summary.note(remarks, on: entity, keeping: limit)
          summary.counts[kind, default: 0] += 1
          summary.fileCount += 1
          summary.byteCount += bytes.count
        }
      }
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
