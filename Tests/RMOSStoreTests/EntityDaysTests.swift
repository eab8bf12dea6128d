import RMOSModels
import RMOSStoreWrapper
import RMOSTestSupport
import Synchronization
import Testing

@testable import RMOSStore
@testable import RMOSTesting

@Suite("The days on which entities came")
struct EntityDaysTests {
  @Test("a time counts on its day in UTC, and what is no time on none")
  func times() {
    var days = EntityDays()
    days.add(2, of: .patterns, at: "2025-03-01T00:30:00+02:00")
    days.add(of: .patterns, at: "2025-02-28 23:59")
    days.add(3, of: .joblogs, at: "yesterday")
    days.add(of: .joblogs, at: nil)
    #expect(days.counts == ["2025-02-28": [.patterns: 3]])
    #expect(days.undated == [.joblogs: 4])
  }

  /// The statements that `sqlite3` runs between runs.
  ///
  /// They insert and delete rows that the ledger does not know, some with ids that are no text.
  private static let changes = [
    "",
    "DELETE FROM patterns WHERE rowid % 3 = 0",
    "INSERT INTO patterns SELECT 'q' || rowid, name, ring_count, geometry_json, strip_family_id, "
      + "CASE rowid % 4 WHEN 0 THEN 'no day' ELSE '2024-0' || (rowid % 4) || '-11' END, updated_at, "
      + "metadata_json, pattern_type, rosette_geometry FROM patterns LIMIT 40",
    "UPDATE patterns SET id = NULL WHERE rowid % 7 = 0; "
      + "UPDATE patterns SET id = x'6131' WHERE rowid = 4; UPDATE patterns SET id = '' WHERE rowid = 5",
    "UPDATE migration_provenance SET run_id = 9 WHERE entity_id LIKE '%3'",
    "DELETE FROM migration_provenance",
    "UPDATE migration_runs SET started_at = 'whenever' WHERE id = 2",
    // A table without an index of the ids, which may occur several times.
    "CREATE TABLE p AS SELECT * FROM patterns; DROP TABLE patterns; ALTER TABLE p RENAME TO patterns; "
      + "INSERT INTO patterns SELECT * FROM patterns WHERE rowid % 5 = 0",
    "INSERT INTO migration_provenance (kind, entity_id, run_id, path, byte_offset, byte_length, "
      + "sha256) VALUES ('patterns', x'00', 1, '', 0, 0, x''), ('patterns', '~', 1, '', 0, 0, x''), "
      + "('joblogs', 'p1', 1, '', 0, 0, x'')",
    "DROP TABLE migration_provenance",
  ]

