import RMOSHTML

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
