import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// Entities in wrappers: their places, documents that break off, and rejects.
@Suite struct WrapperTests {
  private func entity(_ id: String) -> String { Texts.pattern(id) }

  private func summaries(
    _ text: String, selecting pointers: [String]? = nil, chunk: Int = 256 << 10
  ) throws -> [String] {
    let selection = pointers.map { EntitySelection(pointers: $0.compactMap(EntityPointer.init)) }
    return try SourceReading(
      Array(text.utf8), limits: SourceWindow.Limits(chunk: chunk), selecting: selection
    ).summaries
  }

  @Test(arguments: TextEncoding.allCases, [64, 256 << 10])
  func locatorsArePointersAndPlacesThoseOfTheFile(_ encoding: TextEncoding, _ chunk: Int) throws {
    let text =
      "{\"é\": 1, \"a/~b\": {\"x\": [\(entity("p1")), 7],\n \"y\": [\(entity("é"))]}, \"n\": [1]}"
    let reading = try SourceReading(
      encoding.bytes(of: text), limits: SourceWindow.Limits(chunk: chunk))
    #expect(
      reading.summaries == [
        "/a~1~0b/x/0 p1", "/a~1~0b/x/1 - shape.not-object", "/a~1~0b/y/0 é",
      ])
    #expect(reading.notices.map(\.code) == [.shapeWrapper])
    #expect(reading.notices.map(\.severity) == [.info])
    #expect(reading.found.map(\.line) == [1, 1, 2])
    let bytes = encoding.bytes(of: text)
    let origin = reading.found[2].origin
    let slice = Array(bytes[origin.byteOffset..<origin.byteOffset + origin.byteLength])
    #expect(origin.sha256 == slice.withUnsafeBytes { SHA256.hash($0) })
    let plain = TextEncoding.utf8 == encoding || TextEncoding.utf8WithMark == encoding
    if plain { #expect(slice == Array(entity("é").utf8)) }
  }

