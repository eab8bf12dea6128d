import RMOSHTML
import RMOSModels
import RMOSStore

/// A searchable, paged table of a kind.
struct ListPage {
  private let request: ListRequest
  private let records: [Record]
  private let total: Int

  init(_ request: ListRequest, in store: any RecordStore, totals: EntityTotals) throws {
    var request = request
    let token = store.changeToken()
    (total, records) = try store.read { reader in
      let total = try totals.count(request.query, in: reader, since: token)
      let last = max(1, (total + request.pageSize - 1) / request.pageSize)
      request.page = min(request.page, last)
      let offset = (request.page - 1) * request.pageSize
      return (total, try reader.records(request.query.limit(request.pageSize, offset: offset)))
    }
    self.request = request
  }

  private var kind: EntityKind { request.kind }

  var document: PageDocument {
    PageDocument(
      title: kind.pageTitle, section: "/\(kind.pathName)",
      main: """
        <h1>\(kind.pageTitle)</h1>
        \(form)<p class="away" id="found" role="status"></p>
        <div id="results">
        \(summary)\(records.isEmpty ? emptiness : table)\(pager)</div>

        """)
  }

  // MARK: The form

  private var form: HTML {
    let kept = request.filters.filter {
      !["rings", "status", "type", "material"].contains($0.filter.parameter)
    }
    .map { "<input type=\"hidden\" name=\"\($0.filter.parameter)\" value=\"\($0.value)\">" as HTML }
    return """
      <form class="tools" action="/\(kind.pathName)" method="get" role="search" id="search">
      <p class="grow"><label for="q">Search</label>\
      <input id="q" name="q" type="search" value="\(request.search)" autocomplete="off" \
      spellcheck="false" placeholder="\(kind.searchMembers.count > 1 ? "any part" : "part of an id")"></p>
      \(searchMemberField)\(filterFields)<p><label for="sort">Order</label>\
      \(choice("sort", [("id", "by id"), ("newest", "newest first")], request.order == .id ? "id" : "newest"))</p>
      \(kept)<p class="go"><button type="submit">Search</button></p>
      </form>

      """
  }

  private var searchMemberField: HTML {
    guard kind.searchMembers.count > 1 else { return "" }
    return """
      <p><label for="in">Search in</label>\
      \(choice("in", kind.searchMembers.map { ($0, $0) }, request.searchMember))</p>

      """
  }

