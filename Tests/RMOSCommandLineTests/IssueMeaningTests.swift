import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSCommandLine

/// The meanings of issue codes on the manual page.
@Suite struct IssueMeaningTests {
  @Test func theMeaningsAreThoseOfTheDocumentation() throws {
    let url = URL(fileURLWithPath: Fixtures.package + "/Documentation/Input.md")
    let text = try String(contentsOf: url, encoding: .utf8)
    let section = try #require(text.components(separatedBy: "\n## Issues\n").last)
    let rows = section.matches(of: /(?m)^\| (`.*?) \| (.*) \|$/).map { row in
      [String(row.1), String(row.2)].map {
        $0.replacing("; see [Database](Database.md)", with: "").replacing("`", with: "")
          .replacing(/\[([^\]]*)\]\([^)]*\)/) { String($0.output.1) }
      }
    }
    #expect(rows.count > 20)
    #expect(IssueMeanings.table.map { [$0.codes, $0.meaning] } == rows)
  }
}
