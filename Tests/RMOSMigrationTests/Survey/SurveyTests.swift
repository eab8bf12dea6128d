import RMOSModels
import RMOSStore
import RMOSSystem
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSMigration

/// Surveys of trees, compared with migrations of them.
@Suite struct SurveyTests {
  /// Of a kind's directory, only the first files are opened before they are read, and each small
  /// file is read with one call.
  @Test func filesAreOpenedOnce() throws {
    var files: [String: String] = [:]
    for number in 0..<200 {
      files["patterns/\(number).json"] =
        #"{"id": "\#(number)", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#
    }
    let calls = Mutex((opened: 0, read: 0))
    var options = Survey.Options()
    options.access = SourceAccess { call, _ throws(SystemError) in
      calls.withLock {
        switch call {
        case .open: $0.opened += 1
        case .read: $0.read += 1
        case .status, .list: break
        }
      }
    }
    #expect(try SourceTree(files).survey(options).migratesAsIs == 200)
    #expect(calls.withLock { $0.opened } == 264 && calls.withLock { $0.read } == 264)
  }

  @Test func encodingsAreTheActualOnes() throws {
    let text = Texts.pattern("a")
    let tree = try SourceTree(["patterns/utf8.json": text])
    try tree.add(
      "patterns/latin1.json", Array(#"{"id": "b", "name": "S"#.utf8) + [0xE9, 0x22, 0x7D])
    try tree.add(
      "patterns/unmarked.json", text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
    try tree.add(
      "patterns/utf16.json",
      [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
    try tree.add(
      "patterns/utf32.json",
      [0xFF, 0xFE, 0, 0] + text.unicodeScalars.flatMap { [UInt8($0.value & 0xFF), 0, 0, 0] })
    let report = try tree.survey(Survey.Options())
    #expect(
      report.encodings == [
        "UTF-8": 1, "UTF-16 little-endian": 1, "UTF-32": 1, "neither UTF-8 nor UTF-16": 1,
        "UTF-16 without a byte-order mark": 1,
      ])
  }

  /// Objects are kept by the issues that a migration reports, of their file in the directory of
  /// their kind.
  @Test(arguments: [
    #"{"response": {"status": 200, "body": {"items": [PATTERN]}}}"#,
    #"{"patterns": [LOOK_ALIKE], "joblogs": [JOB]}"#,
    #"{"patterns": {"-N1": OLD, "-N2": OLD}, "joblogs": {"-J1": JOB}}"#,
    #"{"patterns": [OLD], "archive": {"patterns": [PATTERN]}, "joblogs": [JOB]}"#,
    #"[{"json_agg": [PATTERN]}]"#, #"["java.util.ArrayList", [PATTERN, PATTERN]]"#,
    #"[[[PATTERN], [PATTERN]]]"#, #"{"a": [LOOK_ALIKE], "b": [JOB, JOB], "c": [JOB]}"#,
  ])
  func problemsAreThoseOfAMigration(_ text: String) throws {
    let lookAlike = Texts.pattern("a").replacing("ring_count", with: "ringCount")
    let old = lookAlike.replacing(
      #""created_at": "2025-01-15""#, with: #""createdAt": 1700000000123"#)
    let text = text.replacing("PATTERN", with: Texts.pattern("a"))
      .replacing("LOOK_ALIKE", with: lookAlike).replacing("OLD", with: old)
      .replacing("JOB", with: Texts.job("j"))
    let report = try SourceTree(["patterns/a.json": text]).survey(Survey.Options())
    #expect(!report.shapes.isEmpty)
    for shape in report.shapes {
      let tree = try SourceTree(["\(shape.kind.table)/a.json": text])
      let run = try RecordedMigration(tree, into: InMemoryStore())
      var codes = Set(run.issues.filter { $0.severity == .error }.map(\.code))
      if run.issues.contains(where: { $0.code == .shapeWrapper && $0.severity == .warning }) {
        codes.insert(.shapeWrapper)
      }
      let problems = Set(shape.plain.problems.map(\.key.code))
      #expect(problems.isSubset(of: codes), "\(shape.kind) \(problems) \(run.issues)")
      #expect(problems.isEmpty == (shape.plain.migrates > 0), "\(report.json)")
    }
  }

  private let legacy = Fixtures.package + "/Tests/Fixtures/legacy"

  /// The expected report on one of the trees in `Fixtures/legacy`.
  struct Expectation: Sendable, CustomTestStringConvertible {
    let name: String
    let count: Int
    let asIs: Int
    /// The suggested mapping, and the number of objects that migrate with it.
    var mapping: String?
    var mapped = 0

    var testDescription: String { name }
  }

  static let expectations = [
    Expectation(name: "flat-files", count: 3, asIs: 3),
    Expectation(name: "wrapper-plain", count: 3, asIs: 3),
    Expectation(name: "api-answers", count: 3, asIs: 3),
    Expectation(name: "table-dump", count: 3, asIs: 3),
    // Its strip family is missing.
    Expectation(name: "ring-bands", count: 1, asIs: 0, mapping: "ring-bands", mapped: 0),
    Expectation(name: "pattern-model", count: 1, asIs: 0, mapping: "pattern-model", mapped: 1),
    // The pattern of one job is missing.
    Expectation(name: "job-log-schema", count: 2, asIs: 0, mapping: "job-log", mapped: 1),
    Expectation(name: "saw-runs-list", count: 2, asIs: 0, mapping: "saw-runs", mapped: 2),
    Expectation(name: "saw-runs-dict", count: 4, asIs: 0, mapping: "saw-runs", mapped: 3),
    Expectation(name: "art-jobs", count: 1, asIs: 0, mapping: "art-jobs", mapped: 1),
    Expectation(name: "art-patterns", count: 2, asIs: 0, mapping: "art-patterns", mapped: 2),
    Expectation(name: "catalogue", count: 3, asIs: 0, mapping: "catalogue", mapped: 3),
    Expectation(name: "epoch-times", count: 2, asIs: 0, mapping: "epoch", mapped: 2),
    Expectation(name: "sandbox-families", count: 1, asIs: 0),
  ]

  @Test(arguments: expectations)
  func theRightMappingIsNamed(_ expected: Expectation) throws {
    let report = try Survey(of: legacy + "/" + expected.name).runSynchronously()
    #expect(report.objectCount == expected.count)
    #expect(report.migratesAsIs == expected.asIs)
    #expect(report.suggestedMappings == (expected.mapping.map { [$0] } ?? []))
    #expect(report.migratesAtBest == max(expected.asIs, expected.mapped))
    // A migration gives the same numbers.
    var options = Migration.Options()
    options.mappings = report.suggestedMappings.compactMap { Mapping.builtIn(named: $0) }
    let summary = try RecordedMigration(
      legacy + "/" + expected.name, into: InMemoryStore(), options
    ).summary
    #expect(summary.statistics.total.found == report.objectCount)
    #expect(summary.statistics.total.migrated == report.migratesAtBest)
  }

  /// Documents in which a migration finds no entities, and for which a proposal has pointers.
  @Test(arguments: [
    (#"{"2022":[J],"2023":[K]}"#, "/*/*"), (#"{"a":{"jobs":[J]},"b":{"jobs":[K]}}"#, "/*/jobs/*"),
    (#"{"count":2,"results":[J,K]}"#, "/results/*"),
    (#"{"status":"success","data":[J,K]}"#, "/data/*"),
    (#"{"created_at":"2025-01-01","data":{"jobs":[J,K]}}"#, "/data/jobs/*"),
  ])
  func entitiesElsewhereInADocument(_ text: String, _ place: String) throws {
    let text = text.replacing("J", with: Texts.job("a")).replacing("K", with: Texts.job("b"))
    let tree = try SourceTree(["joblogs/x.json": text])
    var options = Survey.Options()
    options.proposesMapping = true
    let report = try tree.survey(options)
    #expect(report.objectCount == 2 && report.migratesAsIs == 0 && report.canPropose)
    #expect(report.shapes.map(\.pointers) == [[place]])
    let proposal = try #require(report.proposal)
    #expect(proposal.outcome.found == 2 && proposal.outcome.migrates == 2)
    var migration = Migration.Options()
    migration.mappings = [try Mapping(parsing: proposal.text)]
    let made = try RecordedMigration(tree, into: InMemoryStore(), migration)
    #expect(made.summary.statistics.total.migrated == 2, "\(made.issues)")
  }

  /// A document with entities of several kinds, each under a member of its own.
  @Test(arguments: ["backup.json", "exports/2025/backup.json"])
  func severalKindsInOneDocument(_ path: String) throws {
    let text = #"""
      {"exported":"2025-01-01","families":[\#(Texts.family("f"))],
       "patterns":[\#(Texts.pattern("p")),\#(Texts.pattern("q"))],
       "jobs":[\#(Texts.job("j").replacing("job_type", with: "jobType"))],"log":[{"a":1}]}
      """#
    let tree = try SourceTree([path: text])
    var options = Survey.Options()
    options.proposesMapping = true
    let report = try tree.survey(options)
    #expect(report.fileCount == 1 && report.objectCount == 4 && report.migratesAsIs == 0)
    #expect(report.shapes.map(\.pointers) == [["/families/*"], ["/patterns/*"], ["/jobs/*"]])
    let proposal = try #require(report.proposal)
    #expect(proposal.outcome.found == 4 && proposal.outcome.migrates == 4, "\(proposal.text)")
    var migration = Migration.Options()
    migration.mappings = [try Mapping(parsing: proposal.text)]
    let made = try RecordedMigration(tree, into: InMemoryStore(), migration)
    #expect(made.summary.statistics.total.found == 4, "\(made.issues)")
    #expect(made.summary.statistics.total.migrated == 4, "\(made.issues)")
  }

  /// Exports in which the members of entities are in other members.
  @Test(arguments: [
    // Airtable.
    (
      """
      {"records": [{"id": "rec1", "createdTime": "2025-01-02T03:04:05.000Z",
        "fields": {"Name": "Rope", "Ring Count": 3, "geometry": {"r": 1}, "note": "x"}}]}
      """, ["name": "Rope", "ring_count": "3", "id": "rec1"]
    ),
    // CouchDB's _all_docs.
    (
      """
      {"total_rows": 1, "rows": [{"id": "p-1", "key": "p-1", "value": {"rev": "1-a"},
        "doc": {"_id": "p-1", "_rev": "1-a", "name": "Rope", "ring_count": 3,
          "geometry": {"r": 1}}}]}
      """, ["name": "Rope", "ring_count": "3", "id": "p-1"]
    ),
    // A GraphQL connection.
    (
      """
      {"patterns": {"edges": [{"cursor": "YQ==", "node": {"id": "p-1", "name": "Rope",
        "ringCount": 3, "geometry": {"r": 1}, "stripFamily": null}}]}}
      """, ["name": "Rope", "ring_count": "3", "id": "p-1"]
    ),
    // Django's dumpdata.
    (
      """
      [{"model": "shop.pattern", "pk": 7, "fields": {"name": "Rope", "ring_count": 3,
        "geometry": {"r": 1}}}]
      """, ["name": "Rope", "ring_count": "3", "id": "7"]
    ),
    // MongoDB's Extended JSON.
    (
      """
      [{"_id": {"$oid": "64a1"}, "name": "Rope", "ring_count": {"$numberInt": "3"},
        "geometry": {"r": 1}, "created_at": {"$date": {"$numberLong": "1735787045000"}}}]
      """,
      [
        "name": "Rope", "ring_count": "3", "id": "64a1",
        "created_at": "2025-01-02T03:04:05.000Z",
      ]
    ),
  ])
  func membersWithinMembers(_ text: String, _ expected: [String: String]) throws {
    let (record, report) = try proposed(text)
    for (member, value) in expected {
      switch record[member] {
      case .integer(let number): #expect(String(number) == value, "\(member)")
      case let found: #expect(found == .text(value), "\(member)")
      }
    }
    let places = report.shapes[0].members.filter { $0.field == "ring_count" }.map(\.name)
    #expect(places.count == 1 && places.allSatisfy { $0.hasPrefix("/") })
  }

  /// Envelopes in collections that are deeper than a migration looks.
  @Test(arguments: [
    #"{"data": {"patterns": {"edges": [{"node": PATTERN}], "pageInfo": {"hasNextPage": false}}}}"#,
    #"{"data": {"patterns": {"edges": [{"node": PATTERN}]}, "viewer": {"name": "Ann"}}}"#,
    #"{"data": {"patterns": {"nodes": [PATTERN]}, "viewer": {"name": "Ann"}}}"#,
    #"{"response": {"body": {"rows": [{"doc": PATTERN}], "total": 1}, "status": 200}}"#,
    #"[{"json_agg": [{"row": PATTERN}]}]"#,
  ])
  func envelopesAnywhereInADocument(_ text: String) throws {
    let (record, _) = try proposed(text.replacing("PATTERN", with: Texts.pattern("p-1")))
    #expect(record["id"] == .text("p-1") && record["name"] == .text("Rope"))
  }

  @Test(arguments: ["", "[", "[1, "])
  func entitiesInTextAreNamed(_ opening: String) throws {
    let content = opening + Texts.pattern("p") + (opening.isEmpty ? "" : "]")
    var writer = JSONWriter()
    writer.array { $0.object { $0.member("payload", content) } }
    let report = try SourceTree(["patterns/p.json": writer.text]).survey()
    let words = "\"payload\" holds JSON as text"
    #expect(report.shapes[0].unclear.contains { $0.contains(words) } == !opening.contains("1"))
  }

  /// What cannot be converted counts as a sign of an entity, too.
  @Test func anEnvelopeOfTypedValuesIsRecognized() throws {
    let tree = try SourceTree([
      "joblogs/x.jsonl":
        #"{"Item": {"id": {"S": "j"}, "job_type": {"S": "slice"}, "parameters": {"M": {"a": {"N": "#
        + #""1"}}}}}"#
    ])
    var options = Survey.Options()
    options.proposesMapping = true
    let report = try tree.survey(options)
    #expect(report.proposedMapping?.contains("/Item/job_type/S") == true, "\(report.json)")
    let unclear = report.shapes.flatMap(\.unclear)
    #expect(unclear.count == 1 && unclear[0].contains("DynamoDB's JSON"), "\(unclear)")
  }

  @Test func anEmbeddedObjectIsNotTheEntity() throws {
    let (record, _) = try proposed(
      """
      [{"ref": "p-1", "label": "Rope", "rings": 3, "geom": {"r": 1}, "family": {"id": "f-1",
        "name": "Ebony", "material_type": "ebony", "strip_width_mm": 2, "strips": [1]}}]
      """, with: ["strip_families/f.json": Texts.family("f-1")])
    #expect(record["name"] == .text("Rope"))
    #expect(record["strip_family_id"] == .text("f-1"))
  }

  /// Migrates a document of patterns with the mapping that a survey proposes for it.
  private func proposed(
    _ text: String, with files: [String: String] = [:]
  ) throws -> (pattern: Record, report: SurveyReport) {
    let tree = try SourceTree(["patterns/x.json": text].merging(files) { $1 })
    var options = Survey.Options()
    options.proposesMapping = true
    let report = try tree.survey(options)
    try #require(report.proposal != nil)
    var migration = Migration.Options()
    migration.mappings = try report.advisedMappings()
    let store = InMemoryStore()
    let summary = try RecordedMigration(tree.path, into: store, migration).summary
    #expect(summary.statistics.total.failed == 0)
    let records = try store.read { try $0.records(RecordQuery(.patterns)) }
    let record = try #require(records.first)
    return (record, report)
  }

  /// Entities of one kind may be a level deeper than those of another.
  @Test func severalKindsAtSeveralDepthsOfADocument() throws {
    let family =
      #"{"name":"F","strip_width_mm":2.5,"strip_thickness_mm":0.6,"material_type":"E","strips":[1]}"#
    let job = #"{"job_type":"slice","parameters":{"a":1},"status":"failed"}"#
    let tree = try SourceTree([
      "x.json": """
      {"strip_families": {"-F": \(family)},
       "patterns": {"-N": {"name": "N", "ring_count": 3, "geometry": {"a": 1}}},
       "joblogs": {"2024": {"-J1": \(job)}, "2025": {"-J2": \(job)}}}
      """
    ])
    var options = Survey.Options()
    options.proposesMapping = true
    let report = try tree.survey(options)
    let text = try #require(report.proposal?.text, "\(report.json)")
    #expect(text.contains("\"/joblogs/*/*\""), "\(text)")
    var migration = Migration.Options()
    migration.mappings = [try Mapping(parsing: text)]
    let made = try RecordedMigration(tree, into: InMemoryStore(), migration)
    #expect(made.summary.statistics.total.migrated == 4, "\(made.issues)")
  }

  /// A unit that another member states is used, and a unit that is assumed is reported.
  @Test func unitsAreNotAssumedInSilence() throws {
    func proposal(_ more: String, width: String = "width") throws -> String? {
      let tree = try SourceTree([
        "strip_families/x.json":
          #"[{"id":"f","name":"F","\#(width)":1,"thickness":2,"material":"E","strips":[1]\#(more)}]"#
      ])
      var options = Survey.Options()
      options.proposesMapping = true
      return try tree.survey(options).proposal?.text
    }
    let plain = try #require(try proposal(""))
    #expect(plain.contains("strip_width_mm, whose unit is taken to be mm"))
    for (name, unit) in [
      ("unit", "in"), ("width_unit", "inch"), ("unitOfMeasure", "Inches"), ("Einheit", "Zoll"),
    ] {
      let inches = try #require(try proposal(#","\#(name)":"\#(unit)""#))
      #expect(inches.contains("in inches, as \\\"\(name)\\\" says"), "\(inches)")
      #expect(inches.contains("\"as\": \"inches\""))
    }
    let same = try #require(try proposal(#","units":"mm""#))
    #expect(same.contains("in mm, as \\\"units\\\" says") && !same.contains("inches"))
    let named = try #require(try proposal("", width: "width_inches"))
    #expect(named.contains("\"as\": \"inches\""))
    for unit in [#""cm""#, "7", "null", #""mm","uom":"in""#] {
      let other = try proposal(#","unit":\#(unit)"#) ?? ""
      #expect(other.contains("/width") == (unit == "null" || unit == "7"), "\(unit)")
    }
    // Members may have statements of their own.
    let each = try #require(try proposal(#","width_unit":"in","thickness_unit":"mm","unit":"cm""#))
    #expect(each.contains("in inches, as \\\"width_unit\\\" says"), "\(each)")
    #expect(each.contains("in mm, as \\\"thickness_unit\\\" says"), "\(each)")
    let alike = try #require(try proposal(#","width_unit":"in","length_unit":"in""#))
    #expect(alike.split(separator: "inches, as").count == 3, "\(alike)")
  }

  /// What no conversion reads is named, and what one does read is recognized.
  @Test(
    arguments: [
      (.joblogs, #""duration_ms": 12"#, "ms"), (.joblogs, #""durationMin": 12"#, "min"),
      (.joblogs, #""runtime_minutes": "12""#, "minutes"), (.joblogs, #""elapsed_in_h": 1"#, "h"),
      (.joblogs, #""minutes": 12"#, "minutes"), (.joblogs, #""runtime_s": 12"#, nil),
      (.joblogs, #""duration_ms": {"a": 1}"#, nil), (.joblogs, #""m": 12"#, nil),
      (.joblogs, #""duration_seconds": 12, "duration_min": 0.2"#, nil),
      (.stripFamilies, #""width_cm": 0.2"#, "cm"),
      (.stripFamilies, #""stripWidthFeet": 1"#, "feet"),
      (.stripFamilies, #""width_inch": 0.1"#, nil),
    ] as [(EntityKind, String, String?)])
  func unitsInNames(_ kind: EntityKind, _ members: String, _ unit: String?) throws {
    let rest =
      kind == .joblogs
      ? #""job_type": "slice", "parameters": {"a": 1}"#
      : #""name": "F", "material_type": "E", "strip_thickness_mm": 1, "strips": [1]"#
    let tree = try SourceTree(["\(kind.table)/x.json": "[{\"id\": \"a\", \(rest), \(members)}]"])
    let shape = try #require(try tree.survey().shapes.first)
    let field = kind == .joblogs ? "duration_seconds" : "strip_width_mm"
    if let unit {
      let words = "looks like \(field), but its name says \"\(unit)\""
      #expect(shape.unclear.contains { $0.hasSuffix(words) }, "\(shape.unclear)")
      #expect(!shape.members.contains { $0.field == field })
    } else {
      #expect(shape.unclear.isEmpty)
      let isField = members.contains("_s\"") || members.contains("inch") || members.contains(field)
      #expect(shape.members.contains { $0.field == field } == isField)
    }
  }

  @Test(arguments: [
    ("min", nil), ("s", "in seconds, as"), ("Minutes", nil), ("seconds", "in seconds, as"),
  ])
  func unitsOfDurations(_ unit: String, _ words: String?) throws {
    let tree = try SourceTree([
      "joblogs/x.json":
        #"[{"id":"j","type":"slice","params":{"a":1},"duration":60,"duration_unit":"\#(unit)"}]"#
    ])
    var options = Survey.Options()
    options.proposesMapping = true
    let text = try tree.survey(options).proposal?.text
    #expect(try #require(text).contains("\"/duration\"") == (words != nil))
    if let words { #expect(text?.contains(words) == true) }
  }

  /// Objects in an ambiguous document are read, so the document is not reported as a failure.
  @Test func aDocumentThatIsReadAgainHasNoFailureOfTheFirstReading() throws {
    let tree = try SourceTree([
      "patterns/p.json": #"""
      {"a": [{"Id": "a", "Name": "A", "RingCount": 3, "Geometry": {"a": 1}}],
       "b": {"k": {"id": "b", "name": "B", "ring_count": 2, "geometry": {"q": 1}}}}
      """#
    ])
    let report = try tree.survey()
    #expect(report.objectCount == 2)
    #expect(report.failures.isEmpty, "\(report.json)")
  }

  /// Lists in lists are examined to a certain depth, as objects are.
  @Test func brackets() throws {
    let count = 500_000
    let open = String(repeating: "[", count: count)
    let tree = try SourceTree([
      "patterns/open.json": open,
      "patterns/closed.json": open + "{}" + String(repeating: "]", count: count),
      "elsewhere/open.json": open,
    ])
    let report = try tree.survey(Survey.Options())
    #expect(report.objectCount == 0 && report.failures.reduce(0) { $0 + $1.count } == 3)
  }

  @Test func missingFieldsAreNamed() throws {
    let report = try Survey(of: legacy + "/sandbox-families").runSynchronously()
    let shape = try #require(report.shapes.first)
    #expect(Set(shape.missing).isSuperset(of: ["strip_width_mm", "strip_thickness_mm", "strips"]))
  }

  @Test func anEmptySourceIsReported() throws {
    let tree = try SourceTree()
    try tree.add("notes.txt", "x")
    let report = try tree.survey()
    #expect(report.failures.isEmpty && report.fileCount == 0 && report.shapes.isEmpty)
    #expect(report.notRead.count == 1)
    #expect(report.lines(width: 80).joined(separator: " ").contains("no file to read"))
    #expect(throws: MigrationError.self) { try Survey(of: tree.path + "/no").runSynchronously() }
  }

  @Test func filesOutsideTheKindsAreRecognized() throws {
    let tree = try SourceTree([
      "export/runs.json": #"{"runs": [{"id": "j", "job_type": "slice", "parameters": {"a": 1}}]}"#,
      "export/woods.jsonl":
        #"{"id": "f", "name": "N", "strip_width_mm": 2, "strip_thickness_mm": 1, "#
        + #""material_type": "oak", "strips": [1]}"# + "\n",
      "broken.json": "{",
    ])
    var options = Survey.Options()
    options.proposesMapping = true
    try withExtendedLifetime(tree) {
      let report = try Survey(of: tree.path, options: options).runSynchronously()
      #expect(report.shapes.map(\.kind) == [.stripFamilies, .joblogs])
      #expect(report.shapes.allSatisfy { !$0.isInPlace && $0.likeness == $0.kind })
      #expect(report.failures.map(\.code) == [.jsonSyntax])
      // The mapping names their files.
      let proposal = try #require(report.proposal)
      var migration = Migration.Options()
      migration.mappings = [try Mapping(parsing: proposal.text)]
      let summary = try RecordedMigration(tree, into: InMemoryStore(), migration).summary
      #expect(summary.statistics.total.migrated == 2)
    }
  }

  @Test func duplicatesAndDanglingReferencesAreCounted() throws {
    let job = #"{"id": "j", "job_type": "slice", "parameters": {"a": 1}}"#
    let lost = #"{"id": "k", "job_type": "slice", "parameters": {"a": 1}, "pattern_id": "no"}"#
    let tree = try SourceTree(["joblogs/a.json": "[\(job), \(job), \(lost)]"])
    let report = try tree.survey()
    #expect(report.duplicates == 1)
    #expect(report.dangling == [.init(kind: .joblogs, member: "pattern_id", count: 1)])
    let problem = SurveyReport.Problem.Key(code: .referenceMissing, pointer: "/pattern_id")
    #expect(report.shapes.first?.plain.problems == [.init(key: problem, count: 1)])
  }

  @Test func limitsAreReported() throws {
    var text = ""
    for number in 0..<6 { text += #"{"a\#(number)": 1, "b\#(number)": 2}"# + "\n" }
    let tree = try SourceTree(["patterns/a.jsonl": text])
    var options = Survey.Options()
    options.limits.shapes = 2
    options.limits.members = 1
    let report = try tree.survey(options)
    #expect(report.objectCount == 6 && report.shapes.count == 2 && report.bounds.count == 2)
  }

  @Test func aMappingThatReadsNoneAtFirstIsTriedOnSamples() throws {
    var text = ""
    for number in 0..<200 {
      let time = number < 20 ? #""never""# : "1735689600"
      text +=
        #"{"id": "j\#(number)", "job_type": "slice", "parameters": {"a": 1}, "#
        + #""created_at": \#(time)}"# + "\n"
    }
    let tree = try SourceTree(["joblogs/a.jsonl": text])
    var options = Survey.Options()
    options.limits.trials = 10
    let report = try tree.survey(options)
    // The first sample that the mapping reads is the 64th object.
    #expect(report.suggestedMappings == ["epoch"] && report.migratesAtBest == 136)
    #expect(report.bounds.count == 1)
    let whole = try tree.survey()
    #expect(whole.migratesAtBest == 180 && whole.bounds.isEmpty)
  }

  /// A mapping may read more members, and so find a reference that leads nowhere.
  @Test func aMappingThatReadsMoreMayMigrateLess() throws {
    let tree = try SourceTree([
      "patterns/p.json": #"""
      [{"id": "p", "name": "Rope", "ring_count": 3, "geometry": {"a": 1}, "stripFamilyId": "none"},
       {"id": "q", "name": "Rope", "geometry": {"a": 1}, "stripFamilyId": "none"}]
      """#
    ])
    let report = try tree.survey()
    #expect(report.migratesAsIs == 1 && report.migratesAtBest == 0)
    #expect(report.lines(width: 80).contains("1 of 2 migrate as they are; 0 with any-case"))
  }

  /// A mapping that one shape needs may prevent objects of another from migrating.
  @Test func theBestIsWhatAllSuggestedMappingsMigrate() throws {
    let tree = try SourceTree([
      "patterns/a.json": #"""
      [{"id": "a", "name": "Rope", "ring_count": 3, "geometry": {"a": 1},
        "Created_At": 5, "k": 1, "l": 1, "m": 1, "n": 1},
       {"id": "b", "name": "Rope", "ring_count": 3, "geometry": {"a": 1},
        "Created_At": 5, "k": 1, "l": 1, "m": 1, "n": 1}]
      """#,
      "patterns/b.json": #"{"Id": "c", "Name": "Rope", "Ring_Count": 3, "Geometry": {"a": 1}}"#,
    ])
    let report = try tree.survey()
    #expect(report.shapes.map(\.best.migrates) == [2, 1])
    var options = Migration.Options()
    options.mappings = report.suggestedMappings.compactMap { Mapping.builtIn(named: $0) }
    let made = try RecordedMigration(tree, into: InMemoryStore(), options).summary
    #expect(made.statistics.total.migrated == 1 && report.migratesAtBest == 1)
    #expect(report.lines(width: 80).contains("2 of 3 migrate as they are; 1 with any-case"))
  }

  @Test func aPartOfASourceIsReadAsThatPart() throws {
    let fixture = legacy + "/saw-runs-dict"
    for path in ["/joblogs", "/joblogs/", "/joblogs/saw_runs.json"] {
      let report = try Survey(of: fixture + path).runSynchronously()
      #expect(report.source == fixture && report.objectCount == 4)
      #expect(report.shapes.first?.isInPlace == true)
    }
  }

  @Test func linesFitAndAreInert() throws {
    let hostile = "x\u{1b}[2J\u{202e}" + String(repeating: "long ", count: 40)
    var writer = JSONWriter()
    writer.array { writer in
      writer.object { $0.member(hostile, hostile) }
    }
    let tree = try SourceTree(["joblogs/\u{202e}a.json": writer.text])
    let report = try tree.survey()
    let lines = report.lines(width: 80, showsAll: true)
    #expect(lines.contains { $0.contains("x\\u{1b}") })
    for line in lines {
      #expect(PlainText.width(line) <= 80, "\(line)")
      #expect(!line.unicodeScalars.contains(where: PlainText.controlsDisplay))
    }
  }
}
