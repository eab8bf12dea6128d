package import RMOSHTML
import RMOSModels

extension CutList {
  /// The list as a JSON object: `success`, `pattern_id`, `name`, `count`, `scrap_percent`,
  /// `stick_mm`, `kerf_mm`, `pieces`, `stock` and `notes`.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", true)
      $0.member("pattern_id", patternID)
      $0.member("name", name)
      $0.member("count", options.count)
      $0.wholeMember("scrap_percent", options.scrapPercent)
      $0.wholeMember("stick_mm", options.stickMM)
      $0.wholeMember("kerf_mm", options.kerfMM)
      $0.member("pieces") { writer in
        writer.array { writer in
          for piece in pieces { writer.object { $0.piece(piece) } }
        }
      }
      $0.member("stock") { writer in
        writer.array { writer in
          for need in stock { writer.object { $0.stock(need) } }
        }
      }
      $0.member("notes") { $0.array { for note in notes { $0.string(note) } } }
    }
    return writer.text
  }

  /// The tiles to cut and the stock to cut them from, as tables.
  package var tables: [FigureTable] {
    let isBlock = pieces.contains { $0.color != nil }
    let cut = FigureTable(
      "pieces", "Pieces",
      (isBlock ? "Chips of each color" : "Tiles of each ring") + " for all rosettes" + losses + ".",
      of: pieces,
      [
        .text(isBlock ? "color" : "ring") { piece in piece.color ?? piece.ring.map { String($0) } },
        .text("strip_family_id", "strip family") { $0.stripFamilyID },
        .number("tiles_each", "each", decimals: 0) { $0.tilesEach },
        .number("tiles", decimals: 0) { $0.tiles },
        .number("tile_length_mm", "tile, mm", decimals: 2) { $0.tileLengthMM },
        .number("length_mm", "length, mm", decimals: 0) { $0.lengthMM },
        .number("sticks", decimals: 0) { $0.sticks },
      ])
    let needs = FigureTable(
      "stock", "Stock", "The stock of the strip families, and the shortage.", of: stock,
      [
        .text("strip_family_id", "strip family") { $0.stripFamilyID },
        .text("name") { $0.name },
        .text("material") { $0.material },
        .number("needed_mm", "needed, mm", decimals: 0) { $0.neededMM },
        .number("stock_mm", "stock, mm", decimals: 0) { $0.stockMM },
        .number("short_mm", "short, mm", decimals: 0) { $0.shortMM },
      ], subject: .stripFamily)
    return [cut, needs]
  }

  /// The losses that the figures include, as the end of a sentence.
  private var losses: String {
    let losses = [(options.scrapPercent, "scrap"), (options.kerfMM, "kerf")].filter { $0.0 > 0 }
    return losses.isEmpty ? "" : ", with " + losses.map(\.1).joined(separator: " and ")
  }

  /// A title such as "12 × Torres Wave, 10 % scrap, kerf 0.5 mm, sticks of 600 mm".
  package var title: String {
    func shown(_ number: Double) -> String { PageText.grouped(number) }
    var parts = ["\(PlainText.grouped(options.count)) × \(name)"]
    if options.scrapPercent > 0 { parts.append("\(shown(options.scrapPercent)) % scrap") }
    if options.kerfMM > 0 { parts.append("kerf \(shown(options.kerfMM)) mm") }
    if let stick = options.stickMM { parts.append("sticks of \(shown(stick)) mm") }
    return parts.joined(separator: ", ")
  }

  /// The list as lines of text.
  package func text(_ style: FigureTable.TextStyle) -> String {
    var style = style
    style.rows = .max
    func wrapped(_ text: String) -> String {
      PlainText.wrapped(PlainText.escaped(text), width: style.width).joined(separator: "\n")
    }
    var parts = [wrapped(title)]
    for table in tables where !table.rows.isEmpty { parts.append(table.text(style)) }
    if !notes.isEmpty { parts.append(notes.map(wrapped).joined(separator: "\n")) }
    return parts.joined(separator: "\n\n")
  }

  /// The list as a page to print for the workshop, with a box to tick for each piece.
  ///
  /// It has the first 1,000 pieces; ``json`` has all.
  public var html: String {
    var page = HTMLPage(title: "Cut list: \(title)")
    page.addedStyle = ChartStyle.style + Self.style
    var text = ""
    page.writeHead(to: &text)
    let body: HTML = """
      <main>
      <header><h1>Cut list</h1>
      <p>\(title)</p>
      <p>Pattern <code>\(patternID)</code></p></header>
      \(content())</main>

      """
    text += body.markup
    page.writeEnd(to: &text)
    return text
  }

  /// The style of the list's tables, in addition to ``ChartStyle``.
  package static let style = """

    table.cut td.tick{width:2rem}
    table.cut .id{display:inline}
    table.cut td.tick span{display:inline-block;width:1rem;height:1rem;border:1.5px solid var(--text)}
    """

  /// The maximum number of rows of a table on a page.
  package static let mostShown = 1000

  /// Returns the tables and notes, as pieces of a page.
  ///
  /// - Parameters:
  ///   - csv: A link to all pieces as CSV; `nil` if there is none.
  ///   - json: A link to the complete list as JSON, or its name.
  /// - Returns: The sections.
  package func content(csv: HTML? = nil, json: HTML = "JSON") -> HTML {
    func note(_ table: FigureTable) -> HTML {
      guard table.rows.count > Self.mostShown else { return "" }
      let (shown, all) = (PlainText.grouped(Self.mostShown), PlainText.grouped(table.rows.count))
      let complete = csv.map { table.name == "pieces" ? "\($0) or \(json)" : json } ?? json
      return
        "<p class=\"note\">The first \(shown) of \(all) rows; all are in the \(complete).</p>\n"
    }
    let names = Dictionary(
      stock.compactMap { need in need.name.map { (UTF8Key(need.stripFamilyID), $0) } },
      uniquingKeysWith: { first, _ in first })
    /// The name of a strip family with its id, for the table of pieces.
    func named(_ cell: FigureTable.Cell) -> HTML? {
      guard case .text(let id) = cell, let name = names[UTF8Key(id)], !PageText.isBlank(name) else {
        return nil
      }
      return "\(PageText.short(name, limit: 120)) <span class=\"dim id\">\(PageText.id(id))</span>"
    }
    let sections: [HTML] = tables.filter { !$0.rows.isEmpty }.enumerated().map { index, table in
      let ticks = index == 0
      let heads: [HTML] = table.columns.map { column in
        """
        <th scope="col" role="columnheader"\(column.isText ? "" : " class=\"n\"" as HTML)>\
        \(column.heading)</th>
        """
      }
      let tickHead: HTML = ticks ? "<th scope=\"col\" role=\"columnheader\">cut</th>" : ""
      let lines: [HTML] = table.rows.prefix(Self.mostShown).map { row in
        let cells: [HTML] = zip(table.columns, row).map { column, cell in
          // A length that has to be bought stands out from the numbers around it.
          let isShort = column.name == "short_mm" && (cell.number ?? 0) > 0
          let value: HTML =
            isShort
            ? "<span class=\"error\"><span aria-hidden=\"true\">✗</span> \(cell.shown)</span>"
            : "<span>\(ticks && column.name == "strip_family_id" ? named(cell) ?? "\(cell.shown)" : "\(cell.shown)")</span>"
          return """
            <td role="cell" data-label="\(column.heading)"\(column.isText ? "" : " class=\"n\"" as HTML)>\
            \(value)</td>
            """
        }
        let tick: HTML =
          ticks ? "<td role=\"cell\" data-label=\"cut\" class=\"tick\"><span></span></td>" : ""
        return "<tr role=\"row\">\(cells)\(tick)</tr>\n"
      }
      return """
        <section>
        <h2>\(table.title)</h2>
        <p class="dim">\(table.note)</p>
        <div class="scroll" role="region" tabindex="0" aria-label="\(table.title), as a table">
        <table class="cards cut" role="table">
        <thead role="rowgroup"><tr role="row">\(heads)\(tickHead)</tr></thead>
        <tbody role="rowgroup">
        \(lines)</tbody>
        </table></div>
        \(note(table))</section>

        """
    }
    let list: [HTML] = notes.map { "<li>\($0)</li>\n" }
    let said: HTML =
      list.isEmpty ? "" : "<section>\n<h2>Notes</h2>\n<ul>\n\(list)</ul>\n</section>\n"
    return HTML(sections) + said
  }
}

extension JSONWriter {
  fileprivate mutating func piece(_ piece: CutList.Piece) {
    member("ring", piece.ring)
    member("color", piece.color)
    member("strip_family_id", piece.stripFamilyID)
    wholeMember("tiles_each", piece.tilesEach)
    wholeMember("tiles", piece.tiles)
    member("tile_length_mm", piece.tileLengthMM)
    member("length_mm", piece.lengthMM)
    wholeMember("sticks", piece.sticks)
  }

  fileprivate mutating func stock(_ stock: CutList.Stock) {
    member("strip_family_id", stock.stripFamilyID)
    member("name", stock.name)
    member("material", stock.material)
    member("needed_mm", stock.neededMM)
    member("stock_mm", stock.stockMM)
    member("strips_without_length", stock.stripsWithoutLength)
    member("short_mm", stock.shortMM)
  }
}
