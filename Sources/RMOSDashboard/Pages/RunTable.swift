import RMOSHTML
import RMOSMigration
import RMOSModels
import RMOSStore

/// Runs as a table, in which every number links to the entities that it counts.
struct RunTable {
  let runs: [LedgerRun]
  let columns: [RunListColumn]
  /// Returns the link that sorts by a column, and whether the order is descending if the table is
  /// sorted by it; `nil` if the table cannot be sorted.
  var heading: ((RunListColumn) -> (link: String, isDescending: Bool?))?

  /// The link to the run's page, "Run 3, migrate"; the words that the headings have too are visible
  /// only on narrow screens, and to screen readers.
  private func link(to run: LedgerRun) -> HTML {
    let command = PageText.short(run.command, limit: 30)
    let rest: HTML =
      columns.contains(.command)
      ? "<span class=\"away\">, \(command)</span>"
      : "<span class=\"away\">,</span> <span class=\"dim\">\(command)</span>"
    return """
      <a class="nowrap" href="\(PageLink.run(run.id))"><span class="away">Run </span>\(run.id)\(rest)</a>
      """
  }

  var table: HTML {
    let headings = columns.map { column -> HTML in
      let order = heading?(column)
      return ColumnHeading(
        text: column.heading, isNumber: column.isNumber, link: order?.link,
        isDescending: order?.isDescending
      ).cell
    }
    let rows = runs.map { run -> HTML in
      let cells = columns.dropFirst().map { column -> HTML in
        """
        <td role="cell"\(ColumnHeading.numeric(column.isNumber)) data-label="\(column.heading)">\
        \(run.cell(column))</td>
        """
      }
      return """
        <tr role="row"><th role="rowheader" scope="row">\(link(to: run))</th>\(cells)</tr>

        """
    }
    return """
      <div class="scroll" role="region" tabindex="0" aria-label="Runs, as a table">
      <table class="list cards runs" role="table">
      <thead role="rowgroup"><tr role="row">\(headings)</tr></thead>
      <tbody role="rowgroup">
      \(rows)</tbody></table></div>

      """
  }
}

extension LedgerRun {
  fileprivate func cell(_ column: RunListColumn) -> HTML {
    switch column {
    case .run: return "\(id)"
    case .command: return PageText.short(command, limit: 30)
    case .state:
      return
        "<span>\(PageCell.status(stateText))\(HTML(notes))</span>"
    case .started: return PageText.time(startedAt)
    case .duration: return "\(PageText.duration(seconds))"
    case .source: return "<span class=\"wide\">\(PageText.short(source, limit: 80))</span>"
    case .who:
      return who.map { "<span class=\"wide\">\(PageText.short($0, limit: 60))</span>" }
        ?? PageCell.none
    case .found: return RunCount(of: .found, in: self).html
    case .migrated, .updated, .skipped:
      guard let figure = column.figure else { return PageCell.none }
      // If there are several kinds, the number found already links to the table of all outcomes.
      return PageLink.counted(figure, of: nil, by: self).contains("#")
        ? "\(PlainText.grouped(statistics.total[figure]))" : RunCount(of: figure, in: self).html
    case .failed:
      let link = RunCount(of: .failed, in: self).html
      return statistics.total.failed > 0 ? "<span class=\"error\">\(link)</span>" : link
    case .new:
      return failedNew.map { count($0, "?severity=error&new=true#issues") } ?? PageCell.none
    case .known:
      return failedKnown.map { count($0, "?severity=error&new=false#issues") } ?? PageCell.none
    }
  }

  /// A number, with a link to what it counts on the run's page unless it is 0.
  private func count(_ number: Int, _ place: String) -> HTML {
    guard number > 0 else { return "0" }
    return "<a href=\"\(PageLink.run(id))\(place)\">\(PlainText.grouped(number))</a>"
  }

  private var notes: [HTML] {
    var notes: [HTML] = []
    if let failure { notes.append(PageText.short(failure, limit: 160)) }
    if let undoneBy {
      notes.append("undone by <a href=\"\(PageLink.run(undoneBy))\">run \(undoneBy)</a>")
    }
    if let undo {
      notes.append(
        """
        of <a href="\(PageLink.run(undo.run))">run \(undo.run)</a>: \
        \(PlainText.grouped(undo.removed)) removed, \(PlainText.grouped(undo.restored)) restored
        """)
    }
    if let sourceSentence { notes.append(HTML(text: sourceSentence)) }
    return notes.map { "<br><span class=\"dim\">\($0)</span>" }
  }
}

/// A figure of a run, with a link to the entities that it counts if there are any.
struct RunCount {
  let html: HTML

  init(
    of figure: RunFigure, _ kind: EntityKind? = nil, in run: LedgerRun,
    _ links: RunFigureLinks? = nil
  ) {
    let counts = kind.map { run.statistics[$0] } ?? run.statistics.total
    let number = counts[figure]
    let text = PlainText.grouped(number)
    let link = number == 0 ? nil : (links ?? RunFigureLinks(of: run)).link(figure, kind)
    html = link.map { "<a href=\"\($0)\">\(text)</a>" } ?? HTML(text: text)
  }
}
