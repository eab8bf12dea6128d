import RMOSHTML
import RMOSHTTP
import RMOSMigration
import RMOSModels
import RMOSStore

/// The page at `/runs`: the runs in the ledger, sorted and paged.
struct RunsPage {
  private let request: RunsRequest
  private let slice: RunSlice

  init(_ request: RunsRequest, in store: any RecordStore) throws {
    var request = request
    var slice = try request.slice(of: store)
    let pages = PageCount(slice.total, of: request.pageSize)
    if request.page > pages.last {
      request.complaints += PageChoice.complaints(request.page, last: pages.last)
      request.page = pages.last
      slice = try request.slice(of: store)
    }
    self.request = request
    self.slice = slice
  }

  var document: PageDocument {
    let isLive = slice.runs.contains(where: \.isUnderWay)
    let refreshing: HTML = isLive ? " data-refreshing" : ""
    return PageDocument(
      title: "Runs", section: "/runs",
      main: """
        <h1>Runs</h1>
        \(PageCell.warnings(request.complaints.map(\.sentence)))<div id="runs-found"\(refreshing)>
        \(slice.runs.isEmpty ? placeholder : list)</div>

        """, refreshSeconds: isLive ? 5 : nil)
  }

  private var placeholder: HTML {
    """
    <p class="nothing">No runs yet. A migration adds one.</p>

    """
  }

  private var list: HTML {
    let pages = PageCount(slice.total, of: request.pageSize)
    let pager = pages.pager(request.page) { request.link(page: $0) }
    // Columns that are empty for all runs would take room from the others.
    let columns = RunListColumn.allCases.filter { $0.isUseful(for: slice.runs) }
    let table = RunTable(runs: slice.runs, columns: columns) { column in
      let isSorted = request.order.column == column
      let next = RunOrder(column, descending: isSorted ? !request.order.isDescending : false)
      return (request.link(page: 1, next), isSorted ? request.order.isDescending : nil)
    }
    return """
      <p class="summary"><span id="count">\(pages.range(request.page)) of \
      \(PlainText.counted(slice.total, "run"))</span></p>
      \(orderForm(columns))\(table.table)\(pager)\
      <p class="dim note"><a href="/runs?format=csv">CSV</a> of all \
      \(PlainText.grouped(slice.total)), newest first</p>

      """
  }

  /// The choice of an order on narrow screens, where the table has no headings.
  private func orderForm(_ columns: [RunListColumn]) -> HTML {
    let orders = columns.flatMap { column in
      [false, true].map { (RunOrder(column, descending: $0), column, $0) }
    }
    let options = orders.map { order, column, isDescending -> HTML in
      let selected: HTML = order == request.order ? " selected" : ""
      let way = isDescending ? "descending" : "ascending"
      return "<option value=\"\(order.text)\"\(selected)>\(column.heading), \(way)</option>"
    }
    let size: HTML =
      request.pageSize == PageChoice.sizes[0]
      ? "" : "<input type=\"hidden\" name=\"per\" value=\"\(request.pageSize)\">"
    return """
      <form class="tools narrow" action="/runs" method="get" aria-label="Order of the runs">
      \(size)<p><label for="sort">Order</label><select id="sort" name="sort">\(options)</select></p>
      <p class="go"><button type="submit">Sort</button></p>
      </form>

      """
  }
}

/// The request for the list of runs.
struct RunsRequest {
  var order = RunOrder.newestFirst
  /// The page, from 1.
  var page = 1
  var pageSize = PageChoice.sizes[0]
  var complaints: [Complaint] = []

  static let parameters = ["sort", "page", "per", "format"]

  init(_ target: RequestTarget) {
    let choice = PageChoice(target, &order) { RunOrder($0) }
    page = choice.page ?? 1
    pageSize = choice.size
    complaints = choice.complaints
  }

  func slice(of store: any RecordStore) throws -> RunSlice {
    let (offset, overflows) = (page - 1).multipliedReportingOverflow(by: pageSize)
    return try RunSlice(
      order, limit: pageSize, offset: overflows ? .max : offset, in: store)
  }

  /// The URL of a page, in `order` if it is given.
  func link(page: Int, _ order: RunOrder? = nil) -> String {
    let order = order ?? self.order
    var parameters: [(String, String)] = []
    if order != .newestFirst { parameters.append(("sort", order.text)) }
    if pageSize != PageChoice.sizes[0] { parameters.append(("per", String(pageSize))) }
    if page > 1 { parameters.append(("page", String(page))) }
    return PageLink.link(to: "/runs", parameters) ?? "/runs"
  }
}

/// Runs as a table, in which every number links to the entities that it counts.
struct RunTable {
  let runs: [LedgerRun]
  let columns: [RunListColumn]
  /// Returns the link that sorts by a column, and whether the order is descending if the table is
  /// sorted by it; `nil` if the table cannot be sorted.
  var heading: ((RunListColumn) -> (link: String, isDescending: Bool?))?

