import RMOSStore
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// Failures that an earlier run over the same source met are known; others are new.
@Suite struct KnownFailureTests {
  /// A store, and a tree in which something fails in every way.
  private struct Shop {
    let directory: TemporaryDirectory
    let store: any RecordStore
    let tree: SourceTree

    init(_ backend: Backend, _ files: [String: String] = Self.files) throws {
      directory = try TemporaryDirectory()
      store = try backend.store(in: directory)
      tree = try SourceTree(files)
    }

    func run(
      _ change: (inout Migration.Options) -> Void = { _ in }
    ) throws -> MigrationSummary {
      var options = Migration.Options()
      change(&options)
      return try recorded(options).summary
    }

    /// Runs after a dry run, which must report the same.
    func recorded(_ options: Migration.Options) throws -> RecordedMigration {
      var rehearsal = options
      rehearsal.isDryRun = true
      let foreseen = try RecordedMigration(tree, into: store, rehearsal)
      let run = try RecordedMigration(tree, into: store, options)
      #expect(foreseen.issues == run.issues)
      #expect(foreseen.summary.failedNew == run.summary.failedNew)
      #expect(foreseen.summary.failedKnown == run.summary.failedKnown)
      #expect(foreseen.summary.knownSince == run.summary.knownSince)
      #expect(foreseen.summary.isAcceptable == run.summary.isAcceptable)
      expectAgreement(run)
      return run
    }

    /// Expects that the summary, the issues and the ledger agree.
    private func expectAgreement(_ run: RecordedMigration) {
      let summary = run.summary
      let failed = summary.statistics.total.failed
      #expect(summary.failedNew + summary.failedKnown == failed)
      #expect(summary.isSuccess == (summary.isAcceptable && failed == 0))
      let told = run.issues.filter { $0.severity == .error && $0.source != nil }
      #expect(told.allSatisfy { $0.isNew != nil })
      let places = Set(
        told.filter { $0.isNew == true }.map { "\($0.source ?? "") \($0.locator?.text ?? "")" })
      #expect(places.count <= summary.failedNew && places.isEmpty == (summary.failedNew == 0))
      guard let id = summary.run, let ledger = try? store.read({ try $0.run(id) }) else { return }
      #expect(ledger.failedNew == summary.failedNew)
      #expect(ledger.failedKnown == summary.failedKnown)
      #expect(ledger.knownSince == summary.knownSince)
      let kept = try? store.read { try $0.issues(ofRun: id) }
      #expect(kept?.map(\.isNew) == run.issues.filter { $0.severity != .info }.map(\.isNew))
    }

    static let list =
      "[\(Texts.pattern("l0")), 17, \(Texts.pattern("l2")), {\"id\": \"l3\"}, "
      + "\(Texts.pattern("l4", family: "gone")), {\"id\": \"l5\", \"name\": }"
    static let files = [
      "strip_families/sound.json": Texts.family("f"),
      "strip_families/no-name.json": #"{"id": "f2", "strip_width_mm": 2.0}"#,
      "strip_families/no-id.json": #"{"name": "Ebony"}"#,
      "patterns/empty.json": "",
      "patterns/broken.json": "{\"id\": \"p\",\n",
      "patterns/list.json": list,
      "patterns/dictionary.json": "{\"d1\": \(Texts.pattern("d1")), \"d2\": {\"name\": 3}}",
      "joblogs/log.jsonl":
        "\(Texts.job("j1"))\n{\"id\": \"j2\"}\nnonsense\n\(Texts.job("j4", pattern: "none"))\n",
      "joblogs/latin.json": "{\"id\": \"\u{1}\"}",
    ]
  }

  @Test(arguments: Backend.allCases)
  func theSecondNightHasNoNews(_ backend: Backend) throws {
    let shop = try Shop(backend)
    let first = try shop.run()
    #expect(first.failedNew == 13 && first.failedKnown == 0 && first.knownSince == nil)
    for run in Int64(2)...4 {
      let next = try shop.run { $0.failOn = .new }
      #expect(next.run == run && next.knownSince == run - 1)
      #expect(next.failedNew == 0 && next.failedKnown == 13)
      #expect(next.isAcceptable && !next.isSuccess && next.ending == .completed)
    }
    if backend == .sqlite {
      // Failures of runs that are no longer compared with are removed.
      let runs = try sqlite3(
        shop.directory.file("rmos.db"), "SELECT run_id, count(*) FROM migration_failures GROUP BY 1"
      )
      #expect(runs == "4|13")
    }
  }

