import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Sources that are almost right, and their messages: the trees in `Fixtures/faults`.
@Suite struct NearMissTests {
  private let faults = Fixtures.package + "/Tests/Fixtures/faults"

  /// The messages by file and line, the same in a dry run.
  private func messages(
    _ name: String, _ backend: Backend
  ) throws -> [String: String] {
    try TemporaryDirectory.use { directory in
      let store = try backend.store(in: directory)
      var dry = Migration.Options()
      dry.isDryRun = true
      let source = faults + "/" + name
      let rehearsed = try RecordedMigration(source, into: store, dry)
      let migrated = try RecordedMigration(source, into: store)
      #expect(rehearsed.issues == migrated.issues && rehearsed.outcomes == migrated.outcomes)
      let places = migrated.issues.map {
        ("\($0.source ?? ""):\($0.line ?? 0)", $0.message)
      }
      return Dictionary(places) { $0 + "\n" + $1 }
    }
  }

  @Test(arguments: Backend.allCases)
  func mistakesInText(_ backend: Backend) throws {
    let messages = try messages("text-mistakes", backend)
    let expected = [
      "block.json:1": "comment", "bs.json:1": "backslash", "comment.json:1": "comment",
      "concat.json:1": "second value", "hex.json:1": "hexadecimal", "html.json:1": "HTML",
      "json5.json:1": "the member name id without quotes", "jsonp.json:1": "JSONP",
      "lead.json:1": "write 5",
      "lfs.json:1": "Git LFS", "lines.json:2": ".jsonl", "listlist.json:1": "second value",
      "merge.json:1": "merge conflict", "nl.json:1": "line break", "smart.json:1": "U+201C",
      "tab.json:1": "tab", "trail.json:1": "a trailing comma",
      "trail2.json:1": "a trailing comma",
      "xssi.json:1": ")]}'",
    ]
    for (place, words) in expected {
      #expect(messages["patterns/" + place]?.contains(words) == true, "\(place) \(messages)")
    }
    // One issue per file, not per line.
    let lines = [
      "array.jsonl:1": "begins with a list", "commas.jsonl:1": "comma at the end of the line",
      "cr.jsonl:1": "carriage returns", "pretty.jsonl:1": "on several lines",
      "rs.ndjson:1": "RFC 7464", "two.jsonl:1": "second value on the line",
    ]
    for (place, words) in lines {
      #expect(messages["joblogs/" + place]?.contains(words) == true, "\(place) \(messages)")
    }
    #expect(messages.count(where: { $0.key.hasPrefix("joblogs/") }) == lines.count)
  }

  @Test(arguments: Backend.allCases)
  func literalsOfOtherLanguages(_ backend: Backend) throws {
    let messages = try messages("not-json-numbers", backend)
    let expected = [
      "patterns/a.json:1": "NaN", "joblogs/b.jsonl:1": "found Infinity",
      "joblogs/b.jsonl:2": "found -Infinity", "joblogs/c.json:1": "single quote",
      "joblogs/d.json:1": "undefined, as JavaScript",
    ]
    #expect(messages.keys.sorted() == expected.keys.sorted())
    for (place, words) in expected { #expect(messages[place]?.contains(words) == true) }
  }

  @Test(arguments: Backend.allCases)
  func dates(_ backend: Backend) throws {
    let messages = try messages("dates", backend)
    #expect(
      messages["joblogs/d.jsonl:1"]?.hasSuffix("this is a week date; write 2024-01-31") == true)
    #expect(messages["joblogs/d.jsonl:3"]?.hasSuffix("write 2024-01-15T10:15:00+01:00") == true)
    #expect(messages["joblogs/epoch.json:1"]?.contains("\"epoch\"") == true)
  }

  @Test(arguments: Backend.allCases)
  func ids(_ backend: Backend) throws {
    #expect(
      try messages("number-as-id", backend)["strip_families/f.json:1"]?.hasSuffix(
        "write 7 or \"7\"")
        == true)
    let tree = try SourceTree([
      "joblogs/j.json": #"{"id": true, "job_type": "slice", "parameters": {"a": 1}}"#
    ])
    let recorded = try RecordedMigration(tree, into: InMemoryStore())
    #expect(recorded.issues.map(\.message).contains { $0.hasSuffix(#"write "true""#) })
    let messages = try messages("almost-the-same-id", backend)
    for (line, words) in [
      (1, "only in Unicode composition"),
      (2, "\"Torres\", which is there, differs from it only in letter"),
      (3, "only in white space"),
    ] {
      #expect(messages["joblogs/j.jsonl:\(line)"]?.contains(words) == true, "\(messages)")
    }
    #expect(messages["joblogs/j.jsonl:4"]?.contains("a file") == true)
  }

  /// A line that was cut off, or an entity on several lines, costs no other line.
  @Test func onlyWhatIsSpreadIsLost() throws {
    func job(_ id: String) -> String {
      #"{"id":"\#(id)","job_type":"slice","parameters":{"a":1}}"#
    }
    let pretty = "{\n  \"id\": \"p\",\n\n  \"parameters\": {\"a\": [1,\n 2]}\n}"
    let tree = try SourceTree([
      "joblogs/a.jsonl": [job("1"), pretty, job("2"), #"{"id":"cut","#, job("3")].joined(
        separator: "\n")
    ])
    let run = try RecordedMigration(tree, into: InMemoryStore())
    #expect(run.outcomes.map(\.locator) == ["1", "2", "8", "9", "10"])
    #expect(run.outcomes.map(\.outcome) == [.migrated, .failed, .migrated, .failed, .migrated])
  }

  /// A list with an element per line is one failure, wherever its commas are.
  @Test(arguments: ["[A,\nB]\n", "[A\n,B\n,A]\n", "[\nA,\nB\n]\n", "[ A ,\n  B,\n  A ]"])
  func aListInLinesIsOneFailure(_ form: String) throws {
    let text = form.replacing("A", with: Texts.job("a")).replacing("B", with: Texts.job("b"))
    let tree = try SourceTree(["joblogs/a.jsonl": text])
    let run = try RecordedMigration(tree, into: InMemoryStore())
    #expect(run.outcomes.map(\.outcome) == [.failed])
    let message = run.issues.first { $0.severity == .error }?.message
    #expect(message?.contains("begins with a list") == true, "\(message ?? "")")
  }

  @Test func valuesThatAreAlmostRight() throws {
    let tree = try SourceTree([
      "strip_families/f.json": #"""
      {"id":"f","name":"N","material_type":5,"strip_width_mm":"2,5","strip_thickness_mm":"0.6 mm",
       "strips":[1]}
      """#,
      "joblogs/j.json": #"""
      {"id":"j","job_type":"slice","status":"canceled",
       "pattern_id":7.0,"strip_family_id":7.5,"parameters":{"a":1}}
      """#,
    ])
    let messages = try RecordedMigration(tree, into: InMemoryStore()).issues.map(\.message)
    for words in [
      "; write 2.5", "; write 0.6 alone", "; write \"5\"", "did you mean \"cancelled\"?",
      "\"pattern_id\" is the number 7.0; expected the id of a pattern as text; write \"7\"",
      "the id of a strip family as text; write \"7.5\"",
    ] {
      #expect(messages.contains { $0.contains(words) }, "\(messages)")
    }
  }
}
