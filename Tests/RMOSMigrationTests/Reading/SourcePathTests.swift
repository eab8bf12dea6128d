import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

@Suite struct SourcePathTests {
  @Test(arguments: ["a/b.json", "é/🎸.json", "e\u{301}", "100%.json", "%C3%A9", "%zz%", "", "a b\n"])
  func textPathsAreShownAsTheyAre(_ path: String) {
    #expect(Array(SourcePath.text(Array(path.utf8)).utf8) == Array(path.utf8))
  }

  @Test func bytesThatAreNoTextAreShownInHex() {
    #expect(SourcePath.text([0x61, 0xFF, 0x62]) == "a%FFb")
    #expect(SourcePath.text([0xC3, 0xA9, 0xE9]) == "é%E9")
    #expect(SourcePath.text([0xF0, 0x9F, 0x8E]) == "%F0%9F%8E")
    #expect(SourcePath.text([0xED, 0xA0, 0x80]) == "%ED%A0%80")
  }

  @Test func theEndingTellsTheFormat() {
    func format(_ name: String) -> SourcePath.Format? {
      Array(name.utf8).withUnsafeBufferPointer { SourcePath.Format(name: $0) }
    }
    for name in ["a.json", "A.JSON", "a.b.Json", ".json"] { #expect(format(name) == .json) }
    for name in ["a.jsonl", "a.NDJSON", "a.ndjson", "a.JsonL"] { #expect(format(name) == .lines) }
    for name in [
      "", "a", "json", "a.jso", "a.json ", "a.json.bak", "a.jsonll", "ajson", "a.j\u{17F}on",
    ] {
      #expect(format(name) == nil)
    }
  }

  @Test func aDirectoryOfTenThousandEntriesIsReadInOrder() throws {
    let tree = try SourceTree()
    for number in 0..<10_000 {
      let path = tree.absolute("patterns/\(number % 7)x\(number).json")
      if number == 0 { try tree.addDirectory("patterns") }
      try #require(symlink("nowhere", path) == 0)
    }
    var walker = SourceWalker(
      root: Array(tree.path.utf8), directory: Array("patterns".utf8), for: .all)
    var paths: [[UInt8]] = []
    while let item = walker.next() {
      guard case .unreadable(let path, _) = item else { continue }
      paths.append(path)
    }
    #expect(paths.count == 10_000)
    #expect(zip(paths, paths.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
  }

  /// Names are compared by the bytes after those that all have in common.
  @Test(arguments: [
    [], ["a"], ["a.json", "a"], ["ab.json", "ab-.json", "ab/x.json", "ab0.json", "ab.jsonl"],
    ["p_0000010.json", "p_0000009.json", "p_00000100.json", "p_0000010a.json", "p_.json"],
    ["long-1234567-z.json", "long-1234567-a.json", "long-1234567.json", "long-123456789.json"],
    ["é.json", "e.json", "\u{1F600}.json", "~.json", "Z.json"],
  ])
  func namesAreInByteOrder(_ names: [String]) throws {
    let tree = try SourceTree()
    try tree.addDirectory("patterns")
    for name in names { try tree.add("patterns/\(name)", Texts.pattern("x")) }
    var walker = SourceWalker(
      root: Array(tree.path.utf8), directory: Array("patterns".utf8), for: .all)
    var paths: [String] = []
    while let item = walker.next() {
      if case .file(let path, _) = item { paths.append(String(decoding: path, as: UTF8.self)) }
    }
    let files = names.filter { $0.contains(".json") }.map { "patterns/\($0)" }
    #expect(paths == files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  @Test func linksThatGoRoundEnd() throws {
    let tree = try SourceTree(["patterns/a/b/x.json": Texts.pattern("x")])
    try tree.addLink("patterns/a/b/up", to: "../..")
    try tree.addLink("patterns/a/side", to: "../a/b")
    try tree.addLink("patterns/self.json", to: "self.json")
    try tree.addLink("patterns/ping", to: "pong")
    try tree.addLink("patterns/pong", to: "ping")
    try tree.addLink("patterns/abs", to: tree.absolute("patterns/a"))
    let reading = try SourceReading(tree)
    #expect(
      reading.notices.map(\.source) == [
        "patterns/a/b/up", "patterns/a/side/up", "patterns/abs/b/up", "patterns/abs/side",
      ])
    #expect(
      reading.found.map { $0.origin.path } == [
        "patterns/a/b/x.json", "patterns/a/side/x.json", "patterns/abs/b/x.json",
        "patterns/ping", "patterns/pong", "patterns/self.json",
      ])
    #expect(reading.found.suffix(3).allSatisfy { $0.codes == ["input.unreadable"] })
  }
}
