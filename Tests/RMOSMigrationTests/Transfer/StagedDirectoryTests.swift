import Foundation
import RMOSModels
import RMOSStore
import RMOSSystem
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSMigration

/// The directory next to its place in which an export is written.
@Suite struct StagedDirectoryTests {
  /// The tree is in its place even if its name may not be on the disk.
  @Test func aParentThatCannotBeSynchronizedIsReported() throws {
    try TemporaryDirectory.use { directory in
      for failure in [SystemError.notPermitted, .accessDenied] {
        let place = directory.file("after \(failure.reason)")
        let staged = try StagedDirectory(for: Array(place.utf8)) { false }
        defer { staged.close() }
        let found = try staged.publish(durableFiles: 0) { _ throws(SystemError) in throw failure }
        #expect(found == (failure == .accessDenied ? nil : failure))
        #expect(FileManager.default.fileExists(atPath: place))
      }
    }
  }

  /// The name of the place is shortened if that of the hidden directory would be too long, but no
  /// character is cut in two.
  @Test(arguments: ["x", "é", "日", "😀"])
  func aPlaceMayHaveTheLongestName(_ character: String) throws {
    try TemporaryDirectory.use { directory in
      let store = InMemoryStore()
      try store.write { try $0.insert(StoreSamples.record(.patterns, "p")) }
      for length in 248...255 {
        let count = length / character.utf8.count
        let name =
          String(repeating: character, count: count)
          + String(repeating: "y", count: length - count * character.utf8.count)
        let beside = Mutex<[String]>([])
        _ = try Export(of: store, to: directory.file(name)).runSynchronously {
          let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
          beside.withLock { $0 = names ?? [] }
          return false
        }
        for name in beside.withLock({ $0 }) where name.hasPrefix(".") {
          #expect(name.hasSuffix(".incomplete-1") && !name.contains("\u{FFFD}"))
        }
        #expect(FileManager.default.fileExists(atPath: directory.file(name + "/patterns/p.json")))
      }
    }
  }
}
