import RMOSModels

/// The layout of a report as plain text.
struct TextReport {
  /// The maximum number of groups shown per code.
  private static let groupsShown = 10

  private let report: MigrationReport
  private let layout: TextLayout

  /// Creates the layout for 80 columns, or for a terminal of another width, where paths stay whole.
  init(_ report: MigrationReport, width: Int? = nil) {
    self.report = report
    layout = TextLayout(width: width ?? 80, breaksWords: width == nil)
  }

  /// The whole text, with a line break at its end.
  var document: String {
    var lines = ["MIGRATION REPORT", layout.rule("=")]
    lines += layout.wrapped("\(report.verdictWord): \(report.verdict)")
    lines.append("")
    lines += layout.table(of: report)
    lines += ["", "Success rate: \(report.successText)"]
    if let run = report.run {
      lines += layout.section("Run")
      lines += layout.facts(report.facts(of: run) + report.sourceFacts().map { ($0.name, $0.text) })
      let options = MigrationReport.options(of: run)
      if !options.isEmpty {
        lines += layout.section("Options")
        lines += layout.facts(options)
      }
      lines += layout.section("Issues: \(report.severitySentence)")
      lines += issues
    }
    lines += ["", layout.rule("-")]
    lines += layout.wrapped("Reported by RMOS \(report.reportedBy)")
    return lines.joined(separator: "\n") + "\n"
  }

  private var issues: [String] {
    var lines: [String] = []
    for code in report.codeGroups {
      let severity = code.severity == .info ? "note" : code.severity.rawValue
      if !lines.isEmpty { lines.append("") }
      lines += layout.wrapped(
        "\(severity) \(code.code): \(PlainText.grouped(code.count))", hanging: 4)
      let groups = report.issueGroups(of: code)
      for group in groups.prefix(Self.groupsShown) { lines += self.lines(of: group) }
      let rest = code.count - groups.prefix(Self.groupsShown).reduce(0) { $0 + $1.count }
      if !groups.isEmpty, rest > 0 { lines.append("  … and \(PlainText.grouped(rest)) more") }
    }
    return lines.isEmpty ? ["None."] : lines
  }

  /// The issues of a group: each with its message if there are few; of many, the message once and
  /// the places of the first.
  private func lines(of group: IssueGroups.Group) -> [String] {
    let rest = group.count - group.firsts.count
    var lines: [String] = []
    if rest > 0 {
      let place = group.narrowPlace.map { ", all in \($0)" } ?? ""
      let mark = report.mark(of: group.firsts[0]).map { ", \($0)" } ?? ""
      lines += layout.wrapped(group.subject + mark + place, indent: 2, hanging: 4)
      lines += layout.wrapped(group.message, indent: 6)
    }
    for issue in group.firsts {
      var place = issue.place
      if let id = issue.id { place += (place.isEmpty ? "" : " ") + "[\(id)]" }
      if rest == 0, let mark = report.mark(of: issue) {
        place += (place.isEmpty ? "" : " ") + "(\(mark))"
      }
      if !place.isEmpty {
        lines += layout.wrapped(
          place, indent: rest > 0 ? 4 : 2, hanging: rest > 0 ? 6 : 4)
      }
      if rest == 0 { lines += layout.wrapped(issue.message, indent: 6) }
    }
    if rest > 0 { lines.append("    … and \(PlainText.grouped(rest)) more") }
    return lines
  }
}

/// Plain text laid out within a width.
struct TextLayout {
  let width: Int
  /// Whether a word that is longer than a line is broken.
  let breaksWords: Bool

  func rule(_ character: Character) -> String { String(repeating: character, count: width) }

  func section(_ title: String) -> [String] {
    [""] + wrapped(title)
      + [String(repeating: "-", count: min(width, PlainText.width(PlainText.escaped(title))))]
  }

  /// Names and values, with the values in one column.
  func facts(_ facts: [(name: String, value: String)]) -> [String] {
    let longest = facts.map { PlainText.width(PlainText.escaped($0.name)) }.max() ?? 0
    let column = 2 + min(24, width / 3, longest)
    return facts.flatMap { name, value in
      let label = PlainText.padded(PlainText.escaped(name), to: column, left: false)
      if PlainText.width(label) == column { return wrapped(value, after: label, hanging: column) }
      return wrapped(name) + wrapped(value, indent: column)
    }
  }

  /// Text made safe to show and broken at spaces, or within a word that is too long.
  ///
  /// The first line starts at `indent`, the others at `hanging`; both, with the label, leave room
  /// for text.
  func wrapped(
    _ text: String, after label: String = "", indent: Int = 0, hanging: Int? = nil
  ) -> [String] {
    PlainText.wrapped(
      PlainText.escaped(text), width: width, after: label, indent: indent, hanging: hanging,
      breaksWords: breaksWords)
  }

  /// The counts per kind.
  func table(of report: MigrationReport) -> [String] {
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
    return table.lines(width: width)
  }
}
