import Foundation
import Testing

/// `rmos-cli serve --allow-writes`, with curl as the client.
@Suite(.waiting, .enabled(if: Tool.has("curl"), "curl is not installed")) struct ServeWritingTests {
  /// The values for the round trip of a kind.
  struct Kind: Sendable {
    var path: String
    var list: String
    var member: String
    var id: String
    var body: String
    /// The body with another value in `changed`.
    var replacement: String
    var changed: String
    var searches: [String]
  }

  static let kinds = [
    Kind(
      path: "strip-families", list: "strip_families", member: "strip_family", id: "holly",
      body: #"{"id":"holly","name":"Holly 0.6","strip_width_mm":2,"strip_thickness_mm":0.6,"#
        + #""material_type":"Holly","strips":[{"id":"s1"}]}"#,
      replacement: #"{"name":"Holly 0.8","strip_width_mm":2,"strip_thickness_mm":0.8,"#
        + #""material_type":"Holly","strips":[{"id":"s1"}]}"#,
      changed: "name", searches: ["filter/material/Holly", "search/name/hOLLY%200"]),
    Kind(
      path: "patterns", list: "patterns", member: "pattern", id: "a/b ü",
      body: #"{"id":"a/b ü","name":"Wave","ring_count":5,"geometry":{"r":[1.50]},"#
        + #""strip_family_id":"holly"}"#,
      replacement: #"{"name":"Waves","ring_count":5,"geometry":{"r":[1.50]},"#
        + #""strip_family_id":"holly"}"#,
      changed: "name", searches: ["filter/rings/5", "search/name/wav"]),
    Kind(
      path: "joblogs", list: "joblogs", member: "joblog", id: "job-1",
      body: #"{"id":"job-1","job_type":"slice","pattern_id":"a/b ü","parameters":{"feed":5}}"#,
      replacement: #"{"job_type":"batch","pattern_id":"a/b ü","parameters":{"feed":5},"#
        + #""status":"failed"}"#,
      changed: "job_type",
      searches: ["filter/status/failed", "filter/pattern/a%2Fb%20%C3%BC", "filter/type/batch"]),
  ]

  private static let api = "api/rmos/stores/"

  private func sending(_ method: String, _ body: String) -> [String] {
    ["-X", method, "-H", "Content-Type: application/json", "-d", body]
  }

  private func address(_ kind: Kind) -> String {
    let id =
      kind.id.addingPercentEncoding(
        withAllowedCharacters: .alphanumerics.union(["-"])) ?? ""
    return Self.api + kind.path + "/" + id
  }

  @Test func aRoundWithEveryKind() throws {
    let workspace = try Workspace()
    #expect(try Tool.run(["init", "--db", "x.db"], in: workspace).status == 0)
    let serving = try Serving(["--allow-writes"], in: workspace)
    // Referenced entities must exist.
    let early = try serving.json(Self.api + "joblogs", sending("POST", Self.kinds[2].body))
    #expect(early.status == 422)
    for kind in Self.kinds {
      let list = Self.api + kind.path
      let created = try serving.curl(list, sending("POST", kind.body))
      #expect(created.hasPrefix("HTTP/1.1 201 "), "\(created)")
      #expect(created.contains("\r\nLocation: /\(address(kind))\r\n"))
      #expect(try serving.json(list, sending("POST", kind.body)).status == 409)
      let read = try serving.json(address(kind))
      #expect((read.json[kind.member] as? [String: Any])?["id"] as? String == kind.id)
      try update(kind, serving)
      let all = try serving.json(list)
      #expect(all.json["total"] as? Int == 1)
      #expect((all.json[kind.list] as? [[String: Any]])?.first?["id"] as? String == kind.id)
      for search in kind.searches {
        let found = try serving.json("\(list)/\(search)")
        #expect(found.json["count"] as? Int == 1, "\(search)")
        #expect((found.json[kind.list] as? [Any])?.count == 1)
      }
      let figures = try serving.json(list + "/statistics").json["statistics"] as? [String: Any]
      #expect(figures?["total_count"] as? Int == 1)
    }
    // Referenced entities cannot be deleted.
    for kind in Self.kinds.dropLast() {
      #expect(try serving.json(address(kind), ["-X", "DELETE"]).status == 409)
    }
    for kind in Self.kinds.reversed() {
      let deleted = try serving.json(address(kind), ["-X", "DELETE"])
      #expect(deleted.status == 200 && deleted.json["id"] as? String == kind.id)
      #expect(try serving.json(address(kind)).status == 404)
    }
    let status = try serving.json(Self.api + "migration/status").json
    #expect((status["entity_counts"] as? [String: Int])?["total"] == 0)
    #expect(try serving.stop().status == 0)
    let audit = try Tool.run(["audit", "--db", "x.db"], in: workspace)
    #expect(audit.status == 0, "\(audit.output)")
  }

  /// Replaces an entity, with and without a conflict.
  private func update(_ kind: Kind, _ serving: Serving) throws {
    let tag = try #require(
      serving.curl(address(kind)).firstMatch(of: /\r\nETag: (\S+)\r\n/)?.output.1)
    let words = sending("PUT", kind.replacement)
    let replaced = try serving.json(address(kind), words + ["-H", "If-Match: \(tag)"])
    #expect(replaced.status == 200, "\(replaced.json)")
    let given = try JSONSerialization.jsonObject(with: Data(kind.replacement.utf8))
    #expect(
      (replaced.json[kind.member] as? [String: Any])?[kind.changed] as? String
        == (given as? [String: Any])?[kind.changed] as? String)
    // A client with the entity tag of the previous state is refused.
    for clash in [words, ["-X", "DELETE"]] {
      let refused = try serving.json(address(kind), clash + ["-H", "If-Match: \(tag)"])
      #expect(refused.status == 412)
    }
    #expect(
      try serving.json(address(kind)).json[kind.member] as? NSDictionary
        == replaced.json[kind.member] as? NSDictionary)
  }

  @Test func pagesOfOtherSitesMayNotWrite() throws {
    let serving = try Serving(["--allow-writes"], in: Serving.workspace())
    let words = sending("POST", Self.kinds[0].body)
    for field in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
      let refused = try serving.json(Self.api + "strip-families", words + ["-H", field])
      #expect(refused.status == 403 && refused.json["success"] as? Bool == false)
    }
    #expect(try serving.json(Self.api + "strip-families/holly").status == 404)
    let own = "Origin: " + serving.url.dropLast()
    #expect(try serving.json(Self.api + "strip-families", words + ["-H", own]).status == 201)
  }

  @Test func withoutTheOptionNothingIsWritten() throws {
    let serving = try Serving(in: Serving.workspace())
    for (path, words) in [
      ("patterns", sending("POST", Self.kinds[1].body)), ("patterns/p1", ["-X", "DELETE"]),
      ("patterns/p1", sending("PUT", Self.kinds[1].replacement)),
    ] {
      #expect(try serving.json(Self.api + path, words).status == 403)
    }
    #expect(try serving.json(Self.api + "patterns/p1").status == 200)
  }
}
