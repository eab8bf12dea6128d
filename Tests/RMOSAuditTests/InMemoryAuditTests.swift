import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// The same rules over a store without a schema of its own.
@Suite struct InMemoryAuditTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    var rule: AuditRule
    var severity: Severity
    var kind: EntityKind
    var id = "x"
    var changes: [String: Value] = [:]
    var column: String

    var testDescription: String { "\(rule.code) \(kind) \(changes)" }
  }

  static let faults: [Fault] = [
    Fault(
      rule: .fieldType, severity: .error, kind: .patterns, changes: ["name": .blob([1])],
      column: "name"),
    Fault(
      rule: .fieldType, severity: .error, kind: .patterns, changes: ["ring_count": .text("many")],
      column: "ring_count"),
    Fault(
      rule: .emptyField, severity: .error, kind: .stripFamilies, changes: ["name": .text(" ")],
      column: "name"),
    Fault(
      rule: .fieldRange, severity: .error, kind: .stripFamilies,
      changes: ["strip_width_mm": .real(0)], column: "strip_width_mm"),
    Fault(
      rule: .fieldFormat, severity: .error, kind: .patterns,
      changes: ["created_at": .text("2025-13-01")], column: "created_at"),
    Fault(
      rule: .unknownValue, severity: .error, kind: .joblogs, changes: ["status": .text("done")],
      column: "status"),
    Fault(
      rule: .jsonSyntax, severity: .error, kind: .joblogs,
      changes: ["parameters": .text("{")], column: "parameters_json"),
    Fault(
      rule: .timeOrder, severity: .warning, kind: .joblogs,
      changes: [
        "start_time": .text("2025-01-02"), "end_time": .text("2025-01-01"),
      ], column: "end_time"),
    Fault(
      rule: .missingField, severity: .error, kind: .joblogs,
      changes: ["status": .text("completed"), "end_time": .null], column: "end_time"),
    Fault(
      rule: .missingReference, severity: .error, kind: .patterns,
      changes: ["strip_family_id": .text("gone")], column: "strip_family_id"),
    Fault(rule: .blankID, severity: .error, kind: .patterns, id: " ", column: "id"),
    Fault(rule: .paddedID, severity: .warning, kind: .patterns, id: "\tx", column: "id"),
    Fault(rule: .nearDuplicateID, severity: .warning, kind: .patterns, id: "SOUND", column: "id"),
  ]

  private func store(_ records: [Record]) throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction throws in
      for record in records { try transaction.insert(record) }
    }
    return store
  }

  private func sound(_ kind: EntityKind) -> Record {
    let times: [String: Value] = kind == .joblogs ? ["end_time": .text("2025-06-01")] : [:]
    return StoreSamples.record(kind, "sound", times)
  }

  @Test func soundRecordsGiveNoErrorOrWarning() throws {
    let report = try Auditor(of: store(EntityCatalog.rmos.kinds.map(sound))).runSynchronously()
    #expect(report.verdict == .sound, "\(report.findings)")
    #expect(report[.integrity]?.state == .notApplicable)
    #expect(report[.schemaTable]?.state == .notApplicable)
    #expect(report[.fieldType]?.state == .passed)
    #expect(report[.missingProvenance]?.counts == [.info: 3])
    #expect(report.database == "in memory")
    #expect(report.counts == [.stripFamilies: 1, .patterns: 1, .joblogs: 1])
  }

  @Test(arguments: faults)
  func isFound(_ fault: Fault) throws {
    let bad = StoreSamples.record(fault.kind, fault.id, fault.changes)
    let report = try Auditor(of: store(EntityCatalog.rmos.kinds.map(sound) + [bad]))
      .runSynchronously()
    let found = report.findings.filter { $0.severity > .info }
    #expect(found.map(\.code) == [fault.rule.code])
    #expect(found.first?.severity == fault.severity)
    #expect(found.first?.kind == fault.kind)
    #expect(found.first?.column == fault.column)
  }

  @Test func provenanceOfAnUnknownRunIsDangling() throws {
    let store = InMemoryStore()
    let batch = StoreSamples.batch(.patterns, [.init(sound(.patterns))])
    try store.write { try $0.insert(batch, at: 0, run: 99) }
    let report = try Auditor(of: store).runSynchronously()
    #expect(report[.danglingProvenance]?.counts == [.warning: 1])
    #expect(report[.danglingProvenance]?.findings.first?.found == "run 99")
    #expect(report[.missingProvenance]?.total == 0)
  }

  @Test func onlyTheNewestRunCanBeUnderWay() throws {
    let store = InMemoryStore()
    try store.write { transaction throws in
      for _ in 0..<3 { _ = try transaction.beginRun(StoreSamples.run()) }
    }
    let report = try Auditor(of: store).runSynchronously()
    #expect(report[.staleRun]?.findings.map(\.row) == [2, 1])
  }
}
