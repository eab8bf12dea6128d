import Foundation
import RMOSAnalytics
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// A kind of store.
enum Backend: String, CaseIterable, Sendable {
  case sqlite, inMemory

  func store(in directory: TemporaryDirectory) throws -> any RecordStore {
    switch self {
    case .sqlite: try SQLiteStore(path: directory.file("rmos.db"))
    case .inMemory: InMemoryStore()
    }
  }
}

/// The figures of the example tree, and of random shops.
@Suite struct AnalyticsTests {
  /// Returns the differences of two JSON values; numbers are compared by value, members in order.
  static func differences(_ left: JSONValue, _ right: JSONValue, at path: String = "") -> [String] {
    switch (left, right) {
    case (.object(let left), .object(let right)):
      guard left.map(\.name) == right.map(\.name) else {
        return ["\(path): \(left.map(\.name)) is not \(right.map(\.name))"]
      }
      return zip(left, right).flatMap {
        differences($0.value, $1.value, at: path + "/" + $0.name)
      }
    case (.array(let left), .array(let right)):
      guard left.count == right.count else {
        return ["\(path): \(left.count) elements, not \(right.count)"]
      }
      return zip(left, right).enumerated().flatMap {
        differences($1.0, $1.1, at: "\(path)/\($0)")
      }
    case (.number(let left), .number(let right)) where left.double == right.double: return []
    default: return left == right ? [] : ["\(path): \(left.text) is not \(right.text)"]
    }
  }

