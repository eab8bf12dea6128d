import RMOSModels

/// The declaration of a table of the ledger; their names begin with `migration_`.
///
/// CREATE TABLE, INSERT, SELECT and the upgrade from older versions are derived from it.
struct LedgerTable: Sendable {
  /// A column.
  struct Column: Sendable {
    let name: String
    /// The column as CREATE TABLE declares it.
    let definition: String
    /// The version of the ledger that introduced it.
    let version: Int64

    init(_ definition: String, since version: Int64 = 1) {
      self.definition = definition
      self.version = version
      name = definition.firstIndex(of: " ").map { String(definition[..<$0]) } ?? definition
    }
  }

  let name: String
  let columns: [Column]
  /// The end of CREATE TABLE, after the columns.
  private let constraints: String

  private init(_ name: String, _ columns: [Column], _ constraints: String) {
    self.name = name
    self.columns = columns
    self.constraints = constraints
  }

  private init<C: LedgerColumn>(_ columns: C.Type, key: [C], descending: [C] = []) {
    let list = key.map { $0.name + (descending.contains($0) ? " DESC" : "") }
      .joined(separator: ", ")
    self.init(
      C.table, C.allCases.map(\.column),
      key.isEmpty ? ")" : ", PRIMARY KEY (\(list))) WITHOUT ROWID")
  }

  /// The runs.
  static let runs = LedgerTable(RunColumn.self, key: [])
  /// The origin of each entity.
  ///
  /// A run writes strip families, then patterns, then job logs. In descending order of the kind,
  /// rows of later kinds are inserted at the end of the table, which takes half the time.
  static let provenance = LedgerTable(
    ProvenanceColumn.self, key: [.kind, .entityID], descending: [.kind])
  /// The issues of each run.
  static let issues = LedgerTable(IssueColumn.self, key: [.run, .sequence])
  /// The rows that runs rewrote, with their provenance, as they were before.
  ///
  /// The columns for values of the row have no type, so that SQLite does not convert them.
  static func beforeImages(_ catalog: EntityCatalog) -> LedgerTable {
    LedgerTable(
      beforeImagesName,
      [
        Column("kind TEXT NOT NULL"), Column("entity_id TEXT NOT NULL"),
        Column("run_id INTEGER NOT NULL"),
      ] + imageColumns(catalog).map { Column($0) }
        + [Column("\(ProvenanceColumn.imageNames[0]) INTEGER")]
        + ProvenanceColumn.imageNames.dropFirst().map { Column($0) },
      ", PRIMARY KEY (kind, entity_id, run_id)) WITHOUT ROWID")
  }

  private static let beforeImagesName = "migration_before_images"

  /// The columns of the table of before-images that version 1 created, but never wrote to.
  static let firstImageColumns: Set<String> = [
    "run_id", "seq", "kind", "entity_id", "row_json", "provenance_json",
  ]

  /// The changes of single rows by runs of servers.
  ///
  /// It was added later than the others; a database that lacks it can be read, and the next write
  /// creates it.
  static let changes = LedgerTable(
    "migration_changes",
    [
      Column("kind TEXT NOT NULL"), Column("entity_id TEXT NOT NULL"),
      Column("run_id INTEGER NOT NULL"), Column("row_digest INTEGER"), Column("before_json TEXT"),
    ], ", PRIMARY KEY (kind, entity_id, run_id)) WITHOUT ROWID")

  /// The digests of entities that failed in runs, with which later runs are compared.
  ///
  /// It was added later, too.
  static let failures = LedgerTable(
    "migration_failures", [Column("run_id INTEGER NOT NULL"), Column("digest BLOB NOT NULL")],
    ", PRIMARY KEY (run_id, digest)) WITHOUT ROWID")

  /// All tables of the ledger, for the kinds of a catalog.
  static func all(_ catalog: EntityCatalog) -> [LedgerTable] {
    [runs, provenance, issues, beforeImages(catalog), changes, failures]
  }
  /// The names of the tables that every ledger has.
  static let names = [runs, provenance, issues].map(\.name) + [beforeImagesName]
  /// The names of the tables that were added later.
  static let addedNames = [changes, failures].map(\.name)
  /// The names of all tables of the ledger.
  static let allNames = names + addedNames

  /// The columns that cannot be added to an existing table, because their content is lost.
  var essentialColumns: [Column] {
    name == Self.beforeImagesName ? Array(columns.prefix(3)) : columns.filter { $0.version == 1 }
  }

