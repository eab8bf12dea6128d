package import RMOSModels

extension MigrationReport {
  /// Creates the report of statistics.
  package init(of statistics: MigrationStatistics) { self.statistics = statistics }

  /// Creates the report of the text of a statistics file.
  ///
  /// The text must be a JSON object with one member for each kind and no other. Each has `found`,
  /// `migrated`, `skipped`, `failed` and, unless an old version wrote it, `updated`; `found` is the
  /// sum of the others. A byte-order mark is ignored.
  ///
  /// - Parameters:
  ///   - text: The text of the file.
  ///   - catalog: The kinds that it counts.
  /// - Throws: ``MigrationError/Code/statisticsInvalid``, with what was found and expected.
  package init(
    statisticsJSON text: String, catalog: EntityCatalog = .rmos
  ) throws(MigrationError) {
    self.init(of: try StatisticsText.parse(text, catalog))
  }
}

/// The strict reader of a statistics file.
private enum StatisticsText {
  private static let required =
    ["found"]
    + Outcome.allCases.map(\.rawValue).filter {
      $0 != Outcome.updated.rawValue
    }

  static func parse(
    _ text: String, _ catalog: EntityCatalog
  ) throws(MigrationError) -> MigrationStatistics {
    let text =
      text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    let value: JSONValue
    do throws(ParsingError) {
      value = try JSONValue(parsing: text)
    } catch {
      throw invalid("are not valid JSON: \(error)")
    }
    let names = catalog.kinds.map(\.rawValue)
    let members = try object(value, "", knowing: names, requiring: names)
    var statistics = MigrationStatistics(catalog)
    for kind in catalog.kinds {
      guard let counts = members[kind.rawValue] else { continue }
      statistics[kind] = try parse(counts, of: kind)
    }
    return statistics
  }

  private static func parse(
    _ value: JSONValue, of kind: EntityKind
  ) throws(MigrationError) -> MigrationStatistics.Counts {
    let place = "/" + kind.rawValue
    let members = try object(
      value, place, knowing: required + [Outcome.updated.rawValue], requiring: required)
    func count(_ name: String) throws(MigrationError) -> Int {
      guard let value = members[name] else { return 0 }
      guard let number = value.int64, 0...Int64(MigrationStatistics.largestCount) ~= number else {
        throw invalid(
          "have \(shortened(value)) at \(place)/\(name); expected a whole number from 0 to "
            + PlainText.grouped(MigrationStatistics.largestCount))
      }
      return Int(number)
    }
    var counts = MigrationStatistics.Counts()
    counts.migrated = try count(Outcome.migrated.rawValue)
    counts.updated = try count(Outcome.updated.rawValue)
    counts.skipped = try count(Outcome.skipped.rawValue)
    counts.failed = try count(Outcome.failed.rawValue)
    let found = try count("found")
    guard found == counts.found else {
      throw invalid(
        "have \(found) at \(place)/found; expected \(counts.found), the sum of its outcomes")
    }
    return counts
  }

  /// The members of an object, each known and unique.
  private static func object(
    _ value: JSONValue, _ place: String, knowing known: [String], requiring required: [String]
  ) throws(MigrationError) -> [String: JSONValue] {
    let level = place.isEmpty ? "the top" : place
    guard case .object(let members) = value else {
      throw invalid(
        "have \(shortened(value)) at \(level); expected an object with "
          + required.joined(separator: ", "))
    }
    var result: [String: JSONValue] = [:]
    for member in members {
      guard known.contains(member.name) else {
        throw invalid(
          "have the member \(shortened(.string(member.name))) at \(level); expected only "
            + known.joined(separator: ", "))
      }
      guard result.updateValue(member.value, forKey: member.name) == nil else {
        throw invalid("have the member \(member.name) twice at \(level); expected it once")
      }
    }
    for name in required where result[name] == nil {
      throw invalid(
        "have no member \(name) at \(level); expected \(required.joined(separator: ", "))")
    }
    return result
  }

  private static func shortened(_ value: JSONValue) -> String {
    let text = value.text
    return text.count <= 40 ? text : text.prefix(39) + "…"
  }

  private static func invalid(_ what: String) -> MigrationError {
    MigrationError(.statisticsInvalid, "the statistics \(what)")
  }
}
