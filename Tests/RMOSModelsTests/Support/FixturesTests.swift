import Foundation
import RMOSModels
import RMOSTestSupport
import Testing

@Suite struct FixturesTests {
  @Test func everyConformanceCaseIsRead() throws {
    let directories = try FileManager.default.contentsOfDirectory(atPath: Fixtures.conformance)
      .filter { !$0.contains(".") }
    #expect(Fixtures.conformanceCases.map(\.name) == directories.sorted())
    #expect(Fixtures.conformanceCases.count == 23)
    for expected in Fixtures.conformanceCases {
      #expect(expected.outcomes.count == expected.statistics.total.found, "\(expected)")
      #expect(FileManager.default.fileExists(atPath: expected.source))
    }
  }

  @Test func expectedValuesHaveTheTypeOfTheirColumn() throws {
    let seed = try #require(Fixtures.conformanceCases.first { $0.name == "seed-sample" })
    #expect(seed.rows.first?.columns["duration_seconds"] == .real(2700))
    let types = try #require(Fixtures.conformanceCases.first { $0.name == "field-types" })
    #expect(types.rows.contains { $0.columns["ring_count"] == .integer(3) })
    let lines = try #require(Fixtures.conformanceCases.first { $0.name == "json-lines" })
    #expect(lines.outcomes.allSatisfy { $0.locator != nil })
  }

  @Test func databasesOfFourVersionsAndTheExampleAreThere() throws {
    for version in 1...4 {
      try TemporaryDirectory.use { directory in
        let copy = try Fixtures.copyDatabase(version: version, into: directory)
        let header = try Data(contentsOf: URL(fileURLWithPath: copy)).prefix(15)
        #expect(String(decoding: header, as: UTF8.self) == "SQLite format 3")
      }
    }
    for kind in EntityKind.allCases {
      #expect(FileManager.default.fileExists(atPath: Fixtures.exampleTree + "/" + kind.rawValue))
    }
  }
}
