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
  func precedes(_ left: Int, _ right: Int) -> Bool {
    unsafe bytes(left).withUnsafeBufferPointer { left in
      unsafe bytes(right).withUnsafeBufferPointer { unsafe Memory.compare(left, $0) < 0 }
    }
  }

  /// The indices in byte order of their texts.
  var inByteOrder: [Int32] {
    var numbers = indices.map { Int32($0) }
    numbers.sort { precedes(Int($0), Int($1)) }
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
