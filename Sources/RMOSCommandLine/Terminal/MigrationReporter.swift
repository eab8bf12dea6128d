import RMOSMigration
import RMOSModels
import RMOSSystem

/// Shows the progress of a migration on standard error: as a bar on a terminal, otherwise as a line
/// per kind.
final class MigrationReporter {
  /// The maximum number of groups of issues shown without `--verbose`.
  private static let groupsShown = 20
  /// The time between two redraws of the bar.
  private static let interval = Duration.milliseconds(100)

  private let source: String
  private let arguments: ParsedArguments
  private let console: Console
  private let showsBar: Bool
  private let showsLines: Bool
  private let isVerbose: Bool
  private let isQuiet: Bool
  private let start = ContinuousClock.now

  private var lastDrawn: ContinuousClock.Instant?
  private var entities = 0
  private var fraction: Double?
  private var kind: EntityKind?
  private var kindStart = 0.0
  private var latest: MigrationProgress?
  /// The summary, once the run has ended.
  private(set) var summary: MigrationSummary?

  init(source: String, arguments: ParsedArguments, console: Console) {
    self.source = source
    self.arguments = arguments
    self.console = console
    isQuiet = arguments.has("quiet")
    isVerbose = arguments.has("verbose")
    showsBar = console.showsProgress && !isQuiet
    showsLines = !console.showsProgress && !isQuiet && !arguments.has("json")
  }

  /// Handles an event; redraws the bar at most a few times per second.
  func observe(_ event: MigrationEvent) {
    switch event {
    case .started, .outcome: break
    case .issue(let issue):
      if isVerbose { console.note(IssueText.line(issue, source: source, console)) }
    case .progress(let progress):
      entities = progress.statistics.total.found
      if let total = progress.totalBytes, total > 0 {
        fraction = min(1, Double(progress.bytesRead) / Double(total))
      }
      if progress.kind != kind { endKind(at: latest?.duration.seconds ?? 0) }
      kind = progress.kind
      latest = progress
      if showsBar { drawBar(progress.kind) }
    case .finished(let summary):
      self.summary = summary
      latest?.statistics = summary.statistics
      endKind(at: latest?.duration.seconds ?? 0)
      console.eraseStatusLine()
    }
  }

  private func drawBar(_ kind: EntityKind) {
    let now = ContinuousClock.now
    guard entities > 0, lastDrawn.map({ now - $0 >= Self.interval }) ?? true else { return }
    lastDrawn = now
    let state = ProgressBar.State(
      label: kind.schema.plural, entities: entities, fraction: fraction,
      seconds: (now - start).seconds)
    console.drawStatusLine(
      ProgressBar.line(state, width: console.errorLayout.width))
  }

  private func endKind(at seconds: Double) {
    defer { kindStart = seconds }
    guard showsLines, let kind, let counts = latest?.statistics[kind], counts.found > 0 else {
      return
    }
    let time = PlainText.fixed(seconds - kindStart, decimals: 2)
    console.note("\(kind.schema.plural): \(counts.words()) (\(time) s)")
  }

  /// Shows the errors and warnings, unless `--verbose` has shown them already, and hints for them.
  ///
  /// Issues that many entities share are shown once.
  func showIssues(of summary: MigrationSummary) {
    // An issue that ended the run is reported by the error of the command.
    let reported = summary.issueGroups.groups.filter { !$0.firsts[0].code.endsRun }
    // With --fail-on new, known failures are not listed.
    let isKnown = { (group: IssueGroups.Group) in
      !summary.countsKnownFailures && group.isNew == false
    }
    let chosen = reported.filter { !isKnown($0) && (!isQuiet || $0.severity == .error) }
    defer { showHints(chosen, summary) }
    guard !isVerbose else { return }
    let shown = Self.weightiest(chosen)
    let isMixed = summary.failureNews.isMixed
    for entry in IssueText.entries(of: shown, source: source, isMixed, console) {
      console.note(entry)
    }
    var total = summary.severityCounts[.error, default: 0]
    if !isQuiet { total += summary.severityCounts[.warning, default: 0] }
    let ending = summary.issueGroups.groups.filter { $0.firsts[0].code.endsRun }
    let known = reported.filter { isKnown($0) && (!isQuiet || $0.severity == .error) }
    let rest = (ending + shown + known).reduce(total) { $0 - $1.count }
    if rest > 0 {
      console.note(
        "… and \(PlainText.counted(rest, "more issue")); -v shows them all, "
          + "--json puts the first 10,000 in the report")
    }
    if !known.isEmpty, !isQuiet {
      console.note(
        "\(PlainText.counted(summary.failedKnown, "known failure")) not listed; -v lists "
          + (summary.failedKnown == 1 ? "it" : "them"))
    }
  }

  /// Returns the groups to show, errors before warnings; if there are too many, the largest ones.
  private static func weightiest(_ groups: [IssueGroups.Group]) -> [IssueGroups.Group] {
    let ranked = groups.indices.sorted { left, right in
      let (one, other) = (groups[left], groups[right])
      if one.severity != other.severity { return one.severity > other.severity }
      if one.isNew != other.isNew, one.isNew == true || other.isNew == true {
        return one.isNew == true
      }
      return one.count == other.count ? left < right : one.count > other.count
    }
    let shown = ranked.prefix(groupsShown).sorted().map { groups[$0] }
    return Severity.allCases.sorted(by: >).flatMap { severity in
      shown.filter { $0.severity == severity }
    }
  }

