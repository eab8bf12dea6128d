import RMOSMigration
import RMOSModels
import RMOSSystem

/// The notification that a run has ended, as one JSON object for both chats and programs.
struct RunNotification: Sendable {
  /// Why a run could not start, or stopped early.
  struct Failure: Sendable, Hashable {
    /// The stable code of the failure.
    var code: String
    /// A human-readable description.
    var message: String
  }

  /// The summary of the run; `nil` if it did not begin.
  var summary: MigrationSummary?
  /// The exit status of the program; 0 for success.
  var exitStatus: Int32
  /// Why the run could not start, or stopped early; `nil` if neither.
  var failure: Failure?
  /// The source directory, as given.
  var source: String
  /// The store's location.
  var database: String
  /// The machine on which the run took place, if it is to be named.
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
  /// The notification as a JSON object on one line, for Slack (`text`), Discord (`content`, at most
  /// 2,000 characters, no mentions) and programs (`rmos`).
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
  /// The escapes with which a chat shows foreign text instead of interpreting it.
  enum Markup {
    /// Plain text, without escapes.
    case plain
    /// Slack's: `&`, `<` and `>` as entities.
    case slack
    /// Discord's: a backslash before the characters of Markdown.
    case discord

    /// Returns the text with the escapes.
    ///
    /// It is escaped by scalars: a combining mark must not hide a character from the escapes.
    func escaped(_ text: String) -> String {
      switch self {
      case .plain: text
      case .slack:
        text.unicodeScalars.reduce(into: "") { result, scalar in
          switch scalar {
          case "&": result += "&amp;"
          case "<": result += "&lt;"
          case ">": result += "&gt;"
          default: result.unicodeScalars.append(scalar)
          }
        }
      case .discord:
        text.unicodeScalars.reduce(into: "") { result, scalar in
          if "\\*_~`|[]()<>#@:".unicodeScalars.contains(scalar) { result += "\\" }
          result.unicodeScalars.append(scalar)
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

  /// Returns the notification as lines, with foreign text escaped for `markup`.
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

  /// Returns the text, cut to at most `limit` UTF-16 code units, never within a character.
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
