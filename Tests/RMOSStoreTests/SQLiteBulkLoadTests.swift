import RMOSModels
import RMOSStore
import RMOSTestSupport
import RMOSTesting
import Testing

/// Tests that look-ups during a bulk load, which caches ids, find the same as single look-ups.
@Suite("What is there during a bulk load")
struct SQLiteBulkLoadTests {
  enum Form: CaseIterable {
    case plain
    /// The database is in UTF-16, so ids are not in the order of their UTF-8 bytes.
    case utf16
    /// Inserting a row removes another.
    case trigger
    /// Inserting a row would remove another, and is refused.
    case replacing

    var sql: String {
      let tables = EntityCatalog.rmos.kinds.map { kind in
        let sql = kind.schema.createTableSQL
        guard self == .replacing, kind == .stripFamilies else { return sql }
        return sql.replacing(
          "name TEXT NOT NULL", with: "name TEXT NOT NULL UNIQUE ON CONFLICT REPLACE")
      }
      return (self == .utf16 ? "PRAGMA encoding = 'UTF-16le'; " : "")
        + (tables + ["CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT)"])
        .joined(separator: "; ")
        + "; INSERT INTO schema_version VALUES (2, '2025-01-01')"
        + (self == .trigger
          ? "; CREATE TRIGGER one_in_one_out AFTER INSERT ON strip_families BEGIN DELETE FROM "
            + "strip_families WHERE id = "
            + "(SELECT min(id) FROM strip_families WHERE id <> new.id); END"
          : "")
    }
  }

  private struct RolledBack: Error {}

  private static let ids = (0..<40).map { number in
    ["a", "Z", "\u{100}", "\u{10000}", "\u{FFFD}"][number % 5] + String(number / 5)
  }

  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: Form.allCases, 1...4)
  func factsAreThoseOfTheRowsThatAreThere(_ form: Form, _ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let path = directory.file("bulk.db")
    _ = try sqlite3(path, form.sql)
    let store = try SQLiteStore(path: path)
    try store.withBulkLoad {
      for _ in 0..<25 {
        let some = Array(
          Self.ids.shuffled(using: &random).prefix(Int.random(in: 8...20, using: &random)))
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1: try insert(.stripFamilies, some, into: store, &random)
        case 2: try insert(.patterns, some, into: store, &random)
        case 3:
          let list = some.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
          _ = try sqlite3(path, "DELETE FROM strip_families WHERE id IN (\(list))")
        case 4:
          try store.write { transaction in
            for id in some.prefix(5) { _ = try transaction.delete(.stripFamilies, id: id) }
          }
        default:
          #expect(throws: RolledBack.self) {
            try store.write { transaction in
              try insert(.stripFamilies, some, into: transaction, &random)
              throw RolledBack()
            }
          }
        }
        try store.write { try check(some, in: $0, &random) }
      }
    }
  }

  private func insert(
    _ kind: EntityKind, _ ids: [String], into store: SQLiteStore,
    _ random: inout SeededGenerator
  ) throws {
    try store.write { try insert(kind, ids, into: $0, &random) }
  }

  private func insert(
    _ kind: EntityKind, _ ids: [String], into transaction: any StoreTransaction,
    _ random: inout SeededGenerator
  ) throws {
    let absent = try ids.filter { try transaction.record(kind, id: $0) == nil }
    let batch = batch(kind, absent, &random)
    let refused = try transaction.insert(batch, at: Array(absent.indices), run: 1)
    #expect(refused.values.allSatisfy { $0.message.contains("UNIQUE") })
    // The last insert may have removed a row that was inserted before.
    try check(ids, in: transaction, &random)
  }

  private func batch(
    _ kind: EntityKind, _ ids: [String], _ random: inout SeededGenerator
  ) -> RecordBatch {
    StoreSamples.batch(
      kind,
      ids.map { id in
        var changes: [String: Value] = ["name": .text("n\(Int.random(in: 0..<2, using: &random))")]
        if kind == .patterns {
          changes["strip_family_id"] = Self.ids.randomElement(using: &random).map(Value.text)
        }
        var entity = StoreSamples.Entity(StoreSamples.record(kind, id, changes))
        if Bool.random(using: &random) { entity.unknownMembers = #"{"a":1}"# }
        return entity
      })
  }

  /// Compares the cached facts about patterns with the results of single look-ups.
  private func check(
    _ ids: [String], in transaction: any StoreTransaction, _ random: inout SeededGenerator
  ) throws {
    let ordered = ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for ids in [ids, ordered] {
      let batch = batch(.patterns, ids, &random)
      let facts = try transaction.facts(of: batch, in: 0..<ids.count)
      #expect(facts.count == ids.count)
      for (index, facts) in facts.enumerated() {
        let single = try transaction.facts(of: batch, in: index..<index + 1)
        #expect(single.map(\.comparison) == [facts.comparison])
        #expect(single.map(\.danglingReferences) == [facts.danglingReferences])
        let record = batch.record(at: index)
        let isNew = try transaction.record(.patterns, id: ids[index]) == nil
        #expect((facts.comparison == .absent) == isNew)
        guard case .text(let family)? = record["strip_family_id"] else { continue }
        let dangles = try transaction.record(.stripFamilies, id: family) == nil
        #expect(facts.danglingReferences == (dangles ? [0] : []))
      }
    }
  }
}
