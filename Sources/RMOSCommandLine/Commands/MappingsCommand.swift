import RMOSMigration
import RMOSModels
import RMOSSystem

/// `rmos-cli mappings [NAME]`, and the option `--mapping` of other commands.
enum MappingsCommand {
  static func spec(_ program: CommandLineProgram) -> CommandSpec {
    CommandSpec(
      program,
      name: "mappings", summary: "List the built-in mappings, or print one",
      details:
        "A mapping says how files of another shape are read: where in them the entities are, "
        + "and what their members become. The output is an ordinary mapping file: copy and "
        + "change it to read other shapes.",
      arguments: [
        .init(
          name: "NAME", help: "The mapping to print",
          value: .name(names, of: "built-in mapping", listedBy: "\(program) mappings"))
      ],
      examples: [
        .init(command: "\(program) mappings", help: "What shapes can be read"),
        .init(
          command: "\(program) mappings saw-runs > shop.json", help: "Start a mapping of your own"),
      ]
    ) { arguments, console in
      guard let name = arguments.positionals.first, let mapping = Mapping.builtIn(named: name)
      else {
        list(asJSON: arguments.has("json"), program, console)
        return .success
      }
      if arguments.has("json") {
        console.printDocument(
          JSONOutput.success {
            $0.member("name", mapping.name)
            $0.member("about", mapping.about)
            $0.member("sha256", mapping.sha256)
            $0.member("text", mapping.text + "\n")
          })
      } else {
        console.printDocument(mapping.text)
      }
      return .success
    }
  }

  private static var names: [String] { Mapping.builtInNames }

  private static func list(asJSON: Bool, _ program: CommandLineProgram, _ console: Console) {
    if asJSON {
      console.printDocument(
        JSONOutput.success { writer in
          writer.member("mappings", objects: Mapping.builtIn) { writer, mapping in
            writer.member("name", mapping.name)
            writer.member("about", mapping.about)
            writer.member("sha256", mapping.sha256)
          }
        })
      return
    }
    let column = (names.map(\.count).max() ?? 0) + 2
    for mapping in Mapping.builtIn {
      let label = PlainText.padded(mapping.name, to: column, left: false)
      let lines = PlainText.wrapped(
        mapping.about ?? "", width: console.layout.width, after: label, hanging: column)
      for line in lines { console.print(line) }
    }
    console.printNext("\(program) migrate SOURCE --mapping NAME --dry-run")
  }

  // MARK: The option

  /// The option that names a mapping.
  static let option = CommandSpec.Option(
    name: "mapping", placeholder: "NAME|FILE", value: .fileOr(names),
    help: "Read files of another shape by a built-in mapping or a mapping file; the first that "
      + "takes a file reads it", isRepeatable: true)

  /// The maximum size of a mapping file, bytes; real ones are far smaller.
  private static let largestMapping = 4 << 20

  /// Returns the mappings that a command line names, in order.
  ///
  /// - Throws: ``UsageError`` if there is no such mapping; ``CommandError`` with the place of the
  ///   mistake if one is not valid.
  static func mappings(_ arguments: ParsedArguments) throws -> [Mapping] {
    try arguments.all("mapping").map { name in
      if let mapping = Mapping.builtIn(named: name) { return mapping }
      let text = try text(of: name, arguments.program)
      do throws(ParsingError) {
        return try Mapping(parsing: text, catalog: arguments.program.catalog)
      } catch {
        throw CommandError(
          code: "mapping.invalid",
          message: "\(name):\(error.line):\(error.column): \(error.message)",
          status: .usage)
      }
    }
  }

  /// Returns the words that name the same mappings on another command line.
  static func words(_ arguments: ParsedArguments) -> String {
    arguments.all("mapping").map { " --mapping " + PlainText.shellWord($0) }.joined()
  }

  private static func text(
    of file: String, _ program: CommandLineProgram
  ) throws -> String {
    let content: FileSystem.Content
    do throws(SystemError) {
      content = try FileSystem.content(of: file, limit: largestMapping)
    } catch {
      let isName = error == .notFound && !file.utf8.contains(UInt8(ascii: "/"))
      throw UsageError(
        isName
          ? "--mapping: there is no built-in mapping and no file \"\(file)\""
          : "--mapping: cannot read \(file): \(error.reason)",
        hint: Suggestion.hint(for: file, among: names) ?? "See \(program) mappings.")
    }
    guard case .bytes(let bytes) = content else {
      throw UsageError(
        "--mapping: \(file) has more than \(PlainText.grouped(largestMapping)) bytes; expected a "
          + "mapping")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw UsageError("--mapping: \(file) is not UTF-8", hint: "Save it as UTF-8.")
    }
    return text
  }
}
