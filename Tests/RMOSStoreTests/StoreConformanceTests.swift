import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite("Both stores conform")
struct StoreConformanceTests {
  @Test(arguments: StoreConformance.all)
  func inMemory(_ check: StoreConformance) throws {
    try check.run { InMemoryStore() }
  }

  @Test(arguments: StoreConformance.all)
  func sqlite(_ check: StoreConformance) throws {
    let directory = try TemporaryDirectory()
    try check.run { try SQLiteStore(path: directory.file("rmos '%41?#é.db")) }
  }
}
