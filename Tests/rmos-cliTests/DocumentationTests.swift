import Foundation
import RMOSTestSupport
import Testing

/// Every command that README and Documentation/ show after a prompt prints what they show.
///
/// The other commands are tested by `DocumentedCommandTests`.
@Suite(.waiting) struct DocumentationTests {
  static let documents: [Document] = Document.all.filter {
    !$0.session.steps.isEmpty && !$0.isOfAnExample
  }

  @Test(arguments: documents.filter(\.missingPrograms.isEmpty))
  func commandsPrintWhatIsShown(_ document: Document) throws {
    let server = try HookServer(.status(200))
    let workspace = try Workspace(as: .afterTheFirstCommand)
    let session = document.session
    let result = try Tool.shell(
      session.script, in: workspace,
      environment: workspace.programs.merging(["WEBHOOK_URL": server.url]) { $1 })
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
    // The server receives the post to each address in a document.
    let posts = session.steps.filter { $0.command.contains(/"\$\w+_URL\b/) }.count
    #expect(server.requests.count == posts)
  }

  /// `Scripts/test.sh` installs what the documents use where it can; elsewhere this says what was
  /// not run.
  @Test func whatTheDocumentsUseIsInstalled() {
    let incomplete = documents.filter { !$0.missingPrograms.isEmpty }
    withKnownIssue("programs are missing here, so not every document was run", isIntermittent: true)
    {
      for document in incomplete {
        Issue.record("\(document) was not run; install \(document.missingPrograms)")
      }
    }
  }

  private var documents: [Document] { Self.documents }

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
