import RMOSModels

extension SurveyReport {
  // MARK: JSON

  /// The report as a JSON object.
  public var json: String {
    var writer = JSONWriter(style: .pretty)
    writer.object { writer in
      writer.member("success", true)
      write(to: &writer)
    }
    return writer.text
  }

  private func write(to writer: inout JSONWriter) {
    writer.member("path", path)
    writer.member("source", source)
    writer.object("files") { writer in
      writer.member("count", fileCount)
      writer.member("bytes", byteCount)
      writer.object("encodings") { writer in
        for (name, count) in encodings.sorted(by: { $0.key < $1.key }) {
          writer.member(name, count)
        }
      }
    }
    writer.member("not_read") { $0.filesNotRead(notRead) }
    writer.member("objects", objectCount)
    writer.member("migrate_as_is", migratesAsIs)
    writer.member("migrate_at_best", migratesAtBest)
    writer.member("duplicates", duplicates)
    writer.member("dangling", objects: dangling) { writer, item in
      writer.member("kind", item.kind.table)
      writer.member("member", item.member)
      writer.member("count", item.count)
    }
    writer.member("failures", objects: failures) { writer, failure in
      writer.member("code", failure.code.rawValue)
      writer.member("count", failure.count)
      writer.member("source", failure.source)
      writer.member("message", failure.message)
    }
    writer.member("shapes", objects: shapes) { $1.write(to: &$0) }
    writer.member("mappings", strings: suggestedMappings)
    writer.member("bounds", strings: bounds)
    writer.member("proposal") { writer in
      if let proposal { proposal.write(to: &writer) } else { writer.null() }
    }
  }
}

extension SurveyReport.Proposal {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("found", outcome.found)
      writer.member("migrates", outcome.migrates)
      writer.member("duplicates", outcome.duplicates)
      writer.member("mappings", strings: builtIn)
      writer.member("problems", objects: outcome.problems) { $1.write(to: &$0) }
      writer.member("text", text)
    }
  }
}

extension SurveyReport.Problem {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.member("code", key.code.rawValue)
    writer.member("pointer", key.pointer)
    writer.member("count", count)
  }

  /// Returns the first of some problems, on one line.
  fileprivate static func text(_ problems: [Self]) -> String {
    let texts = problems.prefix(6).map { problem in
      let place = problem.key.pointer.isEmpty ? "" : " \(problem.key.pointer.dropFirst())"
      return "\(PlainText.grouped(problem.count)) × \(problem.key.code.rawValue)\(place)"
    }
    return texts.joined(separator: ", ") + (problems.count > 6 ? " and others" : "")
  }
}

extension SurveyReport.Reading {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("mapping", mapping)
      writer.member("migrates", migrates)
      writer.member("duplicates", duplicates)
      writer.member("look_alikes", lookAlikes)
      writer.member("problems", objects: problems) { $1.write(to: &$0) }
    }
  }
}

extension SurveyReport.Shape {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.member("kind", kind.table)
    writer.member("in_place", isInPlace)
    writer.member("looks_like", likeness?.table)
    writer.member("evidence", strings: evidence)
    writer.member("count", count)
    writer.member("file_count", fileCount)
    writer.member("files", strings: files)
    writer.member("layouts", strings: layouts.map(\.rawValue))
    writer.member("pointers", strings: pointers)
    writer.member("as_is") { plain.write(to: &$0) }
    writer.member("with_mappings", each: mapped) { $1.write(to: &$0) }
    writer.member("missing", strings: missing)
    writer.member("unclear", strings: unclear)
    writer.member("members", each: members) { $1.write(to: &$0) }
    writer.member("members_omitted", membersOmitted)
  }
}

extension SurveyReport.Member {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("name", name)
      writer.member("other_spellings", strings: otherSpellings)
      writer.member("count", count)
      writer.object("types") { writer in
        for type in SurveyReport.ValueType.allCases {
          if let count = types[type] { writer.member(type.rawValue, count) }
        }
      }
      writer.member("example", example)
      writer.member("example_cut", isExampleCut)
      writer.member("field", field)
      writer.member("reason", reason)
    }
  }

  /// The types of the values, the most frequent first.
  fileprivate var typeText: String {
    SurveyReport.ValueType.allCases.filter { types[$0] != nil }
      .sorted { types[$0, default: 0] > types[$1, default: 0] }
      .map(\.rawValue).joined(separator: ", ")
  }
}

// MARK: Text

