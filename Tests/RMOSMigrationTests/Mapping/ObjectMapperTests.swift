import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// The text to which objects are mapped.
@Suite struct ObjectMapperTests {
  private func map(
    _ object: String, _ rule: String, key: String? = nil, isAlone: Bool = false
  ) throws -> MappedObject {
    try MappedObject(object, as: .joblogs, by: .joblogs(rule), key: key, isAlone: isAlone)
  }

  /// Maps an object by a rule with the given members.
  private func text(_ object: String, _ members: String, key: String? = nil) throws -> String? {
    try map(object, #"{"members":{\#(members)}}"#, key: key).text
  }

  // MARK: From where

  @Test(arguments: [
    (#"{"run":"r"}"#, #""id":{"from":"/run"}"#, #"{"id":"r"}"#),
    (#"{"run":"r"}"#, #""id":"/run""#, #"{"id":"r"}"#),
    // The first reference that is present and not null.
    (#"{"a":null,"b":"x"}"#, #""id":["/a","/b"]"#, #"{"id":"x","a":null}"#),
    (#"{"b":"x","a":"y"}"#, #""id":["/a","/b"]"#, #"{"id":"y","b":"x"}"#),
    // Without a value, the member is absent.
    (#"{"a":1}"#, #""status":"/b""#, #"{"a":1}"#),
    (#"{"a":null}"#, #""status":"/a""#, #"{"a":null}"#),
    (#"{}"#, #""status":"/b""#, "{}"),
    // A constant, alone and in place of an absent value.
    (#"{}"#, #""status":{"value":"failed"}"#, #"{"status":"failed"}"#),
    (#"{"a":"x"}"#, #""status":{"from":"/a","value":"failed"}"#, #"{"status":"x"}"#),
    (#"{"a":null}"#, #""status":{"from":"/a","value":"failed"}"#, #"{"status":"failed","a":null}"#),
    // Values in objects and lists.
    (#"{"m":{"t":"x","u":1}}"#, #""job_type":"/m/t""#, #"{"job_type":"x","m":{"u":1}}"#),
    (#"{"m":{"t":"x"}}"#, #""job_type":"/m/t""#, #"{"job_type":"x"}"#),
    // A list of which an element was taken stays whole.
    (#"{"m":["x","y"]}"#, #""job_type":"/m/1""#, #"{"job_type":"y","m":["x","y"]}"#),
    (
      #"{"m":[{"t":"x"},{"u":1}]}"#, #""job_type":"/m/0/t""#,
      #"{"job_type":"x","m":[{"t":"x"},{"u":1}]}"#
    ),
    (
      #"{"m":[{"t":"x","v":2},{"u":1}]}"#, #""job_type":"/m/0/t""#,
      #"{"job_type":"x","m":[{"v":2},{"u":1}]}"#
    ),
    (#"{"m":[["x"]]}"#, #""job_type":"/m/0/0""#, #"{"job_type":"x"}"#),
    (#"{"m":["x"]}"#, #""job_type":"/m/0""#, #"{"job_type":"x"}"#),
    (#"{"m":"x"}"#, #""job_type":"/m/t""#, #"{"m":"x"}"#),
    (#"{"a/b":"x","~":"y"}"#, #""job_type":"/a~1b","id":"/~0""#, #"{"id":"y","job_type":"x"}"#),
    (#"{"\u0061":"x"}"#, #""id":"/a""#, #"{"id":"x"}"#),
    // The whole object.
    (#"{"id":"i","x":1}"#, #""parameters":"""#, #"{"parameters":{"id":"i","x":1},"id":"i"}"#),
    // A value that two members take.
    (#"{"a":"x"}"#, #""id":"/a","job_type":"/a""#, #"{"id":"x","job_type":"x"}"#),
  ])
  func from(_ object: String, _ members: String, _ expected: String) throws {
    #expect(try text(object, members) == expected)
  }

  @Test func theKeyOfTheDictionary() throws {
    #expect(try text("{}", #""id":"key""#, key: #"r"1"#) == #"{"id":"r\"1"}"#)
    #expect(try text(#"{"a":"x"}"#, #""id":["/a","key"]"#, key: "k") == #"{"id":"x"}"#)
    #expect(try text("{}", #""id":["/a","key"]"#) == "{}")
    #expect(
      try text("{}", #""status":{"from":"key","values":{"k":"failed"}}"#, key: "k")
        == #"{"status":"failed"}"#)
    #expect(
      try text(
        "{}", #""created_at":{"from":"key","as":"epoch-milliseconds"}"#, key: "1700000000000")
        == #"{"created_at":"2023-11-14T22:13:20.000Z"}"#)
    #expect(
      try text("{}", #""duration_seconds":{"from":"key","as":"number"}"#, key: " 5 ")
        == #"{"duration_seconds":5}"#)
    #expect(
      try text(#"{"e":1700000005}"#, pair, key: "1700000000")
        == #"{"duration_seconds":5.0,"e":1700000005}"#)
    #expect(try text(#"{"e":1700000005}"#, pair) == #"{"e":1700000005}"#)
    #expect(try text(#"{"e":5}"#, pair, key: #"r"1"#) == #"{"e":5}"#)
  }

  private let pair = #""duration_seconds":{"from":["key","/e"],"as":"difference"}"#

  /// The key of a list is that of its elements, but not their id.
  @Test func theKeyOfTheListOrDictionary() throws {
    func text(_ members: String, _ keys: ObjectMapper.Keys) throws -> String? {
      try MappedObject(
        "{}", as: .joblogs, by: .joblogs(#"{"members":{\#(members)}}"#), keys: keys
      ).text
    }
    let (own, group) = (Array("own".utf8), Array("group".utf8))
    #expect(try text(#""id":"key""#, .init(own: own, group: group)) == #"{"id":"own"}"#)
    #expect(try text(#""id":"key""#, .init(group: group)) == "{}")
    #expect(try text(#""id":"group""#, .init(group: group)) == #"{"id":"group"}"#)
    let both = #""results":{"object":{"a":"key","b":"group"}}"#
    #expect(
      try text(both, .init(own: own, group: group)) == #"{"results":{"a":"own","b":"group"}}"#)
    #expect(try text(both, .init(group: group)) == #"{"results":{"a":"group","b":"group"}}"#)
    #expect(try text(both, .init(own: own)) == #"{"results":{"a":"own"}}"#)
  }

  /// Of a list of sources, the first that gives a value counts.
  @Test(
    arguments: [
      (#"{"n":7,"r":[1]}"#, #"["/n",{"count":"/r"}]"#, "7.0", 0),
      (#"{"n":null,"r":[1]}"#, #"["/n",{"count":"/r"}]"#, "1.0", 0),
      (#"{"r":[1]}"#, #"["/n",{"count":"/r","when":{"has":"/x"}},{"value":3}]"#, "3.0", 0),
      (#"{"r":[1]}"#, #"["/n",{"from":"/r","when":{"has":"/x"}}]"#, nil, 0),
      (
        #"{"s":"soon","e":"late"}"#, #"[{"from":["/s","/e"],"as":"difference"},{"value":4}]"#,
        "4.0", 1
      ),
    ] as [(String, String, String?, Int)])
  func severalSources(
    _ object: String, _ sources: String, _ expected: String?, _ remarks: Int
  ) throws {
    let mapped = try map(object, #"{"members":{"duration_seconds":\#(sources)}}"#)
    #expect(mapped["duration_seconds"] == expected)
    #expect(mapped.remarks.count == remarks)
  }

  @Test func theFirstNullOfSeveralSourcesIsWhereTheMemberIsMissing() throws {
    let mapped = try map(
      #"{"a":1,"t":null}"#, #"{"members":{"job_type":["/b",{"from":"/t"}]}}"#)
    let missing = try #require(mapped.issues.first { $0.pointer == "/job_type" })
    #expect(missing.column == 12)
    #expect(missing.message.hasSuffix("\"test\" reads it from /b or reads it from /t"))
  }

  /// If a word is replaced by null, the next reference or the constant counts.
  @Test(arguments: [
    (#"{"t":"N/A","u":"rope"}"#, "rope"), (#"{"t":"N/A","u":"N/A"}"#, "other"),
    (#"{"t":"N/A"}"#, "other"), (#"{"t":"x","u":"rope"}"#, "x"),
  ])
  func wordsForNothing(_ object: String, _ expected: String) throws {
    let words = #""values":{"N/A":null,"k":null},"value":"other""#
    let mapped = try map(object, #"{"members":{"job_type":{"from":["/t","/u"],\#(words)}}}"#)
    #expect(mapped["job_type"] == expected)
    let keyed = try map(
      object, #"{"members":{"job_type":{"from":["key","/t","/u"],\#(words)}}}"#, key: "k")
    #expect(keyed["job_type"] == expected)
    let common = try map(
      #"{"r":[{"t":"N/A"}]}"#, #"{"members":{"job_type":{"common":"/r/*/t",\#(words)}}}"#)
    #expect(common["job_type"] == "other" && common.remarks.isEmpty)
    let unknown = try map(
      #"{"s":"soon","e":"late"}"#,
      #"{"members":{"duration_seconds":{"from":["/s","/e"],"as":"difference","value":7}}}"#)
    #expect(unknown["duration_seconds"] == "7.0" && unknown.remarks.count == 1)
  }

  /// A word that is replaced by null is the place of the missing member.
  @Test func aWordForNothingIsWhereTheMemberIsMissing() throws {
    let mapped = try map(
      #"{"a":1,"t":"N/A"}"#, #"{"members":{"job_type":{"from":"/t","values":{"N/A":null}}}}"#)
    #expect(mapped.issues.first { $0.pointer == "/job_type" }?.column == 12)
  }

  /// A member that the rule refers to is no look-alike, even if it has no value.
  @Test func membersThatARuleReadsAreNoLookAlikes() throws {
    let codes = { (object: String, source: String) in
      try map(object, #"{"members":{"end_time":\#(source)}}"#).codes.filter {
        $0 == "field.look-alike"
      }
    }
    for source in [
      #"{"from":"/EndTime","values":{"n/a":null}}"#,
      #"{"from":"/EndTime","when":{"is":{"/x":1}}}"#,
    ] {
      #expect(try codes(#"{"EndTime":"n/a"}"#, source).isEmpty)
      #expect(try codes(#"{"\u0045ndTime":"n/a"}"#, source).isEmpty)
      // A member that the rule does not refer to is one.
      #expect(try codes(#"{"EndTime":"n/a","end-time":"2025-01-01"}"#, source).count == 1)
    }
    #expect(try codes(#"{"EndTime":"n/a"}"#, #""/ended""#).count == 1)
  }

  @Test func namesOfOtherProgramsAreNoSpellings() throws {
    let mapping = try Mapping.joblogs("{}", names: "any-case")
    let mapped = try MappedObject(
      #"{"Id":"j","__results":{"a":1},"Results_":{"b":2}}"#, as: .joblogs, by: mapping)
    #expect(mapped["results"] == #"{"b":2}"#)
    #expect(!mapped.codes.contains("field.look-alike"))
  }

  // MARK: Into objects

  @Test(arguments: [
    (#"{"e":"x"}"#, #""results":{"object":{"error":"/e"}}"#, #"{"results":{"error":"x"}}"#),
    (#"{"e":null}"#, #""results":{"object":{"error":"/e"}}"#, #"{"e":null}"#),
    (
      #"{"e":"x","n":"2,5"}"#,
      #""results":{"object":{"a":{"object":{"b":"/e"}},"c":{"from":"/n","as":"number","decimal":","}}}"#,
      #"{"results":{"a":{"b":"x"},"c":2.5},"n":"2,5"}"#
    ),
    // The rest: members that are not used elsewhere, and the remains of others.
    (
      #"{"id":"i","a":1,"b":2,"m":{"x":1,"y":2},"t":"5"}"#,
      #""parameters":{"rest":true},"job_type":"/m/x","duration_seconds":{"from":"/t","as":"number"}"#,
      #"{"job_type":1,"duration_seconds":5,"parameters":{"a":1,"b":2,"m":{"y":2}},"id":"i","t":"5"}"#
    ),
    (
      #"{"a":1,"b":2}"#, #""parameters":{"object":{"x":"/b"},"rest":true}"#,
      #"{"parameters":{"x":2,"a":1}}"#
    ),
    (#"{"id":"i"}"#, #""parameters":{"rest":true}"#, #"{"id":"i"}"#),
    // A member with the name of one that the object has stays beside it.
    (
      #"{"lane":"own","meta":{"lane":"L"},"x":1}"#,
      #""parameters":{"object":{"lane":"/meta/lane"},"rest":true}"#,
      #"{"parameters":{"lane":"L","x":1},"lane":"own"}"#
    ),
    (
      #"{"l\u0061ne":"own","meta":{"lane":"L"}}"#,
      #""parameters":{"object":{"lane":"/meta/lane"},"rest":true}"#,
      #"{"parameters":{"lane":"L"},"l\u0061ne":"own"}"#
    ),
    (
      #"{"lane":"own","meta":{"lane":null}}"#,
      #""parameters":{"object":{"lane":"/meta/lane"},"rest":true}"#,
      #"{"parameters":{"lane":"own","meta":{"lane":null}}}"#
    ),
    // A member under another name of the field is not gathered.
    (
      #"{"id":"i","parameters_json":"{}","a":1}"#, #""parameters":{"rest":true}"#,
      #"{"id":"i","parameters_json":"{}","a":1}"#
    ),
    (
      #"{"r":[1,2,3]}"#, #""duration_seconds":{"count":"/r"}"#,
      #"{"duration_seconds":3,"r":[1,2,3]}"#
    ),
    (
      #"{"r":{"a":1}}"#, #""duration_seconds":{"count":"/r"}"#,
      #"{"duration_seconds":1,"r":{"a":1}}"#
    ),
    (#"{"r":[]}"#, #""duration_seconds":{"count":"/r"}"#, #"{"duration_seconds":0,"r":[]}"#),
    (#"{"r":"x"}"#, #""duration_seconds":{"count":"/r"}"#, #"{"r":"x"}"#),
  ])
  func objects(_ object: String, _ members: String, _ expected: String) throws {
    #expect(try text(object, members) == expected)
  }

  @Test(
    arguments: [
      (#"{"r":[{"f":"a"},{"f":"a"}]}"#, #""a""#, 0),
      (#"{"r":[{"f":"a"},{"f":"b"}]}"#, nil, 1),
      // Values are compared, and not their spelling.
      (#"{"r":[{"f":"a"},{"f":"\u0061"}]}"#, #""a""#, 0),
      (#"{"r":[{"f":1},{"f":1.0}]}"#, "1", 0),
      (#"{"r":{"x":{"f":"a"},"y":{"f":"a"}}}"#, #""a""#, 0),
      (#"{"r":{"x":{"f":"a"},"y":{"f":"b"}}}"#, nil, 1),
      (#"{"r":{"x":{"f":"a"},"y":{}}}"#, nil, 1),
      (#"{"r":[{"f":"a"},{}]}"#, nil, 1),
      (#"{"r":[{"f":null},{"f":"a"}]}"#, nil, 1),
      (#"{"r":[{"f":null},{}]}"#, nil, 0),
      (#"{"r":[]}"#, nil, 0),
      (#"{}"#, nil, 0),
    ] as [(String, String?, Int)])
  func common(_ object: String, _ expected: String?, _ remarks: Int) throws {
    let mapped = try map(object, #"{"members":{"pattern_id":{"common":"/r/*/f"}}}"#)
    #expect(mapped.value?["pattern_id"]?.text == expected)
    #expect(mapped.remarks.count == remarks)
    #expect(mapped.remarks.allSatisfy { $0.code == .fieldNotDerived })
    // The common value stays in the elements.
    let source = try JSONValue(parsing: object)
    #expect(mapped.value?["r"] == source["r"])
  }

  // MARK: Values

  @Test(arguments: [
    (#"{"s":"success"}"#, #"{"status":"completed","s":"success"}"#),
    (#"{"s":"pending"}"#, #"{"status":"pending"}"#),
    (#"{"s":1}"#, #"{"status":"failed","s":1}"#),
    (#"{"s":true}"#, #"{"status":"running","s":true}"#),
    (#"{"s":"n/a"}"#, #"{"s":"n/a"}"#),
    (#"{"s":"\u0073uccess"}"#, #"{"status":"completed","s":"\u0073uccess"}"#),
    // An unchanged value is not kept.
    (#"{"s":"completed"}"#, #"{"status":"completed"}"#),
  ])
  func values(_ object: String, _ expected: String) throws {
    let values = #"{"success":"completed","1":"failed","true":"running","n/a":null}"#
    #expect(
      try text(object, #""status":{"from":"/s","values":\#(values)}"#) == expected)
  }

  // MARK: Kept members

  /// Originals with names of the entity's own members are in an object of their own, so that an
  /// export can be read again.
  @Test func originalsOfTheSameName() throws {
    let mapped = try map(
      #"{"status":"success","created_at":5,"x":1}"#,
      #"""
      {"members":{"status":{"from":"/status","values":{"success":"completed"}},
      "created_at":{"from":"/created_at","as":"epoch-seconds"}}}
      """#)
    #expect(
      mapped.text == #"""
        {"status":"completed","created_at":"1970-01-01T00:00:05Z","x":1,"mapped_from":{"status":"success","created_at":5}}
        """#)
    let kept = try #require(mapped.provenance?.unknownMembers)
    #expect(kept == #"{"x":1,"mapped_from":{"status":"success","created_at":5}}"#)
  }

  /// A mapping does not change entities that it mapped before they were exported.
  @Test func mappedEntitiesStayAsTheyAre() throws {
    let text = #"{"status":"completed","mapped_from":{"status":"success"}}"#
    let rule = #"{"members":{"status":{"from":"/status","values":{"success":"completed"}}}}"#
    #expect(try map(text, rule).text == text)
  }

  @Test(arguments: [
    // One of the entity's own members is read under its name if the rule does not name it.
    (#"{"id":"i","name":"n"}"#, #""job_type":"/name""#, #"{"job_type":"n","id":"i"}"#),
    // Not if another member takes its value.
    (#"{"results":{"a":1}}"#, #""parameters":"/results""#, #"{"parameters":{"a":1}}"#),
    // Nor if the rule gives the member another source.
    (#"{"status":"x"}"#, #""status":"/state""#, #"{"mapped_from":{"status":"x"}}"#),
    // A field without a value says nothing; other members are kept even then.
    (#"{"status":null,"s":null}"#, #""status":"/status","end_time":"/s""#, #"{"s":null}"#),
    // Of one that was taken apart to the last piece nothing is left.
    (
      #"{"created_at":{"$date":"2025-01-01"},"x":1}"#, #""created_at":"/created_at/$date""#,
      #"{"created_at":"2025-01-01","x":1}"#
    ),
  ])
  func ownMembers(_ object: String, _ members: String, _ expected: String) throws {
    #expect(try text(object, members) == expected)
  }

  @Test(arguments: [
    #"{"run":"a","run":"b"}"#, #"{"x":1,"x":2}"#, #"{"id":"a","id":"b"}"#,
    #"{"status":"a","status":"b"}"#,
  ])
  func repeatedMembersAreRefused(_ object: String) throws {
    let mapped = try map(
      object,
      #"""
      {"members":{"job_type":"/run","status":{"from":"/status","values":{"a":"failed"}}}}
      """#)
    #expect(mapped.codes.contains("json.duplicate-key"))
    #expect(mapped.isFailed)
  }

  // MARK: When

  @Test(arguments: [
    (#"{"has":"/a"}"#, #"{"a":null}"#, true),
    (#"{"has":["/a","/b"]}"#, #"{"a":1}"#, false),
    (#"{"has":"/a/b"}"#, #"{"a":{"b":1}}"#, true),
    (#"{"lacks":"/a"}"#, #"{"a":null}"#, false),
    (#"{"lacks":"/a"}"#, "{}", true),
    (#"{"is":{"/a":"x"}}"#, #"{"a":"x"}"#, true),
    (#"{"is":{"/a":"x"}}"#, #"{"a":"\u0078"}"#, true),
    (#"{"is":{"/a":["x",1]}}"#, #"{"a":1.0}"#, true),
    (#"{"is":{"/a":["x",1]}}"#, #"{"a":"1"}"#, false),
    (#"{"is":{"/a":true}}"#, #"{"a":true}"#, true),
    (#"{"is":{"/a":null}}"#, #"{"a":null}"#, true),
    (#"{"is":{"/a":null}}"#, "{}", false),
    ("{}", "{}", true),
  ])
  func conditions(_ condition: String, _ object: String, _ isTaken: Bool) throws {
    #expect((try map(object, #"{"when":\#(condition)}"#).text != nil) == isTaken)
    let member = try map(object, #"{"members":{"id":{"value":"i","when":\#(condition)}}}"#)
    #expect((member.value?["id"] != nil) == isTaken)
  }

  @Test func theFirstRuleThatFits() throws {
    let mapping = try Mapping.joblogs(
      #"""
      {"when":{"has":"/a"},"members":{"job_type":{"value":"slice"}}},
      {"when":{"has":"/b"},"members":{"job_type":{"value":"batch"}}}
      """#)
    func jobType(_ object: String) throws -> String? {
      try MappedObject(object, as: .joblogs, by: mapping).value?["job_type"]?.string
    }
    #expect(try jobType(#"{"a":1,"b":1}"#) == "slice")
    #expect(try jobType(#"{"b":1}"#) == "batch")
    #expect(try jobType(#"{"c":1}"#) == nil)
  }

  /// An object that may be a collection is taken only by a rule that recognizes it.
  @Test(arguments: [
    (#"{"members":{"id":"/run"}}"#, #"{"run":"r"}"#, true),
    (#"{"members":{"id":"/run"}}"#, #"{"runs":[]}"#, false),
    (#"{"members":{"id":"/m/t"}}"#, #"{"m":{}}"#, true),
    (#"{"when":{"has":"/runs"}}"#, #"{"runs":[]}"#, true),
    (#"{"when":{"lacks":"/x"}}"#, #"{"runs":[]}"#, false),
    ("{}", #"{"job_type":"x"}"#, true),
  ])
  func recognition(_ rule: String, _ object: String, _ isTaken: Bool) throws {
    #expect((try map(object, rule, isAlone: true).text != nil) == isTaken)
  }

  // MARK: Names

  @Test(arguments: [
    (
      #"{"JobType":"slice","STATUS":"failed","start-time":"2025-01-01"}"#,
      #"{"job_type":"slice","status":"failed","start_time":"2025-01-01"}"#
    ),
    // The exact name counts; of several spellings it is undecided which is meant.
    (#"{"Job Type":"slice","job_type":"batch"}"#, #"{"Job Type":"slice","job_type":"batch"}"#),
    (#"{"Job Type":"slice","JobType":"batch"}"#, #"{"Job Type":"slice","JobType":"batch"}"#),
    (#"{"Parameters JSON":"{}","RunId":"r"}"#, #"{"parameters_json":"{}","run_id":"r"}"#),
    (#"{"_id":"x","Other":1}"#, #"{"id":"x","Other":1}"#),
  ])
  func anyCase(_ object: String, _ expected: String) throws {
    let mapped = try MappedObject(
      object, as: .joblogs, by: #require(Mapping.builtIn(named: "any-case")))
    #expect(mapped.text == expected)
  }

  /// Spellings of the name of a pointer are treated as those of the entity's own members.
  @Test(
    arguments: [
      (#"{"op-type":"slice","OP_TYPE":"batch"}"#, nil, 1),
      (#"{"OP_TYPE":"batch","op-type":"slice"}"#, nil, 1),
      (#"{"OP_TYPE":"batch","op-type":"slice","OpType":"x"}"#, nil, 1),
      (#"{"OP_TYPE":"batch","op_type":"slice"}"#, "slice", 0),
      (#"{"op_type":"slice","OP_TYPE":"batch"}"#, "slice", 0),
      (#"{"OP_TYPE":"batch","op-type":"x","op_type":"slice"}"#, "slice", 0),
      (#"{"OP_TYPE":null,"op-type":"slice"}"#, "slice", 0),
      (#"{"OP_TYPE":"slice","op-type":null}"#, "slice", 0),
      (#"{"OP_TYPE":"slice"}"#, "slice", 0),
    ] as [(String, String?, Int)])
  func spellingsOfAPointer(_ object: String, _ expected: String?, _ remarks: Int) throws {
    let mapping = try Mapping.joblogs(#"{"members":{"job_type":"/op_type"}}"#, names: "any-case")
    let mapped = try MappedObject(object, as: .joblogs, by: mapping)
    #expect(mapped.value?["job_type"]?.string == expected, "\(mapped.text ?? "")")
    #expect(mapped.remarks.map(\.code) == [.fieldLookAlike].filter { _ in remarks > 0 })
    // The others are kept.
    let source = try JSONValue(parsing: object)
    for name in ["op-type", "OP_TYPE", "OpType"] where source[name]?.string != expected {
      #expect(mapped.value?[name] == source[name])
    }
    // Parts of a member are not read either.
    let nested = try Mapping.joblogs(
      #"{"members":{"job_type":"/meta/kind","parameters":{"rest":true}}}"#, names: "any-case")
    let parts = try MappedObject(
      #"{"Meta":{"kind":"a"},"META":{"kind":"b"},"x":1}"#, as: .joblogs, by: nested)
    #expect(parts.text == #"{"parameters":{"x":1},"Meta":{"kind":"a"},"META":{"kind":"b"}}"#)
  }

  @Test(.timeLimit(.minutes(1))) func manySpellingsTakeTimeInProportion() throws {
    let mapping = try Mapping.joblogs(#"{"members":{"job_type":"/op_type"}}"#, names: "any-case")
    func mapped(_ names: [String], _ first: String = "") throws -> MappedObject {
      let members = names.map { #""\#($0)":1"# }.joined(separator: ",")
      return try MappedObject("{\(first)\(members)}", as: .joblogs, by: mapping)
    }
    let count = 200_000
    let names = (0..<count).map { $0 % 2 == 0 ? "OP_TYPE" : "OpType" }
    let exact = try mapped(names, #""op_type":"slice","#)
    #expect(exact.value?["job_type"]?.string == "slice" && exact.remarks.isEmpty)
    let message = try mapped(names).remarks.first?.message
    #expect(message?.contains(" and 199,988 more are spellings of one name") == true)
  }

  // MARK: Where it comes from

  /// Issues, references and provenance have the places in the source.
  @Test func places() throws {
    let object = """

        {
          "run": "r1",
          "pattern": "p-9",
          "meta": {"kind": "slice",
             "state": "odd"}
        }
      """
    let mapped = try map(
      object,
      #"""
      {"members":{"id":"/run","pattern_id":"/pattern","job_type":"/meta/kind","status":"/meta/state"}}
      """#)
    let unknown = try #require(mapped.issues.first { $0.code == .fieldUnknownValue })
    #expect(unknown.line == 6)
    #expect(unknown.column == 17)
    #expect(unknown.pointer == "/status")
    #expect(unknown.message.contains("/meta/state"))
    let missing = try #require(mapped.issues.first { $0.code == .fieldMissing })
    #expect(missing.line == 2)
    #expect(missing.column == 3)
    #expect(mapped.referencePlaces[0].line == 4)
    #expect(mapped.referencePlaces[0].column == 16)
    let trimmed = String(object.dropFirst(3))
    let provenance = try #require(mapped.provenance)
    #expect(provenance.byteOffset == 3)
    #expect(provenance.byteLength == trimmed.utf8.count)
    let digest = Array(trimmed.utf8).withUnsafeBytes { SHA256.hash($0) }
    #expect(provenance.sha256 == digest)
    #expect(provenance.unknownMembers == nil)
  }

  /// The null for which a member is missing is the place of the issue.
  @Test(arguments: [
    (#"{"a":null,"kind":null}"#, 18), (#"{"a":null}"#, 1), (#"{"parameters":null,"kind":"x"}"#, 15),
  ])
  func nullIsThePlaceOfWhatIsMissing(_ object: String, _ column: Int) throws {
    let mapped = try map(object, #"{"members":{"id":{"value":"i"},"job_type":"/kind"}}"#)
    let missing = mapped.issues.filter { $0.code == .fieldMissing }.compactMap(\.column)
    #expect(missing.contains(column), "\(missing)")
  }

  @Test func derivedTimes() throws {
    let mapped = try map(
      #"{"id":"i","t":"2025-11-27T12:00:00.000001+00:00","s":182.5,"job_type":"slice","parameters":{"a":1}}"#,
      #"""
      {"members":{"start_time":"/t","end_time":{"from":["/t","/s"],"as":"sum"},"duration_seconds":"/s"}}
      """#)
    #expect(mapped["end_time"] == "2025-11-27T12:03:02.500001+00:00")
    #expect(mapped.codes == ["time.derived"])
    #expect(mapped.issues[0].severity == .warning)
    #expect(mapped.issues[0].id == "i")
    #expect(mapped.issues[0].pointer == "/end_time")
    #expect(mapped.issues[0].column == 15)
    #expect(!mapped.isFailed)
  }

  /// A remark says why nothing could be derived.
  @Test(arguments: [
    (
      "difference", #"{"a":"2025-01-01T10:00:00Z","b":"2025-01-01T11:00:00"}"#,
      "only one of them has"
    ),
    ("difference", #"{"a":"2025-01-01T10:00:00","b":"2025-01-01T09:00:00"}"#, "second is earlier"),
    ("difference", #"{"a":"soon","b":"2025-01-01T09:00:00"}"#, "first is not a date"),
    ("difference", #"{"a":"2025-01-01T10:00:00","b":"2025-01-01"}"#, "second is not a date"),
    ("sum", #"{"a":"2025-01-01T10:00:00","b":"30"}"#, "second is text, not a number"),
    ("sum", #"{"a":"2025-01-01T10:00:00","b":true}"#, "second is not a number"),
    ("sum", #"{"a":"2025-01-01T10:00:00","b":1e15}"#, "not in the years 1 to 9999"),
  ])
  func reasonsForNothingDerived(_ word: String, _ object: String, _ reason: String) throws {
    let mapped = try map(
      object, #"{"members":{"end_time":{"from":["/a","/b"],"as":"\#(word)"}}}"#)
    let message = try #require(mapped.remarks.first).message
    let values = try JSONValue(parsing: object)
    let text = try #require(values["a"]?.string)
    #expect(message.contains("the \(word) of \"\(text)\" and "), "\(message)")
    #expect(message.contains(reason), "\(message)")
  }

  @Test func notJSON() {
    #expect(throws: JSONScanError.self) { try map(#"{"a":[1,}"#, "{}") }
    #expect(throws: JSONScanError.self) {
      try map(#"{"a":{"b":1]}"#, #"{"members":{"id":"/a/b"}}"#)
    }
    #expect(throws: JSONScanError.self) { try map(#"{"a":1"#, #"{"members":{"id":"/a"}}"#) }
  }

  /// A value that is taken into an object may become too deep.
  @Test func tooDeepOnceMapped() {
    let list = String(repeating: "[", count: 511) + String(repeating: "]", count: 511)
    #expect(throws: JSONScanError.self) {
      try map(#"{"id":"i","a":\#(list)}"#, #"{"members":{"results":{"object":{"b":"/a"}}}}"#)
    }
  }
}
