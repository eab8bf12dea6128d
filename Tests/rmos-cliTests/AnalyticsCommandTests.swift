import Foundation
import RMOSAnalytics
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// `rmos-cli analytics` and `rmos-cli cut-list`, over the example tree.
@Suite(.waiting) struct AnalyticsCommandTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    let migrated = try Tool.run(
      ["migrate", Fixtures.exampleTree, "--db", "x.db", "--no-backup"], in: workspace)
    #expect(migrated.status == 0)
  }

  private func run(_ words: String...) throws -> Tool.Result {
    try Tool.run(words + ["--db", "x.db"], in: workspace)
  }

  private func report() throws -> AnalyticsReport {
    let store = try SQLiteStore(path: workspace.file("x.db"), access: .readOnly)
    return try Analytics(of: store).runSynchronously()
  }

  @Test func jsonIsThatOfTheLibrary() throws {
    let all = try run("analytics", "--json")
    #expect(all.status == 0)
    #expect(all.output == (try report()).json + "\n")
    let jobs = try run("analytics", "jobs", "--json").json
    #expect(Set(jobs.keys) == ["success", "jobs"])
  }

  @Test func textFitsTheTerminal() throws {
    for words in [["analytics"], ["analytics", "-v"]] {
      let text = try Tool.run(words + ["--db", "x.db"], in: workspace)
      #expect(text.status == 0)
      for line in text.output.split(separator: "\n") {
        #expect(PlainText.width(String(line)) <= 80, "\(line)")
      }
      for table in try report().tables() where !table.rows.isEmpty {
        #expect(
          text.output.contains("\n" + table.title + "\n") || text.output.hasPrefix(table.title))
      }
    }
    #expect(try run("analytics", "patterns").output.contains("Rings\n"))
    #expect(!(try run("analytics", "patterns").output.contains("Stock\n")))
  }

  @Test(arguments: [("C", "#"), ("en_US.UTF-8", "█")])
  func barsAreWhatTheLocaleHas(_ locale: String, _ bar: String) throws {
    let text = try Tool.run(
      ["analytics", "--table", "rings", "--db", "x.db"], in: workspace,
      environment: ["LC_ALL": locale])
    #expect(text.output.contains("  7  " + String(repeating: bar, count: 30) + "\n"))
  }

  @Test(arguments: [
    (["--pattern", "nope"], "pattern.missing", #"there is no pattern "nope" in x.db"#),
    (["--family", "nope"], "strip-family.missing", #"there is no strip family "nope" in x.db"#),
    (
      ["--material", "Ebny"], "filter.unknown", #"there is no strip family of the material "Ebny""#
    ),
    (["--job-type", "nope"], "filter.unknown", #"there is no job of the type "nope""#),
  ])
  func whatIsNotThereIsNotCountedAsNone(
    _ filter: [String], _ code: String, _ message: String
  ) throws {
    let text = try Tool.run(["analytics", "--db", "x.db"] + filter, in: workspace)
    #expect(text.status == 3 && text.output.isEmpty && text.errors.contains(message))
    let json = try Tool.run(["analytics", "--db", "x.db", "--json"] + filter, in: workspace)
    #expect((try json.json["error"] as? [String: String])?["code"] == code)
    // A filter by existing names without jobs gives figures.
    let known = try Tool.run(
      ["analytics", "--db", "x.db", "--material", " EBONY ", "--from", "2099-01-01"], in: workspace)
    #expect(known.status == 0)
  }

  @Test func theEndingOfAFileIsItsFormat() throws {
    for (file, begins) in [
      ("a.html", "<!DOCTYPE html>"), ("a.JSON", "{"), ("a.txt", "Jobs\n"), ("a.figures", "Jobs\n"),
    ] {
      #expect(try run("analytics", "--output", file).output == "Wrote \(file)\n")
      #expect(try workspace.text(file).hasPrefix(begins), "\(file)")
    }
    #expect(try run("analytics", "--table", "stock", "--output", "s.csv").status == 0)
    #expect(try workspace.text("s.csv").hasPrefix("material,"))
    let list = ["cut-list", "torres_wave_5x11", "--count", "2", "--db", "x.db", "--output"]
    #expect(try Tool.run(list + ["c.csv"], in: workspace).status == 0)
    #expect(try workspace.text("c.csv").contains(","))
    for (words, message) in [
      (["--output", "b.txt", "--format", "html"], "b.txt ends in .txt, but the format is html"),
      (["--output", "b.csv"], "b.csv takes one table"),
    ] {
      let refused = try Tool.run(["analytics", "--db", "x.db"] + words, in: workspace)
      #expect(refused.status == 2 && refused.errors.contains(message), "\(refused.errors)")
    }
    #expect(!workspace.exists("b.txt") && !workspace.exists("b.csv"))
    // An existing directory is one, whatever its ending.
    _ = try Tool.shell("mkdir d.html", in: workspace)
    #expect(try run("analytics", "--format", "csv", "--output", "d.html").status == 0)
    #expect(workspace.exists("d.html/stock.csv"))
  }

  @Test func filtersAreAboutJobs() throws {
    func jobs(_ words: String...) throws -> [String: Any] {
      let result = try Tool.run(["analytics", "--db", "x.db", "--json"] + words, in: workspace)
      #expect(result.status == 0)
      return try #require(result.json["jobs"] as? [String: Any])
    }
    #expect(try jobs("--job-type", "assembly")["failed"] as? Int == 7)
    #expect(try jobs("--material", " EBONY ")["finished"] as? Int == 4)
    #expect(try jobs("--pattern", "classic_rope_5x9")["total"] as? Int == 2)
    #expect(try jobs("--family", "koa_08")["total"] as? Int == 5)
    #expect(try jobs("--from", "2025-02-01", "--to", "2025-02-28")["total"] as? Int == 4)
    let none = try jobs("--pattern", "classic_rope_5x9", "--from", "2099-01-01")
    #expect(none["total"] as? Int == 0)
    #expect(none["success_rate"] is NSNull)
    let text = try run("analytics", "jobs", "--material", "ebony").output
    #expect(text.hasPrefix("Jobs in ebony.\n"))
  }

  @Test func csvIsATableForEachMetric() throws {
    let one = try run("analytics", "--format", "csv", "--table", "months")
    #expect(one.status == 0)
    #expect(one.output.hasPrefix("month,completed,failed,success_rate\r\n2025-01,4,0,100\r\n"))
    #expect(one.output.hasSuffix("\r\n") && !one.output.hasSuffix("\r\n\n"))
    let all = try run("analytics", "--format", "csv", "--output", "tables")
    #expect(all.status == 0 && all.errors.isEmpty)
    #expect(try run("analytics", "--format", "csv").status == 2)
    for name in AnalyticsReport.tableNames {
      let text = try workspace.text("tables/\(name).csv")
      #expect(text.contains("\r\n"))
      #expect(all.output.contains("Wrote tables/\(name).csv\n"))
    }
    let files = try run("analytics", "--format", "csv", "--output", "again", "--json").json
    #expect((files["files"] as? [String])?.count == AnalyticsReport.tableNames.count)
  }

  @Test func theNamesAreThoseOfTheTables() throws {
    #expect(try report().tables().map(\.name) == AnalyticsReport.tableNames)
    let list = try run("analytics", "--list-tables").output
    #expect(list.split(separator: "\n").map { String($0) } == AnalyticsReport.tableNames)
    let json = try run("analytics", "--list-tables", "--json").json
    #expect(json["tables"] as? [String] == AnalyticsReport.tableNames)
  }

  @Test func aTableOfAPartIsOneOfItsOwn() throws {
    let names = try run("analytics", "materials", "--list-tables").output.split(separator: "\n")
    #expect(names.first == "stock" && names.last == "thicknesses")
    #expect(try run("analytics", "materials", "--table", "stock").status == 0)
    let other = try run("analytics", "materials", "--table", "months")
    #expect(other.errors.contains("the table months is not about materials"))
  }

  @Test func thePageNeedsNothingElse() throws {
    #expect(try run("analytics", "--format", "html", "--output", "a.html").status == 0)
    let page = try workspace.text("a.html")
    #expect(page.contains("<svg class=\"chart\""))
    #expect(!page.contains("<script"))
    #expect(!page.contains("http://") && !page.contains("https://"))
    for table in try report().tables() { #expect(page.contains("<section id=\"\(table.name)\"")) }
    // Each row of this table is a different figure, so none is left out.
    #expect(page.contains("<caption>Jobs</caption>"))
  }

  @Test(arguments: [
    ["--from", "2025-02-30"], ["--to", "soon"], ["--from", "2025-03-01", "--to", "2025-02-01"],
    ["--format", "xml"], ["--json", "--format", "csv", "--table", "rings"], ["--table", "nothing"],
    ["--format", "html", "--table", "rings"], ["--outlier-score", "0"], ["--stuck-days", "-1"],
    ["--limit", "0"], ["--output", "x.db"], ["everything"], ["materials", "--table", "months"],
  ])
  func wrongUsageIsSaid(_ words: [String]) throws {
    let result = try Tool.run(["analytics", "--db", "x.db"] + words, in: workspace)
    #expect(result.status == 2)
    #expect(!result.errors.isEmpty || words.contains("--json"))
  }

  @Test func cutListsAreTextJSONAndCSVAndAPage() throws {
    let words = ["cut-list", "chevron_5x7", "--count", "4", "--scrap", "25"]
    let json = try Tool.run(words + ["--db", "x.db", "--json"], in: workspace).json
    #expect(json["success"] as? Bool == true)
    let pieces = try #require(json["pieces"] as? [[String: Any]])
    #expect(pieces.map { $0["color"] as? String } == ["black", "white"])
    #expect(pieces.map { $0["tiles"] as? Int } == [45, 80])
    let text = try Tool.run(words + ["--db", "x.db"], in: workspace)
    #expect(text.status == 0)
    #expect(text.output.hasPrefix("4 × Chevron 5x7, 25 % scrap\n"))
    let csv = try Tool.run(words + ["--db", "x.db", "--format", "csv"], in: workspace)
    #expect(csv.output.contains("\r\nblack,,9,45,2,90,\r\n"))
    #expect(csv.errors.isEmpty)
    let page = try Tool.run(words + ["--db", "x.db", "--format", "html"], in: workspace)
    #expect(page.output.contains("class=\"tick\"><span></span></td>"))
  }

  /// CSV has one table, and a note names the other.
  @Test func theStockOfACutListIsATableToo() throws {
    let words = ["cut-list", "p", "--count", "2", "--db", "x.db"]
    let store = try SQLiteStore(path: workspace.file("x.db"))
    try store.write {
      try $0.insert(
        StoreSamples.record(
          .patterns, "p",
          [
            "strip_family_id": .text("koa_08"),
            "geometry": .text(#"{"rings":[{"segments":10,"tile_length_mm":2}]}"#),
          ]))
    }
    store.close()
    let pieces = try Tool.run(words + ["--format", "csv"], in: workspace)
    #expect(pieces.output.hasPrefix("ring,") && pieces.errors.contains("--table stock"))
    let stock = try Tool.run(words + ["--format", "csv", "--table", "stock"], in: workspace)
    #expect(stock.output.contains("\r\nkoa_08,") && stock.errors.isEmpty)
    let text = try Tool.run(words + ["--table", "stock"], in: workspace)
    #expect(text.output.hasPrefix("strip family"))
    #expect(try Tool.run(words + ["--table", "stock", "--json"], in: workspace).status == 2)
  }

  /// 1,001 patterns, of which lists have 1,000.
  @Test func rowsThatATableLacksAreSaid() throws {
    let store = try SQLiteStore(path: workspace.file("x.db"))
    let count = try store.write { transaction in
      for number in 0..<1001 {
        try transaction.insert(
          StoreSamples.record(.patterns, "p\(number)", ["strip_family_id": .null]))
      }
      return try transaction.count(RecordQuery(.patterns))
    }
    store.close()
    let words = ["analytics", "--db", "x.db", "--format", "csv", "--table", "popularity"]
    let cut = try Tool.run(words, in: workspace)
    #expect(cut.output.split(separator: "\r\n").count == 1001)
    let advice = "popularity lacks \(count - 1000) rows; --limit \(count) writes them all"
    #expect(cut.errors.contains(advice) && cut.status == 0)
    let all = try Tool.run(words + ["--limit", String(count)], in: workspace)
    #expect(all.output.split(separator: "\r\n").count == count + 1 && all.errors.isEmpty)
    #expect(try Tool.run(words + ["--limit", "5"], in: workspace).errors.isEmpty)
  }

  @Test func aPatternThatIsNotThereIsSaid() throws {
    let result = try run("cut-list", "Chevron_5x7", "--count", "1")
    #expect(result.status == 3)
    #expect(result.errors.contains("chevron_5x7"))
    let json = try run("cut-list", "nowhere", "--count", "1", "--json").json
    #expect((json["error"] as? [String: Any])?["code"] as? String == "pattern.missing")
  }

  @Test(arguments: [
    ["--count", "0"], ["--count", "x"], [], ["--count", "1", "--scrap", "-1"],
    ["--count", "1", "--stick-mm", "0"], ["--count", "1", "--kerf-mm", "1e3"],
  ])
  func aWrongCutListIsWrongUsage(_ words: [String]) throws {
    let result = try Tool.run(["cut-list", "chevron_5x7", "--db", "x.db"] + words, in: workspace)
    #expect(result.status == 2)
  }
}
