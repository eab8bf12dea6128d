import RMOSModels
import RMOSStore
import RMOSSystem

/// The state of a job, as far as figures ask.
enum JobState {
  case open, completed, failed, cancelled, other

  init(_ status: String?) {
    switch status.flatMap({ JobStatus(rawValue: $0) }) {
    case .pending, .planned, .running: self = .open
    case .completed: self = .completed
    case .failed: self = .failed
    case .cancelled: self = .cancelled
    case nil: self = .other
    }
  }

  var isFinished: Bool { self == .completed || self == .failed }
}

/// A job, as far as figures need it.
struct JobRow {
  var id: String
  /// Its number in the table of types; `nil` if it has none.
  var type: Int?
  var pattern: Int?
  /// Its strip family, else its pattern's.
  var family: Int?
  /// -1 if it is not known.
  var material: Int32
  var state: JobState
  /// The number of its day; `nil` if it has none.
  var day: Int?
  var duration: Double?
  var results = JobResults()
}

/// What a job's results say.
struct JobResults {
  var waste: Double?
  var cuts: Double?
  var error: String?

  init() {}

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

  /// The waste if it is a percentage.
  var percentage: Double? { waste.flatMap { 0...100 ~= $0 ? $0 : nil } }
}

/// Counts and sums over the jobs that pass a filter.
final class JobTable {
  private let options: Analytics.Options
  private let families: FamilyTable
  private let patterns: PatternTable
  private let today: Int
  private let json = JSONMemberReader()

  // What the filter asks for, as numbers; -1 is none at all.
  private let (firstDay, lastDay): (Int?, Int?)
  private let wantedMaterial: Int32?

  private var total = 0
  private var (completed, failed, cancelled, open) = (0, 0, 0, 0)
  private var (withoutPattern, withMissingPattern, withMissingFamily) = (0, 0, 0)
  private var statuses = CountedTexts()
  private var types = InternedTexts()
  private var typeFigures: [TypeSums] = []
  private let durations = NumberColumn()
  private var days = DaySums()
  private var patternSums: [PatternSums] = []
  private var materialSums: [OutcomeSums]
  private var supplierSums: [OutcomeSums]
  private var familyJobs: [FamilyJobs]
  private var blades = InternedTexts()
  private var bladeSums: [BladeSums] = []
  private var reasons = CountedTexts()
  private var withoutReason = 0
  private var waste = WasteSums()
  /// The finished jobs of each type and material.
  private var outcomes: [TypeAndMaterial: Rate] = [:]

  private struct TypeAndMaterial: Hashable {
    var type: Int
    /// -1 if it is not known.
    var material: Int32
  }

  /// The durations of completed jobs whose pattern has an estimate, and the pattern.
  private var estimated: (patterns: [UInt32], durations: [Double]) = ([], [])
  private var stuck: LeadingList<(id: String, type: Int?, day: Int)>

  /// Creates empty sums.
  init(_ options: Analytics.Options, _ families: FamilyTable, _ patterns: PatternTable) {
    self.options = options
    self.families = families
    self.patterns = patterns
    today = (options.today ?? .today).number
    firstDay = options.filter.from?.number
    lastDay = options.filter.to?.number
    wantedMaterial = options.filter.material.map { families.materials.group(of: $0) ?? -2 }
    patternSums = Array(repeating: PatternSums(), count: patterns.count)
    materialSums = Array(repeating: OutcomeSums(), count: families.materials.count)
    supplierSums = Array(repeating: OutcomeSums(), count: families.suppliers.count)
    familyJobs = Array(repeating: FamilyJobs(), count: families.ids.count)
    stuck = LeadingList(limit: options.listLimit) { left, right in
      left.day == right.day
        ? left.id.utf8.lexicographicallyPrecedes(right.id.utf8) : left.day < right.day
    }
  }

  /// Reads all jobs and adds those that pass the filter.
  func read(_ rows: RowReader) throws { try read(rows, full: true) { _ in } }

