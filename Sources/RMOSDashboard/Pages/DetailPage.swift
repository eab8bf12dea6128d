import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// The page of one entity: its fields, its origin, and its references in both directions.
struct DetailPage {
  private let record: Record
  private let history: EntityHistory
  private let references: References
  private let figures: PatternSection?

  init(
    _ kind: EntityKind, id: String, in store: any RecordStore, _ figures: AnalyticsFigures
  ) throws {
    (record, history, references) = try store.read { reader in
      guard let record = try reader.record(kind, id: id) else {
        throw ErrorPage.noEntity(kind, id: id)
      }
      return (
        record, try EntityHistory(of: record, in: reader), try References(of: record, in: reader)
      )
    }
    self.figures = kind == .patterns ? PatternSection(id, try figures.pattern(id)) : nil
  }

  private var kind: EntityKind { record.kind }

  var document: PageDocument {
    let name = PageText.text(record[kind.titleMember]) ?? ""
    let title = [name, record.id].first { !PageText.isBlank($0) } ?? kind.schema.singular
    return PageDocument(
      title: String(title.unicodeScalars.prefix(80)), section: "/\(kind.pathName)",
      main: """
        <nav class="crumbs" aria-label="Path"><a href="/\(kind.pathName)">\(kind.pageTitle)</a></nav>
        <h1>\(PageText.short(name, limit: 400))</h1>
        <p class="dim"><code>\(PageText.folding(record.id))</code></p>
        <div class="columns">
        <div>
        \(drawing)\(jsonFields)</div>
        <div>
        \(facts)\(ChangesSection(history, of: kind).section)\(figures?.section ?? "")\(references.section)\(origin)</div>
        </div>

        """)
  }

  private var drawing: HTML {
    guard kind == .patterns else { return "" }
    return PatternDrawing(record).section
  }

  private var facts: HTML {
    let rows = kind.schema.fields.indices.compactMap { position -> HTML? in
      let field = kind.schema.fields[position]
      let value = record.values[position]
      switch field.type {
      case .json, .reference: return nil
      case .timestamp:
        let text = PageText.text(value)
        let written: HTML =
          text.flatMap { Timestamp($0) == nil ? nil : "<span class=\"dim id\">\($0)</span>" } ?? ""
        return row(field.member, PageText.time(text) + written)
      case .text where kind.schema.style(ofMember: field.member) == .status:
        return row(field.member, PageCell.status(PageText.text(value) ?? ""))
      case .real where kind.schema.style(ofMember: field.member) == .duration:
        return row(field.member, duration(value))
      default:
        // Digits in a text are not grouped like those of a number.
        let isNumber = if case .text = field.type { false } else { true }
        let text = isNumber ? PageText.number(value) : nil
        return row(
          field.member,
          (text ?? PageText.text(value)).map(PageText.folding) ?? PageCell.none)
      }
    }
    return """
      <section aria-labelledby="fields">
      <h2 id="fields">Fields</h2>
      <dl class="facts">
      \(rows)</dl>
      </section>

      """
  }

  /// A duration in readable form, above the number of seconds if that says more.
  private func duration(_ value: Value) -> HTML {
    guard let text = PageText.text(value) else { return PageCell.none }
    let seconds: Double? =
      switch value {
      case .real(let number): number
      case .integer(let number): Double(number)
      default: nil
      }
    guard let seconds else { return PageText.folding(text) }
    guard seconds >= 60, seconds < 1e12 else { return "\(PageText.grouped(seconds)) s" }
    return """
      \(PageText.duration(seconds))<span class="dim id">\(PageText.grouped(seconds)) s</span>
      """
  }

  private func row(_ name: String, _ value: HTML) -> HTML {
    PageCell.fact(PageText.name(name), value)
  }

  private var jsonFields: HTML {
    var sections = kind.schema.fields.indices.compactMap { position -> HTML? in
      let field = kind.schema.fields[position]
      guard case .json = field.type, let text = PageText.text(record.values[position]) else {
        return nil
      }
      let words = field.member.replacing("_", with: " ")
      return jsonSection(PageText.capitalized(words), text, note: "")
    }
    if let text = history.provenance?.unknownMembers {
      sections.append(
        jsonSection(
          "Other members", text,
          note:
            "<p class=\"dim note\">Members of the source file without a column</p>\n"))
    }
    return HTML(sections)
  }

  private func jsonSection(_ title: String, _ text: String, note: HTML) -> HTML {
    """
    <section>
    <h2>\(title)</h2>
    \(note)\(JSONHTML.block(text, label: title))</section>

    """
  }

