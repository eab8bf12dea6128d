import RMOSModels
import RMOSStore

/// The content of a store that figures need, read once.
///
/// Figures with any filter are computed from it without reading the store again.
final class Shop {
  let families: FamilyTable
  let patterns: PatternTable
  private(set) var types = InternedTexts()
  private(set) var statuses = InternedTexts()
  private(set) var blades = InternedTexts()
  /// The reasons that failed jobs give.
  private(set) var errors = InternedTexts()
  // Only for use once the jobs are read.
  private(set) lazy var typesInByteOrder = types.inByteOrder
  private(set) lazy var bladesInByteOrder = blades.inByteOrder
  private let jobs = JobList()
  private let json = JSONMemberReader()

  /// Reads all strip families, patterns and jobs.
  ///
  /// - Parameters:
  ///   - rows: The rows of a store.
  ///   - needsJobs: Whether to read the jobs, too.
  /// - Throws: `StoreError` if the store cannot be read.
  init(reading rows: RowReader, needsJobs: Bool = true) throws {
    families = try FamilyTable(reading: rows)
    patterns = try PatternTable(reading: rows, families)
    guard needsJobs else { return }
    let members = [
      "id", "job_type", "pattern_id", "strip_family_id", "status", "start_time", "end_time",
      "duration_seconds", "results", "created_at", "parameters",
    ]
    try rows.forEach(.joblogs, members) { values in
      jobs.append(job(values), id: values[0].text ?? "")
    }
    patterns.endInsertion()
    families.endInsertion()
  }

  /// Calls `body` with all jobs, block by block.
  func forEachBlock(_ body: (JobBlock) throws -> Void) throws { try jobs.forEachBlock(body) }

  /// Returns a measure of a finished job, its pattern or its strip family; `nil` if it is not
  /// known.
  func measure(_ measure: Measure, _ job: JobFacts) -> Double? {
    guard job.state.isFinished else { return nil }
    switch measure {
    case .jobDurationSeconds: return job.state == .completed ? job.duration : nil
    case .jobWastePercentage: return job.percentage
    case .jobFailed: return job.state == .failed ? 1 : 0
    case .patternRingCount, .patternCells, .patternComplexityScore:
      return job.pattern.index.flatMap { patterns.measure(measure, $0, families) }
    case .familyStripWidthMM, .familyStripThicknessMM:
      return job.family.index.flatMap { families.measure(measure, $0) }
    }
  }

  /// Computes the correlation of two measures among the jobs that pass a filter, or among all
  /// patterns or strip families.
  func correlation(
    of x: Measure, and y: Measure, _ filter: JobFilter
  ) throws -> Correlation {
    var pairs = MeasuredPairs(x, y)
    if x.subject == .jobs || y.subject == .jobs {
      let filter = try FactFilter(filter, self)
      try forEachBlock { block in
        for job in block.jobs where filter.passes(job) {
          pairs.add(measure(x, job), measure(y, job))
        }
      }
    } else if x.subject == .patterns || y.subject == .patterns {
      for index in patterns.indices {
        pairs.add(patterns.measure(x, index, families), patterns.measure(y, index, families))
      }
    } else {
      for index in families.indices {
        pairs.add(families.measure(x, index), families.measure(y, index))
      }
    }
    return pairs.correlation
  }

  // MARK: Rows

  private func job(_ values: [Value]) -> JobFacts {
    var job = JobFacts()
    job.state = JobState(values[4].text)
    job.type = Self.reference(values[1]) { types.insert($0) }
    job.status = Self.reference(values[4]) { statuses.insert($0) }
    job.pattern = Self.reference(values[2]) { patterns.insert($0) }
    job.namedFamily = Self.reference(values[3]) { families.insert($0) }
    if let pattern = job.pattern.index { job.hasEstimate = patterns.estimate(of: pattern) != nil }
    let family =
      job.namedFamily.index.flatMap { $0 < families.count ? $0 : nil }
      ?? job.pattern.index.flatMap { patterns.family(of: $0) }
    if let family {
      job.family = .init(family)
      job.material = .init(Int(families.material(of: family)))
      job.supplier = .init(Int(families.supplier(of: family)))
    }
    job.blade = blade(values[10])
    let results = JobResults(reading: values[8], json)
    if job.state == .failed, let error = results.error { job.error = .init(errors.insert(error)) }
    job.startDay = Self.day(values[5]) ?? Self.day(values[9])
    job.day = Self.day(values[6]) ?? job.startDay
    job.duration = Self.duration(values[7], from: values[5], to: values[6])
    job.waste = results.waste
    job.cuts = results.cuts
    return job
  }

