import RMOSModels

/// A foreign key with which a table of another application keeps rows of ours from going.
private struct ForeignReference {
  let table: String
  let column: String
  let target: EntityKind
}

extension SQLiteReader {
  /// Goes through the rows that undoing the run would remove although tables of other applications
  /// refer to them.
  final func forEachReferenceFromOthers(
    ofRun run: Int64, _ body: (UndoObstacle) throws -> Void
  ) throws {
    let session = try session()
    for reference in try foreignReferences(session.connection) {
      let (kind, column) = (reference.target, Self.quoted(reference.column))
      let sql =
        "SELECT DISTINCT t.id FROM \(Self.quoted(reference.table)) o "
        + "JOIN \(session.tables[kind].source) t ON t.id = o.\(column) "
        + "WHERE \(Self.goes(kind, "t.id")) ORDER BY t.id"
      try session.connection.withStatement(sql) { statement in
        try statement.bind(run, at: 1)
        while try statement.step() {
          try body(
            UndoObstacle(kind, statement.text(at: 0) ?? "", .isReferredElsewhere(reference.table)))
        }
      }
    }
  }

  /// The foreign keys of others that lead to an id and forbid to delete it.
  private func foreignReferences(_ connection: SQLiteConnection) throws -> [ForeignReference] {
    let own = EntityKind.allCases.map { "'\($0.table)'" }.joined(separator: ", ")
    let sql =
      "SELECT m.name, k.\"from\", lower(k.\"table\") FROM sqlite_schema m, "
      + "pragma_foreign_key_list(m.name) k WHERE m.type = 'table' "
      + "AND m.rootpage > 0 AND lower(m.name) NOT IN (\(own)) "
      + "AND lower(k.\"table\") IN (\(own)) AND lower(coalesce(k.\"to\", 'id')) = 'id' "
      + "AND k.on_delete NOT IN ('CASCADE', 'SET NULL', 'SET DEFAULT') ORDER BY m.name, k.id"
    return try connection.withStatement(sql) { statement in
      var references: [ForeignReference] = []
      while try statement.step() {
        guard let table = statement.text(at: 0), let column = statement.text(at: 1),
          let target = EntityKind.allCases.first(where: { $0.table == statement.text(at: 2) })
        else { continue }
        references.append(ForeignReference(table: table, column: column, target: target))
      }
      return references
    }
  }

  /// A name of others as SQL has it.
  static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
