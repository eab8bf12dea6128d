import Testing

@testable import RMOSModels

@Suite struct RecordErrorTests {
  private let job = JobLog(
    id: "j\u{1B}1", jobType: .slice, parameters: JSONText([:]), createdAt: "2025-01-15")

  @Test func anotherKindIsRefused() {
    let error = #expect(throws: RecordError.self) { try Pattern(record: job.record) }
    #expect(error?.code == .kind && error?.member == nil)
    #expect(error?.message == "found a job log, expected a pattern")
  }

  @Test(arguments: [
    ("id", Value.null, RecordError.Code.type), ("id", .integer(4), .type),
    ("job_type", .null, .type), ("status", .text("done"), .unknownValue),
    ("status", .null, .type), ("duration_seconds", .text("5"), .type),
    ("duration_seconds", .integer(5), .type), ("parameters", .text("{NaN}"), .invalidJSON),
    ("parameters", .null, .type), ("results", .blob([1]), .type),
    ("results", .text(""), .invalidJSON),
    ("created_at", .real(1), .type), ("pattern_id", .integer(1), .type),
  ])
  func aValueTheSchemaDoesNotDeclareIsRefused(
    member: String, value: Value, code: RecordError.Code
  ) throws {
    var record = job.record
    let position = try #require(record.kind.schema.position(ofMember: member))
    record.values[position] = value
    let error = #expect(throws: RecordError.self) { try JobLog(record: record) }
    #expect(error?.code == code && error?.member == member)
    #expect(error?.description.contains("'\(member)': found ") == true)
  }

  @Test func theMessageSaysWhatWasFoundAndExpected() throws {
    var record = job.record
    record.values[4] = .text("done")
    let error = #expect(throws: RecordError.self) { try JobLog(record: record) }
    #expect(
      error?.message
        == "found \"done\", expected one of pending, planned, running, completed, failed, cancelled"
    )
  }
}
