import RMOSStore
import RMOSSystem

/// Counts and sums over the jobs that pass a filter.
final class JobTable {
  private let options: Analytics.Options
  private let shop: Shop
  private let families: FamilyTable
  private let patterns: PatternTable
  private let today: Int
  private let filter: FactFilter

  private var total = 0
  private var (completed, failed, cancelled, open) = (0, 0, 0, 0)
  private var (withoutPattern, withMissingPattern, withMissingFamily) = (0, 0, 0)
  private var statuses: CountedTexts
  private let types: InternedTexts
  private var typeFigures: [TypeSums]
  private let durations = NumberColumn()
  private var days = DaySums()
  private var patternSums: [PatternSums]
  private var materialSums: [OutcomeSums]
  private var supplierSums: [OutcomeSums]
  private var familyJobs: [FamilyJobs]
  private let blades: InternedTexts
  private var bladeSums: [BladeSums]
  private var reasons: CountedTexts
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

  /// Adds the jobs of a shop that pass the filter.
  ///
  /// - Parameters:
  ///   - options: Which jobs count, and the bounds of some figures.
  ///   - shop: The shop.
  ///   - isCancelled: Polled; when it returns `true`, the work is abandoned.
  /// - Throws: `StoreError` if a temporary file cannot be used, or the work is abandoned.
  init(
    _ options: Analytics.Options, _ shop: Shop, whileNot isCancelled: () -> Bool
  ) throws {
    self.options = options
    self.shop = shop
    (families, patterns) = (shop.families, shop.patterns)
    (types, blades) = (shop.types, shop.blades)
    today = (options.today ?? .today).number
    filter = FactFilter(options.filter, shop)
    statuses = CountedTexts(shop.statuses)
    reasons = CountedTexts(shop.errors)
    typeFigures = shop.types.indices.map { _ in TypeSums(limit: options.listLimit) }
    bladeSums = Array(repeating: BladeSums(), count: blades.count)
    patternSums = Array(repeating: PatternSums(), count: patterns.ids.count)
    materialSums = Array(repeating: OutcomeSums(), count: families.materials.count)
    supplierSums = Array(repeating: OutcomeSums(), count: families.suppliers.count)
    familyJobs = Array(repeating: FamilyJobs(), count: families.count)
    stuck = LeadingList(limit: options.listLimit) { left, right in
      left.day == right.day
        ? left.id.utf8.lexicographicallyPrecedes(right.id.utf8) : left.day < right.day
    }
    try shop.forEachBlock { block in
      if isCancelled() { throw StoreError.cancelled }
      for (index, job) in block.jobs.enumerated() where filter.passes(job) {
        try add(job, index, block)
      }
    }
  }

  // MARK: Sums

  private func add(_ job: JobFacts, _ index: Int, _ block: JobBlock) throws {
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
    if let type = job.type.index { try typeFigures[type].add(job, id: block.id(index)) }
    addPattern(job)
    addFamily(job)
    if let blade = job.blade.index { bladeSums[blade].add(job) }
    if job.state == .completed { try durations.add(job.duration) }
    if job.state == .failed {
      if let error = job.error.index { reasons.add(error) } else { withoutReason += 1 }
    }
    if job.state.isFinished { addOutcome(job) }
    if job.state == .running, let day = job.startDay, today - day > options.stuckAfterDays {
      stuck.add((block.id(index), job.type.index, day)) { day > $0.day }
    }
  }

  private func addOutcome(_ job: JobFacts) {
    let material = shop.material(of: job)
    waste.add(job.waste)
    if material >= 0 { materialSums[Int(material)].add(job) }
    if let family = job.family.index {
      let supplier = families.supplier(of: family)
      if supplier >= 0 { supplierSums[Int(supplier)].add(job) }
    }
    if let type = job.type.index {
      let group = TypeAndMaterial(type: type, material: material)
      outcomes[group, default: Rate(0, of: 0)].add(job.state == .failed)
    }
  }

  private func addPattern(_ job: JobFacts) {
    guard let pattern = job.pattern.index else {
      // What is no text is the id of nothing.
      if job.pattern == .none { withoutPattern += 1 } else { withMissingPattern += 1 }
      return
    }
    patternSums[pattern].add(job)
    if !patterns.isPresent(pattern) { withMissingPattern += 1 }
    if job.state == .completed, let duration = job.duration,
      patterns.estimate(of: pattern) != nil
    {
      estimated.patterns.append(UInt32(pattern))
      estimated.durations.append(duration)
    }
  }

  private func addFamily(_ job: JobFacts) {
    guard job.namedFamily != .none else { return }
    // The one that the job itself names.
    guard let family = job.namedFamily.index, family < families.count else {
      withMissingFamily += 1
      return
    }
    familyJobs[family].jobs += 1
    if let day = job.day {
      familyJobs[family].lastDay = max(familyJobs[family].lastDay, Int32(day))
    }
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
      geometry: patterns.geometry, families: familyUse(note), popularity: popularity(note),
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
      throughput: days.throughput(filter.firstDay, filter.lastDay, finished: completed + failed),
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
        patternSums[$0].failures
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
      blades: blades.sorted.filter { bladeSums[$0].jobs > 0 }.map {
        bladeSums[$0].figures(blades[$0])
      })
  }

  private func familyUse(_ note: (String, Int) -> Void) -> [PatternFigures.FamilyUse] {
    let ids = families.ids
    var list = LeadingList<Int>(limit: options.listLimit, by: ids.precedes)
    for index in families.indices { list.add(index) }
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

/// A filter of jobs by the numbers of a shop.
struct FactFilter {
  let firstDay: Int?
  let lastDay: Int?
  private let shop: Shop
  // Of texts that no job has, the one that nothing is.
  private let (type, pattern, family): (Int?, Int?, Int?)
  private let material: Int32?

  init(_ filter: JobFilter, _ shop: Shop) {
    self.shop = shop
    firstDay = filter.from?.number
    lastDay = filter.to?.number
    type = filter.jobType.map { shop.types.index(of: $0) ?? .max }
    pattern = filter.patternID.map { shop.patterns.ids.index(of: $0) ?? .max }
    family = filter.stripFamilyID.map { shop.families.ids.index(of: $0) ?? .max }
    material = filter.material.map { shop.families.materials.group(of: $0) ?? .max }
  }

  /// Whether a job counts.
  func passes(_ job: JobFacts) -> Bool {
    if let type, job.type.index != type { return false }
    if let pattern, job.pattern.index != pattern { return false }
    if let family, job.namedFamily.index != family { return false }
    if let firstDay { guard let day = job.day, day >= firstDay else { return false } }
    if let lastDay { guard let day = job.day, day <= lastDay else { return false } }
    if let material, shop.material(of: job) != material { return false }
    return true
  }
}

extension Array {
  /// The elements in byte order of a text.
  fileprivate func inByteOrder(_ text: (Element) -> String) -> [Element] {
    sorted { text($0).utf8.lexicographicallyPrecedes(text($1).utf8) }
  }
}
