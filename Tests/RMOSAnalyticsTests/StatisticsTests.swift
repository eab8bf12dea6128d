@testable import RMOSAnalytics
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// The statistics of which figures consist.
@Suite struct StatisticsTests {
  /// All blocks, some of them or none fit into the file.
  @Test(arguments: [Int.max, 400_000, 1, 0])
  func manyJobsInAFileAreReadRepeatedly(_ fileCapacity: Int) throws {
    let jobs = JobList(fileCapacity: fileCapacity)
    for number in 0..<8_500 {
      var job = JobFacts()
      job.state = .completed
      job.type = .init(number % 7)
      job.pattern = .nameless
      job.hasEstimate = number % 5 == 0
      job.family = .init(number)
      job.material = .init(number % 11)
      job.day = number % 2 == 0 ? nil : number
      job.startDay = -number
      job.duration = Double(number)
      job.waste = number % 3 == 0 ? nil : 0.5
      jobs.append(job, id: "job \(number) é")
    }
    for _ in 0..<2 {
      var number = 0
      var different: [Int] = []
      try jobs.forEachBlock { block in
        for (index, job) in block.jobs.enumerated() {
          let isSame =
            job.state == .completed && job.type.index == number % 7 && job.status == .none
            && job.pattern == .nameless && job.hasEstimate == (number % 5 == 0)
            && job.family.index == number && job.material.index == number % 11
            && job.day == (number % 2 == 0 ? nil : number) && job.startDay == -number
            && job.duration == Double(number) && job.waste == (number % 3 == 0 ? nil : 0.5)
            && job.cuts == nil && block.id(index) == "job \(number) é"
          if !isSame { different.append(number) }
          number += 1
        }
      }
      #expect(number == 8_500 && different == [])
    }
  }

  @Test(arguments: [
    (21, 28, 56.64432952864777, 87.32350514937869), (0, 7, 0, 35.43304386758683),
    (7, 7, 64.56695613241317, 100), (2, 3, 20.76595988078242, 93.85080559790691),
  ])
  func intervalsAreWilsons(_ count: Int, _ total: Int, _ low: Double, _ high: Double) {
    let rate = Rate(count, of: total)
    #expect(rate.percent == 100 * Double(count) / Double(total))
    #expect(rate.low == low)
    #expect(rate.high == high)
  }

  @Test(arguments: [
    (0.4, 0, "0.4"), (0.000913, 2, "0.0009"), (-0.04, 1, "-0.04"), (0, 1, "0.0"), (1e-9, 2, "0.00"),
    (12.04, 1, "12.0"), (9e14, 2, "900,000,000,000,000.00"),
  ])
  func onlyZeroReadsAsZero(_ number: Double, _ decimals: Int, _ text: String) {
    #expect(FigureText.number(number, decimals) == text)
  }

  @Test func nothingHasNoRate() {
    #expect(Rate(0, of: 0).percent == nil)
    #expect(Rate(0, of: 0).low == nil)
    #expect(Rate(0, of: 0).high == nil)
  }

  @Test func sumsAreRoundedOnce() {
    var random = SeededGenerator(seed: 7)
    var sum = ExactSum()
    for number in [1e100, 1, -1e100, 1e-100, 1] { sum.add(number) }
    #expect(sum.value == 2)
    for _ in 0..<50 {
      let numbers = (0..<200).map { _ in
        Double.random(in: -1...1, using: &random) * random.pick([1, 1e-9, 1e9, 1e300, 1e-300])
      }
      var (forwards, backwards) = (ExactSum(), ExactSum())
      for number in numbers { forwards.add(number) }
      for number in numbers.shuffled(using: &random) { backwards.add(number) }
      #expect(forwards.value == backwards.value)
      #expect(forwards.mean(of: 200) == backwards.mean(of: 200))
    }
    var huge = ExactSum()
    for _ in 0..<3 { huge.add(Double.greatestFiniteMagnitude) }
    #expect(huge.mean(of: 3) == Double.greatestFiniteMagnitude)
    #expect(huge.mean(of: 0) == nil)
    var twice = ExactSum()
    twice.add(0.1)
    for _ in 0..<2 { twice.add(huge) }
    #expect(twice.mean(of: 6) == Double.greatestFiniteMagnitude)
    #expect(twice.value == .infinity)
    for tiny in [1e-300, .leastNonzeroMagnitude, 0x1.23456789abcdep-1000] {
      var sum = ExactSum()
      for _ in 0..<4 { sum.add(tiny) }
      #expect(sum.value == tiny * 4)
    }
  }

