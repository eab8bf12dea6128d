import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Testing

/// A directory of rejects that several runs write to.
@Suite struct RejectsDirectoryTests {
  private let work: TemporaryDirectory
  private let directory: String

  init() throws {
    work = try TemporaryDirectory()
    directory = work.file("rejects")
  }

  private func options(isDry: Bool = false, maxErrors: Int? = nil) -> Migration.Options {
    var options = Migration.Options()
    options.isDryRun = isDry
    options.maxErrors = maxErrors
    options.batchSize = 1
    options.rejectsDirectory = directory
    options.clock = .fixed()
    return options
  }

  /// Migrates into a new store.
  @discardableResult private func run(
    _ tree: SourceTree, maxErrors: Int? = nil
  ) throws -> Rejects {
    let recorded = try RecordedMigration(
      tree, into: InMemoryStore(), options(maxErrors: maxErrors))
    return try #require(recorded.summary.rejects)
  }

  /// Returns the error of a run and a dry run, which must agree and change nothing.
  private func refusal(_ tree: SourceTree) throws -> MigrationError {
    let before = listing
    var errors: [MigrationError] = []
    for isDry in [true, false] {
      let store = InMemoryStore()
      let error = #expect(throws: MigrationError.self) {
        try RecordedMigration(tree, into: store, options(isDry: isDry))
      }
      #expect(try store.read { try $0.runs(limit: nil) }.isEmpty)
      errors.append(try #require(error))
    }
    #expect(errors[0] == errors[1])
    #expect(listing == before)
    return errors[0]
  }

  /// All paths in the directory, sorted.
  private var listing: [String] {
    (FileManager.default.enumerator(atPath: directory)?.allObjects as? [String] ?? []).sorted()
  }

  /// The copies, and the files of issues.
  private var rejects: [String] {
    listing.filter { $0.contains(".") && $0 != "README.txt" && !isDirectory($0) }
  }

  private func isDirectory(_ name: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: directory + "/" + name, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }

  private func write(_ text: String, to name: String) throws {
    let path = directory + "/" + name
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
  }

