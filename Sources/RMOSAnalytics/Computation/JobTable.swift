import RMOSModels
import RMOSStore
import RMOSSystem
import Synchronization

extension Shop {
  /// Computes all figures, with the jobs that pass the filter of the options.
  ///
  /// - Parameters:
  ///   - options: Which jobs count, and the bounds of some figures.
  ///   - isCancelled: Polled; when it returns `true`, the work is abandoned.
  /// - Returns: The figures.
  /// - Throws: `StoreError` if a temporary file cannot be read, or the work is abandoned.
  func report(
    _ options: Analytics.Options, whileNot isCancelled: () -> Bool
  ) throws -> AnalyticsReport {
    var jobs = try JobTable(options, self, whileNot: isCancelled)
    if isCancelled() { throw StoreError.cancelled }
    return try jobs.report()
  }
}

/// Counts and sums over the jobs that pass a filter.
private struct JobTable {
  private let options: Analytics.Options
  private let shop: Shop
  private let families: FamilyTable
  private let patterns: PatternTable
  private let today: Int
  private let filter: FactFilter

  private var total = 0
  private var (completed, failed, cancelled, open) = (0, 0, 0, 0)
  private var statuses: CountedTexts
  private let types: InternedTexts
  /// The sums of each job type, then those of the jobs without a type.
  private var typeSums: [TypeSums]
  private var days = DaySums()
  private var patternJobs = PatternJobs()
  private var materialSums: [OutcomeSums]
  private var supplierSums: [OutcomeSums]
  private let blades: InternedTexts
  private var bladeSums: [BladeSums]
  private var reasons: CountedTexts
  private var withoutReason = 0
  /// The failed among the finished jobs of each type and material.
  ///
  /// The type's index is in the upper 32 bits of the key, the material's plus one (0 if it is not
  /// known) in the lower ones.
  private var outcomes = NumberedRates()
  private var stuck: LeadingList<(id: String, type: Int?, day: Int)>

  /// Adds the jobs of a shop that pass the filter.
  init(
    _ options: Analytics.Options, _ shop: Shop, whileNot isCancelled: () -> Bool
  ) throws {
    self.options = options
    self.shop = shop
    (families, patterns) = (shop.families, shop.patterns)
    (types, blades) = (shop.types, shop.blades)
    today = (options.today ?? .today).number
    filter = try FactFilter(options.filter, shop)
    statuses = CountedTexts(shop.statuses)
    reasons = CountedTexts(shop.errors)
    typeSums = (0...types.count).map { _ in TypeSums(limit: options.listLimit) }
    bladeSums = Array(repeating: BladeSums(), count: blades.count)
    materialSums = Array(repeating: OutcomeSums(), count: families.materials.count)
    supplierSums = Array(repeating: OutcomeSums(), count: families.suppliers.count)
    stuck = LeadingList(limit: options.listLimit) { left, right in
      left.day == right.day
        ? left.id.utf8.lexicographicallyPrecedes(right.id.utf8) : left.day < right.day
    }
    // About half of the work: the counts by pattern and strip family, on a second thread.
    let counting = PatternJobsCounting(shop, filter)
    let thread = try? SystemThread { counting.run() }
    let result = Result {
      try shop.forEachBlock { block in
        if isCancelled() { throw StoreError.cancelled }
        for (index, job) in block.jobs.enumerated() where filter.passes(job) {
          add(job, index, block)
        }
      }
    }
    if case .failure = result { counting.stop() }
    if let thread { thread.join() } else { counting.run() }
    try result.get()
    patternJobs = try counting.jobs
  }

  // MARK: Sums

  private mutating func add(_ job: JobFacts, _ index: Int, _ block: JobBlock) {
    total += 1
    switch job.state {
    case .completed: completed += 1
    case .failed: failed += 1
    case .cancelled: cancelled += 1
    case .open, .running: open += 1
    case .other: break
    }
    if let status = job.status.index { statuses.add(status) }
    days.add(job)
    typeSums[job.type.index ?? types.count].add(job, index, block)
    if let blade = job.blade.index { bladeSums[blade].add(job) }
    if job.state == .failed {
      if let error = job.error.index { reasons.add(error) } else { withoutReason += 1 }
    }
    if job.state.isFinished { addOutcome(job) }
    if job.state == .running, let day = job.startDay, today - day > options.stuckAfterDays {
      stuck.add((block.id(index), job.type.index, day)) { day > $0.day }
    }
  }

  private mutating func addOutcome(_ job: JobFacts) {
    let material = job.material.index
    if let material { materialSums[material].add(job) }
    if let supplier = job.supplier.index { supplierSums[supplier].add(job) }
    if let type = job.type.index {
      outcomes.add(job.state == .failed, to: type << 32 | ((material ?? -1) + 1))
    }
  }
}

