import RMOSModels
import RMOSStore
import RMOSStoreWrapper

extension StoreConformance {
  /// Checks that requirements with a default give the same answers in a store's own implementation.
  static let derived = [
    Declaration("counts, groups, days and single columns are those of the records") { store in
      let history = try RandomHistory(seed: 1, in: store)
      for (kind, members, numbers) in [
        (EntityKind.patterns, ["strip_family_id"], ["ring_count"]),
        (.joblogs, ["status", "job_type"], ["duration_seconds"]), (.patterns, [], []),
        (.joblogs, ["duration_seconds"], []), (.joblogs, ["pattern_id"], []),
      ] {
        try expectSame(store) { try $0.groups(kind, by: members, numbers: numbers) }
      }
      try expectSame(store) { try $0.entityDays() }
      for kind in EntityCatalog.rmos.kinds {
        for members in [[], ["updated_at", "id"], kind.schema.fields.map(\.member)] {
          try expectSame(store) { reader in
            // The rows in no particular order, each with the number of its occurrences.
            var rows: [[Value]: Int] = [:]
            try reader.forEachRow(kind, members: members) { rows[$0, default: 0] += 1 }
            return rows
          }
        }
        try expect(.unknownMember) {
          try store.read { try $0.forEachRow(kind, members: ["nonsense"]) { _ in } }
        }
        try expectSame(store) { try $0.count(RecordQuery(kind)) }
        try expectSame(store) { try $0.count(RecordQuery(kind).filter("id", contains: "1")) }
        for ids in [[], history.ids, history.ids.reversed() + ["a", "nul\u{0}", "a"]] {
          try expectSame(store) { try $0.provenance(kind, ids: ids) }
        }
        for id in history.ids {
          try expectSame(store) { try $0.contains(kind, id: id) }
          try expectSame(store) { try $0.changes(of: kind, id: id) }
        }
      }
    },
    Declaration("queries select and order as a search through all records does") { store in
      _ = try RandomHistory(seed: 2, in: store)
      let runs = try store.read { try $0.runs(limit: nil).map(\.id) }
      for kind in EntityCatalog.rmos.kinds {
        for writing in RecordQuery.Writing.allCases {
          for run in runs {
            let query = RecordQuery(kind).filter(.written(byRuns: [run], writing))
            try expectSame(store) { try $0.count(query) }
            try expectSame(store) { try $0.counts(query, by: .member("created_at")) }
          }
        }
        let all = RecordQuery(kind).order(.newestFirst)
        try store.read { reader in
          // In all queries, rows that are otherwise equal come in the order in which they were
          // added; `records` has that order.
          let records = try reader.records(all)
          for query in [
            RecordQuery(kind), RecordQuery(kind).limit(3, offset: 2), all.limit(4, offset: 1),
            RecordQuery(kind).filter("id", contains: "A"),
            all.filter("created_at", is: .text("2025-01-02T03:04:05Z")),
            all.filter(.written(byRuns: runs, .added)),
            RecordQuery(kind).filter(.written(byRuns: runs, .changed)).limit(5, offset: 1),
            RecordQuery(kind).filter(.written(byRuns: Array(runs.prefix(2)), .neither)),
          ] {
            try expect(
              try reader.records(query), equals: try query.select(from: records, in: reader))
          }
        }
      }
    },
    Declaration("sorted lists, searches and facets are those of a look at each row") { subject in
      let store = try subject.store()
      var random = SeededGenerator(seed: 5)
      let names = [
        "Rope", "rope 5", "ÉPÉE rope", "épée", "", "Wave\\", "50%", "🎸 wave", "e\u{301}",
      ]
      let metadata: [Value] = [
        .null, .text(#"{"tradition":"Torres","materials":["ebony","maple","ebony"]}"#),
        .text(#"{"tradition":"\u0054orres","material":"Ebony"}"#), .text(#"{"tradition":5}"#),
        .text(#"{"tradition":"a","tradition":"Torres"}"#), .text("[1]"), .text("not JSON: Torres"),
        .text(#"{"materials":[["ebony"],{"a":1},"ROPE \"x\""],"tradition":["Torres"]}"#),
        .text(#"{"tradition":""}"#), .text("{}"),
      ]
      try store.write { transaction in
        for number in 0..<90 {
          var changes: [String: Value] = [
            "name": .text(names[random.int(names.count)]),
            "ring_count": .integer(Int64(random.int(4))),
            "metadata": metadata[random.int(metadata.count)],
            "pattern_type": .text(["generic", "radial", "Radial"][random.int(3)]),
          ]
          if subject.traits.contains(.keepsAnyType), random.chance(20) {
            changes["name"] = .blob([82, 111, 112, 101])
            changes["ring_count"] = .text("many")
          }
          try transaction.insert(
            StoreSamples.record(.patterns, "\(["p", "P", "é"][random.int(3)])\(number)", changes))
        }
      }
      let patterns = RecordQuery(.patterns)
      var conditions: [RecordQuery.Condition?] = [
        nil, .contains(member: "name", text: "ROPE"),
        .equals(member: "ring_count", value: .integer(2)),
        .anyContains(members: ["name", "id", "metadata"], text: "rope"),
        .anyContains(members: ["ring_count", "metadata"], text: "many"),
        .anyContains(members: [], text: ""), .isAny(member: "id", of: []),
        .isAny(member: "ring_count", of: [.integer(1), .real(3), .null]),
        .isAny(member: "metadata", of: [.null, metadata[1]]),
      ]
      for text in ["Torres", "torres", "", "ebony", "ROPE \"x\""] {
        conditions.append(
          .jsonHas(member: "metadata", names: ["tradition", "materials"], text: text))
      }
      let orders: [RecordQuery.Order] =
        [.id, .newestFirst]
        + ["id", "name", "ring_count", "metadata", "rosette_geometry"].flatMap {
          [.member($0, descending: false), .member($0, descending: true)]
        }
      try store.read { reader in
        let records = try reader.records(patterns.order(.newestFirst))
        for first in conditions {
          let second = conditions[random.int(conditions.count)]
          let query = [first, second].compactMap { $0 }.reduce(patterns) { $0.filter($1) }
          for order in orders {
            for (limit, offset) in [(nil, 0), (7, random.int(9))] {
              let query = query.order(order).limit(limit, offset: offset)
              try expect(
                try reader.records(query).map(\.id),
                equals: try query.select(from: records, in: reader).map(\.id))
            }
          }
        }
      }
      for first in conditions {
        let query = first.map { patterns.filter($0) } ?? patterns
        try expectSame(store) { try $0.count(query) }
        for key in [
          RecordGroup.Key.member("pattern_type"), .member("metadata"), .member("ring_count"),
          .json(member: "metadata", names: ["tradition"]),
          .json(member: "metadata", names: ["materials", "material"]),
          .json(member: "name", names: ["tradition"]),
        ] {
          try expectSame(store) { try $0.counts(query, by: key) }
        }
      }
      for order in [RecordQuery.Order.member("nonsense", descending: true)] {
        try expect(.unknownMember) {
          _ = try store.read { try $0.records(patterns.order(order)) }
        }
      }
      try expect(.unknownMember) {
        _ = try store.read { try $0.counts(patterns, by: .member("nonsense")) }
      }
    },
    Declaration("runs and facts are those of the rows") { store in
      let history = try RandomHistory(seed: 3, in: store)
      for run in 0...Int64(history.runs.count + 1) { try expectSame(store) { try $0.run(run) } }
      try expectSame(store) { try $0.runCount() }
      try expectSame(store) { try $0.runningRuns() }
      for (limit, offset) in [(nil, 0), (nil, 2), (2, 1), (.max, 3), (0, 0), (3, 9)] {
        try expectSame(store) { try $0.runs(limit: limit, offset: offset) }
      }
      for batch in history.batches {
        try expectSame(store) { try $0.facts(of: batch, in: 0..<batch.count) }
      }
    },
    Declaration("issues are selected and counted as a look at each of them does") { store in
      var random = SeededGenerator(seed: 7)
      let codes = ["field.missing", "a'b", "", "none"].map(IssueCode.init(rawValue:))
      let runs = try store.write { transaction in
        let runs = try (0..<2).map { _ in try transaction.beginRun(StoreSamples.run()) }
        for number in 0..<80 {
          try transaction.appendIssues(
            [
              Issue(
                severity: [.error, .warning, .info][random.int(3)],
                code: codes[random.int(3)],
                kind: [nil, .patterns, .joblogs][random.int(3)], message: "\(number)",
                isNew: [nil, true, false][random.int(3)])
            ], run: runs[random.int(2)])
        }
        return runs
      }
      for run in runs + [12345] {
        try expectSame(store) { try $0.issueCounts(ofRun: run) }
        for _ in 0..<40 {
          var query = IssueQuery(run: run)
          query.severity = [nil, .error, .warning, .info][random.int(4)]
          query.code = ([nil] + codes)[random.int(5)]
          query.kind = [nil, .patterns, .stripFamilies][random.int(3)]
          query.isNew = [nil, nil, true, false][random.int(4)]
          query.limit = [nil, 0, 1, 5, .max][random.int(5)]
          query.offset = [0, 0, 3, 50][random.int(4)]
          try expectSame(store) { try $0.issues(matching: query) }
        }
      }
    },
    Declaration("undoing does what restoring and deleting row by row does") { subject in
      for seed in 10..<18 {
        let store = try subject.store()
        let history = try RandomHistory(seed: UInt64(seed), in: store)
        for run in history.runs {
          try expectSame(store) { try $0.undoCounts(ofRun: run) }
          let obstacles = try expectSame(store) { reader in
            var obstacles: [UndoObstacle] = []
            try reader.forEachUndoObstacle(ofRun: run) { obstacles.append($0) }
            return obstacles
          }
          guard obstacles.isEmpty else { continue }
          let own = try undone(run, in: store) { $0 }
          let derived = try undone(run, in: store) { PlainTransaction($0) }
          try expect(own.counts, equals: derived.counts)
          try expect(own.content, equals: derived.content)
        }
      }
    },
    Declaration("a batch is inserted as its entities one by one") { subject in
      let (store, other) = (try subject.store(), try subject.store())
      let batch = StoreSamples.batch(
        .joblogs,
        (0..<9).map { number in
          let reference: Value = number % 3 == 1 ? .text("nowhere") : .null
          return .init(
            StoreSamples.record(.joblogs, "j\(number % 7)", ["pattern_id": reference]))
        })
      let indices = [0, 1, 3, 4, 6]
      func insert(_ transaction: any StoreTransaction) throws -> [Int: StoreError.Code] {
        try transaction.insert(StoreSamples.record(.joblogs, "j6"))
        let run = try transaction.beginRun(StoreSamples.run())
        return try transaction.insert(batch, at: indices, run: run).mapValues(\.code)
      }
      let refusals = try store.write(insert)
      try expect(refusals, equals: [1: .constraint, 4: .constraint, 6: .duplicateID])
      try expect(try other.write { try insert(PlainTransaction($0)) }, equals: refusals)
      try expect(try StoreContent(of: store), equals: StoreContent(of: other))
    },
  ]

  /// Expects a reader and a transaction to give the answer that the default derives.
  @discardableResult
  private static func expectSame<Answer: Equatable>(
    _ store: any RecordStore, file: StaticString = #fileID, line: UInt = #line,
    _ question: (any StoreReader) throws -> Answer
  ) throws -> Answer {
    let derived = try store.read { try question(PlainReader($0)) }
    try expect(try store.read(question), equals: derived, file: file, line: line)
    try expect(try store.write { try question($0) }, equals: derived, file: file, line: line)
    return derived
  }

  /// Returns the content of a store once a run is undone; the undo itself is rolled back.
  private static func undone(
    _ run: Int64, in store: any RecordStore,
    _ wrap: (any StoreTransaction) -> any StoreTransaction
  ) throws -> (counts: UndoCounts, content: StoreContent) {
    var result: (UndoCounts, StoreContent)?
    do {
      try store.write { transaction in
        let counts = try wrap(transaction).undo(run: run)
        result = (counts, try StoreContent(of: transaction))
        throw Abandon()
      }
    } catch is Abandon {}
    guard let result else { throw Abandon() }
    return result
  }
}

/// Random runs, and edits by others between them.
private struct RandomHistory {
  /// The runs.
  private(set) var runs: [Int64] = []
  /// The entities that the runs read.
  private(set) var batches: [RecordBatch] = []
  /// The ids of the entities; the last one is never used.
  let ids = ["a", "A", "b1", "b2", "c", "d", "e'", "e\u{301}", "\u{E9}", "none"]
  private var random: SeededGenerator

  init(seed: UInt64, in store: any RecordStore) throws {
    random = SeededGenerator(seed: seed)
    for number in 0..<5 {
      try store.write { try write(number, $0) }
    }
  }

  /// Writes a run, and edits by others after it.
  private mutating func write(_ number: Int, _ transaction: any StoreTransaction) throws {
    var begun = StoreSamples.run()
    begun.startedAt = "2025-06-0\(number + 1)T00:00:00Z"
    let run = try transaction.beginRun(begun)
    runs.append(run)
    for kind in EntityCatalog.rmos.kinds {
      let chosen = ids.dropLast().filter { _ in random.chance(60) }
      let batch = StoreSamples.batch(kind, chosen.map { entity(kind, $0) })
      batches.append(batch)
      for index in 0..<batch.count {
        let exists = try transaction.contains(kind, id: chosen[index])
        do {
          if exists {
            guard random.chance(50) else { continue }
            try transaction.update(batch, at: index, run: run, startedAt: begun.startedAt)
          } else {
            try transaction.insert(batch, at: index, run: run)
          }
        } catch let error as StoreError where error.code == .constraint {
          // The entity refers to another that does not exist.
        }
      }
    }
    guard random.chance(50) else { return }
    for kind in EntityCatalog.rmos.kinds.reversed() {
      let id = ids[random.int(ids.count)]
      let record = entity(kind, id).record
      do {
        switch random.int(4) {
        case 0: _ = try transaction.update(record)
        case 1: _ = try transaction.delete(kind, id: id)
        case 2 where try !transaction.contains(kind, id: id): try transaction.insert(record)
        default: break
        }
      } catch let error as StoreError where error.code == .constraint {
        // The row refers to another that does not exist, or others refer to it.
      }
    }
  }

  private mutating func entity(_ kind: EntityKind, _ id: String) -> StoreSamples.Entity {
    var changes: [String: Value] = ["metadata": .text("{\"n\":\(random.int(3))}")]
    for reference in kind.schema.references where random.chance(70) {
      changes[kind.schema.fields[reference.field].member] = .text(ids[random.int(ids.count)])
    }
    if kind == .joblogs {
      changes["duration_seconds"] = random.chance(70) ? .real(Double(random.int(3)) / 4) : .null
      changes["status"] = .text(["pending", "failed"][random.int(2)])
    }
    if random.chance(50) { changes["created_at"] = .text("202\(random.int(5))-01-01") }
    var entity = StoreSamples.Entity(StoreSamples.record(kind, id, changes))
    if random.chance(30) { entity.unknownMembers = "{\"x\":\(random.int(3))}" }
    return entity
  }
}

extension SeededGenerator {
  fileprivate mutating func int(_ count: Int) -> Int { int(0...count - 1) }
}

/// A reader that forwards only the requirements without a default, so that defaults give all other
/// answers.
final class PlainReader: StoreReader {
  private let base: any StoreReader

  init(_ base: any StoreReader) { self.base = base }

  var catalog: EntityCatalog { base.catalog }
  func withCancellation<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try base.withCancellation(isCancelled, body)
  }
  func record(_ kind: EntityKind, id: String) throws -> Record? {
    try base.record(kind, id: id)
  }
  func records(_ query: RecordQuery) throws -> [Record] { try base.records(query) }
  func forEachRecord(_ kind: EntityKind, _ body: (Record) throws -> Void) throws {
    try base.forEachRecord(kind, body)
  }
  var inspection: any SchemaInspecting { recordInspection }
  func provenance(_ kind: EntityKind, id: String) throws -> Provenance? {
    try base.provenance(kind, id: id)
  }
  func runs(limit: Int?, offset: Int) throws -> [LedgerRun] {
    try base.runs(limit: limit, offset: offset)
  }
  func forEachIssue(
    matching query: IssueQuery, _ body: (Issue) throws -> Void
  ) throws {
    let issues = try base.issues(ofRun: query.run)
    for issue in query.select(from: issues) { try body(issue) }
  }
  func failures(
    ofRun run: Int64, among digests: [Provenance.Digest]
  ) throws -> Set<Provenance.Digest> {
    try base.failures(ofRun: run, among: digests)
  }
  func forEachBeforeImage(
    ofRun run: Int64, _ body: (BeforeImage) throws -> Void
  ) throws {
    try base.forEachBeforeImage(ofRun: run, body)
  }
  func forEachRowChange(ofRun run: Int64, _ body: (RowChange) throws -> Void) throws {
    try base.forEachRowChange(ofRun: run, body)
  }
}

/// A transaction that forwards only the requirements without a default.
final class PlainTransaction: StoreReaderWrapper, StoreTransaction {
  let reader: any StoreReader
  private let base: any StoreTransaction

  init(_ base: any StoreTransaction) {
    self.base = base
    reader = PlainReader(base)
  }

  func insert(_ record: Record, provenance: Provenance?) throws {
    try base.insert(record, provenance: provenance)
  }
  func update(_ record: Record) throws -> Bool { try base.update(record) }
  func delete(_ kind: EntityKind, id: String) throws -> Bool { try base.delete(kind, id: id) }
  func rewrite(_ record: Record, provenance: Provenance) throws {
    try base.rewrite(record, provenance: provenance)
  }
  func beginRun(_ run: LedgerRun) throws -> Int64 { try base.beginRun(run) }
  func updateRun(_ run: LedgerRun) throws { try base.updateRun(run) }
  func appendIssues(_ issues: [Issue], run: Int64) throws {
    try base.appendIssues(issues, run: run)
  }
  func keepFailures(_ digests: [Provenance.Digest], run: Int64) throws {
    try base.keepFailures(digests, run: run)
  }
  func removeFailures(ofRun run: Int64) throws { try base.removeFailures(ofRun: run) }
  func keep(_ change: RowChange) throws { try base.keep(change) }
  func removeChanges(ofRun run: Int64) throws { try base.removeChanges(ofRun: run) }
  func restore(_ image: BeforeImage, run: Int64) throws -> Bool {
    try base.restore(image, run: run)
  }
}
