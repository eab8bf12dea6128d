import Foundation
import Testing

/// `migrate --notify` and `--on-finish`, with a server in the test.
@Suite(.waitingLongest) struct NotificationTests {
  private static let environment = ["NO_PROXY": "*", "no_proxy": "*"]

  private func migrate(
    _ arguments: [String], in workspace: Workspace, environment: [String: String] = [:]
  ) throws -> Tool.Result {
    try Tool.run(
      ["migrate", "legacy", "--db", "x.db"] + arguments, in: workspace,
      environment: Self.environment.merging(environment) { $1 })
  }

  /// Runs a migration for each of several servers in parallel, since each waits between attempts.
  private func migrate(
    notifying urls: [String], environment: [String: String] = [:]
  ) throws -> [Tool.Result] {
    // A workspace is removed after its last use.
    let runs = try urls.map { url in
      let workspace = try workspace()
      let tool = try RunningTool(
        ["migrate", "legacy", "--db", "x.db", "-q", "--notify", url], in: workspace,
        environment: Self.environment.merging(environment) { $1 })
      return (workspace, tool)
    }
    return try runs.map { run in
      try withExtendedLifetime(run) { try run.1.wait() }
    }
  }

  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    return workspace
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func rmos(_ text: String) throws -> [String: Any] {
    try #require(try object(text)["rmos"] as? [String: Any])
  }

  // MARK: --notify

  static let needsCurl = Comment("curl is not installed here; install it to test --notify")

  @Test(.enabled(if: Tool.has("curl"), needsCurl))
  func theSummaryIsPostedAsJSON() throws {
    let server = try HookServer(.status(200))
    let result = try migrate(["--notify", server.url], in: workspace())
    #expect(result.status == 0)
    #expect(!result.errors.contains("warning"))
    #expect(server.requests.count == 1)
    let request = try #require(server.requests.first)
    #expect(request.head.hasPrefix("POST /hook HTTP/1.1\r\n"))
    #expect(request.head.contains("\r\nContent-Type: application/json"))
    #expect(request.head.contains("\r\nUser-Agent: rmos-cli/"))
    let body = try object(request.body)
    #expect((body["text"] as? String)?.contains("3 found, 3 migrated") == true)
    #expect((body["content"] as? String)?.isEmpty == false)
    let rmos = try rmos(request.body)
    #expect(rmos["success"] as? Bool == true)
    #expect(rmos["exit_status"] as? Int == 0)
    #expect(rmos["run"] as? Int == 1)
    #expect(rmos["database"] as? String == "x.db")
    #expect((rmos["summary"] as? [String: Any])?["total_migrated"] as? Int == 3)
  }

  @Test(.enabled(if: Tool.has("curl"), needsCurl))
  func onlyFailuresArePostedWhereOnlyThoseAreAskedFor() throws {
    let server = try HookServer(.status(204))
    let workspace = try workspace()
    let options = ["--notify", server.url, "--notify-on", "failure"]
    #expect(try migrate(options, in: workspace).status == 0)
    #expect(server.requests.isEmpty)
    try workspace.writeOddJobLog()
    #expect(try migrate(options + ["--strict"], in: workspace).status == 1)
    #expect(server.requests.count == 1)
    try workspace.writeBrokenPattern()
    #expect(try migrate(options, in: workspace).status == 1)
    #expect(server.requests.count == 2)
    #expect(try rmos(#require(server.requests.last).body)["success"] as? Bool == false)
  }

