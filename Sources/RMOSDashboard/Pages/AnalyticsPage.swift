import RMOSAnalytics
import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSSystem

/// The page at `/analytics`: statistics about jobs, materials and patterns.
///
/// The filter is in the address, so that the page can be bookmarked.
struct AnalyticsPage {
  private let request: AnalyticsRequest
  /// `nil` if they are still being computed.
  private let answer: AnalyticsFigures.Report?

  init(_ request: AnalyticsRequest, _ figures: AnalyticsFigures) throws {
    self.request = request
    answer = try figures.reportIfSoon(request.filter)
  }

  var document: PageDocument {
    let (figures, isInterim): (HTML, Bool) =
      if let answer {
        (AnalyticsFigureSections(request, answer).html, !answer.isCurrent)
      } else {
        (waiting, true)
      }
    let busy: HTML = isInterim ? " data-refreshing" : ""
    return PageDocument(
      title: "Analytics", section: "/analytics",
      main: """
        \(ColumnChart.definitions)<h1>Analytics</h1>
        \(form)<div id="figures"\(busy)>
        \(figures)</div>

        """, refreshSeconds: answer == nil ? 1 : nil)
  }

  /// The content while the figures are being computed.
  private var waiting: HTML {
    """
    \(request.complaintList)<p class="summary" role="status"><span>The figures are being computed. \
    With many rows this takes some seconds; they appear here by themselves. \
    <a href="\(request.link)">Reload</a></span></p>

    """
  }

  // MARK: The form

  private var form: HTML {
    let fields: [(FilterParameter, HTML)] = [
      (.from, "type=\"date\""), (.to, "type=\"date\""),
      (.jobType, "type=\"text\" list=\"known-job-types\" placeholder=\"any\""),
      (.material, "type=\"text\" list=\"known-materials\" placeholder=\"any\""),
      (.pattern, "type=\"text\" list=\"known-patterns\" placeholder=\"any id\""),
      (.family, "type=\"text\" list=\"known-families\" placeholder=\"any id\""),
    ]
    let inputs = fields.map { parameter, kind -> HTML in
      let name = parameter.rawValue
      return """
        <p><label for="\(name)">\(PageText.capitalized(parameter.label))</label><input id="\(name)" name="\(name)" \(kind) \
        value="\(request.value(parameter))" autocomplete="off" spellcheck="false"></p>

        """
    }
    func options(_ texts: [String], _ names: [UTF8Key: EntityName] = [:]) -> [HTML] {
      texts.prefix(100).map { text in
        let name = names[UTF8Key(text)]?.text.shortened(to: 80) ?? ""
        return "<option value=\"\(text)\">\(name)</option>"
      }
    }
    let report = answer?.value
    return """
      <form class="tools" action="/analytics" method="get" aria-label="Which jobs count">
      \(inputs)<p class="go"><button type="submit">Apply</button></p>
      <datalist id="known-job-types">\(options(report?.jobs.types.map(\.key) ?? []))</datalist>\
      <datalist id="known-materials">\(options(report?.materials.stock.map(\.material) ?? []))</datalist>\
      <datalist id="known-patterns">\(options(
        report?.patterns.popularity.map(\.id) ?? [], report?.patternNames ?? [:]))</datalist>\
      <datalist id="known-families">\(options(
        report?.patterns.families.map(\.id) ?? [], report?.stripFamilyNames ?? [:]))</datalist>
      </form>

      """
  }
}

/// The figures of the page, with the time of the data.
private struct AnalyticsFigureSections {
  private let request: AnalyticsRequest
  private let answer: AnalyticsFigures.Report

  init(_ request: AnalyticsRequest, _ answer: AnalyticsFigures.Report) {
    self.request = request
    self.answer = answer
  }

  private var report: AnalyticsReport { answer.value }

