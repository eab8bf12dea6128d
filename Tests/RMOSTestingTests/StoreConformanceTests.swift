import Foundation
import RMOSStore
import RMOSTesting
import Testing

/// Both stores of the package pass all checks, which are run as another package would: with public
/// API only.
@Suite("Both stores conform")
struct StoreConformanceTests {
  static let inMemoryChecks = StoreConformance.checks(for: [
    .tellsChanges, .keepsNUL, .keepsAnyType,
  ])
  static let inFileChecks = StoreConformance.checks(for: .all)

  @Test(arguments: inMemoryChecks)
  func inMemory(_ check: StoreConformance) throws {
    try check.run { _ in InMemoryStore() }
  }

  @Test(arguments: inFileChecks)
  func sqlite(_ check: StoreConformance) throws {
    let directory = try Self.directory()
    defer { try? FileManager.default.removeItem(at: directory) }
    try check.run { name in
      try SQLiteStore(path: directory.appendingPathComponent("\(name) '%41?#é.db").path)
    }
  }

  @Test func checksHaveNamesOfTheirOwn() {
    let names = Self.inFileChecks.map(\.description)
    #expect(Set(names).count == names.count)
    #expect(Self.inMemoryChecks.count < names.count)
  }

  private static func directory() throws -> URL {
    // In memory if possible, since most checks would spend their time waiting for the disk.
    let memory = "/dev/shm"
    let parent =
      FileManager.default.isWritableFile(atPath: memory)
      ? URL(fileURLWithPath: memory) : FileManager.default.temporaryDirectory
    let directory = parent.appendingPathComponent("rmos-conformance-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    return directory
  }
}
