import Foundation
import RMOSTestSupport
import Testing

/// Every command that README and Documentation/ show is run, and prints what they show.
@Suite struct DocumentationTests {
  static let documents: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: Fixtures.package + "/Documentation")
    let pages = (names ?? []).filter { $0.hasSuffix(".md") }.sorted().map { "Documentation/\($0)" }
    return ["README.md"] + pages
  }()

  @Test(arguments: documents)
  func commandsPrintWhatIsShown(_ document: String) throws {
    let text = try String(
      contentsOf: URL(fileURLWithPath: "\(Fixtures.package)/\(document)"), encoding: .utf8)
    let session = DocumentSession(text)
    guard !session.steps.isEmpty else { return }
    let workspace = try self.workspace()
    let result = try Tool.shell(
      session.script, in: workspace,
      environment: [
        "PATH": workspace.file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""),
        "RMOS_CLI": Tool.path,
      ])
    let outputs = result.output.components(separatedBy: "\u{1E}")
    #expect(outputs.count == session.steps.count + 1, "\(result.output)\(result.errors)")
    for (step, output) in zip(session.steps, outputs) {
      guard let shown = step.shown, !shown.isEmpty else { continue }
      let printed = steady(output.replacingOccurrences(of: workspace.path, with: "/srv/shop"))
      #expect(
        matches(shown: steady(shown.joined(separator: "\n"))[...], printed: printed[...]),
        """
        \(document):\(step.line): $ \(step.command)
        printed:
        \(output)
        """)
    }
  }

  /// What a reader has after the README's first command: the package, and the built program.
  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    for name in ["Examples", "Scripts", "Tests"] {
      try FileManager.default.createSymbolicLink(
        atPath: workspace.file(name), withDestinationPath: "\(Fixtures.package)/\(name)")
    }
    for directory in ["bin", ".build/release"] {
      try FileManager.default.createDirectory(
        atPath: workspace.file(directory), withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: workspace.file("\(directory)/rmos-cli"), withDestinationPath: Tool.path)
    }
    _ = try Tool.run(["migrate", "Examples/rmos_legacy", "--db", "rmos.db"], in: workspace)
    return workspace
  }

  @Test func aPageWithoutCommandsHasNoSteps() {
    #expect(DocumentSession("text\n\n    code\n\n```swift\nlet a = 1\n```\n").steps.isEmpty)
  }

  @Test func commandsAndTheirOutputAreTakenApart() {
    let session = DocumentSession(
      """
      <!-- run: true -->

          $ one \\
          > two
          out

          more

      Text.

      ```console
      $ three
      ```
      """)
    #expect(session.steps.map(\.command) == ["true", "one \\\ntwo", "three"])
    #expect(session.steps.map(\.line) == [1, 3, 12])
    #expect(session.steps.map(\.shown) == [nil, ["out", "", "more"], []])
  }

  @Test func anEllipsisStandsForLinesAndForTheRestOfOne() {
    func match(_ shown: [String], _ printed: [String]) -> Bool {
      matches(shown: shown[...], printed: printed[...])
    }
    #expect(match(["a", "…", "c"], ["a", "b", "b", "c"]))
    #expect(match(["a", "…"], ["a"]))
    #expect(match(["ab…"], ["abc"]))
    #expect(!match(["a", "…", "c"], ["a", "b"]))
    #expect(!match(["a"], ["a", "b"]))
    #expect(!match(["a", "b"], ["a"]))
  }
}
