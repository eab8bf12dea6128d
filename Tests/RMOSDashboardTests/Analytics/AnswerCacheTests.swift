import Foundation
import RMOSAnalytics
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSDashboard

@Suite struct AnswerCacheTests {
  /// A source of answers that records its computations, with a clock that the test advances.
  final class Machine: Sendable {
    let uptime = DashboardFixture.Uptime()
    private let state = Mutex<(computed: [String], cost: Double, failure: StoreError?)>(
      ([], 0, nil))

    /// While the gate is held, computations wait.
    private let gate = NSLock()
    func hold() { gate.lock() }
    func release() { gate.unlock() }

    var computed: [String] { state.withLock { $0.computed } }
    func setCost(_ cost: Double) { state.withLock { $0.cost = cost } }
    func setFailure(_ failure: StoreError?) { state.withLock { $0.failure = failure } }

    func cache(capacity: Int = 4) -> AnswerCache<String, Int> {
      AnswerCache(
        capacity: capacity, uptime: { [self] in uptime.now },
        now: { [self] in "second \(Int(uptime.now))" }
      ) { [self] question, _ in
        gate.withLock {}
        return try state.withLock { state in
          state.computed.append(question)
          uptime.pass(state.cost)
          if let failure = state.failure { throw failure }
          return state.computed.count
        }
      }
    }
  }

  @Test func anAnswerIsKeptUntilTheStoreChanges() throws {
    let machine = Machine()
    let cache = machine.cache()
    let first = try cache.answer("a", since: "1")
    #expect(first.isCurrent && first.asOf == "second 1000")
    machine.uptime.pass(1000)
    #expect(try cache.answer("a", since: "1").revision == first.revision)
    // A quick answer is recomputed while the client waits.
    let second = try cache.answer("a", since: "2")
    #expect(second.isCurrent && second.revision != first.revision && second.asOf == "second 2000")
    #expect(machine.computed == ["a", "a"])
  }

  @Test func anAnswerIsComputedInTheBackgroundIfAClientDoesNotWait() throws {
    let machine = Machine()
    machine.hold()
    let cache = machine.cache()
    #expect(try cache.answer("a", since: "1", within: .zero) == nil)
    #expect(try cache.answer("a", since: "1", within: .milliseconds(1)) == nil)
    machine.release()
    let answer = try cache.answer("a", since: "1", within: .seconds(600))
    #expect(answer?.value == 1 && answer?.isCurrent == true)
    #expect(machine.computed == ["a"])
    // Without a token no answer is cached, so the client has to wait.
    #expect(try cache.answer("b", since: nil, within: .zero)?.value == 2)
  }

