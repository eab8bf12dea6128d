import RMOSHTML
import RMOSModels
import RMOSSystem

/// Cells of tables and lists.
enum PageCell {
  /// A link to an entity's page; the text alone if it cannot be linked.
  static func link(to kind: EntityKind, id: String, _ text: String) -> HTML {
    guard let link = PageLink.link(to: kind, id: id) else {
      return "\(PageText.short(text)) <span class=\"dim\">(id too long for a link)</span>"
    }
    return "<a href=\"\(link)\">\(PageText.short(text))</a>"
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
}

/// The URLs of pages.
enum PageLink {
  /// The maximum length of a path with its query; servers refuse longer request lines.
  static let longestLink = 12_000

  /// The URL of an entity's page; `nil` if it would be too long.
  static func link(to kind: EntityKind, id: String) -> String? {
    // Browsers resolve these as path segments, even if they are escaped.
    let isStep = id.isEmpty || id == "." || id == ".."
    let link = "/\(kind.pathName)\(isStep ? "?id=" : "/")\(id.percentEncoded.dotsEscaped(isStep))"
    return link.utf8.count <= longestLink ? link : nil
  }

  /// The URL of a kind's list with parameters; `nil` if it would be too long.
  static func link(to kind: EntityKind, _ parameters: [(String, String)]) -> String? {
    let query = parameters.map { "\($0.0)=\($0.1.percentEncoded)" }.joined(separator: "&")
    let link = "/\(kind.pathName)" + (query.isEmpty ? "" : "?\(query)")
    return link.utf8.count <= longestLink ? link : nil
  }
}

extension String {
  fileprivate func dotsEscaped(_ isNeeded: Bool) -> String {
    isNeeded ? String(repeating: "%2E", count: utf8.count) : self
  }
}