extension SurveyReport {
  /// The report as lines for a terminal.
  ///
  /// - Parameters:
  ///   - width: The number of columns.
  ///   - showsAll: Whether all members and files are shown.
  /// - Returns: Lines that are safe to show.
  package func lines(width: Int, showsAll: Bool = false) -> [String] {
    var text = SurveyText(width: max(width, 40))
    guard fileCount > 0 || !failures.isEmpty else {
      text.paragraph("\(path): there is no file to read.")
      writeFiles(to: &text)
      return text.lines
    }
    text.paragraph(
      "\(path): \(PlainText.counted(objectCount, "object")) of "
        + "\(PlainText.counted(shapes.count, "shape")) in "
        + PlainText.counted(fileCount, "file"))
    writeFiles(to: &text)
    for (number, shape) in shapes.enumerated() {
      text.blank()
      shape.write(number + 1, to: &text, showsAll: showsAll)
    }
    if !failures.isEmpty {
      text.blank()
      text.paragraph("Not read as objects")
      for failure in failures {
        text.paragraph(
          "\(PlainText.grouped(failure.count)) × \(failure.code.rawValue), first in "
            + "\(failure.source): \(failure.message)", indent: 2, hanging: 4)
      }
    }
    if duplicates > 0 || !dangling.isEmpty || !bounds.isEmpty { text.blank() }
    if duplicates > 0 {
      text.paragraph(
        "Duplicates: \(PlainText.counted(duplicates, "object")) with the id of an earlier one",
        hanging: 2)
    }
    for item in dangling {
      text.paragraph(
        "Dangling: \(PlainText.counted(item.count, "reference")) in \(item.member) of "
          + "\(item.kind.schema.plural) to what is not there", hanging: 2)
    }
    for bound in bounds { text.paragraph("Note: \(bound)", hanging: 2) }
    text.blank()
    text.paragraph(verdict, hanging: 2)
    if let proposal {
      let names = proposal.builtIn.isEmpty ? "" : " and " + proposal.builtIn.joined(separator: ", ")
      text.paragraph(
        "With the proposed mapping\(names): \(PlainText.grouped(proposal.outcome.migrates)) of "
          + "\(PlainText.grouped(proposal.outcome.found)) migrate"
          + SurveyReport.repeated(proposal.outcome.duplicates), hanging: 2)
      if !proposal.outcome.problems.isEmpty {
        text.paragraph(
          "What prevents the others: " + Problem.text(proposal.outcome.problems), indent: 2,
          hanging: 4)
      }
    }
    return text.lines
  }

  /// How many files, or places in files, are no objects that could be read.
  private var unreadCount: Int {
    failures.reduce(0) { $0 + ($1.code == .shapeWrapper ? 0 : $1.count) }
  }

  private var verdict: String {
    guard objectCount > 0 else { return "No objects were found; nothing would migrate." }
    let (asIs, best) = (PlainText.grouped(migratesAsIs), PlainText.grouped(migratesAtBest))
    let all = PlainText.grouped(objectCount)
    if isOfOtherExtension {
      return (objectCount == 1 ? "It does not migrate" : "None of \(all) migrate")
        + ": the file is not read because of its extension."
    }
    if migratesAsIs == objectCount {
      if unreadCount > 0 {
        let failed = PlainText.counted(unreadCount, "failure", "failures")
        return (objectCount == 1 ? "It migrates as it is" : "All \(all) migrate as they are")
          + ", but not all is read: see the \(failed) above."
      }
      if objectCount == 1 { return "It migrates as it is." }
      return "All \(all) migrate as they are."
        + (duplicates > 0 ? " Of those with one id, only the first is stored." : "")
    }
    if migratesAtBest == 0, migratesAsIs == 0 {
      return
        (objectCount == 1
        ? "It does not migrate, as it is" : "None of \(all) migrate, as they are")
        + " or with a built-in mapping."
    }
    guard migratesAtBest != migratesAsIs else { return "\(asIs) of \(all) migrate as they are." }
    return "\(asIs) of \(all) migrate as they are; \(best) with "
      + suggestedMappings.joined(separator: ", ")
  }

  private func writeFiles(to text: inout SurveyText) {
    if !encodings.isEmpty {
      let items = encodings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\(PlainText.grouped($0.value)) \($0.key)" }
      text.paragraph("Encodings: " + items.joined(separator: ", "), hanging: 2)
    }
    if notRead.count > 0 {
      let reasons = FilesNotRead.Reason.allCases.compactMap { reason in
        notRead.byReason[reason].map { "\(PlainText.grouped($0)) \(reason.rawValue)" }
      }
      let names = notRead.files.filter { $0.reason != .hidden }.prefix(3).map(\.path)
      text.paragraph(
        "Not read: " + reasons.joined(separator: ", ")
          + (names.isEmpty ? "" : " (\(names.joined(separator: ", ")))"), hanging: 2)
    }
  }
}

extension SurveyReport.Shape {
  private static let membersShown = 16
  private static let placesShown = 4

