import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSSamples

@Suite struct SampleTreeTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [0, 1, 2, 3, 9, 10, 50, 400])
  func aSoundTreeMigratesWhole(count: Int) throws {
    let target = directory.file("sample")
    let summary = try SampleTree(count: count).write(to: target)
    #expect(summary.entityCounts.values.reduce(0, +) == count && summary.brokenCount == 0)
    var options = Migration.Options()
    options.allowsEmptySource = count == 0
    let migrated = try RecordedMigration(target, into: InMemoryStore(), options)
    #expect(migrated.summary.isSuccess)
    for kind in EntityCatalog.rmos.kinds {
      #expect(migrated.summary.statistics[kind].migrated == summary.entityCounts[kind])
      #expect(count < 3 || summary.entityCounts[kind] ?? 0 > 0)
    }
    #expect(migrated.issues.isEmpty, "\(migrated.issues.prefix(3))")
    #expect(summary.fileCount == migrated.summary.filesRead)
    #expect(summary.byteCount == migrated.summary.bytesRead)
  }

  @Test func everyLayoutOccurs() throws {
    let target = directory.file("sample")
    _ = try SampleTree(count: 200).write(to: target)
    let migrated = try RecordedMigration(target, into: InMemoryStore())
    for kind in EntityCatalog.rmos.kinds {
      let outcomes = migrated.outcomes.filter { $0.source.hasPrefix(kind.rawValue) }
      #expect(outcomes.contains { $0.locator == nil && $0.source.split(separator: "/").count > 2 })
      for name in ["catalogue.json", "by_id.json", "archive/log.jsonl"] {
        #expect(outcomes.contains { $0.source.hasSuffix(name) && $0.locator != nil })
      }
    }
    #expect(migrated.outcomes.contains { $0.source.contains("Pérola") })
  }

  @Test func entitiesAreAboutATenthAThirdAndTheRest() {
    let entities = SampleEntities(SampleTree(count: 1000))
    #expect(SampleKind.allCases.map { entities.count(of: $0) } == [100, 300, 600])
  }

  @Test func theSameNumbersGiveTheSameTree() throws {
    let contents = try [(7, "a"), (7, "b"), (8, "c")].map { seed, name in
      let target = directory.file(name)
      let tree = SampleTree(count: 120, brokenPercent: 20, seed: UInt64(seed))
      return (try tree.write(to: target), try content(of: target))
    }
    #expect(contents[0] == contents[1])
    #expect(contents[0].1 != contents[2].1)
  }

  @Test(arguments: [1, 10, 50, 100])
  func theShareAskedForIsFlawedAndEverythingIsFound(percent: Int) throws {
    let target = directory.file("sample")
    let summary = try SampleTree(count: 600, brokenPercent: percent).write(to: target)
    #expect(summary.brokenCount == 6 * percent)
    let total = try RecordedMigration(target, into: InMemoryStore()).summary.statistics.total
    #expect(total.found == 600)
    #expect(total.failed > 0 && total.failed + total.skipped <= summary.brokenCount)
  }

  @Test func soundEntitiesAreNotDraggedDownByFlawedOnes() throws {
    let target = directory.file("sample")
    let tree = SampleTree(count: 900, brokenPercent: 30)
    _ = try tree.write(to: target)
    let migrated = try RecordedMigration(target, into: InMemoryStore())
    let entities = SampleEntities(tree)
    var known = Set(migrated.outcomes.filter { $0.outcome == .migrated }.compactMap(\.id))
    for kind in SampleKind.allCases {
      for index in 0..<entities.count(of: kind) where entities.flaw(of: kind, index) == nil {
        #expect(known.remove(entities.id(kind, index)) != nil)
      }
    }
  }

  @Test func everyFlawEndsAsItShould() throws {
    let target = directory.file("sample")
    let tree = SampleTree(count: 1000, brokenPercent: 60)
    _ = try tree.write(to: target)
    let migrated = try RecordedMigration(target, into: InMemoryStore())
    let bySource = Dictionary(grouping: migrated.outcomes, by: \.source)
    let byID = Dictionary(grouping: migrated.outcomes, by: \.id)
    let entities = SampleEntities(tree)
    var seen: Set<SampleFlaw> = []
    for kind in SampleKind.allCases {
      for index in 0..<entities.count(of: kind) {
        guard let flaw = entities.flaw(of: kind, index) else { continue }
        seen.insert(flaw)
        let id = entities.id(kind, index)
        let file = "\(kind.schema.table)/\(entities.group(kind, index))/\(id).json"
        let place = "\(flaw) of \(id)"
        var outcome = try #require(bySource[file]?.first ?? byID[id]?.first, "\(place)")
        // The copy may come first; then the original is skipped.
        if flaw.needsSoundEntity, outcome.outcome == .migrated {
          outcome = try #require(byID[outcome.id]?.last, "\(place)")
        }
        #expect(outcome.outcome == flaw.expected.outcome, "\(place)")
        if let code = flaw.expected.code {
          #expect(outcome.codes.contains(code.rawValue), "\(place): \(outcome.codes)")
        } else {
          #expect(outcome.codes.isEmpty, "\(place): \(outcome.codes)")
        }
      }
    }
    #expect(seen == Set(SampleFlaw.allCases))
  }

  @Test func aDirectoryWithSomethingInItIsRefused() throws {
    try Data().write(to: URL(fileURLWithPath: directory.file("kept")))
    let error = #expect(throws: MigrationError.self) {
      try SampleTree(count: 3).write(to: directory.path)
    }
    #expect(error?.code == .sampleNotEmpty)
    #expect(error?.message.contains("is not empty; name a new directory") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["kept"])
  }

  @Test func anEmptyOrMissingDirectoryIsFine() throws {
    try FileManager.default.createDirectory(
      atPath: directory.file("empty"), withIntermediateDirectories: false)
    #expect(try SampleTree(count: 3).write(to: directory.file("empty")).fileCount == 3)
    #expect(try SampleTree(count: 3).write(to: directory.file("a/b/c/")).fileCount == 3)
  }

  @Test func whatCannotBeWrittenIsAClearError() throws {
    try Data().write(to: URL(fileURLWithPath: directory.file("file")))
    for target in [directory.file("file"), directory.file("file/sample"), "/proc/none/sample"] {
      let error = #expect(throws: MigrationError.self) {
        try SampleTree(count: 3).write(to: target)
      }
      #expect(error?.code == .sampleUnwritable)
      #expect(error?.message.hasPrefix("cannot write to \(target): ") == true)
    }
  }

  @Test func numbersThatMakeNoSenseAreRefused() {
    for tree in [
      SampleTree(count: -1), SampleTree(count: 1, brokenPercent: 101),
      SampleTree(count: 1, brokenPercent: -1),
    ] {
      let error = #expect(throws: MigrationError.self) { try tree.write(to: directory.file("x")) }
      #expect(error?.code == .invalidOption)
    }
    #expect(!FileManager.default.fileExists(atPath: directory.file("x")))
  }

  private func content(of path: String) throws -> [String: Data] {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return Dictionary(
      uniqueKeysWithValues: names.compactMap { name in
        FileManager.default.contents(atPath: path + "/" + name).map { (name, $0) }
      })
  }
}

