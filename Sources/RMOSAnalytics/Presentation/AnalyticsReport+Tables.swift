import RMOSHTML
import RMOSModels

extension AnalyticsReport {
  /// The names of all tables, in the order of ``tables(_:)``.
  package static let tableNames = Part.allCases.flatMap { tableNames(of: $0) }

  /// Returns the names of the tables of a part.
  package static func tableNames(of part: Part) -> [String] {
    switch part {
    case .jobs:
      [
        "jobs", "months", "statuses", "types", "durations", "failures_by_type",
        "failures_by_pattern", "failures_by_material", "failures_by_blade", "failure_reasons",
        "outliers", "estimates", "stuck",
      ]
    case .materials:
      [
        "stock", "waste_by_material", "waste_by_type", "blades", "suppliers", "widths",
        "thicknesses",
      ]
    case .patterns:
      ["rings", "complexity", "complexity_patterns", "geometry", "popularity", "families"]
    }
  }

  /// Returns the figures of parts as tables, in reading order.
  package func tables(_ parts: [Part] = Part.allCases) -> [FigureTable] {
    parts.flatMap { part in
      switch part {
      case .jobs: jobTables
      case .materials: materialTables
      case .patterns: patternTables
      }
    }.map { table in
      switch table.subject {
      case .pattern: table.with { $0.names = patternNames }
      case .stripFamily: table.with { $0.names = stripFamilyNames }
      default: table
      }
    }
  }

  /// Returns the entries of a list with the greatest first, equal ones by name, where numbers
  /// within names are compared as numbers.
  ///
  /// The report has them in byte order. An incomplete list keeps that order, since the entries left
  /// out may be greater.
  private func ordered<Entry>(
    _ entries: [Entry], _ list: String = "", by rank: (Entry) -> [Int],
    _ name: (Entry) -> String
  ) -> [Entry] {
    guard omitted[list] == nil else { return entries }
    return entries.map { (entry: $0, rank: rank($0), name: name($0)) }.sorted { left, right in
      left.rank == right.rank
        ? left.name.precedesNaturally(right.name)
        : right.rank.lexicographicallyPrecedes(left.rank)
    }.map(\.entry)
  }

  /// Returns the words for the order of a list if it is complete, else none.
  private func order(_ words: String, _ list: String) -> String {
    omitted[list] == nil ? words : ""
  }

  // MARK: Jobs

  private var jobTables: [FigureTable] {
    [
      summaryTable, monthTable,
      shareTable("statuses", "Status", "status", "status", jobs.statuses, .status),
      shareTable("types", "Job types", "job_type", "type", jobs.types, .jobType),
      durationTable,
    ] + failureTables + [outlierTable, estimateTable, stuckTable]
  }

  /// The sentence that some entities are not listed because they lack a value, after a space; empty
  /// if there are none.
  private static func unlisted(_ words: String, _ count: Int, _ value: String) -> String {
    count == 0 ? "" : " \(words) without a \(value) \(count == 1 ? "is" : "are") not listed."
  }

  /// The sentence that strip families without a value are not listed.
  private func unlistedFamilies(_ listed: Int, _ value: String) -> String {
    let count = materials.families - listed
    return Self.unlisted(
      PlainText.counted(count, "strip family", "strip families"), count, value)
  }

  private func shareTable(
    _ name: String, _ title: String, _ column: String, _ word: String,
    _ shares: [Grouped<String, Rate>], _ subject: FigureTable.Subject
  ) -> FigureTable {
    // Only another application can have left the value out.
    let without = jobs.total - shares.reduce(0) { $0 + $1.figures.count }
    let rest = Self.unlisted(PlainText.counted(without, "job"), without, word)
    return FigureTable(
      name, title, "All jobs by \(word)." + rest, of: shares,
      [
        .text(column) { $0.key },
        .whole("jobs") { $0.figures.count },
        .number("percentage", "%", decimals: 1) { $0.figures.percent },
      ], chart: .bars(1, scale: nil), subject: subject)
  }

