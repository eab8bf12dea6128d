import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// A proposal reads members whose meaning is certain, and gives the reasons for leaving out others.
@Suite struct ProposalTests {
  /// A survey with its proposal, and a migration of the tree with that.
  struct Trial {
    let report: SurveyReport
    var text: String { report.proposedMapping ?? "" }
    let store = InMemoryStore()
    var migrated = 0
    var failed = 0
    var issues: [RMOSModels.Issue] = []

    init(_ files: [String: String], then later: [String: String] = [:]) throws {
      let tree = try SourceTree(files)
      var options = Survey.Options()
      options.proposesMapping = true
      report = try tree.survey(options)
      // Without being asked for one, a survey says whether there is a proposal.
      #expect(try tree.survey(Survey.Options()).canPropose == (report.proposal != nil))
      var migration = Migration.Options()
      migration.mappings = try report.advisedMappings()
      for (path, text) in later { try tree.add(path, text) }
      let run = try RecordedMigration(tree, into: store, migration)
      let total = run.summary.statistics.total
      (migrated, issues, failed) = (total.migrated, run.issues, total.failed)
      guard later.isEmpty else { return }
      // The survey counts what a migration then does.
      if let outcome = report.proposal?.outcome {
        #expect(outcome.found == total.found && outcome.migrates == total.migrated + total.skipped)
      } else if !report.suggestedMappings.isEmpty {
        #expect(report.migratesAtBest == total.migrated + total.skipped)
      }
      let plain = try RecordedMigration(tree, into: InMemoryStore()).summary.statistics.total
      #expect(report.migratesAsIs == plain.migrated + plain.skipped)
    }

    init(_ path: String, _ text: String) throws { try self.init([path: text]) }

    /// Returns a member of an entity as text; `nil` if there is no such entity or value.
    func value(_ kind: EntityKind, _ id: String, _ member: String) throws -> String? {
      switch try store.read({ try $0.record(kind, id: id) })?[member] {
      case .text(let text): text
      case .integer(let number): String(number)
      case .real(let number): String(number)
      default: nil
      }
    }

    var unclear: String { report.shapes.flatMap(\.unclear).joined(separator: "; ") }
    /// The text of the report, without its line breaks.
    var lines: String {
      report.lines(width: 400).joined(separator: " ")
    }
  }

