import Foundation
import RMOSAnalytics
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// The responses of the analytics.
@Suite struct AnalyticsAnswersTests {
  private func fixture(_ backend: DashboardFixture.Backend) throws -> DashboardFixture {
    let fixture = try DashboardFixture(backend)
    _ = try RecordedMigration(Fixtures.exampleTree, into: fixture.store)
    return fixture
  }

  /// Returns where two JSON values differ; numbers are compared by value.
  private func differences(_ left: JSONValue?, _ right: JSONValue?, _ path: String = "") -> [String]
  {
    switch (left, right) {
    case (.object(let left), .object(let right)):
      guard left.map(\.name) == right.map(\.name) else { return ["\(path): \(left) \(right)"] }
      return zip(left, right).flatMap { differences($0.value, $1.value, path + "/" + $0.name) }
    case (.array(let left), .array(let right)) where left.count == right.count:
      return zip(left, right).enumerated().flatMap { differences($1.0, $1.1, "\(path)/\($0)") }
    case (.number(let left), .number(let right)) where left.double == right.double: return []
    default: return left == right ? [] : ["\(path): \(left?.text ?? "-") \(right?.text ?? "-")"]
    }
  }

  private func expected() throws -> JSONValue {
    try JSONValue(
      parsing: String(
        contentsOfFile: Fixtures.package + "/Tests/Fixtures/analytics/expected.json",
        encoding: .utf8))
  }

  private func get(_ fixture: DashboardFixture, _ path: String) throws -> JSONValue {
    let answer = fixture.request("GET", "/api/\(path)")
    try #require(answer.status == 200, "\(path): \(answer.status) \(answer.text)")
    let json = try answer.json
    #expect(json["success"] == .bool(true), "\(path)")
    return json
  }

  /// Only the durations of completed jobs count.
  @Test func failedJobsHaveNoDurationThatCorrelates() throws {
    let fixture = try fixture(.inMemory)
    let path = "analytics/advanced/correlation?x=job.duration_seconds&y="
    let cells = try get(fixture, path + "pattern.cells")
    #expect(cells["n"]?.int64 == 21)
    #expect(abs((cells["r"]?.double ?? 0) - 0.355) < 0.001, "\(cells)")
    let failed = try get(fixture, path + "job.failed")
    #expect(failed["r"] == .null && failed["spearman"] == .null)
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func theExampleHasTheExpectedFigures(_ backend: DashboardFixture.Backend) throws {
    let (fixture, expected) = (try fixture(backend), try expected())
    let all = try get(fixture, "rmos/analytics")
    for part in ["jobs", "materials", "patterns"] {
      #expect(differences(all[part], expected[part]) == [])
    }
    #expect(all["as_of"]?.string == DashboardFixture.now)
    #expect(all["current"] == .bool(true))

    let (jobs, materials, patterns) = (
      expected["jobs"], expected["materials"], expected["patterns"]
    )
    func same(_ path: String, _ pairs: [(String, JSONValue?)]) throws {
      let json = try get(fixture, path)
      for (member, value) in pairs {
        let found = member.split(separator: ".").reduce(Optional(json)) { $0?[String($1)] }
        #expect(differences(found, value) == [], "\(path) \(member)")
      }
    }
    let complexity = patterns?["complexity"]
    try same(
      "analytics/patterns/complexity",
      [
        ("categories.medium.count", complexity?["medium"]),
        ("categories.expert.count", complexity?["expert"]),
        ("categories.simple.score_range", .string("0-30")),
        ("avg_complexity", complexity?["mean_score"]), ("total_patterns", patterns?["total"]),
      ])
    try same(
      "analytics/patterns/rings",
      [
        ("min_rings", patterns?["rings"]?["min"]), ("max_rings", patterns?["rings"]?["max"]),
        ("avg_rings", patterns?["rings"]?["mean"]), ("median", patterns?["rings"]?["median"]),
        ("distribution", patterns?["rings"]?["histogram"]),
        ("modes", patterns?["rings"]?["modes"]),
      ])
    try same(
      "analytics/patterns/geometry",
      [("radius", patterns?["geometry"]?["radius_mm"]), ("ring_density.n", 0)])
    try same(
      "analytics/materials/inventory",
      [("total_strips", 36), ("materials_available", 8)])
    try same(
      "analytics/materials/efficiency",
      [
        (
          "by_material.Koa.avg_waste_percentage",
          materials?["waste"]?["by_material"]?["Koa"]?["mean"]
        ),
        ("by_material.Koa.success_rate", 50), ("by_material.Koa.waste_missing", 2),
      ])
    try same(
      "analytics/jobs/success-trends",
      [
        ("overall_success_rate", jobs?["success_rate"]),
        ("total_days_with_data", jobs?["throughput"]?["active_days"]),
      ])
    try same(
      "analytics/jobs/duration",
      [
        (
          "by_job_type.batch.median_seconds",
          jobs?["duration_seconds_by_type"]?["batch"]?["median"]
        ),
        ("all.p90_seconds", jobs?["duration_seconds"]?["p90"]),
      ])
    try same("analytics/jobs/status", [("distribution", jobs?["status"])])
    try same("analytics/jobs/types", [("distribution", jobs?["types"])])
    try same(
      "analytics/jobs/throughput",
      [
        ("total_jobs", jobs?["total"]),
        ("avg_jobs_per_day", jobs?["throughput"]?["finished_per_day"]),
        ("peak_day", jobs?["throughput"]?["busiest_day"]), ("months", jobs?["months"]),
      ])
    #expect(
      try get(fixture, "analytics/jobs/failures")["by_job_type"]?.elements?.first?[
        "failure_rate_low"]?
        .double == 64.56695613241317)
  }

