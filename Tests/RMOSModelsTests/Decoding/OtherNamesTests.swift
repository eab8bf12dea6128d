import RMOSTestSupport
import Testing

@testable import RMOSModels

/// Tests of members that are read under other names, and of names that only resemble a member's.
@Suite struct OtherNamesTests {
  private func pattern(_ members: String) -> EntityDecoding {
    EntityDecoding(.patterns, #"{"id": "p", "name": "n", "ring_count": 1, \#(members)}"#)
  }

  private func value(_ reading: EntityDecoding, _ member: String) -> Value? {
    reading.batch.kind.schema.position(ofMember: member).map { reading.record.values[$0] }
  }

  @Test(arguments: [
    (#""geometry_json": { "w" : 1.50 }"#, #"{"w":1.50}"#),
    (#""geometry_json": "{\"w\": 1e2, \"\\u00e9\": [ ]}""#, #"{"w":1e2,"\u00e9":[]}"#),
    (#""geometry": null, "geometry_json": {"w": 1}"#, #"{"w":1}"#),
    (#""geometry\u005fjson": {"w": 1}"#, #"{"w":1}"#),
  ])
  func aColumnsNameStandsForTheMember(_ members: String, _ expected: String) {
    let reading = pattern(members)
    #expect(reading.codes == ["field.column-name"])
    #expect(value(reading, "geometry") == .text(expected))
    #expect(reading.unknownMembers == nil && !reading.entry.isFailed)
    #expect(reading.issues.first?.pointer == "/geometry_json")
  }

  @Test func theMemberItselfGoesFirst() {
    let reading = pattern(#""geometry_json": {"a": 1}, "geometry": {"b": 2}"#)
    #expect(reading.codes.isEmpty && value(reading, "geometry") == .text(#"{"b":2}"#))
    #expect(reading.unknownMembers == #"{"geometry_json":{"a":1}}"#)
  }

  @Test(arguments: [
    (#""geometry_json": "{""#, ["field.column-name", "json.syntax"]),
    (#""geometry_json": "\ud800""#, ["field.column-name", "json.syntax"]),
    (#""geometry_json": "[]""#, ["field.column-name", "field.type"]),
    (#""geometry_json": "null""#, ["field.column-name", "field.missing"]),
    (
      #""geometry_json": {"a": 1}, "geometry_json": {"a": 1}"#,
      ["field.column-name", "json.duplicate-key"]
    ),
    (#""geometry": "{\"a\": 1}""#, ["field.type"]),
  ])
  func whatIsNotTheJSONExpectedFails(_ members: String, _ codes: [String]) {
    let reading = pattern(members)
    #expect(reading.codes.sorted() == codes && reading.entry.isFailed)
    for issue in reading.issues where issue.code != .fieldMissing {
      #expect(issue.offset ?? 0 > 0)
    }
  }

  /// Dumps of tables hold JSON as text, so text is accepted where the column has the member's name.
  @Test func aColumnOfTheSameNameMayHoldText() {
    let reading = pattern(#""rosette_geometry": "{\"a\": [1.0]}""#)
    #expect(reading.codes == ["field.column-name"] && !reading.entry.isFailed)
    #expect(value(reading, "rosette_geometry") == .text(#"{"a":[1.0]}"#))
    #expect(value(reading, "geometry") == .text("{}"))
    #expect(pattern(#""geometry": {"a": 1}, "rosette_geometry": "x""#).codes == ["field.type"])
  }

  @Test func anotherMemberStandsForAMissingID() {
    func id(_ kind: EntityKind, _ members: String, key: String? = nil) -> EntityDecoding {
      EntityDecoding(kind, "{\(members), \"x\": 1}", key: key)
    }
    for (kind, members, expected) in [
      (EntityKind.patterns, #""pattern_id": "a""#, "a"), (.joblogs, #""job_id": "a""#, "a"),
      (.joblogs, #""run_id": "r", "job_id": "\u0061""#, "a"), (.joblogs, #""run_id": 7"#, "7"),
      (.stripFamilies, #""family_id": null, "strip_family_id": "a""#, "a"),
      (.patterns, #""id": null, "pattern_id": "a""#, "a"),
    ] {
      let reading = id(kind, members)
      #expect(reading.id == expected && reading.codes.contains("id.alias"), "\(members)")
    }
    #expect(
      id(.joblogs, #""run_id": "r", "job_id": "j""#).unknownMembers == #"{"run_id":"r","x":1}"#)
    let own = id(.patterns, #""id": "p", "pattern_id": "a""#)
    #expect(own.id == "p" && own.unknownMembers == #"{"pattern_id":"a","x":1}"#)
    #expect(id(.patterns, #""pattern_id": {"a": 1}"#).codes.contains("id.derived"))
    let twice = id(.patterns, #""pattern_id": null, "pattern_id": "a""#).codes
    #expect(twice.contains("id.derived") && twice.contains("json.duplicate-key"))
    // With a key, another name is read as the id only if its value equals the key.
    let keyed = id(.joblogs, #""run_id": "k""#, key: "k")
    #expect(keyed.id == "k" && keyed.unknownMembers == #"{"x":1}"#)
    let other = id(.joblogs, #""run_id": "r""#, key: "k")
    #expect(other.id == "k" && other.unknownMembers == #"{"run_id":"r","x":1}"#)
    #expect(!other.codes.contains("id.mismatch"))
  }

  @Test func whatOnlyResemblesAMemberIsKeptWithAWarning() {
    let job = #""id": "j", "job_type": "slice", "parameters": {"a": 1}"#
    for (member, field) in [
      ("Status", "status"), ("start-time", "start_time"), ("END TIME", "end_time"),
      ("patternId", "pattern_id"), ("Results_JSON", "results"), ("st\\u0041tus", "status"),
    ] {
      let reading = EntityDecoding(.joblogs, "{\(job), \"\(member)\": \"x\"}")
      #expect(reading.codes == ["field.look-alike"], "\(member)")
      #expect(reading.issues[0].severity == .warning && !reading.entry.isFailed)
      #expect(reading.issues[0].message.contains("\"\(field)\""))
      // Only values of the right type could be read with any case.
      #expect(reading.issues[0].message.contains("any-case") == (field != "results"))
      #expect(reading.unknownMembers != nil)
    }
    for members in [
      #""status": "failed", "Status": "x""#, #""Status": null"#, #""result": 1"#,
      #""__results": {"uri": "x"}"#, #""__status": 1"#, #""@status": 1"#,
    ] {
      #expect(EntityDecoding(.joblogs, "{\(job), \(members)}").codes.isEmpty, "\(members)")
    }
  }

  /// The mapping any-case reads neither of two members, nor one beside the field's own.
  @Test(arguments: [
    #""name": null, "Name": "n""#, #""Name": "n", "NAME": "n""#, #""NAME": "n", "x": 1, "Name": 5"#,
  ])
  func noMappingIsAdvisedThatReadsNoneOfSeveral(_ members: String) {
    let reading = EntityDecoding(
      .patterns, #"{"id": "a", "ring_count": 1, "geometry": {"a": 1}, \#(members)}"#)
    #expect(reading.codes.contains("field.look-alike") && reading.codes.contains("field.missing"))
    #expect(reading.issues.allSatisfy { !$0.message.contains("any-case") }, "\(reading.issues)")
  }

  /// Tables are often exported with empty text where there is no JSON.
  @Test func anEmptyTextIsNoJSONThatWasCutOff() {
    let reading = EntityDecoding(
      .patterns,
      #"{"id": "a", "name": "n", "ring_count": 1, "geometry": {"a": 1}, "metadata_json": ""}"#)
    let error = reading.issues.first { $0.severity == .error }
    #expect(error?.message.hasSuffix("the text is empty; write null") == true)
  }

  @Test func anIDInOtherLettersIsMissed() {
    for member in ["_id", "ID", "patternID"] {
      let reading = EntityDecoding(
        .patterns, #"{"\#(member)": "a", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#)
      #expect(reading.codes.sorted() == ["field.look-alike", "id.derived"], "\(member)")
    }
    let keyed = EntityDecoding(
      .patterns, #"{"_id": "a", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#, key: "k")
    #expect(keyed.codes.isEmpty)
  }

  /// The decoder keeps no state of one entity for the next.
  @Test func nothingStaysForTheNextEntity() {
    let decoder = EntityDecoder(
      kind: .patterns, options: EntityDecoder.Options(derivesIDs: true, runStart: "2026-03-01"))
    let head = #"{"id": "p", "name": "n", "ring_count": 1, "#
    var batch = RecordBatch(kind: .patterns)
    for (members, expected) in [
      (#""geometry": {"a": 1}}"#, #"{"a":1}"#), (#""geometry_json": "{\"b\": 2}"}"#, #"{"b":2}"#),
      (#""geometry_json": {"c": 3}}"#, #"{"c":3}"#), (#""geometry": {"d": 4}}"#, #"{"d":4}"#),
    ] {
      let reading = EntityDecoding(decoder, into: batch, Array((head + members).utf8))
      #expect(value(reading, "geometry") == .text(expected))
      batch = reading.batch
    }
  }

  @Test func theyMayBeRefused() {
    let decoder = EntityDecoder(
      kind: .patterns,
      options: EntityDecoder.Options(
        derivesIDs: true, runStart: "2026-03-01", isInFile: false))
    let reading = EntityDecoding(
      decoder, into: RecordBatch(kind: .patterns),
      Array(#"{"pattern_id": "a", "geometry_json": {"a": 1}, "Name": "n"}"#.utf8))
    #expect(reading.unknownMembers == #"{"pattern_id":"a","geometry_json":{"a":1},"Name":"n"}"#)
    #expect(!reading.codes.contains("field.look-alike") && !reading.codes.contains("id.alias"))
  }
}
