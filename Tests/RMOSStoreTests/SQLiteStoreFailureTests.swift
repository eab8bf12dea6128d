import Foundation
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite("When SQLite fails")
struct SQLiteStoreFailureTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("rmos.db")
  }

  @Test func theLogOfAnotherDatabaseIsNamedAndLeftAlone() throws {
    let other = directory.file("other.db")
    do {
      let store = try SQLiteStore(path: path)
      try store.write { transaction in
        for number in 0..<2000 {
          try transaction.insert(StoreSamples.record(.joblogs, "j\(number)"))
        }
      }
      try SQLiteStore(path: other).write { _ in }
    }
    let small = try SQLiteStore(path: other)
    try small.write { try $0.insert(StoreSamples.record(.patterns, "p")) }
    try FileManager.default.copyItem(atPath: other + "-wal", toPath: path + "-wal")
    func contents() -> [Data?] {
      [path, path + "-wal"].map { FileManager.default.contents(atPath: $0) }
    }
    let before = contents()
    let error = #expect(throws: StoreError.self) {
      let store = try SQLiteStore(path: path)
      try store.write { transaction in
        try transaction.forEachRecord(.joblogs) { _ in }
        try transaction.insert(StoreSamples.record(.joblogs, "new"))
      }
    }
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains("\(path)-wal is the log of another database") == true)
    #expect(contents() == before)
    try FileManager.default.removeItem(atPath: path + "-wal")
    let count = try SQLiteStore(path: path).read { try $0.count(RecordQuery(.joblogs)) }
    #expect(count == 2000)
  }

  @Test func aFullDiskRollsTheTransactionBackAndTheStoreGoesOn() throws {
    let store = try SQLiteStore(path: path)
    try store.write { try $0.insert(StoreSamples.record(.patterns, "before")) }
    try store.limitPages(to: 60)
    let error = #expect(throws: StoreError.self) {
      try store.write { transaction throws in
        for number in 0..<5000 {
          try transaction.insert(StoreSamples.record(.patterns, "p\(number)"))
        }
      }
    }
    #expect(error?.code == .diskFull)
    #expect(error?.path == path)
    #expect(try store.read { try $0.records(RecordQuery(.patterns)).map(\.id) } == ["before"])
    try store.write { try $0.insert(StoreSamples.record(.patterns, "after")) }
    try store.limitPages(to: 0)
    try store.write { transaction throws in
      for number in 0..<5000 {
        try transaction.insert(StoreSamples.record(.patterns, "p\(number)"))
      }
    }
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 5002)
    #expect(try sqlite3(path, "PRAGMA integrity_check") == "ok")
  }

  @Test func aFullDiskIsNotSwallowedWithTheErrorOfOneRecord() throws {
    let store = try SQLiteStore(path: path)
    try store.limitPages(to: 60)
    var codes: Set<StoreError.Code> = []
    _ = try? store.write { transaction throws in
      for number in 0..<2000 {
        do {
          try transaction.insert(StoreSamples.record(.patterns, "p\(number)"))
        } catch let error as StoreError {
          codes.insert(error.code)
          #expect(!error.concernsOneRecord)
          throw error
        }
      }
    }
    #expect(codes == [.diskFull])
  }

  @Test func nothingIsKeptWhereSQLiteItselfRolledBack() throws {
    let store = try SQLiteStore(path: path)
    _ = try sqlite3(
      path,
      "CREATE TRIGGER refuse BEFORE INSERT ON patterns WHEN NEW.id = 'bad' "
        + "BEGIN SELECT RAISE(ROLLBACK, 'refused'); END")
    let error = #expect(throws: StoreError.self) {
      try store.write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "a"))
        for id in ["bad", "b"] { try? transaction.insert(StoreSamples.record(.patterns, id)) }
      }
    }
    #expect(error?.message.contains("rolled") == true)
    #expect(try store.read { try $0.count(RecordQuery(.patterns)) } == 0)
    try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
  }

  /// The error names the row that a trigger of another application refuses, and nothing of the
  /// row is written.
  @Test(arguments: ["ABORT, 'refused'", "FAIL, 'refused'", "IGNORE"], ["BEFORE", "AFTER"])
  func aRowThatATriggerRefusesLeavesNothing(_ raise: String, _ time: String) throws {
    let store = try SQLiteStore(path: path)
    try store.write { try $0.insert(StoreSamples.record(.patterns, "old")) }
    _ = try sqlite3(
      path,
      ["INSERT", "UPDATE"].map {
        "CREATE TRIGGER on_\($0) \(time) \($0) ON patterns WHEN NEW.name = 'bad' "
          + "BEGIN SELECT RAISE(\(raise)); END;"
      }.joined())
    let bad: [String: Value] = ["name": .text("bad")]
    let record = StoreSamples.record(.patterns, "new", bad)
    let batch = StoreSamples.batch(.patterns, [.init(record)])
    let rewritten = StoreSamples.batch(
      .patterns, [.init(StoreSamples.record(.patterns, "old", bad))])
    // `IGNORE` after the change does not undo it.
    let isRefused = raise != "IGNORE" || time == "BEFORE"
    let kept = try StoreContent(of: store)
    let writes: [(any StoreTransaction) throws -> Void] = [
      { try $0.insert(record) }, { try $0.insert(batch, at: 0, run: 1) },
      { try $0.update(rewritten, at: 0, run: 1, startedAt: "2026-01-01T00:00:00Z") },
    ]
    for write in writes where isRefused {
      let error = #expect(throws: StoreError.self) { try store.write { try write($0) } }
      #expect(error?.code == .constraint && error?.concernsOneRecord == true)
      #expect(error?.message.contains("pattern \"") == true)
      try store.write { transaction throws in
        _ = #expect(throws: StoreError.self) { try write(transaction) }
      }
      #expect(try StoreContent(of: store) == kept)
    }
  }

  /// Neither the row nor its before-image stays when a trigger refuses the provenance.
  @Test(arguments: ["ABORT, 'refused'", "FAIL, 'refused'"], ["BEFORE", "AFTER"])
  func aRowWhoseProvenanceATriggerRefusesLeavesNothing(_ raise: String, _ time: String) throws {
    let store = try SQLiteStore(path: path)
    let old = StoreSamples.batch(.patterns, [.init(StoreSamples.record(.patterns, "old"))])
    try store.write { try $0.insert(old, at: 0, run: 1) }
    _ = try sqlite3(
      path,
      ["INSERT", "DELETE"].map {
        "CREATE TRIGGER on_\($0) \(time) \($0) ON migration_provenance "
          + "BEGIN SELECT RAISE(\(raise)); END;"
      }.joined())
    let new = StoreSamples.batch(.patterns, [.init(StoreSamples.record(.patterns, "new"))])
    let changed = StoreSamples.batch(
      .patterns, [.init(StoreSamples.record(.patterns, "old", ["name": .text("changed")]))])
    let kept = try sqlite3(path, ".dump")
    try store.write { transaction in
      for write: () throws -> Void in [
        { try transaction.insert(new, at: 0, run: 2) },
        { try transaction.update(changed, at: 0, run: 2, startedAt: "2026-01-01T00:00:00Z") },
      ] {
        let error = #expect(throws: StoreError.self) { try write() }
        #expect(error?.concernsOneRecord == true)
        #expect(error?.message.contains("pattern \"") == true)
      }
    }
    #expect(try sqlite3(path, ".dump") == kept)
  }

  @Test func aRowThatATriggerTakesAwayIsNotWritten() throws {
    let store = try SQLiteStore(path: path)
    try store.write { _ in }
    _ = try sqlite3(
      path,
      "CREATE TRIGGER away AFTER INSERT ON patterns "
        + "BEGIN DELETE FROM patterns WHERE id = NEW.id; END")
    let batch = StoreSamples.batch(.patterns, [.init(StoreSamples.record(.patterns, "a"))])
    let kept = try sqlite3(path, ".dump")
    try store.write { transaction in
      let error = #expect(throws: StoreError.self) {
        try transaction.insert(batch, at: 0, run: 1)
      }
      #expect(error?.concernsOneRecord == true)
    }
    #expect(try sqlite3(path, ".dump") == kept)
  }

  @Test func aTriggerThatRollsBackSaysWhy() throws {
    let store = try SQLiteStore(path: path)
    _ = try sqlite3(
      path,
      "CREATE TRIGGER refuse BEFORE INSERT ON patterns BEGIN SELECT RAISE(ROLLBACK, 'no room'); END"
    )
    let error = #expect(throws: StoreError.self) {
      try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
    }
    #expect(error?.message.contains("no room") == true && error?.concernsOneRecord == false)
  }

  @Test func anotherUniqueColumnIsNotTakenForTheID() throws {
    let store = try SQLiteStore(path: path)
    _ = try sqlite3(path, "CREATE UNIQUE INDEX one_of_a_name ON patterns(name)")
    let name: [String: Value] = ["name": .text("n")]
    try store.write { try $0.insert(StoreSamples.record(.patterns, "a", name)) }
    let error = #expect(throws: StoreError.self) {
      try store.write { try $0.insert(StoreSamples.record(.patterns, "b", name)) }
    }
    #expect(error?.code == .constraint && error?.message.contains("patterns.name") == true)
  }

  @Test func damagedPagesAreAnErrorAndNoCrash() throws {
    do {
      let store = try SQLiteStore(path: path)
      try store.write { transaction throws in
        for number in 0..<200 {
          try transaction.insert(StoreSamples.record(.patterns, "p\(number)"))
        }
      }
    }
    let whole = try contents(directory.path)["rmos.db"] ?? Data()
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<60 {
      var bytes = [UInt8](whole)
      for _ in 0..<20 {
        bytes[Int.random(in: 100..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      try write(bytes, to: path)
      do {
        let store = try SQLiteStore(path: path, access: .readOnly)
        try store.read { reader throws in
          try reader.forEachRecord(.patterns) { #expect($0.values.count == 10) }
          _ = try reader.count(RecordQuery(.joblogs))
          _ = try reader.runs(limit: nil)
        }
      } catch let error as StoreError {
        #expect(!error.message.isEmpty)
      }
    }
  }

  @Test func aTableThatIsMissingReadsAsEmptyAndIsNamed() throws {
    _ = try sqlite3(
      path,
      "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT);"
        + "INSERT INTO schema_version VALUES (3, 'now')")
    let store = try SQLiteStore(path: path, access: .readOnly)
    try store.read { reader throws in
      #expect(try reader.count(RecordQuery(.patterns)) == 0)
      #expect(try reader.records(RecordQuery(.joblogs)).isEmpty)
      #expect(try reader.inspection.missingTables() == ["strip_families", "patterns", "joblogs"])
    }
  }

  @Test func whatConstraintsRefuseIsExplained() throws {
    let store = try SQLiteStore(path: path)
    try store.write { transaction throws in
      try transaction.insert(StoreSamples.record(.patterns, "p"))
      let taken = #expect(throws: StoreError.self) {
        try transaction.insert(StoreSamples.record(.patterns, "p"))
      }
      #expect(taken?.message.contains("pattern \"p\"") == true)
      #expect(taken?.concernsOneRecord == true)
      #expect(taken?.sqliteCode == 1555)
      let dangling = #expect(throws: StoreError.self) {
        try transaction.insert(
          StoreSamples.record(.joblogs, "j", ["pattern_id": .text("nowhere")]))
      }
      #expect(dangling?.message.contains("job log \"j\" refers to") == true)
      let null = #expect(throws: StoreError.self) {
        try transaction.insert(StoreSamples.record(.patterns, "q", ["name": .null]))
      }
      #expect(null?.message.contains("patterns.name") == true)
      let long = #expect(throws: StoreError.self) {
        let id = String(repeating: "x", count: 10_000)
        try transaction.insert(StoreSamples.record(.patterns, id, ["name": .null]))
      }
      #expect((long?.message.count ?? .max) < 300)
    }
  }

  @Test func manyShapesOfQueriesDoNotPileUp() throws {
    let store = try SQLiteStore(path: path)
    try store.write { try $0.insert(StoreSamples.record(.patterns, "a")) }
    try store.read { reader throws in
      for number in 0..<200 {
        var query = RecordQuery(.patterns)
        for _ in 0..<number { query = query.filter("name", contains: "name") }
        #expect(try reader.count(query) == 1)
      }
    }
  }
}
