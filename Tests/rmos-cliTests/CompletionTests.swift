import Foundation
import Testing

/// Completion in the actual shells.
@Suite(.waiting) struct CompletionTests {
  /// Lines, with their completions.
  static let cases: [String: Set<String>] = [
    "rmos-cli mi": ["migrate"],
    "rmos-cli help st": ["status"],
    "rmos-cli completions ": ["bash", "zsh", "fish"],
    "rmos-cli migrate --on-d": ["--on-duplicate"],
    "rmos-cli migrate --on-duplicate s": ["skip"],
    "rmos-cli migrate --missing-id ": ["derive", "reject"],
    "rmos-cli migrate sh": ["shop"],
    "rmos-cli migrate --db shot.db sh": ["shop"],
    "rmos-cli migrate --db=shot.db sh": ["shop"],
    "rmos-cli migrate --atomic sh": ["shop"],
    "rmos-cli migrate -- sh": ["shop"],
    "rmos-cli migrate shop sh": [],
    "rmos-cli migrate --db sho": ["shop", "shot.db"],
    "rmos-cli migrate --batch-size s": [],
    "rmos-cli report sho": ["shop", "shot.db"],
    "rmos-cli report --format h": ["html"],
    "rmos-cli audit --format h": ["html"],
    "rmos-cli audit --rule reference.m": ["reference.missing"],
    "rmos-cli nothing s": [],
  ]

  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.write("", to: "shop/a file")
    try workspace.write("", to: "shot.db")
    return workspace
  }

  @Test(arguments: CompletingShell.allCases)
  func theShellOffersWhatTheTableDeclares(_ shell: CompletingShell) throws {
    if let obstacle = shell.obstacle { return skip(obstacle) }
    let offers = try shell.offers(for: Self.cases.keys.sorted(), in: workspace())
    for (line, expected) in Self.cases {
      // If nothing matches, zsh offers other possibilities.
      if shell == .zsh, expected.isEmpty { continue }
      #expect(offers[line] == expected, "\(shell): \(line)")
    }
  }

  @Test(arguments: CompletingShell.allCases)
  func everyCommandAndEveryOptionIsOffered(_ shell: CompletingShell) throws {
    if let obstacle = shell.obstacle { return skip(obstacle) }
    let workspace = try workspace()
    let help = try Tool.run(["help", "--json"], in: workspace).json
    let commands = try #require(help["commands"] as? [[String: Any]])
    var expected: [String: Set<String>] = ["rmos-cli ": []]
    for command in commands {
      let name = try #require(command["name"] as? String)
      let options = try #require(command["options"] as? [[String: Any]])
      expected["rmos-cli "]?.insert(name)
      expected["rmos-cli \(name) --"] = Set(options.compactMap { $0["name"] as? String })
    }
    let offers = try shell.offers(for: expected.keys.sorted(), in: workspace)
    for (line, words) in expected {
      let offered = offers[line]?.filter { $0.hasPrefix("--") == line.hasSuffix("--") }
      #expect(offered == words, "\(shell): \(line)")
    }
  }

  @Test(arguments: CompletingShell.allCases)
  func aValueAfterAnEqualsSignIsOffered(_ shell: CompletingShell) throws {
    if let obstacle = shell.obstacle { return skip(obstacle) }
    let line = "rmos-cli migrate --on-duplicate=s"
    let offers = try shell.offers(for: [line], in: workspace())
    // fish offers the whole word.
    #expect(offers[line] == (shell == .fish ? ["--on-duplicate=skip"] : ["skip"]))
  }

  @Test(arguments: CompletingShell.allCases)
  func aListGoesOnAfterItsComma(_ shell: CompletingShell) throws {
    if let obstacle = shell.obstacle { return skip(obstacle) }
    let line = "rmos-cli report --format json,"
    let offers = try shell.offers(for: [line], in: workspace())
    // zsh offers the part after the comma.
    #expect(
      offers[line] == (shell == .zsh ? ["text", "html"] : ["json,text", "json,html"]))
  }

  @Test func theScriptAsJSON() throws {
    let workspace = try Workspace()
    for shell in CompletingShell.allCases {
      let plain = try Tool.run(["completions", shell.rawValue], in: workspace)
      #expect(plain.status == 0 && plain.errors.isEmpty)
      let json = try Tool.run(["completions", shell.rawValue, "--json"], in: workspace).json
      #expect(json["script"] as? String == plain.output)
      #expect(json["shell"] as? String == shell.rawValue)
    }
  }

  private func skip(_ obstacle: String) {
    print("skipped: \(obstacle); with it, its completion is tested")
  }
}
