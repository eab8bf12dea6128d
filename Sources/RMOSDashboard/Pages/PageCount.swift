import RMOSHTML
import RMOSHTTP
import RMOSModels
import RMOSSystem

/// An invalid value in an address.
struct Complaint {
  /// What is wrong, without a full stop.
  let fault: String
  /// What a page does instead.
  let remedy: String

  init(_ fault: String, _ remedy: String) {
    self.fault = fault
    self.remedy = remedy
  }

  /// The complaint on a page.
  var sentence: String { "\(fault); \(remedy)." }
}

/// The page of a list that an address names.
struct PageChoice {
  /// The page, from 1; `nil` if the address names none.
  private(set) var page: Int?
  /// The number of entries per page.
  private(set) var size = Self.sizes[0]
  private(set) var complaints: [Complaint] = []

  /// The sizes that pages may have, the default first.
  static let sizes = [50, 100, 200]

  /// Reads the parameters `page` and `per`; empty ones count as absent.
  init(_ target: RequestTarget) {
    if let text = target["page"], !text.isEmpty {
      let number = text.wholeNumber.map { Int(clamping: $0) } ?? 0
      page = max(1, number)
      if number < 1 {
        complaints.append(
          Complaint("\"\(text.prefix(40))\" is not the number of a page", "the first is shown"))
      }
    }
    guard let text = target["per"], !text.isEmpty else { return }
    if let size = text.wholeNumber.map({ Int(clamping: $0) }), Self.sizes.contains(size) {
      self.size = size
    } else {
      let sizes = Self.sizes.map(String.init).joined(separator: ", ")
      complaints.append(
        Complaint(
          "A page has \(sizes) entries, not \"\(text.prefix(40))\"", "\(Self.sizes[0]) are shown"))
    }
  }

  /// Reads the parameters `page`, `per` and `sort`; an unknown order leaves `order` unchanged.
  init<Order>(_ target: RequestTarget, _ order: inout Order, _ read: (String) -> Order?) {
    self.init(target)
    guard let text = target["sort"], !text.isEmpty else { return }
    if let chosen = read(text) {
      order = chosen
    } else {
      complaints.insert(
        Complaint("There is no order \"\(text.prefix(40))\"", "the default is used"), at: 0)
    }
  }

  /// The complaint if a page is beyond the last one, which is shown instead.
  static func complaints(_ page: Int, last: Int) -> [Complaint] {
    page <= last
      ? [] : [Complaint("There is no page \(PlainText.grouped(page))", "the last is shown")]
  }
}

/// The division of a list into pages.
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

  /// The range of entries on a page: "51–100".
  func range(_ page: Int) -> String {
    let first = (page - 1) * size + 1
    return "\(PlainText.grouped(first))–\(PlainText.grouped(min(total, first + size - 1)))"
  }

  /// The links to other pages; empty if there is only one page.
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
