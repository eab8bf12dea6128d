import RMOSHTML
import RMOSModels

/// Figures as a table with a chart.
///
/// Text, CSV and pages are all written from these tables, so they cannot disagree.
package struct FigureTable: Sendable {
  /// The content of a cell, with the form in which it is shown.
  package enum Cell: Sendable, Hashable {
    case text(String)
    case whole(Int)
    /// A number, and the number of decimals to show.
    case number(Double, Int)
    case unknown

    /// Creates a whole number; `unknown` for `nil`.
    init(_ value: Int?) { self = value.map { .whole($0) } ?? .unknown }
    /// Creates a number; `unknown` for `nil`.
    init(_ value: Double?, _ decimals: Int) {
      self = value.map { .number($0, decimals) } ?? .unknown
    }
    /// Creates a text; `unknown` for `nil`.
    init(_ value: String?) { self = value.map { .text($0) } ?? .unknown }

    /// The number; `nil` if the cell is not one.
    var number: Double? {
      switch self {
      case .whole(let number): Double(number)
      case .number(let number, _): number
      case .text, .unknown: nil
      }
    }

    /// The text to show.
    package var shown: String {
      switch self {
      case .text(let text): text
      case .whole(let number): PlainText.grouped(number)
      case .number(let number, let decimals): FigureText.number(number, decimals)
      case .unknown: "–"
      }
    }
  }

  /// A column: its heading, and how its cells are shown.
  package struct Column: Sendable {
    /// Its name in CSV.
    package var name: String
    /// Its heading: by default, the name with spaces.
    var heading: String
    /// Whether it is shown where there is little room.
    var isBrief: Bool
    /// Whether it holds texts.
    var isText: Bool
    /// Whether its numbers are seconds, which charts show as durations.
    var isSeconds = false

    /// The heading without its unit.
    var words: String { String(heading.prefix { $0 != "," }) }
    /// The unit, if it is not at the end of the heading.
    var otherUnit: String?
    /// The unit; `nil` if there is none.
    var unit: String? {
      otherUnit ?? heading.firstRange(of: ", ").map { String(heading[$0.upperBound...]) }
    }

    init(
      _ name: String, _ heading: String? = nil, isBrief: Bool = true, isText: Bool = false
    ) {
      self.name = name
      self.heading = heading ?? name.replacing("_", with: " ")
      self.isBrief = isBrief
      self.isText = isText
    }

    static func text(_ name: String, _ heading: String? = nil, isBrief: Bool = true) -> Column {
      Column(name, heading, isBrief: isBrief, isText: true)
    }
  }

  /// How the rows are drawn; the integers are indices of columns.
  enum Chart: Sendable, Hashable {
    /// A bar for each row, on a scale from 0 to `scale`, or to the largest value if that is `nil`.
    case bars(Int, scale: Double?)
    /// A dot with an interval for each row, on a scale from 0 to `scale`.
    case intervals(Int, low: Int, high: Int, scale: Double)
    /// A line from the smallest to the largest value, a box around the middle half, and a line at
    /// the median.
    case strips(minimum: Int, lower: Int, median: Int, upper: Int, maximum: Int)
    /// A bar for each row, and a mark to compare it with.
    case comparison(Int, mark: Int)
    /// A column for each row, of two stacked parts.
    case stacks(Int, Int)
  }

  /// The subject of rows, for links.
  package enum Subject: Sendable, Hashable {
    case jobs, jobType, status, pattern, stripFamily, material, other
  }

  /// Its name, from which that of the CSV file is made.
  package var name: String
  package var title: String
  /// A description of the figures in a sentence or two.
  package var note: String
  package var columns: [Column]
  package var rows: [[Cell]]
  var chart: Chart?
  /// The subject that the first column names.
  package var subject = Subject.other
  /// The names of the entities whose ids are in the first column, for pages.
  var names: [UTF8Key: EntityName] = [:]
  /// The number of rows left out.
  package var omitted = 0
  /// Whether each row is a different figure, named in the first column; such a table is never cut.
  var isListOfFacts = false
  /// Whether the first row summarizes all rows.
  var hasTotal = false
  /// The text shown if there are no rows.
  var nothing = "Nothing is known."
  /// Returns charts of another form, with a note that replaces ``note``; `nil` to draw ``chart``.
  var draw: (@Sendable () -> (note: String, figures: HTML)?)?

  init(
    _ name: String, _ title: String, _ note: String,
    _ columns: [Column], _ rows: [[Cell]], chart: Chart? = nil, subject: Subject = .other,
    omitted: Int = 0
  ) {
    self.name = name
    self.title = title
    self.note = note
    self.columns = columns
    self.rows = rows
    self.chart = chart
    self.subject = subject
    self.omitted = omitted
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
      let tables =
        switch part {
        case .jobs: jobTables
        case .materials: materialTables
        case .patterns: patternTables
        }
      return tables.map { table in
        switch table.subject {
        case .pattern: table.with { $0.names = patternNames }
        case .stripFamily: table.with { $0.names = stripFamilyNames }
        default: table
        }
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

  private func rateCells(_ rate: Rate) -> [FigureTable.Cell] {
    [.init(rate.percent, 1), .init(rate.low, 1), .init(rate.high, 1)]
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

  private func shareTable(
    _ name: String, _ title: String, _ column: String, _ word: String,
    _ shares: [Grouped<String, Rate>], _ subject: FigureTable.Subject
  ) -> FigureTable {
    // Only another application can have left the value out.
    let without = jobs.total - shares.reduce(0) { $0 + $1.figures.count }
    let rest =
      without == 0
      ? ""
      : " \(PlainText.counted(without, "job")) without a \(word) \(without == 1 ? "is" : "are")"
        + " not listed."
    return FigureTable(
      name, title, "All jobs by \(word)." + rest,
      [.text(column), .init("jobs"), .init("percentage", "%")],
      shares.map { [.text($0.key), .whole($0.figures.count), .init($0.figures.percent, 1)] },
      chart: .bars(1, scale: nil), subject: subject)
  }

  private var summaryTable: FigureTable {
    let time = jobs.throughput
    let success = jobs.success
    var rows: [[FigureTable.Cell]] = [
      [.text("jobs"), .whole(jobs.total)],
      [.text("finished"), .whole(jobs.finished)],
      [.text("completed"), .whole(jobs.completed)],
      [.text("failed"), .whole(jobs.failed)],
      [.text("cancelled"), .whole(jobs.cancelled)],
      [.text("open"), .whole(jobs.open)],
      [.text("success rate, %"), .init(success.percent, 1)],
      [.text("success rate at least, %"), .init(success.low, 1)],
      [.text("success rate at most, %"), .init(success.high, 1)],
      [.text("first day"), .init(time.from)],
      [.text("last day"), .init(time.to)],
      [.text("calendar days"), .init(time.days)],
      [.text("finished per calendar day"), .init(time.finishedPerDay, 2)],
      [.text("days with finished jobs"), .whole(time.activeDays)],
      [.text("busiest day"), .init(time.busiestDay?.key)],
      [.text("jobs finished on it"), .init(time.busiestDay?.figures)],
      [.text("oldest day of an open job"), .init(time.oldestOpenDay)],
      [.text("without a pattern"), .whole(jobs.withoutPattern)],
      [.text("whose pattern does not exist"), .whole(jobs.withMissingPattern)],
      [.text("whose strip family does not exist"), .whole(jobs.withMissingStripFamily)],
    ]
    if jobs.withoutDay > 0 { rows.append([.text("without a day"), .whole(jobs.withoutDay)]) }
    return FigureTable(
      "jobs", "Jobs",
      "Finished jobs are completed or failed; the limits of the success rate are those of its 95 % "
        + "confidence interval (Wilson).", [.text("figure"), .init("value")], rows
    ).with { $0.isListOfFacts = true }
  }

  private var monthTable: FigureTable {
    FigureTable(
      "months", "Success and throughput",
      TimeChart.note(.month),
      [
        .text("month"), .init("completed"), .init("failed"), .init("success_rate", "success, %"),
      ],
      jobs.months.map {
        [
          .text($0.key), .whole($0.figures.count), .whole($0.figures.rest),
          .init($0.figures.percent, 1),
        ]
      }, chart: .stacks(1, 2)
    ).with {
      $0.draw = { [jobs, filter, today] in
        TimeChart(jobs, to: filter.to, today: today).map { ($0.note, $0.figures) }
      }
    }
  }

  private var durationTable: FigureTable {
    func seconds(_ name: String, isBrief: Bool = true) -> FigureTable.Column {
      var column = FigureTable.Column(name, isBrief: isBrief)
      column.isSeconds = true
      return column
    }
    func row(_ name: String, _ summary: NumberSummary) -> [FigureTable.Cell] {
      [.text(name), .whole(summary.n), .whole(summary.missing)]
        + [
          summary.minimum, summary.lowerQuartile, summary.median, summary.upperQuartile,
          summary.p90, summary.mean, summary.maximum,
        ].map { .init($0, 1) }
    }
    return FigureTable(
      "durations", "Durations",
      "How long completed jobs took, in seconds: the smallest, the middle half, the median, the "
        + "90th percentile, the mean and the largest.",
      [
        .text("job_type"), .init("n"), .init("missing"), seconds("min", isBrief: false),
        seconds("lower_quartile", isBrief: false), seconds("median"),
        seconds("upper_quartile", isBrief: false), seconds("p90"),
        seconds("mean", isBrief: false), seconds("max"),
      ],
      [row("all", jobs.durationSeconds)]
        + jobs.durationSecondsByType.map { row($0.key, $0.figures) },
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
          + "highest lower limit first.",
        [
          .text(column, word), .init("finished"), .init("failed"),
          .init("failure_rate", "failed, %"), .init("failure_rate_low", "at least, %"),
          .init("failure_rate_high", "at most, %"),
        ],
        groups.map {
          [.text($0.key), .whole($0.figures.total), .whole($0.figures.count)]
            + rateCells($0.figures)
        }, chart: .intervals(3, low: 4, high: 5, scale: 100), subject: subject,
        omitted: omitted["jobs.failures.\(name)"] ?? 0)
    }
    let reasons = FigureTable(
      "failure_reasons", "Reasons of failures",
      "What failed jobs give as their error; "
        + "\(PlainText.counted(jobs.failures.withoutReason, "failed job")) without a reason.",
      [.text("reason"), .init("jobs")],
      jobs.failures.reasons.map { [.text($0.key), .whole($0.figures)] },
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
        + "Hoaglin; for types with 8 durations or more.",
      [
        .text("id", "job"), .text("job_type"), .init("duration_seconds", "seconds"),
        .init("median_seconds", "median"), .init("z"),
      ],
      jobs.outliers.map {
        [
          .text($0.id), .text($0.jobType), .number($0.durationSeconds, 1),
          .number($0.medianSeconds, 1), .number($0.score, 1),
        ]
      }, subject: .jobs, omitted: omitted["jobs.outliers"] ?? 0
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
      [
        .text("pattern_id", "pattern"), .init("estimated_minutes", "estimated"),
        .init("median_minutes", "actual"), .init("n"),
      ],
      ordered(jobs.estimates, "jobs.estimates", by: { [$0.n] }, \.patternID).map {
        [
          .text($0.patternID), .number($0.estimatedMinutes, 1), .number($0.medianMinutes, 1),
          .whole($0.n),
        ]
      }, chart: .comparison(2, mark: 1), subject: .pattern,
      omitted: omitted["jobs.estimates"] ?? 0
    ).with {
      for column in 1...2 { $0.columns[column].otherUnit = "min" }
    }
  }

  private var stuckTable: FigureTable {
    FigureTable(
      "stuck", "Stuck jobs",
      "Jobs that have been running for more than "
        + "\(PlainText.counted(jobs.stuckAfterDays, "day")).",
      [.text("id", "job"), .text("job_type"), .text("since"), .init("days")],
      jobs.stuck.map { [.text($0.id), .init($0.jobType), .text($0.since), .whole($0.days)] },
      subject: .jobs, omitted: omitted["jobs.stuck"] ?? 0
    ).with { $0.nothing = jobs.total == 0 ? "There are no jobs." : "None." }
  }

  // MARK: Materials

  private var materialTables: [FigureTable] {
    [stockTable] + wasteTables + [bladeTable, supplierTable] + sizeTables
  }

  private var stockTable: FigureTable {
    FigureTable(
      "stock", "Stock",
      "The stock of each material; the length counts each strip as often as its quantity.",
      [
        .text("material"), .init("families"), .init("strips"), .init("quantity", isBrief: false),
        .init("strips_without_length", "no length"),
        .init("total_length_mm", "length, mm"), .init("area_cm2", "area, cm²", isBrief: false),
        .init("volume_cm3", "volume, cm³", isBrief: false),
      ],
      materials.stock.map {
        [
          .text($0.material), .whole($0.families), .whole($0.strips), .number($0.quantity, 0),
          .whole($0.stripsWithoutLength), .init($0.totalLengthMM, 0), .init($0.areaCM2, 1),
          .init($0.volumeCM3, 1),
        ]
      }, chart: .bars(5, scale: nil), subject: .material)
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
        [
          .text(column), .init("n"), .init("missing"), .init("out_of_range"),
          .init("mean", "mean, %"),
        ],
        ([Grouped("all", materials.waste)] + groups).map { group in
          let waste = group.figures
          return [
            .text(group.key), .whole(waste.n), .whole(waste.missing), .whole(waste.outOfRange),
            .init(waste.mean, 2),
          ]
        }, chart: .bars(4, scale: nil), subject: subject
      ).with { $0.hasTotal = true }
    }
  }

  private var bladeTable: FigureTable {
    FigureTable(
      "blades", "Blades", "What each blade has done, and how often it failed.",
      [
        .text("blade_id", "blade"), .init("jobs"), .init("finished", isBrief: false),
        .init("failed"), .init("hours"), .init("cuts"), .text("first_day"), .text("last_day"),
      ],
      materials.blades.map {
        [
          .text($0.id), .whole($0.jobs), .whole($0.failures.total), .whole($0.failures.count),
          .init($0.hours, 1), .init($0.cuts, 0), .init($0.firstDay), .init($0.lastDay),
        ]
      }, chart: .bars(4, scale: nil))
  }

  private var supplierTable: FigureTable {
    FigureTable(
      "suppliers", "Suppliers",
      "How jobs with each supplier's strip families went, the most jobs first.",
      [
        .text("supplier"), .init("families"), .init("finished"),
        .init("success_rate", "success, %"),
        .init("success_rate_low", "at least, %", isBrief: false),
        .init("success_rate_high", "at most, %", isBrief: false), .init("waste_mean", "waste, %"),
      ],
      ordered(materials.suppliers, by: { [$0.success.total, $0.families] }, \.supplier).map {
        [.text($0.supplier), .whole($0.families), .whole($0.success.total)]
          + rateCells($0.success) + [.init($0.waste.mean, 2)]
      }, chart: .intervals(3, low: 4, high: 5, scale: 100))
  }

  private var sizeTables: [FigureTable] {
    [
      ("widths", "Strip widths", materials.widths),
      ("thicknesses", "Strip thicknesses", materials.thicknesses),
    ].map { name, title, sizes in
      FigureTable(
        name, title, "Strip families by size, rounded to 0.05 mm.",
        [.init("size_mm", "size, mm", isText: true), .init("families")],
        sizes.map { [.number($0.key, 2), .whole($0.figures)] }, chart: .bars(1, scale: nil))
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
      [.init("rings", isText: true), .init("patterns")],
      patterns.rings.histogram.map { [.whole($0.key), .whole($0.figures)] },
      chart: .bars(1, scale: nil))
  }

  private var complexityTable: FigureTable {
    let complexity = patterns.complexity
    return FigureTable(
      "complexity", "Complexity",
      "Patterns by their score, 10 · rings + cells / 20: simple to 30, medium to 60, complex to 100, "
        + "expert above; mean \(FigureTable.Cell(complexity.meanScore, 1).shown). "
        + "\(PlainText.counted(complexity.withoutCells, "pattern")) without cells in the geometry.",
      [.text("class"), .init("patterns")],
      ComplexityClass.allCases.map {
        [.text($0.rawValue), .whole(complexity.classes[$0, default: 0])]
      }, chart: .bars(1, scale: nil))
  }

  private var patternTable: FigureTable {
    FigureTable(
      "complexity_patterns", "The most complex patterns",
      "Patterns by their score, the highest first.",
      [
        .text("id", "pattern"), .init("ring_count", "rings"), .init("cells"), .init("score"),
        .text("class"),
      ],
      patterns.complexity.patterns.map {
        [
          .text($0.id), .init($0.ringCount), .init($0.cells, 0), .init($0.score, 2),
          .init($0.complexity?.rawValue),
        ]
      }, chart: .bars(3, scale: nil), subject: .pattern,
      omitted: omitted["patterns.complexity.patterns"] ?? 0)
  }

  private var geometryTable: FigureTable {
    let measures = [
      ("radius", patterns.geometry.radiusMM), ("width", patterns.geometry.widthMM),
      ("pitch", patterns.geometry.pitchMM),
    ]
    return FigureTable(
      "geometry", "Ring geometry",
      "The sizes of the rings of all patterns, in millimeters; the pitch is 2π · radius / segments.",
      [
        .text("measure"), .init("n"), .init("missing"), .init("min", isBrief: false),
        .init("lower_quartile", isBrief: false), .init("median"),
        .init("upper_quartile", isBrief: false), .init("p90"), .init("mean", isBrief: false),
        .init("max"),
      ],
      measures.map { name, summary in
        [.text(name), .whole(summary.n), .whole(summary.missing)]
          + [
            summary.minimum, summary.lowerQuartile, summary.median, summary.upperQuartile,
            summary.p90, summary.mean, summary.maximum,
          ].map { .init($0, 2) }
      }, chart: .strips(minimum: 3, lower: 4, median: 5, upper: 6, maximum: 9)
    ).with {
      for column in 3...9 { $0.columns[column].otherUnit = "mm" }
    }
  }

  private var popularityTable: FigureTable {
    FigureTable(
      "popularity", "Popular and unused patterns",
      "Patterns by their number of jobs, the most first; those without jobs too.",
      [
        .text("id", "pattern"), .init("jobs"), .init("finished", isBrief: false),
        .init("completed"), .text("last_made_day", "last made"),
      ],
      patterns.popularity.map {
        [
          .text($0.id), .whole($0.jobs), .whole($0.finished), .whole($0.completed),
          .init($0.lastMadeDay),
        ]
      }, chart: .bars(1, scale: nil), subject: .pattern,
      omitted: omitted["patterns.popularity"] ?? 0)
  }

  private var familyTable: FigureTable {
    FigureTable(
      "families", "Use of strip families",
      "How many patterns and jobs name each strip family"
        + order(", the most jobs first", "patterns.families") + ". "
        + "\(PlainText.counted(patterns.withMissingStripFamily, "pattern")) "
        + "\(patterns.withMissingStripFamily == 1 ? "names" : "name") one that does not exist.",
      [
        .text("id", "strip family"), .init("patterns"), .init("jobs"),
        .text("last_used_day", "last used"),
      ],
      ordered(
        patterns.families, "patterns.families", by: { [$0.jobs, $0.patterns] }, \.id
      ).map {
        [.text($0.id), .whole($0.patterns), .whole($0.jobs), .init($0.lastUsedDay)]
      }, chart: .bars(2, scale: nil), subject: .stripFamily,
      omitted: omitted["patterns.families"] ?? 0)
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

// MARK: Text and CSV

extension FigureTable {
  /// The table as CSV (RFC 4180) with the names of the columns in the first line; unknown values
  /// are empty.
  package var csv: String {
    let lines = [columns.map(\.name)] + rows.map { $0.map(Self.field) }
    return lines.map { $0.joined(separator: ",") + "\r\n" }.joined()
  }

  private static func field(_ cell: Cell) -> String {
    switch cell {
    case .text(let text): CSVText.field(text)
    case .whole(let number): String(number)
    case .number(let number, _): Int(exactly: number).map { String($0) } ?? number.description
    case .unknown: ""
    }
  }

  /// How text is laid out.
  package struct TextStyle: Sendable {
    /// The maximum width of a line, in terminal columns.
    package var width: Int
    /// The character of which bars consist.
    var bar: Character
    /// The maximum number of rows of a table.
    var rows: Int

    /// Creates a style.
    package init(width: Int, bar: Character, rows: Int) {
      self.width = width
      self.bar = bar
      self.rows = rows
    }
  }

  /// Returns the table as lines of text, with a bar in each row if there is a chart and room for
  /// it.
  package func text(_ style: TextStyle) -> String {
    let brief = columns.indices.filter { columns[$0].isBrief }
    // A table over time is cut at its beginning, not at its end.
    let isOverTime = if case .stacks = chart { true } else { false }
    let limit = isListOfFacts ? rows.count : style.rows
    let shownRows = isOverTime ? rows.suffix(limit) : rows.prefix(limit)
    var cells = [brief.map { columns[$0].heading }]
    cells += shownRows.map { row in brief.map { PlainText.escaped(row[$0].shown) } }
    var widths = brief.indices.map { column in
      cells.map { PlainText.width($0[column]) }.max() ?? 0
    }
    func total() -> Int { widths.reduce(0, +) + 2 * (widths.count - 1) }
    // Columns of text are cut, the widest first, if the table is too wide or leaves no room for
    // bars.
    let texts = brief.indices.filter { columns[brief[$0]].isText }
    func shrink(to width: Int, atLeast least: Int) {
      while total() > width, let widest = texts.max(by: { widths[$0] < widths[$1] }),
        widths[widest] > least
      {
        widths[widest] -= 1
      }
    }
    let more = rows.count - shownRows.count + omitted
    let ending =
      more > 0 ? "\n… and \(PlainText.grouped(more)) \(isOverTime ? "earlier" : "more")" : ""
    shrink(to: style.width, atLeast: isListOfFacts ? .max : 8)
    if total() > style.width {
      var table = TextTable(brief.map { (columns[$0].heading, !columns[$0].isText) })
      for row in shownRows { table.add(brief.map { row[$0].shown }) }
      return table.lines(width: style.width).joined(separator: "\n") + ending
    }
    if barValues != nil { shrink(to: style.width - 14, atLeast: 20) }
    let room = min(30, style.width - total() - 2)
    let bars = room >= 5 ? barValues : nil
    let largest = bars.map { bars in
      barScale ?? bars[shownRows.startIndex..<shownRows.endIndex].compactMap { $0 }.max() ?? 0
    }
    let lines = cells.enumerated().map { index, row in
      var line = brief.indices.map { column in
        PlainText.padded(
          PlainText.cut(row[column], to: widths[column]), to: widths[column],
          left: !columns[brief[column]].isText)
      }.joined(separator: "  ")
      if index > 0, let bars, let largest, let value = bars[shownRows.startIndex + index - 1],
        largest > 0, value > 0
      {
        let length = max(1, Int((Double(room) * min(1, value / largest)).rounded()))
        line += "  " + String(repeating: style.bar, count: length)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    return lines.joined(separator: "\n") + ending
  }

  /// The values that bars stand for; `nil` if the chart has none.
  private var barValues: [Double?]? {
    switch chart {
    case .bars(let column, _), .intervals(let column, _, _, _), .comparison(let column, _):
      rows.map { $0[column].number }
    case .stacks(let first, let second):
      rows.map { row in
        row[first].number.flatMap { first in row[second].number.map { first + $0 } }
      }
    case .strips(_, _, let median, _, _): rows.map { $0[median].number }
    case nil: nil
    }
  }

  private var barScale: Double? {
    switch chart {
    case .bars(_, let scale): scale
    case .intervals(_, _, _, let scale): scale
    case .strips, .comparison, .stacks, nil: nil
    }
  }
}