  /// The sum of numbers whose units are all 2⁻⁷⁰ can be computed in integers.
  @Test(arguments: 0..<20)
  func sumsAreTheNearestDoubles(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var (sum, parts, exact) = (ExactSum(), [ExactSum(), ExactSum()], Int128(0))
    for _ in 0..<random.int(1...300) {
      // Below, within and above the sizes that are added as integers.
      let exponent = random.pick([-70, -66, -65, -64, -63, -40, -33, -32, -31, -30, -20, -10])
      let significand = Int64(bitPattern: random.next()) >> random.pick([11, 12, 13, 40, 62])
      let number = Double(significand) * Double(sign: .plus, exponent: exponent, significand: 1)
      exact += Int128(significand) << (exponent + 70)
      sum.add(number)
      parts[random.int(0...1)].add(number)
      if random.int(0...9) == 0 {
        sum.add(-number)
        parts[0].add(-number)
        exact -= Int128(significand) << (exponent + 70)
      }
    }
    let nearest = Double(exact) * 0x1p-70
    #expect(sum.value == nearest)
    parts[0].add(parts[1])
    #expect(parts[0].value == nearest)
  }

  @Test func quantilesAreByNearestRank() throws {
    func summary(_ numbers: [Double?], limit: Int = 100) throws -> NumberSummary {
      var column = NumberColumn(limit: limit)
      for number in numbers { column.add(number) }
      return try column.summary()
    }
    let ten = try summary((1...10).reversed().map { Double($0) } + [nil])
    #expect(ten.n == 10)
    #expect(ten.missing == 1)
    #expect(ten.minimum == 1)
    #expect(ten.lowerQuartile == 3)
    #expect(ten.median == 5.5)
    #expect(ten.upperQuartile == 8)
    #expect(ten.p90 == 9)
    #expect(ten.mean == 5.5)
    #expect(ten.maximum == 10)
    let nine = try summary((1...9).map { Double($0) })
    #expect(nine.median == 5)
    #expect(nine.p90 == 9)
    #expect(try summary([nil]) == NumberSummary(missing: 1))
    let greatest = Double.greatestFiniteMagnitude
    #expect(try summary([greatest, greatest]).median == greatest)
  }