  /// Other applications may store what RMOS refuses.
  @Test func stripFamiliesWithoutAFigureAreCounted() throws {
    let fixture = try DashboardFixture(.inMemory)
    for (id, material, width) in [
      ("a", Value.text("Ebony"), Value.real(2)), ("b", .text("Ebony"), .real(-1)),
      ("c", .text(" "), .real(-1)),
    ] {
      try fixture.insert(
        sample(.stripFamilies, id, ["material_type": material, "strip_width_mm": width]))
    }
    let distribution = try get(fixture, "analytics/materials/distribution")
    #expect(distribution["distribution"]?["Ebony"]?["percentage"]?.double == 100)
    #expect(distribution["total_families"] == 3)
    #expect(distribution["families_without_material"] == 1)
    let dimensions = try get(fixture, "analytics/materials/dimensions")
    for name in ["width", "width_mm"] {
      #expect(dimensions[name]?["n"] == 1)
      #expect(dimensions[name]?["missing"] == 2)
    }
    #expect(dimensions["thickness_mm"]?["missing"] == 0)
    #expect(dimensions["total_families"] == 3)
  }

  @Test func everyPathHasTheMembersThatOlderClientsRead() throws {
    let fixture = try fixture(.inMemory)
    let members = [
      "patterns/complexity": ["categories", "total_patterns", "avg_complexity"],
      "patterns/rings": ["min_rings", "max_rings", "avg_rings", "median", "distribution"],
      "patterns/geometry": ["radius", "segments", "ring_density"],
      "patterns/families": ["usage"], "patterns/popularity": ["top_patterns"],
      "patterns/chevron_5x7/details": ["pattern", "jobs", "duration", "waste"],
      "materials/distribution": ["distribution"], "materials/consumption": ["by_material"],
      "materials/efficiency": ["by_material"], "materials/dimensions": ["width", "thickness_mm"],
      "materials/suppliers": ["suppliers"],
      "materials/inventory": ["total_strips", "total_length_mm", "materials_available"],
      "jobs/success-trends": ["daily_trends", "overall_success_rate"],
      "jobs/duration": ["by_job_type"], "jobs/status": ["distribution"],
      "jobs/throughput": ["total_jobs", "avg_jobs_per_day", "peak_day"],
      "jobs/failures": ["by_job_type"], "jobs/types": ["distribution"],
      "jobs/recent": ["recent_jobs"],
      "advanced/correlation?x=job.duration_seconds&y=pattern.cells": ["r", "n"],
      "advanced/anomalies/durations": ["anomalies"], "advanced/anomalies/success": ["anomalies"],
    ]
    #expect(members.count == AnalyticsRoute.allCases.count - 2)
    for (path, names) in members {
      let json = try get(fixture, "analytics/\(path)")
      for name in names { #expect(json[name] != nil, "\(path): \(name)") }
    }
  }

  @Test func anEmptyStoreHasUnknownFigures() throws {
    let fixture = try DashboardFixture(.sqlite)
    let all = try get(fixture, "rmos/analytics")
    #expect(all["jobs"]?["total"] == 0)
    #expect(all["jobs"]?["success_rate"] == .null)
    for route in AnalyticsRoute.allCases where ![.details, .predict].contains(route) {
      let query = route == .correlation ? "?x=job.failed&y=pattern.cells" : ""
      _ = try get(fixture, route.rawValue + query)
    }
    #expect(try get(fixture, "analytics/jobs/throughput")["peak_day"] == .null)
    #expect(try get(fixture, "analytics/patterns/rings")["median"] == .null)
    #expect(try get(fixture, "analytics/materials/inventory")["total_length_mm"] == .null)
    let risk = fixture.predict(#"{"job_type":"slice"}"#)
    #expect(risk.status == 200)
    #expect(try risk.json["risk_percent"] == .null && risk.json["n"] == 0)
  }

  /// Nine jobs of about a minute in January and one of an hour, then nine that failed in March.
  @Test func unusualDurationsAndRatesAreListed() throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.store.write { transaction in
      try transaction.insert(
        StoreSamples.record(
          .patterns, "p", ["metadata": .text(#"{"estimated_time_min":2}"#)]))
      for number in 0..<19 {
        let hasFailed = number >= 10
        let seconds = number == 9 ? 3600 : 55 + Double(number)
        try transaction.insert(
          StoreSamples.record(
            .joblogs, "j\(number)",
            [
              "job_type": .text("slice"), "status": .text(hasFailed ? "failed" : "completed"),
              "pattern_id": .text("p"), "duration_seconds": .real(seconds),
              "end_time": .text(hasFailed ? "2025-03-31" : "2025-01-31"),
            ]))
      }
    }
    let long = try get(fixture, "analytics/advanced/anomalies/durations")["anomalies"]?.elements
    #expect(long?.map { $0["job_id"] } == ["j9"])
    #expect(long?.first?["duration_min"]?.double == 60)
    #expect(long?.first?["median_seconds"]?.double == 59.5)
    let success = try get(fixture, "analytics/advanced/anomalies/success?z=2")
    let windows = success["anomalies"]?.elements
    #expect(windows?.map { $0["window_end"]?.string } == ["2025-03-01", "2025-03-31"])
    #expect(windows?.map { $0["success_rate"]?.double } == [100, 0])
    let estimate = try get(fixture, "analytics/patterns/p/details")["estimate"]
    #expect(estimate?["estimated_minutes"]?.double == 2 && estimate?["n"] == 10)
  }

  /// Many complex patterns do not displace the simple ones from the lists.
  @Test func eachClassOfComplexityHasItsOwnList() throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.store.write { transaction in
      for number in 0..<1008 {
        try transaction.insert(
          StoreSamples.record(
            .patterns, "p\(number)",
            [
              "ring_count": .integer(number < 3 ? 1 : 20),
              "geometry": .text(#"{"rings":[{"segments":20}]}"#),
            ]))
      }
    }
    let answer = try get(fixture, "analytics/patterns/complexity")
    let counts = ["simple", "medium", "complex", "expert"].map {
      answer["categories"]?[$0]?["patterns"]?.elements?.count
    }
    #expect(counts == [3, 0, 0, 1000])
    #expect(answer["categories"]?["simple"]?["patterns"]?.elements?.first?["id"] == "p0")
    #expect(answer["omitted"] == .object([.init(name: "expert", value: 5)]))
    let all = try get(fixture, "rmos/analytics")
    #expect(all["omitted"]?["patterns.complexity.patterns"] == 8)
  }

  // MARK: Parameters

  @Test func theFilterIsApplied() throws {
    let fixture = try fixture(.sqlite)
    func jobs(_ query: String) throws -> Int64? {
      try get(fixture, "rmos/analytics?\(query)")["jobs"]?["total"]?.int64
    }
    #expect(try jobs("job_type=slice") == 7)
    #expect(try jobs("material=%20KOA") == 5)
    #expect(try jobs("pattern=chevron_5x7") == 2)
    #expect(try jobs("family=koa_08&job_type=none") == 0)
    #expect(try jobs("from=2025-01-01&to=2025-01-31") ?? 0 > 0)
    let throughput = try get(fixture, "analytics/jobs/throughput?from=2025-01-01&to=2025-01-31")
    #expect(throughput["total_days"] == 31)
    #expect(
      try get(fixture, "analytics/jobs/success-trends?days=2")["daily_trends"]?.elements?.count == 2
    )
    #expect(try get(fixture, "analytics/jobs/recent?limit=3")["count"] == 3)
  }

  @Test(arguments: [
    ("rmos/analytics?from=2025-02-30", "from"), ("rmos/analytics?to=tomorrow", "to"),
    ("rmos/analytics?from=", "from"), ("rmos/analytics?from=2025-02-02&to=2025-02-01", "from"),
    ("rmos/analytics?jobtype=slice", "jobtype"), ("rmos/analytics?family=a&family=b", "family"),
    ("analytics/patterns/rings?job_type=slice", "job_type"),
    ("analytics/jobs/success-trends?days=0", "days"), ("analytics/jobs/recent?limit=501", "limit"),
    ("analytics/advanced/anomalies/durations?z=-1", "z"),
    ("analytics/advanced/anomalies/durations?z=nan", "z"),
    ("analytics/advanced/anomalies/durations?z=0x3", "z"),
    ("analytics/advanced/anomalies/durations?z=%2B3", "z"),
    ("analytics/advanced/anomalies/durations?z=3e0", "z"),
    ("analytics/advanced/anomalies/durations?z=+3", "z"),
    ("analytics/advanced/anomalies/success?window_days=x", "window_days"),
    ("analytics/advanced/correlation?x=job.failed&y=job.success", "y"),
  ])
  func aBadParameterIsNamed(_ path: String, _ name: String) throws {
    let answer = try DashboardFixture(.inMemory).request("GET", "/api/\(path)")
    #expect(answer.status == 422, "\(answer.text)")
    #expect(answer.detail.contains("\"\(name)\""), "\(answer.detail)")
    #expect(try answer.json["success"] == .bool(false))
  }

  @Test func aCorrelationNeedsBothMeasures() throws {
    let fixture = try fixture(.inMemory)
    for query in ["", "?x=job.failed", "?y=job.failed", "?x=&y=job.failed"] {
      let answer = fixture.request("GET", "/api/analytics/advanced/correlation\(query)")
      #expect(answer.status == 400 && answer.detail.contains("pattern.complexity_score"))
    }
    let same = try get(
      fixture, "analytics/advanced/correlation?x=pattern.cells&y=pattern.cells")
    #expect(same["r"]?.double == 1 && same["n"] == 24 && same["missing"] == 0)
  }

  @Test func aPatternThatIsNotThereIs404() throws {
    let fixture = try fixture(.sqlite)
    let answer = fixture.request("GET", "/api/analytics/patterns/none/details")
    #expect(answer.status == 404 && answer.detail.contains("\"none\""))
    #expect(fixture.request("GET", "/api/analytics/patterns/none").status == 404)
    #expect(fixture.request("GET", "/api/analytics").status == 404)
    let slash = fixture.request("GET", "/api/rmos/analytics/?job_type=x")
    #expect(slash.status == 308 && slash.field("Location") == "/api/rmos/analytics?job_type=x")
  }

  // MARK: Predictions

  @Test func aPredictionIsReadingThatTakesABody() throws {
    let fixture = try fixture(.sqlite)
    let assembly = try fixture.predict(#"{"job_type":"assembly","material":" koa "}"#).json
    // 7 of 7 of the type failed: 8/9.
    let risk: Double = 100 * 8 / 9
    #expect(assembly["risk_percent"]?.double == risk)
    #expect(assembly["risk_score"]?.double == risk / 100)
    #expect(assembly["basis"]?.string == "job_type" && assembly["n"] == 7)
    #expect(assembly["advice"]?.string?.isEmpty == false)
    #expect(assembly["explanation"]?.string?.contains("7 of 7 finished jobs") == true)
    let older = fixture.predict(#"{"jobType":"slice","material":"Koa","toolDiameter":6.0}"#)
    #expect(older.status == 200)
    for (body, word) in [
      ("{}", "job_type"), ("[]", "object"), ("{", "JSON"), (#"{"job_type":1}"#, "job_type"),
      (#"{"job_type":"a","speed":1}"#, "speed"), (#"{"job_type":"a","material":3}"#, "material"),
      (#"{"job_type":"a","job_type":"b"}"#, "twice"), (#"{"job_type":"a","jobType":"b"}"#, "twice"),
    ] {
      let answer = fixture.predict(body)
      #expect(answer.status == 422 && answer.detail.contains(word), "\(body) \(answer.text)")
    }
    #expect(fixture.predict(#"{"job_type":"a"}"#, ["Content-Type": "text/plain"]).status == 415)
    #expect(fixture.predict(#"{"job_type":"a"}"#, ["Origin": "http://evil.example"]).status == 403)
    let target = "/api/analytics/advanced/predict"
    let got = fixture.request("GET", target)
    #expect(got.status == 405 && got.field("Allow") == "POST, OPTIONS")
    #expect(fixture.request("OPTIONS", target).field("Allow") == "POST, OPTIONS")
    #expect(fixture.request("POST", "/api/rmos/analytics").status == 405)
  }

  // MARK: Caching

  @Test(arguments: DashboardFixture.Backend.allCases)
  func anUnchangedAnswerIsNotSentAgain(_ backend: DashboardFixture.Backend) throws {
    let fixture = try fixture(backend)
    for route in AnalyticsRoute.allCases where ![.details, .predict].contains(route) {
      let query = route == .correlation ? "?x=job.failed&y=pattern.cells" : ""
      let target = "/api/\(route.rawValue)\(query)"
      let tag = try #require(fixture.request("GET", target).field("ETag"))
      let again = fixture.request("GET", target, ["If-None-Match": tag])
      #expect(again.status == 304 && again.body.isEmpty, "\(target)")
    }
    let tag = try #require(fixture.request("GET", "/api/rmos/analytics").field("ETag"))
    try fixture.insert(sample(.stripFamilies, "new"))
    let changed = fixture.request("GET", "/api/rmos/analytics", ["If-None-Match": tag])
    #expect(changed.status == 200)
  }

  @Test func canonicallyEquivalentFiltersAreDifferentOnes() throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.insert(
      sample(.joblogs, "j", ["job_type": .text("e\u{301}"), "pattern_id": .null]))
    for (query, total) in [("%C3%A9", 0), ("e%CC%81", 1)] {
      let json = try get(fixture, "rmos/analytics?job_type=\(query)")
      #expect(json["jobs"]?["total"] == JSONValue(integerLiteral: Int64(total)))
    }
  }
}

extension JSONValue {
  fileprivate var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }
}

extension DashboardFixture {
  /// Sends a request.
  func request(
    _ method: String, _ target: String, _ fields: [String: String] = [:], _ body: String = ""
  ) -> ServerResponse {
    dashboard.response(
      to: ServerRequest(
        method: method, target: target,
        fields: fields.sorted { $0.key < $1.key }.map { HeaderField($0.key, $0.value) },
        body: Array(body.utf8)))
  }

  /// Asks for the risk of a job.
  fileprivate func predict(_ body: String, _ fields: [String: String] = [:]) -> ServerResponse {
    request(
      "POST", "/api/analytics/advanced/predict",
      ["Content-Type": "application/json", "Host": "localhost"].merging(fields) { $1 }, body)
  }
}
