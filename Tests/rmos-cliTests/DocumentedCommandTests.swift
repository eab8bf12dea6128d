import Foundation
import RMOSTestSupport
import Testing

/// Commands that documents name without a prompt are valid, or run somewhere.
///
/// They stand in tables, in sentences, as a synopsis, in recipes for a service manager. Those of
/// `rmos-cli` are understood by it; every other one is run by some script, or is known to change
/// the machine it runs on.
@Suite(.waiting) struct DocumentedCommandTests {
  struct Command: CustomStringConvertible, Sendable {
    var place: String
    var text: String

    var description: String { "\(place): \(text)" }
    var isOurs: Bool { text.contains(/^([A-Z_]+=\S* )*rmos-cli\b/) }
  }

  /// The scripts that run the commands with a prefix.
  static let runners: KeyValuePairs = [
    ".ci/run": ".github/workflows/rmos_migration.yml",
    "Benchmarks/analytics.sh": "Scripts/check.sh",
    "Benchmarks/audit.sh": "Scripts/check.sh",
    "Benchmarks/lists.sh": "Scripts/check.sh",
    "Benchmarks/run.sh": "Scripts/check.sh",
    "Benchmarks/serve.sh": "Scripts/check.sh",
    "Scripts/check-install.sh": "Scripts/check.sh",
    "Scripts/check-package.sh": "Scripts/check.sh",
    "Scripts/check.sh": ".ci/run",
    "Scripts/docs.sh": "Scripts/check.sh",
    "Scripts/end-to-end.sh": "Scripts/check.sh",
    "Scripts/fuzz.sh": "Scripts/check.sh",
    "Scripts/install.sh": "Scripts/check-install.sh",
    "Scripts/package.sh": "Scripts/check-package.sh",
    "Scripts/postgres.sh": "Scripts/check.sh",
    "Scripts/rehearse.sh": "Scripts/check.sh",
    "Scripts/reliability.sh": "Scripts/check.sh",
    "Scripts/run.sh": "Scripts/check.sh",
    "Scripts/sanitize.sh": ".github/workflows/rmos_sanitizers.yml",
    "Scripts/test.sh": ".ci/run",
    "Scripts/uninstall.sh": "Scripts/check-install.sh",
    "curl": "Tests/RMOSDashboardTests/API/HTTPDocumentationTests.swift",
    "swift format lint": "Scripts/check.sh",
    "swift test": "Scripts/check.sh",
  ]

  /// What nothing runs, as it changes users, services, snapshots or sources, fetches packages, or
  /// needs a server of its own.
  static let notRun = [
    "Benchmarks/compare.sh ", "Benchmarks/postgres.sh",
    "RMOS_UPDATE_SNAPSHOTS=1 swift test --filter HelpTests",
    "curl http://127.0.0.1:8080/",
    "journalctl -u ", "launchctl bootstrap ", "launchctl kickstart ", "sudo cp ", "sudo dpkg ",
    "sudo systemctl ", "sudo tar ", "sudo useradd ", "swift format -i ",
    "swift run --package-path Packages/RMOSPostgres ", "swift run hummingbird-server ",
  ]

  static let commands: [Command] = Document.all.flatMap(\.commands)

  @Test(arguments: commands.filter(\.isOurs))
  func theProgramUnderstandsWhatIsWritten(_ command: Command) throws {
    let workspace = try Workspace(as: .afterTheFirstCommand)
    // No command reaches other machines.
    try workspace.write("#!/bin/sh\nexit 22\n", to: "bin/curl")
    let result = try Tool.shell(
      "chmod +x bin/curl; " + command.withValues, in: workspace, environment: workspace.programs)
    #expect(![2, 126, 127].contains(result.status), "\(command) \(result.errors)")
  }

  @Test(arguments: commands.filter { !$0.isOurs })
  func everyOtherCommandIsRunSomewhere(_ command: Command) throws {
    if Self.notRun.contains(where: { command.text.hasPrefix($0) }) { return }
    let runner = try #require(
      Self.runners.first { command.text.hasPrefix($0.key) }, "nothing runs \(command)")
    let text = FileManager.default.contents(atPath: "\(Fixtures.package)/\(runner.value)")
    let isNamed = String(decoding: text ?? Data(), as: UTF8.self).contains(runner.key)
    #expect(isNamed, "\(runner.value) does not run \(runner.key)")
  }

  @Test func nothingIsListedThatNoDocumentNames() {
    for start in Self.notRun + Self.runners.map(\.key) {
      #expect(Self.commands.contains { $0.text.hasPrefix(start) }, "\(start)")
    }
  }

  @Test func commandsAreFoundInBlocksTablesAndSentences() {
    let document = Document(
      path: "a.md",
      text: """
        Say `rmos-cli audit --db FILE`, or `Scripts/run.sh`; `rmos-cli` is the program.

            $ rmos-cli status
            Next: rmos-cli runs
            rmos-cli export [DIR] [options]

        | `rmos-cli completions bash\\|zsh` | `serve` |
        """)
    #expect(
      document.commands.map(\.text) == [
        "rmos-cli audit --db FILE", "Scripts/run.sh", "rmos-cli export [DIR] [options]",
        "rmos-cli completions bash|zsh",
      ])
    #expect(
      document.commands.map(\.withValues) == [
        "rmos-cli audit --db new", "Scripts/run.sh", "rmos-cli export",
        "rmos-cli completions bash",
      ])
  }
}

extension DocumentedCommandTests.Command {
  /// The command with values in place of placeholders, without what may be left out, and without
  /// what it is piped into.
  fileprivate var withValues: String {
    var text = self.text.replacing(/\ \[[^\]]*\]/, with: "").replacing(/\ \| .*/, with: "")
    text = text.replacing(/(?<word>[a-z-]+)(\|[a-z-]+)+/) { String($0.output.word) }
    let values = [
      "SOURCE": "Examples/rmos_legacy", "DIR": "new", "FILE": "new", "DATABASE": "rmos.db",
      "COMMAND": "migrate", "CODE": "reference.missing", "N": "1", "RUN": "1",
      "URL": "http://127.0.0.1:9/", "STATS.json": "stats.json", "…": "secret",
    ]
    for (placeholder, value) in values {
      text = text.split(separator: " ", omittingEmptySubsequences: false)
        .map { $0 == placeholder ? value : String($0) }.joined(separator: " ")
    }
    return text.replacing("=… ", with: "=secret ")
  }
}

extension Document {
  /// The commands without a prompt.
  fileprivate var commands: [DocumentedCommandTests.Command] {
    var commands: [DocumentedCommandTests.Command] = []
    var fence: Substring?
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      let place = "\(path):\(index + 1)"
      if line.hasPrefix("```") {
        fence = fence == nil ? line.dropFirst(3) : nil
      } else if line.hasPrefix("    ") || fence != nil {
        let code = line.trimmingCharacters(in: .whitespaces)
        if ["swift", "json"].contains(fence) || !code.isCommand { continue }
        commands.append(.init(place: place, text: code))
      } else if !line.hasPrefix("<!--") {
        for span in line.matches(of: /`([^`]+)`/).map({ $0.1.replacing("\\|", with: "|") })
        where String(span).isCommand {
          commands.append(.init(place: place, text: String(span)))
        }
      }
    }
    return commands
  }
}

extension String {
  /// Whether a line begins like a command in the documents.
  fileprivate var isCommand: Bool {
    contains(
      /^([A-Z_]+=\S* )*((rmos-cli|swift|curl|sqlite3|sudo|journalctl|launchctl|jq) |(Scripts|Benchmarks)\/\S+\.sh\b|\.ci\/run$)/
    )
  }
}
