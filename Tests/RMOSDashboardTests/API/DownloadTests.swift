import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSTestSupport
import RMOSTesting
import Testing

@testable import RMOSDashboard

/// Downloads, which may be longer than the part that is kept in memory.
@Suite struct DownloadTests {
  private func request(_ target: String = "/", takesParts: Bool) -> ServerRequest {
    var request = ServerRequest(method: "GET", target: target)
    request.takesParts = takesParts
    return request
  }

  @Test(arguments: 0..<40)
  func theBytesAppendedAreTheBytesSent(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let size = Int.random(in: 1...20, using: &random)
    let pieces = (0..<Int.random(in: 0...30, using: &random)).map { _ in
      (0..<Int.random(in: 0...25, using: &random)).map { _ in
        UInt8.random(in: .min ... .max, using: &random)
      }
    }
    for takesParts in [true, false] {
      var file = Download(for: request(takesParts: takesParts), partSize: size)
      for piece in pieces { try file.append(piece) }
      let response = try file.body(of: .csv(name: "table"))
      #expect(takesParts || response.rest == nil)
      #expect(try response.wholeBody == pieces.flatMap { $0 })
    }
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func theStreamOfAQueryIsAllOfItsRecords(_ backend: DashboardFixture.Backend) throws {
    let fixture = try DashboardFixture(backend)
    _ = try RecordedMigration(Fixtures.exampleTree, into: fixture.store)
    let queries = [
      RecordQuery(.joblogs).order(.newestFirst),
      RecordQuery(.joblogs).filter("status", is: .text("completed"))
        .order(.member("job_type", descending: false)),
      RecordQuery(.patterns).filter("name", contains: "o").order(.member("name", descending: true)),
      RecordQuery(.stripFamilies),
    ]
    try fixture.store.read { reader in
      for base in queries {
        let all = try reader.records(base)
        for size in [1, 3, max(1, all.count - 1), all.count, all.count + 1] {
          for (limit, offset) in [
            (nil, 0), (nil, 2), (5, 0), (5, max(0, all.count - 2)), (0, 0), (all.count, 0),
            (.max, .max),
          ] {
            var query = base
            (query.limit, query.offset) = (limit, offset)
            var found: [Record] = []
            try reader.forEachRecord(matching: query, pageSize: size) { found.append($0) }
            #expect(found == Array(all.dropFirst(offset).prefix(limit ?? .max)), "\(size)")
          }
        }
      }
    }
  }

  @Test func filesArePostponedAndNothingElse() throws {
    let fixture = try DashboardFixture(.inMemory)
    try fixture.migrate(sample(.patterns, "p"), startedAt: "2025-06-01T00:00:00Z")
    for (target, isFile) in [
      ("/patterns?format=csv", true), ("/patterns?format=json", true),
      ("/api/rmos/stores/patterns?format=csv", true), ("/runs/1?format=csv", true),
      ("/api/rmos/stores/migration/runs/1/issues?format=csv", true), ("/runs?format=csv", true),
      ("/patterns", false), ("/api/rmos/stores/patterns", false), ("/", false),
      ("/api/rmos/stores/patterns?format=json", false),
    ] {
      var request = self.request(target, takesParts: true)
      #expect(!fixture.dashboard.response(to: request).isPostponed)
      request.mayBePostponed = true
      #expect(fixture.dashboard.response(to: request).isPostponed == isFile, "\(target)")
    }
  }

  @Test(arguments: [
    "/patterns?format=xml", "/patterns?format=", "/patterns?format=csv&rings=x",
    "/patterns?format=json&sort=nonsense", "/patterns?format=csv&run=7",
    "/patterns?format=csv&q=a&in=title", "/patterns?format=csv&outcome=migrated",
    "/runs?format=csv&sort=nonsense", "/runs/1?format=csv&severity=grave",
    "/runs/1?format=csv&new=perhaps",
  ])
  func aFileOfAPageRefusesInvalidValues(_ target: String) throws {
    let fixture = try DashboardFixture(.inMemory)
    _ = try RecordedMigration(Fixtures.exampleTree, into: fixture.store)
    let answer = fixture.request("GET", target)
    #expect(answer.status == 422)
    #expect(!answer.text.contains("ignored") && !answer.text.contains("the default is used"))
  }

  @Test(arguments: DashboardFixture.Backend.allCases, ["csv", "json"])
  func aLongListIsWholeHoweverItIsSent(
    _ backend: DashboardFixture.Backend, _ format: String
  ) throws {
    let fixture = try DashboardFixture(backend)
    try fixture.store.write { transaction in
      for number in 0..<5_200 {
        try transaction.insert(
          sample(.stripFamilies, "f\(number)", ["name": .text("Ebony, \(number)")]))
      }
    }
    let target = "/strip-families?format=\(format)&sort=name"
    let whole = fixture.dashboard.response(to: request(target, takesParts: false))
    let parted = fixture.dashboard.response(to: request(target, takesParts: true))
    #expect(whole.rest == nil)
    #expect(parted.rest != nil)
    #expect(try parted.wholeBody == whole.body)
    if format == "csv" {
      #expect(whole.text.split(separator: "\r\n").count == 5_201)
      // The CSV of the API has all of them too, unless the request sets a limit.
      #expect(fixture.get("/strip-families?format=csv&sort=name").body == whole.body)
      let few = fixture.get("/strip-families?format=csv&limit=2000&offset=4000")
      #expect(few.text.split(separator: "\r\n").count == 1_201)
      #expect(fixture.get("/strip-families?format=csv&limit=0").status == 422)
      #expect(fixture.get("/strip-families?limit=501").status == 422)
    } else {
      let list = try whole.json["strip_families"]
      guard case .array(let families)? = list else {
        Testing.Issue.record("no list")
        return
      }
      #expect(families.count == 5_200)
      #expect(try whole.json["total"]?.int64 == 5_200)
    }
  }
}
