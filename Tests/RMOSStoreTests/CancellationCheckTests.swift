import RMOSStore
import Testing

@Suite struct CancellationCheckTests {
  private func poll(_ check: CancellationCheck) throws {
    for _ in 0..<1000 { try check.poll() }
  }

  @Test func itAsksNowAndThenAndOnlyWithin() throws {
    let check = CancellationCheck()
    try poll(check)
    var asked = 0
    let error = #expect(throws: StoreError.self) {
      try check.within(
        {
          asked += 1
          return asked == 3
        }, { try poll(check) })
    }
    #expect(error?.code == .cancelled)
    #expect(asked == 3)
    try poll(check)
  }

  @Test func whatCancelsTheOuterWorkCancelsTheInner() throws {
    let check = CancellationCheck()
    var isCancelled = false
    let result = try check.within({ isCancelled }) {
      try check.within({ false }) { try poll(check) }
      isCancelled = true
      #expect(throws: StoreError.self) { try check.within({ false }) { try poll(check) } }
      return 7
    }
    #expect(result == 7)
  }
}
