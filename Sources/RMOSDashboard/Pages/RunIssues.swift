import RMOSHTML
import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSSystem

/// The request for the page of a run: the filters and the page of its issues.
struct RunRequest {
  let run: Int64
  var severity: Severity?
  var code: IssueCode?
  var kind: EntityKind?
  var isNew: Bool?
  /// The page of the list, from 1; `nil` if the address names none.
  var page: Int?
  var pageSize = PageChoice.sizes[0]
  var complaints: [Complaint] = []

  static let parameters = ["severity", "code", "kind", "new", "page", "per", "format"]

  init(_ run: Int64, _ target: RequestTarget, _ catalog: EntityCatalog) {
    self.run = run
    if let text = target["severity"], !text.isEmpty {
      severity = Severity(rawValue: text)
      if severity == nil { complain("severity", text) }
    }
    if let text = target["code"], !text.isEmpty { code = IssueCode(rawValue: text) }
    if let text = target["kind"], !text.isEmpty {
      kind = catalog.kind(named: text)
      if kind == nil { complain("kind", text) }
    }
    switch target["new"] {
    case nil, "": break
    case "true": isNew = true
    case "false": isNew = false
    case let text?: complain("new", text)
    }
    let choice = PageChoice(target)
    page = choice.page
    pageSize = choice.size
    complaints += choice.complaints
  }

  private mutating func complain(_ name: String, _ text: String) {
    complaints.append(
      Complaint("\"\(text.prefix(40))\" is no value of \"\(name)\"", "the filter is ignored"))
  }

  /// Whether issues are listed one by one, rather than grouped by problem.
  var isList: Bool { page != nil || isNarrowed }

  var isNarrowed: Bool { severity != nil || code != nil || kind != nil || isNew != nil }

  /// The query for all pages.
  var query: IssueQuery {
    var query = IssueQuery(run: run)
    (query.severity, query.code, query.kind, query.isNew) = (severity, code, kind, isNew)
    return query
  }

  /// Returns a copy without a page, changed by a closure.
  func with(_ change: (inout RunRequest) -> Void) -> RunRequest {
    var copy = self
    copy.page = nil
    change(&copy)
    return copy
  }

  /// The URL of the issues on the page; the URL of the run if it would be too long.
  var link: String {
    var parameters: [(String, String)] = []
    if let severity { parameters.append(("severity", severity.rawValue)) }
    if let code { parameters.append(("code", code.rawValue)) }
    if let kind { parameters.append(("kind", kind.rawValue)) }
    if let isNew { parameters.append(("new", String(isNew))) }
    if pageSize != PageChoice.sizes[0] { parameters.append(("per", String(pageSize))) }
    if let page, page > 1 || !isNarrowed { parameters.append(("page", String(page))) }
    return PageLink.link(to: PageLink.run(run), parameters).map { $0 + "#issues" }
      ?? PageLink.run(run)
  }
}

/// The issues of a run, grouped by severity and code with examples, or one by one.
struct RunIssues {
  /// The numbers of all issues.
  let counts: [IssueCount]
  private var request: RunRequest
  /// The issues listed; none if they are grouped by problem.
  private var issues: [Issue] = []
  /// The groups of issues; none if they are listed one by one.
  private var groups: [Group] = []
  /// The entities of shown issues that are in the store.
  private var present: Set<Entity> = []

  /// Issues with a severity and a code.
  private struct Group {
    let severity: Severity
    let code: IssueCode
    var count: Int
    /// The problems that the issues report, with the first issues of each.
    var ways: [IssueGroups.Group] = []
    /// Whether ``ways`` includes all issues of the group.
    var isWhole = true
  }

  private struct Entity: Hashable {
    let kind: EntityKind
    let id: UTF8Key
  }

  /// The maximum number of issues read for examples.
  private static let sampled = 2000
  /// The maximum number of problems shown per group.
  private static let waysShown = 5

