import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// The contents that a source may have, and the places of issues.
@Suite struct SourceReadingTests {
  private func read(_ files: [String: String]) throws -> RecordedMigration {
    try RecordedMigration(SourceTree(files), into: InMemoryStore())
  }

  @Test(.timeLimit(.minutes(1))) func manyLinesThatFailTakeTimeInProportion() throws {
    let line = #"{"id": "a", "name": "n\#rx", "ring_count": 1, "geometry": {"a": 1}}"#
    let count = 10_000
    let recorded = try read([
      "patterns/a.jsonl": Array(repeating: line, count: count).joined(separator: "\n")
    ])
    #expect(recorded.summary.issueCounts == [.jsonSyntax: count])
    #expect(recorded.issues.first?.message.contains("line break in a string") == true)
  }

  // MARK: Order and links

  @Test func filesComeInByteOrderOfTheirRelativePath() throws {
    let tree = try SourceTree()
    for name in ["a/z", "a-b", "a.b/c", "a", "B", "a/b/c", "é", "a b"] {
      try tree.add("patterns/\(name).json", Texts.pattern(name))
    }
    let paths = try RecordedMigration(tree, into: InMemoryStore()).outcomes.map(\.source)
    #expect(paths.count == 8)
    #expect(paths == paths.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
  }

