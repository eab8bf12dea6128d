import RMOSAnalytics
import RMOSAudit
import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// Compares small pages with snapshots, without their styles and scripts, which would hide the
/// differences.
@Suite struct PageSnapshotTests {
  private func content(_ target: String, of store: any RecordStore) -> String {
    PageSamples.get(target, of: store).text.withoutLookAndScript
      .replacing(/sha256-[A-Za-z0-9+\/=]{44}/, with: "sha256-…")
      .replacing("RMOS \(RMOSVersion.current)", with: "RMOS x.y.z")
  }

  private func store() throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction in
      try transaction.insert(
        StoreSamples.record(.stripFamilies, "bw", ["name": .text("Black & white")]))
      try transaction.insert(
        StoreSamples.record(
          .patterns, "rope/1",
          [
            "name": .text("Torres Rope"), "strip_family_id": .text("bw"),
            "ring_count": .integer(2),
            "geometry": .text(
              #"{"rings":[{"radius_mm":40.0,"width_mm":3,"segments":24},{"radius_mm":45}]}"#),
          ]))
      try transaction.insert(
        StoreSamples.record(
          .joblogs, "JOB-1", ["pattern_id": .text("rope/1"), "status": .text("completed")]))
    }
    return store
  }

  @Test func theOverviewOfAnEmptyStore() throws {
    let status = MigrationStatus(
      database: .init(location: "in memory"), entityCounts: .init(), recentEntities: [:],
      validation: .init(), currentRun: nil)
    let page = OverviewPage(
      status: status, history: MigrationHistory(days: [], totalDays: 0), runs: [],
      newestMigration: nil, current: CurrentRun(id: nil), today: .today)
    try expectSnapshot(page.document.main.markup, "overview-empty.html")
  }

  @Test func theOverview() throws { try expectSnapshot(content("/", of: store()), "overview.html") }

  @Test func aRunSaysWhatItDidNotReadOrKeptAside() throws {
    let store = InMemoryStore()
    var run = StoreSamples.run()
    run.id = try store.write { try $0.beginRun(run) }
    func page(_ notes: String?) throws -> String {
      run.timings.notesJSON = notes
      try store.write { try $0.updateRun(run) }
      return PageSamples.get("/", of: store).text
    }
    let odd = try page(
      #"{"not_read": {"by_reason": {"hidden": 1, "compressed": 6}, "files": []}, "#
        + #""kept_aside": [{"kind": "patterns", "member": "maker", "count": 3}]}"#)
    #expect(odd.contains("7 files not read, 1 member kept aside"))
    for notes in [nil, "{}", #"{"not_read": {"by_reason": {"hidden": 1}}}"#] {
      let page = try page(notes)
      #expect(!page.contains("not read") && !page.contains("kept aside"))
    }
  }

  @Test func theListOfPatterns() throws {
    try expectSnapshot(
      content("/patterns?q=rope&rings=2", of: store()), "list-patterns.html")
  }

  @Test func theListOfJobLogsWithoutMatches() throws {
    try expectSnapshot(content("/joblogs?status=failed", of: store()), "list-nothing.html")
  }

  @Test func thePageOfAPattern() throws {
    try expectSnapshot(content("/patterns/rope%2F1", of: store()), "pattern.html")
  }

  @Test func thePageOfAJobLog() throws {
    try expectSnapshot(content("/joblogs/JOB-1", of: store()), "joblog.html")
  }
}
