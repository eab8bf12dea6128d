import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// `PUT` and `PATCH` change the given members only; `POST` needs no id.
@Suite struct ChangingTests {
  typealias Backend = DashboardFixture.Backend

  private static var uuid: Regex<Substring> {
    /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
  }

  private func full(_ backend: Backend) throws -> DashboardFixture {
    let fixture = try DashboardFixture(backend, allowsWrites: true)
    try fixture.insert(
      sample(.stripFamilies, "f1"), sample(.patterns, "p1", ["strip_family_id": .text("f1")]),
      sample(.joblogs, "j1", ["pattern_id": .text("p1"), "strip_family_id": .text("f1")]))
    return fixture
  }

  @Test(arguments: Backend.allCases)
  func anEntityWithoutAnIDGetsAUUID(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend, allowsWrites: true)
    let body = #"{"name":"N","ring_count":1,"geometry":{"a":1}}"#
    var ids: Set<String> = []
    for body in [body, body, #"{"id":null,"# + body.dropFirst()] {
      let answer = fixture.send("POST", "/patterns", json: body)
      #expect(answer.status == 201, "\(answer.text)")
      let id = try #require(try answer.json["pattern"]?["id"]?.string)
      #expect(id.wholeMatch(of: Self.uuid) != nil, "\(id)")
      #expect(answer.field("Location") == "/api/rmos/stores/patterns/\(id)")
      #expect(fixture.get("/patterns/\(id)").text == answer.text)
      ids.insert(id)
    }
    #expect(ids.count == 3)
    // The issues of an entity without an id do not name a generated one.
    let refused = fixture.send("POST", "/patterns", json: #"{"name":"N"}"#)
    #expect(refused.status == 422)
    #expect(!refused.text.contains(Self.uuid))
    #expect(fixture.send("POST", "/patterns", json: #"{"id":"","name":"N"}"#).text.contains("/id"))
  }

  @Test func aUUIDIsOfVersionFour() {
    #expect(UUID(random: 0, 0).text == "00000000-0000-4000-8000-000000000000")
    #expect(UUID(random: .max, .max).text == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    for _ in 0..<100 { #expect(UUID().text.wholeMatch(of: Self.uuid) != nil) }
  }