  @Test func linksToFilesAreReadAndLinksToDirectoriesFollowedOnce() throws {
    let outside = try SourceTree(["more/x.json": Texts.pattern("x")])
    let tree = try SourceTree(["patterns/a.json": Texts.pattern("a")])
    try tree.addLink("patterns/b.json", to: outside.absolute("more/x.json"))
    try tree.addLink("patterns/one", to: outside.absolute("more"))
    try tree.addLink("patterns/two", to: outside.absolute("more"))
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    #expect(
      recorded.outcomes.map(\.source)
        == ["patterns/a.json", "patterns/b.json", "patterns/one/x.json"])
    #expect(recorded.issues.map(\.code) == [.duplicateIdentical, .inputLoop])
    #expect(recorded.issues.last?.source == "patterns/two")
  }

  @Test func aLoopIsAnIssueAndNoHang() throws {
    let tree = try SourceTree([
      "patterns/sub/a.json": Texts.pattern("a"), "strip_families/f.json": Texts.family("f"),
    ])
    let loops = ["patterns/above", "patterns/root", "patterns/self", "patterns/sub/up"]
    try tree.addLink(loops[0], to: "../..")
    try tree.addLink(loops[1], to: tree.path)
    try tree.addLink(loops[2], to: ".")
    try tree.addLink(loops[3], to: "..")
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    // In particular, no entity of another kind is taken for a pattern.
    #expect(recorded.outcomes.map(\.source) == ["strip_families/f.json", "patterns/sub/a.json"])
    #expect(recorded.outcomes.map(\.outcome) == [.migrated, .migrated])
    #expect(recorded.issues.map(\.code) == loops.map { _ in .inputLoop })
    #expect(recorded.issues.map(\.source) == loops)
    #expect(recorded.issues.allSatisfy { $0.severity == .warning })
  }

  @Test func unreadableFilesCountAsFoundAndFailed() throws {
    let tree = try SourceTree(["patterns/a.json": Texts.pattern("a")])
    try tree.addLink("patterns/broken.json", to: "nowhere")
    try #require(mkfifo(tree.absolute("patterns/pipe.json"), 0o600) == 0)
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    #expect(recorded.summary.statistics[.patterns].found == 3)
    #expect(
      recorded.issues.map { "\($0.source ?? "") \($0.code)" } == [
        "patterns/broken.json input.unreadable", "patterns/pipe.json input.unreadable",
      ])
    #expect(recorded.issues[1].message.contains("not a regular file"))
  }

  @Test func aLinkThatLeadsNowhereIsNoAbsentDirectory() throws {
    let tree = try SourceTree(["joblogs/.hidden": ""])
    try tree.addLink("strip_families", to: "/nowhere/share")
    try tree.addLink("patterns/2023", to: "/nowhere/share")
    try tree.addLink("patterns/notes.txt", to: "nowhere")
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    #expect(recorded.outcomes.map(\.source) == ["strip_families", "patterns/2023"])
    #expect(recorded.outcomes.allSatisfy { $0.outcome == .failed })
    #expect(recorded.issues.map(\.code) == [.inputUnreadable, .inputUnreadable])
  }

  @Test func aKindThatIsAFileIsAFailure() throws {
    let tree = try SourceTree(["patterns": "x"])
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    #expect(recorded.issues.map(\.code) == [.inputUnreadable])
    #expect(recorded.outcomes.map(\.source) == ["patterns"])
  }

  @Test func namesThatAreNotUTF8AreReadAndStayApart() throws {
    let tree = try SourceTree()
    try tree.addDirectory("patterns")
    for byte in [0xFE, 0xFF] as [UInt8] {
      let body = #"{"name": "n\#(byte)", "ring_count": 1, "geometry": {"a": 1}}"#
      try write(body, to: Array((tree.absolute("patterns") + "/x").utf8) + [byte])
    }
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    #expect(
      recorded.outcomes.map(\.id) == [
        "legacy:patterns/x%FE.json", "legacy:patterns/x%FF.json",
      ])
    #expect(recorded.summary.statistics.total.migrated == 2)
  }

  /// A dry run reads an entity again from its file, not from one named like the text of its path.
  @Test func aNameThatIsNotUTF8IsReadAgainByItsBytes() throws {
    let tree = try SourceTree(["patterns/x%FE.json": "[]", "patterns/%C3%A9%FE.json": "[]"])
    let (first, second) = (Texts.pattern("a"), Texts.pattern("a").replacing("Rope", with: "Wave"))
    for name in ["x", "%C3%A9"] {
      try write("[\(first), \(second)]", to: Array(tree.absolute("patterns/\(name)").utf8) + [0xFE])
    }
    let real = try RecordedMigration(tree, into: InMemoryStore())
    var options = Migration.Options()
    options.isDryRun = true
    let rehearsed = try RecordedMigration(tree, into: InMemoryStore(), options)
    #expect(rehearsed.outcomes == real.outcomes)
    #expect(rehearsed.issues == real.issues)
    #expect(real.summary.statistics[.patterns].found == 4)
  }

  /// Writes a file whose path without the extension is given in bytes.
  private func write(_ text: String, to path: [UInt8]) throws {
    let path = path + Array(".json".utf8) + [0]
    let file = path.withUnsafeBufferPointer {
      $0.withMemoryRebound(to: CChar.self) { fopen($0.baseAddress, "w") }
    }
    let handle = try #require(file)
    fputs(text, handle)
    fclose(handle)
  }

  @Test func severalEntitiesInAJSONFileAreReferredToJSONLines() throws {
    let lines = Texts.pattern("a") + "\n" + Texts.pattern("b")
    let issue = try #require(try read(["patterns/a.json": lines]).issues.first)
    #expect(issue.code == .jsonSyntax && issue.line == 2)
    #expect(issue.message.contains(".jsonl"))
    #expect(try read(["patterns/a.jsonl": lines]).issues.isEmpty)
  }

  // MARK: Places

  @Test func anIssueHasLineColumnAndOffset() throws {
    let text = "{\n  \"id\": \"a\",\n  \"name\": 7,\n  \"é\": 1, \"ring_count\": 0\n}"
    let issues = try read(["patterns/a.json": text]).issues
    #expect(issues.map(\.code) == [.fieldType, .fieldRange, .fieldMissing])
    let name = issues[0]
    #expect([name.line, name.column, name.offset] == [3, 11, 25])
    #expect(name.pointer == "/name")
    let rings = issues[1]
    #expect(rings.line == 4)
    #expect(rings.column == 26)
    let missing = issues[2]
    #expect([missing.line, missing.column, missing.offset] == [1, 1, 0])
  }

  @Test(arguments: [
    "[1, 2,]", "{\"a\": tru}", "\"\\q\"", "[1 2]", "{\"a\" 1}", "{a: 1}", "-", "1.e3",
  ])
  func everySyntaxErrorHasItsPlace(_ text: String) throws {
    let issues = try read(["patterns/a.json": "\n \(text)"]).issues.filter {
      $0.code == .jsonSyntax
    }
    #expect(issues.count == 1)
    let issue = try #require(issues.first)
    #expect(issue.line == 2)
    let offset = try #require(issue.offset)
    #expect(issue.column == offset)
    #expect(offset >= 2 && offset <= text.utf8.count + 2)
  }

  @Test(arguments: [false, true])
  func placesInUTF16AreThoseOfTheFile(_ isBigEndian: Bool) throws {
    let text = "{\n\"id\": \"🎸é\", \"name\": 7}"
    let encoding: String.Encoding = isBigEndian ? .utf16BigEndian : .utf16LittleEndian
    let mark: [UInt8] = isBigEndian ? [0xFE, 0xFF] : [0xFF, 0xFE]
    let bytes = mark + Array(try #require(text.data(using: encoding)))
    let tree = try SourceTree()
    try tree.add("patterns/a.json", bytes)
    let issue = try #require(
      try RecordedMigration(tree, into: InMemoryStore()).issues.first {
        $0.code == .fieldType
      })
    #expect(issue.line == 2)
    let offset = try #require(issue.offset)
    #expect(bytes[offset + (isBigEndian ? 1 : 0)] == UInt8(ascii: "7"))
    // The line begins after the mark, '{' and the line feed.
    #expect(issue.column == offset - 6 + 1)
  }

  @Test func theByteOrderMarkIsPartOfTheFile() throws {
    let issue = try #require(try read(["patterns/a.json": "\u{FEFF}{x"]).issues.first)
    #expect(issue.offset == 4)
    #expect(issue.column == 5)
  }

  // MARK: Encodings

  @Test(
    arguments: [
      ([0xFF, 0xFE, 0, 0, 0x7B, 0, 0, 0], "UTF-32"), ([0x7B, 0, 0x7D, 0], "byte-order mark"),
      ([0xFF, 0xFE, 0x7B], "UTF-16"), ([0xFF, 0xFE, 0x22, 0, 0x00, 0xDC, 0x22, 0], "UTF-16"),
      ([0x22, 0xC3, 0x28, 0x22], "0xC3"), ([0xFE], "0xFE"), ([0x7B, 0xE9, 0x7D], "0xE9"),
      ([0x7B, 0x7D, 0xC3], "0xC3"),
    ] as [([UInt8], String)])
  func otherEncodingsAreNamed(_ bytes: [UInt8], _ hint: String) throws {
    let tree = try SourceTree()
    try tree.add("patterns/a.json", bytes)
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    #expect(recorded.issues.map(\.code) == [.inputEncoding])
    #expect(recorded.issues[0].message.contains(hint), "\(recorded.issues[0].message)")
  }

  // MARK: Lists, dictionaries, lines

  /// A list that is longer than the window of the reader, whatever its size.
  @Test func aLongListIsReadWhole() throws {
    let filler = String(repeating: "x", count: 900)
    let count = 3000
    let list = (0..<count).map { Texts.family("f\($0)", name: "n \(filler) é") }
    let tree = try SourceTree(["strip_families/all.json": "[" + list.joined(separator: ",\n") + "]"]
    )
    let store = InMemoryStore()
    let recorded = try RecordedMigration(tree, into: store)
    #expect(recorded.summary.statistics.total.migrated == count)
    #expect(recorded.outcomes.map(\.locator) == (0..<count).map { String($0) })
    for index in [0, 271, 272, 1500, count - 1] {
      let origin = try store.read { try $0.provenance(.stripFamilies, id: "f\(index)") }
      let before = list[..<index].reduce(1) { $0 + $1.utf8.count + 2 }
      #expect(origin?.byteOffset == before)
      #expect(origin?.byteLength == list[index].utf8.count)
    }
  }

  @Test func aLongDictionaryIsReadWhole() throws {
    let filler = String(repeating: "y", count: 500)
    let count = 2000
    let entries = (0..<count).map {
      "\"f\($0)\": "
        + Texts.family("f\($0)", name: filler).replacingOccurrences(
          of: "\"id\": \"f\($0)\", ", with: "")
    }
    let recorded = try read([
      "strip_families/all.json": "{" + entries.joined(separator: ",") + "}"
    ])
    #expect(recorded.summary.statistics.total.migrated == count)
    #expect(recorded.outcomes.last?.locator == "f\(count - 1)")
  }

  @Test func aLargeEntityIsReadWhole() throws {
    let large = String(repeating: #"{"a": [1, 2, 3]}, "#, count: 60_000) + "1"
    let recorded = try read([
      "patterns/a.json":
        #"{"geometry": {"big": [\#(large)]}, "id": "a", "name": "n", "ring_count": 1}"#,
      "patterns/b.json": Texts.pattern("b"),
    ])
    #expect(recorded.outcomes.map(\.outcome) == [.migrated, .migrated])
  }

  @Test func entitiesBeforeTheBreakOfAListCount() throws {
    let recorded = try read([
      "strip_families/a.json": "[\(Texts.family("a")), \(Texts.family("b")), {\"id\": ",
      "strip_families/b.json": "[\(Texts.family("c"))",
      "strip_families/c.json": "[\(Texts.family("d"))] x",
      "strip_families/d.json": "[\(Texts.family("e")) \(Texts.family("f"))]",
      "strip_families/e.json": "[]",
      "strip_families/f.json": "[",
    ])
    #expect(
      recorded.outcomes.map { "\($0.source.suffix(6)) \($0.locator ?? "-") \($0.outcome)" } == [
        "a.json 0 migrated", "a.json 1 migrated", "a.json 2 failed",
        "b.json 0 migrated", "b.json 1 failed",
        "c.json 0 migrated", "c.json 1 failed",
        "d.json 0 migrated", "d.json 1 failed",
        "f.json 0 failed",
      ])
  }

  @Test func aDictionaryThatBreaksOffKeepsItsEntries() throws {
    func entry(_ key: String) -> String {
      "\"\(key)\": " + Texts.family(key)
    }
    let recorded = try read([
      "strip_families/a.json": "{\(entry("a")), \(entry("b")), \"c\": {\"na",
      "strip_families/b.json": "{\"metadata\": {}, \"strips\": [",
      "strip_families/c.json": "{\"metadata\": {\"a\": 1}, \"stri",
    ])
    #expect(
      recorded.outcomes.map { "\($0.source.suffix(6)) \($0.locator ?? "-") \($0.outcome)" } == [
        "a.json a migrated", "a.json b migrated", "a.json c failed", "b.json - failed",
        "c.json - failed",
      ])
  }

  @Test func anElementThatIsTooDeepFailsAlone() throws {
    let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
    let recorded = try read([
      "strip_families/a.json": "[{\"a\": \(deep)}, \(Texts.family("b"))]"
    ])
    #expect(recorded.outcomes.map(\.outcome) == [.failed, .migrated])
    #expect(recorded.outcomes.map(\.codes) == [["json.depth"], []])
  }

  @Test func depthIsCountedFromTheEntity() throws {
    func pattern(_ depth: Int) -> String {
      let nested =
        String(repeating: #"{"a":"#, count: depth - 1) + "1"
        + String(repeating: "}", count: depth - 1)
      return #"{"id": "p\#(depth)", "name": "n", "ring_count": 1, "geometry": \#(nested)}"#
    }
    let recorded = try read([
      "patterns/a.json": pattern(512), "patterns/b.json": pattern(513),
      "patterns/c.json": "[\(pattern(512).replacingOccurrences(of: "p512", with: "q"))]",
    ])
    #expect(recorded.outcomes.map(\.outcome) == [.migrated, .failed, .migrated])
  }

  @Test func aDictionaryKeyDecidesTheID() throws {
    let body = Texts.family("x").replacingOccurrences(of: "\"id\": \"x\", ", with: "")
    let recorded = try read([
      "strip_families/a.json":
        #"{"caf\u00e9": \#(body), "": \#(body), "\ud800": \#(body), "7": {"id": 7, \#(body.dropFirst())}"#
    ])
    #expect(recorded.outcomes.map(\.id) == ["café", nil, nil, "7"])
    #expect(
      recorded.outcomes.map(\.codes) == [[], ["field.empty"], ["json.syntax"], ["id.number"]])
  }

  @Test func linesFailAloneAndBlankOnesDoNotCount() throws {
    let recorded = try read([
      "strip_families/a.ndjson":
        "\(Texts.family("a"))\r\n\n  \t\r\n[1]\n\(Texts.family("b")) x\n\"t\n\(Texts.family("c"))"
    ])
    #expect(
      recorded.outcomes.map { "\($0.locator ?? "-") \($0.outcome) \($0.codes.joined())" } == [
        "1 migrated ", "4 failed shape.not-object", "5 failed json.syntax",
        "6 failed json.syntax", "7 migrated ",
      ])
  }

  @Test func anEmptyObjectIsAnEntityThatLacksEverything() throws {
    let recorded = try read(["strip_families/a.json": "{}"])
    #expect(recorded.outcomes.count == 1)
    #expect(recorded.outcomes[0].codes.filter { $0 == "field.missing" }.count == 5)
  }

  @Test func provenanceTellsTheBytesOfTheEntity() throws {
    let entity = Texts.family("a")
    let tree = try SourceTree(["strip_families/a.json": "[ \(entity) ]"])
    let store = InMemoryStore()
    _ = try RecordedMigration(tree, into: store)
    let origin = try #require(try store.read { try $0.provenance(.stripFamilies, id: "a") })
    #expect(origin.byteOffset == 2)
    #expect(origin.byteLength == entity.utf8.count)
    let bytes = Array(entity.utf8)
    #expect(origin.sha256 == bytes.withUnsafeBytes { SHA256.hash($0) })
  }

  @Test func unknownMembersAreKeptTokenForToken() throws {
    let tree = try SourceTree([
      "strip_families/a.json": Texts.family(
        "a", more: #", "k\u0065y" : { "a" : [ 1.0 , "x \" y" ] } , "z": 1E+2"#)
    ])
    let store = InMemoryStore()
    _ = try RecordedMigration(tree, into: store)
    let origin = try store.read { try $0.provenance(.stripFamilies, id: "a") }
    #expect(origin?.unknownMembers == #"{"k\u0065y":{"a":[1.0,"x \" y"]},"z":1E+2}"#)
  }
}
