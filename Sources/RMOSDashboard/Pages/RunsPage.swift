import RMOSHTML
import RMOSHTTP
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
        <div id="runs-found"\(refreshing)>
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
      \(PageCell.warnings(request.complaints))\(orderForm(columns))\(table.table)\(pager)\
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
  var complaints: [String] = []

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
