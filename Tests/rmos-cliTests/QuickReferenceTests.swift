import Foundation
import RMOSTestSupport
import Testing

/// The quick reference has exactly the commands and options that exist.
@Suite(.waiting) struct QuickReferenceTests {
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

  /// The files that three runs after the README's first command leave, created once.
  private static let afterThreeRuns = Result {
    let workspace = try Workspace(as: .afterTheFirstCommand)
    let runs = """
      ln -s Examples/rmos_legacy legacy
      for run in 1 2; do rmos-cli migrate Examples/rmos_legacy --no-backup || exit; done
      rmos-cli migrate legacy --stats stats.json --no-backup
      """
    let result = try Tool.shell(runs, in: workspace, environment: workspace.programs)
    #expect(result.status == 0, "\(result.errors)")
    return try ["data/rmos.db", "stats.json"].map { name in
      (name, try Data(contentsOf: URL(fileURLWithPath: workspace.file(name))))
    }
  }

  @Test(.enabled(if: Tool.has("curl"), "curl is not installed"), arguments: commands)
  func everyCommandWorks(_ command: String) throws {
    let workspace = try Workspace(as: .afterTheFirstCommand)
    try workspace.write("#!/bin/sh\ncat >mail.txt\n", to: "bin/mail")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: workspace.file("bin/mail"))
    try FileManager.default.createSymbolicLink(
      atPath: workspace.file("legacy"), withDestinationPath: "Examples/rmos_legacy")
    let server = try HookServer(.status(200))
    try FileManager.default.createDirectory(
      atPath: workspace.file("data"), withIntermediateDirectories: true)
    for (name, contents) in try Self.afterThreeRuns.get() {
      try contents.write(to: URL(fileURLWithPath: workspace.file(name)))
    }
    if command.hasPrefix("rmos-cli migrate rejects") { try workspace.writeSmallTree("rejects") }
    let result = try Tool.shell(
      command.replacing(/\bURL\b/, with: server.url).replacing("CODE", with: "reference.missing")
        .replacing("=… ", with: "=secret "),
      in: workspace, environment: workspace.programs)
    // The entities exist already, so `--on-duplicate fail` refuses them.
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