  @Test(
    "pieces and the passes side by side count what looking each entity up does",
    arguments: changes, ["UTF-8", "UTF-16le"])
  func pieces(_ change: String, _ encoding: String) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      _ = try sqlite3(path, "PRAGMA encoding = '\(encoding)'; CREATE TABLE x (y); DROP TABLE x;")
      try SQLiteStore(path: path).bringUpToDate()
      let run =
        "INSERT INTO migration_runs (id, command, state, started_at, heartbeat_at, source, "
        + "options_json, tool_version, process_id, statistics_json, issue_counts_json, seconds, "
        + "timings_json) VALUES "
      let rows =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) "
      _ = try sqlite3(
        path,
        """
        \(run)(1, 'migrate', 'completed', '2025-01-02T03:04:05Z', '', '', '{}', '', 1, '{}', '{}', 1, '{}');
        \(run)(2, 'migrate', 'completed', '2025-02-03T03:04:05Z', '', '', '{}', '', 1, '{}', '{}', 1, '{}');
        \(rows) INSERT INTO patterns (id, name, ring_count, geometry_json, created_at)
          SELECT 'p' || (i * 37 % 120), 'n', 1, '{}', '2023-05-0' || (1 + i % 9) FROM n;
        \(rows) INSERT INTO migration_provenance (kind, entity_id, run_id, path, byte_offset,
          byte_length, sha256) SELECT 'patterns', 'p' || i, 1 + i % 3, 'x', 0, 0, x'00' FROM n;
        \(change);
        """)
      let store = try SQLiteStore(path: path, access: .inspect)
      let expected = try store.read { try PlainReader($0).entityDays() }
      #expect(try store.read { try $0.entityDays() } == expected)
      for size in [1, 7, 50, 1000] {
        #expect(try store.entityDays(inPiecesOf: size) == expected, "\(size)")
        #expect(try MixedStore(store).entityDays(inPiecesOf: size) == expected, "\(size)")
      }
    }
  }

  @Test(
    "rows are counted in blocks, at whose ends rows or provenance may be missing",
    arguments: ["1", "i % 8192 NOT IN (0, 1)", "i % 8192 IN (0, 1, 8191)", "i < 9000", "i > 9000"])
  func blocks(_ origins: String) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      try SQLiteStore(path: path).bringUpToDate()
      let numbers =
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999) "
      _ = try sqlite3(
        path,
        """
        INSERT INTO migration_runs (id, command, state, started_at, heartbeat_at, source,
          options_json, tool_version, process_id, statistics_json, issue_counts_json, seconds,
          timings_json) VALUES
          (1, 'migrate', 'completed', '2025-01-02T03:04:05Z', '', '', '{}', '', 1, '{}', '{}', 1, '{}'),
          (2, 'migrate', 'completed', '2025-02-03T03:04:05Z', '', '', '{}', '', 1, '{}', '{}', 1, '{}');
        \(numbers) INSERT INTO patterns (id, name, ring_count, geometry_json, created_at)
          SELECT printf('p%05d', i), 'n', 1, '{}', '2023-05-06' FROM n WHERE i % 1000 <> 7;
        \(numbers) INSERT INTO migration_provenance (kind, entity_id, run_id, path, byte_offset,
          byte_length, sha256) SELECT 'patterns', printf('p%05d', i), 1 + (i / 100) % 2, 'x', 0, 0, x'00'
          FROM n WHERE \(origins);
        """)
      let store = try SQLiteStore(path: path, access: .readOnly)
      let counts = try sqlite3(
        path,
        """
        SELECT count(*) FILTER (WHERE run_id = 1), count(*) FILTER (WHERE run_id = 2),
          count(*) FILTER (WHERE run_id IS NULL)
          FROM patterns LEFT JOIN migration_provenance ON kind = 'patterns' AND entity_id = id
        """
      ).split(separator: "|").map { Int($0) }
      for size in [700, 5000, 100_000] {
        let days = try store.entityDays(inPiecesOf: size).counts
        let found = ["2025-01-02", "2025-02-03", "2023-05-06"].map { days[$0]?[.patterns] ?? 0 }
        #expect(found == counts, "\(size)")
      }
    }
  }

  @Test("ranges are in order and of about the same size, whatever order the rows are in")
  func ranges() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      try SQLiteStore(path: path).bringUpToDate()
      _ = try sqlite3(
        path,
        """
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
          INSERT INTO patterns (id, name, ring_count, geometry_json, created_at)
          SELECT printf('p%05d', i * 7919 % 20000), 'n', 1, '{}', '2025-01-01' FROM n;
        """)
      let store = try SQLiteStore(path: path, access: .readOnly)
      try store.read { reader in
        let ranges = try reader.ranges(of: .patterns, count: 1000)
        #expect(ranges.count == 20)
        #expect(ranges.first?.first == nil && ranges.last?.end == nil)
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.end == $1.first && $0.end != nil })
        for range in ranges {
          var count = 0
          try reader.forEachEntity(.patterns, in: range) { _ in count += 1 }
          #expect((400...2500).contains(count))
        }
      }
    }
  }

  @Test("ranges cover rows whose numbers are far apart")
  func rangesOfDistantRows() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      try SQLiteStore(path: path).bringUpToDate()
      _ = try sqlite3(
        path,
        """
        INSERT INTO patterns (rowid, id, name, ring_count, geometry_json) VALUES
          (-9223372036854775808, 'c', 'n', 1, '{}'), (0, 'a', 'n', 1, '{}'),
          (9223372036854775807, 'b', 'n', 1, '{}');
        """)
      let store = try SQLiteStore(path: path, access: .readOnly)
      try store.read { reader in
        let ranges = try reader.ranges(of: .patterns, count: 1)
        #expect(ranges.count <= 4)
        var count = 0
        for range in ranges { try reader.forEachEntity(.patterns, in: range) { _ in count += 1 } }
        #expect(count == 3)
      }
    }
  }

  /// A store of whose readers only the first can count in parts.
  private final class MixedStore: StoreWrapper {
    let base: any RecordStore
    private let readings = Atomic(0)

    init(_ base: any RecordStore) { self.base = base }

    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
      let isFirst = readings.wrappingAdd(1, ordering: .relaxed).oldValue == 0
      return try base.read { try body(isFirst ? $0 : PlainReader($0)) }
    }
  }
}
