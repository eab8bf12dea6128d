import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite struct StoreStatusTests {
  @Test func theJSONHasCountsAndRuns() async throws {
    let store = InMemoryStore()
    let tree = try SourceTree(["patterns/p.json": Texts.pattern("p")])
    _ = try RecordedMigration(tree, into: store)
    let json = try JSONValue(parsing: try await StoreStatus.read(from: store).json)
    #expect(json["success"]?.bool == true && json["database"]?.string == "in memory")
    #expect(
      json["counts"]?.text == #"{"strip_families":0,"patterns":1,"joblogs":0,"total":1}"#)
    #expect(json["last_run"]?["id"]?.int64 == 1 && json["current_run"] == .null)
    #expect(json["missing_tables"]?.text == "[]" && json["interrupted_runs"]?.text == "[]")
  }

  /// A wrapper passes on whether the store has a writer, so the status is the same.
  @Test func aRunWhoseProcessDiedIsToldThroughAWrappedStoreToo() throws {
    try TemporaryDirectory.use { directory in
      let base = try SQLiteStore(path: directory.file("x.db"))
      try base.write { transaction in
        _ = try transaction.beginRun(
          LedgerRun(
            command: "migrate", startedAt: "2025-06-01T00:00:00Z", source: "legacy",
            optionsJSON: "{}", toolVersion: "0.0.1", processID: 1))
      }
      for store: any RecordStore in [base, FaultyStore(base, failingAt: nil)] {
        let status = try StoreStatus(of: store)
        #expect(status.currentRun == nil)
        #expect(status.interruptedRuns.map(\.id) == [1])
        #expect(try MigrationReport(ofRun: 1, in: store).run?.ending == .interrupted)
        #expect(
          try Undo(of: 1, in: store) { $0.isDryRun = true }.runSynchronously().obstacles.isEmpty)
        try store.withExclusiveWriter {
          #expect(try StoreStatus(of: store).currentRun?.id == 1)
          let obstacles = try Undo(of: 1, in: store) { $0.isDryRun = true }.runSynchronously()
            .obstacles
          #expect(obstacles.map(\.reason) == [.isRunning])
        }
      }
    }
  }
}
