import RMOSHTML
import RMOSModels

/// What tables and lists of the pages are made of.
enum PageCell {
  /// A link to an entity's page; the text alone where it cannot be linked.
  static func link(to kind: EntityKind, id: String, _ text: String) -> HTML {
    guard let link = PageLink.link(to: kind, id: id) else {
      return "\(PageText.short(text)) <span class=\"dim\">(id too long for a link)</span>"
    }
    return "<a href=\"\(link)\">\(PageText.short(text))</a>"
  }

  /// The state of a job or a run, said by word and sign.
  static func status(_ status: String) -> HTML {
    let (name, sign) =
      switch status {
      case "completed with failures": ("bad", "!")
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
