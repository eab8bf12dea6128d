import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSCommandLine
@testable import RMOSMigration

/// The notification about the end of a run.
@Suite struct RunNotificationTests {
  /// The summary of a run with several outcomes and issues.
  static func summary() throws -> MigrationSummary {
    let directory = try TemporaryDirectory()
    var summary = try Migration(from: directory.path, into: InMemoryStore()).runSynchronously()
    summary.run = 7
    summary.startedAt = "2025-06-01T08:00:00Z"
    summary.source = "shop/legacy"
    summary.store = "shop.db"
    summary.statistics[.stripFamilies].migrated = 50
    summary.statistics[.patterns].migrated = 1140
    summary.statistics[.patterns].failed = 7
    summary.statistics[.joblogs].skipped = 10
    summary.user = "luthier"
    (summary.failedNew, summary.knownSince) = (2, 12)
    summary.issueCounts = [.fieldMissing: 5, .fieldRange: 2, .idDerived: 12]
    summary.severityCounts = [.error: 7, .info: 12]
    summary.codeCounts = [.fieldMissing: [.error: 5], .fieldRange: [.error: 2]]
    summary.issues = [IssueCode.fieldMissing, .fieldRange].map {
      RMOSModels.Issue(severity: .error, code: $0, message: "m")
    }
    summary.issuesOmitted = 5
    summary.duration = .seconds(2.5)
    return summary
  }

