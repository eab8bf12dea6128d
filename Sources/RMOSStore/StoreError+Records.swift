import RMOSModels

extension StoreError {
  /// The same error, saying which entity it is about, where it concerns only one.
  func explained(_ kind: EntityKind, id: String) -> StoreError {
    var error = self
    let name = "\(kind.schema.singular) “\(id.shortened)”"
    switch code {
    case .duplicateID:
      error.message = "there is a \(name) already; use another id, or update that one"
    case .constraint where sqliteCode == 787:  // SQLITE_CONSTRAINT_FOREIGNKEY
      let own = kind.referencedTables
      error.message =
        own.isEmpty
        ? "\(name) breaks a foreign key of another application; add what that refers to first"
        : "\(name) refers to \(own) that are not there, or breaks a foreign key of another "
          + "application; add what it refers to first"
    case .constraint:
      error.message = "\(name): \(message)"
    default: break
    }
    return error
  }

  /// An id that no row has byte for byte, and that is taken all the same.
  static func sameIDToTheDatabase(
    _ kind: EntityKind, id: String, sqliteCode: Int32?
  ) -> StoreError {
    StoreError(
      .duplicateID,
      "there is a \(kind.schema.singular) already whose id is the same as “\(id.shortened)” to "
        + "the database, which does not compare these ids byte by byte (COLLATE in the schema of "
        + "\(kind.table)); use another id", sqliteCode: sqliteCode)
  }

  /// An entity that others refer to cannot be deleted.
  static func stillReferenced(
    _ kind: EntityKind, id: String, sqliteCode: Int32? = nil
  ) -> StoreError {
    StoreError(
      .constraint,
      "the \(kind.schema.singular) “\(id.shortened)” cannot be deleted: job logs refer to it; "
        + "delete or change those first", sqliteCode: sqliteCode)
  }

  /// The statement was no error, and still there is no row.
  static func passedOver(_ kind: EntityKind) -> StoreError {
    StoreError(
      .constraint,
      "the database passes over the row without an error; look for a trigger on \(kind.table) "
        + "with RAISE(IGNORE), or one that takes the row away")
  }

  /// The statements that undo a run were no errors, and still not all of a kind is undone.
  static func undoPassedOver(_ kind: EntityKind, run: Int64) -> StoreError {
    StoreError(
      .constraint,
      "run \(run) cannot be undone: a trigger or a constraint of another application passes over "
        + "rows of \(kind.table) (look for IGNORE in the schema); drop it and undo again. "
        + "Nothing was changed")
  }

  /// What is to be rewritten is not there.
  static func nothingToUpdate(_ kind: EntityKind, _ id: String) -> StoreError {
    StoreError(
      .other,
      "there is no \(kind.schema.singular) “\(id.shortened)” to rewrite; insert it instead")
  }

  /// The ledger does not know the run.
  static func noSuchRun(_ id: Int64) -> StoreError {
    StoreError(.other, "there is no run \(id) in the ledger; begin it first")
  }
}

extension EntityKind {
  /// The kinds that the database's foreign keys lead to, for messages.
  fileprivate var referencedTables: String {
    let kinds = schema.foreignKeys.compactMap { position in
      if case .reference(let kind) = schema.fields[position].type {
        kind.schema.plural
      } else {
        nil
      }
    }
    return kinds.joined(separator: " or ")
  }
}

extension Record {
  /// The id, which SQL alone would let be NULL.
  func requiredID() throws(StoreError) -> String {
    if case .text(let id) = values[0] { return id }
    throw StoreError(.constraint, "a \(kind.schema.singular) needs an id that is text")
  }
}

extension String {
  /// At most 80 characters of the text, for messages.
  fileprivate var shortened: String {
    count <= 80 ? self : prefix(79) + "…"
  }
}