  private var filterFields: HTML {
    let fields = kind.pageFilters.map { filter -> HTML in
      let value = request.filters.first { $0.filter.parameter == filter.parameter }?.value ?? ""
      let name = filter.parameter
      let label = filter.label.prefix(1).uppercased() + filter.label.dropFirst()
      let control: HTML
      switch (kind, name) {
      case (.joblogs, "status"):
        control = choice(
          name, [("", "any")] + JobStatus.allCases.map { ($0.rawValue, $0.rawValue) }, value)
      case (.joblogs, "type"):
        control = choice(
          name, [("", "any")] + JobType.known.map { ($0.rawValue, $0.rawValue) }, value)
      case (_, "rings"):
        control = """
          <input id="rings" name="rings" type="number" min="1" step="1" value="\(value)" \
          placeholder="any">
          """
      case (_, "type"), (_, "material"):
        control = """
          <input id="\(name)" name="\(name)" type="text" value="\(value)" placeholder="any" \
          autocomplete="off" spellcheck="false">
          """
      default: return ""
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
    let first = (request.page - 1) * request.pageSize + 1
    let range =
      records.isEmpty
      ? "" : "\(PlainText.grouped(first))–\(PlainText.grouped(first + records.count - 1)) of "
    let count = PlainText.counted(total, kind.schema.singular, kind.schema.plural)
    let chips = request.filters.map { filter, value -> HTML in
      let link = PageLink.link(to: kind, request.parameters(without: filter.parameter))
      return """
        <a class="chip" href="\(link ?? "/\(kind.pathName)")">\(filter.label): \
        \(PageText.short(value, limit: 60)) <span aria-hidden="true">×</span>\
        <span class="away">, remove this filter</span></a>

        """
    }
    let complaints = request.complaints.map {
      "<p class=\"warning\"><span aria-hidden=\"true\">!</span> \($0)</p>\n" as HTML
    }
    return """
      <p class="summary"><span id="count">\(range)\(count)</span> \(chips)</p>
      \(complaints)
      """
  }

  private var emptiness: HTML {
    guard request.isNarrowed else {
      return """
        <p class="nothing">There are no \(kind.schema.plural) yet. \
        Import them with <code>rmos-cli migrate</code>.</p>

        """
    }
    return """
      <p class="nothing">No matches. <a href="/\(kind.pathName)">Show all \
      \(kind.schema.plural)</a>.</p>

      """
  }

  private static let numeric: HTML = " class=\"n\""

  /// The table; with explicit roles, as narrow screens lay it out as blocks.
  private var table: HTML {
    let columns = ListColumn.columns(of: kind)
    let headings = columns.map {
      "<th role=\"columnheader\" scope=\"col\"\($0.isNumber ? Self.numeric : "")>\($0.heading)</th>"
        as HTML
    }
    let rows = records.map { record -> HTML in
      let cells = columns.dropFirst().map { column -> HTML in
        """
        <td role="cell"\(column.isNumber ? Self.numeric : "") data-label="\(column.heading)">\
        \(column.cell(record))</td>
        """
      }
      return """
        <tr role="row"><th role="rowheader" scope="row">\(columns.first?.cell(record) ?? "")</th>\(Array(cells))</tr>

        """
    }
    return """
      <table class="list cards" role="table">
      <caption class="away">\(kind.pageTitle)</caption>
      <thead role="rowgroup"><tr role="row">\(headings)</tr></thead>
      <tbody role="rowgroup">
      \(rows)</tbody></table>

      """
  }

  private var pager: HTML {
    let last = max(1, (total + request.pageSize - 1) / request.pageSize)
    guard last > 1 else { return "" }
    func link(_ page: Int, _ name: String, _ relation: String) -> HTML {
      guard page >= 1, page <= last, page != request.page,
        let link = PageLink.link(to: kind, request.parameters(page: page))
      else { return "<span class=\"dim\" aria-hidden=\"true\">\(name)</span>" }
      return "<a href=\"\(link)\" rel=\"\(relation)\">\(name)</a>"
    }
    return """
      <nav class="pager" aria-label="Pages">\(link(1, "First", "start")) \
      \(link(request.page - 1, "Previous", "prev")) \
      <span>Page \(PlainText.grouped(request.page)) of \(PlainText.grouped(last))</span> \
      \(link(request.page + 1, "Next", "next")) \(link(last, "Last", "last"))</nav>

      """
  }
}

/// A column of a kind's list.
struct ListColumn: Sendable {
  let heading: String
  var isNumber = false
  let cell: @Sendable (Record) -> HTML

  /// The columns of a kind, the row's header first.
  static func columns(of kind: EntityKind) -> [ListColumn] {
    switch kind {
    case .patterns:
      [
        named(kind), number("Rings", "ring_count"), text("Type", "pattern_type"),
        reference("Strip family", "strip_family_id", .stripFamilies), created,
      ]
    case .stripFamilies:
      [
        named(kind), text("Material", "material_type"), number("Width, mm", "strip_width_mm"),
        number("Thickness, mm", "strip_thickness_mm"), created,
      ]
    case .joblogs:
      [
        ListColumn(heading: "Job") { record in
          """
          \(PageCell.link(to: kind, id: record.id, record.id)) \
          <span class="dim id">\(PageText.short(PageText.text(record["job_type"]) ?? ""))</span>
          """
        },
        ListColumn(heading: "Status") { PageCell.status(PageText.text($0["status"]) ?? "") },
        reference("Pattern", "pattern_id", .patterns),
        ListColumn(heading: "Duration", isNumber: true) { record in
          switch record["duration_seconds"] {
          case .real(let seconds): "\(PageText.duration(seconds))"
          case .integer(let seconds): "\(PageText.duration(Double(seconds)))"
          default: none
          }
        },
        created,
      ]
    }
  }

  private static let none: HTML = "<span class=\"dim\">–</span>"

  private static func named(_ kind: EntityKind) -> ListColumn {
    ListColumn(heading: "Name") { record in
      """
      \(PageCell.link(to: kind, id: record.id, PageText.text(record["name"]) ?? "")) \
      <span class="dim id">\(PageText.short(record.id, limit: 100))</span>
      """
    }
  }

  private static func text(_ heading: String, _ member: String) -> ListColumn {
    ListColumn(heading: heading) { record in
      PageText.text(record[member]).map { PageText.short($0, limit: 80) } ?? none
    }
  }

  private static func number(_ heading: String, _ member: String) -> ListColumn {
    ListColumn(heading: heading, isNumber: true) { record in
      PageText.text(record[member]).map { PageText.short($0, limit: 30) } ?? none
    }
  }

  private static func reference(
    _ heading: String, _ member: String, _ kind: EntityKind
  ) -> ListColumn {
    ListColumn(heading: heading) { record in
      PageText.text(record[member]).map { PageCell.link(to: kind, id: $0, $0) } ?? none
    }
  }

  private static let created = ListColumn(heading: "Created") { record in
    PageText.time(PageText.text(record["created_at"]))
  }
}
