import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// The mistakes in mapping files, and their places.
@Suite struct MappingParserTests {
  /// Parses a mapping, and returns the mistake in it; `nil` if there is none.
  private func mistake(_ text: String) -> ParsingError? {
    do throws(ParsingError) {
      _ = try Mapping(parsing: text)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    // The place is that of the word, and the message lists the words that are allowed.
    (#"{"mapping":1,"name":"x","joblogs":[{"form":1}]}"#, 36, "files, entities, when, members"),
    (#"{"mapping":1,"name":"x","joblog":[{}]}"#, 24, "Did you mean joblogs?"),
    (#"{"mapping":2,"name":"x","joblogs":[{}]}"#, 11, "format 1"),
    (#"{"name":"x","joblogs":[{}]}"#, 0, "\"mapping\": 1"),
    (#"{"mapping":1,"joblogs":[{}]}"#, 0, "\"name\" is missing"),
    (#"{"mapping":1,"name":" ","joblogs":[{}]}"#, 20, "blank"),
    (#"{"mapping":1,"name":7,"joblogs":[{}]}"#, 20, "expected text"),
    (#"{"mapping":1,"name":"x"}"#, 0, "no rules"),
    (#"{"mapping":1,"name":"x","joblogs":[]}"#, 0, "no rules"),
    (#"{"mapping":1,"name":"x","joblogs":{}}"#, 34, "a list of rules"),
    (#"[]"#, 0, "expected an object"),
    (#"{"mapping":1,"name":"x","names":"all","joblogs":[{}]}"#, 32, "exact any-case"),
    (#"{"mapping":1,"name":"x","name":"y","joblogs":[{}]}"#, 24, "appears twice"),
  ])
  func mappings(_ text: String, _ offset: Int, _ message: String) throws {
    let error = try #require(mistake(text))
    #expect(error.offset == offset)
    #expect(error.column == offset + 1)
    #expect(error.message.contains(message), "\(error.message)")
  }

  @Test(arguments: [
    (#""members":{"jobtype":"/a"}"#, "Did you mean job_type?"),
    (#""members":{"ring_count":"/a"}"#, "job logs have no member"),
    (#""members":{"id":"a"}"#, "not a JSON Pointer"),
    (#""members":{"id":"/~2"}"#, "not a JSON Pointer"),
    (#""members":{"id":{"from":5}}"#, "not a JSON Pointer"),
    (#""members":{"id":{"from":[]}}"#, "empty list"),
    (#""members":{"id":"/a/*"}"#, "has a *"),
    (#""members":{"id":{}}"#, "where its value comes from"),
    (#""members":{"id":{"form":"/a"}}"#, "Did you mean from?"),
    (#""members":{"id":{"from":"/a","count":"/b"}}"#, "expected one of them"),
    (#""members":{"id":{"from":"/a","as":"date"}}"#, "epoch-seconds"),
    (#""members":{"id":{"from":"/a","as":"difference"}}"#, "takes two values"),
    (#""members":{"id":{"from":"/a","as":"text","decimal":","}}"#, "goes with"),
    (#""members":{"id":{"from":"/a","as":"number","decimal":";"}}"#, "expected one of"),
    (#""members":{"id":{"count":"/a","as":"text"}}"#, "goes with"),
    (#""members":{"id":["/a",{"rest":true}]}"#, "does not go in a list"),
    (#""members":{"id":["/a",{"form":"/b"}]}"#, "Did you mean from?"),
    (#""members":{"id":[["/a"],{"from":"/b"}]}"#, "a list is not a JSON Pointer"),
    (#""members":{"id":{"common":"/a"}}"#, "needs one *"),
    (#""members":{"id":{"rest":false}}"#, "expected true"),
    (#""members":{"id":{"from":"/a","rest":true}}"#, "does not go with"),
    (#""members":{"id":{"object":{"a":{"rest":true}}}}"#, "not in it"),
    (#""members":{"id":{"from":"/a","values":["x"]}}"#, "expected an object"),
    (#""members":{"id":"/a","id":"/b"}"#, "appears twice"),
    (#""entities":"/runs""#, "ends in /*"),
    (#""entities":"runs/*""#, "not a JSON Pointer"),
    (#""files":"/abs/*.json""#, "not a relative path"),
    (#""files":["../x"]"#, "not a relative path"),
    (#""when":{"has":"x"}"#, "not a JSON Pointer"),
    (#""when":{"is":{"x":1}}"#, "not a JSON Pointer"),
    (#""when":{"eq":1}"#, "has, lacks, is"),
    (#""when":{"has":"/a"},"skip":false"#, "expected true"),
    (#""skip":true"#, "says by \"when\""),
    (#""when":{"has":"/a"},"skip":true,"members":{"id":"/a"}"#, "has no \"members\""),
    (#""members":[]"#, "expected an object"),
    (#""when":{"is":[]}"#, "expected an object of pointers"),
    (#""members":{"id":{"common":"/a/*","as":"difference"}}"#, "gives one value"),
    (#""members":{"parameters":{"object":[]}}"#, "expected an object of members"),
    (#""members":{"id":{"from":"/a","decimal":","}}"#, "goes with"),
    (#""members":{"id":{"from":["/a","/b"],"as":"sum","decimal":","}}"#, "goes with"),
    (
      #""members":{"id":{"from":["/a","/b"],"as":"difference","values":{"x":null}}}"#,
      #""values" does not go with "difference""#
    ),
    (
      #""members":{"parameters":{"rest":true},"results":{"object":{"a":"/a"},"rest":true}}"#,
      #""parameters" has "rest" already"#
    ),
  ])
  func rules(_ rule: String, _ message: String) throws {
    let error = try #require(
      mistake("{\"mapping\":1,\"name\":\"x\",\n\"joblogs\":[{\(rule)}]}"))
    #expect(error.line == 2)
    #expect(error.message.contains(message), "\(error.message)")
  }

  /// A character is as near to every other.
  @Test func noCharacterIsSuggested() throws {
    let error = try #require(
      mistake(
        #"{"mapping":1,"name":"x","joblogs":[{"members":{"id":{"from":"/a","as":"number","decimal":";"}}}]}"#
      ))
    #expect(error.message.hasSuffix("expected one of . ,"), "\(error.message)")
  }

  @Test(arguments: [
    #""members":{"id":"POINTER"}"#, #""entities":"POINTER/*""#, #""when":{"has":"POINTER"}"#,
    #""when":{"is":{"POINTER":1}}"#,
  ])
  func pointersHaveAtMost32Steps(_ rule: String) {
    func mapping(_ steps: Int) -> String {
      let pointer = String(repeating: "/a", count: steps)
      return #"{"mapping":1,"name":"x","joblogs":[{\#(rule.replacing("POINTER", with: pointer))}]}"#
    }
    #expect(mistake(mapping(31)) == nil)
    #expect(mistake(mapping(33))?.message.contains("has more than 32 steps") == true)
  }

  @Test func notJSON() throws {
    let error = try #require(mistake("{\"mapping\": 1,\n \"name\" \"x\"}"))
    #expect(error.line == 2 && error.column == 9)
    #expect("\(error)".hasPrefix("line 2, column 9: "))
  }

  @Test func aMappingHasItsText() throws {
    let text = #"{"mapping":1,"name":"x","about":"y","$schema":"s","patterns":[{}]}"#
    let mapping = try Mapping(parsing: "\u{FEFF}" + text)
    #expect(mapping.name == "x" && mapping.about == "y" && mapping.text == text)
    let digest = Array(text.utf8).withUnsafeBytes { SHA256.hash($0) }
    #expect(mapping.sha256 == "\(digest)")
  }

  @Test func theBuiltInMappings() {
    #expect(
      Mapping.builtIn.map(\.name) == [
        "any-case", "epoch", "saw-runs", "art-jobs", "art-patterns", "catalogue", "ring-bands",
        "pattern-model", "job-log",
      ])
    #expect(Mapping.builtIn.map(\.name) == Mapping.builtInNames)
    #expect(Mapping.builtIn.allSatisfy { $0.about != nil })
    #expect(Mapping.builtIn(named: "none") == nil)
  }

  // MARK: The schema

  private static let schema = Fixtures.package + "/Documentation/mapping.schema.json"

  /// The schema in the documentation has the parser's words, and no other.
  @Test func schemaAndParserHaveTheSameWords() throws {
    let text = try String(contentsOfFile: Self.schema, encoding: .utf8)
    let schema = try JSONValue(parsing: text)
    func names(_ path: String...) -> Set<String> {
      guard case .object(let members)? = path.reduce(schema, { $0?[$1] }) else { return [] }
      return Set(members.map(\.name))
    }
    func words(_ value: JSONValue?) -> Set<String> {
      guard case .array(let elements)? = value else { return [] }
      return Set(elements.compactMap(\.string))
    }
    typealias Words = MappingParser.Words
    #expect(names("properties") == Set(Words.mapping + EntityCatalog.rmos.kinds.map(\.table)))
    #expect(names("$defs", "rule", "properties") == Set(Words.rule))
    #expect(names("$defs", "condition", "properties") == Set(Words.condition))
    let source = schema["$defs"]?["source"]?["anyOf"]?[1]?["properties"]
    guard case .object(let members)? = source else {
      Issue.record("the schema has no source")
      return
    }
    #expect(Set(members.map(\.name)) == Set(Words.source))
    #expect(words(source?["as"]?["enum"]) == Set(Words.conversions))
    #expect(words(source?["decimal"]?["enum"]) == Set(Words.decimals))
    #expect(words(schema["properties"]?["names"]?["enum"]) == Set(Words.names))
    for kind in EntityCatalog.rmos.kinds {
      let rule = schema["properties"]?[kind.table]?["items"]
      #expect(
        words(rule?["properties"]?["members"]?["propertyNames"]?["enum"])
          == Set(kind.schema.fields.map(\.member)))
    }
  }

  private static let hasValidator = (try? run("import jsonschema", [])) == 0

  private static func run(_ program: String, _ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Checks that all mappings are valid by the schema, or that none is.
  ///
  /// One process checks them all, since it takes long to start.
  private func expect(_ mappings: [String], valid: Bool) throws {
    let program = """
      import json, sys, jsonschema
      schema = json.load(open(sys.argv[1]))
      jsonschema.Draft202012Validator.check_schema(schema)
      validator = jsonschema.Draft202012Validator(schema)
      for number, text in enumerate(sys.argv[3:]):
          if validator.is_valid(json.loads(text)) != (sys.argv[2] == "valid"):
              sys.exit(100 + number)
      """
    let status = try Self.run(program, [Self.schema, valid ? "valid" : "invalid"] + mappings)
    #expect(status == 0, "100 and the position of the one that is not so")
  }

  @Test(.enabled(if: hasValidator, "python3 has no jsonschema"))
  func builtInMappingsFitTheSchema() throws {
    try expect(Mapping.builtIn.map(\.text), valid: true)
  }

  @Test(.enabled(if: hasValidator, "python3 has no jsonschema"))
  func mistakesDoNotFitTheSchema() throws {
    let mappings = [
      #""form":1"#, #""members":{"jobtype":"/a"}"#, #""members":{"id":"a"}"#,
      #""members":{"id":{"from":"/a","as":"date"}}"#, #""members":{"id":{}}"#,
      #""entities":"/runs""#, #""when":{"has":"x"}"#, #""when":{"eq":1}"#,
      #""members":{"id":["/a",{"form":"/b"}]}"#, #""members":{"id":[["/a"],{"from":"/b"}]}"#,
    ].map { "{\"mapping\":1,\"name\":\"x\",\"joblogs\":[{\($0)}]}" }
    for mapping in mappings { #expect(mistake(mapping) != nil, "\(mapping)") }
    try expect(mappings, valid: false)
  }
}

/// Patterns and the paths that they match.
@Suite struct FileGlobTests {
  @Test(arguments: [
    ("joblogs/saw_runs.json", "joblogs/saw_runs.json", true),
    ("joblogs/saw_runs.json", "joblogs/a/saw_runs.json", false),
    ("saw_runs.json", "joblogs/saw_runs.json", false),
    ("*.json", "a.json", true), ("*.json", "a/b.json", false), ("*", "a", true),
    ("**/saw*.json", "saw.json", true), ("**/saw*.json", "a/b/saw_1.json", true),
    ("**/saw*.json", "a/b/saw_1.jsonl", false), ("a/**/b.json", "a/b.json", true),
    ("a/**/b.json", "a/x/y/b.json", true), ("a/**/b.json", "x/a/b.json", false),
    ("a/**", "a/b/c", true), ("a/**", "a", false), ("**", "a/b", true),
    ("**/b/**/c", "b/x/b/c", true), ("**/a/b", "a/a/b", true), ("**/b/c", "b/x/c", false),
    ("a?c", "abc", true), ("a?c", "aéc", true), ("a?c", "ac", false),
    ("*a*b", "xaxxb", true), ("*a*b", "xaxx", false), ("a*", "a", true), ("[a]", "[a]", true),
  ])
  func matching(_ pattern: String, _ path: String, _ expected: Bool) throws {
    #expect(try #require(FileGlob(pattern)).matches(Array(path.utf8)) == expected)
  }

  @Test(arguments: ["", "/a", "a//b", "a/", "./a", "a/../b", "."])
  func noPatterns(_ pattern: String) { #expect(FileGlob(pattern) == nil) }
}
