import RMOSModels
import RMOSStore

/// The parts of patterns that figures need.
///
/// A pattern is identified by its index; patterns that only jobs name have indices too, after those
/// of the store.
final class PatternTable {
  private var ids: InternedTexts
  /// The ids, including those that only jobs name, once no more are inserted.
  private(set) var sortedIDs = SortedTexts(InternedTexts())
  /// The number of patterns in the store.
  private(set) var count = 0
  /// The strip family of each pattern; -1 if there is none.
  private var familyOf: [Int32] = []
  /// The number of rings of each pattern.
  private var ringCounts: RepeatedNumbers<Int64>
  /// The number of cells of each pattern.
  private var cells: RepeatedNumbers<Double>
  /// The `estimated_time_min` of each pattern.
  private var estimates: RepeatedNumbers<Double>
  /// The number of patterns that name a strip family that does not exist.
  private(set) var withMissingStripFamily = 0
  private var histogram: [Int: Int] = [:]
  private var withoutRings = 0
  /// The measures of rings.
  private(set) var geometry: PatternFigures.Geometry
  /// The complexity figures that were computed last, for reports with other filters: they do not
  /// depend on jobs.
  private var complexity: (limit: Int?, figures: (PatternFigures.ComplexityFigures, omitted: Int))?
  /// The number of patterns that name each strip family.
  private(set) var patternsByFamily: [Int32]

  /// Reads all patterns.
  init(reading rows: RowReader, _ families: FamilyTable) throws {
    let expected = try rows.count(.patterns)
    ids = InternedTexts(capacity: expected)
    ringCounts = RepeatedNumbers(capacity: expected)
    cells = RepeatedNumbers(capacity: expected)
    estimates = RepeatedNumbers(capacity: expected)
    let none = NumberSummary(missing: 0)
    geometry = PatternFigures.Geometry(
      radiusMM: none, widthMM: none, pitchMM: none, segments: none, ringsPerMM: none)
    patternsByFamily = Array(repeating: 0, count: families.count)
    familyOf.reserveCapacity(expected)
    let json = JSONMemberReader()
    var (radii, widths, pitches) = (NumberColumn(), NumberColumn(), NumberColumn())
    var (segments, densities) = (NumberColumn(), NumberColumn())
    var geometry = PatternGeometry()
    let members = [
      "id", "ring_count", "geometry", "strip_family_id", "metadata", "rosette_geometry",
    ]
    try rows.forEach(.patterns, members) { values in
      count = ids.insertRow(values[0].text) + 1
      addRingCount(values[1])
      geometry.read(values[2], values[5], json)
      cells.append(geometry.cells)
      for ring in geometry.rings {
        radii.add(ring.radius)
        widths.add(ring.width)
        pitches.add(ring.pitch)
        segments.add(ring.segments)
      }
      if !geometry.rings.isEmpty { densities.add(density(of: geometry)) }
      addFamily(values[3], families)
      let estimate = json.member("estimated_time_min", of: values[4]) {
        (value) throws(JSONScanError) in try value.measure()
      }
      estimates.append(estimate)
    }
    self.geometry = PatternFigures.Geometry(
      radiusMM: try radii.summary(), widthMM: try widths.summary(),
      pitchMM: try pitches.summary(), segments: try segments.summary(),
      ringsPerMM: try densities.summary())
  }

  private func addRingCount(_ value: Value) {
    if let rings = value.wholeNumber(from: 1).flatMap({ Int(exactly: $0) }) {
      ringCounts.append(Int64(rings))
      histogram[rings, default: 0] += 1
    } else {
      ringCounts.append(nil)
      withoutRings += 1
    }
  }

  /// Returns the rings per millimeter of the radius of the pattern that was added last; `nil` if
  /// they are not known.
  private func density(of geometry: PatternGeometry) -> Double? {
    let radius = geometry.rings.compactMap(\.radius).max() ?? 0
    let density = ringCount(of: count - 1).map { Double($0) / radius } ?? .infinity
    return density.isFinite ? density : nil
  }

  private func addFamily(_ id: Value, _ families: FamilyTable) {
    let family = families.index(of: id)
    familyOf.append(family.map { Int32($0) } ?? -1)
    if let family {
      patternsByFamily[family] += 1
    } else if id != .null {
      withMissingStripFamily += 1
    }
  }

  var indices: Range<Int> { 0..<count }

  /// Returns whether a pattern is in the store, not just named by jobs.
  func isPresent(_ index: Int) -> Bool { index < count }

  /// Returns the index of a pattern that a job names, and adds the pattern if it is new.
  func insert(_ id: String) -> Int { ids.insert(id) }

  /// Ends the insertion of patterns, so that the table takes less memory.
  func endInsertion() {
    sortedIDs = SortedTexts(ids)
    ids = InternedTexts()
  }

  /// Returns the strip family of a pattern; `nil` if there is none.
  func family(of index: Int) -> Int? {
    isPresent(index) && familyOf[index] >= 0 ? Int(familyOf[index]) : nil
  }

