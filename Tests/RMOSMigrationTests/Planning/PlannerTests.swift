import Foundation
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

@Suite struct PlannerTests {
  /// A batch with one job log that points to a pattern.
  private func batch(_ id: String = "j", pattern: String = "p") throws -> RecordBatch {
    try self.batch("\n" + Texts.job(id, pattern: pattern))
  }

  private func batch(_ text: String) throws -> RecordBatch {
    var records: RecordBatch?
    let builder = SourceBatchBuilder(
      batchSize: 10, options: EntityDecoder.Options(derivesIDs: true, runStart: "2026-03-01")
    ) { batch in
      records = batch.records
      return RecordBatch(kind: .joblogs)
    }
    builder.begin(.joblogs)
    builder.begin(file: Array("joblogs/a.json".utf8))
    try DocumentReader(catalog: .rmos, into: builder).read(Array(text.utf8), as: .json)
    try builder.endKind()
    return try #require(records)
  }

  private func decide(
    _ policy: Migration.Options.DuplicatePolicy, _ comparison: StoredComparison,
    missing: [EntityFacts.MissingReference] = [], id: String = "j", pattern: String = "p",
    reportsInformation: Bool = true
  ) throws -> Planner.Decision {
    let planner = Planner(duplicates: policy, reportsInformation: reportsInformation)
    let facts = EntityFacts(comparison: comparison, missingReferences: missing)
    return try #require(
      planner.plan(0..<1, of: try batch(id, pattern: pattern), [facts]).first)
  }

  @Test func aBatchIsPlannedAsAWhole() throws {
    let jobs = ["a", "b", "c", "d"].map { Texts.job($0, pattern: "p") }
    let batch = try batch("[\(jobs.joined(separator: ",")), {\"pattern_id\": \"q\"}]")
    let facts = [
      EntityFacts(), EntityFacts(comparison: .identical),
      EntityFacts(comparison: .differs(members: ["status"])),
      EntityFacts(missingReferences: [.init(reference: 0)]),
      EntityFacts(missingReferences: [.init(reference: 0, hasFailed: true)]),
    ]
    let decisions = Planner(duplicates: .skip, reportsInformation: false)
      .plan(0..<5, of: batch, facts)
    #expect(decisions.map(\.action) == [.insert, .skip, .skip, .reject, .reject])
    #expect(decisions.map(\.counted) == [nil, .duplicateIdentical, nil, nil, nil])
    #expect(
      decisions.map { $0.issues.map(\.code) } == [
        [], [], [.duplicateDiffers], [.referenceMissing], [.referenceMissing],
      ])
    let some = Planner(duplicates: .skip, reportsInformation: false)
      .plan(2..<4, of: batch, Array(facts[2..<4]))
    #expect(some.map(\.action) == [.skip, .reject])
    #expect(some.flatMap(\.issues).map(\.id) == ["c", "d"])
  }

  @Test(arguments: [Migration.Options.DuplicatePolicy.skip, .fail])
  func whatIsNotThereIsInserted(_ policy: Migration.Options.DuplicatePolicy) throws {
    let decision = try decide(policy, .absent)
    #expect(decision.action == .insert && decision.issues.isEmpty)
  }

  private typealias Case = (
    Migration.Options.DuplicatePolicy, StoredComparison, Planner.Action, Severity, IssueCode
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
      if case .differs = comparison { #expect(issue.message.contains(#""status""#)) }
    }
  }

  @Test func whatNobodyHearsIsOnlyCounted() throws {
    let quiet = try decide(.skip, .identical, reportsInformation: false)
    #expect(quiet.action == .skip && quiet.issues.isEmpty)
    #expect(quiet.counted == .duplicateIdentical)
    for comparison in [StoredComparison.differs(members: ["name"]), .identical] {
      #expect(try decide(.fail, comparison, reportsInformation: false).issues.count == 1)
    }
    #expect(
      try decide(.skip, .differs(members: ["a"]), reportsInformation: false).issues.count == 1)
  }

  @Test func aMissingReferenceOutweighsADuplicate() throws {
    for policy in [Migration.Options.DuplicatePolicy.skip, .fail] {
      for comparison in [StoredComparison.absent, .identical, .differs(members: ["status"])] {
        let decision = try decide(
          policy, comparison, missing: [.init(reference: 0), .init(reference: 1, hasFailed: true)])
        #expect(decision.action == .reject)
        #expect(decision.issues.map(\.code) == [.referenceMissing, .referenceMissing])
        #expect(decision.issues.map(\.pointer) == ["/pattern_id", "/strip_family_id"])
        #expect(decision.issues.allSatisfy { $0.severity == .error })
      }
    }
  }

  @Test func theMessageTellsWhereTheReferenceStandsAndWhy() throws {
    let absent = try #require(
      try decide(.skip, .absent, missing: [.init(reference: 0)]).issues.first)
    #expect(absent.message.contains("\"p\"") && absent.message.contains("neither in the store"))
    let failed = try #require(
      try decide(.skip, .absent, missing: [.init(reference: 0, hasFailed: true)]).issues.first)
    #expect(failed.message.contains("failed in this run"))
    let text = "\n" + Texts.job("j", pattern: "p")
    let value = try #require(text.range(of: "\"p\""))
    #expect(absent.offset == text[..<value.lowerBound].utf8.count)
    #expect(absent.line == 2)
  }

  @Test func longListsOfFieldsAndLongIDsAreCutShort() throws {
    let names = (0..<20).map { "field\($0)" }
    let many = try #require(try decide(.skip, .differs(members: names)).issues.first)
    #expect(many.message.contains(#""field11" and 8 more"#) && !many.message.contains("field12"))
    let long = String(repeating: "p", count: 500)
    let missing = try decide(.skip, .absent, missing: [.init(reference: 0)], pattern: long)
    #expect(missing.issues.allSatisfy { $0.message.utf8.count < 250 })
  }
}
