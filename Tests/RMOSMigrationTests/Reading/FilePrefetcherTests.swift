import Foundation
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// Reading ahead changes only the time that it takes to read.
@Suite struct FilePrefetcherTests {
  /// Gives other threads a moment to read.
  private func pause() { SystemThread.pause(milliseconds: 20) }

  private func prefetcher(
    of tree: SourceTree, patience: Duration = FilePrefetcher.patience
  ) -> FilePrefetcher {
    FilePrefetcher(root: Array(tree.path.utf8), patience: patience)
  }

  /// Adds files, and returns their contents.
  private func contents(of names: [String], _ prefetcher: FilePrefetcher) throws -> [[UInt8]?] {
    prefetcher.add(names.map { Array($0.utf8) })
    pause()
    return try names.map { _ in try prefetcher.take().map { try $0.bytes($0.size + 1, at: 0) } }
  }

  /// Without patience, the prefetcher uses the maximum number of threads.
  @Test(arguments: [Duration.zero, FilePrefetcher.patience])
  func contentComesInTheOrderAsked(_ patience: Duration) throws {
    let tree = try SourceTree()
    let names = (0..<200).map { "t\($0 / 30)/\($0)" }
    for name in names { try tree.add(name, "content of \(name)") }
    let prefetcher = prefetcher(of: tree, patience: patience)
    defer { prefetcher.close() }
    for start in stride(from: 0, to: names.count, by: 50) {
      let some = Array(names[start..<start + 50])
      #expect(
        try contents(of: some, prefetcher) == some.map { Array("content of \($0)".utf8) })
    }
  }

  @Test func otherThanSmallFilesAreLeftToTheCaller() throws {
    let tree = try SourceTree()
    var expected: [String: [UInt8]] = [:]
    for size in [0, 1, 4095, 4096, 4097, FilePrefetcher.largest] {
      expected["t/\(size)"] = [UInt8](repeating: 65, count: size)
    }
    for (name, content) in expected { try tree.add(name, content) }
    try tree.add("t/larger", [UInt8](repeating: 65, count: FilePrefetcher.largest + 1))
    try tree.addDirectory("t/directory")
    try tree.addLink("t/dangling", to: "nowhere")
    try tree.addLink("t/link", to: "4097")
    expected["t/link"] = expected["t/4097"]
    try tree.addLink("linked", to: "t")
    expected["linked/1"] = expected["t/1"]
    try #require(mkfifo(tree.absolute("t/pipe"), 0o600) == 0)
    try tree.addLink("t/device", to: "/dev/null")
    try tree.addLink("t/zeroes", to: "/dev/zero")
    let others = [
      "t/larger", "t/directory", "t/dangling", "t/missing", "missing/1", "t/pipe", "t/device",
      "t/zeroes",
    ]
    let names = (0..<4).flatMap { _ in (expected.keys + others).shuffled() }
    let prefetcher = prefetcher(of: tree)
    defer { prefetcher.close() }
    #expect(try contents(of: names, prefetcher) == names.map { expected[$0] })
  }

  @Test func aFewFilesAreReadByTheCaller() throws {
    let tree = try SourceTree()
    let names = (0..<FilePrefetcher.groupSize).map { "t/\($0)" }
    for name in names { try tree.add(name, "old") }
    let prefetcher = prefetcher(of: tree)
    defer { prefetcher.close() }
    prefetcher.add(names.map { Array($0.utf8) })
    pause()
    for name in names { try tree.add(name, "new") }
    for _ in names {
      #expect(try prefetcher.take().map { try $0.bytes(4, at: 0) } == Array("new".utf8))
    }
  }

  /// Large contents are not all read ahead, which must not stop those who wait for them.
  @Test func contentsOfManyLargeFilesAreRead() throws {
    let tree = try SourceTree()
    let content = [UInt8](repeating: 65, count: FilePrefetcher.largest)
    try tree.add("t/large", content)
    let names = Array(repeating: "t/large", count: 500)
    let prefetcher = prefetcher(of: tree, patience: .zero)
    defer { prefetcher.close() }
    #expect(try contents(of: names, prefetcher).allSatisfy { $0 == content })
  }

  /// The same entries are found with reading ahead and without.
  @Test func theSameIsFoundWithAndWithout() throws {
    let tree = try SourceTree()
    var generator = SystemRandomNumberGenerator()
    for number in 0..<300 {
      let entity =
        #"{"id": "p\#(number)", "name": "n", "ring_count": 1, "geometry": {"a": "\#(number)"}}"#
      let directory = number < 200 ? "patterns" : "patterns/sub\(number % 3)"
      let name = "\(directory)/f\(number)"
      switch number % 25 {
      case 0: try tree.add("\(name).json", "")
      case 1: try tree.add("\(name).json", "{broken")
      case 2: try tree.add("\(name).jsonl", entity + "\n" + entity)
      case 3: try tree.add("\(name) (1).json", entity)
      case 4: try tree.addDirectory("\(name).json")
      case 5: try tree.addLink("\(name).json", to: "nowhere")
      case 6: try tree.add("\(name).txt", "not data")
      case 7:
        let padding = String(
          repeating: " ", count: Int.random(in: 32_000...33_500, using: &generator))
        try tree.add("\(name).json", padding + entity)
      case 8:
        try tree.add(
          "\(name).json",
          [0xFF, 0xFE] + entity.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
      default: try tree.add("\(name).json", entity)
      }
    }
    let ahead = try SourceReading(tree)
    let plain = try SourceReading(
      tree, access: SourceAccess { (_, _) throws(SystemError) in })
    #expect(ahead.found == plain.found && ahead.found.count > 200)
    #expect(ahead.notices == plain.notices)
    #expect(ahead.bytes == plain.bytes)
  }
}
