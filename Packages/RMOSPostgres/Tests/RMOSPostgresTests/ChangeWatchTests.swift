import Testing

@testable import RMOSPostgres

@Suite("Change tokens")
struct ChangeWatchTests {
  @Test("what two threads find at once is merged")
  func merge() {
    var state = ChangeWatch.State()
    #expect(state.merge("a", isChanged: true, since: ChangeWatch.State()) == 1)
    let old = state
    // Both see the same commit.
    #expect(state.merge("b", isChanged: true, since: old) == 2)
    #expect(state.merge("b", isChanged: true, since: old) == 2)
    // One asked before the commit.
    #expect(state.merge("a2", isChanged: false, since: old) == 1)
    #expect(state.snapshot == "b")
    // One saw yet another.
    #expect(state.merge("c", isChanged: true, since: old) == 3)
    #expect(state.snapshot == "c")
    // Nothing was committed, but a transaction was rolled back.
    #expect(state.merge("d", isChanged: false, since: state) == 3)
    #expect(state.snapshot == "d")
  }
}
