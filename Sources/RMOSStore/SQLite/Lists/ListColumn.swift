import RMOSModels
import RMOSSystem

/// A number for each row, its code, in as few bytes as suffice.
enum RowCodes: Sendable {
  /// The code of each row is its position.
  case positions(Int)
  case bytes([UInt8])
  case shorts([UInt16])
  case words([UInt32])

  /// Creates codes in the narrowest form; the greatest of them is `largest`.
  init(_ codes: [UInt32], largest: Int) {
    if codes.indices.allSatisfy({ Int(codes[$0]) == $0 }) {
      self = .positions(codes.count)
    } else if largest <= UInt8.max {
      self = .bytes(codes.map { UInt8($0) })
    } else if largest <= UInt16.max {
      self = .shorts(codes.map { UInt16($0) })
    } else {
      self = .words(codes)
    }
  }

  /// The memory that the codes take, in bytes.
  var size: Int {
    switch self {
    case .positions: 0
    case .bytes(let codes): codes.count
    case .shorts(let codes): codes.count * 2
    case .words(let codes): codes.count * 4
    }
  }

  /// Calls `body` with each row of a set and its code, in the order of the rows.
  func forEach(of rows: RowBits, _ body: (_ row: Int, _ code: Int) -> Void) {
    switch self {
    case .positions: rows.forEach { body($0, $0) }
    case .bytes(let codes): rows.forEach { body($0, Int(codes[$0])) }
    case .shorts(let codes): rows.forEach { body($0, Int(codes[$0])) }
    case .words(let codes): rows.forEach { body($0, Int(codes[$0])) }
    }
  }

  /// Calls `body` with each row of a sequence and its code.
  func forEach(of rows: some Sequence<Int>, _ body: (_ row: Int, _ code: Int) -> Void) {
    switch self {
    case .positions: for row in rows { body(row, row) }
    case .bytes(let codes): for row in rows { body(row, Int(codes[row])) }
    case .shorts(let codes): for row in rows { body(row, Int(codes[row])) }
    case .words(let codes): for row in rows { body(row, Int(codes[row])) }
    }
  }

  /// The set of rows whose code is marked.
  func rows(rowCount: Int, where isMarked: [Bool]) -> RowBits {
    var rows = RowBits(rowCount: rowCount)
    switch self {
    case .positions: for row in 0..<rowCount where isMarked[row] { rows.insert(row) }
    case .bytes(let codes):
      for row in 0..<rowCount where isMarked[Int(codes[row])] { rows.insert(row) }
    case .shorts(let codes):
      for row in 0..<rowCount where isMarked[Int(codes[row])] { rows.insert(row) }
    case .words(let codes):
      for row in 0..<rowCount where isMarked[Int(codes[row])] { rows.insert(row) }
    }
    return rows
  }
}

/// The values of a member in all rows, each represented by its rank among the different values.
struct ListColumn: Sendable {
  /// A value with the number of a row that has it, so that SQLite can compare the value.
  struct Sample: Sendable {
    var value: Value
    var number: Int64
  }

  /// The ranks of the values, from 0; rows without a value have the code ``valueCount``.
  let codes: RowCodes
  /// The number of different values.
  let valueCount: Int
  /// A sample of each value, in order; `nil` if there are more than ``fewValues``.
  let samples: [Sample]?
  /// A sample of the rows without a value; `nil` if there are none.
  let missing: Sample?
  /// The texts among the values; `nil` if the member is not searched.
  let texts: FoldedTexts?

  /// The number of different values up to which they are few.
  static let fewValues = 256

  /// The memory that the column takes, in bytes.
  var size: Int { codes.size + (texts?.size ?? 0) }

  /// A sample for each code that occurs; `nil` if there are many values.
  var representatives: [(code: Int, sample: Sample)]? {
    samples.map { samples in
      samples.enumerated().map { (code: $0, sample: $1) }
        + (missing.map { [(code: valueCount, sample: $0)] } ?? [])
    }
  }

  /// Counts the rows of a set by their values; `nil` if there are many values.
  func counts(of rows: RowBits) -> [RecordGroup]? {
    guard let representatives else { return nil }
    var counts = [Int](repeating: 0, count: valueCount + 1)
    codes.forEach(of: rows) { counts[$1] += 1 }
    let inOrder =
      representatives.suffix(from: representatives.count - (missing == nil ? 0 : 1))
      + representatives.prefix(valueCount)
    return inOrder.compactMap { code, sample in
      counts[code] == 0
        ? nil : RecordGroup(keys: [sample.value], count: counts[code], numbers: [])
    }
  }

