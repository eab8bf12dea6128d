import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// Writing through the API is part of a run, which can be undone.
@Suite struct WritingRunTests {
  typealias Backend = DashboardFixture.Backend

  /// All rows, with their provenance.
  private func content(_ store: any RecordStore) throws -> [[Record]: [Provenance?]] {
    try store.read { reader in
      var records: [Record] = []
      var origins: [Provenance?] = []
      for kind in reader.catalog.kinds {
        try reader.forEachRecord(kind) { record in
          records.append(record)
          origins.append(try reader.provenance(kind, id: record.id))
        }
      }
      return [records: origins]
    }
  }

  /// A store in which run 1 has migrated a strip family, a pattern and a job log.
  private func fixture(_ backend: Backend) throws -> DashboardFixture {
    let fixture = try DashboardFixture(backend, allowsWrites: true)
    try fixture.migrate(
      StoreSamples.record(.stripFamilies, "f"),
      StoreSamples.record(.patterns, "p", ["strip_family_id": .text("f")]),
      StoreSamples.record(
        .joblogs, "j", ["pattern_id": .text("p"), "duration_seconds": .real(0.1)]),
      startedAt: "2026-01-01T00:00:00Z")
    return fixture
  }

  private func runs(_ fixture: DashboardFixture) throws -> [LedgerRun] {
    try fixture.store.read { try $0.runs(limit: nil) }
  }

  private func undo(_ run: Int64, _ fixture: DashboardFixture) throws -> UndoReport {
    try Undo(of: run, in: fixture.store).runSynchronously()
  }

