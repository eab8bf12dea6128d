import Foundation
import RMOSModels
import RMOSStore
import Testing

@testable import RMOSMigration

/// Reports in each format.
@Suite struct ReportFormatTests {
  @Test(arguments: ReportFormat.allCases)
  func theReportOfARunIsAsInTheSnapshot(_ format: ReportFormat) throws {
    try expectSnapshot(
      ReportSamples.report().document(as: format), "report-run.\(format.fileExtension)")
  }

  @Test(arguments: ReportFormat.allCases)
  func theReportOfStatisticsIsAsInTheSnapshot(_ format: ReportFormat) throws {
    var report = MigrationReport(of: ReportSamples.run.statistics)
    report.reportedBy = "1.2.3"
    try expectSnapshot(report.document(as: format), "report-statistics.\(format.fileExtension)")
  }

  @Test(arguments: ReportFormat.allCases)
  func theReportOfAnEmptyRunIsAsInTheSnapshot(_ format: ReportFormat) throws {
    var run = ReportSamples.run
    run.statistics = MigrationStatistics()
    run.issueCounts = [:]
    let report = try ReportSamples.report(run, [])
    try expectSnapshot(report.document(as: format), "report-empty.\(format.fileExtension)")
  }

  @Test func filesAreNamedByTheirRun() throws {
    let report = try ReportSamples.report()
    #expect(report.fileName(as: .html) == "migration_report_1.html")
    let statistics = MigrationReport(of: MigrationStatistics())
    #expect(statistics.fileName(as: .text) == "migration_report_stats.txt")
  }

  /// An issue that is alone in its group is listed even if the report did not keep it.
  @Test func onlyIssuesThatAreNotListedAreSaidToBe() throws {
    func issue(_ message: String) -> RMOSModels.Issue {
      RMOSModels.Issue(severity: .error, code: .fieldType, kind: .patterns, message: message)
    }
    var run = ReportSamples.run
    run.issueCounts = [.fieldType: 4]
    let issues = [issue("of 1"), issue("of 2"), issue("alone"), issue("another")]
    let whole = try ReportSamples.report(run, issues, maxIssues: 2).html
    #expect(whole.contains("<li>alone") && !whole.contains("not listed"))
    run.issueCounts = [.fieldType: 5]
    let cut = try ReportSamples.report(run, issues + [issue("of 3")], maxIssues: 2).html
    #expect(cut.contains("and 1 more, not listed"))
  }

  // MARK: Hostile text

  @Test func jsonKeepsHostileTextAsItIs() throws {
    let text = try ReportSamples.hostileReport().json
    let json = try JSONValue(parsing: text)
    #expect(json["issues"]?[0]?["message"] == .string(ReportSamples.hostile))
    #expect(json["run"]?["source"] == .string(ReportSamples.hostile))
    #expect(json["issue_counts"]?[ReportSamples.hostile] == 2)
  }

  @Test(arguments: [ReportFormat.text, .html])
  func noTextSteersATerminalOrReordersWhatIsRead(_ format: ReportFormat) throws {
    let text = try ReportSamples.hostileReport().document(as: format)
    let steering = text.unicodeScalars.filter { scalar in
      scalar != "\n" && [.control, .format].contains(scalar.properties.generalCategory)
    }
    #expect(steering.isEmpty)
    #expect(text.contains(#"\u{1b}[31m\u{202e}\u{d}\u{a}"#))
  }

  @Test func htmlHasTheSameElementsWhateverTheTextsSay() throws {
    func tags(_ text: String) -> [String] {
      text.matches(of: /<!?\/?[a-zA-Z!-][a-zA-Z0-9]*/).map { String($0.output) }
    }
    let hostile = try ReportSamples.hostileReport().html
    let harmless = try ReportSamples.harmlessReport().html
    #expect(tags(hostile) == tags(harmless))
    #expect(!hostile.contains("alert('"))
    #expect(hostile.contains("&lt;script&gt;alert(&#39;&quot;x&quot;&amp;amp;&#39;)"))
  }

  @Test func everyElementOfAPageIsClosed() throws {
    for report in try [ReportSamples.report(), MigrationReport(of: ReportSamples.run.statistics)] {
      var open: [Substring] = []
      let page = report.html
      for match in page.matches(of: /<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/) {
        let (_, closes, name, isEmpty) = match.output
        if ["meta", "input"].contains(name) || !isEmpty.isEmpty { continue }
        if closes.isEmpty { open.append(name) } else { #expect(open.popLast() == name) }
      }
      #expect(open.isEmpty)
    }
  }

  @Test func aPageRefersToNothingOutside() throws {
    let page = try ReportSamples.report().html
    #expect(!page.contains(/https?:|src=|href=|@import|url\((?!#)/))
    #expect(page.contains("default-src 'none'; style-src 'sha256-"))
    #expect(!page.contains("unsafe-inline"))
  }

  @Test func whatAnIssueSaysIsInThePageWithoutTheScript() throws {
    var page = try ReportSamples.report().html
    page.replace(/<script>[^<]*<\/script>/, with: "")
    for issue in ReportSamples.issues {
      #expect(page.contains(try #require(issue.source)))
    }
    #expect(page.matches(of: /<li>(?!<svg)/).count == ReportSamples.issues.count)
    // The filter, which needs the script, is hidden until the script shows it.
    #expect(page.contains(#"role="search" hidden>"#))
  }

  @Test func noLineOfTextIsWiderThan80Columns() throws {
    var run = ReportSamples.run
    run.source = String(repeating: "very/long/path", count: 20)
    run.optionsJSON =
      #"{"\#(String(repeating: "o", count: 90))": "\#(String(repeating: "v ", count: 90))"}"#
    run.statistics[.patterns].migrated = 999_999_999_999
    run.statistics[.patterns].updated = 999_999_999_999
    run.statistics[.patterns].skipped = 999_999_999_999
    var issue = ReportSamples.issues[0]
    issue.source = run.source
    issue.id = String(repeating: "é", count: 300)
    issue.message = String(repeating: "word ", count: 100)
    for report in try [
      ReportSamples.report(), ReportSamples.report(run, [issue]), ReportSamples.hostileReport(),
    ] {
      for line in report.text.split(separator: "\n") {
        #expect(line.count <= 80)
        #expect(line.last != " ")
      }
    }
  }

  // MARK: Times

  @Test(arguments: [Double.infinity, .nan, -1, 0])
  func timesThatMakeNoSenseDoNotBreakThePage(_ seconds: Double) throws {
    var report = try ReportSamples.report()
    report.run?.seconds = seconds
    report.run?.kindSeconds = [.patterns: seconds, .joblogs: seconds]
    let page = report.html
    #expect(!page.contains("nan") && !page.contains("inf"))
    #expect(page.hasSuffix("</html>\n"))
  }
}
