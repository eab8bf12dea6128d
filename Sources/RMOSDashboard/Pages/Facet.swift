import RMOSHTML
import RMOSModels
import RMOSStore

/// A filter beside a list: its values as links, each with the number of entities that have it.
struct Facet {
  /// A value of the filter, with its number of entities.
  struct Item {
    /// The label of the value.
    var name: HTML
    /// The URL of the list with this value, or without it if it is active; `nil` if it would be too
    /// long.
    var link: String?
    var isActive = false
    var count: Int
  }

  var title: String
  /// The level of the heading.
  var level = 2
  var items: [Item]
  /// Further items, without links.
  var rest: [HTML] = []

  /// The filter under a heading; empty if there are no values.
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

/// The values of a filter, each with the number of entities that pass the other filters.
struct CountedFacet {
  let filter: EntitySchema.Filter
  /// The values, the most frequent first; `nil` while they are being counted.
  let values: FacetCounts?

  /// The maximum number of values listed.
  private static let shown = 12

  /// The values of the filter as links, with the value of `request` marked as active.
  func section(_ request: ListRequest) -> HTML {
    let active = request.value(of: filter)
    let label = PageText.capitalized(filter.label)
    guard let values else {
      return """
        <section><h2>\(label)</h2><p class="dim note">Counting… \
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
        name: PageText.filterValue(text),
        link: request.filtered(by: filter, isActive ? nil : text).link,
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

/// The number of entities with each value of a filter.
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
    // The groups are in byte order, and sorting is stable.
    texts.sort { $0.count > $1.count }
  }
}