  /// Calls `body` with each job that passes the filter and adds nothing.
  func read(_ rows: RowReader, _ body: (JobRow) -> Void) throws {
    try read(rows, full: false, body)
  }

  private func read(_ rows: RowReader, full: Bool, _ body: (JobRow) -> Void) throws {
    let members = [
      "id", "job_type", "pattern_id", "strip_family_id", "status", "start_time", "end_time",
      "duration_seconds", "results", "created_at", "parameters",
    ]
    try rows.forEach(.joblogs, members) { values in
      guard passes(values) else { return }
      guard var job = job(values) else { return }
      job.results = JobResults(reading: values[8], json)
      if full { try add(job, values) } else { body(job) }
    }
  }

  // MARK: Rows

  /// Whether a row passes those conditions of the filter that need no look-up.
  private func passes(_ values: [Value]) -> Bool {
    let filter = options.filter
    if let type = filter.jobType, values[1] != .text(type) { return false }
    if let id = filter.patternID, values[2] != .text(id) { return false }
    if let id = filter.stripFamilyID, values[3] != .text(id) { return false }
    return true
  }

  /// The job in a row; `nil` if it does not pass the filter.
  private func job(_ values: [Value]) -> JobRow? {
    let day = Self.day(values[6]) ?? Self.day(values[5]) ?? Self.day(values[9])
    if let firstDay { guard let day, day >= firstDay else { return nil } }
    if let lastDay { guard let day, day <= lastDay else { return nil } }
    let pattern = values[2].text.map { patterns.insert($0) }
    let family = families.index(of: values[3]) ?? pattern.flatMap { patterns.family(of: $0) }
    let material = family.map { families.material(of: $0) } ?? -1
    if let wantedMaterial, material != wantedMaterial { return nil }
    return JobRow(
      id: values[0].text ?? "", type: values[1].text.map { insertType($0) }, pattern: pattern,
      family: family, material: material, state: JobState(values[4].text), day: day,
      duration: Self.duration(values[7], from: values[5], to: values[6]))
  }

  private func insertType(_ type: String) -> Int {
    let index = types.insert(type)
    if index == typeFigures.count { typeFigures.append(TypeSums(limit: options.listLimit)) }
    return index
  }

  /// The number of the day with which a text begins.
  private static func day(_ value: Value) -> Int? {
    guard case .text(var text) = value else { return nil }
    return text.withUTF8 { utf8 in
      guard utf8.count >= 10 else { return nil }
      return unsafe Timestamp(utf8: UnsafeBufferPointer(rebasing: utf8[..<10]))?.dayNumber
    }
  }

  private static func duration(_ seconds: Value, from start: Value, to end: Value) -> Double? {
    if let seconds = seconds.measure { return seconds }
    guard let start = start.text.flatMap({ Timestamp($0) }),
      let end = end.text.flatMap({ Timestamp($0) }), let seconds = start.seconds(to: end),
      seconds >= 0
    else { return nil }
    return seconds
  }

  /// What is measured of a job, its pattern or its strip family; `nil` if it is not known.
  func measure(_ measure: Measure, _ job: JobRow) -> Double? {
    guard job.state.isFinished else { return nil }
    switch measure {
    case .jobDurationSeconds: return job.duration
    case .jobWastePercentage: return job.results.percentage
    case .jobFailed: return job.state == .failed ? 1 : 0
    case .patternRingCount, .patternCells, .patternComplexityScore:
      return job.pattern.flatMap { patterns.measure(measure, $0, families) }
    case .familyStripWidthMM, .familyStripThicknessMM:
      return job.family.flatMap { families.measure(measure, $0) }
    }
  }

  // MARK: Sums

