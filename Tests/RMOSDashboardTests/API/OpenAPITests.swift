import Foundation
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// Compares `Documentation/openapi.json` with responses: every path, method, status and schema.
@Suite struct OpenAPITests {
  /// A request, and the expected status.
  struct Exchange {
    var status: Int
    var method: String
    var path: String
    var body = ""
    var fields: [String: String] = [:]
  }

  private static let kinds = [
    ("patterns", WritingTests.pattern, "p1"), ("strip-families", WritingTests.family, "f1"),
    ("joblogs", WritingTests.job, "j1"),
  ]

  /// Requests for the store that ``fill(_:)`` leaves, for each kind.
  private func exchanges(_ path: String, _ body: String, _ id: String) -> [Exchange] {
    let other = body.replacingOccurrences(of: "\"id\": \"\(id)\"", with: "\"id\": \"new\"")
    let large = String(repeating: " ", count: EntityBody.largest) + body
    var exchanges = [
      Exchange(status: 200, method: "GET", path: "/\(path)"),
      Exchange(status: 422, method: "GET", path: "/\(path)?limit=0"),
      Exchange(status: 200, method: "GET", path: "/\(path)/\(id)"),
      Exchange(status: 404, method: "GET", path: "/\(path)/none"),
      Exchange(status: 400, method: "GET", path: "/\(path)/%ff"),
      Exchange(status: 200, method: "GET", path: "/\(path)/\(id)/origin"),
      Exchange(status: 404, method: "GET", path: "/\(path)/none/origin"),
      Exchange(status: 200, method: "GET", path: "/\(path)/statistics"),
    ]
    for (method, target) in [
      ("POST", "/\(path)"), ("PUT", "/\(path)/\(id)"), ("PATCH", "/\(path)/\(id)"),
    ] {
      let content = method == "POST" ? other : body
      exchanges += [
        Exchange(
          status: 403, method: method, path: target, body: content,
          fields: ["Origin": "http://evil.example"]),
        Exchange(status: 413, method: method, path: target, body: large),
        Exchange(
          status: 415, method: method, path: target, body: content,
          fields: ["Content-Type": "text/plain"]),
        Exchange(status: 422, method: method, path: target, body: #"{"none":1}"#),
        Exchange(status: 503, method: method, path: target, body: content),
        Exchange(
          status: method == "POST" ? 201 : 200, method: method, path: target, body: content),
      ]
    }
    exchanges += [
      Exchange(status: 409, method: "POST", path: "/\(path)", body: body),
      Exchange(
        status: 412, method: "DELETE", path: "/\(path)/new", fields: ["If-Match": "\"old\""]),
      Exchange(
        status: 403, method: "DELETE", path: "/\(path)/\(id)",
        fields: ["Sec-Fetch-Site": "cross-site"]),
      Exchange(status: 404, method: "DELETE", path: "/\(path)/none"),
      Exchange(status: 503, method: "DELETE", path: "/\(path)/new"),
      Exchange(status: 200, method: "DELETE", path: "/\(path)/new"),
    ]
    for method in ["PUT", "PATCH"] {
      exchanges += [
        Exchange(status: 404, method: method, path: "/\(path)/none", body: body),
        Exchange(
          status: 412, method: method, path: "/\(path)/\(id)", body: body,
          fields: ["If-Match": "\"old\""]),
      ]
    }
    if id != "j1" {
      exchanges.append(Exchange(status: 409, method: "DELETE", path: "/\(path)/\(id)"))
    }
    return exchanges
  }

  private static let analytics = AnalyticsRoute.allCases.map { "/api/" + $0.rawValue }

  /// Requests for the analytics.
  private var analyticsExchanges: [Exchange] {
    let predict = "/api/" + AnalyticsRoute.predict.rawValue
    let job = #"{"job_type":"slice"}"#
    return Self.analytics.filter { $0 != predict }.map { path in
      let measures = path.hasSuffix("correlation") ? "?x=job.failed&y=pattern.cells" : ""
      return Exchange(
        status: 200, method: "GET", path: path.replacing("{id}", with: "p1") + measures)
    } + [
      Exchange(status: 400, method: "GET", path: "/api/analytics/advanced/correlation"),
      Exchange(status: 404, method: "GET", path: "/api/analytics/patterns/none/details"),
      Exchange(status: 422, method: "GET", path: "/api/rmos/analytics?from=x"),
      Exchange(status: 200, method: "POST", path: predict, body: job),
      Exchange(
        status: 403, method: "POST", path: predict, body: job,
        fields: ["Origin": "http://evil.example"]),
      Exchange(
        status: 413, method: "POST", path: predict,
        body: job + String(repeating: " ", count: EntityBody.largest)),
      Exchange(
        status: 415, method: "POST", path: predict, body: job,
        fields: ["Content-Type": "text/plain"]),
      Exchange(status: 422, method: "POST", path: predict, body: "{}"),
    ]
  }

  private static let matches =
    [
      ("/patterns/search/name/{like}", "R", nil), ("/strip-families/search/name/{like}", "b", nil),
      ("/patterns/filter/rings/{n}", "3", "x"),
      ("/strip-families/filter/material/{m}", "Ebony", nil),
      ("/joblogs/filter/status/{s}", "pending", nil), ("/joblogs/filter/pattern/{id}", "p1", nil),
      ("/joblogs/filter/type/{t}", "slice", nil),
    ] as [(path: String, value: String, wrong: String?)]

  private func fill(_ fixture: DashboardFixture) throws {
    for (path, body, _) in [Self.kinds[1], Self.kinds[0], Self.kinds[2]] {
      let answer = fixture.send("POST", "/\(path)", json: body)
      try #require(answer.status == 201, "\(answer.text)")
    }
    try fixture.insert(
      sample(.patterns, "undated", ["created_at": .text("long ago"), "geometry": .text("{")]))
    try fixture.store.write { transaction in
      _ = try transaction.beginRun(StoreSamples.run())
      let issue = RMOSModels.Issue(
        severity: .error, code: .fieldMissing, message: "it lacks a name")
      var new = issue
      (new.kind, new.id, new.isNew) = (.patterns, "p9", true)
      try transaction.appendIssues([issue, new], run: 1)
    }
  }

  @Test func everyAnswerIsDocumentedAndEveryDocumentedAnswerIsGiven() throws {
    let text = try String(
      contentsOfFile: Fixtures.package + "/Documentation/openapi.json", encoding: .utf8)
    let document = try JSONValue(parsing: text)
    var schemas = SchemaCheck(document)
    let fixture = try DashboardFixture(
      .inMemory, allowsWrites: true, auditing: BackgroundAudit.whole)
    try fill(fixture)

    var all = [
      Exchange(status: 404, method: "GET", path: "/migration/audit"),
      Exchange(status: 202, method: "GET", path: "/migration/audit"),
      Exchange(status: 200, method: "GET", path: "/migration/audit"),
      Exchange(status: 404, method: "POST", path: "/migration/audit"),
      Exchange(status: 202, method: "POST", path: "/migration/audit"),
      Exchange(
        status: 403, method: "POST", path: "/migration/audit",
        fields: ["Origin": "http://evil.example"]),
      Exchange(status: 200, method: "GET", path: "/migration/status"),
      Exchange(status: 200, method: "GET", path: "/migration/history"),
      Exchange(status: 422, method: "GET", path: "/migration/history?limit=501"),
      Exchange(status: 200, method: "GET", path: "/migration/runs"),
      Exchange(status: 422, method: "GET", path: "/migration/runs?sort=none"),
    ]
    for path in ["", "/issues"] {
      all += [
        Exchange(status: 200, method: "GET", path: "/migration/runs/1\(path)"),
        Exchange(status: 404, method: "GET", path: "/migration/runs/12345\(path)"),
        Exchange(status: 404, method: "GET", path: "/migration/runs/x\(path)"),
      ]
    }
    for (path, body, id) in Self.kinds { all += exchanges(path, body, id) }
    all += analyticsExchanges
    for match in Self.matches {
      let prefix = String(match.path.prefix { $0 != "{" })
      all += [
        Exchange(status: 200, method: "GET", path: prefix + match.value),
        Exchange(status: 400, method: "GET", path: prefix + "%ff"),
        Exchange(status: 422, method: "GET", path: prefix + (match.wrong ?? "a?limit=0")),
      ]
    }

    var given: Set<String> = []
    for exchange in all {
      if exchange.path == "/migration/audit", exchange.status == 200 {
        try #require(fixture.audit?.auditIfDue() == true)
      }
      let answer = try send(exchange, fixture)
      #expect(
        answer.status == exchange.status,
        "\(exchange.method) \(exchange.path): \(answer.status) \(answer.text)")
      try hold(answer, exchange, against: document, &schemas, &given)
      guard exchange.method == "GET", answer.status == 200 else { continue }
      var other = exchange
      other.status = 412
      other.fields["If-Match"] = "\"other\""
      let refused = try send(other, fixture)
      #expect(refused.status == 412, "\(exchange.path): \(refused.status)")
      try hold(refused, other, against: document, &schemas, &given)
      var again = exchange
      again.status = 304
      again.fields["If-None-Match"] = answer.field("ETag")
      try hold(try send(again, fixture), again, against: document, &schemas, &given)
    }

    for (method, path) in operations(document) {
      let concrete = path.replacing(/\{\w+\}/, with: "1")
      var everywhere = [
        Exchange(status: 308, method: method, path: concrete + "/"),
        Exchange(status: 422, method: method, path: concrete + "?none=1"),
        Exchange(
          status: 400, method: method, path: concrete,
          fields: ["Authorization": "Bearer a", "authorization": "Bearer b"]),
      ]
      if path.contains("{") {
        everywhere.append(
          Exchange(
            status: 400, method: method, path: path.replacing(/\{\w+\}/, with: "%ff")))
      }
      for exchange in everywhere {
        let answer = try send(exchange, fixture)
        #expect(answer.status == exchange.status, "\(method) \(exchange.path)")
        try hold(answer, exchange, at: path, against: document, &schemas, &given)
      }
      try holdRefusals(of: method, path, against: document, &schemas, &given)
    }

    #expect(given == documented(document))
    guard case .object(let components)? = document["components"]?["schemas"] else { return }
    let inputs = components.map(\.name).filter { $0.hasSuffix("Input") }
    // All component schemas are used.
    for input in inputs { #expect(text.contains("\"#/components/schemas/\(input)\""), "\(input)") }
    #expect(Set(components.map(\.name)).subtracting(inputs) == schemas.used)
    #expect(
      schemas.seenOptional == [
        "Error>.issues", "MigrationStatus>.current_run", "MigrationHistory>.undated_entities",
        "Issue>.new",
      ])
  }

