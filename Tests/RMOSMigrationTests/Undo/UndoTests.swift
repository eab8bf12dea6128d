import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite struct UndoTests {
  private let files = [
    "strip_families/f.json": Texts.family("f"),
    "patterns/p.json": Texts.pattern("p", family: "f"),
    "joblogs/j.json": Texts.job("j", pattern: "p"),
  ]

  private func withStores(_ body: (any RecordStore) throws -> Void) throws {
    try TemporaryDirectory.use { directory in
      for store: any RecordStore in [
        InMemoryStore(), try SQLiteStore(path: directory.file("x.db")),
      ] {
        _ = try RecordedMigration(try SourceTree(files), into: store)
        try body(store)
      }
    }
  }

  @Test func undoingIsARunInTheLedger() throws {
    try withStores { store in
      let report = try Undo(of: 1, in: store) { $0.clock = .fixed("2026-05-01T00:00:00Z") }
        .runSynchronously()
      #expect(report.isSuccess && report.run == 2 && report.removed == 3 && report.restored == 0)
      let (undone, undo) = try store.read { (try $0.run(1), try $0.run(2)) }
      #expect(undone?.undoneBy == 2 && undone?.state == .completed)
      let run = try #require(undo)
      #expect(run.command == "undo" && run.state == .completed)
      #expect(run.startedAt == "2026-05-01T00:00:00Z" && run.finishedAt == run.startedAt)
      #expect(run.undo?.run == 1 && run.undo?.removed == 3 && run.undo?.restored == 0)
      #expect(undone?.undo == nil)
      func undoneBy(_ run: LedgerRun?) throws -> JSONValue? {
        var writer = JSONWriter()
        writer.run(run)
        return try JSONValue(parsing: writer.text)["undone_by"]
      }
      #expect(try undoneBy(run) == .null && undoneBy(undone) == 2)
      // The report of the newest run is that of the newest migration.
      #expect(try MigrationReport(ofRun: nil, in: store).run?.id == 1)
    }
  }

  /// A dry run says what the run says: which rows of others go along, and which keep rows of ours.
  @Test(arguments: [true, false])
  func tablesOfOthersAreForeseen(_ isDryRun: Bool) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let store = try SQLiteStore(path: path)
      _ = try RecordedMigration(try SourceTree(files), into: store)
      try store.write { transaction in
        var run = StoreSamples.run()
        run.command = "serve"
        run.id = try transaction.beginRun(run)
        try transaction.write(StoreSamples.record(.patterns, "made"), run: run.id)
      }
      _ = try sqlite3(
        path,
        "CREATE TABLE notes (p TEXT REFERENCES patterns ON DELETE CASCADE); "
          + "CREATE TABLE orders (p TEXT REFERENCES patterns); "
          + "INSERT INTO notes VALUES ('p'), ('p'); INSERT INTO orders VALUES ('made')")
      let migration = try Undo(of: 1, in: store) { $0.isDryRun = isDryRun }.runSynchronously()
      #expect(migration.isSuccess && migration.counts.removedElsewhere == ["notes": 2])
      #expect(try JSONValue(parsing: migration.json)["removed_elsewhere"]?["notes"] == 2)
      let server = try Undo(of: 2, in: store) { $0.isDryRun = isDryRun }.runSynchronously()
      #expect(
        server.obstacles == [
          UndoObstacle(kind: .patterns, id: "made", .isReferredElsewhere("orders"))
        ])
    }
  }

  @Test func aRunIsUndoneOnceAndAnUndoNever() throws {
    try withStores { store in
      #expect(try Undo(of: 1, in: store).runSynchronously().isSuccess)
      let again = try Undo(of: 1, in: store).runSynchronously()
      #expect(again.obstacles == [UndoObstacle(.isUndone(by: 2))] && again.run == nil)
      let undo = try Undo(of: 2, in: store).runSynchronously()
      #expect(undo.obstacles == [UndoObstacle(.isUndo)])
      for isDryRun in [false, true] {
        let error = #expect(throws: MigrationError.self) {
          try Undo(of: 7, in: store) { $0.isDryRun = isDryRun }.runSynchronously()
        }
        #expect(error?.code == .runMissing)
      }
      #expect(try store.read { try $0.runs(limit: nil) }.count == 2)
    }
  }

  @Test func aRunUnderWayIsLeftAlone() throws {
    try withStores { store in
      let options = Migration.Options()
      let tree = try SourceTree(["patterns/q.json": Texts.pattern("q")])
      var reports: [UndoReport] = []
      _ = try withExtendedLifetime(tree) {
        try Migration(from: tree.path, into: store, options: options).runSynchronously {
          if case .progress = $0, reports.isEmpty,
            let report = try? Undo(of: 2, in: store, { $0.isDryRun = true }).runSynchronously()
          {
            reports.append(report)
          }
        }
      }
      #expect(reports.first?.obstacles == [UndoObstacle(.isRunning)])
      #expect(try Undo(of: 2, in: store).runSynchronously().isSuccess)
    }
  }

  @Test func aRunUnderWayIsRefusedToWhoeverWantsItUndone() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      let tree = try SourceTree(files)
      let store = try SQLiteStore(path: path)
      var reports: [UndoReport] = []
      _ = try withExtendedLifetime(tree) {
        try Migration(from: tree.path, into: store).runSynchronously {
          guard case .progress = $0, reports.isEmpty, let other = try? SQLiteStore(path: path),
            let report = try? Undo(of: 1, in: other).runSynchronously()
          else { return }
          reports.append(report)
        }
      }
      #expect(reports.first?.obstacles == [UndoObstacle(.isRunning)])
      #expect(reports.first?.isDryRun == false)
    }
  }

  @Test func aRunThatDiedIsUndone() throws {
    try withStores { store in
      try store.write { transaction in
        var run = try #require(try transaction.run(1))
        run.state = .running
        try transaction.updateRun(run)
      }
      #expect(try Undo(of: 1, in: store).runSynchronously().isSuccess)
      #expect(try store.read { try $0.run(1)?.state } == .interrupted)
    }
  }

  @Test func obstaclesAreCountedBeyondThoseKept() throws {
    try withStores { store in
      try store.write { transaction in
        for number in 0..<9 {
          try transaction.insert(
            StoreSamples.record(.joblogs, "mine\(number)", ["pattern_id": .text("p")]))
        }
      }
      let report = try Undo(of: 1, in: store) { $0.maxObstacles = 4 }.runSynchronously()
      #expect(report.obstacles.count == 4 && report.obstacleCount == 9)
      let json = try JSONValue(parsing: report.json)
      #expect(json["obstacles_omitted"]?.int64 == 5 && json["success"] == .bool(false))
      #expect(report.obstacles[0].reason.code == "row.referred")
      let message = report.obstacles[0].message
      #expect(message.contains(#"pattern "p""#) && message.contains(#"job log "mine0""#))
    }
  }

  /// A ledger of version 1 has no digests, so it is unknown which rows were edited.
  @Test func whatAnOlderVersionWroteIsNeitherUpdatedNorUndone() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("x.db")
      do {
        let store = try SQLiteStore(path: path)
        _ = try RecordedMigration(try SourceTree(files), into: store)
      }
      try sqlite3(
        path,
        """
        DROP VIEW migration_run_counts;
        ALTER TABLE migration_runs DROP COLUMN undone_by;
        ALTER TABLE migration_provenance DROP COLUMN row_digest;
        DROP TABLE migration_before_images;
        CREATE TABLE migration_before_images (run_id INTEGER NOT NULL, seq INTEGER NOT NULL,
          kind TEXT NOT NULL, entity_id TEXT NOT NULL, row_json TEXT NOT NULL,
          provenance_json TEXT, PRIMARY KEY (run_id, seq)) WITHOUT ROWID;
        PRAGMA user_version = 1;
        """)
      do {
        let old = try SQLiteStore(path: path, access: .readOnly)
        try old.read { reader throws in
          #expect(try reader.editState(.patterns, id: "p") == .unknown(run: 1))
          #expect(try reader.run(1)?.undoneBy == nil)
        }
        let report = try Undo(of: 1, in: old) { $0.isDryRun = true }.runSynchronously()
        #expect(report.obstacles.map(\.reason) == [.isUnknown, .isUnknown, .isUnknown])
      }
      let store = try SQLiteStore(path: path, access: .readWrite)
      #expect(try Undo(of: 1, in: store).runSynchronously().obstacleCount == 3)
      var options = Migration.Options()
      options.onDuplicate = .update
      let changed = try SourceTree(["strip_families/f.json": Texts.family("f", name: "Maple")])
      let conflict = try RecordedMigration(changed, into: store, options)
      #expect(conflict.outcomes.map(\.outcome) == [.skipped])
      #expect(conflict.issues.first?.message.contains("run 1 kept no digest") == true)
      options.overwritesEdits = true
      _ = try RecordedMigration(changed, into: store, options)
      #expect(try Undo(of: 3, in: store).runSynchronously().isSuccess)
      #expect(try store.read { try $0.editState(.stripFamilies, id: "f") } == .unknown(run: 1))
    }
  }
}
