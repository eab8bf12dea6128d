import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSStore

/// A searchable, paged table of a kind.
struct ListPage {
  private let request: ListRequest
  private let records: [Record]
  /// For each record that has changed since a run wrote it, the run; `nil` for the others.
  private let edits: [Int64?]
  private let total: Int
  private let facets: [CountedFacet]
  private let names: ReferenceNames

  init(_ request: ListRequest, in store: any RecordStore, totals: EntityTotals) throws {
    var request = request
    let token = store.changeToken()
    (total, records, edits, facets, names) = try store.read { reader in
      try request.findRun(in: reader)
      let total = try totals.count(request.query, in: reader, since: token)
      let last = PageCount(total, of: request.pageSize).last
      request.complaints += PageChoice.complaints(request.page, last: last)
      request.page = min(request.page, last)
      let offset = (request.page - 1) * request.pageSize
      let records = try reader.records(
        request.query.limit(request.pageSize, offset: offset))
      let facets = try request.kind.schema.presentation.filters.filter(\.isFacet).map { filter in
        CountedFacet(
          filter: filter,
          values: try totals.counts(
            request.query(without: filter.name), by: filter.key, in: reader, since: token))
      }
      return (
        total, records, try reader.runsBeforeEdits(of: records), facets,
        try ReferenceNames(of: records, request.kind, filters: request.filters, in: reader)
      )
    }
    self.request = request
  }

  /// Returns all pages of the list as one file.
  ///
  /// - Throws: ``ErrorPage`` with 422 if a value of the request is invalid, since a file cannot say
  ///   that it was ignored.
  static func export(
    _ request: ListRequest, _ format: ListTable.Format, in store: any RecordStore,
    for serverRequest: ServerRequest
  ) throws -> ServerResponse {
    try store.read { reader in
      var request = request
      try request.findRun(in: reader)
      if let complaint = request.complaints.first {
        throw ErrorPage.wrongParameter(complaint.fault, page: "/\(request.kind.pathName)")
      }
      return try ListTable(request.kind)
        .file(format, of: request.query, in: reader, for: serverRequest)
    }
  }

  private var kind: EntityKind { request.kind }

  var document: PageDocument {
    PageDocument(
      title: kind.pageTitle, section: "/\(kind.pathName)",
      main: """
        <h1>\(kind.pageTitle)</h1>
        \(form)<p class="away" id="found" role="status"></p>
        <div id="results">
        \(summary)<div class="\(facetList == "" ? "" : "beside" as HTML)">
        \(facetList)<div>\(records.isEmpty ? placeholder : table)\(pager)\(exports)</div></div></div>

        """)
  }

  // MARK: The form

  private var form: HTML {
    let kept =
      (request.filters.filter { ListRequest.isSetByLinks($0.filter, kind) }
      .map { ($0.filter.name, $0.value) }
      + request.runParameters
      + (request.pageSize == PageChoice.sizes[0] ? [] : [("per", String(request.pageSize))]))
      .map { "<input type=\"hidden\" name=\"\($0.0)\" value=\"\($0.1)\">" as HTML }
    let orders = kind.schema.presentation.columns.flatMap { column -> [(String, String)] in
      let (up, down) = column.directions
      return [
        (column.member, "\(column.heading), \(up)"),
        ("-\(column.member)", "\(column.heading), \(down)"),
      ]
    }
    return """
      <form class="tools" action="/\(kind.pathName)" method="get" role="search" id="search">
      <p class="grow"><label for="q">Search</label>\
      <input id="q" name="q" type="search" value="\(request.search)" autocomplete="off" \
      spellcheck="false" placeholder="any part"></p>
      \(searchMemberField)\(filterFields)<p><label for="sort">Order</label>\
      \(choice("sort", [("id", "by id"), ("newest", "newest first")] + orders, request.order.text))</p>
      \(kept)<p class="go"><button type="submit">Search</button></p>
      </form>

      """
  }

  private var searchMemberField: HTML {
    let members = ListRequest.searchMembers(kind).map { ($0, $0) }
    return """
      <p><label for="in">Search in</label>\
      \(choice("in", members, request.searchMember))</p>

      """
  }

