import RMOSHTML
import RMOSModels

/// The report for people: one HTML file that needs nothing else, for screens of any width, light
/// and dark, and for paper.
///
/// It is whole without scripts; with them, a box filters the issues. All text from files is
/// escaped, and the page's policy forbids whatever it does not bring itself.
public struct HTMLReportFormat: ReportFormat {
  /// The format.
  public init() {}

  /// `html`.
  public var fileExtension: String { "html" }

  /// Writes the page.
  ///
  /// O(number of issues kept).
  public func write(_ report: MigrationReport, to stream: inout some TextOutputStream) {
    let subject = report.run.map { run in run.id.map { " of run \($0)" } ?? "" } ?? ""
    let page = HTMLPage(
      title: "Migration report\(subject)",
      script: report.issues.isEmpty ? nil : IssueListHTML.script)
    page.writeHead(to: &stream)
    for piece in [Self.header(report, page.title), Self.kinds(report)] {
      stream.write(piece.markup)
    }
    if let run = report.run {
      stream.write(TimelineHTML(report, run).section.markup)
      IssueListHTML(report).write(to: &stream)
      stream.write(Self.details(run).markup)
    }
    stream.write(Self.footer(report).markup)
    page.writeEnd(to: &stream)
  }

  private static func header(_ report: MigrationReport, _ title: String) -> HTML {
    let total = report.statistics.total
    let names = ["found"] + outcomes(report).map(\.rawValue)
    let facts =
      zip(names, numbers(report, total)).map { ($0, PlainText.grouped($1)) }
      + [("success rate", report.successText)]
    let origin: HTML =
      if let run = report.run {
        """
        <p>\(run.source) into \(run.database), \
        <time datetime="\(run.startedAt)">\(readable(run.startedAt))</time></p>

        """
      } else {
        "<p>Of a statistics file: counts only, without a run and its issues.</p>\n"
      }
    let gravity = report.gravity
    return """
      \(BarHTML.definitions)<header>
      <h1>\(title)</h1>
      \(origin)</header>
      <main>
      <p class="verdict \(gravity.rawValue)"><strong><span aria-hidden="true">\(gravity.sign) \
      </span>\(report.verdictWord).</strong> \(report.verdict)</p>
      <dl class="totals">
      \(facts.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>\n" as HTML })</dl>

      """
  }

  /// A timestamp of the ledger as people write it.
  private static func readable(_ timestamp: String) -> String {
    guard Timestamp(timestamp) != nil, timestamp.hasSuffix("Z") else { return timestamp }
    return timestamp.dropLast().split(separator: "T").joined(separator: " ") + " UTC"
  }

  /// The outcomes that the report shows.
  private static func outcomes(_ report: MigrationReport) -> [Outcome] {
    Outcome.allCases.filter { $0 != .updated || report.hasUpdates }
  }

  /// The number found and those of the outcomes.
  private static func numbers(
    _ report: MigrationReport, _ counts: MigrationStatistics.Counts
  ) -> [Int] {
    [counts.found] + outcomes(report).map { counts[$0] }
  }

  private static func kinds(_ report: MigrationReport) -> HTML {
    func row(_ name: String, _ counts: MigrationStatistics.Counts) -> HTML {
      """
      <tr><th scope="row">\(name)</th>\
      \(numbers(report, counts).map { "<td class=\"n\">\(PlainText.grouped($0))</td>" as HTML })</tr>

      """
    }
    let headings = ["found"] + outcomes(report).map(\.rawValue)
    let bars = EntityKind.allCases.map { kind -> HTML in
      let counts = report.statistics[kind]
      let name = kind.schema.plural
      return """
        <figure>
        <figcaption><span>\(name)</span> <span class="dim">\
        \(PlainText.grouped(counts.found)) found</span></figcaption>
        \(BarHTML.bar(of: counts, label: name))</figure>

        """
    }
    return """
      <section aria-labelledby="kinds">
      <h2 id="kinds">What became of the entities</h2>
      \(BarHTML.legend(of: outcomes(report)))\(bars)<div class="scroll" role="region" tabindex="0" \
      aria-label="Entities by kind and outcome">
      <table>
      <caption>Entities by kind and outcome</caption>
      <thead><tr><th scope="col">kind</th>\
      \(headings.map { "<th scope=\"col\" class=\"n\">\($0)</th>" as HTML })</tr></thead>
      <tbody>
      \(EntityKind.allCases.map { row($0.schema.plural, report.statistics[$0]) })</tbody>
      <tfoot>
      \(row("total", report.statistics.total))</tfoot>
      </table>
      </div>
      </section>

      """
  }

  private static func details(_ run: MigrationReport.Run) -> HTML {
    func list(_ facts: [(name: String, value: String)]) -> HTML {
      """
      <dl class="facts">
      \(facts.map { "<dt>\($0.name)</dt><dd>\($0.value)</dd>\n" as HTML })</dl>

      """
    }
    let options = MigrationReport.options(of: run)
    let optionList: HTML =
      options.isEmpty ? "<p>Not known.</p>\n" : list(options)
    return """
      <section aria-labelledby="run">
      <h2 id="run">The run</h2>
      \(list(run.facts))</section>
      <section aria-labelledby="options">
      <h2 id="options">Its options</h2>
      \(optionList)</section>

      """
  }

  private static func footer(_ report: MigrationReport) -> HTML {
    """
    </main>
    <footer><p>Reported by rmos-cli \(report.reportedBy).</p></footer>

    """
  }
}

extension ReportFormat where Self == HTMLReportFormat {
  /// The report for people.
  public static var html: HTMLReportFormat { HTMLReportFormat() }
}
