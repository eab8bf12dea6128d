import Foundation
import RMOSModels
import RMOSTestSupport
import Testing

@Suite struct IssueTests {
  private func random(_ random: inout SeededGenerator) -> RMOSModels.Issue {
    func number(_ random: inout SeededGenerator) -> Int? {
      random.chance(70) ? random.int(0...1 << 40) : nil
    }
    func text(_ random: inout SeededGenerator) -> String? {
      random.chance(70) ? random.pick(["", "5", "é/~\u{1F3B8}", "\u{0}\"\\", "a\u{301}"]) : nil
    }
    let locators: [Locator?] = [
      nil, .index(random.int(0...9)), .line(random.int(0...9)), .key("\(random.int(0...9))"),
    ]
    return RMOSModels.Issue(
      severity: random.pick(Severity.allCases), code: IssueCode(rawValue: "own.code"),
      kind: random.pick([nil, .patterns, .stripFamilies, .joblogs]), id: text(&random),
      source: text(&random), locator: random.pick(locators), line: number(&random),
      column: number(&random), offset: number(&random), pointer: text(&random),
      message: text(&random) ?? "")
  }

  /// Lines and indices are both numbers, and keys may look like numbers.
  @Test func issuesComeBackFromTheirCodableForm() throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<300 {
      let issue = random(&generator)
      let data = try JSONEncoder().encode(issue)
      #expect(try JSONDecoder().decode(RMOSModels.Issue.self, from: data) == issue)
    }
  }
}
