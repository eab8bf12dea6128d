import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// What runs did to an entity, the newest first, as a section of its page.
struct ChangesSection {
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
      ? """
      <p class="warning"><span aria-hidden="true">!</span> Changed since by something that left no \
      record; the newest change shows the row as it is now.</p>

      """ : ""
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
      """
      <div><dt>\(PageText.name(kind.schema.fields[position].member))</dt>\
      <dd><del class="dim">\(shown(before))</del> → <ins>\(shown(after))</ins></dd></div>

      """
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
    PageText.text(value).map { PageText.short($0, limit: 200) } ?? "<span class=\"dim\">–</span>"
  }
}