  private static func reference(
    _ value: Value, _ insert: (String) -> Int
  ) -> JobFacts.Reference {
    switch value {
    case .text(let text): .init(insert(text))
    case .null: .none
    case .integer, .real, .blob: .nameless
    }
  }

  private func blade(_ parameters: Value) -> JobFacts.Reference {
    let id = json.member("blade_id", of: parameters) { (value) throws(JSONScanError) in
      try value.text()
    }
    return id.map { .init(blades.insert($0)) } ?? .none
  }

  /// Returns the number of the day with which a text begins; `nil` if it does not begin with a day,
  /// or with 0001-01-01, which programs write in place of a missing time.
  private static func day(_ value: Value) -> Int? {
    guard case .text(var text) = value else { return nil }
    let day = text.withUTF8 { utf8 -> Timestamp? in
      guard utf8.count >= 10 else { return nil }
      return unsafe Timestamp(utf8: UnsafeBufferPointer(rebasing: utf8[..<10]))
    }
    return day.flatMap { $0.isNone ? nil : $0.dayNumber }
  }

  private static func duration(_ seconds: Value, from start: Value, to end: Value) -> Double? {
    if let seconds = seconds.measure { return seconds }
    guard let start = start.text.flatMap({ Timestamp($0) }), !start.isNone,
      let end = end.text.flatMap({ Timestamp($0) }), let seconds = start.seconds(to: end),
      seconds >= 0
    else { return nil }
    return seconds
  }
}

/// The parts of a job's results that figures need.
private struct JobResults {
  var waste: Double?
  var cuts: Double?
  var error: String?

  init(reading results: Value, _ json: JSONMemberReader) {
    var (waste, cuts, error): (Double??, Double??, String??) = (nil, nil, nil)
    let isRead = json.read(results) { (cursor) throws(JSONScanError) in
      try cursor.forEachMember { (member, value) throws(JSONScanError) in
        switch member {
        case "waste_percentage" where waste == nil: waste = .some(try value.number())
        case "cuts_made" where cuts == nil: cuts = .some(try value.measure())
        case "error" where error == nil: error = .some(try value.text())
        default: try value.skip()
        }
      }
    }
    guard isRead else { return }
    self.waste = waste ?? nil
    self.cuts = cuts ?? nil
    self.error = error ?? nil
  }
}

/// A source of rows: a store, or a part of it.
protocol RowSource {
  /// Returns the number of records of a kind, or an estimate.
  func count(_ kind: EntityKind) throws -> Int
  /// Calls `body` with the values of `members` in every record.
  func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws
}

/// All rows of a store.
private struct AllRows: RowSource {
  let reader: any StoreReader

  func count(_ kind: EntityKind) throws -> Int { try reader.count(RecordQuery(kind)) }

  func forEachRow(
    _ kind: EntityKind, members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    try reader.forEachRow(kind, members: members, body)
  }
}

/// Reads columns of the rows of a source until it is cancelled.
struct RowReader {
  private let source: any RowSource
  private let isCancelled: () -> Bool

  init(_ reader: any StoreReader, isCancelled: @escaping () -> Bool) {
    self.init(of: AllRows(reader: reader), isCancelled: isCancelled)
  }

  init(of source: any RowSource, isCancelled: @escaping () -> Bool) {
    self.source = source
    self.isCancelled = isCancelled
  }

  /// Returns the number of records of a kind, or an estimate.
  func count(_ kind: EntityKind) throws -> Int { try source.count(kind) }

  /// Calls `body` with the values of `members` in every record.
  func forEach(
    _ kind: EntityKind, _ members: [String], _ body: ([Value]) throws -> Void
  ) throws {
    var countdown = 1024
    try source.forEachRow(kind, members: members) { values in
      countdown -= 1
      if countdown == 0 {
        countdown = 1024
        if isCancelled() { throw StoreError.cancelled }
      }
      try body(values)
    }
  }
}

extension Value {
  /// The value if it is a number and finite.
  var finiteNumber: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number): number.isFinite ? number : nil
    case .null, .text, .blob: nil
    }
  }

  /// The value if it is a number, finite and not negative.
  package var measure: Double? { finiteNumber.flatMap { $0 >= 0 ? $0 : nil } }

  /// Returns the value if it is a whole number and not less than `minimum`.
  package func wholeNumber(from minimum: Int64) -> Int64? {
    let number: Int64? =
      switch self {
      case .integer(let number): number
      case .real(let number): Int64(exactly: number)
      case .null, .text, .blob: nil
      }
    return number.flatMap { $0 >= minimum ? $0 : nil }
  }

  /// The value if it is text.
  package var text: String? {
    if case .text(let text) = self { text } else { nil }
  }
}
