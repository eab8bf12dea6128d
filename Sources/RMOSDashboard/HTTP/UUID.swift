/// A UUID of version 4: 122 random bits (RFC 9562, 5.4).
struct UUID: Sendable, Hashable {
  private let bits: (high: UInt64, low: UInt64)

  /// Draws one.
  init() {
    var generator = SystemRandomNumberGenerator()
    self.init(random: generator.next(), generator.next())
  }

  /// Makes one of random bits, with the version and the variant in their places.
  init(random high: UInt64, _ low: UInt64) {
    bits = (high & ~0xF000 | 0x4000, low & ~(3 << 62) | 2 << 62)
  }

  static func == (left: UUID, right: UUID) -> Bool { left.bits == right.bits }

  func hash(into hasher: inout Hasher) {
    hasher.combine(bits.high)
    hasher.combine(bits.low)
  }

  /// The text, in lower case: `f81d4fae-7dec-41d0-a765-00a0c91e6bf6`.
  var text: String {
    let digits = [bits.high, bits.low].map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append("-") }
      text.append(digit)
    }
    return text
  }
}