  private var origin: HTML {
    guard let provenance = history.provenance else {
      let text: HTML =
        if let step = history.steps.last, step.isCreation {
          "Created by \(PageLink.name(ofRun: step.run, isThere: step.ledger != nil)), not migrated."
        } else {
          "Not migrated by this tool: the ledger has no origin for it."
        }
      return """
        <section aria-labelledby="origin">
        <h2 id="origin">Origin</h2>
        <p class="dim">\(text)</p>
        </section>

        """
    }
    var place = ""
    switch provenance.locator {
    case .index(let index): place = "element \(PlainText.grouped(index)), counting from 0"
    case .line(let line): place = "line \(PlainText.grouped(line))"
    case .key(let key): place = "key \(Violation.quoted(key))"
    case nil: break
    }
    let offset =
      "\(PlainText.grouped(provenance.byteOffset)) to "
      + PlainText.grouped(provenance.byteEnd)
    let run = history.run
    let changed: HTML =
      history.isChanged == true
      ? "<br><span class=\"warning\"><span aria-hidden=\"true\">!</span> changed since "
        + "\(PageLink.name(ofRun: provenance.run, isThere: run != nil))</span>" : ""
    let runText: HTML =
      run.map {
        "<a href=\"\(PageLink.run($0.id))\">\($0.id)</a> "
          + "<span class=\"dim\">\(PageText.time($0.startedAt))</span>"
      } ?? "\(provenance.run) <span class=\"dim\">not in the ledger</span>"
    return """
      <section aria-labelledby="origin">
      <h2 id="origin">Origin</h2>
      <dl class="facts">
      \(row("file", "<code>\(PageText.short(provenance.path, limit: 400))</code>"))\
      \(place.isEmpty ? "" : row("place", PageText.short(place, limit: 400)))\
      \(row("bytes", "\(offset)"))\
      \(row("run", runText + changed))\
      \(run.map { row("source", "<code>\(PageText.short($0.source, limit: 400))</code>") } ?? "")\
      \(row("sha256", "<code class=\"hash\">\(provenance.sha256.description)</code>"))</dl>
      </section>

      """
  }
}

/// The references of an entity, in both directions.
struct References {
  /// A reference to another entity.
  private struct Outgoing {
    var member: String
    var kind: EntityKind
    var id: String
    /// The name of the other entity; `nil` if it does not exist.
    var name: String?
  }
  /// The entities of a kind that refer to this one.
  private struct Incoming {
    var kind: EntityKind
    var count: Int
    var first: [Record]
    /// The URL of the list of all of them.
    var link: String?
  }

  private var outgoing: [Outgoing] = []
  private var incoming: [Incoming] = []

  /// The maximum number of referring entities named per reference.
  private static let shown = 5

  init(of record: Record, in reader: any StoreReader) throws {
    let schema = record.kind.schema
    for reference in schema.references {
      guard let id = PageText.text(record.values[reference.field]) else { continue }
      let other = try reader.record(reference.target, id: id)
      outgoing.append(
        Outgoing(
          member: schema.fields[reference.field].member, kind: reference.target, id: id,
          name: other.map { $0.linkText }))
    }
    for kind in reader.catalog.displayOrder {
      for reference in kind.schema.references where reference.target == record.kind {
        let field = kind.schema.fields[reference.field]
        let query = RecordQuery(kind).filter(field.member, is: .text(record.id))
        let count = try reader.count(query)
        guard count > 0 else { continue }
        let first = try reader.records(query.limit(Self.shown))
        let filter = kind.schema.presentation.filters.first { $0.member == field.member }
        incoming.append(
          Incoming(
            kind: kind, count: count,
            first: first,
            link: filter.flatMap { PageLink.link(to: kind, [($0.name, record.id)]) }))
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
        <span class="dim id">\(PageText.id(reference.id, limit: 100))</span>
        """
    } else {
      target = """
        \(PageText.short(reference.id)) <span class="error"><span aria-hidden="true">✗</span> \
        not in the database</span>
        """
    }
    return PageCell.fact(PageText.name(reference.member), target)
  }

  private func row(_ references: Incoming) -> HTML {
    let items = references.first.map {
      "<li>\(PageCell.link(to: $0, $0.linkText))</li>" as HTML
    }
    let count = PlainText.counted(
      references.count, references.kind.schema.singular, references.kind.schema.plural)
    let all: HTML =
      references.link.map { "<a href=\"\($0)\">\(count)</a>" } ?? HTML(text: count)
    return PageCell.fact("referenced by", "\(all)<ul class=\"plain\">\(items)</ul>")
  }
}

/// The changes that runs made to an entity, the newest first, as a section of its page.
private struct ChangesSection {
  private let history: EntityHistory
  private let kind: EntityKind

  init(_ history: EntityHistory, of kind: EntityKind) {
    self.history = history
    self.kind = kind
  }

  var section: HTML {
    guard !history.steps.isEmpty else { return "" }
    let note: HTML =
      history.isEditedSince
      ? PageCell.warning(
        """
        Changed since by something that left no record; the newest change shows the row as it is \
        now.
        """) : ""
    return """
      <section aria-labelledby="changes">
      <h2 id="changes">Changes</h2>
      \(note)\(history.steps.map(step))</section>

      """
  }

  private func step(_ step: EntityHistory.Step) -> HTML {
    let time: HTML = step.ledger.map { " " + PageText.time($0.startedAt) } ?? ""
    let command: HTML =
      step.ledger.map { " <span class=\"dim\">\(PageText.short($0.command, limit: 30))</span>" }
      ?? ""
    let rows = step.differences.map { position, before, after -> HTML in
      PageCell.fact(
        PageText.name(kind.schema.fields[position].member),
        "<del class=\"dim\">\(shown(before))</del> → <ins>\(shown(after))</ins>")
    }
    let body: HTML =
      step.isCreation
      ? "<p>Created.</p>\n"
      : rows.isEmpty
        ? "<p class=\"dim\">Nothing that is stored in a column.</p>\n"
        : "<dl class=\"facts\">\n\(rows)</dl>\n"
    let by: HTML =
      step.ledger?.who.map { "<p class=\"dim note\">by \(PageText.short($0, limit: 200))</p>\n" }
      ?? ""
    let run: HTML =
      step.ledger == nil
      ? "Run \(step.run)" : "<a href=\"\(PageLink.run(step.run))\">Run \(step.run)</a>"
    return "<h3>\(run)\(command)\(time)</h3>\n\(by)\(body)"
  }

  private func shown(_ value: Value) -> HTML {
    PageText.text(value).map { PageText.short($0, limit: 200) } ?? PageCell.none
  }
}
