import RMOSModels
import RMOSTesting
import Testing

@Suite struct IDHashTests {
  @Test func idsThatDifferOnlyInLengthOrKindHaveDifferentHashes() {
    let ids = (0...20).flatMap { length in
      [[UInt8](repeating: 0, count: length), [UInt8](repeating: 97, count: length)]
    }
    let hashes = Set(
      Set(ids).flatMap { id in (0...3).map { IDHash(id.span, kind: $0) } })
    #expect(hashes.count == Set(ids).count * 4)
    for id in ids { #expect(IDHash(id.span) == IDHash(Array(id).span)) }
  }

  /// Returns a batch of strip families with the ids.
  private func batch(_ ids: [String]) -> RecordBatch {
    StoreSamples.batch(.stripFamilies, ids.map { .init(StoreSamples.record(.stripFamilies, $0)) })
  }

  @Test(arguments: [
    (["a", "ab", "b", "\u{E9}", "\u{10000}"], true), (["a"], true), (["a", "a"], false),
    (["ab", "a"], false), (["\u{10000}", "\u{FFFD}"], false), (["", "a"], false),
    (["a", "", "b"], false), ([], false),
  ])
  func idsAscendByTheirBytes(_ ids: [String], _ expected: Bool) {
    #expect(batch(ids).idsAscend(in: 0..<ids.count) == expected)
  }

  @Test func onlyEntitiesThatStayHaveOneIdentity() {
    var batch = batch(["a", "b"])
    let (identity, mark) = (batch.identity, batch.mark)
    let copy = batch
    #expect(copy.identity === identity)
    batch.rollBack(to: mark)
    let second = batch.identity
    #expect(second !== identity)
    batch.reset(kind: .patterns)
    #expect(batch.identity !== second)
  }
}
