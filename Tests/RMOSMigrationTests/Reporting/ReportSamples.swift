import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// Runs in a ledger, fixed to the last digit, for reports.
enum ReportSamples {
  /// A run with outcomes and issues of every sort.
  static var run: LedgerRun {
    var run = LedgerRun(
      command: "migrate", startedAt: "2025-06-01T08:00:00Z", source: "shop/legacy",
      optionsJSON: #"{"batch_size":2000,"atomic":false,"on_duplicate":"skip","max_errors":null}"#,
      toolVersion: "1.2.3", processID: 4711)
    run.state = .completed
    run.finishedAt = "2025-06-01T08:00:04Z"
    run.seconds = 4
    run.timings.kindSeconds = [.stripFamilies: 0.5, .patterns: 1.25, .joblogs: 2]
    run.timings.filesRead = 42
    run.timings.bytesRead = 123_456
    run.timings.notesJSON = """
      {"not_read": {"count": 7, "by_reason": {"hidden": 1, "compressed": 6}, "files": [
      {"path": "patterns/.a.json", "reason": "hidden"},
      {"path": "patterns/old.json.gz", "reason": "compressed"}]},
      "kept_aside": [{"kind": "patterns", "member": "<notes>", "count": 140},
      {"kind": "joblogs", "member": "operator", "count": 12},
      {"kind": "joblogs", "member": null, "count": 3}]}
      """
    run.statistics[.stripFamilies].migrated = 50
    run.statistics[.patterns].migrated = 140
    run.statistics[.patterns].updated = 3
    run.statistics[.patterns].failed = 7
    run.statistics[.joblogs].migrated = 1200
    run.statistics[.joblogs].skipped = 10
    run.statistics[.joblogs].failed = 1
    run.user = "luthier"
    run.host = "bench-3"
    (run.failedNew, run.failedKnown, run.knownSince) = (3, 5, 12)
    run.issueCounts = [.fieldMissing: 5, .fieldRange: 4, .fieldUnknownValue: 2, .idDerived: 12]
    return run
  }

  static var issues: [RMOSModels.Issue] {
    let missing = (1...5).map { number in
      RMOSModels.Issue(
        severity: .error, code: .fieldMissing, kind: .patterns, id: "rope-\(number)",
        source: "patterns/rope.json", locator: .index(number), line: 10 * number, column: 3,
        offset: 100 * number, pointer: "/ring_count",
        message: "'ring_count' is missing; every entity of this kind needs it", isNew: false)
    }
    let range = [
      RMOSModels.Issue(
        severity: .warning, code: .fieldRange, kind: .joblogs, id: "job-1",
        source: "joblogs/2024/a.jsonl", locator: .line(3), line: 3, column: 20, offset: 240,
        pointer: "/duration_seconds", message: "'duration_seconds' is odd; kept as it is")
    ]
    let more = (1...3).map { number in
      RMOSModels.Issue(
        severity: .error, code: .fieldRange, kind: .patterns, source: "patterns/\(number).json",
        line: 4, column: 17, message: "'ring_count' is 0; expected at least 1", isNew: true)
    }
    let unknown = (1...2).map { number in
      RMOSModels.Issue(
        severity: .warning, code: .fieldUnknownValue, kind: .joblogs, id: "sanding-\(number)",
        source: "joblogs/sanding.json", line: 2, column: 5, pointer: "/job_type",
        message: "'job_type' is \"sanding\"; kept as it is")
    }
    return missing + range + more + unknown
  }

  /// Text with meaning for HTML and terminals, and with characters that could deceive a reader.
  static let hostile =
    "<script>alert('\"x\"&amp;')</script>\u{1B}[31m\u{202E}\r\n</li></main><!-- é\u{1F3B8}"

  /// A store with one run in its ledger.
  static func store(_ run: LedgerRun, _ issues: [RMOSModels.Issue] = []) throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction in
      var run = run
      run.id = try transaction.beginRun(run)
      try transaction.appendIssues(issues, run: run.id)
      try transaction.updateRun(run)
    }
    return store
  }

  /// The report of a run, made by a fixed version.
  static func report(
    _ run: LedgerRun = run, _ issues: [RMOSModels.Issue] = issues, maxIssues: Int = 10_000
  ) throws -> MigrationReport {
    var report = try MigrationReport(
      ofRun: nil, in: store(run, issues), maxIssues: maxIssues)
    report.reportedBy = "1.2.3"
    return report
  }

  /// The report of a run in which every text is hostile.
  static func hostileReport() throws -> MigrationReport {
    try report(run(texts: hostile), issues(texts: hostile))
  }

  /// A report of the same shape with harmless texts.
  static func harmlessReport() throws -> MigrationReport {
    try report(run(texts: "plain"), issues(texts: "plain"))
  }

  private static func run(texts: String) -> LedgerRun {
    var run = run
    run.command = texts
    run.source = texts
    run.startedAt = texts
    run.finishedAt = texts
    run.toolVersion = texts
    run.failure = texts
    (run.user, run.host) = (texts, texts)
    run.optionsJSON = JSONValue.object([.init(name: texts, value: .string(texts))]).text
    run.issueCounts = [IssueCode(rawValue: texts): 2]
    return run
  }

  private static func issues(texts: String) -> [RMOSModels.Issue] {
    [.error, .warning].map { severity in
      RMOSModels.Issue(
        severity: severity, code: IssueCode(rawValue: texts), id: texts, source: texts,
        locator: .key(texts), line: 1, column: 1, pointer: texts, message: texts)
    }
  }
}

/// Compares a text with a file in `Snapshots`, letter for letter.
func expectSnapshot(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let path = Fixtures.package + "/Tests/RMOSMigrationTests/Snapshots/\(name)"
  let expected = try snapshot(path, renewedWith: text)
  #expect(text == expected, sourceLocation: sourceLocation)
}
