import RMOSModels
import RMOSSystem

/// How much there is to read, found by walking the source without opening a file.
struct SourceMeasure {
  /// The size of all input files, bytes.
  let bytes: Int

  /// Measures a source, or, where `isCancelled` says so meanwhile, a part of it.
  init(
    root: String, _ catalog: EntityCatalog, isCancelled: @escaping () -> Bool = { false }
  ) {
    var bytes = 0
    let path = Array(root.utf8)
    for kind in catalog.kinds {
      for (name, _) in SourceTop(of: path, catalog).files(of: kind) {
        bytes += (try? FileStatus(of: path + [UInt8(ascii: "/")] + name))?.size ?? 0
      }
      var walker = SourceWalker(
        root: Array(root.utf8), directory: kind.table, isCancelled: isCancelled)
      while let item = walker.next() {
        switch item {
        case .file(let path, _), .copy(let path, _, _):
          bytes += (try? FileStatus(of: walker.absolute(path)))?.size ?? 0
        case .unread, .unreadable, .loop: continue
        }
      }
    }
    self.bytes = bytes
  }
}
