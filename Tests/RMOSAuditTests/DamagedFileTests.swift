import Foundation
import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// A damaged file gives a finding or a clear error, and nothing on disk changes.
@Suite struct DamagedFileTests {
  /// Audits and checks that nothing changed.
  ///
  /// - Returns: The report, or the error.
  @discardableResult
  private func audit(_ fixture: AuditFixture) throws -> Result<AuditReport, StoreError> {
    let before = try fixture.contents()
    defer { #expect((try? fixture.contents()) == before) }
    do {
      return .success(try fixture.audit())
    } catch let error as StoreError {
      #expect(error.message.contains(fixture.path) || error.path != nil, "\(error)")
      return .failure(error)
    }
  }

  private func write(_ bytes: some Collection<UInt8>, _ fixture: AuditFixture) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: fixture.path))
  }

  private func bytes(_ fixture: AuditFixture) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: fixture.path)))
  }

  /// The page size of a database, from its header.
  private func pageSize(of database: [UInt8]) -> Int {
    Int(database[16]) << 8 | Int(database[17])
  }

  @Test func flippedBytesInAnyPageAreAFindingOrAnError() throws {
    let fixture = try AuditFixture()
    let sound = try bytes(fixture)
    var random = SeededGenerator(seed: 7)
    var errors = 0
    var findings = 0
    // The header and the b-tree header of every page, and places anywhere.
    var places: [Int] = Array(0..<100)
    let size = pageSize(of: sound)
    for page in stride(from: size, to: sound.count, by: size) {
      places += [page, page + 3, page + 5, page + 8, page + 10, page + size - 96]
    }
    for _ in 0..<100 { places.append(Int.random(in: 0..<sound.count, using: &random)) }
    for place in places {
      var damaged = sound
      damaged[place] ^= UInt8.random(in: 1...255, using: &random)
      try write(damaged, fixture)
      switch try audit(fixture) {
      case .success(let report): findings += report.errorCount
      case .failure: errors += 1
      }
    }
    #expect(errors > 0)
    #expect(findings > 0)
  }

  /// The check of SQLite finds rows that were written before a constraint, too.
  @Test func aConstraintThatDoesNotHoldIsNotCalledDamage() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      UPDATE joblogs SET start_time = NULL; PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'start_time TEXT', 'start_time TEXT NOT NULL')
      WHERE name = 'joblogs';
      """)
    let findings = try fixture.audit([.integrity]).findings
    #expect(!findings.isEmpty)
    for finding in findings {
      #expect(finding.severity == .error)
      #expect(finding.message.contains("NULL value in joblogs.start_time"))
      #expect(!finding.message.contains("damaged"), "\(finding.message)")
    }
  }

  @Test func aPageOfNoiseIsAFindingOrAnError() throws {
    let fixture = try AuditFixture()
    let sound = try bytes(fixture)
    var random = SeededGenerator(seed: 8)
    let size = pageSize(of: sound)
    for page in stride(from: size, to: sound.count, by: size) {
      var damaged = sound
      for place in page..<min(page + size, damaged.count) {
        damaged[place] = UInt8.random(in: 0...255, using: &random)
      }
      try write(damaged, fixture)
      if case .success(let report) = try audit(fixture) {
        #expect(report[.integrity]?.state == .failed, "page \(page / size + 1)")
      }
    }
  }

  @Test func aVersionLostToDamageIsNotThatOfAnotherApplication() throws {
    let fixture = try AuditFixture()
    var bytes = try bytes(fixture)
    let text = try sqlite3(
      fixture.path, "SELECT rootpage FROM sqlite_schema WHERE name = 'schema_version'")
    let root = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    let size = pageSize(of: bytes)
    // After the array of cell pointers, so that the rows are there but zero.
    for place in (root - 1) * size + 100..<root * size { bytes[place] = 0 }
    try write(bytes, fixture)
    #expect(throws: StoreError.self) { try audit(fixture).get() }
    guard case .failure(let error) = try audit(fixture) else { return }
    #expect(error.code == .corrupt, "\(error.message)")
  }

  @Test func aFileCutShortIsAFindingOrAnError() throws {
    let fixture = try AuditFixture()
    let sound = try bytes(fixture)
    for length in stride(from: 512, to: sound.count, by: 4000) {
      try write(sound.prefix(length), fixture)
      if case .success(let report) = try audit(fixture) { #expect(report.errorCount > 0) }
    }
  }

  @Test func whatIsNoDatabaseIsAClearError() throws {
    let fixture = try AuditFixture()
    var random = SeededGenerator(seed: 9)
    let noise = (0..<8192).map { _ in UInt8.random(in: 0...255, using: &random) }
    let text = Array(String(repeating: "no database\n", count: 100).utf8)
    for (content, code) in [
      (noise, StoreError.Code.notADatabase), (text, .notADatabase), ([1], .notADatabase),
    ] {
      try write(content, fixture)
      guard case .failure(let error) = try audit(fixture) else {
        Issue.record("audited what is no database")
        continue
      }
      #expect(error.code == code)
    }
  }

  @Test func anEmptyFileLacksEverything() throws {
    let fixture = try AuditFixture()
    try write([], fixture)
    let report = try audit(fixture).get()
    #expect(report[.schemaTable]?.total == 4)
    #expect(report[.schemaVersion]?.total == 1)
    #expect(report.counts.isEmpty)
  }

  @Test func aDatabaseOfAnotherApplicationLacksEverything() throws {
    let fixture = try AuditFixture()
    try write([], fixture)
    try fixture.plant("CREATE TABLE albums (id, patterns)")
    let report = try audit(fixture).get()
    #expect(report[.schemaTable]?.total == 4)
    #expect(report.verdict == .errors)
  }

  @Test(arguments: [
    "CREATE TABLE patterns (x)", "CREATE TABLE patterns (id)",
    "CREATE TABLE patterns (id TEXT PRIMARY KEY, name) WITHOUT ROWID",
    "CREATE TABLE schema_version (x); CREATE TABLE joblogs (pattern_id); "
      + "INSERT INTO joblogs VALUES ('a')",
    "CREATE VIEW joblogs AS WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c) "
      + "SELECT id FROM c",
    "CREATE TABLE migration_runs (x); CREATE TABLE migration_provenance (x)",
    "CREATE TABLE patterns (id TEXT, Name TEXT, NAME2); INSERT INTO patterns VALUES ('a', '', 1)",
  ])
  func tablesOfAnyShapeAreFindings(_ sql: String) throws {
    let fixture = try AuditFixture()
    try write([], fixture)
    try fixture.plant(sql)
    let report = try audit(fixture).get()
    #expect(report.verdict == .errors)
  }

  @Test func aLedgerOfAnotherShapeIsAFinding() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      "DROP VIEW migration_run_counts; ALTER TABLE migration_runs DROP COLUMN state")
    let report = try audit(fixture).get()
    #expect(report[.staleRun]?.state == .incomplete)
    #expect(report[.integrity]?.total == 1)
    #expect(report[.danglingProvenance]?.state == .passed)
  }

  @Test func aTreeThatLeadsInCirclesEnds() throws {
    let fixture = try AuditFixture()
    // Enough rows for a tree of two levels, in which all pointers then lead to one leaf.
    try fixture.plant(
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000) "
        + "INSERT INTO strip_families (id, name, strip_width_mm, strip_thickness_mm, "
        + "material_type, strips_json) SELECT 's' || n, 'a', 1, 1, 'b', '[1]' FROM c; "
        + "PRAGMA wal_checkpoint(TRUNCATE)")
    let root = try sqlite3(
      fixture.path, "SELECT rootpage FROM sqlite_schema WHERE name = 'strip_families'")
    let number = try #require(Int(root.trimmingCharacters(in: .whitespacesAndNewlines)))
    var damaged = try bytes(fixture)
    let page = (number - 1) * pageSize(of: damaged)
    #expect(damaged[page] == 5, "not an inner page")
    let cells = Int(damaged[page + 3]) << 8 | Int(damaged[page + 4])
    let first = Int(damaged[page + 12]) << 8 | Int(damaged[page + 13])
    for cell in 0..<cells {
      let pointer = page + 12 + 2 * cell
      let place = page + (Int(damaged[pointer]) << 8 | Int(damaged[pointer + 1]))
      for byte in 0..<4 { damaged[place + byte] = damaged[page + first + byte] }
    }
    try write(damaged, fixture)
    let report = try audit(fixture).get()
    #expect(report[.integrity]?.state == .failed)
  }

  @Test func aReadOnlyFileInAReadOnlyDirectoryIsAudited() throws {
    let fixture = try AuditFixture()
    let manager = FileManager.default
    try manager.setAttributes([.posixPermissions: 0o400], ofItemAtPath: fixture.path)
    try manager.setAttributes([.posixPermissions: 0o500], ofItemAtPath: fixture.directory.path)
    #expect(try audit(fixture).get().verdict == .sound)
  }

  @Test func aDatabaseThatIsBeingWrittenIsAudited() throws {
    let fixture = try AuditFixture()
    let writer = try Command("sqlite3", ["-init", "/dev/null", "-bail", "-batch", fixture.path])
    func run(_ sql: String) throws {
      try writer.send(sql + "\n.print done")
      #expect(writer.line() == "done")
    }
    func insert(_ id: String) -> String {
      "INSERT INTO patterns (id, name, ring_count, geometry_json) "
        + "VALUES ('\(id)', 'a', 1, '{\"a\":1}');"
    }
    try run(insert("committed"))
    try run("BEGIN IMMEDIATE; " + insert("not yet"))
    let report = try audit(fixture).get()
    #expect(report.counts[.patterns] == 25)
    #expect(report.errorCount == 0)
    try run("COMMIT;")
    #expect(try audit(fixture).get().counts[.patterns] == 26)
    _ = try writer.finish()
    #expect(try audit(fixture).get().counts[.patterns] == 26)
  }

  @Test func aLogWithoutItsIndexIsAClearErrorAndStaysAsItIs() throws {
    let fixture = try AuditFixture()
    let copy = try AuditFixture()
    do {
      let store = try SQLiteStore(path: fixture.path)
      try store.write { try $0.insert(StoreSamples.record(.patterns, "committed")) }
      for suffix in ["", "-wal"] {
        try? FileManager.default.removeItem(atPath: copy.path + suffix)
        try FileManager.default.copyItem(
          atPath: fixture.path + suffix, toPath: copy.path + suffix)
      }
    }
    guard case .failure(let error) = try audit(copy) else {
      Issue.record("read without its log")
      return
    }
    #expect(error.code == .cannotOpen)
    #expect(error.message.contains("-shm"))
  }

  @Test func aDirectoryAndNothingAreClearErrors() throws {
    let fixture = try AuditFixture()
    for path in [fixture.directory.path, fixture.directory.file("none.db")] {
      let error = #expect(throws: StoreError.self) {
        try SQLiteStore(path: path, access: .inspect)
      }
      #expect(error?.code == .cannotOpen)
    }
    #expect(try fixture.contents().keys.sorted() == ["rmos.db"])
  }

  @Test func whatOtherApplicationsDeriveFromRowsIsNoDamage() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      CREATE INDEX by_radius ON patterns(json_extract(geometry_json, '$.radius'));
      ALTER TABLE joblogs ADD COLUMN speed GENERATED ALWAYS AS (json_extract(parameters_json, '$'));
      ALTER TABLE patterns RENAME COLUMN name TO Name;
      """)
    #expect(try fixture.audit().findings == [])
  }

  @Test(arguments: [
    ("n INTEGER PRIMARY KEY NOT NULL, id TEXT UNIQUE NOT NULL", true),
    ("n TEXT UNIQUE, id TEXT NOT NULL", false),
  ])
  func whatAnotherKeyMeansIsSaidAsItIs(_ columns: String, _ isUnique: Bool) throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      DELETE FROM joblogs; DELETE FROM migration_provenance WHERE kind = 'joblogs';
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'id TEXT PRIMARY KEY', '\(columns)')
      WHERE name = 'joblogs';
      PRAGMA writable_schema = RESET;
      """)
    let findings = try fixture.audit().findings
    #expect(findings.map(\.severity) == (isUnique ? [] : [.error]))
    #expect(
      findings.map(\.message)
        == (isUnique
          ? []
          : [
            "the column joblogs.id is neither the primary key nor unique, so other applications can "
              + "write an id twice; create a unique index on it"
          ]))
  }

  @Test func idsThatAreNotUTF8AreNotCalledAlike() throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      INSERT INTO patterns (id, name, ring_count, geometry_json)
      VALUES (CAST(x'61ff62' AS TEXT), 'a', 1, '{"a":1}'),
        (CAST(x'61fe62' AS TEXT), 'b', 1, '{"a":1}');
      """)
    let findings = try fixture.audit().findings
    #expect(findings.filter { $0.code == AuditRule.fieldEncoding.code }.count == 2)
    #expect(!findings.contains { $0.code == AuditRule.nearDuplicateID.code })
  }
}
