import RMOSAnalytics
import RMOSHTML
import RMOSModels
import RMOSSystem

/// Elements that several pages share.
enum PageCell {
  /// Returns a link to an entity's page; the text and a reason if it cannot be linked.
  ///
  /// `id` is `nil` if the stored id is not text.
  static func link(to kind: EntityKind, id: String?, _ text: String) -> HTML {
    let obstacle: HTML
    switch id {
    case nil: obstacle = "no text as id, so no link"
    case let id? where id.mayBeBroken: obstacle = "id not UTF-8, so no link"
    case let id?:
      if let link = PageLink.link(to: kind, id: id) {
        return "<a href=\"\(link)\">\(PageText.id(text))</a>"
      }
      obstacle = "id too long for a link"
    }
    return "\(PageText.id(text)) <span class=\"dim\">(\(obstacle))</span>"
  }

  /// Returns a link to a record's page; the text and a reason if it cannot be linked.
  static func link(to record: Record, _ text: String) -> HTML {
    link(to: record.kind, id: record.textID, text)
  }

  /// The state of a job or a run, as a word and a sign.
  static func status(_ status: String) -> HTML {
    let (name, sign) =
      switch status {
      case "completed with failures", "completed, found nothing": ("bad", "!")
      case "interrupted": ("bad", "–")
      case "completed": ("good", "✓")
      case "failed": ("bad", "✗")
      case "running": ("now", "▸")
      case "cancelled": ("off", "–")
      case "pending", "planned": ("", "○")
      default: ("", "·")
      }
    return """
      <span class="state \(name)"><span aria-hidden="true">\(sign)</span> \
      \(PageText.short(status, limit: 40))</span>
      """
  }

  /// The placeholder for a missing value.
  static let none: HTML = "<span class=\"dim\">–</span>"

  /// The placeholder for an unknown figure.
  static let unknown: HTML = "<span class=\"dim\">\(FigureText.unknown)</span>"

  /// A name and a value, as an entry of a description list.
  static func fact(_ name: HTML, _ value: HTML) -> HTML {
    "<div><dt>\(name)</dt><dd>\(value)</dd></div>\n"
  }

  /// A paragraph with a warning.
  static func warning(_ sentence: HTML) -> HTML {
    "<p class=\"warning\"><span aria-hidden=\"true\">!</span> \(sentence)</p>\n"
  }

  /// A paragraph with a warning for each sentence.
  static func warnings(_ sentences: [String]) -> HTML {
    HTML(sentences.map { warning(HTML(text: $0)) })
  }

  /// An active filter, as a link that removes it.
  static func chip(_ text: HTML, removedBy link: String) -> HTML {
    """
    <a class="chip" href="\(link)">\(text) <span aria-hidden="true">×</span>\
    <span class="away">, remove this filter</span></a>

    """
  }
}

extension Record {
  /// The id; `nil` if the stored id is not text, so that no address can name it.
  var textID: String? {
    if case .text(let id) = values[0] { id } else { nil }
  }
}

extension PageText {
  /// The value of a filter, which may be empty.
  static func filterValue(_ text: String) -> HTML {
    text.isEmpty ? "<em>empty</em>" : short(text, limit: 60)
  }
}

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

/// The URLs of pages.
enum PageLink {
  /// The maximum length of a path with its query; servers refuse longer request lines.
  static let longestLink = 12_000

  /// The URL of an entity's page; `nil` if it would be too long, or lead to another entity.
  static func link(to kind: EntityKind, id: String) -> String? {
    if id.mayBeBroken { return nil }
    // Browsers resolve the segments . and .., even if they are escaped.
    let isStep = id.isEmpty || id == "." || id == ".."
    let link = "/\(kind.pathName)\(isStep ? "?id=" : "/")\(id.percentEncoded.dotsEscaped(isStep))"
    return link.utf8.count <= longestLink ? link : nil
  }

  /// The URL of a kind's list with parameters; `nil` if it would be too long.
  static func link(to kind: EntityKind, _ parameters: [(String, String)]) -> String? {
    link(to: "/\(kind.pathName)", parameters)
  }

  /// The URL of a path with parameters; `nil` if it would be too long.
  static func link(to path: String, _ parameters: [(String, String)]) -> String? {
    let query = parameters.map { "\($0.0)=\($0.1.percentEncoded)" }.joined(separator: "&")
    let link = path + (query.isEmpty ? "" : "?\(query)")
    return link.utf8.count <= longestLink ? link : nil
  }

  /// The URL of a run's page.
  static func run(_ id: Int64) -> String { "/runs/\(id)" }

  /// "run 12", linked if the ledger has it.
  static func name(ofRun id: Int64, isThere: Bool) -> HTML {
    isThere ? "<a href=\"\(run(id))\">run \(id)</a>" : "run \(id)"
  }
}

extension String {
  /// Whether the text may come from bytes that are not UTF-8, so that it differs from the stored
  /// id.
  var mayBeBroken: Bool { unicodeScalars.contains("\u{FFFD}") }

  fileprivate func dotsEscaped(_ isNeeded: Bool) -> String {
    isNeeded ? String(repeating: "%2E", count: utf8.count) : self
  }
}