  private var summaryTable: FigureTable {
    let (time, success) = (jobs.throughput, jobs.success)
    var facts: [(name: String, value: FigureTable.Cell)] = [
      ("jobs", .whole(jobs.total)),
      ("finished", .whole(jobs.finished)),
      ("completed", .whole(jobs.completed)),
      ("failed", .whole(jobs.failed)),
      ("cancelled", .whole(jobs.cancelled)),
      ("open", .whole(jobs.open)),
      ("success rate, %", .init(success.percent, 1)),
      ("success rate at least, %", .init(success.low, 1)),
      ("success rate at most, %", .init(success.high, 1)),
      ("first day", .init(time.from)),
      ("last day", .init(time.to)),
      ("calendar days", .init(time.days)),
      ("finished per calendar day", .init(time.finishedPerDay, 2)),
      ("days with finished jobs", .whole(time.activeDays)),
      ("busiest day", .init(time.busiestDay?.key)),
      ("jobs finished on it", .init(time.busiestDay?.figures)),
      ("oldest day of an open job", .init(time.oldestOpenDay)),
      ("without a pattern", .whole(jobs.withoutPattern)),
      ("whose pattern does not exist", .whole(jobs.withMissingPattern)),
      ("whose strip family does not exist", .whole(jobs.withMissingStripFamily)),
    ]
    if jobs.withoutDay > 0 { facts.append(("without a day", .whole(jobs.withoutDay))) }
    return FigureTable(
      "jobs", "Jobs",
      "Finished jobs are completed or failed; the limits of the success rate are those of its 95 % "
        + "confidence interval (Wilson).", of: facts,
      [.text("figure") { $0.name }, .init(.init("value")) { $0.value }]
    ).with { $0.isListOfFacts = true }
  }

  private var monthTable: FigureTable {
    FigureTable(
      "months", "Success and throughput", TimeChart.note(.month), of: jobs.months,
      [
        .text("month") { $0.key },
        .whole("completed") { $0.figures.count },
        .whole("failed") { $0.figures.rest },
        .number("success_rate", "success, %", decimals: 1) { $0.figures.percent },
      ], chart: .stacks(1, 2)
    ).with {
      $0.draw = { [jobs, filter, today] in
        TimeChart(jobs, to: filter.to, today: today).map { ($0.note, $0.figures) }
      }
    }
  }

  private var durationTable: FigureTable {
    FigureTable(
      "durations", "Durations",
      "How long completed jobs took, in seconds: the smallest, the middle half, the median, the "
        + "90th percentile, the mean and the largest.",
      of: [Grouped("all", jobs.durationSeconds)] + jobs.durationSecondsByType,
      [.text("job_type") { $0.key }], .summary(decimals: 1, isSeconds: true) { $0.figures },
      chart: .strips(minimum: 3, lower: 4, median: 5, upper: 6, maximum: 9), subject: .jobType
    ).with { $0.hasTotal = true }
  }

  private var failureTables: [FigureTable] {
    let groups: [(String, String, String, [Grouped<String, Rate>], FigureTable.Subject)] = [
      ("job_type", "by_type", "job type", jobs.failures.byType, .jobType),
      ("pattern_id", "by_pattern", "pattern", jobs.failures.byPattern, .pattern),
      ("material", "by_material", "material", jobs.failures.byMaterial, .material),
      ("blade_id", "by_blade", "blade", jobs.failures.byBlade, .other),
    ]
    let rates = groups.map { column, name, word, groups, subject in
      FigureTable(
        "failures_\(name)", "Failures by \(word)",
        "The share of failed among finished jobs, with its 95 % confidence interval (Wilson), the "
          + "highest lower limit first.", of: groups,
        [
          .text(column, word) { $0.key },
          .whole("finished") { $0.figures.total },
          .whole("failed") { $0.figures.count },
        ], .rate("failure_rate", "failed") { $0.figures },
        chart: .intervals(3, low: 4, high: 5, scale: 100), subject: subject,
        omitted: omitted["jobs.failures.\(name)"] ?? 0)
    }
    let reasons = FigureTable(
      "failure_reasons", "Reasons of failures",
      "What failed jobs give as their error; "
        + "\(PlainText.counted(jobs.failures.withoutReason, "failed job")) without a reason.",
      of: jobs.failures.reasons, [.text("reason") { $0.key }, .whole("jobs") { $0.figures }],
      chart: .bars(1, scale: nil), omitted: omitted["jobs.failures.reasons"] ?? 0
    ).with {
      $0.nothing = jobs.failed == 0 ? "No job has failed." : "No failed job gives a reason."
    }
    return rates + [reasons]
  }

