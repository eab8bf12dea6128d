import RMOSMigration
import RMOSModels
import RMOSSystem

/// The notification that a run is over: for a person in a chat and for a program, in one JSON
/// object.
struct RunNotification: Sendable {
  /// Why a run could not start, or stopped early.
  struct Failure: Sendable, Hashable {
    /// A stable name.
    var code: String
    /// A human-readable description.
    var message: String
  }

  /// What the run did; `nil` if it never began.
  var summary: MigrationSummary?
  /// The status that the program exits with; 0 for success.
  var exitStatus: Int32
  /// Why it could not start, or stopped early.
  var failure: Failure?
  /// The source directory, as given.
  var source: String
  /// The store's location.
  var database: String
  /// The machine that it ran on, if that matters.
  var host: String?

  /// Creates the notification of a run that began.
  init(of summary: MigrationSummary, exitStatus: Int32, failure: Failure? = nil) {
    self.summary = summary
    self.exitStatus = exitStatus
    self.failure = failure
    source = summary.source
    database = summary.store
  }

  /// Creates the notification of a run that could not start.
  init(of failure: Failure, exitStatus: Int32, source: String, database: String) {
    self.failure = failure
    self.exitStatus = exitStatus
    self.source = source
    self.database = database
  }

  /// Whether the run was completed and nothing failed.
  ///
  /// The exit status may be stricter, as it may count warnings, or laxer, as it may not count
  /// failures that are known.
  var isSuccess: Bool { failure == nil && summary?.isSuccess == true }
}

extension RunNotification {
  /// One JSON object, on one line, that Slack (`text`), Discord (`content`, at most 2,000
  /// characters, no mentions) and a program (`rmos`) can read.
  var json: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("text", text(in: .slack))
      $0.member("content", text(in: .discord))
      $0.member("allowed_mentions") {
        $0.object { $0.member("parse") { $0.array { _ in } } }
      }
      $0.member("rmos") { write(to: &$0) }
    }
    return writer.text
  }

  private func write(to writer: inout JSONWriter) {
    let report = summary.map { MigrationReport(of: $0) }
    writer.object {
      $0.member("success", isSuccess)
      $0.member("exit_status", exitStatus)
      $0.member("message", text)
      $0.member("failure") { writer in
        guard let failure else { return writer.null() }
        writer.object {
          $0.member("code", failure.code)
          $0.member("message", failure.message)
        }
      }
      $0.member("source", source)
      $0.member("database", database)
      $0.member("host", host)
      $0.member("user", summary?.user)
      $0.member("run", summary?.run)
      $0.member("ending", summary?.ending.rawValue)
      $0.member("dry_run", summary?.isDryRun)
      $0.member("started_at", summary?.startedAt)
      $0.member("seconds", summary?.duration.seconds)
      $0.member("summary") { writer in
        if let report { writer.totals(report.statistics.total) } else { writer.null() }
      }
      $0.member("entities") { writer in
        if let report { writer.statistics(report.statistics) } else { writer.null() }
      }
      $0.member("issue_counts") { writer in
        if let report { writer.issueCounts(report.issueCounts) } else { writer.null() }
      }
      $0.member("failed_new", report?.failureNews?.new)
      $0.member("failed_known", report?.failureNews?.known)
      $0.member("known_since", report?.failureNews?.since)
      $0.member("not_read", report?.notRead?.count)
      $0.member("kept_aside", report?.keptMembers?.memberCount)
      $0.member("version", RMOSVersion.current)
    }
  }
}

extension RunNotification {
  /// How a chat escapes foreign text, so that it is shown and not interpreted.
  enum Markup {
    /// Plain text, without escapes.
    case plain
    /// Slack's: `&`, `<` and `>` as entities.
    case slack
    /// Discord's: a backslash before the characters of Markdown.
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

  /// The maximum that Discord accepts, in UTF-16 code units.
  static let largestContent = 2000

  /// The notification as plain text: a few lines without markup.
  ///
  /// Foreign text is made safe to show.
  var text: String { text(in: .plain) }

  /// The lines, with foreign text escaped for `markup`.
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
      let seconds = PlainText.fixed(report.run?.seconds ?? 0, decimals: 1)
      lines.append(
        "\(report.statistics.total.words()) in \(seconds) s; \(report.severitySentence)")
      let worst = report.codeGroups.filter { $0.severity == .error || $0.severity == .warning }
        .prefix(5)
      if !worst.isEmpty {
        lines.append(
          worst.map { "\(foreign($0.code.rawValue, limit: 30)) \(PlainText.grouped($0.count))" }
            .joined(separator: ", "))
      }
    }
    if let sentence = report?.sourceSentence { lines.append(sentence) }
    lines.append("\(foreign(source, limit: 150)) → \(foreign(database, limit: 150))")
    return Self.shortened(lines.joined(separator: "\n"), to: Self.largestContent)
  }

  private func sign(_ report: MigrationReport?) -> String {
    if exitStatus != 0 { return Verdict.errors.sign }
    return (report?.gravity ?? .errors).sign
  }

  private func verdictWord(_ report: MigrationReport?) -> String {
    guard let report, let ending = summary?.ending else { return "Could not start" }
    switch ending {
    case .completed where failure == nil: return report.verdictWord
    case .interrupted: return "Interrupted"
    default: return "Stopped early"
    }
  }

  /// The text, cut to at most `limit` UTF-16 code units, never within a character.
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
