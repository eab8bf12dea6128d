import RMOSHTML
import RMOSModels

/// The layout of a report as an HTML page.
struct HTMLReport {
  private let report: MigrationReport

  init(_ report: MigrationReport) { self.report = report }

  /// The whole page, with a line break at its end.
  var document: String {
    let subject = report.run.map { run in run.id.map { " of run \($0)" } ?? "" } ?? ""
    let page = HTMLPage(
      title: "Migration report\(subject)",
      script: report.issues.isEmpty ? nil : IssueListHTML.script)
    var text = ""
    page.writeHead(to: &text)
    text += header(page.title).markup
    text += outcomes.section().markup
    if let run = report.run {
      text += TimelineHTML(report, run).section.markup
      IssueListHTML(report).write(to: &text)
      text += sourceNotes.markup
      text += details(run).markup
    }
    text += footer.markup
    page.writeEnd(to: &text)
    return text
  }

  private func header(_ title: String) -> HTML {
    let total = report.statistics.total
    let facts =
      zip(outcomes.names, outcomes.numbers(total)).map { ($0, PlainText.grouped($1)) }
      + (report.failureNews.flatMap { $0.isToldApart ? $0.new : nil }
        .map { [("new failures", PlainText.grouped($0))] } ?? [])
      + [("success rate", report.successText)]
    let origin: HTML =
      if let run = report.run {
        """
        <p>\(run.source) into \(run.database), \
        <time datetime="\(run.startedAt)">\(Self.readable(run.startedAt))</time></p>

        """
      } else {
        "<p>From statistics: counts only, without a run and its issues.</p>\n"
      }
    let gravity = report.gravity
    return """
      \(OutcomeBars.definitions)<header>
      <h1>\(title)</h1>
      \(origin)</header>
      <main>
      <p class="verdict \(gravity.rawValue)"><strong><span aria-hidden="true">\(gravity.sign) \
      </span>\(report.verdictWord).</strong> \(report.verdict)</p>
      <dl class="totals">
      \(facts.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>\n" as HTML })</dl>

      """
  }

  /// A timestamp of the ledger in the form that people read.
  private static func readable(_ timestamp: String) -> String {
    guard Timestamp(timestamp) != nil, timestamp.hasSuffix("Z") else { return timestamp }
    return timestamp.dropLast().split(separator: "T").joined(separator: " ") + " UTC"
  }

  private var outcomes: OutcomesHTML { OutcomesHTML(report.statistics) }

  /// Notes about the source besides its entities; empty if nothing is odd.
  private var sourceNotes: HTML {
    func section(_ id: String, _ fact: SourceFact, _ items: [HTML] = []) -> HTML {
      let list: HTML =
        items.isEmpty
        ? ""
        : """
        <details>
        <summary>\(PlainText.counted(items.count, "name"))</summary>
        <ul>
        \(items)</ul>
        </details>

        """
      return """
        <section aria-labelledby="\(id)">
        <h2 id="\(id)">\(fact.name)</h2>
        <p>\(fact.text)</p>
        \(list)</section>

        """
    }
    return HTML(
      report.sourceFacts().map { fact in
        switch fact {
        case .notRead:
          let files = report.notRead?.files ?? []
          let reasons = Dictionary(files.map { ($0.path, $0.reason) }) { first, _ in first }
          return section(
            "not-read", fact,
            report.namesNotRead.map { path in
              let reason: HTML =
                reasons[path].map { " <span class=\"dim\">\($0.rawValue)</span>" } ?? ""
              return "<li class=\"name\"><code>\(path)</code>\(reason)</li>\n"
            })
        case .keptAside:
          return section(
            "kept-aside", fact,
            (report.keptMembers?.members ?? []).map { member in
              """
              <li class="name"><code>\(member.kind.table).\(member.member ?? "others")</code> \
              <span class="dim">\(PlainText.grouped(member.count))</span></li>

              """
            })
        case .mappings: return section("mappings", fact)
        }
      })
  }

  private func details(_ run: MigrationReport.Run) -> HTML {
    func list(_ facts: [(name: String, value: String)]) -> HTML {
      """
      <dl class="facts">
      \(facts.map { "<dt>\($0.name)</dt><dd>\($0.value)</dd>\n" as HTML })</dl>

      """
    }
    let options = MigrationReport.options(of: run)
    let optionList: HTML =
      options.isEmpty ? "<p>Unknown.</p>\n" : list(options)
    return """
      <section aria-labelledby="run">
      <h2 id="run">Run</h2>
      \(list(report.facts(of: run)))</section>
      <section aria-labelledby="options">
      <h2 id="options">Options</h2>
      \(optionList)</section>

      """
  }

  private var footer: HTML {
    """
    </main>
    <footer><p>Reported by RMOS \(report.reportedBy).</p></footer>

    """
  }
}