  private func add(_ job: JobRow, _ values: [Value]) throws {
    total += 1
    switch job.state {
    case .completed: completed += 1
    case .failed: failed += 1
    case .cancelled: cancelled += 1
    case .open: open += 1
    case .other: break
    }
    if let status = values[4].text { statuses.add(status) }
    days.add(job)
    if let type = job.type { try typeFigures[type].add(job) }
    addPattern(job, values[2])
    addFamily(job, values[3])
    addBlade(job, values[10])
    if job.state == .completed { try durations.add(job.duration) }
    if job.state == .failed {
      if let error = job.results.error { reasons.add(error) } else { withoutReason += 1 }
    }
    if job.state.isFinished { addOutcome(job) }
    addIfStuck(job, values)
  }

  private func addOutcome(_ job: JobRow) {
    waste.add(job.results.waste)
    if job.material >= 0 { materialSums[Int(job.material)].add(job) }
    if let family = job.family {
      let supplier = families.supplier(of: family)
      if supplier >= 0 { supplierSums[Int(supplier)].add(job) }
    }
    if let type = job.type {
      let group = TypeAndMaterial(type: type, material: job.material)
      outcomes[group, default: Rate(0, of: 0)].add(job.state == .failed)
    }
  }

  private func addPattern(_ job: JobRow, _ id: Value) {
    guard let pattern = job.pattern else {
      // What is no text is the id of nothing.
      if id == .null { withoutPattern += 1 } else { withMissingPattern += 1 }
      return
    }
    if pattern == patternSums.count { patternSums.append(PatternSums()) }
    patternSums[pattern].add(job)
    if !patterns.isPresent(pattern) { withMissingPattern += 1 }
    if job.state == .completed, let duration = job.duration,
      patterns.estimate(of: pattern) != nil
    {
      estimated.patterns.append(UInt32(pattern))
      estimated.durations.append(duration)
    }
  }

  private func addFamily(_ job: JobRow, _ id: Value) {
    guard id != .null else { return }
    // The one that the job itself names.
    guard let family = families.index(of: id) else {
      withMissingFamily += 1
      return
    }
    familyJobs[family].jobs += 1
    if let day = job.day {
      familyJobs[family].lastDay = max(familyJobs[family].lastDay, Int32(day))
    }
  }

  private func addBlade(_ job: JobRow, _ parameters: Value) {
    var id: String??
    let isRead = json.read(parameters) { (cursor) throws(JSONScanError) in
      try cursor.forEachMember { (member, value) throws(JSONScanError) in
        switch member {
        case "blade_id" where id == nil: id = .some(try value.text())
        default: try value.skip()
        }
      }
    }
    guard isRead, let id = id ?? nil else { return }
    let blade = blades.insert(id)
    if blade == bladeSums.count { bladeSums.append(BladeSums()) }
    bladeSums[blade].add(job)
  }

  private func addIfStuck(_ job: JobRow, _ values: [Value]) {
    guard job.state == .open, values[4] == .text(JobStatus.running.rawValue),
      let day = Self.day(values[5]) ?? Self.day(values[9]),
      today - day > options.stuckAfterDays
    else { return }
    stuck.add((job.id, job.type, day))
  }
}

// MARK: Figures

extension JobTable {
  /// All figures.
  func report() throws -> AnalyticsReport {
    var omitted: [String: Int] = [:]
    func note(_ list: String, _ count: Int) { if count > 0 { omitted[list] = count } }
    let jobs = try jobFigures(note)
    let (complexity, withoutPlace) = patterns.complexity(limit: options.listLimit)
    note("patterns.complexity.patterns", withoutPlace)
    let patternFigures = PatternFigures(
      total: patterns.count, rings: patterns.rings, complexity: complexity,
      geometry: try patterns.geometry(), families: familyUse(note), popularity: popularity(note),
      withMissingStripFamily: patterns.withMissingStripFamily)
    return AnalyticsReport(
      filter: options.filter, jobs: jobs, materials: materialFigures(), patterns: patternFigures,
      omitted: omitted, outcomes: jobOutcomes)
  }

