import Foundation
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// Reading ahead changes only the time that it takes to read.
@Suite struct FilePrefetcherTests {
  /// Returns the path of a file as bytes.
  private func path(_ name: String, in tree: SourceTree) -> [UInt8] {
    Array(tree.absolute(name).utf8)
  }

  /// Gives other threads a moment to read.
  private func pause() { SystemThread.pause(milliseconds: 20) }

  /// Runs `body` until it returns that another thread has read a file ahead.
  private func untilReadAhead(_ body: () throws -> Bool) throws {
    for _ in 0..<1000 where try body() { return }
    Issue.record("nothing was read ahead")
  }

  /// Without patience, the prefetcher uses the maximum number of threads.
  @Test(arguments: [Duration.zero, FilePrefetcher.patience])
  func contentComesInTheOrderAsked(_ patience: Duration) throws {
    let tree = try SourceTree()
    let names = (0..<200).map { "t/\($0)" }
    for name in names { try tree.add(name, "content of \(name)") }
    let prefetcher = FilePrefetcher(patience: patience)
    defer { prefetcher.close() }
    try untilReadAhead {
      var isReadAhead = false
      for start in stride(from: 0, to: names.count, by: 50) {
        let some = names[start..<start + 50]
        prefetcher.add(some.map { path($0, in: tree) })
        if start == 50 { pause() }
        for name in some {
          guard let content = prefetcher.take() else { continue }
          isReadAhead = true
          #expect(String(decoding: content, as: UTF8.self) == "content of \(name)")
        }
      }
      return isReadAhead
    }
  }

  @Test func otherThanSmallFilesAreLeftToTheCaller() throws {
    let tree = try SourceTree()
    let largest = [UInt8](repeating: 65, count: FilePrefetcher.largest)
    try tree.add("t/largest", largest)
    try tree.add("t/larger", largest + [65])
    try tree.add("t/empty", "")
    try tree.addDirectory("t/directory")
    try tree.addLink("t/dangling", to: "nowhere")
    try tree.addLink("t/link", to: "largest")
    let kinds = ["largest", "larger", "empty", "directory", "dangling", "missing", "link", "empty"]
    let names = (0..<4).flatMap { _ in kinds }
    let prefetcher = FilePrefetcher()
    defer { prefetcher.close() }
    try untilReadAhead {
      prefetcher.add(names.map { path("t/\($0)", in: tree) })
      pause()
      let contents = names.map { _ in prefetcher.take() }
      for (name, content) in zip(names, contents) {
        let expected: [UInt8]? =
          switch name {
          case "largest", "link": largest
          case "empty": []
          default: nil
          }
        // Files that no thread has begun to read are left to the caller.
        #expect(content == expected || content == nil, "\(name)")
      }
      return contents.contains(largest)
    }
  }

  @Test func aFewFilesAreLeftToTheCaller() throws {
    let tree = try SourceTree()
    let names = (0..<FilePrefetcher.groupSize).map { "t/\($0)" }
    for name in names { try tree.add(name, "content") }
    let prefetcher = FilePrefetcher()
    defer { prefetcher.close() }
    prefetcher.add(names.map { path($0, in: tree) })
    pause()
    #expect(names.allSatisfy { _ in prefetcher.take() == nil })
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
