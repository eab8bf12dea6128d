import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct EntityDecoderTests {
  private func family(_ more: String = "", name: String = "\"Ebony\"") -> String {
    #"{"id": "f", "name": \#(name), "strip_width_mm": 2, "strip_thickness_mm": 1, "#
      + #""material_type": "m", "strips": [1], "created_at": "2025-01-15"\#(more)}"#
  }

  // MARK: Names

  @Test func namesWithEscapesAreTheNamesTheyMean() {
    let text = family().replacing("\"name\"", with: #""\u006e\u0061me""#)
    let reading = EntityDecoding(.stripFamilies, text)
    #expect(reading.codes.isEmpty)
    #expect(reading.record["name"] == .text("Ebony"))
  }

  @Test func anEscapedNameTwiceIsADuplicate() {
    let reading = EntityDecoding(.stripFamilies, family(#", "\u006eame": "other""#))
    #expect(reading.codes == ["json.duplicate-key"])
    #expect(reading.issues[0].pointer == "/name")
    let unknown = EntityDecoding(.stripFamilies, family(#", "xy": 1, "x\u0079": 2"#))
    #expect(unknown.codes == ["json.duplicate-key"])
    #expect(unknown.issues[0].pointer == "/xy")
  }

  @Test(arguments: [2, 12, 13, 40, 400])
  func aNameThatStandsTwiceIsFoundAmongAnyNumber(_ count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    // Some spellings mean the same name; others only look the same.
    let spellings = ["x", #"\u0078"#, "\u{E9}", #"\u00e9"#, "e\u{301}", "\u{212A}", "K", ""]
    let meant = ["x", "x", "\u{E9}", "\u{E9}", "e\u{301}", "\u{212A}", "K", ""]
    for _ in 0..<20 {
      var (text, seen, duplicates) = ("", Set<[UInt8]>(), 0)
      for _ in 0..<count {
        let number = random.int(0...count * 2)
        let (spelling, name) = (spellings[number % 8], meant[number % 8])
        text += #", "\#(spelling)\#(number / 8)": 1"#
        if !seen.insert(Array("\(name)\(number / 8)".utf8)).inserted { duplicates += 1 }
      }
      let reading = EntityDecoding(.stripFamilies, family(text))
      #expect(reading.codes == Array(repeating: "json.duplicate-key", count: min(100, duplicates)))
    }
  }

  @Test func namesOfAnyLengthMatchOnlyThemselves() {
    for name in [
      "", "i", "I", "ID", "id ", "idx", "nam", "names", "Name", "strip_width_m",
      "strip_width_mm_", "created_a", "created_at2", "\\u0000", "id\\u0000", "name\\u0000\\u0000",
    ] {
      let reading = EntityDecoding(.stripFamilies, family(#", "\#(name)": 7"#))
      #expect(reading.unknownMembers == #"{"\#(name)":7}"#)
      #expect(reading.codes.isEmpty)
    }
  }

  // MARK: Objects written as text

  @Test(arguments: [
    (#"[{"a": "@{width=2; length=[1]}"}]"#, "@{width=2; length=[1]}", 1),
    (#"["System.Object[]", "System.Collections.Hashtable"]"#, "System.Object[]", 2),
    (#"["@{}", "@{say=\"a\"}", 1]"#, "@{}", 2),
    (#"[[["[object Object]"]]]"#, "[object Object]", 1),
  ])
  func objectsThatWereWrittenAsTextAreAWarning(_ strips: String, _ first: String, _ count: Int) {
    for padding in 0..<9 {
      let text = family(name: "\"E\"" + String(repeating: " ", count: padding))
      let reading = EntityDecoding(.stripFamilies, text.replacing("[1]", with: strips))
      #expect(reading.codes == ["field.type"])
      #expect(reading.issues.first?.severity == .warning)
      #expect(reading.issues.first?.pointer == "/strips")
      #expect(reading.issues.first?.message.contains("\"\(first)\" in place of") == true)
      #expect(reading.issues.first?.message.contains("of \(count) such") == (count > 1))
      let place = Array(text.replacing("[1]", with: strips).utf8)
        .firstRange(of: Array("\"\(first)\"".utf8))
      #expect(reading.issues.first?.offset == place?.lowerBound)
    }
  }

  @Test func aFieldThatIsSuchATextHasOneIssueWithTheAdvice() {
    let text = family().replacing("[1]", with: "\"System.Object[]\"")
    let refused = EntityDecoding(.stripFamilies, text)
    #expect(refused.issues.map(\.severity) == [.error])
    #expect(refused.issues.first?.message.contains("ConvertTo-Json -Depth") == true)
    let kept = EntityDecoding(.stripFamilies, family(#", "metadata": "@{a=1}""#))
    #expect(kept.issues.map(\.severity) == [.warning])
    #expect(kept.issues.first?.message.contains("ConvertTo-Json -Depth") == true)
  }

  @Test func textThatOnlyLooksLikeAnObjectIsText() {
    for text in [
      "@{", "a@{b=1}", "@home", "System.", "System.Collections are nice", "System of strips",
      "[object Object] twice", "[1]", "S", "@", "@{no equation}",
    ] {
      let reading = EntityDecoding(.stripFamilies, family(#", "note": "\#(text)""#))
      #expect(reading.codes.isEmpty, "\(text)")
    }
  }

  // MARK: References in place of objects

  /// As .NET writes objects that it wrote before, when it is to preserve references.
  @Test(arguments: [#"{"$ref":"3"}"#, #"{ "$ref" : "12" }"#, #"{"$ref":"3"},{"$ref":"4"}"#])
  func aReferenceInPlaceOfAnObjectIsAWarning(_ reference: String) {
    let count = reference.contains("},{") ? 2 : 1
    let text = family(#", "metadata": {"parts": [\#(reference)]}"#)
    let reading = EntityDecoding(.stripFamilies, text)
    #expect(reading.codes == ["field.type"])
    let issue = reading.issues.first
    #expect(issue?.severity == .warning && issue?.pointer == "/metadata")
    #expect(issue?.offset == Array(text.utf8).firstRange(of: Array(reference.utf8))?.lowerBound)
    #expect(issue?.message.contains("in place of an object or a list") == true)
    #expect(issue?.message.contains("of 2 such references") == (count == 2))
    #expect(issue?.message.contains("ReferenceHandler.Preserve") == true)
    // Of a member that is kept aside, too.
    let kept = EntityDecoding(.stripFamilies, family(#", "pattern": [\#(reference)]"#))
    #expect(kept.codes == ["field.type"] && kept.issues.first?.pointer == "/pattern")
  }

  @Test(arguments: [
    // To what is in the entity, in a schema, in a database, in another notation.
    #"{"a": {"$id": "3"}, "b": {"$ref": "3"}}"#, ##"{"$ref": "#/definitions/ring"}"##,
    #"{"$ref": "patterns", "$id": "7"}"#, ##"{"$ref": "$[\"a\"]"}"##, #"{"$ref": 3}"#,
    #"{"$ref": "3", "a": 1}"#, #"["$ref", "3"]"#, #"{"a": "$ref"}"#,
    // Within a text.
    #""as in {\"$ref\":\"3\"}""#, #""as in \"@{a=b}""#, #""the type \"System.Object[]""#,
  ])
  func otherReferencesAreData(_ value: String) {
    #expect(EntityDecoding(.stripFamilies, family(#", "note": \#(value)"#)).codes.isEmpty)
  }

  @Test(.timeLimit(.minutes(1))) func manyReferencesAndQuotesTakeTimeInProportion() {
    let numbers = 0..<100_000
    let references = numbers.map { #"{"$ref":"\#($0)"}"# }.joined(separator: ",")
    let objects = numbers.dropFirst().map { #"{"$id":"\#($0)"}"# }.joined(separator: ",")
    let text = String(repeating: #"\"@{"#, count: 100_000)
    let reading = EntityDecoding(
      .stripFamilies,
      family(#", "parts": [\#(references)], "all": [\#(objects)], "note": "\#(text)""#))
    #expect(reading.codes == ["field.type"])
    #expect(reading.issues.first?.message.contains(#"{"$ref":"0"}"#) == true)
  }

  @Test func anEntityHasALimitedNumberOfWarningsAboutUnits() {
    let members = (0..<150).map { #", "unit\#($0)": "in""# }.joined()
    #expect(
      EntityDecoding(.stripFamilies, family(members)).codes.count { $0 == "field.unit" } == 100)
  }

  // MARK: Advice

  @Test(arguments: [
    (#"{"value": [{"a": 1}], "Count": 1}"#, "the list is in \"value\""),
    (#"{"$id": "2", "$values": [1]}"#, "the list is in \"$values\""),
    (#"{"whatever": [1]}"#, "the list is in \"whatever\""),
    (#"{"L": [{"M": {}}]}"#, "DynamoDB"),
    (#"{"0": {"a": 1}, "1": {"a": 2}}"#, "whose elements are numbered"),
    (#"{"M": {"a": {"S": "b"}}}"#, "DynamoDB"), (#"{"arrayValue": {"values": []}}"#, "Firestore"),
    (#"{"1": {"a": 1}, "2": {"a": 2}}"#, "whose elements are numbered"),
    (#"{"strip": {"a": 1}}"#, "write the value of \"strip\" in [ ]"),
    (#"{"@count": "1", "Strip": {"a": 1}}"#, "write the value of \"Strip\" in [ ]"),
    (#"{"s1": {"a": 1}, "s2": {"a": 2}}"#, "if the values of its members are the elements"),
    (#"{"length": 1, "cuts": [1]}"#, "put it in [ ]"), (#"{"a": 1}"#, "put it in [ ]"),
    (#"{"strip": "a"}"#, "put it in [ ]"),
    (#""[{'a': 1}]""#, "Python's notation"), (#""[{\"a\": None}]""#, "Python's notation"),
    (#""[{\"a\": 1,}]""#, "none: found a trailing comma"),
    (#""[{\"a\": 1}]""#, "write the JSON that is in it"),
  ])
  func theAdviceIsAboutWhatIsInPlaceOfAList(_ value: String, _ words: String) {
    let reading = EntityDecoding(.stripFamilies, family().replacing("[1]", with: value))
    #expect(reading.codes == ["field.type"])
    #expect(reading.issues.first?.message.contains(words) == true, "\(reading.issues)")
  }

  /// A mapping that reads names in any case does not help where members are missing otherwise.
  @Test func aMappingIsAdvisedOnlyWhereItHelps() {
    let lacking = EntityDecoding(.patterns, #"{"_id": "a", "_source": {"name": "n"}}"#)
    #expect(lacking.issues.allSatisfy { !$0.message.contains("any-case") })
    #expect(lacking.codes.contains("field.look-alike"))
    let whole = EntityDecoding(
      .patterns, #"{"_id": "a", "Name": "n", "Ring Count": 1, "geometry": {"a": 1}}"#)
    #expect(whole.issues.count { $0.message.contains("any-case") } == 5)
  }

  @Test func membersMayComeInAnyOrder() throws {
    var random = SeededGenerator(seed: 3)
    let members = [
      #""id": "f""#, #""name": "n""#, #""strip_width_mm": 2.5"#, #""strip_thickness_mm": 1"#,
      #""material_type": "m""#, #""strips": [1, 2]"#, #""created_at": "2025-01-15""#,
      #""updated_at": "2025-01-16""#, #""metadata": {}"#,
    ]
    let expected = EntityDecoding(.stripFamilies, "{\(members.joined(separator: ","))}").record
    for _ in 0..<200 {
      let text = "{\(members.shuffled(using: &random).joined(separator: ","))}"
      #expect(EntityDecoding(.stripFamilies, text).record == expected)
    }
  }

  @Test func aNullCountsAsAbsent() {
    let reading = EntityDecoding(
      .joblogs,
      #"{"id": null, "job_type": "slice", "parameters": {"a":1}, "status": null, "end_time": null}"#
    )
    #expect(reading.id == "legacy:dir/a.json")
    #expect(reading.record["status"] == .text("pending"))
    #expect(reading.record["created_at"] == .text("2026-03-01"))
    #expect(reading.record["updated_at"] == .text("2026-03-01"))
  }

  // MARK: Ids

  @Test func aWholeNumberBecomesTheTextItIsWrittenAs() {
    for (token, id) in [("7", "7"), ("-0", "-0"), ("123456789012345678901234567890", nil)] {
      let reading = EntityDecoding(
        .stripFamilies, family().replacing("\"id\": \"f\"", with: "\"id\": \(token)"))
      #expect(reading.id == id ?? token)
      #expect(reading.codes == ["id.number"])
    }
    for token in ["1.0", "1e3", "true", "[]", "{}"] {
      let reading = EntityDecoding(
        .stripFamilies, family().replacing("\"id\": \"f\"", with: "\"id\": \(token)"))
      #expect(reading.codes == ["field.type"])
      #expect(reading.id == nil)
    }
  }

  @Test func anIDIsDerivedOrMissed() {
    let text = family().replacing("\"id\": \"f\", ", with: "")
    #expect(EntityDecoding(.stripFamilies, text).codes == ["id.derived"])
    let strict = EntityDecoding(.stripFamilies, text, derivesIDs: false)
    #expect(strict.codes == ["id.missing"] && strict.entry.isFailed && strict.id == nil)
    let keyed = EntityDecoding(.stripFamilies, text, derivesIDs: false, key: "k")
    #expect(keyed.codes.isEmpty && keyed.id == "k")
    #expect(EntityDecoding(.stripFamilies, family(), key: "k").codes == ["id.mismatch"])
    #expect(EntityDecoding(.stripFamilies, family(), key: "f").codes.isEmpty)
  }

  @Test func anIDThatIsNoTextIsRefused() {
    let reading = EntityDecoding(.stripFamilies, family().replacing("\"f\"", with: "\"\\ud800\""))
    #expect(reading.codes == ["json.syntax"])
    #expect(reading.issues[0].pointer == "/id")
    #expect(reading.entry.isFailed)
  }

  // MARK: Dictionaries

  @Test(arguments: [
    ("{}", EntityDecoder.Form.entity), (#"{"a": 1}"#, .entity), (#"{"a": {}}"#, .undecided),
    (#"{"a": {}, "b": 1}"#, .undecided), (#"{"a": []}"#, .undecided), (#"{"": {}}"#, .undecided),
    (#"{"a": {}, "id": 1}"#, .entity), (#"{"a": [], "family_id": 1}"#, .entity),
    (#"{"a": {}, "strips": {}}"#, .entity), (#"{"a": [], "n\u0061me": 1}"#, .entity),
    (#"{"a": {}, "name": {}}"#, .undecided), (#"{"metadata": {}}"#, .undecided),
    (#"{"id": {}}"#, .undecided),
  ])
  func anObjectThatMayHoldEntitiesIsLeftToItsOutline(
    _ text: String, _ expected: EntityDecoder.Form
  ) {
    let reading = EntityDecoding(.stripFamilies, text, mayHoldEntities: true)
    #expect(reading.result == expected)
    #expect(reading.batch.count == (expected == .entity ? 1 : 0))
    #expect(EntityDecoding(.stripFamilies, text).result == .entity)
  }

  // MARK: What breaks off

  @Test func whatIsNoJSONAppendsNothing() {
    let text = family(#", "metadata": {"a": [1, 2]}, "x": "y""#)
    for count in 1..<text.utf8.count {
      let prefix = String(decoding: text.utf8.prefix(count), as: UTF8.self)
      let reading = EntityDecoding(.stripFamilies, prefix)
      #expect(reading.error == JSONScanError(.unexpectedEnd, count))
      #expect(
        reading.batch.count == 0 && reading.batch.arena.isEmpty && reading.batch.issues.isEmpty)
    }
  }

  @Test func depthIsThatOfTheEntity() {
    for (depth, isRight) in [(510, true), (511, true), (512, false)] {
      let nested =
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      for member in ["strips", "x"] {
        let reading = EntityDecoding(.stripFamilies, #"{"\#(member)": \#(nested)}"#)
        #expect(reading.error?.reason == (isRight ? nil : .tooDeep))
      }
    }
  }

  // MARK: Issues

  @Test func allIssuesAreToldInOrderAndAtTheirPlaces() {
    let text = """
      {
        "x": 1, "x": 2,
        "name": " ",
        "strip_width_mm": -1, "strips": {},
        "name": "n", "id": 7
      }
      """
    let reading = EntityDecoding(.stripFamilies, text)
    #expect(
      reading.issues.map { "\($0.line ?? 0):\($0.column ?? 0) \($0.code) \($0.pointer ?? "")" } == [
        "5:3 json.duplicate-key /name", "5:22 id.number /id", "2:11 json.duplicate-key /x",
        "3:11 field.empty /name", "4:21 field.range /strip_width_mm",
        "1:1 field.missing /strip_thickness_mm", "1:1 field.missing /material_type",
        "4:35 field.type /strips",
      ])
    let bytes = Array(text.utf8)
    for issue in reading.issues {
      let offset = issue.offset ?? -1
      let before = bytes[..<offset]
      #expect(issue.line == 1 + before.count { $0 == 0x0A })
      #expect(issue.column == offset - ((before.lastIndex(of: 0x0A) ?? -1) + 1) + 1)
    }
  }

  @Test func aFloodOfDuplicatesIsCutShort() {
    let members = (0..<20_000).map { #""k\#($0 / 2)": 1"# }.joined(separator: ",")
    let reading = EntityDecoding(.stripFamilies, family(", \(members)"))
    #expect(reading.entry.isFailed)
    #expect(reading.codes == Array(repeating: "json.duplicate-key", count: 100))
  }

  @Test func pointersEscapeWhatPointersNeedEscaped() {
    #expect(JSONPointer.to("a/b~c") == "/a~1b~0c")
    #expect(Array(JSONPointer.to("/\u{301}~\u{301}").utf8) == Array("/~1\u{301}~0\u{301}".utf8))
    #expect(JSONPointer.to("") == "/")
  }
}