  private func object(_ notification: RunNotification) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(notification.json.utf8))
    return try #require(object as? [String: Any])
  }

  @Test func theJSONOfARunIsExactlyThis() throws {
    let summary = try Self.summary()
    var notification = RunNotification(of: summary, exitStatus: 1)
    notification.host = "bench-3"
    let text =
      #"✗ RMOS migration on bench-3, run 7: Needs attention\n"#
      + #"7 of 1,207 entities failed, 2 new since run 12.\n"#
      + #"1,207 found, 1,190 migrated, 10 skipped, 7 failed in 2.5 s; "#
      + #"7 errors, 0 warnings, 12 notes\nfield.missing 5, field.range 2\nshop/legacy → shop.db"#
    let rmos =
      #"{"success":false,"exit_status":1,"message":"\#(text)","failure":null,"source":"shop/legacy","#
      + #""database":"shop.db","host":"bench-3","user":"luthier","run":7,"ending":"completed","dry_run":false,"#
      + #""started_at":"2025-06-01T08:00:00Z","seconds":2.5,"#
      + #""summary":{"total_found":1207,"total_migrated":1190,"total_updated":0,"#
      + #""total_skipped":10,"total_failed":7,"success_rate":\#(summary.successRate)},"#
      + #""entities":{"strip_families":{"found":50,"migrated":50,"updated":0,"skipped":0,"failed":0},"#
      + #""patterns":{"found":1147,"migrated":1140,"updated":0,"skipped":0,"failed":7},"#
      + #""joblogs":{"found":10,"migrated":0,"updated":0,"skipped":10,"failed":0}},"#
      + #""issue_counts":{"field.missing":5,"field.range":2,"id.derived":12},"#
      + #""failed_new":2,"failed_known":5,"known_since":12,"#
      + #""not_read":0,"kept_aside":0,"version":"\#(RMOSVersion.current)"}"#
    #expect(
      notification.json == #"{"text":"\#(text)","content":"\#(text)","#
        + #""allowed_mentions":{"parse":[]},"rmos":\#(rmos)}"#)
  }

  @Test func theJSONOfWhatCouldNotRunIsExactlyThis() {
    let notification = RunNotification(
      of: .init(code: "store.locked", message: "x.db is locked"), exitStatus: 3, source: "legacy",
      database: "x.db")
    let text = #"✗ RMOS migration: Could not start\nx.db is locked [store.locked]\nlegacy → x.db"#
    let content =
      #"✗ RMOS migration: Could not start\nx.db is locked \\[store.locked\\]\nlegacy → x.db"#
    #expect(
      notification.json == #"{"text":"\#(text)","content":"\#(content)","#
        + #""allowed_mentions":{"parse":[]},"rmos":{"success":false,"exit_status":3,"#
        + #""message":"\#(text)","#
        + #""failure":{"code":"store.locked","message":"x.db is locked"},"source":"legacy","#
        + #""database":"x.db","host":null,"user":null,"run":null,"ending":null,"dry_run":null,"#
        + #""started_at":null,"seconds":null,"summary":null,"entities":null,"#
        + #""issue_counts":null,"failed_new":null,"failed_known":null,"known_since":null,"#
        + #""not_read":null,"kept_aside":null,"version":"\#(RMOSVersion.current)"}}"#
    )
  }

  @Test func filesNotReadAndMembersKeptAsideAreCounted() throws {
    var summary = try Self.summary()
    summary.notRead.add("patterns/.a.json", .hidden)
    #expect(!RunNotification(of: summary, exitStatus: 0).text.contains("not read"))
    summary.notRead.add("patterns/b.json.gz", .compressed)
    let notification = RunNotification(of: summary, exitStatus: 0)
    #expect(notification.text.contains("\n2 files not read\n"))
    #expect(notification.json.contains(#""not_read":2,"kept_aside":0"#))
  }

  @Test func theFirstLineSaysHowItEnded() throws {
    let whole = try Self.summary()
    func first(_ ending: MigrationSummary.Ending, failed: Int, status: Int32) -> String {
      var summary = whole
      summary.ending = ending
      summary.statistics[.patterns].failed = failed
      let notification = RunNotification(of: summary, exitStatus: status)
      return String(notification.text.prefix { $0 != "\n" })
    }
    #expect(first(.completed, failed: 0, status: 0) == "✓ RMOS migration, run 7: Complete")
    #expect(first(.completed, failed: 0, status: 1) == "✗ RMOS migration, run 7: Complete")
    #expect(first(.completed, failed: 1, status: 1) == "✗ RMOS migration, run 7: Needs attention")
    #expect(first(.interrupted, failed: 0, status: 130) == "✗ RMOS migration, run 7: Interrupted")
    #expect(first(.rolledBack, failed: 1, status: 1) == "✗ RMOS migration, run 7: Stopped early")
    #expect(first(.storeFailed, failed: 0, status: 3) == "✗ RMOS migration, run 7: Stopped early")
  }

  @Test func aFailureMakesARunThatMigratedAllNoSuccess() throws {
    var summary = try Self.summary()
    summary.statistics[.patterns].failed = 0
    #expect(RunNotification(of: summary, exitStatus: 0).isSuccess)
    let notification = RunNotification(
      of: summary, exitStatus: 3, failure: .init(code: "output.unwritable", message: "no room"))
    #expect(!notification.isSuccess)
    #expect(notification.text.hasPrefix("✗ RMOS migration, run 7: Stopped early\nno room"))
  }

  @Test func aRunThatFoundNothingIsAFailure() throws {
    let directory = try TemporaryDirectory()
    let summary = try Migration(from: directory.path, into: InMemoryStore()).runSynchronously()
    let notification = RunNotification(of: summary, exitStatus: 1)
    #expect(!notification.isSuccess)
    #expect(notification.text.contains("Nothing found"))
    #expect(notification.text.contains("input.nothing-found 1"))
    let json = try JSONValue(parsing: notification.json)
    #expect(json["rmos"]?["success"] == .bool(false))
  }

  @Test func foreignTextIsEscapedForEveryChat() throws {
    let hostile =
      "<!channel> <@U1> @everyone [x](http://evil) `*_~|> & \u{1b}[31m\u{202E}\r\n# big"
    var summary = try Self.summary()
    summary.source = hostile
    summary.store = hostile
    var notification = RunNotification(
      of: summary, exitStatus: 3, failure: .init(code: hostile, message: hostile))
    notification.host = hostile
    let object = try object(notification)
    let text = try #require(object["text"] as? String)
    #expect(!text.contains("<") && !text.contains(">"))
    #expect(text.contains("&lt;!channel&gt;") && text.contains("&amp;"))
    let content = try #require(object["content"] as? String)
    for mark in ["<", ">", "@", "[", "]", "(", "`", "*", "~", "|", "#"] {
      let bare = content.replacing("\\\\", with: "").replacing("\\" + mark, with: "")
      #expect(!bare.contains(mark), "\(mark)")
    }
    for shown in [text, content, notification.text] {
      #expect(!shown.contains("\u{1b}") && !shown.contains("\u{202E}") && !shown.contains("\r"))
    }
    let mentions = try #require(object["allowed_mentions"] as? [String: [String]])
    #expect(mentions == ["parse": []])
    // For programs, the text is unchanged.
    let rmos = try #require(object["rmos"] as? [String: Any])
    #expect(rmos["source"] as? String == hostile)
  }

  @Test func aCombiningMarkHidesNoCharacterFromTheEscapes() {
    let text = "<\u{301}b>\u{301} &\u{301} *\u{301}"
    #expect(
      RunNotification.Markup.slack.escaped(text)
        == "&lt;\u{301}b&gt;\u{301} &amp;\u{301} *\u{301}")
    #expect(
      RunNotification.Markup.discord.escaped(text)
        == "\\<\u{301}b\\>\u{301} &\u{301} \\*\u{301}")
  }

  @Test func contentNeverHasMoreThanDiscordTakes() throws {
    for piece in ["a", "*", "é", "\u{1F3B8}", "\u{202E}", "👩‍👩‍👧‍👦", "e\u{301}\u{302}\u{303}"] {
      let long = String(repeating: piece, count: 5000)
      var summary = try Self.summary()
      summary.source = long
      summary.store = long
      summary.issues = (0..<9).map {
        .init(severity: .error, code: IssueCode(rawValue: "\($0)" + long), message: "m")
      }
      summary.issueCounts = Dictionary(
        uniqueKeysWithValues: (0..<9).map { (IssueCode(rawValue: "\($0)" + long), 1_000_000) })
      summary.codeCounts = summary.issueCounts.mapValues { [.error: $0] }
      var notification = RunNotification(
        of: summary, exitStatus: 3, failure: .init(code: long, message: long))
      notification.host = long
      let content = try #require(try object(notification)["content"] as? String)
      #expect(content.utf16.count <= 2000)
      #expect(content.contains("…"))
      // Each text is shortened separately, so the last line still names source and database.
      #expect(content.contains(" → "))
    }
  }

  @Test func shortTextIsNotCut() {
    #expect(RunNotification.shortened("abc", to: 3) == "abc")
    #expect(RunNotification.shortened("abcd", to: 3) == "ab…")
    #expect(RunNotification.shortened("a\u{1F3B8}b", to: 3) == "a…")
  }
}
