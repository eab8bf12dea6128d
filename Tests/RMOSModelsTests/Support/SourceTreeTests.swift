import Foundation
import RMOSTestSupport
import Testing

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
