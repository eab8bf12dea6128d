import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// The ledger over HTTP.
@Suite struct RunsAnswersTests {
  typealias Backend = DashboardFixture.Backend

  private static let runs = "/migration/runs"

  private func elements(_ value: JSONValue?) -> [JSONValue] {
    if case .array(let elements)? = value { elements } else { [] }
  }

  private func numbers(_ answer: ServerResponse) throws -> [Int64?] {
    elements(try answer.json["runs"]).map { $0["id"]?.int64 }
  }

  @Test(arguments: Backend.allCases)
  func runsArePagedAndSorted(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.store.write { transaction in
      for (index, source) in ["b", "c", "a"].enumerated() {
        var run = StoreSamples.run()
        run.source = source
        run.id = try transaction.beginRun(run)
        run.state = .completed
        run.statistics[.patterns].failed = index == 1 ? 9 : 0
        if index == 2 { (run.failedNew, run.failedKnown) = (1, 0) }
        try transaction.updateRun(run)
      }
    }
    let all = fixture.get(Self.runs)
    #expect(try numbers(all) == [3, 2, 1])
    #expect(try all.json["total"]?.int64 == 3)
    #expect(try numbers(fixture.get(Self.runs + "?limit=1&offset=1")) == [2])
    #expect(try numbers(fixture.get(Self.runs + "?offset=3")) == [])
    #expect(try numbers(fixture.get(Self.runs + "?sort=source")) == [3, 1, 2])
    #expect(try numbers(fixture.get(Self.runs + "?sort=-failed&limit=2")) == [2, 3])
    // Missing values come last in both directions.
    #expect(try numbers(fixture.get(Self.runs + "?sort=new")) == [3, 2, 1])
    #expect(try numbers(fixture.get(Self.runs + "?sort=-new")) == [3, 2, 1])
    for order in RunOrder.names {
      let answer = fixture.get(Self.runs + "?sort=\(order)")
      #expect(try numbers(answer).count == 3, "\(order)")
    }
    let csv = fixture.get(Self.runs + "?format=csv&sort=run").text.split(separator: "\r\n")
    #expect(csv.count == 4)
    #expect(
      csv[0] == "run,command,state,failed,new,known,found,migrated,updated,skipped,started,"
        + "duration,source,who,undone_by")
    #expect(csv[2].hasPrefix("2,migrate,completed with failures,"))
    for wrong in ["?limit=0", "?limit=501", "?sort=nonsense", "?format=xml", "?state=failed"] {
      #expect(fixture.get(Self.runs + wrong).status == 422, "\(wrong)")
    }
  }

  @Test(arguments: Backend.allCases)
  func aRunIsAsInListsAndInItsReport(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    let summary = try MessyShop().migrate(into: fixture.store)
    let answer = try fixture.get(Self.runs + "/1").json["run"]
    let report = try JSONValue(parsing: MigrationReport(of: summary).json)
    #expect(try fixture.get(Self.runs).json["runs"] == answer.map { .array([$0]) })
    for member in ["summary", "entities", "issue_counts", "not_read", "kept_aside"] {
      #expect(answer?[member] != nil && answer?[member] == report[member], "\(member)")
    }
    for member in ["id", "ending", "source", "started_at", "tool_version", "options"] {
      #expect(answer?[member] != nil && answer?[member] == report["run"]?[member], "\(member)")
    }
    #expect(answer?["user"]?.string != nil)
  }

  @Test(arguments: Backend.allCases)
  func issuesPageThroughToTheSameListAsTheReport(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    let summary = try MessyShop().migrate(into: fixture.store)
    let report = try JSONValue(parsing: MigrationReport(of: summary).json)
    let expected = elements(report["issues"])
    #expect(expected.count > 60)
    func pages(_ filter: String, _ limit: Int = 7) throws -> [JSONValue] {
      var found: [JSONValue] = []
      while true {
        let answer = fixture.get(
          "\(Self.runs)/1/issues?limit=\(limit)&offset=\(found.count)\(filter)")
        // There is no earlier run, so the report does not distinguish new failures.
        let page = elements(try answer.json["issues"]).map { $0.without("new") }
        if page.isEmpty {
          #expect(try answer.json["total"]?.int64 == Int64(found.count))
          return found
        }
        found += page
      }
    }
    #expect(try pages("") == expected)
    for severity in ["error", "warning", "info"] {
      #expect(
        try pages("&severity=\(severity)") == expected.filter { $0["severity"]?.string == severity }
      )
    }
    let codes = Set(expected.compactMap { $0["code"]?.string })
    #expect(codes.count > 3)
    for code in codes {
      #expect(
        try pages("&code=\(code)&severity=error", 500)
          == expected.filter {
            $0["code"]?.string == code && $0["severity"]?.string == "error"
          })
    }
    for isNew in [true, false] {
      let issues = try fixture.store.read { try $0.issues(ofRun: 1) }
      #expect(try pages("&new=\(isNew)").count == issues.filter { $0.isNew == isNew }.count)
    }
    #expect(try pages("&code=none") == [])
    for kind in EntityCatalog.rmos.kinds {
      let name = kind.rawValue
      #expect(try pages("&kind=\(name)") == expected.filter { $0["kind"]?.string == name })
    }
    let csv = fixture.get("\(Self.runs)/1/issues?format=csv&limit=500").text
    #expect(
      csv.hasPrefix("severity,code,kind,id,source,locator,line,column,offset,pointer,message"))
  }

  @Test(arguments: Backend.allCases)
  func aTableOfIssuesHasAllOfThemHoweverItIsSent(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.store.write { transaction in
      let run = try transaction.beginRun(StoreSamples.run())
      try transaction.appendIssues(
        (0..<6203).map { number in
          RMOSModels.Issue(
            severity: number % 3 == 0 ? .warning : .error, code: .fieldMissing, id: "i\(number)",
            message: "missing, \(number)")
        }, run: run)
    }
    let path = "\(Self.runs)/1/issues?format=csv"
    func lines(_ text: String) -> [Substring] { text.split(separator: "\r\n") }
    let whole = fixture.get(path).text
    #expect(lines(whole).count == 6204)
    #expect(lines(whole).last?.contains(",i6202,") == true)
    #expect(lines(fixture.get(path + "&severity=error").text).count == 4136)
    #expect(lines(fixture.get(path + "&limit=2&offset=6201").text).count == 3)
    #expect(lines(fixture.get(path + "&limit=900").text).count == 901)
    #expect(lines(fixture.get(path + "&offset=\(Int.max)").text).count == 1)
    #expect(fixture.request("GET", "/runs/1?format=csv").text == whole)
    // In parts, the result is the same.
    var request = ServerRequest(method: "GET", target: "/runs/1?format=csv")
    request.takesParts = true
    let answer = fixture.dashboard.response(to: request)
    #expect(answer.body.count <= Download.partSize)
    #expect(try answer.wholeBody == Array(whole.utf8))
    #expect(
      try CSV.issues(IssueQuery(run: 2), in: fixture.store, for: .init(method: "GET", target: "/"))
        == nil)
  }

  @Test(arguments: Backend.allCases)
  func listsCanBeRestrictedToWhatARunDid(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend, allowsWrites: true)
    let shop = try MessyShop()
    try shop.nights(fixture)
    func ids(_ query: String) throws -> [String?] {
      let answer = fixture.get("/joblogs?\(query)&limit=500&sort=id")
      #expect(answer.status == 200, "\(query)")
      return elements(try answer.json["joblogs"]).map { $0["id"]?.string }
    }
    for run in try fixture.store.read({ try $0.runs(limit: nil) }) where run.undoneBy == nil {
      let counts = run.statistics[.joblogs]
      #expect(try ids("run=\(run.id)&outcome=migrated").count == counts.migrated)
      #expect(try ids("run=\(run.id)&outcome=updated").count == counts.updated)
      #expect(try ids("run=\(run.id)").count == counts.migrated + counts.updated)
      if run.isMigration {
        #expect(try ids("run=\(run.id)&outcome=skipped").count == counts.skipped, "\(run.id)")
        let there = counts.found - counts.failed
        #expect(try ids("run=\(run.id)&outcome=found").count == there, "\(run.id)")
      }
    }
    #expect(try ids("run=3") == [], "it was undone")
    #expect(try ids("run=6&outcome=updated") == ["j0"])
    // The other conditions of the list apply too.
    #expect(try ids("run=1&q=j2").allSatisfy { $0?.hasPrefix("j2") == true })
    for wrong in ["run=99", "run=x", "run=0", "run=1&outcome=failed", "outcome=migrated"] {
      #expect(fixture.get("/joblogs?\(wrong)").status == 422, "\(wrong)")
    }
    // The page says which parameters are ignored.
    func page(_ query: String) -> String { fixture.request("GET", "/joblogs?\(query)").text }
    #expect(page("run=99").contains("no run 99"))
    #expect(page("run=1&outcome=failed").contains("is none of"))
    #expect(page("run=3&outcome=migrated").contains("was undone by <a href=\"/runs/4\">run 4</a>"))
    #expect(page("run=6&outcome=updated").contains("updated by run 6"))
    #expect(page("run=2&outcome=skipped").contains("does not record which"))
    #expect(
      page("run=2&outcome=found").contains(
        "kind=joblogs#issues\">failed</a> are not in the database"))
    // A search keeps the run.
    #expect(page("run=1&outcome=migrated").contains("name=\"outcome\" value=\"migrated\""))
    #expect(page("run=1&outcome=migrated").contains("&amp;outcome=migrated"))
  }

  @Test(arguments: Backend.allCases)
  func unknownRunsAndParametersAreRefused(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.store.write { _ = try $0.beginRun(StoreSamples.run()) }
    for path in ["/2", "/0", "/-1", "/x", "/99999999999999999999", "/2/issues", "/x/issues"] {
      #expect(fixture.get(Self.runs + path).status == 404, "\(path)")
    }
    for path in ["/1/none", "/1/issues/2"] {
      #expect(fixture.get(Self.runs + path).status == 404, "\(path)")
    }
    for query in [
      "severity=bad", "new=1", "limit=0", "offset=-1", "kind=pattern", "code=a&code=b",
    ] {
      let answer = fixture.get("\(Self.runs)/1/issues?\(query)")
      #expect(answer.status == 422, "\(query)")
      #expect(answer.detail.contains("\"\(query.prefix { $0 != "=" })\""), "\(answer.detail)")
    }
    #expect(fixture.get(Self.runs + "/1?limit=3").status == 422)
    let empty = fixture.get(Self.runs + "/1/issues")
    #expect(try empty.json["total"]?.int64 == 0)
    for path in ["", "/1", "/1/issues"] {
      #expect(fixture.send("HEAD", Self.runs + path).status == 200)
      #expect(fixture.send("OPTIONS", Self.runs + path).field("Allow") == "GET, HEAD, OPTIONS")
      #expect(fixture.send("POST", Self.runs + path).status == 405)
      #expect(fixture.get(Self.runs + path + "/").status == 308)
    }
  }

  @Test(arguments: Backend.allCases)
  func anUnchangedStateIsNotSentAgain(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.migrate(sample(.patterns, "p"), startedAt: "2026-01-01T00:00:00Z")
    for path in ["", "/1", "/1/issues"] {
      let tag = try #require(fixture.get(Self.runs + path).field("ETag"))
      #expect(fixture.get(Self.runs + path, ["If-None-Match": tag]).status == 304, "\(path)")
      try fixture.store.write { transaction in
        var run = try #require(try transaction.run(1))
        run.seconds += 1
        try transaction.updateRun(run)
        try transaction.appendIssues(
          [RMOSModels.Issue(severity: .error, code: .fieldMissing, message: "more")], run: 1)
      }
      #expect(fixture.get(Self.runs + path, ["If-None-Match": tag]).status == 200, "\(path)")
    }
  }

  @Test func aRunWhoseProcessDiedIsInterrupted() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fixture.store.write { _ = try $0.beginRun(StoreSamples.run()) }
    #expect(try fixture.get(Self.runs + "/1").json["run"]?["state"]?.string == "interrupted")
    #expect(
      try fixture.get(Self.runs).json["runs"]?.elements.first?["state"]?.string == "interrupted")
    let meanwhile = try fixture.store.withExclusiveWriter { fixture.get(Self.runs + "/1") }
    #expect(try meanwhile.json["run"]?["state"]?.string == "running")
    // There is one writer, and it writes the newest run.
    try fixture.store.write { _ = try $0.beginRun(StoreSamples.run()) }
    try fixture.store.withExclusiveWriter { () throws -> Void in
      for (run, state) in [("1", "interrupted"), ("2", "running")] {
        #expect(
          try fixture.get(Self.runs + "/" + run).json["run"]?["state"]?.string == state, "\(run)")
      }
      #expect(try MigrationReport(ofRun: 1, in: fixture.store).run?.ending == .interrupted)
      #expect(try StoreStatus(of: fixture.store).currentRun?.id == 2)
    }
  }
}

extension JSONValue {
  fileprivate func without(_ name: String) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.name != name })
  }

  fileprivate var elements: [JSONValue] {
    if case .array(let elements) = self { elements } else { [] }
  }
}
