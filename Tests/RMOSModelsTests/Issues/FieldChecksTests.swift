import Testing

@testable import RMOSModels

@Suite struct FieldChecksTests {
  private func code(_ kind: EntityKind, _ member: String, _ text: String) -> IssueCode? {
    guard let position = kind.schema.position(ofMember: member) else { return nil }
    var text = text
    return text.withUTF8 { kind.schema.fields[position].type.check(text: $0)?.code }
  }

  @Test(arguments: [
    "", " ", "\t\n\r\u{B}\u{C}", "\u{A0}", "\u{2003}\u{3000}", "\u{85}", "\u{1680}\u{2028}\u{2029}",
  ])
  func whiteSpaceAloneIsBlank(_ text: String) {
    #expect(code(.patterns, "name", text) == .fieldEmpty)
    #expect(code(.patterns, "id", text) == .fieldEmpty)
    #expect(code(.joblogs, "job_type", text) == .fieldEmpty)
    #expect(code(.patterns, "pattern_type", text) == nil)
  }

  @Test(arguments: ["a", " a", "\u{0}", "\u{200B}", "\u{FEFF}", "\u{301}", " \u{1}", "é", "0"])
  func anythingElseIsNot(_ text: String) {
    #expect(code(.patterns, "name", text) == nil)
  }

