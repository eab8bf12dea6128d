import Foundation
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels
@testable import RMOSStore

/// Mappings in whole migrations: the files that they read, their rejects, and other commands.
@Suite struct MappedSourceTests {
  private static let run =
    #"{"no":"r1","kind":"slice","settings":{"a":1},"state":"done","ended":"2025-01-01T00:00:00"}"#
  private static let rule = #"""
    "when":{"has":"/no"},
    "members":{"id":["/no","key"],"job_type":"/kind","parameters":"/settings","end_time":"/ended",
    "status":{"from":"/state","values":{"done":"completed"}},"duration_seconds":{"value":1}}
    """#

  private func mapping(_ words: String = "") throws -> Mapping {
    try .joblogs("{\(words)\(Self.rule)}")
  }

  private func migrate(
    _ tree: SourceTree, _ mappings: [Mapping], into store: any RecordStore = InMemoryStore(),
    _ change: (inout Migration.Options) -> Void = { _ in }
  ) throws -> RecordedMigration {
    var options = Migration.Options()
    options.mappings = mappings
    options.clock = .fixed()
    change(&options)
    return try RecordedMigration(tree, into: store, options)
  }

  private func diff(
    _ tree: SourceTree, _ store: any RecordStore, _ mappings: [Mapping]
  ) throws -> DiffReport {
    var options = Diff.Options()
    options.mappings = mappings
    return try Diff(of: tree.path, against: store, options: options).runSynchronously()
  }

  /// Objects that a rule skips are left out with a note, in lines, lists, dictionaries and alone.
  @Test func skippedObjectsAreLeftOut() throws {
    let beat = #"{"type":"heartbeat","at":1}"#
    let tree = try SourceTree([
      "joblogs/log.jsonl": [beat, run("r1"), beat, beat].joined(separator: "\n"),
      "joblogs/list.json": "[\(run("r2")),\(beat)]",
      "joblogs/dictionary.json": #"{"r3":\#(run("r3")),"b":\#(beat)}"#,
      "joblogs/alone.json": beat, "joblogs/other.json": #"[{"type":"other"}]"#,
    ])
    let skipping = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"test","joblogs":[
          {"when":{"is":{"/type":"heartbeat"}},"skip":true},{\#(Self.rule)}]}
        """#)
    let store = InMemoryStore()
    let migrated = try migrate(tree, [skipping], into: store)
    let total = migrated.summary.statistics.total
    // Objects that no rule takes are read without the mapping.
    #expect(total.found == 4 && total.migrated == 3 && total.failed == 1)
    let notes = migrated.issues.filter { $0.code == .mappingSkipped }
    #expect(notes.allSatisfy { $0.severity == .info })
    #expect(
      notes.map { "\($0.source ?? ""): \($0.message.prefix(9))" }.sorted() == [
        "joblogs/alone.json: 1 object ", "joblogs/dictionary.json: 1 object ",
        "joblogs/list.json: 1 object ", "joblogs/log.jsonl: 3 objects",
      ])
    // A mapping that only skips objects is not reported as unused.
    let onlySkipping = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"beats","joblogs":[
          {"when":{"is":{"/type":"heartbeat"}},"skip":true}]}
        """#)
    let report = MigrationReport(of: try migrate(tree, [onlySkipping]).summary)
    #expect(!report.text.contains("read nothing"), "\(report.text)")
    // Dry runs, further runs and diffs agree.
    let dry = try migrate(tree, [skipping], into: InMemoryStore()) { $0.isDryRun = true }
    #expect(dry.issues == migrated.issues && dry.summary.statistics.total == total)
    let again = try migrate(tree, [skipping], into: store)
    #expect(again.summary.statistics.total.skipped == 3)
    let difference = try diff(tree, store, [skipping])
    #expect(difference.total.equal == 3, "\(difference.json)")
  }

  /// The size of a source counts the files that a mapping reads outside the kinds' directories, and
  /// not those in them that it keeps from being read.
  @Test func theSizeOfASourceIsThatOfTheFilesRead() throws {
    let tree = try SourceTree([
      "logs/one.json": "[\(run("r1"))]", "old.json": run("r2"), "other/no.json": run("r3"),
      "patterns/saw.json": "[\(run("r4"))]",
      "patterns/p.json": #"{"id":"p","name":"P","ring_count":1,"geometry":{"a":1}}"#,
    ])
    let files = try mapping(#""files":["logs/**","old.json","patterns/saw.json"],"#)
    var options = Migration.Options()
    (options.mappings, options.measuresSource) = ([files], true)
    var last: MigrationProgress?
    let summary = try withExtendedLifetime(tree) {
      try Migration(from: tree.path, into: InMemoryStore(), options: options)
        .runSynchronously(observer: { if case .progress(let progress) = $0 { last = progress } })
    }
    #expect(summary.statistics.total.migrated == 4, "\(summary.issues)")
    let progress = try #require(last)
    #expect(progress.totalBytes == progress.bytesRead)
  }

  private func lines(_ recorded: RecordedMigration) -> [String] {
    recorded.outcomes.map {
      "\($0.source) \($0.locator ?? "-") \($0.id ?? "-") \($0.outcome.rawValue)"
    }
  }

  private func run(_ id: String) -> String {
    Self.run.split(separator: "r1", maxSplits: 1).joined(separator: id)
  }

  // MARK: Rejects

  /// Rejects of objects that a mapping finds by the shape of the document are found in the copies.
  @Test(arguments: [
    ("{\"f1\":\(flawed(1)),\"f2\":\(flawed(2))}", 2), ("{\"f1\":\(flawed(1))}", 1),
    ("[\(flawed(1)),\(flawed(2))]", 2), (flawed(1), 1),
    ("{\"items\":[\(flawed(1)),\(flawed(2))]}", 2),
    ("{\"count\":2,\"items\":{\"f1\":\(flawed(1)),\"f2\":\(flawed(2))}}", 2),
    ("{\"all\":{\"a\":[\(flawed(1))],\"b\":[\(flawed(2))]}}", 2),
    ("{\"version\":3,\"runs\":{\"f1\":\(flawed(1)),\"f2\":\(flawed(2))}}", 2),
  ])
  func rejectsAreReadByTheirShape(_ text: String, _ count: Int) throws {
    for id in ["", #""id":"/no","#, #""id":["/no","key"],"#] {
      let mapping = try Mapping(
        parsing: #"{"mapping":1,"name":"m","strip_families":[{"members":{"#
          + id
          + #""name":"/title","material_type":"/wood","strip_width_mm":"/width","#
          + #""strip_thickness_mm":"/thick","strips":"/pieces"}}]}"#)
      let tree = try SourceTree(["strip_families/f.json": text])
      try TemporaryDirectory.use { directory in
        let rejects = directory.file("rejects")
        let store = InMemoryStore()
        let first = try migrate(tree, [mapping], into: store) { $0.rejectsDirectory = rejects }
        #expect(first.summary.statistics.total.failed == count, "\(first.issues)")
        for file in try FileManager.default.subpathsOfDirectory(atPath: rejects) {
          let path = rejects + "/" + file
          // Skips directories that are named like files, and the files beside the copies.
          guard file.hasSuffix(".json"),
            let copy = try? String(contentsOfFile: path, encoding: .utf8)
          else { continue }
          let mended = copy.replacing(#""width":0"#, with: #""width":2"#)
          try mended.write(toFile: path, atomically: true, encoding: .utf8)
        }
        var options = Migration.Options()
        options.mappings = [mapping]
        let second = try RecordedMigration(rejects, into: store, options)
        let total = second.summary.statistics.total
        #expect(total.found == count && total.migrated == count, "\(id) \(text) \(second.issues)")
        #expect(
          Set(second.outcomes.map(\.id)) == Set(first.outcomes.map(\.id)), "\(id) \(text)")
      }
    }
  }

  /// Rejects of a kind's file at the top are where that kind is read, unless the mapping reads the
  /// file by its name.
  @Test(arguments: [
    ("", "patterns/~patterns.json/0.json"), (#""files": ["pat*.json"], "#, "patterns.json/0.json"),
  ])
  func rejectsOfAFileAtTheTopAreRead(_ files: String, _ place: String) throws {
    let mapping = try Mapping(
      parsing: #"{"mapping":1,"name":"m","names":"any-case","patterns":[{\#(files)"members":{}}]}"#)
    for text in [
      #"[{"Id":"a","Name":"A","RingCount":0,"Geometry":{"x":1}}]"#,
      // What breaks off belongs to no rule.
      #"[{"Id":"a","Name":"A","RingCount":0"Geometry":{"x":1}}]"#,
    ] {
      let tree = try SourceTree(["patterns.json": text])
      try TemporaryDirectory.use { directory in
        let rejects = directory.file("rejects")
        let store = InMemoryStore()
        let first = try migrate(tree, [mapping], into: store) { $0.rejectsDirectory = rejects }
        #expect(first.summary.statistics.total.failed == 1)
        let isItem = text.contains("0,")
        let name = isItem ? place : place.replacing("0.json", with: "~rest.json")
        let copy = rejects + "/" + name
        let mended = try String(contentsOfFile: copy, encoding: .utf8)
          .replacing("\"RingCount\":0\"", with: "\"RingCount\":0,\"")
          .replacing("\"RingCount\":0", with: "\"RingCount\":3")
        try mended.write(toFile: copy, atomically: true, encoding: .utf8)
        var options = Migration.Options()
        options.mappings = [mapping]
        let second = try RecordedMigration(rejects, into: store, options)
        #expect(second.outcomes.map(\.id) == ["a"], "\(second.issues)")
        #expect(second.summary.statistics.total.migrated == 1, "\(second.issues)")
      }
    }
  }

  /// Rejects that are not fixed fail again, as many as before and for the same reasons, also those
  /// that no rule takes or to which `entities` does not apply.
  @Test(arguments: [
    (
      #"[{"entities":"/*","members":{"id":"key","job_type":"/op","parameters":{"rest":true}}}]"#,
      "jsonl"
    ),
    (#"[{"entities":"/*","when":{"has":"/job_type"}}]"#, "json"),
    (#"[{"entities":"/*","when":{"has":"/job_type"}}]"#, "jsonl"),
    (#"[{"entities":"/runs/*","when":{"has":"/job_type"}}]"#, "jsonl"),
    (#"[{"entities":"/runs/*","when":{"has":"/job_type"}}]"#, "wrapper"),
    (#"[{"entities":"/*/*","when":{"has":"/job_type"}}]"#, "wrapper"),
    (#"[{"entities":"/*/*"}]"#, "nested"), (#"[{"entities":"/runs/*"}]"#, "holder"),
    // The key of a reject is no more than its id.
    (#"[{"members":{"id":"/id","job_type":["/job_type","key"]}}]"#, "json"),
    (#"[{"members":{"id":"/id","job_type":["/job_type","key"]}}]"#, "jsonl"),
  ])
  func rejectsFailAgainForTheSameReasons(_ rules: String, _ layout: String) throws {
    let objects = [
      #"{"id":"n1","job_type":"","parameters":{"op":"slice","depth":3}}"#,
      #"{"id":"u","x":1}"#, #"{"x":{"y":1}}"#, "7", #"[{"a":1}]"#,
    ]
    let list = "[" + objects.joined(separator: ",") + "]"
    let (name, text) =
      switch layout {
      case "jsonl": ("a.jsonl", objects.joined(separator: "\n"))
      case "wrapper": ("a.json", #"{"runs":\#(list)}"#)
      case "nested": ("a.json", #"{"f":[\#(Self.flawed(1)),7],"g":{"k":5,"l":{"x":1}}}"#)
      case "holder":
        ("a.json", #"[{"id":"h","job_type":"","parameters":{"a":1},"runs":[{"x":1}]}]"#)
      default: ("a.json", list)
      }
    let tree = try SourceTree(["joblogs/\(name)": text])
    let mapping = try Mapping(parsing: #"{"mapping":1,"name":"m","joblogs":\#(rules)}"#)
    func failures(_ recorded: RecordedMigration) -> [[String]] {
      recorded.outcomes.map { [$0.outcome.rawValue] + $0.codes.sorted() }
        .sorted { $0.lexicographicallyPrecedes($1) }
    }
    try TemporaryDirectory.use { directory in
      let rejects = directory.file("rejects")
      let first = try migrate(tree, [mapping]) { $0.rejectsDirectory = rejects }
      #expect(
        first.summary.statistics.total.failed == ["nested": 4, "holder": 1][layout, default: 5])
      let again = try RecordedMigration(rejects, into: InMemoryStore(), options(of: [mapping]))
      #expect(failures(again).count == failures(first).count, "\(lines(again))")
      for (left, right) in zip(failures(first), failures(again)) {
        // The id of an item of a list is derived anew.
        #expect(
          left.filter { $0 != "id.derived" } == right.filter { $0 != "id.derived" },
          "\(again.issues)")
      }
    }
  }

  /// Rejects of files that are read as several kinds are read once each.
  @Test(arguments: [
    ("d.jsonl", "J\n{\"type\":\"z\",\"x\":1}", 1), ("d.json", "[J,{\"type\":\"z\",\"x\":1}]", 1),
    ("d.jsonl", "J\n{\"type\":\"p\",\"x\":1}\n7", 2),
    // A dictionary is read as each kind, and so is an object that rules of all kinds take.
    ("d.json", "{\"k\":{\"type\":\"z\",\"x\":1}}", 3), ("d.json", "{\"type\":\"all\"}", 3),
    ("d.json", "[{\"type\":\"all\"}]", 3),
  ])
  func rejectsOfLinesOfSeveralKinds(_ name: String, _ text: String, _ failed: Int) throws {
    func rule(_ condition: String) -> String { #"[{"files":"d.*","when":\#(condition)}]"# }
    let mapping = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"m","strip_families":\#(rule(#"{"is":{"/type":["f","all"]}}"#)),
        "patterns":\#(rule(#"{"is":{"/type":["p","all"]}}"#)),
        "joblogs":\#(rule(#"{"has":"/\#(text.contains("all") ? "type" : "job_type")"}"#))}
        """#)
    let tree = try SourceTree([name: text.replacing("J", with: Self.job)])
    try TemporaryDirectory.use { directory in
      let rejects = directory.file("rejects")
      for _ in 1...2 {
        let first = try migrate(tree, [mapping]) { $0.rejectsDirectory = rejects }
        #expect(first.summary.statistics.total.failed == failed, "\(first.issues)")
        #expect(first.summary.rejects?.failure == nil, "\(first.summary.rejects?.failure ?? "")")
        #expect(first.summary.rejects?.written == failed)
      }
      let again = try RecordedMigration(rejects, into: InMemoryStore(), options(of: [mapping]))
      if !text.contains("all") {
        #expect(again.summary.statistics.total.found == failed, "\(lines(again))")
      }
      #expect(again.summary.statistics.total.migrated == 0)
    }
  }

  // MARK: The same bytes under another id

  /// What was read without a mapping before, and is read with an id of its own now, is there twice.
  @Test(arguments: Backend.allCases)
  func whatIsReadUnderAnotherIDIsAWarning(_ backend: Backend) throws {
    let rest = #""name":"R","ring_count":3,"geometry":{"a":1}"#
    let tree = try SourceTree([
      "patterns/p.json": #"[{"_id":"rope",\#(rest)},{"_id":"wave",\#(rest)}]"#,
      "patterns/q.json": #"{"_id":"own",\#(rest)}"#,
    ])
    let anyCase = try Mapping(
      parsing: #"{"mapping":1,"name":"m","names":"any-case","patterns":[{"members":{}}]}"#)
    try TemporaryDirectory.use { directory in
      let store = try backend.store(in: directory)
      _ = try migrate(tree, [], into: store)
      // Another file of the same entity is not what was read before.
      try tree.add("patterns/q.json", Array(#"{"_id":"own", \#(rest)}"#.utf8))
      let dry = try migrate(tree, [anyCase], into: store) { $0.isDryRun = true }
      let again = try migrate(tree, [anyCase], into: store)
      #expect(again.issues == dry.issues)
      #expect(again.summary.statistics.total.migrated == 3)
      let warnings = again.issues.filter { $0.severity == .warning }
      #expect(warnings.map(\.code) == [.duplicateIdentical, .duplicateIdentical])
      #expect(warnings.map(\.id) == ["rope", "wave"])
      #expect(
        warnings.first?.message.contains("\"legacy:patterns/p.json#0\", with which run 1 read it")
          == true)
      // A third run has nothing to add.
      #expect(try migrate(tree, [anyCase], into: store).issues.allSatisfy { $0.severity == .info })
      let report = try diff(tree, store, [anyCase])
      let left = report.entries.filter { $0.category == .onlyInDatabase }
      #expect(left.map(\.change) == [.reading, .reading, .source])
      #expect(left.first?.lines.first?.contains("read otherwise now") == true)
    }
  }

  /// So is what had the name of its member as its id, when that was no envelope yet.
  @Test func whatHadTheNameOfItsMemberAsIDIsAWarning() throws {
    let rest = #""name":"R","ring_count":3,"geometry":{"a":1}"#
    let tree = try SourceTree([
      "patterns/p.json": #"{"patterns":{"pattern":{\#(rest)}}}"#,
      "patterns/q.json": #"{"items":[{\#(rest)}]}"#,
    ])
    let byKey = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"m","patterns":[
          {"files":["patterns/p.json"],"entities":"/patterns/*","members":{"id":"key"}}]}
        """#)
    let store = InMemoryStore()
    _ = try migrate(tree, [byKey], into: store)
    let again = try migrate(tree, [], into: store)
    let warnings = again.issues.filter { $0.severity == .warning }
    #expect(warnings.map(\.id) == ["legacy:patterns/p.json#/patterns/pattern"])
    #expect(warnings.first?.message.contains("\"pattern\", with which run 1 read it") == true)
  }

  private static func flawed(_ number: Int) -> String {
    #"{"no":"n\#(number)","title":"T","wood":"maple","width":0,"thick":1,"pieces":[{"l":1},{"l":2}]}"#
  }

  // MARK: Files of several kinds

  private static let whole = #"""
    {"mapping": 1, "name": "whole",
      "strip_families": [{"files": ["*.json"], "entities": "/families/*"}],
      "patterns": [{"files": ["*.json"], "entities": "/patterns/*"}],
      "joblogs": [{"files": ["*.json"], "entities": "/jobs/*"}]}
    """#
  private static let (family, pattern, job) = (
    Texts.family("f"), Texts.pattern("p"), Texts.job("j")
  )

  /// A kind that a document does not have is not looked for in the entities of others, and a
  /// problem of the document is reported once.
  @Test(arguments: [
    ("{\"families\":[\(family)],\"patterns\":[\(pattern)],\"jobs\":[\(job)]}", 3, 0),
    ("{\"families\":[\(family)],\"log\":{\"a\":1}}", 1, 0),
    ("{\"jobs\":[\(job)]}", 1, 0), ("{\"patterns\":[],\"log\":{}}", 0, 0),
    // Without any of the collections, the document is read as that of one kind.
    ("{\"logs\":[{\"a\":1}]}", 1, 1), ("[{\"a\":1}]", 1, 1),
    // Broken or empty documents, and values that are none.
    ("", 1, 1), ("7", 1, 1), ("{\"families\":[\(family)],\"patterns\":[\(pattern)", 3, 1),
    ("{\"families\":[\(family)],\"patterns\":[\(pattern), {\"id\"", 3, 1),
    ("{\"families\":[\(family)]} 7", 2, 1), ("\u{FFFE}", 1, 1),
  ])
  func aDocumentOfSeveralKindsIsReadOnceByEach(_ text: String, _ found: Int, _ failed: Int) throws {
    let tree = try SourceTree(["shop.json": text])
    let mapping = try Mapping(parsing: Self.whole)
    for isDryRun in [true, false] {
      let made = try migrate(tree, [mapping]) { $0.isDryRun = isDryRun }
      let total = made.summary.statistics.total
      #expect(total.found == found && total.failed == failed, "\(made.issues)")
    }
  }

  /// In a collection with objects of several kinds, each object is read as the kind whose rule
  /// takes it, and once if none does.
  @Test(arguments: [
    ("/items/*", "a.json", "{\"items\":[\(mixed)]}", 4, 2),
    ("/items/*", "a.json", "{\"items\":[\(mixed), {\"type\":\"glue\"}]}", 5, 3),
    ("/*", "a.json", "[\(mixed)]", 4, 2), (nil, "a.json", "[\(mixed)]", 4, 2),
    ("/*", "a.json", "{\"f\":\(typedFamily),\"j\":\(typedJob),\"c\":7}", 3, 1),
    (nil, "a.jsonl", "\(typedJob)\n\(typedFamily)\n7\n{\"type\"\n", 4, 2),
    (nil, "a.json", "\(typedJob)", 1, 0), (nil, "a.json", "\(typedFamily)", 1, 0),
    (nil, "a.json", "", 1, 1), (nil, "a.json", "\(typedFamily) 7", 1, 1),
    (nil, "a.jsonl", "\(typedFamily)\n{\"type\"", 2, 1), (nil, "a.jsonl", "<html>", 1, 1),
  ])
  func oneCollectionOfSeveralKinds(
    _ place: String?, _ name: String, _ text: String, _ found: Int, _ failed: Int
  ) throws {
    let entities = place.map { #""entities":"\#($0)","# } ?? ""
    func rule(_ type: String) -> String {
      #"[{"files":["*"],\#(entities)"when":{"is":{"/type":"\#(type)"}}}]"#
    }
    let mapping = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"mixed","strip_families":\#(rule("family")),"joblogs":\#(rule("job"))}
        """#)
    let tree = try SourceTree([name: text])
    for isDryRun in [true, false] {
      let made = try migrate(tree, [mapping]) { $0.isDryRun = isDryRun }
      let total = made.summary.statistics.total
      #expect(total.found == found && total.failed == failed, "\(made.issues)")
      #expect(made.outcomes.filter { $0.outcome == .migrated }.count == found - failed)
    }
  }

  private static let typedFamily = #"{"type":"family",\#(family.dropFirst())"#
  private static let typedJob = #"{"type":"job",\#(job.dropFirst())"#
  /// An object of each kind, one of neither, and a number.
  private static let mixed = #"\#(typedJob), {"type":"screw"}, \#(typedFamily), 7"#

  /// Values that may hold entities are reported if no rule leads to them, unless their names say
  /// that they describe the document.
  @Test(arguments: [
    (#"{"jobs":[],"archived":[{"id":"r"}]}"#, "/archived"),
    (#"{"jobs":[J],"more":[{"id":"r"}],"errors":[{"id":"r"}],"n":[1]}"#, "/more"),
    (#"{"jobs":[J],"a":[{"x":[{"y":1}]}]}"#, "/a"), (#"{"jobs":[J],"families":[F]}"#, nil),
    (#"{"jobs":[J],"a":SSS[S{"x":1}],"b":[ 1S]}"#, "/a"),
    (#"{"jobs":[J],"b":{"x":J}}"#, "/b"), (#"{"jobs":[J],"b":{"y":{"x":J}}}"#, "/b"),
    (#"{"jobs":[J],"b":J}"#, "/b"), (#"{"jobs":[J],"b":F}"#, "/b"),
    (#"{"jobs":[J],"b":{"status":"failed","x":[{"y":1}]}}"#, "/b"),
    (#"{"jobs":[J],"settings":{"a":{"x":1}},"shop":{"city":"Kassel"},"n":{}}"#, nil),
  ])
  func valuesBesideAMappedListAreReported(_ text: String, _ place: String?) throws {
    let text = text.replacing("J", with: Self.job).replacing("F", with: Self.family)
      .replacing("S", with: String(repeating: " ", count: 300_000))
    let tree = try SourceTree(["shop.json": text])
    let made = try migrate(tree, [Mapping(parsing: Self.whole)])
    #expect(made.summary.statistics.total.failed == 0, "\(made.issues)")
    let warnings = made.issues.filter { $0.code == .shapeWrapper && $0.severity == .warning }
    #expect(warnings.count == (place == nil ? 0 : 1), "\(made.issues)")
    #expect(warnings.allSatisfy { $0.message.contains("but not those at \"\(place ?? "")\"") })
  }

  /// What is around the entities that a mapping selects is kept nowhere, so it is named, once a
  /// file.
  @Test(arguments: [
    (
      #"[{"customer":"Müller","order":1,"jobs":[J]},{"customer":"B","jobs":[]}]"#,
      #"of the file at "/*/jobs/*"; not kept: "/*/customer", "/*/order""#
    ),
    (
      #"[{"a~/b":1,"none":null,"empty":[],"jobs":{"j":J}}]"#,
      #"of the file at "/*/jobs/*"; not kept: "/*/a~0~1b""#
    ),
    (
      #"[{"jobs":[J],"meta":{"by":"M"},"errors":[{"id":"r"}],"notes":["n"]}]"#,
      #"of the file at "/*/jobs/*"; not kept: "/*/meta", "/*/errors", "/*/notes""#
    ),
    (#"[{"jobs":[J]},7]"#, #"of the file at "/*/jobs/*"; not kept: "/*""#),
    (
      #"[{"jobs":[J],"families":[F],"x":1}]"#,
      #"of the file at "/*/jobs/*"; not kept: "/*/x""#
    ),
    (
      #"[{"jobs":[J],"families":[F],"old":[J],"x":1}]"#,
      #"not those at "/*/old"; add a rule for them if they are meant; not kept: "/*/x""#
    ),
    (#"[{"jobs":[J],"empty":{}}]"#, nil),
  ])
  func valuesAroundTheEntitiesOfAMappingAreNamed(_ text: String, _ expected: String?) throws {
    let families = #""strip_families":[{"files":"*.json","entities":"/*/families/*"}],"#
    let mapping = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"m",\#(text.contains("families") ? families : "")
        "joblogs":[{"files":"*.json","entities":"/*/jobs/*"}]}
        """#)
    let text = text.replacing("J", with: Self.job).replacing("F", with: Self.family)
    let made = try migrate(SourceTree(["a.json": text]), [mapping])
    #expect(made.summary.statistics.total.failed == 0, "\(made.issues)")
    let notes = made.issues.filter { $0.code == .shapeWrapper }
    #expect(notes.count == (expected == nil ? 0 : 1), "\(notes)")
    if let expected { #expect(notes.first?.message.contains(expected) == true, "\(notes)") }
  }

  /// A container that appears twice on the way to entities is a failure, not passed over.
  @Test func aContainerThatAppearsTwiceFails() throws {
    let mapping = try Mapping(
      parsing: #"{"mapping":1,"name":"m","joblogs":[{"entities":"/*/jobs/*"}]}"#)
    let other = Texts.job("k")
    let tree = try SourceTree([
      "joblogs/a.json": #"[{"jobs":[\#(Self.job)],"jobs":[\#(other)]},{"jobs":[]}]"#
    ])
    try TemporaryDirectory.use { directory in
      let rejects = directory.file("rejects")
      let made = try migrate(tree, [mapping]) { $0.rejectsDirectory = rejects }
      let total = made.summary.statistics.total
      #expect(total.found == 2 && total.migrated == 1 && total.failed == 1, "\(made.issues)")
      let error = try #require(made.issues.first { $0.severity == .error })
      #expect(error.code == .jsonDuplicateKey && error.locator?.text == "/0/jobs")
      // Its entities can be migrated from its reject.
      let again = try RecordedMigration(rejects, into: InMemoryStore(), options(of: [mapping]))
      #expect(again.summary.statistics.total.migrated == 1, "\(again.issues)")
    }
  }

  /// A value that appears twice within a member is not taken, unless both are equal.
  @Test(arguments: [("1", "2", false), ("1", "1", true), ("1", "null", true)])
  func aMemberThatAppearsTwiceIsNotTaken(
    _ first: String, _ second: String, _ isTaken: Bool
  ) throws {
    let mapping = try Mapping(
      parsing:
        #"{"mapping":1,"name":"m","joblogs":[{"members":{"duration_seconds":{"from":"/f/n"}}}]}"#)
    let tree = try SourceTree([
      "joblogs/a.json":
        #"{"id":"j","job_type":"slice","parameters":{"a":1},"f":{"n":\#(first),"n":\#(second)}}"#
    ])
    let store = InMemoryStore()
    let made = try migrate(tree, [mapping], into: store)
    #expect(made.summary.statistics.total.migrated == 1, "\(made.issues)")
    #expect(made.issues.contains { $0.code == .fieldNotDerived } == !isTaken, "\(made.issues)")
    let duration = try store.read { try $0.record(.joblogs, id: "j")?["duration_seconds"] }
    #expect((duration != .null && duration != nil) == isTaken)
  }

  /// An object that rules of two kinds take becomes an entity of each.
  @Test func oneObjectOfTwoKinds() throws {
    let mapping = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"both","strip_families":[{"entities":"/all/*","files":["*"]}],
         "joblogs":[{"entities":"/all/*","files":["*"]}]}
        """#)
    let tree = try SourceTree(["a.json": "{\"all\":[\(Self.family)]}"])
    let made = try migrate(tree, [mapping])
    #expect(made.summary.statistics[.stripFamilies].found == 1)
    #expect(made.summary.statistics[.joblogs].found == 1)
  }

  /// Each copy of a reject is of one kind.
  @Test func rejectsOfADocumentOfSeveralKindsAreMigratedOnceFixed() throws {
    let tree = try SourceTree([
      "shop.json":
        "{\"families\":[\(Self.family)],"
        + "\"patterns\":[{\"id\":\"p\"}],\"jobs\":[{\"id\":\"j\"}]}"
    ])
    let mapping = try Mapping(parsing: Self.whole)
    try TemporaryDirectory.use { directory in
      let rejects = directory.file("rejects")
      let first = try migrate(tree, [mapping]) { $0.rejectsDirectory = rejects }
      #expect(first.summary.statistics.total.failed == 2)
      let again = try RecordedMigration(rejects, into: InMemoryStore(), options(of: [mapping]))
      #expect(again.summary.statistics.total.found == 2, "\(again.issues)")
      func errors(_ recorded: RecordedMigration) -> [String] {
        recorded.issues.filter { $0.severity == .error }.map(\.code.rawValue).sorted()
      }
      #expect(errors(again) == errors(first))
    }
  }

  private func options(of mappings: [Mapping]) -> Migration.Options {
    var options = Migration.Options()
    options.mappings = mappings
    return options
  }

  /// Rules for one kind leave to the kind of a file's directory what they do not take.
  @Test(arguments: [
    ("patterns/p.json", "[P,J]"), ("patterns/p.json", #"{"items":[P,J]}"#),
    ("patterns/p.json", #"{"runs":[P,J]}"#), ("patterns/p.json", #"{"runs":{"p":P,"b":J}}"#),
    ("patterns/p.json", #"{"p":P,"b":J}"#), ("patterns/p.jsonl", "P\nJ"),
    ("patterns.json", "[P,J]"),
  ])
  func rulesLeaveObjectsToTheKindOfTheDirectory(_ path: String, _ text: String) throws {
    let tree = try SourceTree([
      path: text.replacing("P", with: Self.pattern).replacing("J", with: run("j"))
    ])
    for entities in ["", #""entities":"/runs/*","#] {
      // In another place, `entities` leads to nothing, and the rule takes nothing.
      let isElsewhere = !entities.isEmpty && !text.contains("runs")
      let mapping = try mapping(#""files":"patterns*/**","# + entities)
      let flat = try self.mapping(#""files":["patterns.*","patterns/*"],"# + entities)
      let made = try migrate(tree, path.contains("/") ? [mapping] : [flat])
      let total = made.summary.statistics.total
      #expect(made.summary.statistics[.patterns].migrated == 1, "\(entities) \(made.issues)")
      #expect(total.found == 2, "\(entities) \(lines(made))")
      #expect(total.migrated == (isElsewhere ? 1 : 2), "\(entities) \(made.issues)")
    }
  }

  /// A built-in mapping does not take the files of another kind.
  @Test func sawRunsLeavePatternsAlone() throws {
    let sawRuns = try #require(Mapping.builtIn(named: "saw-runs"))
    for text in [Self.pattern, "[\(Self.pattern)]", #"{"p":\#(Self.pattern)}"#] {
      let tree = try SourceTree(["patterns/saw_runs_rosettes.json": text])
      let made = try migrate(tree, [sawRuns])
      #expect(lines(made).allSatisfy { $0.hasSuffix("p migrated") }, "\(made.issues)")
      #expect(made.outcomes.count == 1)
    }
    // A problem of the file is one of the kind of its directory.
    let broken = try migrate(SourceTree(["patterns/saw_runs.json": "[1,"]), [sawRuns])
    #expect(broken.summary.statistics[.patterns].failed == 2)
    #expect(broken.summary.statistics.total.found == 2, "\(broken.issues)")
  }

  /// A failed line says that rules with `entities` do not apply to it.
  @Test func entitiesDoNotApplyToLines() throws {
    let tree = try SourceTree([
      "joblogs/a.jsonl": #"{"id":"n1","op":"slice"}"#,
      "joblogs/b.jsonl": #"{"id":"n2","job_type":"slice","parameters":5}"#,
    ])
    let mapping = try Mapping.joblogs(#"{"entities":"/*","members":{"job_type":"/op"}}"#)
    let errors = try migrate(tree, [mapping]).issues.filter { $0.severity == .error }
    let explained = errors.filter { $0.message.contains("do not apply to lines") }
    #expect(explained.map(\.id) == ["n1"], "\(errors)")
    let plain = try migrate(tree, [.joblogs(#"{"when":{"has":"/x"}}"#)])
    #expect(!plain.issues.contains { $0.message.contains("do not apply") })
  }

  /// The key of a list is not the id of all its elements.
  @Test func elementsOfOneListHaveIDsOfTheirOwn() throws {
    let tree = try SourceTree([
      "joblogs/a.json": #"{"runs":{"r1":[\#(run("a")),\#(run("b"))],"r2":{"c":\#(run("c"))}}}"#
    ])
    let mapping = try Mapping.joblogs(
      #"""
      {"entities":"/runs/*/*","members":{"id":"key","job_type":"/kind","parameters":"/settings"}}
      """#)
    #expect(
      try migrate(tree, [mapping]).outcomes.map(\.id) == [
        "legacy:joblogs/a.json#/runs/r1/0", "legacy:joblogs/a.json#/runs/r1/1", "c",
      ])
  }

  // MARK: Files

  /// A file that a rule names is not read if its extension is not one of an input file.
  @Test func filesOfOtherExtensionsAreNotRead() throws {
    let tree = try SourceTree([
      "logs/saw.log": run("a"), "saw.log": run("b"), "logs/old.json.gz": "x",
      "logs/a.json": run("c"),
    ])
    let made = try migrate(tree, [mapping(#""files":["logs/*","*.log"],"#)])
    #expect(made.outcomes.map(\.id) == ["c"])
    #expect(made.summary.notRead.byReason == [.otherExtension: 2, .compressed: 1])
  }

  @Test func filesAnywhereInTheSource() throws {
    let tree = try SourceTree([
      "exports/b/runs.json": run("e1"), "exports/a.json": "[]", "runs.json": run("t1"),
      "joblogs/runs.json": run("j1"), "patterns/runs.json": run("p1"),
      ".hidden/runs.json": run("h1"),
    ])
    let recorded = try migrate(tree, [mapping(#""files":"**/runs.json","#)])
    #expect(
      lines(recorded) == [
        "joblogs/runs.json - j1 migrated", "runs.json - t1 migrated",
        "exports/b/runs.json - e1 migrated", "patterns/runs.json - p1 migrated",
      ])
    // Files that a mapping reads are not reported as not read.
    let unread = recorded.issues.filter { $0.code == .inputNotRead }.map(\.source)
    #expect(unread == ["exports/a.json"])
  }

  /// What a mapping may read and cannot be read is a failure, of the first kind that may be there;
  /// other entries are only counted.
  @Test func unreadableEntriesOutsideTheKindsAreFailures() throws {
    let tree = try SourceTree([
      "runs/a.json": run("a"), "runs/closed/b.json": run("b"), "other/closed/c.json": run("c"),
    ])
    for link in ["runs/d.json", "runs/sub", "top", "top.json", "other/e.json", "else"] {
      try tree.addLink(link, to: "nowhere")
    }
    try tree.addLink("runs/above", to: ".")
    let files = #"["runs/**","top/**","top.json"]"#
    let mapping = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"m","patterns":[{"files":["other/closed/no/**","runs/closed/no/**"]}],
         "joblogs":[{"files":\#(files),\#(Self.rule)}]}
        """#)
    let recorded = try migrate(tree, [mapping]) {
      $0.access = SourceAccess { call, path throws(SystemError) in
        if call == .list, path.suffix(7).elementsEqual("/closed".utf8) { throw .accessDenied }
      }
    }
    let failures = recorded.issues.filter { $0.code == .inputUnreadable }
    #expect(
      failures.map { "\($0.kind?.rawValue ?? "") \($0.source ?? "")" } == [
        "patterns other/closed", "patterns runs/closed", "joblogs top", "joblogs top.json",
        "joblogs runs/d.json", "joblogs runs/sub",
      ])
    #expect(recorded.issues.filter { $0.code == .inputLoop }.map(\.source) == ["runs/above"])
    #expect(recorded.summary.notRead.files.map(\.path) == ["else", "other/e.json"])
    let total = recorded.summary.statistics.total
    #expect(total.found == 7 && total.migrated == 1)
  }

  @Test func theFirstMappingThatTakesAFile() throws {
    let tree = try SourceTree(["joblogs/a.json": run("a"), "joblogs/b.json": run("b")])
    let other = try Mapping.joblogs(
      #"{"files":"joblogs/a.json","members":{"id":{"value":"other"}}}"#)
    let recorded = try migrate(tree, [other, mapping()])
    #expect(
      lines(recorded) == ["joblogs/a.json - other failed", "joblogs/b.json - b migrated"])
    #expect(recorded.summary.mappings.map(\.entities) == [1, 1])
  }

  @Test func objectsThatNoRuleTakes() throws {
    let plain = #"{"id":"x","job_type":"slice","parameters":{"a":1}}"#
    let tree = try SourceTree(["joblogs/a.json": "[\(plain),\(Self.run)]"])
    let recorded = try migrate(tree, [mapping()])
    #expect(lines(recorded) == ["joblogs/a.json 0 x migrated", "joblogs/a.json 1 r1 migrated"])
    #expect(recorded.summary.mappings.map(\.entities) == [1])
  }

  // MARK: Where the entities are

  @Test(arguments: [
    (#"{"data":{"runs":[R1,R2]},"runs":[R3]}"#, ["/data/runs/0 r1", "/data/runs/1 r2"]),
    (#"{"data":{"runs":{"a":R1}}}"#, ["/data/runs/a r1"]),
    (#"{"data":{"runs":[]}}"#, []),
    // If the pointer leads nowhere, the document's shape counts.
    ("[R1]", ["0 r1"]), ("R1", ["- r1"]),
  ])
  func entities(_ document: String, _ expected: [String]) throws {
    var document = document
    for number in 1...3 {
      document = document.split(separator: "R\(number)", omittingEmptySubsequences: false)
        .joined(separator: run("r\(number)"))
    }
    let tree = try SourceTree(["joblogs/a.json": document])
    let both = try Mapping.joblogs(
      #"{"entities":"/data/runs/*",\#(Self.rule)},{\#(Self.rule)}"#)
    #expect(
      lines(try migrate(tree, [both])).map {
        $0.split(separator: " ").dropFirst().prefix(2).joined(separator: " ")
      }
        == expected)
  }

  @Test func rulesWithPointersOfTheirOwn() throws {
    let tree = try SourceTree([
      "joblogs/a.json": #"{"old":[{"n":"o"}],"new":{"k":{"n":"n"}},"rest":[{"n":"x"}]}"#
    ])
    let mapping = try Mapping.joblogs(
      #"""
      {"entities":"/old/*","members":{"id":"/n","job_type":{"value":"slice"},"parameters":{"value":{"a":1}}}},
      {"entities":"/new/*","members":{"id":"key","job_type":{"value":"batch"},"parameters":{"value":{"a":1}}}}
      """#)
    let store = InMemoryStore()
    let recorded = try migrate(tree, [mapping], into: store)
    #expect(
      lines(recorded) == [
        "joblogs/a.json /old/0 o migrated", "joblogs/a.json /new/k k migrated",
      ])
  }

  /// Lines and lists break off as they do without a mapping.
  @Test func brokenDocuments() throws {
    let tree = try SourceTree([
      "joblogs/a.jsonl": run("a") + "\n{\"no\":\n" + run("b") + "\n",
      "joblogs/b.json": "[" + run("c") + ",{\"no\":1,}]",
    ])
    let recorded = try migrate(tree, [mapping()])
    #expect(
      lines(recorded) == [
        "joblogs/a.jsonl 1 a migrated", "joblogs/a.jsonl 2 - failed",
        "joblogs/a.jsonl 3 b migrated", "joblogs/b.json 0 c migrated",
        "joblogs/b.json 1 - failed",
      ])
  }

  /// The places of issues are those of the file, in every encoding.
  @Test(arguments: TextEncoding.allCases)
  func placesInEveryEncoding(_ encoding: TextEncoding) throws {
    let text =
      "[\n  {\"no\": \"é\", \"kind\": \"slice\",\n   \"state\": \"öd\", \"settings\": {\"a\": 1}}]"
    let tree = try SourceTree()
    try tree.add("joblogs/a.json", encoding.bytes(of: text))
    let recorded = try migrate(tree, [mapping()])
    let issue = try #require(recorded.issues.first { $0.code == .fieldUnknownValue })
    let before = text.prefix(upTo: try #require(text.firstRange(of: "\"öd\"")).lowerBound)
    #expect(issue.offset == encoding.bytes(of: String(before)).count)
    #expect(issue.line == 3)
  }

  // MARK: Other runs

  @Test(arguments: Backend.allCases)
  func anotherMappingAndUpdate(_ backend: Backend) throws {
    try TemporaryDirectory.use { directory in
      let store = try backend.store(in: directory)
      let tree = try SourceTree(["joblogs/a.json": "[\(Self.run)]"])
      #expect(
        lines(try migrate(tree, [mapping()], into: store)) == ["joblogs/a.json 0 r1 migrated"])
      let other = try Mapping.joblogs(
        #"{"members":{"id":"/no","job_type":{"value":"batch"},"parameters":"/settings"}}"#)
      for isDryRun in [true, false] {
        let skipped = try migrate(tree, [other], into: store) { $0.isDryRun = isDryRun }
        #expect(lines(skipped) == ["joblogs/a.json 0 r1 skipped"])
        #expect(skipped.outcomes[0].codes == ["duplicate.differs"])
      }
      let report = try diff(tree, store, [other])
      #expect(report.total.different == 1)
      // The difference is due to the mapping: neither side changed.
      #expect(report.entries.first?.change == .reading)
      #expect(
        try diff(tree, store, [mapping()]).total.equal == 1)
      let updated = try migrate(tree, [other], into: store) { $0.onDuplicate = .update }
      #expect(lines(updated) == ["joblogs/a.json 0 r1 updated"])
      let run = try #require(updated.summary.run)
      let ledger = try #require(try store.read { try $0.runs(limit: nil) }.first { $0.id == run })
      let options = try JSONValue(parsing: ledger.optionsJSON)
      #expect(options["mappings"]?[0]?["name"]?.string == "test")
      #expect(options["mappings"]?[0]?["sha256"]?.string == other.sha256)
      #expect(options["mappings"]?[0]?["text"]?.string == other.text)
      // Undoing the update restores the row of the first run, and undoing that removes it.
      #expect(try diff(tree, store, [other]).total.equal == 1)
      #expect(try Undo(of: run, in: store).runSynchronously().counts.restored[.joblogs] == 1)
      #expect(try diff(tree, store, [mapping()]).total.equal == 1)
      let first = try #require(try store.read { try $0.runs(limit: nil) }.last)
      #expect(try Undo(of: first.id, in: store).runSynchronously().counts.removed[.joblogs] == 1)
      #expect(try store.read { try $0.count(RecordQuery(.joblogs)) } == 0)
      withExtendedLifetime(tree) {}
    }
  }

  /// A diff without the mappings of the run does not report changes that neither side made.
  @Test func aComparisonWithoutTheMapping() throws {
    let anyCase = try #require(Mapping.builtIn(named: "any-case"))
    let width = try Mapping(
      parsing: """
        {"mapping": 1, "name": "w", "strip_families": [{"members": {"strip_width_mm": "/width"}}]}
        """)
    let tree = try SourceTree([
      "patterns/a.json": #"{"Id":"p","Name":"P","Ring_Count":1,"Geometry":{"a":1}}"#,
      "strip_families/a.json":
        #"{"id":"f","name":"F","width":1,"strip_thickness_mm":1,"material_type":"E","strips":[1]}"#,
    ])
    let store = InMemoryStore()
    _ = try migrate(tree, [width, anyCase], into: store)
    let report = try diff(tree, store, [])
    let family = try #require(report.entries.first { $0.kind == .stripFamilies })
    #expect(family.category == .different && family.change == .reading, "\(report.text)")
    #expect(family.problem?.contains("strip_width_mm") == true)
    let pattern = try #require(report.entries.first { $0.category == .onlyInDatabase })
    #expect(
      pattern.change == nil && pattern.otherReading == .mappings(["w", "any-case"]),
      "\(report.text)")
    #expect(
      report.text.contains(
        #"run 1 read its source with the mappings "w", "any-case", not given now"#))
    #expect(try diff(tree, store, [width, anyCase]).isEmpty)
  }

  /// A dry run recognizes an entity that it has read before, even if a key gave its id.
  @Test func duplicatesInADryRun() throws {
    let mapping = try #require(Mapping.builtIn(named: "catalogue"))
    let rope = #"{"id":"x","name":"n","rows":2,"columns":3}"#
    let tree = try SourceTree([
      "patterns/a.json": #"{"categories":{"basic":[\#(rope)],"modern":[\#(rope)]}}"#,
      "patterns/b.json": #"{"categories":{"basic":[\#(rope)]}}"#,
    ])
    let dry = try migrate(tree, [mapping]) { $0.isDryRun = true }
    let real = try migrate(tree, [mapping])
    #expect(dry.outcomes == real.outcomes)
    #expect(dry.issues == real.issues)
    #expect(
      real.outcomes.map(\.codes) == [[], ["duplicate.differs"], ["duplicate.identical"]])
  }

  /// A dry run reads an entity again by the rule that took it, though another one fits too.
  @Test func duplicatesUnderTwoRulesInADryRun() throws {
    let mapping = try Mapping(
      parsing: """
        {"mapping": 1, "name": "two", "joblogs": [
          {"entities": "/a/*", "members": {"job_type": {"value": "slice"}}},
          {"entities": "/b/*", "members": {"job_type": {"value": "batch"}}}]}
        """)
    let job = #"{"id":"x","parameters":{"n":1}}"#
    let tree = try SourceTree(["joblogs/all.json": #"{"a":[],"b":[\#(job),\#(job)]}"#])
    let dry = try migrate(tree, [mapping]) { $0.isDryRun = true }
    let real = try migrate(tree, [mapping])
    #expect(dry.outcomes == real.outcomes)
    #expect(dry.issues == real.issues)
    #expect(real.outcomes.map(\.codes) == [[], ["duplicate.identical"]])
  }

  /// Advice about numbers is not given where the mapping reads another unit or notation.
  @Test(arguments: [
    (#""number","decimal":",""#, "3.600", "with a decimal comma"),
    (#""inches""#, "2 mm", "in inches"),
  ])
  func noNumberIsAdvisedInAnotherNotation(_ words: String, _ text: String, _ remark: String) throws
  {
    let mapping = try Mapping(
      parsing: #"""
        {"mapping":1,"name":"x","strip_families":[
          {"members":{"strip_width_mm":{"from":"/w","as":\#(words)}}}]}
        """#)
    let tree = try SourceTree([
      "strip_families/f.json": #"""
      {"id":"f","name":"N","material_type":"m","strip_thickness_mm":1,"strips":[1],
       "w":"\#(text)"}
      """#
    ])
    let messages = try migrate(tree, [mapping]).issues.map(\.message)
    #expect(
      messages == [
        #""strip_width_mm" is the text "\#(text)"; expected a number; "#
          + #"the mapping "x" reads it from /w, \#(remark)"#
      ])
  }

  /// A rule may look at all elements of a list, and at one of them.
  @Test func oneElementAndAll() throws {
    let mapping = try Mapping(
      parsing: """
        {"mapping": 1, "name": "bands", "patterns": [{"members": {
          "name": "/bands/1/title", "pattern_type": {"common": "/bands/*/fam"}}}]}
        """)
    let bands = #"[{"fam":"f","title":"A"},{"fam":"f","title":"B"}]"#
    let tree = try SourceTree([
      "patterns/a.json": #"{"id":"p","ring_count":2,"geometry":{"a":1},"bands":\#(bands)}"#
    ])
    let store = InMemoryStore()
    _ = try migrate(tree, [mapping], into: store)
    let pattern = try store.read { try $0.record(.patterns, id: "p") }
    #expect(pattern?["name"] == .text("B") && pattern?["pattern_type"] == .text("f"))
  }

  /// Copies of failed entities are read with the same mapping, and migrate once they are fixed.
  @Test(arguments: [
    "{\"runs\":{\"r9\":X}}", "{\"data\":{\"runs\":[Y,X]}}", "[X,Y]", "X", "X\n",
    "{\"r9\":X}",
  ])
  func rejectsAreReplayed(_ document: String) throws {
    try TemporaryDirectory.use { directory in
      let bad = #"{"no":"r9","kind":"slice","settings":5}"#
      let text = document.split(separator: "X", omittingEmptySubsequences: false)
        .joined(separator: bad).split(separator: "Y", omittingEmptySubsequences: false)
        .joined(separator: Self.run)
      let name = document.hasSuffix("\n") ? "saw_runs.jsonl" : "saw_runs.json"
      let tree = try SourceTree(["logs/\(name)": text])
      let both = try Mapping.joblogs(
        #"""
        {"files":"logs/saw_runs.*","entities":"/data/runs/*",\#(Self.rule)},
        {"files":"logs/saw_runs.*",\#(Self.rule)}
        """#)
      let rejects = directory.file("rejects")
      let first = try migrate(tree, [both]) { $0.rejectsDirectory = rejects }
      #expect(first.summary.statistics.total.failed == 1, "\(first.issues)")
      var options = Migration.Options()
      options.mappings = [both]
      let again = try RecordedMigration(rejects, into: InMemoryStore(), options)
      #expect(again.summary.statistics.total.failed == 1, "\(again.issues)")
      #expect(again.outcomes.map(\.id) == ["r9"])
      #expect(again.summary.mappings[0].entities == 1)
    }
  }
}