  private var filterFields: HTML {
    let filters = kind.schema.presentation.filters.filter {
      !ListRequest.isSetByLinks($0, kind)
    }
    let fields = filters.map { filter -> HTML in
      let value = request.value(of: filter) ?? ""
      let name = filter.name
      let label = PageText.capitalized(filter.label)
      let control: HTML
      switch kind.schema.position(ofMember: filter.member).map({ kind.schema.fields[$0].type }) {
      case .text(let rule) where !rule.knownValues.isEmpty:
        control = choice(name, [("", "any")] + rule.knownValues.map { ($0, $0) }, value)
      case .integer(let minimum):
        control = """
          <input id="\(name)" name="\(name)" type="number" min="\(minimum)" step="1" \
          value="\(value)" placeholder="any">
          """
      default:
        control = """
          <input id="\(name)" name="\(name)" type="text" value="\(value)" placeholder="any" \
          autocomplete="off" spellcheck="false">
          """
      }
      return "<p><label for=\"\(name)\">\(label)</label>\(control)</p>\n"
    }
    return HTML(fields)
  }

  /// A selection box; an unknown value is added to the choices.
  private func choice(_ name: String, _ options: [(String, String)], _ chosen: String) -> HTML {
    var options = options
    if !options.contains(where: { $0.0 == chosen }) { options.append((chosen, chosen)) }
    let items = options.map { value, text -> HTML in
      let selected: HTML = value == chosen ? " selected" : ""
      return "<option value=\"\(value)\"\(selected)>\(text)</option>"
    }
    return "<select id=\"\(name)\" name=\"\(name)\">\(items)</select>"
  }

  // MARK: The results

  private var summary: HTML {
    let range =
      total == 0 ? "" : PageCount(total, of: request.pageSize).range(request.page) + " of "
    let count = PlainText.counted(total, kind.schema.singular, kind.schema.plural)
    let chips =
      (request.runEntities.map {
        [PageCell.chip("\($0.label)", removedBy: request.ofAllRuns.link)]
      } ?? [])
      + request.filters.map { filter, value in
        PageCell.chip(
          "\(filter.label): \(shown(value, of: filter))",
          removedBy: request.filtered(by: filter, nil).link)
      }
    return """
      <p class="summary"><span id="count">\(range)\(count)</span> \(chips)</p>
      \(runNote)\(PageCell.warnings(request.complaints.map(\.sentence)))
      """
  }

  /// The value of an active filter, after the name of the entity if it is the id of one.
  private func shown(_ value: String, of filter: EntitySchema.Filter) -> HTML {
    let id = PageText.filterValue(value)
    guard let target = kind.schema.target(ofMember: filter.member), let name = names[target, value],
      !PageText.isBlank(name), !name.utf8.elementsEqual(value.utf8)
    else { return id }
    return "\(PageText.short(name, limit: 60)) (\(id))"
  }

  /// A note about the figure of the run to which the list is restricted.
  private var runNote: HTML {
    let total = request.isOfRunOnly ? total : nil
    guard let note = request.runEntities?.note(kind, total: total) else { return "" }
    return "<p class=\"dim note\" id=\"of-run\">\(note)</p>\n"
  }

  private var placeholder: HTML {
    guard request.isNarrowed else {
      return """
        <p class="nothing">There are no \(kind.schema.plural) yet. \
        Import them with the command <code>migrate</code>.</p>

        """
    }
    var everywhere: HTML = ""
    if !request.search.isEmpty, request.searchMember != ListRequest.anywhere {
      var wider = request
      wider.searchMember = ListRequest.anywhere
      everywhere = " <a href=\"\(wider.link)\">Search everywhere</a> or"
    }
    return """
      <p class="nothing">No matches.\(everywhere) <a href="/\(kind.pathName)">\
      \(everywhere == "" ? "Show" : "show" as HTML) all \(kind.schema.plural)</a>.</p>

      """
  }

  /// The table, with explicit roles, which it would lose on narrow screens, where it is laid out as
  /// blocks.
  private var table: HTML {
    let columns = kind.schema.presentation.columns
    let headings = columns.map { heading($0) }
    let rows = zip(records, edits).map { record, run -> HTML in
      let cells = columns.dropFirst().map { column -> HTML in
        """
        <td role="cell"\(ColumnHeading.numeric(column.isNumber)) data-label="\(column.heading)">\
        \(record.cell(column, names))</td>
        """
      }
      return """
        <tr role="row"><th role="rowheader" scope="row">\(columns.first.map { title(record, $0, editedSince: run) } ?? "")</th>\(Array(cells))</tr>

        """
    }
    return """
      <table class="list cards\(kind == .patterns ? " drawn" as HTML : "")" role="table">
      <caption class="away">\(kind.pageTitle)</caption>
      <thead role="rowgroup"><tr role="row">\(headings)</tr></thead>
      <tbody role="rowgroup">
      \(rows)</tbody></table>

      """
  }

