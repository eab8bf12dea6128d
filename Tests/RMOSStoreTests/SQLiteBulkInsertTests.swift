import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import RMOSTesting
import Testing

/// Tests that bulk loads write and refuse the same rows as single inserts.
///
/// A bulk load inserts many rows with one statement, checks references itself and checkpoints the
/// log on another thread.
@Suite("Inserting during a bulk load")
struct SQLiteBulkInsertTests {
  /// A property of the database that makes it refuse rows, or changes how a bulk load works.
  enum Form: CaseIterable {
    case plain
    /// A constraint of another application refuses some rows.
    case constraint
    /// Columns of another application accept no text.
    case strict
    /// An index of another application cannot be computed for some rows.
    case expression
    /// A check of another application fails, or cannot be computed.
    case check
    /// A foreign key that the schema does not have.
    case foreignKey
    /// Foreign keys that are checked at the end of the transaction.
    case deferred

    var sql: String {
      let jobs = EntityKind.joblogs.schema.createTableSQL
      switch self {
      case .plain: return ""
      case .constraint: return "CREATE UNIQUE INDEX other ON joblogs(job_type)"
      case .expression: return "CREATE INDEX other ON joblogs(json(job_type))"
      case .strict:
        return "DROP TABLE joblogs; "
          + jobs.replacing("results_json TEXT", with: "results_json BLOB") + " STRICT"
      case .check:
        return "DROP TABLE joblogs; "
          + jobs.replacing(
            "job_type TEXT NOT NULL",
            with: "job_type TEXT NOT NULL CHECK (abs(json_extract(job_type, '$')) <> 50)")
      case .foreignKey:
        return "DROP TABLE joblogs; CREATE TABLE types (id TEXT PRIMARY KEY); "
          + "INSERT INTO types VALUES ('1'), ('2'), ('3'); "
          + jobs.replacing("job_type TEXT NOT NULL", with: "job_type TEXT REFERENCES types(id)")
      case .deferred:
        return "DROP TABLE joblogs; "
          + jobs.replacing("patterns(id)", with: "patterns(id) DEFERRABLE INITIALLY DEFERRED")
      }
    }
  }

  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Returns a database with some patterns, families and job logs, and with the provenance of two
  /// rows that no longer exist.
  private func makeStore(_ name: String, _ form: Form = .plain) throws -> SQLiteStore {
    let path = directory.file(name)
    try SQLiteStore(path: path).close()
    _ = try sqlite3(path, form.sql)
    _ = try sqlite3(
      path,
      "INSERT INTO migration_provenance VALUES ('joblogs', 'job-50', 7, 'left.json', 0, 0, 2, "
        + "x'00', NULL, 1), ('joblogs', 'job-51', 7, 'left.json', 1, 0, 2, x'00', NULL, 1)")
    let store = try SQLiteStore(path: path)
    try store.write { transaction in
      for kind in [EntityKind.stripFamilies, .patterns] {
        for number in 0..<5 {
          try transaction.insert(StoreSamples.record(kind, "\(number)"), provenance: nil)
        }
      }
      for number in [3, 40, 77] {
        try transaction.insert(
          StoreSamples.record(
            .joblogs, "job-\(number)",
            ["job_type": .text(form == .foreignKey ? "1" : "\(number)"), "results": .null]),
          provenance: nil)
      }
    }
    return store
  }

