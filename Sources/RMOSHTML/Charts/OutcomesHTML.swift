package import RMOSModels

/// The outcomes of a run for each kind: bars, and a table with all numbers.
package struct OutcomesHTML {
  private let statistics: MigrationStatistics
  /// The outcomes shown; `updated` only if an entity was updated.
  package let outcomes: [Outcome]

  /// Creates the section of a run's statistics.
  package init(_ statistics: MigrationStatistics) {
    self.statistics = statistics
    outcomes = Outcome.allCases.filter { $0 != .updated || statistics.total.updated > 0 }
  }

  /// Returns the numbers to show of some counts: the entities found, and one number per outcome.
  package func numbers(_ counts: MigrationStatistics.Counts) -> [Int] {
    [counts.found] + outcomes.map { counts[$0] }
  }

  /// The names of ``numbers(_:)``.
  package var names: [String] { ["found"] + outcomes.map(\.rawValue) }

  /// Creates the section.
  ///
  /// - Parameters:
  ///   - name: The name of a kind in the table; its plural unless given.
  ///   - count: The content of a cell for an outcome, or `nil` for the entities found, and a kind,
  ///     or `nil` for all; the number unless given.
  /// - Returns: The section as HTML.
  package func section(
    name: (EntityKind) -> HTML = { "\($0.schema.plural)" },
    count: ((Outcome?, EntityKind?) -> HTML)? = nil
  ) -> HTML {
    func row(_ name: HTML, _ kind: EntityKind?, _ counts: MigrationStatistics.Counts) -> HTML {
      let cells = zip([nil] + outcomes, numbers(counts)).map { outcome, number in
        count?(outcome, kind) ?? "\(PlainText.grouped(number))"
      }
      return """
        <tr><th scope="row">\(name)</th>\
        \(cells.map { "<td class=\"n\">\($0)</td>" as HTML })</tr>

        """
    }
    let kinds = statistics.catalog.kinds
    let bars = kinds.map { kind -> HTML in
      let counts = statistics[kind]
      let name = kind.schema.plural
      return """
        <figure>
        <figcaption><span>\(name)</span> <span class="dim">\
        \(PlainText.grouped(counts.found)) found</span></figcaption>
        \(OutcomeBars.bar(of: counts, label: name))</figure>

        """
    }
    return """
      <section aria-labelledby="outcomes">
      <h2 id="outcomes">Outcomes</h2>
      \(OutcomeBars.legend(of: outcomes))\(bars)<div class="scroll" role="region" tabindex="0" \
      aria-label="Entities by kind and outcome">
      <table>
      <caption>Entities by kind and outcome</caption>
      <thead><tr><th scope="col">kind</th>\
      \(names.map { "<th scope=\"col\" class=\"n\">\($0)</th>" as HTML })</tr></thead>
      <tbody>
      \(kinds.map { row(name($0), $0, statistics[$0]) })</tbody>
      <tfoot>
      \(row("total", nil, statistics.total))</tfoot>
      </table>
      </div>
      </section>

      """
  }
}
