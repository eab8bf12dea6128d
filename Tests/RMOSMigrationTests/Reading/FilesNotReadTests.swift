import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration

/// Files that are not read, copies, which are read last, and members that are kept.
@Suite struct FilesNotReadTests {
  private func run(_ tree: SourceTree) throws -> RecordedMigration {
    let real = try RecordedMigration(tree, into: InMemoryStore())
    var options = Migration.Options()
    options.isDryRun = true
    let rehearsed = try RecordedMigration(tree, into: InMemoryStore(), options)
    #expect(rehearsed.issues == real.issues && rehearsed.outcomes == real.outcomes)
    #expect(rehearsed.summary.notRead == real.summary.notRead)
    #expect(rehearsed.summary.keptMembers == real.summary.keptMembers)
    return real
  }

  @Test func everyFileIsCountedByItsReason() throws {
    let tree = try SourceTree([
      "patterns/a.json": Texts.pattern("a"), "patterns/notes.txt": "", "patterns/.DS_Store": "",
      "patterns/.git/config": "", "patterns/.git/x/y.json": "{}", "patterns/b.json.gz": "",
      "patterns/old.zip": "", "patterns/.c.json.icloud": "", "patterns/d.json5": "{}",
      "Patterns/e.json": "{}", "job_logs/deep/f.NDJSON": "", "job_logs/readme": "", "g.json": "{}",
      "h.txt": "", ".env": "", "joblog/i.json.txt": "{}", "joblogs.txt": "",
    ])
    try tree.addLink("patterns/nowhere.txt", to: "nothing")
    try tree.addLink("patterns/.git/nowhere.json", to: "nothing")
    try tree.addLink("Patterns/nowhere.json", to: "nothing")
    try tree.addLink("again", to: "patterns")
    let recorded = try run(tree)
    let notRead = recorded.summary.notRead
    #expect(
      notRead.byReason == [
        .otherExtension: 2, .hidden: 5, .compressed: 2, .placeholder: 1, .notAFile: 2, .place: 7,
      ])
    #expect(notRead.count == 19 && notRead.files.count == 19)
    #expect(notRead.files.contains(FilesNotRead.File(path: "h.txt", reason: .place)))
    let warned = recorded.issues.filter { $0.code == .inputNotRead }
    #expect(
      Set(warned.compactMap(\.source)) == [
        "patterns/b.json.gz", "patterns/.c.json.icloud", "patterns/d.json5", "Patterns/e.json",
        "job_logs/deep/f.NDJSON", "g.json", "joblog/i.json.txt",
      ])
    #expect(warned.allSatisfy { $0.severity == .warning })
    let renamed = warned.filter { $0.message.contains("rename that to") }.compactMap(\.source)
    #expect(
      Set(renamed) == ["Patterns/e.json", "job_logs/deep/f.NDJSON", "joblog/i.json.txt"])
  }

  @Test func aSingleFileIsToldInTheSingular() throws {
    let tree = try SourceTree(["patterns/a.json": Texts.pattern("a")])
    try tree.addLink("patterns/nowhere.txt", to: "nothing")
    #expect(try run(tree).summary.notRead.sentence == "1 file: 1 not a regular file")
  }

  /// Rotated logs have the extension of a format before a number or time, and some names end with
  /// white space.
  @Test(arguments: [
    ("a.jsonl.1", true), ("a.jsonl-20231101", true), ("a.json.2023-11-01T10:30", true),
    ("A.NDJSON.12", true), ("a.geojson", true), ("a.jsonl.1.gz", true), ("a.json_2.icloud", true),
    ("a.json ", true), ("a.jsonl\t", true), ("a.json .gz", true), ("a.txt ", false),
    ("a.log.1", false), ("json.1", false), ("a.json.bak", false), ("a.1", false),
    ("a.log.1.gz", false),
  ])
  func filesWithAnAdditionLookLikeData(_ name: String, _ looksLikeData: Bool) {
    #expect(UnreadFile(name: Array(name.utf8)).looksLikeData == looksLikeData)
  }

  @Test func aQuietTreeSaysNothing() throws {
    let tree = try SourceTree(["patterns/a.json": Texts.pattern("a"), "strip_families/.keep": ""])
    let recorded = try run(tree)
    #expect(recorded.issues.isEmpty && recorded.summary.keptMembers.isEmpty)
    #expect(recorded.summary.notRead.byReason == [.hidden: 1])
  }

  @Test func theNumberOfNamesIsLimited() throws {
    let tree = try SourceTree(["patterns/a.json": Texts.pattern("a")])
    for number in 0..<150 { try tree.add("other/\(number).json", "{}") }
    let recorded = try run(tree)
    #expect(recorded.summary.notRead.count == 150 && recorded.summary.notRead.files.count == 100)
    let warned = recorded.issues.filter { $0.code == .inputNotRead }
    #expect(warned.count == 101 && warned.last?.message.hasPrefix("50 more") == true)
  }

  @Test func flatFilesComeBeforeTheirDirectories() throws {
    let tree = try SourceTree([
      "patterns/a.json": Texts.pattern("a"), "patterns.jsonl": Texts.pattern("b"),
      "patterns.JSON": Texts.pattern("c"), "joblog.json": "[]", "joblogs.ndjson": "",
      "patterns.2024.json": Texts.pattern("d"),
    ])
    let recorded = try run(tree)
    #expect(
      recorded.outcomes.map(\.source) == ["patterns.JSON", "patterns.jsonl", "patterns/a.json"])
    #expect(recorded.issues.map(\.source) == ["patterns.2024.json"])
    #expect(recorded.summary.filesRead == 5)
  }

  // MARK: Copies

  @Test(
    arguments: [
      ("a (1).json", "a.json"), ("a - Copy.json", "a.json"), ("a copy.json", "a.json"),
      ("a copy 2.jsonl", "a.jsonl"), ("a - Copy (2).json", "a.json"), ("a~.json", "a.json"),
      ("a (conflicted copy 2024-01-15).json", "a.json"),
      ("a (Anna’s conflicted copy 2024-01-15).json", "a.json"),
      ("a (Anna's conflicted copy 2024-01-15) (1).json", "a.json"),
      ("a.sync-conflict-20240115-101010-ABC.json", "a.json"), ("a-conflict-1.json", "a.json"),
      ("a_conf(1).json", "a.json"), ("a_conflict-20240115.json", "a.json"),
      ("a (Case Conflict).JSON", "a.JSON"), ("Copy of a.json", "a.json"),
      ("Kopie von a.json", "a.json"), ("a - Kopie.json", "a.json"), ("a (copy).json", "a.json"),
      ("a (another copy).json", "a.json"), ("a (3rd copy).json", "a.json"),
      ("a (Kopie).json", "a.json"), ("a - Kopie (2).json", "a.json"), ("a kopie 3.json", "a.json"),
      ("a - copia.json", "a.json"), ("Copie de a.json", "a.json"),
    ])
  func marksOfCopiesAreKnown(_ name: String, _ original: String) {
    let last = CopyMark.originals(of: Array(name.utf8)).last
    #expect(last.map { String(decoding: $0, as: UTF8.self) } == original)
  }

  @Test(arguments: [
    "a.json", "copy.json", "photocopy.json", "a(1).json", "a (old).json", "~.json", "(1).json",
    "confetti.json", "a copy of b.json", "(copy).json", "kopie.json", "Copy of .json", "a 2.json",
    "conflict.json", "-conflict.json",
  ])
  func otherNamesAreNoCopies(_ name: String) {
    #expect(CopyMark.originals(of: Array(name.utf8)).isEmpty)
  }

  @Test func copiesComeLastOfTheirKindWhateverSortsFirst() throws {
    func pattern(_ id: String, _ name: String, _ day: Int) -> String {
      Texts.pattern(id).replacing("Rope", with: name).replacing(
        "{\"id\"", with: "{\"updated_at\": \"2024-01-0\(day)\", \"id\"")
    }
    let tree = try SourceTree([
      "patterns/a (1).json": pattern("a", "New", 3),
      "patterns/a.json": "\n" + pattern("a", "Old", 2),
      "patterns/b copy.json": pattern("b", "Only", 1), "patterns/z/c.json": pattern("c", "C", 1),
      "patterns/z/c~.json": pattern("c", "Older", 0).replacing("2024-01-00", with: "2023-01-01"),
    ])
    let recorded = try run(tree)
    #expect(
      recorded.outcomes.map { "\($0.source) \($0.outcome)" } == [
        "patterns/a.json migrated", "patterns/z/c.json migrated", "patterns/a (1).json skipped",
        "patterns/b copy.json migrated", "patterns/z/c~.json skipped",
      ])
    let copies = recorded.issues.filter { $0.code == .inputCopy }
    #expect(copies.map(\.source) == ["patterns/a (1).json", "patterns/z/c~.json"])
    #expect(copies.first?.message.contains("\"patterns/a.json\"") == true)
    let differing = recorded.issues.filter { $0.code == .duplicateDiffers }
    #expect(differing.first?.message.contains("patterns/a.json:2") == true)
    #expect(differing.map { $0.message.contains("newer") } == [true, false])
  }

  // MARK: Duplicates and what is kept

  @Test func aDuplicateNamesThePlaceOfTheFirst() throws {
    let store = InMemoryStore()
    let tree = try SourceTree([
      "patterns/a.jsonl": (0..<5).map { Texts.pattern("p\($0)") }.joined(separator: "\n")
    ])
    _ = try RecordedMigration(tree, into: store)
    let changed = Texts.pattern("p3").replacing("Rope", with: "Wave")
    let later = try SourceTree(["patterns/b.json": "[\(changed)]"])
    let issues = try RecordedMigration(later, into: store).issues
    #expect(issues.map(\.code) == [.duplicateDiffers])
    #expect(
      issues.first?.message.contains("(from run 1 of \(tree.path), patterns/a.jsonl)") == true)
    try tree.add("patterns/c.json", changed)
    let both = try run(tree).issues
    #expect(both.first?.message.contains("earlier in the source (patterns/a.jsonl:4)") == true)
  }

  @Test func membersThatAreKeptAreCounted() throws {
    let tree = try SourceTree([
      "patterns/a.json":
        #"{"name": "n", "ring_count": 1, "geometry": {"a": 1}, "x": [{"y": 1}], "é\u0041": 2}"#,
      "patterns/b.json": #"{"name": "n", "ring_count": 1, "geometry": {"a": 1}, "x": "}"}"#,
      "patterns/c.json": #"{"name": "n", "x": 1}"#,
      "strip_families/f.json": Texts.family("f", more: #", "x": null"#),
    ])
    let kept = try run(tree).summary.keptMembers
    #expect(
      kept.members == [
        .init(kind: .stripFamilies, member: "x", count: 1),
        .init(kind: .patterns, member: "x", count: 2),
        .init(kind: .patterns, member: "éA", count: 1),
      ])
    let json = try MigrationReport(of: run(tree).summary).json
    #expect(json.contains("\"kept_aside\"") && json.contains("\"not_read\""))
  }

  @Test func namesWithoutNumberAreCountedTogether() throws {
    let members = (0..<300).map { "\"m\($0)\": 1" }.joined(separator: ", ")
    let tree = try SourceTree([
      "patterns/a.json": #"{"name": "n", "ring_count": 1, "geometry": {"a": 1}, \#(members)}"#
    ])
    let kept = try run(tree).summary.keptMembers.members
    #expect(kept.count == 201 && kept.last?.member == nil && kept.last?.count == 100)
  }
}
