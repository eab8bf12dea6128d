import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

@Suite struct EntityTotalsTests {
  private func total(_ fixture: DashboardFixture, _ query: String = "") throws -> Int? {
    try fixture.send("GET", "/patterns" + query).json["total"]?.int64.map(Int.init)
  }

  @Test(arguments: DashboardFixture.Backend.allCases)
  func aTotalIsThatOfTheStoreHoweverItChanges(_ backend: DashboardFixture.Backend) throws {
    let fixture = try DashboardFixture(backend)
    #expect(try total(fixture) == 0)
    for number in 1...3 {
      try fixture.insert(sample(.patterns, "p\(number)"))
      for query in ["", "?limit=1", "?offset=9", "?order=newest"] {
        #expect(try total(fixture, query) == number)
      }
    }
    #expect(try fixture.store.write { try $0.delete(.patterns, id: "p2") })
    #expect(try total(fixture) == 2)
  }

  @Test func whatOthersCommitWhileAListIsReadIsNotMixedIn() throws {
    let fixture = try DashboardFixture(.sqlite)
    try fixture.insert(sample(.patterns, "a"))
    let totals = EntityTotals(fixture.store)
    let query = RecordQuery(.patterns)
    for isKnown in [false, true] {
      let token = fixture.store.changeToken()
      if isKnown {
        _ = try fixture.store.read { try totals.count(query, in: $0, since: token) }
      }
      let before = try fixture.store.read { try $0.count(query) }
      try fixture.store.read { reader in
        try fixture.insert(sample(.patterns, "new \(isKnown)"))
        #expect(try totals.count(query, in: reader, since: token) == before)
      }
      // Read anew under the old token.
      #expect(
        try fixture.store.read { try totals.count(query, in: $0, since: token) } == before + 1)
    }
  }
}
