import RMOSMigration
package import RMOSModels
import RMOSStore
import RMOSSystem

/// An example of the contract: a source tree, and the expected result of migrating it.
package struct ContractCase: Sendable, CustomStringConvertible {
  /// The expected outcome of an entity.
  package struct ExpectedOutcome: Sendable, Hashable {
    /// The file's path relative to the source.
    package var source: String
    /// The text of the locator; `nil` if the file contains a single entity.
    package var locator: String?
    /// The id; `nil` if it cannot be known.
    package var id: String?
    /// The outcome.
    package var outcome: Outcome
    /// The codes of all its issues, sorted; each as often as it occurs.
    package var codes: [String]

    /// Creates an outcome.
    init(
      source: String, locator: String?, id: String?, outcome: Outcome, codes: [String]
    ) {
      self.source = source
      self.locator = locator
      self.id = id
      self.outcome = outcome
      self.codes = codes
    }
  }

  /// A row with expected values.
  package struct ExpectedRow: Sendable, Hashable {
    /// The kind.
    var kind: EntityKind
    /// The id.
    var id: String
    /// The expected values by column; their types count, too.
    package var columns: [String: Value]
  }

  /// The case's name.
  package let name: String
  /// The requirement that it shows, as a sentence.
  let why: String
  /// The files of its source tree, by relative path.
  package let files: [(path: String, bytes: [UInt8])]
  /// The counts per kind.
  package let statistics: MigrationStatistics
  /// The outcomes, in order.
  package let outcomes: [ExpectedOutcome]
  /// The codes of all issues that do not belong to an entity, sorted; each as often as it occurs.
  let runIssues: [String]
  /// Rows that the store must contain afterwards.
  package let rows: [ExpectedRow]

  /// The name.
  package var description: String { name }

  /// Returns all cases, sorted by name.
  ///
  /// - Throws: An error if a case cannot be read.
  package static func all() throws -> [ContractCase] {
    try loaded.get()
  }

  private static let loaded = Result { try load() }

  private static func load() throws -> [ContractCase] {
    var files: [(name: String, files: [(path: String, bytes: [UInt8])])] = []
    for line in EmbeddedCases.text.split(separator: "\n") {
      guard let bar = line.lastIndex(of: "|"), let slash = line.firstIndex(of: "/") else {
        throw Malformed(description: "a line without a path")
      }
      let name = String(line[..<slash])
      if files.last?.name != name { files.append((name, [])) }
      let path = String(line[line.index(after: slash)..<bar])
      files[files.count - 1].files.append((path, try bytes(line[line.index(after: bar)...])))
    }
    return try files.map { try ContractCase(name: $0.name, files: $0.files) }
  }

  private static func bytes(_ pieces: Substring) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for piece in pieces.split(separator: " ") {
      let parts = piece.split(separator: "*")
      guard let text = parts.last, let unit = Base64.decode(String(text)) else {
        throw Malformed(description: "no Base64")
      }
      let count = parts.count == 2 ? Int(parts[0]) ?? 0 : 1
      for _ in 0..<count { bytes += unit }
    }
    return bytes
  }

  /// Reads `expected.json`; numbers keep their text, so that 2 and 2.0 differ.
  private init(name: String, files: [(path: String, bytes: [UInt8])]) throws {
    self.name = name
    let source = "source/"
    self.files = files.filter { $0.path.hasPrefix(source) }
      .map { (String($0.path.dropFirst(source.count)), $0.bytes) }
    guard let bytes = files.first(where: { $0.path == "expected.json" })?.bytes else {
      throw Malformed(description: "\(name) has no expected.json")
    }
    let expected = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
    why = try expected["why"].text()
    var statistics = MigrationStatistics()
    for kind in EntityCatalog.rmos.kinds {
      let counts = expected["stats"]?[kind.rawValue]
      for outcome in Outcome.allCases {
        for _ in 0..<(counts?[outcome.rawValue]?.int64 ?? 0) { statistics.add(outcome, of: kind) }
      }
      guard counts?["found"]?.int64 == Int64(statistics[kind].found) else {
        throw Malformed(description: "\(name): stats of \(kind) do not add up")
      }
    }
    self.statistics = statistics
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
    guard let text = self?.string else { throw ContractCase.Malformed(description: "no text") }
    return text
  }
  fileprivate func elements() throws -> [JSONValue] {
    guard case .array(let elements)? = self else {
      throw ContractCase.Malformed(description: "no list")
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
      throw ContractCase.Malformed(description: "a column holds no \(expected.text)")
    }
  }
}

extension StoreConformance {
  /// Checks of the contract's cases: each is rehearsed and migrated, twice.
  static let contract: [Declaration] = {
    do {
      return try ContractCase.all().map { example in
        Declaration("\(example.name): \(example.why)", subject: { try check(example, $0) })
      }
    } catch {
      return [Declaration("the cases can be read", subject: { _ in throw error })]
    }
  }()

  private static func check(_ example: ContractCase, _ subject: Subject) throws {
    let store = try subject.store()
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    for file in example.files { try directory.write(file.bytes, to: "source/\(file.path)") }
    let source = directory.path + "/source"
    if example.files.isEmpty { try directory.makeDirectory("source") }
    var dry = Migration.Options()
    dry.isDryRun = true

    let rehearsed = try migrate(source, into: store, dry)
    try expect(try StoreContent(of: store).records, equals: [], "after the dry run")
    try expectRun(rehearsed, example)
    let migrated = try migrate(source, into: store)
    try expectRun(migrated, example)
    try expect(migrated.issues, equals: rehearsed.issues)
    let report = try MigrationReport(ofRun: nil, in: store)
    try expect(report.isSuccess, equals: migrated.summary.isSuccess)
    try expect(report.issueCounts, equals: migrated.summary.issueCounts)
    for row in example.rows { try expectRow(row, store) }
    try expectPassesAudit(store)

    let content = try StoreContent(of: store)
    let again = example.outcomes.map { outcome in
      var expected = outcome
      if outcome.outcome == .migrated {
        expected.outcome = .skipped
        expected.codes = (expected.codes + ["duplicate.identical"]).sorted()
      }
      return expected
    }
    let rehearsedAgain = try migrate(source, into: store, dry)
    let second = try migrate(source, into: store)
    try expect(second.outcomes, equals: again)
    try expect(rehearsedAgain.outcomes, equals: again)
    try expect(rehearsedAgain.issues, equals: second.issues)
    try expect(second.runIssues, equals: example.runIssues)
    try expect(try StoreContent(of: store), equals: content)
  }

  private static func expectRun(_ run: RecordedMigration, _ example: ContractCase) throws {
    try expect(run.outcomes, equals: example.outcomes)
    try expect(run.runIssues, equals: example.runIssues)
    try expect(run.summary.statistics, equals: example.statistics)
    let hasErrors = run.issues.contains { $0.severity == .error }
    try expect(run.summary.isSuccess, equals: !hasErrors)
    try expect(MigrationReport(of: run.summary).isSuccess, equals: !hasErrors)
  }

  private static func expectRow(_ row: ContractCase.ExpectedRow, _ store: any RecordStore) throws {
    let record = try store.read { try $0.record(row.kind, id: row.id) }
    for (column, value) in row.columns {
      let found = row.kind.schema.position(ofColumn: column).flatMap { record?.values[$0] }
      try expect(found, equals: value, "\(row.id).\(column)")
    }
  }
}
