import RMOSStore
import RMOSSystem

/// Numbers for exact statistics, in constant memory, and the count of missing ones.
///
/// Numbers beyond ``limit`` go to a temporary file. The number at a rank is then found by counting,
/// in four passes over the file, each of which determines 16 more bits of the number.
///
/// Copies share the file, so numbers may be added to one of them only.
struct NumberColumn {
  /// How many numbers are kept in memory.
  private let limit: Int
  private let fileCapacity: Int
  private var recent: [Double] = []
  private var isSorted = false
  private var spill: SpilledBytes?
  /// The number of blocks, of ``limit`` numbers each, in the file.
  private var spilled = 0
  /// Whether all further numbers stay in memory, because they cannot be written to a file.
  private var keepsAll = false
  private(set) var count = 0
  private(set) var missing = 0
  private var sum = ExactSum()
  private var (smallest, largest) = (Double.infinity, -Double.infinity)

  /// Creates an empty column.
  ///
  /// - Parameters:
  ///   - limit: How many numbers are kept in memory.
  ///   - fileCapacity: The maximum size of the file, in bytes.
  init(limit: Int = 1 << 16, fileCapacity: Int = .max) {
    self.limit = limit
    self.fileCapacity = fileCapacity
  }

  /// Adds a finite number, or counts a missing one.
  mutating func add(_ number: Double?) {
    guard let number else { return missing += 1 }
    // Negative zero equals zero, but its bits, by which numbers are counted, do not.
    recent.append(number == 0 ? 0 : number)
    isSorted = false
    count += 1
    sum.add(number)
    smallest = min(smallest, number)
    largest = max(largest, number)
    guard recent.count >= limit, !keepsAll else { return }
    if spill == nil { spill = SpilledBytes(capacity: fileCapacity) }
    guard let spill, spill.append(unsafe recent.withUnsafeBytes { unsafe Array($0) }) else {
      return keepsAll = true
    }
    spilled += 1
    recent.removeAll(keepingCapacity: true)
  }

  /// Computes the summary of the numbers.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be read.
  mutating func summary() throws -> NumberSummary {
    if spilled == 0 { sort() }
    return try Self.summary(of: [self])
  }

  /// Computes the summary of the numbers of all columns together.
  ///
  /// - Throws: `StoreError` if a temporary file cannot be read.
  static func summary(of columns: [NumberColumn]) throws -> NumberSummary {
    var summary = NumberSummary(missing: columns.reduce(0) { $0 + $1.missing })
    let columns = columns.filter { $0.count > 0 }
    let count = columns.reduce(0) { $0 + $1.count }
    summary.n = count
    guard let first = columns.first else { return summary }
    let ranks = [
      (count + 3) / 4, (count + 1) / 2, count / 2 + 1, (3 * count + 3) / 4, (9 * count + 9) / 10,
    ]
    let numbers: [Double]
    if columns.count == 1, first.isSorted {
      numbers = ranks.map { first.recent[$0 - 1] }
    } else if columns.allSatisfy({ $0.spilled == 0 }), count <= first.limit {
      let sorted = columns.flatMap(\.recent).sorted()
      numbers = ranks.map { sorted[$0 - 1] }
    } else {
      numbers = try Self.numbers(at: ranks, in: columns) { $0 }
    }
    let smallest = columns.reduce(first.smallest) { min($0, $1.smallest) }
    let largest = columns.reduce(first.largest) { max($0, $1.largest) }
    summary.minimum = smallest == 0 ? 0 : smallest
    summary.lowerQuartile = numbers[0]
    summary.median = Self.middle(numbers[1], numbers[2])
    summary.upperQuartile = numbers[3]
    summary.p90 = numbers[4]
    summary.mean = columns.reduce(into: ExactSum()) { $0.add($1.sum) }.mean(of: count)
    summary.maximum = largest == 0 ? 0 : largest
    return summary
  }

  /// Computes the median of the distances of the numbers from `center`; `nil` if there are no
  /// numbers.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be read.
  mutating func medianDistance(from center: Double) throws -> Double? {
    guard count > 0 else { return nil }
    let ranks = [(count + 1) / 2, count / 2 + 1]
    guard spilled == 0 else {
      let numbers = try Self.numbers(at: ranks, in: [self]) { abs($0 - center) }
      return Self.middle(numbers[0], numbers[1])
    }
    sort()
    // From the center outward, the distances ascend on both sides.
    var upper = recent.partitioningIndex { $0 >= center }
    var lower = upper - 1
    var (previous, distance) = (0.0, 0.0)
    for _ in 0..<ranks[1] {
      previous = distance
      let below = lower >= 0 ? abs(recent[lower] - center) : .infinity
      let above = upper < recent.count ? abs(recent[upper] - center) : .infinity
      if lower >= 0, below <= above || upper == recent.count {
        distance = below
        lower -= 1
      } else {
        distance = above
        upper += 1
      }
    }
    return Self.middle(ranks[0] == ranks[1] ? distance : previous, distance)
  }

  private mutating func sort() {
    guard !isSorted else { return }
    recent.sort()
    isSorted = true
  }

  /// Calls `body` with all numbers, block by block.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be read; what `body` throws.
  func forEachBlock(_ body: ([Double]) throws -> Void) throws {
    if let spill {
      var block: [Double] = []
      for index in 0..<spilled {
        let offset = index * limit * MemoryLayout<Double>.stride
        try spill.read(&block, count: limit, at: offset)
        try body(block)
      }
    }
    if !recent.isEmpty { try body(recent) }
  }

