import RMOSModels
import RMOSSystem

// Counts and sums over groups of jobs.

extension Rate {
  /// Adds an element, and whether it counts.
  mutating func add(_ counts: Bool) {
    total += 1
    if counts { count += 1 }
  }
}

extension CivilDate {
  /// Returns the day with a number in the form `YYYY-MM-DD`; `nil` for 0, which stands for no day.
  static func text(_ number: Int32) -> String? {
    number > 0 ? CivilDate(dayNumber: Int(number)).text : nil
  }
}

extension Timestamp {
  /// Returns the number of seconds to another time; `nil` unless both have a time of day, and both
  /// or neither an offset from UTC.
  func seconds(to other: Timestamp) -> Double? {
    guard let time, let otherTime = other.time,
      (time.zoneOffset == nil) == (otherTime.zoneOffset == nil)
    else { return nil }
    func seconds(_ day: Int, _ time: Time) -> Int {
      day * 86_400 + time.hour * 3600 + time.minute * 60 + time.second - (time.zoneOffset ?? 0)
    }
    let whole = seconds(other.dayNumber, otherTime) - seconds(dayNumber, time)
    return Double(whole) + Double(otherTime.nanosecond - time.nanosecond) / 1e9
  }
}

/// Counts how often each text of a table occurs.
struct CountedTexts {
  private let texts: InternedTexts
  private var numbers: [Int]
  /// The number of texts that occur.
  private(set) var count = 0

  init(_ texts: InternedTexts) {
    self.texts = texts
    numbers = Array(repeating: 0, count: texts.count)
  }

  mutating func add(_ index: Int) {
    if numbers[index] == 0 { count += 1 }
    numbers[index] += 1
  }

  /// The texts that occur with their counts, in byte order.
  var counts: [Grouped<String, Int>] {
    texts.inByteOrder.map { Int($0) }.filter { numbers[$0] > 0 }
      .map { Grouped(texts[$0], numbers[$0]) }
  }

  /// Returns at most `limit` texts with their counts, the most common first, then in byte order.
  func mostCommon(_ limit: Int?) -> [Grouped<String, Int>] {
    var list = LeadingList<Int>(limit: limit) { left, right in
      numbers[left] == numbers[right]
        ? texts.precedes(left, right) : numbers[left] > numbers[right]
    }
    for index in texts.indices where numbers[index] > 0 { list.add(index) }
    return list.sorted.map { Grouped(texts[$0], numbers[$0]) }
  }
}

/// The waste of finished jobs.
struct WasteSums {
  private var (n, missing, outOfRange) = (0, 0, 0)
  private var sum = ExactSum()

  mutating func add(_ waste: Double?) {
    guard let waste else { return missing += 1 }
    guard 0...100 ~= waste else { return outOfRange += 1 }
    n += 1
    sum.add(waste)
  }

  mutating func add(_ other: WasteSums) {
    n += other.n
    missing += other.missing
    outOfRange += other.outOfRange
    sum.add(other.sum)
  }

  var figures: MaterialFigures.Waste {
    MaterialFigures.Waste(n: n, missing: missing, outOfRange: outOfRange, mean: sum.mean(of: n))
  }
}

/// Sums over the finished jobs of a material or supplier.
struct OutcomeSums {
  private(set) var failures = Rate(0, of: 0)
  private(set) var waste = WasteSums()

  mutating func add(_ job: JobFacts) {
    failures.add(job.state == .failed)
    waste.add(job.waste)
  }
}

/// Sums over the jobs of one type, or over those without a type.
struct TypeSums {
  private(set) var jobs = 0
  private(set) var completed = 0
  private(set) var failures = Rate(0, of: 0)
  private(set) var waste = WasteSums()
  var durations = NumberColumn()
  // The outliers are among the longest and the shortest durations.
  private var longest: LeadingList<(id: String, duration: Double)>
  private var shortest: LeadingList<(id: String, duration: Double)>

  init(limit: Int?) {
    longest = LeadingList(limit: limit) { left, right in
      left.duration == right.duration
        ? left.id.utf8.lexicographicallyPrecedes(right.id.utf8) : left.duration > right.duration
    }
    shortest = LeadingList(limit: limit) { left, right in
      left.duration == right.duration
        ? left.id.utf8.lexicographicallyPrecedes(right.id.utf8) : left.duration < right.duration
    }
  }