  /// The statement that creates the table unless it exists.
  var createSQL: String {
    let definitions = columns.map(\.definition).joined(separator: ", ")
    return "CREATE TABLE IF NOT EXISTS \(name) (\(definitions)\(constraints)"
  }

  /// The statement that creates an empty temporary view in place of the table.
  var emptyViewSQL: String {
    let list = columns.map { "NULL AS \($0.name)" }.joined(separator: ", ")
    return "CREATE TEMP VIEW \(name) AS SELECT \(list) WHERE 0"
  }

  /// The names of the before-images' columns for fields, as many as the kind with the most fields
  /// has apart from its id.
  private static func imageColumns(_ catalog: EntityCatalog) -> [String] {
    let counts = (EntityCatalog.rmos.kinds + catalog.kinds).map(\.schema.fields.count)
    return (1..<(counts.max() ?? 1)).map { "value_\($0)" }
  }

  /// The names of the before-images' columns for the fields of a kind except its id, in schema
  /// order.
  static func imageColumns(of kind: EntityKind) -> [String] {
    (1..<kind.schema.fields.count).map { "value_\($0)" }
  }
}

/// The columns of a table of the ledger, in order; the raw value is the position.
protocol LedgerColumn: CaseIterable, RawRepresentable<Int32>, Equatable, Sendable {
  /// The table's name.
  static var table: String { get }
  /// The column's declaration.
  var column: LedgerTable.Column { get }
}

extension LedgerColumn {
  var name: String { column.name }

  /// The list of all columns in order, with NULL for columns that `version` of the ledger lacks.
  static func list(version: Int64 = SchemaVersion.ledger.upperBound) -> String {
    allCases.map { $0.name(version: version) }.joined(separator: ", ")
  }

  /// The name of the column, or NULL if `version` of the ledger lacks it.
  func name(version: Int64) -> String { column.version <= version ? name : "NULL" }

  /// The statement that inserts a row, with the parameters of ``LedgerRow``.
  static var insertSQL: String {
    let parameters = allCases.map { "?\($0.rawValue + 1)" }.joined(separator: ", ")
    return "INSERT INTO \(table) (\(list())) VALUES (\(parameters))"
  }

  /// The statement that updates the row with the value of `key`, with the parameters of
  /// ``LedgerRow``.
  static func updateSQL(key: Self) -> String {
    let assignments = allCases.filter { $0.rawValue != key.rawValue }
      .map { "\($0.name) = ?\($0.rawValue + 1)" }
    return "UPDATE \(table) SET \(assignments.joined(separator: ", ")) "
      + "WHERE \(key.name) = ?\(key.rawValue + 1)"
  }
}

/// The columns of `migration_runs`.
enum RunColumn: Int32, LedgerColumn {
  case id, command, state, startedAt, heartbeatAt, finishedAt, source, options, toolVersion
  case processID, statistics, issueCounts, seconds, timings, failure, undoneBy
  case user, host, failedNew, failedKnown, knownSince

  static let table = "migration_runs"

  var column: LedgerTable.Column {
    switch self {
    case .id: .init("id INTEGER PRIMARY KEY AUTOINCREMENT")
    case .command: .init("command TEXT NOT NULL")
    case .state: .init("state TEXT NOT NULL")
    case .startedAt: .init("started_at TEXT NOT NULL")
    case .heartbeatAt: .init("heartbeat_at TEXT NOT NULL")
    case .finishedAt: .init("finished_at TEXT")
    case .source: .init("source TEXT NOT NULL")
    case .options: .init("options_json TEXT NOT NULL")
    case .toolVersion: .init("tool_version TEXT NOT NULL")
    case .processID: .init("process_id INTEGER NOT NULL")
    case .statistics: .init("statistics_json TEXT NOT NULL")
    case .issueCounts: .init("issue_counts_json TEXT NOT NULL")
    case .seconds: .init("seconds REAL NOT NULL")
    case .timings: .init("timings_json TEXT NOT NULL")
    case .failure: .init("failure TEXT")
    case .undoneBy: .init("undone_by INTEGER", since: 2)
    case .user: .init("user TEXT", since: 3)
    case .host: .init("host TEXT", since: 3)
    case .failedNew: .init("failed_new INTEGER", since: 3)
    case .failedKnown: .init("failed_known INTEGER", since: 3)
    case .knownSince: .init("known_since INTEGER", since: 3)
    }
  }
}

/// The columns of `migration_provenance`.
enum ProvenanceColumn: Int32, LedgerColumn {
  case kind, entityID, run, path, locator, byteOffset, byteLength, sha256, unknownMembers
  case rowDigest