  private func jobs(_ form: Form, _ random: inout SeededGenerator) -> RecordBatch {
    StoreSamples.batch(
      .joblogs,
      (0..<100).map { number in
        var changes: [String: Value] = ["job_type": .text("\(number)")]
        // Few rows are refused, so that groups with no, one and several refused rows occur.
        if Int.random(in: 0..<30, using: &random) == 0 { changes["job_type"] = .text("x") }
        if form == .strict {
          changes["results"] = changes["job_type"] == .text("x") ? .text("{}") : .null
        }
        if form == .foreignKey { changes["job_type"] = .text("\(1 + number % 3)") }
        for member in ["pattern_id", "strip_family_id"] where Bool.random(using: &random) {
          let isMissing = Int.random(in: 0..<60, using: &random) == 0
          changes[member] = .text(isMissing ? "none" : "\(Int.random(in: 0..<5, using: &random))")
        }
        if form == .foreignKey, Int.random(in: 0..<30, using: &random) == 0 {
          changes["job_type"] = .text("none")
        }
        var entity = StoreSamples.Entity(
          StoreSamples.record(.joblogs, "job-\(number)", changes))
        entity.path = number % 7 == 0 ? "joblogs/other.json" : "joblogs/all.json"
        entity.locator = number % 3 == 0 ? .key("k\(number)") : .index(number)
        if number % 5 == 0 { entity.unknownMembers = #"{"shelf":\#(number)}"# }
        return entity
      })
  }

  @Test(arguments: Form.allCases, 1...6)
  func writesAndRefusesWhatSingleInsertsDo(_ form: Form, _ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let batch = jobs(form, &random)
    let indices = batch.entries.indices.filter { _ in
      Int.random(in: 0..<10, using: &random) > 0
    }
    let (plain, bulk) = (try makeStore("plain.db", form), try makeStore("bulk.db", form))
    let expected = try plain.write { transaction in
      try indices.reduce(into: [Int: StoreError]()) { refused, index in
        refused.merge(try transaction.insert(batch, at: [index], run: 1)) { $1 }
      }
    }
    let refused = try bulk.withBulkLoad {
      try bulk.write { try $0.insert(batch, at: indices, run: 1) }
    }
    #expect(!refused.isEmpty)
    #expect(
      refused.mapValues { [$0.code.rawValue, $0.message] }
        == expected.mapValues { [$0.code.rawValue, $0.message] })
    #expect(try StoreContent(of: bulk) == StoreContent(of: plain))
  }

  @Test
  func whatIsNotABatchIsCheckedBySQLite() throws {
    let store = try makeStore("x.db")
    try store.withBulkLoad {
      var random = SeededGenerator(seed: 1)
      _ = try store.write { try $0.insert(jobs(.plain, &random), at: [0, 1], run: 1) }
      let dangling = StoreSamples.record(.joblogs, "new", ["pattern_id": .text("none")])
      #expect(throws: StoreError.self) {
        try store.write { try $0.insert(dangling, provenance: nil) }
      }
    }
    try store.withBulkLoad {
      let referring = StoreSamples.record(.joblogs, "job-3", ["pattern_id": .text("2")])
      let isUpdated = try store.write { try $0.update(referring) }
      #expect(isUpdated)
      #expect(throws: StoreError.self) {
        _ = try store.write { try $0.delete(.patterns, id: "2") }
      }
    }
    let dangling = StoreSamples.record(.joblogs, "job-3", ["pattern_id": .text("none")])
    #expect(throws: StoreError.self) { _ = try store.write { try $0.update(dangling) } }
  }

  /// Returns rows of 100 kB, few of which fill a long log.
  private func largeRows(_ start: Int, count: Int) -> RecordBatch {
    let text = String(repeating: "x", count: 100_000)
    return StoreSamples.batch(
      .stripFamilies,
      (start..<start + count).map {
        .init(StoreSamples.record(.stripFamilies, "large-\($0)", ["name": .text(text)]))
      })
  }

  @Test
  func theLogIsCheckpointedMeanwhileAndStartsOver() throws {
    let store = try makeStore("x.db")
    let path = directory.file("x.db")
    try store.withBulkLoad {
      for round in 0..<25 {
        let batch = largeRows(20 * round, count: 20)
        _ = try store.write { try $0.insert(batch, at: Array(0..<20), run: 1) }
      }
    }
    // Closing the connections would checkpoint the log; they are still open.
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int ?? 0
    // Of 50 MB, at most the length at which the writer waits for a checkpoint is only in the log.
    #expect(size > 10_000_000)
    #expect(log < 40_000_000)
    #expect(try store.read { try $0.count(RecordQuery(.stripFamilies)) } == 505)
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
  }

  @Test
  func aReaderThatNeedsTheLogDoesNotStopTheLoad() throws {
    let store = try makeStore("x.db")
    try store.read { reader in
      let before = try reader.count(RecordQuery(.stripFamilies))
      try store.withBulkLoad {
        for round in 0..<20 {
          let batch = largeRows(20 * round, count: 20)
          _ = try store.write { try $0.insert(batch, at: Array(0..<20), run: 1) }
        }
      }
      let after = try reader.count(RecordQuery(.stripFamilies))
      #expect(before == 5 && after == 5)
    }
    #expect(try store.read { try $0.count(RecordQuery(.stripFamilies)) } == 405)
  }
}
