import RMOSModels
import RMOSSystem

/// The files that commands write their results to.
enum OutputFile {
  /// Fails early if a file cannot be written, and never lets it overwrite the database.
  static func check(_ path: String, _ arguments: ParsedArguments) throws {
    try checkName(path, arguments)
    try naming(path) { () throws(SystemError) in try FileSystem.checkReplaceable(path) }
  }

  /// Refuses the database, and the files that belong to it.
  static func checkName(_ path: String, _ arguments: ParsedArguments) throws {
    if arguments.database.isFile(path) {
      throw UsageError("\(path) is the database; name another file")
    }
    if arguments.database.isBesideIt(path) {
      throw UsageError(
        "\(path) belongs to the database \(arguments.database.shown); name another file")
    }
  }

  /// Fails early if files cannot be written, or two of them are the same.
  static func check(_ paths: [String], _ arguments: ParsedArguments) throws {
    for (position, path) in paths.enumerated() {
      try check(path, arguments)
      if paths[..<position].contains(where: { FileStatus.isSameFile($0, path) }) {
        throw UsageError("\(path) is named twice; name a file for each")
      }
    }
  }

  /// Replaces the content of a file as a whole.
  static func replace(_ path: String, with text: String) throws(CommandError) {
    try naming(path) { () throws(SystemError) in
      try FileSystem.replaceContent(of: path, with: text)
    }
  }

  /// Replaces files in a directory, which is created if necessary.
  ///
  /// - Returns: Their paths.
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

  /// Says which files were written.
  static func list(_ paths: [String], _ arguments: ParsedArguments, _ console: Console) {
    if arguments.has("json") {
      console.printDocument(JSONOutput.files(paths))
    } else {
      for path in paths { console.print("Wrote \(PlainText.escaped(path))") }
    }
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
