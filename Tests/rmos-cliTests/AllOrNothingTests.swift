import Foundation
import Testing

/// A file under its final name is complete, whenever the process that writes it is killed.
@Suite(.waiting) struct AllOrNothingTests {
  /// A workspace with the database of a large tree.
  private func migrated() throws -> Workspace {
    let workspace = try Workspace()
    try Self.database.get().write(to: URL(fileURLWithPath: workspace.file("x.db")))
    return workspace
  }

  private static let database = Result {
    let workspace = try Workspace()
    try workspace.writeLargeTree(
      familyCount: 100, patternCount: 300, jobCount: 600)
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db", "-q"], in: workspace)
    return try Data(contentsOf: URL(fileURLWithPath: workspace.file("x.db")))
  }

  /// Starts a command, and kills it some time after `isAtWork`, a little later each time.
  ///
  /// - Returns: Whether the process was killed before its end.
  private func kill(
    _ number: Int, _ arguments: [String], in workspace: Workspace, after isAtWork: () -> Bool
  ) throws -> Bool {
    let tool = try RunningTool(arguments, in: workspace)
    try tool.waitIfRunning(until: "it is at work", isAtWork)
    usleep(UInt32(number) * 10_000)
    tool.send(SIGKILL)
    return try tool.wait().status == 128 + SIGKILL
  }

  /// Stops a command once `isAtWork`, does `work`, and lets it go on; nil where it was too fast.
  private func stop(
    _ arguments: [String], in workspace: Workspace, while isAtWork: () -> Bool,
    _ work: () throws -> Void
  ) throws -> Tool.Result? {
    let tool = try RunningTool(arguments, in: workspace)
    try tool.waitIfRunning(until: "it is at work", isAtWork)
    try tool.stop()
    guard tool.isRunning, isAtWork() else {
      tool.send(SIGCONT)
      _ = try tool.wait()
      return nil
    }
    try work()
    tool.send(SIGCONT)
    return try tool.wait()
  }

  private func code(_ result: Tool.Result) throws -> String? {
    (try result.json["error"] as? [String: Any])?["code"] as? String
  }

  // MARK: Trees

  @Test(arguments: [["export", "tree", "--db", "x.db"], ["sample", "tree", "--count", "1000"]])
  func aKilledTreeIsNotThereAndTheNextIsWhole(_ arguments: [String]) throws {
    let workspace = try migrated()
    #expect(try Tool.run(arguments, in: workspace).status == 0)
    try FileManager.default.moveItem(
      atPath: workspace.file("tree"), toPath: workspace.file("whole"))
    for number in 0..<5 {
      // Leftovers of the previous kill must not count as those of this command.
      try? FileManager.default.removeItem(atPath: workspace.file(".tree.incomplete-1"))
      let isKilled = try kill(number, arguments, in: workspace) {
        workspace.exists(".tree.incomplete-1") || workspace.exists("tree")
      }
      // The command may have been killed after the rename.
      if workspace.exists("tree") {
        #expect(try Tool.shell("diff -r whole tree", in: workspace).status == 0)
        try FileManager.default.removeItem(atPath: workspace.file("tree"))
      } else {
        #expect(isKilled && workspace.exists(".tree.incomplete-1"))
      }
    }
    // The leftovers of a killed command do not hinder the next one, which removes them.
    try workspace.write("half", to: ".tree.incomplete-1/patterns/half.json")
    #expect(try Tool.run(arguments, in: workspace).status == 0)
    #expect(try Tool.shell("diff -r whole tree", in: workspace).status == 0)
    #expect(!workspace.exists(".tree.incomplete-1"))
  }

  @Test(arguments: [["export", "tree", "--db", "x.db"], ["sample", "tree"]])
  func whatAnotherProcessIsWritingIsLeftAlone(_ arguments: [String]) throws {
    guard Tool.has("flock") else { return }
    let workspace = try migrated()
    let result = try Tool.shell(
      """
      mkdir -p .tree.incomplete-1/patterns && touch .tree.incomplete-1/patterns/p && \
      flock .tree.incomplete-1 "$CLI" \(arguments.joined(separator: " "))
      """, in: workspace)
    #expect(result.status == 0)
    #expect(workspace.exists("tree/patterns"))
    #expect(workspace.exists(".tree.incomplete-1/patterns/p"))
    #expect(!workspace.exists(".tree.incomplete-2"))
  }

