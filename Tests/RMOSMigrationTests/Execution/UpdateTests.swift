import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite struct UpdateTests {
  private static let later = "2026-04-01T00:00:00Z"

  private func options(force: Bool = false, dry: Bool = false) -> Migration.Options {
    var options = Migration.Options()
    options.onDuplicate = .update
    options.overwritesEdits = force
    options.isDryRun = dry
    options.clock = .fixed(Self.later)
    return options
  }

  private func family(_ name: String, more: String = "") -> [String: String] {
    ["strip_families/f.json": Texts.family("f", name: name, more: more)]
  }

  /// Runs `body` with each kind of store, into which `files` were migrated.
  private func withStores(
    _ files: [String: String], _ body: (any RecordStore) throws -> Void
  ) throws {
    try TemporaryDirectory.use { directory in
      for store: any RecordStore in [
        InMemoryStore(), try SQLiteStore(path: directory.file("x.db")),
      ] {
        var options = Migration.Options()
        options.clock = .fixed()
        _ = try RecordedMigration(try SourceTree(files), into: store, options)
        try body(store)
      }
    }
  }

  /// Runs after a dry run, and expects that both report the same.
  private func update(
    _ files: [String: String], _ store: any RecordStore, force: Bool = false
  ) throws -> RecordedMigration {
    let tree = try SourceTree(files)
    let before = try StoreContent(of: store)
    let rehearsed = try RecordedMigration(tree, into: store, options(force: force, dry: true))
    #expect(try StoreContent(of: store) == before)
    let run = try RecordedMigration(tree, into: store, options(force: force))
    #expect(rehearsed.outcomes == run.outcomes)
    #expect(rehearsed.issues == run.issues)
    return run
  }

  private func edit(_ kind: EntityKind, _ id: String, in store: any RecordStore) throws {
    try store.write { transaction in
      var record = try #require(try transaction.record(kind, id: id))
      record.values[1] = .text("edited")
      #expect(try transaction.update(record))
    }
  }

  /// Where rows that differ stay, the warning says that the row was edited.
  @Test func anEditIsNamedWhereTheRowStays() throws {
    try withStores(family("Ebony")) { store in
      var options = Migration.Options()
      func messages() throws -> [String] {
        let tree = try SourceTree(family("Maple"))
        options.isDryRun = true
        let rehearsed = try RecordedMigration(tree, into: store, options)
        options.isDryRun = false
        let run = try RecordedMigration(tree, into: store, options)
        #expect(rehearsed.issues == run.issues)
        return run.issues.filter { $0.code == .duplicateDiffers }.map(\.message)
      }
      #expect(try messages().map { $0.contains("edited since") } == [false])
      try edit(.stripFamilies, "f", in: store)
      #expect(try messages().map { $0.contains(", edited since) with") } == [true])
    }
  }

  @Test func aRowThatDiffersIsRewrittenAndKeptAsItWas() throws {
    try withStores(family("Ebony", more: #", "shelf": 1"#)) { store in
      let (before, origin) = try store.read { reader in
        (try reader.record(.stripFamilies, id: "f"), try reader.provenance(.stripFamilies, id: "f"))
      }
      let changed = family("Maple", more: #", "shelf": 2, "box": 3"#)
      let run = try update(changed, store)
      #expect(run.outcomes.map(\.outcome) == [.updated])
      let issue = try #require(run.issues.first)
      #expect(run.issues.count == 1)
      #expect(issue.severity == .info && issue.code == .duplicateDiffers)
      #expect(issue.message.contains(#""name", "shelf", "box""#))
      #expect(run.summary.statistics[.stripFamilies].updated == 1)
      try store.read { reader in
        let provenance = try #require(try reader.provenance(.stripFamilies, id: "f"))
        let record = try #require(try reader.record(.stripFamilies, id: "f"))
        #expect(record["name"] == .text("Maple") && provenance.run == 2)
        #expect(provenance.unknownMembers == #"{"shelf":2,"box":3}"#)
        #expect(provenance.rowDigest == RowDigest(of: record))
        #expect(try reader.run(2)?.statistics[.stripFamilies].updated == 1)
        var images: [BeforeImage] = []
        try reader.forEachBeforeImage(ofRun: 2) { images.append($0) }
        #expect(images.map(\.record) == [before] && images.map(\.provenance) == [origin])
      }
      #expect(try update(changed, store).outcomes.map(\.outcome) == [.skipped])
    }
  }

  @Test func anotherSpellingIsNotRewritten() throws {
    try withStores(["joblogs/a.json": Texts.job("j")]) { store in
      let content = try StoreContent(of: store)
      let run = try update(
        [
          "joblogs/b.json": #"""
          { "job_type": "\u0073lice", "parameters": {"a": 1.0}, "created_at": "2025-01-15", "id": "j"}
          """#
        ], store)
      #expect(run.outcomes.map(\.codes) == [["duplicate.identical"]])
      #expect(try StoreContent(of: store) == content)
    }
  }

  @Test func timesThatTheSourceDoesNotGiveStayOrAreTheRuns() throws {
    func job(_ more: String) -> [String: String] {
      ["joblogs/a.json": #"{"id": "j", "job_type": "slice", "parameters": {"a": 1}\#(more)}"#]
    }
    try withStores(job(#", "start_time": "2025-01-01""#)) { store in
      // A time that is never filled in is content like any other.
      let run = try update(job(""), store)
      #expect(run.issues.map(\.message).first?.contains(#"in "start_time";"#) == true)
      let record = try #require(try store.read { try $0.record(.joblogs, id: "j") })
      #expect(record["start_time"] == .null)
      #expect(record["created_at"] == .text("2026-03-01T09:30:00Z"))
      #expect(record["updated_at"] == .text(Self.later))
    }
  }

  @Test func aRowThatWasEditedIsAConflict() throws {
    try withStores(family("Ebony")) { store in
      try edit(.stripFamilies, "f", in: store)
      let content = try StoreContent(of: store)
      let run = try update(family("Maple"), store)
      #expect(run.outcomes.map(\.outcome) == [.skipped])
      let issue = try #require(run.issues.first)
      #expect(issue.severity == .warning && issue.code == .duplicateDiffers)
      for part in [#""name""#, "after run 1"] {
        #expect(issue.message.contains(part))
      }
      #expect(try StoreContent(of: store) == content)
      #expect(try update(family("Maple"), store, force: true).outcomes.map(\.outcome) == [.updated])
      #expect(
        try store.read { try $0.record(.stripFamilies, id: "f")?["name"] } == .text("Maple"))
    }
  }

  @Test func aRowThatNoMigrationWroteIsAConflict() throws {
    try withStores([:]) { store in
      try store.write { try $0.insert(StoreSamples.record(.stripFamilies, "f")) }
      let run = try update(family("Maple"), store)
      #expect(run.outcomes.map(\.outcome) == [.skipped])
      #expect(run.issues.first?.message.contains("another application") == true)
      #expect(try update(family("Maple"), store, force: true).outcomes.map(\.outcome) == [.updated])
      var images: [BeforeImage] = []
      try store.read { try $0.forEachBeforeImage(ofRun: 3) { images.append($0) } }
      #expect(images.map(\.provenance) == [nil])
    }
  }

  @Test func theFirstEntityUnderAnIdDecides() throws {
    try withStores(["patterns/a.json": Texts.pattern("p")]) { store in
      func pattern(_ rings: Int) -> String {
        #"{"id": "p", "name": "Rope", "ring_count": \#(rings), "geometry": {"a": 1}}"#
      }
      // A failed entity determines nothing; one equal to the first is only a duplicate.
      let files = [
        "patterns/a.json": #"{"id": "p", "name": ""}"#,
        "patterns/b.jsonl": [pattern(4), pattern(3), pattern(4)].joined(separator: "\n"),
      ]
      let run = try update(files, store)
      #expect(run.outcomes.map(\.outcome) == [.failed, .updated, .skipped, .skipped])
      #expect(run.outcomes[2].codes == ["duplicate.differs"])
      #expect(run.outcomes[3].codes == ["duplicate.identical"])
      #expect(run.issues.contains { $0.message.contains("the first one counts") })
      let again = try update(files, store)
      #expect(again.outcomes.map(\.outcome) == [.failed, .skipped, .skipped, .skipped])
      #expect(try store.read { try $0.record(.patterns, id: "p")?["ring_count"] } == .integer(4))
    }
  }

  @Test func aChangeThatAWriterOfThisProjectMakesIsAnEdit() throws {
    try withStores(family("Ebony")) { store in
      let written = try store.read { try $0.provenance(.stripFamilies, id: "f")?.rowDigest }
      try edit(.stripFamilies, "f", in: store)
      try store.read { reader throws in
        #expect(try reader.provenance(.stripFamilies, id: "f")?.rowDigest == written)
        #expect(try reader.editState(.stripFamilies, id: "f") == .edited(since: 1))
        #expect(try reader.editState(.stripFamilies, id: "none") == nil)
      }
    }
  }

  @Test func anAtomicRunThatFailsUpdatesNothing() throws {
    try withStores(family("Ebony")) { store in
      let content = try StoreContent(of: store)
      var atomic = options()
      atomic.isAtomic = true
      let run = try RecordedMigration(
        try SourceTree(family("Maple").merging(["joblogs/j.json": "{"]) { $1 }), into: store, atomic
      )
      #expect(run.summary.statistics.total.updated == 0)
      #expect(run.summary.statistics[.stripFamilies].skipped == 1)
      #expect(try StoreContent(of: store) == content)
    }
  }

  @Test func forceWithoutUpdateMakesNoSense() throws {
    var options = options(force: true)
    options.onDuplicate = .skip
    let error = #expect(throws: MigrationError.self) {
      try RecordedMigration(try SourceTree(family("Ebony")), into: InMemoryStore(), options)
    }
    #expect(error?.code == .invalidOption)
  }
}