  /// The rows at positions `range` of a set that is ordered by the values: rows without a value
  /// come last, and equal ones are in the order of `sequence`, or by position if that is `nil`.
  ///
  /// It is a counting sort that keeps only the rows at these positions.
  func rows(
    _ range: Range<Int>, of rows: RowBits, descending: Bool, in sequence: [UInt32]?
  ) -> [Int] {
    var next = [Int32](repeating: 0, count: valueCount + 2)
    let last = valueCount - 1
    codes.forEach(of: rows) { _, code in
      next[(descending && code <= last ? last - code : code) + 1] += 1
    }
    for index in next.indices.dropFirst() { next[index] += next[index - 1] }
    var found = [Int](repeating: 0, count: range.count)
    func place(_ row: Int, _ code: Int) {
      let key = descending && code <= last ? last - code : code
      let place = Int(next[key])
      next[key] += 1
      if range.contains(place) { found[place - range.lowerBound] = row }
    }
    if let sequence {
      codes.forEach(
        of: sequence.lazy.filter { $0 != .max && rows.contains(Int($0)) }.map { Int($0) }, place)
    } else {
      codes.forEach(of: rows, place)
    }
    return found
  }
}

/// The texts among the values of a column, with ASCII letters in lower case, in one array.
struct FoldedTexts: Sendable {
  /// The byte after each text, which UTF-8 does not contain, so that no text is found across two.
  private static let separator: UInt8 = 0xFF

  private var bytes: [UInt8] = []
  /// The ends of the texts, separators included.
  private var ends: [UInt32] = []
  /// The code of the first text; the codes of the others follow it.
  private var firstCode = 0

  /// The memory that the texts take, in bytes.
  var size: Int { bytes.count + ends.count * 4 }

  /// Adds a text; its code must be one more than that of the previous text.
  mutating func append(_ text: UnsafeBufferPointer<UInt8>, code: Int) {
    if ends.isEmpty { firstCode = code }
    unsafe bytes.appendFolded(text)
    bytes.append(Self.separator)
    ends.append(UInt32(truncatingIfNeeded: bytes.count))
  }

  /// Frees the capacity that was reserved for more texts.
  mutating func shrink() {
    bytes = Array(bytes[...])
    ends = Array(ends[...])
  }

  /// Marks the codes of the texts that contain the text sought, which is in lower case.
  func mark(_ search: ByteSearch, in marks: inout [Bool]) {
    guard !search.sought.isEmpty else {
      for index in ends.indices { marks[firstCode + index] = true }
      return
    }
    unsafe bytes.withUnsafeBytes { bytes in
      var index = 0
      var start = 0
      while let hit = unsafe search.position(in: bytes, from: start) {
        while Int(ends[index]) <= hit { index += 1 }
        marks[firstCode + index] = true
        start = Int(ends[index])
      }
    }
  }
}

extension [UInt8] {
  /// Appends a text with ASCII letters in lower case.
  mutating func appendFolded(_ text: UnsafeBufferPointer<UInt8>) {
    for index in text.indices { unsafe append(text[index].lowercasedASCII) }
  }
}

/// The texts that each row has under some names of the JSON object in a member.
struct ListJSONColumn: Sendable {
  /// The key that selects the texts.
  let key: RecordGroup.Key
  /// The position, in ``sets``, of the set of texts of each row.
  let codes: RowCodes
  /// The different sets of texts.
  let sets: [[String]]

  /// The rows that have a text.
  func rows(rowCount: Int, with text: String) -> RowBits {
    codes.rows(
      rowCount: rowCount,
      where: sets.map { $0.contains { $0.utf8.elementsEqual(text.utf8) } })
  }

  /// Counts the rows of a set by their texts.
  func counts(of rows: RowBits) -> [RecordGroup] {
    var counts = [Int](repeating: 0, count: sets.count)
    codes.forEach(of: rows) { counts[$1] += 1 }
    var counter = RecordCounter(.member(key.member))
    for (texts, count) in zip(sets, counts) where count > 0 {
      for value in texts.isEmpty ? [.null] : texts.map({ Value.text($0) }) {
        counter.add(value, count: count)
      }
    }
    return counter.groups
  }
}

/// A set of the rows of a table, by their positions in it.
struct RowBits: Sendable, Equatable {
  private var words: [UInt64]

  /// Creates a set of all rows, or of none.
  init(rowCount: Int, containsAll: Bool = false) {
    words = [UInt64](repeating: containsAll ? .max : 0, count: (rowCount + 63) / 64)
    let rest = rowCount & 63
    if containsAll, rest > 0 { words[words.count - 1] = 1 << UInt64(rest) - 1 }
  }

  /// The number of positions for which there is a bit.
  var capacity: Int { words.count * 64 }

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

  /// The rows at positions `range` within the set.
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
