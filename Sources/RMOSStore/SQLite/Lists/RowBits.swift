/// A set of the rows of a table, by their positions in it.
struct RowBits: Sendable, Equatable {
  /// The number of rows that there are.
  let rowCount: Int
  private var words: [UInt64]

  /// Creates a set of all rows, or of none.
  init(rowCount: Int, containsAll: Bool = false) {
    self.rowCount = rowCount
    words = [UInt64](repeating: containsAll ? .max : 0, count: (rowCount + 63) / 64)
    let rest = rowCount & 63
    if containsAll, rest > 0 { words[words.count - 1] = 1 << UInt64(rest) - 1 }
  }

  /// The number of rows in the set.
  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  func contains(_ row: Int) -> Bool { words[row >> 6] & (1 << UInt64(row & 63)) != 0 }

  mutating func insert(_ row: Int) { words[row >> 6] |= 1 << UInt64(row & 63) }

  mutating func formIntersection(_ other: RowBits) {
    for index in words.indices { words[index] &= other.words[index] }
  }

  mutating func formUnion(_ other: RowBits) {
    for index in words.indices { words[index] |= other.words[index] }
  }

  /// Calls `body` with each row of the set, in their order.
  @inline(__always)
  func forEach(_ body: (Int) throws -> Void) rethrows {
    for index in words.indices {
      var word = words[index]
      while word != 0 {
        try body(index << 6 | word.trailingZeroBitCount)
        word &= word - 1
      }
    }
  }

  /// The rows of the set from the one at `range.lowerBound` on, counted within the set.
  func rows(_ range: Range<Int>) -> [Int] {
    var rows: [Int] = []
    var passed = 0
    for index in words.indices where passed < range.upperBound {
      var word = words[index]
      let count = word.nonzeroBitCount
      defer { passed += count }
      guard passed + count > range.lowerBound else { continue }
      var place = passed
      while word != 0, place < range.upperBound {
        if place >= range.lowerBound { rows.append(index << 6 | word.trailingZeroBitCount) }
        word &= word - 1
        place += 1
      }
    }
    return rows
  }
}
