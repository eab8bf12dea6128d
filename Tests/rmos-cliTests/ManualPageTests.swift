import Foundation
import Testing

/// The manual page.
@Suite(.waiting) struct ManualPageTests {
  private func page(in workspace: Workspace) throws -> String {
    let result = try Tool.run(["man"], in: workspace)
    #expect(result.status == 0 && result.errors.isEmpty)
    try workspace.write(result.output, to: "rmos-cli.1")
    return result.output
  }

  @Test func itExplainsEveryCommandAndEveryOption() throws {
    let workspace = try Workspace()
    let plain = try page(in: workspace).replacing("\\-", with: "-").replacing("\\fR", with: "")
    let help = try Tool.run(["help", "--json"], in: workspace).json
    for command in try #require(help["commands"] as? [[String: Any]]) {
      let usage = try #require(command["usage"] as? String)
      #expect(plain.contains(".SS \"\(usage)\"\n"))
      for option in try #require(command["options"] as? [[String: Any]]) {
        let name = try #require(option["name"] as? String)
        #expect(plain.contains(name), "\(usage): \(name)")
      }
    }
    let version = try Tool.run(["--version"], in: workspace).output.dropLast()
    #expect(plain.hasPrefix(".TH \"RMOS-CLI\" 1 "))
    #expect(plain.prefix { $0 != "\n" }.contains("\"\(version)\""))
  }

  @Test func aproposFindsItsName() throws {
    let lines = try page(in: Workspace()).split(separator: "\n")
    let name = try #require(lines.firstIndex(of: ".SH \"NAME\""))
    #expect(lines[name + 1].hasPrefix("rmos\\-cli \\- migrates "))
    #expect(lines[name + 2].hasPrefix(".SH"))
  }

  @Test func itExplainsEveryVariableThatIsRead() throws {
    let workspace = try Workspace()
    let plain = try page(in: workspace).replacing("\\-", with: "-")
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
    var names: Set<String> = []
    for case let file as URL in try #require(files) where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      names.formUnion(text.matches(of: /variable\("(\w+)"\)/).map { String($0.1) })
    }
    #expect(names.isSuperset(of: ["RMOS_DB_PATH", "RMOS_TOKEN", "NO_COLOR"]))
    // The paths of programs depend on the system.
    for name in names.subtracting(["PATH"]) { #expect(plain.contains("\\fB\(name)"), "\(name)") }
  }

  @Test func itIsPlainASCIIInShortLines() throws {
    let lines = try page(in: Workspace()).split(separator: "\n")
    #expect(lines.count > 100)
    for line in lines {
      #expect(line.utf8.allSatisfy { 0x20...0x7E ~= $0 }, "\(line)")
      // Lines that begin with a dot are requests, and only these are used.
      #expect(
        !line.hasPrefix(".") || line.wholeMatch(of: /\.(TH|SH|SS) .*|\.(PP|TP|nh)|\.ad l/) != nil,
        "\(line)")
      #expect(!line.hasPrefix("'"), "\(line)")
    }
  }

  @Test(arguments: [
    ("groff", "groff -man -ww -z rmos-cli.1"), ("mandoc", "mandoc -Tlint -Wwarning rmos-cli.1"),
  ])
  func theFormatterHasNothingToSay(_ formatter: String, _ command: String) throws {
    guard Tool.has(formatter) else {
      print("skipped: there is no \(formatter) here; install it to check the page")
      return
    }
    let workspace = try Workspace()
    _ = try page(in: workspace)
    let result = try Tool.shell(command, in: workspace)
    #expect(result.status == 0)
    #expect(result.output.isEmpty && result.errors.isEmpty, "\(result.output)\(result.errors)")
  }

  @Test func theOrderOfWordsStaysWhatItIsOnceFormatted() throws {
    guard Tool.has("groff") else {
      print("skipped: there is no groff here; install it to check the page")
      return
    }
    let workspace = try Workspace()
    _ = try page(in: workspace)
    let result = try Tool.shell(
      #"groff -man -Tascii -P-c -P-b -P-u rmos-cli.1 | tr -s ' \n' ' '"#, in: workspace)
    let said = [
      "shop's applications", "--on-duplicate skip|update|fail If the id is already in the database",
      "source <(rmos-cli completions bash)",
      "rmos-cli completions zsh > ~/.zsh/functions/_rmos-cli",
      "-q, --quiet Print only errors", "130 interrupted",
    ]
    for words in said { #expect(result.output.contains(words), "\(words)") }
  }

  @Test func thePageAsJSON() throws {
    let workspace = try Workspace()
    let json = try Tool.run(["man", "--json"], in: workspace).json
    #expect(json["roff"] as? String == (try page(in: workspace)))
  }
}
