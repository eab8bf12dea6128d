import Foundation
import RMOSTestSupport
import Testing

/// The quick reference names every command and option there is, and no other.
@Suite struct QuickReferenceTests {
  static let page: String = {
    let url = URL(fileURLWithPath: Fixtures.package + "/Documentation/QuickReference.md")
    return (try? String(contentsOf: url, encoding: .utf8)) ?? ""
  }()

  @Test(arguments: HelpTests.commands)
  func everyOptionIsThere(_ command: String) throws {
    #expect(Self.page.contains("rmos-cli \(command)"))
    let help = try Tool.run(["help", command], in: Workspace()).output
    let options = help.matches(of: /(?m)^ +(?:-\w, )?(--[a-z-]+)/).map { String($0.1) }
    #expect(!options.isEmpty)
    for option in options where option != "--help" {
      #expect(Self.page.contains(option), "\(command) \(option)")
    }
  }

  /// The commands in the tables' second column, in their order.
  static let commands: [String] = page.components(separatedBy: "\n").flatMap { line -> [String] in
    let cells = line.components(separatedBy: " | ")
    guard line.hasPrefix("| "), cells.count > 1 else { return [] }
    return cells[1...].joined(separator: " | ").matches(of: /`((?:\w+=\S+ )?rmos-cli [^`]+)`/)
      .map { String($0.1) }
  }

  @Test(.enabled(if: Tool.has("curl"), "curl is not installed"), arguments: commands)
  func everyCommandWorks(_ command: String) throws {
    let workspace = try Workspace(as: .afterTheFirstCommand)
    try workspace.write("#!/bin/sh\ncat >mail.txt\n", to: "bin/mail")
    let server = try HookServer(.status(200))
    let preparation = """
      chmod +x bin/mail
      ln -s Examples/rmos_legacy legacy
      for run in 1 2; do rmos-cli migrate Examples/rmos_legacy --no-backup; done
      rmos-cli migrate legacy --stats stats.json --no-backup
      """
    let environment = workspace.programs
    #expect(try Tool.shell(preparation, in: workspace, environment: environment).status == 0)
    if command.hasPrefix("rmos-cli migrate rejects") { try workspace.writeSmallTree("rejects") }
    let result = try Tool.shell(
      command.replacing(/\bURL\b/, with: server.url).replacing("CODE", with: "reference.missing")
        .replacing("=… ", with: "=secret "),
      in: workspace, environment: environment)
    // What is there already is what that one is to refuse.
    let expected: Int32 = command.hasSuffix("--on-duplicate fail") ? 1 : 0
    #expect(result.status == expected, "\(result.output)\(result.errors)")
  }

  @Test func noOptionIsThereThatIsNot() throws {
    var known: Set<Substring> = []
    for command in HelpTests.commands {
      let help = try Tool.run(["help", command], in: Workspace()).output
      known.formUnion(help.matches(of: /--[a-z-]+/).map(\.0))
    }
    let named = Set(Self.page.matches(of: /--[a-z][a-z-]*/).map(\.0))
    #expect(named.subtracting(known) == [])
  }
}