// MARK: Figures

extension JobTable {
  private var typesInByteOrder: [Int] { shop.typesInByteOrder.map { Int($0) } }

  /// Computes all figures.
  mutating func report() throws -> AnalyticsReport {
    var omitted: [String: Int] = [:]
    func note(_ list: String, _ count: Int) { if count > 0 { omitted[list] = count } }
    let jobs = try jobFigures(note)
    let (complexity, withoutPlace) = try patterns.complexity(limit: options.listLimit)
    note("patterns.complexity.patterns", withoutPlace)
    let patternFigures = PatternFigures(
      total: patterns.count, rings: patterns.rings, complexity: complexity,
      geometry: patterns.geometry, families: try familyUse(note),
      popularity: try popularity(note),
      withMissingStripFamily: patterns.withMissingStripFamily)
    return AnalyticsReport(
      filter: options.filter, today: CalendarDay(number: today), jobs: jobs,
      materials: materialFigures(), patterns: patternFigures,
      omitted: omitted, outcomes: jobOutcomes)
  }

  private var jobOutcomes: JobOutcomes {
    let rates = outcomes.entries.map { group, rate in
      let material = Int32(truncatingIfNeeded: group) - 1
      return (
        JobOutcomes.Group(
          jobType: UTF8Key(types[group >> 32]),
          material: material >= 0 ? UTF8Key(families.materials.key(of: material)) : nil), rate
      )
    }
    return JobOutcomes(rates: Dictionary(uniqueKeysWithValues: rates))
  }

  private mutating func jobFigures(_ note: (String, Int) -> Void) throws -> JobFigures {
    var byType: [Grouped<String, NumberSummary>] = []
    var shares: [Grouped<String, Rate>] = []
    var outliers = LeadingList<JobFigures.DurationOutlier>(limit: options.listLimit) {
      abs($0.score) == abs($1.score)
        ? $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) : abs($0.score) > abs($1.score)
    }
    var outlierCount = 0
    for type in typesInByteOrder where typeSums[type].jobs > 0 {
      let name = types[type]
      shares.append(Grouped(name, Rate(typeSums[type].jobs, of: total)))
      guard typeSums[type].completed > 0 else { continue }
      let summary = try typeSums[type].durations.summary()
      byType.append(Grouped(name, summary))
      outlierCount += try typeSums[type].outliers(
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
      durationSeconds: try NumberColumn.summary(of: typeSums.map(\.durations)),
      durationSecondsByType: byType,
      throughput: days.throughput(filter.firstDay, filter.lastDay, finished: completed + failed),
      days: days.days, months: days.months, failures: try failures(note), outliers: outlierList,
      estimates: try estimates(note),
      stuck: stuckList.map { job in
        JobFigures.StuckJob(
          id: job.id, jobType: job.type.map { types[$0] },
          since: CivilDate(dayNumber: job.day).text,
          days: today - job.day)
      }, stuckAfterDays: options.stuckAfterDays, withoutPattern: patternJobs.withoutPattern,
      withMissingPattern: patternJobs.withMissingPattern,
      withMissingStripFamily: patternJobs.withMissingFamily, withoutDay: days.without)
  }

  private func failures(_ note: (String, Int) -> Void) throws -> JobFigures.Failures {
    func rates(
      _ list: String, _ inByteOrder: [Int32], _ name: (Int) throws -> String,
      _ rate: (Int) -> Rate
    ) rethrows -> [Grouped<String, Rate>] {
      var leading = LeadingList<(place: Int, low: Double, rate: Rate)>(
        limit: options.listLimit
      ) { left, right in
        left.low == right.low ? left.place < right.place : left.low > right.low
      }
      for (place, index) in inByteOrder.enumerated() {
        let rate = rate(Int(index))
        if let low = rate.low { leading.add((place, low, rate)) { low <= $0.low } }
      }
      let sorted = leading.sorted
      note("jobs.failures.\(list)", leading.total - sorted.count)
      return try sorted.map { Grouped(try name(Int(inByteOrder[$0.place])), $0.rate) }
    }
    let reasonList = reasons.mostCommon(options.listLimit)
    note("jobs.failures.reasons", reasons.count - reasonList.count)
    return JobFigures.Failures(
      byType: rates("by_type", shop.typesInByteOrder, { types[$0] }, { typeSums[$0].failures }),
      byPattern: try rates(
        "by_pattern", patterns.sortedIDs.inByteOrder, { try patterns.sortedIDs[$0] },
        { patternJobs.sums[$0].failures }),
      byMaterial: rates(
        "by_material", families.materialsInByteOrder, { families.materialNames[$0] },
        { materialSums[$0].failures }),
      byBlade: rates(
        "by_blade", shop.bladesInByteOrder, { blades[$0] }, { bladeSums[$0].failures }),
      reasons: reasonList, withoutReason: withoutReason)
  }

