import RMOSSystem

/// Numbers texts in the order in which they are first seen; texts are compared by their bytes.
///
/// It takes about 16 bytes beyond those of each text.
struct InternedTexts {
  private var bytes: [UInt8] = []
  /// Where each text ends.
  private var ends: [Int] = []
  /// Open addressing: the number of a text plus one, 0 for a free slot.
  private var slots: [UInt32]

  /// Creates an empty table with room for `capacity` texts.
  init(capacity: Int = 0) {
    var size = 16
    while size < capacity + capacity / 2 { size *= 2 }
    slots = Array(repeating: 0, count: size)
    ends.reserveCapacity(capacity)
  }

  var count: Int { ends.count }
  var indices: Range<Int> { 0..<ends.count }

  /// The text with a number.
  subscript(index: Int) -> String {
    String(decoding: bytes[range(index)], as: UTF8.self)
  }

  /// The number of a text; `nil` if it was not seen.
  func index(of text: String) -> Int? {
    var text = text
    return text.withUTF8 { utf8 in
      let slot = unsafe slot(for: utf8)
      return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
    }
  }

  /// The number of a text, which is added if it was not seen.
  mutating func insert(_ text: String) -> Int {
    var text = text
    return text.withUTF8 { utf8 in
      let slot = unsafe slot(for: utf8)
      if slots[slot] != 0 { return Int(slots[slot]) - 1 }
      unsafe bytes.append(contentsOf: utf8)
      ends.append(bytes.count)
      slots[slot] = UInt32(ends.count)
      if ends.count * 4 > slots.count * 3 { grow() }
      return ends.count - 1
    }
  }

  /// Whether one text comes before another in byte order.
  func precedes(_ left: Int, _ right: Int) -> Bool {
    bytes[range(left)].lexicographicallyPrecedes(bytes[range(right)])
  }

  /// The numbers in byte order of their texts.
  var sorted: [Int] { indices.sorted(by: precedes) }

  private func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  /// The slot of a text, or the free one where it belongs.
  private func slot(for text: UnsafeBufferPointer<UInt8>) -> Int {
    var slot = unsafe Self.hash(UnsafeRawBufferPointer(text)) & (slots.count - 1)
    while slots[slot] != 0 {
      let range = range(Int(slots[slot]) - 1)
      let isSame =
        unsafe range.count == text.count
        && bytes.withUnsafeBytes {
          unsafe Memory.areEqual(
            UnsafeRawBufferPointer(rebasing: $0[range]), UnsafeRawBufferPointer(text))
        }
      if isSame { break }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private mutating func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    for index in ends.indices {
      let hash = unsafe bytes.withUnsafeBytes {
        unsafe Self.hash(UnsafeRawBufferPointer(rebasing: $0[range(index)]))
      }
      var slot = hash & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(index + 1)
    }
  }

  /// Seeded for each process, so that no one can choose texts that collide.
  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    unsafe hasher.combine(bytes: bytes)
    return hasher.finalize()
  }
}

/// Groups texts that differ only in case and white space around them.
struct SpellingTable {
  private var spellings = InternedTexts()
  /// How often each spelling occurs.
  private var counts: [Int] = []
  /// The group of each spelling.
  private var groups: [Int32] = []
  private var groupsByFoldedText = InternedTexts()

  /// The number of groups.
  var count: Int { groupsByFoldedText.count }
  var indices: Range<Int> { groupsByFoldedText.indices }

  /// The group of a text; `nil` for a blank one.
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

  /// The group of a text; `nil` if there is none.
  func group(of text: String) -> Int32? {
    guard let text = text.trimmed else { return nil }
    return groupsByFoldedText.index(of: Self.folded(text)).map { Int32($0) }
  }

  /// The text by which a group is compared.
  func key(of group: Int32) -> String { groupsByFoldedText[Int(group)] }

  /// The commonest spelling of each group; of equally common ones, the first in byte order.
  var names: [String] {
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
    return best.map { $0.map { spellings[$0] } ?? "" }
  }

  /// Both ways, because some letters have several forms in one case only, such as ß and ς.
  static func folded(_ text: String) -> String { text.uppercased().lowercased() }
}
