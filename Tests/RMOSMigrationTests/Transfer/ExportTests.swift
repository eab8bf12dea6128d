import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Synchronization
import Testing

@Suite struct ExportTests {
  private static func options(_ change: (inout Export.Options) -> Void = { _ in }) -> Export.Options
  {
    var options = Export.Options()
    change(&options)
    return options
  }

  static let layouts: [Export.Options] = [
    options(), options { $0.isIndented = false }, options { $0.layout = .lines },
  ]

  /// All files of a directory by relative path.
  static func files(_ path: String) -> [String: Data] {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return Dictionary(
      uniqueKeysWithValues: names.compactMap { name in
        var isDirectory: ObjCBool = false
        let file = path + "/" + name
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory),
          !isDirectory.boolValue
        else { return nil }
        return FileManager.default.contents(atPath: file).map { (name, $0) }
      })
  }

  /// A store that counts the files in a directory whenever it has been read.
  private struct WatchedStore: StoreWrapper {
    let base: any RecordStore
    let directory: String
    let counts: Counts

    final class Counts: Sendable {
      let all = Mutex<[Int]>([])
    }

    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
      let result = try base.read { reader in
        let result = try body(reader)
        counts.all.withLock { $0.append(ExportTests.files(directory).count) }
        return result
      }
      return result
    }
  }

  /// Another application cannot commit while a database without a log is read.
  @Test func theStoreIsReadBeforeTheFirstFileIsWritten() throws {
    try TemporaryDirectory.use { directory in
      let store = WatchedStore(
        base: InMemoryStore(), directory: directory.path, counts: WatchedStore.Counts())
      try store.write { transaction in
        for number in 0..<300 {
          let note = String(repeating: "\(number) ", count: 3000)
          try transaction.insert(
            StoreSamples.record(.patterns, "p\(number)", ["name": .text(note + "x")]))
        }
        try transaction.insert(
          StoreSamples.record(.stripFamilies, "f", ["strips": .text("{")]))
      }
      let summary = try Export(of: store, to: directory.file("tree")).runSynchronously()
      #expect(store.counts.all.withLock { $0 } == [0])
      #expect(summary.total == 301 && summary.fileCount == 301)
      let files = Self.files(directory.file("tree"))
      #expect(files.count == 301)
      for number in [0, 150, 299] {
        let text = String(
          decoding: files["patterns/p\(number).json"] ?? Data(), as: UTF8.self)
        #expect(text.contains("\"id\": \"p\(number)\"") && text.contains("\(number) x\""))
      }
      let inexact = try #require(summary.issues.first)
      #expect(inexact.kind == .stripFamilies && inexact.id == "f")
      #expect(summary.issues.count == 1)
    }
  }

  /// Migrates a random tree into a store.
  private func migrated(_ seed: UInt64, into store: any RecordStore) throws {
    let tree = try RandomTree(seed: seed)
    try withExtendedLifetime(tree) {
      _ = try Migration(from: tree.path, into: store).runSynchronously()
    }
  }

  private func expectRoundTrip(
    _ store: any RecordStore, into empty: any RecordStore, _ options: Export.Options
  ) throws {
    try TemporaryDirectory.use { directory in
      let (first, second) = (directory.file("first"), directory.file("second"))
      let summary = try Export(of: store, to: first, options: options).runSynchronously()
      #expect(summary.issues.isEmpty)
      let files = Self.files(first)
      #expect(files.count == summary.fileCount)
      #expect(files.values.reduce(0) { $0 + $1.count } == summary.byteCount)

      let again = try RecordedMigration(first, into: store)
      #expect(again.summary.statistics.total.skipped == summary.total)
      #expect(again.issues.allSatisfy { $0.code == .duplicateIdentical || $0.severity != .error })
      #expect(again.summary.issueCounts[.duplicateIdentical, default: 0] == summary.total)

      #expect(try Diff(of: first, against: store).runSynchronously().isEmpty)

      let fresh = try Migration(from: first, into: empty).runSynchronously()
      #expect(fresh.statistics.total.migrated == summary.total)
      #expect(fresh.issueCounts[.idDerived] == nil && fresh.issueCounts[.idNumber] == nil)
      _ = try Export(of: empty, to: second, options: options).runSynchronously()
      #expect(Self.files(second) == files)
      let records = try (StoreContent(of: store).records, StoreContent(of: empty).records)
      #expect(records.0 == records.1)
    }
  }

  @Test(arguments: UInt64(200)..<204)
  func anExportMigratesIntoTheSameExportInMemory(_ seed: UInt64) throws {
    for options in Self.layouts {
      let store = InMemoryStore()
      try migrated(seed, into: store)
      try expectRoundTrip(store, into: InMemoryStore(), options)
    }
  }

  @Test(arguments: UInt64(208)..<210)
  func anExportMigratesIntoTheSameExportInSQLite(_ seed: UInt64) throws {
    for options in Self.layouts {
      try TemporaryDirectory.use { directory in
        let store = try SQLiteStore(path: directory.file("one.db"))
        try migrated(seed, into: store)
        let empty = try SQLiteStore(path: directory.file("other.db"))
        try expectRoundTrip(store, into: empty, options)
      }
    }
  }

  @Test(arguments: UInt64(220)..<223)
  func bothStoresExportTheSameBytes(_ seed: UInt64) throws {
    try TemporaryDirectory.use { directory in
      let (memory, sqlite) = (InMemoryStore(), try SQLiteStore(path: directory.file("x.db")))
      let tree = try RandomTree(seed: seed)
      var options = Migration.Options()
      options.clock = .fixed()
      try withExtendedLifetime(tree) {
        _ = try Migration(from: tree.path, into: memory, options: options).runSynchronously()
        _ = try Migration(from: tree.path, into: sqlite, options: options).runSynchronously()
      }
      _ = try Export(of: memory, to: directory.file("memory")).runSynchronously()
      _ = try Export(of: sqlite, to: directory.file("sqlite")).runSynchronously()
      let files = Self.files(directory.file("memory"))
      #expect(!files.isEmpty && files == Self.files(directory.file("sqlite")))
    }
  }

  @Test func membersComeInSchemaOrderThenUnknownOnesTokenForToken() throws {
    let source = try SourceTree([
      "patterns/a.json": #"""
      {"zeta": 1.50, "geometry": { "r" : [1.0, 2e0, {}, []], "q": "\u00e9\/" }, "id": 7,
       "ring_count": 3.0, "alpha": {"b": [ "\ud800" ]}, "name": "Rope é",
       "created_at": "2025-01-15"}
      """#
    ])
    let store = InMemoryStore()
    _ = try RecordedMigration(source, into: store)
    try TemporaryDirectory.use { directory in
      _ = try Export(of: store, to: directory.file("lines"), options: Self.layouts[2])
        .runSynchronously()
      let line =
        #"{"id":"7","name":"Rope é","ring_count":3,"#
        + #""geometry":{"r":[1.0,2e0,{},[]],"q":"\u00e9\/"},"created_at":"2025-01-15","#
        + #""updated_at":"2025-01-15","pattern_type":"generic","zeta":1.50,"#
        + #""alpha":{"b":["\ud800"]}}"# + "\n"
      #expect(Self.files(directory.file("lines")) == ["patterns/patterns.jsonl": Data(line.utf8)])
      _ = try Export(of: store, to: directory.file("files")).runSynchronously()
      let pretty = #"""
        {
          "id": "7",
          "name": "Rope é",
          "ring_count": 3,
          "geometry": {
            "r": [
              1.0,
              2e0,
              {},
              []
            ],
            "q": "\u00e9\/"
          },
          "created_at": "2025-01-15",
          "updated_at": "2025-01-15",
          "pattern_type": "generic",
          "zeta": 1.50,
          "alpha": {
            "b": [
              "\ud800"
            ]
          }
        }

        """#
      #expect(Self.files(directory.file("files")) == ["patterns/7.json": Data(pretty.utf8)])
    }
  }

  @Test func deepNestingDoesNotBlowAFileUp() throws {
    let depth = 500
    let geometry =
      #"{"a":"# + String(repeating: "[", count: depth)
      + (0..<2000).map { "\($0)" }
      .joined(separator: ",") + String(repeating: "]", count: depth) + "}"
    let store = InMemoryStore()
    try store.write {
      try $0.insert(StoreSamples.record(.patterns, "deep", ["geometry": .text(geometry)]))
    }
    try TemporaryDirectory.use { directory in
      let summary = try Export(of: store, to: directory.file("out")).runSynchronously()
      #expect(summary.byteCount < 500_000)
    }
    try expectRoundTrip(store, into: InMemoryStore(), Export.Options())
  }

  @Test func idsThatAreNoFileNamesStayInsideAndApart() throws {
    let ids = [
      "plain-1.a_b", "A", "a", "CON", "con", "con.txt", "com1", "COM1", "lpt9.x", "nul", "..",
      ".", "../up", "/etc/passwd", "a/b", "a\\b", "a:b", "a_b", "a.", "a ", " a", ".hidden", "-rf",
      "\u{0}", "\u{1}\n", "\u{E9}", "e\u{301}", "日本", "日本語",
      String(repeating: "x", count: 300), String(repeating: "x", count: 301), "~", "a~b",
      "a*?<>|\"", "\u{FEFF}a", "😀",
    ]
    let store = InMemoryStore()
    try store.write { for id in ids { try $0.insert(StoreSamples.record(.patterns, id)) } }
    try TemporaryDirectory.use { directory in
      let target = directory.file("out")
      let summary = try Export(of: store, to: target).runSynchronously()
      #expect(summary.total == ids.count && summary.fileCount == ids.count)
      let paths = Self.files(target).keys
      #expect(paths.count == ids.count)
      #expect(Self.files(directory.path).count == ids.count)
      #expect(Set(paths.map { $0.lowercased() }).count == ids.count)
      #expect(paths.contains("patterns/plain-1.a_b.json") && paths.contains("patterns/a.json"))
      for path in paths {
        let name = path.dropFirst("patterns/".count)
        let stem = name.prefix { $0 != "." }
        #expect(name.utf8.count <= 110 && !name.contains("/") && name.first != ".", "\(name)")
        #expect(name.allSatisfy { $0.isASCII && !"\\:*?\"<>| ".contains($0) }, "\(name)")
        #expect(!["con", "nul", "com1", "lpt9"].contains(stem.lowercased()), "\(name)")
      }
      let copy = InMemoryStore()
      let migrated = try Migration(from: target, into: copy).runSynchronously()
      #expect(migrated.statistics.total.migrated == ids.count)
      let records = try (StoreContent(of: store).records, StoreContent(of: copy).records)
      #expect(records.0 == records.1)
    }
  }

  @Test func aDirectoryThatHoldsSomethingIsRefusedAndLeftAlone() throws {
    try TemporaryDirectory.use { directory in
      for name in ["notes.txt", ".hidden"] {
        let target = directory.file("with-\(name)")
        try FileManager.default.createDirectory(
          atPath: target, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: target + "/" + name))
        let error = #expect(throws: MigrationError.self) {
          try Export(of: InMemoryStore(), to: target).runSynchronously()
        }
        #expect(error?.code == .exportNotEmpty)
        #expect(Self.files(target) == [name: Data("x".utf8)])
      }
      let file = directory.file("file")
      try Data().write(to: URL(fileURLWithPath: file))
      let error = #expect(throws: MigrationError.self) {
        try Export(of: InMemoryStore(), to: file).runSynchronously()
      }
      #expect(error?.code == .exportUnwritable)
    }
  }

  @Test func aCancelledExportLeavesNothing() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for number in 0..<200 {
        try transaction.insert(StoreSamples.record(.joblogs, "j\(number)"))
      }
    }
    for options in Self.layouts {
      try TemporaryDirectory.use { directory in
        let target = directory.file("out")
        let state = Mutex((questions: 0, seen: [String]()))
        // Files are written once all rows have been read.
        let last = options.layout == .lines ? 3 : 6
        let error = #expect(throws: MigrationError.self) {
          try Export(of: store, to: target, options: options).runSynchronously {
            state.withLock { state in
              state.questions += 1
              if state.questions == last { state.seen = Array(Self.files(directory.path).keys) }
              return state.questions == last
            }
          }
        }
        #expect(error?.code == .cancelled)
        let seen = state.withLock { $0.seen }
        // Until the end, everything is in the hidden directory, which a migration would not read.
        #expect(options.layout == .lines || !seen.isEmpty)
        #expect(seen.allSatisfy { $0.hasPrefix(".out.incomplete-1/") })
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        let summary = try Export(of: store, to: target, options: options).runSynchronously()
        #expect(summary.total == 200)
      }
    }
  }

  @Test func whatNoFileCanSayIsReported() throws {
    try TemporaryDirectory.use { directory in
      let store = InMemoryStore()
      try store.write { transaction in
        let changes: [String: Value] = [
          "geometry": .text("{ \"a\" : 1 } x"), "metadata": .text("null"),
          "rosette_geometry": .text("{ \"a\" : 1.0 }"), "name": .blob([0, 0xAB]),
        ]
        try transaction.insert(StoreSamples.record(.patterns, "p", changes))
        let infinite = StoreSamples.record(.joblogs, "j", ["duration_seconds": .real(.infinity)])
        try transaction.insert(infinite)
        try transaction.insert(
          StoreSamples.record(.joblogs, "n", ["duration_seconds": .real(-0.0)]))
      }
      let summary = try Export(
        of: store, to: directory.file("out"), options: Self.layouts[2]
      ).runSynchronously()
      #expect(summary.leftOut == 0 && summary.total == 3)
      #expect(summary.issues.map(\.code) == Array(repeating: .exportInexact, count: 4))
      #expect(
        summary.issues.map(\.pointer) == ["/name", "/geometry", "/metadata", "/duration_seconds"])
      let files = Self.files(directory.file("out"))
      let text = String(decoding: files["patterns/patterns.jsonl"] ?? Data(), as: UTF8.self)
      #expect(text.contains(#""name":"00ab""#) && !text.contains("metadata"))
      #expect(text.contains(#""geometry":"{ \"a\" : 1 } x""#))
      #expect(text.contains(#""rosette_geometry":{"a":1.0}"#))
      let jobs = String(decoding: files["joblogs/joblogs.jsonl"] ?? Data(), as: UTF8.self)
      #expect(jobs.contains(#""duration_seconds":1e999"#))
      #expect(jobs.contains(#""duration_seconds":0.0"#))
    }
  }

  @Test func bytesThatAreNotUTF8AreReported() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      try SQLiteStore(path: path).write { transaction in
        try transaction.insert(StoreSamples.record(.patterns, "p"))
      }
      _ = try sqlite3(
        path,
        "UPDATE patterns SET name = CAST(x'61ff' AS TEXT), "
          + "geometry_json = CAST(x'7b2261223a22c3227d' AS TEXT)")
      let store = try SQLiteStore(path: path, access: .readOnly)
      for options in Self.layouts {
        let target = directory.file("out-\(options.layout)-\(options.isIndented)")
        let summary = try Export(of: store, to: target, options: options).runSynchronously()
        #expect(summary.issues.map(\.code) == [.exportInexact, .exportInexact])
        #expect(summary.issues.map(\.pointer) == ["/name", "/geometry"])
      }
      for dialect in SQLDialect.allCases {
        var options = Export.Options()
        options.layout = .sql(dialect)
        let error = #expect(throws: MigrationError.self) {
          try Export(of: store, to: directory.file("sql"), options: options).runSynchronously()
        }
        #expect(error?.code == .exportUnrepresentable)
      }
    }
  }

  /// The default of a kind that is not built in may be any text.
  @Test func aDefaultWithQuotesIsTextInAScript() throws {
    let schema = EntitySchema(
      table: "blades", singular: "blade", plural: "blades",
      fields: [
        .id, FieldSchema("note", .text(.any), default: .text("it's new")), .createdAt, .updatedAt,
      ])
    let store = InMemoryStore(catalog: EntityCatalog([EntityKind(schema)]))
    try TemporaryDirectory.use { directory in
      for dialect in SQLDialect.allCases {
        let target = directory.file(dialect.rawValue)
        _ = try Export(of: store, to: target, options: Self.options { $0.layout = .sql(dialect) })
          .runSynchronously()
        let script = try String(contentsOfFile: target + "/rmos.sql", encoding: .utf8)
        #expect(script.contains("DEFAULT 'it''s new'"))
        guard dialect == .sqlite else { continue }
        let path = directory.file("loaded.db")
        _ = try sqlite3(path, script)
        let insertion = "INSERT INTO blades (id) VALUES ('b'); SELECT note FROM blades"
        #expect(try sqlite3(path, insertion) == "it's new")
      }
    }
  }

  @Test(arguments: 1...4)
  func databasesOfOtherApplicationsAreExported(_ version: Int) throws {
    try TemporaryDirectory.use { directory in
      let path = try Fixtures.copyDatabase(version: version, into: directory)
      let store = try SQLiteStore(path: path, access: .readOnly)
      let summary = try Export(of: store, to: directory.file("out")).runSynchronously()
      let copy = InMemoryStore()
      let migrated = try Migration(from: directory.file("out"), into: copy).runSynchronously()
      #expect(migrated.statistics.total.found == summary.total && summary.total > 0)
      #expect(summary.leftOut == 0)
    }
  }
}
