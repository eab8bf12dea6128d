import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// What other programs put around entities, and around values.
extension ProposalTests {
  private static let pattern = #""name": "R", "ring_count": 3, "geometry": {"a": 1}"#
  private static let family =
    #""name": "F", "strip_width_mm": 2.5, "strip_thickness_mm": 0.6, "material_type": "oak", "#
    + #""strips": [{"l": 1}]"#
  private static let job = #""job_type": "slice", "parameters": {"a": 1}"#

  private func text(_ template: String) -> String {
    template.replacing("PATTERN", with: Self.pattern).replacing("FAMILY", with: Self.family)
      .replacing("JOB", with: Self.job)
  }

  private func trial(_ files: [String: String]) throws -> Trial {
    try Trial(files.mapValues { text($0) })
  }

  // MARK: Typed values

  @Test(arguments: [
    // MongoDB, DynamoDB and Firestore.
    (#"{"$numberInt": "3"}"#, #"{"$date": "2025-01-02T03:04:05Z"}"#),
    (#"{"$numberDouble": "3"}"#, #"{"$date": {"$numberLong": "1735787045000"}}"#),
    (#"{"N": "3"}"#, #"{"S": "2025-01-02T03:04:05Z"}"#),
    (#"{"integerValue": "3"}"#, #"{"timestampValue": "2025-01-02T03:04:05Z"}"#),
    ("3", #"{"_seconds": 1735787045, "_nanoseconds": 0}"#),
    // RethinkDB and Windows PowerShell.
    ("3", #"{"$reql_type$": "TIME", "epoch_time": 1735787045, "timezone": "+00:00"}"#),
    ("3", #"{"value": "\/Date(1735787045000)\/", "DisplayHint": 2, "DateTime": "Thursday"}"#),
    // XML as JSON.
    (##"{"#text": "3", "@unit": "1"}"##, #"{"_text": "2025-01-02T03:04:05Z"}"#),
    (#"["3"]"#, #"[{"_": "2025-01-02T03:04:05Z", "$": {"zone": "UTC"}}]"#),
  ])
  func anObjectMaySayTheTypeOfAValue(_ number: String, _ time: String) throws {
    let typed = #"{"id": "a", "name": "R", "ring_count": NUMBER, "geometry": {"a": 1}, "t": TIME}"#
      .replacing("NUMBER", with: number).replacing("TIME", with: time)
      .replacing(#""t""#, with: #""created_at""#)
    let plain = #"{"id": "b", PATTERN, "created_at": "2025-01-02T03:04:05Z"}"#
    // Beside plain values, other than those of programs that write lists of all.
    for list in number.hasPrefix("[") ? ["[\(typed)]"] : ["[\(typed)]", "[\(typed), \(plain)]"] {
      let trial = try trial(["patterns/p.json": list])
      #expect(trial.failed == 0, "\(trial.text) \(trial.issues)")
      #expect(try trial.value(.patterns, "a", "ring_count") == "3")
      let time = try trial.value(.patterns, "a", "created_at")
      #expect(time?.hasPrefix("2025-01-02T03:04:05") == true, "\(trial.text)")
    }
  }

  @Test func severalTypesInOneField() throws {
    let trial = try Trial(
      "strip_families/f.json",
      """
      [{"_id": {"$oid": "aa"}, "name": "F", "strip_width_mm": {"$numberInt": "2"},
        "strip_thickness_mm": {"$numberDouble": "0.6"}, "material_type": "oak", "strips": [1]},
       {"_id": "bb", "name": "F", "strip_width_mm": {"$numberDouble": "2.5"},
        "strip_thickness_mm": 1, "material_type": "oak",
        "strips": {"value": [1, 2], "Count": 2}}]
      """)
    #expect(trial.migrated == 2, "\(trial.text) \(trial.issues)")
    #expect(try trial.value(.stripFamilies, "aa", "strip_width_mm") == "2.0")
    #expect(try trial.value(.stripFamilies, "bb", "strip_width_mm") == "2.5")
    #expect(try trial.value(.stripFamilies, "bb", "strips") == "[1,2]")
  }

  @Test(arguments: [
    (
      #"{"stringValue": "R"}"#, #"{"integerValue": "3"}"#,
      #"{"mapValue": {"fields": {"a": {"integerValue": "1"}}}}"#, "Firestore's JSON"
    ),
    (
      #"{"S": "R"}"#, #"{"L": [{"M": {"r": {"N": "1"}}}]}"#, #"{"M": {"a": {"N": "1"}}}"#,
      "DynamoDB's JSON"
    ),
  ])
  func whatIsTypedThroughoutIsCalledThat(
    _ name: String, _ rings: String, _ geometry: String, _ notation: String
  ) throws {
    let trial = try Trial(
      "patterns/p.json",
      #"[{"name": \#(name), "ring_count": \#(rings), "geometry": \#(geometry)}]"#)
    #expect(trial.unclear.contains("geometry, but it is \(notation)"), "\(trial.unclear)")
    if rings.contains("L") {
      #expect(trial.unclear.contains("ring_count, but it is \(notation)"), "\(trial.unclear)")
    }
  }

  /// DynamoDB and Firestore say that there is no value.
  @Test(arguments: [
    (#"{"S": "F"}"#, #"{"NULL": true}"#), (#"{"stringValue": "F"}"#, #"{"nullValue": null}"#),
  ])
  func typedNothing(_ text: String, _ nothing: String) throws {
    let trial = try trial([
      "patterns/p.json": "["
        + [text, nothing].enumerated().map {
          #"{"id": "\#($0)", PATTERN, "type": \#($1)}"#
        }.joined(separator: ", ") + "]"
    ])
    #expect(trial.migrated == 2, "\(trial.text) \(trial.issues)")
    #expect(try trial.value(.patterns, "0", "pattern_type") == "F")
    #expect(try trial.value(.patterns, "1", "pattern_type") == "generic")
  }

  @Test func plainValuesInListsAreNotCounted() throws {
    let one = try Trial(
      "patterns/p.json", #"[{"id": "a", "name": "R", "rings": ["4"], "geometry": {"a": 1}}]"#)
    #expect(try one.value(.patterns, "a", "ring_count") == "4")
    let several = try Trial(
      "patterns/p.json", #"[{"id": "a", "name": "R", "rings": [4, 5], "geometry": {"a": 1}}]"#)
    #expect(several.migrated == 0 && several.unclear.contains("its lists hold plain values"))
    let objects = try Trial(
      "patterns/p.json",
      #"[{"id": "a", "name": "R", "rings": [{"r": 4}, {"r": 5}], "geometry": {"a": 1}}]"#)
    #expect(try objects.value(.patterns, "a", "ring_count") == "2")
  }

  @Test(arguments: [("3.600", "0,6"), ("1.250", "2,5"), ("1.250,5", "2,5"), ("3.600", "1,250")])
  func aPointMayStandBetweenThousands(_ first: String, _ second: String) throws {
    let jobs = [first, second].enumerated().map {
      #"{"id": "\#($0)", \#(Self.job), "duration_seconds": "\#($1)"}"#
    }
    let trial = try Trial("joblogs/j.json", "[\(jobs.joined(separator: ", "))]")
    #expect(trial.report.proposal == nil, "\(trial.text)")
    #expect(trial.unclear.contains("\"duration_seconds\" is read as duration_seconds, but its"))
  }

  @Test func referencesWithAPointAreNoText() throws {
    let trial = try trial([
      "strip_families/f.json": #"[{"id": 1, FAMILY}]"#,
      "patterns/p.json": #"[{"id": "a", "Name": "R", "ring_count": 3, "geometry": {"a": 1}, "#
        + #""stripFamily": 1.0}, {"id": "b", PATTERN, "stripFamily": null}]"#,
    ])
    #expect(trial.migrated == 3, "\(trial.text) \(trial.issues)")
    #expect(trial.unclear.contains("its numbers are written with a point"))
  }

  // MARK: Around entities

  @Test(arguments: ["fields", "attributes", "doc", "_source", "row_to_json"])
  func severalKindsInEnvelopes(_ name: String) throws {
    for path in ["db.json", "patterns/db.json"] {
      let trial = try trial([
        path: """
        {"strip_families": [{"id": "eb", "\(name)": {FAMILY}}, {"id": "mp", "\(name)": {FAMILY}}],
         "patterns": [{"id": "rope", "\(name)": {PATTERN}}]}
        """
      ])
      #expect(trial.migrated == 3 && trial.failed == 0, "\(trial.text) \(trial.issues)")
      #expect(trial.text.contains("\"/strip_families/*\""))
      #expect(try trial.value(.stripFamilies, "mp", "name") == "F")
    }
  }

  @Test(arguments: [
    #"{"strip_families": [{"id": "eb", FAMILY}], "patterns": [{"id": "rope", PATTERN}]}"#,
    #"{"strip_families": {"eb": {FAMILY}}, "patterns": {"rope": {PATTERN}}}"#,
  ])
  func severalKindsWhereOneIsRead(_ text: String) throws {
    let trial = try trial(["patterns/db.json": text])
    #expect(trial.migrated == 2 && trial.failed == 0, "\(trial.text) \(trial.issues)")
    #expect(try trial.value(.patterns, "rope", "name") == "R")
    #expect(try trial.value(.stripFamilies, "eb", "name") == "F")
  }

  /// After many files with one entity each, those of several kinds are found as late as they are
  /// read.
  @Test(arguments: [0, 63, 64, 200])
  func severalKindsAfterManyFilesOfOne(_ count: Int) throws {
    var files = [
      "patterns/z.json": #"{"families": [{"id": "f", FAMILY}], "them": [{"id": "z", PATTERN}]}"#,
      "joblogs/j.json": #"{"id": "j", JOB}"#,
    ]
    for number in 0..<count { files["patterns/\(number).json"] = #"{"id": "\#(number)", PATTERN}"# }
    let trial = try trial(files)
    #expect(trial.report.fileCount == count + 2 && trial.report.objectCount == count + 3)
    #expect(trial.migrated == count + 3 && trial.failed == 0, "\(trial.text) \(trial.issues)")
  }

  /// Objects are of one shape only if they are of one kind, and in one envelope.
  @Test(arguments: [
    [
      "all.json": """
      [{"type": "pattern", "created_at": "2024-01-01", "id": "rope", PATTERN},
       {"type": "strip_family", "created_at": "2024-01-01", "id": "eb", FAMILY}]
      """
    ],
    [
      "all.json": """
      [{"model": "shop.pattern", "pk": "rope", "fields": {PATTERN}},
       {"model": "shop.stripfamily", "pk": "eb", "fields": {FAMILY}}]
      """
    ],
    [
      "patterns/a.json": #"[{"id": "a", "fields": {PATTERN}}]"#,
      "patterns/b.json": #"[{"id": "b", "doc": {PATTERN}}]"#,
    ],
  ])
  func whatIsOfOneShape(_ files: [String: String]) throws {
    let trial = try trial(files)
    #expect(trial.report.shapes.count == 2)
    #expect(trial.migrated == 2 && trial.failed == 0, "\(trial.text) \(trial.issues)")
  }

  @Test(arguments: [
    (#"[{"json_agg": [ROWS]}]"#, "/*/json_agg/*"),
    (
      #"[{"type": "header", "version": "5"}, {"type": "table", "name": "patterns", "data": [ROWS]}]"#,
      "/*/data/*"
    ),
    (
      #"{"results": [{"columns": [{"name": "ID", "type": "NUMBER"}], "items": [ROWS]}]}"#,
      "/results/*/items/*"
    ),
    (#"{"d": {"results": [ROWS]}}"#, "/d/results/*"),
  ])
  func entitiesInWrappersOfWrappers(_ text: String, _ place: String) throws {
    let patterns = text.replacing("ROWS", with: #"{"id": "a", PATTERN}, {"id": "b", PATTERN}"#)
    let trial = try trial(["patterns/p.json": patterns])
    #expect(trial.report.shapes.map(\.pointers) == [[place]])
    #expect(trial.migrated == 2 && trial.failed == 0, "\(trial.text) \(trial.issues)")
    let jobs = text.replacing("ROWS", with: #"{"id": "a", JOB}, {"id": "b", JOB}"#)
    #expect(try self.trial(["joblogs/j.json": jobs]).migrated == 2)
  }

  /// Objects in a list may be dictionaries of entities.
  @Test(arguments: [
    (#"[{"p1": {PATTERN}, "p2": {PATTERN}}, {"p3": {PATTERN}}]"#, "/*/*"),
    (
      #"[{"day": 1, "them": {"p1": {PATTERN}, "p2": {PATTERN}}}, {"day": 2, "them": {"p3": {PATTERN}}}]"#,
      "/*/them/*"
    ),
  ])
  func dictionariesInLists(_ text: String, _ place: String) throws {
    let trial = try trial(["patterns/p.json": text])
    #expect(trial.report.shapes.map(\.pointers) == [[place]])
    #expect(trial.migrated == 3 && trial.failed == 0, "\(trial.text) \(trial.issues)")
    #expect(try trial.value(.patterns, "p3", "ring_count") == "3")
  }

  @Test(arguments: [
    #"[{"before": {PATTERN}, "after": {PATTERN, "id": "a"}}]"#,
    #"[{"x": {PATTERN}, "y": {PATTERN, "id": "a"}}, {"x": {PATTERN}, "y": {PATTERN, "id": "b"}}]"#,
    #"[{"event": "created", "data": {PATTERN, "id": "a"}}]"#,
  ])
  func envelopesInListsAreNoDictionaries(_ text: String) throws {
    #expect(try trial(["patterns/p.json": text]).report.shapes.flatMap(\.pointers).isEmpty)
  }

  /// Nothing reads entities in lists within the lines of JSON Lines.
  @Test(arguments: [
    (#"{"batch": 1, "patterns": [{"id": "a", PATTERN}]}"#, "entities seem to be at /patterns/*, "),
    (#"{"at": 1, "data": {"it": {"id": "a", PATTERN}}}"#, "an entity seems to be at /data/it; "),
  ])
  func linesAroundEntities(_ line: String, _ words: String) throws {
    let trial = try trial(["patterns/p.jsonl": "\(line)\n\(line)\n"])
    #expect(trial.migrated == 0 && trial.unclear.contains(words), "\(trial.unclear)")
    let direct = try self.trial([
      "patterns/p.jsonl": #"{"event": "created", "data": {"id": "a", PATTERN}}"#
    ])
    #expect(direct.migrated == 1 && direct.unclear.isEmpty, "\(direct.unclear)")
  }

  /// In the pointers of a mapping, `*` is every member.
  @Test func aNameOfAWildcardIsLeftToTheUser() throws {
    let trial = try trial([
      "patterns/p.json":
        #"{"d": {"x": 1, "y": {"*": [{"id": "a", PATTERN}, {"id": "b", PATTERN}]}}}"#
    ])
    #expect(trial.report.proposal == nil, "\(trial.text)")
    #expect(trial.unclear.contains("is named *, which in a mapping means every member"))
  }

  @Test(arguments: ["dump.json", "patterns.json"])
  func severalKindsInTables(_ path: String) throws {
    let trial = try trial([
      path: """
      [{"type": "header", "version": "5.2"},
       {"type": "table", "name": "strip_families", "data": [{"id": "eb", FAMILY}]},
       {"type": "table", "name": "patterns", "data": [{"id": "a", PATTERN}]}]
      """
    ])
    #expect(trial.migrated == 2 && trial.failed == 0, "\(trial.text) \(trial.issues)")
  }

  /// What is in an entity is a part of it.
  @Test func entitiesInEntitiesAreNotTheEntities() throws {
    let trial = try trial([
      "patterns/p.json":
        #"[{"id": "a", "Title": "A", "Rings": 3, "Design": {"a": 1}, "jobs": [{"id": "j", JOB}], "#
        + #""variants": [{"id": "v", PATTERN}]}]"#
    ])
    #expect(trial.migrated == 1)
    #expect(try trial.value(.patterns, "a", "name") == "A", "\(trial.text)")
  }

  @Test func attributesHoldSomeMembers() throws {
    let trial = try Trial(
      "joblogs/j.json",
      """
      [{"_attributes": {"id": "j1", "job_type": "slice"}, "parameters": {"a": 1},
        "results": {"b": 1}}]
      """)
    #expect(try trial.value(.joblogs, "j1", "job_type") == "slice", "\(trial.text)")
    #expect(trial.report.shapes.flatMap(\.missing).isEmpty)
  }

  @Test func theTypeOfAnEnvelopeIsNotTheEntitys() throws {
    let trial = try trial([
      "patterns/p.json":
        #"{"data": [{"type": "patterns", "id": "a", "attributes": {PATTERN}}]}"#
    ])
    #expect(try trial.value(.patterns, "a", "pattern_type") == "generic", "\(trial.text)")
    let service = try Trial(
      "patterns/p.json",
      """
      [{"__metadata": {"uri": "x"}, "id": "a", "title": "R", "ring_count": 3, "geometry": {"a": 1}}]
      """)
    #expect(service.migrated == 1 && !service.text.contains("__metadata"))
  }

  @Test func whatWasDeletedIsNoEntity() throws {
    let trial = try trial([
      "joblogs/j.jsonl":
        #"{"before": null, "after": {"id": "a", JOB}, "op": "c"}"# + "\n"
        + #"{"before": {"id": "b", JOB}, "after": null, "op": "d"}"# + "\n"
    ])
    #expect(trial.migrated == 1)
  }

  @Test func anIDMayBeOtherThanTheKey() throws {
    let trial = try trial([
      "patterns/p.json": #"{"-Na": {"id": 7, PATTERN}, "-Nb": {"id": 8, PATTERN}}"#
    ])
    #expect(trial.migrated == 2, "\(trial.text)")
    #expect(try trial.value(.patterns, "8", "name") == "R")
    #expect(trial.text.contains("\\\"id\\\" is the id, not the key in the dictionary"))
  }

  // MARK: What is advised

  /// The survey tries what it proposes, and proposes nothing by which less would migrate.
  @Test func aProposalReadsNoLessThanWithout() throws {
    let embedded = try trial([
      "patterns/p.json": #"[{"id": "rope", PATTERN, "strip_family": {"id": "eb", FAMILY}}]"#
    ])
    #expect(embedded.report.proposal == nil && embedded.migrated == 1)
    let others = try trial([
      "patterns/p.json":
        #"[{"id": "rope", PATTERN, "Created": 1735787045, "strip_family": {"id": "eb", FAMILY}}]"#
    ])
    #expect(others.migrated == 1)
    #expect(others.text.contains("but leads to what is not there"))
    #expect(try others.value(.patterns, "rope", "created_at") == "2025-01-02T03:04:05Z")
    // What another shape of a file needs does not keep a rule from reading the rest.
    let design = try trial([
      "strip_families/f.json": #"[{"_id": "eb", FAMILY}, {"_id": "_design/v", "language": "js"}]"#,
      "patterns/p.json": #"[{"_id": "rope", PATTERN, "strip_family_id": "eb"}]"#,
    ])
    #expect(design.migrated == 2 && design.failed == 1, "\(design.text) \(design.issues)")
  }

  @Test func theBestOfWhatWasTriedIsAdvised() throws {
    let report = try SourceTree([
      "patterns/p.json": text(
        #"[{"id": "p", PATTERN, "stripFamilyId": "none"}, {"id": "q", "stripFamilyId": "none"}]"#)
    ]).survey()
    #expect(report.migratesAsIs == 1 && report.migratesAtBest == 0)
    #expect(report.suggestedMappings == ["any-case"] && report.bestMappings.isEmpty)
  }

  @Test(arguments: ["[{", "[null]", "{\"id\": \"b\",}"])
  func theVerdictSaysThatNotAllIsRead(_ broken: String) throws {
    let report = try SourceTree([
      "patterns/a.json": text(#"[{"id": "a", PATTERN}]"#), "patterns/b.json": broken,
    ]).survey()
    let lines = report.lines(width: 200)
    #expect(lines.contains("It migrates as it is, but not all is read: see the 1 failure above."))
  }

  @Test func jsonInTextIsSaid() throws {
    let trial = try Trial(
      "joblogs/j.jsonl",
      #"{"log": "{\"id\":\"j\",\"job_type\":\"slice\",\"parameters\":{\"a\":1}}", "stream": "out"}"#
    )
    #expect(trial.unclear.contains("\"log\" holds JSON as text"))
  }
}