  @Test func failuresOfTheDatabaseHaveTheDefaultResponse() throws {
    let text = try String(
      contentsOfFile: Fixtures.package + "/Documentation/openapi.json", encoding: .utf8)
    let document = try JSONValue(parsing: text)
    let failure = try #require(document["components"]?["responses"]?["Failure"])
    let schema = try #require(failure["content"]?["application/json"]?["schema"])
    var schemas = SchemaCheck(document)
    guard case .object(let paths)? = document["paths"] else { return }
    for path in paths {
      guard case .object(let members) = path.value else { continue }
      for member in members where member.value["responses"] != nil {
        let reference = member.value["responses"]?["default"]?["$ref"]?.string
        #expect(reference == "#/components/responses/Failure", "\(member.name) \(path.name)")
      }
      // These do not depend on the database.
      if path.name.hasSuffix("/migration/status") || path.name.hasSuffix("/migration/audit") {
        continue
      }
      for (code, status) in [
        (StoreError.Code.corrupt, 500), (.cannotOpen, 503), (.diskFull, 507),
      ] {
        let measures = path.name.hasSuffix("correlation") ? "?x=job.failed&y=pattern.cells" : ""
        var request = ServerRequest(
          method: "GET", target: path.name.replacing(/\{\w+\}/, with: "1") + measures)
        if path.name.hasSuffix("predict") {
          request.method = "POST"
          request.fields = [HeaderField("Content-Type", "application/json")]
          request.body = Array(#"{"job_type":"slice"}"#.utf8)
        }
        var options = Dashboard.Options()
        options.auditInterval = nil
        let answer = Dashboard(store: UnreadableStore(code: code), options: options)
          .response(to: request)
        #expect(answer.status == status, "\(path.name)")
        #expect(schemas.violations(try answer.json, schema) == [])
      }
    }
  }

  /// The accepted bodies match the schemas of request bodies.
  @Test func theBodiesOfTheseTestsAreAsDocumented() throws {
    let text = try String(
      contentsOfFile: Fixtures.package + "/Documentation/openapi.json", encoding: .utf8)
    let document = try JSONValue(parsing: text)
    var schemas = SchemaCheck(document)
    for (name, body) in [
      ("Pattern", WritingTests.pattern), ("StripFamily", WritingTests.family),
      ("JobLog", WritingTests.job),
    ] {
      let schema = try #require(document["components"]?["schemas"]?[name + "Input"])
      #expect(schemas.violations(try JSONValue(parsing: body), schema) == [])
    }
    for kind in EntityCatalog.rmos.kinds {
      let name = [
        EntityKind.patterns: "Pattern", .stripFamilies: "StripFamily", .joblogs: "JobLog",
      ][kind]
      for suffix in ["", "Input", "ChangeInput"] {
        let schema = document["components"]?["schemas"]?[(name ?? "") + suffix]
        guard case .object(let members)? = schema?["properties"] else {
          Issue.record("no schema of \(kind)")
          continue
        }
        #expect(members.map(\.name) == kind.schema.fields.map(\.member))
      }
    }
  }

  @Test func aRowWithoutAnIDIsAsDocumented() throws {
    let text = try String(
      contentsOfFile: Fixtures.package + "/Documentation/openapi.json", encoding: .utf8)
    let document = try JSONValue(parsing: text)
    var schemas = SchemaCheck(document)
    let fixture = try DashboardFixture(.sqlite)
    for kind in EntityCatalog.rmos.kinds {
      try fixture.insert(sample(kind, "x"))
      _ = try sqlite3(fixture.directory.file("rmos.db"), "UPDATE \(kind.table) SET id = NULL")
      let name = [
        EntityKind.patterns: "Pattern", .stripFamilies: "StripFamily", .joblogs: "JobLog",
      ][kind]
      let schema = try #require(document["components"]?["schemas"]?[name ?? ""])
      let row = try #require(try fixture.get("/\(kind.pathName)").json[kind.rawValue]?[0])
      #expect(row["id"] == .null)
      #expect(schemas.violations(row, schema) == [])
    }
    let schema = try #require(document["components"]?["schemas"]?["MigrationStatus"])
    #expect(schemas.violations(try fixture.get("/migration/status").json, schema) == [])
  }

  private func send(_ exchange: Exchange, _ fixture: DashboardFixture) throws -> ServerResponse {
    var fields = ["Content-Type": "application/json", "Host": "localhost"]
    fields.merge(exchange.fields) { $1 }
    let isWithoutAudits = exchange.path == "/migration/audit" && exchange.status == 404
    guard exchange.status == 503 || isWithoutAudits else {
      return fixture.request(exchange.method, Self.target(exchange.path), fields, exchange.body)
    }
    var options = Dashboard.Options()
    options.allowsWrites = true
    options.auditInterval = nil
    return Dashboard(store: LockedStore(base: fixture.store), options: options).response(
      to: ServerRequest(
        method: exchange.method, target: Self.target(exchange.path),
        fields: fields.map { HeaderField($0.key, $0.value) }, body: Array(exchange.body.utf8)))
  }

  /// Checks a response against the document, and records what it covers.
  private func hold(
    _ answer: ServerResponse, _ exchange: Exchange, at path: String? = nil,
    against document: JSONValue,
    _ schemas: inout SchemaCheck, _ given: inout Set<String>
  ) throws {
    let template = path ?? template(exchange.path)
    let operation = try #require(
      document["paths"]?[Self.target(template)]?[exchange.method.lowercased()],
      "\(exchange.method) \(template) is not documented")
    var response = try #require(
      operation["responses"]?[String(answer.status)],
      "\(answer.status) of \(exchange.method) \(template) is not documented")
    if let name = response["$ref"]?.string?.split(separator: "/").last {
      response = try #require(document["components"]?["responses"]?[String(name)], "\(name)")
    }
    given.insert("\(exchange.method) \(template) \(answer.status)")
    if case .object(let headers)? = response["headers"] {
      for header in headers { #expect(answer.field(header.name) != nil, "\(header.name)") }
    }
    guard let schema = response["content"]?["application/json"]?["schema"] else {
      #expect(answer.body.isEmpty)
      return
    }
    #expect(schemas.violations(try answer.json, schema) == [])
  }