  /// The heading of a column, a link that sorts by the column or reverses the order.
  private func heading(_ column: EntitySchema.Column) -> HTML {
    let isDescending = request.order.isDescending(column.member)
    let next = request.ordered(
      by: .member(column.member, descending: isDescending.map { !$0 } ?? false))
    return ColumnHeading(
      text: column.heading, isNumber: column.isNumber, link: next.link, isDescending: isDescending
    ).cell
  }

  /// The cell that names a row, with a mark if it was edited, and with a small drawing of a
  /// pattern.
  private func title(
    _ record: Record, _ column: EntitySchema.Column, editedSince run: Int64?
  ) -> HTML {
    let mark: HTML =
      run.map {
        " <span class=\"warning id\"><span aria-hidden=\"true\">!</span> changed since "
          + "<a href=\"\(PageLink.run($0))\">run \($0)</a></span>"
      } ?? ""
    let cell = record.cell(column, names) + mark
    guard kind == .patterns else { return cell }
    return cell + " " + PatternDrawing(record).thumbnail
  }

  private var facetList: HTML {
    let sections = HTML(facets.map { $0.section(request) })
    guard sections != "" else { return "" }
    let isCounting = facets.contains { $0.values == nil }
    let mark: HTML = isCounting ? " data-refreshing" : ""
    return """
      <nav class="facets" id="facets" aria-label="Filters"\(mark)>
      \(sections)</nav>

      """
  }

  private var exports: HTML {
    guard total > 0 else { return "" }
    let links = [("csv", "CSV"), ("json", "JSON")].compactMap { format, name -> HTML? in
      PageLink.link(to: kind, request.parameters(page: 1) + [("format", format)])
        .map { "<a href=\"\($0)\">\(name)</a>" }
    }
    guard links.count == 2 else { return "" }
    return """
      <p class="dim note">\(links[0]) or \(links[1]) of all \(PlainText.grouped(total)), in this \
      order</p>

      """
  }

  private var pager: HTML {
    PageCount(total, of: request.pageSize).pager(request.page) {
      PageLink.link(to: kind, request.parameters(page: $0))
    }
  }
}

extension EntitySchema.Column {
  /// Whether the cells are numbers, which are aligned to the right.
  var isNumber: Bool { style == .number || style == .duration }

  /// The names of the two orders by the column.
  fileprivate var directions: (up: String, down: String) {
    switch style {
    case .number: ("smallest first", "largest first")
    case .duration: ("shortest first", "longest first")
    case .time: ("oldest first", "latest first")
    default: ("A to Z", "Z to A")
    }
  }
}

extension Record {
  /// The record's cell in a column of its kind's list.
  fileprivate func cell(_ column: EntitySchema.Column, _ names: ReferenceNames) -> HTML {
    let value = self[column.member]
    let text = PageText.text(value)
    switch column.style {
    case .name:
      let note =
        kind.schema.presentation.title.namesEntity
        ? PageText.id(id, limit: 100)
        : PageText.short(PageText.text(self[kind.titleMember]) ?? "")
      return """
        \(PageCell.link(to: self, linkText)) \
        <span class="dim id">\(note)</span>
        """
    case .text: return text.map { PageText.short($0, limit: 80) } ?? PageCell.none
    case .number:
      return PageText.number(value).map { HTML(text: $0) }
        ?? text.map { PageText.short($0, limit: 30) } ?? PageCell.none
    case .duration:
      switch value {
      case .real(let seconds): return "\(PageText.duration(seconds))"
      case .integer(let seconds): return "\(PageText.duration(Double(seconds)))"
      default: return PageCell.none
      }
    case .status: return PageCell.status(text ?? "")
    case .reference:
      guard let text, let target = kind.schema.target(ofMember: column.member) else {
        return PageCell.none
      }
      guard let name = names[target, text] else {
        return """
          \(PageText.id(text, limit: 100)) <span class="error id">\
          <span aria-hidden="true">✗</span> not in the database</span>
          """
      }
      let id: HTML =
        name.utf8.elementsEqual(text.utf8)
        ? "" : " <span class=\"dim id\">\(PageText.id(text, limit: 100))</span>"
      return PageCell.link(to: target, id: text, PageText.isBlank(name) ? text : name) + id
    case .time: return PageText.time(text)
    }
  }
}
