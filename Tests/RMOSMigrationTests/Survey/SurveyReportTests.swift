import Foundation
import RMOSModels
import RMOSStore
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// Problems in the report of a survey, as JSON and as text.
@Suite struct SurveyReportTests {
  /// Creates a tree with a duplicate, a dangling reference, a file that is not JSON, one that is
  /// not read, and an entity outside the kinds' directories.
  private func tree() throws -> SourceTree {
    try SourceTree([
      "joblogs/a.json": "[\(Texts.job("j")), \(Texts.job("j")), \(Texts.job("k", pattern: "no"))]",
      "patterns/broken.json": "{",
      "notes.txt": "x",
      "export/woods.jsonl": Texts.family("f") + "\n",
    ])
  }

  private func report(
    _ tree: SourceTree, _ change: (inout Survey.Options) -> Void = { _ in }
  ) throws -> SurveyReport {
    var options = Survey.Options()
    options.proposesMapping = true
    change(&options)
    return try tree.survey(options)
  }

  @Test func theJSONHasAllProblems() throws {
    let report = try report(try tree())
    let json = try JSONValue(parsing: report.json)
    #expect(json["not_read"]?.text.contains(#"{"path":"notes.txt","reason":"ending"}"#) == true)
    #expect(json["dangling"]?.text == #"[{"kind":"joblogs","member":"pattern_id","count":1}]"#)
    #expect(json["failures"]?[0]?["code"]?.string == "json.syntax")
    #expect(json["failures"]?[0]?["source"]?.string == "patterns/broken.json")
    #expect(json["duplicates"]?.int64 == 1)
    let proposal = try #require(json["proposal"])
    #expect(proposal["text"]?.string == report.proposedMapping)
    #expect(proposal["found"]?.int64 == 5 && proposal["migrates"]?.int64 == 3)
    let codes = (0..<3).compactMap { proposal["problems"]?[$0]?["code"]?.string }
    #expect(Set(codes).isSuperset(of: ["reference.missing", "json.syntax"]), "\(codes)")
    #expect(report.suggestedMappings.isEmpty)
  }

  @Test func theTextHasAllProblems() throws {
    let text = try report(try tree()).lines(width: 100).joined(separator: "\n")
    for sentence in [
      "Not read: 1 ending (notes.txt)", "1 × json.syntax, first in patterns/broken.json",
      "Duplicates: 1 object with the id of an earlier one",
      "Dangling: 1 reference in pattern_id of job logs to what is not there",
      "not where strip families are read", "1 of them with the id of an earlier one",
      "What prevents the others:",
    ] { #expect(text.contains(sentence), "\(sentence) is not in \(text)") }
  }

  @Test func aWordThatIsTooLongIsBroken() {
    var text = SurveyText(width: 40)
    let word = String(repeating: "x", count: 100)
    text.paragraph("a \(word) b", indent: 2)
    #expect(text.lines.count > 2 && text.lines.allSatisfy { $0.count <= 40 })
    #expect(text.lines.joined().filter { $0 == "x" }.count == 100)
  }

  @Test func theReportDoesNotDependOnTheThread() async throws {
    let tree = try tree()
    let report = try await Survey(of: tree.path).run()
    #expect(try report.json == Survey(of: tree.path).runSynchronously().json)
  }

  @Test func itCanBeCancelled() throws {
    let tree = try tree()
    let error = #expect(throws: MigrationError.self) {
      try Survey(of: tree.path).runSynchronously { true }
    }
    #expect(error?.code == .cancelled)
    // It can be cancelled at any time.
    for last in 1..<12 {
      var questions = 0
      do {
        _ = try Survey(of: tree.path).runSynchronously {
          questions += 1
          return questions >= last
        }
      } catch {
        #expect((error as? MigrationError)?.code == .cancelled)
      }
    }
  }

