import RMOSModels
import RMOSStore
import RMOSSystem

/// Writes the entities of one snapshot into the staging directory of an export.
struct ExportWriter {
  private static let bufferLimit = 64 << 10

  static var cancelled: MigrationError {
    MigrationError(.cancelled, "the export was cancelled; the directory is what it was before")
  }

  private let reader: any StoreReader
  private let staging: StagedDirectory
  private let options: Export.Options
  private(set) var summary = Export.Summary()

  init(_ reader: any StoreReader, into staging: StagedDirectory, _ options: Export.Options) {
    self.reader = reader
    self.staging = staging
    self.options = options
  }

  /// Writes all entities of a kind.
  mutating func write(_ kind: EntityKind, _ isCancelled: () -> Bool) throws {
    let directory = staging.path + Array("/\(kind.table)/".utf8)
    try FileSystem.makeDirectory(directory)
    summary.counts[kind] = 0
    var lines = LinesFile(path: directory + Array("\(kind.table).jsonl".utf8))
    defer { lines.close() }
    var seen = 0
    try reader.forEachRecord(kind) { record in
      if seen % 64 == 0, isCancelled() { throw ExportWriter.cancelled }
      seen += 1
      guard case .text(let id) = record.values[0] else {
        return note(
          .error, .exportLeftOut, record, nil,
          "has \(record.values[0] == .null ? "no id" : "an id that is no text"), so no file can "
            + "stand for it; left out")
      }
      let unknown = try reader.provenance(kind, id: id)?.unknownMembers
      let entity = EntityText(record, unknownMembers: unknown)
      let isWritten =
        switch options.layout {
        case .lines: try lines.append(entity.utf8)
        case .files: try write(entity, id: id, in: directory)
        }
      guard isWritten else {
        return note(
          .error, .exportLeftOut, record, nil,
          "has an id that is the same text as another's once its broken UTF-8 is mended; left out")
      }
      for remark in entity.remarks {
        note(.warning, .exportInexact, record, remark.member, remark.text)
      }
      summary.counts[kind, default: 0] += 1
    }
    guard lines.isOpen else { return }
    try lines.flush()
    summary.fileCount += 1
    summary.byteCount += lines.byteCount
  }

  /// Writes an entity into a file of its own; false where its name is taken.
  private mutating func write(
    _ entity: EntityText, id: String, in directory: [UInt8]
  ) throws -> Bool {
    var bytes = options.style == .pretty ? JSONLayout.pretty(entity.utf8) : entity.utf8
    bytes.append(UInt8(ascii: "\n"))
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor(creating: directory + Array(ExportFileName.name(for: id).utf8))
    } catch {
      if error == .exists { return false }
      throw error
    }
    defer { file.close() }
    try file.write(bytes)
    summary.fileCount += 1
    summary.byteCount += bytes.count
    return true
  }

  private mutating func note(
    _ severity: Severity, _ code: IssueCode, _ record: Record, _ member: String?, _ text: String
  ) {
    let id = record.id.isEmpty ? nil : record.id
    summary.add(
      Issue(
        severity: severity, code: code, kind: record.kind, id: id,
        pointer: member.map { JSONPointer.to($0) }, message: text),
      keeping: options.maxIssuesInSummary)
  }

  /// A file of one entity a line, created with its first.
  private struct LinesFile {
    let path: [UInt8]
    private var handle: FileDescriptor?
    private var buffer: [UInt8] = []
    private(set) var byteCount = 0

    init(path: [UInt8]) { self.path = path }

    var isOpen: Bool { handle != nil }

    mutating func append(_ line: [UInt8]) throws(SystemError) -> Bool {
      if handle == nil { handle = try FileDescriptor(creating: path) }
      buffer += line
      buffer.append(UInt8(ascii: "\n"))
      byteCount += line.count + 1
      if buffer.count >= ExportWriter.bufferLimit { try flush() }
      return true
    }

    mutating func flush() throws(SystemError) {
      try handle?.write(buffer)
      buffer.removeAll(keepingCapacity: true)
    }

    func close() { handle?.close() }
  }
}