  /// Adds the job at an index of a block.
  mutating func add(_ job: JobFacts, _ index: Int, _ block: JobBlock) {
    jobs += 1
    if job.state.isFinished {
      failures.add(job.state == .failed)
      waste.add(job.waste)
    }
    guard job.state == .completed else { return }
    completed += 1
    durations.add(job.duration)
    if let duration = job.duration {
      longest.add((block.id(index), duration)) {
        duration == $0.duration
          ? !block.id(index, precedes: $0.id) : duration < $0.duration
      }
      shortest.add((block.id(index), duration)) {
        duration == $0.duration
          ? !block.id(index, precedes: $0.id) : duration > $0.duration
      }
    }
  }

  /// Calls `body` with the longest and the shortest outliers.
  ///
  /// - Parameters:
  ///   - name: The job type.
  ///   - median: The median of the durations.
  ///   - bound: The modified z-score from which a duration is an outlier.
  ///   - body: Receives at most as many outliers of each end as the limit allows.
  /// - Returns: The number of all outliers.
  /// - Throws: `StoreError` if a temporary file cannot be read.
  mutating func outliers(
    _ name: String, _ median: Double?, _ bound: Double,
    _ body: (JobFigures.DurationOutlier) -> Void
  ) throws -> Int {
    guard durations.count >= 8, let median else { return 0 }
    let spread = try durations.medianDistance(from: median)
    guard let spread, spread > 0 else { return 0 }
    func score(_ duration: Double) -> Double { 0.6745 * (duration - median) / spread }
    var seen: Set<UTF8Key> = []
    for list in [longest, shortest] {
      for (id, duration) in list.sorted where abs(score(duration)) >= bound {
        guard seen.insert(UTF8Key(id)).inserted else { continue }
        body(
          JobFigures.DurationOutlier(
            id: id, jobType: name, durationSeconds: duration, medianSeconds: median,
            score: score(duration)))
      }
    }
    var count = 0
    try durations.forEachBlock { block in
      count += block.count { abs(score($0)) >= bound }
    }
    return count
  }
}

/// Counts of the jobs of one pattern.
struct PatternSums {
  private(set) var jobs: UInt32 = 0
  private(set) var completed: UInt32 = 0
  private var failed: UInt32 = 0
  /// The number of the last day of a completed job; 0 for none.
  private(set) var lastDay: Int32 = 0

  var failures: Rate { Rate(Int(failed), of: Int(completed + failed)) }

  mutating func add(_ job: JobFacts) {
    jobs += 1
    if job.state == .failed { failed += 1 }
    guard job.state == .completed else { return }
    completed += 1
    if let day = job.day { lastDay = max(lastDay, Int32(day)) }
  }
}

/// Counts of the jobs of one strip family.
struct FamilyJobs {
  var jobs: UInt32 = 0
  /// The number of the last day; 0 for none.
  var lastDay: Int32 = 0
}

/// Sums over the jobs of one blade.
struct BladeSums {
  private(set) var jobs = 0
  private(set) var failures = Rate(0, of: 0)
  private var (seconds, cuts) = (KnownSum(), KnownSum())
  private var (firstDay, lastDay): (Int?, Int?) = (nil, nil)

  mutating func add(_ job: JobFacts) {
    jobs += 1
    if job.state.isFinished { failures.add(job.state == .failed) }
    if let duration = job.duration { seconds.add(duration) }
    if let made = job.cuts { cuts.add(made) }
    if let day = job.day {
      firstDay = min(firstDay ?? day, day)
      lastDay = max(lastDay ?? day, day)
    }
  }

  func figures(_ id: String) -> MaterialFigures.Blade {
    MaterialFigures.Blade(
      id: id, jobs: jobs, failures: failures, hours: seconds.value(in: 3600), cuts: cuts.value(),
      firstDay: firstDay.map { CivilDate(dayNumber: $0).text },
      lastDay: lastDay.map { CivilDate(dayNumber: $0).text })
  }
}

/// Rates by an integer key, fast enough for millions of additions.
///
/// `Dictionary` would spend most of the time on a hash that withstands chosen keys. The keys here
/// are days, or indices given in the order of rows, which nobody can choose.
struct NumberedRates {
  private(set) var entries: [(key: Int, rate: Rate)] = []
  /// Open addressing: the index of an entry plus one, 0 for a free slot.
  private var slots = [UInt32](repeating: 0, count: 16)

  /// Adds an element to the rate of a key, and whether it counts.
  mutating func add(_ counts: Bool, to key: Int) {
    var slot = slot(for: key)
    if slots[slot] == 0 {
      if (entries.count + 1) * 2 > slots.count {
        grow()
        slot = self.slot(for: key)
      }
      entries.append((key, Rate(0, of: 0)))
      slots[slot] = UInt32(entries.count)
    }
    entries[Int(slots[slot]) - 1].rate.add(counts)
  }

