import RMOSModels

/// Reads one entity again, from the place where it was read before.
final class EntityRereader {
  private let root: [UInt8]
  private let options: EntityReader.Options
  private let window = SourceWindow()

  init(root: String, options: EntityReader.Options) {
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
  /// - Throws: ``MigrationError`` where the file has changed meanwhile.
  func read(_ kind: EntityKind, path: [UInt8], offset: Int, id: [UInt8]) throws -> RecordBatch {
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
      throw MigrationError(
        .sourceChanged,
        "\(shown) changed while it was being read; run again when nobody writes there")
    }
  }
}
