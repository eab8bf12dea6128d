import Testing

@testable import RMOSModels

@Suite struct JobTypeTests {
  @Test func theSetIsOpen() {
    let own: JobType = "inlay_routing"
    #expect(!own.isKnown && JobType.known.allSatisfy(\.isKnown))
    #expect(Set(JobType.known).count == 11)
  }

  @Test func theSchemaKnowsTheSameTypesAndStatuses() {
    func known(_ member: String) -> [String]? {
      for case let field in EntityKind.joblogs.schema.fields where field.member == member {
        if case .text(let rule) = field.type { return rule.knownValues }
      }
      return nil
    }
    #expect(known("job_type") == JobType.known.map(\.rawValue))
    #expect(known("status") == JobStatus.allCases.map(\.rawValue))
  }
}
