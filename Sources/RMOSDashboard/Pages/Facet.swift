import RMOSHTML
import RMOSModels

/// A filter beside a list: its values as links, each with its number.
struct Facet {
  /// A value.
  struct Item {
    /// What it is called.
    var name: HTML
    /// Where it leads: to the list with this value, or without it if it is the active one; `nil` if
    /// it cannot be in an address.
    var link: String?
    var isActive = false
    var count: Int
  }

  var title: String
  /// The level of the heading.
  var level = 2
  var items: [Item]
  /// Items that are no links.
  var rest: [HTML] = []

  /// The filter under a heading; nothing if there are no values.
  var section: HTML {
    guard !items.isEmpty else { return "" }
    let entries = items.map { item -> HTML in
      let mark: HTML = item.isActive ? " aria-current=\"true\"" : ""
      let note: HTML =
        item.isActive
        ? " <span aria-hidden=\"true\">×</span><span class=\"away\">, remove this filter</span>"
        : ""
      let name: HTML =
        item.link.map { "<a href=\"\($0)\"\(mark)>\(item.name)\(note)</a>" }
        ?? "<span>\(item.name)</span>"
      return "<li>\(name) <span class=\"n\">\(PlainText.grouped(item.count))</span></li>\n"
    }
    let name = "h\(level)"
    return "<section><\(name)>\(title)</\(name)><ul>\n\(entries)\(rest)</ul></section>\n"
  }
}

/// The heading of a column of a table, a link that sorts by it or turns the order around.
struct ColumnHeading {
  var text: String
  /// Whether its cells are numbers, which are set flush right.
  var isNumber: Bool
  /// The link; `nil` if the table cannot be sorted.
  var link: String?
  /// Whether the table is sorted by it, descending or not; `nil` if it is not.
  var isDescending: Bool?

  /// The class of a cell with a number.
  static func numeric(_ isNumber: Bool) -> HTML { isNumber ? " class=\"n\"" : "" }

  /// The cell, with its role, as narrow screens lay the table out as blocks.
  var cell: HTML {
    let sort: HTML =
      isDescending.map { " aria-sort=\"\($0 ? "descending" : "ascending")\"" } ?? ""
    let arrow: HTML =
      isDescending.map { " <span aria-hidden=\"true\">\($0 ? "↓" : "↑")</span>" } ?? ""
    let content: HTML =
      link.map { "<a href=\"\($0)\">\(text)\(arrow)</a>" } ?? "\(text)"
    return """
      <th role="columnheader" scope="col"\(Self.numeric(isNumber))\(sort)>\(content)</th>
      """
  }
}
