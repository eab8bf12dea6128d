import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// The outcomes of a batch, depending on what its target knows and refuses.
@Suite struct BatchExecutorTests {
  /// A target in memory that keeps ids, and refuses some.
  private final class Target: EntityTarget {
    var ids: Set<String> = []
    var calls: [String] = []
    var refused: [String: StoreError.Code] = [:]
    /// Ids that inserting another id adds too, as a trigger would.
    var companions: [String: String] = [:]
    /// The digests of what failed in an earlier run.
    var known: Set<Provenance.Digest> = []

    func facts(of batch: RecordBatch, in range: Range<Int>) throws -> [StoredFacts] {
      range.map { index in
        var facts = StoredFacts()
        if ids.contains(batch.id(at: index) ?? "") { facts.comparison = .identical }
        return facts
      }
    }

    func contains(_ kind: EntityKind, id: Span<UInt8>) throws -> Bool { true }

    func knownFailures(among digests: [Provenance.Digest]) throws -> Set<Provenance.Digest> {
      known.intersection(digests)
    }

    var usesFailureDigests: Bool { true }

    func editState(_ kind: EntityKind, id: String) throws -> EditState? { nil }

    func origin(of batch: RecordBatch, at index: Int) throws -> StoredOrigin? { nil }

    func insert(_ batch: SourceBatch, at indices: [Int]) throws -> [Int: StoreError] {
      var refusals: [Int: StoreError] = [:]
      for index in indices {
        let id = batch.records.id(at: index) ?? ""
        calls.append("insert \(id)")
        if let code = refused[id] {
          let error = StoreError(code, "no")
          guard error.concernsOneRecord else { throw error }
          refusals[index] = error
        } else if ids.insert(id).inserted {
          if let other = companions[id] { ids.insert(other) }
        } else {
          refusals[index] = StoreError(.duplicateID, "it is there")
        }
      }
      return refusals
    }

    func update(_ batch: SourceBatch, at index: Int) throws { calls.append("update") }
  }

  /// A batch of strip families; "!" stands for one that failed when it was read.
  private func batch(_ ids: [String]) throws -> SourceBatch {
    var result: SourceBatch?
    let builder = SourceBatchBuilder(
      batchSize: 10_000, options: EntityDecoder.Options(derivesIDs: true, runStart: "2026-03-01")
    ) { batch in
      result = batch
      return RecordBatch(kind: .stripFamilies)
    }
    builder.begin(.stripFamilies)
    builder.begin(file: Array("strip_families/a.json".utf8))
    let items = ids.map { $0 == "!" ? "1" : Texts.family($0) }
    try DocumentReader(catalog: .rmos, into: builder).read(
      Array("[\(items.joined(separator: ","))]".utf8), as: .json)
    builder.note(Issue(severity: .warning, code: .inputLoop, message: "after all"))
    try builder.endKind()
    return try #require(result)
  }

  private func execute(
    _ batch: SourceBatch, in target: Target, maxErrors: Int? = nil,
    isCancelled: @escaping () -> Bool = { false }
  ) throws -> BatchResult {
    try BatchExecutor(
      planner: Planner(duplicates: .skip, reportsInformation: true), maxErrors: maxErrors,
      isCancelled: isCancelled,
      digester: FailureDigester(root: "/nowhere", access: .system, isCancelled: { false })
    ).execute(batch, in: target, RunMemory(keepsDecided: false), failedBefore: 0)
  }

  /// It is not claimed of an id that is not kept that it did not fail.
  @Test func beyondALimitItIsOnlyKnownThatMoreFailed() throws {
    let target = Target()
    target.refused = ["a": .constraint, "b": .constraint, "c": .constraint]
    let batch = try batch(["a", "b", "d"])
    let result = try execute(batch, in: target)
    var memory = RunMemory(keepsDecided: false, failedLimit: 2)
    memory.add(result, of: batch.records)
    func hasFailed(_ id: String) -> Bool { memory.hasFailed(.stripFamilies, Array(id.utf8)[...]) }
    #expect(hasFailed("a") && hasFailed("b") && !hasFailed("d"))
    #expect(!memory.hasFailedNameless(.stripFamilies))
    let next = try self.batch(["c"])
    memory.add(try execute(next, in: target), of: next.records)
    #expect(!hasFailed("c") && memory.hasFailedNameless(.stripFamilies))
    #expect(!memory.hasFailedNameless(.patterns))
  }

