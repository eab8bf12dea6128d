import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Constraints, tables and texts of other applications: nothing of theirs is lost in silence.
@Suite struct OtherApplicationsTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  /// Creates the shared tables, declared with changes.
  private func makeTables(_ changes: [String: String] = [:], before: String = "") throws {
    let tables = EntityCatalog.rmos.kinds.map { kind in
      changes.reduce(kind.schema.createTableSQL) { sql, change in
        kind == .patterns ? sql.replacing(change.key, with: change.value) : sql
      }
    }
    _ = try sqlite3(
      path,
      before
        + (tables + ["CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT)"])
        .joined(separator: "; ") + "; INSERT INTO schema_version VALUES (2, '2025-01-01')")
  }

  private func pattern(_ id: String, _ name: String) -> Record {
    StoreSamples.record(.patterns, id, ["name": .text(name)])
  }

  // MARK: Names of the ledger

  @Test(arguments: [
    "migration_runs (version TEXT, ran_at TEXT)", "migration_provenance (item TEXT, seller TEXT)",
    "migration_issues (title TEXT, state TEXT)", "migration_before_images (name TEXT, image BLOB)",
    "migration_changes (version TEXT, author TEXT)", "migration_failures (id INTEGER, reason TEXT)",
  ])
  func aTableWithANameOfTheLedgerIsKept(_ table: String) throws {
    try makeTables()
    let name = table.prefix { $0 != " " }
    _ = try sqlite3(path, "CREATE TABLE \(table); INSERT INTO \(name) VALUES (1, 'theirs')")
    let before = try sqlite3(path, ".dump")
    let error = #expect(throws: StoreError.self) {
      try SQLiteStore(path: path).write { _ in }
    }
    #expect(error?.code == .unusableSchema)
    let message = error?.message ?? ""
    #expect(message.contains("\(name).") && message.contains("rename them"), "\(message)")
    #expect(!message.contains("drop"), "\(message)")
    #expect(try sqlite3(path, ".dump") == before)
  }

  @Test func aDatabaseWithOnlySuchATableIsForeign() throws {
    _ = try sqlite3(path, "CREATE TABLE migration_runs (version TEXT)")
    let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path) }
    #expect(error?.code == .foreignDatabase)
  }

  // MARK: Conflict clauses

  @Test(arguments: ["REPLACE", "IGNORE", "FAIL", "ROLLBACK"])
  func aRowThatClashesIsRefusedWhateverTheConstraintSays(_ clause: String) throws {
    try makeTables(["name TEXT NOT NULL": "name TEXT NOT NULL UNIQUE ON CONFLICT \(clause)"])
    let store = try SQLiteStore(path: path)
    try store.write { transaction throws in
      try transaction.insert(pattern("mine", "Rope"))
      try transaction.insert(pattern("other", "Wave"))
    }
    let new = (0..<70).map { pattern("b\($0)", $0 == 40 ? "Rope" : "New \($0)") }
    let batch = StoreSamples.batch(.patterns, new.map { .init($0) })
    let other = StoreSamples.batch(.patterns, [.init(pattern("other", "Rope"))])
    let run = try store.withBulkLoad {
      try store.write { transaction throws in
        let run = try transaction.beginRun(StoreSamples.run())
        let refused = try transaction.insert(batch, at: Array(new.indices), run: run)
        #expect(Set(refused.keys) == [40])
        let attempts: [() throws -> Void] = [
          { try transaction.insert(pattern("new", "Rope")) },
          { _ = try transaction.update(pattern("other", "Rope")) },
          { try transaction.update(other, at: 0, run: run, startedAt: "2025-01-01T00:00:00Z") },
        ]
        for attempt in attempts {
          let error = #expect(throws: StoreError.self) { try attempt() }
          #expect(error?.code == .constraint)
        }
        return run
      }
    }
    #expect(run == 1)
    let some = "SELECT id, name FROM patterns WHERE id NOT LIKE 'b%' ORDER BY id"
    #expect(try sqlite3(path, some) == "mine|Rope\nother|Wave")
    #expect(try sqlite3(path, "SELECT count(*) FROM patterns") == "71")
  }

  @Test func undoingReplacesNoRow() throws {
    try makeTables(["name TEXT NOT NULL": "name TEXT NOT NULL UNIQUE ON CONFLICT REPLACE"])
    let store = try SQLiteStore(path: path)
    let renamed = StoreSamples.batch(.patterns, [.init(pattern("p", "Wave"))])
    try store.write { transaction throws in
      try transaction.insert(pattern("p", "Rope"))
      let run = try transaction.beginRun(StoreSamples.run())
      try transaction.update(renamed, at: 0, run: run, startedAt: "2025-01-01T00:00:00Z")
      try transaction.insert(pattern("mine", "Rope"))
    }
    let error = #expect(throws: StoreError.self) { try store.write { try $0.undo(run: 1) } }
    #expect(error?.code == .constraint)
    let all = "SELECT id, name FROM patterns ORDER BY id"
    #expect(try sqlite3(path, all) == "mine|Rope\np|Wave")
  }

  @Test func aDefaultDoesNotTakeThePlaceOfWhatIsAbsent() throws {
    try makeTables([
      "strip_family_id TEXT": "strip_family_id TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'unknown'"
    ])
    let store = try SQLiteStore(path: path)
    try store.write { transaction throws in
      let error = #expect(throws: StoreError.self) {
        try transaction.insert(
          StoreSamples.record(.patterns, "p", ["strip_family_id": .null]))
      }
      #expect(error?.code == .constraint)
    }
    #expect(try sqlite3(path, "SELECT count(*) FROM patterns") == "0")
  }

  /// The clauses of statements in triggers stay what they are: only those of tables are overridden.
  @Test func triggersKeepTheirOwnClauses() throws {
    let store = try SQLiteStore(path: path)
    try store.write { _ in }
    _ = try sqlite3(
      path,
      "CREATE TABLE names (name TEXT UNIQUE); CREATE TRIGGER named AFTER INSERT ON patterns "
        + "BEGIN INSERT OR IGNORE INTO names VALUES (NEW.name); END")
    try store.write { transaction throws in
      for id in ["a", "b"] { try transaction.insert(pattern(id, "Rope")) }
    }
    #expect(try sqlite3(path, "SELECT count(*) FROM names") == "1")
  }

  // MARK: Foreign keys

  @Test(arguments: ["", "ON DELETE CASCADE", "ON DELETE SET NULL"])
  func aRowToWhichATableOfOthersRefersIsNotRemoved(_ action: String) throws {
    let store = try SQLiteStore(path: path)
    try store.write { transaction throws in
      for id in ["a", "b"] { try transaction.insert(pattern(id, "Rope")) }
    }
    _ = try sqlite3(
      path,
      "CREATE TABLE orders (number INTEGER PRIMARY KEY, pattern TEXT REFERENCES patterns \(action)); "
        + "INSERT INTO orders VALUES (1, 'a'), (2, NULL)")
    try store.write { transaction throws in
      #expect(try transaction.otherReferrers(to: .patterns, id: "a") == ["orders": 1])
      #expect(try transaction.otherReferrers(to: .patterns, id: "b") == [:])
      let error = #expect(throws: StoreError.self) {
        try transaction.remove(.patterns, id: "a", run: 1)
      }
      #expect(error?.code == .constraint)
      #expect(error?.message.contains("1 row of the table orders") == true)
      #expect(try transaction.remove(.patterns, id: "b", run: 1))
      guard action.isEmpty else { return }
      let plain = #expect(throws: StoreError.self) {
        try transaction.delete(.patterns, id: "a")
      }
      #expect(plain?.message.contains("1 row of the table orders") == true)
    }
    #expect(try sqlite3(path, "SELECT pattern FROM orders WHERE number = 1") == "a")
  }

  @Test func referencesOfOthersAreCountedWhateverTheyPointTo() throws {
    let store = try SQLiteStore(path: path)
    try store.write { transaction throws in
      for id in ["a", "b"] { try transaction.insert(pattern(id, "Name of \(id)")) }
      try transaction.insert(
        StoreSamples.record(.joblogs, "j", ["pattern_id": .text("a")]))
    }
    _ = try sqlite3(
      path,
      #"""
      ALTER TABLE patterns ADD COLUMN parent TEXT REFERENCES patterns(id);
      UPDATE patterns SET parent = 'a';
      CREATE UNIQUE INDEX named ON patterns(name);
      CREATE UNIQUE INDEX both ON patterns(id, name);
      CREATE TABLE "a ""b""" ("n 1" TEXT REFERENCES patterns(name) ON DELETE CASCADE);
      INSERT INTO "a ""b""" VALUES ('Name of a'), ('Name of a');
      CREATE TABLE pairs (i TEXT, n TEXT, FOREIGN KEY (i, n) REFERENCES patterns(id, name));
      INSERT INTO pairs VALUES ('a', 'Name of a'), ('a', NULL);
      """#)
    let found = try store.read { try $0.otherReferrers(to: .patterns, id: "a") }
    // Job logs are looked for as such, and a row that refers to itself is no obstacle.
    #expect(found == ["patterns": 1, #"a "b""#: 2, "pairs": 1])
  }

  // MARK: Texts

  /// In UTF-16, the first half of a surrogate pair is followed by a letter.
  @Test(arguments: [("UTF-8", "61ff62"), ("UTF-16le", "61003dd86200")])
  func textsThatAreNotUnicodeComeBackByteByByte(_ encoding: String, _ bytes: String) throws {
    try makeTables(before: "PRAGMA encoding = '\(encoding)'; ")
    do {
      let store = try SQLiteStore(path: path)
      try store.write { transaction throws in
        for id in ["a", "b", "c"] { try transaction.insert(pattern(id, "Rope ü \u{1F3B8}")) }
      }
    }
    _ = try sqlite3(
      path,
      "ALTER TABLE patterns ADD COLUMN note; UPDATE patterns SET name = CAST(x'\(bytes)' AS TEXT), "
        + "metadata_json = name, note = CAST(x'\(bytes)' AS TEXT) WHERE id <> 'c'")
    let all =
      "SELECT id, typeof(name), hex(CAST(name AS BLOB)), hex(CAST(metadata_json AS BLOB)), "
      + "typeof(note), hex(CAST(note AS BLOB)) FROM patterns ORDER BY id"
    let before = try sqlite3(path, all)
    let store = try SQLiteStore(path: path)
    try store.write { transaction throws in
      #expect(
        try Set(transaction.malformedTexts(of: .patterns, id: "a").keys) == ["name", "note"])
      #expect(try transaction.malformedTexts(of: .patterns, id: "c") == [:])
      #expect(try transaction.remove(.patterns, id: "a", run: 1))
      try transaction.write(pattern("b", "Fine"), run: 1)
      try transaction.write(pattern("c", "Fine"), run: 1)
    }
    #expect(try sqlite3(path, all) != before)
    // What others have put into their column since stays.
    _ = try sqlite3(path, "UPDATE patterns SET note = 'new' WHERE id = 'b'")
    _ = try store.write { try $0.revertChanges(ofRun: 1) }
    #expect(try sqlite3(path, "SELECT note FROM patterns WHERE id = 'b'") == "new")
    _ = try sqlite3(
      path, "UPDATE patterns SET note = CAST(x'\(bytes)' AS TEXT) WHERE id = 'b'")
    #expect(try sqlite3(path, all) == before)
  }

  // MARK: Tables

  @Test(arguments: [true, false])
  func noEmptyTableTakesThePlaceOfARenamedOne(_ hasLedger: Bool) throws {
    try makeTables()
    let store = try SQLiteStore(path: path)
    if hasLedger { try store.write { try $0.insert(pattern("a", "Rope")) } }
    _ = try sqlite3(path, "ALTER TABLE joblogs RENAME TO joblogs_old")
    for _ in 1...2 {
      let error = #expect(throws: StoreError.self) {
        try store.write { try $0.insert(pattern("b", "Rope")) }
      }
      #expect(error?.code.rawValue == "store.lost-table")
      #expect(error?.message.contains("joblogs") == true)
    }
    _ = try sqlite3(path, "ALTER TABLE joblogs_old RENAME TO joblogs")
    try store.write { try $0.insert(pattern("b", "Rope")) }
    #expect(try store.read { try $0.contains(.patterns, id: "b") })
  }

  /// A newer application may record its version alone, and change the schema later.
  @Test(arguments: ["INSERT INTO schema_version VALUES (9, 'now')", "PRAGMA user_version = 77"])
  func anUpgradeIsNoticedByAnOpenStore(_ upgrade: String) throws {
    let store = try SQLiteStore(path: path)
    try store.write { try $0.insert(pattern("a", "Rope")) }
    _ = try sqlite3(path, upgrade)
    #expect(throws: StoreError.self) { try store.write { try $0.insert(pattern("b", "Rope")) } }
    #expect(try sqlite3(path, "SELECT count(*) FROM patterns") == "1")
  }

  @Test func aCheckNoticesWhatPreventsWritingSinceTheStoreWasOpened() throws {
    let store = try SQLiteStore(path: path)
    #expect(try store.checkWriting().isEmpty)
    _ = try sqlite3(
      path,
      "CREATE TRIGGER t AFTER INSERT ON patterns BEGIN INSERT INTO log VALUES (NEW.id); END")
    let error = #expect(throws: StoreError.self) { try store.checkWriting() }
    #expect(error?.code == .unusableSchema && error?.message.contains("trigger t") == true)
    _ = try sqlite3(path, "DROP TRIGGER t; PRAGMA user_version = 77")
    #expect(throws: StoreError.self) { try store.checkWriting() }
  }

  @Test func theVersionIsRecordedOnce() throws {
    try makeTables()
    _ = try sqlite3(
      path,
      "DROP TABLE schema_version; CREATE TABLE schema_version (version INTEGER); "
        + "INSERT INTO schema_version VALUES (2)")
    try SQLiteStore(path: path).write { try $0.insert(pattern("a", "Rope")) }
    #expect(try sqlite3(path, "SELECT version FROM schema_version") == "2")
  }

  @Test func aLedgerWithoutNumbersLeftIsNoFullDisk() throws {
    let store = try SQLiteStore(path: path)
    try store.write { _ = try $0.beginRun(StoreSamples.run()) }
    _ = try sqlite3(path, "UPDATE migration_runs SET id = \(Int64.max)")
    let error = #expect(throws: StoreError.self) {
      try store.write { try $0.beginRun(StoreSamples.run()) }
    }
    #expect(error?.code == .unusableSchema)
    #expect(error?.message.contains("\(Int64.max)") == true)
    _ = try sqlite3(
      path,
      "DELETE FROM migration_runs; DELETE FROM sqlite_sequence WHERE name = 'migration_runs'")
    #expect(try store.write { try $0.beginRun(StoreSamples.run()) } == 1)
  }
}
