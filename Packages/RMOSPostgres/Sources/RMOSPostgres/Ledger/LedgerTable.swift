import RMOSModels

/// A table of the ledger, whose names begin with `migration_`.
///
/// CREATE TABLE, INSERT and SELECT are all derived from this declaration. The columns are those of
/// a SQLite store; columns that have no type there are TEXT here.
struct LedgerTable: Sendable {
  let name: String
  /// The definitions of the columns for CREATE TABLE.
  private let definitions: [String]
  /// The columns of the primary key.
  private let key: [String]

  /// The names of the columns, in order.
  var columns: [String] { definitions.map { String($0.prefix { $0 != " " }) } }

  /// The list of all columns, in order.
  var list: String { columns.joined(separator: ", ") }

  /// Returns the list of all columns, in order, with NULL for columns that are not `present`.
  func list(present: Set<String>) -> String {
    columns.map { present.contains(Self.plain($0)) ? $0 : "NULL" }.joined(separator: ", ")
  }

  /// Returns the statements that add the columns that are not `present` and may be NULL in existing
  /// rows.
  func upgradeSQL(present: Set<String>) -> [String] {
    missing(present).filter { !Self.isRequired($0) }
      .map { "ALTER TABLE \(name) ADD COLUMN \($0)" }
  }

  /// Returns the columns that are not `present` and cannot be added.
  func lostColumns(present: Set<String>) -> [String] {
    missing(present).filter(Self.isRequired).map { String($0.prefix { $0 != " " }) }
  }

  /// Returns the definitions of the columns that are not `present`.
  private func missing(_ present: Set<String>) -> [String] {
    zip(columns, definitions).filter { !present.contains(Self.plain($0.0)) }.map(\.1)
  }

  private static func isRequired(_ definition: String) -> Bool { definition.hasSuffix("NOT NULL") }

  /// Returns the name of a column as in the server's catalogs, without quotation marks.
  private static func plain(_ column: String) -> String { column.replacing("\"", with: "") }

  /// The statement that creates the table unless it exists.
  var createSQL: String {
    let parts = definitions + (key.isEmpty ? [] : ["PRIMARY KEY (\(key.joined(separator: ", ")))"])
    return "CREATE TABLE IF NOT EXISTS \(name) (\(parts.joined(separator: ", ")))"
  }

  /// A query that returns no rows, with the columns of the table.
  var emptySQL: String {
    let values = zip(columns, definitions).map { column, definition in
      let type = definition.dropFirst(column.count + 1).replacing(" NOT NULL", with: "")
      return "NULL::\(type) AS \(column)"
    }
    return "SELECT \(values.joined(separator: ", ")) WHERE false"
  }

  private static let text = "TEXT COLLATE \"C\""

  /// The runs; see ``RunColumn``.
  static let runs = LedgerTable(
    name: "migration_runs",
    definitions: RunColumn.allCases.map { "\($0.name) \($0.type)" }, key: ["id"])

  /// The provenance of each entity; see ``ProvenanceColumn``.
  static let provenance = LedgerTable(
    name: "migration_provenance",
    definitions: ["kind \(text) NOT NULL", "entity_id \(text) NOT NULL", "run_id BIGINT NOT NULL"]
      + originDefinitions.map(\.required), key: ["kind", "entity_id"])

  /// The issues of each run; see ``IssueColumn``.
  static let issues = LedgerTable(
    name: "migration_issues",
    definitions: IssueColumn.allCases.map { "\($0.name) \($0.type)" }, key: ["run_id", "seq"])

  /// The rows that runs rewrote, with their provenance, as they were before.
  ///
  /// Values are in text form; the types of the columns are known from the schema.
  static func beforeImages(_ catalog: EntityCatalog) -> LedgerTable {
    let counts = (EntityCatalog.rmos.kinds + catalog.kinds).map(\.schema.fields.count)
    return LedgerTable(
      name: beforeImagesName,
      definitions: [
        "kind \(text) NOT NULL", "entity_id \(text) NOT NULL", "run_id BIGINT NOT NULL",
      ] + (1..<(counts.max() ?? 1)).map { "value_\($0) \(text)" } + ["from_run BIGINT"]
        + originDefinitions.map(\.optional), key: ["kind", "entity_id", "run_id"])
  }

  /// The changes of rows by other runs, such as those of a server.
  ///
  /// Older databases do not have this table; the next write creates it.
  static let changes = LedgerTable(
    name: "migration_changes",
    definitions: [
      "kind \(text) NOT NULL", "entity_id \(text) NOT NULL", "run_id BIGINT NOT NULL",
      "row_digest BIGINT", "before_json \(text)",
    ], key: ["kind", "entity_id", "run_id"])

  /// The digests of the entities that failed in a run, by which later runs tell new failures apart.
  ///
  /// Older databases do not have this table; the next write creates it.
  static let failures = LedgerTable(
    name: "migration_failures", definitions: ["run_id BIGINT NOT NULL", "digest BYTEA NOT NULL"],
    key: ["run_id", "digest"])

  /// The version of the ledger.
  static let versions = LedgerTable(
    name: "migration_version", definitions: ["version BIGINT NOT NULL"], key: ["version"])

  private static let beforeImagesName = "migration_before_images"

