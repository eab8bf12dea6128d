import RMOSStore
import RMOSSystem

/// A set of texts with consecutive indices in the order of insertion; texts are compared by their
/// bytes.
///
/// Each text takes about 16 bytes beyond its own. The bytes are kept in pages, which are never
/// moved: a single array would need two or three times the memory while it grows.
struct InternedTexts {
  private var pages: [[UInt8]] = []
  /// Where each text begins: the page in the upper bits, the offset in it in the lower ones.
  private var starts: [Int] = []
  /// Open addressing: the index of a text plus one, 0 for a free slot.
  private var slots: [UInt32]

  /// A page has 2^16 bytes, or more if it holds one long text.
  private static let pageBits = 16

  /// Creates an empty table with room for `capacity` texts.
  init(capacity: Int = 0) {
    var size = 16
    while size < capacity + capacity / 2 { size *= 2 }
    slots = Array(repeating: 0, count: size)
    starts.reserveCapacity(capacity)
  }

  var count: Int { starts.count }
  var indices: Range<Int> { 0..<starts.count }

  /// The text at an index.
  subscript(index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  /// Returns the index of a text; `nil` if it was not inserted.
  func index(of text: String) -> Int? {
    var text = text
    return text.withUTF8 { utf8 in
      let slot = unsafe slot(for: utf8)
      return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
    }
  }

  /// Returns the index of a text, and adds the text if it is new.
  mutating func insert(_ text: String) -> Int {
    var text = text
    return text.withUTF8 { utf8 in
      let slot = unsafe slot(for: utf8)
      if slots[slot] != 0 { return Int(slots[slot]) - 1 }
      unsafe append(utf8)
      slots[slot] = UInt32(starts.count)
      if starts.count * 4 > slots.count * 3 { grow() }
      return starts.count - 1
    }
  }

  /// Adds a row with an id, to which ``index(of:)`` leads unless an earlier row has the same.
  ///
  /// - Parameter id: The id; `nil` if it is not text.
  /// - Returns: The number of the row.
  mutating func insertRow(_ id: String?) -> Int {
    let number = starts.count
    if let id, insert(id) == number { return number }
    var text = id ?? ""
    text.withUTF8 { utf8 in unsafe append(utf8) }
    return number
  }

  private mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
    let size = 1 << Self.pageBits
    if pages.last.map({ $0.count + text.count > size || $0.count == size }) ?? true {
      pages.append([])
      // The first page grows with its content: most tables have few texts.
      if pages.count > 1 { pages[pages.count - 1].reserveCapacity(max(size, text.count)) }
    }
    let page = pages.count - 1
    starts.append(page << Self.pageBits | pages[page].count)
    unsafe pages[page].append(contentsOf: text)
  }

  /// Returns whether one text comes before another in byte order.
  func precedes(_ left: Int, _ right: Int) -> Bool { compare(left, right) < 0 }

  private func compare(_ left: Int, _ right: Int) -> Int {
    unsafe bytes(left).withUnsafeBufferPointer { left in
      unsafe bytes(right).withUnsafeBufferPointer { unsafe Memory.compare(left, $0) }
    }
  }

  /// The indices in byte order of their texts, equal ones in the order of insertion.
  var inByteOrder: [Int32] {
    var numbers = indices.map { Int32($0) }
    numbers.sort { left, right in
      let order = compare(Int(left), Int(right))
      return order == 0 ? left < right : order < 0
    }
    return numbers
  }

  private func bytes(_ index: Int) -> ArraySlice<UInt8> {
    let page = starts[index] >> Self.pageBits
    let start = starts[index] & (1 << Self.pageBits - 1)
    let next = index + 1 < starts.count ? starts[index + 1] : nil
    // The next text may be on another page.
    let end = next.flatMap { $0 >> Self.pageBits == page ? $0 & (1 << Self.pageBits - 1) : nil }
    return pages[page][start..<(end ?? pages[page].count)]
  }

  /// Returns a temporary file with all texts, and where each begins and the last one ends; `nil` if
  /// it cannot be written.
  func spilled() -> (SpilledBytes, starts: [UInt32])? {
    guard pages.reduce(0, { $0 + $1.count }) <= UInt32.max, let file = SpilledBytes(),
      pages.allSatisfy(file.append)
    else { return nil }
    var ends: [UInt32] = [0]
    ends.reserveCapacity(count + 1)
    for index in indices { ends.append(ends[index] + UInt32(bytes(index).count)) }
    return (file, ends)
  }

