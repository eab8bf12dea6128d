import Foundation
import Testing

/// `status`, `audit`, `GET …/status` and the overview agree about a database.
@Suite(
  .waiting, .enabled(if: Tool.has("curl") && Tool.has("sqlite3"), "curl or sqlite3 is missing"))
struct HealthAgreementTests {
  /// A database that is made from that of a small tree.
  struct Odd: Sendable, CustomTestStringConvertible {
    var name: String
    var verdict: String
    /// The shell command that changes the database, in which `$CLI` is the program.
    var make: String
    /// Whether the database is too large for a full audit by `status`.
    var isLarge = false
    /// Whether something failed in the last run that had not failed before, which the overview puts
    /// above all else.
    var hasNewFailures = false
    var testDescription: String { name }
  }

  private static func sql(_ text: String) -> String { "sqlite3 x.db \"\(text)\"" }

  private static let grow = sql(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90) "
      + "INSERT INTO strip_families (id, name, strip_width_mm, strip_thickness_mm, material_type, "
      + "strips_json, metadata_json) SELECT 'n' || i, 'N', 1, 1, 'Koa', '[1]', "
      + "json_object('note', printf('%.100000c', 'x')) FROM n"
  )

  private static let databases: [Odd] = [
    Odd(name: "sound", verdict: "sound", make: ":"),
    Odd(
      name: "a last run with failed entities", verdict: "warnings",
      make: "echo '{}' > legacy/patterns/bad.json; \"$CLI\" migrate legacy --db x.db -q",
      hasNewFailures: true),
    Odd(
      name: "a last run with known failures", verdict: "warnings",
      make: "echo '{}' > legacy/patterns/bad.json; "
        + "for night in 1 2; do \"$CLI\" migrate legacy --db x.db -q; done"),
    Odd(
      name: "a last run that was interrupted", verdict: "warnings",
      make: sql("UPDATE migration_runs SET state = 'interrupted'")),
    Odd(
      name: "a last run whose process died", verdict: "warnings",
      make: sql("UPDATE migration_runs SET state = 'running'")),
    Odd(
      name: "a missing index", verdict: "warnings", make: sql("DROP INDEX idx_patterns_name")),
    Odd(
      name: "a dangling reference", verdict: "errors",
      make: sql("UPDATE joblogs SET pattern_id = 'gone'")),
    Odd(
      name: "an undeclared dangling reference", verdict: "errors",
      make: sql("UPDATE patterns SET strip_family_id = 'gone'")),
    Odd(
      name: "a value out of range", verdict: "errors",
      make: sql("UPDATE patterns SET ring_count = 0")),
    Odd(name: "no JSON", verdict: "errors", make: sql("UPDATE joblogs SET parameters_json = '{'")),
    Odd(
      name: "a warning in a row", verdict: "warnings",
      make: sql("UPDATE joblogs SET job_type = 'sanding'")),
    Odd(name: "a missing table", verdict: "errors", make: sql("DROP TABLE joblogs")),
    Odd(
      name: "a missing column", verdict: "errors",
      make: sql("ALTER TABLE patterns DROP COLUMN geometry_json")),
    Odd(name: "no schema version", verdict: "errors", make: sql("DELETE FROM schema_version")),
    Odd(
      name: "a damaged page", verdict: "errors",
      make: "P=$(sqlite3 x.db \"SELECT rootpage FROM sqlite_master WHERE name = 'patterns'\"); "
        + "sqlite3 x.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null; "
        + "head -c 300 /dev/zero | tr '\\0' '\\377' | "
        + "dd of=x.db bs=1 seek=$(( (P - 1) * $(sqlite3 x.db 'PRAGMA page_size') )) conv=notrunc 2>/dev/null"
    ),
    Odd(
      name: "no ledger", verdict: "sound",
      make: sql(
        "DROP TABLE migration_provenance; DROP TABLE migration_issues; "
          + "DROP TABLE migration_before_images; DROP TABLE migration_runs; PRAGMA user_version = 0"
      )),
    Odd(name: "large and sound", verdict: "not_checked", make: grow, isLarge: true),
    Odd(
      name: "large and wrong in a row", verdict: "not_checked",
      make: grow + "; " + sql("UPDATE patterns SET ring_count = 0"), isLarge: true),
    Odd(
      name: "large and dangling", verdict: "errors",
      make: grow + "; " + sql("UPDATE joblogs SET pattern_id = 'gone'"), isLarge: true),
    Odd(
      name: "large with a failed run", verdict: "not_checked",
      make: grow + "; echo '{}' > legacy/patterns/bad.json; \"$CLI\" migrate legacy --db x.db -q",
      isLarge: true, hasNewFailures: true),
  ]

  @Test(arguments: databases)
  func theFourAnswersAgree(_ odd: Odd) throws {
    let workspace = try Serving.workspace()
    _ = try Tool.shell(odd.make, in: workspace)
    let audit = try Tool.run(["audit", "--db", "x.db", "--json"], in: workspace).json
    let text = try Tool.run(["audit", "--db", "x.db"], in: workspace).output
    let whole = try #require(audit["verdict"] as? String)
    let result = try Tool.run(["status", "--db", "x.db", "--json"], in: workspace)
    #expect(result.status == 0, "\(result.errors)")
    let status = try #require(try result.json["health"] as? [String: Any])
    let words = try Tool.run(["status", "--db", "x.db"], in: workspace).output
    let serving = try Serving(["--no-audit"], in: workspace)
    let page = try serving.curl("")
    let first = try validation(serving)

    for health in [status, first] {
      #expect(health["verdict"] as? String == odd.verdict)
      let counts = try #require(audit["severity_counts"] as? [String: Int])
      if odd.isLarge {
        #expect(health["complete"] as? Bool == false || health["verdict"] as? String == "errors")
        // The findings of the quick check are some of those of the audit.
        #expect((health["error_count"] as? Int ?? .max) <= (counts["error"] ?? 0))
        #expect((health["warning_count"] as? Int ?? .max) <= (counts["warning"] ?? 0))
      } else {
        #expect(whole == odd.verdict)
        #expect(health["complete"] as? Bool == true)
        #expect(health["error_count"] as? Int == counts["error"])
        #expect(health["warning_count"] as? Int == counts["warning"])
      }
      let expected = [
        "sound": "healthy", "warnings": "healthy", "errors": "errors_detected",
        "not_checked": "not_checked",
      ]
      #expect(health["status"] as? String == expected[odd.verdict])
    }
    // The overview is green only for a sound database.
    #expect(page.contains("class=\"verdict sound\"") == (odd.verdict == "sound"))
    let isRed = odd.verdict == "errors" || odd.hasNewFailures
    #expect(page.contains("class=\"verdict errors\"") == isRed)
    // After its background audit, the server agrees with `audit`.
    let auditing = try Serving(in: workspace)
    var answer = try auditing.json("api/rmos/stores/migration/audit")
    while answer.status == 202 {
      usleep(20_000)
      answer = try auditing.json("api/rmos/stores/migration/audit")
    }
    #expect(answer.status == 200)
    let newest = try #require(answer.json["audit"] as? [String: Any])
    #expect(newest["verdict"] as? String == whole)
    #expect(
      newest["severity_counts"] as? [String: Int] == audit["severity_counts"] as? [String: Int])
    #expect(newest["changed_since"] as? Bool == false)
    let auditPage = try auditing.curl("audit")
    #expect(auditPage.contains("class=\"verdict \(whole)\""))
    #expect(try validation(auditing)["complete"] as? Bool == true)
    #expect(try validation(auditing)["verdict"] as? String == whole)
    #expect(try auditing.curl("").contains("data-verdict=\"\(whole)\""))
    let said = try #require(text.firstMatch(of: /x\.db is (.+)/)).output.1
    #expect(auditPage.contains(said.prefix(1).uppercased() + said.dropFirst() + "."))
    if !odd.isLarge {
      #expect(words.contains("Health           \(said)\n"))
      #expect(page.contains(said.prefix(1).uppercased() + said.dropFirst() + "."))
      return
    }
    #expect(words.contains(odd.verdict == "errors" ? "not sound" : "not fully checked"))
    #expect(words.contains("not checked: file, rows"))
    #expect(page.contains("Not checked: file, rows"))
  }

  @Test func anAuditOfSomeRulesCallsNothingSound() throws {
    let workspace = try Serving.workspace()
    let part = ["audit", "--db", "x.db", "--rule", "reference.missing"]
    let text = try Tool.run(part + ["--badge", "badge.json"], in: workspace)
    #expect(text.status == 0)
    #expect(text.output.hasPrefix("x.db is not fully checked\n"))
    #expect(try workspace.text("badge.json").contains("not fully checked"))
    let json = try Tool.run(part + ["--json"], in: workspace).json
    #expect(json["verdict"] as? String == "not_checked")
    #expect(json["complete"] as? Bool == false)
    #expect((json["rules_not_checked"] as? [String])?.contains("sqlite.integrity") == true)
    // Notes do not change the verdict.
    let most = try Tool.run(
      ["audit", "--db", "x.db", "--skip", "provenance.missing"], in: workspace)
    #expect(most.output.hasPrefix("x.db is sound\n"))
  }

  private func validation(_ serving: Serving) throws -> [String: Any] {
    let answer = try serving.json("api/rmos/stores/migration/status")
    #expect(answer.status == 200)
    return try #require(answer.json["validation"] as? [String: Any])
  }
}
