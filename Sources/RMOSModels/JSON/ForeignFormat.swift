import RMOSSystem

/// A format other than JSON, which is recognized by how its texts begin.
private struct ForeignFormat: Sendable {
  /// The statement about a text in the format.
  enum Statement: Sendable {
    /// The name of the format, and what to do.
    case whole(String, String)
    /// The rest of a sentence about the beginning, or about what the beginning is called.
    case beginning(String? = nil, String)
  }

  let beginnings: [[UInt8]]
  /// Whether the beginnings, which are in lower case, may be in any case.
  var isAnyCase = false
  let statement: Statement

  init(_ beginnings: [[UInt8]], _ statement: Statement) {
    self.beginnings = beginnings
    self.statement = statement
  }

  init(_ beginnings: String..., is name: String, _ wayOut: String) {
    self.init(beginnings.map { Array($0.utf8) }, .whole(name, wayOut))
  }

  init(anyCase beginnings: String..., is name: String, _ wayOut: String) {
    self.init(beginnings.map { Array($0.utf8) }, .whole(name, wayOut))
    isAnyCase = true
  }

  init(_ beginnings: String..., called name: String? = nil, then sentence: String) {
    self.init(beginnings.map { Array($0.utf8) }, .beginning(name, sentence))
  }

  /// The formats; the first that fits counts.
  static let known: [ForeignFormat] = [
    ForeignFormat(
      anyCase: "<!doctype html", "<html", "<head", "<body", "<br", "<b>", "<p>", "<pre", "<div",
      is: "an HTML page",
      "a server sent it in place of the data, such as an error or a login; "
        + "download the data again"),
    ForeignFormat("<", is: "XML", "export it as JSON"),
    ForeignFormat(
      "version https://git-lfs", is: "a Git LFS pointer",
      "fetch the file itself with \"git lfs pull\""),
    ForeignFormat(
      "/annex/objects/", "../.git/annex", is: "a git-annex pointer",
      "fetch the file itself with \"git annex get\""),
    ForeignFormat(
      "bplist0", is: "a binary property list, as iCloud leaves in place of a file",
      "have the sync program download the file itself"),
    ForeignFormat(
      "SQLite format 3", is: "a SQLite database",
      "name it as the database, or export its rows as JSON"),
    ForeignFormat(
      "PK\u{3}\u{4}", is: "a ZIP archive or an office document", "unpack it, or export it as JSON"),
    ForeignFormat([[0x1F, 0x8B], Array("BZh".utf8)], .whole("compressed", "decompress it first")),
    ForeignFormat("%PDF", is: "a PDF document", "export the data as JSON"),
    ForeignFormat(
      "{\\rtf", is: "a document of a word processor (RTF)", "save it as plain text"),
    ForeignFormat(
      ")]}'", "while(1);", "for(;;);", "while (1);", "for (;;);",
      then: ", which some servers put before JSON; remove it"),
    ForeignFormat(
      "\u{1E}", called: "a record separator (0x1E)",
      then:
        ", as in a JSON text sequence (RFC 7464); remove the separators, so that each line is one "
        + "entity"),
    ForeignFormat(
      "```",
      then: ", as Markdown and chats put around code; remove that line and the one that ends it"),
    ForeignFormat(
      "JSON_F52E2B61-", called: "the name of a result's column",
      then:
        ", as SQL Server's tools write it; remove that line and the one of dashes below it, or export "
        + "the result to a file"),
    ForeignFormat(
      "HTTP/", is: "the answer of a server with its header",
      "keep only what is below the empty line"),
    ForeignFormat(
      anyCase: "insert into ", "create table ", "select ", "pragma ", "begin transaction",
      is: "SQL", "export the rows as JSON"),
    ForeignFormat(anyCase: "---", "%yaml", "- ", is: "YAML", "convert it to JSON"),
    ForeignFormat("#!", "import ", "def ", "class ", is: "a script", "name a file of JSON"),
    ForeignFormat("return ", "local ", is: "a program", "write its value as JSON"),
    ForeignFormat(
      "var ", "let ", "const ", "export ", "module.exports", "window.", is: "JavaScript",
      "keep only the value"),
  ]

  /// Returns the beginning that a text has; `nil` if it is not in the format.
  func beginning(of text: [UInt8], lowerCase: [UInt8]) -> [UInt8]? {
    beginnings.first { (isAnyCase ? lowerCase : text).starts(with: $0) }
  }
}

extension JSONDiagnosis {
  /// Creates the diagnosis of a text that is in another format.
  init(_ unit: Excerpt.Unit, is format: String, _ wayOut: String) {
    self.init(
      "the \(unit.rawValue) is \(format), not JSON; \(wayOut)", isAboutWholeText: true)
  }

