import Foundation
import RMOSAudit
import RMOSDashboard
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// What a program gets that adds a kind of its own by one schema and one struct.
@Suite struct FourthKindTests {
  enum Backend: CaseIterable, Sendable { case inMemory, sqlite }

  private let catalog = EntityCatalog.rmos.adding(Blade.kind)
  private let directory: TemporaryDirectory
  private let tree: SourceTree

  init() throws {
    directory = try TemporaryDirectory()
    tree = try SourceTree([
      "strip_families/f.json": """
      {"id":"ebony","name":"Ebony","strip_width_mm":2.0,"strip_thickness_mm":0.8,
      "material_type":"Ebony","strips":[1]}
      """,
      "patterns/p.json": """
      {"id":"rope","name":"Rope","ring_count":3,"geometry":{"rings":[1]},
      "strip_family_id":"ebony"}
      """,
      "joblogs/j.json": #"{"id":"job","job_type":"slice","parameters":{"a":1}}"#,
      "saw_blades/fine.json": """
      {"id":"fine","name":"Fine 0.4","teeth":80,"kerf_mm":0.40,"cut_pattern_id":"rope",
      "strip_family_id":"ebony","settings":{"rpm": 1.50e3},"created_at":"2025-01-02",
      "ground_at":"2025-01-02T03:04:05Z","maker":"Kern","shelf":[1,2.0]}
      """,
      "saw_blades/all.jsonl": """
      {"id":"rough","name":"Rough","teeth":24,"kerf_mm":1,"state":"dull","settings":{},\
      "created_at":"2025-01-03","maker":"Kern"}
      {"id":"bad","name":" ","teeth":0,"kerf_mm":1,"settings":[],"cut_pattern_id":"gone"}
      """,
    ])
  }

  private func store(_ backend: Backend, _ name: String = "x") throws -> any RecordStore {
    switch backend {
    case .inMemory: InMemoryStore(catalog: catalog)
    case .sqlite: try SQLiteStore(path: directory.file("\(name).db"), catalog: catalog)
    }
  }

  private func migrated(_ backend: Backend, _ name: String = "x") throws -> any RecordStore {
    let store = try store(backend, name)
    _ = try RecordedMigration(tree, into: store)
    return store
  }

  // MARK: Migration

  @Test(arguments: Backend.allCases)
  func itMigrates(_ backend: Backend) throws {
    let store = try store(backend)
    var options = Migration.Options()
    options.isDryRun = true
    let dry = try RecordedMigration(tree, into: store, options)
    let real = try RecordedMigration(tree, into: store)
    #expect(dry.outcomes == real.outcomes && dry.issues == real.issues)
    #expect(dry.summary.statistics == real.summary.statistics)
    // Last, since it refers to others.
    #expect(real.outcomes.map(\.id) == ["ebony", "rope", "job", "rough", "bad", "fine"])
    #expect(real.outcomes.map(\.outcome.rawValue).filter { $0 == "failed" }.count == 1)
    let codes = real.issues.filter { $0.id == "bad" && $0.severity == .error }.map(\.code.rawValue)
    #expect(
      codes.sorted() == ["field.empty", "field.range", "field.type", "reference.missing"])
    #expect(real.issues.allSatisfy { $0.id != "bad" || $0.kind == Blade.kind })
    let counts = real.summary.statistics[Blade.kind]
    #expect(counts.migrated == 2 && counts.failed == 1 && counts.found == 3)

