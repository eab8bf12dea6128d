import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Testing

/// A dry run predicts what the run does, whatever other applications made of the schema, and writes
/// nothing.
@Suite struct OddSchemaTests {
  private let directory: TemporaryDirectory
  private let path: String
  private let tree: SourceTree

  /// What a run reported, and how it ended.
  private struct Course: Equatable {
    var outcomes: [ContractCase.ExpectedOutcome] = []
    var messages: [String] = []
    var ending: MigrationSummary.Ending?
    var error: String?
  }

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
    tree = try SourceTree([
      "strip_families/f.json": Texts.family("f"),
      "strip_families/g.json": Texts.family("g", name: "Same"),
      "strip_families/h.json": Texts.family("h", name: "Same"),
      "patterns/a.json": Texts.pattern("Rope"),
      "patterns/b.json": Texts.pattern("rope"),
      "patterns/c.json": Texts.pattern("rope "),
      "patterns/d.json": Texts.pattern("007"),
      "patterns/e.json": Texts.pattern("x"),
      "joblogs/j.json": Texts.job("j"),
      "joblogs/k.json": Texts.job("k", pattern: "rope"),
      "joblogs/l.json": Texts.job("l", pattern: "gone"),
    ])
  }

  /// A database of RMOS without entities.
  private static let empty = Result {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      do { _ = try SQLiteStore(path: path) }
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
  }

  private func writeEmptyDatabase() throws {
    try Self.empty.get().write(to: URL(fileURLWithPath: path))
  }

  private func course(
    isDryRun: Bool, _ change: (inout Migration.Options) -> Void = { _ in }
  ) throws -> Course {
    var options = Migration.Options()
    options.isDryRun = isDryRun
    options.batchSize = 2
    options.observedEvents = [.outcomes]
    change(&options)
    var course = Course()
    do {
      let store = try SQLiteStore(path: path, access: isDryRun ? .readOnly : .readWrite)
      let recorded = try RecordedMigration(tree, into: store, options)
      course.outcomes = recorded.outcomes
      course.messages = recorded.issues.map(\.message)
      course.ending = recorded.summary.ending
    } catch let error as StoreError {
      course.error = error.code.rawValue
    }
    return course
  }

  private func contents() throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
      contents[name] = try Data(contentsOf: URL(fileURLWithPath: directory.file(name)))
    }
    return contents
  }

  /// Compares a dry run with the run after it, and returns the latter.
  @discardableResult
  private func compare(
    _ change: (inout Migration.Options) -> Void = { _ in }
  ) throws -> Course {
    let before = try contents()
    let foretold = try course(isDryRun: true, change)
    #expect(try contents() == before)
    let made = try course(isDryRun: false, change)
    #expect(foretold == made)
    if made.error == "store.schema" { #expect(try contents() == before) }
    return made
  }

  // MARK: Schemas that can be written to

  static let writable: [String] = [
    // Constraints and triggers that refuse, ignore or change rows.
    "CREATE UNIQUE INDEX u ON strip_families(name)",
    "CREATE UNIQUE INDEX u ON strip_families(name) WHERE id > 'g'",
    "CREATE UNIQUE INDEX u ON strip_families(lower(name))",
    "CREATE UNIQUE INDEX u ON patterns(id COLLATE NOCASE)",
    "CREATE INDEX e ON patterns(abs(id))",
    "CREATE INDEX e ON patterns(json_extract(name, '$'))",
    "CREATE TRIGGER t BEFORE INSERT ON patterns WHEN NEW.id = 'x' BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER t BEFORE INSERT ON patterns WHEN NEW.id = 'x' BEGIN SELECT RAISE(ABORT, 'n'); END",
    "CREATE TRIGGER t AFTER INSERT ON patterns WHEN NEW.id = 'x' BEGIN SELECT RAISE(FAIL, 'n'); END",
    "CREATE TRIGGER t AFTER INSERT ON patterns WHEN NEW.id = 'x' "
      + "BEGIN SELECT RAISE(ROLLBACK, 'n'); END",
    "CREATE TRIGGER t AFTER INSERT ON patterns BEGIN DELETE FROM patterns WHERE id = 'x'; END",
    "CREATE TRIGGER t AFTER INSERT ON patterns WHEN NEW.id = 'Rope' "
      + "BEGIN INSERT INTO patterns(id, name, ring_count, geometry_json) VALUES ('x', 'n', 1, '{}'); END",
    "CREATE TRIGGER t AFTER INSERT ON strip_families BEGIN INSERT INTO joblogs(id, job_type, "
      + "parameters_json) VALUES ('j', 'slice', '{}') ON CONFLICT DO NOTHING; END",
    "CREATE TEMP TRIGGER t BEFORE INSERT ON patterns BEGIN SELECT RAISE(ABORT, 'n'); END",
    "CREATE TABLE c(n CHECK (n < 2)); INSERT INTO c VALUES (0); "
      + "CREATE TRIGGER t AFTER INSERT ON patterns BEGIN UPDATE c SET n = n + 1; END",
    // Other columns.
    "ALTER TABLE patterns ADD COLUMN extra TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE patterns ADD COLUMN twice GENERATED ALWAYS AS (ring_count * 2)",
    "ALTER TABLE patterns ADD COLUMN half CHECK (ring_count > 3)",
    "ALTER TABLE patterns ADD COLUMN o REFERENCES strip_families(id)",
    "ALTER TABLE patterns DROP COLUMN metadata_json",
    "DROP INDEX idx_patterns_pattern_type; ALTER TABLE patterns DROP COLUMN pattern_type",
    // Other tables that refer to ours.
    "CREATE TABLE orders(p REFERENCES patterns(id) ON DELETE RESTRICT)",
    // Missing tables and versions.
    "DROP TABLE joblogs", "DROP TABLE patterns", "DROP TABLE strip_families",
    "DROP TABLE schema_version", "DROP TABLE migration_issues; DROP TABLE patterns",
    "DELETE FROM schema_version",
    "DROP TABLE patterns; CREATE TABLE orders(p REFERENCES patterns(id))",
  ]

  @Test(arguments: writable)
  func aDryRunTellsWhatTheRunDoes(_ sql: String) throws {
    try writeEmptyDatabase()
    _ = try sqlite3(path, sql)
    let made = try compare()
    #expect(made.error == nil || sql.contains("ROLLBACK"))
    // Now that the rows are there, they are compared, not inserted.
    try compare()
    try compare { $0.onDuplicate = .update }
  }

  @Test(arguments: writable)
  func anAtomicDryRunToo(_ sql: String) throws {
    try writeEmptyDatabase()
    _ = try sqlite3(path, sql)
    try compare { $0.isAtomic = true }
    try tree.remove("joblogs/l.json")
    try compare { $0.isAtomic = true }
  }

  /// Tables that another application declared.
  static let declarations: [(String, String)] = [
    ("id TEXT PRIMARY KEY", "id TEXT PRIMARY KEY COLLATE NOCASE"),
    ("id TEXT PRIMARY KEY", "id TEXT PRIMARY KEY COLLATE RTRIM"),
    ("id TEXT PRIMARY KEY", "id NUMERIC PRIMARY KEY"),
    ("id TEXT PRIMARY KEY", "id INTEGER PRIMARY KEY"),
    ("id TEXT PRIMARY KEY", "id TEXT PRIMARY KEY ON CONFLICT IGNORE COLLATE NOCASE"),
    ("id TEXT PRIMARY KEY", "id TEXT"), ("id TEXT PRIMARY KEY", "id BLOB UNIQUE"),
    ("id TEXT PRIMARY KEY", "number INTEGER PRIMARY KEY NOT NULL, id TEXT UNIQUE"),
    ("ring_count INTEGER", "ring_count TEXT"), ("name TEXT", "name TEXT UNIQUE"),
    ("name TEXT", "name TEXT UNIQUE ON CONFLICT REPLACE"),
    ("name TEXT", "name TEXT CHECK (length(name) > 5)"),
    ("metadata_json TEXT", "metadata_json TEXT NOT NULL"),
    ("strip_family_id TEXT", "strip_family_id TEXT REFERENCES strip_families(id)"),
    ("strip_family_id TEXT", "strip_family_id TEXT NOT NULL REFERENCES strip_families(id)"),
    ("job_type TEXT", "job_type TEXT REFERENCES types(t)"),
    ("job_type TEXT", "job_type TEXT REFERENCES types(t) DEFERRABLE INITIALLY DEFERRED"),
    (
      "status TEXT",
      "status TEXT REFERENCES types(t) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED"
    ),
    (
      "parameters_json TEXT",
      "parameters_json TEXT CHECK (json_extract(parameters_json, '$.b') = 1)"
    ),
  ]

  @Test(arguments: declarations, ["", " WITHOUT ROWID", " STRICT"])
  func whateverAnotherApplicationDeclared(_ declaration: (String, String), _ suffix: String) throws
  {
    let sql = Self.schemaSQL.replacingOccurrences(
      of: declaration.0 + " ", with: declaration.1 + " "
    )
    .replacingOccurrences(of: declaration.0 + ",", with: declaration.1 + ",")
    .replacingOccurrences(of: ");\n", with: ")\(suffix);\n")
    #expect(sql.contains(declaration.1))
    do {
      _ = try sqlite3(
        path, "CREATE TABLE types(t TEXT PRIMARY KEY); INSERT INTO types VALUES ('pending');" + sql)
    } catch let failure as ShellFailure where !suffix.isEmpty {
      // SQLite refuses this declaration for such a table.
      #expect(failure.text.contains("PRIMARY KEY missing") || failure.text.contains("datatype"))
      return
    }
    let made = try compare()
    // Foreign keys to ids that are not unique.
    #expect(made.error == (declaration.1 == "id TEXT" ? "store.schema" : nil))
    try compare()
    try compare { $0.onDuplicate = .update }
  }

  private static let schemaSQL =
    EntityCatalog.rmos.kinds.map {
      $0.schema.createTableSQL.replacingOccurrences(of: "IF NOT EXISTS ", with: "") + ";\n"
    }.joined()
    + "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT);\n"
    + "INSERT INTO schema_version VALUES (2, '2025-01-01');"

  @Test(arguments: ["UTF-16le", "UTF-16be"], [512, 65536])
  func whateverEncodingAndPagesItHas(_ encoding: String, _ pageSize: Int) throws {
    _ = try sqlite3(
      path,
      "PRAGMA encoding = '\(encoding)'; PRAGMA page_size = \(pageSize); "
        + "PRAGMA auto_vacuum = FULL; PRAGMA application_id = 7; PRAGMA secure_delete = ON; "
        + Self.schemaSQL + "CREATE UNIQUE INDEX u ON strip_families(name)")
    #expect(try compare().error == nil)
    try compare { $0.onDuplicate = .update }
  }

  /// With objects of another application in the schema, the run is tried on a private copy.
  @Test func theCopyLeavesNoTrace() throws {
    _ = try SQLiteStore(path: path)
    _ = try sqlite3(path, "CREATE UNIQUE INDEX u ON strip_families(name)")
    let store = try SQLiteStore(path: path, access: .readOnly)
    guard case .copy(let copy) = try store.rehearsal(isCancelled: { false }) else {
      Issue.record("no copy")
      return
    }
    let before = try contents()
    try copy.write { try $0.insert(StoreSample.family) }
    #expect(try copy.read { try $0.count(RecordQuery(.stripFamilies)) } == 1)
    #expect(try store.read { try $0.count(RecordQuery(.stripFamilies)) } == 0)
    #expect(try contents() == before)
    #expect(throws: StoreError.self) { try store.rehearsal(isCancelled: { true }) }
  }

  /// Without a copy, a warning says that the outcome is not certain, and why.
  @Test func whatCannotBeForetoldIsSaid() throws {
    _ = try SQLiteStore(path: path)
    _ = try sqlite3(path, "CREATE UNIQUE INDEX u ON strip_families(name)")
    var options = Migration.Options()
    options.isDryRun = true
    let store = UncopiedStore(database: try SQLiteStore(path: path, access: .readOnly))
    let recorded = try RecordedMigration(tree, into: store, options)
    #expect(recorded.summary.statistics[.stripFamilies].migrated == 3)
    #expect(recorded.summary.issueCounts[.storeUnforeseen] == 1)
    let issue = try #require(recorded.summary.issues.first)
    #expect(issue.code == .storeUnforeseen && issue.severity == .warning)
    #expect(issue.message.contains("the index u") && issue.message.contains("too large"))
    #expect(recorded.issues.first == issue)
    #expect(MigrationReport(of: recorded.summary).json.contains("store.unforeseen"))
  }

  @Test func aWriterAtWorkIsSaid() throws {
    let writer = try SQLiteStore(path: path)
    let (waiting, locked) = try writer.withExclusiveWriter {
      let waiting = try course(isDryRun: true)
      return (waiting, try course(isDryRun: false))
    }
    #expect(waiting.messages.first?.contains("another process is writing") == true)
    #expect(locked.error == "store.locked")
    #expect(try course(isDryRun: true).messages.count == waiting.messages.count - 1)
  }

  @Test func theSharedSchemaNeedsNoCopy() throws {
    _ = try SQLiteStore(path: path)
    _ = try sqlite3(path, "CREATE TABLE other(x); CREATE INDEX mine ON patterns(ring_count)")
    for path in [path]
      + (try (1...4).map { try Fixtures.copyDatabase(version: $0, into: directory) })
    {
      let store = try SQLiteStore(path: path, access: .readOnly)
      guard case .lookUps = try store.rehearsal(isCancelled: { false }) else {
        Issue.record("a copy of \(path)")
        continue
      }
    }
  }
}

private enum StoreSample {
  static let family = Record(
    kind: .stripFamilies,
    values: EntityKind.stripFamilies.schema.fields.map { field in
      switch field.type.sqlType {
      case "REAL": .real(1)
      default: .text("x")
      }
    })
}

/// A store that is too large to be copied.
private struct UncopiedStore: StoreWrapper {
  let database: SQLiteStore
  var base: any RecordStore { database }

  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal {
    try database.rehearsal(largest: 4096, isCancelled: isCancelled)
  }
}