  @Test(.enabled(if: Tool.has("curl"), needsCurl))
  func aRunThatCannotBeginIsPostedWithTheReason() throws {
    let server = try HookServer(.status(200))
    let result = try migrate(["--notify", server.url], in: Workspace())
    #expect(result.status == 3)
    let rmos = try rmos(#require(server.requests.first).body)
    #expect(rmos["exit_status"] as? Int == 3)
    #expect(rmos["summary"] is NSNull)
    #expect((rmos["failure"] as? [String: String])?["code"] == "source.unreadable")
  }

  @Test(.enabled(if: Tool.has("curl"), needsCurl))
  func aServerThatFailsAtFirstIsAskedAgain() throws {
    let server = try HookServer(.status(500), .status(200))
    let result = try migrate(["--notify", server.url], in: workspace())
    #expect(result.status == 0)
    #expect(!result.errors.contains("warning"))
    #expect(server.requests.count == 2)
    #expect(server.requests.first?.body == server.requests.last?.body)
  }

  /// The path of the URL, which is a password with Slack and Discord, is never shown.
  private func shown(_ server: HookServer) -> String { "http://127.0.0.1:\(server.port)/…" }

  @Test(.enabled(if: Tool.has("curl"), needsCurl))
  func aServerThatRefusesIsAWarning() throws {
    let statuses = [600, 400, 404, 410, 503]
    let servers = try statuses.map { try HookServer(.status($0)) }
    let results = try migrate(
      notifying: servers.map { $0.url + "?key=secret" }, environment: ["RMOS_NOTIFY_TIMEOUT": "5"])
    for (status, (server, result)) in zip(statuses, zip(servers, results)) {
      #expect(result.status == 0)
      #expect(
        result.errors
          == "rmos-cli: warning: --notify: could not post to \(shown(server)) (3 attempts): "
          + "it answered \(status)\n")
      #expect(server.requests.count == 3)
    }
  }