    let again = try RecordedMigration(tree, into: store)
    #expect(again.summary.statistics[Blade.kind].skipped == 2)
    #expect(again.summary.statistics.total.migrated == 0)
  }

  @Test(arguments: Backend.allCases)
  func itComesBackTyped(_ backend: Backend) throws {
    let store = try migrated(backend)
    let blades = try store.read { try $0.entities(Blade.self) }
    #expect(blades.map(\.id) == ["fine", "rough"])
    #expect(blades[0].settings.text == #"{"rpm":1.50e3}"# && blades[0].state == "sharp")
    #expect(blades[0].patternID == "rope" && blades[1].patternID == nil)
    #expect(
      try JSONDecoder().decode(Blade.self, from: JSONEncoder().encode(blades[1])) == blades[1])
    #expect(try blades.allSatisfy { try Blade(record: $0.record) == $0 })
    var blade = blades[0]
    blade.state = "dull"
    blade.patternID = "gone"
    let change = blade
    let rejection = #expect(throws: EntityRejected.self) {
      try store.write { _ = try $0.update(change) }
    }
    #expect(rejection?.issues.map(\.code) == [.referenceMissing])
    // The database guards the reference too.
    let refusal = #expect(throws: StoreError.self) {
      try store.write { _ = try $0.delete(.patterns, id: "rope") }
    }
    #expect(refusal?.code == .constraint && refusal?.message.contains("saw blades") == true)
  }

  @Test(arguments: Backend.allCases)
  func theLedgerAndTheReportsKnowIt(_ backend: Backend) throws {
    let store = try migrated(backend)
    let (run, issues) = try store.read { (try $0.run(1), try $0.issues(ofRun: 1, limit: nil)) }
    #expect(run?.statistics[Blade.kind].migrated == 2 && run?.statistics[Blade.kind].failed == 1)
    #expect(run?.timings.kindSeconds[Blade.kind] != nil)
    #expect(issues.contains { $0.kind == Blade.kind && $0.code == .referenceMissing })
    let report = try MigrationReport(ofRun: 1, in: store)
    for text in [report.text, report.html, report.json] {
      #expect(text.contains("saw blades") || text.contains("saw_blades"))
    }
    var file = report.statistics.json
    #expect(
      try MigrationReport(statisticsJSON: file, catalog: catalog).statistics == report.statistics)
    file = MigrationStatistics().json
    #expect(throws: MigrationError.self) {
      _ = try MigrationReport(statisticsJSON: file, catalog: catalog)
    }
    #expect(try StoreStatus(of: store).counts[Blade.kind] == 2)
    let coded = try JSONEncoder().encode(issues)
    #expect(throws: DecodingError.self) {
      _ = try JSONDecoder().decode([RMOSModels.Issue].self, from: coded)
    }
    let decoder = JSONDecoder()
    decoder.userInfo[.entityCatalog] = catalog
    #expect(
      try decoder.decode([RMOSModels.Issue].self, from: coded).map(\.kind) == issues.map(\.kind))
  }

  @Test(arguments: Backend.allCases)
  func itIsRewrittenAndUndone(_ backend: Backend) throws {
    let store = try migrated(backend)
    let before = try StoreContent(of: store)
    let changed = try SourceTree([
      "saw_blades/fine.json": """
      {"id":"fine","name":"Finer","teeth":90,"kerf_mm":0.3,"settings":{"rpm":2},
      "created_at":"2025-01-02"}
      """
    ])
    var options = Migration.Options()
    options.onDuplicate = .update
    let run = try RecordedMigration(changed, into: store, options)
    #expect(run.summary.statistics[Blade.kind].updated == 1)
    #expect(try store.read { try $0.entity(Blade.self, id: "fine") }?.teeth == 90)

    let undone = try Undo(of: 2, in: store).runSynchronously()
    #expect(undone.isSuccess && undone.counts.restored[Blade.kind] == 1)
    #expect(undone.json.contains("\"saw_blades\": 1"))
    #expect(try StoreContent(of: store) == before)
    let all = try Undo(of: 1, in: store).runSynchronously()
    #expect(all.isSuccess && all.counts.removed[Blade.kind] == 2 && all.removed == 5)
    #expect(try StoreContent(of: store).records.isEmpty)
  }

  /// A program that does not know the kind cannot undo a run completely, so it does not undo it.
  @Test(arguments: [true, false])
  func aProgramWithoutTheKindDoesNotUndoItsRuns(_ isDryRun: Bool) throws {
    let before = try StoreContent(of: migrated(.sqlite))
    let error = #expect(throws: MigrationError.self) {
      var options = Undo.Options()
      options.isDryRun = isDryRun
      _ = try Undo(of: 1, in: SQLiteStore(path: directory.file("x.db")), options: options)
        .runSynchronously()
    }
    #expect(error?.code == .unknownKind && error?.message.contains("\"saw_blades\"") == true)
    #expect(try StoreContent(of: store(.sqlite)) == before)
  }

  @Test(arguments: Backend.allCases)
  func itIsExportedAndCompared(_ backend: Backend) throws {
    let store = try migrated(backend)
    let (first, second) = (directory.file("first"), directory.file("second"))
    let summary = try Export(of: store, to: first).runSynchronously()
    #expect(summary.counts[Blade.kind] == 2 && summary.issues.isEmpty)
    let file = try String(contentsOfFile: first + "/saw_blades/fine.json", encoding: .utf8)
    #expect(file.contains("1.50e3") && file.contains("\"shelf\""))

    #expect(try Diff(of: first, against: store).runSynchronously().isEmpty)
    let fresh = try self.store(backend, "fresh")
    _ = try RecordedMigration(first, into: fresh)
    #expect(try StoreContent(of: fresh).records == StoreContent(of: store).records)
    _ = try Export(of: fresh, to: second).runSynchronously()
    let again = try String(contentsOfFile: second + "/saw_blades/fine.json", encoding: .utf8)
    #expect(again == file)

    try store.write { _ = try $0.delete(Blade.kind, id: "rough") }
    let report = try Diff(of: first, against: store).runSynchronously()
    #expect(report[Blade.kind].onlyInSource == 1 && report[Blade.kind].equal == 1)
    #expect(report.entries.map(\.kind) == [Blade.kind])
  }

  // MARK: Audit

  private func audit(_ store: any RecordStore) throws -> AuditReport {
    try Auditor(of: store).runSynchronously()
  }

  @Test(arguments: Backend.allCases)
  func itIsAudited(_ backend: Backend) throws {
    let store = try migrated(backend)
    let sound = try audit(store)
    #expect(sound.errorCount == 0 && sound.counts[Blade.kind] == 2)
    #expect(sound.json.contains("\"saw_blades\": 2"))
    try store.write { transaction in
      var record = try #require(try transaction.record(Blade.kind, id: "rough"))
      record.values[2] = .integer(0)
      record.values[5] = .text("nothing")
      _ = try transaction.update(record)
    }
    let report = try audit(store)
    let found = report.findings.filter { $0.severity == .error }
    let failed = report.results.filter { $0.state == .failed }.map(\.rule)
    #expect(Set(failed) == [.fieldRange, .missingReference])
    #expect(found.allSatisfy { $0.kind == Blade.kind && $0.id == "rough" })
    #expect(Set(found.compactMap(\.column)) == ["teeth", "run_id"])
    #expect(report.repairPlan.contains("saw_blades"))
  }

  // MARK: HTTP and pages

  private func get(_ target: String, _ dashboard: Dashboard) -> (status: Int, text: String) {
    let answer = dashboard.response(to: ServerRequest(method: "GET", target: target))
    return (answer.status, String(decoding: answer.body, as: UTF8.self))
  }

  @Test(arguments: Backend.allCases)
  func itIsAnsweredOverHTTP(_ backend: Backend) throws {
    var options = Dashboard.Options()
    options.allowsWrites = true
    let dashboard = Dashboard(store: try migrated(backend), options: options)
    func json(_ path: String) throws -> JSONValue {
      let (status, text) = get("/api/rmos/stores" + path, dashboard)
      #expect(status == 200, "\(path): \(text)")
      return try JSONValue(parsing: text)
    }
    func ids(_ path: String) throws -> [String] {
      guard case .array(let items)? = try json(path)["saw_blades"] else { return ["no list"] }
      return items.compactMap { $0["id"]?.string }
    }
    #expect(try ids("/saw-blades") == ["rough", "fine"])
    #expect(try ids("/saw-blades?order=id") == ["fine", "rough"])
    #expect(try ids("/saw-blades/search/name/FINE") == ["fine"])
    #expect(try ids("/saw-blades/search/maker/ker") == ["rough", "fine"])
    #expect(try ids("/saw-blades/filter/state/dull") == ["rough"])
    #expect(try ids("/saw-blades/filter/teeth/80") == ["fine"])
    #expect(get("/api/rmos/stores/saw-blades/filter/pattern/rope", dashboard).status == 404)
    let blade = try json("/saw-blades/fine")["saw_blade"]
    #expect(blade?["settings"]?["rpm"]?.text == "1.50e3")
    #expect(
      try json("/saw-blades/statistics")["statistics"]?.text == """
        {"total_count":2,"state_counts":{"dull":1,"sharp":1},"makers":1,"max_teeth":80,\
        "avg_kerf_mm":0.7,"sharp_rate":50.0}
        """)
    let status = try json("/migration/status")
    #expect(status["entity_counts"]?["saw_blades"]?.int64 == 2)
    #expect(status["entity_counts"]?["total"]?.int64 == 5)
    #expect(status["recent_entities"]?["saw_blades"]?.text.contains(#""state":"dull""#) == true)

    let created = dashboard.response(
      to: ServerRequest(
        method: "POST", target: "/api/rmos/stores/saw-blades",
        fields: [HeaderField("Content-Type", "application/json")],
        body: Array(#"{"id":"new","name":"New","teeth":1,"kerf_mm":1,"settings":{}}"#.utf8)))
    #expect(created.status == 201)
    #expect(try ids("/saw-blades?order=id") == ["fine", "new", "rough"])
    let history = try json("/migration/history")["history"]?.text ?? ""
    #expect(history.contains("saw_blades"))
  }

  @Test(arguments: Backend.allCases)
  func itHasPages(_ backend: Backend) throws {
    let dashboard = Dashboard(store: try migrated(backend))
    let overview = get("/", dashboard).text
    #expect(overview.contains(#"<a href="/saw-blades">Saw blades</a>"#))
    #expect(overview.contains(#"data-count="saw_blades">2<"#))
    #expect(overview.contains(#"<a href="/saw-blades/fine">"#) && overview.contains("Fine 0.4"))
    let list = get("/saw-blades?state=dull", dashboard)
    #expect(list.status == 200)
    #expect(list.text.contains(#"<a href="/saw-blades/rough">"#) && list.text.contains("Rough"))
    #expect(!list.text.contains("Fine 0.4"))
    #expect(list.text.contains(#"<option value="dull" selected>"#))
    #expect(list.text.contains(#"name="teeth" type="number" min="1""#))
    for heading in ["Blade", "Teeth", "State", "Pattern", "Ground"] {
      #expect(list.text.contains("\">\(heading)</a></th>") || heading == "Teeth")
    }
    #expect(get("/saw-blades?pattern=rope", dashboard).text.contains("Fine 0.4"))
    let page = get("/saw-blades/fine", dashboard).text
    #expect(page.contains(#"<a href="/patterns/rope">"#) && page.contains("Rope"))
    let pattern = get("/patterns/rope", dashboard).text
    #expect(pattern.contains(#"<a href="/saw-blades/fine">"#) && pattern.contains("Fine 0.4"))
    #expect(pattern.contains(#"<a href="/saw-blades?pattern=rope">1 saw blade</a>"#))
    #expect(get("/saw-blades/none", dashboard).status == 404)
  }

  // MARK: Databases of others

  @Test func aDatabaseOfTheThreeKindsIsCompleted() throws {
    let path = directory.file("old.db")
    _ = try RecordedMigration(tree, into: SQLiteStore(path: path))
    let three = try SQLiteStore(path: path, access: .readWrite)
    #expect(throws: StoreError.self) { try three.read { try $0.count(RecordQuery(Blade.kind)) } }
    three.close()
    let store = try SQLiteStore(path: path, catalog: catalog, access: .readWrite)
    #expect(try store.read { try $0.count(RecordQuery(Blade.kind)) } == 0)
    let run = try RecordedMigration(tree, into: store)
    #expect(run.summary.statistics[Blade.kind].migrated == 2)
    #expect(run.summary.statistics.total.skipped == 3)
    var options = Migration.Options()
    options.onDuplicate = .update
    options.overwritesEdits = true
    // More fields than any kind had when the ledger was created.
    let changed = try SourceTree([
      "saw_blades/x.json":
        #"{"id":"rough","name":"Rough","teeth":25,"kerf_mm":1,"settings":{},"metadata":{"a":1}}"#
    ])
    let update = try RecordedMigration(changed, into: store, options)
    #expect(update.summary.statistics[Blade.kind].updated == 1)
    #expect(try Undo(of: 3, in: store).runSynchronously().isSuccess)
    #expect(try store.read { try $0.entity(Blade.self, id: "rough") }?.teeth == 24)
    // A program that does not know the kind goes on as before.
    let old = try SQLiteStore(path: path, access: .readWrite)
    #expect(try RecordedMigration(tree, into: old).summary.statistics.total.skipped == 3)
  }

  @Test(arguments: Backend.allCases)
  func aStoreRefusesAKindItDoesNotHold(_ backend: Backend) throws {
    let store: any RecordStore =
      backend == .inMemory ? InMemoryStore() : try SQLiteStore(path: directory.file("y.db"))
    let blade = try #require(
      try migrated(.inMemory).read { try $0.entity(Blade.self, id: "rough") })
    func code(_ body: () throws -> Void) -> StoreError.Code? {
      #expect(throws: StoreError.self) { try body() }?.code
    }
    #expect(code { _ = try store.read { try $0.entity(Blade.self, id: "x") } } == .unknownKind)
    #expect(code { _ = try store.read { try $0.entities(Blade.self) } } == .unknownKind)
    #expect(code { try store.write { try $0.insert(blade.record) } } == .unknownKind)
    #expect(code { try store.write { _ = try $0.update(blade.record) } } == .unknownKind)
    #expect(code { try store.write { _ = try $0.delete(Blade.kind, id: "x") } } == .unknownKind)
  }

  // MARK: The catalog

  @Test func aCatalogFindsItsKinds() {
    #expect(
      catalog.kinds.map(\.rawValue) == ["strip_families", "patterns", "joblogs", "saw_blades"])
    #expect(catalog.kind(named: "saw_blades") == Blade.kind)
    #expect(EntityCatalog.rmos.kind(named: "saw_blades") == nil)
  }

  @Test func aCatalogRefusesAKindBeforeWhatItRefersTo() async {
    await #expect(processExitsWith: .failure) {
      _ = EntityCatalog([Blade.kind, .stripFamilies, .patterns])
    }
    await #expect(processExitsWith: .failure) { _ = EntityCatalog.rmos.adding(.patterns) }
  }
}