  static let table = "migration_provenance"

  var column: LedgerTable.Column {
    switch self {
    case .kind: .init("kind TEXT NOT NULL")
    case .entityID: .init("entity_id TEXT NOT NULL")
    case .run: .init("run_id INTEGER NOT NULL")
    case .path: .init("path TEXT NOT NULL")
    case .locator: .init("locator")
    case .byteOffset: .init("byte_offset INTEGER NOT NULL")
    case .byteLength: .init("byte_length INTEGER NOT NULL")
    case .sha256: .init("sha256 BLOB NOT NULL")
    case .unknownMembers: .init("unknown_json TEXT")
    case .rowDigest: .init("row_digest INTEGER", since: 2)
    }
  }

  /// All columns except the key, which are the origin of a row; the run is the first.
  static let origin = allCases.filter { $0 != .kind && $0 != .entityID }

  /// The names of the columns of ``origin`` in the table of before-images, in which `run_id` is the
  /// run that rewrote the row.
  static let imageNames = origin.map { $0 == .run ? "from_run" : $0.name }

  /// The statement that writes the provenance of an entity of a kind; the other columns are
  /// parameters, numbered by their positions.
  ///
  /// It replaces existing provenance, which is there if an older application has deleted the row.
  static func replaceSQL(_ kind: EntityKind) -> String {
    let values = allCases.map { $0 == .kind ? "'\(kind.rawValue)'" : "?\($0.rawValue)" }
    return "INSERT OR REPLACE INTO \(table) (\(list())) VALUES (\(values.joined(separator: ", ")))"
  }

  /// The statement that inserts the provenance of several entities of a kind, up to the first that
  /// already has provenance; the parameters of the entities follow each other.
  static func insertSQL(_ kind: EntityKind, rows count: Int) -> String {
    let parameters = repeatElement("?", count: allCases.count - 1).joined(separator: ", ")
    return "INSERT OR FAIL INTO \(table) (\(list())) VALUES "
      + repeatElement("('\(kind.rawValue)', \(parameters))", count: count)
      .joined(separator: ", ")
  }
}

/// The columns of `migration_issues`.
enum IssueColumn: Int32, LedgerColumn {
  case run, sequence, severity, code, kind, entityID, source, locator, line, columnNumber,
    byteOffset
  case pointer, message, isNew

  static let table = "migration_issues"

  var column: LedgerTable.Column {
    switch self {
    case .run: .init("run_id INTEGER NOT NULL")
    case .sequence: .init("seq INTEGER NOT NULL")
    case .severity: .init("severity TEXT NOT NULL")
    case .code: .init("code TEXT NOT NULL")
    case .kind: .init("kind TEXT")
    case .entityID: .init("entity_id TEXT")
    case .source: .init("source TEXT")
    case .locator: .init("locator")
    case .line: .init("line INTEGER")
    case .columnNumber: .init("column_number INTEGER")
    case .byteOffset: .init("byte_offset INTEGER")
    case .pointer: .init("pointer TEXT")
    case .message: .init("message TEXT NOT NULL")
    case .isNew: .init("is_new INTEGER", since: 3)
    }
  }
}

/// A row of a table of the ledger, whose columns are parameters or results of a statement.
struct LedgerRow<Column: LedgerColumn> {
  private let statement: SQLiteStatement
  /// The number of the first column's parameter.
  private let parameter: Int32
  /// The position of the first column among the results.
  private let first: Int32

  /// Creates a row whose first column is the parameter `parameter`, or the result `first`.
  init(_ statement: SQLiteStatement, parameter: Int32 = 1, first: Int32 = 0) {
    self.statement = statement
    self.parameter = parameter
    self.first = first
  }

  // MARK: Parameters

  func bind(_ text: String?, to column: Column) throws(StoreError) {
    try statement.bind(text, at: parameter + column.rawValue)
  }

  func bind(_ number: Int64?, to column: Column) throws(StoreError) {
    if let number {
      try statement.bind(number, at: parameter + column.rawValue)
    } else {
      try statement.bindNull(at: parameter + column.rawValue)
    }
  }

  func bind(_ number: Double, to column: Column) throws(StoreError) {
    try statement.bind(number, at: parameter + column.rawValue)
  }

  func bindBorrowed(text: UnsafeBufferPointer<UInt8>, to column: Column) throws(StoreError) {
    try unsafe statement.bindBorrowed(text: text, at: parameter + column.rawValue)
  }

