import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Properties of rejects that hold for any tree.
@Suite struct RejectsReplayTests {
  private func options(rejects: String? = nil) -> Migration.Options {
    var options = Migration.Options()
    options.rejectsDirectory = rejects
    options.clock = .fixed()
    return options
  }

  private func stores(_ work: TemporaryDirectory) throws -> [any RecordStore] {
    [InMemoryStore(), try SQLiteStore(path: work.file("rmos.db"))]
  }

  /// All files below a directory, by absolute path.
  private func paths(_ directory: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: directory)?.allObjects as? [String] ?? []
    return names.map { directory + "/" + $0 }.filter {
      var isDirectory: ObjCBool = false
      return FileManager.default.fileExists(atPath: $0, isDirectory: &isDirectory)
        && !isDirectory.boolValue
    }
  }

  private func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  // MARK: Planted flaws with known mends

  /// Pieces of sound text, and the broken pieces that replace them.
  private static let flaws: [(sound: String, broken: String)] = [
    (#""count": 3"#, #""count": 0"#), (#""name": "n"#, #""nom": "n"#), (#"{"a": 1}"#, #"{"a"; 1}"#),
    (#"{"a": 1}"#, #"{"a": 1"#), (#"{"a": 1}"#, #"{"a": 01}"#), ("\"generic\"", "\"gen\u{1}eric\""),
  ]

  /// A tree of patterns without flaws, and the same with flaws in some entities.
  private struct PlantedTree {
    let sound: SourceTree
    let broken: SourceTree
    var count = 0

    init(seed: UInt64) throws {
      sound = try SourceTree()
      broken = try SourceTree()
      var random = SeededGenerator(seed: seed)
      for file in 0..<14 {
        let layout = random.int(0...3)
        // Without its closing brace, an entry of a dictionary would include the next ones.
        let flaws = RejectsReplayTests.flaws.filter { layout != 2 || $0.broken != #"{"a": 1"# }
        let flaw = flaws[random.int(0...flaws.count - 1)]
        let isSyntax = flaw.broken.contains("{") || flaw.broken.contains("\u{1}")
        var (good, bad): ([String], [String]) = ([], [])
        for number in 0..<(layout == 0 ? 1 : random.int(1...5)) {
          // In broken text, an entity has no place from which its id could be derived.
          let hasID = isSyntax && layout != 0 || random.chance(50)
          let id = hasID ? "\"id\": \"é\(file)/\(number)\", " : ""
          let text =
            "{\(id)\"name\": \"n\(number)\", \"ring_count\": 3, \"pattern_type\": \"generic\", "
            + "\"geometry\": {\"a\": 1}, \"kept\": \(number)}"
          good.append(text)
          bad.append(
            random.chance(50) ? text.replacingOccurrences(of: flaw.sound, with: flaw.broken) : text)
        }
        count += good.count
        let encoding = random.int(0...3)
        try RejectsReplayTests.write(good, layout, encoding, file, to: sound)
        try RejectsReplayTests.write(bad, layout, encoding, file, to: broken)
      }
    }
  }

  private static func write(
    _ entities: [String], _ layout: Int, _ encoding: Int, _ file: Int, to tree: SourceTree
  ) throws {
    let (text, ending) =
      switch layout {
      case 0: (" " + entities[0] + "\n", "json")
      case 1: ("[" + entities.joined(separator: " ,\n") + "]\n", "json")
      case 2:
        (
          "{"
            + entities.enumerated().map { number, text in "\"é\(file)/\(number)\": \(text)" }
            .joined(separator: ",") + "}", "json"
        )
      default: (entities.joined(separator: "\r\n"), "jsonl")
      }
    let bytes: [UInt8] =
      switch encoding {
      case 0: [0xEF, 0xBB, 0xBF] + Array(text.utf8)
      case 1: [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
      case 2: [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
      default: Array(text.utf8)
      }
    try tree.add("patterns/d\(file % 3)/f\(file).\(ending)", bytes)
  }

  /// Fixes every copy, and saves it as UTF-8, as an editor does.
  private func mend(_ directory: String) throws {
    for path in paths(directory) where !path.hasSuffix(".issues") && !path.hasSuffix(".txt") {
      let raw = try bytes(path)
      var text: String
      switch Array(raw.prefix(2)) {
      case [0xFF, 0xFE]: text = try #require(String(data: Data(raw), encoding: .utf16))
      case [0xFE, 0xFF]: text = try #require(String(data: Data(raw), encoding: .utf16))
      default: text = String(decoding: raw, as: UTF8.self)
      }
      for flaw in Self.flaws where flaw.broken != #"{"a": 1"# {
        text = text.replacingOccurrences(of: flaw.broken, with: flaw.sound)
      }
      text = text.replacingOccurrences(of: #"{"a": 1,"#, with: #"{"a": 1},"#)
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
  }

  @Test(arguments: UInt64(1)...12)
  func fixedRejectsGiveTheSameEntities(_ seed: UInt64) throws {
    let planted = try PlantedTree(seed: seed)
    try TemporaryDirectory.use { work in
      let expected = InMemoryStore()
      _ = try RecordedMigration(planted.sound, into: expected, options())
      let records = try StoreContent(of: expected).records
      #expect(records.count == planted.count)
      for (number, store) in try stores(work).enumerated() {
        let rejects = work.file("rejects\(number)")
        let first = try RecordedMigration(planted.broken, into: store, options(rejects: rejects))
        #expect(first.summary.rejects?.failure == nil)
        #expect(first.summary.rejects?.written == first.summary.statistics.total.failed)
        let again = work.file("again\(number)")
        let unmended = try RecordedMigration(rejects, into: store, options(rejects: again))
        #expect(unmended.summary.statistics.total.migrated == 0)
        #expect(unmended.errorCodes == first.errorCodes)
        // Rejects of the rejects can be fixed as well.
        let directory = seed.isMultiple(of: 2) ? rejects : again
        try mend(directory)
        let second = try RecordedMigration(directory, into: store, options())
        #expect(second.summary.statistics.total.failed == 0, "\(second.issues)")
        #expect(second.summary.statistics.total.skipped == 0)
        #expect(try StoreContent(of: store).records == records)
        let third = try RecordedMigration(directory, into: store, options())
        #expect(third.summary.statistics.total.skipped == third.summary.statistics.total.found)
      }
    }
  }

  // MARK: Any tree

  /// Copies have bytes of the source, and fail again for the same reasons.
  @Test(arguments: UInt64(1)...12)
  func copiesAreTheSourcesBytesAndFailAlike(_ seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    try TemporaryDirectory.use { work in
      for (number, store) in try stores(work).enumerated() {
        let rejects = work.file("rejects\(number)")
        let first = try RecordedMigration(tree.source, into: store, options(rejects: rejects))
        let summary = try #require(first.summary.rejects)
        #expect(summary.failure == nil && summary.notWritten == 0)
        #expect(summary.written == first.summary.statistics.total.failed)
        let issues = paths(rejects).filter { $0.hasSuffix(".issues") }
        #expect(issues.count == summary.written)
        let content = try StoreContent(of: store)
        let second = try RecordedMigration(rejects, into: store, options())
        let codes = Dictionary(
          second.outcomes.map { ("\($0.source)", [$0]) }, uniquingKeysWith: +)
        for path in issues {
          let json = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes(path))) as? [String: Any])
          guard let copy = json["copy"] as? String else { continue }
          let copyPath = (path as NSString).deletingLastPathComponent + "/" + copy
          let source = try bytes(tree.source.absolute(try #require(json["source"] as? String)))
          expectCopy(try bytes(copyPath), of: source, copyPath)
          // Only a comma may be missing before a rest, which is valid alone then.
          if copy.hasPrefix("~rest") { continue }
          let relative = String(copyPath.dropFirst(rejects.utf8.count + 1))
          let before = (json["issues"] as? [[String: Any]] ?? []).filter {
            $0["severity"] as? String == "error"
          }.compactMap { $0["code"] as? String }
          let after = codes[relative] ?? []
          #expect(after.contains { $0.outcome == .failed }, "\(relative)")
          let told = after.flatMap(\.codes)
          // In a file of its own, a syntax error may come before the bytes that are not UTF-8.
          let isText = before != ["input.encoding"] || !told.contains("json.syntax")
          #expect(
            !isText || Set(before).isSubset(of: Set(told)), "\(relative): \(before) \(after)")
        }
        // The entities that were migrated before are unchanged.
        let kept = try StoreContent(of: store).records
        #expect(Set(content.records).isSubset(of: Set(kept)))
      }
    }
  }

  /// Copies are read as entities of the same ids, whatever they look like.
  @Test(arguments: [
    ("patterns.json", #"[{"id":"p","ring_count":1,"geometry":{"a":1}}]"#),
    ("patterns.json", #"{"k":{"ring_count":1,"geometry":{"a":1}}}"#),
    ("patterns.jsonl", #"{"id":"p","ring_count":1,"geometry":{"a":1}}"#),
    ("patterns/a.json", #"{"k1":{"name":"n"},"k2":{"variants":[{"name":"A"},{"name":"B"}]}}"#),
    ("patterns/a.json", #"{"k1":{"name":"n"},"items":{}}"#),
    ("patterns/a.json", #"{"pattern":{"name":"n"},"rope":{"name":"n"}}"#),
    ("patterns/a.json", #"[{"rings":[{"a":1}]},{"name":"n"}]"#),
    ("patterns/a.json", #"{"rest":{"name":"n"},"y":{"name" "q"}}"#),
  ])
  func copiesFailUnderTheSameIDs(_ path: String, _ text: String) throws {
    let tree = try SourceTree([path: text])
    try TemporaryDirectory.use { work in
      let rejects = work.file("rejects")
      let store = InMemoryStore()
      let first = try RecordedMigration(tree, into: store, options(rejects: rejects))
      let again = try RecordedMigration(rejects, into: store, options())
      func failures(_ recorded: RecordedMigration) -> [String] {
        recorded.outcomes.filter { $0.outcome == .failed }.map { $0.id ?? "-" }.sorted()
      }
      #expect(!failures(first).isEmpty && failures(again) == failures(first), "\(again.issues)")
      #expect(again.outcomes.count == failures(first).count)
      #expect(!again.issues.contains { $0.code == .inputCopy })
    }
  }

  private func expectCopy(_ copy: [UInt8], of source: [UInt8], _ name: String) {
    if copy == source { return }
    let marks: [[UInt8]] = [[0xFF, 0xFE], [0xFE, 0xFF]]
    let isWide = marks.contains(Array(source.prefix(2)))
    let body = isWide ? copy.dropFirst(2) : copy[...]
    // The copy has bytes of the source between a short text before and after them.
    let data = Data(source)
    let longest = isWide ? 300 : 150
    let isThere = (0...min(longest, body.count)).contains { start in
      (0...(isWide ? 2 : 1)).contains { end in
        body.count >= start + end
          && (body.count == start + end
            || data.range(of: Data(body.dropFirst(start).dropLast(end))) != nil)
      }
    }
    #expect(isThere, "\(name)")
  }
}

extension RecordedMigration {
  /// The codes of all errors, sorted.
  fileprivate var errorCodes: [String] {
    issues.filter { $0.severity == .error }.map(\.code.rawValue).sorted()
  }
}
