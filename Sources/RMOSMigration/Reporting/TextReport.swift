import RMOSModels

/// The layout of a report as plain text.
struct TextReport {
  /// The maximum number of groups shown per code.
  private static let groupsShown = 10

  private let report: MigrationReport

  init(_ report: MigrationReport) { self.report = report }

  /// The whole text, with a line break at its end.
  var document: String {
    var lines = ["MIGRATION REPORT", TextLayout.rule("=")]
    lines += TextLayout.wrapped("\(report.verdictWord): \(report.verdict)")
    lines.append("")
    lines += TextLayout.table(of: report)
    lines += ["", "Success rate: \(report.successText)"]
    if let run = report.run {
      lines += TextLayout.section("Run")
      lines += TextLayout.facts(run.facts + report.sourceFacts())
      let options = MigrationReport.options(of: run)
      if !options.isEmpty {
        lines += TextLayout.section("Options")
        lines += TextLayout.facts(options)
      }
      lines += TextLayout.section("Issues: \(report.severitySentence)")
      lines += issues
    }
    lines += ["", TextLayout.rule("-")]
    lines += TextLayout.wrapped("Reported by RMOS \(report.reportedBy)")
    return lines.joined(separator: "\n") + "\n"
  }

  private var issues: [String] {
    let byCode = Dictionary(grouping: report.issueGroups.groups, by: \.code)
    var lines: [String] = []
    for code in report.codeGroups {
      let severity = code.severity.map { $0 == .info ? "note" : $0.rawValue } ?? "issue"
      if !lines.isEmpty { lines.append("") }
      lines += TextLayout.wrapped(
        "\(severity) \(code.code): \(PlainText.grouped(code.count))", hanging: 4)
      let groups = byCode[code.code] ?? []
      for group in groups.prefix(Self.groupsShown) { lines += Self.lines(of: group, in: code) }
      let rest = code.count - groups.prefix(Self.groupsShown).reduce(0) { $0 + $1.count }
      if !groups.isEmpty, rest > 0 { lines.append("  … and \(PlainText.grouped(rest)) more") }
    }
    return lines.isEmpty ? ["None."] : lines
  }

  /// The issues of a group: each of a few with its message, of many only the places of the first.
  private static func lines(
    of group: IssueGroups.Group, in code: MigrationReport.CodeGroup
  ) -> [String] {
    let note = group.severity == code.severity ? "" : "\(group.severity.rawValue): "
    let rest = group.count - group.firsts.count
    var lines: [String] = []
    if rest > 0 {
      let place = group.narrowPlace.map { ", all in \($0)" } ?? ""
      lines += TextLayout.wrapped(group.subject + place, indent: 2, hanging: 4)
      lines += TextLayout.wrapped(note + group.message, indent: 6)
    }
    for issue in group.firsts {
      var place = issue.place
      if let id = issue.id { place += (place.isEmpty ? "" : "  ") + "[\(id)]" }
      if !place.isEmpty {
        lines += TextLayout.wrapped(
          place, indent: rest > 0 ? 4 : 2, hanging: rest > 0 ? 6 : 4)
      }
      if rest == 0 { lines += TextLayout.wrapped(note + issue.message, indent: 6) }
    }
    if rest > 0 { lines.append("    … and \(PlainText.grouped(rest)) more") }
    return lines
  }
}

/// Plain text laid out within 80 columns.
package enum TextLayout {
  static let width = 80

  static func rule(_ character: Character) -> String { String(repeating: character, count: width) }

  static func section(_ title: String) -> [String] {
    ["", title, String(repeating: "-", count: min(width, title.count))]
  }

  /// Names and values, with the values in one column.
  static func facts(_ facts: [(name: String, value: String)]) -> [String] {
    let column = 2 + min(24, facts.map { PlainText.escaped($0.name).count }.max() ?? 0)
    return facts.flatMap { name, value in
      let label = PlainText.padded(PlainText.escaped(name), to: column, left: false)
      if label.count == column { return wrapped(value, after: label, hanging: column) }
      return wrapped(name) + wrapped(value, indent: column)
    }
  }

  /// Text made safe to show and broken at spaces or, if a word is too long, within it.
  ///
  /// The first line starts at `indent`, the others at `hanging`; both, with the label, leave room
  /// for text.
  package static func wrapped(
    _ text: String, after label: String = "", indent: Int = 0, hanging: Int? = nil
  ) -> [String] {
    let margin = String(repeating: " ", count: hanging ?? indent)
    var lines: [String] = []
    var line = String(repeating: " ", count: indent) + label
    var used = line.count
    // The length of a line that has no word yet.
    var start = used
    func breakLine() {
      while line.last == " " { line.removeLast() }
      lines.append(line)
      line = margin
      used = margin.count
      start = used
    }
    for word in PlainText.escaped(text).split(separator: " ") {
      var word = word
      var length = word.count
      if used > start, used + 1 + length > width { breakLine() }
      if used > start {
        line += " "
        used += 1
      }
      while used + length > width {
        let part = width - used
        line += word.prefix(part)
        word = word.dropFirst(part)
        length -= part
        breakLine()
      }
      line += word
      used += length
    }
    breakLine()
    return lines
  }

  /// The counts per kind.
  static func table(of report: MigrationReport) -> [String] {
    let hasTimes = report.run != nil
    var table = TextTable(
      [""],
      numbers: ["found", "migrated"] + (report.hasUpdates ? ["updated"] : [])
        + ["skipped", "failed"] + (hasTimes ? ["seconds"] : []))
    func add(_ name: String, _ counts: MigrationStatistics.Counts, _ seconds: Double) {
      let numbers =
        [counts.found, counts.migrated] + (report.hasUpdates ? [counts.updated] : [])
        + [counts.skipped, counts.failed]
      table.add(
        [name] + numbers.map(PlainText.grouped)
          + (hasTimes ? [PlainText.fixed(seconds, decimals: 2)] : []))
    }
    for kind in report.statistics.catalog.kinds {
      add(kind.schema.plural, report.statistics[kind], report.run?.kindSeconds[kind] ?? 0)
    }
    add("total", report.statistics.total, report.run?.seconds ?? 0)
    if table.width <= width { return table.lines }
    // With absurdly large counts, the table is broken up rather than wide.
    return table.rows.dropFirst().flatMap { row in
      wrapped(
        row[0] + ": "
          + zip(row, table.rows[0]).dropFirst().map { "\($0) \($1)" }
          .joined(separator: ", "), hanging: 2)
    }
  }
}
