import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// `export --format sql`, loaded by the databases' own shells.
@Suite struct ExportScriptTests {
  private static let postgres: String = {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return tests.appendingPathComponent("../../Scripts/postgres.sh").standardized.path
  }()

  /// Texts that a script could break.
  private static let texts = [
    "plain", "", "O'Brien''s", #"back\slash \n \\. \x41 \"#, "line\nbreak\n.quit\n\\.\n--no\n;",
    "\r\n", "tab\there", #"\N"#, "é e\u{301} 日本 \u{1F3B8} \u{FEFF}", ":name $1 %s {} $$ q'[x]'",
    "\u{1}\u{7F}\u{85}\u{2028}", "COMMIT; DROP TABLE patterns;",
  ]

  /// Numbers that a database could round.
  private static func numbers(_ count: Int) -> [Double] {
    var random = SeededGenerator(seed: 7)
    let edges: [Double] = [
      0.1, 2.55, 1.0 / 3, 0.30000000000000004, 1e15, 123_456_789_012_345.6, 1e22, 1e23,
      .greatestFiniteMagnitude, .leastNormalMagnitude, .leastNonzeroMagnitude, 7.6499999999999995,
      9_007_199_254_740_992, .pi, 8.5e-9, 1e300, 600,
    ]
    return edges
      + (0..<count).map { _ in
        let number = Double(bitPattern: random.next() & ~(1 << 63))
        return number.isFinite ? number : 1
      }
  }

