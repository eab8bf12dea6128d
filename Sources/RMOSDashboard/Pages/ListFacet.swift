import RMOSHTML
import RMOSModels
import RMOSStore

/// The values of a filter, with the number of entities under the other filters.
struct ListFacet {
  let filter: EntitySchema.Filter
  /// The values, the most frequent first; `nil` while they are being counted.
  let values: FacetCounts?

  /// How many values are listed.
  private static let shown = 12

  /// The facet next to the list of a request.
  func section(_ request: ListRequest) -> HTML {
    let active = request.value(of: filter)
    let label = filter.label.prefix(1).uppercased() + filter.label.dropFirst()
    guard let values else {
      return """
        <section><h2>\(label)</h2><p class="dim note">Being counted. \
        <a href="\(request.link)">Show the counts</a></p></section>

        """
    }
    var listed = Array(values.texts.prefix(Self.shown))
    if let active, !listed.contains(where: { $0.text.utf8.elementsEqual(active.utf8) }) {
      let known = values.texts.first { $0.text.utf8.elementsEqual(active.utf8) }
      listed.insert((active, known?.count ?? 0), at: 0)
    }
    let items = listed.map { text, count -> Facet.Item in
      let isActive = active.map { $0.utf8.elementsEqual(text.utf8) } ?? false
      return Facet.Item(
        name: text.isEmpty ? "<em>empty</em>" : PageText.short(text, limit: 60),
        // An empty value cannot be in an address, where it means that there is no filter.
        link: text.isEmpty ? nil : request.filtered(by: filter, isActive ? nil : text).link,
        isActive: isActive, count: count)
    }
    var rest: [HTML] = []
    let omitted = values.texts.count - min(values.texts.count, Self.shown)
    if omitted > 0 {
      rest.append("<li class=\"dim\">and \(PlainText.counted(omitted, "other value"))</li>\n")
    }
    if values.others > 0 {
      rest.append(
        """
        <li class="dim"><span>not given</span> \
        <span class="n">\(PlainText.grouped(values.others))</span></li>

        """)
    }
    return Facet(title: label, items: items, rest: rest).section
  }
}

/// How many entities have each value of a filter.
struct FacetCounts: Sendable {
  /// The texts, the most frequent first, equally frequent ones in byte order.
  var texts: [(text: String, count: Int)] = []
  /// The entities without a text.
  var others = 0

  init(_ groups: [RecordGroup]) {
    for group in groups {
      if case .text(let text)? = group.keys.first {
        texts.append((text, group.count))
      } else {
        others += group.count
      }
    }
    // Stable, from byte order.
    texts.sort { $0.count > $1.count }
  }
}
