import Foundation
import Testing

/// `survey`, and the mapping that it proposes.
@Suite(.waiting) struct SurveyCommandTests {
  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.write(
      #"[{"Title":"Herringbone","Ring Count":"3","design":{"a":1},"created_at":1735689600}]"#,
      to: "odd/patterns/p.json")
    return workspace
  }

  @Test func theProposalMigratesWhatItSays() throws {
    let workspace = try workspace()
    let survey = try Tool.run(["survey", "odd", "--propose", "odd.json"], in: workspace)
    #expect(survey.status == 0, "\(survey.errors)")
    #expect(survey.output.contains("1 of 1 migrate"))
    #expect(
      survey.output.contains("Next: rmos-cli migrate odd --mapping odd.json --dry-run"))
    #expect(survey.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let run = try Tool.run(
      ["migrate", "odd", "--mapping", "odd.json", "--db", "x.db", "--json"], in: workspace)
    #expect(run.status == 0, "\(run.output)")
    // An existing file is not replaced, since the user may have edited it.
    #expect(try Tool.run(["survey", "odd", "--propose", "odd.json"], in: workspace).status == 3)
    try workspace.write("mine", to: "mine.json")
    let refused = try Tool.run(
      ["survey", "odd", "--propose", "mine.json", "--json"], in: workspace)
    #expect(refused.status == 3)
    let error = try #require(refused.json["error"] as? [String: Any])
    #expect(error["code"] as? String == "proposal.exists")
    #expect(try workspace.text("mine.json") == "mine")
    let forced = ["survey", "odd", "--propose", "mine.json", "--force"]
    #expect(try Tool.run(forced, in: workspace).status == 0)
  }

  @Test func whatCannotBeIsRefused() throws {
    let workspace = try workspace()
    for command in [["survey", "odd"], ["diff", "odd", "--db", "x.db"]] {
      let result = try Tool.run(command + ["-q", "-v"], in: workspace)
      #expect(result.status == 2 && result.errors.contains("cannot be combined"))
    }
    let inside = ["survey", "odd", "--propose", "odd/patterns/x.json"]
    #expect(try Tool.run(inside, in: workspace).status == 2)
    let unwritable = try Tool.run(
      ["survey", "odd", "--propose", "no/such/x.json", "--json"], in: workspace)
    #expect(unwritable.status == 3)
    let error = try #require(unwritable.json["error"] as? [String: Any])
    #expect(error["code"] as? String == "proposal.unwritable")
  }

  @Test func aFileOfAnotherExtensionIsToBeRenamed() throws {
    let workspace = try workspace()
    try workspace.write(
      #"[{"id":"a","name":"A","ring_count":1,"geometry":{"a":1}}]"#, to: "saw.txt")
    let result = try Tool.run(["survey", "saw.txt"], in: workspace)
    #expect(result.output.contains("because of its extension"))
    #expect(result.output.contains("Next: rename saw.txt so that it ends in .json"))
  }

  /// A proposal is suggested only if there would be one, not for faults that only people can
  /// correct.
  @Test func aProposalIsOfferedWhereThereIsOne() throws {
    let workspace = try workspace()
    let odd = try Tool.run(["survey", "odd"], in: workspace)
    #expect(odd.output.contains("Next: rmos-cli survey odd --propose mapping.json\n"))
    try workspace.write(
      #"""
      [{"id":"a","name":"A","ring_count":1,"geometry":{"a":1}},
       {"id":"b","name":"B","ring_count":0,"geometry":{"a":1}}]
      """#, to: "wrong/patterns/p.json")
    let wrong = try Tool.run(["survey", "wrong"], in: workspace)
    #expect(wrong.output.contains("1 of 2 migrate"))
    #expect(wrong.output.contains("Next: rmos-cli migrate wrong --dry-run\n"))
    let proposed = try Tool.run(["survey", "wrong", "--propose", "p.json"], in: workspace)
    #expect(proposed.output.contains("Nothing to propose") && !workspace.exists("p.json"))
  }

  @Test func itIsDescribedInJSON() throws {
    let workspace = try workspace()
    let json = try Tool.run(["survey", "odd", "--json"], in: workspace).json
    #expect(json["success"] as? Bool == true && json["objects"] as? Int == 1)
    let shape = try #require((json["shapes"] as? [[String: Any]])?.first)
    #expect(shape["looks_like"] as? String == "patterns")
    let members = try #require(shape["members"] as? [[String: Any]])
    #expect(
      members.map { $0["field"] as? String } == ["name", "ring_count", "geometry", "created_at"])
    // No file was written.
    #expect(!workspace.exists("data"))
  }

  @Test func nothingToFindIsSaid() throws {
    let workspace = try Workspace()
    try workspace.write("x", to: "empty/notes.txt")
    let result = try Tool.run(["survey", "empty"], in: workspace)
    #expect(result.status == 0 && result.output.contains("there is no file to read"))
    #expect(try Tool.run(["survey", "absent"], in: workspace).status == 3)
    try workspace.write("[]", to: "lists/patterns/a.json")
    let lists = try Tool.run(["survey", "lists"], in: workspace)
    #expect(lists.status == 0 && lists.output.contains("No objects were found"))
    let proposed = try Tool.run(["survey", "lists", "--propose", "p.json"], in: workspace)
    #expect(proposed.output.contains("Nothing to propose") && !workspace.exists("p.json"))
  }
}
