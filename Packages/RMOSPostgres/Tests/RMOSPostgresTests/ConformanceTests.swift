import RMOSModels
import RMOSPostgres
import RMOSStore
import RMOSTesting
import Testing

extension ServerTests {
  @Suite("The store on PostgreSQL conforms", .serialized)
  struct ConformanceTests {
    // Without keepsNUL and keepsAnyType: PostgreSQL cannot store such values.
    private static let traits: StoreTraits = [.persistent, .backsUp, .tellsChanges, .tellsWriter]

    @Test(arguments: StoreConformance.checks(for: traits))
    func conforms(_ check: StoreConformance) throws {
      var databases: [String: TestDatabase] = [:]
      try check.run { name in
        let database = try databases[name] ?? TestDatabase()
        databases[name] = database
        return try database.store()
      }
    }
  }
}
