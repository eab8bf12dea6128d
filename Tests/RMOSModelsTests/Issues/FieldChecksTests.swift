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
    for schema in EntityKind.allCases.map(\.schema) {
      for field in schema.fields {
        guard case .json(let rule) = field.type else { continue }
        for kind in kinds {
          let isRight = kind == (rule.shape == .object ? .object : .array)
          let violation = field.type.check(json: kind, isEmpty: false)
          #expect((violation == nil) == isRight)
          if let violation {
            #expect(violation.code == .fieldType && violation.severity == rule.otherShape)
          } else {
            #expect(field.type.check(json: kind, isEmpty: true)?.severity == rule.empty)
          }
        }
      }
    }
  }

  @Test func messagesSayWhatWasFoundAndExpected() {
    let violations: [(Violation, [String])] = [
      (.missing(because: nil), ["'f' is missing"]),
      (.missing(because: "'status' \"completed\""), ["'f' is missing", "completed"]),
      (.wrongType(found: "true", expected: "text", severity: .error), ["true", "expected text"]),
      (.wrongType(found: "true", expected: "text", severity: .warning), ["kept as it is"]),
      (.blank, ["blank", "expected"]), (.empty(shape: .object, severity: .warning), ["kept"]),
      (.empty(shape: .array, severity: .error), ["empty list", "expected"]),
      (.outOfRange(found: "-1", expected: "0 or more"), ["-1", "0 or more"]),
      (.notTimestamp(found: "\"x\""), ["\"x\"", "ISO 8601"]),
      (.unknownValue(found: "\"x\"", known: ["a", "b"], severity: .error), ["\"x\"", "a, b"]),
    ]
    for (violation, parts) in violations {
      let message = violation.message(field: "f")
      for part in parts { #expect(message.contains(part), "\(message)") }
    }
  }
}
