import RMOSModels
import RMOSSystem

extension Migration {
  /// Checks that a source can be read, before a store is made for it.
  ///
  /// - Throws: ``MigrationError/Code/sourceUnreadable``.
  package static func checkSource(_ source: String) throws(MigrationError) {
    let path = Array(source.utf8)
    var isListed = false
    do throws(SystemError) {
      guard try FileStatus(of: path).form == .directory else {
        throw .notADirectory
      }
      try FileSystem.forEachEntry(ofDirectory: path) { _, _ in }
      isListed = true
      // A directory that may be listed and not searched tells nothing of what is in it.
      _ = try FileStatus(of: path + Array("/.".utf8))
    } catch {
      let reason = isListed ? "it may be listed but not searched: \(error.reason)" : error.reason
      throw MigrationError(
        .sourceUnreadable,
        "the source \(source) cannot be read: \(reason); expected a directory with "
          + EntityKind.allCases.map(\.table).joined(separator: ", ") + " in it")
    }
  }

  /// Whether a file is, or would be, in a directory that a source is read from.
  package static func reads(_ file: String, from source: String) -> Bool {
    kindRead(from: Array(file.utf8).directoryPath, of: source) != nil
  }

  /// What a migration passes over at the top of a source though it looks like input: directories of
  /// no kind that hold input files, and input files beside the directories; in byte order.
  ///
  /// A directory whose name is only nearly right (`job_logs`) would else be missed by nobody. Empty
  /// where the source cannot be read. It walks such directories as far as the first input file.
  ///
  /// ```
  /// for name in Migration.passedOver(in: "legacy") { print("not read:", name) }
  /// ```
  package static func passedOver(in source: String) -> [String] {
    let root = Array(source.utf8)
    let read = EntityKind.allCases.compactMap { kind in
      try? FileStatus(of: root + Array("/\(kind.table)".utf8)).identity
    }
    var names: [[UInt8]] = []
    try? FileSystem.forEachEntry(ofDirectory: root) { name, _ in
      if name.first != UInt8(ascii: ".") { names.append(Array(name)) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { name in
      guard let status = try? FileStatus(of: root + [UInt8(ascii: "/")] + name),
        !read.contains(status.identity)
      else { return nil }
      switch status.form {
      case .directory:
        var walker = SourceWalker(root: root, directory: name)
        while let item = walker.next() {
          if case .file = item { return SourcePath.text(name) + "/" }
        }
        return nil
      case .file:
        let isInput = name.withUnsafeBufferPointer { SourcePath.Format(name: $0) != nil }
        return isInput ? SourcePath.text(name) : nil
      default: return nil
      }
    }
  }

  /// The kind in whose directory a directory is, if any.
  static func kindRead(from directory: [UInt8], of source: String) -> EntityKind? {
    let above = SourceWalker.directories(from: directory)
    return EntityKind.allCases.first { kind in
      let input = Array("\(source)/\(kind.table)".utf8)
      guard let identity = try? FileStatus(of: input).identity else { return false }
      return above.contains(identity)
    }
  }
}