  /// Creates the diagnosis of a text in another format, given its beginning; `nil` if it is in none
  /// that is known.
  init?(ofOtherFormat beginning: some Collection<UInt8>, _ unit: Excerpt.Unit) {
    let bytes = Array(beginning)
    if bytes.starts(with: "<!--".utf8) { return nil }
    let head = String(decoding: bytes, as: UTF8.self)
    if Self.isPatch(head) {
      self.init(unit, is: "a patch", "apply it to the file that it changes")
      return
    }
    let lowerCase = Array(head.lowercasedASCII.utf8)
    for format in ForeignFormat.known {
      guard let found = format.beginning(of: bytes, lowerCase: lowerCase) else { continue }
      switch format.statement {
      case .whole(let name, let wayOut): self.init(unit, is: name, wayOut)
      case .beginning(let name, let sentence):
        self.init(
          "found \(name ?? String(decoding: found, as: UTF8.self))\(sentence)",
          isAboutWholeText: true)
      }
      return
    }
    guard let other = Self.program(head, unit) ?? Self.table(head, unit) else { return nil }
    self = other
  }

  /// Whether a text begins with the names of the files that a patch compares.
  private static func isPatch(_ head: String) -> Bool {
    let lines = head.split(maxSplits: 2, whereSeparator: \.isNewline)
    guard lines.count > 1 else { return false }
    return lines[0].hasPrefix("diff -")
      || lines[0].hasPrefix("--- ") && lines[1].hasPrefix("+++ ")
      || lines[0].hasPrefix("*** ") && lines[1].hasPrefix("--- ")
  }

  /// Recognizes values written as program code, or within it.
  private static func program(_ head: String, _ unit: Excerpt.Unit) -> JSONDiagnosis? {
    if head.hasPrefix("from "), head.contains(" import ") {
      return JSONDiagnosis(unit, is: "a script", "name a file of JSON")
    }
    if ["[object ", "System.", "@{"].contains(where: { head.hasPrefix($0) }) {
      return JSONDiagnosis(
        "what the \(unit.rawValue) held was lost when it was written; export it again as JSON",
        isAboutWholeText: true)
    }
    let name = head.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_$.".contains($0)) }
    let rest = head[name.endIndex...]
    if ["OrderedDict", "defaultdict", "dict"].contains(name), rest.hasPrefix("(") {
      return JSONDiagnosis(unit, is: "a Python value", "write it with json.dumps")
    }
    guard rest.hasPrefix("("), let first = rest.dropFirst().first, "{[".contains(first) else {
      return nil
    }
    return JSONDiagnosis(
      "found \(name)( before the JSON, as a server writes it for a script (JSONP); remove that and "
        + "the closing parenthesis", isAboutWholeText: true)
  }

  /// Names of fields with which mails begin.
  private static let namesOfMail: Set = [
    "From", "To", "Date", "Subject", "Received", "Return-Path", "Delivered-To", "MIME-Version",
    "Message-ID", "Reply-To",
  ]

  /// Recognizes tables, mails, messages of programs and YAML.
  private static func table(_ head: String, _ unit: Excerpt.Unit) -> JSONDiagnosis? {
    guard let first = head.first, first.isASCII, first.isLetter || first == "_" else { return nil }
    let line = head.prefix { !$0.isNewline }
    let names = line.prefix { $0.isLetter || $0.isNumber || "_,; \t-.".contains($0) }
    guard line.endIndex < head.endIndex else { return nil }
    let marks = [",", ";", "\t"].first { line.contains($0) }
    if names.endIndex == line.endIndex, marks != nil {
      return JSONDiagnosis(unit, is: "a table (CSV)", "export it as JSON")
    }
    let key = line.prefix { $0.isLetter || $0.isNumber || "_-".contains($0) }
    if ["Warning", "Notice", "Error", "Deprecated"].contains(key), line.hasPrefix("\(key): ") {
      return JSONDiagnosis(
        "the \(unit.rawValue) begins with a message of a program, not with JSON; remove what is "
          + "before the JSON, or export it again", isAboutWholeText: true)
    }
    let fields = head.split(whereSeparator: \.isNewline).prefix { $0.contains(": ") }
    if fields.count(where: { namesOfMail.contains(String($0.prefix { $0 != ":" })) }) > 1 {
      return JSONDiagnosis(unit, is: "a mail", "save what is attached to it")
    }
    if line[key.endIndex...].hasPrefix(": ") || line[key.endIndex...] == ":" {
      return JSONDiagnosis(unit, is: "YAML", "convert it to JSON")
    }
    return nil
  }
}
