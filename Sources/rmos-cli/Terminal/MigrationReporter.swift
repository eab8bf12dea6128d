import RMOSMigration
import RMOSModels
import RMOSSystem

/// Tells on standard error how a migration goes: a bar on a terminal, a line per kind elsewhere.
final class MigrationReporter {
  /// How many issues are shown where not all are asked for.
  private static let issuesShown = 20
  /// Seconds between two drawings of the bar.
  private static let interval = Duration.milliseconds(100)

  private let source: String
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
    self.console = console
    isQuiet = arguments.has("quiet")
    isVerbose = arguments.has("verbose")
    showsBar = console.showsProgress && !isQuiet
    showsLines = !console.showsProgress && !isQuiet && !arguments.has("json")
  }

  /// Takes an event.
  ///
  /// Cheap: a counter and, now and then, a look at the clock.
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
      if progress.kind != kind { endKind(at: latest?.seconds ?? 0) }
      kind = progress.kind
      latest = progress
      if showsBar { drawBar(progress.kind) }
    case .finished(let summary):
      self.summary = summary
      latest?.statistics = summary.statistics
      endKind(at: latest?.seconds ?? 0)
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
      ProgressBar.line(state, width: FileDescriptor.standardError.terminalWidth))
  }

  private func endKind(at seconds: Double) {
    defer { kindStart = seconds }
    guard showsLines, let kind, let counts = latest?.statistics[kind], counts.found > 0 else {
      return
    }
    var parts = ["\(TerminalText.grouped(counts.migrated)) migrated"]
    if counts.updated > 0 { parts.append("\(TerminalText.grouped(counts.updated)) updated") }
    parts.append("\(TerminalText.grouped(counts.skipped)) skipped")
    parts.append("\(TerminalText.grouped(counts.failed)) failed")
    console.note(
      "\(kind.schema.plural): \(TerminalText.grouped(counts.found)) found, "
        + parts.joined(separator: ", ")
        + " (\(TerminalText.fixed(seconds - kindStart, decimals: 2)) s)")
  }

  private static func endsTheRun(_ issue: Issue) -> Bool {
    issue.code == .sourceUnreadable || issue.code == .sourceChanged
  }

  /// Shows the first errors and warnings, unless all were shown as they came.
  func showIssues(of summary: MigrationSummary) {
    guard !isVerbose else { return }
    // Why the source could not be read any further is said by the error that ends the command.
    let told = summary.issues.filter { !Self.endsTheRun($0) }
    let chosen = isQuiet ? told.filter { $0.severity == .error } : told
    for issue in chosen.prefix(Self.issuesShown) {
      console.note(IssueText.line(issue, source: source, console))
    }
    var total = summary.severityCounts[.error, default: 0]
    if !isQuiet { total += summary.severityCounts[.warning, default: 0] }
    total -= summary.issues.count - told.count
    let rest = total - min(chosen.count, Self.issuesShown)
    if rest > 0 {
      console.note(
        "… and \(TerminalText.counted(rest, "more issue")); -v shows them all, "
          + "--json puts the first 10,000 in the report")
    }
  }
}
