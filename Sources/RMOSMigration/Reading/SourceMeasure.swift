import RMOSModels
import RMOSSystem

/// How much there is to read, found by walking the source without opening a file.
struct SourceMeasure {
  /// The size of all input files, bytes.
  let bytes: Int

  /// Measures a source, or, where `isCancelled` says so meanwhile, a part of it.
  init(root: String, isCancelled: @escaping () -> Bool = { false }) {
    var bytes = 0
    for kind in EntityKind.allCases {
      var walker = SourceWalker(
        root: Array(root.utf8), directory: kind.table, isCancelled: isCancelled)
      while let item = walker.next() {
        guard case .file(let path, _) = item,
          let status = try? FileStatus(of: walker.absolute(path))
        else { continue }
        bytes += status.size
      }
    }
    self.bytes = bytes
  }
}