  /// Only another application can have left them out.
  @Test func jobsWithoutAStatusAreMentioned() async throws {
    try await TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      _ = try sqlite3(
        path,
        EntityCatalog.rmos.kinds.map {
          $0.schema.createTableSQL.replacing("status TEXT NOT NULL", with: "status TEXT")
        }.joined(separator: ";") + ";"
          + "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT);"
          + "INSERT INTO schema_version VALUES (2, 'now');"
          + "INSERT INTO joblogs (id, job_type, status, parameters_json) VALUES "
          + "('a', 'slice', NULL, '{}'), ('b', 'slice', 'pending', '{}')")
      let report = try await Analytics(of: SQLiteStore(path: path, access: .readOnly)).run()
      let notes = report.tables().filter { ["statuses", "types"].contains($0.name) }.map(\.note)
      #expect(
        notes == [
          "All jobs by status. 1 job without a status is not listed.", "All jobs by type.",
        ])
    }
  }

  @Test func stripFamiliesWithoutAFigureAreMentioned() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for (id, material, width) in [
        ("a", Value.text("Ebony"), Value.real(2)), ("b", .text(" "), .real(2)),
        ("c", .text(""), .real(-1)),
      ] {
        try transaction.insert(
          StoreSamples.record(
            .stripFamilies, id, ["material_type": material, "strip_width_mm": width]))
      }
    }
    let report = try Analytics(of: store).runSynchronously()
    #expect(report.materials.families == 3)
    let notes = report.tables().filter { ["stock", "widths", "thicknesses"].contains($0.name) }
      .map(\.note)
    #expect(notes[0].hasSuffix(" 2 strip families without a material are not listed."))
    #expect(
      notes[1...] == [
        "Strip families by size, rounded to 0.05 mm. 1 strip family without a width is not listed.",
        "Strip families by size, rounded to 0.05 mm.",
      ])
  }

  @Test(arguments: Backend.allCases)
  func theExampleHasTheExpectedFigures(_ backend: Backend) async throws {
    let expected = try JSONValue(
      parsing: String(
        contentsOfFile: Fixtures.package + "/Tests/Fixtures/analytics/expected.json",
        encoding: .utf8))
    try await TemporaryDirectory.use { directory in
      let store = try backend.store(in: directory)
      _ = try await Migration(from: Fixtures.exampleTree, into: store).run()
      let report = try await Analytics(of: store).run()
      guard case .object(var members) = try JSONValue(parsing: report.json) else {
        Issue.record("the report is no object")
        return
      }
      #expect(members.removeFirst() == JSONValue.Member(name: "success", value: true))
      #expect(Self.differences(.object(members), expected) == [])
    }
  }

  /// A row that no id leads to is a row all the same.
  @Test func rowsCountWhateverTheirIDs() throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      let store = try SQLiteStore(path: path)
      let notUTF8 = ["x'61ff62'", "x'61fe62'"].map { "CAST(\($0) AS TEXT)" }
      for id in ["'p'", "NULL", "NULL", "x'41'"] + notUTF8 {
        try sqlite3(
          path,
          """
          INSERT INTO strip_families (id, name, strip_width_mm, strip_thickness_mm, material_type,
            strips_json) VALUES (\(id), 'F', 2, 1, 'Ebony', '[{"length_mm":1000}]');
          INSERT INTO patterns (id, name, ring_count, geometry_json)
            VALUES (\(id), 'N', 30, '{"rings":[{"radius_mm":40}]}');
          """)
      }
      let report = try Analytics(of: store).runSynchronously()
      #expect(report.patterns.total == 6)
      #expect(report.patterns.rings.summary.n == 6)
      #expect(report.patterns.geometry.radiusMM.n == 6)
      #expect(report.patterns.popularity.map(\.id).filter { $0 == "p" } == ["p"])
      #expect(report.materials.stock.map(\.families) == [6])
      #expect(report.materials.stock.map(\.totalLengthMM) == [6000])
    }
  }

  /// 0001-01-01, which .NET and Go write in place of a missing time, is neither a day nor the end
  /// of a duration.
  @Test func aTimeThatStandsForNoneIsNone() throws {
    let store = InMemoryStore()
    let none = Value.text("0001-01-01T00:00:00Z")
    try store.write { transaction in
      for (id, status, start, end) in [
        ("a", "completed", Value.text("2025-01-02T10:00:00Z"), none), ("b", "running", none, none),
        ("c", "completed", none, .text("2025-01-04T10:00:00Z")),
      ] {
        try transaction.insert(
          StoreSamples.record(
            .joblogs, id,
            [
              "status": .text(status), "start_time": start, "end_time": end,
              "duration_seconds": .null, "pattern_id": .null, "strip_family_id": .null,
              "created_at": .text("2025-01-05"),
            ]))
      }
    }
    let options = Analytics.Options(today: CalendarDay("2025-02-01"))
    let jobs = try Analytics(of: store, options: options).runSynchronously().jobs
    #expect(jobs.throughput.from == "2025-01-02" && jobs.throughput.to == "2025-01-05")
    #expect(jobs.throughput.oldestOpenDay == "2025-01-05")
    #expect(jobs.stuck.map(\.since) == ["2025-01-05"])
    #expect(jobs.days.map(\.key) == ["2025-01-02", "2025-01-04"])
    #expect(jobs.durationSeconds.n == 0 && jobs.durationSeconds.missing == 2)
  }

  @Test(arguments: [(0, 3), (1, 4), (3, 12), (5, 28), (7, 52), (9, 84), (10, 600)])
  func storesAgree(_ seed: UInt64, _ jobs: Int) throws {
    let shop = RandomShop(seed: seed, jobs: jobs)
    try TemporaryDirectory.use { directory in
      let memory = InMemoryStore()
      let file = try SQLiteStore(path: directory.file("rmos.db"))
      try shop.write(into: memory)
      try shop.write(into: file)
      let filters = [
        JobFilter(), JobFilter(from: CalendarDay("2025-01-16"), to: CalendarDay("2025-12-31")),
        JobFilter(jobType: "e\u{301}"), JobFilter(material: " strasse"),
        JobFilter(material: "unobtainium"), JobFilter(patternID: "pat-1"),
        JobFilter(stripFamilyID: "fam-0"),
      ]
      for filter in filters {
        var options = Analytics.Options(filter: filter, today: CalendarDay("2026-01-01"))
        let report = try Analytics(of: memory, options: options).runSynchronously()
        try checkSame(Analytics(of: file, options: options).runSynchronously(), report)
        check(report)
        options.listLimit = 2
        let short = try Analytics(of: memory, options: options).runSynchronously()
        try checkSame(Analytics(of: file, options: options).runSynchronously(), short)
        checkCut(short, report)
        let snapshot = try AnalyticsSnapshot(of: file)
        for _ in 0..<2 { try checkSame(snapshot.report(options), short) }
        options.listLimit = nil
        try checkSame(
          snapshot.report(options), Analytics(of: memory, options: options).runSynchronously())
      }
      for x in Measure.allCases {
        for y in Measure.allCases {
          let (left, right) = (Analytics(of: memory), Analytics(of: file))
          let found = try left.correlationSynchronously(of: x, and: y)
          let other = try right.correlationSynchronously(of: x, and: y)
          #expect(other == found)
          for coefficient in [found.pearson, found.spearman].compactMap({ $0 }) {
            #expect(-1...1 ~= coefficient)
          }
        }
      }
    }
  }

  @Test(arguments: 0..<4)
  func aFilterCountsTheJobsThatPassAsIfThereWereNoOthers(_ seed: UInt64) throws {
    let shop = RandomShop(seed: seed, jobs: 60)
    let store = InMemoryStore()
    try shop.write(into: store)
    let snapshot = try AnalyticsSnapshot(of: store)
    let columns: [(String, (String) -> JobFilter)] = [
      ("job_type", { JobFilter(jobType: $0) }), ("pattern_id", { JobFilter(patternID: $0) }),
      ("strip_family_id", { JobFilter(stripFamilyID: $0) }),
    ]
    for (column, filter) in columns {
      let values = Set(shop.records.filter { $0.kind == .joblogs }.compactMap { $0[column] })
      // "nothing" is a value that no job has.
      for value in values.union([.text("nothing")]) {
        guard case .text(let text) = value else { continue }
        let others = InMemoryStore()
        try others.write { transaction in
          for record in shop.records where record.kind != .joblogs || record[column] == value {
            try transaction.insert(record)
          }
        }
        let day = CalendarDay("2026-01-01")
        var found = try snapshot.report(Analytics.Options(filter: filter(text), today: day))
        found.filter = JobFilter()
        try checkSame(
          found, Analytics(of: others, options: .init(today: day)).runSynchronously())
      }
    }
  }

  @Test(arguments: [
    ("2025-01-02", "2025-01-04", 3), ("2025-01-03", "2025-01-03", 1), ("2025-01-02", nil, 4),
    (nil, "2025-01-04", 4), (nil, nil, 5), ("2025-01-06", nil, 0),
  ])
  func theFirstAndTheLastDayCount(_ first: String?, _ last: String?, _ count: Int) throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for day in 1...5 {
        try transaction.insert(
          StoreSamples.record(
            .joblogs, "j\(day)",
            [
              "status": .text("completed"), "end_time": .text("2025-01-0\(day)T23:59:59Z"),
              "pattern_id": .null,
            ]))
      }
    }
    let filter = JobFilter(
      from: first.flatMap { CalendarDay($0) }, to: last.flatMap { CalendarDay($0) })
    let options = Analytics.Options(filter: filter, today: CalendarDay("2026-01-01"))
    #expect(try Analytics(of: store, options: options).runSynchronously().jobs.finished == count)
  }

  @Test func aCorrelationThatIsAwaitedIsTheSame() async throws {
    let store = InMemoryStore()
    try RandomShop(seed: 3, jobs: 60).write(into: store)
    let analytics = Analytics(of: store)
    let found = try await analytics.correlation(of: .jobDurationSeconds, and: .jobWastePercentage)
    #expect(
      try analytics.correlationSynchronously(of: .jobDurationSeconds, and: .jobWastePercentage)
        == found)
    #expect(found.n > 0)
  }

  private func checkSame(_ left: AnalyticsReport, _ right: AnalyticsReport) throws {
    let differences = try Self.differences(
      JSONValue(parsing: left.json), JSONValue(parsing: right.json))
    #expect(differences == [])
    // The JSON of a report does not contain all of it.
    let areEqual = left == right
    #expect(areEqual)
  }

  /// Checks what holds for every report.
  private func check(_ report: AnalyticsReport) {
    let jobs = report.jobs
    #expect(jobs.completed + jobs.failed + jobs.cancelled + jobs.open <= jobs.total)
    #expect(jobs.durationSeconds.n + jobs.durationSeconds.missing == jobs.completed)
    let waste = report.materials.waste
    #expect(waste.n + waste.missing + waste.outOfRange == jobs.finished)
    #expect(
      jobs.failures.reasons.reduce(jobs.failures.withoutReason) { $0 + $1.figures } == jobs.failed)
    #expect(
      report.patterns.rings.summary.n + report.patterns.rings.summary.missing
        == report.patterns.total)
    #expect(jobs.statuses.reduce(0) { $0 + $1.figures.count } == jobs.total)
    for rate in [jobs.success] + jobs.failures.byType.map(\.figures) {
      guard let percent = rate.percent, let low = rate.low, let high = rate.high else {
        #expect(rate.total == 0)
        continue
      }
      #expect(0...percent ~= low && percent...100 ~= high)
    }
    #expect((try? JSONValue(parsing: report.json)) != nil)
    #expect(report.omitted.isEmpty)
  }

  /// Checks that the lists of a report with a limit are the beginnings of those without, and that
  /// it gives the number of entries left out.
  private func checkCut(_ short: AnalyticsReport, _ whole: AnalyticsReport) {
    func isBeginning<Element: Equatable>(
      _ left: [Element], _ right: [Element], _ list: String
    ) -> Bool {
      left == Array(right.prefix(2)) && (short.omitted[list] ?? 0) == right.count - left.count
    }
    #expect(
      isBeginning(short.patterns.popularity, whole.patterns.popularity, "patterns.popularity"))
    #expect(isBeginning(short.patterns.families, whole.patterns.families, "patterns.families"))
    #expect(
      isBeginning(
        short.patterns.complexity.patterns, whole.patterns.complexity.patterns,
        "patterns.complexity.patterns"))
    #expect(isBeginning(short.jobs.estimates, whole.jobs.estimates, "jobs.estimates"))
    #expect(isBeginning(short.jobs.outliers, whole.jobs.outliers, "jobs.outliers"))
    #expect(isBeginning(short.jobs.stuck, whole.jobs.stuck, "jobs.stuck"))
    #expect(
      isBeginning(
        short.jobs.failures.byPattern, whole.jobs.failures.byPattern, "jobs.failures.by_pattern"))
    #expect(
      isBeginning(short.jobs.failures.reasons, whole.jobs.failures.reasons, "jobs.failures.reasons")
    )
  }

  @Test(arguments: Backend.allCases)
  func anEmptyStoreHasNoFigures(_ backend: Backend) async throws {
    try await TemporaryDirectory.use { directory in
      let report = try await Analytics(of: backend.store(in: directory)).run()
      #expect(report.jobs.total == 0)
      #expect(report.jobs.success.percent == nil)
      #expect(report.jobs.durationSeconds == NumberSummary())
      #expect(report.jobs.throughput.days == nil)
      #expect(report.materials.waste.mean == nil)
      #expect(report.patterns.complexity.meanScore == nil)
      #expect(report.risk(jobType: "slice", material: nil) == nil)
    }
  }

  enum Reading: CaseIterable {
    case report, correlation, onePattern, snapshot

    /// The number of patterns read.
    func count(in store: any RecordStore, isCancelled: @escaping () -> Bool) throws -> Int {
      let analytics = Analytics(of: store)
      switch self {
      case .report:
        return try analytics.runSynchronously(isCancelled: isCancelled).patterns.total
      case .correlation:
        let (x, y) = (Measure.patternRingCount, Measure.patternCells)
        let correlation = try analytics.correlationSynchronously(
          of: x, and: y, isCancelled: isCancelled)
        return correlation.n + correlation.missing
      case .onePattern:
        let report = try analytics.runSynchronously(pattern: "a", isCancelled: isCancelled)
        return report?.patterns.total ?? 0
      case .snapshot:
        let snapshot = try AnalyticsSnapshot(of: store, isCancelled: isCancelled)
        return try snapshot.report(.init()).patterns.total
      }
    }
  }

  /// An application that opens the database for each write leaves no log that could be locked.
  @Test(arguments: Reading.allCases)
  func aReadingThatWasOvertakenIsRepeated(_ reading: Reading) throws {
    try TemporaryDirectory.use { directory in
      let path = directory.file("rmos.db")
      func add(_ id: String) throws {
        let store = try SQLiteStore(path: path)
        try store.write { try $0.insert(StoreSamples.record(.patterns, id)) }
      }
      try add("a")
      var isOvertaken = false
      let count = try reading.count(in: SQLiteStore(path: path, access: .inspect)) {
        if !isOvertaken {
          isOvertaken = true
          #expect(throws: Never.self) { try add("b") }
        }
        return false
      }
      // The figures of the one pattern leave out the other.
      #expect(isOvertaken && count == (reading == .onePattern ? 1 : 2))
    }
  }

  @Test func cancellationIsSeen() throws {
    let store = InMemoryStore()
    try RandomShop(seed: 1, jobs: 2000).write(into: store)
    #expect {
      try Analytics(of: store).runSynchronously { true }
    } throws: {
      ($0 as? StoreError)?.code == .cancelled
    }
  }

  @Test func optionsThatMakeNoSenseAreRefused() async throws {
    var isBackwards = JobFilter()
    (isBackwards.from, isBackwards.to) = (CalendarDay("2025-03-01"), CalendarDay("2025-02-28"))
    let refused: [Analytics.Options] = [
      .init(outlierScore: -1), .init(outlierScore: .nan), .init(outlierScore: .infinity),
      .init(stuckAfterDays: -1), .init(listLimit: -1), .init(filter: isBackwards),
    ]
    for options in refused {
      let analytics = Analytics(of: InMemoryStore(), options: options)
      let error = await #expect(throws: AnalyticsError.self) { try await analytics.run() }
      #expect(error?.code == .invalidOption)
      await #expect(throws: AnalyticsError.self) {
        try await analytics.correlation(of: .patternRingCount, and: .patternCells)
      }
    }
    let least = Analytics.Options(outlierScore: 0, stuckAfterDays: 0, listLimit: 0)
    #expect(try await Analytics(of: InMemoryStore(), options: least).run().jobs.total == 0)
  }
}
