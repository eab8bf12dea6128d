import RMOSHTML
import RMOSModels

/// How a list is divided into pages.
struct PageCount {
  private let total: Int
  private let size: Int
  /// The number of the last page, from 1.
  let last: Int

  init(_ total: Int, of size: Int) {
    self.total = total
    self.size = size
    last = max(1, (total + size - 1) / size)
  }

  /// What a page shows: "51–100".
  func range(_ page: Int) -> String {
    let first = (page - 1) * size + 1
    return "\(PlainText.grouped(first))–\(PlainText.grouped(min(total, first + size - 1)))"
  }

  /// The links to other pages; nothing if there is one page only.
  func pager(_ page: Int, _ link: (Int) -> String?) -> HTML {
    guard last > 1 else { return "" }
    func item(_ number: Int, _ name: String, _ relation: String) -> HTML {
      guard number >= 1, number <= last, number != page, let link = link(number) else {
        return "<span class=\"dim\" aria-hidden=\"true\">\(name)</span>"
      }
      return "<a href=\"\(link)\" rel=\"\(relation)\">\(name)</a>"
    }
    return """
      <nav class="pager" aria-label="Pages">\(item(1, "First", "start")) \
      \(item(page - 1, "Previous", "prev")) \
      <span>Page \(PlainText.grouped(page)) of \(PlainText.grouped(last))</span> \
      \(item(page + 1, "Next", "next")) \(item(last, "Last", "last"))</nav>

      """
  }
}
