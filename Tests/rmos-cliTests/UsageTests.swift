import Testing

/// Invalid command lines: exit status 2, a message that names the word, and a hint.
@Suite(.waiting) struct UsageTests {
  /// An invalid command line, and the message.
  struct Case: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var message: String
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ arguments: String..., says message: String) {
      self.arguments = arguments
      self.message = message
    }
  }

  static let cases = [
    Case(says: "no command given"),
    Case("migrat", says: "Did you mean migrate?"),
    Case("xyzzy", says: "See rmos-cli help."),
    Case("help", "statsu", says: "Did you mean status?"),
    Case("migrate", "--dry", says: "Did you mean --dry-run?"),
    Case("migrate", "--btach-size", "5", says: "Did you mean --batch-size?"),
    Case("status", "--dry-run", says: #"unknown option "--dry-run" for status"#),
    Case("migrate", "-x", says: #"unknown option "-x" for migrate"#),
    Case("migrate", "-qx", says: #"unknown option "-qx" for migrate"#),
    Case("migrate", "-qv", says: "--quiet and --verbose cannot be combined"),
    Case("migrate", "-dry-run", says: "Did you mean --dry-run?"),
    Case("migrate", "a", "b", says: #"unexpected argument "b""#),
    Case("migrate", "a", "x.db", says: "Name the database with --db FILE."),
    Case("status", "x.db", says: "Name the database with --db FILE."),
    Case("migrate", "", says: "SOURCE is empty"),
    Case("migrate", "--db", says: "--db needs a value"),
    Case("migrate", "--db=", says: "--db needs a value"),
    Case("migrate", "--db", "", says: "--db needs a value"),
    Case("migrate", "--db", "--dry-run", says: "--db=--dry-run"),
    Case("migrate", "--db", "a", "--db", "b", says: "--db is given more than once"),
    Case("migrate", "--dry-run=yes", says: "--dry-run takes no value"),
    Case("migrate", "--batch-size", "0", says: #"from 1 to 1000000, found "0""#),
    Case("migrate", "--batch-size", "ten", says: #"found "ten""#),
    Case("migrate", "--batch-size=-5", says: #"found "-5""#),
    Case("migrate", "--batch-size=99999999999999999999", says: #"found "99999999999999999999""#),
    Case("migrate", "--max-errors", "+1", says: #"of at least 0, found "+1""#),
    Case("migrate", "--on-duplicate", "skpi", says: "Did you mean skip?"),
    Case("migrate", "--missing-id", "x", says: #"expected derive or reject, found "x""#),
    Case("migrate", "-q", "-v", says: "--quiet and --verbose cannot be combined"),
    Case("migrate", "--notify", "ftp://h/", says: #"http:// or https://, found "ftp://h/""#),
    Case("migrate", "--notify", "https://", says: #"http:// or https://, found "https://""#),
    Case("migrate", "--notify", "http://h/a b", says: "http:// or https://"),
    Case("migrate", "--notify", "http://h/\nx", says: "http:// or https://"),
    Case("migrate", "--notify-on", "never", says: #"expected failure or always, found "never""#),
    Case("migrate", "--notify-on", "failure", says: "--notify-on requires --notify URL"),
    Case("sample", says: "DIR is missing"),
    Case("completions", says: "SHELL is missing"),
    Case("completions", "fihs", says: "Did you mean fish?"),
    Case("completions", "tcsh", says: #"SHELL: expected bash, zsh or fish, found "tcsh""#),
    Case("sample", "d", "--broken", "101", says: #"from 0 to 100, found "101""#),
    Case("runs", "--limit", "0", says: #"found "0""#),
    Case("export", "d", "--format", "csv", says: "joblogs?format=csv"),
    Case("--db", "x", "status", says: "Options come after the command."),
    Case("migrate", "--\u{1b}[31m", says: #""--\u{1b}[31m""#),
  ]

  @Test(arguments: cases)
  func wrongUsageEndsWith2AndSaysWhy(_ wrong: Case) throws {
    let workspace = try Workspace()
    let result = try Tool.run(wrong.arguments, in: workspace)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains(wrong.message), "\(result.errors)")
    #expect(!result.errors.contains("\u{1b}"))
    #expect(workspace.listing.isEmpty)
  }

  @Test func afterTwoHyphensNothingIsAnOption() throws {
    let result = try Tool.run(["migrate", "--", "legacy", "--db", "x.db"], in: Workspace())
    #expect(result.status == 2)
    #expect(
      result.errors.hasSuffix("After --, every word is an argument: write options before it.\n"))
  }

  @Test(arguments: cases)
  func wrongUsageWithJSONIsOneObject(_ wrong: Case) throws {
    let result = try Tool.run(wrong.arguments + ["--json"], in: Workspace())
    let json = try result.json
    // After an option with a value, --json is the value.
    #expect(result.status == 2)
    #expect(json["success"] as? Bool == false)
    let error = try #require(json["error"] as? [String: String])
    #expect(error["code"] == "usage")
    #expect(error["message"]?.isEmpty == false)
    #expect(result.errors.isEmpty)
  }

  @Test func optionsAndValuesAreTakenInBothSpellings() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree()
    for arguments in [["--db", "a.db"], ["--db=b.db"], ["--db=./c=1.db"], ["--db=-d.db"]] {
      #expect(try Tool.run(["migrate", "legacy"] + arguments, in: workspace).status == 0)
    }
    for name in ["a.db", "b.db", "c=1.db", "-d.db"] { #expect(workspace.exists(name)) }
  }

  /// With their invalid bytes replaced, they would name other files, and `init` would create one.
  @Test(arguments: [
    #""$CLI" init --db $'caf\xe9.db'"#, #"RMOS_DB_PATH=$'caf\xe9.db' "$CLI" init"#,
    #""$CLI" migrate $'caf\xe9'"#, #""$CLI" migrate legacy -- $'\xff'"#,
  ])
  func wordsThatAreNotUTF8AreRefused(_ command: String) throws {
    let workspace = try Workspace()
    let result = try Tool.shell(command, in: workspace)
    #expect(result.status == 2)
    #expect(result.errors.contains("is not UTF-8"), "\(result.errors)")
    #expect(workspace.listing.isEmpty)
  }

  @Test func flagsOfOneLetterCombine() throws {
    let help = try Tool.run(["help", "migrate"], in: Workspace())
    #expect(try Tool.run(["migrate", "-qh"], in: Workspace()).output == help.output)
  }

  @Test func twoDashesEndTheOptions() throws {
    let workspace = try Workspace()
    try workspace.writeSmallTree("--json")
    let result = try Tool.run(["migrate", "--db", "x.db", "--", "--json"], in: workspace)
    #expect(result.status == 0)
    #expect(result.output.contains("Migrated --json into"))
  }
}
