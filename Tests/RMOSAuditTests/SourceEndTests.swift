import RMOSAudit
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// A failure is still reported after another source was migrated.
@Suite struct SourceEndTests {
  private let store = InMemoryStore()

  private func source(_ patterns: String...) throws -> SourceTree {
    let tree = try SourceTree()
    for (number, pattern) in patterns.enumerated() {
      try tree.add("patterns/\(number).json", pattern)
    }
    return tree
  }

  private func pattern(_ id: String, rings: Int = 3) -> String {
    #"{"id": "\#(id)", "name": "N", "ring_count": \#(rings), "geometry": {"r": 1}}"#
  }

  private func migrate(_ source: SourceTree) throws {
    _ = try Migration(from: source.path, into: store).runSynchronously()
  }

  private func findings() throws -> [AuditFinding] {
    try Auditor(of: store) { $0.rules = [.failedRun] }.runSynchronously()[.failedRun]?.findings
      ?? []
  }

  @Test func anotherSourceHidesNothing() throws {
    let (bad, good) = try (source(pattern("a", rings: 0), pattern("b")), source(pattern("c")))
    try migrate(bad)
    try migrate(good)
    try migrate(good)
    let found = try findings()
    #expect(found.map(\.row) == [1])
    #expect(found.first?.message.contains("run 1, the last of its source, rejected 1 of 2") == true)
    try bad.add("patterns/0.json", pattern("a"))
    try migrate(bad)
    #expect(try findings().isEmpty)
  }

  @Test func whatWasMigratedFromACopyIsMadeGood() throws {
    let bad = try source(pattern("a", rings: 0), pattern("b", rings: 0), pattern("c"))
    try migrate(bad)
    try migrate(try source(pattern("a")))
    #expect(try findings().map(\.found) == ["2 failed"])
    try migrate(try source(pattern("b")))
    #expect(try findings().isEmpty)
    // A row from before the failed run does not make up for its failure.
    try migrate(bad)
    #expect(try findings().map(\.row) == [4])
  }

  @Test func whatFailedIsStillTheReasonOfADanglingReference() throws {
    let bad = try SourceTree(["strip_families/f.json": #"{"id": "f", "name": " "}"#])
    try store.write {
      try $0.insert(StoreSamples.record(.patterns, "p", ["strip_family_id": .text("f")]))
    }
    try migrate(bad)
    try migrate(try source(pattern("c")))
    let plan = RepairPlan(
      for: try Auditor(of: store) { $0.rules = [.missingReference] }.runSynchronously())
    #expect(plan.sql.contains("strip_families/f.json") && plan.sql.contains(bad.path))
  }

  @Test func anEmptyDirectoryIsReportedWhereThereWasSomething() throws {
    let (full, empty, good) = try (source(pattern("a")), source(), source(pattern("c")))
    try migrate(full)
    try full.remove("patterns/0.json")
    try migrate(full)
    try migrate(empty)
    #expect(try findings().map(\.row) == [3, 2])
    try migrate(good)
    // The other source may have been a mistake.
    let found = try findings()
    #expect(found.map(\.row) == [2])
    #expect(found.first?.message.contains("found nothing to read in \(full.path)") == true)
  }
}