  @Test func anEmptyDirectoryIsReplacedAndKeepsItsRights() throws {
    let workspace = try migrated()
    let result = try Tool.shell(
      """
      mkdir -m 711 tree place && ln -s place link
      "$CLI" export tree/ --db x.db && "$CLI" export link --db x.db && stat -c %a tree place
      """, in: workspace)
    #expect(result.status == 0)
    #expect(result.output.hasSuffix("711\n711\n"))
    #expect(workspace.exists("place/patterns/p1.json"))
    let here = try Tool.shell(
      "mkdir here && cd here && \"$CLI\" export . --db ../x.db --json", in: workspace)
    #expect(try here.status == 3 && code(here) == "export.unwritable")
    #expect(workspace.listing.filter { $0.contains("incomplete") }.isEmpty)
  }

  /// Changes to the directory of an export while it is being written.
  enum Interference: CaseIterable {
    case parentRenamed, parentReplaced, stagingRemoved, placeFilled, placeReplaced
  }

  @Test(arguments: Interference.allCases)
  func whatIsNotInItsPlaceIsNoSuccess(_ interference: Interference) throws {
    let workspace = try migrated()
    let manager = FileManager.default
    var result: Tool.Result?
    for _ in 0..<20 where result == nil {
      try? manager.removeItem(atPath: workspace.file("up"))
      try manager.createDirectory(
        atPath: workspace.file("up/tree"), withIntermediateDirectories: true)
      result = try stop(
        ["export", "up/tree", "--db", "x.db", "--json"], in: workspace,
        while: { workspace.exists("up/.tree.incomplete-1/strip_families") }
      ) {
        let (up, tree) = (workspace.file("up"), workspace.file("up/tree"))
        switch interference {
        case .parentRenamed: try manager.moveItem(atPath: up, toPath: workspace.file("away"))
        case .parentReplaced:
          try manager.moveItem(atPath: up, toPath: workspace.file("away"))
          try manager.createDirectory(atPath: tree, withIntermediateDirectories: true)
        case .stagingRemoved:
          try manager.moveItem(
            atPath: workspace.file("up/.tree.incomplete-1"), toPath: workspace.file("away"))
        case .placeFilled: try workspace.write("mine", to: "up/tree/notes.txt")
        case .placeReplaced:
          try manager.moveItem(atPath: tree, toPath: workspace.file("away"))
          try manager.createDirectory(atPath: tree, withIntermediateDirectories: true)
        }
      }
    }
    let found = try #require(result)
    #expect(found.status == 3)
    let expected = interference == .placeFilled ? "export.not-empty" : "export.unwritable"
    #expect(try code(found) == expected)
    #expect(!workspace.exists("up/tree/patterns"))
  }

  // MARK: Rejects

