import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

@Suite struct DashboardTests {
  @Test(arguments: [
    "", "/", "/nothing", "//patterns/", "/patterns/a/b", "/patterns/search/name",
    "/patterns/search/id/a", "/joblogs/search/name/a", "/patterns/filter/status/a",
    "/strip_families",
    "/migration", "/migration/", "/migration/other", "/Patterns",
  ])
  func unknownPathsAreNotFound(_ path: String) throws {
    let answer = try DashboardFixture(.inMemory, allowsWrites: true).get(path)
    #expect(answer.status == 404)
    #expect(try answer.json["success"] == .bool(false))
    #expect(!answer.detail.isEmpty)
  }

  @Test(arguments: [
    ("/patterns/", "/patterns"), ("/patterns//", "/patterns"),
    ("/migration/status/", "/migration/status"), ("/patterns/a%2Fb/", "/patterns/a%2Fb"),
    ("/joblogs/?limit=2&order=id", "/joblogs?limit=2&order=id"),
    ("/joblogs/filter/status/failed/?", "/joblogs/filter/status/failed?"),
  ])
  func aSlashAtTheEndIsRedirected(_ path: String, _ place: String) throws {
    let fixture = try DashboardFixture(.inMemory)
    for method in ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"] {
      let answer = fixture.send(method, path)
      #expect(answer.status == 308)
      #expect(answer.field("Location") == "/api/rmos/stores" + place)
      #expect(answer.field("X-Content-Type-Options") == "nosniff")
    }
  }

  @Test(arguments: [
    ("GET", "/migration/status?limit=1", "there are none"),
    ("GET", "/patterns?limt=1", #""limit"?"#),
    ("GET", "/patterns?Limit=1", #""limit"?"#), ("GET", "/patterns?page=2", "known: limit, offset"),
    ("GET", "/patterns/p1?fields=id", #""fields""#), ("GET", "/patterns/statistics?x", #""x""#),
    ("HEAD", "/migration/history?offset=1", #""offset""#), ("GET", "/patterns?=", #""""#),
    ("GET", "/joblogs/filter/status/failed?status=a", #""status""#),
    ("POST", "/patterns?dry_run=1", #""dry_run""#), ("DELETE", "/patterns/p1?force", #""force""#),
  ])
  func aParameterThatMeansNothingIsNamed(
    _ method: String, _ path: String, _ said: String
  ) throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    try fixture.insert(EntityAnswersTests.pattern("p1"))
    let answer = fixture.send(method, path)
    #expect(answer.status == 422)
    #expect(answer.detail.contains(said), "\(answer.detail)")
    #expect(fixture.get("/patterns/p1").status == 200)
  }

  @Test(arguments: [
    ("/patterns?limit=0", "1 to 500"), ("/patterns?limit=501", "1 to 500"),
    ("/patterns?limit=-1", "1 to 500"), ("/patterns?limit=+5", "1 to 500"),
    ("/patterns?limit=99999999999999999999999", "1 to 500"), ("/patterns?limit=", "1 to 500"),
    ("/patterns?offset=-1", "0 to 9223372036854775807"),
    ("/patterns?offset=9223372036854775808", "0 to 9223372036854775807"),
    ("/migration/history?limit=1e2", "1 to 500"),
    ("/patterns/filter/rings/0", "1 to 9223372036854775807"),
    ("/patterns/filter/rings/-3", "1 to 9223372036854775807"),
    ("/patterns/filter/rings/%2B3", "1 to 9223372036854775807"),
    ("/patterns/filter/rings/9223372036854775808", "1 to 9223372036854775807"),
  ])
  func aNumberOutOfRangeIsToldTheRange(_ path: String, _ range: String) throws {
    let answer = try DashboardFixture(.inMemory).get(path)
    #expect(answer.status == 422)
    #expect(answer.detail.contains("a whole number from \(range)"), "\(answer.detail)")
  }

  @Test func missingEntitiesAreNotFound() throws {
    let answer = try DashboardFixture(.sqlite).get("/patterns/none")
    #expect(answer.status == 404)
    #expect(
      answer.text == #"{"success":false,"detail":"there is no pattern \"none\""}"# + "\n")
  }

  @Test(arguments: ["/patterns/%", "/patterns/%4", "/patterns/%zz", "/patterns?limit=%ff"])
  func malformedPercentEncodingIsABadRequest(_ path: String) throws {
    #expect(try DashboardFixture(.inMemory).get(path).status == 400)
  }

  @Test(arguments: ["%ff", "%C3", "%ED%A0%80", "%C0%AF", "%F5%80%80%80"])
  func invalidUTF8IsABadRequest(_ text: String) throws {
    let fixture = try DashboardFixture(.inMemory)
    #expect(fixture.get("/patterns/\(text)").status == 400)
    #expect(fixture.get("/patterns/search/name/\(text)").status == 400)
  }

  @Test(arguments: ["", "patterns", "http://localhost/", "?a"])
  func aTargetThatIsNoPathIsABadRequest(_ target: String) throws {
    let answer = try DashboardFixture(.inMemory).dashboard.response(
      to: ServerRequest(method: "GET", target: target))
    #expect(answer.status == 400)
  }

  @Test func otherMethodsAreRefusedWithThePossibleOnes() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    for (method, path, allowed) in [
      ("POST", "/migration/status", "GET, HEAD, OPTIONS"),
      ("DELETE", "/patterns", "GET, HEAD, OPTIONS, POST"),
      ("PUT", "/patterns/statistics", "GET, HEAD, OPTIONS"),
      ("POST", "/patterns/p1", "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"),
      ("PATCH", "/joblogs", "GET, HEAD, OPTIONS, POST"),
      ("TRACE", "/joblogs/j1", "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"),
      ("get", "/patterns", "GET, HEAD, OPTIONS, POST"),
    ] {
      let answer = fixture.send(method, path)
      #expect(answer.status == 405, "\(method) \(path)")
      #expect(answer.field("Allow") == allowed)
    }
  }

  @Test func optionsNameTheMethodsAndGrantNoOtherOrigin() throws {
    let fixture = try DashboardFixture(.inMemory)
    let answer = fixture.send("OPTIONS", "/patterns", ["Origin": "http://evil.example"])
    #expect(answer.status == 204)
    #expect(answer.field("Allow") == "GET, HEAD, OPTIONS")
    #expect(answer.body.isEmpty)
    for request in [answer, fixture.get("/patterns", ["Origin": "http://evil.example"])] {
      #expect(!request.fields.contains { $0.name.hasPrefix("Access-Control") })
    }
    let star = fixture.dashboard.response(to: ServerRequest(method: "OPTIONS", target: "*"))
    #expect(star.status == 204)
    #expect(star.field("Allow") == "GET, HEAD, OPTIONS, POST")
  }

  @Test func headAnswersAsGet() throws {
    let fixture = try DashboardFixture(.inMemory)
    for path in ["/migration/status", "/patterns", "/patterns/none", "/joblogs/statistics"] {
      #expect(fixture.send("HEAD", path) == fixture.get(path))
    }
  }

  @Test func everyAnswerSaysWhatItIs() throws {
    let fixture = try DashboardFixture(.inMemory)
    for path in ["/migration/status", "/patterns", "/none", "/patterns?limit=0", "/patterns/%"] {
      let answer = fixture.get(path)
      #expect(answer.field("Content-Type") == "application/json")
      #expect(answer.field("X-Content-Type-Options") == "nosniff")
      #expect(answer.field("Cross-Origin-Resource-Policy") == "same-origin")
      #expect(
        answer.field("Cache-Control") == (answer.status == 200 ? "no-cache" : "no-store"))
      #expect((answer.field("ETag") != nil) == (answer.status == 200))
    }
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func aClientThatHasTheStateIsToldSoUntilItChanges(
    _ backend: DashboardFixture.Backend
  ) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.insert(EntityAnswersTests.pattern("p0"))
    for (round, path) in [
      "/migration/status", "/migration/history", "/patterns", "/patterns/statistics",
      "/patterns/search/name/name", "/patterns/filter/rings/7",
    ].enumerated() {
      let tag = try #require(fixture.get(path).field("ETag"))
      let same = fixture.get(path, ["If-None-Match": "\"x\", W/\(tag)"])
      #expect(same.status == 304, "\(path)")
      #expect(same.body.isEmpty)
      #expect(same.field("ETag") == tag)
      try fixture.insert(EntityAnswersTests.pattern("p\(round + 1)"))
      let changed = fixture.get(path, ["If-None-Match": tag])
      #expect(changed.status == 200, "\(path)")
      #expect(changed.field("ETag") != tag)
    }
    let tag = try #require(fixture.get("/patterns/p1").field("ETag"))
    try fixture.insert(EntityAnswersTests.pattern("q1"))
    #expect(fixture.get("/patterns/p1", ["If-None-Match": tag]).status == 304)
    #expect(fixture.get("/patterns/p1", ["If-None-Match": "*"]).status == 304)
    #expect(fixture.get("/patterns/q1", ["If-None-Match": tag]).status == 200)
  }

  @Test func changesByOtherProcessesAreSeen() throws {
    let fixture = try DashboardFixture(.sqlite)
    let path = fixture.directory.file("rmos.db")
    try fixture.insert(EntityAnswersTests.pattern("p1"))
    let tag = try #require(fixture.get("/migration/status").field("ETag"))
    try sqlite3(path, "UPDATE patterns SET name = 'new'")
    let answer = fixture.get("/migration/status", ["If-None-Match": tag])
    #expect(answer.status == 200)
    #expect(answer.text.contains(#""name":"new""#))
  }

  @Test func aStoreThatCannotBeReadIsAnAnswerToo() throws {
    for (code, status, retry) in [
      (StoreError.Code.busy, 503, "1"), (.locked, 503, "5"), (.corrupt, 500, nil),
      (.inputOutput, 500, nil), (.diskFull, 507, nil), (.cannotOpen, 503, "10"),
      (.foreignDatabase, 503, "10"), (.newerSchema, 503, "10"), (.notADatabase, 503, "10"),
      (.unusableSchema, 503, "10"),
    ] as [(StoreError.Code, Int, String?)] {
      let dashboard = Dashboard(store: UnreadableStore(code: code))
      for path in ["migration/history", "patterns", "patterns/p1", "joblogs/statistics"] {
        let answer = dashboard.response(
          to: ServerRequest(method: "GET", target: "/api/rmos/stores/\(path)"))
        #expect(answer.status == status)
        #expect(answer.field("Retry-After") == retry)
        #expect(answer.detail == "it cannot be read")
      }
    }
  }
}