  private var outlierTable: FigureTable {
    FigureTable(
      "outliers", "Unusual durations",
      "Completed jobs far from the median of their type, by the modified z-score of Iglewicz and "
        + "Hoaglin; for types with 8 durations or more.", of: jobs.outliers,
      [
        .text("id", "job") { $0.id },
        .text("job_type") { $0.jobType },
        .number("duration_seconds", "seconds", decimals: 1) { $0.durationSeconds },
        .number("median_seconds", "median", decimals: 1) { $0.medianSeconds },
        .number("z", decimals: 1) { $0.score },
      ], subject: .jobs, omitted: omitted["jobs.outliers"] ?? 0
    ).with {
      let isKnown = jobs.durationSecondsByType.contains { $0.figures.n >= 8 }
      $0.nothing = isKnown ? "None." : "No job type has 8 durations, so nothing is known."
    }
  }

  private var estimateTable: FigureTable {
    FigureTable(
      "estimates", "Estimates against actual times",
      "The estimated time of a pattern and the median of its completed jobs, in minutes"
        + order(", the most jobs first", "jobs.estimates") + ".",
      of: ordered(jobs.estimates, "jobs.estimates", by: { [$0.n] }, \.patternID),
      [
        .text("pattern_id", "pattern") { $0.patternID },
        .number("estimated_minutes", "estimated", decimals: 1) { $0.estimatedMinutes },
        .number("median_minutes", "actual", decimals: 1) { $0.medianMinutes },
        .whole("n") { $0.n },
      ], chart: .comparison(2, mark: 1), subject: .pattern,
      omitted: omitted["jobs.estimates"] ?? 0
    ).with {
      for column in 1...2 { $0.columns[column].otherUnit = "min" }
    }
  }

  private var stuckTable: FigureTable {
    FigureTable(
      "stuck", "Stuck jobs",
      "Jobs that have been running for more than "
        + "\(PlainText.counted(jobs.stuckAfterDays, "day")).", of: jobs.stuck,
      [
        .text("id", "job") { $0.id },
        .text("job_type") { $0.jobType },
        .text("since") { $0.since },
        .whole("days") { $0.days },
      ], subject: .jobs, omitted: omitted["jobs.stuck"] ?? 0
    ).with { $0.nothing = jobs.total == 0 ? "There are no jobs." : "None." }
  }

  // MARK: Materials

  private var materialTables: [FigureTable] {
    [stockTable] + wasteTables + [bladeTable, supplierTable] + sizeTables
  }

  private var stockTable: FigureTable {
    FigureTable(
      "stock", "Stock",
      "The stock of each material; the length counts each strip as often as its quantity."
        + unlistedFamilies(materials.stock.reduce(0) { $0 + $1.families }, "material"),
      of: materials.stock,
      [
        .text("material") { $0.material },
        .whole("families") { $0.families },
        .whole("strips") { $0.strips },
        .number("quantity", decimals: 0, isBrief: false) { $0.quantity },
        .whole("strips_without_length", "no length") { $0.stripsWithoutLength },
        .number("total_length_mm", "length, mm", decimals: 0) { $0.totalLengthMM },
        .number("area_cm2", "area, cm²", decimals: 1, isBrief: false) { $0.areaCM2 },
        .number("volume_cm3", "volume, cm³", decimals: 1, isBrief: false) { $0.volumeCM3 },
      ], chart: .bars(5, scale: nil), subject: .material)
  }

  private var wasteTables: [FigureTable] {
    let groups: [(String, String, [Grouped<String, MaterialFigures.Waste>], FigureTable.Subject)] =
      [
        ("material", "waste_by_material", materials.wasteByMaterial, .material),
        ("job_type", "waste_by_type", materials.wasteByType, .jobType),
      ]
    return groups.map { column, name, groups, subject in
      FigureTable(
        name, "Waste by \(column.replacing("_", with: " "))",
        "The mean waste of finished jobs in percent. Of all \(PlainText.grouped(jobs.finished)): "
          + "\(PlainText.grouped(materials.waste.n)) with it, "
          + "\(PlainText.grouped(materials.waste.missing)) without, and "
          + "\(PlainText.grouped(materials.waste.outOfRange)) with a number below 0 or above 100.",
        of: [Grouped("all", materials.waste)] + groups,
        [
          .text(column) { $0.key },
          .whole("n") { $0.figures.n },
          .whole("missing") { $0.figures.missing },
          .whole("out_of_range") { $0.figures.outOfRange },
          .number("mean", "mean, %", decimals: 2) { $0.figures.mean },
        ], chart: .bars(4, scale: nil), subject: subject
      ).with { $0.hasTotal = true }
    }
  }

