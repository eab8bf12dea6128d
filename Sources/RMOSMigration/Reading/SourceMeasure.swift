import RMOSModels
import RMOSSystem

/// The amount to read, determined by walking the source without opening a file.
struct SourceMeasure {
  /// The size of all input files in bytes; a file read for several kinds counts once for each.
  let bytes: Int

  /// Measures a source, or a part of it if `isCancelled` becomes `true`.
  ///
  /// - Parameters:
  ///   - root: The source directory.
  ///   - catalog: The kinds that are read from it.
  ///   - mappings: How files of other shapes are read.
  ///   - ignored: Directories that mappings do not read.
  ///   - isCancelled: Polled periodically; once it returns `true`, the walk is abandoned.
  init(
    root: String, _ catalog: EntityCatalog, mappings: MappingSet = .none,
    ignoring ignored: [String] = [], isCancelled: @escaping () -> Bool = { false }
  ) {
    var bytes = 0
    let root = Array(root.utf8)
    // What is in the way of listing it is said when it is read.
    let top = try? SourceTop(of: root, catalog)
    func add(_ path: [UInt8], at absolutePath: [UInt8], as kind: EntityKind, home: EntityKind?) {
      if case .not = mappings.reading(of: path, as: kind, at: home) { return }
      bytes += (try? FileStatus(of: absolutePath))?.size ?? 0
    }
    for kind in catalog.kinds {
      for (name, _) in top?.inputs ?? [] {
        let path = root + [UInt8(ascii: "/")] + name
        add(name, at: path, as: kind, home: SourceTop.home(of: name, catalog))
      }
      let others = try? top?.openDirectories(passingOver: ignored)
      let elsewhere = (others ?? []).filter {
        !$0.elementsEqual(kind.table.utf8) && mappings.mayRead(kind, below: $0)
      }
      for directory in [Array(kind.table.utf8)] + elsewhere {
        let home = catalog.kinds.first { directory.elementsEqual($0.table.utf8) }
        var walker = SourceWalker(
          root: root, directory: directory, for: .all, isCancelled: isCancelled)
        while let item = walker.next() {
          switch item {
          case .file(let path, _), .copy(let path, _, _):
            add(path, at: walker.absolute(path), as: kind, home: home)
          case .unread, .unreadable, .loop: continue
          }
        }
      }
    }
    self.bytes = bytes
  }
}
