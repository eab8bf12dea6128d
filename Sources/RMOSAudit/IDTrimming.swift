import RMOSModels
import RMOSStore
import RMOSSystem

/// The repair that removes the white space around an id from the entity, the references to it and
/// the ledger, unless the new id is taken.
struct IDTrimming {
  private let kind: EntityKind
  private let report: AuditReport
  /// The file that has the id; `nil` if it is not known.
  private let origin: FindingOrigin?
  /// The ids as SQL.
  private let (old, new): (String, String)
  /// The foreign keys of other applications that point to the kind.
  private let otherKeys: [AuditReport.OtherReference]

  init(
    _ kind: EntityKind, _ id: String, to trimmed: String, _ origin: FindingOrigin?,
    _ report: AuditReport
  ) {
    self.kind = kind
    self.report = report
    self.origin = origin
    (old, new) = (Self.quoted(id, report.dialect), Self.quoted(trimmed, report.dialect))
    otherKeys = report.otherReferences.filter { $0.target == kind }
  }

  /// The step of the repair plan.
  var step: RepairPlan.Step {
    RepairPlan.Step(
      comment: comment, statements: statements,
      isCommentedOut: origin != nil || !partsOfKeys.isEmpty)
  }

  // MARK: Statements

  /// The condition that no entity has the new id.
  private var isFree: String { "NOT EXISTS (SELECT 1 FROM \(kind.table) WHERE id = \(new))" }

  private var statements: [String] {
    let columns = columns
    let references = columns.filter { $0.key != kind.table }.sorted { $0.key < $1.key }
      .map { update($0.key, $0.value) }
    let renaming = update(kind.table, columns[kind.table] ?? [])
    switch report.dialect {
    case .sqlite:
      return references.map { $0 + ";" } + ledgerStatements + [renaming + ";"]
    case .postgresql:
      // Foreign keys are checked at the end of a statement, and few can be deferred.
      let parts = references.enumerated().map { "r\($0) AS (\($1))" }
      let with = parts.isEmpty ? "" : "WITH \(parts.joined(separator: ", ")) "
      return ledgerStatements + [with + renaming + ";"]
    }
  }

  /// The columns that hold the id or refer to it, by table, both as SQL.
  private var columns: [String: [String]] {
    var columns: [String: [String]] = [kind.table: ["id"]]
    for other in report.catalog.kinds {
      for reference in other.schema.references where reference.target == kind {
        columns[other.table, default: []].append(other.schema.fields[reference.field].column)
      }
    }
    for key in otherKeys where key.isWhole {
      let owner = report.catalog.kinds.first { $0.table == key.table.lowercasedASCII }
      let table = owner?.table ?? key.qualifiedTable ?? Self.name(key.table)
      let column = Self.name(key.column)
      if columns[table]?.contains(column) != true { columns[table, default: []].append(column) }
    }
    return columns
  }

  /// The statement that replaces the id in the columns of a table.
  ///
  /// There is one per table, because PostgreSQL changes a row only once in a statement.
  private func update(_ table: String, _ columns: [String]) -> String {
    let assignments = columns.map { column in
      columns.count == 1
        ? "\(column) = \(new)"
        : "\(column) = CASE WHEN \(column) = \(old) THEN \(new) ELSE \(column) END"
    }
    let conditions = columns.map { "\($0) = \(old)" }.joined(separator: " OR ")
    return "UPDATE \(table) SET \(assignments.joined(separator: ", ")) "
      + "WHERE \(columns.count == 1 ? conditions : "(\(conditions))") AND \(isFree)"
  }

  /// The statements for the tables of the ledger.
  ///
  /// An entity of the new id that was deleted may have left its own rows behind, which are
  /// replaced.
  private var ledgerStatements: [String] {
    report.ledgerTables.flatMap { table -> [String] in
      let isOfKind = "WHERE kind = \(Self.quoted(kind.rawValue, report.dialect)) AND entity_id ="
      switch report.dialect {
      case .sqlite:
        return [
          "UPDATE OR REPLACE \(table) SET entity_id = \(new) \(isOfKind) \(old) AND \(isFree);"
        ]
      case .postgresql:
        let isSame = table == "migration_provenance" ? "" : " AND o.run_id = \(table).run_id"
        return [
          "DELETE FROM \(table) \(isOfKind) \(new) AND EXISTS (SELECT 1 FROM \(table) o "
            + "\(isOfKind) \(old)\(isSame)) AND \(isFree);",
          "UPDATE \(table) SET entity_id = \(new) \(isOfKind) \(old) AND \(isFree);",
        ]
      }
    }
  }

  // MARK: Comment

  private var comment: [String] {
    let noun = kind.schema.singular
    var comment = ["\(noun) \(old): remove the white space around the id, unless \(new) is taken"]
    if let origin {
      comment += [
        "  The id has it in its file too: \(origin.path), in \(origin.source). Fix it there first: "
          + "migrating the unchanged file adds the \(noun) a second time.",
        "  The statements are commented out; remove the dashes once the file is fixed.",
      ]
    }
    if !partsOfKeys.isEmpty {
      comment += [
        "  The statements are commented out, because they would break references of other "
          + "applications that consist of several columns: "
          + partsOfKeys.map { "\($0.table).\($0.column)" }.joined(separator: ", ") + ".",
        "  Have the application that made them rename the \(noun).",
      ]
    }
    return comment
  }

  /// The columns that are only parts of foreign keys.
  private var partsOfKeys: [AuditReport.OtherReference] { otherKeys.filter { !$0.isWhole } }

  // MARK: Texts in SQL

  /// A name of a table or column, quoted for SQL.
  private static func name(_ name: String) -> String {
    "\"" + name.replacing("\"", with: "\"\"") + "\""
  }

  /// A text as SQL; characters that could deceive a reader or end the script are given by number.
  private static func quoted(_ text: String, _ dialect: SQLDialect) -> String {
    let character = dialect == .sqlite ? "char" : "chr"
    var parts: [String] = []
    var plain = ""
    for scalar in text.unicodeScalars {
      if PlainText.controlsDisplay(scalar) {
        if !plain.isEmpty { parts.append("'\(plain)'") }
        plain = ""
        parts.append("\(character)(\(scalar.value))")
      } else {
        plain += scalar == "'" ? "''" : String(scalar)
      }
    }
    if !plain.isEmpty || parts.isEmpty { parts.append("'\(plain)'") }
    return joined(parts[...])
  }

  /// The parts concatenated, as a balanced tree: SQLite allows a depth of a thousand.
  private static func joined(_ parts: ArraySlice<String>) -> String {
    if parts.count <= 8 { return parts.joined(separator: " || ") }
    let middle = parts.startIndex + parts.count / 2
    return "(\(joined(parts[..<middle]))) || (\(joined(parts[middle...])))"
  }
}
