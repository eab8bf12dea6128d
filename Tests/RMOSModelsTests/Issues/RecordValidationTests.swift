import RMOSTestSupport
import Testing

@testable import RMOSModels

/// Tests that reading and validation find the same errors and warnings.
@Suite struct RecordValidationTests {
  /// The codes that only reading can find.
  private static let ofReading: Set<IssueCode> = [.idDerived, .idNumber]

  /// Tokens that are valid, invalid or at the limit for some field.
  private static let values = [
    "1", "0", "-1", "0.0", "1.0", "1e0", "3.5", "1e400", "9223372036854775807",
    "9223372036854775808", "\"\"", "\" \"", "\"a\"", "\"\\u00a0\"", "\"completed\"", "\"pending\"",
    "\"slice\"", "\"2025-01-15\"", "\"2025-01-15T10:00:00Z\"", "\"2025-02-30\"",
    "\"2024-12-31T23:00:00+02:00\"", "{}", "{ }", "[]", "[ ]", "{\"a\":1}", "[1]", "true", "false",
    "null", "\"{}\"", "-0.0",
  ]

  private func randomEntity(_ kind: EntityKind, _ random: inout SeededGenerator) -> String {
    let members = kind.schema.fields.compactMap { field -> String? in
      guard field.member == "id" || random.chance(80) else { return nil }
      // Most values have the right type, so that many records are accepted.
      let right =
        switch field.type {
        case .text, .reference: ["\"a\"", "\"slice\"", "\"completed\"", "\"failed\""]
        case .integer, .real: ["1", "2.0", "12"]
        case .timestamp: ["\"2025-01-15\"", "\"2025-01-14T10:00\"", "\"2025-01-15T00:00:00Z\""]
        case .json(let shape, _, _): shape == .object ? ["{\"a\":1}", "{}"] : ["[1]", "[[]]"]
        }
      return "\"\(field.member)\": " + random.pick(random.chance(85) ? right : Self.values)
    }
    return "{\(members.joined(separator: ", "))}"
  }

  @Test(arguments: EntityCatalog.rmos.kinds, UInt64(0)..<3)
  func whatReadingAcceptsValidationPassesWithTheSameWarnings(_ kind: EntityKind, _ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var accepted = 0
    for _ in 0..<700 {
      let text = randomEntity(kind, &random)
      let reading = EntityDecoding(kind, text)
      // A record does not hold the number from before rounding.
      let told = reading.issues.filter {
        !Self.ofReading.contains($0.code) && ($0.severity, $0.code) != (.warning, .fieldRange)
      }
      guard !reading.entry.isFailed else { continue }
      accepted += 1
      let found = reading.record.validate()
      #expect(
        found.map { "\($0.severity) \($0.code) \($0.pointer ?? "") \($0.message)" }
          == told.map { "\($0.severity) \($0.code) \($0.pointer ?? "") \($0.message)" }, "\(text)")
    }
    #expect(accepted > 50)
  }

  /// Values that reading refuses must be refused in a record too.
  @Test(arguments: EntityCatalog.rmos.kinds, UInt64(10)..<13)
  func whatReadingRefusesValidationRefuses(_ kind: EntityKind, _ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<700 {
      let text = randomEntity(kind, &random)
      let reading = EntityDecoding(kind, text)
      guard reading.entry.isFailed,
        // A value of a wrong type is not in the record.
        !reading.issues.contains(where: { $0.severity == .error && $0.code == .fieldType })
      else { continue }
      refused += 1
      #expect(reading.record.validate().contains { $0.severity == .error }, "\(text)")
    }
    #expect(refused > 20)
  }

  @Test func aSubstituteExcusesEmptinessButNoOtherShape() {
    for (geometry, codes) in [
      ("{}", []), ("{ }", []), ("[]", ["field.type"]), ("[1]", ["field.type"]), ("{\"a\":1}", []),
    ] as [(String, [String])] {
      let record = Record(
        kind: .patterns,
        values: [
          .text("p"), .text("n"), .integer(1), .text(geometry), .null, .text("2025-01-15"),
          .text("2025-01-15"), .null, .text("generic"), .text("{\"a\":1}"),
        ])
      #expect(record.validate().map(\.code.rawValue) == codes)
      let text =
        #"{"id": "p", "name": "n", "ring_count": 1, "geometry": \#(geometry), "#
        + #""rosette_geometry": {"a":1}}"#
      #expect(EntityDecoding(.patterns, text).codes == codes)
    }
  }

  @Test func valuesOfTheWrongTypeAreNamed() {
    var record = EntityDecoding(
      .patterns, #"{"id": "p", "name": "n", "ring_count": 1, "geometry": {"a":1}}"#
    ).record
    #expect(record.validate().isEmpty)
    record.values[1] = .blob([1, 2])
    record.values[2] = .text("3")
    record.values[3] = .text("{")
    record.values[5] = .null
    #expect(
      record.validate().map { "\($0.code) \($0.pointer ?? "")" } == [
        "field.type /name", "field.type /ring_count", "json.syntax /geometry",
        "field.missing /created_at",
      ])
  }
}
