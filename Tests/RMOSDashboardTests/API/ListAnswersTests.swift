import RMOSModels
import RMOSStore
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// Lists of entities over HTTP: their order, searches, filters and format.
@Suite struct ListAnswersTests {
  typealias Backend = DashboardFixture.Backend

  private func example(_ backend: Backend) throws -> DashboardFixture {
    let fixture = try DashboardFixture(backend)
    _ = try RecordedMigration(Fixtures.exampleTree, into: fixture.store)
    return fixture
  }

  private func total(_ fixture: DashboardFixture, _ path: String) throws -> Int64? {
    try fixture.get(path).json["total"]?.int64
  }

  @Test(arguments: Backend.allCases, EntityCatalog.rmos.kinds)
  func everyOrderIsThatOfTheStore(_ backend: Backend, _ kind: EntityKind) throws {
    let fixture = try example(backend)
    for name in kind.sortNames {
      let order = try #require(ListOrder(name, of: kind)).order
      let ids = try fixture.store.read {
        try $0.records(RecordQuery(kind).order(order)).map(\.id)
      }
      let path = "/\(kind.schema.pathName)?limit=500&sort=\(name)"
      guard case .array(let entities)? = try fixture.get(path).json[kind.table] else {
        Testing.Issue.record("\(path) has no list")
        continue
      }
      #expect(entities.map { $0["id"]?.string } == ids, "\(name)")
      let csv = fixture.get(path + "&format=csv")
      #expect(csv.field("Content-Type")?.hasPrefix("text/csv;") == true)
      #expect(csv.text.split(separator: "\r\n").count == ids.count + 1)
    }
  }

  @Test(arguments: Backend.allCases, EntityCatalog.rmos.kinds)
  func searchesAndFiltersFindWhatTheStoreDoes(_ backend: Backend, _ kind: EntityKind) throws {
    let fixture = try example(backend)
    let path = "/\(kind.schema.pathName)"
    for member in ListRequest.searchMembers(kind) {
      let query = RecordQuery(kind).filter(ListRequest.condition("a", in: member, kind))
      let count = try fixture.store.read { try $0.count(query) }
      #expect(try total(fixture, "\(path)?q=a&in=\(member)") == Int64(count), "\(member)")
    }
    let records = try fixture.store.read { try $0.records(RecordQuery(kind)) }
    for filter in kind.schema.presentation.filters where filter.jsonNames.isEmpty {
      let values = records.compactMap { record in
        switch record[filter.member] {
        case .text(let text): text
        case .integer(let number): String(number)
        default: nil
        }
      }
      let value = try #require(values.first)
      #expect(
        try total(fixture, "\(path)?\(filter.name)=\(value.percentEncoded)")
          == Int64(values.count { $0 == value }), "\(filter.name)")
    }
  }

  @Test(arguments: [
    "in=nonsense", "sort=nonsense", "sort=-newest", "sort=id&order=id", "order=sideways",
    "format=xml", "rings=many", "rings=-1", "limit=0", "offset=-1", "run=0", "outcome=migrated",
  ])
  func invalidParametersAreRefused(_ query: String) throws {
    #expect(try DashboardFixture(.inMemory).get("/patterns?\(query)").status == 422)
  }
}
