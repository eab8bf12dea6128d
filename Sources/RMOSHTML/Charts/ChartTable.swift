import RMOSModels

/// The numbers of a chart as a table.
package struct ChartTable: Sendable {
  /// A heading, and whether the cells below it are numbers.
  package struct Column: Sendable {
    var heading: String
    var isNumber: Bool

    /// Creates a column of text.
    package static func text(_ heading: String) -> Column {
      Column(heading: heading, isNumber: false)
    }
    /// Creates a column of numbers.
    package static func number(_ heading: String) -> Column {
      Column(heading: heading, isNumber: true)
    }
  }

  private let id: String
  private let caption: String
  private let columns: [Column]
  private let rows: [[HTML]]
  private let total: Int

  /// The maximum number of rows of a table that a page shows.
  package static let mostRows = 200

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - id: Its id, unique on the page.
  ///   - caption: Its caption.
  ///   - columns: The headings; the first column has the headings of the rows.
  ///   - rows: The cells; at most ``mostRows`` are shown, with a note if there are more.
  ///   - omitted: The number of rows that are missing from `rows`.
  package init(
    id: String, caption: String, columns: [Column], rows: [[HTML]], omitted: Int = 0
  ) {
    self.id = id
    self.caption = caption
    self.columns = columns
    self.rows = Array(rows.prefix(Self.mostRows))
    total = rows.count + omitted
  }

  /// The table in a closed section.
  package var details: HTML { details(named: "Show as a table") }

  /// Returns the table in a closed section.
  ///
  /// - Parameter label: The words that open it.
  /// - Returns: The section.
  package func details(named label: String) -> HTML {
    """
    <details class="numbers" id="\(id)"><summary>\(label)\
    <span class="away">: \(caption)</span></summary>
    \(table)</details>

    """
  }

  /// The table in a box that scrolls if the table is too wide.
  package var table: HTML {
    let headings = columns.map {
      "<th scope=\"col\"\($0.isNumber ? Self.numeric : "")>\($0.heading)</th>" as HTML
    }
    let lines = rows.map { cells -> HTML in
      let parts = zip(columns, cells).enumerated().map { index, part -> HTML in
        index == 0
          ? "<th scope=\"row\">\(part.1)</th>"
          : "<td\(part.0.isNumber ? Self.numeric : "")>\(part.1)</td>"
      }
      return "<tr>\(parts)</tr>\n"
    }
    let cut =
      total > rows.count
      ? ", the first \(PlainText.grouped(rows.count)) of \(PlainText.grouped(total))" : nil
    return """
      <div class="scroll" role="region" tabindex="0" aria-label="\(caption)\(cut ?? ", as a table")">
      <table><caption>\(caption)\(cut ?? "")</caption>
      <thead><tr>\(headings)</tr></thead>
      <tbody>
      \(lines)</tbody></table></div>

      """
  }

  private static let numeric: HTML = " class=\"n\""
}
