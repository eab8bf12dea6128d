@testable import RMOSDashboard
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite struct EntityAnswersTests {
  typealias Backend = DashboardFixture.Backend

  static func pattern(_ id: String, _ day: Int = 1, _ more: [String: Value] = [:]) -> Record {
    let date = "2025-01-\(day < 10 ? "0" : "")\(day)"
    return sample(.patterns, id, ["created_at": .text(date)].merging(more) { $1 })
  }

  @Test(arguments: Backend.allCases)
  func anEntityIsTheContractsJSON(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.insert(
      sample(.stripFamilies, "f1", ["strip_width_mm": .real(2)]),
      sample(
        .patterns, "p 1/ä",
        ["geometry": .text(#"{"a":1.50,"b":[1E2]}"#), "strip_family_id": .text("f1")]),
      sample(.joblogs, "j1", ["results": .null, "duration_seconds": .null]))
    #expect(
      fixture.get("/strip-families/f1").text == """
        {"success":true,"strip_family":{"id":"f1","name":"name of f1","strip_width_mm":2.0,\
        "strip_thickness_mm":1.25,"material_type":"material_type of f1","strips":[1],\
        "created_at":"2025-01-02T03:04:05Z","updated_at":"2025-01-02T03:04:05Z",\
        "metadata":{"a":1.0}}}

        """)
    #expect(
      fixture.get("/patterns/p%201%2F%C3%A4").text == """
        {"success":true,"pattern":{"id":"p 1/ä","name":"name of p 1/ä","ring_count":7,\
        "geometry":{"a":1.50,"b":[1E2]},"strip_family_id":"f1",\
        "created_at":"2025-01-02T03:04:05Z","updated_at":"2025-01-02T03:04:05Z",\
        "metadata":{"a":1.0},"pattern_type":"pattern_type of p 1/ä",\
        "rosette_geometry":{"a":1.0}}}

        """)
    #expect(
      fixture.get("/joblogs/j1").text == """
        {"success":true,"joblog":{"id":"j1","job_type":"slice","pattern_id":null,\
        "strip_family_id":null,"status":"pending","start_time":"2025-01-02T03:04:05Z",\
        "end_time":"2025-01-02T03:04:05Z","duration_seconds":null,"parameters":{"a":1.0},\
        "results":null,"created_at":"2025-01-02T03:04:05Z","updated_at":"2025-01-02T03:04:05Z"}}

        """)
  }

  @Test(arguments: Backend.allCases)
  func listsArePaged(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    for number in 1...9 { try fixture.insert(Self.pattern("p\(number)", 10 - number)) }
    func ids(_ query: String) throws -> ([String], Int64?) {
      let json = try fixture.get("/patterns\(query)").json
      guard case .array(let patterns)? = json["patterns"] else { return ([], nil) }
      return (patterns.compactMap { $0["id"]?.string }, json["total"]?.int64)
    }
    #expect(try ids("") == ((1...9).map { "p\($0)" }, 9))
    #expect(try ids("?limit=2") == (["p1", "p2"], 9))
    #expect(try ids("?limit=3&offset=7") == (["p8", "p9"], 9))
    #expect(try ids("?offset=9") == ([], 9))
    #expect(try ids("?offset=9223372036854775807") == ([], 9))
    #expect(
      fixture.get("/joblogs").text == #"{"success":true,"joblogs":[],"total":0}"# + "\n")
    #expect(
      fixture.get("/strip-families").text
        == #"{"success":true,"strip_families":[],"total":0}"# + "\n")
  }

  @Test(arguments: Backend.allCases)
  func jobLogsComeNewestFirstAndTheOthersById(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    for (number, day) in [(1, 2), (2, 3), (3, 1)] {
      for kind in EntityCatalog.rmos.kinds {
        try fixture.insert(
          sample(kind, "x\(number)", ["created_at": .text("2025-01-0\(day)")]))
      }
    }
    let (byID, newest) = (["x1", "x2", "x3"], ["x2", "x1", "x3"])
    for (path, kind, filter) in [
      ("/patterns", EntityKind.patterns, "/search/name/x"),
      ("/strip-families", .stripFamilies, "/search/name/x"),
      ("/joblogs", .joblogs, "/filter/type/slice"),
    ] {
      func ids(_ query: String) throws -> [String] {
        let json = try fixture.get(path + query).json
        guard case .array(let entities)? = json[kind.rawValue] else { return [] }
        return entities.compactMap { $0["id"]?.string }
      }
      for part in ["", filter] {
        #expect(try ids(part) == (kind == .joblogs ? newest : byID))
        #expect(try ids(part + "?order=newest") == newest)
        #expect(try ids(part + "?order=id") == byID)
      }
    }
  }

  @Test(arguments: [
    "limit=0", "limit=501", "limit=x", "offset=-1", "offset=9223372036854775808", "order=name",
    "limit=1&limit=2",
  ])
  func parametersOutOfRangeAreRefused(_ query: String) throws {
    let fixture = try DashboardFixture(.inMemory)
    for path in ["/patterns", "/patterns/search/name/a", "/joblogs/filter/status/failed"] {
      let answer = fixture.get("\(path)?\(query)")
      #expect(answer.status == 422, "\(path)")
      #expect(try answer.json["success"] == .bool(false))
    }
  }

  @Test(arguments: Backend.allCases)
  func searchesTakeTheTextLiterally(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.insert(
      Self.pattern("p1", 1, ["name": .text("Rope 100% fine")]),
      Self.pattern("p2", 2, ["name": .text("rope_2")]),
      Self.pattern("p3", 3, ["name": .text("Ébène/bois")]))
    func ids(_ text: String) throws -> [String] {
      let json = try fixture.get("/patterns/search/name/\(text)").json
      guard case .array(let patterns)? = json["patterns"] else { return [] }
      #expect(json["count"]?.int64 == Int64(patterns.count))
      return patterns.compactMap { $0["id"]?.string }
    }
    #expect(try ids("ROPE") == ["p1", "p2"])
    #expect(try ids("%25") == ["p1"])
    #expect(try ids("e_2") == ["p2"])
    #expect(try ids("ne%2Fb") == ["p3"])
    #expect(try ids("%C3%89b") == ["p3"])
    #expect(try ids("nothing") == [])
    #expect(try ids("") == ["p1", "p2", "p3"])
  }

  @Test(arguments: Backend.allCases)
  func filtersCompareExactly(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.insert(
      sample(.stripFamilies, "f1", ["material_type": .text("Ebony")]),
      sample(.stripFamilies, "f2", ["material_type": .text("ebony")]),
      Self.pattern("p1", 1, ["ring_count": .integer(3)]),
      Self.pattern("p2", 2, ["ring_count": .integer(30)]),
      sample(.joblogs, "j1", ["status": .text("failed"), "pattern_id": .text("p1")]),
      sample(.joblogs, "j2", ["status": .text("planned"), "job_type": .text("batch")]))
    func ids(_ path: String) throws -> [String] {
      let json = try fixture.get(path).json
      guard case .object(let members) = json, members.count == 3,
        case .array(let entities) = members[1].value
      else { return ["?"] }
      #expect(json["count"]?.int64 == Int64(entities.count))
      return entities.compactMap { $0["id"]?.string }
    }
    #expect(try ids("/strip-families/filter/material/Ebony") == ["f1"])
    #expect(try ids("/strip-families/search/name/of") == ["f1", "f2"])
    #expect(try ids("/patterns/filter/rings/3") == ["p1"])
    #expect(try ids("/joblogs/filter/status/failed") == ["j1"])
    #expect(try ids("/joblogs/filter/pattern/p1") == ["j1"])
    #expect(try ids("/joblogs/filter/type/batch") == ["j2"])
    #expect(try ids("/joblogs/filter/type/none") == [])
    #expect(fixture.get("/patterns/filter/rings/three").status == 422)
  }

  @Test func aCutSearchSaysHowManyThereAre() throws {
    let fixture = try DashboardFixture(.inMemory)
    for number in 1...4 { try fixture.insert(Self.pattern("p\(number)")) }
    let json = try fixture.get("/patterns/search/name/name?limit=3").json
    #expect(json["patterns"]?[2] != nil && json["patterns"]?[3] == nil)
    #expect(json["count"]?.int64 == 4)
  }

  @Test(arguments: Backend.allCases)
  func statisticsAreTheContractsJSON(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    #expect(
      fixture.get("/patterns/statistics").text == """
        {"success":true,"statistics":{"total_count":0,"avg_ring_count":null,\
        "min_ring_count":null,"max_ring_count":null,"unique_families":0}}

        """)
    try fixture.insert(
      sample(
        .stripFamilies, "f1",
        ["strip_width_mm": .real(2), "material_type": .text("Ebony")]),
      sample(
        .stripFamilies, "f2",
        ["strip_width_mm": .real(3), "material_type": .text("Holly")]),
      sample(
        .stripFamilies, "f3",
        ["strip_width_mm": .real(4), "material_type": .text("Ebony")]),
      Self.pattern("p1", 1, ["ring_count": .integer(3), "strip_family_id": .text("f1")]),
      Self.pattern("p2", 1, ["ring_count": .integer(4), "strip_family_id": .text("f1")]),
      Self.pattern("p3", 1, ["ring_count": .integer(8)]))
    for (id, status, duration) in [
      ("j1", "completed", Value.real(10)), ("j2", "completed", .real(20)),
      ("j3", "failed", .null), ("j4", "pending", .null),
    ] {
      try fixture.insert(
        sample(.joblogs, id, ["status": .text(status), "duration_seconds": duration]))
    }
    #expect(
      fixture.get("/patterns/statistics").text == """
        {"success":true,"statistics":{"total_count":3,"avg_ring_count":5.0,\
        "min_ring_count":3,"max_ring_count":8,"unique_families":1}}

        """)
    #expect(
      fixture.get("/strip-families/statistics").text == """
        {"success":true,"statistics":{"total_count":3,"unique_materials":2,"avg_width_mm":3.0,\
        "avg_thickness_mm":1.25,"min_width_mm":2.0,"max_width_mm":4.0,\
        "material_counts":{"Ebony":2,"Holly":1}}}

        """)
    #expect(
      fixture.get("/joblogs/statistics").text == """
        {"success":true,"statistics":{"total_count":4,\
        "status_counts":{"completed":2,"failed":1,"pending":1},\
        "job_type_counts":{"slice":4},"avg_duration_seconds":15.0,\
        "success_rate":\(100.0 * 2 / 3)}}

        """)
  }

  @Test(arguments: ["/patterns", "/patterns/filter"])
  func aRefusalNamesTheParameterThatWasSent(_ path: String) throws {
    let fixture = try DashboardFixture(.inMemory)
    let answer = fixture.get(path == "/patterns" ? "\(path)?rings=abc" : "\(path)/rings/abc")
    #expect(answer.status == 422 && answer.detail.hasPrefix("\"rings\" must be"), "\(answer.text)")
  }

  /// `*` stands for the current state, which a missing entity does not have.
  @Test(arguments: Backend.allCases)
  func aMissingEntityIsNotFoundWhateverTheCondition(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.insert(Self.pattern("p"))
    for (path, status) in [
      ("/patterns/none", 404), ("/patterns/none/origin", 404), ("/migration/runs/77", 404),
      ("/migration/runs/77/issues", 404), ("/patterns/p", 304), ("/patterns/p/origin", 304),
      ("/patterns", 304),
    ] {
      #expect(fixture.get(path, ["If-None-Match": "*"]).status == status, "\(path)")
    }
  }

  @Test(arguments: Backend.allCases)
  func anIntegerStaysOneHoweverLarge(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    let numbers = [Int64.max, 9_007_199_254_740_993]
    for number in numbers {
      try fixture.insert(Self.pattern("p\(number)", 1, ["ring_count": .integer(number)]))
    }
    let figures = try #require(try fixture.get("/patterns/statistics").json["statistics"])
    #expect(figures["max_ring_count"]?.text == "9223372036854775807")
    #expect(figures["min_ring_count"]?.text == "9007199254740993")
  }

  /// The row was changed by another application, not by a run.
  @Test(arguments: Backend.allCases)
  func aRowThatSomethingElseChangedIsEdited(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.migrate(Self.pattern("p"), startedAt: "2025-06-01T00:00:00Z")
    #expect(try fixture.get("/patterns/p/origin").json["edited_since"]?.bool == false)
    try fixture.store.write { transaction in
      _ = try transaction.update(Self.pattern("p", 1, ["name": .text("Edited")]))
    }
    let origin = try fixture.get("/patterns/p/origin").json
    #expect(origin["origin"]?["changed_since_run"]?.bool == true)
    #expect(origin["edited_since"]?.bool == true)
    #expect(origin["changes"] == .array([]))
  }

  /// The figures of the analytics leave out the same values.
  @Test(arguments: Backend.allCases)
  func numbersThatNoRowMayHaveAreNotCounted(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    let counts: [Value] = [
      .integer(3), .real(5), .real(.infinity), .integer(-3), .integer(0), .real(2.5),
      .text("abc"), .null,
    ]
    for (number, count) in counts.enumerated() {
      var changes = ["ring_count": count]
      // The column does not allow NULL.
      if count == .null { changes["ring_count"] = .blob([1]) }
      try fixture.insert(Self.pattern("p\(number)", 1, changes))
    }
    let patterns = try #require(try fixture.get("/patterns/statistics").json["statistics"])
    #expect(patterns["total_count"]?.int64 == 8)
    let figures = try fixture.request("GET", "/api/analytics/patterns/rings").json
    for (one, other, value) in [
      ("avg_ring_count", "avg_rings", 4.0), ("min_ring_count", "min_rings", 3),
      ("max_ring_count", "max_rings", 5),
    ] {
      #expect(patterns[one]?.double == value && figures[other]?.double == value, "\(one)")
    }
    for (number, width) in [2.0, 4, .infinity, -.infinity, -1].enumerated() {
      try fixture.insert(sample(.stripFamilies, "f\(number)", ["strip_width_mm": .real(width)]))
    }
    let families = try #require(try fixture.get("/strip-families/statistics").json["statistics"])
    #expect(families["avg_width_mm"]?.double == 3)
    #expect(families["min_width_mm"]?.double == 2 && families["max_width_mm"]?.double == 4)
  }

  @Test(arguments: Backend.allCases)
  func damagedRowsDoNotBreakAnAnswer(_ backend: Backend) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.insert(
      sample(
        .patterns, "p1",
        [
          "geometry": .text("{not json"), "metadata": .blob([1, 2]), "name": .blob([3]),
          "ring_count": .text("many"), "rosette_geometry": .text(" [1, 2] "),
        ]))
    let pattern = try #require(try fixture.get("/patterns/p1").json["pattern"])
    #expect(pattern["geometry"] == .string("{not json"))
    #expect(pattern["metadata"] == .null)
    #expect(pattern["name"] == .null)
    #expect(pattern["ring_count"] == .string("many"))
    #expect(pattern["rosette_geometry"]?[1]?.int64 == 2)
    #expect(fixture.get("/patterns").status == 200)
    #expect(fixture.get("/patterns/statistics").text.contains(#""avg_ring_count":null"#))
    #expect(fixture.get("/migration/status").status == 200)
  }

  @Test func anEntityNamedStatisticsIsReachedPercentEncoded() throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.insert(Self.pattern("statistics"))
    #expect(try fixture.get("/patterns/statistics").json["statistics"] != nil)
    #expect(
      try fixture.get("/patterns/%73tatistics").json["pattern"]?["id"]?.string == "statistics")
  }
}

@Suite struct RequestTargetParametersTests {
  @Test func aPageTakesTheLastOfAParameter() throws {
    let target = try RequestTarget("/patterns/?q=a&q=last")
    #expect(target.pagePath == ["patterns"])
    #expect(target["q"] == "last")
    #expect(target["other"] == nil)
    #expect(try RequestTarget("/a+b").pagePath == ["a+b"])
  }
}
