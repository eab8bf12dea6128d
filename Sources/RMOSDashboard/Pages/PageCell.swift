import RMOSAnalytics
import RMOSHTML
import RMOSModels
import RMOSSystem

/// Cells of tables and lists.
enum PageCell {
  /// A link to an entity's page; the text alone if it cannot be linked.
  ///
  /// - Parameters:
  ///   - kind: The kind.
  ///   - id: The id; `nil` if the stored one is not text.
  ///   - text: The text.
  /// - Returns: The link, or the text and why it is none.
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

  /// A link to a record's page; the text alone if it cannot be linked.
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

  /// What stands where there is no value.
  static let none: HTML = "<span class=\"dim\">–</span>"

  /// What stands for a figure that is not known.
  static let unknown: HTML = "<span class=\"dim\">\(FigureText.unknown)</span>"

  /// A name and a value, as a row of a list of them.
  static func fact(_ name: HTML, _ value: HTML) -> HTML {
    "<div><dt>\(name)</dt><dd>\(value)</dd></div>\n"
  }

  /// A paragraph that warns.
  static func warning(_ sentence: HTML) -> HTML {
    "<p class=\"warning\"><span aria-hidden=\"true\">!</span> \(sentence)</p>\n"
  }

  /// What a page has to say about its address, a paragraph each.
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

/// The URLs of pages.
enum PageLink {
  /// The maximum length of a path with its query; servers refuse longer request lines.
  static let longestLink = 12_000

  /// The URL of an entity's page; `nil` if it would be too long, or lead to another entity.
  static func link(to kind: EntityKind, id: String) -> String? {
    if id.mayBeBroken { return nil }
    // Browsers resolve these as path segments, even if they are escaped.
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
}

extension Record {
  /// The id; `nil` if the stored id is not text, which no address names.
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

extension String {
  /// Whether it may have been made of bytes that are not UTF-8, so that it does not name what is
  /// stored.
  fileprivate var mayBeBroken: Bool { unicodeScalars.contains("\u{FFFD}") }

  fileprivate func dotsEscaped(_ isNeeded: Bool) -> String {
    isNeeded ? String(repeating: "%2E", count: utf8.count) : self
  }
}