  var html: HTML {
    let parts: [(AnalyticsReport.Part, String)] = [
      (.jobs, "Jobs"), (.materials, "Materials"), (.patterns, "Patterns"),
    ]
    guard parts.contains(where: { !report.isEmpty($0.0) }) else {
      return "\(state)\(nothing("There is nothing to count"))"
    }
    let sections = parts.map { part, title -> HTML in
      let tables = report.tables([part]).filter { $0.name != "jobs" }
      let content: HTML =
        report.isEmpty(part)
        ? nothing("There are no \(title.lowercased())")
        : "<div class=\"figures\">\n\(tables.map { $0.html(level: 3, link: link) })</div>\n"
      return """
        <section class="part" aria-labelledby="part-\(part.rawValue)">
        <h2 id="part-\(part.rawValue)">\(title)</h2>
        \(content)</section>

        """
    }
    let jumps = parts.map {
      "<li><a href=\"#part-\($0.0.rawValue)\">\($0.1)</a></li>\n" as HTML
    }
    return """
      \(state)\(tiles)\(gaps)<nav class="jumps" aria-label="On this page"><ul>
      \(jumps)</ul></nav>
      \(sections)
      """
  }

  /// A sentence in place of empty charts.
  private func nothing(_ words: String) -> HTML {
    request.filter.parameters.isEmpty
      ? """
      <p class="nothing">\(words) yet. Import with the command <code>migrate</code>.</p>

      """
      : """
      <p class="nothing">\(words) under this filter. <a href="/analytics">Remove the \
      filter</a></p>

      """
  }

  private var state: HTML {
    let chips = request.filter.parameters.map { name, value -> HTML in
      let rest = request.filter.parameters.filter { $0.0 != name }
      let label = FilterParameter(rawValue: name)?.label ?? name
      return PageCell.chip(
        "\(label): \(shown(value, of: name))",
        removedBy: AnalyticsRequest.link(rest) ?? "/analytics")
    }
    let newer: HTML =
      answer.isCurrent
      ? ""
      : """
       The data has changed since; the new figures are being computed. \
      <a href="\(request.link)">Reload</a>
      """
    let unfiltered: HTML =
      chips.isEmpty
      ? ""
      : """
      <p class="dim">The filter is about jobs: stock, sizes, rings and complexity stay those of all \
      rows.</p>

      """
    return """
      \(request.complaintList)<p class="summary"><span>As of \(PageText.time(answer.asOf)).\(newer)</span> \
      \(chips)</p>
      \(unfiltered)
      """
  }

  /// The value of a filter; for a pattern or strip family its name, with its id if others have the
  /// same name.
  private func shown(_ value: String, of parameter: String) -> HTML {
    let names: [UTF8Key: EntityName] =
      switch FilterParameter(rawValue: parameter) {
      case .pattern: report.patternNames
      case .family: report.stripFamilyNames
      default: [:]
      }
    let id = PageText.short(value, limit: 60)
    guard let name = names[UTF8Key(value)], !PageText.isBlank(name.text) else { return id }
    let text = PageText.short(name.text, limit: 60)
    return name.isShared ? "\(text) (\(id))" : text
  }

  // MARK: The summary

