import Foundation
import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

@Suite struct MigrationStatusTests {
  typealias Backend = DashboardFixture.Backend

  private func fill(_ fixture: DashboardFixture) throws {
    try fixture.migrate(
      sample(.stripFamilies, "f1", ["created_at": .text("2025-01-01")]),
      sample(.patterns, "p1", ["created_at": .text("2025-01-02")]),
      sample(.patterns, "p2", ["created_at": .text("2025-01-04")]),
      sample(.patterns, "p3", ["created_at": .text("2025-01-03")]),
      sample(.patterns, "p4", ["created_at": .text("2025-01-03")]),
      sample(.joblogs, "j1", ["created_at": .text("2025-01-05"), "pattern_id": .text("p1")]),
      startedAt: "2025-06-01T09:00:00Z")
  }

  @Test(arguments: Backend.allCases)
  func statusIsTheContractsJSON(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fill(fixture)
    let answer = fixture.get("/migration/status")
    #expect(answer.status == 200)
    let status = try fixture.dashboard.status()
    let size = status.database.sizeMB.map { "\($0)" } ?? "null"
    let applied = status.database.schemaAppliedAt.map { "\"\($0)\"" } ?? "null"
    #expect(
      answer.text == """
        {"success":true,"migration_status":{"last_migration":"2025-06-01T09:00:30Z",\
        "database_location":"\(fixture.store.location)","database_size_mb":\(size),\
        "schema_version":2,"schema_applied_at":\(applied)},\
        "entity_counts":{"patterns":4,"strip_families":1,"joblogs":1,"total":6},\
        "recent_entities":{"patterns":[\
        {"id":"p2","name":"name of p2","created_at":"2025-01-04"},\
        {"id":"p3","name":"name of p3","created_at":"2025-01-03"},\
        {"id":"p4","name":"name of p4","created_at":"2025-01-03"}],\
        "strip_families":[{"id":"f1","name":"name of f1","created_at":"2025-01-01"}],\
        "joblogs":[{"id":"j1","job_type":"slice","status":"pending","created_at":"2025-01-05"}]},\
        "validation":{"errors":[],"warnings":[],"status":"healthy","verdict":"sound",\
        "error_count":0,"warning_count":0,"complete":true,\
        "checked":["file","schema","rows","references","provenance","runs"],"not_checked":[],\
        "references_checked":\(status.validation.referencesChecked),"references_dangling":0},\
        "last_audit":null}

        """)
    #expect((status.database.sizeMB == nil) == (backend == .inMemory))
    #expect((status.database.schemaAppliedAt == nil) == (backend == .inMemory))
  }

  /// The script reads only members that the status has.
  @Test func theScriptReadsWhatTheWriterWrites() throws {
    var status = PageSamples.status()
    status.currentRun = PageSamples.run(7, found: 3, failed: 1)
    let report = try Auditor(of: InMemoryStore()).runSynchronously()
    let outcome = AuditOutcome(
      of: report, startedAt: DashboardFixture.now, finishedAt: DashboardFixture.now)
    status.lastAudit = LastAudit(outcome: outcome, hasChanged: nil)
    var writer = JSONWriter()
    writer.status(status)
    let json = try JSONValue(parsing: writer.text)
    let script = PageAssets.script
    let paths = script.matches(of: /\bstatus((?:\.[a-z_]+)+)/).map {
      $0.output.1.split(separator: ".").map(String.init)
    }
    #expect(paths.contains(["entity_counts", "total"]))
    for path in paths {
      var value: JSONValue? = json
      for name in path { value = value?[name] }
      #expect(value != nil, "status.\(path.joined(separator: "."))")
    }
    let members = Set(script.matches(of: /\bcurrent\.([a-z_]+)/).map { String($0.output.1) })
    #expect(members.isSuperset(of: ["id", "found", "failed"]))
    for name in members { #expect(json["current_run"]?[name] != nil, "current_run.\(name)") }
  }

  @Test func aDatabaseWithoutALedgerHasNoLastMigrationButAHistory() throws {
    let store = try SQLiteStore(
      path: Fixtures.database(version: 3), access: .readOnly)
    let status = try StatusCache(store, audit: { _ in .off }, uptime: { 0 }).status().value.status
    #expect(status.database.lastMigration == nil)
    #expect(status.currentRun == nil)
    #expect(status.entityCounts.total > 0)
    let history = try MigrationHistory.read(from: store, limit: nil)
    let dated = history.days.reduce(0) { $0 + $1.entities.total }
    #expect(dated + history.undatedEntities == status.entityCounts.total)
    #expect(!history.days.isEmpty)
  }

  @Test func onlyAMigrationThatEndedIsTheLast() throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.migrate(startedAt: "2025-06-01T09:00:00Z")
    try fixture.store.write { transaction in
      var undo = StoreSamples.run("undo")
      undo.id = try transaction.beginRun(undo)
      undo.state = .completed
      undo.finishedAt = "2025-07-01T00:00:00Z"
      try transaction.updateRun(undo)
    }
    #expect(try fixture.dashboard.status().database.lastMigration == "2025-06-01T09:00:30Z")
  }

  @Test(arguments: [LedgerRun.State.failed, .interrupted])
  func aRunThatDidNotComeToItsEndIsNotTheLastMigration(_ state: LedgerRun.State) throws {
    let fixture = try DashboardFixture(.inMemory)
    func end() throws {
      try fixture.store.write { transaction in
        var run = StoreSamples.run()
        run.id = try transaction.beginRun(run)
        run.state = state
        run.finishedAt = "2025-07-01T00:00:00Z"
        try transaction.updateRun(run)
      }
    }
    try end()
    #expect(try fixture.dashboard.status().database.lastMigration == nil)
    try fixture.migrate(startedAt: "2025-06-01T09:00:00Z")
    try end()
    #expect(try fixture.dashboard.status().database.lastMigration == "2025-06-01T09:00:30Z")
  }

  @Test func theRunInProgressIsReported() throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.store.write { transaction in
      var run = StoreSamples.run()
      run.id = try transaction.beginRun(run)
      run.statistics[.patterns].migrated = 5
      run.statistics[.patterns].failed = 2
      run.heartbeatAt = "2025-06-01T00:00:09Z"
      run.seconds = 9.25
      try transaction.updateRun(run)
    }
    let run = try #require(try fixture.get("/migration/status").json["current_run"])
    #expect(
      run.text == """
        {"id":1,"started_at":"2025-06-01T00:00:00Z","heartbeat_at":"2025-06-01T00:00:09Z",\
        "source":"legacy","found":7,"failed":2,"seconds":9.25}
        """)
    #expect(try fixture.dashboard.status().database.lastMigration == nil)
  }

  @Test func aCheckThatFailsIsAWarning() throws {
    struct Broken: Error {}
    let health = HealthCheck { _ in throw Broken() }
    let fixture = try DashboardFixture(.sqlite, health: health)
    let answer = fixture.get("/migration/status")
    #expect(answer.status == 200)
    let validation = try #require(try answer.json["validation"])
    #expect(validation["status"]?.string == "not_checked")
    #expect(validation["complete"] == .bool(false))
    #expect(validation["warnings"]?[0]?.string?.contains("Broken") == true)
    let page = fixture.dashboard.response(to: ServerRequest(method: "GET", target: "/")).text
    #expect(page.contains("class=\"verdict warnings\""))
    #expect(page.contains("Not fully checked"))
  }

  @Test func aMissingTableIsAnErrorInTheStatusNotOfIt() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fill(fixture)
    try sqlite3(fixture.directory.file("rmos.db"), "DROP TABLE joblogs")
    let store = try SQLiteStore(path: fixture.directory.file("rmos.db"), access: .inspect)
    let answer = Dashboard(store: store).response(
      to: ServerRequest(method: "GET", target: "/api/rmos/stores/migration/status"))
    #expect(answer.status == 200)
    let json = try answer.json
    #expect(json["entity_counts"]?["patterns"]?.int64 == 4)
    #expect(json["entity_counts"]?["joblogs"]?.int64 == 0)
    #expect(json["validation"]?["status"]?.string == "errors_detected")
    #expect(json["validation"]?["errors"]?.text.contains("joblogs") == true)
  }

  @Test func aReferenceThatLeadsNowhereIsAnError() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fixture.insert(sample(.patterns, "p1", ["strip_family_id": .text("gone")]))
    let validation = try #require(try fixture.get("/migration/status").json["validation"])
    #expect(validation["status"]?.string == "errors_detected")
    #expect(validation["errors"]?[0]?.string?.contains("gone") == true)
  }
}
