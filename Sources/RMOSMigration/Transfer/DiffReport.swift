public import RMOSModels

/// The differences between a legacy tree and a store.
public struct DiffReport: Sendable, Hashable {
  /// Which side has an entity.
  public enum Category: String, Sendable, Hashable, CaseIterable {
    /// Only the source has the entity.
    case onlyInSource = "only_in_source"
    /// Only the store has the entity.
    case onlyInDatabase = "only_in_database"
    /// Both have the entity, with different content.
    case different
  }

  /// Which side changed since the run that migrated the entity.
  public enum Change: String, Sendable, Hashable {
    /// The source: its bytes differ, or it is gone. If the run kept no digest of the row, the row
    /// may have changed too.
    case source
    /// The database: the source's bytes are the bytes that were migrated.
    case database
    /// Both: the source's bytes differ, and the row was edited in the database.
    case both
    /// Neither: the bytes that were migrated are read differently now, as through another mapping.
    case reading
  }

  /// A member in which source and store differ.
  public struct Difference: Sendable, Hashable {
    /// The member's name.
    public var member: String
    /// The source's value as JSON text, shortened around the first difference; `nil` if absent.
    public var source: String?
    /// The store's value, likewise.
    public var database: String?

    package init(member: String, source: String?, database: String?) {
      self.member = member
      self.source = source
      self.database = database
    }
  }

  /// How a run read an entity that is only in the database.
  package enum OtherReading: Sendable, Hashable {
    /// From another source.
    case source(String)
    /// With mappings that the comparison does not have.
    case mappings([String])
  }

  /// One entity that is not equal.
  public struct Entry: Sendable, Hashable {
    /// Which side has it.
    public var category: Category
    /// The entity's kind.
    public var kind: EntityKind
    /// Its id; `nil` if none could be read.
    public var id: String?
    /// Its file in the source; for an entity only in the database, the file it was migrated from.
    public var path: String?
    /// Which of the file's entities, if it holds several.
    public var locator: Locator?
    /// The 1-based line in the file; `nil` for an entity only in the database.
    public var line: Int?
    /// What changed since it was migrated; `nil` if the store does not know of a migration, or if
    /// only the database has it and the run read another source, or read it with other mappings.
    public var change: Change?
    /// The run that migrated it.
    public var run: Int64?
    /// How that run read it, if only the database has it and the comparison reads differently.
    package var otherReading: OtherReading?
    /// The members that differ, if both sides could be read.
    public var differences: [Difference] = []
    /// The reason why the source's entity cannot be migrated, if it cannot.
    public var problem: String?
  }

  /// The counts of a kind, or of all.
  public struct Counts: Sendable, Hashable {
    /// Entities that both have, with the same content.
    public var equal = 0
    /// Entities that both have, with different content.
    public var different = 0
    /// Entities that only the source has.
    public var onlyInSource = 0
    /// Entities that only the store has.
    public var onlyInDatabase = 0
    /// How many of the source's entities in these counts break a rule or cannot be read.
    public var invalid = 0
    /// Entities of the source whose id occurred before; they are in no other count.
    public var repeated = 0
  }

  /// How much may differ.
  package struct Limits: Sendable, Hashable {
    package var onlyInSource = 0
    package var onlyInDatabase = 0
    package var different = 0
    /// Whether the source may have no file to read.
    package var allowsEmptySource = false

    /// Creates limits that allow no difference.
    package init() {}
  }

  /// The source directory, as given.
  var source: String
  /// The store's path, or "in memory".
  package var database: String
  /// A message if there was no file to read in the source; `nil` if there was one.
  ///
  /// The source may be a share that is not mounted, and then the counts mean nothing.
  public internal(set) var nothingFound: String?
  /// The kinds that were compared.
  let catalog: EntityCatalog
  /// The counts per kind.
  var counts: [EntityKind: Counts] = [:]
  /// The entities that are not equal, in order.
  public internal(set) var entries: [Entry] = []
  /// The number of entries omitted from ``entries``.
  package var entriesOmitted = 0

  init(source: String, database: String, _ catalog: EntityCatalog) {
    self.catalog = catalog
    self.source = source
    self.database = database
  }

  /// The counts of a kind.
  public subscript(kind: EntityKind) -> Counts { counts[kind] ?? Counts() }

  /// The counts of all kinds.
  public var total: Counts {
    counts.values.reduce(into: Counts()) { total, counts in
      total.equal += counts.equal
      total.different += counts.different
      total.onlyInSource += counts.onlyInSource
      total.onlyInDatabase += counts.onlyInDatabase
      total.invalid += counts.invalid
      total.repeated += counts.repeated
    }
  }

  /// Whether nothing differs, and there was a file to read.
  public var isEmpty: Bool { isWithin(Limits()) }

  /// Whether no more differs than allowed.
  package func isWithin(_ limits: Limits) -> Bool {
    let total = total
    return (nothingFound == nil || limits.allowsEmptySource)
      && total.onlyInSource <= limits.onlyInSource
      && total.onlyInDatabase <= limits.onlyInDatabase && total.different <= limits.different
  }

  /// The reason why it is not within limits, in a line.
  package func reason(_ limits: Limits) -> String {
    if let nothingFound, !limits.allowsEmptySource { return "\(source): error: \(nothingFound)" }
    let total = total
    let counts = [
      (total.different, limits.different, "different"),
      (total.onlyInSource, limits.onlyInSource, "only in the source"),
      (total.onlyInDatabase, limits.onlyInDatabase, "only in the database"),
    ]
    return "\(source) and \(database) differ by more than is allowed: "
      + counts.filter { $0.0 > $0.1 }.map { count, limit, what in
        "\(PlainText.grouped(count)) \(what)"
          + (limit > 0 ? " (\(PlainText.grouped(limit)) allowed)" : "")
      }.joined(separator: ", ")
  }
}