  /// Shows the hints for groups of issues, each once.
  private func showHints(_ groups: [IssueGroups.Group], _ summary: MigrationSummary) {
    let total = summary.statistics.total
    let run = total.migrated + total.updated > 0 ? summary.run : nil
    var shown: Set<String> = []
    for group in groups {
      let hint = arguments.program.hints.forGroup(
        group, ofRun: run, source: source, arguments)
      guard let hint, shown.insert(hint).inserted else { continue }
      console.note("hint: \(hint) [\(group.code)]")
    }
  }
}

/// Issues in the format of compilers.
private enum IssueText {
  /// `path:line:column: severity: message [code]`, safe for a terminal.
  ///
  /// Paths include the source directory, so that editors can open them.
  static func line(_ issue: Issue, source: String, _ console: Console) -> String {
    // Issues of the store name the database in their messages.
    let isOfStore = issue.source == nil && issue.code.rawValue.hasPrefix("store.")
    return (isOfStore ? "" : place(of: issue, in: source) + ": ")
      + label(issue.severity, console) + " "
      + PlainText.escaped(issue.message) + " [\(PlainText.escaped(issue.code.rawValue))]"
  }

  /// Returns the entries for groups of issues, the most severe first.
  ///
  /// The issues of a small group are shown one by one, in order. A larger group is shown at its
  /// first issue, with the number of issues, their directory, what is wrong, and the first places.
  static func entries(
    of groups: [IssueGroups.Group], source: String, _ isMixed: Bool, _ console: Console
  ) -> [String] {
    var entries: [(severity: Severity, position: Int, text: String)] = []
    for group in groups {
      if group.count <= group.firsts.count {
        for (position, issue) in zip(group.positions, group.firsts) {
          let mark = isMixed ? issue.newsMark.map { " (\($0))" } ?? "" : ""
          entries.append((group.severity, position, line(issue, source: source, console) + mark))
        }
        continue
      }
      let mark = isMixed ? group.firsts[0].newsMark.map { ", \($0)" } ?? "" : ""
      let within =
        group.narrowPlace.map {
          ", all in " + PlainText.escaped(PlainText.path($0, in: source))
        } ?? ""
      let lines =
        [
          label(group.severity, console) + " \(group.subject)\(mark)\(within): "
            + PlainText.escaped(group.message)
            + " [\(PlainText.escaped(group.code.rawValue))]"
        ] + group.firsts.map { "  " + place(of: $0, in: source) }
        + ["  … and \(PlainText.grouped(group.count - group.firsts.count)) more"]
      entries.append((group.severity, group.positions[0], lines.joined(separator: "\n")))
    }
    return entries.sorted {
      $0.severity == $1.severity ? $0.position < $1.position : $0.severity > $1.severity
    }.map(\.text)
  }

  private static func label(_ severity: Severity, _ console: Console) -> String {
    let style: Console.Style =
      switch severity {
      case .error: .error
      case .warning: .warning
      case .info: .dim
      }
    return console.styled(severity.rawValue + ":", style)
  }

  private static func place(of issue: Issue, in source: String) -> String {
    var place = PlainText.escaped(PlainText.path(issue.source, in: source))
    if let line = issue.line {
      place += ":\(line)"
      if let column = issue.column { place += ":\(column)" }
    }
    return place
  }
}

/// A line with the progress of a migration.
private enum ProgressBar {
  /// The state to show.
  struct State {
    var label: String
    /// The number of entities so far.
    var entities: Int
    /// The completed fraction, from 0 to 1; `nil` if the total is not known.
    var fraction: Double?
    /// The time since the start.
    var seconds: Double
  }

  /// Returns the line, narrower than `width` columns.
  ///
  /// Parts that do not fit are left out, the bar first.
  static func line(_ state: State, width: Int) -> String {
    var parts: [String] = []
    if let fraction = state.fraction {
      parts.append(PlainText.padded("\(Int(fraction * 100)) %", to: 5, left: true))
    }
    parts.append(PlainText.counted(state.entities, "entity", "entities"))
    if state.seconds >= 0.5 {
      parts.append(PlainText.grouped(Int(Double(state.entities) / state.seconds)) + "/s")
      if let fraction = state.fraction, fraction > 0.01, fraction < 1 {
        parts.append(duration(state.seconds / fraction * (1 - fraction)) + " left")
      }
    }
    var line = PlainText.padded(state.label, to: width < 60 ? 0 : 14, left: false)
    let facts = parts.joined(separator: "  ")
    let room = min(40, width - 1 - line.count - facts.count - 6)
    if let fraction = state.fraction, room >= 10 {
      let full = min(room, max(0, Int(fraction * Double(room))))
      line += " [" + String(repeating: "#", count: full)
      line += String(repeating: ".", count: room - full) + "]"
    }
    return PlainText.cut(line + "  " + facts, to: max(1, width - 1))
  }

  /// Returns a duration such as `4:05` or `1:02:03`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 359_999).rounded(.up))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0
      ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
  }
}

extension PlainText {
  /// Returns the path of a file in a directory, or of the directory itself, as editors can open it.
  static func path(_ path: String?, in directory: String) -> String {
    var place = directory
    while place.count > 1, place.last == "/" { place.removeLast() }
    guard let path else { return place }
    return place + (place == "/" ? "" : "/") + path
  }
}