extension SampleFlaw {
  /// The expected outcome of an entity with the flaw, and the code of its issue.
  fileprivate var expected: (outcome: Outcome, code: IssueCode?) {
    switch self {
    case .missingField, .nullField, .completedWithoutEnd: (.failed, .fieldMissing)
    case .wrongType: (.failed, .fieldType)
    case .outOfRange: (.failed, .fieldRange)
    case .blankText, .emptyID: (.failed, .fieldEmpty)
    case .impossibleTimestamp: (.failed, .fieldFormat)
    case .danglingReference: (.failed, .referenceMissing)
    case .unknownStatus: (.failed, .fieldUnknownValue)
    case .duplicateKey: (.failed, .jsonDuplicateKey)
    case .keyMismatch: (.failed, .idMismatch)
    case .syntaxError: (.failed, .jsonSyntax)
    case .badEncoding: (.failed, .inputEncoding)
    case .emptyFile: (.failed, .inputEmpty)
    case .notAnObject: (.failed, .shapeNotObject)
    case .tooDeep: (.failed, .jsonDepth)
    case .identicalDuplicate: (.skipped, .duplicateIdentical)
    case .differingDuplicate: (.skipped, .duplicateDiffers)
    case .noID: (.migrated, .idDerived)
    case .numberID: (.migrated, .idNumber)
    case .byteOrderMark, .utf16: (.migrated, nil)
    case .unknownJobType: (.migrated, .fieldUnknownValue)
    case .endBeforeStart: (.migrated, .timeOrder)
    case .oddMetadata: (.migrated, .fieldType)
    }
  }
}
