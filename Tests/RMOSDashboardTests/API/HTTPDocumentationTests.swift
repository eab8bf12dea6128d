import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@testable import RMOSDashboard

/// The requests in `Documentation/HTTP.md` have the responses that it shows.
///
/// To update the responses, run the tests with RMOS_UPDATE_SNAPSHOTS=1 and review the difference.
@Suite struct HTTPDocumentationTests {
  private static let path = Fixtures.package + "/Documentation/HTTP.md"
  private static let root = "http://127.0.0.1:8000"

  @Test func everyRequestIsAnsweredAsDocumented() throws {
    let document = try String(contentsOfFile: Self.path, encoding: .utf8)
    let fixture = try DashboardFixture(.sqlite, allowsWrites: true)
    try fill(fixture)
    var lines: [String] = []
    var isAnswer = false
    var command: String?
    var requests = 0
    func answer() throws {
      guard let asked = command else { return }
      command = nil
      requests += 1
      let text = try self.text(of: request(asked), fixture)
      lines += text.split(separator: "\n").map { "    " + $0 }
      isAnswer = true
    }
    for line in document.split(separator: "\n", omittingEmptySubsequences: false) {
      if let asked = command {
        lines.append(String(line))
        command = asked + " " + line.trimmingCharacters(in: CharacterSet(charactersIn: " \\"))
        if !line.hasSuffix("\\") { try answer() }
        continue
      }
      if line.hasPrefix("    curl") {
        isAnswer = false
        lines.append(String(line))
        command = line.dropFirst(4).trimmingCharacters(in: CharacterSet(charactersIn: " \\"))
        if !line.hasSuffix("\\") { try answer() }
      } else if !line.hasPrefix("    ") || !isAnswer {
        isAnswer = false
        lines.append(String(line))
      }
    }
    let answered = lines.joined(separator: "\n")
    let shown = try snapshot(Self.path, renewedWith: answered)
    #expect(requests > 20)
    let difference = answered.split(separator: "\n")
      .difference(from: shown.split(separator: "\n"))
    #expect(difference.isEmpty)
  }

  @Test func theTableHasEveryStatusThatIsAnswered() throws {
    let document = try String(contentsOfFile: Self.path, encoding: .utf8)
    let table = Set(
      document.matches(of: /(?m)^\| ([\d, ]+) \|/).flatMap {
        $0.output.1.split(separator: ", ").map(String.init)
      })
    let interface = try String(
      contentsOfFile: Fixtures.package + "/Documentation/openapi.json", encoding: .utf8)
    var answered = Set(interface.matches(of: /"([45]\d\d)": \{/).map { String($0.output.1) })
    let folder = Fixtures.package + "/Sources/RMOSHTTP"
    for file in try FileManager.default.subpathsOfDirectory(atPath: folder)
    where file.hasSuffix(".swift") {
      let source = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
      answered.formUnion(
        source.matches(of: /HTTPRefusal\(\s*(\d{3})/).map { String($0.output.1) })
    }
    #expect(answered.isSuperset(of: ["401", "408", "421", "431"]))
    #expect(answered.subtracting(table) == [])
  }

  private func fill(_ fixture: DashboardFixture) throws {
    let family = sample(
      .stripFamilies, "ebony",
      [
        "name": .text("Ebony 2.0"), "material_type": .text("Ebony"), "strip_width_mm": .real(2),
        "strip_thickness_mm": .real(0.8), "strips": .text(#"[{"id":"s1","length_mm":400}]"#),
        "metadata": .null, "created_at": .text("2025-01-15T10:30:00Z"),
        "updated_at": .text("2025-01-15T10:30:00Z"),
      ])
    let pattern = sample(
      .patterns, "rope",
      [
        "name": .text("Rope"), "ring_count": .integer(3), "metadata": .null,
        "geometry": .text(#"{"rings":[{"radius_mm":40.50}]}"#), "rosette_geometry": .null,
        "strip_family_id": .text("ebony"), "pattern_type": .text("generic"),
        "created_at": .text("2025-01-15T10:30:00Z"),
        "updated_at": .text("2025-01-15T10:30:00Z"),
      ])
    let job = sample(
      .joblogs, "job-1",
      [
        "pattern_id": .text("rope"), "strip_family_id": .null, "results": .null,
        "status": .text("completed"), "duration_seconds": .real(300),
        "parameters": .text(#"{"feed":5}"#), "start_time": .text("2025-01-16T08:00:00Z"),
        "end_time": .text("2025-01-16T08:05:00Z"), "created_at": .text("2025-01-16T08:00:00Z"),
        "updated_at": .text("2025-01-16T08:05:00Z"),
      ])
    try fixture.migrate(family, pattern, job, startedAt: "2025-11-28T09:00:00Z")
    let issue = RMOSModels.Issue(
      severity: .error, code: .fieldMissing, kind: .patterns, id: "wave",
      source: "patterns/wave.json", line: 1, column: 1, offset: 0, pointer: "/name",
      message: "name is missing", isNew: true)
    try fixture.store.write { try $0.appendIssues([issue], run: 1) }
  }

  /// The request that a `curl` command line sends.
  private func request(_ command: String) throws -> ServerRequest {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in command + " " {
      if character == "'" {
        isQuoted.toggle()
      } else if character == " ", !isQuoted {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
    }
    var request = ServerRequest(method: "GET", target: "/")
    var rest = words.dropFirst()[...]
    while let word = rest.popFirst() {
      switch word {
      case "-s": continue
      case "-X": request.method = rest.popFirst() ?? ""
      case "-d": request.body = Array((rest.popFirst() ?? "").utf8)
      case "-H":
        let parts = (rest.popFirst() ?? ":").split(
          separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        request.fields.append(
          HeaderField(String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces)))
      default:
        try #require(word.hasPrefix(Self.root), "\(word)")
        request.target = String(word.dropFirst(Self.root.count))
      }
    }
    return request
  }

  /// A response as the documentation shows it: the status unless it is 200, and indented JSON.
  private func text(of request: ServerRequest, _ fixture: DashboardFixture) throws -> String {
    let answer = fixture.dashboard.response(to: request)
    var writer = JSONWriter(style: .pretty)
    var text = ""
    if answer.status != 200 { text = "HTTP/1.1 \(answer.status)\n" }
    for field in answer.fields where ["ETag", "Location", "Allow"].contains(field.name) {
      // Entity tags of the whole store are random.
      guard field.name != "ETag" || field.value.contains(/^"[0-9a-f]{32}"$/) else { continue }
      text += "\(field.name): \(field.value)\n"
    }
    guard !answer.body.isEmpty else { return text }
    writer.value(try answer.json)
    // Values that differ between machines.
    let size = try answer.json["migration_status"]?["database_size_mb"]?.text ?? "-"
    let applied = try answer.json["migration_status"]?["schema_applied_at"]?.string ?? "-"
    return text
      + writer.text.replacingOccurrences(of: fixture.store.location, with: "data/rmos.db")
      .replacingOccurrences(of: "_mb\": \(size)", with: "_mb\": 0.13")
      .replacingOccurrences(of: "\"\(applied)\"", with: "\"2025-11-28 09:00:00\"")
      .replacing(/"user": ".*"/, with: "\"user\": \"luthier\"")
      .replacing(/"host": ".*"/, with: "\"host\": \"workshop\"")
  }
}
