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
