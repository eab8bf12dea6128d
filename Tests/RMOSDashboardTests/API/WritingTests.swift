import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

@Suite struct WritingTests {
  typealias Backend = DashboardFixture.Backend

  static let family = """
    {"id": "f1", "name": "Ebony", "strip_width_mm": 2, "strip_thickness_mm": 0.8,
     "material_type": "Ebony", "strips": [{"id": "s1"}], "created_at": "2025-01-01"}
    """
  static let pattern = """
    {"id": "p1", "name": "Rope", "ring_count": 3, "geometry": {"rings": [1.50]},
     "strip_family_id": "f1"}
    """
  static let job = """
    {"id": "j1", "job_type": "slice", "pattern_id": "p1", "parameters": {"feed": 5}}
    """

  @Test(arguments: Backend.allCases)
  func aRoundWithEveryKind(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend, allowsWrites: true)
    // Create, in the order of the references.
    #expect(fixture.send("POST", "/joblogs", json: Self.job).status == 422)
    for (path, member, body, id) in [
      ("/strip-families", "strip_family", Self.family, "f1"),
      ("/patterns", "pattern", Self.pattern, "p1"), ("/joblogs", "joblog", Self.job, "j1"),
    ] {
      let created = fixture.send("POST", path, json: body)
      #expect(created.status == 201, "\(created.text)")
      #expect(created.field("Location") == "/api/rmos/stores\(path)/\(id)")
      let read = fixture.get("\(path)/\(id)")
      #expect(read.text == created.text)
      #expect(read.field("ETag") == created.field("ETag"))
      #expect(fixture.send("POST", path, json: body).status == 409)
      // List, statistics and status show it at once.
      #expect(try fixture.get(path).json["total"]?.int64 == 1)
      #expect(
        try fixture.get("\(path)/statistics").json["statistics"]?["total_count"]?.int64 == 1)
      // Rename it.
      let entity = try #require(try read.json[member])
      let name = member == "joblog" ? "job_type" : "name"
      let changed = entity.text.replacing(
        "\"\(name)\":\"\(entity[name]?.string ?? "")\"", with: "\"\(name)\":\"batch\"")
      let replaced = fixture.send("PUT", "\(path)/\(id)", json: changed)
      #expect(replaced.status == 200, "\(replaced.text)")
      #expect(try replaced.json[member]?[name]?.string == "batch")
      #expect(fixture.get("\(path)/\(id)").text == replaced.text)
    }
    #expect(try fixture.get("/migration/status").json["entity_counts"]?["total"]?.int64 == 3)
    #expect(try fixture.get("/patterns/search/name/bat").json["count"]?.int64 == 1)
    #expect(try fixture.get("/joblogs/filter/pattern/p1").json["count"]?.int64 == 1)
    // Delete; first in an order that references forbid.
    for path in ["/strip-families/f1", "/patterns/p1"] {
      let refused = fixture.send("DELETE", path)
      #expect(refused.status == 409)
      #expect(refused.detail.contains("refer"))
    }
    for path in ["/joblogs/j1", "/patterns/p1", "/strip-families/f1"] {
      #expect(fixture.send("DELETE", path).status == 200)
      #expect(fixture.get(path).status == 404)
      #expect(fixture.send("DELETE", path).status == 404)
    }
    #expect(try fixture.get("/migration/status").json["entity_counts"]?["total"]?.int64 == 0)
  }

  @Test func jsonIsKeptTokenByToken() throws {
    let fixture = try DashboardFixture(.sqlite, allowsWrites: true)
    let body = """
      {"id": "p1", "name": "N", "ring_count": 1, "geometry": {"r": 1.50, "n": 1E2, "s": "\\u00e4"}}
      """
    #expect(fixture.send("POST", "/patterns", json: body).status == 201)
    #expect(
      fixture.get("/patterns/p1").text.contains(
        #""geometry":{"r":1.50,"n":1E2,"s":"\u00e4"}"#))
  }

  @Test func absentTimesAreFilledIn() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let body = #"{"id":"p1","name":"N","ring_count":1,"geometry":{"a":1}}"#
    let created = try fixture.send("POST", "/patterns", json: body).json["pattern"]
    #expect(created?["created_at"]?.string == DashboardFixture.now)
    #expect(created?["updated_at"]?.string == DashboardFixture.now)
    try fixture.store.write { transaction in
      var record = try #require(try transaction.record(.patterns, id: "p1"))
      record.values[5] = .text("2020-01-01")
      record.values[6] = .text("2020-01-01")
      _ = try transaction.update(record)
    }
    let replaced = try fixture.send("PUT", "/patterns/p1", json: body).json["pattern"]
    #expect(replaced?["created_at"]?.string == "2020-01-01")
    #expect(replaced?["updated_at"]?.string == DashboardFixture.now)
  }

  @Test func readingOnlyIsForbiddenToWrite() throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.insert(EntityAnswersTests.pattern("p1"))
    for (method, path) in [
      ("POST", "/patterns"), ("PUT", "/patterns/p1"), ("PATCH", "/patterns/p1"),
      ("DELETE", "/patterns/p1"),
    ] {
      let answer = fixture.send(method, path, json: Self.pattern)
      #expect(answer.status == 403)
      #expect(answer.detail.contains("read-only"))
    }
    #expect(fixture.get("/patterns/p1").status == 200)
  }

  @Test func allIssuesAreTold() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let answer = fixture.send(
      "POST", "/patterns",
      json: #"{"name":" ","ring_count":0,"geometry":[],"colour":"red","created_at":"soon","#
        + #""strip_family_id":"none"}"#)
    #expect(answer.status == 422)
    guard case .array(let issues)? = try answer.json["issues"] else {
      Issue.record("no issues in \(answer.text)")
      return
    }
    #expect(
      Set(issues.compactMap { $0["code"]?.string }) == [
        "field.empty", "field.range", "field.type", "field.format",
        "field.unknown", "reference.missing",
      ])
    #expect(
      Set(issues.compactMap { $0["pointer"]?.string }) == [
        "/name", "/ring_count", "/geometry", "/created_at", "/colour",
        "/strip_family_id",
      ])
    #expect(fixture.get("/patterns").text.contains(#""total":0"#))
  }

  @Test(arguments: [
    ("", "input.empty"), (" \r\n", "input.empty"), ("\u{FEFF}", "input.empty"),
    ("{", "json.syntax"), ("\u{FEFF}\u{FEFF}{}", "json.syntax"), ("{} {}", "json.syntax"),
    ("[]", "shape.not-object"),
    ("null", "shape.not-object"), (#"{"id":"a","id":"b"}"#, "json.duplicate-key"),
    (String(repeating: "[", count: 600), "json.depth"),
  ])
  func aBodyThatIsNoEntityIsRefused(_ body: String, _ code: String) throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let answer = fixture.send("POST", "/patterns", json: body)
    #expect(answer.status == 422)
    #expect(answer.text.contains("\"\(code)\""), "\(answer.text)")
  }

  @Test func aByteOrderMarkIsPassedOverAsInFiles() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let answer = fixture.send("POST", "/strip-families", json: "\u{FEFF}" + Self.family)
    #expect(answer.status == 201, "\(answer.text)")
    #expect(
      fixture.send("PUT", "/strip-families/f1", json: "\u{FEFF}" + Self.family).status == 200)
  }

  @Test func bytesThatAreNoUTF8AreRefused() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    var request = ServerRequest(
      method: "POST", target: "/api/rmos/stores/patterns",
      fields: [HeaderField("content-type", "application/json; charset=\"UTF-8\"")])
    request.body = Array(#"{"id":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
    let answer = fixture.dashboard.response(to: request)
    #expect(answer.status == 422)
    #expect(answer.text.contains(#""code":"input.encoding""#), "\(answer.text)")
  }

  @Test func aRepeatedFieldIsRefusedWithoutAPolicyToo() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    var request = ServerRequest(
      method: "POST", target: "/api/rmos/stores/patterns",
      fields: [
        HeaderField("Content-Type", "application/json"), HeaderField("content-type", "text/plain"),
      ], body: Array(Self.pattern.utf8))
    #expect(fixture.dashboard.response(to: request).status == 400)
    // The codings of all fields apply.
    request.fields = [
      HeaderField("Content-Type", "application/json"), HeaderField("Content-Encoding", "identity"),
      HeaderField("Content-Encoding", "gzip"),
    ]
    #expect(fixture.dashboard.response(to: request).status == 415)
  }

  @Test(arguments: [
    nil, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1",
    "application/jsonp",
  ])
  func onlyJSONIsTaken(_ type: String?) throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let fields = type.map { ["Content-Type": $0] } ?? [:]
    #expect(fixture.send("POST", "/patterns", fields, Self.pattern).status == 415)
    #expect(
      fixture.send("POST", "/patterns", json: Self.pattern, ["Content-Encoding": "gzip"]).status
        == 415)
  }

  @Test func aBodyBeyondTheLimitIsRefused() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let body = String(repeating: " ", count: EntityBody.largest - 1)
    #expect(fixture.send("POST", "/patterns", json: body + "{}").status == 413)
    #expect(fixture.send("POST", "/patterns", json: body).status == 422)
  }

  @Test func theIdInTheBodyMustBeThatOfThePath() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    try fixture.insert(EntityAnswersTests.pattern("p1"), EntityAnswersTests.pattern("p2"))
    let body = #"{"id":"p2","name":"N","ring_count":1,"geometry":{"a":1}}"#
    let answer = fixture.send("PUT", "/patterns/p1", json: body)
    #expect(answer.status == 422)
    #expect(answer.text.contains("id.mismatch"))
    #expect(fixture.send("PUT", "/patterns/p3", json: body).status == 404)
    #expect(fixture.send("PUT", "/patterns/p2", json: body).status == 200)
  }

  /// A row keeps its id; null differs from it, too.
  @Test(arguments: ["PUT", "PATCH"]) func theIDOfARowIsNotCleared(_ method: String) throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    try fixture.insert(EntityAnswersTests.pattern("p1"))
    let answer = fixture.send(method, "/patterns/p1", json: #"{"id":null,"name":"N"}"#)
    #expect(answer.status == 422 && answer.text.contains("id.mismatch"))
    #expect(try fixture.get("/patterns/p1").json["pattern"]?["name"]?.string != "N")
    // A new entity without an id gets one.
    let body = #"{"id":null,"name":"N","ring_count":1,"geometry":{"a":1}}"#
    #expect(fixture.send("POST", "/patterns", json: body).status == 201)
  }

  /// Job logs have no metadata in which other members could be kept.
  @Test(arguments: [("/joblogs", false), ("/patterns", true), ("/strip-families", true)])
  func onlyMembersThatExistAreAdvised(_ path: String, _ hasMetadata: Bool) throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let detail = fixture.send("POST", path, json: #"{"Foo":1}"#).detail
    #expect(detail.contains("\"Foo\" is not a member"))
    #expect(detail.contains("\"metadata\"") == hasMetadata, "\(detail)")
  }

  /// A body is no file, so no mapping can read it.
  @Test func noMappingIsAdvised() throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    for body in [
      #"{"job_type":"slice","parameters":"{\"a\":1}","status":"","start_time":1700000000}"#,
      #"{"job_type":"slice","parameters":{"a":1},"start_time":"0001-01-01"}"#,
    ] {
      let answer = fixture.send("POST", "/joblogs", json: body)
      #expect(answer.text.contains("\"issues\":[{") && !answer.text.contains("mapping"))
      #expect(!answer.text.contains(" file"), "\(answer.text)")
    }
  }

  /// `If-Match` precedes `If-None-Match`, for `GET` too (RFC 9110, 13.2.2).
  @Test(arguments: [
    "/api/rmos/stores/patterns/p1", "/api/rmos/stores/patterns", "/api/rmos/analytics",
    "/api/rmos/stores/migration/status", "/openapi.json", "/patterns", "/patterns/p1",
  ])
  func readingHasPreconditions(_ target: String) throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.insert(EntityAnswersTests.pattern("p1"))
    func status(_ fields: [String: String], _ method: String = "GET") -> Int {
      fixture.dashboard.response(
        to: ServerRequest(
          method: method, target: target, fields: fields.map { HeaderField($0.key, $0.value) })
      ).status
    }
    let tag = try #require(
      fixture.dashboard.response(to: ServerRequest(method: "GET", target: target)).field("ETag"))
    #expect(status(["If-Match": tag]) == 200 && status(["If-Match": "*"]) == 200)
    for method in ["GET", "HEAD"] {
      #expect(status(["If-Match": "\"x\""], method) == 412)
      #expect(status(["If-Match": "W/\(tag)"], method) == 412)
      #expect(status(["If-Match": "\"x\"", "If-None-Match": tag], method) == 412)
      #expect(status(["If-Match": tag, "If-None-Match": tag], method) == 304)
    }
    #expect(status(["If-Match": "\"x\""], "OPTIONS") == 204)
  }

  /// A table as CSV has no entity tag, and a missing entity has no state.
  @Test func onlyAnyStateOfAFileIsExpected() throws {
    let fixture = try DashboardFixture(.inMemory)
    #expect(fixture.get("/patterns?format=csv", ["If-Match": "*"]).status == 200)
    #expect(fixture.get("/patterns?format=csv", ["If-Match": "\"x\""]).status == 412)
    #expect(fixture.get("/patterns/none", ["If-Match": "\"x\""]).status == 404)
  }

  @Test(arguments: Backend.allCases)
  func aClashIsAPreconditionFailed(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend, allowsWrites: true)
    try fixture.insert(EntityAnswersTests.pattern("p1"))
    let body = #"{"name":"N","ring_count":1,"geometry":{"a":1}}"#
    let first = try #require(fixture.get("/patterns/p1").field("ETag"))
    let replaced = fixture.send("PUT", "/patterns/p1", json: body, ["If-Match": first])
    #expect(replaced.status == 200)
    let second = try #require(replaced.field("ETag"))
    #expect(second != first)
    for fields in [["If-Match": first], ["If-Match": "W/\(second)"], ["If-None-Match": "*"]] {
      #expect(fixture.send("PUT", "/patterns/p1", json: body, fields).status == 412)
      #expect(fixture.send("DELETE", "/patterns/p1", fields).status == 412)
    }
    #expect(fixture.get("/patterns/p1").field("ETag") == second)
    #expect(fixture.send("DELETE", "/patterns/none", ["If-Match": first]).status == 404)
    #expect(
      fixture.send("DELETE", "/patterns/p1", ["If-Match": "\(first), \(second)"]).status == 200)
  }

  @Test(arguments: [
    ["Origin": "http://evil.example"], ["Origin": "null"], ["Origin": "http://localhost:80"],
    ["Origin": "http://localhost:8000.evil.example"], ["Origin": "ftp://localhost:8000"],
    ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"],
    ["Origin": "http://localhost:8000", "Sec-Fetch-Site": "cross-site"],
  ])
  func otherOriginsMayNotWrite(_ fields: [String: String]) throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    try fixture.insert(EntityAnswersTests.pattern("p1"))
    let all = fields.merging(["Host": "localhost:8000"]) { $1 }
    #expect(fixture.send("DELETE", "/patterns/p1", all).status == 403)
    #expect(fixture.send("POST", "/strip-families", json: Self.family, all).status == 403)
    #expect(fixture.get("/patterns/p1", all).status == 200)
  }

  @Test(arguments: [
    [:], ["Origin": "http://localhost:8000", "Host": "LOCALHOST:8000"],
    ["Origin": "https://shop.example", "Host": "shop.example:443"],
    ["Sec-Fetch-Site": "same-origin"], ["Sec-Fetch-Site": "none"],
  ])
  func theSameOriginMayWrite(_ fields: [String: String]) throws {
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    #expect(fixture.send("POST", "/strip-families", json: Self.family, fields).status == 201)
  }

  @Test func theDatabaseOfARunningMigrationIsNotAvailable() throws {
    let fixture = try DashboardFixture(.sqlite, allowsWrites: true)
    let other = try SQLiteStore(path: fixture.directory.file("rmos.db"))
    let impatient = try SQLiteStore(
      path: fixture.directory.file("rmos.db"), access: .readWrite, busyTimeout: .zero)
    var options = Dashboard.Options()
    options.allowsWrites = true
    let dashboard = Dashboard(store: impatient, options: options)
    try other.withExclusiveWriter {
      let answer = dashboard.response(
        to: ServerRequest(
          method: "POST", target: "/api/rmos/stores/strip-families",
          fields: [HeaderField("Content-Type", "application/json")],
          body: Array(Self.family.utf8)))
      #expect(answer.status == 503)
      #expect(answer.field("Retry-After") != nil)
      let status = dashboard.response(
        to: ServerRequest(method: "GET", target: "/api/rmos/stores/migration/status"))
      #expect(status.status == 200)
    }
  }
}
