import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Tests of the typed functions on both stores.
@Suite struct TypedEntitiesTests {
  enum Backend: CaseIterable, Sendable { case sqlite, inMemory }

  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func store(_ backend: Backend) throws -> any RecordStore {
    backend == .sqlite ? try SQLiteStore(path: directory.file("rmos.db")) : InMemoryStore()
  }

  private let family = StripFamily(
    id: "ebony", name: "Ebony", stripWidthMM: 2, stripThicknessMM: 0.8, materialType: "Ebony",
    strips: JSONText([["id": "s1"]]), createdAt: "2025-01-15")

  private func pattern(family: String?) -> Pattern {
    Pattern(
      id: "rope", name: "Rope", ringCount: 3, geometry: JSONText(["rings": [1]]),
      stripFamilyID: family, createdAt: "2025-01-15")
  }

  @Test(arguments: Backend.allCases)
  func aRoundOfEverything(_ backend: Backend) throws {
    let store = try store(backend)
    try store.write { transaction in
      try transaction.create(family)
      try transaction.create(pattern(family: "ebony"))
    }
    try store.read { reader throws in
      #expect(try reader.entity(StripFamily.self, id: "ebony") == family)
      #expect(try reader.entity(StripFamily.self, id: "maple") == nil)
      #expect(try reader.entities(Pattern.self).map(\.id) == ["rope"])
      #expect(
        try reader.entities(
          Pattern.self, where: [.equals(member: "ring_count", value: .integer(4))]
        ).isEmpty)
      #expect(
        try reader.entities(
          Pattern.self, where: [.equals(member: "ring_count", value: .integer(3))]
        ).count == 1)
    }
    var wider = family
    wider.stripWidthMM = 2.5
    #expect(try store.write { try $0.update(wider) })
    let stored = try store.read { try $0.entity(StripFamily.self, id: "ebony") }
    #expect(stored?.stripWidthMM == 2.5)
    #expect(try store.write { try $0.delete(.patterns, id: "rope") })
    #expect(try store.write { try $0.delete(.patterns, id: "rope") } == false)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 0)
  }

  @Test(arguments: Backend.allCases)
  func whatBreaksARuleIsRejectedWithAllIssues(_ backend: Backend) throws {
    let store = try store(backend)
    var bad = pattern(family: "nowhere")
    bad.name = " "
    bad.ringCount = 0
    let error = #expect(throws: EntityRejected.self) {
      try store.write { try $0.create(bad) }
    }
    #expect(
      error?.issues.map(\.code) == [.fieldEmpty, .fieldRange, .referenceMissing])
    #expect(error?.issues.map(\.pointer) == ["/name", "/ring_count", "/strip_family_id"])
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 0)
  }

  @Test(arguments: Backend.allCases)
  func aTakenIDIsRefused(_ backend: Backend) throws {
    let store = try store(backend)
    try store.write { try $0.create(family) }
    let error = #expect(throws: StoreError.self) { try store.write { try $0.create(family) } }
    #expect(error?.code == .duplicateID)
  }
}