  init(_ request: RunRequest, _ run: LedgerRun, in reader: any StoreReader) throws {
    self.request = request
    counts = try reader.issueCounts(ofRun: run.id)
    var query = request.query
    if request.isList {
      let last = PageCount(counts.total(query), of: request.pageSize).last
      self.request.complaints += PageChoice.complaints(request.page ?? 1, last: last)
      let page = min(request.page ?? 1, last)
      if request.page != nil { self.request.page = page }
      query.limit = request.pageSize
      query.offset = (page - 1) * request.pageSize
      issues = try reader.issues(matching: query)
      try findEntities(of: issues, in: reader)
    } else {
      groups = try Self.groups(counts, run.id, in: reader)
      try findEntities(of: groups.flatMap { $0.ways.flatMap(\.firsts) }, in: reader)
    }
  }

  private static func groups(
    _ counts: [IssueCount], _ run: Int64, in reader: any StoreReader
  ) throws -> [Group] {
    var groups: [Group] = []
    for count in counts {
      if let last = groups.last, last.severity == count.severity, last.code == count.code {
        groups[groups.count - 1].count += count.count
      } else {
        groups.append(Group(severity: count.severity, code: count.code, count: count.count))
      }
    }
    groups.sort { left, right in
      left.severity != right.severity ? left.severity > right.severity : left.count > right.count
    }
    var query = IssueQuery(run: run)
    query.limit = sampled
    var ways = IssueGroups()
    try reader.forEachIssue(matching: query) { ways.add($0) }
    for index in groups.indices {
      let (severity, code) = (groups[index].severity, groups[index].code)
      func belongs(_ way: IssueGroups.Group) -> Bool {
        way.severity == severity && way.code == code
      }
      groups[index].ways = ways.groups.filter(belongs)
      if groups[index].ways.isEmpty {
        // All issues of this group come after those that were read.
        (query.severity, query.code, query.limit) = (severity, code, IssueGroups.Group.firstsKept)
        var first = IssueGroups()
        try reader.forEachIssue(matching: query) { first.add($0) }
        groups[index].ways = first.groups
      }
      groups[index].isWhole =
        groups[index].ways.reduce(0) { $0 + $1.count } == groups[index].count
    }
    return groups
  }

  private mutating func findEntities(of issues: [Issue], in reader: any StoreReader) throws {
    var ids: [EntityKind: Set<UTF8Key>] = [:]
    for issue in issues {
      if let kind = issue.kind, let id = issue.id { ids[kind, default: []].insert(UTF8Key(id)) }
    }
    for (kind, ids) in ids {
      let query = RecordQuery(kind)
        .filter(.isAny(member: "id", of: ids.map { Value.text($0.text) }))
      for record in try reader.records(query) {
        present.insert(Entity(kind: kind, id: UTF8Key(record.id)))
      }
    }
  }

  // MARK: The section

  func section(of run: LedgerRun, _ report: MigrationReport) -> HTML {
    let total = counts.reduce(0) { $0 + $1.count }
    let notes = report.codeGroups.filter { $0.severity == .info }
      .filter { group in !counts.contains { $0.code == group.code && $0.severity == .info } }
    let body: HTML
    if total == 0, !request.isList {
      body = "<p>\(noIssuesSentence(run))</p>\n"
    } else {
      let content = request.isList ? list(run) : HTML(groups.map(article))
      body = """
        <div class="beside">
        <nav class="facets" aria-label="Filters of the issues">
        \(facets)</nav>
        <div>\(content)\(csv(total))</div></div>

        """
    }
    return """
      <section aria-labelledby="issues">
      <h2 id="issues">Issues</h2>
      \(PageCell.warnings(request.complaints.map(\.sentence)))\(body)\(noteCounts(notes))</section>

      """
  }

  private func noIssuesSentence(_ run: LedgerRun) -> String {
    if run.isUnderWay { return "No errors or warnings so far." }
    return run.isMigration
      ? "No errors and no warnings." : "A run of this command reports no issues."
  }

  /// The notes, of which the ledger has only the numbers.
  private func noteCounts(_ notes: [MigrationReport.CodeGroup]) -> HTML {
    guard !notes.isEmpty, !request.isList else { return "" }
    let items = notes.map {
      "<li><code>\($0.code.rawValue)</code> \(PlainText.grouped($0.count))</li>\n" as HTML
    }
    return """
      <h3>Notes, which are only counted</h3>
      <ul class="plain">
      \(items)</ul>

      """
  }

  // MARK: Filters

