import Foundation
import RMOSModels
import RMOSStore
import Testing

/// `rmos-cli serve` while another process migrates, with curl as the clients.
@Suite(.waiting, .enabled(if: Tool.has("curl"), "curl is not installed")) struct ServeMigrationTests
{
  /// The requests of clients while the database is being filled.
  private static let api = "api/rmos/stores/"

  /// A tree whose last job logs are worth more words than a pipe takes.
  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    #expect(try Tool.run(["init", "--db", "x.db"], in: workspace).status == 0)
    let tree = try Tool.run(["sample", "legacy", "--count", "6000"], in: workspace)
    #expect(tree.status == 0, "\(tree.errors)")
    let odd = String(repeating: "odd ", count: 60)
    let lines = (0..<800).map { number in
      #"{"id":"odd\#(number)","job_type":"\#(odd)\#(number)","parameters":{"n":1}}"#
    }
    try workspace.write(lines.joined(separator: "\n"), to: "legacy/joblogs/zz.jsonl")
    return workspace
  }

  @Test func clientsReadWhatIsConsistentWhileAMigrationRuns() throws {
    let workspace = try workspace()
    // Opened before anything is there, with what a browser would still have.
    let serving = try Serving(in: workspace)
    let before = try serving.json(Self.api + "patterns?limit=500")
    #expect(before.status == 200 && before.json["total"] as? Int == 0)
    // The run cannot end before its output is read.
    let migration = try RunningTool(
      ["migrate", "legacy", "--db", "x.db", "--batch-size", "20", "-v"], in: workspace,
      holdsErrors: true)
    var (last, runsSeen, rounds, tag) = (0, Set<Int>(), 0, "none")
    while migration.isRunning, rounds < 8 || runsSeen.isEmpty {
      rounds += 1
      let status = try serving.json(Self.api + "migration/status")
      #expect(status.status == 200)
      let counts = try #require(status.json["entity_counts"] as? [String: Int])
      let total = try #require(counts["total"])
      // The counts are from one snapshot, so they add up; and they never decrease.
      #expect(total == counts.filter { $0.key != "total" }.values.reduce(0, +))
      #expect(total >= last, "\(total) after \(last)")
      last = total
      if let run = status.json["current_run"] as? [String: Any] {
        runsSeen.insert(try #require(run["id"] as? Int))
        #expect(run["source"] as? String == "legacy")
      }
      for kind in ["patterns", "strip-families", "joblogs"] {
        let list = try serving.json(Self.api + kind + "?limit=7")
        #expect(list.status == 200)
        let entities = list.json[kind.replacing("-", with: "_")] as? [[String: Any]]
        let listed = try #require(list.json["total"] as? Int)
        #expect(entities?.count == min(7, listed))
        #expect(listed >= 0)
      }
      let history = try serving.json(Self.api + "migration/history")
      #expect(history.status == 200)
      for page in ["", "patterns?q=a", "joblogs", "strip-families?sort=newest"] {
        let answer = try serving.curl(page)
        #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("<footer>"))
      }
      let list = try serving.curl(
        Self.api + "joblogs", ["-H", "If-None-Match: \(tag)"])
      #expect(list.contains(#/^HTTP/1\.1 (200|304) /#))
      tag = list.firstMatch(of: /ETag: (\S+)/).map { String($0.output.1) } ?? "none"
    }
    let result = try migration.wait()
    #expect(result.status == 0, "\(result.errors)")
    #expect(runsSeen == [1])
    // The server was started before there were rows.
    let status = try serving.json(Self.api + "migration/status").json
    #expect(status["current_run"] == nil)
    let counts = try #require(status["entity_counts"] as? [String: Int])
    let store = try SQLiteStore(path: workspace.file("x.db"), access: .readOnly)
    let stored = try store.read { reader in
      try reader.catalog.kinds.map { ($0.rawValue, try reader.count(RecordQuery($0))) }
    }
    for (name, count) in stored {
      #expect(counts[name] == count && count > 0, "\(name)")
      let list = try serving.json(Self.api + name.replacing("_", with: "-")).json
      #expect(list["total"] as? Int == count)
    }
    #expect(try serving.stop().status == 0)
  }

  @Test func aWriteMeanwhileIsToldToComeAgainSoon() throws {
    let workspace = try Serving.workspace()
    let serving = try Serving(["--allow-writes"], in: workspace)
    let store = try SQLiteStore(path: workspace.file("x.db"), access: .readWrite)
    let body = #"{"name":"Rope","ring_count":4,"geometry":{"rings":[]}}"#
    // A migration holds the lock from its beginning to its end.
    try store.withExclusiveWriter {
      for words in [
        ["-X", "PUT", "-H", "Content-Type: application/json", "-d", body], ["-X", "DELETE"],
      ] {
        // The response comes before an interactive client gives up.
        let answer = try serving.curl(Self.api + "patterns/p1", words + ["-m", "4"])
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.contains(/\r\nRetry-After: \d+\r\n/))
        #expect(answer.contains(#""success":false"#))
      }
      #expect(try serving.json(Self.api + "patterns/p1").status == 200)
    }
    let words = ["-X", "PUT", "-H", "Content-Type: application/json", "-d", body]
    let answer = try serving.json(Self.api + "patterns/p1", words)
    #expect(answer.status == 200)
    #expect((answer.json["pattern"] as? [String: Any])?["ring_count"] as? Int == 4)
  }
}
