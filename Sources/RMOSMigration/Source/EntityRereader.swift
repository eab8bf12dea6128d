import RMOSModels
import RMOSSystem

/// Reads one entity again, from the place where it was read before.
final class EntityRereader {
  private let source: String
  private let root: [UInt8]
  private let options: EntityReader.Options
  private let window: SourceWindow

  init(root: String, options: EntityReader.Options, access: SourceAccess = .system) {
    source = root
    self.root = Array(root.utf8)
    self.options = options
    window = SourceWindow(access: access)
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
    let reader = EntityReader(kind: kind, options: options)
    do throws(ReadFailure) {
      try window.open(root + [UInt8(ascii: "/")] + path, at: offset)
      var position = window.beginning
      while true {
        var context = EntityReader.Context(
          source: batch.addSource(shown), path: shown, place: window.place(at: position),
          encoding: window.encoding)
        context.key = key
        do throws(JSONScanError) {
          var scanner = window.scanner(at: position)
          _ = try reader.read(&scanner, context, into: &batch)
          return batch
        } catch {
          guard window.canGoOn(after: error, from: position) else { throw .notJSON(error) }
        }
        position -= try window.refill()
      }
    } catch {
      guard case .system(let error) = error, !error.isAbsent else {
        throw SourceFailure(source: source, reason: .changed(path: path))
      }
      throw SourceFailure(source: source, reason: .unreadable(path: path, error))
    }
  }
}