  private func estimates(
    _ note: (String, Int) -> Void
  ) throws -> [JobFigures.EstimateComparison] {
    let counts = patternJobs.timed
    let limit = max(0, options.listLimit ?? counts.count)
    var chosen: [Int] = []
    // The durations are grouped by pattern. `places` first has the start of the group of each
    // chosen pattern, then, while the group is filled, the place of the next one: finally its end.
    var places = [Int32](repeating: -1, count: counts.count)
    var (total, end) = (0, 0)
    for number in patterns.sortedIDs.inByteOrder where patterns.isPresent(Int(number)) {
      let index = Int(number)
      guard counts[index] > 0 else { continue }
      total += 1
      guard chosen.count < limit else { continue }
      chosen.append(index)
      places[index] = Int32(end)
      end += Int(counts[index])
    }
    note("jobs.estimates", total - chosen.count)
    // The jobs are read once more, so that the durations of all the other patterns take no memory.
    var grouped = [Double](repeating: 0, count: end)
    if end > 0 {
      try shop.forEachBlock { block in
        for job in block.jobs where filter.passes(job) {
          guard let duration = job.durationToCompare, let pattern = job.pattern.index,
            places[pattern] >= 0
          else { continue }
          grouped[Int(places[pattern])] = duration
          places[pattern] += 1
        }
      }
    }
    return try chosen.compactMap { index in
      let range = Int(places[index]) - Int(counts[index])..<Int(places[index])
      grouped[range].sort()
      guard let estimate = patterns.estimate(of: index), let median = grouped[range].median else {
        return nil
      }
      return JobFigures.EstimateComparison(
        patternID: try patterns.sortedIDs[index], estimatedMinutes: estimate,
        medianMinutes: median / 60, n: range.count)
    }
  }

  private func materialFigures() -> MaterialFigures {
    let (materials, suppliers) = (families.materialNames, families.supplierNames)
    let waste = typeSums.reduce(into: WasteSums()) { $0.add($1.waste) }
    return MaterialFigures(
      families: families.count, stock: families.stockFigures, waste: waste.figures,
      wasteByMaterial: families.materialsInByteOrder.map { Int($0) }
        .filter { materialSums[$0].failures.total > 0 }
        .map { Grouped(materials[$0], materialSums[$0].waste.figures) },
      wasteByType: typesInByteOrder.filter { typeSums[$0].failures.total > 0 }
        .map { Grouped(types[$0], typeSums[$0].waste.figures) },
      widths: families.widthFigures, thicknesses: families.thicknessFigures,
      suppliers: families.suppliersInByteOrder.map { index in
        let index = Int(index)
        let failures = supplierSums[index].failures
        return MaterialFigures.Supplier(
          supplier: suppliers[index], families: families.families(ofSupplier: index),
          success: Rate(failures.total - failures.count, of: failures.total),
          waste: supplierSums[index].waste.figures)
      },
      blades: shop.bladesInByteOrder.map { Int($0) }.filter { bladeSums[$0].jobs > 0 }.map {
        bladeSums[$0].figures(blades[$0])
      })
  }

  private func familyUse(_ note: (String, Int) -> Void) throws -> [PatternFigures.FamilyUse] {
    let wanted = max(0, options.listLimit ?? families.count)
    note("patterns.families", max(0, families.count - wanted))
    return try families.inByteOrder.prefix(wanted).map { index in
      PatternFigures.FamilyUse(
        id: try families.sortedIDs[index], patterns: Int(patterns.patternsByFamily[index]),
        jobs: Int(patternJobs.families[index].jobs),
        lastUsedDay: CivilDate.text(patternJobs.families[index].lastDay))
    }
  }

  private func popularity(_ note: (String, Int) -> Void) throws -> [PatternFigures.Popularity] {
    let inByteOrder = patterns.sortedIDs.inByteOrder
    var list = LeadingList<(place: Int, jobs: UInt32)>(limit: options.listLimit) { left, right in
      left.jobs == right.jobs ? left.place < right.place : left.jobs > right.jobs
    }
    for (place, index) in inByteOrder.enumerated() where patterns.isPresent(Int(index)) {
      let jobs = patternJobs.sums[Int(index)].jobs
      list.add((place, jobs)) { jobs <= $0.jobs }
    }
    let sorted = list.sorted
    note("patterns.popularity", list.total - sorted.count)
    return try sorted.map { entry in
      let index = Int(inByteOrder[entry.place])
      let sums = patternJobs.sums[index]
      return PatternFigures.Popularity(
        id: try patterns.sortedIDs[index], jobs: Int(sums.jobs), finished: sums.failures.total,
        completed: Int(sums.completed), lastMadeDay: CivilDate.text(sums.lastDay))
    }
  }
}

