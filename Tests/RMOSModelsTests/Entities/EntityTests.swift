import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct EntityTests {
  /// The types of the entities of RMOS.
  private static let types: [any Entity.Type] = [StripFamily.self, Pattern.self, JobLog.self]

  @Test func everyKindHasAType() {
    #expect(Self.types.map { $0.kind } == EntityCatalog.rmos.kinds)
  }

  @Test func everyValidRecordComesBackUnchanged() throws {
    var random = SeededGenerator(seed: 10)
    for _ in 0..<500 {
      for type in Self.types {
        let record = Record.random(type.kind, &random)
        #expect(try type.init(record: record).record == record)
      }
    }
  }

  @Test func codingKeysAreTheMembersOfTheSchema() throws {
    var random = SeededGenerator(seed: 11)
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    for type in Self.types {
      let kind = type.kind
      let record = Record.random(kind, &random, nullPercent: 0)
      let json = try encoder.encode(type.init(record: record))
      let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
      #expect(Set(object.keys) == Set(kind.schema.fields.map(\.member)))
    }
  }

  @Test func valuesComeBackFromTheirJSON() throws {
    let family = StripFamily(
      id: "f", name: "Ébène", stripWidthMM: 2, stripThicknessMM: 0.8, materialType: "Ebony",
      strips: JSONText([["id": "s1", "length_mm": 400.5]]), createdAt: "2025-01-15",
      metadata: JSONText(["a": nil]))
    let pattern = Pattern(
      id: "p", name: "Rope", ringCount: 5, geometry: JSONText(["rows": 5]), stripFamilyID: "f",
      createdAt: "2025-01-15", updatedAt: "2025-01-16", patternType: "rosette",
      rosetteGeometry: JSONText([:]))
    let job = JobLog(
      id: "j", jobType: "own_type", patternID: "p", status: .completed, startTime: "2025-01-15",
      endTime: "2025-01-16", durationSeconds: 45.5, parameters: JSONText(["blade": "x"]),
      results: JSONText(["cuts": 3]), createdAt: "2025-01-15")
    func coded<Value: Codable>(_ value: Value) throws -> Value {
      try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
    }
    #expect(try coded(family) == family)
    #expect(try coded(pattern) == pattern)
    #expect(try coded(job) == job)
  }

  @Test func absentMembersTakeTheirDefaults() throws {
    let family = try decode(
      StripFamily.self,
      #"{"id":"f","name":"n","strip_width_mm":2,"strip_thickness_mm":1,"material_type":"m","#
        + #""strips":[1],"created_at":"2025-01-15"}"#)
    #expect(family.updatedAt == "2025-01-15" && family.metadata == nil)
    let pattern = try decode(
      Pattern.self,
      #"{"id":"p","name":"n","ring_count":1,"rosette_geometry":{"a":1},"created_at":"2025-01-15"}"#)
    #expect(pattern.geometry.text == "{}" && pattern.patternType == "generic")
    let job = try decode(
      JobLog.self, #"{"id":"j","job_type":"slice","parameters":{},"created_at":"2025-01-15"}"#)
    #expect(job.status == .pending && job.jobType == "slice" && job.endTime == nil)
    #expect(throws: DecodingError.self) {
      try decode(Pattern.self, #"{"id":"p","name":"n","ring_count":1,"created_at":"2025-01-15"}"#)
    }
  }

  @Test(arguments: [
    (#"{"id":"j","job_type":"slice","parameters":{}}"#, "created_at"),
    (#"{"id":null,"job_type":"slice","parameters":{},"created_at":"2025-01-15"}"#, "id"),
    (#"{"id":"j","job_type":"slice","parameters":null,"created_at":"2025-01-15"}"#, "parameters"),
    (#"{"id":"j","job_type":"slice","parameters":{},"status":"done","created_at":"x"}"#, "status"),
    (#"{"id":"j","job_type":7,"parameters":{},"created_at":"2025-01-15"}"#, "job_type"),
    (
      #"{"id":"j","job_type":"a","parameters":{},"duration_seconds":"5","created_at":"x"}"#,
      "duration_seconds"
    ),
  ])
  func aDecodingErrorNamesTheMember(json: String, member: String) throws {
    let error = #expect(throws: DecodingError.self) { try decode(JobLog.self, json) }
    let path: [String] =
      switch error {
      case .keyNotFound(let key, let context)?:
        context.codingPath.map(\.stringValue) + [key.stringValue]
      case .dataCorrupted(let context)?, .typeMismatch(_, let context)?,
        .valueNotFound(_, let context)?:
        context.codingPath.map(\.stringValue)
      default: []
      }
    #expect(path == [member])
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(json.utf8))
  }
}

extension Record {
  /// Returns a random record that breaks no rule of single fields.
  fileprivate static func random(
    _ kind: EntityKind, _ random: inout SeededGenerator, nullPercent: Int = 40
  ) -> Record {
    Record(
      kind: kind,
      values: kind.schema.fields.map { field in
        if !field.isNotNull, field.member != "id", random.chance(nullPercent) { return .null }
        switch field.type {
        case .text(let rule):
          return .text(
            rule.knownValues.isEmpty ? "x\(random.next())é" : random.pick(rule.knownValues))
        case .reference: return .text("ref-\(random.int(0...9))")
        case .integer: return .integer(Int64(random.int(1...20)))
        case .real: return .real(Double(random.int(1...9999)) / 8)
        case .timestamp: return .text(random.pick(["2025-01-15", "2025-01-15 10:30+01:00"]))
        case .json(let shape, _, _):
          let value = JSONValue.random(&random).respelled(&random)
          return .text(shape == .object ? "{\"v\": \(value)}" : "[\(value)]")
        }
      })
  }
}

@Suite struct KnownValueTests {
  @Test func noJobTypeIsListedTwice() {
    #expect(Set(JobLog.knownTypes).count == 18)
  }

  @Test func theSchemaKnowsTheSameTypesAndStatuses() {
    func known(_ member: String) -> [String]? {
      for case let field in EntityKind.joblogs.schema.fields where field.member == member {
        if case .text(let rule) = field.type { return rule.knownValues }
      }
      return nil
    }
    #expect(known("job_type") == JobLog.knownTypes)
    #expect(known("status") == JobStatus.allCases.map(\.rawValue))
  }
}

@Suite struct EntityRejectedTests {
  private let job = JobLog(
    id: "j\u{1B}1", jobType: "slice", parameters: JSONText([:]), createdAt: "2025-01-15")

  @Test func anotherKindIsRefused() throws {
    let error = #expect(throws: EntityRejected.self) { try Pattern(record: job.record) }
    let issue = try #require(error?.issues.first)
    #expect(issue.code == .fieldType && issue.pointer == nil && issue.kind == .joblogs)
    #expect(issue.message.hasSuffix(": found a job log, expected a pattern"))
  }

  @Test(arguments: [
    ("id", Value.null, IssueCode.fieldMissing), ("id", .integer(4), .fieldType),
    ("job_type", .null, .fieldMissing), ("status", .text("done"), .fieldUnknownValue),
    ("status", .null, .fieldMissing), ("duration_seconds", .text("5"), .fieldType),
    ("parameters", .text("{NaN}"), .jsonSyntax),
    ("parameters", .null, .fieldMissing), ("results", .blob([1]), .fieldType),
    ("results", .text(""), .jsonSyntax),
    ("created_at", .real(1), .fieldType), ("pattern_id", .integer(1), .fieldType),
  ])
  func aValueTheSchemaDoesNotDeclareIsRefused(
    member: String, value: Value, code: IssueCode
  ) throws {
    var record = job.record
    let position = try #require(record.kind.schema.position(ofMember: member))
    record.values[position] = value
    let error = #expect(throws: EntityRejected.self) { try JobLog(record: record) }
    let issue = try #require(error?.issues.first)
    #expect(issue.severity == .error && issue.code == code && issue.pointer == "/\(member)")
    #expect(error?.description.contains("\"\(member)\": ") == true)
  }

  @Test func aWholeNumberIsANumberToo() throws {
    var record = job.record
    let position = try #require(record.kind.schema.position(ofMember: "duration_seconds"))
    record.values[position] = .integer(5)
    #expect(try JobLog(record: record).durationSeconds == 5)
  }

  @Test func theMessageSaysWhatWasFoundAndExpected() throws {
    var record = job.record
    record.values[4] = .text("done")
    let error = #expect(throws: EntityRejected.self) { try JobLog(record: record) }
    #expect(
      error?.description.hasSuffix(
        ": found \"done\", expected one of pending, planned, running, completed, failed, cancelled")
        == true)
  }
}
