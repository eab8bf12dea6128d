import Foundation
import RMOSAnalytics
import RMOSFoundation
import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore
import Testing

/// The texts of errors in programs that only know Foundation's `localizedDescription`.
struct LocalizedErrorTests {
  static var errors: [any Error] {
    func thrown(_ body: () throws -> Void) -> (any Error)? {
      do {
        try body()
        return nil
      } catch {
        return error
      }
    }
    return [
      thrown { _ = try SQLiteStore(path: "/nowhere/rmos.db") },
      thrown {
        _ = try Migration(from: "/nowhere", into: InMemoryStore()).runSynchronously()
      },
      thrown { _ = try Mapping(parsing: "{", catalog: .rmos) },
      thrown { _ = try JSONValue(parsing: "[1,]") },
      thrown {
        _ = try Pattern(
          record: Record(
            kind: .patterns,
            values: [.text("p1")] + EntityKind.patterns.schema.fields.dropFirst().map { _ in .null }
          ))
      },
      HTTPServerError(.portInUse, "port 80 is in use"),
      AnalyticsError(.invalidOption, "the number of rosettes is 0; expected at least 1"),
      EntityRejected(issues: [
        RMOSModels.Issue(severity: .error, code: .fieldMissing, message: "\"name\" is missing")
      ]),
    ].compactMap(\.self)
  }

  @Test func everyErrorGivesItsMessage() {
    #expect(Self.errors.count == 8)
    for error in Self.errors {
      #expect(error.localizedDescription == "\(error)")
      #expect(!error.localizedDescription.isEmpty)
    }
  }
}