  /// Whenever a run is killed, what is visible is from it or from the one before, and the next run
  /// takes the directory for its own.
  @Test(arguments: RejectsMoment.allCases)
  func killedRejectsAreTheOldOrTheNewOnes(_ moment: RejectsMoment) throws {
    let workspace = try Workspace()
    func write(_ number: Int, _ note: String) throws {
      try workspace.write(
        #"{"id": "p\#(number)", "ring_count": 0, "note": "\#(note)"}"#,
        to: "legacy/patterns/\(number).json")
    }
    // In the first run the first 120 fail, in the second the last 120.
    for number in 0..<120 { try write(number, "old") }
    let arguments = ["migrate", "legacy", "--db", "x.db", "--rejects", "rejects", "--batch-size"]
    #expect(try Tool.run(arguments + ["20", "-q"], in: workspace).status == 1)
    let list = try workspace.text("rejects/SHA256SUMS")
    for number in 0..<40 {
      try workspace.write(
        #"{"id": "p\#(number)", "name": "n", "ring_count": 1, "geometry": {"a": 1}}"#,
        to: "legacy/patterns/\(number).json")
    }
    for number in 40..<160 { try write(number, "new \(moment)") }
    // When exactly the process is killed is a matter of chance.
    for turn in 0..<4 {
      let tool = try RunningTool(arguments + ["20"], in: workspace)
      try tool.waitIfRunning(until: "the moment has come") { moment.hasCome(workspace, list) }
      usleep(UInt32(turn) * 1_500)
      tool.send(SIGKILL)
      _ = try tool.wait()
      var visible = 0
      for name in workspace.listing
      where name.hasPrefix("rejects/patterns/") && name.hasSuffix(".json") {
        visible += 1
        let text = try workspace.text(name)
        #expect(text.contains("old") || text.contains("new \(moment)"), "\(name)")
        #expect(text.hasSuffix("}"), "\(name)")
      }
      // Entities that fail in both runs always have a reject.
      #expect(visible >= 120)
      let dry = try Tool.run(
        ["migrate", "legacy", "--db", "x.db", "--rejects", "rejects", "--dry-run", "-q"],
        in: workspace)
      #expect(dry.status == 1, "\(dry.errors)")
    }
    let last = try Tool.run(arguments + ["20", "--json"], in: workspace)
    #expect(last.status == 1)
    let names = workspace.listing.filter { $0.hasPrefix("rejects/") }
    #expect(names.count == 3 + 240, "\(names.prefix(5))")
    for number in 40..<160 {
      #expect(try workspace.text("rejects/patterns/\(number).json").contains("new \(moment)"))
    }
    #expect(try workspace.text("rejects/SHA256SUMS").split(separator: "\n").count == 1 + 241)
  }

  enum RejectsMoment: CaseIterable {
    case writing, written, listed, moved, obsoleteRemoved

    func hasCome(_ workspace: Workspace, _ list: String) -> Bool {
      switch self {
      case .writing: workspace.exists("rejects/.incoming/patterns")
      case .written: workspace.exists("rejects/.incoming/patterns/159.json.issues")
      case .listed: (try? workspace.text("rejects/SHA256SUMS")) != list
      case .moved: workspace.exists("rejects/patterns/159.json.issues")
      case .obsoleteRemoved: !workspace.exists("rejects/patterns/0.json")
      }
    }
  }