  @Test func aFailureInTheBackgroundIsThrownToTheNextClient() throws {
    let machine = Machine()
    let cache = machine.cache()
    machine.setFailure(StoreError(.busy, "busy"))
    #expect(throws: StoreError.self) {
      _ = try cache.answer("a", since: "1", within: .seconds(600))
    }
    #expect(machine.computed == ["a"])
    machine.setFailure(nil)
    #expect(try cache.answer("a", since: "1", within: .seconds(600))?.value == 2)
  }

  @Test func theQuestionsAskedLastAreKept() throws {
    let machine = Machine()
    let cache = machine.cache(capacity: 2)
    for question in ["a", "b", "a", "c", "a"] { _ = try cache.answer(question, since: "1") }
    #expect(machine.computed == ["a", "b", "c"])
    _ = try cache.answer("b", since: "1")
    #expect(machine.computed == ["a", "b", "c", "b"])
  }

  @Test func withoutATokenNothingIsKept() throws {
    let machine = Machine()
    let cache = machine.cache()
    for _ in 0..<3 { #expect(try cache.answer("a", since: nil).isCurrent) }
    #expect(machine.computed.count == 3)
  }

  @Test func aSlowAnswerIsRefreshedInTheBackground() throws {
    let machine = Machine()
    machine.setCost(2)
    let cache = machine.cache()
    let first = try cache.answer("a", since: "1")
    machine.uptime.pass(100)
    let before = try cache.answer("a", since: "2")
    #expect(!before.isCurrent && before.revision == first.revision && before.asOf == first.asOf)
    var after = before
    try eventually("the answer is current") {
      after = try cache.answer("a", since: "2")
      return after.isCurrent
    }
    #expect(after.value == 2)
    // Recomputing takes at most a tenth of the time, so the next change has to wait.
    let next = try cache.answer("a", since: "3")
    #expect(!next.isCurrent && next.revision == after.revision)
    Thread.sleep(forTimeInterval: 0.02)
    #expect(machine.computed.count == 2)
  }

  @Test func simultaneousQuestionsShareOneComputation() throws {
    let machine = Machine()
    let cache = machine.cache()
    let values = Mutex<[Int]>([])
    DispatchQueue.concurrentPerform(iterations: 16) { _ in
      if let answer = try? cache.answer("a", since: "1") {
        values.withLock { $0.append(answer.value) }
      }
    }
    #expect(values.withLock { $0 } == Array(repeating: 1, count: 16))
    #expect(machine.computed == ["a"])
  }

  @Test func aFailureIsThrownAndNotCached() throws {
    let machine = Machine()
    let cache = machine.cache()
    machine.setFailure(StoreError(.busy, "busy"))
    #expect(throws: StoreError.self) { try cache.answer("a", since: "1") }
    machine.setFailure(nil)
    machine.setCost(2)
    #expect(try cache.answer("a", since: "1").isCurrent)
    // A failure in the background is thrown to the next client that asks.
    machine.uptime.pass(100)
    machine.setFailure(StoreError(.busy, "busy"))
    #expect(try !cache.answer("a", since: "2").isCurrent)
    try eventually("the failure is told") {
      do {
        _ = try cache.answer("a", since: "2")
        return false
      } catch {
        return true
      }
    }
  }

  @Test func workInTheBackgroundIsCancelled() throws {
    let uptime = DashboardFixture.Uptime()
    final class Flags: Sendable {
      let ended = Atomic(false)
      let isFirst = Atomic(true)
      let begun = Atomic(false)
    }
    let flags = Flags()
    let cache = AnswerCache<String, Int>(
      capacity: 1, uptime: { uptime.now }, now: { "now" }
    ) { _, isCancelled in
      uptime.pass(2)
      if flags.isFirst.exchange(false, ordering: .relaxed) { return 1 }
      flags.begun.store(true, ordering: .relaxed)
      try eventually("the work is cancelled", isCancelled)
      flags.ended.store(true, ordering: .relaxed)
      throw StoreError.cancelled
    }
    _ = try cache.answer("a", since: "1")
    uptime.pass(100)
    _ = try cache.answer("a", since: "2")
    try eventually("the work begins") { flags.begun.load(ordering: .relaxed) }
    let endedBefore = flags.ended.load(ordering: .relaxed)
    #expect(!endedBefore)
    cache.cancel()
    try eventually("the work has ended") { flags.ended.load(ordering: .relaxed) }
  }

  /// A store with an endless number of rows.
  private final class EndlessStore: StoreWrapper {
    final class Reader: StoreReaderWrapper {
      let reader: any StoreReader
      let store: EndlessStore

      init(_ reader: any StoreReader, of store: EndlessStore) {
        self.reader = reader
        self.store = store
      }

      func forEachRow(
        _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
      ) throws {
        store.hasBegun.store(true, ordering: .relaxed)
        defer { store.hasEnded.store(true, ordering: .relaxed) }
        while true { try body(members.map { _ in .null }) }
      }
    }

    let base: any RecordStore = InMemoryStore()
    let hasBegun = Atomic(false)
    let hasEnded = Atomic(false)

    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
      try base.read { try body(Reader($0, of: self)) }
    }
  }

  @Test(.waiting) func readingForFiguresEndsWithThem() throws {
    let store = EndlessStore()
    var figures: AnalyticsFigures? = AnalyticsFigures(
      store, patience: .zero, uptime: { 0 }, now: { DashboardFixture.now })
    #expect(try figures?.reportIfSoon(JobFilter()) == nil)
    try eventually("the store is read") { store.hasBegun.load(ordering: .relaxed) }
    let hasEndedBefore = store.hasEnded.load(ordering: .relaxed)
    #expect(!hasEndedBefore)
    figures = nil
    try eventually("reading has ended") { store.hasEnded.load(ordering: .relaxed) }
  }
}