  /// The target of a path, which is below that of the stores unless it begins with `/api`.
  private static func target(_ path: String) -> String {
    path.hasPrefix("/api/") ? path : "/api/rmos/stores" + path
  }

  /// The documented path that matches a path.
  private func template(_ path: String) -> String {
    let path = String(path.prefix { $0 != "?" })
    if path.hasPrefix("/api/") {
      return path.replacing(/patterns\/[^\/]+\/details/, with: "patterns/{id}/details")
    }
    if let match = Self.matches.first(where: { path.hasPrefix($0.path.prefix { $0 != "{" }) }) {
      return match.path
    }
    let parts = path.split(separator: "/")
    if parts.starts(with: ["migration", "runs"]), parts.count > 2 {
      return "/migration/runs/{id}" + (parts.count > 3 ? "/issues" : "")
    }
    if parts.count == 3, parts[2] == "origin" { return "/\(parts[0])/{id}/origin" }
    guard parts.count == 2, parts[0] != "migration", parts[1] != "statistics" else { return path }
    return "/\(parts[0])/{id}"
  }

  /// Checks the refusals of the server itself: without the token, or for another host.
  private func holdRefusals(
    of method: String, _ path: String, against document: JSONValue,
    _ schemas: inout SchemaCheck, _ given: inout Set<String>
  ) throws {
    let policy = try AccessPolicy(port: 8000, token: "token")
    for (host, status) in [("127.0.0.1:8000", 401), ("evil.example", 421)] {
      let target = Self.target(path.replacing(/\{\w+\}/, with: "1"))
      let request = ServerRequest(
        method: method, target: target, fields: [HeaderField("Host", host)])
      let answer = try #require(policy.refusal(of: request))
      #expect(answer.status == status)
      try hold(
        answer, Exchange(status: status, method: method, path: path), against: document, &schemas,
        &given)
    }
  }

