import RMOSAnalytics
import RMOSSystem

/// The formats of figures and cut lists.
enum FigureFormat: String, CaseIterable {
  case text, json, csv, html

  /// Creates the format that `--format`, the ending of the file of `--output`, or `--json` names.
  init(_ arguments: ParsedArguments) throws {
    let chosen = try arguments.outputFormats(of: Self.self).first
    if arguments.has("json"), let chosen, chosen != .json, arguments["output"] == nil {
      throw UsageError("--json and --format \(chosen.rawValue) cannot be combined")
    }
    self = chosen ?? (arguments.has("json") ? .json : .text)
  }
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