  private var bladeTable: FigureTable {
    FigureTable(
      "blades", "Blades", "What each blade has done, and how often it failed.",
      of: materials.blades,
      [
        .text("blade_id", "blade") { $0.id },
        .whole("jobs") { $0.jobs },
        .whole("finished", isBrief: false) { $0.failures.total },
        .whole("failed") { $0.failures.count },
        .number("hours", decimals: 1) { $0.hours },
        .number("cuts", decimals: 0) { $0.cuts },
        .text("first_day") { $0.firstDay },
        .text("last_day") { $0.lastDay },
      ], chart: .bars(4, scale: nil))
  }

  private var supplierTable: FigureTable {
    FigureTable(
      "suppliers", "Suppliers",
      "How jobs with each supplier's strip families went, the most jobs first.",
      of: ordered(
        materials.suppliers, by: { [$0.success.total, $0.families] }, \.supplier),
      [
        .text("supplier") { $0.supplier },
        .whole("families") { $0.families },
        .whole("finished") { $0.success.total },
      ], .rate("success_rate", "success", hasBriefLimits: false) { $0.success },
      [.number("waste_mean", "waste, %", decimals: 2) { $0.waste.mean }],
      chart: .intervals(3, low: 4, high: 5, scale: 100))
  }

  private var sizeTables: [FigureTable] {
    [
      ("widths", "Strip widths", "width", materials.widths),
      ("thicknesses", "Strip thicknesses", "thickness", materials.thicknesses),
    ].map { name, title, word, sizes in
      FigureTable(
        name, title,
        "Strip families by size, rounded to 0.05 mm."
          + unlistedFamilies(sizes.reduce(0) { $0 + $1.figures }, word), of: sizes,
        [
          .init(.init("size_mm", "size, mm", isText: true)) { .number($0.key, 2) },
          .whole("families") { $0.figures },
        ], chart: .bars(1, scale: nil))
    }
  }

  // MARK: Patterns

  private var patternTables: [FigureTable] {
    [
      ringTable, complexityTable, patternTable, geometryTable, popularityTable, familyTable,
    ]
  }

  private var ringTable: FigureTable {
    let summary = patterns.rings.summary
    let middle = FigureTable.Cell(summary.median, 1).shown
    let mean = FigureTable.Cell(summary.mean, 2).shown
    return FigureTable(
      "rings", "Rings",
      "How many rings patterns have: median \(middle), mean \(mean); "
        + "\(PlainText.counted(summary.missing, "pattern")) without a number.",
      of: patterns.rings.histogram,
      [.init(.init("rings", isText: true)) { .whole($0.key) }, .whole("patterns") { $0.figures }],
      chart: .bars(1, scale: nil))
  }

  private var complexityTable: FigureTable {
    let complexity = patterns.complexity
    return FigureTable(
      "complexity", "Complexity",
      "Patterns by their score, 10 · rings + cells / 20: simple to 30, medium to 60, complex to 100, "
        + "expert above; mean \(FigureTable.Cell(complexity.meanScore, 1).shown). "
        + "\(PlainText.counted(complexity.withoutCells, "pattern")) without cells in the geometry.",
      of: ComplexityClass.allCases,
      [
        .text("class") { $0.rawValue },
        .whole("patterns") { complexity.classes[$0, default: 0] },
      ], chart: .bars(1, scale: nil))
  }

  private var patternTable: FigureTable {
    FigureTable(
      "complexity_patterns", "The most complex patterns",
      "Patterns by their score, the highest first.", of: patterns.complexity.patterns,
      [
        .text("id", "pattern") { $0.id },
        .whole("ring_count", "rings") { $0.ringCount },
        .number("cells", decimals: 0) { $0.cells },
        .number("score", decimals: 2) { $0.score },
        .text("class") { $0.complexity?.rawValue },
      ], chart: .bars(3, scale: nil), subject: .pattern,
      omitted: omitted["patterns.complexity.patterns"] ?? 0)
  }

  private var geometryTable: FigureTable {
    FigureTable(
      "geometry", "Ring geometry",
      "The sizes of the rings of all patterns, in millimeters; the pitch is 2π · radius / segments.",
      of: [
        Grouped("radius", patterns.geometry.radiusMM),
        Grouped("width", patterns.geometry.widthMM),
        Grouped("pitch", patterns.geometry.pitchMM),
      ],
      [.text("measure") { $0.key }], .summary(decimals: 2, unit: "mm") { $0.figures },
      chart: .strips(minimum: 3, lower: 4, median: 5, upper: 6, maximum: 9))
  }

