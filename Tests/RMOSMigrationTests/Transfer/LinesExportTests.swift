import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSMigration

/// Exports of lines, whose pieces are read in parallel.
@Suite struct LinesExportTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.file("rmos.db") }

  init() throws { directory = try TemporaryDirectory() }

  /// Values that other programs store in columns, as SQL.
  private static let oddValues = [
    "NULL", "''", "'null'", "' null '", "'{}'", "'{ \"a\" : 1 }'", "'{\"a\":1}'", "'{\"a\":1'",
    "'[1,2]'", "'\"x\"'", "'a\"b'", "'a\\b'", "'a' || char(10) || 'b'", "char(0)",
    "'a' || char(0)", "char(127)", "char(8232)", "'é日😀'", "CAST(x'FF' AS TEXT)",
    "CAST(x'61C3' AS TEXT)", "CAST(x'22C322' AS TEXT)", "CAST(x'7B2261223A22FF227D' AS TEXT)",
    "x'00AB'", "x''", "0", "-1", "99", "100", "9223372036854775807", "-9223372036854775808",
    "0.0", "-0.0", "1.5", "1e300", "9e999", "-9e999", "0.1", "4.9e-324",
  ]

  /// A database with rows as other programs leave them.
  private func makeOddDatabase(_ seed: UInt64) throws -> SQLiteStore {
    var random = SeededGenerator(seed: seed)
    do {
      let tree = try RandomTree(seed: seed)
      _ = try Migration(from: tree.path, into: SQLiteStore(path: path)).runSynchronously()
    }
    var sql = ["PRAGMA foreign_keys = OFF"]
    for kind in EntityCatalog.rmos.kinds {
      for field in kind.schema.fields {
        for remainder in 0..<3 {
          let value = Self.oddValues.randomElement(using: &random) ?? "NULL"
          sql.append(
            "UPDATE OR IGNORE \(kind.table) SET \(field.column) = \(value) "
              + "WHERE rowid % 7 = \(remainder * 2 + Int.random(in: 0...1, using: &random))")
        }
      }
      let list = kind.schema.fields.map(\.column).dropFirst().joined(separator: ", ")
      for id in ["NULL", "NULL", "x'01'", "'Z'", "'é'", "CAST(x'FF' AS TEXT)"] {
        sql.append(
          "INSERT OR IGNORE INTO \(kind.table) (id, \(list)) "
            + "SELECT \(id), \(list) FROM \(kind.table) LIMIT 1")
      }
    }
    for value in Self.oddValues.shuffled(using: &random).prefix(6) {
      sql.append(
        "UPDATE migration_provenance SET unknown_json = \(value) WHERE entity_id IN "
          + "(SELECT entity_id FROM migration_provenance ORDER BY random() LIMIT 3)")
    }
    try sqlite3(path, sql.joined(separator: ";\n") + ";")
    return try SQLiteStore(path: path, access: .readOnly)
  }

  private func exported(
    _ store: any RecordStore, to name: String, entitiesPerPiece: Int = 2000
  ) throws -> (summary: Export.Summary, files: [String: Data]) {
    var options = Export.Options()
    options.layout = .lines
    options.entitiesPerPiece = entitiesPerPiece
    let target = directory.file(name)
    let summary = try Export(of: store, to: target, options: options).runSynchronously()
    return (summary, ExportTests.files(target))
  }

  @Test(arguments: UInt64(1)..<9)
  func piecesAndRecordsGiveTheSameBytes(_ seed: UInt64) throws {
    let store = try makeOddDatabase(seed)
    let whole = try exported(store, to: "whole")
    #expect(whole.summary.total > 0 && whole.summary.leftOut >= 9)
    // A wrapped store only has what every store has: decoded text, not its bytes.
    let wrapped = try exported(FaultyStore(store, failingAt: nil), to: "wrapped")
    var summary = whole.summary
    summary.issues.removeAll { $0.message.contains("bytes that are not UTF-8") }
    #expect(summary.issues.count < whole.summary.issues.count)
    #expect(wrapped.files == whole.files && wrapped.summary == summary)
    for count in [1, 2, 7] {
      let pieces = try exported(store, to: "by-\(count)", entitiesPerPiece: count)
      #expect(pieces.files == whole.files && pieces.summary == whole.summary, "\(count)")
    }
  }

  @Test(arguments: UInt64(11)..<15)
  func everyValueIsWrittenAsItIs(_ seed: UInt64) throws {
    let store = try makeOddDatabase(seed)
    let files = try exported(store, to: "out").files
    for kind in store.catalog.kinds {
      let data = files["\(kind.table)/\(kind.table).jsonl"] ?? Data()
      let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let records = try store.read { reader in
        var records: [(record: Record, unknownMembers: String?)] = []
        try reader.forEachRecord(kind) { record in
          guard case .text(let id) = record.values[0] else { return }
          records.append((record, try reader.provenance(kind, id: id)?.unknownMembers))
        }
        return records
      }
      #expect(lines.count == records.count + 1 && lines.last?.isEmpty == true)
      for (line, (record, unknownMembers)) in zip(lines, records) {
        let expected = Self.members(of: record, unknownMembers)
        let found = try JSONValue(parsing: String(decoding: line, as: UTF8.self))
        guard case .object(let members) = found else {
          Issue.record("not an object")
          continue
        }
        #expect(members.map(\.name) == expected.map(\.name))
        #expect(members.map(\.value.text) == expected.map(\.value))
      }
    }
  }

  /// The members that a row must give, with their values as JSON text.
  private static func members(
    of record: Record, _ unknownMembers: String?
  ) -> [(name: String, value: String)] {
    var members: [(name: String, value: String)] = []
    for (field, value) in zip(record.kind.schema.fields, record.values) {
      var text: String?
      switch value {
      case .null: break
      case .integer(let number): text = String(number)
      case .real(let number):
        text = number.isFinite ? "\(number == 0 ? 0 : number)" : number < 0 ? "-1e999" : "1e999"
      case .blob(let bytes):
        text = "\"\(bytes.map { String(format: "%02x", $0) }.joined())\""
      case .text(let string):
        text = JSONValue.string(string).text
        if case .json = field.type, let json = try? JSONText(parsing: string) {
          text = json.text == "null" ? nil : JSONText(json.value).text
        }
      }
      if let text { members.append((field.member, text)) }
    }
    if let unknownMembers, let json = try? JSONText(parsing: unknownMembers),
      case .object(let unknown) = json.value
    {
      members += unknown.map { ($0.name, $0.value.text) }
    }
    return members
  }

  @Test func aPieceThatIsLargeIsWrittenInTurn() throws {
    let store = try SQLiteStore(path: path)
    let text = String(repeating: "x", count: 3 << 20)
    try store.write { transaction in
      for number in 0..<9 {
        try transaction.insert(StoreSamples.record(.patterns, "p\(number)", ["name": .text(text)]))
      }
    }
    let whole = try exported(store, to: "whole")
    #expect(whole.summary.byteCount > 9 * text.utf8.count)
    #expect(try exported(store, to: "pieces", entitiesPerPiece: 3).files == whole.files)
  }

  @Test func aCancelledExportLeavesNothingWhicheverThreadNoticesIt() throws {
    let store = try SQLiteStore(path: path)
    try store.write { transaction in
      for number in 0..<200 {
        try transaction.insert(StoreSamples.record(.joblogs, "j\(number)"))
      }
    }
    var options = Export.Options()
    options.layout = .lines
    options.entitiesPerPiece = 5
    for last in [1, 2, 7, 30] {
      let questions = Mutex(0)
      let error = #expect(throws: MigrationError.self) {
        try Export(of: store, to: directory.file("out"), options: options).runSynchronously {
          questions.withLock { questions in
            questions += 1
            return questions == last
          }
        }
      }
      #expect(error?.code == .cancelled)
      let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
      #expect(names.allSatisfy { $0.hasPrefix("rmos.db") })
    }
  }

  @Test func aStoreThatFailsEndsTheExport() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for number in 0..<200 {
        try transaction.insert(StoreSamples.record(.joblogs, "j\(number)"))
      }
    }
    let calls = FaultyStore(store, failingAt: nil)
    _ = try exported(calls, to: "whole")
    for call in 1...calls.counts.calls {
      let error = #expect(throws: StoreError.self) {
        try exported(FaultyStore(store, failingAt: .call(call)), to: "out")
      }
      #expect(error?.code == .diskFull)
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["whole"])
  }
}
