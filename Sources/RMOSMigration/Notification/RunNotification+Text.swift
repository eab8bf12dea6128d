import RMOSModels

extension RunNotification {
  /// How a chat wants the text of others marked, so that it is shown and not obeyed.
  enum Markup {
    /// As it is.
    case plain
    /// Slack's: `&`, `<` and `>` as entities.
    case slack
    /// Discord's: a backslash before what Markdown would take for its own.
    case discord

    func escaped(_ text: String) -> String {
      switch self {
      case .plain: text
      case .slack:
        text.reduce(into: "") { result, character in
          switch character {
          case "&": result += "&amp;"
          case "<": result += "&lt;"
          case ">": result += "&gt;"
          default: result.append(character)
          }
        }
      case .discord:
        text.reduce(into: "") { result, character in
          if "\\*_~`|[]()<>#@:".contains(character) { result += "\\" }
          result.append(character)
        }
      }
    }
  }

  /// The most that Discord takes, in UTF-16 code units.
  static let largestContent = 2000

  /// The notification for people: a few lines without markup.
  ///
  /// Text from files and of the command line is made safe to show.
  public var text: String { text(in: .plain) }

  /// The lines, in which only our own text may be markup.
  func text(in markup: Markup) -> String {
    func foreign(_ text: String, limit: Int) -> String {
      markup.escaped(Self.shortened(PlainText.escaped(text), to: limit))
    }
    let place = host.map { " on \(foreign($0, limit: 60))" } ?? ""
    let report = summary.map { MigrationReport(of: $0) }
    let number = summary?.run.map { ", run \($0)" } ?? ""
    var lines = ["\(sign(report)) RMOS migration\(place)\(number): \(verdictWord(report))"]
    if let failure {
      lines.append(foreign("\(failure.message) [\(failure.code)]", limit: 360))
    }
    if let report {
      lines.append(report.verdict)
      lines.append("\(Self.counts(report)); \(report.severitySentence)")
      let worst = report.issueGroups.filter { $0.severity == .error || $0.severity == .warning }
        .prefix(5)
      if !worst.isEmpty {
        lines.append(
          worst.map { "\(foreign($0.code.rawValue, limit: 30)) \(PlainText.grouped($0.count))" }
            .joined(separator: ", "))
      }
    }
    lines.append("\(foreign(source, limit: 150)) → \(foreign(database, limit: 150))")
    return Self.shortened(lines.joined(separator: "\n"), to: Self.largestContent)
  }

  private func sign(_ report: MigrationReport?) -> String {
    if exitStatus != 0 { return MigrationReport.Gravity.errors.sign }
    return (report?.gravity ?? .errors).sign
  }

  private func verdictWord(_ report: MigrationReport?) -> String {
    guard let report, let run = report.run else { return "Could not run" }
    switch run.ending {
    case .completed where failure == nil: return report.verdictWord
    case .interrupted: return "Interrupted"
    default: return "Not to its end"
    }
  }

  private static func counts(_ report: MigrationReport) -> String {
    let total = report.statistics.total
    let counts = [
      (total.found, "found"), (total.migrated, "migrated"), (total.updated, "updated"),
      (total.skipped, "skipped"), (total.failed, "failed"),
    ]
    return counts.filter { $0.1 != "updated" || $0.0 > 0 }
      .map { "\(PlainText.grouped($0.0)) \($0.1)" }.joined(separator: ", ")
      + " in \(PlainText.fixed(report.run?.seconds ?? 0, decimals: 1)) s"
  }

  /// The text, cut where it has more than so many UTF-16 code units, never within a character.
  static func shortened(_ text: String, to limit: Int) -> String {
    if text.utf16.count <= limit { return text }
    var kept = ""
    var count = 1
    for character in text {
      count += character.utf16.count
      if count > limit { break }
      kept.append(character)
    }
    return kept + "…"
  }
}