  /// Each change of one failing entity, and how many new failures it makes.
  static let changes: [(path: String, text: String, new: Int)] = [
    ("strip_families/no-name.json", #"{"id": "f2", "strip_width_mm": 3.0}"#, 1),
    ("strip_families/no-id.json", #"{"name": "ebony"}"#, 1),
    ("patterns/empty.json", " ", 1),
    ("patterns/broken.json", "{\"id\": \"q\",\n", 1),
    ("patterns/list.json", Shop.list.replacing("17", with: "18"), 1),
    ("patterns/list.json", Shop.list.replacing("gone", with: "away"), 1),
    ("patterns/list.json", Shop.list + " ", 1),
    // The places of the other failures do not change.
    ("patterns/list.json", Shop.list.replacing("\"Rope\"", with: "\"Longer rope\""), 1),
    ("patterns/dictionary.json", #"{"d2": {"name": 4}}"#, 1),
    ("patterns/dictionary.json", #"{"d0": {"name": 3}, "d2": {"name": 3}}"#, 1),
    // The same bytes failed before, wherever in the file they are.
    ("joblogs/log.jsonl", "{\"id\": \"j2\"}\n{\"id\": \"j2\"}\nnonsense\n", 0),
    (
      "joblogs/log.jsonl", "\(Texts.job("j0"))\n\(Texts.job("j1"))\n{\"id\": \"j2\"}\nnonsense\n", 0
    ),
    ("patterns/list.json", "[\(Texts.pattern("l")), " + Shop.list.dropFirst(), 0),
    ("joblogs/log.jsonl", "\(Texts.job("j1"))\n{\"id\": \"j2\"}\nNonsense\n", 1),
    // Neither a fixed entity nor a sound one is a new failure.
    ("patterns/broken.json", Texts.pattern("p"), 0),
    ("strip_families/sound.json", Texts.family("f3"), 0),
    ("joblogs/sound.json", Texts.job("j9"), 0),
    ("joblogs/new.json", "{", 1),
  ]

  @Test(arguments: changes)
  func whatChangesIsNew(_ change: (path: String, text: String, new: Int)) throws {
    for backend in Backend.allCases {
      let shop = try Shop(backend)
      _ = try shop.run()
      try shop.tree.add(change.path, change.text)
      let next = try shop.run { $0.failOn = .new }
      #expect(next.failedNew == change.new, "\(change.path)")
      #expect(next.isAcceptable == (change.new == 0))
    }
  }

  @Test(arguments: Backend.allCases)
  func anotherReasonIsNew(_ backend: Backend) throws {
    let shop = try Shop(backend)
    _ = try shop.run()
    // The entity without an id now fails for that reason, too.
    #expect(try shop.run { $0.missingID = .reject }.failedNew == 1)
    #expect(try shop.run { $0.missingID = .reject }.failedNew == 0)
  }

  @Test(arguments: Backend.allCases)
  func whatCannotBeReadFailsForAReasonToo(_ backend: Backend) throws {
    let shop = try Shop(backend)
    func run(_ error: SystemError?) throws -> MigrationSummary {
      try shop.run { options in
        guard let error else { return }
        options.access = SourceAccess { call, path throws(SystemError) in
          if call == .open, path.suffix(10) == Array("sound.json".utf8)[...] { throw error }
        }
      }
    }
    _ = try run(nil)
    #expect(try run(.accessDenied).failedNew == 1)
    #expect(try run(.accessDenied).failedNew == 0)
    #expect(try run(.notPermitted).failedNew == 1)
  }

  /// A directory that cannot be opened hides what is in it: the failures there are not new when it
  /// can be read again.
  @Test(arguments: Backend.allCases)
  func whatLayOutOfReachForANightIsStillKnown(_ backend: Backend) throws {
    let shop = try Shop(backend)
    func run(outOfReach: Bool) throws -> MigrationSummary {
      try shop.run { options in
        guard outOfReach else { return }
        options.access = SourceAccess { call, path throws(SystemError) in
          if call == .list, path.suffix(8) == Array("patterns".utf8)[...] {
            throw .accessDenied
          }
        }
      }
    }
    let failed = try run(outOfReach: false).statistics.total.failed
    for _ in 0..<2 {
      let night = try run(outOfReach: true)
      #expect(night.ending == .completed && night.statistics.total.failed < failed)
    }
    let back = try run(outOfReach: false)
    #expect(back.statistics.total.failed == failed && back.failedNew == 0)
    #expect(back.knownSince == 3)
    // The failures of the older runs are removed.
    #expect(try run(outOfReach: false).failedNew == 0)
  }

  /// Warnings of failed entities are in one group with those of other entities.
  @Test(arguments: Backend.allCases)
  func warningsAreInOneGroup(_ backend: Backend) throws {
    let member = #""name": "n", "ring_count": 1, "geometry": {"a": 1}, "pattern_type": "odd""#
    let shop = try Shop(
      backend,
      [
        "patterns/a.json": "[{\"id\": \"a\", \(member)}, {\"id\": \"b\", \(member), \"name\": 1}]"
      ])
    for _ in 0..<2 {
      let groups = try shop.run().issueGroups.groups.filter { $0.severity == .warning }
      #expect(groups.count == Set(groups.map(\.code)).count)
    }
  }

  /// Runs that did not read everything, found nothing, or read another source do not count.
  @Test(arguments: Backend.allCases)
  func onlyARunThatReadTheSourceToItsEndIsComparedWith(_ backend: Backend) throws {
    let shop = try Shop(backend)
    _ = try shop.run()
    #expect(try shop.run { $0.maxErrors = 3 }.ending == .tooManyErrors)
    var hasFailed = false
    var options = Migration.Options()
    options.batchSize = 2
    let migration = Migration(from: shop.tree.path, into: shop.store, options: options)
    let interrupted = try migration.runSynchronously(
      observer: { if case .issue(let issue) = $0, issue.severity == .error { hasFailed = true } },
      isCancelled: { hasFailed })
    #expect(interrupted.ending == .interrupted && interrupted.failedNew == 0)
    let other = try SourceTree(["patterns/x.json": "{"])
    #expect(try RecordedMigration(other, into: shop.store).summary.knownSince == nil)
    // As when the share is not mounted.
    for (path, _) in Shop.files { try shop.tree.remove(path) }
    #expect(try shop.run().hasFoundNothing)
    #expect(try shop.run { $0.allowsEmptySource = true }.isSuccess)
    for (path, text) in Shop.files { try shop.tree.add(path, text) }
    let next = try shop.run { $0.failOn = .new }
    #expect(next.knownSince == 1 && next.failedNew == 0 && next.failedKnown == 13)
    #expect(next.isAcceptable)
  }

  @Test(arguments: Backend.allCases)
  func aRunThatIsUndoneIsStillComparedWith(_ backend: Backend) throws {
    let shop = try Shop(backend)
    _ = try shop.run()
    #expect(try Undo(of: 1, in: shop.store).runSynchronously().isSuccess)
    let next = try shop.run()
    #expect(next.knownSince == 1 && next.failedNew == 0 && next.statistics.total.migrated > 0)
  }

  /// An atomic run that fails is compared with earlier ones, but later ones not with it.
  @Test(arguments: Backend.allCases)
  func anAtomicRunComparesAndLeavesNothing(_ backend: Backend) throws {
    let shop = try Shop(backend)
    func atomic() throws -> MigrationSummary {
      try shop.run {
        $0.isAtomic = true
        $0.failOn = .new
      }
    }
    for _ in 0..<2 {
      let first = try atomic()
      #expect(first.ending == .rolledBack && first.failedNew == 13 && first.knownSince == nil)
      #expect(try shop.store.read { try $0.runs(limit: nil) } == [])
    }
    _ = try shop.run()
    let known = try atomic()
    #expect(known.failedNew == 0 && known.failedKnown == 13 && known.knownSince == 1)
    // Nothing was written, although all failures were known.
    #expect(!known.isAcceptable)
    #expect(try shop.run().knownSince == 1)
  }

  @Test(arguments: Backend.allCases)
  func whatIsInTheStoreByNowIsKnown(_ backend: Backend) throws {
    let shop = try Shop(
      backend,
      [
        "patterns/p.json": #"{"id": "p", "name": "Rope"}"#,
        "patterns/q.json": #"{"id": "q", "name": "Rope"}"#,
      ])
    #expect(try shop.run().failedNew == 2)
    let mended = try SourceTree(["patterns/p.json": Texts.pattern("p")])
    #expect(try RecordedMigration(mended, into: shop.store).summary.isSuccess)
    for id in ["p", "q"] {
      try shop.tree.add("patterns/\(id).json", #"{"id": "\#(id)", "name": "Other rope"}"#)
    }
    let next = try shop.run()
    #expect(next.failedNew == 1 && next.failedKnown == 1)
  }

  /// That the store has its id does not make a refused duplicate known.
  @Test(arguments: Backend.allCases)
  func aRefusedDuplicateIsNewOnce(_ backend: Backend) throws {
    let shop = try Shop(backend, ["patterns/p.json": Texts.pattern("p")])
    #expect(try shop.run { $0.onDuplicate = .fail }.isSuccess)
    #expect(try shop.run { $0.onDuplicate = .fail }.failedNew == 1)
    #expect(try shop.run { $0.onDuplicate = .fail }.failedNew == 0)
  }

  /// Which failures are known does not depend on where batches end, even if ids recur.
  @Test(arguments: [1, 2, 3, 2000])
  func theSizeOfABatchMakesNoDifference(_ size: Int) throws {
    let bad = #"{"id": "p", "name": "Rope"}"#
    let items = [bad, Texts.pattern("p"), bad, #"{"id": "q"}"#, bad, Texts.pattern("q")]
    for backend in Backend.allCases {
      let shop = try Shop(backend, ["patterns/list.json": "[\(items.joined(separator: ","))]"])
      var options = Migration.Options()
      options.batchSize = size
      let run = try shop.recorded(options)
      let errors = run.issues.filter { $0.severity == .error }
      let known = Dictionary(grouping: errors) { $0.locator?.text ?? "" }
        .mapValues { $0.allSatisfy { $0.isNew == false } }
      #expect(known == ["0": false, "2": true, "3": false, "4": true])
    }
  }

  /// Whichever commit fails, the next run is compared with the same run.
  @Test(arguments: Backend.allCases)
  func aRunThatTheStoreEndsLosesNothing(_ backend: Backend) throws {
    for commit in 1...14 {
      let shop = try Shop(backend)
      _ = try shop.run()
      var options = Migration.Options()
      options.batchSize = 2
      let faulty = FaultyStore(shop.store, failingAt: .beforeCommit(commit))
      guard (try? RecordedMigration(shop.tree, into: faulty, options)) == nil else {
        #expect(commit > 8)
        break
      }
      let next = try shop.run()
      #expect(next.failedNew == 0 && next.failedKnown == 13 && next.knownSince == 1)
    }
  }

  @Test(arguments: UInt64(1)...6)
  func anyTreeHasNoNewsTheSecondTime(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    for backend in Backend.allCases {
      let directory = try TemporaryDirectory()
      let store = try backend.store(in: directory)
      let first = try RecordedMigration(tree.source, into: store).summary
      #expect(first.statistics.total.failed > 0 && first.knownSince == nil)
      let second = try RecordedMigration(tree.source, into: store).summary
      #expect(second.failedNew == 0 && second.knownSince == 1)
      #expect(second.failedKnown == second.statistics.total.failed)
    }
  }

  @Test func aCleanRunWritesNothingOfIt() throws {
    let shop = try Shop(.inMemory, ["patterns/p.json": Texts.pattern("p")])
    for run in Int64(1)...2 {
      let summary = try shop.run()
      #expect(summary.failedNew == 0 && summary.failedKnown == 0)
      #expect(summary.knownSince == (run == 1 ? nil : 1))
    }
  }

  @Test(arguments: [
    ("legacy", "legacy"), ("./legacy/", "legacy"), ("legacy//a/./b/", "legacy/a/b"), (".", "."),
    ("./", "."), ("/", "/"), ("//srv//rmos/", "/srv/rmos"), ("../legacy", "../legacy"),
    ("a/../b", "a/../b"),
  ])
  func aPathIsTheSameHoweverItIsWritten(_ path: String, _ expected: String) {
    #expect(LedgerRun.normalized(source: path) == expected)
  }
}
