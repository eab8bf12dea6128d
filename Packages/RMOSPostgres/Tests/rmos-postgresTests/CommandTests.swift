import Foundation
import Testing

/// Every command on a PostgreSQL database.
@Suite(.enabled(if: Shop.server != nil, "RMOS_POSTGRES_URL names no server"))
struct CommandTests {
  @Test func aMigrationIsAuditedReportedExportedComparedAndUndone() throws {
    let shop = try Shop()
    try shop.writeSample(120)
    func run(_ command: String, _ status: Int32 = 0) throws -> String {
      let result = try shop.run("$CLI \(command)")
      #expect(result.status == status, "\(command): \(result.errors)")
      return result.output
    }
    #expect(try run("init --db $URL").hasPrefix("Created postgresql://"))
    #expect(try run("init --db $URL").contains("is up to date"))
    #expect(try run("migrate legacy --db $URL --dry-run").contains("Dry run, nothing was written"))
    #expect(try shop.sql("SELECT count(*) FROM patterns") == "0\n")
    _ = try run("migrate legacy --db $URL")
    _ = try run("migrate legacy --db $URL --json")
    // The variable names the database too.
    #expect(try run("audit").contains("is sound"))
    #expect(try run("status --db $URL").contains("Health"))
    #expect(try run("report --run 1").contains("120"))
    _ = try run("history")
    #expect(try run("runs").contains("migrate"))
    _ = try run("diff legacy")
    _ = try run("export tree")
    _ = try run("migrate tree --db copy.db")
    #expect(try shop.run("$CLI diff tree --db copy.db").status == 0)
    #expect(try shop.run("$CLI export again --db copy.db && diff -r tree again").status == 0)
    #expect(try run("undo 1 --dry-run").contains("Dry run"))
    _ = try run("undo 1")
    #expect(try shop.sql("SELECT count(*) FROM joblogs") == "0\n")
    let backup = try shop.run("$CLI backup x.dump")
    #expect(backup.status == 3 && backup.errors.contains("pg_dump"))
  }

  @Test func aScriptGivesADatabaseThatTheProgramWorksWith() throws {
    let shop = try Shop()
    try shop.writeSample(60)
    let result = try shop.run(
      """
      $CLI migrate legacy --db a.db -q && $CLI export s --db a.db --format sql --dialect postgresql \\
        && psql -X -q -d "$URL" -f s/rmos.sql && $CLI export tree && $CLI export same --db a.db \\
        && $CLI audit --db "$URL" --skip provenance.missing
      """)
    #expect(result.status == 0, "\(result.output) \(result.errors)")
    let again = try shop.run("$CLI migrate legacy")
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test func theServerServesWhatIsInTheDatabase() throws {
    let shop = try Shop()
    try shop.writeSample(30)
    _ = try shop.run("$CLI migrate legacy")
    let result = try shop.run(
      """
      $CLI serve --port 0 --json >served & pid=$!
      while ! grep -q '}' served; do sleep 0.05; done
      url=$(sed -n 's/.*"url": "\\(.*\\)".*/\\1/p' served)
      curl -sf "$url"api/rmos/stores/migration/status
      kill -TERM $pid; wait $pid
      """)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains(#""total":30"#) || result.output.contains(#""total": 30"#))
  }

  @Test(arguments: ["postgresql://", "postgres://"])
  func aPasswordIsNeverEchoed(_ scheme: String) throws {
    let shop = try Shop()
    try shop.sql(
      "DO $$ BEGIN CREATE ROLE with_password LOGIN PASSWORD 'right'; "
        + "EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$")
    let rest = try #require(
      shop.url.split(separator: "/", maxSplits: 2).last?.split(
        separator: "@"
      ).last)
    for command in ["status --db URL", "migrate . --db=URL", "status URL", "migrate URL", "URL"] {
      for json in ["", " --json"] {
        let url = "\(scheme)with_password:s3cr%7Ct@\(rest)"
        let result = try shop.run(
          "unset RMOS_DB_PATH; $CLI \(command.replacing("URL", with: "'\(url)'"))\(json)")
        #expect(result.status == 3 || result.status == 2, "\(command)")
        #expect(!(result.output + result.errors).contains("s3cr"), "\(command)")
      }
    }
    let refused = try shop.run("$CLI status --db '\(scheme)with_password:wrong@\(rest)'")
    #expect(refused.status == 3 && refused.errors.contains("password authentication failed"))
  }

  @Test func aRoleThatMayOnlyReadReadsAndIsRefusedToWrite() throws {
    let shop = try Shop()
    try shop.writeSample(30)
    _ = try shop.run("$CLI migrate legacy")
    let role = "reader_\(shop.name)"
    try shop.sql(
      "CREATE ROLE \(role) LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(role)")
    defer { _ = try? shop.sql("DROP OWNED BY \(role); DROP ROLE \(role)") }
    let url = shop.url.replacing("postgres@", with: "\(role)@")
    for command in ["status", "audit", "runs", "diff legacy", "export \(role)"] {
      let result = try shop.run("$CLI \(command) --db '\(url)'")
      #expect(result.status == 0, "\(command): \(result.errors)")
    }
    let before = try shop.content()
    try FileManager.default.removeItem(at: shop.directory.appendingPathComponent("legacy"))
    _ = try shop.run("$CLI sample legacy --count 40 --seed 2")
    let refused = try shop.run("$CLI migrate legacy --db '\(url)'")
    #expect(refused.status == 3, "\(refused.errors)")
    #expect(try shop.content() == before)
  }

  @Test func aDatabaseOfAnotherApplicationIsNeitherAuditedNorWritten() throws {
    let shop = try Shop()
    try shop.writeSample(10)
    try shop.sql("CREATE TABLE schema_version (installed_on DATE, checksum BIGINT)")
    for command in ["audit", "migrate legacy", "migrate legacy --dry-run", "status"] {
      let refused = try shop.run("$CLI \(command) --json")
      #expect(refused.status == 3, "\(command): \(refused.output)")
      #expect(refused.output.contains("store.foreign"), "\(command): \(refused.output)")
    }
    #expect(
      try shop.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        == "schema_version\n")
  }

  @Test func tooManyClientsAndNoServerAreSaid() throws {
    let shop = try Shop()
    try shop.writeSample(10)
    try shop.sql("ALTER DATABASE \(shop.name) CONNECTION LIMIT 0")
    try shop.sql("CREATE ROLE guest_\(shop.name) LOGIN", on: Shop.server)
    defer { _ = try? shop.sql("DROP ROLE guest_\(shop.name)", on: Shop.server) }
    let url = shop.url.replacing("postgres@", with: "guest_\(shop.name)@")
    let full = try shop.run("$CLI migrate legacy --db '\(url)' --json")
    #expect(full.status == 3 && full.output.contains("too many connections"), "\(full.output)")
    let absent = try shop.run("$CLI status --db 'postgresql://u:pw@127.0.0.1:1/none'")
    #expect(absent.status == 3 && !absent.errors.contains("pw@"))
    #expect(absent.errors.contains("postgresql://u@127.0.0.1:1/none"))
  }
}
