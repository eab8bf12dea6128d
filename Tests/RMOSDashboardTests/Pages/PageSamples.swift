import Foundation
import RMOSAudit
import RMOSHTTP
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// Stores, values and pages for tests.
enum PageSamples {
  /// Texts that a page must show as text, such as markup and control characters.
  static let hostile = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
    "javascript:alert(1)", "a/b", "a%2Fb", "..", ".", "../../etc/passwd", "?q=1#x", "%", "+ +",
    "\u{202e}gnp.exe", "\u{0}\u{1b}[31m\r\n", "</title></style></script><!--", "&lt;b&gt;&amp;",
    "ringel\u{0301}\u{0301}\u{0301} 🎸👩🏽‍🔧", "日本語/パターン", " ", "\u{200d}", "{{x}}${x}`x`",
    String(repeating: "é", count: 1500), String(repeating: "x", count: 4_000), "-", "statistics",
  ]

  /// A store with an entity of each kind for every text, as id and name.
  static func hostileStore() throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction in
      for text in hostile {
        for kind in EntityCatalog.rmos.kinds {
          var changes: [String: Value] = ["id": .text(text), "created_at": .text(text)]
          for field in kind.schema.fields {
            switch field.type {
            case .text where field.member != "id": changes[field.member] = .text(text)
            case .reference: changes[field.member] = .text(text)
            case .json: changes[field.member] = .text(JSONValue.array([.string(text)]).text)
            default: break
            }
          }
          try transaction.insert(StoreSamples.record(kind, text, changes))
        }
      }
    }
    return store
  }

  /// The status of a healthy store.
  static func status() -> MigrationStatus {
    MigrationStatus(
      database: .init(
        lastMigration: "2025-11-28T10:15:30Z", location: "/srv/rmos/data/rmos.db", sizeMB: 1.25,
        schemaVersion: 2, schemaAppliedAt: "2025-01-02T08:00:00Z"),
      entityCounts: .init([.patterns: 24, .stripFamilies: 8, .joblogs: 40]),
      recentEntities: [
        .patterns: [.init(id: "rope", title: "Torres Rope", createdAt: "2025-11-28T09:00:00Z")],
        .stripFamilies: [.init(id: "bw", title: "Black & white", createdAt: "2025-11-27")],
        .joblogs: [
          .init(
            id: "JOB-1", title: "slice", status: "completed", createdAt: "2025-11-28T09:30:00Z")
        ],
      ],
      validation: .init(), currentRun: nil)
  }

  /// A migration in progress.
  static func run(
    _ id: Int64, source: String = "legacy", found: Int, failed: Int = 0, seconds: Double = 1
  ) -> LedgerRun {
    var run = StoreSamples.run()
    run.id = id
    run.source = source
    run.statistics[.patterns].migrated = found - failed
    run.statistics[.patterns].failed = failed
    run.seconds = seconds
    return run
  }

  /// A history of some days.
  static func history() -> MigrationHistory {
    MigrationHistory(
      days: [
        .init(
          date: "2025-11-28", entities: .init([.patterns: 20, .stripFamilies: 2, .joblogs: 30])),
        .init(date: "2025-11-25", entities: .init([.patterns: 4, .joblogs: 10])),
        .init(date: "2025-11-03", entities: .init([.stripFamilies: 6])),
      ], totalDays: 3)
  }

  /// The pages of a store, with the samples' status and history.
  static func pages(_ store: any RecordStore) -> PageRouter {
    PageRouter(
      store: store, status: { status() }, history: { _, _ in history() }, figures: figures(store),
      totals: EntityTotals(store))
  }

  /// The figures of a store, with fixed clocks.
  static func figures(_ store: any RecordStore) -> AnalyticsFigures {
    AnalyticsFigures(store, patience: .seconds(600), uptime: { 0 }, now: { DashboardFixture.now })
  }

  /// Returns the response to a GET request.
  static func get(
    _ target: String, of store: any RecordStore, fields: [HeaderField] = []
  ) -> ServerResponse {
    pages(store).response(to: ServerRequest(method: "GET", target: target, fields: fields))
  }
}

extension PageRouter {
  /// Returns the response of a dashboard to a request.
  func response(to request: ServerRequest) -> ServerResponse {
    do {
      return response(to: request, try RequestTarget(request.target))
    } catch {
      return ErrorPage.badAddress.response(to: request, store.catalog)
    }
  }
}

/// Compares a text exactly with a file in `Snapshots`.
func expectSnapshot(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let path = Fixtures.package + "/Tests/RMOSDashboardTests/Snapshots/\(name)"
  let expected = try snapshot(path, renewedWith: text)
  #expect(text == expected, sourceLocation: sourceLocation)
}
