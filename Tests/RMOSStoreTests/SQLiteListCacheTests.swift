import RMOSModels
import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSStore

/// Tests of lists that are answered from columns in memory.
@Suite("The columns of lists in memory")
struct SQLiteListCacheTests {
  let directory: TemporaryDirectory
  let path: String
  let store: SQLiteStore
  let cache: SQLiteListCache

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
    store = try SQLiteStore(path: path)
    cache = SQLiteListCache(store.readers, store.watch, limit: 1 << 24, fewest: 0) { false }
  }

  private func read<Result>(_ body: (SQLiteReader) throws -> Result) throws -> Result {
    let access = cache.access()
    return try store.readers.read { session in
      let reader = SQLiteReader(session, lists: access)
      defer { reader.expire() }
      return try body(reader)
    }
  }

  // MARK: The same answers

  private static let texts = [
    "", "Rope", "rOPE 7", "ROPE\u{0}x", "ÉPÉE", "épée", "e\u{301}pe\u{301}e", "50%", "a_b", "10",
    "9", "9.0", "黒檀 rope", "\u{FFFD}", "😀", "ropé", "rope rope", "pe\u{FF}ro",
  ]
  private static let metadata = [
    #"{"material":"ebony"}"#, #"{"materials":["holly","ebony"],"tradition":"Rope"}"#,
    #"{"m\u0061terial":"escaped"}"#, #"{"material":"e\u0301"}"#, #"{"material":"é"}"#, "{}",
    "not JSON", #"{"material":7}"#, #"["material"]"#, #"{"other":"material"}"#,
  ]

  /// Returns a record with unusual values in the members that lists use.
  private static func record(
    _ kind: EntityKind, _ number: Int, _ random: inout SeededGenerator
  ) -> Record {
    func any(_ random: inout SeededGenerator) -> Value {
      switch Int.random(in: 0..<8, using: &random) {
      case 0: .integer(Int64.random(in: -3...12, using: &random))
      case 1: .real([-1.5, 2.5, 9].randomElement(using: &random) ?? 0)
      case 2: .blob(Array((texts.randomElement(using: &random) ?? "").utf8))
      default: .text(texts.randomElement(using: &random) ?? "")
      }
    }
    var values: [String: Value] = [
      "created_at": .text("2025-01-0\(Int.random(in: 1...4, using: &random))")
    ]
    if Bool.random(using: &random) { values["created_at"] = any(&random) }
    switch kind {
    case .patterns:
      values["name"] = any(&random)
      values["ring_count"] = [
        .integer(Int64.random(in: 1...9, using: &random)), .real(2.5), any(&random),
      ].randomElement(using: &random)
      values["pattern_type"] = any(&random)
      values["metadata"] = [
        .text(metadata.randomElement(using: &random) ?? ""), .null, any(&random),
      ].randomElement(using: &random)
    case .stripFamilies:
      values["name"] = any(&random)
      values["material_type"] = any(&random)
      values["strip_width_mm"] = .real(Double(Int.random(in: 1...3, using: &random)))
    default:
      values["status"] = any(&random)
      values["job_type"] = any(&random)
      values["duration_seconds"] = Bool.random(using: &random) ? .null : any(&random)
    }
    let id = "\(texts[number % texts.count])\(number * 7919 % 1009)"
    return StoreSamples.record(kind, id, values)
  }

  private static func query(_ kind: EntityKind, _ random: inout SeededGenerator) -> RecordQuery {
    let members = kind.schema.fields.map(\.member)
    var query = RecordQuery(kind)
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      let text =
        (texts + ["r", "ope", "é", "%", "\u{0}", "7", "ebony", "Rope"])
        .randomElement(using: &random) ?? ""
      let member = members.randomElement(using: &random) ?? "id"
      let value: Value =
        [.text(text), .null, .integer(Int64.random(in: 1...9, using: &random)), .real(9)]
        .randomElement(using: &random) ?? .null
      let filters = kind.schema.presentation.filters
      let filter = filters.randomElement(using: &random)
      let isJSON = filter?.jsonNames.isEmpty == false
      query = query.filter(
        [
          .equals(member: filter?.member ?? member, value: value),
          .isAny(member: member, of: [value, .text(text)]),
          .contains(member: kind.schema.searchMembers[0], text: text),
          .anyContains(members: kind.schema.allSearchMembers, text: text),
          .contains(member: member, text: text),
          isJSON
            ? .jsonHas(
              member: filter?.member ?? "", names: filter?.jsonNames ?? [],
              text: ["ebony", "Rope", "e\u{301}", "escaped"].randomElement(using: &random) ?? "")
            : .equals(member: member, value: .text(text)),
        ].randomElement(using: &random) ?? .equals(member: "id", value: .null))
    }
    let columns = kind.schema.presentation.columns.map(\.member)
    return query.order(
      [
        .id, .newestFirst,
        .member(columns.randomElement(using: &random) ?? "id", descending: .random(using: &random)),
        .member(members.randomElement(using: &random) ?? "id", descending: .random(using: &random)),
      ].randomElement(using: &random) ?? .id
    ).limit(
      [1, 7, 50, 0, nil].randomElement(using: &random) ?? nil,
      offset: [0, 0, 3, 100, 10_000].randomElement(using: &random) ?? 0)
  }

  private static func keys(_ kind: EntityKind) -> [RecordGroup.Key] {
    kind.schema.presentation.filters.map {
      $0.jsonNames.isEmpty
        ? .member($0.member) : .json(member: $0.member, names: $0.jsonNames)
    } + [.member("created_at")]
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func answersAreThoseOfOtherStores(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let memory = InMemoryStore()
    let kinds = EntityCatalog.rmos.kinds
    let records = kinds.flatMap { kind in
      (0..<300).map { Self.record(kind, $0, &random) }
    }.shuffled(using: &random)
    for store in [store, memory] as [any RecordStore] {
      try store.write { transaction in
        for record in records { try transaction.insert(record) }
        for record in records.prefix(200) {
          _ = try transaction.delete(record.kind, id: record.id)
        }
        for record in records.prefix(100) { try transaction.insert(record) }
      }
    }
    for kind in kinds { cache.buildNow(kind) }
    try read { reader in
      for kind in kinds { #expect(reader.list(kind) != nil) }
    }
    for number in 0..<160 {
      let query = Self.query(kinds.randomElement(using: &random) ?? .patterns, &random)
      let keys = Self.keys(query.kind)
      func answer(_ reader: any StoreReader) throws -> Answer {
        Answer(
          ids: try reader.records(query).map { $0.values[0] }, count: try reader.count(query),
          groups: try keys.map { try reader.counts(query, by: $0) })
      }
      let found = try read(answer)
      #expect(try store.read(answer) == found, "\(query)")
      // The store in memory is slow, and other tests compare it with SQL too.
      if number.isMultiple(of: 4) { #expect(try memory.read(answer) == found, "\(query)") }
    }
  }

  private struct Answer: Equatable {
    var ids: [Value]
    var count: Int
    var groups: [[RecordGroup]]
  }

  /// Ids and groups are compared by their bytes, whatever the collation of a column.
  @Test func otherCollationsMergeNothing() throws {
    _ = try sqlite3(
      path,
      """
      DROP TABLE joblogs;
      CREATE TABLE joblogs (id TEXT COLLATE NOCASE, job_type TEXT COLLATE NOCASE, pattern_id TEXT,
        strip_family_id TEXT, status TEXT, start_time TEXT, end_time TEXT, duration_seconds REAL,
        parameters_json TEXT, results_json TEXT, created_at TEXT, updated_at TEXT,
        metadata_json TEXT);
      INSERT INTO joblogs (id, job_type, status, parameters_json, created_at) VALUES
        ('a', 'Slice', 'failed', '{}', '1'), ('A', 'slice', 'failed', '{}', '1');
      """)
    let store = try SQLiteStore(path: path, access: .readWrite)
    let groups = try store.read { try $0.groups(.joblogs, by: ["job_type"], numbers: []) }
    #expect(groups.map(\.keys) == [[.text("Slice")], [.text("slice")]])
    let status = try #require(EntityKind.joblogs.schema.position(ofMember: "status"))
    let changed = try store.write { transaction in
      var record = try #require(try transaction.record(.joblogs, id: "a"))
      record.values[status] = .text("cancelled")
      return try transaction.update(record)
    }
    #expect(changed)
    let states = try store.read { reader in
      try ["a", "A"].map { try reader.record(.joblogs, id: $0)?["status"] }
    }
    #expect(states == [.text("cancelled"), .text("failed")])
  }

  /// The tables hold invalid UTF-8, and have columns of other types and collations.
  @Test func answersAreThoseOfSQLForOddTables() throws {
    _ = try sqlite3(
      path,
      """
      DROP TABLE patterns;
      CREATE TABLE patterns (id TEXT PRIMARY KEY, name TEXT COLLATE NOCASE, ring_count TEXT,
        geometry_json TEXT, strip_family_id TEXT, created_at TEXT, updated_at TEXT,
        metadata_json TEXT);
      INSERT INTO patterns (rowid, id, name, ring_count, created_at) VALUES
        (7, 'b', 'Rope', 5, 1), (-3, 'a', 'rope', '5.0', 2), (40, NULL, NULL, NULL, NULL),
        (41, NULL, CAST(x'ff726f7065ff' AS TEXT), 5, 1.0), (12, x'62', CAST(x'c3' AS TEXT), '5', 1),
        (13, 'c', 9007199254740993, 9007199254740992.0, 9007199254740992.0),
        (14, 'd', 1, 1, 9007199254740993),
        (15, 'e', CAST(x'e974' AS TEXT), 1, 1), (16, 'f', CAST(x'e9be8d' AS TEXT), 1, 1);
      """)
    let store = try SQLiteStore(path: path, access: .readOnly)
    let cache = SQLiteListCache(store.readers, store.watch, limit: 1 << 24, fewest: 0) { false }
    cache.buildNow(.patterns)
    let access = cache.access()
    try store.readers.read { session in
      let (fast, slow) = (SQLiteReader(session, lists: access), SQLiteReader(session))
      #expect(fast.list(.patterns) != nil)
      for condition: RecordQuery.Condition? in [
        nil, .contains(member: "name", text: "ROPE"), .contains(member: "name", text: ""),
        .equals(member: "name", value: .text("rope")),
        .equals(member: "ring_count", value: .real(5)),
        .equals(member: "ring_count", value: .text("5")),
        .equals(member: "created_at", value: .null),
        .equals(member: "created_at", value: .integer(1)),
        .equals(member: "pattern_type", value: .text("generic")),
      ] {
        for order: RecordQuery.Order in [
          .newestFirst, .member("created_at", descending: false),
          .member("created_at", descending: true), .member("name", descending: false),
          .member("name", descending: true), .member("ring_count", descending: true),
          .member("pattern_type", descending: true),
        ] {
          var query = RecordQuery(.patterns).order(order).limit(4, offset: 1)
          if let condition { query = query.filter(condition) }
          let (found, count) = (try fast.records(query), try fast.count(query))
          let (expected, expectedCount) = (try slow.records(query), try slow.count(query))
          #expect(found == expected, "\(query)")
          #expect(count == expectedCount, "\(query)")
        }
      }
    }
  }

  /// The two texts are equal to Swift, but not to stores.
  @Test func conditionsAreToldApartByTheBytesOfTheirTexts() throws {
    let (one, two) = ("\u{E9}", "e\u{301}")
    let conditions: [(String) -> RecordQuery.Condition] = [
      { .equals(member: "name", value: .text($0)) }, { .contains(member: "name", text: $0) },
      { .anyContains(members: ["name"], text: $0) }, { .isAny(member: "name", of: [.text($0)]) },
      { .jsonHas(member: "metadata", names: ["a"], text: $0) },
      { .jsonHas(member: "metadata", names: [$0], text: "a") },
    ]
    for condition in conditions {
      #expect(condition(one) == condition(one))
      #expect(condition(one) != condition(two))
    }
  }

  // MARK: States

  private func insert(_ ids: [String], into store: SQLiteStore) throws {
    try store.write { transaction in
      for id in ids {
        try transaction.insert(StoreSamples.record(.patterns, id, ["name": .text("Rope \(id)")]))
      }
    }
  }

  @Test func aReadIsAnsweredFromColumnsOfItsOwnStateOnly() throws {
    try insert(["a", "b"], into: store)
    cache.buildNow(.patterns)
    let rope = RecordQuery(.patterns).filter("name", contains: "rope")
    try read { old in
      #expect(old.list(.patterns) != nil)
      try insert(["c"], into: store)
      cache.buildNow(.patterns)
      let count = try old.count(rope)
      #expect(count == 2)
    }
    // This read begins before the change and queries after it.
    try read { old in
      try insert(["d"], into: store)
      cache.buildNow(.patterns)
      #expect(old.list(.patterns) == nil)
      let count = try old.count(rope)
      #expect(count == 3)
    }
    try read { new in
      #expect(new.list(.patterns) != nil)
      let ids = try new.records(rope).map(\.id)
      #expect(ids == ["a", "b", "c", "d"])
    }
  }

  /// The status and the figures only count rows and read the newest ones, so they are no lists.
  @Test func columnsAreBuiltForListsAlone() throws {
    try insert((0..<100).map { "p\($0)" }, into: store)
    // A `Monitor`, because the thread sanitizer reports false races for a `Mutex`.
    let isHeld = Monitor(true)
    // Holds up the building of the columns, so that queries come while it is under way.
    let cache = SQLiteListCache(store.readers, store.watch, limit: 1 << 20, fewest: 0) {
      while isHeld.withLock({ $0 }) {}
      return true
    }
    defer { isHeld.withLock { $0 = false } }
    let access = cache.access()
    try store.readers.read { session in
      let reader = SQLiteReader(session, lists: access)
      _ = try reader.records(RecordQuery(.patterns).order(.newestFirst).limit(3))
      _ = try reader.count(RecordQuery(.patterns))
      _ = try reader.counts(RecordQuery(.patterns), by: .member("pattern_type"))
      #expect(!cache.isBuilding)
      _ = try reader.records(RecordQuery(.patterns).limit(50))
      #expect(cache.isBuilding)
    }
  }

  @Test func columnsBeyondTheLimitAreNotKept() throws {
    try insert((0..<2000).map { "p\($0)" }, into: store)
    for (limit, fewest, isKept) in [
      (1 << 20, 2000, true), (1 << 20, 2001, false), (1 << 15, 0, false),
    ] {
      let cache = SQLiteListCache(store.readers, store.watch, limit: limit, fewest: fewest) {
        false
      }
      cache.buildNow(.patterns)
      let access = cache.access()
      try store.readers.read { session in
        let list = SQLiteReader(session, lists: access).list(.patterns)
        #expect((list != nil) == isKept)
        #expect(list.map { $0.size <= limit } != false)
      }
    }
  }

  @Test func theKindUsedLastIsKept() throws {
    try insert((0..<2000).map { "p\($0)" }, into: store)
    try store.write { transaction in
      for number in 0..<2000 {
        try transaction.insert(
          StoreSamples.record(
            .stripFamilies, "f\(number)", ["name": .text("N"), "material_type": .text("Koa")]))
      }
    }
    cache.buildNow(.patterns)
    let size = try read { try #require($0.list(.patterns)).size }
    let small = SQLiteListCache(store.readers, store.watch, limit: size + 100, fewest: 0) { false }
    small.buildNow(.patterns)
    small.buildNow(.stripFamilies)
    let access = small.access()
    try store.readers.read { session in
      let reader = SQLiteReader(session, lists: access)
      #expect(reader.list(.stripFamilies) != nil)
      #expect(reader.list(.patterns) == nil)
    }
  }

  @Test func whatIsBeingBuiltTellsWhatItTakes() throws {
    try insert((0..<500).map { "p\($0)" }, into: store)
    try store.readers.read { session in
      var sizes: [Int] = []
      let built = try ListColumns(.patterns, session, fewest: 0, limit: .max) { sizes.append($0) }
      let size = try #require(built).size
      // One column at a time is read, with a number for each row.
      #expect(sizes.count > 2 && sizes.allSatisfy { $0 <= size + 500 * 4 })
      #expect(try #require(sizes.last) <= size)
    }
  }

  @Test func rowNumbersThatAreFarApartAreLeftToSQL() throws {
    #expect(RowNumbers([1, .max]) == nil)
    #expect(RowNumbers([.min, .max]) == nil)
    for numbers: [Int64] in [[], [5], [5, 6, 7], [7, 5, 6], [-2, 9, 0], [.max, .max - 1]] {
      let rows = try #require(RowNumbers(numbers))
      #expect((0..<rows.count).map(rows.number) == numbers)
      for (row, number) in numbers.enumerated() { #expect(rows.row(number) == row) }
      for absent: Int64 in [.min, -1, 4, 8, 100] { #expect(rows.row(absent) == nil) }
      let sequence = (rows.sequence ?? Array(0..<UInt32(numbers.count))).filter { $0 != .max }
      #expect(sequence.map { numbers[Int($0)] } == numbers.sorted())
    }
  }

  @Test func aStoreWithMemoryForListsBuildsThemWhenTheyAreAskedFor() throws {
    let store = try SQLiteStore(path: path, access: .readOnly, listMemory: 1 << 24)
    try insert((0..<10_000).map { "p\($0)" }, into: self.store)
    let query = RecordQuery(.patterns).filter("name", contains: "ROPE").limit(3, offset: 9990)
    let expected = try self.store.read { try $0.records(query) }
    var isBuilt = false
    for _ in 0..<10_000 where !isBuilt {
      isBuilt = try store.read { reader in
        #expect(try reader.records(query) == expected)
        return try #require(reader as? SQLiteReader).list(.patterns) != nil
      }
    }
    #expect(isBuilt)
    store.close()
    let isKept = try store.read { reader in
      try #require(reader as? SQLiteReader).list(.patterns) != nil
    }
    #expect(!isKept)
  }
}

extension RowNumbers {
  fileprivate init?(_ numbers: [Int64]) {
    var rest = numbers[...]
    self.init(in: (numbers.min() ?? 0)...(numbers.max() ?? 0), count: numbers.count) {
      rest.popFirst()
    }
  }
}