  private var popularityTable: FigureTable {
    FigureTable(
      "popularity", "Popular and unused patterns",
      "Patterns by their number of jobs, the most first; those without jobs too.",
      of: patterns.popularity,
      [
        .text("id", "pattern") { $0.id },
        .whole("jobs") { $0.jobs },
        .whole("finished", isBrief: false) { $0.finished },
        .whole("completed") { $0.completed },
        .text("last_made_day", "last made") { $0.lastMadeDay },
      ], chart: .bars(1, scale: nil), subject: .pattern,
      omitted: omitted["patterns.popularity"] ?? 0)
  }

  private var familyTable: FigureTable {
    FigureTable(
      "families", "Use of strip families",
      "How many patterns and jobs name each strip family"
        + order(", the most jobs first", "patterns.families") + ". "
        + "\(PlainText.counted(patterns.withMissingStripFamily, "pattern")) "
        + "\(patterns.withMissingStripFamily == 1 ? "names" : "name") one that does not exist.",
      of: ordered(
        patterns.families, "patterns.families", by: { [$0.jobs, $0.patterns] }, \.id),
      [
        .text("id", "strip family") { $0.id },
        .whole("patterns") { $0.patterns },
        .whole("jobs") { $0.jobs },
        .text("last_used_day", "last used") { $0.lastUsedDay },
      ], chart: .bars(2, scale: nil), subject: .stripFamily,
      omitted: omitted["patterns.families"] ?? 0)
  }
}

extension FigureTable {
  /// Returns a changed copy.
  fileprivate func with(_ change: (inout FigureTable) -> Void) -> FigureTable {
    var table = self
    change(&table)
    return table
  }
}

extension Array {
  /// Returns the columns of a rate and the limits of its interval, in percent.
  fileprivate static func rate<Row>(
    _ name: String, _ heading: String, hasBriefLimits: Bool = true,
    _ rate: @escaping (Row) -> Rate
  ) -> [Element] where Element == FigureTable.Figure<Row> {
    [
      .number(name, "\(heading), %", decimals: 1) { rate($0).percent },
      .number("\(name)_low", "at least, %", decimals: 1, isBrief: hasBriefLimits) { rate($0).low },
      .number("\(name)_high", "at most, %", decimals: 1, isBrief: hasBriefLimits) {
        rate($0).high
      },
    ]
  }

  /// Returns the columns of a summary, of which some are shown where there is little room.
  fileprivate static func summary<Row>(
    decimals: Int, isSeconds: Bool = false, unit: String? = nil,
    _ summary: @escaping (Row) -> NumberSummary
  ) -> [Element] where Element == FigureTable.Figure<Row> {
    let numbers: [(name: String, isBrief: Bool, value: (NumberSummary) -> Double?)] = [
      ("min", false, { $0.minimum }), ("lower_quartile", false, { $0.lowerQuartile }),
      ("median", true, { $0.median }), ("upper_quartile", false, { $0.upperQuartile }),
      ("p90", true, { $0.p90 }), ("mean", false, { $0.mean }), ("max", true, { $0.maximum }),
    ]
    return [.whole("n") { summary($0).n }, .whole("missing") { summary($0).missing }]
      + numbers.map { name, isBrief, value in
        var column = FigureTable.Column(name, isBrief: isBrief)
        column.isSeconds = isSeconds
        column.otherUnit = unit
        return Element(column) { .init(value(summary($0)), decimals) }
      }
  }
}

extension String {
  /// Returns whether it comes before another text if numbers in both are compared as numbers:
  /// `Supplier 2` comes before `Supplier 10`.
  fileprivate func precedesNaturally(_ other: String) -> Bool {
    let (left, right) = (Array(utf8), Array(other.utf8))
    func digits(_ bytes: [UInt8], _ start: Int) -> ArraySlice<UInt8> {
      bytes[start...].prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }
    var (first, second) = (0, 0)
    while first < left.count, second < right.count {
      let numbers = (digits(left, first), digits(right, second))
      if numbers.0.isEmpty || numbers.1.isEmpty {
        guard left[first] == right[second] else { return left[first] < right[second] }
        (first, second) = (first + 1, second + 1)
        continue
      }
      let values = (
        numbers.0.drop { $0 == UInt8(ascii: "0") }, numbers.1.drop { $0 == UInt8(ascii: "0") }
      )
      guard values.0.elementsEqual(values.1) else {
        return values.0.count == values.1.count
          ? values.0.lexicographicallyPrecedes(values.1) : values.0.count < values.1.count
      }
      (first, second) = (first + numbers.0.count, second + numbers.1.count)
    }
    return left.count - first == right.count - second
      ? left.lexicographicallyPrecedes(right) : left.count - first < right.count - second
  }
}