  /// Returns the mean of two numbers.
  static func middle(_ left: Double, _ right: Double) -> Double {
    // Where the sum overflows, the sum of the halves does not.
    let sum = left + right
    return sum.isFinite ? sum / 2 : left / 2 + right / 2
  }

  /// Finds the values at ranks, from 1, of a function of all numbers of columns, by counting.
  private static func numbers(
    at ranks: [Int], in columns: [NumberColumn], of function: (Double) -> Double
  ) throws -> [Double] {
    // Each search knows the upper bits of its number, and the rank among the numbers with these
    // bits; searches with the same bits share their counts.
    var searches = ranks.map { (prefix: UInt64(0), rank: $0) }
    for shift in stride(from: 48, through: 0, by: -16) {
      var counts: [UInt64: [UInt32]] = [:]
      for search in searches {
        counts[search.prefix] = Array(repeating: 0, count: 1 << 16)
      }
      let prefixes = Array(counts.keys)
      var tables = prefixes.compactMap { counts[$0] }
      counts.removeAll()
      for column in columns {
        try column.forEachBlock { block in
          for number in block {
            let key = ordered(function(number))
            // At first, the shift by 64 bits gives 0 for every number.
            let prefix = key >> (UInt64(shift) + 16)
            for index in prefixes.indices where prefixes[index] == prefix {
              tables[index][Int(truncatingIfNeeded: key >> UInt64(shift)) & 0xFFFF] += 1
            }
          }
        }
      }
      for (index, search) in searches.enumerated() {
        guard let table = prefixes.firstIndex(of: search.prefix) else { continue }
        let counts = tables[table]
        var (digit, rank) = (0, search.rank)
        while digit < counts.count - 1, rank > Int(counts[digit]) {
          rank -= Int(counts[digit])
          digit += 1
        }
        searches[index] = (search.prefix << 16 | UInt64(digit), rank)
      }
    }
    return searches.map { number($0.prefix) }
  }

  private static let sign: UInt64 = 1 << 63

  /// Returns an integer for a number; integers are in the order of the numbers.
  private static func ordered(_ number: Double) -> UInt64 {
    let bits = number.bitPattern
    return bits & sign == 0 ? bits | sign : ~bits
  }

  /// Returns the number for an integer of `ordered(_:)`.
  private static func number(_ ordered: UInt64) -> Double {
    Double(bitPattern: ordered & sign == 0 ? ~ordered : ordered & ~sign)
  }
}

extension RandomAccessCollection<Double> {
  /// The middle number, or the mean of the middle two; `nil` if there are none.
  ///
  /// The numbers must be ascending.
  var median: Double? {
    guard !isEmpty else { return nil }
    let upper = self[index(startIndex, offsetBy: count / 2)]
    guard count.isMultiple(of: 2) else { return upper }
    return NumberColumn.middle(self[index(startIndex, offsetBy: count / 2 - 1)], upper)
  }
}

/// Bytes in a temporary file, which is removed when the object is released.
final class SpilledBytes {
  private let file: TemporaryFile
  private let capacity: Int
  private var count = 0

  /// Creates an empty file; `nil` if no temporary file can be created.
  ///
  /// - Parameter capacity: The maximum size of the file, in bytes.
  init?(capacity: Int = .max) {
    guard let file = try? TemporaryFile() else { return nil }
    self.file = file
    self.capacity = capacity
  }

  /// Appends bytes.
  ///
  /// - Returns: Whether they were written; they are not if the disk is full. Nothing must be
  ///   appended after a failure, but all earlier bytes can still be read.
  func append(_ bytes: [UInt8]) -> Bool {
    guard bytes.count <= capacity - count else { return false }
    do {
      try file.append(bytes)
    } catch {
      return false
    }
    count += bytes.count
    return true
  }

  /// Replaces `elements` with the `count` elements that begin at an offset.
  ///
  /// - Throws: `StoreError` if the file cannot be read, or ends too early.
  func read<Element: BitwiseCopyable>(
    _ elements: inout [Element], count: Int, at offset: Int
  ) throws(StoreError) {
    var failure: StoreError?
    func fill(_ buffer: UnsafeMutableRawBufferPointer) {
      do throws(StoreError) {
        try unsafe read(into: buffer, at: offset)
      } catch {
        failure = error
      }
    }
    if elements.count == count {
      unsafe elements.withUnsafeMutableBytes { unsafe fill($0) }
    } else {
      elements = unsafe Array(unsafeUninitializedCapacity: count) { buffer, initialized in
        let buffer = unsafe UnsafeMutableBufferPointer(rebasing: buffer[..<count])
        unsafe fill(UnsafeMutableRawBufferPointer(buffer))
        initialized = failure == nil ? count : 0
      }
    }
    if let failure { throw failure }
  }

  private func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(StoreError) {
    let bytes = unsafe buffer.bindMemory(to: UInt8.self)
    guard let base = bytes.baseAddress else { return }
    let read: Int
    do throws(SystemError) {
      read = try unsafe file.read(into: base, count: bytes.count, at: offset)
    } catch {
      throw StoreError(.inputOutput, "a temporary file of figures cannot be read: \(error.reason)")
    }
    guard read == bytes.count else {
      throw StoreError(.inputOutput, "a temporary file of figures lost its end")
    }
  }
}
