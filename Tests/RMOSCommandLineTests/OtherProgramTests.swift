import RMOSModels
import RMOSStore
import Testing

@testable import RMOSCommandLine

/// A program with another name and another kind of store.
@Suite struct OtherProgramTests {
  /// Stores in memory, named `shop:NAME:PASSWORD`, of which only `shop:new` does not exist yet.
  private struct ShopOpener: StoreOpener {
    let name = "the shop's server"
    let placeholder = "shop:NAME"
    var defaultLocation: String?

    func opens(_ location: String) -> Bool { location.hasPrefix("shop:") }

    func shown(_ location: String) -> String {
      location.split(separator: ":").prefix(2).joined(separator: ":")
    }

    func file(of location: String) -> String? { nil }

    func open(
      _ location: String, catalog: EntityCatalog, for purpose: StorePurpose
    ) throws -> OpenedStore? {
      if location == "shop:new", purpose != .creating { return nil }
      return OpenedStore(
        InMemoryStore(catalog: catalog), bringUpToDate: {}, backUp: { _, _, _ in }, close: {})
    }
  }

  private let program = CommandLineProgram(
    name: "shop-tool", version: "7.1", openers: [ShopOpener(), SQLiteOpener()])

  private func arguments(_ command: String, _ words: String...) throws -> ParsedArguments {
    try ParsedArguments(words, for: program.command(command))
  }

  @Test func helpAndCompletionUseTheProgramsName() {
    let help = HelpText(program: program, width: 80)
    let pages =
      program.commands.map { help.text(for: $0) } + [
        help.overview, ManualPage(program: program).roff, BashCompletion(program: program).script,
        ZshCompletion(program: program).script, FishCompletion(program: program).script,
      ]
    for page in pages {
      #expect(page.contains("shop-tool") || page.contains(#"shop\-tool"#))
      for name in ["rmos-cli", #"rmos\-cli"#, "rmos_cli", "RMOS-CLI"] {
        #expect(!page.contains(name))
      }
    }
    #expect(help.overview.hasPrefix("shop-tool 7.1 — "))
    // The lines are joined, since the text is wrapped.
    let words = help.overview.replacing("\n", with: " ")
    #expect(words.contains("into SQLite or the shop's server"))
    #expect(
      words.contains("--db shop:NAME|FILE, or else RMOS_DB_PATH, or else data/rmos.db"))
  }

  @Test func theFirstOpenerThatTakesADatabaseOpensIt() throws {
    let ours = try arguments("status", "--db", "shop:bench").database
    #expect(try ours.open(for: .reading).store.location == "in memory")
    #expect(!ours.isFile("shop:bench"))
    let file = try arguments("status", "--db", "/rmos-absent.db").database
    #expect(file.isFile("/rmos-absent.db"))
    #expect(throws: CommandError.self) { try file.open(for: .reading) }
  }

  @Test func aMissingDatabaseIsRefusedExceptForADryRun() throws {
    let database = try arguments("status", "--db", "shop:new").database
    let error = #expect(throws: CommandError.self) { try database.open(for: .reading) }
    #expect(error?.code == "store.cannot-open")
    #expect(error?.hint?.contains("--db shop:NAME|FILE") == true)
    #expect(try database.openForRehearsal().catalog == program.catalog)
  }

  @Test func aDatabaseHasToBeNamedIfThereIsNoDefault() throws {
    let program = CommandLineProgram(name: "shop-tool", openers: [ShopOpener()])
    #expect(program.opener(of: "data/rmos.db") == nil)
    let arguments = try ParsedArguments(["--db", "a.db"], for: program.command("status"))
    #expect(throws: UsageError.self) { try arguments.database.open(for: .reading) }
    let other = CommandLineProgram(
      name: "shop-tool", openers: [ShopOpener(defaultLocation: "shop:bench"), SQLiteOpener()])
    #expect(other.defaultDatabase == "shop:bench")
  }

  @Test(arguments: [
    ["status", "shop:bench:secret"], ["status", "--db=shop:bench:secret"],
    ["migrate", "--db", "shop:bench:secret"], ["shop:bench:secret"],
  ])
  func aPasswordIsNeverShown(_ words: [String]) throws {
    let error = UsageError("found shop:bench:secret", hint: "not shop:bench:secret")
    let shown = program.describe(error, of: nil, words)
    #expect(shown.message == "found shop:bench")
    #expect(shown.hint == "not shop:bench")
  }

  @Test func aCommandLineThatIsProposedHasNoPassword() throws {
    for words in [["--db", "shop:bench:secret"], ["--db=shop:bench:secret"]] {
      let arguments = try ParsedArguments(["old"] + words, for: program.command("migrate"))
      #expect(!arguments.commandLine().contains("secret"))
      #expect(arguments.database.words == " --db shop:bench")
      #expect(arguments.database.shown == "shop:bench")
    }
  }
}
