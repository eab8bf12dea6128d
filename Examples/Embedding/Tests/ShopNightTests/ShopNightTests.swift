import RMOS
import ShopNight
import Testing

@Suite("A night with an in-memory store")
struct ShopNightTests {
  /// The source that comes with RMOS.
  static let source: String = {
    var path = #filePath.split(separator: "/").dropLast(5)
    path += ["Examples", "rmos_legacy"]
    return "/" + path.joined(separator: "/")
  }()

  @Test("All entities are migrated, and nothing needs attention")
  func allComesOver() async throws {
    let store = InMemoryStore()
    let result = try await ShopNight(from: Self.source, into: store).run { _ in }
    #expect(result.summary.statistics.total.migrated == 72)
    #expect(!result.needsAttention)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 24)
    #expect(result.page.hasPrefix("<!DOCTYPE html>"))
  }

  @Test("An invalid row is found")
  func brokenRow() async throws {
    let store = InMemoryStore()
    let night = ShopNight(from: Self.source, into: store)
    _ = try await night.run { _ in }
    try store.write { transaction in
      let broken = try transaction.records(RecordQuery(.patterns, limit: 1)).first
      guard var broken else { return }
      broken["ring_count"] = .integer(0)
      #expect(try transaction.update(broken))
    }
    let result = try await night.run { _ in }
    #expect(result.needsAttention)
    #expect(result.audit.findings.map(\.code) == ["field.range"])
  }
}
