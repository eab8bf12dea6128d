import RMOSModels
import RMOSStore

/// What rows hold, by the rules that migration reads files by, and their ids.
struct RowCheck: AuditCheck {
  let rules: [AuditRule] = [
    .blankID, .paddedID, .nearDuplicateID, .missingField, .fieldType, .fieldEncoding, .emptyField,
    .fieldRange, .fieldFormat, .unknownValue, .jsonSyntax, .timeOrder,
  ]

  func run(_ context: AuditContext) throws -> [AuditRule] {
    for kind in EntityKind.allCases where context.isReadable(kind) {
      let table = try KindCheck(kind, context)
      var ids = NearDuplicates()
      let looksForDuplicates = context.log.wants(.nearDuplicateID)
      var count = 0
      try forEachRow(of: kind, context) { row in
        count += 1
        try table.check(row)
        if looksForDuplicates, let id = row.key.id { ids.insert(id) }
      }
      context.rowCounts[kind] = count
      try ids.forEachPair(ids: { try forEachID(of: kind, context, $0) }) { first, second in
        context.log.add(
          AuditFinding(
            .warning, .nearDuplicateID, kind: kind, id: second, column: "id", found: second,
            expected: "an id that differs from \(Violation.quoted(first)) by more",
            "the ids \(Violation.quoted(first)) and \(Violation.quoted(second)) differ only by "
              + "case or white space; are they the same \(kind.schema.singular)?"))
      }
    }
    return rules
  }

  private func forEachRow(
    of kind: EntityKind, _ context: AuditContext, _ body: (InspectedRow) throws -> Void
  ) throws {
    if let inspector = context.inspector, let table = context.table(kind) {
      return try inspector.forEachRow(of: kind, in: table, body)
    }
    try context.reader.forEachRecord(kind) { record in
      try body(InspectedRow(key: InspectedKey(id: record.id, rowID: nil), record: record))
    }
  }

  private func forEachID(
    of kind: EntityKind, _ context: AuditContext, _ body: (String) throws -> Void
  ) throws {
    if let inspector = context.inspector { return try inspector.forEachID(of: kind, body) }
    try context.reader.forEachRecord(kind) { try body($0.id) }
  }
}

/// The check of one kind's rows.
private struct KindCheck {
  private let kind: EntityKind
  private let log: AuditLog
  /// The fields whose columns are there.
  private let isPresent: [Bool]
  /// The fields that this database allows to be NULL where migration would fill them.
  private let mayBeNull: [Bool]
  private let origins: EntityOrigins

  init(_ kind: EntityKind, _ context: AuditContext) throws {
    self.kind = kind
    origins = try EntityOrigins(context)
    log = context.log
    isPresent = kind.schema.fields.map { context.has(kind, column: $0.column) }
    mayBeNull = kind.schema.fields.map { field in
      !field.isRequired && context.table(kind)?.column(field.column)?.isNotNull == false
    }
  }

  func check(_ row: InspectedRow) throws {
    if let id = row.key.id { try checkPadding(id, row) }
    for field in isPresent.indices where row.invalidText & 1 << UInt32(field) != 0 {
      add(
        .fieldEncoding, .error, field, row, found: "bytes that are not UTF-8", expected: "UTF-8")
    }
    for finding in row.record.findings() {
      let field = finding.field
      guard isPresent[field], row.invalidText & 1 << UInt32(field) == 0,
        let rule = rule(for: finding)
      else { continue }
      var severity = finding.severity
      // A default that an application left out harms nobody; an id it must have.
      if finding.violation == .missing(because: nil), field > 0, mayBeNull[field] {
        severity = .warning
      }
      add(
        rule, severity, field, row, found: finding.violation.found,
        expected: finding.violation.expected)
    }
  }

  private func rule(for finding: Finding) -> AuditRule? {
    if finding.field == 0, [.fieldMissing, .fieldEmpty].contains(finding.violation.code) {
      return .blankID
    }
    return AuditRule(code: finding.violation.code.rawValue)
  }

  private func checkPadding(_ id: String, _ row: InspectedRow) throws {
    guard let first = id.unicodeScalars.first, let last = id.unicodeScalars.last,
      first.properties.isWhitespace || last.properties.isWhitespace
    else { return }
    let scalars = id.unicodeScalars
    guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return }
    let trimmed = String(scalars[start...end])
    log.add(
      AuditFinding(
        .warning, .paddedID, kind: kind, id: id, row: row.key.rowID, column: "id",
        found: Violation.quoted(id), expected: Violation.quoted(trimmed),
        repair: .trimID(kind: kind, id: id, to: trimmed),
        origin: log.keeps(.paddedID) ? try origins[kind, id] : nil,
        "the id \(Violation.quoted(id)) begins or ends with white space"))
  }

  private func add(
    _ rule: AuditRule, _ severity: Severity, _ field: Int, _ row: InspectedRow, found: String,
    expected: String
  ) {
    let column = kind.schema.fields[field].column
    log.add(
      AuditFinding(
        severity, rule, kind: kind, id: row.key.id, row: row.key.rowID, column: column,
        found: found, expected: expected,
        "\(column) is \(found.shortened); expected \(expected.shortened)"))
  }
}
