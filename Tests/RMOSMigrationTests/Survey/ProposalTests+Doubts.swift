import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// Members whose meaning is open, and objects that are like those of another shape.
extension ProposalTests {
  private func family(_ id: String, _ more: String) -> String {
    #"{"id": "\#(id)", "name": "\#(id)", "material_type": "oak", "strips": [1]\#(more)}"#
  }

  private func job(_ id: String, _ more: String) -> String {
    #"{"id": "\#(id)", "job_type": "slice", "parameters": {"a": 1}\#(more)}"#
  }

  // MARK: Units

  /// A unit belongs to the member whose name it has.
  @Test(arguments: [
    #""length": 16, "length_unit": "in""#, #""stock": 3, "stock_unit": "in""#,
    #""unit_stock": "in""#,
  ])
  func theUnitOfAnotherMemberIsNoUnit(_ other: String) throws {
    let trial = try Trial(
      "strip_families/f.json", "[\(family("a", #", "width": 2, "thickness": 1, "# + other))]")
    #expect(trial.migrated == 0, "\(trial.text)")
    #expect(
      trial.unclear.contains(
        "says \"in\" of another member, and no member says its unit"), "\(trial.unclear)")
  }

  @Test func oneMeasureMayHaveAUnitAndAnotherNone() throws {
    let sizes = #", "width": 2, "thickness": 1, "width_unit": "UNIT""#
    let inches = try Trial(
      "strip_families/f.json", "[\(family("a", sizes.replacing("UNIT", with: "in")))]")
    #expect(inches.text.contains("in inches, as") && !inches.text.contains("/thickness"))
    #expect(inches.unclear.contains("\"thickness\" looks like strip_thickness_mm, but"))
    let same = try Trial(
      "strip_families/f.json", "[\(family("a", sizes.replacing("UNIT", with: "mm")))]")
    #expect(try same.value(.stripFamilies, "a", "strip_thickness_mm") == "1.0")
    // One name of the field states the unit of a member with another.
    let other = try Trial(
      "strip_families/f.json",
      "[\(family("a", #", "strip_width": 2, "width_unit": "in", "thickness_mm": 1"#))]")
    #expect(try other.value(.stripFamilies, "a", "strip_width_mm") == "50.8")
  }

  @Test func unitsWithoutAConversionAreNamed() throws {
    let jobs = ["s", "min", "h"].map {
      job($0, #", "duration": 5, "duration_unit": "\#($0)""#)
    }
    let trial = try Trial(
      "joblogs/j.json", "[\(jobs.joined(separator: ", ")), \(job("x", #", "duration": 5"#))]")
    #expect(try trial.value(.joblogs, "s", "duration_seconds") == "5.0")
    #expect(try trial.value(.joblogs, "h", "duration_seconds") == nil)
    #expect(
      trial.unclear.contains(
        #""duration" is not read where "duration_unit" says "min", "h", nothing"#),
      "\(trial.unclear)")
  }

  // MARK: Numbers

  /// Numbers anywhere in a file show what its points are.
  @Test(arguments: [
    (#""duration": "3.600", "waste": "0,6""#, "0,6"),
    (#""duration": "3.600", "tool": {"feed": "1.250.000"}"#, "1.250.000"),
    (#""duration": "3.600", "waste": "1.250,5""#, "1.250,5"),
  ])
  func pointsMaySeparateThousandsInAllMembers(_ members: String, _ sign: String) throws {
    let trial = try Trial("joblogs/j.json", "[\(job("a", ", " + members))]")
    #expect(try trial.value(.joblogs, "a", "duration_seconds") == nil, "\(trial.text)")
    #expect(
      trial.unclear.contains("its points may separate thousands, since there is \"\(sign)\""))
  }

  @Test func otherShapesOfAFileShowItsDecimalSign() throws {
    let trial = try Trial(
      "all.json",
      """
      [{"kind": "family", "id": "f", "name": "F", "width": "2.500", "thickness": "0,6",
        "material_type": "oak", "strips": [1]}, \(job("j", #", "duration": "1,250""#))]
      """)
    #expect(trial.unclear.contains("\"width\" looks like strip_width_mm, but its points"))
    #expect(try trial.value(.joblogs, "j", "duration_seconds") == "1.25", "\(trial.text)")
  }

  @Test func separatorsBetweenThousandsAreNamed() throws {
    for number in ["1.250.000", "1,250,000", "1,250.5"] {
      let trial = try Trial("joblogs/j.json", "[\(job("a", #", "duration": "\#(number)""#))]")
      #expect(
        trial.unclear.contains("its numbers have separators between thousands"),
        "\(number) \(trial.unclear)")
    }
    let trial = try Trial(
      "strip_families/f.json",
      "[\(family("a", #", "width": "1.250.000", "thickness": "1""#)), "
        + "\(family("b", #", "width": "3.600", "thickness": "1""#))]")
    #expect(trial.migrated == 0 && trial.unclear.contains("its points may separate thousands"))
  }

  // MARK: Several members for one field

  @Test func rivalsAreNamed() throws {
    let trial = try Trial(
      "joblogs/j.json",
      "[\(job("a", #", "start": "2025-01-01T08:00", "started_at": "2025-01-01T09:00""#))]")
    #expect(trial.unclear.contains("looks like start_time, but so does"), "\(trial.unclear)")
    // Members with the same values are no rivals.
    let same = try Trial(
      "joblogs/j.json",
      "[\(job("a", #", "start": "2025-01-01T09:00", "started_at": "2025-01-01T09:00""#))]")
    #expect(same.unclear.isEmpty)
    let spelled = try Trial(
      "joblogs/j.json",
      #"[{"id": "a", "Job Type": "slice", "JobType": "batch", "parameters": {"a": 1}}]"#)
    #expect(
      spelled.unclear.contains(
        #""Job Type" and "JobType" are both in one object; "Job Type" is taken for job_type"#),
      "\(spelled.unclear)")
  }

  @Test func aNameWithoutAUnitFillsInForAnother() throws {
    let trial = try Trial(
      "strip_families/f.json",
      """
      [\(family("a", #", "width": 2, "thickness_mm": 1"#)),
       \(family("b", #", "width": 2, "strip_width": 3, "thickness_mm": 1"#))]
      """)
    #expect(trial.migrated == 2, "\(trial.text)")
    #expect(try trial.value(.stripFamilies, "b", "strip_width_mm") == "3.0")
  }

  // MARK: Fields with other values

  @Test func aFieldThatIsNotUnderstoodIsReadAndNamed() throws {
    let trial = try Trial(
      "joblogs/j.json", "[\(job("a", #", "start_time": "3/14/2025", "Status": "done""#))]")
    #expect(trial.unclear.contains("\"start_time\" is read as start_time, but its values"))
    let members = trial.report.shapes[0].members
    #expect(members.first { $0.name == "start_time" }?.field == "start_time")
    // Typed throughout, it is kept as it is.
    let typed = try Trial(
      "joblogs/j.json",
      #"[{"id": "a", "JobType": "cut", "parameters": {"M": {"feed": {"N": "1.50"}}}}]"#)
    #expect(typed.unclear.contains("DynamoDB's JSON"))
    #expect(
      typed.report.shapes[0].members.first { $0.name == "parameters" }?.field == "parameters")
  }

  /// The rule of a shape that cannot migrate names the reason, which would else be missing.
  @Test func aShapeThatFailsHasARule() throws {
    let trial = try Trial(
      "export.json",
      """
      {"strip_families": {"f1": {"name": "F", "strip_width_mm": 2, "strip_thickness_mm": 1,
         "material_type": "oak", "strips": {"s1": {"l": 1}, "s2": {"l": 2}}},
        "f2": {"name": "F", "strip_width_mm": 2, "strip_thickness_mm": 1,
         "material_type": "oak", "strips": {"s1": {"l": 1}}}},
       "patterns": {"p1": {"name": "P", "ring_count": 3, "geometry": {"r": 1},
         "strip_family_id": "f1"}, "p2": {"name": "P", "ring_count": 3, "geometry": {"r": 1}}}}
      """)
    #expect(trial.unclear.contains("\"strips\" is read as strips, but its values"))
    #expect(trial.migrated == 1 && trial.failed == 3, "\(trial.text)")
    #expect(trial.issues.contains { $0.code == .fieldType && $0.pointer == "/strips" })
  }

  @Test func attributesInXMLAreIDs() throws {
    let trial = try Trial(
      "joblogs/j.json",
      #"{"jobs": [{"@id": "j1", "job_type": "cut", "parameters": {"a": 1}}]}"#)
    #expect(try trial.value(.joblogs, "j1", "job_type") == "cut", "\(trial.text)")
  }

  // MARK: Which objects a rule takes

  /// Envelopes have one shape only if what they hold has.
  @Test(arguments: [[0, 1, 2], [2, 1, 0], [2, 0, 1]])
  func otherObjectsInEnvelopesAreNoEntities(_ order: [Int]) throws {
    let objects = [
      #"{"model": "shop.family", "fields": {"name": "E", "strip_width_mm": 2, "#
        + #""strip_thickness_mm": 1, "material_type": "E", "strips": [{"l": 1}]}}"#,
      #"{"model": "shop.pattern", "fields": {"name": "T", "ring_count": 3, "geometry": {"r": 1}}}"#,
      #"{"model": "auth.user", "fields": {"name": "Ann"}}"#,
    ]
    let trial = try Trial(
      "dump.json", "[\(order.map { objects[$0] }.joined(separator: ", "))]")
    #expect(trial.report.shapes.count == 3)
    #expect(trial.migrated == 2 && trial.failed == 1, "\(trial.text) \(trial.issues)")
  }

  // MARK: Collections

  @Test(arguments: [
    #"{"customers": [{"patterns": [PATTERN], "jobs": [JOB]}]}"#,
    #"{"customers": [{"patterns": [], "jobs": [JOB]}, {"patterns": [PATTERN], "jobs": []}]}"#,
    #"{"data": {"families": [FAMILY], "patterns": [PATTERN], "jobs": [JOB]}}"#,
    #"[{"patterns": [PATTERN]}, {"jobs": [JOB]}, {"families": [FAMILY]}]"#,
    #"{"export": {"data": {"patterns": {"p": PATTERN}, "jobs": [JOB]}}}"#,
    #"{"shops": {"a": {"patterns": [PATTERN]}, "b": {"patterns": [], "jobs": [JOB]}}}"#,
  ])
  func allCollectionsAreSurveyed(_ text: String) throws {
    let pattern = #"{"id": "p", "name": "T", "ring_count": 3, "geometry": {"r": 1}}"#
    let text = text.replacing("PATTERN", with: pattern).replacing("JOB", with: job("j", ""))
      .replacing(
        "FAMILY", with: family("f", #", "strip_width_mm": 2, "strip_thickness_mm": 1"#))
    let count = text.contains("oak") ? 3 : 2
    for path in ["all.json", "patterns/all.json", "joblogs/all.json"] {
      let trial = try Trial(path, text)
      #expect(trial.report.objectCount == count, "\(path) \(trial.report.json)")
      #expect(trial.migrated == count && trial.failed == 0, "\(path) \(trial.text)")
    }
  }

  @Test func messagesOfAnAnswerAreNoEntities() throws {
    let trial = try Trial(
      "patterns/p.json",
      #"{"response": {"data": [{"fieldData": {"Name": "T", "RingCount": 3, "#
        + #""Geometry": {"r": 1}}}]}, "messages": [{"code": "0", "message": "OK"}]}"#)
    #expect(trial.migrated == 1 && trial.failed == 0, "\(trial.text)")
  }

  // MARK: References

  /// A job whose pattern needs a mapping does not migrate as it is.
  @Test func whatRefersToWhatIsNotReadFails() throws {
    let trial = try Trial([
      "patterns/p.json": #"{"id": "p1", "name": "N", "Ring Count": 3, "geometry": {"r": 1}}"#,
      "joblogs/j.json": job("j1", #", "pattern_id": "p1""#),
    ])
    #expect(trial.report.migratesAsIs == 0 && trial.report.migratesAtBest == 2)
    #expect(trial.report.dangling.isEmpty && trial.migrated == 2)
  }
}
