import RMOSModels
import RMOSStore
import RMOSSystem

/// An export of one file per entity.
enum FilesExport {
  /// Writes the files into a directory in which there is nothing yet.
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
          if options.isIndented { bytes = JSONLayout.pretty(bytes) }
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

  /// Writes a file; returns `false` if there is one.
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