  /// Changing one member changes no other except `updated_at`.
  @Test(arguments: Backend.allCases, ["PUT", "PATCH"])
  func onlyWhatIsGivenChanges(_ backend: Backend, _ method: String) throws {
    let values = [
      "name": #""New""#, "ring_count": "9", "geometry": #"{"n":1.50}"#, "strip_family_id": "null",
      "created_at": #""2020-02-02""#, "updated_at": #""2020-02-03""#, "metadata": #"{"m":[1]}"#,
      "pattern_type": #""rope""#, "rosette_geometry": "null", "strip_width_mm": "7.25",
      "strip_thickness_mm": "1.5", "material_type": #""Koa""#, "strips": #"[{"id":"n"}]"#,
      "job_type": #""batch""#, "pattern_id": "null", "status": #""running""#,
      "start_time": #""2020-01-01""#, "end_time": #""2025-02-02T10:00:00Z""#,
      "duration_seconds": "12.5", "parameters": #"{"p":2}"#, "results": #"{"r":3}"#,
    ]
    for (kind, id) in [(EntityKind.stripFamilies, "f1"), (.patterns, "p1"), (.joblogs, "j1")] {
      for field in kind.schema.fields.dropFirst() {
        let fixture = try full(backend)
        let path = "/\(kind.pathName)/\(id)"
        let value = try #require(values[field.member], "\(field.member)")
        let old = try #require(try fixture.get(path).json[kind.schema.memberName])
        let answer = fixture.send(method, path, json: "{\"\(field.member)\":\(value)}")
        #expect(answer.status == 200, "\(field.member): \(answer.text)")
        let new = try #require(try answer.json[kind.schema.memberName])
        #expect(fixture.get(path).text == answer.text)
        for other in kind.schema.fields.map(\.member) {
          let expected: String? =
            other == field.member
            ? value : other == "updated_at" ? "\"\(DashboardFixture.now)\"" : old[other]?.text
          #expect(
            try new[other]?.text == JSONValue(parsing: expected ?? "").text,
            "\(other) after \(field.member)")
        }
      }
    }
  }

  @Test(arguments: Backend.allCases)
  func nullClearsWhatIsOptional(_ backend: Backend) throws {
    for (kind, id) in [(EntityKind.stripFamilies, "f1"), (.patterns, "p1"), (.joblogs, "j1")] {
      for field in kind.schema.fields.dropFirst() {
        let fixture = try full(backend)
        let path = "/\(kind.pathName)/\(id)"
        let old = try fixture.get(path).json[kind.schema.memberName]
        let answer = fixture.send("PATCH", path, json: "{\"\(field.member)\":null}")
        let new = try answer.json[kind.schema.memberName]?[field.member]
        // A pattern keeps its rosette_geometry, which stands in for geometry.
        guard !field.isRequired || field.member == "geometry" else {
          #expect(answer.status == 422, "\(field.member)")
          #expect(answer.text.contains("field.missing"))
          continue
        }
        #expect(answer.status == 200, "\(field.member): \(answer.text)")
        switch (field.member, field.defaultValue) {
        case ("geometry", _): #expect(new?.text == "{}")
        case ("created_at", _): #expect(new == old?["created_at"])
        case ("updated_at", _): #expect(new?.string == DashboardFixture.now)
        case (_, .text(let standIn)): #expect(new?.string == standIn)
        default: #expect(new == .null, "\(field.member)")
        }
      }
    }
  }

  @Test(arguments: ["PUT", "PATCH"])
  func whatResultsMustBeRight(_ method: String) throws {
    let fixture = try DashboardFixture(.sqlite, allowsWrites: true)
    try fixture.insert(
      sample(.patterns, "p1", ["strip_family_id": .null, "rosette_geometry": .null]),
      sample(
        .joblogs, "j1",
        [
          "pattern_id": .null, "strip_family_id": .null, "status": .text("running"),
          "end_time": .null,
        ]))
    for (path, body, code, pointer) in [
      ("/joblogs/j1", #"{"status":"completed"}"#, "field.missing", "/end_time"),
      ("/joblogs/j1", #"{"status":"done"}"#, "field.unknown-value", "/status"),
      ("/joblogs/j1", #"{"duration_seconds":-1}"#, "field.range", "/duration_seconds"),
      ("/joblogs/j1", #"{"pattern_id":"none"}"#, "reference.missing", "/pattern_id"),
      ("/joblogs/j1", #"{"status":"running","status":"failed"}"#, "json.duplicate-key", "/status"),
      ("/patterns/p1", #"{"geometry":{}}"#, "field.empty", "/geometry"),
      ("/patterns/p1", #"{"geometry":null}"#, "field.missing", "/geometry"),
      ("/patterns/p1", #"{"geometry":[1]}"#, "field.type", "/geometry"),
      ("/patterns/p1", #"{"name":" "}"#, "field.empty", "/name"),
      ("/patterns/p1", #"{"id":"p2"}"#, "id.mismatch", "/id"),
      ("/patterns/p1", #"{"id":" "}"#, "field.empty", "/id"),
      ("/patterns/p1", #"{"colour":1}"#, "field.unknown", "/colour"),
    ] {
      let before = fixture.get(path).text
      let answer = fixture.send(method, path, json: body)
      #expect(answer.status == 422, "\(body)")
      guard case .array(let issues)? = try answer.json["issues"] else { continue }
      let errors = issues.filter { $0["severity"]?.string == "error" }
      #expect(errors.count == 1, "\(body): \(answer.text)")
      #expect(errors.first?["code"]?.string == code)
      #expect(errors.first?["pointer"]?.string == pointer)
      #expect(fixture.get(path).text == before)
    }
    let completed = #"{"status":"completed","end_time":"2025-01-01","id":"j1"}"#
    #expect(fixture.send(method, "/joblogs/j1", json: completed).status == 200)
    #expect(fixture.send(method, "/joblogs/none", json: completed).status == 404)
  }

  /// In databases of older applications, job logs may refer to missing patterns; their other
  /// members can still be changed.
  @Test(arguments: Backend.allCases)
  func existingFaultsDoNotPreventAChange(_ backend: Backend) throws {
    let fixture: DashboardFixture
    if backend == .sqlite {
      fixture = try DashboardFixture(.sqlite, allowsWrites: true)
      try fixture.insert(sample(.joblogs, "j1", ["pattern_id": .null, "strip_family_id": .null]))
      _ = try sqlite3(
        fixture.store.location,
        "UPDATE joblogs SET pattern_id = 'gone', status = 'odd', parameters_json = '[' WHERE 1")
    } else {
      fixture = try DashboardFixture(.inMemory, allowsWrites: true)
      try fixture.insert(
        sample(
          .joblogs, "j1",
          ["pattern_id": .null, "strip_family_id": .null, "parameters": .text("[")]))
    }
    #expect(fixture.send("PATCH", "/joblogs/j1", json: #"{"results":{"a":1}}"#).status == 200)
    #expect(fixture.send("PATCH", "/joblogs/j1", json: #"{"parameters":[]}"#).status == 422)
    if backend == .sqlite {
      #expect(fixture.get("/joblogs/j1").text.contains(#""pattern_id":"gone""#))
      #expect(fixture.send("PATCH", "/joblogs/j1", json: #"{"status":"odd"}"#).status == 422)
    }
    let mended = #"{"pattern_id":null,"status":"failed","parameters":{"a":1}}"#
    #expect(fixture.send("PATCH", "/joblogs/j1", json: mended).status == 200)
  }

  /// Nor do faults in members that a rule relates to the changed ones.
  @Test func existingFaultsInRelatedMembersDoNotPreventAChange() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let none: [String: Value] = ["pattern_id": .null, "strip_family_id": .null]
    try fixture.insert(
      sample(.joblogs, "j", none.merging(["duration_seconds": .real(-4)]) { $1 }))
    #expect(fixture.send("PATCH", "/joblogs/j", json: #"{"status":"failed"}"#).status == 200)
    #expect(fixture.send("PATCH", "/joblogs/j", json: #"{"duration_seconds":-4}"#).status == 422)
    try fixture.insert(sample(.patterns, "p", ["geometry": .text("[]"), "strip_family_id": .null]))
    #expect(
      fixture.send("PATCH", "/patterns/p", json: #"{"rosette_geometry":{"a":1}}"#).status == 200)
    #expect(fixture.send("PATCH", "/patterns/p", json: #"{"geometry":[]}"#).status == 422)
  }

  @Test func repeatedConditionFieldsAreOneList() throws {
    let fixture = try full(.inMemory)
    let tag = try #require(fixture.get("/patterns/p1").field("ETag"))
    func send(_ method: String, _ values: [(String, String)], _ body: String = "") -> Int {
      fixture.dashboard.response(
        to: ServerRequest(
          method: method, target: "/api/rmos/stores/patterns/p1",
          fields: [HeaderField("Content-Type", "application/json")]
            + values.map { HeaderField($0.0, $0.1) },
          body: Array(body.utf8))
      ).status
    }
    for name in ["If-None-Match", "if-none-match"] {
      #expect(send("GET", [(name, "\"a\""), (name, tag)]) == 304)
      #expect(send("HEAD", [(name, "\"a\""), (name, "W/" + tag)]) == 304)
      #expect(send("GET", [(name, "\"a\""), (name, "\"b\", \"c\"")]) == 200)
      #expect(send("GET", [(name, "*")]) == 304)
    }
    let body = #"{"updated_at":"2020-01-01"}"#
    #expect(send("PATCH", [("If-Match", "\"a\""), ("If-Match", "\"b\"")], body) == 412)
    #expect(send("PATCH", [("If-Match", "\"a\""), ("If-Match", "W/" + tag)], body) == 412)
    #expect(send("PATCH", [("If-None-Match", "\"a\""), ("If-None-Match", tag)], body) == 412)
    #expect(send("PATCH", [("If-Match", "\"a\""), ("if-match", tag)], body) == 200)
    #expect(send("PUT", [("If-Match", "*")], body) == 200)
    // Conditions are checked before the content (RFC 9110, 13.2.1), which is about another state.
    #expect(send("PATCH", [("If-Match", "\"a\"")], #"{"name":" "}"#) == 412)
    #expect(send("PATCH", [("If-Match", "*")], #"{"name":" "}"#) == 422)
  }

  @Test func pagesTakeSeveralLinesToo() throws {
    let fixture = try full(.inMemory)
    let page = fixture.dashboard.response(to: ServerRequest(method: "GET", target: "/patterns/p1"))
    let tag = try #require(page.field("ETag"))
    let again = fixture.dashboard.response(
      to: ServerRequest(
        method: "GET", target: "/patterns/p1",
        fields: [HeaderField("If-None-Match", "\"a\""), HeaderField("If-None-Match", tag)]))
    #expect(again.status == 304)
  }

  @Test func referringEntitiesAreNamed() throws {
    let fixture = try full(.sqlite)
    let answer = fixture.send("DELETE", "/strip-families/f1")
    #expect(answer.status == 409)
    #expect(answer.detail.contains(#"1 pattern ("p1") and 1 job log ("j1")"#), "\(answer.detail)")
  }

  @Test func anIDThatNoAddressCanNameIsRefused() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    func post(_ id: String) -> ServerResponse {
      fixture.send(
        "POST", "/patterns",
        json: #"{"id":"\#(id)","name":"N","ring_count":1,"geometry":{"a":1}}"#)
    }
    #expect(post(String(repeating: "x", count: 10_000)).status == 201)
    for id in [String(repeating: "x", count: 10_001), String(repeating: "é", count: 1_700)] {
      let refused = post(id)
      #expect(refused.status == 422)
      #expect(try refused.json["issues"]?[0]?["code"]?.string == "field.range")
      #expect(try refused.json["issues"]?[0]?["pointer"]?.string == "/id")
      #expect(refused.detail.contains("at most 10000"))
    }
    #expect(try fixture.get("/patterns").json["total"]?.int64 == 1)
  }

  @Test(arguments: ["a/b", ".", "..", "%", "é 🎸", "statistics", "a?b#c", "\u{0}\u{1}", "a//", " "])
  func theLocationOfANewEntityLeadsToIt(_ id: String) throws {
    let fixture = try DashboardFixture(.sqlite, allowsWrites: true)
    var writer = JSONWriter()
    writer.object {
      $0.member("id", id)
      $0.member("name", "N")
      $0.member("ring_count", 1)
      $0.member("geometry") { $0.object { $0.member("a", 1) } }
    }
    let created = fixture.send("POST", "/patterns", json: writer.text)
    if id == " " {
      #expect(created.status == 422)
      return
    }
    #expect(created.status == 201, "\(created.text)")
    let place = try #require(created.field("Location"))
    // Clients must not resolve the dots.
    #expect(!place.hasSuffix("/.") && !place.hasSuffix("/.."))
    let answer = fixture.dashboard.response(to: ServerRequest(method: "GET", target: place))
    #expect(answer.text == created.text)
  }
  @Test(arguments: ["ON DELETE CASCADE", "ON DELETE SET NULL", ""])
  func whatATableOfAnotherApplicationRefersToIsNotDeleted(_ action: String) throws {
    let fixture = try full(.sqlite)
    let path = fixture.directory.file("rmos.db")
    _ = try sqlite3(
      path,
      "CREATE TABLE orders (pattern TEXT REFERENCES patterns(id) \(action)); "
        + "INSERT INTO orders VALUES ('p1')")
    #expect(fixture.send("DELETE", "/joblogs/j1").status == 200)
    let answer = fixture.send("DELETE", "/patterns/p1")
    #expect(answer.status == 409)
    #expect(answer.detail.contains("1 row of the table orders"), "\(answer.text)")
    #expect(try sqlite3(path, "SELECT * FROM orders") == "p1")
  }

  @Test func aTableThatIsRenamedMeanwhileIsNotReplaced() throws {
    let fixture = try full(.sqlite)
    let path = fixture.directory.file("rmos.db")
    _ = try sqlite3(path, "ALTER TABLE joblogs RENAME TO joblogs_old")
    let answer = fixture.send("PATCH", "/patterns/p1", json: #"{"name": "N"}"#)
    #expect(answer.status == 503)
    #expect(answer.detail.contains("joblogs"), "\(answer.text)")
    _ = try sqlite3(path, "ALTER TABLE joblogs_old RENAME TO joblogs")
    #expect(fixture.send("PATCH", "/patterns/p1", json: #"{"name": "N"}"#).status == 200)
  }

  /// A server that begins later cannot compare with what was there.
  @Test func aTableThatWasRenamedBeforeIsNotReplaced() throws {
    let fixture = try DashboardFixture(.sqlite, allowsWrites: true)
    let path = fixture.directory.file("rmos.db")
    let batch = StoreSamples.batch(.joblogs, [.init(sample(.joblogs, "j1"))])
    try fixture.store.write { transaction in
      _ = try transaction.beginRun(StoreSamples.run())
      try transaction.insert(batch, at: 0, run: 1)
    }
    _ = try sqlite3(path, "ALTER TABLE joblogs RENAME TO joblogs_old")
    let dashboard = Dashboard(store: try SQLiteStore(path: path), options: allowing)
    func create(_ id: String) -> ServerResponse {
      let body = #"{"id": "\#(id)", "name": "N", "ring_count": 1, "geometry": {"a": 1}}"#
      return dashboard.response(
        to: ServerRequest(
          method: "POST", target: "/api/rmos/stores/patterns",
          fields: [HeaderField("Content-Type", "application/json")], body: Array(body.utf8)))
    }
    let refused = create("a")
    #expect(refused.status == 503)
    #expect(refused.detail.contains("lacks the table joblogs"), "\(refused.text)")
    #expect(try sqlite3(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'joblogs'") == "0")
    _ = try sqlite3(path, "ALTER TABLE joblogs_old RENAME TO joblogs")
    #expect(create("a").status == 201)
    #expect(try sqlite3(path, "SELECT id FROM joblogs") == "j1")
  }

  private var allowing: Dashboard.Options {
    var options = Dashboard.Options()
    options.allowsWrites = true
    return options
  }

  @Test func anEntityThatWouldReplaceAnotherIsRefused() throws {
    let fixture = try full(.sqlite)
    let path = fixture.directory.file("rmos.db")
    _ = try sqlite3(
      path,
      "CREATE TABLE t AS SELECT * FROM patterns; DROP TABLE patterns; "
        + EntityKind.patterns.schema.createTableSQL.replacing(
          "name TEXT NOT NULL", with: "name TEXT NOT NULL UNIQUE ON CONFLICT REPLACE")
        + "; INSERT INTO patterns SELECT * FROM t; DROP TABLE t")
    let name = try fixture.get("/patterns/p1").json["pattern"]?["name"]?.string ?? ""
    let body = #"{"id": "new", "name": "\#(name)", "ring_count": 1, "geometry": {"a": 1}}"#
    #expect(fixture.send("POST", "/patterns", json: body).status == 409)
    #expect(fixture.get("/patterns/p1").status == 200)
  }
}