  private var tiles: HTML {
    let (jobs, waste) = (report.jobs, report.materials.waste)
    let success = jobs.success
    let tiles: [(String, HTML, HTML)] = [
      ("Jobs", number(jobs.total), "\(PlainText.grouped(jobs.finished)) finished"),
      (
        "Success rate", success.percent.map { "\(FigureText.number($0, 1)) %" } ?? PageCell.unknown,
        success.total > 0
          ? "\(FigureText.interval(success)), of \(PlainText.grouped(success.total)) finished"
          : "no job has finished"
      ),
      (
        "Median duration",
        jobs.durationSeconds.median.map { "\(PageText.duration($0))" } ?? PageCell.unknown,
        "\(FigureText.basis(jobs.durationSeconds))"
      ),
      (
        "Mean waste", waste.mean.map { "\(FigureText.number($0, 1)) %" } ?? PageCell.unknown,
        "\(FigureText.basis(waste))"
      ),
      (
        "Finished per day",
        jobs.throughput.finishedPerDay.map { "\(FigureText.number($0, 2))" } ?? PageCell.unknown,
        jobs.throughput.days.map { "in \(PlainText.counted($0, "calendar day"))\(futureEnd)" }
          ?? "no job has a day"
      ),
      (
        "Open jobs", number(jobs.open),
        jobs.throughput.oldestOpenDay.map { "the oldest of \(PageText.time($0))" }
          ?? (jobs.open > 0 ? "none has a day" : "none")
      ),
    ]
    let items = tiles.map { name, value, note -> HTML in
      PageCell.fact("\(name)", "\(value)<span class=\"note dim\">\(note)</span>")
    }
    return "<dl class=\"totals\">\n\(items)</dl>\n"
  }

  private func number(_ number: Int) -> HTML { "\(PlainText.grouped(number))" }

  /// The last day of the calendar of jobs, if it is after today.
  private var futureEnd: HTML {
    guard let to = report.jobs.throughput.to.flatMap({ CalendarDay($0) }), to > report.today else {
      return ""
    }
    return ", to \(PageText.time(to.description))"
  }

  /// A note about jobs that finished on a day after today, with a link to the figures without them.
  private var future: HTML {
    let days = report.jobs.days.filter { CalendarDay($0.key).map { $0 > report.today } ?? false }
    guard let last = days.last else { return "" }
    let count = days.reduce(0) { $0 + $1.figures.total }
    let words = PlainText.counted(count, "finished job has", "finished jobs have")
    let to = FilterParameter.to.rawValue
    let rest = request.filter.parameters.filter { $0.0 != to }
    let isBefore = request.filter.from.map { $0 <= report.today } ?? true
    let until: HTML =
      isBefore
      ? AnalyticsRequest.link(rest + [(to, report.today.description)]).map {
        " <a href=\"\($0)\">Figures until today</a>"
      } ?? "" : ""
    return """
      <li>\(words) a day after today, the last on \(PageText.time(last.key)); the figures count \
      the calendar to that day, the charts end today.\(until)</li>

      """
  }

  /// Sentences about the gaps in the data.
  private var gaps: HTML {
    let jobs = report.jobs
    let gaps: [(Int, String, String)] = [
      (jobs.withoutPattern, "job names no pattern", "jobs name no pattern"),
      (
        jobs.withMissingPattern, "job names a pattern that does not exist",
        "jobs name patterns that do not exist"
      ),
      (
        jobs.withMissingStripFamily, "job names a strip family that does not exist",
        "jobs name strip families that do not exist"
      ),
      (jobs.withoutDay, "job has no day", "jobs have no day"),
      (
        report.patterns.withMissingStripFamily,
        "pattern names a strip family that does not exist",
        "patterns name strip families that do not exist"
      ),
    ]
    let items = gaps.filter { $0.0 > 0 }.map {
      "<li>\(PlainText.counted($0.0, $0.1, $0.2))</li>\n" as HTML
    }
    let all = HTML(items) + future
    return all == "" ? "" : "<ul class=\"note gaps\">\n\(all)</ul>\n"
  }

  // MARK: Links