  /// The link to the run's page, "Run 3, migrate"; the words that the headings have too are visible
  /// only on narrow screens, and to screen readers.
  private func link(to run: LedgerRun) -> HTML {
    let command = PageText.short(run.command, limit: 30)
    let rest: HTML =
      columns.contains(.command)
      ? "<span class=\"away\">, \(command)</span>"
      : "<span class=\"away\">,</span> <span class=\"dim\">\(command)</span>"
    return """
      <a class="nowrap" href="\(PageLink.run(run.id))"><span class="away">Run </span>\(run.id)\(rest)</a>
      """
  }

  var table: HTML {
    let headings = columns.map { column -> HTML in
      let order = heading?(column)
      return ColumnHeading(
        text: column.heading, isNumber: column.isNumber, link: order?.link,
        isDescending: order?.isDescending
      ).cell
    }
    let rows = runs.map { run -> HTML in
      let cells = columns.dropFirst().map { column -> HTML in
        """
        <td role="cell"\(ColumnHeading.numeric(column.isNumber)) data-label="\(column.heading)">\
        \(run.cell(column))</td>
        """
      }
      return """
        <tr role="row"><th role="rowheader" scope="row">\(link(to: run))</th>\(cells)</tr>

        """
    }
    return """
      <div class="scroll" role="region" tabindex="0" aria-label="Runs, as a table">
      <table class="list cards runs" role="table">
      <thead role="rowgroup"><tr role="row">\(headings)</tr></thead>
      <tbody role="rowgroup">
      \(rows)</tbody></table></div>

      """
  }
}

extension LedgerRun {
  fileprivate func cell(_ column: RunListColumn) -> HTML {
    switch column {
    case .run: return "\(id)"
    case .command: return PageText.short(command, limit: 30)
    case .state:
      return
        "<span>\(PageCell.status(stateText))\(HTML(notes))</span>"
    case .started: return PageText.time(startedAt)
    case .duration: return "\(PageText.duration(seconds))"
    case .source: return "<span class=\"wide\">\(PageText.short(source, limit: 80))</span>"
    case .who:
      return who.map { "<span class=\"wide\">\(PageText.short($0, limit: 60))</span>" }
        ?? PageCell.none
    case .found: return RunCount(of: .found, in: self).html
    case .migrated, .updated, .skipped:
      guard let figure = column.figure else { return PageCell.none }
      // If there are several kinds, the number found already links to the table of all outcomes.
      return PageLink.counted(figure, of: nil, by: self).contains("#")
        ? "\(PlainText.grouped(statistics.total[figure]))" : RunCount(of: figure, in: self).html
    case .failed:
      let link = RunCount(of: .failed, in: self).html
      return statistics.total.failed > 0 ? "<span class=\"error\">\(link)</span>" : link
    case .new:
      return failedNew.map { count($0, "?severity=error&new=true#issues") } ?? PageCell.none
    case .known:
      return failedKnown.map { count($0, "?severity=error&new=false#issues") } ?? PageCell.none
    }
  }

  /// A number, with a link to what it counts on the run's page unless it is 0.
  private func count(_ number: Int, _ place: String) -> HTML {
    guard number > 0 else { return "0" }
    return "<a href=\"\(PageLink.run(id))\(place)\">\(PlainText.grouped(number))</a>"
  }

  private var notes: [HTML] {
    var notes: [HTML] = []
    if let failure { notes.append(PageText.short(failure, limit: 160)) }
    if let undoneBy {
      notes.append("undone by <a href=\"\(PageLink.run(undoneBy))\">run \(undoneBy)</a>")
    }
    if let undo {
      notes.append(
        """
        of <a href="\(PageLink.run(undo.run))">run \(undo.run)</a>: \
        \(PlainText.grouped(undo.removed)) removed, \(PlainText.grouped(undo.restored)) restored
        """)
    }
    if let sourceSentence { notes.append(HTML(text: sourceSentence)) }
    return notes.map { "<br><span class=\"dim\">\($0)</span>" }
  }
}

/// A figure of a run, with a link to the entities that it counts if there are any.
struct RunCount {
  let html: HTML

  init(
    of figure: RunFigure, _ kind: EntityKind? = nil, in run: LedgerRun,
    _ links: RunFigureLinks? = nil
  ) {
    let counts = kind.map { run.statistics[$0] } ?? run.statistics.total
    let number = counts[figure]
    let text = PlainText.grouped(number)
    let link = number == 0 ? nil : (links ?? RunFigureLinks(of: run)).link(figure, kind)
    html = link.map { "<a href=\"\($0)\">\(text)</a>" } ?? HTML(text: text)
  }
}