extension DiffReport {
  /// The report as a JSON object: `success` (whether nothing differs), `source`, `database`,
  /// `counts` (per kind and `total`), `nothing_found` (a message if there was no file to read in
  /// the source, else null), `limits`, `entries` and `entries_omitted`.
  public var json: String { json(limits: Limits()) }

  /// The report as a JSON object, whose `success` is whether no more differs than allowed.
  package func json(limits: Limits) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object { writer in
      writer.member("success", isWithin(limits))
      writer.member("source", source)
      writer.member("database", database)
      writer.object("counts") {
        for kind in catalog.kinds { $0.member(kind.rawValue, self[kind]) }
        $0.member("total", total)
      }
      writer.member("nothing_found", nothingFound)
      writer.object("limits") {
        $0.member("only_in_source", limits.onlyInSource)
        $0.member("only_in_database", limits.onlyInDatabase)
        $0.member("different", limits.different)
        if limits.allowsEmptySource { $0.member("allow_empty", true) }
      }
      writer.member("entries", each: entries) { $0.entry($1) }
      writer.member("entries_omitted", entriesOmitted)
    }
    return writer.text
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: String, _ counts: DiffReport.Counts) {
    member(name) {
      $0.object {
        $0.member("equal", counts.equal)
        $0.member("different", counts.different)
        $0.member("only_in_source", counts.onlyInSource)
        $0.member("only_in_database", counts.onlyInDatabase)
        $0.member("invalid", counts.invalid)
        $0.member("repeated", counts.repeated)
      }
    }
  }

  fileprivate mutating func entry(_ entry: DiffReport.Entry) {
    object { writer in
      writer.member("category", entry.category.rawValue)
      writer.member("kind", entry.kind.rawValue)
      writer.member("id", entry.id)
      writer.member("path", entry.path)
      writer.member("locator") { $0.locator(entry.locator) }
      writer.member("line", entry.line)
      writer.member("changed", entry.change?.rawValue)
      writer.member("run", entry.run)
      writer.member("fields", objects: entry.differences) { writer, difference in
        writer.member("member", difference.member)
        writer.member("source", difference.source)
        writer.member("database", difference.database)
      }
      writer.member("problem", entry.problem)
    }
  }
}

extension DiffReport {
  /// The report as text: each entry, a table of the counts, and notes.
  ///
  /// Ids and paths are written as JSON strings, so none can break a line; to show the text on a
  /// terminal, other control characters still have to be escaped.
  public var text: String { lines(width: 80).map { $0 + "\n" }.joined() }

  /// The lines of ``text``, with a table that fits `width` columns.
  package func lines(width: Int) -> [String] {
    var lines = entries.flatMap(\.lines)
    if entriesOmitted > 0 { lines.append("… and \(PlainText.grouped(entriesOmitted)) more") }
    if !lines.isEmpty { lines.append("") }
    lines += table.lines(width: width)
    if let nothingFound { lines += ["", "error: " + DiffReport.plain(nothingFound)] }
    if total.repeated > 0 {
      lines.append("")
      lines.append(
        PlainText.counted(total.repeated, "entity", "entities")
          + " of the source with the id of an earlier one: only the first of each id is compared")
    }
    if total.invalid > 0 {
      lines.append("")
      lines.append(
        PlainText.counted(total.invalid, "entity", "entities")
          + " of the source cannot be migrated: counted as different if the database has the id, "
          + "else as only in the source")
    }
    return lines
  }

  private var table: TextTable {
    var table = TextTable(
      [""], numbers: ["equal", "different", "only in source", "only in database"])
    func add(_ label: String, _ counts: Counts) {
      let numbers = [
        counts.equal, counts.different, counts.onlyInSource, counts.onlyInDatabase,
      ]
      table.add([label] + numbers.map { PlainText.grouped($0) })
    }
    for kind in catalog.kinds { add(kind.schema.plural, self[kind]) }
    add("total", total)
    return table
  }
}

extension DiffReport.Entry {
  /// A line that says what differs and where, then a line for each member.
  package var lines: [String] {
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
    case (.onlyInDatabase, .reading):
      return "unchanged in the source\(since), but read otherwise now, as under another id"
    case (.onlyInDatabase, _):
      guard let run, let otherReading else { return "never migrated" }
      switch otherReading {
      case .source(let source): return "run \(run) migrated it from \(DiffReport.plain(source))"
      case .mappings(let names):
        let list = names.map(DiffReport.quoted).joined(separator: ", ")
        return "run \(run) read its source with the mapping\(names.count == 1 ? "" : "s") "
          + "\(list), not given now"
      }
    case (.different, .source): return "the source changed\(since)"
    case (.different, .database): return "the database changed\(since)"
    case (.different, .both): return "the source and the database changed\(since)"
    case (.different, .reading):
      return "neither changed\(since); it is read otherwise now, as through another mapping"
    case (.different, nil): return "the row is not from a migration"
    }
  }
}

extension DiffReport {
  /// A text as a JSON string.
  fileprivate static func quoted(_ text: String) -> String { JSONValue.string(text).text }

  /// A text unchanged, or as a JSON string if it has a control character.
  fileprivate static func plain(_ text: String) -> String {
    text.utf8.allSatisfy { $0 >= 0x20 } ? text : quoted(text)
  }
}