  /// Returns the slot of a text, or the free one where it belongs.
  private func slot(for text: UnsafeBufferPointer<UInt8>) -> Int {
    var slot = unsafe Self.hash(UnsafeRawBufferPointer(text)) & (slots.count - 1)
    while slots[slot] != 0 {
      let isSame = unsafe bytes(Int(slots[slot]) - 1).withUnsafeBytes {
        unsafe $0.count == text.count && Memory.areEqual($0, UnsafeRawBufferPointer(text))
      }
      if isSame { break }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private mutating func grow() {
    let known = slots
    slots = Array(repeating: 0, count: slots.count * 2)
    for number in known where number != 0 {
      let hash = unsafe bytes(Int(number) - 1).withUnsafeBytes { unsafe Self.hash($0) }
      var slot = hash & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = number
    }
  }

  // `Hasher` is seeded for each process, so texts cannot be chosen to collide.
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    unsafe hasher.combine(bytes: bytes)
    return hasher.finalize()
  }
}

/// The texts of a table to which no more are added, sorted, so that they take less memory: many
/// texts are in a temporary file, of which few are needed at a time.
struct SortedTexts {
  /// The indices in byte order of their texts, equal ones in the order of insertion.
  let inByteOrder: [Int32]
  /// Where each text begins in the file, and where the last one ends; empty if the texts are in
  /// memory.
  private let starts: [UInt32]
  private let file: SpilledBytes?
  private let texts: InternedTexts

  /// The number of texts from which they are kept in a file.
  private static let many = 10_000

  init(_ texts: consuming InternedTexts) {
    inByteOrder = texts.inByteOrder
    if texts.count >= Self.many, let (file, starts) = texts.spilled() {
      (self.file, self.starts, self.texts) = (file, starts, InternedTexts())
    } else {
      (file, starts, self.texts) = (nil, [], texts)
    }
  }

  var count: Int { inByteOrder.count }

  /// The text at an index.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be read.
  subscript(index: Int) -> String {
    get throws { String(decoding: try bytes(index), as: UTF8.self) }
  }

  private func bytes(_ index: Int) throws(StoreError) -> [UInt8] {
    guard let file else { return Array(texts[index].utf8) }
    var bytes: [UInt8] = []
    let start = Int(starts[index])
    try file.read(&bytes, count: Int(starts[index + 1]) - start, at: start)
    return bytes
  }

  /// Returns the first index of a text; `nil` if there is none.
  ///
  /// - Throws: `StoreError` if the temporary file cannot be read.
  func index(of text: String) throws(StoreError) -> Int? {
    let sought = Array(text.utf8)
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if try bytes(Int(inByteOrder[middle])).lexicographicallyPrecedes(sought) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < count, try bytes(Int(inByteOrder[low])) == sought else { return nil }
    return Int(inByteOrder[low])
  }
}

/// Groups texts that differ only in case and surrounding white space.
struct SpellingTable {
  private var spellings = InternedTexts()
  /// How often each spelling occurs.
  private var counts: [Int] = []
  /// The group of each spelling.
  private var groups: [Int32] = []
  private var groupsByFoldedText = InternedTexts()

  /// The number of groups.
  var count: Int { groupsByFoldedText.count }

  /// Returns the group of a text, and adds the text if it is new; `nil` if it is blank.
  mutating func insert(_ text: String?) -> Int32? {
    guard let text = text?.trimmed else { return nil }
    let spelling = spellings.insert(text)
    if spelling == counts.count {
      counts.append(0)
      groups.append(Int32(groupsByFoldedText.insert(Self.folded(text))))
    }
    counts[spelling] += 1
    return groups[spelling]
  }

  /// Returns the group of a text; `nil` if there is none.
  func group(of text: String) -> Int32? {
    guard let text = text.trimmed else { return nil }
    return groupsByFoldedText.index(of: Self.folded(text)).map { Int32($0) }
  }

  /// Returns the folded text of a group.
  func key(of group: Int32) -> String { groupsByFoldedText[Int(group)] }

  /// The most common spelling of each group; of equally common ones, the first in byte order.
  var names: InternedTexts {
    var best = [Int?](repeating: nil, count: count)
    for spelling in spellings.indices {
      let group = Int(groups[spelling])
      if let other = best[group],
        counts[other] > counts[spelling]
          || counts[other] == counts[spelling] && spellings.precedes(other, spelling)
      {
        continue
      }
      best[group] = spelling
    }
    var names = InternedTexts(capacity: count)
    for spelling in best.compactMap({ $0 }) { _ = names.insert(spellings[spelling]) }
    return names
  }

  /// Returns a text without differences in case.
  ///
  /// Some letters, such as ß and ς, have several forms in one case only, so the text is converted
  /// to upper case and back.
  static func folded(_ text: String) -> String { text.uppercased().lowercased() }
}
