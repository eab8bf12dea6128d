import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Testing

/// The copies in a directory of rejects, and migrating them.
@Suite struct RejectsTests {
  private let work: TemporaryDirectory
  private let directory: String

  init() throws {
    work = try TemporaryDirectory()
    directory = work.file("rejects")
  }

  private func options(
    rejects: String? = nil, _ missingID: Migration.Options.MissingIDPolicy = .derive,
    isDry: Bool = false
  ) -> Migration.Options {
    var options = Migration.Options()
    options.missingID = missingID
    options.isDryRun = isDry
    options.rejectsDirectory = rejects
    options.clock = .fixed()
    return options
  }

  /// Returns all files below a directory by their relative paths.
  private func files(_ path: String) -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init() {
      guard let data = FileManager.default.contents(atPath: path + "/" + name) else { continue }
      files[name] = Array(data)
    }
    return files
  }

  private func copies(_ path: String) -> [String: String] {
    files(path).filter { !$0.key.hasSuffix(".issues") && !$0.key.hasPrefix("README") }
      .filter { $0.key != "SHA256SUMS" }
      .mapValues { String(decoding: $0, as: UTF8.self) }
  }

  /// Rejects of a file at the top take no name of a file in the source, however often it is read.
  @Test func rejectsBesideADirectoryWithTheirName() throws {
    func flawed(_ id: String) -> String {
      #"{"id": "\#(id)", "name": "n", "ring_count": 0, "geometry": {"a": 1}}"#
    }
    let tree = try SourceTree([
      "patterns.json": "[\(flawed("p"))]", "patterns/~patterns.json/0.json": flawed("q"),
    ])
    let store = InMemoryStore()
    for _ in 1...2 {
      let made = try RecordedMigration(tree, into: store, options(rejects: directory))
      #expect(made.summary.rejects?.failure == nil && made.summary.rejects?.written == 2)
    }
    #expect(
      copies(directory) == [
        "patterns/~~patterns.json/0.json": flawed("p"),
        "patterns/~patterns.json/0.json": flawed("q"),
      ])
    let again = try RecordedMigration(directory, into: store, options())
    #expect(Set(again.outcomes.map(\.id)) == ["p", "q"])
    // Those of the mended file are removed.
    try tree.add("patterns.json", Array("[]".utf8))
    let mended = try RecordedMigration(tree, into: store, options(rejects: directory))
    #expect(mended.summary.rejects?.removed == 1)
    #expect(copies(directory).keys.sorted() == ["patterns/~patterns.json/0.json"])
  }

  // MARK: Copies by layout

  private static let flawed = #""ring_count": 0, "geometry": {"a": 1}"#

  /// A file, and the copies expected in the directory.
  struct Case: CustomTestStringConvertible, Sendable {
    var path: String
    var text: String
    var expected: [String: String]
    var missingID = Migration.Options.MissingIDPolicy.derive
    var testDescription: String { "\(path): \(text)" }
  }

  static let cases: [Case] = {
    let (own, none) = (#"{"id": "p", \#(flawed)}"#, "{ \(flawed) }")
    let a = "patterns/a.json"
    return [
      Case(path: a, text: " \(own)\n", expected: [a: " \(own)\n"]),
      Case(path: a, text: "\u{FEFF}\(none)", expected: [a: "\u{FEFF}\(none)"]),
      Case(path: a, text: "{\(flawed)", expected: [a: "{\(flawed)"]),
      Case(path: a, text: "", expected: [a: ""]),
      Case(path: a, text: "7", expected: [a: "7"]),
      Case(
        path: a, text: "[\(own) ,\n\(own)]", expected: ["\(a)/0.json": own, "\(a)/1.json": own]),
      Case(
        path: a, text: "[\(none)]",
        expected: ["\(a)/0.json": #"{"legacy:patterns/a.json#0":\#(none)}"#]),
      Case(path: a, text: "[\(none)]", expected: ["\(a)/0.json": "[\(none)]"], missingID: .reject),
      Case(path: a, text: "[7, [{}]]", expected: ["\(a)/0.json": "[7]", "\(a)/1.json": "[[{}]]"]),
      Case(
        path: a, text: #"{"a/b": \#(none), "Q\"": {"id": "x"}, "p": \#(own)}"#,
        expected: [
          "\(a)/a_b~c14cddc033f64b9dea80ea675cf280a0.json": #"{"a/b":\#(none)}"#,
          "\(a)/q": #"{"Q\"":{"id": "x"}}"#, "\(a)/p.json": #"{"p":\#(own)}"#,
        ]),
      Case(
        path: a, text: #"{"p": \#(own), "p": \#(own)}"#,
        expected: ["\(a)/p.json": #"{"p":\#(own)}"#, "\(a)/p~63.json": #"{"p":\#(own)}"#]),
      Case(
        path: a, text: #"{"p": \#(own), "\ud800": {} }"#,
        expected: ["\(a)/p.json": #"{"p":\#(own)}"#, "\(a)/~item.json": #"{"\ud800": {}}"#]),
      // Collections that break off.
      Case(
        path: a, text: "[{}, {x}, {}]",
        expected: [
          "\(a)/0.json": #"{"legacy:patterns/a.json#0":{}}"#, "\(a)/~rest.json": "[{x}, {}]",
        ]),
      Case(path: a, text: "[\(own), {", expected: ["\(a)/0.json": own, "\(a)/~rest.json": "[{"]),
      Case(path: a, text: "[\(own)", expected: ["\(a)/0.json": own, "\(a)/~rest.json": "["]),
      Case(path: a, text: "[\(own),]", expected: ["\(a)/0.json": own, "\(a)/~rest.json": "[]]"]),
      Case(path: a, text: "[\(own)] x", expected: ["\(a)/0.json": own, "\(a)/~rest.json": "[]x"]),
      Case(path: a, text: "[] {}", expected: ["\(a)/~rest.json": "[]{}"]),
      Case(
        path: a, text: #"{"p": \#(own), "q": {x} }"#,
        expected: ["\(a)/p.json": #"{"p":\#(own)}"#, "\(a)/~rest.json": #"{"q": {x} }"#]),
      Case(
        path: a, text: #"{"p": \#(own), q: {}}"#,
        expected: ["\(a)/p.json": #"{"p":\#(own)}"#, "\(a)/~rest.json": "{q: {}}"]),
      Case(
        path: a, text: #"{"p": \#(own), }"#,
        expected: ["\(a)/p.json": #"{"p":\#(own)}"#, "\(a)/~rest.json": "[]}"]),
      Case(
        path: a, text: #"{"p": \#(own)} x"#,
        expected: ["\(a)/p.json": #"{"p":\#(own)}"#, "\(a)/~rest.json": "[]x"]),
      Case(
        path: "patterns/l.jsonl", text: "\n\(own)\r\n \(none)\n x\n[1]",
        expected: [
          "patterns/l.jsonl/2.json": own,
          "patterns/l.jsonl/3.json": #"{"legacy:patterns/l.jsonl#3":\#(none)}"#,
          "patterns/l.jsonl/4.json": " x", "patterns/l.jsonl/5.json": "[[1]]",
        ]),
    ]
  }()

  @Test(arguments: cases)
  func failedEntitiesAreCopiedUnchanged(_ example: Case) throws {
    let tree = try SourceTree([example.path: example.text])
    let recorded = try RecordedMigration(
      tree, into: InMemoryStore(), options(rejects: directory, example.missingID))
    let found = copies(directory)
    var expected = example.expected
    // The name of this copy contains a digest.
    if let text = expected.removeValue(forKey: "patterns/a.json/q") {
      #expect(found.contains { $0.key.hasPrefix("patterns/a.json/Q_~") && $0.value == text })
    }
    for (name, text) in expected { #expect(found[name] == text, "\(name)") }
    #expect(found.count == example.expected.count, "\(found)")
    #expect(recorded.summary.rejects?.written == example.expected.count)
    #expect(recorded.summary.rejects?.failure == nil)

    // Copies that are not fixed fail for the same reasons.
    let again = try RecordedMigration(
      directory, into: InMemoryStore(), options(rejects: nil, example.missingID))
    #expect(again.errorCodes == recorded.errorCodes)
  }

  @Test func theIssuesAreBesideEachCopy() throws {
    let tree = try SourceTree(["patterns/a.json": #"[{"id": "p"}]"#])
    let recorded = try RecordedMigration(tree, into: InMemoryStore(), options(rejects: directory))
    let text = try #require(files(directory)["patterns/a.json/0.json.issues"])
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any])
    #expect(json["source"] as? String == "patterns/a.json")
    #expect(json["locator"] as? Int == 0)
    #expect(json["id"] as? String == "p")
    #expect(json["kind"] as? String == "patterns")
    #expect(json["run"] as? Int == 1)
    #expect(json["copy"] as? String == "0.json")
    #expect(json["tool_version"] as? String == RMOSVersion.current)
    let issues = try #require(json["issues"] as? [[String: Any]])
    #expect(issues.map { $0["code"] as? String } == recorded.issues.map(\.code.rawValue))
    #expect(issues.first?["pointer"] as? String == "/name")
  }

  @Test func unreadableFilesHaveOnlyIssues() throws {
    let tree = try SourceTree()
    try tree.addLink("patterns/gone.json", to: "nowhere")
    let recorded = try RecordedMigration(tree, into: InMemoryStore(), options(rejects: directory))
    #expect(
      files(directory).keys.sorted() == [
        "README.txt", "SHA256SUMS", "patterns/gone.json.issues",
      ])
    #expect(recorded.summary.rejects?.written == 1)
  }

  @Test func namesThatCollideOrAreTooLongAreKeptApart() throws {
    let long = String(repeating: "é", count: 125) + ".json"
    let tree = try SourceTree(["patterns/\(long)": "{", "patterns/a.json": "{"])
    try tree.add("patterns/a.json.issues/b.json", "{")
    let recorded = try RecordedMigration(tree, into: InMemoryStore(), options(rejects: directory))
    #expect(recorded.summary.rejects?.failure == nil)
    #expect(recorded.summary.rejects?.written == 3)
    let found = files(directory)
    #expect(found["patterns/\(long)"] != nil)
    #expect(found["patterns/a.json~.issues"] != nil)
    #expect(found["patterns/a.json.issues/b.json.issues"] != nil)
    #expect(found.keys.filter { $0.hasSuffix(".issues") }.count == 3)
  }

  // MARK: The directory

  @Test func aDirectoryWithOtherFilesIsRefusedBeforeAnythingIsWritten() throws {
    let tree = try SourceTree(["patterns/a.json": "{"])
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: directory + "/.hidden"))
    for dry in [false, true] {
      let store = InMemoryStore()
      let refused = options(rejects: directory, isDry: dry)
      let error = #expect(throws: MigrationError.self) {
        try RecordedMigration(tree, into: store, refused)
      }
      #expect(error?.code == .rejectsNotEmpty)
      #expect(try store.read { try $0.runs(limit: nil) }.isEmpty)
    }
    #expect(files(directory).count == 1)
  }

  @Test func aLinkThatLeadsNowhereIsRefusedBeforeAnythingIsWritten() throws {
    let tree = try SourceTree(["patterns/a.json": "{"])
    try FileManager.default.createSymbolicLink(
      atPath: directory, withDestinationPath: work.file("nowhere/x"))
    for (name, dry) in [("", false), ("", true), ("/below", false), ("/below/that/", true)] {
      let store = InMemoryStore()
      let error = #expect(throws: MigrationError.self) {
        try RecordedMigration(tree, into: store, options(rejects: directory + name, isDry: dry))
      }
      #expect(error?.code == .rejectsUnwritable)
      #expect(error?.message.contains("leads nowhere") == true)
      #expect(try store.read { try $0.runs(limit: nil) }.isEmpty)
    }
  }

  /// Lines whose bytes would indicate an encoding at the beginning of a file.
  @Test(
    arguments: [
      [0xFF, 0xFE], [0xFE, 0xFF], [0xFF, 0xFE, 0, 0],
      [0x7B, 0], [0, 0x7B], [0xFF, 0xFE, 0x7B, 0], [0xE9],
    ] as [[UInt8]])
  func aLineFailsForTheSameReasonInAFileOfItsOwn(_ line: [UInt8]) throws {
    let tree = try SourceTree()
    try tree.add("patterns/l.jsonl", Array("7\n".utf8) + line + Array("\n7\n".utf8))
    let first = try RecordedMigration(tree, into: InMemoryStore(), options(rejects: directory))
    #expect(first.summary.statistics[.patterns].failed == 3)
    #expect(files(directory)["patterns/l.jsonl/2.json"]?.suffix(line.count) == line[...])
    let again = try RecordedMigration(directory, into: InMemoryStore(), options())
    #expect(again.errorCodes == first.errorCodes)
  }

  @Test func aDirectoryThatIsReadFromIsRefused() throws {
    let tree = try SourceTree(["patterns/a/b.json": "{"])
    for name in ["patterns/a/new/rejects", "patterns/rejects"] {
      let error = #expect(throws: MigrationError.self) {
        try RecordedMigration(
          tree, into: InMemoryStore(), options(rejects: tree.absolute(name)))
      }
      #expect(error?.code == .rejectsInSource)
    }
    _ = try RecordedMigration(
      tree, into: InMemoryStore(), options(rejects: tree.absolute("rejects")))
    #expect(FileManager.default.fileExists(atPath: tree.absolute("rejects/patterns/a/b.json")))
  }

  @Test func runsWithoutFailuresAndDryRunsLeaveNothing() throws {
    let tree = try SourceTree(["patterns/a.json": "[]"])
    let clean = try RecordedMigration(tree, into: InMemoryStore(), options(rejects: directory))
    #expect(clean.summary.rejects?.written == 0)
    try tree.add("patterns/a.json", "{")
    let rehearsed = try RecordedMigration(
      tree, into: InMemoryStore(), options(rejects: directory, isDry: true))
    #expect(rehearsed.summary.rejects == nil)
    #expect(!FileManager.default.fileExists(atPath: directory))
  }

  @Test func directoriesAndFilesAreForTheirOwnerAlone() throws {
    let tree = try SourceTree(["patterns/é/a.json": "[{}]"])
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    _ = try RecordedMigration(tree, into: InMemoryStore(), options(rejects: directory))
    let names = FileManager.default.enumerator(atPath: directory)?.allObjects as? [String] ?? []
    #expect(names.count == 7)
    for name in names + ["."] {
      let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/" + name)
      let isDirectory = attributes[.type] as? FileAttributeType == .typeDirectory
      #expect(attributes[.posixPermissions] as? Int == (isDirectory ? 0o700 : 0o600), "\(name)")
    }
  }

  @Test func aCopyThatFailsIsReportedAndDoesNotStopTheRun() throws {
    let tree = try SourceTree(["patterns/a.json": "{", "patterns/b.json": "{"])
    let summary = try withExtendedLifetime(tree) {
      try Migration(
        from: tree.path, into: DisturbedStore { try? tree.remove("patterns/a.json") },
        options: options(rejects: directory)
      ).runSynchronously()
    }
    #expect(summary.ending == .completed && summary.statistics.total.failed == 2)
    let rejects = try #require(summary.rejects)
    #expect(rejects.written == 1 && rejects.notWritten == 1)
    #expect(rejects.failure?.contains("patterns/a.json") == true)
    #expect(copies(directory).keys.sorted() == ["patterns/b.json"])
  }

  @Test func aChangedSourceIsNotCopied() throws {
    let tree = try SourceTree(["patterns/a.json": #"[{"id": "p"}]"#])
    let summary = try withExtendedLifetime(tree) {
      try Migration(
        from: tree.path,
        into: DisturbedStore { try? tree.add("patterns/a.json", #"[{"id": "q"}]"#) },
        options: options(rejects: directory)
      ).runSynchronously()
    }
    #expect(summary.rejects?.failure?.contains("changed") == true)
    #expect(copies(directory).isEmpty)
  }
}

extension RecordedMigration {
  /// The codes of all errors, sorted.
  fileprivate var errorCodes: [String] {
    issues.filter { $0.severity == .error }.map(\.code.rawValue).sorted()
  }
}

/// A store that calls a closure after issues are written, when the source has been read but the
/// rejects are not written yet.
private struct DisturbedStore: StoreWrapper {
  let base: any RecordStore = InMemoryStore()
  let disturb: @Sendable () -> Void

  init(_ disturb: @escaping @Sendable () -> Void) { self.disturb = disturb }

  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    let result = try base.write(body)
    if try !base.read({ try $0.issues(ofRun: 1, limit: nil) }).isEmpty { disturb() }
    return result
  }
}
