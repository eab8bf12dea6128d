import Foundation
public import RMOSModels

/// One case of the contract by example: a source tree and what must come of it.
public struct ConformanceCase: Sendable, CustomStringConvertible {
  /// What must become of one entity.
  public struct ExpectedOutcome: Sendable, Hashable {
    /// The file's path relative to the source.
    public var source: String
    /// The text of the locator, nil where the file holds one entity.
    public var locator: String?
    /// The id, nil where none can be known.
    public var id: String?
    /// What becomes of it.
    public var outcome: Outcome
    /// The codes of all its issues, sorted; each as often as it occurs.
    public var codes: [String]
  }
  /// Columns the store must hold.
  public struct ExpectedRow: Sendable, Hashable {
    /// The kind.
    public var kind: EntityKind
    /// The id.
    public var id: String
    /// Values by column, of the type the column must hold.
    public var columns: [String: Value]
  }

  /// The case's name.
  public var name: String
  /// What it shows.
  public var why: String
  /// The path of its source tree.
  public var source: String
  /// The counts per kind.
  public var statistics: MigrationStatistics
  /// The outcomes, in order.
  public var outcomes: [ExpectedOutcome]
  /// The codes of all issues that belong to no entity, sorted; each as often as it occurs.
  public var runIssues: [String]
  /// What the store must then hold.
  public var rows: [ExpectedRow]

  /// The name.
  public var description: String { name }

  /// Reads `expected.json`; numbers keep their text, so that 2 and 2.0 differ.
  init(directory: String) throws {
    let name = (directory as NSString).lastPathComponent
    self.name = name
    source = directory + "/source"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: directory + "/expected.json"))
    let expected = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
    why = try expected["why"].text()
    statistics = MigrationStatistics()
    for kind in EntityCatalog.rmos.kinds {
      let counts = expected["stats"]?[kind.rawValue]
      for outcome in Outcome.allCases {
        for _ in 0..<(counts?[outcome.rawValue]?.int64 ?? 0) { statistics.add(outcome, of: kind) }
      }
      guard counts?["found"]?.int64 == Int64(statistics[kind].found) else {
        throw Malformed(description: "\(name): stats of \(kind) do not add up")
      }
    }
    outcomes = try expected["outcomes"].elements().map { item in
      let locator = item["locator"]
      guard let outcome = Outcome(rawValue: try item["outcome"].text()) else {
        throw Malformed(description: "unknown outcome")
      }
      return ExpectedOutcome(
        source: try item["source"].text(),
        locator: locator?.string ?? locator?.int64.map { String($0) }, id: item["id"]?.string,
        outcome: outcome,
        codes: try item["codes"].elements().map { try Optional($0).text() }.sorted())
    }
    runIssues =
      try expected["run_issues"] == nil
      ? [] : expected["run_issues"].elements().map { try Optional($0).text() }.sorted()
    rows = try expected["rows"].elements().map { item in
      guard let kind = EntityCatalog.rmos.kind(named: try item["table"].text()),
        case .object(let columns)? = item["columns"]
      else { throw Malformed(description: "no table or columns") }
      return ExpectedRow(
        kind: kind, id: try item["id"].text(),
        columns: try Dictionary(
          uniqueKeysWithValues: columns.map { ($0.name, try Value(expected: $0.value)) }))
    }
  }

  fileprivate struct Malformed: Error, CustomStringConvertible {
    let description: String
  }
}

extension JSONValue? {
  fileprivate func text() throws -> String {
    guard let text = self?.string else { throw ConformanceCase.Malformed(description: "no text") }
    return text
  }
  fileprivate func elements() throws -> [JSONValue] {
    guard case .array(let elements)? = self else {
      throw ConformanceCase.Malformed(description: "no list")
    }
    return elements
  }
}

extension Value {
  fileprivate init(expected: JSONValue) throws {
    switch expected {
    case .null: self = .null
    case .string(let text): self = .text(text)
    case .number(let number):
      if number.text.allSatisfy({ $0.isNumber || $0 == "-" }), let integer = number.int64 {
        self = .integer(integer)
      } else {
        self = .real(number.double)
      }
    case .bool, .array, .object:
      throw ConformanceCase.Malformed(description: "a column holds no \(expected.text)")
    }
  }
}