  @Test(arguments: Backend.allCases)
  func writesAreOneRunThatIsUndone(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    let before = try content(fixture.store)
    #expect(fixture.send("PATCH", "/patterns/p", json: #"{"ring_count": 0}"#).status == 422)
    #expect(try runs(fixture).count == 1)
    #expect(
      fixture.send("POST", "/joblogs", json: WritingTests.job.replacing("p1", with: "p"))
        .status == 201)
    for name in ["one", "two"] {
      let body = #"{"name": "\#(name)", "geometry": {"r": [1.50]}}"#
      #expect(fixture.send("PATCH", "/patterns/p", json: body).status == 200)
    }
    #expect(fixture.send("DELETE", "/joblogs/j").status == 200)
    #expect(fixture.send("DELETE", "/joblogs/j1").status == 200)
    #expect(fixture.send("DELETE", "/patterns/p").status == 200)
    #expect(fixture.send("POST", "/strip-families", json: WritingTests.family).status == 201)
    let run = try #require(try runs(fixture).first)
    #expect(try runs(fixture).count == 2)
    #expect(run.command == "serve" && run.state == .running)
    #expect(run.statistics.total.migrated == 2)
    #expect(run.statistics.total.updated == 5)
    #expect(run.user == NSUserName())
    #expect(run.host == ProcessInfo.processInfo.hostName)
    #expect(run.failedNew == nil && run.failedKnown == nil)
    try fixture.dashboard.close()
    #expect(try runs(fixture).first?.state == .completed)
    let report = try undo(run.id, fixture)
    #expect(report.isSuccess && report.removed == 1 && report.restored == 2)
    #expect(try content(fixture.store) == before)
    #expect(try runs(fixture)[1].undoneBy == report.run)
    // There is nothing left of it to be shown.
    #expect(try fixture.store.read { try $0.changes(of: .patterns, id: "p") }.isEmpty)
  }

  @Test(arguments: Backend.allCases)
  func warningsOfWhatIsWrittenAreAnsweredAndKept(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    let created = fixture.send(
      "POST", "/joblogs", json: #"{"id": "k", "job_type": "polish", "parameters": {}}"#)
    #expect(created.status == 201)
    let changed = fixture.send("PATCH", "/joblogs/k", json: #"{"job_type": "sand"}"#)
    #expect(changed.status == 200)
    let quiet = fixture.send("PATCH", "/joblogs/k", json: #"{"job_type": "slice"}"#)
    #expect(quiet.status == 200)
    #expect(try quiet.json["issues"] == nil)
    // The warnings of a refused request are not recorded.
    #expect(
      fixture.send("PATCH", "/joblogs/k", json: #"{"job_type": "sand", "status": "odd"}"#).status
        == 422)
    func told(_ answer: ServerResponse) throws -> [String] {
      guard case .array(let issues) = try answer.json["issues"] else { return [] }
      return issues.map { issue in
        ["severity", "code", "pointer"].map { issue[$0]?.string ?? "" }.joined(separator: " ")
      }
    }
    #expect(
      try told(created) == [
        "warning field.unknown-value /job_type", "warning field.empty /parameters",
      ])
    #expect(try told(changed) == ["warning field.unknown-value /job_type"])
    let run = try #require(try runs(fixture).first)
    #expect(run.issueCounts == [.fieldUnknownValue: 2, .fieldEmpty: 1])
    let kept = try fixture.store.read { try $0.issues(ofRun: run.id) }
    try #expect(
      kept.map { "\($0.severity) \($0.code) \($0.pointer ?? "")" }
        == told(created) + told(changed))
    #expect(kept.allSatisfy { $0.kind == .joblogs && $0.id == "k" })
  }

  /// The warnings about an entity that gets its id from the server name it, too.
  @Test(arguments: Backend.allCases)
  func warningsNameTheEntityThatWasCreatedWithoutAnID(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    let created = fixture.send(
      "POST", "/joblogs", json: #"{"job_type": "polish", "parameters": {}}"#)
    let id = try #require(try created.json["joblog"]?["id"]?.string)
    guard case .array(let issues) = try created.json["issues"] else {
      Issue.record("no issues: \(created.text)")
      return
    }
    #expect(issues.count == 2 && issues.allSatisfy { $0["id"]?.string == id })
    let run = try #require(try runs(fixture).first)
    let kept = try fixture.store.read { try $0.issues(ofRun: run.id) }
    #expect(kept.count == 2 && kept.allSatisfy { $0.id == id })
    // A refused entity has no id that the client could use.
    let refused = fixture.send("POST", "/joblogs", json: #"{"job_type": "polish"}"#)
    #expect(refused.status == 422 && !refused.text.contains(/"id":"/))
  }

  @Test(arguments: Backend.allCases)
  func aRunThatWasUndoneOrClosedIsFollowedByAnother(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    for (number, name) in ["one", "two", "three"].enumerated() {
      let body = #"{"name": "\#(name)"}"#
      #expect(fixture.send("PATCH", "/patterns/p", json: body).status == 200)
      let newest = try #require(try runs(fixture).first)
      #expect(newest.command == "serve" && newest.statistics.total.updated == 1)
      if number == 0 { #expect(try undo(newest.id, fixture).isSuccess) }
      if number == 1 { try fixture.dashboard.close() }
    }
    let ledger = try runs(fixture)
    #expect(ledger.map(\.command) == ["serve", "serve", "undo", "serve", "migrate"])
    // The server is still there, so the run that was undone did not end with its process.
    #expect(ledger.map(\.state) == [.running, .completed, .completed, .completed, .completed])
    #expect(ledger.allSatisfy { $0.failure == nil })
  }

  /// Changes that others make between two requests are neither recorded as the run's nor undone
  /// with it.
  @Test(arguments: Backend.allCases)
  func changesOfOthersEndTheRun(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    func patch(_ name: String) -> Int {
      fixture.send("PATCH", "/patterns/p", json: "{\"name\": \"\(name)\"}").status
    }
    func pattern() throws -> Record? {
      try fixture.store.read { try $0.record(.patterns, id: "p") }
    }
    #expect(patch("one") == 200 && patch("two") == 200)
    try fixture.store.write { transaction in
      var edited = try #require(try transaction.record(.patterns, id: "p"))
      edited["ring_count"] = .integer(77)
      _ = try transaction.update(edited)
    }
    let outside = try pattern()
    // The edit of one row does not begin another run for other rows.
    #expect(fixture.send("PATCH", "/joblogs/j", json: #"{"status": "failed"}"#).status == 200)
    #expect(patch("three") == 200)
    let ledger = try runs(fixture)
    #expect(ledger.map(\.command) == ["serve", "serve", "migrate"])
    #expect(ledger.map(\.state) == [.running, .completed, .completed])
    #expect(ledger.map(\.statistics.total.updated) == [1, 3, 0])
    let change = try fixture.store.read { try $0.changes(of: .patterns, id: "p") }.first
    #expect(change?.run == ledger[0].id && change?.before?.record == outside)
    #expect(try undo(ledger[1].id, fixture).runsToUndoFirst == [ledger[0].id])
    #expect(try undo(ledger[0].id, fixture).isSuccess)
    #expect(try pattern() == outside)
    #expect(try undo(ledger[1].id, fixture).obstacles.map(\.reason) == [.isEdited])
  }

  @Test(arguments: Backend.allCases)
  func aRunEndsWithTheNextInTheLedger(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    let before = try content(fixture.store)
    func patch(_ id: String) -> Int {
      fixture.send("PATCH", "/patterns/\(id)", json: #"{"name": "N"}"#).status
    }
    #expect(patch("p") == 200)
    try fixture.migrate(
      StoreSamples.record(.patterns, "q"), startedAt: "2026-01-02T00:00:00Z")
    #expect(patch("q") == 200 && patch("p") == 200)
    let ledger = try runs(fixture)
    #expect(ledger.map(\.command) == ["serve", "migrate", "serve", "migrate"])
    for run in ledger.dropLast() { #expect(try undo(run.id, fixture).isSuccess, "\(run.command)") }
    #expect(try content(fixture.store) == before)
  }

  @Test(arguments: Backend.allCases)
  func laterChangesAreObstaclesToAnUndo(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    #expect(fixture.send("PATCH", "/patterns/p", json: #"{"name": "one"}"#).status == 200)
    #expect(fixture.send("PATCH", "/joblogs/j", json: #"{"status": "failed"}"#).status == 200)
    #expect(fixture.send("POST", "/strip-families", json: WritingTests.family).status == 201)
    let run = try #require(try runs(fixture).first?.id)
    try fixture.store.write { transaction in
      _ = try transaction.update(StoreSamples.record(.patterns, "p"))
      try transaction.insert(
        StoreSamples.record(.patterns, "q", ["strip_family_id": .text("f1")]))
      _ = try transaction.delete(.joblogs, id: "j")
    }
    let before = try content(fixture.store)
    let report = try undo(run, fixture)
    #expect(!report.isSuccess)
    #expect(
      Set(report.obstacles.map(\.reason)) == [
        .isEdited, .isDeleted, .isReferred(by: .patterns, id: "q"),
      ])
    #expect(try content(fixture.store) == before)
  }

  @Test(arguments: Backend.allCases)
  func aLaterRunHasToBeUndoneFirst(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    #expect(fixture.send("PATCH", "/patterns/p", json: #"{"name": "one"}"#).status == 200)
    try fixture.dashboard.close()
    #expect(fixture.send("PATCH", "/patterns/p", json: #"{"name": "two"}"#).status == 200)
    let migration = try undo(1, fixture)
    #expect(migration.obstacles.contains { $0.reason == .isUpdated(by: 3) })
    #expect(migration.runsToUndoFirst == [3, 2])
    #expect(try undo(2, fixture).obstacles.map(\.reason) == [.isUpdated(by: 3)])
    #expect(try undo(3, fixture).isSuccess)
    #expect(try undo(2, fixture).isSuccess)
    #expect(try undo(1, fixture).isSuccess)
    #expect(try content(fixture.store) == [[]: []])
  }

  @Test(arguments: Backend.allCases)
  func anEntityThatWasEditedBeforeItWasDeletedCountsAsEditedAgain(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    try fixture.store.write { transaction in
      _ = try transaction.update(
        StoreSamples.record(.joblogs, "j", ["pattern_id": .text("p"), "job_type": .text("x")]))
    }
    let before = try content(fixture.store)
    #expect(fixture.send("DELETE", "/joblogs/j").status == 200)
    #expect(try undo(2, fixture).isSuccess)
    #expect(try content(fixture.store) == before)
    #expect(try fixture.store.read { try $0.editState(.joblogs, id: "j") } == .edited(since: 1))
  }

  // MARK: Presentation

  @Test(arguments: Backend.allCases)
  func theOriginSaysWhatChangedSince(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    let fresh = try fixture.get("/patterns/p/origin").json
    #expect(fresh["origin"]?["run"]?.int64 == 1)
    #expect(fresh["origin"]?["path"]?.string == "patterns/a.json")
    #expect(fresh["origin"]?["changed_since_run"]?.bool == false)
    #expect(fresh["edited_since"]?.bool == false)
    #expect(fresh["changes"] == [])
    #expect(fixture.send("PATCH", "/patterns/p", json: #"{"name": "one <b>"}"#).status == 200)
    try fixture.dashboard.close()
    #expect(fixture.send("PATCH", "/patterns/p", json: #"{"ring_count": 9}"#).status == 200)
    let changed = try fixture.get("/patterns/p/origin").json
    #expect(changed["origin"]?["changed_since_run"]?.bool == true)
    #expect(changed["edited_since"]?.bool == false)
    #expect(changed["changes"]?[0]?["run"]?.int64 == 3)
    #expect(changed["changes"]?[1]?["run"]?.int64 == 2)
    #expect(changed["changes"]?[1]?["command"]?.string == "serve")
    let member = changed["changes"]?[1]?["members"]?[0]
    #expect(member?["member"]?.string == "name")
    #expect(member?["before"]?.string == "name of p")
    #expect(member?["after"]?.string == "one <b>")
    let page = fixture.dashboard.response(
      to: ServerRequest(method: "GET", target: "/patterns/p")
    ).text
    #expect(page.contains("changed since <a href=\"/runs/1\">run 1</a>"))
    #expect(page.contains("\(NSUserName()) on "))
    #expect(changed["changes"]?[0]?["user"]?.string == NSUserName())
    #expect(page.contains("one &lt;b&gt;") && page.contains("name of p"))
    let (newest, older) = (page.firstRange(of: ">Run 3<"), page.firstRange(of: ">Run 2<"))
    #expect(try #require(newest).lowerBound < #require(older).lowerBound)
    #expect(fixture.get("/patterns/nothing/origin").status == 404)
  }

  @Test(arguments: Backend.allCases)
  func createdEntitiesAreShownAsCreated(_ backend: Backend) throws {
    let fixture = try fixture(backend)
    #expect(fixture.send("POST", "/strip-families", json: WritingTests.family).status == 201)
    let json = try fixture.get("/strip-families/f1/origin").json
    #expect(json["origin"] == .null)
    #expect(json["changes"]?[0]?["created"]?.bool == true)
    let page = fixture.dashboard.response(
      to: ServerRequest(method: "GET", target: "/strip-families/f1")
    ).text
    #expect(page.contains("Created by <a href=\"/runs/2\">run 2</a>"))
  }
}