  /// Returns the estimated time of a pattern, in minutes; `nil` if there is none.
  func estimate(of index: Int) -> Double? {
    isPresent(index) ? estimates[index] : nil
  }

  private func ringCount(of index: Int) -> Int? {
    ringCounts[index].map { Int($0) }
  }

  private func cells(of index: Int) -> Double? { cells[index] }

  private func score(of index: Int) -> Double? {
    guard let rings = ringCount(of: index), let cells = cells(of: index) else { return nil }
    return 10 * Double(rings) + cells / 20
  }

  /// Returns a measure of a pattern or of its strip family; `nil` if it is not known.
  func measure(_ measure: Measure, _ index: Int, _ families: FamilyTable) -> Double? {
    guard isPresent(index) else { return nil }
    switch measure {
    case .patternRingCount: return ringCount(of: index).map { Double($0) }
    case .patternCells: return cells(of: index)
    case .patternComplexityScore: return score(of: index)
    default: return family(of: index).flatMap { families.measure(measure, $0) }
    }
  }

  // MARK: Figures

  private(set) lazy var rings = ringFigures

  private var ringFigures: PatternFigures.Rings {
    let bars = histogram.sorted { $0.key < $1.key }
    var summary = NumberSummary(missing: withoutRings)
    summary.n = bars.reduce(0) { $0 + $1.value }
    var sum = ExactSum()
    for (rings, patterns) in bars {
      // One by one: a product would be rounded for huge numbers.
      for _ in 0..<patterns { sum.add(Double(rings)) }
    }
    /// Returns the number of rings at a rank, from 1.
    func number(at rank: Int) -> Double? {
      var seen = 0
      for (rings, patterns) in bars {
        seen += patterns
        if seen >= rank { return Double(rings) }
      }
      return nil
    }
    let n = summary.n
    if n > 0, let lower = number(at: (n + 1) / 2), let upper = number(at: n / 2 + 1) {
      summary.minimum = number(at: 1)
      summary.lowerQuartile = number(at: (n + 3) / 4)
      summary.median = (lower + upper) / 2
      summary.upperQuartile = number(at: (3 * n + 3) / 4)
      summary.p90 = number(at: (9 * n + 9) / 10)
      summary.mean = sum.mean(of: n)
      summary.maximum = number(at: n)
    }
    let most = bars.map(\.value).max()
    return PatternFigures.Rings(
      summary: summary, histogram: bars.map { Grouped($0.key, $0.value) },
      modes: bars.filter { $0.value == most }.map(\.key))
  }

  /// Returns the complexity of all patterns, and the number of patterns left out of the list.
  ///
  /// - Throws: `StoreError` if a temporary file cannot be read.
  func complexity(limit: Int?) throws -> (PatternFigures.ComplexityFigures, omitted: Int) {
    if let complexity, complexity.limit == limit { return complexity.figures }
    let figures = try complexityFigures(limit)
    complexity = (limit, figures)
    return figures
  }

  private func complexityFigures(
    _ limit: Int?
  ) throws -> (PatternFigures.ComplexityFigures, omitted: Int) {
    var classes: [ComplexityClass: Int] = [:]
    var (sum, scored, withoutCells) = (ExactSum(), 0, 0)
    let empty = LeadingList<(place: Int, index: Int, score: Double)>(limit: limit) { left, right in
      left.score == right.score ? left.place < right.place : left.score > right.score
    }
    // A list for each class: one list would have only patterns of the highest classes.
    var lists: [ComplexityClass?: LeadingList<(place: Int, index: Int, score: Double)>] = [:]
    for (place, number) in sortedIDs.inByteOrder.enumerated() where isPresent(Int(number)) {
      let index = Int(number)
      if cells(of: index) == nil { withoutCells += 1 }
      if let score = score(of: index) {
        let level = ComplexityClass(score: score)
        classes[level, default: 0] += 1
        sum.add(score)
        scored += 1
        lists[level, default: empty].add((place, index, score))
      } else {
        lists[nil, default: empty].add((place, index, -1))
      }
    }
    let entries = try lists.mapValues { list in
      try list.sorted.map {
        PatternFigures.ComplexityFigures.Entry(
          id: try sortedIDs[$0.index], ringCount: ringCount(of: $0.index),
          cells: cells(of: $0.index), score: score(of: $0.index))
      }
    }
    // Each class has higher scores than the one before it.
    let order: [ComplexityClass?] = [.expert, .complex, .medium, .simple, nil]
    let all = order.flatMap { entries[$0, default: []] }
    let patterns = Array(all.prefix(max(0, limit ?? all.count)))
    return (
      PatternFigures.ComplexityFigures(
        classes: classes, meanScore: sum.mean(of: scored), withoutCells: withoutCells,
        patterns: patterns,
        patternsByClass: Dictionary(
          uniqueKeysWithValues: entries.compactMap { level, entries in
            level.map { ($0, entries) }
          })), count - patterns.count
    )
  }
}
