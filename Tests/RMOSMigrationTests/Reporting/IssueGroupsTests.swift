import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// A problem that many entities share is reported once.
@Suite struct IssueGroupsTests {
  private func issue(
    _ message: String, in source: String? = "joblogs/2019/a.json",
    _ severity: Severity = .error, code: IssueCode = .fieldType, kind: EntityKind? = .joblogs,
    pointer: String? = "/status"
  ) -> RMOSModels.Issue {
    .init(
      severity: severity, code: code, kind: kind, source: source, line: 1, column: 1,
      pointer: pointer, message: message)
  }

  private func grouped(_ issues: [RMOSModels.Issue]) -> IssueGroups {
    var groups = IssueGroups()
    for issue in issues { groups.add(issue) }
    return groups
  }

  @Test func valuesAreLeftAsideAndThoseThatDifferAreShownAsSuch() {
    let groups = grouped([
      issue("\"n\" is \"a\" (at 2025-01-01T00:00:00Z); expected 1 to 5, as in x/y.json:3"),
      issue("\"n\" is \"é b\" (at 2024-01-01T00:00:00Z); expected 1 to 5, as in x/z.json:4"),
      issue("\"n\" is \"\" (at 2024-01-01T00:00:00Z); expected 1 to 5, as in x/z.json:4"),
    ])
    #expect(groups.groups.map(\.count) == [3])
    #expect(groups.groups[0].message == "\"n\" is \"…\" (at …); expected 1 to 5, as in …")
  }

  @Test func aMessageThatIsTheSameEverywhereIsShownAsItIs() {
    let message = "a \"lone quote, x1; (y/2) \"z\""
    #expect(grouped([issue(message), issue(message)]).groups.map(\.message) == [message])
  }

  @Test func aZeroByteIsNotAValue() {
    let groups = grouped([issue("\"a\" 5 \"b\""), issue("\"a\" \0 \"b\""), issue("\"a\" 6 \"b\"")])
    #expect(groups.groups.map(\.count) == [2, 1])
  }

  @Test func otherSeveritiesCodesKindsFieldsAndWordsAreOtherGroups() {
    let message = "\"n\" is \"a\""
    let groups = grouped([
      issue(message), issue(message, .warning), issue(message, code: .fieldEmpty),
      issue(message, kind: .patterns), issue(message, kind: nil),
      issue(message, pointer: "/other"), issue(message, pointer: nil), issue("\"n\" is a"),
      issue(message, .info),
    ])
    #expect(groups.groups.map(\.count) == Array(repeating: 1, count: 8))
  }

  @Test(
    arguments: [
      (["joblogs/2019/a.json", "joblogs/2019/b.json"], "joblogs/2019", "joblogs/2019"),
      (
        ["joblogs/2019/a.json", "joblogs/2019/a.json"], "joblogs/2019/a.json", "joblogs/2019/a.json"
      ),
      (["joblogs/2019/a.json", "joblogs/2019/x/b.json"], "joblogs/2019", "joblogs/2019"),
      (["joblogs/2019/x.json", "joblogs/2019/x.json.d/b.json"], "joblogs/2019", "joblogs/2019"),
      (["joblogs/20/a.json", "joblogs/2019/a.json"], "joblogs", nil),
      (["joblogs/a.json", "patterns/a.json"], nil, nil),
      (["joblog.json", "joblog.jsonl"], nil, nil), (["joblogs/a.json", nil], nil, nil),
    ] as [([String?], String?, String?)])
  func whatTheyAreAllInIsKnown(_ sources: [String?], _ within: String?, _ narrow: String?) {
    for sources in [sources, sources.reversed()] {
      let group = grouped(sources.map { issue("x", in: $0) }).groups[0]
      #expect(group.within == within)
      #expect(group.narrowPlace == narrow)
    }
  }

  @Test func theFirstThreeAreKeptWithTheirPositions() {
    let groups = grouped(
      (0..<20).map {
        issue("\"x\" is \"\($0)\"", in: "a/\($0 % 2)", code: $0 % 2 == 0 ? .fieldType : .fieldRange)
      })
    #expect(groups.groups.map(\.count) == [10, 10])
    #expect(groups.groups.map(\.positions) == [[0, 2, 4], [1, 3, 5]])
    #expect(groups.groups[1].firsts.map(\.message) == [1, 3, 5].map { "\"x\" is \"\($0)\"" })
  }

  @Test func beyondManyGroupsIssuesAreOnlyCounted() {
    let words = (0..<IssueGroups.largestCount + 50).map { String(repeating: "w", count: $0 + 1) }
    let issues = words.map { issue($0) } + [issue("new", code: .idMissing), issue(words[0])]
    let groups = grouped(issues)
    // The first issue of a code always has a group.
    #expect(groups.groups.count == IssueGroups.largestCount + 1)
    #expect(groups.groups.last?.code == .idMissing)
    #expect(groups.omitted == 50)
    #expect(groups.groups[0].count == 2)
    #expect(groups.groups.reduce(groups.omitted) { $0 + $1.count } == issues.count)
  }

  /// The groups of a run hold each error and warning once, in a dry run and in the ledger too.
  @Test(arguments: UInt64(700)..<706)
  func everyErrorAndWarningIsInOneGroup(seed: UInt64) throws {
    let tree = try RandomTree(seed: seed)
    var options = Migration.Options()
    options.isDryRun = true
    let rehearsed = try Migration(from: tree.path, into: InMemoryStore(), options: options)
      .runSynchronously()
    let store = InMemoryStore()
    let summary = try Migration(from: tree.path, into: store).runSynchronously()
    #expect(rehearsed.issueGroups == summary.issueGroups)
    #expect(try MigrationReport(ofRun: nil, in: store).issueGroups == summary.issueGroups)
    let (groups, counts) = (summary.issueGroups, summary.severityCounts)
    #expect(
      groups.groups.reduce(groups.omitted) { $0 + $1.count }
        == counts[.error, default: 0] + counts[.warning, default: 0])
  }
}