  private func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: directory + "/" + name)
  }

  private static let good = #"{"id": "p", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#

  // MARK: The next run

  @Test func theNextRunReplacesWhatIsThere() throws {
    let tree = try SourceTree([
      "patterns/a.json": "{", "patterns/deep/er/b.json": "[", "joblogs/c.json": "{",
    ])
    #expect(try run(tree).written == 3)
    try tree.add("patterns/a.json", "{ ")
    try tree.add("patterns/deep/er/b.json", Self.good)
    try tree.add("patterns/d.json", "{")
    let second = try run(tree)
    #expect(second.written == 3 && second.removed == 1 && second.failure == nil)
    #expect(try text("patterns/a.json") == "{ ")
    #expect(
      listing == [
        "README.txt", "SHA256SUMS", "joblogs", "joblogs/c.json", "joblogs/c.json.issues",
        "patterns", "patterns/a.json", "patterns/a.json.issues", "patterns/d.json",
        "patterns/d.json.issues",
      ])
  }

  @Test func aRunWithoutFailuresEmptiesIt() throws {
    let tree = try SourceTree(["patterns/a.json": "[{}]", "patterns/b.json": "{"])
    try run(tree)
    try tree.add("patterns/a.json", "[]")
    try tree.add("patterns/b.json", Self.good)
    let last = try run(tree)
    #expect(last.written == 0 && last.removed == 2 && last.failure == nil)
    #expect(listing.isEmpty && FileManager.default.fileExists(atPath: directory))
    // The next run changes nothing.
    #expect(try run(tree).removed == 0)
  }

  @Test func aFileThatFailsInItsPartsAndThenAsAWholeIsReplacedAndBack() throws {
    let tree = try SourceTree(["patterns/a.json": "[{}, {}]"])
    try run(tree)
    #expect(rejects.count == 4)
    try tree.add("patterns/a.json", "{")
    #expect(try run(tree).removed == 0 || rejects == ["patterns/a.json", "patterns/a.json.issues"])
    #expect(try text("patterns/a.json") == "{")
    try tree.add("patterns/a.json", "[{}]")
    try run(tree)
    #expect(rejects == ["patterns/a.json/0.json", "patterns/a.json/0.json.issues"])
  }

  /// Files that a run did not read may still fail.
  @Test func aRunThatIsCutShortRemovesNothing() throws {
    let tree = try SourceTree([
      "strip_families/a.json": "{", "patterns/b.json": "{", "joblogs/c.json": "{",
    ])
    try run(tree)
    try tree.add("strip_families/a.json", "{  ")
    let cut = try run(tree, maxErrors: 0)
    #expect(cut.written == 1 && cut.removed == 0)
    #expect(rejects.count == 6)
    #expect(try text("strip_families/a.json") == "{  ")
    // Nor does a run that finds nothing, such as on a share that is not mounted.
    for kind in ["strip_families", "patterns", "joblogs"] { try tree.remove(kind) }
    #expect(try run(tree).removed == 0)
    #expect(rejects.count == 6)
    try tree.add("patterns/b.json", "{")
    #expect(try run(tree).removed == 2)
    #expect(rejects == ["patterns/b.json", "patterns/b.json.issues"])
  }

  /// Rejects stay if their directory cannot be read, such as a link to a share that is not mounted.
  @Test func aRunThatCouldNotReadAllRemovesNothing() throws {
    let tree = try SourceTree(["patterns/b.json": "{", "joblogs/c.json": "{"])
    try run(tree)
    try tree.remove("joblogs")
    try FileManager.default.createSymbolicLink(
      atPath: tree.path + "/joblogs", withDestinationPath: "/nowhere/at/all")
    #expect(try run(tree).removed == 0)
    #expect(try text("joblogs/c.json") == "{")
    try tree.remove("joblogs")
    #expect(try run(tree).removed > 0)
    #expect(rejects == ["patterns/b.json", "patterns/b.json.issues"])
  }

  @Test func filesThatTheUserRemovedAreNotMissed() throws {
    let tree = try SourceTree(["patterns/a.json": "{", "patterns/b.json": "{"])
    try run(tree)
    try remove("patterns/a.json")
    try remove("README.txt")
    #expect(try run(tree).written == 2)
    #expect(rejects.count == 4)
    try remove("patterns")
    #expect(try run(tree).written == 2)
    #expect(rejects.count == 4)
  }

  @Test func namesAreListedAsTheyAre() throws {
    let names = [
      "patterns/a\nb.json", "patterns/a\\n.json", "patterns/ \\.json", "patterns/é\r.json",
    ]
    let tree = try SourceTree(.init(uniqueKeysWithValues: names.map { ($0, "{") }))
    try tree.add("patterns/z.json", "{")
    for _ in 0..<2 {
      #expect(try run(tree).written == 5)
      #expect(rejects.count == 10)
    }
    for name in names { try tree.remove(name) }
    #expect(try run(tree).removed == 4)
  }

  // MARK: Other files

  @Test func filesThatAreNotFromARunAreRefusedByName() throws {
    let tree = try SourceTree(["patterns/a.json": "[{}]", "patterns/b.json": "{"])
    try run(tree)
    let manager = FileManager.default
    let cases: [(name: String, undo: String?, make: () throws -> Void)] = [
      ("notes.txt", "notes.txt", { try write("mine", to: "notes.txt") }),
      (".hidden", ".hidden", { try write("", to: ".hidden") }),
      (
        ".incoming (a directory)", ".incoming",
        { try write("mine", to: ".incoming/upload.json") }
      ),
      ("patterns/b.json.bak", "patterns/b.json.bak", { try write("", to: "patterns/b.json.bak") }),
      (
        "empty (a directory)", "empty",
        {
          try manager.createDirectory(
            atPath: directory + "/empty", withIntermediateDirectories: true)
        }
      ),
      (
        "patterns/link (a symbolic link)", "patterns/link",
        {
          try manager.createSymbolicLink(
            atPath: directory + "/patterns/link", withDestinationPath: ".")
        }
      ),
      (
        "patterns/pipe (a named pipe)", "patterns/pipe",
        { #expect(mkfifo(directory + "/patterns/pipe", 0o600) == 0) }
      ),
      (
        ".incoming/x/link (a symbolic link)", ".incoming",
        {
          try write("", to: ".incoming/SHA256SUMS")
          try write("", to: ".incoming/x/y")
          try manager.createSymbolicLink(
            atPath: directory + "/.incoming/x/link", withDestinationPath: "/etc/passwd")
        }
      ),
      (
        ".incoming (a symbolic link)", ".incoming",
        {
          try manager.createSymbolicLink(atPath: directory + "/.incoming", withDestinationPath: ".")
        }
      ),
      ("patterns/b.json", nil, { try write("{ }", to: "patterns/b.json") }),
    ]
    for (name, undo, make) in cases {
      try make()
      let error = try refusal(tree)
      #expect(error.code == .rejectsNotEmpty)
      #expect(error.message.contains(name + " "), "\(error.message)")
      if let undo { try remove(undo) }
    }
    try write("{", to: "patterns/b.json")
    #expect(try run(tree).written == 2)
  }

  /// A link that replaces a directory of a run is not followed, and nothing is removed there.
  @Test func aLinkInThePlaceOfADirectoryIsNotFollowed() throws {
    let tree = try SourceTree(["patterns/a.json": "{"])
    try run(tree)
    try FileManager.default.moveItem(
      atPath: directory + "/patterns", toPath: work.file("elsewhere"))
    try FileManager.default.createSymbolicLink(
      atPath: directory + "/patterns", withDestinationPath: work.file("elsewhere"))
    #expect(try refusal(tree).message.contains("patterns (a symbolic link)"))
    #expect(FileManager.default.fileExists(atPath: work.file("elsewhere/a.json")))
  }

  @Test func aListOfSomethingElseDoesNotMakeItRejects() throws {
    let tree = try SourceTree(["patterns/a.json": "{"])
    try run(tree)
    let list = try text("SHA256SUMS")
    let lines = list.split(separator: "\n", omittingEmptySubsequences: false)
    for other in [
      lines.dropFirst().joined(separator: "\n"),
      list.replacingOccurrences(of: "format 1", with: "format 2"), String(list.dropLast()),
      list + "x\n", "",
    ] {
      try write(other, to: "SHA256SUMS")
      let error = try refusal(tree)
      #expect(error.code == .rejectsNotEmpty && error.message.contains("README.txt, SHA256SUMS"))
    }
    try remove("SHA256SUMS")
    #expect(try refusal(tree).code == .rejectsNotEmpty)
    try write(list, to: "SHA256SUMS")
    #expect(try run(tree).written == 1)
  }

  @Test func validationMayCheckRejectsByTheirNames() throws {
    let tree = try SourceTree(["patterns/a.json": "{"])
    try run(tree)
    func validate(readsRejects: Bool) throws {
      try Migration.validate(
        source: tree.path, options: options(), catalog: .rmos, readsRejects: readsRejects)
    }
    try write("{ }", to: "patterns/a.json")
    try validate(readsRejects: false)
    #expect(throws: MigrationError.self) { try validate(readsRejects: true) }
    try write("{", to: "patterns/a.json")
    try validate(readsRejects: true)
    try write("", to: "patterns/other")
    #expect(throws: MigrationError.self) { try validate(readsRejects: false) }
  }

  @Test func messagesNameAFewAndCountTheRest() throws {
    let tree = try SourceTree(["patterns/a.json": "{"])
    for number in 0..<9 { try write("", to: "\(number)") }
    #expect(try refusal(tree).message.contains("0, 1, 2 and 6 more are not from an earlier run"))
  }

  @Test func filesEditedDuringTheRunAreNotReplaced() throws {
    let tree = try SourceTree(["patterns/a.json": "{", "patterns/b.json": "{"])
    try run(tree)
    try tree.add("patterns/b.json", Self.good)
    let path = directory + "/patterns/b.json"
    let store = EventfulStore { try? Data("mine".utf8).write(to: URL(fileURLWithPath: path)) }
    let summary = try withExtendedLifetime(tree) {
      try Migration(from: tree.path, into: store, options: options()).runSynchronously()
    }
    let rejects = try #require(summary.rejects)
    #expect(rejects.written == 0 && rejects.removed == 0)
    #expect(rejects.failure?.contains("patterns/b.json has changed") == true)
    #expect(try text("patterns/b.json") == "mine" && text("patterns/a.json") == "{")
    #expect(!listing.contains(".incoming"))
  }

  @Test func twoRunsDoNotMix() throws {
    let tree = try SourceTree(["patterns/a.json": "{"])
    try run(tree)
    let descriptor = open(directory, O_RDONLY)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX) == 0)
    #expect(try refusal(tree).code == .rejectsInUse)
    #expect(flock(descriptor, LOCK_UN) == 0)
    #expect(try run(tree).written == 1)
  }

  // MARK: Killed runs

  @Test func filesOfAKilledRunAreReplaced() throws {
    let tree = try SourceTree(["patterns/a.json": "{", "patterns/b.json": "{"])
    try run(tree)
    let first = try text("SHA256SUMS")
    let old = try text("patterns/a.json.issues")
    try tree.add("patterns/a.json", "{  ")
    try run(tree)
    // The state after the list of both was written and some files were moved.
    let second = try text("SHA256SUMS").split(separator: "\n").dropFirst().joined(separator: "\n")
    try write(first + second + "\n", to: "SHA256SUMS")
    try write(old, to: "patterns/a.json.issues")
    try write(String(first.prefix(20)), to: ".incoming/SHA256SUMS")
    try write("half", to: ".incoming/patterns/.incomplete")
    try write("half", to: ".incomplete")
    let last = try run(tree)
    #expect(last.written == 2 && last.failure == nil)
    #expect(rejects.count == 4 && !listing.contains { $0.hasPrefix(".inco") })
    #expect(try text("SHA256SUMS").split(separator: "\n").count == 1 + 5)
  }
}

/// A store that calls a closure after issues are written.
private struct EventfulStore: StoreWrapper {
  let base: any RecordStore = InMemoryStore()
  let event: @Sendable () -> Void

  init(_ event: @escaping @Sendable () -> Void) { self.event = event }

  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    let result = try base.write(body)
    if try !base.read({ try $0.issues(ofRun: 1, limit: nil) }).isEmpty { event() }
    return result
  }
}