  @Test func anIDThatComesAgainIsComparedWithTheFirst() throws {
    let target = Target()
    let result = try execute(try batch(["a", "b", "a", "a", "!", "b", "c"]), in: target)
    #expect(target.calls == ["insert a", "insert b", "insert c"])
    #expect(
      result.outcomes.map(\.outcome)
        == [.migrated, .migrated, .skipped, .skipped, .failed, .skipped, .migrated])
    #expect(result.counts.found == 7 && result.ending == nil)
    #expect(result.failures.map(\.index) == [4])
    #expect(result.issues.last?.code == .inputLoop)
  }

  @Test func whatIsRefusedAloneFailsAloneAndLeavesItsIDFree() throws {
    let target = Target()
    target.refused["b"] = .constraint
    let result = try execute(try batch(["a", "b", "b", "c"]), in: target)
    #expect(result.outcomes.map(\.outcome) == [.migrated, .failed, .failed, .migrated])
    #expect(result.failures.map { $0.issues.map(\.code) } == [[.storeRejected], [.storeRejected]])
    target.refused["d"] = .diskFull
    #expect(throws: StoreError.self) { try execute(try batch(["d"]), in: target) }
  }

  @Test func failuresAreNewUnlessTheyWereKeptOrTheIDIsThere() throws {
    let target = Target()
    target.refused = ["b": .constraint, "c": .constraint]
    let first = try execute(try batch(["a", "b", "!", "c"]), in: target)
    #expect(first.failedNew == 3 && first.counts.failed == 3)
    #expect(first.issues.map(\.isNew) == [true, true, true, nil])
    target.known = [first.failureDigests[1]]
    target.ids.insert("c")
    target.refused["c"] = .constraint
    let second = try execute(try batch(["a", "b", "!", "c"]), in: target)
    #expect(second.failedNew == 1 && second.counts.failed == 2)
    #expect(second.failureDigests == Array(first.failureDigests[..<2]))
  }

  /// A row that inserting another entity added is found, in whatever steps the batch is planned.
  @Test(arguments: [0, 1, 510, 511, 512, 1200])
  func whatCameWithAnotherEntityIsADuplicate(_ between: Int) throws {
    let target = Target()
    target.companions["a"] = "z"
    let ids = ["a"] + (0..<between).map { "x\($0)" } + ["z"]
    let result = try execute(try batch(ids), in: target)
    #expect(result.outcomes.last?.outcome == .skipped)
    #expect(result.counts.failed == 0)
    let codes = result.outcomes.last.map { result.issues[$0.issues].map(\.code) }
    #expect(codes == [.duplicateIdentical])
  }

  @Test func itEndsAtTheEntityThatIsOneTooMany() throws {
    let target = Target()
    let result = try execute(try batch(["a", "!", "b", "!", "c", "!"]), in: target, maxErrors: 1)
    #expect(result.ending == .tooManyErrors)
    #expect(result.outcomes.count == 4)
    #expect(target.calls == ["insert a", "insert b"])
    // The notice after the last entity is not reported, because the batch ended before.
    #expect(!result.issues.contains { $0.code == .inputLoop })
  }

  @Test func cancellingEndsItBetweenEntities() throws {
    for turns in 0..<5 {
      var asked = 0
      let target = Target()
      let count = 3 * BatchExecutor.step + 8
      let result = try execute(try batch((0..<count).map(String.init)), in: target) {
        asked += 1
        return asked > turns
      }
      #expect(result.ending == .interrupted)
      #expect(result.outcomes.count == min(count, turns * BatchExecutor.step))
      #expect(target.calls.count == result.outcomes.count)
    }
  }
}