  fileprivate func write(_ number: Int, to text: inout SurveyText, showsAll: Bool) {
    let place = files.prefix(showsAll ? files.count : 2).joined(separator: ", ")
    let more = fileCount - min(files.count, showsAll ? files.count : 2)
    text.paragraph(
      "\(number). \(PlainText.counted(count, "object")) in \(place)"
        + (more > 0 ? " and \(PlainText.counted(more, "more file", "more files"))" : "")
        + placesText,
      hanging: 3)
    text.field("Looks like", likenessText)
    // Objects without a place or a likeness are tried as a kind, but that says nothing about them.
    if isInPlace || likeness != nil || best.migrates > 0 {
      if isInPlace || likeness == kind {
        text.field(isInPlace ? "As it is" : "Moved there", outcome(plain))
      } else {
        // The shape was not tried as the kind that it looks like.
        text.field("Read as \(kind.schema.plural)", outcome(plain))
      }
      for reading in mapped.prefix(2) {
        text.field("With \(reading.mapping ?? "")", outcome(reading))
      }
      if !best.problems.isEmpty { text.field("Kept by", SurveyReport.Problem.text(best.problems)) }
    }
    if best.lookAlikes > 0 {
      text.field(
        "Look out",
        "\(PlainText.counted(best.lookAlikes, "object")) with members that look like "
          + "fields and are not read as such")
    }
    if !missing.isEmpty { text.field("Nowhere", missing.joined(separator: ", ")) }
    if !unclear.isEmpty { text.field("Unclear", unclear.joined(separator: "; ")) }
    text.blank()
    let shown = showsAll ? members[...] : members.prefix(Self.membersShown)
    text.table(
      [("member", false), ("in", true), ("type", false), ("field", false), ("example", false)],
      shown.map { member in
        [
          member.name, PlainText.grouped(member.count), member.typeText,
          member.field == member.name ? "=" : member.field ?? "-",
          (member.example ?? "") + (member.isExampleCut ? "…" : ""),
        ]
      })
    let left = members.count - shown.count + membersOmitted
    if left > 0 { text.paragraph("and \(PlainText.counted(left, "more member"))", indent: 3) }
  }

  private var placesText: String {
    guard !pointers.isEmpty else { return "" }
    let more = pointers.count - min(pointers.count, Self.placesShown)
    return ", at " + pointers.prefix(Self.placesShown).joined(separator: ", ")
      + (more > 0 ? " and \(PlainText.counted(more, "more place", "more places"))" : "")
  }

  private var likenessText: String {
    guard let likeness else { return "nothing known" }
    let why = evidence.isEmpty ? "" : ": has " + evidence.joined(separator: ", ")
    if !isInPlace {
      return "\(likeness.schema.plural)\(why); not where \(likeness.schema.plural) are read, which "
        + "is \(likeness.table)/"
    }
    return likeness == kind
      ? "\(likeness.schema.plural)\(why)"
      : "\(likeness.schema.plural), though it is read as \(kind.schema.plural)\(why)"
  }

  private func outcome(_ reading: SurveyReport.Reading) -> String {
    let all = PlainText.grouped(count)
    let text =
      reading.migrates == count
      ? (count == 1 ? "it migrates" : "all \(all) migrate")
      : reading.migrates == 0
        ? (count == 1 ? "it does not migrate" : "none of \(all) migrate")
        : "\(PlainText.grouped(reading.migrates)) of \(all) migrate"
    return text + SurveyReport.repeated(reading.duplicates)
  }
}

extension SurveyReport {
  /// Returns a clause about the number of objects with the id of an earlier one; empty for none.
  fileprivate static func repeated(_ count: Int) -> String {
    count == 0 ? "" : ", \(PlainText.grouped(count)) of them with the id of an earlier one"
  }
}

/// Lines of text for a terminal, escaped and wrapped to a width.
struct SurveyText {
  let width: Int
  private(set) var lines: [String] = []

  init(width: Int) { self.width = width }

  mutating func blank() { if lines.last != "" { lines.append("") } }

  /// Adds text, wrapped between words.
  mutating func paragraph(_ text: String, indent: Int = 0, hanging: Int? = nil) {
    lines += PlainText.wrapped(
      PlainText.escaped(text), width: width, indent: indent, hanging: hanging, breaksWords: true)
  }

  /// Adds text with a label.
  mutating func field(_ label: String, _ text: String) {
    paragraph("\(label): \(text)", indent: 3, hanging: 5)
  }

  /// Adds a table, whose last column is cut to the width that the others leave.
  mutating func table(_ columns: [(heading: String, isNumber: Bool)], _ rows: [[String]]) {
    let widths = columns.indices.map { column in
      let cells = [columns[column].heading] + rows.map { PlainText.escaped($0[column]) }
      return cells.map(PlainText.width).max() ?? 0
    }
    let rest = max(8, width - widths.dropLast().reduce(3) { $0 + $1 + 2 })
    var table = TextTable(columns, breakingWordsLongerThan: 12)
    for row in rows {
      table.add(
        row.dropLast() + row.suffix(1).map { PlainText.cut(PlainText.escaped($0), to: rest) })
    }
    lines += table.lines(width: width - 3).map { "   " + $0 }
  }
}
