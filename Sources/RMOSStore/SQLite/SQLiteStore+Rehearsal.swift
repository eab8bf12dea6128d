public import RMOSModels

extension SQLiteStore {
  /// Establishes that rows can be written, without changing anything: that the file and what stands
  /// beside it may be written, and that every statement that writing takes can be compiled.
  ///
  /// - Returns: What is worth knowing before a run, such as a table that it creates.
  /// - Throws: ``StoreError`` with ``StoreError/Code/foreignDatabase``,
  ///   ``StoreError/Code/newerSchema``, ``StoreError/Code/unusableSchema``,
  ///   ``StoreError/Code/readOnly`` or ``StoreError/Code/cannotOpen``.
  public func checkWriting() throws -> [Issue] {
    try file.checkRights()
    return try readers.withSession { session in
      // Others may have changed the schema since it was opened.
      let layout = try SQLiteLayout(of: session.connection)
      try layout.validateForWriting(on: session.connection, path: location)
      guard !layout.isEmpty, !layout.missingTables.isEmpty else { return [] }
      return [
        Issue(
          severity: .warning, code: .storeIncomplete,
          message: "\(location) lacks "
            + (layout.missingTables.count == 1 ? "the table " : "the tables ")
            + layout.missingTables.joined(separator: ", ")
            + ", which a migration creates; if rows are missed, look for a backup")
      ]
    }
  }

  /// Refuses a database of another application, which access `inspect` opens too.
  ///
  /// - Throws: ``StoreError`` with ``StoreError/Code/foreignDatabase``.
  package func checkOrigin() throws {
    try readers.withSession { try $0.layout.validateOrigin(path: location) }
  }

  /// By looking things up where the schema is the shared one; on a private copy where other
  /// applications have added to it what only the database itself can judge by.
  public func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal {
    try rehearsal(largest: SQLiteRehearsal.sizeLimit, isCancelled: isCancelled)
  }

  /// The same, where a database of more than `largest` bytes is not copied.
  package func rehearsal(largest: Int64, isCancelled: () -> Bool) throws -> Rehearsal {
    try readers.withSession { session in
      let layout = try SQLiteLayout(of: session.connection)
      let hindrances = try SQLiteForesight(session.connection, layout).hindrances()
      guard !hindrances.isEmpty else { return .lookUps }
      let names =
        hindrances.prefix(3).joined(separator: ", ")
        + (hindrances.count > 3 ? " and \(hindrances.count - 3) more" : "")
      let size = try session.connection.integer(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
      guard (size ?? 0) <= largest else {
        return .unforeseeable("\(names), and the database is too large to try it on a copy")
      }
      do {
        return .copy(
          try SQLiteRehearsal(
            of: session.connection, location: location, isCancelled: isCancelled))
      } catch let error as StoreError where error.code != .cancelled {
        return .unforeseeable(
          "\(names), and no private copy can be made to try it on (\(error.message))")
      }
    }
  }
}