  /// The methods and paths in the document.
  private func operations(_ document: JSONValue) -> [(method: String, path: String)] {
    guard case .object(let paths)? = document["paths"] else { return [] }
    return paths.flatMap { path -> [(method: String, path: String)] in
      guard case .object(let members) = path.value else { return [] }
      return members.filter { $0.value["responses"] != nil }.map {
        ($0.name.uppercased(), path.name.replacing("/api/rmos/stores", with: ""))
      }
    }
  }

  /// Every method, path and status in the document, except `default`, which all have.
  private func documented(_ document: JSONValue) -> Set<String> {
    var all: Set<String> = []
    for (method, path) in operations(document) {
      let operation = document["paths"]?[Self.target(path)]?[method.lowercased()]
      guard case .object(let responses)? = operation?["responses"] else { continue }
      for response in responses where response.name != "default" {
        all.insert("\(method) \(path) \(response.name)")
      }
    }
    return all
  }

  @Test func theDocumentIsServed() throws {
    let text = try String(
      contentsOfFile: Fixtures.package + "/Documentation/openapi.json", encoding: .utf8)
    let fixture = try DashboardFixture(.inMemory, allowsWrites: true)
    let answer = fixture.request("GET", "/openapi.json")
    #expect(answer.status == 200)
    #expect(answer.text == text)
    #expect(answer.field("Content-Type") == "application/json")
    let tag = try #require(answer.field("ETag"))
    #expect(fixture.request("GET", "/openapi.json", ["If-None-Match": tag]).status == 304)
    #expect(fixture.request("HEAD", "/openapi.json").status == 200)
    #expect(fixture.request("GET", "/openapi.json/").field("Location") == "/openapi.json")
    #expect(fixture.request("GET", "/openapi.json?format=json").status == 422)
    for method in ["POST", "PUT", "DELETE"] {
      let refused = fixture.request(method, "/openapi.json", ["Content-Type": "application/json"])
      #expect(refused.status == 405, "\(method)")
      #expect(refused.field("Allow") == "GET, HEAD, OPTIONS")
    }
    // The URL of the server is relative, so it is valid wherever the document is served.
    #expect(try JSONValue(parsing: text)["servers"]?.text == #"[{"url":"/"}]"#)
  }

