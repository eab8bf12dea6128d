import RMOSModels
import RMOSSystem

/// Reads one entity again, from the place where it was read before.
final class EntityRereader {
  private let source: String
  private let root: [UInt8]
  private let access: SourceAccess
  private let options: EntityDecoder.Options
  private let window = SourceWindow()

  init(root: String, options: EntityDecoder.Options, access: SourceAccess = .system) {
    source = root
    self.access = access
    self.root = Array(root.utf8)
    self.options = options
  }

  /// Reads the entity that begins at `offset` into a batch of its own.
  ///
  /// - Parameters:
  ///   - kind: Its kind.
  ///   - path: The file's relative path, as the system takes it.
  ///   - offset: 0-based, in the file's bytes.
  ///   - id: The id it was given.
  /// - Returns: The batch, with one entry.
  /// - Throws: Where the file has changed meanwhile, or cannot be read any more.
  func read(
    _ kind: EntityKind, path: [UInt8], offset: Int, id: [UInt8]
  ) throws(SourceFailure) -> RecordBatch {
    let shown = SourcePath.text(path)
    var batch = RecordBatch(kind: kind)
    let key = batch.intern(id)
    let decoder = EntityDecoder(kind: kind, options: options)
    do throws(ReadFailure) {
      let file = try ReadFailure.converting { () throws(SystemError) in
        try FileByteSource(root + [UInt8(ascii: "/")] + path, access)
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
          _ = try decoder.decode(&scanner, origin, into: &batch)
          return batch
        } catch {
          guard try window.readsOn(after: error, from: position) else { throw .notJSON(error) }
        }
      }
    } catch {
      guard case .system(let error) = error, !error.isAbsent else {
        throw SourceFailure(source: source, reason: .changed(path: path))
      }
      throw SourceFailure(source: source, reason: .unreadable(path: path, error))
    }
  }
}
