import RMOSAnalytics
import RMOSModels
import RMOSSystem

/// The files to which commands write their results.
enum OutputFile {
  /// Checks, before a command does its work, that a file can be written and is not the database.
  static func check(_ path: String, _ arguments: ParsedArguments) throws {
    try checkName(path, arguments)
    try naming(path) { () throws(SystemError) in try FileSystem.checkReplaceable(path) }
  }

  /// Refuses the database's file, and the files that accompany it.
  static func checkName(_ path: String, _ arguments: ParsedArguments) throws {
    if arguments.database.isFile(path) {
      throw UsageError("\(path) is the database; name another file")
    }
    try checkCompanions(path, arguments)
  }

  /// Refuses the files that accompany the database, whose names would make it unusable if
  /// something else had them.
  static func checkCompanions(_ path: String, _ arguments: ParsedArguments) throws {
    guard arguments.database.isCompanionFile(path) else { return }
    throw UsageError(
      "\(path) belongs to the database \(arguments.database.shown); name another file")
  }

  /// Checks, before a command does its work, that files can be written and differ from each other.
  static func check(_ paths: [String], _ arguments: ParsedArguments) throws {
    for (position, path) in paths.enumerated() {
      try check(path, arguments)
      if paths[..<position].contains(where: { FileStatus.isSameFile($0, path) }) {
        throw UsageError("\(path) is named twice; name a file for each")
      }
    }
  }

  /// Returns the format for a path's ending; `nil` if there is none, or if it is a directory.
  static func format(of path: String) -> String? {
    let endings = ["txt": "text", "json": "json", "csv": "csv", "html": "html", "htm": "html"]
    guard let dot = path.lastIndex(of: "."), (try? FileStatus(of: path))?.form != .directory
    else { return nil }
    return endings[path[dot...].dropFirst().lowercased()]
  }

  /// Replaces the content of a file as a whole.
  static func replace(_ path: String, with text: String) throws(CommandError) {
    try naming(path) { () throws(SystemError) in
      try FileSystem.replaceContent(of: path, with: text)
    }
  }

  /// Replaces files in a directory, which is created if necessary.
  ///
  /// - Returns: The paths of the files.
  static func replace(
    _ files: [(name: String, text: String)], in directory: String
  ) throws(CommandError) -> [String] {
    try naming(directory) { () throws(SystemError) in
      try FileSystem.makeDirectories(directory, permissions: 0o777)
    }
    let slash = directory.hasSuffix("/") ? "" : "/"
    var paths: [String] = []
    for file in files {
      let path = directory + slash + file.name
      try replace(path, with: file.text)
      paths.append(path)
    }
    return paths
  }

  /// Prints which files were written.
  static func list(_ paths: [String], _ arguments: ParsedArguments, _ console: Console) {
    if arguments.has("json") {
      console.printDocument(JSONOutput.files(paths))
    } else if !paths.contains(where: isStandardOutput) {
      for path in paths { console.print("Wrote \(PlainText.escaped(path))") }
    }
  }

  /// Whether a path leads to standard output, where a document must be alone.
  static func isStandardOutput(_ path: String) -> Bool {
    guard let status = try? FileDescriptor.standardOutput.status() else { return false }
    return (try? FileStatus(of: path))?.identity == status.identity
  }

  private static func naming(
    _ path: String, _ body: () throws(SystemError) -> Void
  ) throws(CommandError) {
    do throws(SystemError) {
      try body()
    } catch {
      throw CommandError(
        code: "output.unwritable", message: "cannot write \(path): \(error.reason)")
    }
  }
}

/// A format in which commands write their results.
protocol OutputFormat: RawRepresentable<String>, CaseIterable {
  static var text: Self { get }
  static var json: Self { get }
}

extension ParsedArguments {
  /// Returns the formats of `--format`, or else the one for the ending of the file of `--output`;
  /// empty if neither names one.
  ///
  /// - Throws: ``UsageError`` if the two contradict each other.
  func outputFormats<Format>(of type: Format.Type) throws -> [Format]
  where Format: RawRepresentable<String> & CaseIterable {
    let chosen = choices("format", of: type)
    guard let file = self["output"], let promised = OutputFile.format(of: file) else {
      return chosen
    }
    let ending = file.split(separator: ".").last ?? ""
    if chosen.count > 1 {
      throw UsageError(
        "\(file) is one file, but --format names \(chosen.count) formats",
        hint: "Name a directory with --output.")
    }
    if let format = chosen.first, format.rawValue != promised {
      throw UsageError("\(file) ends in .\(ending), but the format is \(format.rawValue)")
    }
    guard let format = Format(rawValue: promised) else {
      let known = type.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("\(file) ends in .\(ending), but the formats are \(known)")
    }
    return [format]
  }

  /// Returns the format that `--format`, the ending of the file of `--output`, or `--json` names;
  /// `text` if none does.
  ///
  /// - Throws: ``UsageError`` if they contradict each other.
  func outputFormat<Format: OutputFormat>(of type: Format.Type) throws -> Format {
    let chosen = try outputFormats(of: type).first
    if has("json"), let chosen, chosen.rawValue != Format.json.rawValue, self["output"] == nil {
      throw UsageError("--json and --format \(chosen.rawValue) cannot be combined")
    }
    return chosen ?? (has("json") ? .json : .text)
  }
}

/// The formats of figures and cut lists.
enum FigureFormat: String, OutputFormat {
  case text, json, csv, html
}

/// The destination of figures: a file, or standard output.
struct FigureOutput {
  private let arguments: ParsedArguments
  private let console: Console

  init(_ arguments: ParsedArguments, _ console: Console) {
    self.arguments = arguments
    self.console = console
  }

  /// Returns the style of text with a number of rows per table.
  func style(rows: Int) -> FigureTable.TextStyle {
    FigureTable.TextStyle(
      width: min(120, console.layout.width), bar: Self.isUnicode ? "█" : "#", rows: rows)
  }

  /// Whether the locale's encoding is UTF-8.
  private static var isUnicode: Bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap {
      ProcessEnvironment.variable($0)
    }
    let locale = names.first { !$0.isEmpty }?.lowercasedASCII ?? ""
    return locale.hasSuffix("utf-8") || locale.hasSuffix("utf8")
  }

  /// Writes text to the file of `--output`, or to standard output, where `--quiet` suppresses text
  /// for people.
  func write(_ text: String, as format: FigureFormat) throws {
    guard let file = arguments["output"] else {
      if format != .text || !console.isQuiet { console.printDocument(text) }
      return
    }
    try OutputFile.replace(file, with: text)
    OutputFile.list([file], arguments, console)
  }

  /// Writes files into a directory, which is created if necessary.
  func write(_ files: [(name: String, text: String)], into directory: String) throws {
    OutputFile.list(try OutputFile.replace(files, in: directory), arguments, console)
  }
}