  @Test func theSecuritySchemesAreThoseOfTheServer() throws {
    let text = try String(
      contentsOfFile: Fixtures.package + "/Documentation/openapi.json", encoding: .utf8)
    let document = try JSONValue(parsing: text)
    guard case .object(let schemes)? = document["components"]?["securitySchemes"] else {
      Issue.record("no security schemes")
      return
    }
    let policy = try AccessPolicy(port: 8000, token: "token")
    let request = ServerRequest(
      method: "GET", target: "/", fields: [HeaderField("Host", "localhost:8000")])
    let asked = policy.refusal(of: request)?.fields.filter { $0.isNamed("WWW-Authenticate") }
      .compactMap {
        $0.value.split(separator: " ").first?.lowercased()
      }
    #expect(Set(schemes.compactMap { $0.value["scheme"]?.string }) == Set(asked ?? []))
    // Any one scheme suffices, and none is needed if the server has no token.
    guard case .array(let ways)? = document["security"] else { return }
    let names = ways.map { way in
      if case .object(let members) = way { members.map(\.name) } else { ["?"] }
    }
    #expect(Set(names) == Set([[]] + schemes.map { [$0.name] }))
  }
}

/// A store to which another process is writing.
private struct LockedStore: StoreWrapper {
  let base: any RecordStore
  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    throw StoreError(.locked, "another process is writing")
  }
  func checkWriting() throws -> [RMOSModels.Issue] { [] }
  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }
  func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result {
    throw StoreError(.locked, "another process is writing")
  }
}