  private var jobOutcomes: JobOutcomes {
    let rates = outcomes.map { group, rate in
      let material = group.material >= 0 ? families.materials.key(of: group.material) : nil
      return (JobOutcomes.Group(jobType: types[group.type], material: material), rate)
    }
    return JobOutcomes(
      rates: Dictionary(rates) { Rate($0.count + $1.count, of: $0.total + $1.total) })
  }

  private func jobFigures(_ note: (String, Int) -> Void) throws -> JobFigures {
    var byType: [Grouped<String, NumberSummary>] = []
    var shares: [Grouped<String, Rate>] = []
    var outliers = LeadingList<JobFigures.DurationOutlier>(limit: options.listLimit) {
      abs($0.score) == abs($1.score)
        ? $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) : abs($0.score) > abs($1.score)
    }
    var outlierCount = 0
    for type in types.sorted where typeFigures[type].jobs > 0 {
      let name = types[type]
      shares.append(Grouped(name, Rate(typeFigures[type].jobs, of: total)))
      guard typeFigures[type].completed > 0 else { continue }
      let summary = try typeFigures[type].durations.summary()
      byType.append(Grouped(name, summary))
      outlierCount += try typeFigures[type].outliers(
        name, summary.median, options.outlierScore
      ) { outliers.add($0) }
    }
    let outlierList = outliers.sorted
    note("jobs.outliers", outlierCount - outlierList.count)
    let stuckList = stuck.sorted
    note("jobs.stuck", stuck.total - stuckList.count)
    return JobFigures(
      total: total, completed: completed, failed: failed, cancelled: cancelled, open: open,
      statuses: statuses.counts.map { Grouped($0.key, Rate($0.figures, of: total)) }, types: shares,
      durationSeconds: try durations.summary(), durationSecondsByType: byType,
      throughput: days.throughput(firstDay, lastDay, finished: completed + failed),
      days: days.days, months: days.months, failures: failures(note), outliers: outlierList,
      estimates: estimates(note),
      stuck: stuckList.map { job in
        JobFigures.StuckJob(
          id: job.id, jobType: job.type.map { types[$0] },
          since: CivilDate(dayNumber: job.day).text,
          days: today - job.day)
      }, withoutPattern: withoutPattern, withMissingPattern: withMissingPattern,
      withMissingStripFamily: withMissingFamily, withoutDay: days.without)
  }

  private func failures(_ note: (String, Int) -> Void) -> JobFigures.Failures {
    func rates(
      _ list: String, _ names: InternedTexts, _ rate: (Int) -> Rate
    ) -> [Grouped<String, Rate>] {
      var leading = LeadingList<(index: Int, low: Double, rate: Rate)>(
        limit: options.listLimit
      ) { left, right in
        left.low == right.low ? names.precedes(left.index, right.index) : left.low > right.low
      }
      for index in names.indices {
        let rate = rate(index)
        if let low = rate.low { leading.add((index, low, rate)) }
      }
      let sorted = leading.sorted
      note("jobs.failures.\(list)", leading.total - sorted.count)
      return sorted.map { Grouped(names[$0.index], $0.rate) }
    }
    var materials = InternedTexts()
    for name in families.materials.names { _ = materials.insert(name) }
    let reasonList = reasons.commonest(options.listLimit)
    note("jobs.failures.reasons", reasons.count - reasonList.count)
    return JobFigures.Failures(
      byType: rates("by_type", types) { typeFigures[$0].failures },
      byPattern: rates("by_pattern", patterns.ids) {
        $0 < patternSums.count ? patternSums[$0].failures : Rate(0, of: 0)
      },
      byMaterial: rates("by_material", materials) { materialSums[$0].failures },
      byBlade: rates("by_blade", blades) { bladeSums[$0].failures },
      reasons: reasonList, withoutReason: withoutReason)
  }

  private func estimates(_ note: (String, Int) -> Void) -> [JobFigures.EstimateComparison] {
    // The durations, pattern by pattern: where each begins, then where its next one goes.
    var places = [Int32](repeating: 0, count: patterns.count + 1)
    for pattern in estimated.patterns { places[Int(pattern) + 1] += 1 }
    for index in places.indices.dropFirst() { places[index] += places[index - 1] }
    var grouped = [Double](repeating: 0, count: estimated.durations.count)
    for (pattern, duration) in zip(estimated.patterns, estimated.durations) {
      grouped[Int(places[Int(pattern)])] = duration
      places[Int(pattern)] += 1
    }
    let ids = patterns.ids
    var list = LeadingList<(index: Int, range: Range<Int>)>(limit: options.listLimit) {
      ids.precedes($0.index, $1.index)
    }
    for index in patterns.indices {
      let range = (index == 0 ? 0 : Int(places[index - 1]))..<Int(places[index])
      if !range.isEmpty { list.add((index, range)) }
    }
    let sorted = list.sorted
    note("jobs.estimates", list.total - sorted.count)
    return sorted.compactMap { entry in
      grouped[entry.range].sort()
      guard let estimate = patterns.estimate(of: entry.index),
        let median = grouped[entry.range].median
      else { return nil }
      return JobFigures.EstimateComparison(
        patternID: ids[entry.index], estimatedMinutes: estimate, medianMinutes: median / 60,
        n: entry.range.count)
    }
  }

  private func materialFigures() -> MaterialFigures {
    let (materials, suppliers) = (families.materials.names, families.suppliers.names)
    return MaterialFigures(
      stock: families.stockFigures, waste: waste.figures,
      wasteByMaterial: materials.indices.filter { materialSums[$0].failures.total > 0 }
        .map { Grouped(materials[$0], materialSums[$0].waste.figures) }.inByteOrder(\.key),
      wasteByType: types.sorted.filter { typeFigures[$0].failures.total > 0 }
        .map { Grouped(types[$0], typeFigures[$0].waste.figures) },
      widths: families.widthFigures, thicknesses: families.thicknessFigures,
      suppliers: suppliers.indices.map { index in
        let failures = supplierSums[index].failures
        return MaterialFigures.Supplier(
          supplier: suppliers[index], families: families.families(ofSupplier: index),
          success: Rate(failures.total - failures.count, of: failures.total),
          waste: supplierSums[index].waste.figures)
      }.inByteOrder(\.supplier),
      blades: blades.sorted.map { bladeSums[$0].figures(blades[$0]) })
  }

  private func familyUse(_ note: (String, Int) -> Void) -> [PatternFigures.FamilyUse] {
    let ids = families.ids
    var list = LeadingList<Int>(limit: options.listLimit, by: ids.precedes)
    for index in ids.indices { list.add(index) }
    let sorted = list.sorted
    note("patterns.families", list.total - sorted.count)
    return sorted.map { index in
      PatternFigures.FamilyUse(
        id: ids[index], patterns: Int(patterns.patternsByFamily[index]),
        jobs: Int(familyJobs[index].jobs),
        lastUsedDay: CivilDate.text(familyJobs[index].lastDay))
    }
  }

  private func popularity(_ note: (String, Int) -> Void) -> [PatternFigures.Popularity] {
    let ids = patterns.ids
    var list = LeadingList<Int>(limit: options.listLimit) { [patternSums] left, right in
      patternSums[left].jobs == patternSums[right].jobs
        ? ids.precedes(left, right) : patternSums[left].jobs > patternSums[right].jobs
    }
    for index in patterns.indices { list.add(index) }
    let sorted = list.sorted
    note("patterns.popularity", list.total - sorted.count)
    return sorted.map { index in
      let sums = patternSums[index]
      return PatternFigures.Popularity(
        id: ids[index], jobs: Int(sums.jobs), finished: sums.failures.total,
        completed: Int(sums.completed), lastMadeDay: CivilDate.text(sums.lastDay))
    }
  }
}

extension Array {
  /// The elements in byte order of a text.
  fileprivate func inByteOrder(_ text: (Element) -> String) -> [Element] {
    sorted { text($0).utf8.lexicographicallyPrecedes(text($1).utf8) }
  }
}
