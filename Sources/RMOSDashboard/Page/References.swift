import RMOSHTML
import RMOSModels
import RMOSStore

/// What an entity refers to and what refers to it.
struct References {
  /// A reference to another entity.
  private struct Outgoing {
    var member: String
    var kind: EntityKind
    var id: String
    /// What the other is called; nil where it is not there.
    var name: String?
  }
  /// All entities of a kind that refer to this one.
  private struct Incoming {
    var kind: EntityKind
    var count: Int
    var first: [(id: String, text: String)]
    /// The list of all of them.
    var link: String?
  }

  private var outgoing: [Outgoing] = []
  private var incoming: [Incoming] = []

  /// How many of those that refer to it are named.
  private static let shown = 5

  init(of record: Record, in reader: any StoreReader) throws {
    let schema = record.kind.schema
    for reference in schema.references {
      guard let id = PageText.text(record.values[reference.field]) else { continue }
      let other = try reader.record(reference.target, id: id)
      outgoing.append(
        Outgoing(
          member: schema.fields[reference.field].member, kind: reference.target, id: id,
          name: other.map { PageText.text($0["name"]) ?? "" }))
    }
    for kind in EntityKind.pageOrder {
      for reference in kind.schema.references where reference.target == record.kind {
        let field = kind.schema.fields[reference.field]
        let query = RecordQuery(kind).filter(field.member, is: .text(record.id))
        let count = try reader.count(query)
        guard count > 0 else { continue }
        let first = try reader.records(query.limit(Self.shown))
        let filter = kind.pageFilters.first { $0.member == field.member }
        incoming.append(
          Incoming(
            kind: kind, count: count,
            first: first.map {
              ($0.id, kind == .joblogs ? $0.id : PageText.text($0["name"]) ?? "")
            },
            link: filter.flatMap { PageLink.link(to: kind, [($0.parameter, record.id)]) }))
      }
    }
  }

  var section: HTML {
    guard !outgoing.isEmpty || !incoming.isEmpty else { return "" }
    return """
      <section aria-labelledby="references">
      <h2 id="references">References</h2>
      <dl class="facts">
      \(outgoing.map(row))\(incoming.map(row))</dl>
      </section>

      """
  }

  private func row(_ reference: Outgoing) -> HTML {
    let target: HTML
    if let name = reference.name {
      target = """
        \(PageCell.link(to: reference.kind, id: reference.id, name)) \
        <span class="dim id">\(PageText.short(reference.id, limit: 100))</span>
        """
    } else {
      target = """
        \(PageText.short(reference.id)) <span class="error"><span aria-hidden="true">✗</span> \
        not in the database</span>
        """
    }
    return "<div><dt>\(PageText.name(reference.member))</dt><dd>\(target)</dd></div>\n"
  }

  private func row(_ references: Incoming) -> HTML {
    let items = references.first.map {
      "<li>\(PageCell.link(to: references.kind, id: $0.id, $0.text))</li>" as HTML
    }
    let count = PlainText.counted(
      references.count, references.kind.schema.singular, references.kind.schema.plural)
    let all: HTML =
      references.link.map { "<a href=\"\($0)\">\(count)</a>" } ?? HTML(text: count)
    return """
      <div><dt>referred to by</dt><dd>\(all)<ul class="plain">\(items)</ul></dd></div>

      """
  }
}