  /// Returns the slot of a key, or the free one where it belongs.
  private func slot(for key: Int) -> Int {
    // Fibonacci hashing: the upper bits depend on all bits of the key.
    let hash = UInt(bitPattern: key) &* 0x9E37_79B9_7F4A_7C15
    var slot = Int(hash >> UInt(UInt.bitWidth - slots.count.trailingZeroBitCount))
    while slots[slot] != 0, entries[Int(slots[slot]) - 1].key != key {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    for (index, entry) in entries.enumerated() { slots[slot(for: entry.key)] = UInt32(index + 1) }
  }
}

/// Counts of the jobs of each day.
struct DaySums {
  private var counts = NumberedRates()
  private var (first, last): (Int?, Int?) = (nil, nil)
  private var oldestOpen: Int?
  /// The number of jobs without a day.
  private(set) var without = 0

  mutating func add(_ job: JobFacts) {
    guard let day = job.day else { return without += 1 }
    first = min(first ?? day, day)
    last = max(last ?? day, day)
    switch job.state {
    case .completed, .failed:
      counts.add(job.state == .completed, to: day)
    case .open, .running: oldestOpen = min(oldestOpen ?? day, day)
    case .cancelled, .other: break
    }
  }

  var days: [Grouped<String, Rate>] {
    counts.entries.sorted { $0.key < $1.key }.map {
      Grouped(CivilDate(dayNumber: $0.key).text, $0.rate)
    }
  }

  var months: [Grouped<String, Rate>] {
    days.reduce(into: []) { months, day in
      let month = String(day.key.prefix(7))
      if months.last?.key != month { months.append(Grouped(month, Rate(0, of: 0))) }
      months[months.count - 1].figures.count += day.figures.count
      months[months.count - 1].figures.total += day.figures.total
    }
  }

  func throughput(_ from: Int?, _ to: Int?, finished: Int) -> JobFigures.Throughput {
    var throughput = JobFigures.Throughput(activeDays: counts.entries.count)
    let busiest = counts.entries.max { ($0.rate.total, $1.key) < ($1.rate.total, $0.key) }
    throughput.busiestDay = busiest.map {
      Grouped(CivilDate(dayNumber: $0.key).text, $0.rate.total)
    }
    throughput.oldestOpenDay = oldestOpen.map { CivilDate(dayNumber: $0).text }
    guard let first = from ?? first, let last = to ?? last, first <= last else {
      return throughput
    }
    throughput.from = CivilDate(dayNumber: first).text
    throughput.to = CivilDate(dayNumber: last).text
    throughput.days = last - first + 1
    throughput.finishedPerDay = Double(finished) / Double(last - first + 1)
    return throughput
  }
}

/// The first elements, in some order, of all that are added.
struct LeadingList<Element> {
  private var elements: [Element] = []
  private let limit: Int?
  private let precedes: (Element, Element) -> Bool
  /// The number of elements that were added.
  private(set) var total = 0
  /// An element that no later one may follow; `nil` while there is room.
  private var last: Element?

  /// Creates an empty list.
  ///
  /// - Parameters:
  ///   - limit: The maximum number of elements; `nil` for no limit.
  ///   - precedes: Whether one element comes before another.
  init(limit: Int?, by precedes: @escaping (Element, Element) -> Bool) {
    // Twice a limit must not overflow.
    self.limit = limit.flatMap { $0 < Int.max / 4 ? max(0, $0) : nil }
    self.precedes = precedes
  }

  mutating func add(_ element: Element) {
    total += 1
    if let last, !precedes(element, last) { return }
    append(element)
  }

  /// Adds an element that is costly to create, and is not created if it would come after the last
  /// one: if `isBehind` returns `true` for that.
  mutating func add(_ element: @autoclosure () -> Element, unless isBehind: (Element) -> Bool) {
    if let last, isBehind(last) {
      total += 1
    } else {
      add(element())
    }
  }

  private mutating func append(_ element: Element) {
    elements.append(element)
    guard let limit, elements.count >= 2 * limit + 16 else { return }
    sort(to: limit)
    last = elements.last
  }

  private mutating func sort(to limit: Int) {
    elements.sort(by: precedes)
    elements.removeSubrange(min(limit, elements.count)...)
  }

  /// The first elements, in order.
  var sorted: [Element] {
    var copy = self
    copy.sort(to: limit ?? elements.count)
    return copy.elements
  }
}