  @Test func aKeyIsTheIDInADictionaryBelowAMember() throws {
    let nameless = entity("x").replacing("\"id\": \"x\", ", with: "")
    #expect(
      try summaries("{\"v\": 1, \"all\": {\"k\": \(nameless), \"z\": \(entity("q"))}}")
        == ["/all/k k", "/all/z z id.mismatch"])
    #expect(
      try summaries("{\"v\": 1, \"all\": [\(nameless)]}")
        == ["/all/0 legacy:patterns/a.json#/all/0 id.derived"])
  }

  /// The name of the only entity in the answer to a request is no id.
  @Test func anEnvelopeAroundOneEntity() throws {
    let nameless = entity("x").replacing("\"id\": \"x\", ", with: "")
    for name in ["pattern", "data", "Result"] {
      for rest in ["", "\"success\": true, ", "\"meta\": {\"page\": 1}, \"errors\": [], "] {
        #expect(
          try summaries("{\(rest)\"\(name)\": \(entity("q"))}") == ["/\(name) q"], "\(name) \(rest)"
        )
        #expect(
          try summaries("{\(rest)\"\(name)\": \(nameless)}")
            == ["/\(name) legacy:patterns/a.json#/\(name) id.derived"])
      }
    }
    // Other names are keys of a dictionary with one entry.
    #expect(try summaries("{\"v\": 1, \"rope\": \(nameless)}") == ["/rope rope"])
    #expect(try summaries("{\"data\": \(nameless), \"rope\": \(nameless)}").count == 2)
    #expect(try summaries("{\"e\": \(entity("q"))}", selecting: ["/e"]) == ["/e q"])
  }

  /// An element of XML that occurs once is an object and no list, and its name is no id.
  @Test func anEnvelopeBelowAWrapper() throws {
    let nameless = entity("x").replacing("\"id\": \"x\", ", with: "")
    for (text, place) in [
      ("{\"patterns\": {\"pattern\": E}}", "/patterns/pattern"),
      ("{\"v\": 1, \"all\": {\"item\": E}}", "/all/item"),
      ("{\"shop\": {\"patterns\": {\"pattern\": E}}}", "/shop/patterns/pattern"),
      ("{\"etag\": \"1\", \"fields\": E}", "/fields"), ("{\"_source\": E}", "/_source"),
      ("{\"row_to_json\": E}", "/row_to_json"),
    ] {
      #expect(
        try summaries(text.replacing("E", with: nameless))
          == ["\(place) legacy:patterns/a.json#\(place) id.derived"], "\(text)")
      #expect(try summaries(text.replacing("E", with: entity("q"))) == ["\(place) q"], "\(text)")
    }
    // Where it occurs twice, it is a list; other names are keys.
    #expect(
      try summaries("{\"patterns\": {\"pattern\": [\(entity("a")), \(entity("b"))]}}").count == 2)
    #expect(try summaries("{\"patterns\": {\"rope\": \(nameless)}}") == ["/patterns/rope rope"])
    #expect(
      try summaries("{\"patterns\": {\"item\": {\"a\": 1}}}").first?.hasPrefix(
        "/patterns/item item") == true)
  }

  /// A name for an entity that becomes its id after all is a warning, once a file.
  @Test func aNameForAnEntityThatBecomesItsIDIsAWarning() throws {
    let nameless = entity("x").replacing("\"id\": \"x\", ", with: "")
    func warnings(_ text: String) throws -> [String] {
      try SourceReading(Array(text.utf8)).notices.filter { $0.severity == .warning }.map(\.message)
    }
    for text in [
      "{\"pattern\": \(nameless), \"rope\": \(nameless), \"job\": \(nameless)}",
      "{\"v\": 1, \"row\": \(nameless), \"rope\": \(nameless)}",
    ] {
      let found = try warnings(text)
      #expect(found.count == 1 && found[0].contains("as its id"), "\(found)")
    }
    #expect(try warnings("{\"a\": \(nameless), \"b\": \(nameless)}").isEmpty)
    #expect(
      try warnings("{\"item\": \(entity("item")), \"b\": \(nameless)}").isEmpty)
  }

  /// A member that is taken for an entity, and fails, says where entities are in it.
  @Test func anEntryThatFailsSaysWhereEntitiesAre() throws {
    let text = #"{"d": {"results": [\#(Texts.job("a")), \#(Texts.job("b"))]}}"#
    let reading = try SourceReading(Array(text.utf8), of: .joblogs)
    #expect(reading.found.count == 1)
    let error = try #require(reading.found[0].issues.first { $0.severity == .error })
    #expect(error.message.contains("those at \"/d/results/*\""), "\(error.message)")
    #expect(error.message.contains("what \"/d\" holds is read as one job log"))
  }

  @Test(arguments: [
    (
      #"{"columns": ["id", "name"], "index": [0], "data": [["a", "A"]]}"#, #"in "/data", are lists"#
    ),
    (#"{"range": "A1:B2", "values": [["id"], ["a"]]}"#, #"in "/values", are lists"#),
    (#"{"id": ["a"], "name": ["A"], "ring_count": [1], "geometry": [{}]}"#, "for each column"),
  ])
  func aTableOfListsIsNamed(_ text: String, _ words: String) throws {
    let reading = try SourceReading(Array(text.utf8))
    #expect(reading.found.count == 1 && reading.found[0].isFailed)
    let messages = reading.found[0].issues.filter { $0.message.contains("looks like a table") }
    #expect(
      messages.count == 1 && messages[0].message.contains(words), "\(reading.found[0].issues)")
    let points = try SourceReading(Array(#"{"name": "n", "data": [[1, 2]]}"#.utf8))
    #expect(points.found[0].issues.allSatisfy { !$0.message.contains("table") })
  }

  @Test func twoMembersOfOneNameAreNotSeveralCollections() throws {
    let reading = try SourceReading(
      Array("{\"patterns\": [\(entity("a"))], \"patterns\": [\(entity("b"))]}".utf8))
    #expect(reading.summaries == ["- - json.duplicate-key"])
    #expect(reading.found[0].issues[0].message.contains("several members named \"patterns\""))
  }

  /// A string that holds JSON is told as such in a line, too.
  @Test func aCollectionBelowAMemberThatAppearsTwiceFails() throws {
    let (first, second) = (entity("p1"), entity("p2"))
    let text = #"{"all": {"a": [\#(first)], "b": [\#(second)], "a": [\#(second)], "b": 1}}"#
    #expect(
      try summaries(text) == [
        "/all/a/0 p1", "/all/b/0 p2", "/all/a - json.duplicate-key", "/all/b - json.duplicate-key",
      ])
  }

  @Test func jsonWithinAStringIsNamed() throws {
    let line = "\"{\\\"id\\\": 1}\""
    for format in [SourcePath.Format.lines, .json] {
      let reading = try SourceReading(Array(line.utf8), as: format)
      #expect(reading.found[0].codes == ["shape.not-object"])
      #expect(reading.found[0].issues[0].message.contains("JSON within a string"))
    }
  }

  @Test func entitiesOnSeveralLinesAreAdvisedWhatTheyAre() throws {
    let pretty = "{\n  \"id\": \"a\",\n  \"name\": \"n\"\n}\n"
    func message(_ text: String) throws -> String {
      try SourceReading(Array(text.utf8), as: .lines).found[0].issues[0].message
    }
    #expect(try message(pretty).hasSuffix("change its extension to .json"))
    #expect(
      try message(pretty + pretty).hasSuffix("all of them in [ ] in a file that ends in .json"))
  }

  @Test func whatIsBinaryIsNotCalledUTF16() throws {
    let bson: [UInt8] = [0x31, 0, 0, 0, 2, 0x69, 0x64, 0, 5, 0, 0, 0, 0x72, 0, 0]
    let pickle: [UInt8] = [0x80, 4, 0x95, 0x8D, 0, 0]
    let wide = Array("[1]".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    for (bytes, words) in [
      (bson, "is binary, not text"), (pickle, "pickle"), (wide, "looks like UTF-16"),
      ([0xC0, 0x80], "the file begins with the byte 0xC0"),
      (Array("[1, ".utf8) + [0xFF, 0xFE], "a byte-order mark of UTF-16 within"),
    ] {
      let reading = try SourceReading(bytes)
      #expect(reading.found.map(\.codes) == [["input.encoding"]] || words.contains("within"))
      #expect(reading.found.last?.issues[0].message.contains(words) == true, "\(reading.found)")
    }
  }

  /// Values that look like entities but are not read are reported, wherever they are.
  @Test(arguments: [
    (#"{"c": {"a": {"b": [E]}, "d": [E]}}"#, 1, "/c/a"),
    (#"{"patterns": {"one": E, "others": [E]}}"#, 1, "/patterns/one"),
    (#"{"patterns": [E], "pages": [[E]]}"#, 1, "/pages"),
    (#"{"patterns": [], "n": 1, "pages": [[E]]}"#, 0, "/pages"),
    (#"{"patterns": [E], "a": {"n": 1, "b": {"n": 1, "c": {"n": 1, "d": [E]}}}}"#, 1, "/a"),
    (#"{"patterns": [E], "a": {"n": 1, "b": E}}"#, 1, "/a"),
    // Entities of another kind.
    (#"{"patterns": [E], "job": {"id": "j", "job_type": "slice", "parameters": {}}}"#, 1, "/job"),
    (#"{"patterns": [E], "x": {"job_type": "slice", "parameters": {}}}"#, 1, "/x"),
    (
      #"{"data": {"patterns": [E], "x": [{"id": 1, "job_type": "slice", "parameters": {}}]}}"#, 1,
      "/data/x"
    ),
    (
      #"{"data": {"patterns": [E], "x": {"j": {"job_type": "slice", "parameters": {}}}}}"#, 1,
      "/data/x"
    ),
  ])
  func otherEntitiesInAWrapperAreReported(_ text: String, _ found: Int, _ place: String) throws {
    let reading = try SourceReading(Array(text.replacing("E", with: entity("p")).utf8))
    #expect(reading.summaries.count == found, "\(reading.summaries)")
    let warning = try #require(reading.notices.first)
    #expect(warning.code == .shapeWrapper && warning.severity == .warning)
    #expect(warning.message.contains("but not at \"\(place)\";"), "\(warning.message)")
  }

  /// Members of a wrapper that are kept nowhere are named.
  @Test func otherMembersOfAWrapperAreNamed() throws {
    func note(_ text: String) throws -> String {
      let reading = try SourceReading(Array(text.replacing("E", with: entity("p")).utf8))
      let note = try #require(reading.notices.first)
      #expect(note.code == .shapeWrapper && note.severity == .info)
      return note.message
    }
    #expect(
      try note(#"{"units": "inch", "items": [E]}"#).hasSuffix("; not kept: \"/units\""))
    #expect(
      try note(#"{"a": 1, "items": [E], "b": [1, 2], "c": {"d": 1}, "e": null, "f": true}"#)
        .hasSuffix("; not kept: \"/a\", \"/b\", \"/c\" and others"))
    #expect(try note(#"{"p": E, "q": "TODO"}"#).hasSuffix("; not kept: \"/q\""))
    #expect(
      try note(#"{"shop": "x", "patterns": {"open": [E], "note": 1}}"#)
        .hasSuffix("; not kept: \"/shop\", \"/patterns/note\""))
    #expect(try !note(#"{"items": {"p": E}, "pages": []}"#).contains("not kept"))
  }

  /// If an object that is read as an entity fails, the message says where in it entities may be.
  @Test(arguments: [
    (#"{"name": "Backup", "id": "x", "patterns": [E]}"#, "/patterns/*"),
    (#"{"metadata": {"a": 1}, "patterns": [E]}"#, "/patterns/*"),
    (#"{"name": "n", "data": {"patterns": [E]}}"#, "/data/patterns/*"),
    (#"{"geometry": [E]}"#, "/geometry/*"),
  ])
  func anEntityThatFailsSaysWhereEntitiesAre(_ text: String, _ place: String) throws {
    let reading = try SourceReading(Array(text.replacing("E", with: entity("p")).utf8))
    #expect(reading.found.count == 1)
    let error = try #require(reading.found[0].issues.first { $0.severity == .error })
    #expect(error.message.contains("those at \"\(place)\""), "\(error.message)")
    // Objects in the value of a field are no entities.
    let own = try SourceReading(
      Array(#"{"id": "x", "geometry": {"rings": [\#(entity("r"))]}}"#.utf8))
    #expect(own.found[0].issues.allSatisfy { !$0.message.contains("those at") })
    let whole = #"{"patterns": [\#(entity("q"))], \#(entity("p").dropFirst())"#
    #expect(try summaries(whole) == ["- p"])
  }

  @Test func entitiesBeforeABreakCount() throws {
    let (a, b) = (entity("a"), entity("b"))
    for (text, expected) in [
      ("{\"x\": [\(a), \(b), {\"id\": ", ["/x/0 a", "/x/1 b", "/x/2 - json.syntax"]),
      ("{\"x\": [\(a) \(b)]}", ["/x/0 a", "/x/1 - json.syntax"]),
      ("{\"x\": [\(a)], \"n\": tru}", ["/x/0 a", "- - json.syntax"]),
      ("{\"x\": [\(a)]", ["/x/0 a", "- - json.syntax"]),
      ("{\"x\": [\(a)]} y", ["/x/0 a", "- - json.syntax"]),
      ("{\"x\": {\"a\": \(a), \"b\": \(b), c", ["/x/a a", "/x/b b", "- - json.syntax"]),
      (
        "{\"n\": 1, \"c\": {\"x\": [\(a)], \"y\": [\(b), }",
        ["/c/x/0 a", "/c/y/0 b", "/c/y/1 - json.syntax"]
      ),
    ] {
      for chunk in [64, 4096] { #expect(try summaries(text, chunk: chunk) == expected, "\(text)") }
    }
  }

  /// The members before and after the entities may be of any size.
  @Test func membersAroundTheEntitiesAreReadThroughAPiecemealWindow() throws {
    let long =
      "[" + (0..<2000).map { "{\"a\": [\($0), {\"s\": \"]}\"}]}" }.joined(separator: ",") + "]"
    let list = (0..<200).map { entity("p\($0)") }.joined(separator: ",")
    let text = "{\"before\": \(long), \"patterns\": [\(list)], \"after\": \(long)}"
    let found = try summaries(text, chunk: 128)
    #expect(found.count == 200 && found.last == "/patterns/199 p199")
    let broken = "{\"patterns\": [\(list)], \"after\": \(long.dropLast(3))x]}"
    #expect(try summaries(broken, chunk: 128).last == "- - json.syntax")
    let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
    let tooDeep = "{\"patterns\": [\(list)], \"after\": \(deep)}"
    #expect(try summaries(tooDeep, chunk: 128).last == "- - json.depth")
  }

  @Test func pointersSelectWhatIsRead() throws {
    let (a, b) = (entity("a"), entity("b"))
    let text = "{\"name\": \"n\", \"runs\": {\"x\": \(a), \"y\": \(b)}, \"old\": [[\(a)], [\(b)]]}"
    #expect(
      try summaries(text, selecting: ["/runs/*"]) == [
        "/runs/x x id.mismatch", "/runs/y y id.mismatch",
      ])
    #expect(try summaries(text, selecting: ["/old/*/0"]) == ["/old/0/0 a", "/old/1/0 b"])
    #expect(
      try summaries(text, selecting: ["/old/1/*", "/runs/x"]) == [
        "/runs/x a", "/old/1/0 b",
      ])
    #expect(try summaries(text, selecting: ["/none/*"]) == [])
    #expect(try summaries("[{\"e\": \(a)}, {\"e\": \(b)}]", selecting: ["/*/e"]).count == 2)
  }

  @Test func severalCollectionsAreOneFailure() throws {
    let reading = try SourceReading(
      Array("{\"a\": [\(entity("x"))], \"b\": [\(entity("y"))]}".utf8))
    #expect(reading.summaries == ["- - shape.ambiguous"])
    #expect(reading.found[0].issues[0].message.contains("\"a\", \"b\""))
    #expect(reading.notices.isEmpty)
  }

  /// Other collections in a wrapper are reported.
  @Test func otherCollectionsAreAWarning() throws {
    let tree = try SourceTree([
      "patterns/a.json": "{\"x\": [\(entity("a"))], \"archive\": [{\"id\": \"b\", \"k\": 1}]}",
      "patterns/b.json": "{\"x\": [\(entity("c"))], \"n\": 1}",
    ])
    let made = try RecordedMigration(tree, into: InMemoryStore())
    let issues = made.issues.filter { $0.code == .shapeWrapper }
    #expect(issues.map(\.severity) == [.warning, .info])
    #expect(issues[0].message.contains("but not at \"/archive\";"), "\(issues[0].message)")
    #expect(made.summary.statistics.total.found == 2)
    let report = try tree.survey()
    #expect(report.failures.map(\.code) == [.shapeWrapper])
  }

  /// A dry run reads an entity in a wrapper again to compare it with one of the same id.
  @Test func aDryRunReadsThemAgain() throws {
    let other = entity("a").replacing("\"Rope\"", with: "\"Wave\"")
    let tree = try SourceTree([
      "patterns/a.json": "{\"n\": 1, \"x\": [\(entity("a")), \(other)]}",
      "patterns/b.json": "{\"v\": 2, \"a\": \(entity("a")), \"c\": \(entity("c"))}",
    ])
    let real = try RecordedMigration(tree, into: InMemoryStore())
    var options = Migration.Options()
    options.isDryRun = true
    let rehearsed = try RecordedMigration(tree, into: InMemoryStore(), options)
    #expect(rehearsed.outcomes == real.outcomes && rehearsed.issues == real.issues)
    #expect(real.outcomes.map(\.outcome) == [.migrated, .skipped, .skipped, .migrated])
    #expect(real.outcomes.map(\.locator) == ["/x/0", "/x/1", "/a", "/c"])
  }

  /// Copies of rejects are read as before: entities in a collection of the same form and under the
  /// same key, and the rest of a wrapper as no entity.
  @Test func rejectsAreCopiedAsWrappers() throws {
    let flawed = entity("x").replacing("\"id\": \"x\", ", with: "").replacing("\"Rope\"", with: "7")
    let tree = try SourceTree([
      "patterns/a.json": "{\"v\": 1, \"c\": {\"l\": [\(flawed)], \"d\": {\"k\": \(flawed)}}}",
      "patterns/b.json":
        "{\"all\": {\"q1\": \(entity("q1")), \"q2\": {\"name\": tru}, \"q3\": \(entity("q3"))}, \"n\": 1}",
      "patterns/c.json": "{\"all\": [\(entity("r1"))], \"n\": [1,]}",
    ])
    try TemporaryDirectory.use { directory in
      var options = Migration.Options()
      options.rejectsDirectory = directory.file("rejects")
      let store = InMemoryStore()
      let first = try RecordedMigration(tree, into: store, options)
      let errors = first.issues.filter { $0.severity == .error }.map(\.code)
      #expect(errors == [.fieldType, .fieldType, .jsonSyntax, .jsonSyntax])
      let rejects = try RecordedMigration(directory.file("rejects"), into: InMemoryStore())
      #expect(rejects.issues.filter { $0.severity == .error }.map(\.code) == errors)
      let copies = try SourceTree([
        "patterns/b.json": "{\"all\":{\"q2\": \(entity("q2")), \"q3\": \(entity("q3"))}, \"n\": 1}",
        "patterns/c.json": "{\"patterns\":[],\"n\": [1]}",
      ])
      let mended = try RecordedMigration(copies, into: store)
      #expect(mended.outcomes.map(\.id) == ["q2", "q3"])
      #expect(mended.summary.statistics.total.migrated == 2)
      #expect(rejects.outcomes.map(\.id).contains("k"))
    }
  }
}
