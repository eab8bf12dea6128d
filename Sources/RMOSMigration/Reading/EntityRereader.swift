import RMOSModels
import RMOSSystem

/// Reads entities again, one at a time, from the places where they were read before.
final class EntityRereader {
  private let input: SourceInput
  private let root: [UInt8]
  /// A small window, since only one entity of each file is read.
  private let window = SourceWindow(limits: SourceWindow.Limits(chunk: 16 << 10))
  private let mappers: MapperPool

  init(of input: SourceInput) {
    self.input = input
    root = Array(input.source.utf8)
    mappers = MapperPool(input.mappings)
  }

  /// Reads the entity that begins at `offset` into a batch of its own.
  ///
  /// - Parameters:
  ///   - kind: The entity's kind.
  ///   - path: The relative path of its file, as bytes.
  ///   - offset: Its 0-based offset in the file's bytes.
  ///   - id: The id that it was given.
  ///   - way: How it was mapped; `nil` if no rule took it.
  /// - Returns: The batch, with one entry.
  /// - Throws: ``SourceFailure`` if the file has changed or cannot be read any more.
  func read(
    _ kind: EntityKind, path: [UInt8], offset: Int, id: [UInt8], mapped way: MappedWay? = nil
  ) throws(SourceFailure) -> RecordBatch {
    let shown = SourcePath.text(path)
    var batch = RecordBatch(kind: kind)
    let key = batch.intern(id)
    let decoder = EntityDecoder(kind: kind, options: input.decoding)
    do throws(ReadFailure) {
      let file = try ReadFailure.converting { () throws(SystemError) in
        try FileByteSource(root + [UInt8(ascii: "/")] + path, input.access)
      }
      defer { file.close() }
      try window.load(file, at: offset)
      let position = window.start
      let origin = EntityOrigin(
        source: batch.addSource(shown), path: shown, key: key, place: window.place(at: position),
        encoding: window.encoding)
      while true {
        do throws(JSONScanError) {
          var scanner = window.scanner(at: position)
          if let way,
            case .mapped(let file) = mappers.reading(
              of: path, as: kind, at: SourceTop.home(of: path, input.catalog))
          {
            file.mapper.way = .taken(rule: way.rule)
            var ahead = scanner
            var keys = way.keys
            if way.hasKeyAsID { keys.own = id }
            let isTaken = try file.mapper.decode(
              &ahead, origin, keys: keys, with: decoder, into: &batch)
            if isTaken { return batch }
          }
          _ = try decoder.decode(&scanner, origin, into: &batch)
          return batch
        } catch {
          guard try window.readsOn(after: error, from: position) else { throw .notJSON(error) }
        }
      }
    } catch {
      guard case .system(let error) = error, !error.isAbsent else {
        throw SourceFailure(source: input.source, reason: .changed(path: path))
      }
      throw SourceFailure(source: input.source, reason: .unreadable(path: path, error))
    }
  }
}
