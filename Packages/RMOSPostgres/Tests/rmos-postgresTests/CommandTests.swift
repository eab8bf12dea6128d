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
    // RMOS_DB_PATH names the database, too.
    #expect(try run("audit").contains("is sound"))
    #expect(try run("status --db $URL").contains("Health"))
    let words = "sound; whether the database has changed since is not known"
    #expect(try run("status --db $URL").contains(words))
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
    #expect(backup.status == 0, "\(backup.errors)")
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

  @Test func theViewsOfTheLedgerAreThoseOfASQLiteDatabase() throws {
    let shop = try Shop()
    try shop.writeSample(60, broken: 5)
    let migrated = try shop.run(
      """
      $CLI migrate legacy --db a.db -q; $CLI migrate legacy -q
      sqlite3 a.db .schema | sed -n 's/^CREATE VIEW \\(migration_[a-z_]*\\) AS.*/\\1/p' | sort
      """)
    let views = migrated.output.split(separator: "\n")
    #expect(views.count == 4, "\(migrated.errors)")
    for view in views {
      let columns = try shop.run(
        "sqlite3 a.db \"SELECT name FROM pragma_table_info('\(view)')\"")
      #expect(columns.status == 0 && columns.output != "")
      #expect(
        try shop.sql(
          "SELECT column_name FROM information_schema.columns WHERE table_name = '\(view)' "
            + "ORDER BY ordinal_position") == columns.output)
      // The times differ, and PostgreSQL has keys as JSON strings.
      let list = columns.output.split(separator: "\n")
        .filter { !["started_at", "finished_at", "seconds", "run_started_at"].contains($0) }
        .map { $0 == "locator" ? "trim(locator, '\"')" : "\"\($0)\"" }.joined(separator: ", ")
      let rows = "SELECT \(list) FROM \(view) ORDER BY 1"
      let expected = try shop.run("sqlite3 a.db <<'SQL'\n\(rows)\nSQL")
      #expect(expected.status == 0)
      #expect(try shop.sql(rows) == expected.output)
    }
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

  @Test func aCommandThatIsSuggestedNamesTheSameTables() throws {
    let shop = try Shop()
    try shop.sql("CREATE SCHEMA other")
    let separator = shop.url.contains("?") ? "&" : "?"
    let url =
      "\(shop.url)\(separator)password=s3cr%7Ct&options=-csearch_path%3Dother&sslmode=prefer"
    let created = try shop.run("unset RMOS_DB_PATH; $CLI init --db '\(url)'")
    #expect(created.status == 0 && !(created.output + created.errors).contains("s3cr"))
    let next = try #require(created.output.firstMatch(of: /Next: rmos-postgres (.*)/)).output.1
    try shop.writeSample(10)
    let run = try shop.run(
      "unset RMOS_DB_PATH; $CLI \(next.replacing("SOURCE --dry-run", with: "legacy"))")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try shop.sql("SELECT count(*) > 0 FROM other.joblogs") == "t\n")
    #expect(try shop.sql("SELECT to_regclass('public.joblogs')") == "\n")
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

  @Test func anUndoNamesTheTablesWhoseRowsGoAlongOrMayNotBeRead() throws {
    let shop = try Shop()
    try shop.writeSample(30)
    _ = try shop.run("$CLI migrate legacy")
    let role = "writer_\(shop.name)"
    try shop.sql(
      """
      CREATE ROLE \(role) LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO \(role);
      CREATE TABLE notes (pattern text REFERENCES patterns ON DELETE CASCADE);
      INSERT INTO notes SELECT id FROM patterns LIMIT 3
      """)
    defer { _ = try? shop.sql("DROP OWNED BY \(role); DROP ROLE \(role)") }
    let url = shop.url.replacing("postgres@", with: "\(role)@")
    for command in ["undo 1 --dry-run", "undo 1 --no-backup"] {
      let result = try shop.run("$CLI \(command) --db '\(url)' 2>&1")
      let words =
        "the table \"notes\" of another application may refer to rows that would be removed"
      #expect(result.status == 1 && result.output.contains(words), "\(result.output)")
    }
    try shop.sql("GRANT SELECT ON notes TO \(role)")
    for command in ["undo 1 --dry-run", "undo 1 --no-backup"] {
      let result = try shop.run("$CLI \(command) --db '\(url)' 2>&1")
      #expect(result.status == 0, "\(result.output)")
      #expect(result.output.contains("3 rows of the table \"notes\""), "\(result.output)")
    }
    #expect(try shop.sql("SELECT count(*) FROM notes") == "0\n")
  }

  @Test func anAuditGivesNoAdviceForSQLite() throws {
    let shop = try Shop()
    #expect(try shop.run("$CLI init").status == 0)
    try shop.sql(
      """
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_joblogs_status'::regclass;
      INSERT INTO migration_version (version) VALUES (99)
      """)
    let audit = try shop.run("$CLI audit")
    #expect(audit.status == 1, "\(audit.errors)")
    #expect(audit.output.contains("the ledger has version 99"), "\(audit.output)")
    #expect(audit.output.contains("the index idx_joblogs_status is not valid; build the index"))
    #expect(!audit.output.contains("PRAGMA") && !audit.output.contains("sqlite3"))
  }

  @Test func psqlAppliesTheRepairPlan() throws {
    let shop = try Shop()
    try shop.writeSample(30)
    let job = #"{"id": "j", "job_type": "slice", "pattern_id": " p\u0085", "parameters": {"a": 1}}"#
    let pattern = #"{"id": " p\u0085", "name": "P", "ring_count": 1, "geometry": {"a": 1}}"#
    try Data(pattern.utf8).write(
      to: shop.directory.appendingPathComponent("legacy/patterns/spaced.json"))
    try Data(job.utf8).write(
      to: shop.directory.appendingPathComponent("legacy/joblogs/spaced.json"))
    _ = try shop.run("$CLI migrate legacy")
    #expect(try shop.sql("SELECT count(*) FROM patterns WHERE id LIKE ' p%'") == "1\n")
    // What an entity of the new id has left behind, and tables of other applications.
    try shop.sql(
      """
      ALTER TABLE patterns ADD parent text REFERENCES patterns;
      ALTER TABLE joblogs ADD "next one" text REFERENCES patterns;
      UPDATE patterns SET parent = id WHERE id LIKE ' p%';
      UPDATE joblogs SET "next one" = pattern_id WHERE id = 'j';
      CREATE TABLE notes (p text REFERENCES patterns, n int) PARTITION BY LIST (n);
      CREATE TABLE notes_1 PARTITION OF notes FOR VALUES IN (1);
      INSERT INTO notes SELECT id, 1 FROM patterns WHERE id LIKE ' p%';
      CREATE SCHEMA "the shop";
      CREATE TABLE "the shop"."Notes" ("of" text REFERENCES patterns);
      INSERT INTO "the shop"."Notes" SELECT id FROM patterns WHERE id LIKE ' p%';
      INSERT INTO migration_provenance
        SELECT * FROM jsonb_populate_record(NULL::migration_provenance, (SELECT to_jsonb(p)
        FROM migration_provenance p WHERE entity_id LIKE ' p%') || '{"entity_id": "p"}')
      """)
    let audited = try shop.run(
      """
      $CLI audit --repair-plan plan.sql; sed -E -i 's/^-- (DELETE|UPDATE|WITH)/\\1/' plan.sql
      psql -X -q -f plan.sql "$URL"
      """)
    #expect(audited.status == 0, "\(audited.errors)")
    #expect(
      try shop.sql(
        "SELECT id, pattern_id FROM joblogs WHERE id = 'j' UNION ALL "
          + "SELECT kind, entity_id FROM migration_provenance WHERE entity_id IN ('p', 'j') "
          + "ORDER BY 1") == "j|p\njoblogs|j\npatterns|p\n")
    #expect(
      try shop.sql(
        "SELECT p, parent, \"next one\", \"of\" FROM notes, patterns t, joblogs j, "
          + "\"the shop\".\"Notes\" WHERE t.id = 'p' AND j.id = 'j'") == "p|p|p|p\n")
    let again = try shop.run("$CLI audit --rule id.white-space --rule provenance.dangling")
    #expect(again.status == 0, "\(again.output)")
  }

  @Test func theRepairPlanCreatesTheIndexesThatInitCreates() throws {
    let shop = try Shop()
    _ = try shop.run("$CLI init")
    let indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    let expected = try shop.sql(indexes)
    try shop.sql("DROP INDEX idx_patterns_name; DROP INDEX idx_joblogs_created")
    let audited = try shop.run(
      #"$CLI audit --repair-plan plan.sql; psql -X -q -f plan.sql "$URL""#)
    #expect(audited.status == 0, "\(audited.errors)")
    #expect(try shop.sql(indexes) == expected)
  }

  @Test func theVerdictOfADroppedDatabaseIsNotThatOfANewOneOfItsName() throws {
    let shop = try Shop()
    _ = try shop.run("$CLI init")
    _ = try shop.run("$CLI audit")
    #expect(try shop.run("$CLI status").output.contains("Last audit"))
    try shop.sql("DROP DATABASE \(shop.name) WITH (FORCE)", on: Shop.server)
    try shop.sql("CREATE DATABASE \(shop.name)", on: Shop.server)
    _ = try shop.run("$CLI init")
    let status = try shop.run("$CLI status")
    #expect(status.status == 0 && !status.output.contains("Last audit"), "\(status.output)")
  }

  @Test func aDatabaseOfAnotherApplicationIsRefusedByEveryCommand() throws {
    let shop = try Shop()
    try shop.writeSample(10)
    try shop.sql("CREATE TABLE schema_version (installed_on DATE, checksum BIGINT)")
    for command in [
      "analytics", "audit", "backup x.dump", "cut-list p --count 3", "diff legacy",
      "export x", "history", "init", "migrate legacy", "migrate legacy --dry-run", "report --run 1",
      "runs", "serve --port 0", "status", "undo 1", "undo 1 --dry-run",
    ] {
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

  @Test(arguments: [
    ("53300", "store.busy"), ("57P03", "store.busy"), ("28P01", "store.cannot-open"),
  ])
  func aRefusalIsUnderstoodInAnyLanguage(_ state: String, _ code: String) throws {
    let shop = try Shop()
    // A server that answers the first packet with an error.
    try Data(
      """
      import socket, struct
      server = socket.create_server(("127.0.0.1", 0))
      server.settimeout(60)
      open("port", "w").write(f"{server.getsockname()[1]}\\n")
      fields = "SFATAL", "VFATAL", "C\(state)", "Mtut mir leid, es geht gerade nicht"
      body = b"".join(field.encode() + b"\\0" for field in fields) + b"\\0"
      while True:
          client = server.accept()[0]
          client.recv(1000)
          client.sendall(b"E" + struct.pack("!i", len(body) + 4) + body)
          client.close()

      """.utf8
    ).write(to: shop.directory.appendingPathComponent("server.py"))
    let result = try shop.run(
      """
      python3 server.py & trap "kill -KILL $!" EXIT
      while ! grep -qs . port; do sleep 0.02; done
      $CLI status --json \
        --db "postgresql://u@127.0.0.1:$(cat port)/shop?sslmode=disable&gssencmode=disable"
      """)
    #expect(result.status == 3, "\(result.output) \(result.errors)")
    #expect(result.output.contains(code), "\(result.output)")
    #expect(result.output.contains("tut mir leid"), "\(result.output)")
  }
}

/// Backups by pg_dump, and full disks.
@Suite(.serialized, .enabled(if: Shop.server != nil, "RMOS_POSTGRES_URL names no server"))
struct BackupTests {
  @Test func aBackupIsRestoredByPgRestore() throws {
    let shop = try Shop()
    try shop.writeSample(40)
    _ = try shop.run("$CLI migrate legacy")
    let backup = try shop.run("$CLI backup shop.dump --json")
    #expect(backup.status == 0 && backup.output.contains(#""backup""#), "\(backup.output)")
    #expect(try shop.run("stat -c %a shop.dump; ls shop.dump*").output == "600\nshop.dump\n")
    let other = try Shop()
    let restored = try shop.run("pg_restore --clean --if-exists --dbname='\(other.url)' shop.dump")
    #expect(restored.status == 0, "\(restored.errors)")
    #expect(try other.content() == shop.content())
    let audit = try other.run("$CLI audit")
    #expect(audit.status == 0, "\(audit.output)")
    // An existing file is replaced only with --force.
    let refused = try shop.run("$CLI backup shop.dump --json")
    #expect(refused.status == 3 && refused.output.contains("backup.exists"), "\(refused.output)")
    #expect(try shop.run("$CLI backup shop.dump --force").status == 0)
  }

  @Test func aProgramThatIsMissingOrTooOldIsSaid() throws {
    let shop = try Shop()
    _ = try shop.run("$CLI init")
    let missing = try shop.run("PATH=/nowhere; $CLI backup shop.dump --json")
    #expect(missing.status == 3 && missing.output.contains("not in PATH"), "\(missing.output)")
    try FileManager.default.createDirectory(
      at: shop.directory.appendingPathComponent("bin"), withIntermediateDirectories: true)
    let old = try shop.run(
      """
      printf '#!/bin/sh\\necho "pg_dump (PostgreSQL) 9.6.1"\\n' >bin/pg_dump; chmod +x bin/pg_dump
      PATH=$PWD/bin:$PATH; $CLI backup shop.dump --json
      """)
    #expect(old.status == 3 && old.output.contains("of version 9"), "\(old.output)")
    #expect(try shop.run("ls shop.dump*").output == "")
  }

  @Test func aPasswordIsInTheEnvironmentAndNotAmongTheArguments() throws {
    let shop = try Shop()
    _ = try shop.run("$CLI init")
    let url = shop.url.replacing("postgres@", with: "postgres:s3cr%7Ct@")
    let result = try shop.run(
      """
      mkdir bin; pg_dump=$(command -v pg_dump)
      printf '#!/bin/sh\\nprintf "%%s " "$@" >>arguments\\nenv >>variables\\nexec %s "$@"\\n' \
        "$pg_dump" >bin/pg_dump
      chmod +x bin/pg_dump; PATH=$PWD/bin:$PATH
      $CLI backup shop.dump --db '\(url)' --json
      ! grep -q 's3cr' arguments && grep -qx 'PGPASSWORD=s3cr|t' variables
      """)
    #expect(result.status == 0, "\(result.output) \(result.errors)")
  }

  @Test func aFullDiskEndsABackupWithoutAFile() throws {
    let shop = try Shop()
    try shop.writeSample(10)
    _ = try shop.run("$CLI migrate legacy")
    let result = try shop.run(
      """
      mkdir bin
      printf '#!/bin/sh\\ncase $1 in --version) echo "pg_dump (PostgreSQL) 99.1"; exit;; esac\\n' \
        >bin/pg_dump
      printf 'echo partial; echo "pg_dump: error: could not write: %s" >&2; exit 1\\n' \
        "No space left on device" >>bin/pg_dump
      chmod +x bin/pg_dump; PATH=$PWD/bin:$PATH; $CLI backup shop.dump --json
      """)
    #expect(result.status == 3 && result.output.contains("store.disk-full"), "\(result.output)")
    #expect(try shop.run("ls shop.dump*").output == "")
  }

  @Test(arguments: ["joblogs", "migration_provenance", "migration_runs"])
  func aFullDiskOfTheServerEndsARunWithWhatWasCommitted(_ table: String) throws {
    let shop = try Shop()
    try shop.writeSample(300)
    _ = try shop.run("$CLI init")
    try shop.sql(
      """
      CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT count(*) FROM joblogs) >= 20 THEN
          RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full';
        END IF; RETURN NEW; END $$;
      CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON \(table) FOR EACH ROW EXECUTE FUNCTION fill()
      """)
    let run = try shop.run("$CLI migrate legacy --batch-size 10 --json")
    #expect(run.status == 3, "\(run.output)")
    #expect(run.output.contains("store.disk-full"), "\(run.output)")
    #expect(run.output.contains("free space on the server"), "\(run.output)")
    let rows = try Int(shop.sql("SELECT count(*) FROM joblogs").dropLast()) ?? -1
    #expect(rows >= 0)
    // No row was committed without its provenance.
    #expect(
      try shop.sql(
        "SELECT count(*) FROM joblogs j LEFT JOIN migration_provenance p "
          + "ON p.kind = 'joblogs' AND p.entity_id = j.id WHERE p.run_id IS NULL") == "0\n")
    try shop.sql("DROP TRIGGER fill ON \(table)")
    #expect(try shop.run("$CLI migrate legacy").status == 0)
    #expect(try shop.run("$CLI audit").status == 0)
  }

  @Test func aBackupWithoutHardLinksReplacesNothing() throws {
    let shop = try Shop()
    _ = try shop.run("$CLI init")
    // A library in which link fails, as it does on exFAT.
    let result = try shop.run(
      """
      printf '#include <errno.h>\nint link(const char *a, const char *b) { errno = EPERM; return -1; }' \
        | clang -x c -shared -fPIC -o nolink.so - || exit 99
      LD_PRELOAD=$PWD/nolink.so $CLI backup shop.dump --json
      """)
    if result.status == 99 { return }
    #expect(result.status == 0, "\(result.output) \(result.errors)")
    #expect(try shop.run("ls shop.dump*; pg_restore -l shop.dump").output.contains("TABLE"))
    // A file that appears while the backup is made is not replaced either.
    let refused = try shop.run(
      """
      rm shop.dump; mkdir bin; pg_dump=$(command -v pg_dump)
      printf '#!/bin/sh\ncase $1 in --version) ;; *) echo other >shop.dump;; esac\nexec %s "$@"\n' \
        "$pg_dump" >bin/pg_dump
      chmod +x bin/pg_dump; export PATH=$PWD/bin:$PATH
      LD_PRELOAD=$PWD/nolink.so $CLI backup shop.dump --json
      """)
    #expect(refused.status == 3 && refused.output.contains("backup.exists"), "\(refused.output)")
    #expect(try shop.run("cat shop.dump*").output == "other\n")
  }

  @Test func aSecretThatCannotBePassedOnIsSaid() throws {
    let shop = try Shop()
    _ = try shop.run("$CLI init")
    let result = try shop.run("$CLI backup shop.dump --db \"$URL&sslpassword=s3cr3t\" --json")
    #expect(result.status == 3 && result.output.contains("sslpassword"), "\(result.output)")
    #expect(!result.output.contains("s3cr3t"))
    #expect(try shop.run("ls shop.dump*").output == "")
  }
}
