import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Entities without an id, which only their place identifies.
@Suite struct DerivedIDTests {
  private func job(_ day: Int) -> String {
    #"{"job_type": "slice", "parameters": {"day": \#(day)}}"#
  }

  private func differences(_ run: RecordedMigration) -> [String] {
    run.issues.filter { $0.code == .duplicateDiffers }.map { "\($0.severity): \($0.message)" }
  }

  @Test(arguments: Backend.allCases)
  func aLogThatBeginsAnewMayBeOfOtherEntities(_ backend: Backend) throws {
    try TemporaryDirectory.use { directory in
      let store = try backend.store(in: directory)
      let tree = try SourceTree(["joblogs/log.jsonl": job(1)])
      _ = try RecordedMigration(tree, into: store)
      try tree.add("joblogs/log.jsonl", job(2))
      var options = Migration.Options()
      options.isDryRun = true
      let rehearsed = try RecordedMigration(tree, into: store, options)
      let skipped = try RecordedMigration(tree, into: store)
      #expect(rehearsed.issues == skipped.issues)
      #expect(
        differences(skipped) == [
          "warning: is already in the store (from run 1, joblogs/log.jsonl) with other content in "
            + "\"parameters\"; its id is derived from its position in the file, where another "
            + "entity may be by now; if it is, it is not in the store; left as it is"
        ])
      options = Migration.Options()
      options.onDuplicate = .update
      #expect(
        differences(try RecordedMigration(tree, into: store, options)) == [
          "warning: is already in the store with other content in \"parameters\"; its id is derived "
            + "from its position in the file, where another entity may be by now; updated"
        ])
    }
  }

  /// The path identifies an entity that has a file of its own.
  @Test func anEntityThatIsAloneInItsFileIsTheSame() throws {
    let store = InMemoryStore()
    let tree = try SourceTree(["joblogs/a.json": job(1)])
    _ = try RecordedMigration(tree, into: store)
    try tree.add("joblogs/a.json", job(2))
    let run = try RecordedMigration(tree, into: store)
    #expect(run.issues.map(\.message).allSatisfy { !$0.contains("derived from its position") })
    #expect(differences(run).count == 1)
  }

  @Test(arguments: Backend.allCases)
  func whatCameFromAnotherSourceSaysSo(_ backend: Backend) throws {
    try TemporaryDirectory.use { directory in
      let store = try backend.store(in: directory)
      let (first, other) = try (
        SourceTree(["joblogs/a.json": job(1)]), SourceTree(["joblogs/a.json": job(2)])
      )
      _ = try RecordedMigration(first, into: store)
      for isDryRun in [true, false] {
        var options = Migration.Options()
        options.isDryRun = isDryRun
        let message = try #require(
          differences(try RecordedMigration(other, into: store, options)).first)
        #expect(message.contains("(from run 1 of \(first.path), joblogs/a.json)"), "\(message)")
      }
      // The source is the same, however its path is written.
      try first.add("joblogs/a.json", job(3))
      let again = try RecordedMigration(first.path + "/", into: store)
      #expect(differences(again).first?.contains("(from run 1, joblogs/a.json)") == true)
    }
  }

  @Test func aReferenceMayBeToWhatCouldNotBeRead() throws {
    let tree = try SourceTree([
      "patterns/rope.json": "{\"id\": \"rope\",", "joblogs/j.json": Texts.job("j", pattern: "rope"),
    ])
    let message = try #require(
      try RecordedMigration(tree, into: InMemoryStore()).issues.first {
        $0.code == .referenceMissing
      }?.message)
    #expect(message.contains("nor in what could be read of the source; fix the patterns that"))
    #expect(!message.contains("null"))
  }

  @Test func aUnitThatContradictsTheFieldsIsNamed() throws {
    func messages(_ more: String, file: String = "strip_families/f.json") throws -> [String] {
      let tree = try SourceTree([file: Texts.family("f", more: more)])
      return try RecordedMigration(tree, into: InMemoryStore()).issues.filter {
        $0.code == .fieldUnit && $0.severity == .warning
      }.map(\.message)
    }
    #expect(
      try messages(#", "unit": "inch""#) == [
        "\"unit\" is \"inch\", but \"strip_width_mm\" and \"strip_thickness_mm\" are read as "
          + "millimeters; convert what is not, or let a mapping do it"
      ])
    #expect(try messages(#", "Length_Unit": "CM""#).count == 1)
    for silent in [#""unit": "mm""#, #""unit": "pieces""#, #""unit": 1"#, #""maker": "in""#] {
      #expect(try messages(", " + silent).isEmpty, "\(silent)")
    }
  }
}