  private var facets: HTML {
    let all = request.with {
      ($0.severity, $0.code, $0.kind, $0.isNew) = (nil, nil, nil, nil)
    }
    let overview: HTML =
      request.isList
      ? "<section><ul><li><a href=\"\(all.link)\">Group by problem</a></li></ul></section>\n"
      : """
      <section><ul><li><a href="\(all.with { $0.page = 1 }.link)">One by one</a> <span class="n">\
      \(PlainText.grouped(counts.reduce(0) { $0 + $1.count }))</span></li></ul></section>

      """
    var sections = [overview]
    sections.append(
      facet(
        "Severity", Severity.allCases.reversed(), request.severity, { HTML(text: $0.rawValue) }
      ) { $0.severity = $1 })
    let codes = counts.map(\.code).reduce(into: [IssueCode]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    sections.append(
      facet(
        "Code", codes, request.code, { "<code>\(PageText.short($0.rawValue, limit: 60))</code>" }
      ) { $0.code = $1 })
    let kinds = counts.compactMap(\.kind).reduce(into: [EntityKind]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    sections.append(
      facet(
        "Kind", kinds, request.kind, { PageText.short($0.schema.plural, limit: 60) }
      ) { $0.kind = $1 })
    sections.append(
      facet(
        "Failures", [true, false], request.isNew, { HTML(text: $0 ? "new" : "known") }
      ) { $0.isNew = $1 })
    return HTML(sections)
  }

  /// A filter, with the number of issues for each value that pass the other filters.
  private func facet<FilterValue: Equatable>(
    _ title: String, _ values: [FilterValue], _ active: FilterValue?,
    _ name: (FilterValue) -> HTML,
    _ set: (inout RunRequest, FilterValue?) -> Void
  ) -> HTML {
    let items = values.compactMap { value -> Facet.Item? in
      let isActive = active == value
      let chosen = request.with { set(&$0, value) }
      let count = counts.total(chosen.query)
      guard count > 0 || isActive else { return nil }
      return Facet.Item(
        name: name(value), link: isActive ? request.with { set(&$0, nil) }.link : chosen.link,
        isActive: isActive, count: count)
    }
    return Facet(title: title, level: 3, items: items).section
  }

  // MARK: Grouped by problem

  private func article(_ group: Group) -> HTML {
    let link = request.with { ($0.severity, $0.code) = (group.severity, group.code) }.link
    let ways = group.ways.prefix(Self.waysShown).map { way(of: $0, group) }
    let shown = group.isWhole ? group.ways.count : .max
    let rest: HTML =
      shown > Self.waysShown || group.ways.contains { $0.count > 1 } || !group.isWhole
      ? """
      <p class="note"><a href="\(link)">Each of \(PlainText.grouped(group.count))</a></p>

      """ : ""
    return """
      <article class="group">
      <h3>\(Self.badge(group.severity)) <code>\(PageText.short(group.code.rawValue, limit: 80))\
      </code> <span class="n"><a href="\(link)">\(PlainText.grouped(group.count))</a></span></h3>
      <ol class="issues">
      \(Array(ways))</ol>
      \(rest)</article>

      """
  }

  private func way(of way: IssueGroups.Group, _ group: Group) -> HTML {
    guard way.count > 1 || !group.isWhole else { return item(way.firsts[0], isInGroup: true) }
    let mark = mark(of: way.firsts[0], after: ", ")
    let subject: HTML = group.isWhole ? "<strong>\(way.subject)\(mark)</strong>" : ""
    var places = way.firsts.compactMap { place(of: $0) ?? entity(of: $0) }
    // Issues about neither a file nor an entity with an id have only their number.
    if !places.isEmpty, way.count > places.count || !group.isWhole { places.append("…") }
    let joined = places.enumerated().map { index, place in index == 0 ? place : " · " + place }
    let separator: HTML = group.isWhole && !places.isEmpty ? ": " : ""
    return """
      <li>\(PageText.short(way.message, limit: 1000))<div class="place">\(subject)\(separator)\
      \(joined)</div></li>

      """
  }

  /// Whether some failures are new and others known, so that each is marked.
  private var isMixed: Bool {
    counts.contains { $0.isNew == true } && counts.contains { $0.isNew == false }
  }

  private func mark(of issue: Issue, after separator: String) -> HTML {
    guard isMixed, let mark = issue.newsMark else { return "" }
    return "\(separator)\(mark)"
  }

  // MARK: One by one

  private func list(_ run: LedgerRun) -> HTML {
    let total = counts.total(request.query)
    guard total > 0 else {
      return """
        <p class="nothing">No issue of this run matches. \
        <a href="\(PageLink.run(request.run))#issues">Show what is wrong</a>.</p>

        """
    }
    let page = request.page ?? 1
    let pages = PageCount(total, of: request.pageSize)
    let failed = self.failed(of: run)
    let subject = failed.map { " of \(PlainText.counted($0, "failed entity", "failed entities"))" }
    return """
      <p class="summary"><span id="count">\(pages.range(page)) of \
      \(PlainText.counted(total, noun, noun == "issue" ? "issues" : "\(noun)s"))\
      \(subject ?? "")</span></p>
      <ol class="issues one-by-one">
      \(issues.map { item($0, isInGroup: false) })</ol>
      \(pages.pager(page) { number in request.with { $0.page = number }.link })
      """
  }

  /// The number of entities that the listed errors are about; `nil` if that is not known, or if not
  /// all of their errors are listed.
  private func failed(of run: LedgerRun) -> Int? {
    guard request.severity == .error, request.code == nil else { return nil }
    switch (request.kind, request.isNew) {
    case (nil, let isNew?): return isNew ? run.failedNew : run.failedKnown
    case (let kind, nil): return (kind.map { run.statistics[$0] } ?? run.statistics.total).failed
    default: return nil
    }
  }

  private var noun: String {
    switch request.severity {
    case .error: "error"
    case .warning: "warning"
    case .info: "note"
    case nil: "issue"
    }
  }

  private static func badge(_ severity: Severity) -> HTML {
    switch severity {
    case .error: "<span class=\"error\"><span aria-hidden=\"true\">✗</span> error</span>"
    case .warning: "<span class=\"warning\"><span aria-hidden=\"true\">!</span> warning</span>"
    case .info: "<span class=\"dim\">note</span>"
    }
  }

  private func item(_ issue: Issue, isInGroup: Bool) -> HTML {
    let new: HTML =
      issue.isNew.map { " <span class=\"dim\">\($0 ? "new" : "known")</span>" } ?? ""
    let head: HTML =
      isInGroup
      ? ""
      : """
      <div class="what">\(Self.badge(issue.severity)) <code>\
      \(PageText.short(issue.code.rawValue, limit: 80))</code>\(new)</div>
      """
    var facts = [place(of: issue), entity(of: issue)].compactMap(\.self)
    if let pointer = issue.pointer, !pointer.isEmpty {
      facts.append("at <code>\(PageText.short(pointer, limit: 200))</code>")
    }
    if isInGroup, issue.isNew != nil, isMixed { facts.append(mark(of: issue, after: "")) }
    let joined = facts.enumerated().map { index, fact in index == 0 ? fact : " · " + fact }
    let place: HTML = joined.isEmpty ? "" : "<div class=\"place\">\(joined)</div>"
    return "<li>\(head)\(PageText.short(issue.message, limit: 2000))\(place)</li>\n"
  }

  /// The place, `path:line:column`; `nil` if it is not known.
  private func place(of issue: Issue) -> HTML? {
    issue.place.isEmpty ? nil : "<code>\(PageText.short(issue.place, limit: 400))</code>"
  }

  /// The entity, linked if it is in the store; `nil` if its id is not known.
  private func entity(of issue: Issue) -> HTML? {
    guard let id = issue.id else { return nil }
    guard let kind = issue.kind, present.contains(Entity(kind: kind, id: UTF8Key(id))) else {
      return "id <code>\(PageText.short(id, limit: 200))</code>"
    }
    return "\(kind.schema.singular) \(PageCell.link(to: kind, id: id, id))"
  }

  private func csv(_ total: Int) -> HTML {
    let count = counts.total(request.query)
    guard count > 0 else { return "" }
    let base = request.with { _ in }.link.prefix { $0 != "#" }
    let separator = base.contains("?") ? "&" : "?"
    return """
      <p class="dim note"><a href="\(String(base))\(separator)format=csv">CSV</a> of all \
      \(PlainText.grouped(count)), in order</p>

      """
  }
}
