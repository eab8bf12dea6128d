import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTesting
import Testing

@Suite struct FaultyStoreTests {
  private func insert(_ id: String, into store: some RecordStore) throws {
    try store.write { try $0.insert(StoreSamples.record(.patterns, id)) }
  }

  private func count(_ store: some RecordStore) throws -> Int {
    try store.read { try $0.count(RecordQuery(.patterns)) }
  }

  @Test func itFailsFromTheMomentOnUntilItIsRepaired() throws {
    let (before, after) = (0, 1)
    for (moment, left) in [
      (FaultyStore.Moment.call(2), before), (.entity(2), before), (.beforeCommit(2), before),
      (.afterCommit(2), after),
    ] {
      let base = InMemoryStore()
      let store = FaultyStore(base, failingAt: moment, with: .inputOutput)
      try insert("a", into: store)
      for _ in 1...2 {
        let error = #expect(throws: StoreError.self) { try insert("b", into: store) }
        #expect(error?.code == .inputOutput || error?.code == .duplicateID, "\(moment)")
      }
      #expect(try count(base) == 1 + left, "\(moment)")
      store.repair()
      try insert("c", into: store)
      #expect(try count(store) == 2 + left)
    }
  }

  /// Without a fault, it behaves like the store that it wraps.
  @Test(arguments: StoreConformance.checks(for: [.tellsChanges, .keepsNUL, .keepsAnyType]))
  func itConforms(_ check: StoreConformance) throws {
    try check.run { _ in FaultyStore(InMemoryStore(), failingAt: nil) }
  }

  @Test func itCountsWhatIsAskedOfIt() throws {
    let store = FaultyStore(InMemoryStore(), failingAt: nil)
    let batch = StoreSamples.batch(
      .patterns, ["a", "b", "c"].map { .init(StoreSamples.record(.patterns, $0)) })
    try store.write { transaction throws in
      #expect(try transaction.insert(batch, at: [0, 1, 2], run: 1).isEmpty)
      #expect(try transaction.count(RecordQuery(.patterns)) == 3)
    }
    #expect(store.counts.entities == 3)
    #expect(store.counts.commits == 1)
    #expect(store.counts.calls >= 2)
  }
}

/// The checks fail for stores that break a requirement.
@Suite struct WrongStoreTests {
  /// A store that does not roll back.
  private final class Careless: StoreWrapper {
    let base: any RecordStore = InMemoryStore()

    func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
      try base.write { transaction in Swift.Result { try body(transaction) } }.get()
    }
  }

  /// A store whose transactions find no provenance.
  private final class Forgetful: StoreWrapper {
    let base: any RecordStore = InMemoryStore()

    final class Transaction: StoreTransactionWrapper {
      let transaction: any StoreTransaction
      init(_ transaction: any StoreTransaction) { self.transaction = transaction }
      func provenance(_ kind: EntityKind, id: String) throws -> Provenance? { nil }
    }

    func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
      try base.write { try body(Transaction($0)) }
    }
  }

  private func failures(
    _ topics: String..., of makeStore: () -> any RecordStore
  ) -> [ConformanceFailure] {
    StoreConformance.checks(for: [.tellsChanges, .keepsNUL, .keepsAnyType]).filter {
      topics.contains($0.topic)
    }.compactMap { check in
      do {
        try check.run { _ in makeStore() }
        return nil
      } catch {
        return error as? ConformanceFailure
      }
    }
  }

  @Test func oneThatDoesNotRollBackFails() {
    let failures = failures("transactions", "migration") { Careless() }
    #expect(
      Set(failures.map { $0.check.prefix { $0 != ":" } }) == ["transactions", "migration"])
    #expect(failures.allSatisfy { !$0.message.isEmpty && $0.line > 0 })
  }

  @Test func oneWhoseTransactionsForgetProvenanceFails() {
    #expect(!failures("undo", "changes", "ledger", "updates") { Forgetful() }.isEmpty)
  }
}
