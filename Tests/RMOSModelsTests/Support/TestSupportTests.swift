import Foundation
import RMOSModels
import RMOSTestSupport
import Testing

@Suite struct FixturesTests {
  @Test func everyConformanceCaseIsRead() throws {
    let directories = try FileManager.default.contentsOfDirectory(atPath: Fixtures.conformance)
      .filter { !$0.contains(".") }
    #expect(Fixtures.contractCases.map(\.name) == directories.sorted())
    #expect(Fixtures.contractCases.count == 35)
    for expected in Fixtures.contractCases {
      #expect(expected.outcomes.count == expected.statistics.total.found, "\(expected)")
      // The embedded files, written by Scripts/embed_conformance.py, must be up to date.
      let there = try FileManager.default.subpathsOfDirectory(atPath: expected.source)
      let files = there.filter { path in
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(
          atPath: expected.source + "/" + path, isDirectory: &isDirectory)
        return !isDirectory.boolValue
      }
      #expect(Set(expected.files.map(\.path)) == Set(files), "\(expected)")
      for file in expected.files {
        let bytes = FileManager.default.contents(atPath: expected.source + "/" + file.path)
        #expect(bytes == Data(file.bytes), "\(expected): \(file.path)")
      }
    }
  }

  @Test func expectedValuesHaveTheTypeOfTheirColumn() throws {
    let seed = try #require(Fixtures.contractCases.first { $0.name == "seed-sample" })
    #expect(seed.rows.first?.columns["duration_seconds"] == .real(2700))
    let types = try #require(Fixtures.contractCases.first { $0.name == "field-types" })
    #expect(types.rows.contains { $0.columns["ring_count"] == .integer(3) })
    let lines = try #require(Fixtures.contractCases.first { $0.name == "json-lines" })
    #expect(lines.outcomes.allSatisfy { $0.locator != nil })
  }

  @Test func databasesOfFourVersionsAndTheExampleAreThere() throws {
    for version in 1...4 {
      try TemporaryDirectory.use { directory in
        let copy = try Fixtures.copyDatabase(version: version, into: directory)
        let header = try Data(contentsOf: URL(fileURLWithPath: copy)).prefix(15)
        #expect(String(decoding: header, as: UTF8.self) == "SQLite format 3")
      }
    }
    for kind in EntityCatalog.rmos.kinds {
      #expect(FileManager.default.fileExists(atPath: Fixtures.exampleTree + "/" + kind.rawValue))
    }
  }
}

@Suite struct SeededGeneratorTests {
  @Test func theSequenceIsThatOfSplitMix64() {
    var random = SeededGenerator(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test func choicesStayWithinTheirBounds() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<1_000 {
      #expect((2...4).contains(random.int(2...4)))
      #expect(!random.chance(0) && random.chance(100))
    }
  }
}

@Suite struct SourceTreeTests {
  @Test func filesLinksAndDirectoriesAreWritten() throws {
    let tree = try SourceTree(["patterns/a/b.json": "{}"])
    try tree.add("joblogs/c.json", [0xFF, 0xFE])
    try tree.addLink("patterns/link.json", to: "a/b.json")
    try tree.addDirectory("strip_families")
    let files = FileManager.default
    #expect(files.contents(atPath: tree.absolute("joblogs/c.json")) == Data([0xFF, 0xFE]))
    #expect(files.contents(atPath: tree.absolute("patterns/link.json")) == Data("{}".utf8))
    #expect(
      try Set(files.contentsOfDirectory(atPath: tree.path)) == [
        "patterns", "joblogs", "strip_families",
      ])
    try tree.remove("patterns")
    #expect(!files.fileExists(atPath: tree.absolute("patterns/a/b.json")))
  }
}

@Suite struct TemporaryDirectoryTests {
  @Test func itGoesWithEverythingInIt() throws {
    let path = try TemporaryDirectory.use { directory in
      let closed = directory.file("closed")
      try FileManager.default.createDirectory(atPath: closed, withIntermediateDirectories: true)
      try Data("x".utf8).write(to: URL(fileURLWithPath: closed + "/file"))
      try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: closed)
      #expect(FileManager.default.fileExists(atPath: directory.path))
      return directory.path
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func eachIsItsOwn() throws {
    let (one, other) = (try TemporaryDirectory(), try TemporaryDirectory())
    #expect(one.path != other.path)
  }
}
