import Synchronization
import Testing

@testable import RMOSSystem

@Suite struct ThreadTests {
  /// Uses at least 1 KiB of the stack per level.
  @inline(never)
  private static func descend(_ levels: Int) -> Int {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer in
      buffer.initialize(repeating: UInt8(truncatingIfNeeded: levels))
      return levels == 0 ? 0 : Int(buffer[0] & 0) + 1 + descend(levels - 1)
    }
  }

  @Test func aThreadHasAStackForDeepRecursion() throws {
    let depth = Mutex(0)
    let thread = try SystemThread { depth.withLock { $0 = Self.descend(2048) } }
    thread.join()
    #expect(depth.withLock { $0 } == 2048)
  }

  @Test func aThreadThatYieldsHandsThatOnToThoseItStarts() throws {
    let seen = Mutex<(own: Int?, handedOn: Int?)>((nil, nil))
    let before = SystemThread.niceness
    let thread = try SystemThread {
      SystemThread.yieldToOthers()
      let own = SystemThread.niceness
      let other = try? SystemThread { seen.withLock { $0 = (own, SystemThread.niceness) } }
      other?.join()
    }
    thread.join()
    let (own, handedOn) = seen.withLock { $0 }
    #expect(own == handedOn)
    #expect(SystemThread.niceness == before)
    if let own, let before { #expect(own > before || before >= 10) }
  }

  @Test func threadsHaveNumbersOfTheirOwn() throws {
    let other = Mutex<UInt>(0)
    let thread = try SystemThread { other.withLock { $0 = SystemThread.current } }
    thread.join()
    #expect(other.withLock { $0 } != SystemThread.current)
    #expect(SystemThread.current == SystemThread.current)
  }

  @Test func aMonitorWakesWhoeverWaits() throws {
    let isSet = Monitor(false)
    try SystemThread.detached { isSet.withLock(waking: .all) { $0 = true } }
    isSet.wait { $0 ? .done(()) : .wait() }
    #expect(isSet.withLock { $0 })
  }

  @Test func aWaitEndsWithItsDeadline() {
    let deadline = Deadline(after: .milliseconds(10))
    Monitor(()).wait { _ in deadline.hasPassed ? .done(()) : .wait(until: deadline) }
    #expect(deadline.timeLeft == .zero)
  }

  @Test(
    "A deadline takes any duration",
    arguments: [
      (.seconds(Int64.min), true), (.seconds(-1), true), (.zero, true),
      (.seconds(1_000_000), false),
      (.seconds(Int64.max), false),
    ] as [(Duration, Bool)])
  func deadlines(_ duration: Duration, _ hasPassed: Bool) {
    #expect(Deadline(after: duration).hasPassed == hasPassed)
    #expect(Deadline(after: duration) < .never || duration == .seconds(Int64.max))
  }

  @Test func theEarlierDeadlineIsTheLesser() {
    let now = ContinuousClock.now
    #expect(Deadline(after: .seconds(1), from: now) < Deadline(after: .seconds(2), from: now))
    #expect(
      min(.never, Deadline(after: .seconds(2), from: now))
        == Deadline(after: .seconds(2), from: now))
    #expect(!(Deadline.never < .never))
    #expect(Deadline.never.timeLeft == nil)
  }
}
