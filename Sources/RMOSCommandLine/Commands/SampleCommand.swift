import RMOSModels
import RMOSSamples
import RMOSSystem

/// `rmos-cli sample`.
enum SampleCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "sample", summary: "Write a sample legacy tree for trying things out",
      details:
        "Writes strip families, patterns and job logs in every layout that migrate reads: one "
        + "entity per file, lists, dictionaries and JSON Lines. The same options give the same tree.",
      arguments: [
        .init(
          name: "DIR", help: "A directory that is empty or does not exist yet", isRequired: true)
      ],
      options: [
        .init(name: "count", placeholder: "N", help: "Number of entities [default: 1000]"),
        .init(
          name: "broken", placeholder: "PCT",
          help: "Percentage of odd or broken entities, 0 to 100 [default: 0]"),
        .init(
          name: "seed", placeholder: "N", help: "Seed; each gives a different tree [default: 1]"),
      ],
      examples: [
        .init(
          command: "\(program) sample shop --count 500 --broken 5",
          help: "500 entities, about 25 of them odd or broken")
      ],
      run: run)
  }

  @Sendable private static func run(
    _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    let program = arguments.program
    let count = try arguments.integer("count", in: 1...100_000_000) ?? 1000
    let broken = try arguments.integer("broken", in: 0...100) ?? 0
    let seed = try arguments.integer("seed", in: 0...Int.max) ?? 1
    let directory = arguments.positionals[0]
    Signals.catchInterruptions()
    let written = try SampleTree(count: count, brokenPercent: broken, seed: UInt64(seed))
      .write(to: directory) { Signals.isInterrupted }
    let kinds = program.catalog.kinds.filter { written.entityCounts[$0] != nil }
    if arguments.has("json") {
      console.printDocument(
        JSONOutput.success {
          $0.member("directory", directory)
          $0.member("files", written.fileCount)
          $0.member("entities") {
            $0.object {
              for kind in kinds {
                $0.member(kind.rawValue, written.entityCounts[kind] ?? 0)
              }
            }
          }
        })
      return .success
    }
    console.print(
      "Wrote \(PlainText.counted(written.fileCount, "file")) to \(PlainText.escaped(directory)):"
    )
    for kind in kinds {
      let number = written.entityCounts[kind] ?? 0
      console.print(
        "  " + PlainText.counted(number, kind.schema.singular, kind.schema.plural))
    }
    console.printNext("\(program) migrate \(PlainText.shellWord(directory)) --dry-run")
    return .success
  }
}
