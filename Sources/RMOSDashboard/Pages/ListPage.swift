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
    let kept = request.filters.filter { kind.schema.target(ofMember: $0.filter.member) != nil }
      .map { "<input type=\"hidden\" name=\"\($0.filter.name)\" value=\"\($0.value)\">" as HTML }
    return """
      <form class="tools" action="/\(kind.pathName)" method="get" role="search" id="search">
      <p class="grow"><label for="q">Search</label>\
      <input id="q" name="q" type="search" value="\(request.search)" autocomplete="off" \
      spellcheck="false" placeholder="\(kind.schema.searchMembers.count > 1 ? "any part" : "part of an id")"></p>
      \(searchMemberField)\(filterFields)<p><label for="sort">Order</label>\
      \(choice("sort", [("id", "by id"), ("newest", "newest first")], request.order == .id ? "id" : "newest"))</p>
      \(kept)<p class="go"><button type="submit">Search</button></p>
      </form>

      """
  }

  private var searchMemberField: HTML {
    guard kind.schema.searchMembers.count > 1 else { return "" }
    return """
      <p><label for="in">Search in</label>\
      \(choice("in", kind.schema.searchMembers.map { ($0, $0) }, request.searchMember))</p>

      """
  }

  private var filterFields: HTML {
    let fields = kind.schema.presentation.filters.map { filter -> HTML in
      let value = request.filters.first { $0.filter.name == filter.name }?.value ?? ""
      let name = filter.name
      let label = filter.label.prefix(1).uppercased() + filter.label.dropFirst()
      let control: HTML
      switch kind.schema.position(ofMember: filter.member).map({ kind.schema.fields[$0].type }) {
      case .text(let rule) where !rule.knownValues.isEmpty:
        control = choice(name, [("", "any")] + rule.knownValues.map { ($0, $0) }, value)
      case .integer(let minimum):
        control = """
          <input id="\(name)" name="\(name)" type="number" min="\(minimum)" step="1" \
          value="\(value)" placeholder="any">
          """
      case .reference, nil: return ""
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
    let first = (request.page - 1) * request.pageSize + 1
    let range =
      records.isEmpty
      ? "" : "\(PlainText.grouped(first))–\(PlainText.grouped(first + records.count - 1)) of "
    let count = PlainText.counted(total, kind.schema.singular, kind.schema.plural)
    let chips = request.filters.map { filter, value -> HTML in
      let link = PageLink.link(to: kind, request.parameters(without: filter.name))
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
        Import them with the command <code>migrate</code>.</p>

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
    let columns = kind.schema.presentation.columns
    let headings = columns.map {
      "<th role=\"columnheader\" scope=\"col\"\($0.isNumber ? Self.numeric : "")>\($0.heading)</th>"
        as HTML
    }
    let rows = records.map { record -> HTML in
      let cells = columns.dropFirst().map { column -> HTML in
        """
        <td role="cell"\(column.isNumber ? Self.numeric : "") data-label="\(column.heading)">\
        \(record.cell(column))</td>
        """
      }
      return """
        <tr role="row"><th role="rowheader" scope="row">\(columns.first.map(record.cell) ?? "")</th>\(Array(cells))</tr>

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

extension EntitySchema.Column {
  /// Whether its cells are numbers, which are set flush right.
  var isNumber: Bool { style == .number || style == .duration }
}

extension Record {
  /// The record's cell in a column of its kind's list.
  fileprivate func cell(_ column: EntitySchema.Column) -> HTML {
    let value = self[column.member]
    let text = PageText.text(value)
    let none: HTML = "<span class=\"dim\">–</span>"
    switch column.style {
    case .name:
      let note =
        kind.schema.presentation.title.namesEntity
        ? PageText.short(id, limit: 100)
        : PageText.short(PageText.text(self[kind.titleMember]) ?? "")
      return """
        \(PageCell.link(to: kind, id: id, linkText)) \
        <span class="dim id">\(note)</span>
        """
    case .text: return text.map { PageText.short($0, limit: 80) } ?? none
    case .number: return text.map { PageText.short($0, limit: 30) } ?? none
    case .duration:
      switch value {
      case .real(let seconds): return "\(PageText.duration(seconds))"
      case .integer(let seconds): return "\(PageText.duration(Double(seconds)))"
      default: return none
      }
    case .status: return PageCell.status(text ?? "")
    case .reference:
      guard let text, let target = kind.schema.target(ofMember: column.member) else { return none }
      return PageCell.link(to: target, id: text, text)
    case .time: return PageText.time(text)
    }
  }
}

extension Record {
  /// What a link to the record says: the name, or the id if entities share their titles.
  var linkText: String {
    guard kind.schema.presentation.title.namesEntity else { return id }
    return PageText.text(self[kind.titleMember]) ?? ""
  }
}

extension EntityKind {
  /// The member that serves as an entity's title.
  var titleMember: String { schema.presentation.title.member }

  /// The member that says how far an entity has come; `nil` if the kind has none.
  var statusMember: String? {
    schema.presentation.columns.first { $0.style == .status }?.member
  }
}

extension EntitySchema {
  /// The kind that a member refers to; `nil` if it is not a reference.
  fileprivate func target(ofMember member: String) -> EntityKind? {
    references.first { fields[$0.field].member == member }?.target
  }
}
