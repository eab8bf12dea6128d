import Testing

@testable import RMOSPostgres

@Suite("Change tokens")
struct ChangeWatchTests {
  @Test("snapshots of several threads are merged")
  func merge() {
    var state = ChangeWatch.State()
    #expect(state.merge("a", isChanged: true, since: ChangeWatch.State()) == 1)
    let old = state
    // Two threads see the same commit.
    #expect(state.merge("b", isChanged: true, since: old) == 2)
    #expect(state.merge("b", isChanged: true, since: old) == 2)
    // A thread that asked before the commit.
    #expect(state.merge("a2", isChanged: false, since: old) == 1)
    #expect(state.snapshot == "b")
    // A thread that saw another commit.
    #expect(state.merge("c", isChanged: true, since: old) == 3)
    #expect(state.snapshot == "c")
    // Nothing was committed, but a transaction was rolled back.
    #expect(state.merge("d", isChanged: false, since: state) == 3)
    #expect(state.snapshot == "d")
  }
}
