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

  /// The sections with the facts about the source; empty if there is nothing to report.
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
        switch fact.subject {
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

/// The time that the run spent on each kind, and the outcomes.
struct TimelineHTML {
  private let report: MigrationReport
  private let run: MigrationReport.Run

  init(_ report: MigrationReport, _ run: MigrationReport.Run) {
    self.report = report
    self.run = run
  }

  /// The part of the run spent on one kind, in seconds since its start.
  private struct Phase {
    var kind: EntityKind
    var start: Double
    var end: Double
  }

  /// The phases in their order: that of the kinds in the catalog.
  private var phases: [Phase] {
    var time = 0.0
    return report.statistics.catalog.kinds.compactMap { kind in
      let seconds = run.kindSeconds[kind] ?? 0
      guard seconds.isFinite, seconds >= 0, report.statistics[kind].found > 0 else { return nil }
      defer { time += seconds }
      return Phase(kind: kind, start: time, end: time + seconds)
    }
  }

  /// The section; empty if the run did nothing that took time.
  var section: HTML {
    let phases = phases
    let worked = phases.last?.end ?? 0
    let length = run.seconds.isFinite ? max(run.seconds, worked) : worked
    guard !phases.isEmpty, length > 0, length.isFinite else { return "" }
    let bars = phases.map { bar($0, of: length) }
    let rest = length - worked
    let note: HTML =
      rest >= 0.005
      ? "<p class=\"dim\">Opening and closing the database took \(seconds(rest)).</p>\n" : ""
    return """
      <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <p class="dim">Each bar spans its part of the run's \(seconds(length)); its segments are the \
      outcomes.</p>
      \(bars)\(note)</section>

      """
  }

  private func bar(_ phase: Phase, of length: Double) -> HTML {
    let start = Int(phase.start / length * 1000)
    // Even the shortest phase is visible, and none extends beyond the end.
    let width = min(1000, max(6, Int((phase.end - phase.start) / length * 1000)))
    let counts = report.statistics[phase.kind]
    let name = phase.kind.schema.plural
    let span = "\(PlainText.fixed(phase.start, decimals: 2)) to \(seconds(phase.end))"
    let label = OutcomeBars.description(of: counts, label: "\(name), \(span)")
    return """
      <figure>
      <figcaption><span>\(name)</span> <span class="dim">\(span)\(rate(phase))</span></figcaption>
      <svg class="bar" role="img" aria-label="\(label)">\
      \(OutcomeBars.segments(of: counts, from: min(start, 1000 - width), length: width))</svg>
      </figure>

      """
  }

  private func rate(_ phase: Phase) -> String {
    let rate = Double(report.statistics[phase.kind].found) / (phase.end - phase.start)
    guard rate.isFinite, rate < 1e12 else { return "" }
    return ", \(PlainText.grouped(Int(rate))) per second"
  }

  private func seconds(_ number: Double) -> String { PlainText.fixed(number, decimals: 2) + " s" }
}
