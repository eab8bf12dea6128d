import RMOSSystem

/// A file that SQLite keeps beside a database: its log, the index of that, or its journal.
struct Sidecar {
  let path: String

  /// All that a database may have.
  static func all(of database: String) -> [Sidecar] {
    ["-wal", "-shm", "-journal"].map { Sidecar(path: database + $0) }
  }

  private var isIndex: Bool { path.hasSuffix("-shm") }

  /// Refuses what would make SQLite wait, follow a link, or fail without a word on why.
  ///
  /// - Throws: ``StoreError/Code/cannotOpen``, ``StoreError/Code/readOnly``.
  func check(for mode: SQLiteConnection.Mode) throws(StoreError) {
    guard let entry = try? FileStatus(ofLink: path) else { return }
    guard entry.form == .file else {
      throw StoreError(
        .cannotOpen,
        "\(path) is \(entry.form.rawValue), and SQLite needs that name for a file of its own; "
          + "remove it, or give it another name", path: path)
    }
    switch mode {
    case .create, .readWrite:
      try check(
        entry, SystemError.thrown { () throws(SystemError) in try FileSystem.checkWritable(path) },
        .readOnly, "written")
    case .readOnly, .observing:
      try check(
        entry, SystemError.thrown { () throws(SystemError) in try FileSystem.checkReadable(path) },
        .cannotOpen, "read")
    case .immutable: return
    }
  }

  private func check(
    _ entry: FileStatus, _ failure: SystemError?, _ code: StoreError.Code, _ verb: String
  ) throws(StoreError) {
    guard let failure, !failure.isAbsent else { return }
    let wayOut =
      isIndex || entry.size == 0
      ? "Where no program has the database open, that file may be deleted"
      : "It may hold changes: give it to the database's owner (chown), or have "
        + "\(ProcessEnvironment.userName(entry.owner)) open the database once for writing"
    throw StoreError(
      code,
      "\(path) cannot be \(verb): \(failure.reason): the file is "
        + "\(ProcessEnvironment.userName(entry.owner))'s. \(wayOut)", path: path)
  }

  /// Whether it has a size that SQLite gives an index: 32 KiB, or several times that.
  var mayBeAnIndex: Bool {
    guard let size = (try? FileStatus(ofLink: path))?.size else { return false }
    return size > 0 && size.isMultiple(of: 32_768)
  }

  /// What may be wrong with an index, for an error that does not say so; nil where there is none.
  var hint: String? {
    guard isIndex, let entry = try? FileStatus(ofLink: path) else { return nil }
    return "The index of its log, \(path) (\(entry.size) bytes, of "
      + "\(ProcessEnvironment.userName(entry.owner))), may be damaged: where no program has the database "
      + "open, that file may be deleted, and SQLite makes it anew"
  }
}
