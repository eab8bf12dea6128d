import Foundation
import RMOSStore
import Testing

/// The program waits for other processes and files only as long as it should.
@Suite(.waitingLongest) struct WaitingTests {
  private func migrated() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    let result = try Tool.run(
      ["migrate", "legacy", "--db", "x.db", "--stats", "stats.json", "-q"], in: workspace)
    #expect(result.status == 0)
    return workspace
  }

  @Test(
    .timeLimit(.minutes(5)),
    arguments: [
      "report pipe", "audit --db x.db --output pipe", "migrate legacy --db x.db --stats pipe -q",
    ])
  func aPipeThatNobodyOpensIsGivenUp(_ command: String) throws {
    let workspace = try migrated()
    let result = try Tool.shell("mkfifo pipe; \"$CLI\" \(command) --json", in: workspace)
    #expect(result.status == 3)
    let error = try result.json["error"] as? [String: Any]
    #expect(["input.unreadable", "output.unwritable"].contains(error?["code"] as? String))
    #expect((error?["message"] as? String)?.contains("pipe") == true)
  }

  @Test func pipesWithSomebodyAtTheOtherEndAreReadAndWritten() throws {
    let workspace = try migrated()
    let whole = try Tool.run(["report", "stats.json"], in: workspace).output
    let result = try Tool.shell(
      """
      mkfifo in out
      "$CLI" report <(cat stats.json) > a
      { sleep 0.3; cat stats.json; } > in & "$CLI" report in > b
      cat stats.json | "$CLI" report /dev/stdin > c
      cat out > d & "$CLI" audit --db x.db --output out; wait
      echo first > e; "$CLI" audit --db x.db --output /dev/stdout >> e; sed -i 1d e
      "$CLI" audit --db x.db --output /dev/stdout | cat > f
      "$CLI" audit --db x.db --output >(cat > g); while [[ ! -s g ]]; do sleep 0.01; done
      """, in: workspace)
    #expect(result.status == 0 && result.errors.isEmpty)
    for name in ["a", "b", "c"] { #expect(try workspace.text(name) == whole) }
    let audit = try Tool.run(["audit", "--db", "x.db"], in: workspace).output
    for name in ["d", "e", "f", "g"] {
      #expect(steady(try workspace.text(name)) == steady(audit), "\(name)")
    }
  }

  /// The reader of the output may never read again.
  ///
  /// The tests' threads block SIGTERM, and so does what they start, hence SIGKILL for the reader.
  @Test(.timeLimit(.minutes(5)), arguments: ["TERM", "HUP"])
  func anOutputThatNobodyReadsDoesNotOutlastASignal(_ signal: String) throws {
    let workspace = try Workspace()
    try workspace.write(
      String(repeating: "{\n", count: 2000), to: "legacy/patterns/all.jsonl")
    // One process has the pipe open for reading and reads nothing; the pipe fills, the run waits.
    let result = try Tool.shell(
      """
      mkfifo pipe; sleep 100 3<>pipe >/dev/null 2>&1 & reader=$!
      "$CLI" migrate legacy --db x.db -v --batch-size 10 > pipe 2>&1 & run=$!
      until [[ -e x.db-wal ]]; do sleep 0.01; done
      before=; until now=$(cat /proc/$run/io 2>/dev/null); [[ -n $before && $now == "$before" ]]
      do before=$now; sleep 0.5; done
      kill -\(signal) $run; wait $run; echo $?; kill -KILL $reader
      """, in: workspace)
    #expect(result.output.hasPrefix("130\n"), "\(result.output) \(result.errors)")
    #expect(try Content(of: workspace.file("x.db")).runs.map(\.state) == [.interrupted])
  }

  /// A pipe in place of a file is refused instead of waiting for it.
  @Test(.timeLimit(.minutes(5)))
  func pipesAndSocketsInTheSourceAreNoFiles() throws {
    let workspace = try migrated()
    let made = try Tool.shell(
      """
      mkfifo legacy/patterns/pipe.json legacy/joblogs/pipe.jsonl
      ln -s ../../legacy/patterns/pipe.json legacy/patterns/link.json
      ln -s /dev/zero legacy/patterns/zero.json
      if command -v python3 > /dev/null; then cd legacy/patterns && python3 -c \
        'import socket; socket.socket(socket.AF_UNIX).bind("socket.json")'; fi
      """, in: workspace)
    #expect(made.status == 0)
    let count = workspace.exists("legacy/patterns/socket.json") ? 5 : 4
    for arguments in [["--db", "x.db", "--rejects", "out"], ["--db", "x.db", "--dry-run"]] {
      let result = try Tool.run(["migrate", "legacy", "--json"] + arguments, in: workspace)
      #expect(result.status == 1)
      #expect((try result.json["summary"] as? [String: Any])?["total_failed"] as? Int == count)
      #expect(result.output.components(separatedBy: "not a regular file").count > count)
    }
    #expect(try Tool.run(["diff", "legacy", "--db", "x.db", "-q"], in: workspace).status == 1)
  }

  /// A command that was started at the end of a run is ended with the program.
  @Test(.timeLimit(.minutes(5)))
  func aSignalEndsTheCommandThatIsWaitedFor() throws {
    let workspace = try migrated()
    let tool = try RunningTool(
      [
        "migrate", "legacy", "--db", "x.db", "-q", "--on-finish",
        "trap 'touch ended; exit' TERM; touch started; while :; do sleep 0.1; done",
      ], in: workspace)
    try tool.wait(until: "the command has started") { workspace.exists("started") }
    tool.send(SIGTERM)
    let result = try tool.wait()
    #expect(result.status == 0 && result.errors.contains("--on-finish"))
    #expect(workspace.exists("ended"))
  }
}