  @Test func statusIsOneOfTheKnownByteForByte() {
    for status in JobStatus.allCases { #expect(code(.joblogs, "status", status.rawValue) == nil) }
    for status in ["", "Pending", "pending ", "done", "complete\u{64}d"] {
      #expect(code(.joblogs, "status", status) == .fieldUnknownValue)
    }
  }

  @Test func anUnknownJobTypeIsAWarning() {
    guard case .text(let rule) = EntityKind.joblogs.schema.fields[1].type else {
      Testing.Issue.record("job_type is a text")
      return
    }
    #expect(rule.unknownValue == .warning)
    #expect(code(.joblogs, "job_type", "polish") == .fieldUnknownValue)
    #expect(code(.joblogs, "job_type", "slice") == nil)
  }

  /// The first day of the calendar is a valid time, but usually stands for a missing one.
  @Test(arguments: ["0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z"])
  func theFirstDayIsAWarning(_ text: String) {
    #expect(code(.joblogs, "end_time", text) == .fieldRange)
    #expect(Violation.noTime(text).severity == .warning)
    #expect(code(.joblogs, "end_time", text.replacing("0001-01-01", with: "0001-01-02")) == nil)
  }

  @Test func numbersHaveRanges() {
    let positive = FieldType.real(.positive)
    let nonNegative = FieldType.real(.nonNegative)
    for (number, isPositive, isNonNegative) in [
      (1, true, true), (.leastNonzeroMagnitude, true, true), (0, false, true), (-0.0, false, true),
      (-.leastNonzeroMagnitude, false, false), (.infinity, false, false),
      (-.infinity, false, false),
      (.nan, false, false), (1.7976931348623157e308, true, true),
    ] as [(Double, Bool, Bool)] {
      #expect((positive.check(real: number, text: "") == nil) == isPositive, "\(number)")
      #expect((nonNegative.check(real: number, text: "") == nil) == isNonNegative, "\(number)")
    }
    let integer = FieldType.integer(minimum: 1)
    #expect(integer.check(integer: 1) == nil && integer.check(integer: .max) == nil)
    #expect(integer.check(integer: 0)?.code == .fieldRange)
    #expect(integer.check(integer: .min)?.code == .fieldRange)
  }

  @Test func shapesAreTheDeclaredOnes() {
    let kinds: [JSONScanner.Kind] = [
      .string, .escapedString, .number, .true, .false, .null, .object, .array,
    ]
    for schema in EntityCatalog.rmos.kinds.map(\.schema) {
      for field in schema.fields {
        guard case .json(let shape, let otherShape, let empty) = field.type else { continue }
        for kind in kinds {
          let isRight = kind == (shape == .object ? .object : .array)
          let violation = field.type.check(json: kind, isEmpty: false)
          #expect((violation == nil) == isRight)
          if let violation {
            #expect(violation.code == .fieldType && violation.severity == otherShape)
          } else {
            #expect(field.type.check(json: kind, isEmpty: true)?.severity == empty)
          }
        }
      }
    }
  }

  /// No other test compares the whole messages of violations.
  @Test func everyViolationHasItsMessage() {
    let field = FieldSchema("f", .timestamp)
    let messages: [(Violation, String)] = [
      (.missing(), #""f" is missing; it is required"#),
      (
        .missing(because: #""status" is "completed""#),
        #""f" is missing; it is required when "status" is "completed""#
      ),
      (.wrongType(found: "true", expected: "text"), #""f" is true; expected text"#),
      (
        .wrongType(found: "true", expected: "an object", severity: .warning),
        #""f" is true; expected an object; kept as is"#
      ),
      (.blank, #""f" must not be blank"#),
      (.empty(shape: .object), #""f" is an empty object; expected at least one member"#),
      (
        .empty(shape: .array, severity: .warning),
        #""f" is an empty list; expected at least one element; kept as is"#
      ),
      (.outOfRange(found: "0", expected: "at least 1"), #""f" is 0; expected at least 1"#),
      (
        .rounded(found: "9007199254740993", stored: "9007199254740992.0"),
        #""f" is 9007199254740993, which has more digits than a number keeps; "#
          + "stored as 9007199254740992.0"
      ),
      (
        .notTimestamp("x"),
        #""f" is "x"; expected a valid ISO 8601 date or time, such as 2025-01-15T10:30:00Z"#
      ),
      (
        .unknownValue("c", known: ["a", "b"]), #""f" is "c"; expected one of a, b"#
      ),
      (
        .unknownValue("B ", known: ["a", "b"], severity: .warning),
        #""f" is "B "; expected one of a, b (did you mean "b"?); kept as is"#
      ),
      (
        .endBeforeStart(end: "2025", startField: "s", start: "2026"),
        #""f" (2025) is before "s" (2026); kept as is"#
      ),
      (
        .loneSurrogate,
        #""f" contains an unpaired surrogate escape, which is not valid Unicode; "#
          + "write the character itself"
      ),
      (.notJSON(error: "…"), #""f" is not valid JSON: …"#),
      (.duplicateMember("m"), #"the entity has two members named "m"; remove one"#),
      (.idMissing, #""id" is missing; add one, or allow ids to be derived"#),
      (.idDerived("legacy:a"), #""id" is missing; derived "legacy:a" from the entity's place"#),
      (.paddedID(#""a ""#), #"the id "a " begins or ends with white space; kept as is"#),
      (.idNumber("7"), #""id" is the number 7; its text is used as the id"#),
      (
        .idMismatch(id: #""a""#, key: #""b""#),
        #""id" is "a", but the entity's key is "b"; they must be equal, "#
          + "unless a mapping says where the id is"
      ),
      (.blankKey(#"" ""#), #"the entity's key is " ", which is blank; use its id as the key"#),
      (
        .notTimestamp("1700000000"),
        #""f" is "1700000000"; expected a valid ISO 8601 date or time, such as "#
          + "2025-01-15T10:30:00Z; as seconds since 1970 it is 2023-11-14T22:13:20Z; write that, "
          + #"or read the source with the mapping "epoch""#
      ),
      (
        .noTime("0001-01-01T00:00:00"),
        #""f" is "0001-01-01T00:00:00", which .NET, Go and others write where there is no time; "#
          + "kept as is; if there is none, leave the member out or write null, or let a mapping read "
          + #"it with "values": {"0001-01-01T00:00:00": null}"#
      ),
      (
        .unknownValue("", known: ["a", "b"]),
        #""f" is ""; expected one of a, b; if there is none, leave the member out or write null, or "#
          + #"let a mapping read it with "values": {"": null}"#
      ),
      (.idAlias("run_id"), #""f" is missing; "run_id" is read as the id"#),
      (.columnName("f_json"), #""f_json" is read as "f""#),
      (
        .lookAlike(.init(name: "F", canBeMapped: true)),
        #""f" is missing; "F" has a similar name, but is an unknown member; "#
          + #"rename it, or read the source with the mapping "any-case""#
      ),
      (
        .lookAlike(.init(name: "F", canBeMapped: false)),
        #""f" is missing; "F" has a similar name, but is an unknown member; "#
          + "rename it if it is meant"
      ),
    ]
    for (violation, message) in messages {
      #expect(violation.message(about: field, in: "f", inFile: true) == message)
    }
  }
}
