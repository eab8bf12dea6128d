import RMOSModels
import RMOSSystem

/// How much there is to read, found by walking the source without opening a file.
struct SourceMeasure {
  /// The size of all input files, bytes.
  let bytes: Int

  init(root: String) {
    var bytes = 0
    for kind in EntityKind.allCases {
      var walker = SourceWalker(root: Array(root.utf8), directory: kind.table)
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
