import RMOSHTML

/// The heading of a column of a table, a link that sorts by the column or reverses the order.
struct ColumnHeading {
  var text: String
  /// Whether the cells are numbers, which are aligned to the right.
  var isNumber: Bool
  /// The link; `nil` if the table cannot be sorted.
  var link: String?
  /// Whether the order is descending; `nil` if the table is not sorted by the column.
  var isDescending: Bool?

  /// The class attribute of a cell, if it has a number.
  static func numeric(_ isNumber: Bool) -> HTML { isNumber ? " class=\"n\"" : "" }

  /// The cell, with an explicit role, which it would lose on narrow screens, where tables are laid
  /// out as blocks.
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