  @Test(arguments: 0..<8)
  func numbersThatAreSpilledHaveTheSameStatistics(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let numbers = (0..<random.int(10...700)).map { _ -> Double in
      switch random.int(0...5) {
      case 0: random.pick([0, -0.0, 1, 1, -1, 1e308, -1e308, .leastNonzeroMagnitude])
      case 1: Double(random.int(-5...5))
      default: Double.random(in: -100...100, using: &random)
      }
    }
    var (kept, spilled) = (NumberColumn(), NumberColumn(limit: 10))
    // Only some of the numbers fit into the file.
    var stopped = NumberColumn(limit: 10, fileCapacity: 400)
    var parts = [NumberColumn(limit: 1000), NumberColumn(limit: 10), NumberColumn()]
    for number in numbers {
      kept.add(number)
      spilled.add(number)
      stopped.add(number)
      parts[random.int(0...2)].add(number)
    }
    let summary = try kept.summary()
    #expect(try spilled.summary() == summary)
    #expect(try stopped.summary() == summary)
    #expect(try NumberColumn.summary(of: parts) == summary)
    #expect(
      try NumberColumn.summary(of: [parts[0], parts[2]]).n == parts[0].count + parts[2].count)
    for center in [0, 3.5, 1, -1e300, 1e308] {
      let distances = numbers.map { abs($0 - center) }.sorted()
      let middle = (distances[(distances.count - 1) / 2], distances[distances.count / 2])
      let median =
        (middle.0 + middle.1).isFinite
        ? (middle.0 + middle.1) / 2
        : middle.0 / 2 + middle.1 / 2
      #expect(try kept.medianDistance(from: center) == median)
      #expect(try spilled.medianDistance(from: center) == median)
      #expect(try stopped.medianDistance(from: center) == median)
    }
    for column in [spilled, stopped] {
      var blocks: [Double] = []
      try column.forEachBlock { blocks += $0 }
      #expect(blocks == numbers)
    }
  }

  @Test func listsKeepTheFirst() {
    var random = SeededGenerator(seed: 3)
    for limit in [0, 1, 5, 100, Int.max, nil] {
      let numbers = (0..<500).map { _ in random.int(0...90) }
      var list = LeadingList<Int>(limit: limit, by: <)
      for number in numbers { list.add(number) }
      #expect(list.sorted == Array(numbers.sorted().prefix(limit ?? 500)))
      #expect(list.total == 500)
    }
  }

  @Test func ratesAreCountedByNumber() {
    var random = SeededGenerator(seed: 11)
    var (rates, expected) = (NumberedRates(), [Int: Rate]())
    for _ in 0..<5000 {
      let key = random.pick([
        random.int(-40...40), random.int(0...9) << 32 | random.int(0...9), .min, .max,
      ])
      let counts = random.int(0...2) == 0
      rates.add(counts, to: key)
      expected[key, default: Rate(0, of: 0)].add(counts)
    }
    #expect(rates.entries.count == expected.count)
    #expect(rates.entries.allSatisfy { expected[$0.key] == $0.rate })
  }

  @Test(arguments: [1, 3, 4096, 4097, 9000])
  func numbersAreKeptHoweverManyDiffer(_ different: Int) {
    var random = SeededGenerator(seed: UInt64(different))
    let numbers = (0..<12_000).map { row -> Double? in
      let number = row < different ? row : Int.random(in: 0..<different, using: &random)
      return row >= different && row.isMultiple(of: 7) ? nil : Double(number) / 3
    }
    var (decimals, wholes) = (RepeatedNumbers<Double>(), RepeatedNumbers<Int64>())
    for number in numbers {
      decimals.append(number)
      wholes.append(number.map { .max - Int64($0 * 3) })
    }
    #expect(numbers.indices.allSatisfy { decimals[$0] == numbers[$0] })
    #expect(numbers.indices.allSatisfy { wholes[$0] == numbers[$0].map { .max - Int64($0 * 3) } })
  }

  @Test func textsAreNumberedByTheirBytes() {
    var table = InternedTexts()
    // Texts that fill a page or are longer than one, among many short ones.
    let long = [1 << 16, 1 << 17, (1 << 16) - 1, 5, 70_000].map {
      String(repeating: "x", count: $0)
    }
    let texts =
      ["a", "é", "e\u{301}"] + long + (0..<5000).map { "id-\($0 * 7919)" } + [""]
      + long.map { "y" + $0 }
    for (index, text) in texts.enumerated() { #expect(table.insert(text) == index) }
    for (index, text) in texts.enumerated() {
      #expect(table.insert(text) == index)
      #expect(table.index(of: text) == index)
      #expect(table[index].hasSameUTF8(as: text))
    }
    #expect(table.index(of: "id-1") == nil)
    #expect(table.count == texts.count)
  }

  @Test func everyRowHasANumberAndTheFirstWithAnIDItsText() {
    var table = InternedTexts()
    let ids = (0..<100).map { $0 % 3 == 0 ? nil : "id-\($0 % 40)" }
    for (row, id) in ids.enumerated() { #expect(table.insertRow(id) == row) }
    for id in Set(ids.compactMap { $0 }) {
      #expect(table.index(of: id) == ids.firstIndex(of: id))
    }
    #expect(table.index(of: "") == nil)
    #expect(table.indices.map { table[$0] } == ids.map { $0 ?? "" })
  }

  @Test func spellingsAreOneName() {
    var table = SpellingTable()
    for text in [" Ebony", "ebony", "EBONY", "Ebony ", "Straße", "STRASSE", "strasse", " \n"] {
      _ = table.insert(text)
    }
    #expect(table.names.indices.map { table.names[$0] } == ["Ebony", "STRASSE"])
    #expect(table.group(of: "eBoNy\t") == 0)
    #expect(table.group(of: "straße") == 1)
    #expect(table.group(of: "maple") == nil)
    #expect(table.insert(nil) == nil)
  }

  @Test func correlationIsKnownForStraightAndBentLines() {
    func correlation(_ pairs: [(Double?, Double?)]) -> Correlation {
      var measured = MeasuredPairs(.jobFailed, .patternCells)
      for (x, y) in pairs { measured.add(x, y) }
      return measured.correlation
    }
    let line = correlation([(3, 6), (1, 2), (2, 4), (nil, 1)])
    #expect(line.pearson == 1)
    #expect(line.spearman == 1)
    #expect(line.n == 3)
    #expect(line.missing == 1)
    let bend = correlation([(1, 1), (2, 8), (3, 27), (4, 1000)])
    #expect(bend.spearman == 1)
    #expect((bend.pearson ?? 1) < 0.9)
    #expect(correlation([(1, 2), (2, 1)]).pearson == nil)
    #expect(correlation([(1, 2), (1, 3), (1, 4)]).spearman == nil)
    let huge = correlation([(1e308, 1), (-1e308, 2), (0, 3)])
    #expect(huge.pearson.map { -1...1 ~= $0 } == true)
  }
}

/// Figures of a few rows.
@Suite struct FigureTests {
  /// Returns a store with a strip family of each of two materials, a pattern, and `jobs`.
  private func store(_ jobs: [[String: Value]]) throws -> InMemoryStore {
    let store = InMemoryStore()
    try store.write { transaction in
      for material in ["Ebony", "Maple"] {
        try transaction.insert(
          record(
            .stripFamilies,
            [
              "id": .text(material.lowercased()), "material_type": .text(material),
              "strips": .text("[]"), "strip_width_mm": .real(1), "strip_thickness_mm": .real(1),
            ]))
      }
      try transaction.insert(
        record(
          .patterns,
          [
            "id": .text("p"), "ring_count": .integer(3), "geometry": .text("{}"),
            "strip_family_id": .text("maple"), "pattern_type": .text("generic"),
          ]))
      for (index, job) in jobs.enumerated() {
        var values: [String: Value] = [
          "id": .text("j\(index)"), "job_type": .text("slice"), "status": .text("completed"),
          "parameters": .text("{}"),
        ]
        values.merge(job) { $1 }
        try transaction.insert(record(.joblogs, values))
      }
    }
    return store
  }

  private func record(_ kind: EntityKind, _ values: [String: Value]) -> Record {
    Record(
      kind: kind,
      values: kind.schema.fields.map { field in
        if let value = values[field.member] { return value }
        return ["name", "created_at", "updated_at"].contains(field.member)
          ? .text("2025-01-01") : .null
      })
  }

  private func report(
    _ jobs: [[String: Value]], _ options: Analytics.Options = .init()
  ) throws -> AnalyticsReport {
    try Analytics(of: store(jobs), options: options).runSynchronously()
  }

  @Test func timesMakeADurationIfBothOrNeitherHaveAnOffset() throws {
    let times = [
      ("2025-01-01T10:00", "2025-01-01T10:01:30"), ("2025-01-01T10:00Z", "2025-01-01T12:00+01:00"),
      ("2025-01-01T10:00Z", "2025-01-01T10:30"), ("2025-01-01", "2025-01-02"),
      ("2025-01-01T10:00", "2025-01-01T09:00"),
    ]
    let durations = try report(
      times.map { ["start_time": .text($0), "end_time": .text($1)] }
    ).jobs.durationSeconds
    #expect(durations.n == 2)
    #expect(durations.missing == 3)
    #expect(durations.minimum == 90)
    #expect(durations.maximum == 3600)
    let given = try report([
      [
        "duration_seconds": .real(5), "start_time": .text(times[0].0),
        "end_time": .text(times[0].1),
      ]
    ])
    #expect(given.jobs.durationSeconds.median == 5)
  }

  @Test func theDayIsThatOfTheEndElseTheStart() throws {
    let report = try report([
      ["end_time": .text("2025-03-05T23:59:59-08:00"), "start_time": .text("2025-03-01")],
      ["start_time": .text("2025-03-02"), "status": .text("running")],
      ["status": .text("failed")], ["status": .text("failed")],
    ])
    let time = report.jobs.throughput
    #expect(time.from == "2025-01-01")
    #expect(time.to == "2025-03-05")
    #expect(time.days == 64)
    #expect(time.finishedPerDay == 3.0 / 64)
    #expect(time.busiestDay?.figures == 2)
    #expect(time.oldestOpenDay == "2025-03-02")
    #expect(report.jobs.months.map(\.figures.rest) == [2, 0])
  }

  @Test func aMaterialIsThatOfTheFamilyElseOfThePatterns() throws {
    let report = try report([
      ["strip_family_id": .text("ebony"), "pattern_id": .text("p"), "status": .text("failed")],
      ["pattern_id": .text("p")], [:],
    ])
    #expect(report.jobs.failures.byMaterial.map(\.key) == ["Ebony", "Maple"])
    #expect(report.jobs.failures.byMaterial.map(\.figures.count) == [1, 0])
    #expect(report.jobs.withoutPattern == 1)
    #expect(report.patterns.families.map(\.jobs) == [1, 0])
  }

  @Test func outliersAreFarFromTheMedian() throws {
    let usual = (0..<9).map { ["duration_seconds": Value.real(100 + Double($0))] }
    let report = try report(usual + [["duration_seconds": .real(1000)]])
    #expect(report.jobs.outliers.map(\.id) == ["j9"])
    // The median is 104.5, the median distance from it 2.5.
    #expect(report.jobs.outliers.first?.score == 0.6745 * 895.5 / 2.5)
    #expect(
      try self.report(Array(usual.prefix(6)) + [["duration_seconds": .real(1000)]]).jobs.outliers
        == [])
    let same = (0..<9).map { _ in ["duration_seconds": Value.real(100)] }
    #expect(try self.report(same + [["duration_seconds": .real(1000)]]).jobs.outliers == [])
  }

  /// Ids are compared by their bytes.
  @Test func outliersWhoseIDsStringsTakeForEqualAreBothListed() throws {
    let usual = (0..<9).map { ["duration_seconds": Value.real(100 + Double($0))] }
    let unusual = ["\u{E9}", "e\u{301}"].map {
      ["id": Value.text($0), "duration_seconds": .real(1000)]
    }
    let report = try report(usual + unusual)
    #expect(report.jobs.outliers.count == 2 && report.omitted.isEmpty)
  }

  @Test func materialsAreKnownByTheirBytes() throws {
    let store = try store([])
    try store.write {
      try $0.insert(
        record(
          .stripFamilies,
          [
            "id": .text("f"), "material_type": .text("P\u{E9}rola"), "strips": .text("[]"),
            "strip_width_mm": .real(1), "strip_thickness_mm": .real(1),
          ]))
    }
    let materials = try Analytics(of: store).runSynchronously().materials
    #expect(materials.knows(" P\u{E9}ROLA") && !materials.knows("Pe\u{301}rola"))
  }

  @Test func jobsThatRunForTooLongAreStuck() throws {
    let jobs: [[String: Value]] = [
      ["status": .text("running"), "start_time": .text("2025-06-01T10:00")],
      ["status": .text("running"), "start_time": .text("2025-06-08")],
      ["status": .text("planned"), "start_time": .text("2025-01-01")],
    ]
    let today = CalendarDay("2025-06-15")
    let stuck = try report(jobs, .init(today: today)).jobs.stuck
    #expect(stuck.map(\.id) == ["j0"])
    #expect(stuck.map(\.days) == [14])
    #expect(try report(jobs, .init(stuckAfterDays: 6, today: today)).jobs.stuck.count == 2)
    #expect(try report(jobs, .init(stuckAfterDays: 20, today: today)).jobs.stuck.isEmpty)
  }

  @Test func wasteOutOfRangeDoesNotCount() throws {
    let wastes = ["0", "100", "-1", "100.5", "null", "\"5\"", "1e999"]
    let waste = try report(
      wastes.map { ["results": .text("{\"waste_percentage\":\($0)}")] }
    ).materials.waste
    #expect(waste.n == 2)
    #expect(waste.mean == 50)
    #expect(waste.outOfRange == 2)
    #expect(waste.missing == 3)
  }

  @Test func riskRestsOnWhatThereIs() throws {
    func jobs(_ count: Int, failed: Int, _ values: [String: Value]) -> [[String: Value]] {
      (0..<count).map { index in
        values.merging(["status": .text(index < failed ? "failed" : "completed")]) { $1 }
      }
    }
    let ebony: [String: Value] = ["strip_family_id": .text("ebony")]
    let report = try report(
      jobs(5, failed: 2, ebony) + jobs(1, failed: 1, ["strip_family_id": .text("maple")])
        + jobs(4, failed: 0, ["job_type": .text("batch")]))
    let pair = report.risk(jobType: "slice", material: " EBONY")
    #expect(pair?.basis == .typeAndMaterial)
    #expect(pair?.percent == 100.0 * 3 / 7)
    let type = report.risk(jobType: "slice", material: "maple")
    #expect(type?.basis == .type)
    #expect(type?.percent == 100.0 * 4 / 8)
    let all = report.risk(jobType: "batch", material: nil)
    #expect(all?.basis == .all)
    #expect(all?.failures.total == 10)
  }

  /// Job types are compared by their bytes, as in all other figures.
  @Test func riskTellsApartTypesThatStringsTakeForEqual() throws {
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    let report = try report(
      (0..<10).map {
        let isFirst = $0 < 5
        return [
          "job_type": .text(isFirst ? composed : decomposed),
          "status": .text(isFirst ? "failed" : "completed"),
        ]
      })
    for (type, failed) in [(composed, 5), (decomposed, 0)] {
      let risk = try #require(report.risk(jobType: type, material: nil))
      #expect(risk.basis == .type && risk.failures == Rate(failed, of: 5))
    }
  }
}