  @Test func aDirectoryWithNothingButWhatAKilledRunWasWritingIsEmpty() throws {
    let workspace = try Workspace()
    try workspace.writeBrokenPattern()
    try workspace.write("half", to: "rejects/.incomplete")
    let result = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "--rejects", "rejects"], in: workspace)
    #expect(result.status == 1)
    #expect(!workspace.exists("rejects/.incomplete"))
    #expect(workspace.exists("rejects/patterns/p2.json.issues"))
  }

  @Test(arguments: [true, false])
  func rejectsInADirectoryThatWentAreNoSuccess(_ isReplaced: Bool) throws {
    let workspace = try Workspace()
    try workspace.write(
      String(repeating: "{\n", count: 600), to: "legacy/patterns/all.jsonl")
    var result: Tool.Result?
    for turn in 0..<20 where result == nil {
      try? FileManager.default.removeItem(atPath: workspace.file("rejects"))
      result = try stop(
        [
          "migrate", "legacy", "--db", "x\(turn).db", "--rejects", "rejects", "--batch-size",
          "10", "--json",
        ], in: workspace, while: { workspace.exists("rejects/.incoming/README.txt") }
      ) {
        try FileManager.default.moveItem(
          atPath: workspace.file("rejects"), toPath: workspace.file("away\(turn)"))
        if isReplaced { try workspace.write("mine", to: "rejects/mine.txt") }
      }
    }
    let found = try #require(result)
    #expect(try found.status == 3 && code(found) == "rejects.unwritable")
    let rejects = (try found.json["run"] as? [String: Any])?["rejects"] as? [String: Any]
    #expect(rejects?["written"] as? Int == 0 && rejects?["not_written"] as? Int == 600)
  }

  // MARK: Files

  private static let outputs = [
    ["report", "--db", "x.db", "--format", "json", "--output", "out"],
    ["audit", "--db", "x.db", "--output", "out/migration_report_1.json"],
    ["audit", "--db", "x.db", "--repair-plan", "out/migration_report_1.json"],
    ["audit", "--db", "x.db", "--badge", "out/migration_report_1.json"],
    ["migrate", "legacy", "--db", "x.db", "--stats", "out/migration_report_1.json"],
  ]

  @Test(arguments: outputs)
  func aKilledReportIsTheOldOneOrTheNewOne(_ arguments: [String]) throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db", "-q"], in: workspace)
    let file = "out/migration_report_1.json"
    try workspace.write("old", to: file)
    for number in 0..<8 {
      let tool = try RunningTool(arguments, in: workspace)
      usleep(UInt32(number) * 4_000)
      tool.send(SIGKILL)
      _ = try tool.wait()
      let text = try workspace.text(file)
      #expect(text == "old" || text.hasSuffix("\n") && text.utf8.count > 20)
    }
    // The leftovers of killed processes, whatever their ids, do not hinder the next, which removes
    // them.
    try workspace.write("half", to: "out/.migration_report_1.json.tmp-1")
    #expect(try Tool.run(arguments, in: workspace).status == 0)
    #expect(try workspace.text(file) != "old")
    #expect(workspace.listing.filter { $0.hasPrefix("out/") } == [file])
  }

  @Test func aReportThatAnotherProcessIsWritingIsLeftAlone() throws {
    guard Tool.has("flock") else { return }
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    try workspace.write("half", to: ".a.txt.tmp-1")
    let result = try Tool.shell(
      "flock .a.txt.tmp-1 \"$CLI\" audit --db x.db --output a.txt", in: workspace)
    #expect(result.status == 0)
    #expect(try workspace.text(".a.txt.tmp-1") == "half")
    #expect(try !workspace.text("a.txt").isEmpty && !workspace.exists(".a.txt.tmp-2"))
  }

  @Test func rightsAndLinksOfOnesOwnStay() throws {
    let workspace = try Workspace()
    _ = try Tool.run(["init", "--db", "x.db"], in: workspace)
    let result = try Tool.shell(
      """
      umask 027; mkdir real; touch real/old.txt; chmod 604 real/old.txt; ln -s real/old.txt link
      ln -s ../work/real/new.txt other
      for name in link other plain; do "$CLI" audit --db x.db --output $name -q; done
      test -L link && test -L other && test -s real/old.txt && test -s real/new.txt
      echo $?; stat -c %a real/old.txt real/new.txt plain; ls -A real
      """, in: workspace)
    #expect(result.output == "0\n604\n640\n640\nnew.txt\nold.txt\n")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can make links for others"))
  func linksOfOthersInSharedDirectoriesAreNotFollowed() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    _ = try Tool.run(["migrate", "legacy", "--db", "x.db", "-q"], in: workspace)
    let prepared = try Tool.shell(
      """
      mkdir -m 1777 shared; mkdir -m 755 safe; echo precious > victim; mkfifo shared/pipe
      ln -s ../victim shared/link; ln -s ../victim safe/link; ln -s .. shared/up
      chown -h 65534 shared/link safe/link shared/up shared/pipe
      """, in: workspace)
    #expect(prepared.status == 0)
    let options = [
      ["audit", "--output"], ["audit", "--repair-plan"], ["audit", "--badge"],
      ["migrate", "legacy", "--stats"],
    ]
    for path in ["shared/link", "shared/up/victim", "shared/pipe"] {
      for option in options {
        let result = try Tool.run(option + [path, "--db", "x.db", "--json"], in: workspace)
        #expect(result.status == 3, "\(option) \(path)")
        #expect(try code(result) == "output.unwritable")
      }
    }
    #expect(try workspace.text("victim") == "precious\n")
    // If only the owner can make links in the directory, the link is followed.
    let result = try Tool.run(["audit", "--db", "x.db", "--output", "safe/link"], in: workspace)
    #expect(result.status == 0)
    #expect(try workspace.text("victim") != "precious\n")
  }
}
