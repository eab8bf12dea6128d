import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite struct RandomTreeTests {
  @Test func theSameSeedGivesTheSameTree() throws {
    func content(_ tree: RandomTree) -> [String: Data] {
      let names = FileManager.default.enumerator(atPath: tree.path)?.compactMap { $0 as? String }
      return Dictionary(
        uniqueKeysWithValues: (names ?? []).compactMap { name in
          FileManager.default.contents(atPath: tree.path + "/" + name).map { (name, $0) }
        })
    }
    let (one, other) = (try RandomTree(seed: 5), try RandomTree(seed: 5))
    #expect(content(one) == content(other) && one.known == other.known)
    #expect(content(one) != content(try RandomTree(seed: 6)))
  }

  @Test func treesMixWhatMigratesWithWhatDoesNot() throws {
    var total = MigrationStatistics.Counts()
    var codes: Set<IssueCode> = []
    for seed in UInt64(0)..<12 {
      let tree = try RandomTree(seed: seed)
      let summary = try Migration(from: tree.path, into: InMemoryStore()).runSynchronously()
      total = total + summary.statistics.total
      codes.formUnion(summary.issueCounts.keys)
    }
    #expect(total.migrated > 150 && total.failed > 150 && total.skipped > 10)
    let reachable: [IssueCode] = [
      .inputUnreadable, .inputEncoding, .inputEmpty, .inputLoop, .jsonSyntax, .jsonDepth,
      .jsonDuplicateKey, .shapeNotObject, .idDerived, .idNumber, .idMismatch, .fieldMissing,
      .fieldType, .fieldEmpty, .fieldRange, .fieldFormat, .fieldUnknownValue, .timeOrder,
      .referenceMissing, .duplicateIdentical, .duplicateDiffers,
    ]
    #expect(Set(reachable).subtracting(codes).isEmpty)
  }

  @Test(arguments: UInt64(100)..<112)
  func soundEntitiesAreMigratedExactlyAsTheyStand(seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    let store = InMemoryStore()
    _ = try Migration(from: tree.path, into: store).runSynchronously()
    #expect(tree.known.count > 10)
    try store.read { reader in
      for entity in tree.known {
        let record = try #require(try reader.record(entity.kind, id: entity.id), "\(entity.id)")
        for (member, value) in entity.values {
          #expect(record[member]?.isSame(as: value) == true, "\(entity.id) \(member)")
        }
      }
    }
  }
}

extension Value {
  /// Whether two values are equal, and not just canonically equivalent if they are text.
  fileprivate func isSame(as other: Value) -> Bool {
    if case .text(let left) = self, case .text(let right) = other {
      return Array(left.utf8) == Array(right.utf8)
    }
    return self == other
  }
}
