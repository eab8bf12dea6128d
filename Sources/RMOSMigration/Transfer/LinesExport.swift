import RMOSModels
import RMOSStore
import RMOSSystem

/// An export of one file per kind, one entity per line.
///
/// The kinds are cut into pieces. Threads take the pieces in order and turn them into lines in
/// parallel; the lines are written one piece after the other. There are two threads if the store
/// can show one state to both.
final class LinesExport: Sendable {
  /// Some of the entities of a kind.
  private struct Piece {
    let kind: EntityKind
    let range: EntityRange
    let isLast: Bool
  }

  private struct State {
    var nextToRead = 0
    var nextToWrite = 0
    /// The file of the kind whose pieces are being written, created with its first bytes.
    var file: FileDescriptor?
    var summary = Export.Summary()
    /// Why a thread gave up.
    var failure: (any Error)?
  }

  /// The number of bytes that a thread collects before it writes them.
  private static let usualBytes = 1 << 20
  /// The number of bytes with which a thread stops to wait for the turn of its piece.
  private static let mostBytes = 4 << 20
  private static let threadCount = 2

  private let directory: [UInt8]
  private let pieces: [Piece]
  private let options: Export.Options
  private let isCancelled: @Sendable () -> Bool
  private let state = Monitor(State())

  private init(
    of store: any RecordStore, into directory: [UInt8], _ options: Export.Options,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    self.directory = directory
    self.options = options
    self.isCancelled = isCancelled
    pieces = try store.read { reader in
      try reader.catalog.kinds.flatMap { kind in
        let ranges = try reader.ranges(of: kind, count: options.entitiesPerPiece)
        return ranges.enumerated().map { position, range in
          Piece(kind: kind, range: range, isLast: position == ranges.count - 1)
        }
      }
    }
  }

  deinit { state.withLock { $0.file?.close() } }

  /// Writes the files into an empty directory.
  static func run(
    _ store: any RecordStore, into directory: [UInt8], _ options: Export.Options,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws -> Export.Summary {
    for kind in store.catalog.kinds {
      try FileSystem.makeDirectory(directory + Array("/\(kind.table)".utf8))
    }
    let export = try LinesExport(of: store, into: directory, options, isCancelled)
    // A second thread only helps if a kind has more than one piece.
    let threads = export.pieces.count > store.catalog.kinds.count ? threadCount : 1
    try store.readOnOneState(
      Array(repeating: { reader in try export.work(with: reader) }, count: threads))
    return export.state.withLock { $0.summary }
  }

  /// Takes pieces until there are none left.
  private func work(with reader: any StoreReader) throws {
    guard let first = pieces.first else { return }
    var writer = EntityWriter(first.kind)
    do {
      while let index = takePiece() {
        writer.begin(pieces[index].kind)
        try write(index, reader, &writer)
      }
    } catch {
      state.withLock(waking: .all) { $0.failure = $0.failure ?? error }
      throw error
    }
  }

  private func takePiece() -> Int? {
    state.withLock { state in
      guard state.failure == nil, state.nextToRead < pieces.count else { return nil }
      defer { state.nextToRead += 1 }
      return state.nextToRead
    }
  }

  private func write(
    _ index: Int, _ reader: any StoreReader, _ writer: inout EntityWriter
  ) throws {
    let piece = pieces[index]
    var summary = Export.Summary()
    var (seen, written) = (0, 0)
    try reader.forEachEntity(piece.kind, in: piece.range) { entity in
      if seen % 64 == 0, isCancelled() { throw Export.cancelled }
      seen += 1
      guard case .text = entity.values[0] else { return summary.noteMissingID(of: entity) }
      let remarks = writer.append(entity)
      writer.append(UInt8(ascii: "\n"))
      written += 1
      if !remarks.isEmpty { summary.note(remarks, on: entity.kind, entity.id) }
      if writer.byteCount >= Self.usualBytes {
        try hand(over: &writer, of: index, mayWait: writer.byteCount >= Self.mostBytes)
      }
    }
    try hand(over: &writer, of: index, mayWait: true)
    summary.counts[piece.kind] = written
    finish(index, summary)
  }

  /// Writes the lines of a piece and clears them, if necessary after waiting for its turn.
  ///
  /// If it is not the turn of the piece and `mayWait` is `false`, the lines stay.
  private func hand(over writer: inout EntityWriter, of index: Int, mayWait: Bool) throws {
    try state.wait { state in
      if let failure = state.failure { throw failure }
      guard state.nextToWrite == index else { return mayWait ? .wait() : .done(()) }
      try unsafe writer.withBytes { bytes in
        guard unsafe !bytes.isEmpty else { return }
        try unsafe file(of: pieces[index].kind, &state).write(bytes)
        state.summary.byteCount += bytes.count
      }
      writer.removeAll()
      return .done(())
    }
  }

  private func file(of kind: EntityKind, _ state: inout State) throws -> FileDescriptor {
    if let file = state.file { return file }
    let file = try FileDescriptor(
      creating: directory + Array("/\(kind.table)/\(kind.table).jsonl".utf8))
    state.file = file
    state.summary.fileCount += 1
    return file
  }

  /// Ends a piece whose lines are written, so that the next piece has its turn.
  private func finish(_ index: Int, _ summary: Export.Summary) {
    state.withLock(waking: .all) { state in
      state.summary.add(summary)
      state.nextToWrite += 1
      guard pieces[index].isLast else { return }
      state.file?.close()
      state.file = nil
    }
  }
}