  @Test(.enabled(if: Tool.has("curl"), needsCurl))
  func aRedirectionIsNeitherFollowedNorTakenForSuccess() throws {
    let other = try HookServer(.status(200))
    let statuses = [301, 302, 303, 307, 308]
    let servers = try statuses.map { try HookServer(.redirection($0, to: other.url + "/secret")) }
    let results = try migrate(notifying: servers.map(\.url))
    for (status, (server, result)) in zip(statuses, zip(servers, results)) {
      #expect(result.status == 0)
      #expect(
        result.errors.contains(
          "could not post to \(shown(server)) (3 attempts): it answered \(status)"))
      #expect(result.errors.contains("a redirect to \(shown(other)), and redirects"))
      #expect(!result.errors.contains("secret") && !result.errors.contains("hook"))
      #expect(server.requests.count == 3)
    }
    #expect(other.requests.isEmpty)
  }

  @Test(.enabled(if: Tool.has("curl"), needsCurl), .timeLimit(.minutes(5)))
  func anAnswerThatDoesNotEndIsNoSuccess() throws {
    for (answer, reason) in [
      (HookServer.Answer.unfinished(200), "it timed out"),
      (.cut(204), ""), (.cut(200), "the response was incomplete"),
    ] {
      let server = try HookServer(answer)
      let result = try migrate(
        ["-q", "--notify", server.url], in: workspace(),
        environment: ["RMOS_NOTIFY_TIMEOUT": "1"])
      #expect(result.status == 0)
      // A response with status 204 has no content, whatever its fields announce.
      guard !reason.isEmpty else {
        #expect(result.errors.isEmpty)
        continue
      }
      #expect(result.errors.contains("it answered 200, but \(reason)"))
      #expect(server.requests.count == 3)
    }
  }

  @Test(.enabled(if: Tool.has("curl"), needsCurl))
  func aServerThatTakesItAtTheThirdAttemptWasTold() throws {
    let server = try HookServer(.redirection(302, to: "/elsewhere"), .cut(200), .status(201))
    let result = try migrate(["-q", "--notify", server.url], in: workspace())
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(server.requests.count == 3)
  }

  @Test(.enabled(if: Tool.has("curl"), needsCurl), .timeLimit(.minutes(5)))
  func aServerThatNeverAnswersIsGivenUp() throws {
    let server = try HookServer(.silence)
    let result = try migrate(
      ["--json", "--notify", server.url], in: workspace(),
      environment: ["RMOS_NOTIFY_TIMEOUT": "1"])
    #expect(result.status == 0)
    #expect(try result.json["success"] as? Bool == true)
    #expect(result.errors.contains("(3 attempts): it timed out"))
  }

  @Test(.enabled(if: Tool.has("curl"), needsCurl))
  func whereNothingListensThereIsAWarning() throws {
    let port = try HookServer(.silence).port
    let result = try migrate(["--notify", "http://127.0.0.1:\(port)/"], in: workspace())
    #expect(result.status == 0)
    let warning = "warning: --notify: could not post to http://127.0.0.1:\(port)/ (3 attempts)"
    #expect(result.errors.contains("\(warning): the connection was refused"))
  }

  @Test func withoutCurlThereIsAWarningThatShowsNoSecret() throws {
    let result = try migrate(
      ["--notify", "https://user:secret@chat.example/secret"], in: workspace(),
      environment: ["PATH": "/nowhere"])
    #expect(result.status == 0)
    #expect(
      result.errors.contains("curl is not in PATH, so nothing was posted to https://chat.example/…")
    )
    #expect(!result.errors.contains("secret") && !result.output.contains("secret"))
  }

  @Test func aCurlThatReadsNothingDiesOrHangsIsAWarning() throws {
    let workspace = try workspace()
    for (script, reason) in [
      ("exec 0<&-; exit 77", "curl exited with status 77"),
      ("kill -9 $$", "curl was killed by signal 9"),
      ("/bin/cat >/dev/null", "curl reported no status"),
      ("exec /bin/sleep 1000", "curl took too long and was stopped"),
    ] {
      try workspace.write("#!/bin/sh\n\(script)\n", to: "bin/curl")
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: workspace.file("bin/curl"))
      let result = try migrate(
        ["--notify", "http://h.example/"], in: workspace,
        environment: ["PATH": workspace.file("bin"), "RMOS_NOTIFY_TIMEOUT": "1"])
      #expect(result.status == 0)
      #expect(result.errors.contains("could not post to http://h.example/ (3 attempts): \(reason)"))
    }
  }

  @Test func curlGetsTheAddressAndTheBodyWithoutAShell() throws {
    let workspace = try workspace()
    try workspace.write(
      "#!/bin/sh\nprintf '%s\\n' \"$@\" > arguments\n/bin/cat > body\necho 200\n", to: "bin/curl")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: workspace.file("bin/curl"))
    let url = "http://h.example/$(touch x)`touch y`;touch${IFS}z{1,2}[1-3]".replacing(" ", with: "")
    let result = try migrate(
      ["--notify", url], in: workspace, environment: ["PATH": workspace.file("bin")])
    #expect(result.errors.contains("warning") == false)
    let arguments = try workspace.text("arguments").split(separator: "\n").map(String.init)
    #expect(arguments.first == "-q")
    #expect(arguments.suffix(2) == ["--url", url])
    #expect(!arguments.contains("--location") && !arguments.contains("-L"))
    for option in ["--globoff", "--max-redirs", "=http,https", "--max-time", "--data-binary"] {
      #expect(arguments.contains(option))
    }
    #expect(try rmos(workspace.text("body"))["success"] as? Bool == true)
    #expect(!workspace.exists("z1"))
  }

  @Test(arguments: ["0", "301", "x", "1.5"])
  func aTimeoutThatIsNoneIsWrongUsage(_ timeout: String) throws {
    let workspace = try workspace()
    let result = try migrate(
      ["--notify", "http://h.example/"], in: workspace,
      environment: ["RMOS_NOTIFY_TIMEOUT": timeout])
    #expect(result.status == 2)
    #expect(result.errors.contains(#"expected seconds from 1 to 300, found "\#(timeout)""#))
    #expect(!workspace.exists("x.db"))
  }

  // MARK: --on-finish

  @Test func theCommandGetsTheStatusAndTheJSON() throws {
    let workspace = try workspace()
    try workspace.writeBrokenPattern()
    let command = #"printf %s "$RMOS_EXIT_STATUS" > status; cat > body; echo said"#
    let result = try migrate(["--json", "--on-finish", command], in: workspace)
    #expect(result.status == 1)
    // The output of the command is not part of the result.
    #expect(try result.json["success"] as? Bool == false)
    #expect(result.errors == "said\n")
    #expect(try workspace.text("status") == "1")
    let body = try workspace.text("body")
    #expect(body.hasSuffix("}\n"))
    #expect(try rmos(body)["exit_status"] as? Int == 1)
  }

  @Test func theCommandRunsWhereTheMigrationCouldNot() throws {
    let workspace = try Workspace()
    let result = try migrate(["--on-finish", #"echo "$RMOS_EXIT_STATUS" > status"#], in: workspace)
    #expect(result.status == 3)
    #expect(try workspace.text("status") == "3\n")
  }

  @Test(arguments: [
    ("exit 4", "exited with status 4"), ("kill -9 $$", "was killed by signal 9"),
    ("/nowhere/at-all 2>/dev/null", "exited with status 127"),
  ])
  func aCommandThatFailsIsAWarning(_ command: String, _ reason: String) throws {
    let result = try migrate(["--on-finish", command], in: workspace())
    #expect(result.status == 0)
    #expect(result.errors.contains("warning: --on-finish: the command \(reason)\n"))
  }

  @Test(.enabled(if: Tool.has("perl"), "there is no perl to ignore SIGCHLD"))
  func aParentThatLetsTheSystemForgetEndingsIsNoMatter() throws {
    let workspace = try workspace()
    try workspace.write("#!/bin/sh\ncat > posted\necho 200\n", to: "bin/curl")
    let result = try Tool.shell(
      #"""
      chmod +x bin/curl; export PATH="$PWD/bin:$PATH"
      exec perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' \
        "$CLI" migrate legacy --db x.db --notify http://h.example/ --on-finish 'echo run > ran'
      """#, in: workspace)
    #expect(result.status == 0)
    #expect(!result.errors.contains("warning"), "\(result.errors)")
    #expect(workspace.exists("posted") && workspace.exists("ran"))
  }

  @Test func theCommandMayUseTheDatabaseAndItsPipesBreakAsUsual() throws {
    let workspace = try workspace()
    let command = #""$CLI" audit --db x.db >/dev/null && echo sound; yes | head -1"#
    let result = try migrate(["--on-finish", command], in: workspace)
    #expect(result.status == 0)
    #expect(result.errors.hasSuffix("sound\ny\n"))
  }

  @Test func nothingOfItIsInTheHintToGoOn() throws {
    let result = try migrate(
      ["--dry-run", "--notify=http://127.0.0.1:1/secret", "--on-finish", "true"], in: workspace())
    #expect(result.output.contains("Next: rmos-cli migrate legacy --db x.db\n"))
  }

  @Test func anInterruptedRunIsToldOf() throws {
    let workspace = try Workspace()
    try workspace.writeLargeTree()
    try workspace.writeEndlessFile()
    let tool = try RunningTool(
      ["migrate", "legacy", "--db", "x.db", "--batch-size", "10", "--on-finish", "cat > body"],
      in: workspace)
    try tool.wait(until: "the strip families are done") {
      try tool.errorsSoFar.contains("strip families: ")
    }
    tool.send(SIGTERM)
    #expect(try tool.wait().status == 130)
    let rmos = try rmos(workspace.text("body"))
    #expect(rmos["exit_status"] as? Int == 130)
    #expect(rmos["ending"] as? String == "interrupted")
    #expect(rmos["run"] as? Int == 1)
  }

  @Test func aWrongCommandLineTellsNobody() throws {
    let workspace = try workspace()
    for wrong in [["-q", "-v"], ["--batch-size", "0"], ["--notify-on", "always"]] {
      #expect(try migrate(["--on-finish", "touch told"] + wrong, in: workspace).status == 2)
    }
    #expect(!workspace.exists("told"))
  }
}