  /// Returns all tables of the ledger, for the kinds of a catalog.
  static func all(_ catalog: EntityCatalog) -> [LedgerTable] {
    [runs, provenance, issues, beforeImages(catalog), changes, failures, versions]
  }

  /// The names of the tables that every ledger has.
  static let names = [
    runs.name, provenance.name, issues.name, beforeImagesName, versions.name,
  ]

  /// The names of the tables that older ledgers do not have.
  static let addedNames = [changes.name, failures.name]

  /// The names of all tables.
  static let allNames = names + addedNames

  /// The version of the ledger that this code writes.
  static let currentVersion: Int64 = 3

  private static let originDefinitions: [(required: String, optional: String)] =
    ProvenanceColumn.origin.dropFirst().map { column in
      let (name, type) = (column.name, column.type)
      return ("\(name) \(type)\(column.isRequired ? " NOT NULL" : "")", "\(name) \(type)")
    }

  /// Returns the columns of before-images for all fields of a kind except the id, in schema order.
  static func imageColumns(of kind: EntityKind) -> [String] {
    (1..<kind.schema.fields.count).map { "value_\($0)" }
  }
}

/// The columns of `migration_runs`, in order; the raw values are their positions.
enum RunColumn: Int, CaseIterable, Sendable {
  case id, command, state, startedAt, heartbeatAt, finishedAt, source, options, toolVersion
  case processID, statistics, issueCounts, seconds, timings, failure, undoneBy
  case user, host, failedNew, failedKnown, knownSince

  var name: String {
    switch self {
    case .id: "id"
    case .command: "command"
    case .state: "state"
    case .startedAt: "started_at"
    case .heartbeatAt: "heartbeat_at"
    case .finishedAt: "finished_at"
    case .source: "source"
    case .options: "options_json"
    case .toolVersion: "tool_version"
    case .processID: "process_id"
    case .statistics: "statistics_json"
    case .issueCounts: "issue_counts_json"
    case .seconds: "seconds"
    case .timings: "timings_json"
    case .failure: "failure"
    case .undoneBy: "undone_by"
    // Quoted, since it is a keyword of SQL.
    case .user: "\"user\""
    case .host: "host"
    case .failedNew: "failed_new"
    case .failedKnown: "failed_known"
    case .knownSince: "known_since"
    }
  }

  fileprivate var type: String {
    switch self {
    case .id, .processID: "BIGINT NOT NULL"
    case .undoneBy, .failedNew, .failedKnown, .knownSince: "BIGINT"
    case .seconds: "DOUBLE PRECISION NOT NULL"
    case .finishedAt, .failure, .user, .host: "TEXT COLLATE \"C\""
    default: "TEXT COLLATE \"C\" NOT NULL"
    }
  }
}

/// The columns of `migration_provenance`, in order.
enum ProvenanceColumn: Int, CaseIterable, Sendable {
  case kind, entityID, run, path, locator, byteOffset, byteLength, sha256, unknownMembers
  case rowDigest

  var name: String {
    switch self {
    case .kind: "kind"
    case .entityID: "entity_id"
    case .run: "run_id"
    case .path: "path"
    case .locator: "locator"
    case .byteOffset: "byte_offset"
    case .byteLength: "byte_length"
    case .sha256: "sha256"
    case .unknownMembers: "unknown_json"
    case .rowDigest: "row_digest"
    }
  }

  fileprivate var type: String {
    switch self {
    case .run, .byteOffset, .byteLength, .rowDigest: "BIGINT"
    case .sha256: "BYTEA"
    case .kind, .entityID, .path, .locator, .unknownMembers: "TEXT COLLATE \"C\""
    }
  }

  fileprivate var isRequired: Bool {
    switch self {
    case .locator, .unknownMembers, .rowDigest: false
    default: true
    }
  }

  /// All columns except the key, the run first: the origin of a row.
  static let origin = allCases.filter { $0 != .kind && $0 != .entityID }

  /// The names of the columns of ``origin`` in the table of before-images, where `run_id` is the
  /// run that rewrote the row.
  static let imageNames = origin.map { $0 == .run ? "from_run" : $0.name }
}

/// The columns of `migration_issues`, in order.
enum IssueColumn: Int, CaseIterable, Sendable {
  case run, sequence, severity, code, kind, entityID, source, locator, line, columnNumber
  case byteOffset, pointer, message, isNew

  var name: String {
    switch self {
    case .run: "run_id"
    case .sequence: "seq"
    case .severity: "severity"
    case .code: "code"
    case .kind: "kind"
    case .entityID: "entity_id"
    case .source: "source"
    case .locator: "locator"
    case .line: "line"
    case .columnNumber: "column_number"
    case .byteOffset: "byte_offset"
    case .pointer: "pointer"
    case .message: "message"
    case .isNew: "is_new"
    }
  }

  fileprivate var type: String {
    switch self {
    case .run, .sequence: "BIGINT NOT NULL"
    case .line, .columnNumber, .byteOffset: "BIGINT"
    case .isNew: "BOOLEAN"
    case .severity, .code, .message: "TEXT COLLATE \"C\" NOT NULL"
    case .kind, .entityID, .source, .locator, .pointer: "TEXT COLLATE \"C\""
    }
  }
}