  /// Where an object has a member twice, in two spellings, the field's own name is read, as it is
  /// without the mapping.
  @Test(arguments: [
    #""Name": "old label""#, #""Id": "other""#, #""Strips": "text""#, #""NAME": "x", "ID": "y""#,
  ])
  func theOwnNameComesFirst(_ others: String) throws {
    let rest = #""name": "F", "material_type": "E", "strip_thickness_mm": 1, "strips": [1]"#
    let trial = try Trial(
      "strip_families/a.json",
      """
      [{\(others), "id": "A", "strip_width_mm": 2, \(rest)},
       {"id": "B", "strip_width_mm": "1", \(rest)}]
      """)
    #expect(trial.migrated == 2 && trial.text.contains("in another spelling"))
    for id in ["A", "B"] { #expect(try trial.value(.stripFamilies, id, "name") == "F") }
  }

  private func job(_ id: String, _ more: String) -> String {
    #"{"id": "\#(id)", "type": "slice", "params": {"a": 1}\#(more)}"#
  }

  private func family(_ id: String, _ more: String) -> String {
    #"{"id": "\#(id)", "name": "\#(id)", "wood": "oak", "pieces": [1]\#(more)}"#
  }

  // MARK: Built-in mappings that gather the rest

  @Test func fieldsInOtherWordsAreNotGatheredAsTheRest() throws {
    let trial = try Trial(
      "joblogs/j.json",
      """
      [{"id": "a", "job_type": "slice", "params": {"feed": 3}, "state": "done",
        "started": "2023-04-03T10:00:00Z", "finished": "2023-04-03T11:00:00Z", "duration": 3600}]
      """)
    #expect(trial.report.suggestedMappings.isEmpty && trial.migrated == 1)
    #expect(try trial.value(.joblogs, "a", "status") == "completed")
    #expect(try trial.value(.joblogs, "a", "parameters") == #"{"feed":3}"#)
    #expect(try trial.value(.joblogs, "a", "end_time") == "2023-04-03T11:00:00Z")
    #expect(try trial.value(.joblogs, "a", "duration_seconds") == "3600.0")
    let spelled = try Trial(
      "joblogs/j.json",
      #"[{"id": "a", "job_type": "slice", "Parameters": {"a": 1}, "Status": "failed"}]"#)
    #expect(spelled.report.suggestedMappings == ["any-case"])
    #expect(try spelled.value(.joblogs, "a", "status") == "failed")
  }

  /// A mapping that is best for one shape may take objects of other shapes.
  @Test func aMappingIsNotSuggestedForATreeWithOthersThatItMisreads() throws {
    let trial = try Trial([
      "joblogs/art.json": """
      [{"id": "a", "job_type": "cam", "created_at": 1765011394, "rings": 3, "z_passes": 2,
        "post_preset": "grbl"}]
      """,
      "joblogs/b.json":
        #"[{"id": "b", "job_type": "cut", "Parameters": {"b": 1}, "Status": "failed"}]"#,
      "joblogs/c.json": #"[{"id": "c", "job_type": "cut", "parameters_json": "{\"c\":1}"}]"#,
    ])
    #expect(trial.report.suggestedMappings == ["any-case"])
    #expect(trial.lines.contains("art-jobs is not suggested for all"))
    #expect(trial.report.proposal?.builtIn == ["art-jobs"])
    #expect(trial.migrated == 3, "\(trial.text) \(trial.issues)")
    #expect(
      try trial.value(.joblogs, "a", "parameters")
        == #"{"rings":3,"z_passes":2,"post_preset":"grbl"}"#)
    #expect(try trial.value(.joblogs, "b", "parameters") == #"{"b":1}"#)
    #expect(try trial.value(.joblogs, "b", "status") == "failed")
    #expect(try trial.value(.joblogs, "c", "parameters") == #"{"c":1}"#)
  }

  // MARK: Units

  @Test func headingsOfColumnsStateUnitsInParentheses() throws {
    let trial = try Trial(
      "stock.json",
      """
      {"records": [{"id": "a", "fields": {"Name": "Maple", "Material": "Maple",
        "Width (in)": 0.1, "Thickness [mm]": 0.6, "Strips": [1]}}]}
      """)
    #expect(trial.migrated == 1, "\(trial.text)")
    #expect(try trial.value(.stripFamilies, "a", "strip_width_mm") == "2.54")
    #expect(try trial.value(.stripFamilies, "a", "strip_thickness_mm") == "0.6")
  }

  @Test func aUnitCountsForTheObjectsThatStateIt() throws {
    let sizes = #", "width": 2, "thickness": 1"#
    for other in ["", #", "unit": null"#, #", "unit": "cubit""#] {
      let trial = try Trial(
        "strip_families/f.json",
        "[\(family("a", sizes + #", "unit": "in""#)), \(family("b", sizes + other))]")
      #expect(trial.migrated == 1 && trial.failed == 1, "\(trial.text)")
      #expect(try trial.value(.stripFamilies, "a", "strip_width_mm") == "50.8")
    }
    // A later file states another unit.
    let later = try Trial(
      ["strip_families/f.json": "[\(family("a", sizes + #", "unit": "in""#))]"],
      then: ["strip_families/g.json": "[\(family("b", sizes + #", "unit": "mm""#))]"])
    #expect(later.migrated == 1 && later.failed == 1)
    let both = try Trial(
      "strip_families/f.json",
      """
      [\(family("a", sizes + #", "unit": "Inch""#)), \(family("b", sizes + #", "unit": "mm""#)),
       \(family("c", sizes + #", "unit": "in""#)), \(family("d", sizes))]
      """)
    #expect(both.migrated == 3 && both.failed == 1, "\(both.text)")
    for (id, width) in ["a": "50.8", "b": "2.0", "c": "50.8"] {
      #expect(try both.value(.stripFamilies, id, "strip_width_mm") == width)
    }
    #expect(both.text.contains(#"is not read where \"unit\" says nothing"#), "\(both.text)")
  }

  @Test func onlyUnitsSayTheUnit() throws {
    for more in [#", "unit_price": 3.2"#, #", "units_in_stock": 4"#, #", "uom": "EA""#] {
      let trial = try Trial(
        "strip_families/f.json", "[\(family("a", #", "width": 2, "thickness": 1"# + more))]")
      #expect(trial.migrated == 1, "\(more) \(trial.text)")
      #expect(trial.text.contains("EA\\\", which is no known unit") == more.contains("EA"))
    }
    let job = try Trial("joblogs/j.json", "[\(job("a", #", "duration": 5, "unit": "mm""#))]")
    #expect(try job.value(.joblogs, "a", "duration_seconds") == "5.0")
  }

  @Test func aNameThatSaysTheUnitCountsFirst() throws {
    let job = try Trial(
      "joblogs/j.json", "[\(job("a", #", "duration": 12.5, "duration_s": 750"#))]")
    #expect(try job.value(.joblogs, "a", "duration_seconds") == "750.0")
    let trial = try Trial(
      "strip_families/f.json",
      "[\(family("a", #", "strip_width": 0.1, "width_mm": 2.54, "thickness": 1"#))]")
    #expect(try trial.value(.stripFamilies, "a", "strip_width_mm") == "2.54")
    // A member without a unit does not replace one with a unit.
    let parts = try Trial(
      "strip_families/f.json",
      """
      [\(family("a", #", "strip_width": 0.1, "width_mm": 2.54, "thickness": 1"#)),
       \(family("b", #", "strip_width": 0.1, "thickness": 1"#))]
      """)
    #expect(parts.migrated == 1 && parts.failed == 1)
    // Nor one in another unit, which is reported.
    let units = try Trial(
      "strip_families/f.json",
      """
      [\(family("a", #", "width": 2.5, "thickness_mm": 1"#)),
       \(family("b", #", "width_in": 0.1, "thickness_mm": 1"#))]
      """)
    #expect(units.migrated == 1 && units.failed == 1)
    #expect(
      units.unclear.contains(
        "\"width\" looks like strip_width_mm, but does not say its unit, and \"width_in\" is in "
          + "inches"), "\(units.unclear)")
  }

  /// A field that needs several conversions has several sources in one rule.
  @Test func membersInSeveralFormsAreReadByOneRule() throws {
    let rest = #", "thickness_mm": 1"#
    let units = try Trial(
      "strip_families/f.json",
      """
      [\(family("a", #", "width_mm": 2.54"# + rest)),
       \(family("b", #", "width_mm": null, "width_in": 0.1"# + rest)),
       \(family("c", #", "width": 5, "unit": "mm""# + rest)),
       \(family("d", #", "width_in": 0.1, "width": 0.1, "unit": "in""# + rest))]
      """)
    #expect(units.migrated == 4 && units.unclear.isEmpty, "\(units.text) \(units.unclear)")
    for (id, width) in ["a": "2.54", "b": "2.54", "c": "5.0", "d": "2.54"] {
      #expect(try units.value(.stripFamilies, id, "strip_width_mm") == width)
    }
    let forms = try Trial(
      "patterns/p.json",
      """
      [{"id": "a", "name": "A", "ring_count": 3, "geometry": {"r": 1}},
       {"id": "b", "name": "B", "rings": [{"r": 1}, {"r": 2}], "geometry": {"r": 1}}]
      """)
    #expect(forms.migrated == 2, "\(forms.text) \(forms.unclear)")
    #expect(try forms.value(.patterns, "b", "ring_count") == "2")
    let decimals = try Trial(
      "joblogs/j.json",
      "[\(job("a", #", "elapsed_s": "0,5""#)), \(job("b", #", "took": "0.25""#))]")
    #expect(try decimals.value(.joblogs, "a", "duration_seconds") == "0.5", "\(decimals.text)")
    #expect(try decimals.value(.joblogs, "b", "duration_seconds") == "0.25")
  }

  // MARK: Ids

  @Test func repeatedValuesAreNoIDs() throws {
    let trial = try Trial(
      "joblogs/j.json",
      """
      [{"ref": "WO-1", "type": "slice", "params": {"n": 1}},
       {"ref": "WO-1", "type": "slice", "params": {"n": 2}},
       {"ref": "WO-2", "type": "slice", "params": {"n": 3}}]
      """)
    #expect(trial.migrated == 3)
    #expect(
      trial.unclear.contains("\"ref\" looks like id, but several objects have the same value"))
    #expect(trial.text.contains("Left out: \\\"ref\\\" looks like id"))
    #expect(
      try JSONValue(parsing: trial.report.json)["shapes"]?[0]?["members"]?[0]?["reason"] != nil)
    // A copy of an object has the same id.
    let entity = #"{"ref": "WO-1", "type": "slice", "params": {"n": 1}}"#
    let copies = try Trial(["joblogs/a.json": "[\(entity)]", "joblogs/b.json": "[\(entity)]"])
    #expect(copies.migrated == 1 && copies.report.proposal?.outcome.duplicates == 1)
    #expect(copies.lines.contains("2 of 2 migrate, 1 of them with the id of an earlier one"))
    #expect(copies.report.json.contains(#""duplicates": 1"#))
  }

  @Test(arguments: [#"{"-N1": A, "-N2": B}"#, #"{"jobs": {"-N1": A, "-N2": B}}"#])
  func theKeyOfADictionaryIsTheID(_ text: String) throws {
    let text = text.replacing("A", with: #"{"uid": "x", "type": "cut", "params": {"a": 1}}"#)
      .replacing("B", with: #"{"uid": "y", "type": "cut", "params": {"a": 2}}"#)
    let trial = try Trial("joblogs/j.json", text)
    #expect(trial.migrated == 2)
    #expect(try trial.value(.joblogs, "-N1", "job_type") == "cut")
    #expect(
      trial.unclear.contains("\"uid\" looks like id, but the key in the dictionary is the id"))
  }

  // MARK: Values

  @Test func valuesForNoTimeAreNoTimesOf1970() throws {
    let trial = try Trial(
      "joblogs/j.json",
      """
      [\(job("a", #", "started": 1700000000, "finished": 0"#)),
       \(job("b", #", "started": 1700000000, "finished": -1"#)),
       \(job("c", #", "started": 1700000000, "finished": 1700000005"#)),
       \(job("d", #", "started": 17, "finished": 1700000005"#))]
      """)
    #expect(trial.text.contains("0 and -1 are taken for no time"))
    #expect(trial.migrated == 3 && trial.failed == 1)
    #expect(try trial.value(.joblogs, "a", "end_time") == nil)
    #expect(try trial.value(.joblogs, "b", "end_time") == nil)
    #expect(try trial.value(.joblogs, "c", "end_time") == "2023-11-14T22:13:25Z")
    #expect(trial.issues.contains { $0.pointer == "/start_time" && $0.message.contains("17") })
    let dates = try Trial(
      "joblogs/j.json",
      #"""
      [\#(job("a", #", "started": "/Date(1700000000000)/", "finished": "/Date(-62135596800000)/""#))]
      """#)
    #expect(dates.migrated == 1 && dates.unclear.isEmpty)
    #expect(try dates.value(.joblogs, "a", "end_time") == nil)
  }

  @Test func emptyTextIsNothing() throws {
    let trial = try Trial(
      "joblogs/j.json",
      """
      [\(job("a", #", "start_time": "", "pattern_id": "", "duration": "", "created": "" "#)),
       \(job("b", #", "start_time": "", "pattern_id": "", "duration": "5", "created": "" "#))]
      """)
    #expect(trial.migrated == 2, "\(trial.text) \(trial.issues)")
    #expect(try trial.value(.joblogs, "a", "duration_seconds") == nil)
    #expect(try trial.value(.joblogs, "b", "duration_seconds") == "5.0")
  }

  @Test func valuesThatAreNotUnderstoodAreReported() throws {
    let trial = try Trial(
      "joblogs/j.json",
      """
      [\(job("a", #", "state": "vorbei", "created": "03.04.2023""#)),
       \(job("b", #", "state": "weg", "created": "03.04.2023""#))]
      """)
    #expect(trial.migrated == 2)
    for sentence in [
      "\"state\" looks like status, but its values are not understood: \"vorbei\", \"weg\"",
      "\"created\" looks like created_at, but its values are not understood: \"03.04.2023\"",
    ] {
      #expect(trial.unclear.contains(sentence))
      #expect(trial.lines.contains(sentence))
      #expect(trial.text.contains(sentence.replacing("\"", with: "\\\"")))
    }
    let members = trial.report.shapes[0].members
    #expect(members.first { $0.name == "state" }?.reason?.contains("not understood") == true)
    // Only some of the words are understood.
    let words = try Trial(
      "joblogs/j.json", "[\(job("a", #", "state": "läuft""#)), \(job("b", #", "state": "weg""#))]")
    #expect(words.text.contains("\\\"weg\\\" is not understood"))
    #expect(try words.value(.joblogs, "a", "status") == "running")
    #expect(words.failed == 1)
  }

  @Test(arguments: [
    ("Offen", "pending"), ("geplant", "planned"), ("Abgebrochen", "cancelled"),
    ("en cours", "running"), ("Échoué", "failed"), ("In corso", "running"),
    ("annullato", "cancelled"), ("pendiente", "pending"), ("en proceso", "running"),
  ])
  func statesInOtherLanguages(_ word: String, _ status: String) throws {
    let trial = try Trial("joblogs/j.json", "[\(job("a", #", "state": "\#(word)""#))]")
    #expect(try trial.value(.joblogs, "a", "status") == status)
  }

  @Test func aCommaMaySeparateThousands() throws {
    func durations(_ texts: String...) throws -> Trial {
      let jobs = texts.enumerated().map { job("\($0)", #", "duration": "\#($1)""#) }
      return try Trial("joblogs/j.json", "[\(jobs.joined(separator: ", "))]")
    }
    for texts in [("1,250", "12,400"), ("850", "1,250")] {
      let unclear = try durations(texts.0, texts.1)
      #expect(unclear.migrated == 2)
      #expect(unclear.unclear.contains("its commas may stand for the decimal point"))
      #expect(try unclear.value(.joblogs, "0", "duration_seconds") == nil)
    }
    for (texts, values) in [
      (("2,5", "3"), ("2.5", "3.0")), (("1,250", "12,5"), ("1.25", "12.5")),
      (("0,125", "7"), ("0.125", "7.0")),
    ] {
      let clear = try durations(texts.0, texts.1)
      #expect(clear.text.contains(#""decimal": ",""#) && clear.unclear.isEmpty)
      #expect(try clear.value(.joblogs, "0", "duration_seconds") == values.0)
      #expect(try clear.value(.joblogs, "1", "duration_seconds") == values.1)
    }
    // Beside decimal points, commas are no decimal points, and are refused.
    let points = try durations("2.5", "1,250")
    #expect(points.migrated == 1 && points.failed == 1)
  }

  @Test func spacesBetweenThousandsAreNotUnderstood() throws {
    let jobs = ["1 250", "12 400"].map { job($0, #", "duration": "\#($0)""#) }
    let trial = try Trial("joblogs/j.json", "[\(jobs.joined(separator: ", "))]")
    #expect(trial.migrated == 2)
    #expect(
      trial.unclear.contains(
        "\"duration\" looks like duration_seconds, but its values are not understood: \"1 250\""))
  }

  @Test func onlyElementsOfListsAreReferences() throws {
    func pattern(_ id: String, _ families: String) -> String {
      #"{"id": "\#(id)", "fields": {"Name": "P", "Ring Count": 3, "Geometry": {"a": 1}, "#
        + #""Strip Family": \#(families)}}"#
    }
    func trial(_ patterns: String...) throws -> Trial {
      try Trial([
        "strip_families/f.json": Texts.family("f"),
        "patterns/p.json": #"{"records": [\#(patterns.joined(separator: ", "))]}"#,
      ])
    }
    let links = try trial(pattern("p", #"["f"]"#), pattern("q", "[]"))
    #expect(links.migrated == 3, "\(links.text)")
    #expect(try links.value(.patterns, "p", "strip_family_id") == "f")
    #expect(try links.value(.patterns, "q", "strip_family_id") == nil)
    let several = try trial(pattern("p", #"["f"]"#), pattern("q", #"["f", "g"]"#))
    #expect(several.migrated == 3)
    #expect(try several.value(.patterns, "p", "strip_family_id") == nil)
    #expect(several.unclear.contains("\"Strip Family\" looks like strip_family_id"))
  }

  // MARK: Names

  @Test func aFurtherNameFillsInForTheSurer() throws {
    let trial = try Trial(
      "patterns/p.json",
      """
      [{"id": "a", "title": "A", "ring_count": 3, "geometry": {"a": 1}},
       {"id": "b", "title": "B", "name": "B2", "ring_count": 3, "geometry": {"a": 1}}]
      """)
    #expect(trial.migrated == 2)
    #expect(try trial.value(.patterns, "a", "name") == "A")
    #expect(try trial.value(.patterns, "b", "name") == "B2")
  }

  /// A conversion leaves values unchanged that need none.
  @Test func oneConversionServesSeveralNames() throws {
    let trial = try Trial(
      "joblogs/j.json",
      """
      [{"id": "a", "job_type": "cut", "Parameters": {"a": 1}, "Status": "failed"},
       {"id": "b", "job_type": "cut", "parameters_json": "{\\"b\\":1}", "Status": "failed",
        "Created": 1700000000}]
      """)
    #expect(trial.migrated == 2, "\(trial.text)")
    #expect(try trial.value(.joblogs, "a", "parameters") == #"{"a":1}"#)
    #expect(try trial.value(.joblogs, "b", "parameters") == #"{"b":1}"#)
  }

  // MARK: Which objects a rule takes

  @Test func laterObjectsMayLackWhatIsOptional() throws {
    let trial = try Trial(
      ["joblogs/j.json": "[\(job("a", #", "state": "aborted", "start": 1700000000"#))]"],
      then: [
        "joblogs/k.json": "[\(job("b", #", "state": "aborted""#))]",
        // The status is read under its own name.
        "joblogs/l.json": "[\(job("c", #", "status": "failed""#))]",
      ])
    #expect(trial.migrated == 3, "\(trial.text) \(trial.issues)")
    #expect(try trial.value(.joblogs, "b", "status") == "cancelled")
    #expect(try trial.value(.joblogs, "c", "status") == "failed")
  }

  /// A rule does not take objects of another shape, in which the names mean something else.
  @Test func rulesTellShapesApart() throws {
    let trial = try Trial([
      "joblogs/a.json": "[\(job("a", ""))]",
      "joblogs/b.json": """
      [{"id": "b", "job_type": "rosette", "type": "hard", "params": {"b": 1}, "u": 1, "v": 1,
        "w": 1, "x": 1, "y": 1, "z": 1}]
      """,
    ])
    #expect(trial.migrated == 2, "\(trial.text)")
    #expect(try trial.value(.joblogs, "a", "job_type") == "slice")
    #expect(try trial.value(.joblogs, "b", "job_type") == "rosette", "\(trial.text)")
  }

  @Test(arguments: ["[A, B]", #"{"x": A, "y": B}"#, #"{"entries": [A, B]}"#])
  func severalKindsInOneCollection(_ text: String) throws {
    let family =
      #"{"kind": "family", "id": "x", "name": "F", "strip_width_mm": 1, "strip_thickness_mm": 1, "#
      + #""material_type": "oak", "strips": [1]}"#
    let job =
      #"{"kind": "job", "id": "y", "job_type": "cut", "parameters": {"a": 1}, "#
      + #""strip_family_id": "x"}"#
    let trial = try Trial(
      "all.json", text.replacing("A", with: family).replacing("B", with: job))
    #expect(trial.report.shapes.map(\.likeness) == [.stripFamilies, .joblogs])
    #expect(trial.migrated == 2 && trial.failed == 0, "\(trial.text) \(trial.issues)")
    #expect(try trial.value(.stripFamilies, "x", "name") == "F")
    #expect(try trial.value(.joblogs, "y", "strip_family_id") == "x")
    // The shape was tried only as the kind as which it is read.
    #expect(trial.lines.contains("Read as"))
  }

  @Test func filesUnlikeTheFirstOfADirectoryAreLookedAt() throws {
    var files: [String: String] = [:]
    for number in 10..<30 { files["all/a\(number).json"] = Texts.family("f\(number)") }
    for number in 10..<13 { files["all/j\(number).json"] = Texts.job("j\(number)") }
    let trial = try Trial(files)
    #expect(trial.report.shapes.map(\.kind) == [.stripFamilies, .joblogs])
    #expect(trial.report.shapes.map(\.plain.migrates) == [20, 3])
    #expect(trial.migrated == 23)
    // Files are examined, too, if the first ones look like no kind.
    var unknown = ["all/z.json": Texts.job("j")]
    for number in 10..<30 { unknown["all/a\(number).json"] = #"{"x": 1}"# }
    #expect(try Trial(unknown).migrated == 1)
  }

  @Test func otherObjectsHaveNoRule() throws {
    for text in [
      #"[{"id": "M1", "type": "saw", "config": {"rpm": 1}, "status": "active"}]"#,
      #"[{"id": "c", "name": "Customer", "kind": "shop", "tags": ["a"], "notes": "x"}]"#,
    ] {
      let trial = try Trial("machines.json", text)
      #expect(trial.report.proposal == nil && trial.migrated == 0, "\(trial.text)")
    }
    // That one object lacks a field does not prevent a rule for the others.
    let partly = try Trial(
      "x.json",
      #"""
      [{"id": "a", "name": "A", "RingCount": 1, "geometry_json": "{\"a\":1}"},
       {"id": "b", "name": "B", "RingCount": 1, "geometry_json": null}]
      """#)
    #expect(partly.migrated == 1 && partly.failed == 1, "\(partly.report.json)")
    #expect(partly.report.shapes[0].missing.isEmpty)
    let ended = try Trial(
      "x.json",
      """
      [{"id": "a", "JobType": "cut", "Parameters": {"a": 1}, "status": "failed"},
       {"id": "b", "JobType": "cut", "Parameters": {"a": 1}, "status": "completed"}]
      """)
    #expect(ended.migrated == 1 && ended.failed == 1)
    // Two common names do not suffice, which is reported.
    let few = try Trial("x.json", "[\(job("a", #", "state": "done""#))]")
    #expect(few.report.proposal == nil && few.unclear.contains("its names are common ones"))
    // More names suffice.
    let many = try Trial(
      "x.json", "[\(job("a", #", "state": "failed", "started": "2025-01-02T03:04:05Z""#))]")
    #expect(many.migrated == 1)
    // The name of the file suffices.
    let named = try Trial("exports/joblogs.json", "[\(job("a", ""))]")
    #expect(named.migrated == 1, "\(named.report.json)")
  }
}