/// Counts of the jobs of each pattern and strip family.
private struct PatternJobs {
  /// The counts of each pattern's jobs.
  private(set) var sums: [PatternSums] = []
  /// The counts of the jobs that name each strip family themselves.
  private(set) var families: [FamilyJobs] = []
  private(set) var (withoutPattern, withMissingPattern, withMissingFamily) = (0, 0, 0)
  /// The number of jobs of each pattern with an estimate whose durations are compared with it.
  private(set) var timed: [UInt32] = []

  init() {}

  init(_ shop: Shop) {
    sums = Array(repeating: PatternSums(), count: shop.patterns.sortedIDs.count)
    families = Array(repeating: FamilyJobs(), count: shop.families.count)
    timed = Array(repeating: 0, count: shop.patterns.count)
  }

  mutating func add(_ block: JobBlock, _ filter: FactFilter, _ patterns: PatternTable) {
    let passing = block.jobs.indices.filter { filter.passes(block.jobs[$0]) }
    // Two loops: the processor fetches the counts of several patterns from memory at once if
    // nothing comes between.
    for index in passing { addPattern(block.jobs[index], patterns) }
    for index in passing { addFamily(block.jobs[index]) }
  }

  private mutating func addPattern(_ job: JobFacts, _ patterns: PatternTable) {
    guard let pattern = job.pattern.index else {
      if job.pattern == .none { withoutPattern += 1 } else { withMissingPattern += 1 }
      return
    }
    sums[pattern].add(job)
    if !patterns.isPresent(pattern) { withMissingPattern += 1 }
    if job.durationToCompare != nil { timed[pattern] += 1 }
  }

  private mutating func addFamily(_ job: JobFacts) {
    guard job.namedFamily != .none else { return }
    guard let family = job.namedFamily.index, family < families.count else {
      withMissingFamily += 1
      return
    }
    families[family].jobs += 1
    if let day = job.day {
      families[family].lastDay = max(families[family].lastDay, Int32(day))
    }
  }
}

/// Counts the jobs of each pattern and strip family, for a second thread.
// Sendable because only that thread uses `result` until it has ended, and nothing changes the parts
// of the shop that both threads read.
private final class PatternJobsCounting: @unchecked Sendable {
  private let shop: Shop
  private let filter: FactFilter
  private let isStopped = Atomic(false)
  private var result: Result<PatternJobs, any Error>

  init(_ shop: Shop, _ filter: FactFilter) {
    self.shop = shop
    self.filter = filter
    result = .failure(StoreError.cancelled)
  }

  /// The counts, once ``run()`` has returned.
  var jobs: PatternJobs { get throws { try result.get() } }

  func run() {
    result = Result {
      var jobs = PatternJobs(shop)
      try shop.forEachBlock { block in
        if isStopped.load(ordering: .relaxed) { throw StoreError.cancelled }
        jobs.add(block, filter, shop.patterns)
      }
      return jobs
    }
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }
}

/// A filter of jobs, in terms of ``JobFacts``.
struct FactFilter {
  let firstDay: Int?
  let lastDay: Int?
  // A text that the shop does not have is `Int.max`, which is no index.
  private let (type, pattern, family, material): (Int?, Int?, Int?, Int?)

  /// Creates the filter.
  ///
  /// - Throws: `StoreError` if a temporary file cannot be read.
  init(_ filter: JobFilter, _ shop: Shop) throws {
    firstDay = filter.from?.number
    lastDay = filter.to?.number
    type = filter.jobType.map { shop.types.index(of: $0) ?? .max }
    pattern = try filter.patternID.map { try shop.patterns.sortedIDs.index(of: $0) ?? .max }
    family = try filter.stripFamilyID.map { try shop.families.sortedIDs.index(of: $0) ?? .max }
    material = filter.material.map { shop.families.materials.group(of: $0).map { Int($0) } ?? .max }
  }

  /// Returns whether a job passes.
  func passes(_ job: JobFacts) -> Bool {
    if let type, job.type.index != type { return false }
    if let pattern, job.pattern.index != pattern { return false }
    if let family, job.namedFamily.index != family { return false }
    if let firstDay { guard let day = job.day, day >= firstDay else { return false } }
    if let lastDay { guard let day = job.day, day <= lastDay else { return false } }
    if let material, job.material.index != material { return false }
    return true
  }
}