  func bindBorrowed(blob: UnsafeRawBufferPointer, to column: Column) throws(StoreError) {
    try unsafe statement.bindBorrowed(blob: blob, at: parameter + column.rawValue)
  }

  // MARK: Results

  func text(_ column: Column) -> String? { statement.text(at: first + column.rawValue) }

  func integer(_ column: Column) -> Int64 { statement.integer(at: first + column.rawValue) }

  func optionalInteger(_ column: Column) -> Int64? {
    isNull(column) ? nil : integer(column)
  }

  func real(_ column: Column) -> Double { statement.real(at: first + column.rawValue) }

  func blob(_ column: Column) -> [UInt8] { statement.blob(at: first + column.rawValue) }

  func isNull(_ column: Column) -> Bool { statement.type(at: first + column.rawValue) == .null }

  func rowDigest(_ column: Column) -> RowDigest? {
    statement.rowDigest(at: first + column.rawValue)
  }

  func bind(_ locator: Locator?, to column: Column) throws(StoreError) {
    switch locator {
    case .index(let number), .line(let number): try bind(Int64(number), to: column)
    case .key(let key): try bind(key, to: column)
    case nil: try bind(nil as Int64?, to: column)
    }
  }

  /// A locator, whose number is a line or an index depending on the file that `path` names.
  func locator(_ column: Column, path: String?) -> Locator? {
    switch statement.type(at: first + column.rawValue) {
    case .integer: Locator(number: Int(integer(column)), path: path)
    case .text: text(column).map(Locator.key)
    case .null, .real, .blob: nil
    }
  }
}

/// A view of the ledger, for people who open the database with another program.
///
/// Views refer only to tables of the ledger. A view of a shared table would disturb other
/// applications: when they rename a table, as in rebuilding it, SQLite checks every view, and fails
/// if a table is missing at that moment.
struct LedgerView: Sendable {
  let name: String
  /// The statement that creates the view, which SQLite stores as it is.
  let createSQL: String

  private init(_ name: String, _ select: String) {
    self.name = name
    createSQL = "CREATE VIEW \(name) AS \(select)"
  }

  /// All views: the counts of runs, and the origins of the entities of each kind.
  static func all(_ catalog: EntityCatalog) -> [LedgerView] {
    // The counts are only of the kinds that all programs know, with totals of all kinds; otherwise
    // programs with different kinds would keep replacing each other's view.
    let known = EntityCatalog.rmos.kinds
    let others = catalog.kinds.filter { !known.contains($0) }
    return [runCounts(known)] + (known + others).map(origins)
  }

  /// The view with a row for each run, with the outcomes of each kind and in total.
  private static func runCounts(_ kinds: [EntityKind]) -> LedgerView {
    let outcomes = ["found", "migrated", "updated", "skipped", "failed"]
    let counts = kinds.flatMap { kind in
      outcomes.map { outcome in
        "coalesce(json_extract(counts, '$.\(kind.rawValue).\(outcome)'), 0) "
          + "AS \(kind.table)_\(outcome)"
      }
    }
    let totals = outcomes.map { outcome in
      "(SELECT coalesce(sum(json_extract(value, '$.\(outcome)')), 0) FROM json_each(counts)) "
        + "AS total_\(outcome)"
    }
    let columns =
      ["id AS run", "command", "state", "started_at", "finished_at", "seconds", "user", "host"]
      + ["source"] + totals + ["failed_new", "failed_known"] + counts
      + ["undone_by", "failure", "tool_version"]
    return LedgerView(
      "migration_run_counts",
      "SELECT \(columns.joined(separator: ", ")) FROM (SELECT *, CASE WHEN "
        + "json_valid(statistics_json) THEN statistics_json ELSE '{}' END AS counts "
        + "FROM \(LedgerTable.runs.name))")
  }

  /// The view with the origin of each entity of a kind.
  private static func origins(_ kind: EntityKind) -> LedgerView {
    LedgerView(
      "migration_\(kind.table)_origin",
      "SELECT p.entity_id AS id, r.source, p.path, p.locator, p.byte_offset, p.byte_length, "
        + "lower(hex(p.sha256)) AS sha256, p.run_id AS run, r.started_at AS run_started_at, "
        + "p.unknown_json AS kept_aside_json FROM \(LedgerTable.provenance.name) p "
        + "LEFT JOIN \(LedgerTable.runs.name) r ON r.id = p.run_id "
        + "WHERE p.kind = '\(kind.rawValue)'")
  }
}
