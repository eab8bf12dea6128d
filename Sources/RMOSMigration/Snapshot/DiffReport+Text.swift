import RMOSModels

extension DiffReport {
  /// The report for people, line by line: each entry, a table of the counts, and what the entries
  /// leave out.
  ///
  /// Ids and paths stand as JSON strings, so none can break a line; who shows the lines on a terminal
  /// still has to escape what else steers one.
  public var lines: [String] {
    var lines = entries.flatMap(\.lines)
    if entriesOmitted > 0 { lines.append("… and \(entriesOmitted) more") }
    if !lines.isEmpty { lines.append("") }
    lines += table
    if let nothingFound { lines += ["", DiffReport.plain(nothingFound)] }
    if total.invalid > 0 {
      lines.append("")
      lines.append(
        "\(total.invalid) of the source cannot be migrated; they count as different where the "
          + "database has their id, else as only in the source")
    }
    return lines
  }

  /// ``lines`` as one text.
  public var text: String { lines.map { $0 + "\n" }.joined() }

  private var table: [String] {
    var rows = [["", "equal", "different", "only in source", "only in database"]]
    func add(_ label: String, _ counts: Counts) {
      let numbers = [
        counts.equal, counts.different, counts.onlyInSource, counts.onlyInDatabase,
      ]
      rows.append([label] + numbers.map { String($0) })
    }
    for kind in EntityKind.allCases { add(kind.schema.plural, self[kind]) }
    add("total", total)
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ")
    }
  }
}

extension DiffReport.Entry {
  /// What and where, then a line for each difference; see ``DiffReport/lines``.
  public var lines: [String] {
    let what = "\(kind.schema.singular) \(id.map(DiffReport.quoted) ?? "without an id")"
    var first = "\(headline): \(what)"
    if let place { first += category == .onlyInDatabase ? ", from \(place)" : " (\(place))" }
    if let note { first += "; \(note)" }
    var lines = [first]
    if let problem { lines.append("  cannot be migrated: \(DiffReport.plain(problem))") }
    for difference in differences {
      lines.append(
        "  \(DiffReport.plain(difference.member)): "
          + "\(difference.source.map(DiffReport.plain) ?? "(absent)") in the source, "
          + "\(difference.database.map(DiffReport.plain) ?? "(absent)") in the database")
    }
    return lines
  }

  private var headline: String {
    switch category {
    case .onlyInSource: "only in the source"
    case .onlyInDatabase: "only in the database"
    case .different: "different"
    }
  }

  private var place: String? {
    guard let path else { return nil }
    let shown = DiffReport.plain(path)
    if let line { return "\(shown):\(line)" }
    return locator.map { "\(shown)#\(DiffReport.plain($0.text))" } ?? shown
  }

  private var note: String? {
    let since = run.map { " since run \($0)" } ?? ""
    switch (category, change) {
    case (.onlyInSource, .database): return "deleted from the database\(since)"
    case (.onlyInSource, _): return nil
    case (.onlyInDatabase, .source): return "gone from the source\(since)"
    case (.onlyInDatabase, _): return "never migrated"
    case (.different, .source): return "the source changed\(since)"
    case (.different, .database): return "the database changed\(since)"
    case (.different, .both): return "the source and the database changed\(since)"
    case (.different, nil): return "the row is not from a migration"
    }
  }
}

extension DiffReport {
  /// A text as a JSON string.
  fileprivate static func quoted(_ text: String) -> String { JSONValue.string(text).text }

  /// A text as it is, or as a JSON string where it holds a control character.
  fileprivate static func plain(_ text: String) -> String {
    text.utf8.allSatisfy { $0 >= 0x20 } ? text : quoted(text)
  }
}