  /// A database of such texts and numbers; every reference has its entity.
  private func fill(_ path: String, texts: [String] = texts) throws -> [EntityKind: [Record]] {
    let store = try SQLiteStore(path: path)
    var random = SeededGenerator(seed: 11)
    try store.write { transaction in
      for (index, number) in Self.numbers(300).enumerated() {
        let id = "f\(index) \(random.pick(texts))"
        let day = Value.text("2026-03-01")
        let family: [String: Value] = [
          "id": .text(id), "name": .text(random.pick(texts)), "strip_width_mm": .real(number),
          "strip_thickness_mm": .real(Double(random.int(1...9_999)) / 100),
          "material_type": .text(random.pick(texts)), "strips": .text(#"["\u00e9\n", 1.50]"#),
          "created_at": day, "updated_at": .text("2026-03-01T10:00:00Z"),
        ]
        try transaction.insert(record(.stripFamilies) { family[$0.member] })
        let pattern: [String: Value] = [
          "id": .text("p\(index)"), "name": .text(random.pick(texts)),
          "ring_count": .integer(index == 0 ? .max : index == 1 ? .min : Int64(index)),
          "geometry": .text("{}"), "strip_family_id": .text(id),
          "pattern_type": .text(random.pick(texts)), "created_at": day, "updated_at": day,
        ]
        try transaction.insert(record(.patterns) { pattern[$0.member] })
        let job: [String: Value] = [
          "id": .text("j\(index)"), "job_type": .text(random.pick(texts)),
          "status": .text("pending"),
          "pattern_id": index % 2 == 0 ? .null : .text("p\(index)"),
          "duration_seconds": index % 3 == 0 ? .null : .real(number),
          "parameters": .text(#"{"note": "\\ '"}"#), "created_at": day, "updated_at": day,
        ]
        try transaction.insert(record(.joblogs) { job[$0.member] })
      }
    }
    return try records(of: store)
  }

  private func records(of store: SQLiteStore) throws -> [EntityKind: [Record]] {
    try store.read { reader in
      var records: [EntityKind: [Record]] = [:]
      for kind in reader.catalog.kinds {
        try reader.forEachRecord(kind) { records[kind, default: []].append($0) }
      }
      return records
    }
  }

  @Test(.enabled(if: Tool.has("sqlite3"), "there is no sqlite3 shell here"))
  func theSQLiteShellLoadsExactlyTheRows() throws {
    let workspace = try Workspace()
    let expected = try fill(workspace.file("x.db"), texts: Self.texts + ["NUL\0in", "\0", "a\r"])
    let export = try Tool.run(["export", "s", "--db", "x.db", "--format", "sql"], in: workspace)
    #expect(export.status == 0 && export.errors.isEmpty)
    let load = try Tool.shell("sqlite3 -init /dev/null new.db <s/rmos.sql", in: workspace)
    #expect(load.status == 0 && load.output.isEmpty && load.errors.isEmpty)
    let loaded = try records(
      of: SQLiteStore(path: workspace.file("new.db"), access: .readOnly))
    for (kind, records) in expected {
      let found = try #require(loaded[kind])
      #expect(found.count == records.count)
      for (one, other) in zip(found, records) { #expect(one == other) }
    }
    // The tables, the keys and the indexes are those of the store.
    let schema = """
      for table in schema_version strip_families patterns joblogs; do
        sqlite3 -init /dev/null $DB "PRAGMA table_info($table); PRAGMA foreign_key_list($table);
          SELECT name, sql LIKE '%DESC%' FROM sqlite_schema WHERE tbl_name = '$table' ORDER BY 1;"
      done; sqlite3 -init /dev/null $DB 'PRAGMA foreign_key_check; SELECT version FROM schema_version'
      """
    let ours = try Tool.shell(schema, in: workspace, environment: ["DB": "x.db"])
    let theirs = try Tool.shell(schema, in: workspace, environment: ["DB": "new.db"])
    #expect(ours.status == 0 && ours.output == theirs.output)
  }

  @Test(.enabled(if: Tool.succeeds("\(postgres) find"), "there is no PostgreSQL server here"))
  func psqlLoadsExactlyTheRows() throws {
    let workspace = try Workspace()
    let expected = try fill(workspace.file("x.db"))
    let export = try Tool.run(
      ["export", "p", "--db", "x.db", "--format", "sql", "--dialect", "postgresql"],
      in: workspace)
    #expect(export.status == 0 && export.errors.isEmpty)
    let result = try Tool.shell(
      #"""
      "$POSTGRES" run bash -ec '
        url=$RMOS_POSTGRES_URL
        psql -X -q -d "$url" -f p/rmos.sql
        for table in strip_families patterns joblogs; do
          psql -X -A -t -d "$url" -c "SELECT row_to_json(t) FROM $table t ORDER BY id" >$table.jsonl
        done
        psql -X -A -t -d "$url" -c "SELECT version FROM schema_version"
        psql -X -A -t -d "$url" -c "SELECT indexname FROM pg_indexes WHERE indexname LIKE $\$idx%$\$"
        # A second time nothing is loaded, and it is said.
        ! psql -X -q -d "$url" -f p/rmos.sql 2>errors
        psql -X -A -t -d "$url" -c "SELECT count(*) FROM patterns"
      '
      """#, in: workspace, environment: ["POSTGRES": Self.postgres])
    try #require(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.first == "2")
    #expect(lines.count { $0.hasPrefix("idx_") } == 7)
    #expect(lines.last.map { Int($0) } == expected[.patterns]?.count)
    for (kind, records) in expected {
      let rows = try String(contentsOfFile: workspace.file("\(kind.table).jsonl"), encoding: .utf8)
        .split(separator: "\n")
      #expect(rows.count == records.count)
      for (row, record) in zip(rows, records) {
        #expect(try record == self.record(kind, from: row))
      }
    }
  }

  private func record(_ kind: EntityKind, from row: Substring) throws -> Record {
    let value = try JSONValue(parsing: String(row))
    return record(kind) { field -> Value? in
      let member = value[field.column]
      return switch field.type {
      case .integer: member?.int64.map { .integer($0) }
      case .real: member?.double.map { .real($0) }
      default: member?.string.map { .text($0) }
      }
    }
  }

  private func record(_ kind: EntityKind, _ value: (FieldSchema) -> Value?) -> Record {
    Record(kind: kind, values: kind.schema.fields.map { value($0) ?? .null })
  }

  @Test(arguments: [
    ("UPDATE patterns SET name = 'a' || char(0) WHERE id = 'p1'", "p1", "name has a NUL"),
    ("UPDATE patterns SET name = x'00ff' WHERE id = 'p1'", "p1", "name is"),
    ("UPDATE strip_families SET strip_width_mm = 'wide'", "f1", "strip_width_mm is"),
    ("UPDATE joblogs SET pattern_id = 'gone'", "j1", #"pattern_id refers to \"gone\""#),
    ("UPDATE patterns SET name = printf('%3000d', 1)", "p1", "name has more than"),
    ("UPDATE patterns SET id = NULL", "without an id", "id is NULL"),
  ])
  func whatPostgreSQLCannotHoldIsNamedAndNothingIsWritten(
    _ sql: String, _ id: String, _ reason: String
  ) throws {
    guard Tool.has("sqlite3") else { return }
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    #expect(try Tool.shell("sqlite3 -init /dev/null x.db \"\(sql)\"", in: workspace).status == 0)
    let words = ["--db", "x.db", "--format", "sql"]
    let refused = try Tool.run(
      ["export", "p", "--dialect", "postgresql", "--json"] + words, in: workspace)
    #expect(refused.status == 3)
    #expect(refused.output.contains(#""code": "export.unrepresentable""#))
    #expect(refused.output.contains(id) && refused.output.contains(reason))
    #expect(!FileManager.default.fileExists(atPath: workspace.file("p")))
    // SQLite can store the value.
    #expect(try Tool.run(["export", "s"] + words, in: workspace).status == 0)
    let load = try Tool.shell("sqlite3 -init /dev/null new.db <s/rmos.sql", in: workspace)
    #expect(load.status == 0, "\(load.errors)")
  }

  @Test func whatIsNotInTheScriptIsSaidInItsHead() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    try workspace.write(
      #"{"id":"q","name":"Q","ring_count":1,"geometry":{"a":1},"te\nmpo":1,"artist":"A"}"#,
      to: "legacy/patterns/q.json")
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    let export = try Tool.run(["export", "s", "--db", "x.db", "--format", "sql"], in: workspace)
    #expect(export.status == 0)
    let script = try String(contentsOfFile: workspace.file("s/rmos.sql"), encoding: .utf8)
    let head = script.split(separator: "\n").prefix { $0.hasPrefix("--") }
    #expect(head.contains("-- In it: 1 strip family, 2 patterns, 1 job log."))
    #expect(head.contains(#"--   "artist" of 1 pattern"#))
    #expect(head.contains { $0.hasSuffix(#"mpo" of 1 pattern"#) })
    #expect(head.contains { $0.contains("Not in it: the ledger") })
  }

  @Test func aScriptIsLoadedIntoAnEmptyDatabaseOrNotAtAll() throws {
    guard Tool.has("sqlite3") else { return }
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    _ = try Tool.run(["export", "s", "--db", "x.db", "--format", "sql"], in: workspace)
    let result = try Tool.shell(
      """
      sqlite3 -init /dev/null other.db 'CREATE TABLE joblogs (id)'
      sqlite3 -init /dev/null other.db <s/rmos.sql && echo loaded
      sqlite3 -init /dev/null other.db .tables
      """, in: workspace)
    #expect(result.output.split(separator: "\n") == ["joblogs"])
    #expect(result.errors.contains("already exists"))
  }

  @Test func formatsThatCannotBeCombinedAreRefused() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace)
    for words in [
      ["--dialect", "sqlite"], ["--format", "tree", "--dialect", "sqlite"],
      ["--lines", "--format", "sql"], ["--lines", "--format", "tree"],
      ["--compact", "--format", "sql"], ["--format", "csv"],
    ] {
      #expect(try Tool.run(["export", "t", "--db", "x.db"] + words, in: workspace).status == 2)
    }
    for (place, words) in [("a", ["--lines"]), ("b", ["--format", "lines"])] {
      #expect(try Tool.run(["export", place, "--db", "x.db"] + words, in: workspace).status == 0)
    }
    #expect(try Tool.shell("diff -r a b", in: workspace).status == 0)
  }
}