  /// An error about one file is a failure; other errors stop the survey.
  @Test(arguments: [
    (SourceAccess.Call.open, "patterns/p.json"), (.read, "patterns/p.json"),
    (.list, "patterns/sub"), (.status, "patterns/sub"),
  ])
  func unreadableFilesAreReported(_ call: SourceAccess.Call, _ ending: String) throws {
    let tree = try SourceTree([
      "patterns/p.json": Texts.pattern("p"), "patterns/sub/q.json": Texts.pattern("q"),
    ])
    func access(_ code: Int32) -> SourceAccess {
      SourceAccess { made, path throws(SystemError) in
        if made == call, String(decoding: path, as: UTF8.self).hasSuffix(ending) {
          throw SystemError.code(code)
        }
      }
    }
    let error = #expect(throws: MigrationError.self) {
      try report(tree) { $0.access = access(EIO) }
    }
    #expect(error?.code == .sourceUnreadable && error?.message.contains(ending) == true)
    let found = try report(tree) { $0.access = access(EACCES) }
    #expect(found.objectCount == 1)
    #expect(found.failures.map(\.code) == [.inputUnreadable])
    #expect(found.failures.first?.source == ending)
  }

  @Test func aFileThatAProposalCannotReadIsCounted() throws {
    let tree = try SourceTree([
      "patterns/p.json": #"[{"Title": "Rope", "Rings": "3", "design": {"a": 1}}]"#,
      "patterns/q.json": Texts.pattern("q"),
    ])
    let found = try report(tree) { options in
      options.access = SourceAccess { made, path throws(SystemError) in
        if made == .open, path.suffix(6) == Array("q.json".utf8) { throw .accessDenied }
      }
    }
    let proposal = try #require(found.proposal)
    #expect(proposal.outcome.found == 2 && proposal.outcome.migrates == 1)
    #expect(proposal.outcome.problems.map(\.key.code) == [.inputUnreadable])
  }

  @Test func idsBeyondTheBoundAreNotKnown() throws {
    let found = try report(try tree()) { $0.limits.ids = 1 }
    #expect(found.bounds.contains { $0.hasPrefix("ids beyond the first 1 of a kind") })
  }

  @Test func aFileOutsideTheKindsIsSurveyedAlone() throws {
    let tree = try SourceTree(["runs.json": "[\(Texts.job("j"))]", "other.json": "[{}]"])
    let found = try withExtendedLifetime(tree) {
      try Survey(of: tree.path + "/runs.json").runSynchronously()
    }
    #expect(found.objectCount == 1 && found.fileCount == 1 && found.source == tree.path)
    #expect(found.shapes.map(\.likeness) == [.joblogs])
  }

  /// The values of a member decide how a proposal converts them.
  @Test(arguments: [
    ("joblogs", #"{"Job Type": 7, "parameters": {"a": 1}}"#, "text"),
    ("joblogs", #"{"Job_Type": "slice", "Parameters": {"a": 1}, "PatternID": 7}"#, "text"),
    (
      "strip_families",
      #"{"Name": "n", "Strip Width In": 0.1, "Strip Thickness In": 0.05, "Material": "oak", "#
        + #""Strips": [1]}"#,
      "inches"
    ),
    (
      "strip_families",
      #"{"Name": "n", "StripWidthMM": "2,5", "StripThicknessMM": "0,8", "MaterialType": "oak", "#
        + #""Strips": "[1]"}"#,
      "number"
    ),
    (
      "joblogs",
      #"{"JobType": "slice", "Parameters": {"a": 1}, "CreatedAt": 1735689600, "#
        + #""StartTime": 1735689600000}"#,
      "epoch"
    ),
  ])
  func aProposalConverts(_ directory: String, _ object: String, _ word: String) throws {
    let found = try report(try SourceTree(["\(directory)/a.json": "[\(object)]"]))
    let text = try #require(found.proposedMapping, "\(found.json)")
    #expect(text.contains("\"as\": \"\(word)\""), "\(text)")
  }

  @Test func timesInSecondsAndMillisecondsAreTakenByTheirSize() throws {
    let found = try report(
      try SourceTree([
        "joblogs/a.json": #"""
        [{"JobType": "slice", "Parameters": {"a": 1}, "CreatedAt": 1735689600},
         {"JobType": "slice", "Parameters": {"a": 1}, "CreatedAt": 1735689600000}]
        """#
      ]))
    #expect(found.proposedMapping?.contains(#""as": "epoch""#) == true)
  }

  /// Objects that look like nothing are not described as strip families that fail.
  @Test func unknownObjectsHaveNoOutcome() throws {
    let report = try SourceTree(["orders.json": #"[{"order": 1, "total": 2}]"#]).survey()
    let lines = report.lines(width: 200).joined(separator: " ")
    #expect(lines.contains("nothing known") && !lines.contains("Moved there"))
    #expect(!lines.contains("Kept by"))
  }

  @Test func manyFilesAreNamedByTheirDirectories() throws {
    var files: [String: String] = [:]
    for number in 0..<3 {
      files["patterns/old/\(number).json"] = #"[{"Title": "T", "Rings": "3", "design": {"a": 1}}]"#
    }
    let found = try report(try SourceTree(files)) { $0.limits.files = 1 }
    let proposal = try #require(found.proposal)
    #expect(proposal.outcome.found == 3 && proposal.outcome.migrates == 3)
  }
}
