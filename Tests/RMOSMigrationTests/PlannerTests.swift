import Foundation
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

@Suite struct PlannerTests {
  /// A batch with one job log that points to a pattern.
  private func batch(_ id: String = "j", pattern: String = "p") throws -> RecordBatch {
    let tree = try SourceTree(["joblogs/a.json": "\n" + Texts.job(id, pattern: pattern)])
    var batches: [RecordBatch] = []
    let reader = SourceReader(
      root: tree.path, batchSize: 10,
      options: EntityReader.Options(derivesIDs: true, runStart: "2026-03-01")
    ) { delivery in
      batches.append(delivery.batch)
      return RecordBatch(kind: .stripFamilies)
    }
    try withExtendedLifetime(tree) { try reader.readAll() }
    return try #require(batches.first { $0.count == 1 })
  }

  private func decide(
    _ policy: MigrationOptions.DuplicatePolicy, _ comparison: StoredComparison,
    missing: [(reference: Int, hasFailed: Bool)] = [], id: String = "j", pattern: String = "p",
    tellsInformation: Bool = true
  ) throws -> Planner.Decision {
    Planner(duplicates: policy, tellsInformation: tellsInformation).decide(
      try batch(id, pattern: pattern), 0,
      Planner.Knowledge(comparison: comparison, missingReferences: missing))
  }

  @Test(arguments: [MigrationOptions.DuplicatePolicy.skip, .fail])
  func whatIsNotThereIsInserted(_ policy: MigrationOptions.DuplicatePolicy) throws {
    let decision = try decide(policy, .absent)
    #expect(decision.action == .insert && decision.issues.isEmpty)
  }

  private typealias Case = (
    MigrationOptions.DuplicatePolicy, StoredComparison, Planner.Action, Severity, IssueCode
  )

  @Test func whatIsThereIsSkippedOrRefused() throws {
    for (policy, comparison, action, severity, code) in [
      (.skip, .identical, .skip, .info, .duplicateIdentical),
      (.skip, .differs(members: ["status"]), .skip, .warning, .duplicateDiffers),
      (.fail, .identical, .reject, .error, .duplicateIdentical),
      (.fail, .differs(members: ["status"]), .reject, .error, .duplicateDiffers),
    ] as [Case] {
      let decision = try decide(policy, comparison)
      #expect(decision.action == action)
      let issue = try #require(decision.issues.first)
      #expect(decision.issues.count == 1)
      #expect(issue.severity == severity && issue.code == code)
      #expect(issue.id == "j" && issue.kind == .joblogs && issue.source == "joblogs/a.json")
      #expect([issue.line, issue.column, issue.offset] == [2, 1, 1])
      if case .differs = comparison { #expect(issue.message.contains("'status'")) }
    }
  }

  @Test func whatNobodyHearsIsOnlyCounted() throws {
    let quiet = try decide(.skip, .identical, tellsInformation: false)
    #expect(quiet.action == .skip && quiet.issues.isEmpty)
    #expect(quiet.counted == .duplicateIdentical)
    for comparison in [StoredComparison.differs(members: ["name"]), .identical] {
      #expect(try decide(.fail, comparison, tellsInformation: false).issues.count == 1)
    }
    #expect(try decide(.skip, .differs(members: ["a"]), tellsInformation: false).issues.count == 1)
  }

  @Test func aMissingReferenceOutweighsADuplicate() throws {
    for policy in [MigrationOptions.DuplicatePolicy.skip, .fail] {
      for comparison in [StoredComparison.absent, .identical, .differs(members: ["status"])] {
        let decision = try decide(policy, comparison, missing: [(0, false), (1, true)])
        #expect(decision.action == .reject)
        #expect(decision.issues.map(\.code) == [.referenceMissing, .referenceMissing])
        #expect(decision.issues.map(\.pointer) == ["/pattern_id", "/strip_family_id"])
        #expect(decision.issues.allSatisfy { $0.severity == .error })
      }
    }
  }

  @Test func theMessageTellsWhereTheReferenceStandsAndWhy() throws {
    let absent = try #require(try decide(.skip, .absent, missing: [(0, false)]).issues.first)
    #expect(absent.message.contains("\"p\"") && absent.message.contains("neither in the store"))
    let failed = try #require(try decide(.skip, .absent, missing: [(0, true)]).issues.first)
    #expect(failed.message.contains("failed in this run"))
    let text = "\n" + Texts.job("j", pattern: "p")
    let value = try #require(text.range(of: "\"p\""))
    #expect(absent.offset == text[..<value.lowerBound].utf8.count)
    #expect(absent.line == 2)
  }

  @Test func longListsOfFieldsAndLongIDsAreCutShort() throws {
    let names = (0..<20).map { "field\($0)" }
    let many = try #require(try decide(.skip, .differs(members: names)).issues.first)
    #expect(many.message.contains("'field11' and 8 more") && !many.message.contains("field12"))
    let long = String(repeating: "p", count: 500)
    let missing = try decide(.skip, .absent, missing: [(0, false)], pattern: long)
    #expect(missing.issues.allSatisfy { $0.message.utf8.count < 250 })
  }
}