  /// The URL to which a row of a table leads: of the entity that it names, of the jobs behind its
  /// figures, or of the figures of these jobs alone; `nil` if there is none.
  private func link(_ table: FigureTable, _ name: String, _ row: [FigureTable.Cell]) -> String? {
    // If no job has failed, the list of failed jobs would be empty.
    if let failed = table.columns.firstIndex(where: { $0.name == "failed" }),
      table.name.hasPrefix("failures"), row[failed] == .whole(0)
    {
      return nil
    }
    switch table.subject {
    case .jobs: return PageLink.link(to: .joblogs, id: name)
    case .stripFamily: return PageLink.link(to: .stripFamilies, id: name)
    case .jobType: return jobs(table, [("type", name)])
    case .status: return jobs(table, [("status", name)])
    case .pattern where table.name.hasPrefix("failures"): return jobs(table, [("pattern", name)])
    case .pattern: return PageLink.link(to: .patterns, id: name)
    case .material where table.name == "stock":
      // Figures ignore case and white space, but the list compares exactly.
      guard report.materials.stock.first(where: { $0.material == name })?.isSpelledAlike == true
      else { return nil }
      return PageLink.link(to: .stripFamilies, [("material", name)])
    case .material:
      let rest = request.filter.parameters.filter { $0.0 != FilterParameter.material.rawValue }
      return AnalyticsRequest.link(rest + [(FilterParameter.material.rawValue, name)])
    case .other: return nil
    }
  }

  /// The URL of the list of the jobs behind a figure; `nil` if the figure depends on days or
  /// materials, by which the list cannot be filtered.
  private func jobs(_ table: FigureTable, _ filters: [(String, String)]) -> String? {
    let filter = request.filter
    guard filter.from == nil, filter.to == nil, filter.material == nil,
      filters.allSatisfy({ !$0.1.isEmpty })
    else { return nil }
    var filters = filters
    func add(_ name: String, _ value: String?) {
      if let value, !filters.contains(where: { $0.0 == name }) { filters.append((name, value)) }
    }
    if table.name.hasPrefix("failures") { add("status", "failed") }
    if table.name == "durations" { add("status", "completed") }
    add("type", filter.jobType)
    add("pattern", filter.patternID)
    add("family", filter.stripFamilyID)
    return PageLink.link(to: .joblogs, filters)
  }
}

extension AnalyticsReport {
  /// Whether a part has no figures to show.
  fileprivate func isEmpty(_ part: Part) -> Bool {
    switch part {
    case .jobs: jobs.total == 0
    case .materials:
      jobs.total == 0 && materials.stock.isEmpty && materials.widths.isEmpty
        && materials.suppliers.isEmpty
    case .patterns: patterns.total == 0 && patterns.families.isEmpty
    }
  }
}

/// The request for the analytics page.
///
/// Invalid values are ignored, and the page says so.
struct AnalyticsRequest {
  private(set) var filter = JobFilter()
  /// Messages about invalid values.
  private(set) var complaints: [String] = []
  private let target: RequestTarget

  static let parameters = FilterParameter.allCases.map(\.rawValue)

  init(_ target: RequestTarget) {
    self.target = target
    filter.from = day(.from)
    filter.to = day(.to)
    if let from = filter.from, let to = filter.to, from > to {
      complaints.append("\(from) is after \(to); both are ignored.")
      (filter.from, filter.to) = (nil, nil)
    }
    filter.jobType = text(.jobType)
    filter.material = text(.material)
    filter.patternID = text(.pattern)
    filter.stripFamilyID = text(.family)
  }

  private mutating func day(_ parameter: FilterParameter) -> CalendarDay? {
    guard let text = text(parameter) else { return nil }
    if let day = CalendarDay(text) { return day }
    complaints.append(
      "\"\(text.prefix(40))\" is not a day, YYYY-MM-DD; \"\(parameter.rawValue)\" is ignored.")
    return nil
  }

  private func text(_ parameter: FilterParameter) -> String? {
    target[parameter.rawValue].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A parameter as given.
  func value(_ parameter: FilterParameter) -> String { target[parameter.rawValue] ?? "" }

  /// The address of the page with this filter.
  var link: String { Self.link(filter.parameters) ?? "/analytics" }

  /// The messages about invalid values.
  var complaintList: HTML { PageCell.warnings(complaints) }

  /// The address of the page with parameters; `nil` if it would be too long.
  static func link(_ parameters: [(String, String)]) -> String? {
    PageLink.link(to: "/analytics", parameters)
  }
}
