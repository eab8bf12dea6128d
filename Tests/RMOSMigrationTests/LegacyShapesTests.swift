import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Small trees in shapes that shops have, read without a mapping.
@Suite struct LegacyShapesTests {
  private let legacy = Fixtures.package + "/Tests/Fixtures/legacy"

  /// The expected results for one of the trees in `Fixtures/legacy`.
  struct Shape: Sendable, CustomTestStringConvertible {
    let name: String
    /// How many entities are migrated, and how many fail.
    let plain: (migrated: Int, failed: Int)
    /// The codes of all issues and how often they occur.
    let codes: [String: Int]

    var testDescription: String { name }
  }

  static let shapes = [
    Shape(name: "flat-files", plain: (3, 0), codes: [:]),
    Shape(name: "wrapper-plain", plain: (3, 0), codes: ["shape.wrapper": 3]),
    Shape(name: "api-answers", plain: (3, 0), codes: ["shape.wrapper": 3]),
    Shape(name: "table-dump", plain: (3, 0), codes: ["field.column-name": 6]),
    Shape(name: "ring-bands", plain: (0, 1), codes: ["field.missing": 2]),
    Shape(name: "pattern-model", plain: (0, 1), codes: ["field.missing": 2, "id.alias": 1]),
    Shape(name: "job-log-schema", plain: (0, 2), codes: ["field.missing": 2]),
    Shape(
      name: "saw-runs-list", plain: (0, 2),
      codes: ["field.missing": 4, "field.unknown-value": 2, "id.alias": 2, "shape.wrapper": 1]),
    Shape(
      name: "saw-runs-dict", plain: (0, 4),
      codes: ["field.missing": 12, "field.unknown-value": 1, "id.alias": 4, "shape.wrapper": 1]),
    Shape(
      name: "art-jobs", plain: (0, 1),
      codes: ["field.missing": 1, "field.type": 1]),
    Shape(name: "art-patterns", plain: (0, 2), codes: ["field.missing": 6, "field.type": 2]),
    Shape(name: "catalogue", plain: (0, 3), codes: ["field.missing": 6, "shape.wrapper": 1]),
    Shape(name: "epoch-times", plain: (0, 2), codes: ["field.format": 1, "field.type": 4]),
    Shape(name: "sandbox-families", plain: (0, 1), codes: ["field.missing": 4]),
  ]

  @Test(arguments: shapes, Backend.allCases)
  func withoutAMapping(_ shape: Shape, _ backend: Backend) throws {
    try TemporaryDirectory.use { directory in
      let store = try backend.store(in: directory)
      let source = legacy + "/" + shape.name
      var dry = Migration.Options()
      dry.isDryRun = true
      let rehearsed = try RecordedMigration(source, into: store, dry)
      let migrated = try RecordedMigration(source, into: store)
      #expect(rehearsed.issues == migrated.issues && rehearsed.outcomes == migrated.outcomes)
      let total = migrated.summary.statistics.total
      #expect(total.migrated == shape.plain.migrated && total.failed == shape.plain.failed)
      let counts = migrated.summary.issueCounts.map { ($0.key.rawValue, $0.value) }
      #expect(Dictionary(uniqueKeysWithValues: counts) == shape.codes)
      let again = try RecordedMigration(source, into: store).summary
      #expect(again.statistics.total.skipped == shape.plain.migrated)
      #expect(again.issueCounts[.duplicateIdentical, default: 0] == shape.plain.migrated)
    }
  }

  @Test func whereTheEntitiesAre() throws {
    func locators(_ name: String) throws -> [String?] {
      try RecordedMigration(legacy + "/" + name, into: InMemoryStore())
        .outcomes.map(\.locator)
    }
    #expect(try locators("flat-files") == ["fam-001", "0", "0"])
    #expect(try locators("wrapper-plain") == ["/strip_families/0", "/patterns/0", "/joblogs/0"])
    #expect(try locators("catalogue").first == "/categories/basic/0")
  }

  @Test func textsThatHoldJSONKeepTheirTokens() throws {
    let store = InMemoryStore()
    _ = try RecordedMigration(legacy + "/table-dump", into: store)
    let pattern = try #require(try store.read { try $0.record(.patterns, id: "pat-001") })
    let geometry = try #require(EntityKind.patterns.schema.position(ofMember: "geometry"))
    let rings = [(40, 60), (45, 72), (50, 84)].map {
      #"{"radius_mm":\#($0),"segments":\#($1)}"#
    }
    #expect(pattern.values[geometry] == .text(#"{"rings":[\#(rings.joined(separator: ","))]}"#))
  }
}
