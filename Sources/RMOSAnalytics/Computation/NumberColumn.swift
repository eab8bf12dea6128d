/// Numbers of which exact statistics are wanted, in constant memory, and a count of those missing.
///
/// A million rings are more numbers than are worth keeping. Beyond ``limit`` they go to a temporary
/// file, and the number at a rank is found by counting: four passes over the file, each of which
/// fixes 16 more bits of the number.
final class NumberColumn {
  /// How many numbers are kept in memory.
  private let limit: Int
  private var recent: [Double] = []
  private var spill: SpilledBytes?
  /// The number of numbers in each block of the file.
  private var spilled: [Int] = []
  /// Whether all stay in memory, because there is no place for a file.
  private var keepsAll = false
  private(set) var count = 0
  private(set) var missing = 0
  private var sum = ExactSum()
  private var (smallest, largest) = (Double.infinity, -Double.infinity)

  /// Creates an empty column.
  ///
  /// - Parameter limit: How many numbers are kept in memory.
  init(limit: Int = 1 << 16) { self.limit = limit }

  /// Adds a finite number, or counts one that is missing.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be written.
  func add(_ number: Double?) throws {
    guard let number else { return missing += 1 }
    // One zero: the two are equal, but not bit by bit.
    recent.append(number == 0 ? 0 : number)
    count += 1
    sum.add(number)
    smallest = min(smallest, number)
    largest = max(largest, number)
    guard recent.count >= limit, !keepsAll else { return }
    if spill == nil { spill = SpilledBytes() }
    guard let spill else { return keepsAll = true }
    try spill.append(unsafe recent.withUnsafeBytes { unsafe Array($0) })
    spilled.append(recent.count)
    recent.removeAll(keepingCapacity: true)
  }

  /// What the numbers look like.
  func summary() throws -> NumberSummary {
    var summary = NumberSummary(missing: missing)
    summary.n = count
    guard count > 0 else { return summary }
    let ranks = [
      (count + 3) / 4, (count + 1) / 2, count / 2 + 1, (3 * count + 3) / 4, (9 * count + 9) / 10,
    ]
    let numbers = try self.numbers(at: ranks) { $0 }
    summary.minimum = smallest == 0 ? 0 : smallest
    summary.lowerQuartile = numbers[0]
    summary.median = Self.middle(numbers[1], numbers[2])
    summary.upperQuartile = numbers[3]
    summary.p90 = numbers[4]
    summary.mean = sum.mean(of: count)
    summary.maximum = largest == 0 ? 0 : largest
    return summary
  }

  /// The median of a function of the numbers; `nil` if there are none.
  func median(of function: (Double) -> Double) throws -> Double? {
    guard count > 0 else { return nil }
    let numbers = try self.numbers(at: [(count + 1) / 2, count / 2 + 1], of: function)
    return Self.middle(numbers[0], numbers[1])
  }

  /// Calls `body` with all numbers, block by block.
  func forEachBlock(_ body: ([Double]) throws -> Void) throws {
    try spill?.rewind()
    for count in spilled {
      guard let bytes = try spill?.read(count * MemoryLayout<Double>.stride) else { break }
      try body(Array(copying: bytes[...], count: count))
    }
    if !recent.isEmpty { try body(recent) }
  }

  /// The mean of two numbers.
  static func middle(_ left: Double, _ right: Double) -> Double {
    // The halves first where the sum overflows.
    let sum = left + right
    return sum.isFinite ? sum / 2 : left / 2 + right / 2
  }

  /// The values at ranks, from 1, of a function of the numbers.
  private func numbers(
    at ranks: [Int], of function: (Double) -> Double
  ) throws -> [Double] {
    guard spill != nil else {
      let sorted = recent.map(function).sorted()
      return ranks.map { sorted[$0 - 1] }
    }
    // Ranks that are in the same part of the numbers share their counts.
    var searches = ranks.map { (prefix: UInt64(0), rank: $0) }
    for shift in stride(from: 48, through: 0, by: -16) {
      var counts: [UInt64: [UInt32]] = [:]
      for search in searches {
        counts[search.prefix] = Array(repeating: 0, count: 1 << 16)
      }
      let prefixes = Array(counts.keys)
      var tables = prefixes.compactMap { counts[$0] }
      counts.removeAll()
      try forEachBlock { block in
        for number in block {
          let key = Self.ordered(function(number))
          // A shift by 64 is 0: at first all numbers are in.
          let prefix = key >> (UInt64(shift) + 16)
          for index in prefixes.indices where prefixes[index] == prefix {
            tables[index][Int(truncatingIfNeeded: key >> UInt64(shift)) & 0xFFFF] += 1
          }
        }
      }
      for (index, search) in searches.enumerated() {
        guard let table = prefixes.firstIndex(of: search.prefix) else { continue }
        var rank = search.rank
        for (digit, count) in tables[table].enumerated() {
          if rank <= Int(count) {
            searches[index] = (search.prefix << 16 | UInt64(digit), rank)
            break
          }
          rank -= Int(count)
        }
      }
    }
    return searches.map { Self.number($0.prefix) }
  }

  private static let sign: UInt64 = 1 << 63

  /// Bits in the order of the numbers.
  private static func ordered(_ number: Double) -> UInt64 {
    let bits = number.bitPattern
    return bits & sign == 0 ? bits | sign : ~bits
  }

  private static func number(_ ordered: UInt64) -> Double {
    Double(bitPattern: ordered & sign == 0 ? ~ordered : ordered & ~sign)
  }
}

extension RandomAccessCollection<Double> {
  /// The middle number of ascending ones, or the mean of the middle two; `nil` if there are none.
  var median: Double? {
    guard !isEmpty else { return nil }
    let upper = self[index(startIndex, offsetBy: count / 2)]
    guard count.isMultiple(of: 2) else { return upper }
    return NumberColumn.middle(self[index(startIndex, offsetBy: count / 2 - 1)], upper)
  }
}
